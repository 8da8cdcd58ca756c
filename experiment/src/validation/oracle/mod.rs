//! A Monte Carlo of the happy path of protocols: what the order statistics of
//! their quorums make of random delays, and lotteries of chance and forks.
//!
//! Written apart from the simulator, as a check of it: nothing here uses `sim`
//! or a protocol's code, not even their random numbers. Replica 0 leads. A
//! replica hears its own votes at once and each of the others after a delay of
//! its own.

mod coin;
mod dag;
mod lottery;

pub use dag::Weave;
pub use lottery::Lottery;

use crate::plan::{LatencyPlan, Plan};

/// What happens between the proposal and the moment that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Proposal to all, votes of all to all, a second round of votes once a
    /// quorum of the first is there; until a quorum of replicas has a quorum of
    /// the second and the proposal. The proposal is its proposer's first vote,
    /// or that vote follows it as a message of its own.
    TwoRounds {
        /// Whether the proposer's first vote is a message of its own.
        apart: bool,
        /// Whether a vote of the second round follows another message to the same
        /// receivers: what shows the quorum of the first.
        shown: bool,
    },
    /// So many rounds of proposal by a leader and votes to the next one, then a
    /// proposal that shows the last certificate; until a quorum has it. Every
    /// leader is another replica.
    Chain(u32),
    /// Proposal to all and answers to the leader, until a majority, the leader
    /// with it, has it.
    Majority,
    /// The same until all have it.
    All,
    /// Epochs of so many milliseconds. Proposal to all at the beginning of each,
    /// votes of all to all; until a quorum of replicas has a quorum of votes for
    /// the block of the epoch after this.
    Epochs(u32),
    /// A graph of blocks with a leader a round, or every other round.
    Graph(Weave),
    /// A chain without votes: from a block's date until a majority has so many
    /// blocks on it, itself counted.
    Deep(Lottery, u32),
    /// The same chain: blocks that are not on it, per hundred made.
    Stale(Lottery),
}

/// Leaders of a graph that are drawn: each takes a hundred draws or more.
const LEADERS: u32 = 40_000;

/// Decisions that are drawn.
pub const DECISIONS: u32 = 200_000;

/// Heights of a chain without votes.
const HEIGHTS: u32 = 500_000;

impl Path {
    /// The mean in milliseconds, or the percentage, for the committee and the delays
    /// of a plan; `None` when its delays are none that are drawn for each message.
    #[must_use]
    pub fn of_plan(self, plan: &Plan) -> Option<f64> {
        let LatencyPlan::PerMessage(law) = plan.network.links.first()? else {
            return None;
        };
        let law = Law::of(law)?;
        let draws = &mut Draws::new(plan.seed);
        let n = plan.replicas() as usize;
        Some(match self {
            Self::TwoRounds { apart, shown } => {
                mean_ms(draws, |draws| two_rounds(n, (apart, shown), &law, draws))
            }
            Self::Chain(rounds) => mean_ms(draws, |draws| chain(n, rounds, &law, draws)),
            Self::Majority => mean_ms(draws, |draws| answered(n, n / 2 + 1, &law, draws)),
            Self::All => mean_ms(draws, |draws| answered(n, n, &law, draws)),
            Self::Epochs(ms) => f64::from(ms) + mean_ms(draws, |draws| one_round(n, &law, draws)),
            Self::Graph(weave) => dag::mean(n, weave, LEADERS, &law, draws) / 1e6,
            Self::Deep(lottery, deep) => {
                lottery::fate(n, lottery, (deep, HEIGHTS), &law, draws).final_ns / 1e6
            }
            Self::Stale(lottery) => {
                100.0 * lottery::fate(n, lottery, (1, HEIGHTS), &law, draws).stale_share
            }
        })
    }
}

/// The mean of so many decisions, each given in nanoseconds.
fn mean_ms(draws: &mut Draws, decision: impl Fn(&mut Draws) -> f64) -> f64 {
    let total: f64 = (0..DECISIONS).map(|_| decision(draws)).sum();
    total / f64::from(DECISIONS) / 1e6
}

/// Votes of which no more than a third may be missing.
fn quorum(n: usize) -> usize {
    n - (n - 1) / 3
}

/// The time at which the `count`-th of these events has happened.
fn nth(mut times: Vec<f64>, count: usize) -> f64 {
    let index = count - 1;
    *times.select_nth_unstable_by(index, f64::total_cmp).1
}

fn two_rounds(n: usize, (apart, shown): (bool, bool), law: &Law, draws: &mut Draws) -> f64 {
    let proposed: Vec<f64> = (0..n).map(|to| delay(0, to, law, draws)).collect();
    let mut first = Vec::with_capacity(n);
    for (to, &here) in proposed.iter().enumerate() {
        let mut heard = Vec::with_capacity(n);
        for (from, &at) in proposed.iter().enumerate() {
            heard.push(match from {
                0 if !apart => here,
                // What follows on the same connection does not overtake.
                0 => here.max(delay(0, to, law, draws)),
                _ => at + delay(from, to, law, draws),
            });
        }
        first.push(nth(heard, quorum(n)).max(here));
    }
    let mut decided = Vec::with_capacity(n);
    for (to, &here) in proposed.iter().enumerate() {
        let votes = first.iter().enumerate();
        let heard = votes.map(|(from, &at)| {
            let came = delay(from, to, law, draws);
            match shown {
                true => at + came.max(delay(from, to, law, draws)),
                false => at + came,
            }
        });
        decided.push(nth(heard.collect(), quorum(n)).max(here));
    }
    nth(decided, quorum(n))
}

