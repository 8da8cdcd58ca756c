//! The happy path of a graph of blocks, round after round: who has what when.
//!
//! Everybody makes a block a round, as soon as it holds a quorum of the round
//! before and, where leaders are waited for, the leader's block. A block is held
//! once all that it refers to is.

use super::{Draws, Law, coin, delay, nth, quorum};

/// How a graph is woven, and when the leader of a round is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weave {
    /// Blocks go out as they are. The leader of each round is final for whoever
    /// holds a quorum two rounds later (Mysticeti).
    Plain,
    /// Blocks are certified by a quorum of votes first. Every other round has a
    /// leader, final for whoever holds f + 1 of the next round (Bullshark).
    Certified,
    /// Blocks are certified, and nobody waits for a leader: a coin names that of
    /// every other round two rounds later (Tusk).
    Coin,
}

impl Weave {
    /// Rounds from one with a leader to the next.
    const fn every(self) -> usize {
        match self {
            Self::Plain => 1,
            Self::Certified | Self::Coin => 2,
        }
    }
}

/// Rounds before the first that counts.
pub(super) const WARM_UP: usize = 16;

/// One round: when each block was made, what it refers to, and when each member
/// held it.
pub(super) struct Round {
    pub(super) made: Vec<f64>,
    /// By author: those of the round before.
    pub(super) links: Vec<Vec<usize>>,
    /// By author, then by holder.
    pub(super) held: Vec<Vec<f64>>,
}

/// The mean time from a leader's block to the moment at which a quorum has it as
/// final, over so many leaders.
pub(super) fn mean(n: usize, weave: Weave, leaders: u32, law: &Law, draws: &mut Draws) -> f64 {
    let (deep, needed) = match weave {
        Weave::Plain => (2, quorum(n)),
        Weave::Certified => (1, (n - 1) / 3 + 1),
        Weave::Coin => return coin::mean(n, leaders, law, draws),
    };
    let every = weave.every();
    let last = WARM_UP + leaders as usize * every;
    let mut rounds: Vec<Round> = Vec::new();
    let mut loom = Loom::new(n, weave);
    let (mut total, mut counted) = (0.0, 0_u32);
    for number in 0..last + deep {
        rounds.push(loom.next(number, rounds.last(), law, draws));
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

/// Makes one round after the other.
pub(super) struct Loom {
    n: usize,
    weave: Weave,
    /// When the last message from one to another came: who sends on one
    /// connection keeps the order.
    latest: Vec<Vec<f64>>,
}

impl Loom {
    pub(super) fn new(n: usize, weave: Weave) -> Self {
        let latest = vec![vec![0.0; n]; n];
        Self { n, weave, latest }
    }

    /// When a member may make its block of a round.
    fn ready(&self, number: usize, before: Option<&Round>, at: usize) -> f64 {
        let (n, every) = (self.n, self.weave.every());
        let Some(before) = before else { return 0.0 };
        let heard = nth(before.held.iter().map(|by| by[at]).collect(), quorum(n));
        let led = number - 1;
        match self.weave {
            Weave::Coin => heard,
            _ if led.is_multiple_of(every) => heard.max(before.held[leader(led, every, n)][at]),
            _ => heard,
        }
    }

    fn send(&mut self, at: f64, (from, to): (usize, usize), law: &Law, draws: &mut Draws) -> f64 {
        let came = at + delay(from, to, law, draws);
        let latest = &mut self.latest[from][to];
        *latest = latest.max(came);
        *latest
    }

    pub(super) fn next(
        &mut self,
        number: usize,
        before: Option<&Round>,
        law: &Law,
        draws: &mut Draws,
    ) -> Round {
        let n = self.n;
        let made: Vec<f64> = (0..n).map(|at| self.ready(number, before, at)).collect();
        let links: Vec<Vec<usize>> = (0..n)
            .map(|author| {
                let known =
                    |&by: &usize| before.is_some_and(|b| b.held[by][author] <= made[author]);
                (0..n).filter(known).collect()
            })
            .collect();
        // Whoever gets a block early waits for what it refers to.
        let whole = |author: usize, to: usize, came: f64| {
            let links = links[author].iter();
            let held = links.map(|&by| before.map_or(0.0, |b| b.held[by][to]));
            held.fold(came, f64::max)
        };
        let mut held = Vec::with_capacity(n);
        for (author, &at) in made.iter().enumerate() {
            let out: Vec<f64> = match self.weave {
                Weave::Plain => (0..n)
                    .map(|to| self.send(at, (author, to), law, draws))
                    .collect(),
                Weave::Certified | Weave::Coin => {
                    let votes = (0..n).map(|voter| {
                        let came = self.send(at, (author, voter), law, draws);
                        whole(author, voter, came) + delay(voter, author, law, draws)
                    });
                    let certified = nth(votes.collect(), quorum(n));
                    (0..n)
                        .map(|to| self.send(certified, (author, to), law, draws))
                        .collect()
                }
            };
            let here = out.iter().enumerate();
            held.push(here.map(|(to, &came)| whole(author, to, came)).collect());
        }
        Round { made, links, held }
    }
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
            assert!((of(Weave::Coin) - 9.0).abs() < 1e-9);
        }
    }
}
