//! Tusk's order over a certified graph: a coin names the leader of every other
//! round once the round two later is there, and f + 1 blocks of the round between
//! must refer to it. A leader that lacks them is final with the next one that has
//! them and reaches it, or never.

use std::collections::VecDeque;

use super::dag::{Loom, Round, WARM_UP, Weave};
use super::{Draws, Law, nth, quorum};

/// Rounds that are looked at for the fate of the leader of the first: as many
/// leaders in a row lack what they need once in millions of times.
const SIGHT: usize = 15;

/// A round and who leads it, where it has a leader.
struct Led {
    round: Round,
    leader: usize,
}

/// The mean time from a leader's block to the moment at which a quorum has it as
/// final, over so many rounds with one; leaders that never are count for nothing.
pub(super) fn mean(n: usize, leaders: u32, law: &Law, draws: &mut Draws) -> f64 {
    let mut loom = Loom::new(n, Weave::Coin);
    let mut seen: VecDeque<Led> = VecDeque::new();
    let (mut total, mut counted) = (0.0, 0_u32);
    for number in 0..WARM_UP + 2 * leaders as usize + SIGHT {
        let round = loom.next(number, seen.back().map(|led| &led.round), law, draws);
        let leader = (draws.unit() * n as f64) as usize;
        seen.push_back(Led { round, leader });
        let Some(first) = (number + 1).checked_sub(SIGHT) else {
            continue;
        };
        if first >= WARM_UP && first.is_multiple_of(2) {
            let decided = nth(first_final(n, &seen), quorum(n));
            if decided.is_finite() {
                total += decided - seen[0].round.made[seen[0].leader];
                counted += 1;
            }
        }
        seen.pop_front();
    }
    total / f64::from(counted)
}

/// When each member has the leader of the first round as final: with the earliest
/// leader that has what it needs and takes the first along.
fn first_final(n: usize, seen: &VecDeque<Led>) -> Vec<f64> {
    let mut decided = vec![f64::INFINITY; n];
    for later in (0..seen.len() - 2).step_by(2) {
        if !takes_first_along(seen, later) {
            continue;
        }
        for (at, decided) in decided.iter_mut().enumerate() {
            *decided = decided.min(by_itself(n, seen, later, at));
        }
    }
    decided
}

/// When a member has the leader of a round as final for its own votes.
fn by_itself(n: usize, seen: &VecDeque<Led>, led: usize, at: usize) -> f64 {
    let voting = &seen[led + 1].round;
    let votes = voting.links.iter().zip(&voting.held);
    let votes = votes.filter(|(links, _)| links.contains(&seen[led].leader));
    let votes: Vec<f64> = votes.map(|(_, held)| held[at]).collect();
    let needed = (n - 1) / 3 + 1;
    if votes.len() < needed {
        return f64::INFINITY;
    }
    let revealing = seen[led + 2].round.held.iter().map(|held| held[at]);
    nth(votes, needed).max(nth(revealing.collect(), quorum(n)))
}

/// Whether a committed leader takes along that of the first round: each takes the
/// latest one before it that it reaches.
fn takes_first_along(seen: &VecDeque<Led>, later: usize) -> bool {
    let mut newest = later;
    for earlier in (0..later).step_by(2).rev() {
        if reaches(seen, newest, earlier) {
            newest = earlier;
        }
    }
    newest == 0
}

/// Whether links lead from the leader of one round to that of an earlier one.
fn reaches(seen: &VecDeque<Led>, from: usize, to: usize) -> bool {
    let mut layer = vec![seen[from].leader];
    for round in (to + 1..=from).rev() {
        let links = layer.iter().flat_map(|&by| &seen[round].round.links[by]);
        let mut below: Vec<usize> = links.copied().collect();
        below.sort_unstable();
        below.dedup();
        layer = below;
    }
    layer.contains(&seen[to].leader)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds of four in which every block is held at the round's number, by all;
    /// `links` says to whom those of each round but the first refer.
    fn graph(leaders: &[usize], links: &[[&[usize]; 4]]) -> VecDeque<Led> {
        let rounds = leaders.iter().enumerate().map(|(number, &leader)| {
            let links = match number.checked_sub(1) {
                Some(before) => links[before].map(<[usize]>::to_vec).to_vec(),
                None => vec![Vec::new(); 4],
            };
            let round = Round {
                made: vec![number as f64; 4],
                links,
                held: vec![vec![number as f64; 4]; 4],
            };
            Led { round, leader }
        });
        rounds.collect()
    }

    const ALL: [&[usize]; 4] = [&[0, 1, 2, 3]; 4];

    #[test]
    fn a_leader_with_votes_is_final_with_the_round_that_reveals_it() {
        let seen = graph(&[3, 0, 0, 0, 0], &[ALL; 4]);
        assert_eq!(first_final(4, &seen), [2.0; 4]);
    }

    #[test]
    fn a_leader_without_is_final_with_the_next_that_reaches_it_or_never() {
        let one: [&[usize]; 4] = [&[0, 1, 2], &[0, 1, 2], &[0, 1, 2], &[0, 1, 3]];
        let seen = graph(&[3, 0, 0, 0, 0], &[one, ALL, ALL, ALL]);
        assert_eq!(first_final(4, &seen), [4.0; 4]);
        let seen = graph(&[3, 0, 0, 0, 0], &[one, [&[0, 1, 2]; 4], ALL, ALL]);
        assert_eq!(first_final(4, &seen), [f64::INFINITY; 4]);
    }
}