fn chain(n: usize, rounds: u32, law: &Law, draws: &mut Draws) -> f64 {
    let mut certified = 0.0;
    for round in 0..rounds as usize {
        let (leader, next) = (round % n, (round + 1) % n);
        let votes = (0..n).map(|from| {
            let proposed = certified + delay(leader, from, law, draws);
            proposed + delay(from, next, law, draws)
        });
        certified = nth(votes.collect(), quorum(n));
    }
    let last = rounds as usize % n;
    let shown = (0..n).map(|to| certified + delay(last, to, law, draws));
    nth(shown.collect(), quorum(n))
}

/// The proposer's vote follows its proposal as a message of its own.
fn one_round(n: usize, law: &Law, draws: &mut Draws) -> f64 {
    let proposed: Vec<f64> = (0..n).map(|to| delay(0, to, law, draws)).collect();
    let mut decided = Vec::with_capacity(n);
    for (to, &here) in proposed.iter().enumerate() {
        let votes = proposed.iter().enumerate();
        let heard = votes.map(|(from, &at)| at + delay(from, to, law, draws));
        decided.push(nth(heard.collect(), quorum(n)).max(here));
    }
    nth(decided, quorum(n))
}

fn answered(n: usize, count: usize, law: &Law, draws: &mut Draws) -> f64 {
    let answers = (0..n).map(|from| delay(0, from, law, draws) + delay(from, 0, law, draws));
    nth(answers.collect(), count)
}

fn delay(from: usize, to: usize, law: &Law, draws: &mut Draws) -> f64 {
    if from == to { 0.0 } else { law.draw(draws) }
}

/// A law of delays, in nanoseconds.
#[derive(Clone, Copy, Debug)]
enum Law {
    Uniform { low: f64, high: f64 },
    Normal { mean: f64, deviation: f64 },
}

impl Law {
    fn of(law: &LatencyPlan) -> Option<Self> {
        match law {
            LatencyPlan::Uniform { low_ns, high_ns } => Some(Self::Uniform {
                low: *low_ns as f64,
                high: *high_ns as f64,
            }),
            LatencyPlan::Normal { mean_ns, sd_ns } => Some(Self::Normal {
                mean: *mean_ns as f64,
                deviation: *sd_ns as f64,
            }),
            _ => None,
        }
    }

    fn draw(&self, draws: &mut Draws) -> f64 {
        match self {
            Self::Uniform { low, high } => low + (high - low) * draws.unit(),
            Self::Normal { mean, deviation } => (mean + deviation * draws.normal()).max(0.0),
        }
    }
}

/// A generator of its own: xorshift64* (Vigna 2016), and normal draws by the
/// polar method (Marsaglia and Bray 1964).
#[derive(Clone, Debug)]
struct Draws {
    state: u64,
    spare: Option<f64>,
}

impl Draws {
    fn new(seed: u64) -> Self {
        Self {
            // The state must not be zero.
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            spare: None,
        }
    }

    /// Evenly over 0 (included) to 1 (not).
    fn unit(&mut self) -> f64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let word = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d);
        (word >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (a, b) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = a * a + b * b;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(b * scale);
                return a * scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_of_their_laws() {
        let mut draws = Draws::new(7);
        let many = 400_000;
        let (mut sum, mut squares, mut uniform) = (0.0, 0.0, 0.0);
        for _ in 0..many {
            let normal = draws.normal();
            sum += normal;
            squares += normal * normal;
            uniform += draws.unit();
        }
        let count = f64::from(many);
        assert!((sum / count).abs() < 0.01);
        assert!((squares / count - 1.0).abs() < 0.01);
        assert!((uniform / count - 0.5).abs() < 0.005);
    }

    #[test]
    fn constant_delays_give_the_closed_forms() {
        let law = Law::Uniform {
            low: 1.0,
            high: 1.0,
        };
        let mut draws = Draws::new(1);
        for n in [4, 16] {
            assert_eq!(two_rounds(n, (false, false), &law, &mut draws), 3.0);
            assert_eq!(two_rounds(n, (true, true), &law, &mut draws), 3.0);
            assert_eq!(chain(n, 3, &law, &mut draws), 7.0);
            assert_eq!(chain(n, 2, &law, &mut draws), 5.0);
            assert_eq!(answered(n, n / 2 + 1, &law, &mut draws), 2.0);
            assert_eq!(answered(n, n, &law, &mut draws), 2.0);
            assert_eq!(one_round(n, &law, &mut draws), 2.0);
        }
    }

    #[test]
    fn the_median_of_three_answers_is_that_of_the_order_statistic() {
        // A leader and two answers, each the sum of two even draws from 0 to 1:
        // the first answer comes after 1 - E|X - 1/2 ... = 23/30 on average.
        let law = Law::Uniform {
            low: 0.0,
            high: 1.0,
        };
        let mut draws = Draws::new(3);
        let many = 400_000;
        let total: f64 = (0..many).map(|_| answered(3, 2, &law, &mut draws)).sum();
        let mean = total / f64::from(many);
        assert!((mean - 23.0 / 30.0).abs() < 0.003, "{mean}");
    }
}
