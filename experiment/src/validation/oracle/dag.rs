//! The happy path of a graph of blocks, round after round: who has what when.
//!
//! Everybody makes a block a round, as soon as it holds a quorum of the round
//! before and the leader's block. A block is held once all that it refers to is.

use super::{Draws, Law, delay, nth, quorum};

/// How a graph is woven, and when the leader of a round is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weave {
    /// Blocks go out as they are. The leader of each round is final for whoever
    /// holds a quorum two rounds later (Mysticeti).
    Plain,
    /// Blocks are certified by a quorum of votes first. Every other round has a
    /// leader, final for whoever holds f + 1 of the next round (Bullshark).
    Certified,
}

/// Rounds before the first that counts.
const WARM_UP: usize = 16;

/// One round: when each block was made, and when each member held it.
struct Round {
    made: Vec<f64>,
    /// By author, then by holder.
    held: Vec<Vec<f64>>,
}

/// The mean time from a leader's block to the moment at which a quorum has it as
/// final, over so many leaders.
pub(super) fn mean(n: usize, weave: Weave, leaders: u32, law: &Law, draws: &mut Draws) -> f64 {
    let (every, deep, needed) = match weave {
        Weave::Plain => (1, 2, quorum(n)),
        Weave::Certified => (2, 1, (n - 1) / 3 + 1),
    };
    let last = WARM_UP + leaders as usize * every;
    let mut rounds: Vec<Round> = Vec::new();
    // Who sends on one connection keeps the order.
    let mut latest = vec![vec![0.0_f64; n]; n];
    let (mut total, mut counted) = (0.0, 0_u32);
    for number in 0..last + deep {
        let round = next(n, weave, number, rounds.last(), &mut latest, law, draws);
        rounds.push(round);
        let Some(led) = number.checked_sub(deep) else {
            continue;
        };
        if led >= WARM_UP && led % every == 0 {
            let made = rounds[rounds.len() - 1 - deep].made[leader(led, every, n)];
            let here = &rounds[rounds.len() - 1];
            let decided: Vec<f64> = (0..n)
                .map(|to| nth(here.held.iter().map(|by| by[to]).collect(), needed))
                .collect();
            total += nth(decided, quorum(n)) - made;
            counted += 1;
        }
        if rounds.len() > deep + 1 {
            rounds.remove(0);
        }
    }
    total / f64::from(counted)
}

/// The leader of a round, by turns.
fn leader(round: usize, every: usize, n: usize) -> usize {
    round / every % n
}

fn next(
    n: usize,
    weave: Weave,
    number: usize,
    before: Option<&Round>,
    latest: &mut [Vec<f64>],
    law: &Law,
    draws: &mut Draws,
) -> Round {
    let every = match weave {
        Weave::Plain => 1,
        Weave::Certified => 2,
    };
    let ready = |at: usize| {
        let Some(before) = before else { return 0.0 };
        let heard = nth(before.held.iter().map(|by| by[at]).collect(), quorum(n));
        let led = number - 1;
        match led % every {
            0 => heard.max(before.held[leader(led, every, n)][at]),
            _ => heard,
        }
    };
    let made: Vec<f64> = (0..n).map(ready).collect();
    let parents: Vec<Vec<usize>> = (0..n)
        .map(|author| {
            let known = |&by: &usize| before.is_some_and(|b| b.held[by][author] <= made[author]);
            (0..n).filter(known).collect()
        })
        .collect();
    // Whoever gets a block early waits for what it refers to.
    let whole = |author: usize, to: usize, came: f64| {
        let parents = parents[author].iter();
        let held = parents.map(|&by| before.map_or(0.0, |b| b.held[by][to]));
        held.fold(came, f64::max)
    };
    let mut held = Vec::with_capacity(n);
    for (author, &at) in made.iter().enumerate() {
        let mut send = |at: f64, to: usize, draws: &mut Draws| {
            let came = at + delay(author, to, law, draws);
            latest[author][to] = latest[author][to].max(came);
            latest[author][to]
        };
        let out: Vec<f64> = match weave {
            Weave::Plain => (0..n).map(|to| send(at, to, draws)).collect(),
            Weave::Certified => {
                let votes = (0..n).map(|voter| {
                    let came = send(at, voter, draws);
                    whole(author, voter, came) + delay(voter, author, law, draws)
                });
                let certified = nth(votes.collect(), quorum(n));
                (0..n).map(|to| send(certified, to, draws)).collect()
            }
        };
        let here = out.iter().enumerate();
        held.push(here.map(|(to, &came)| whole(author, to, came)).collect());
    }
    Round { made, held }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_delays_give_the_closed_forms() {
        let law = Law::Uniform {
            low: 1.0,
            high: 1.0,
        };
        for n in [4, 7] {
            let of = |weave| mean(n, weave, 20, &law, &mut Draws::new(1));
            assert!((of(Weave::Plain) - 3.0).abs() < 1e-9);
            assert!((of(Weave::Certified) - 6.0).abs() < 1e-9);
        }
    }
}
