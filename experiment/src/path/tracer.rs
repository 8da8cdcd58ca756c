//! Follows every transaction of the measured time as it becomes final.

use groma_sim::{Entry, Time};

use super::Part;
use super::chain::{Chain, Stretches};
use super::summary::{PathSummary, summarise};
use crate::plan::Plan;
use crate::recorder::Measured;
use crate::tap::{Cast, FinalTx, Tap};
use crate::weights::Weights;

/// Beyond so many transactions every second one is forgotten, again and again.
const KEPT: usize = 1_000_000;

/// One transaction: its own stamps, and the walk that it shares with the others
/// of its block and gateway.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) finality_ns: u64,
    /// Client link, batch, order.
    pub(super) before: [u64; 3],
    pub(super) walk: u32,
    /// How many it stands for in true time.
    pub(super) weight: u64,
}

/// The walk from a reply back to its block's creation.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) created: Time,
    /// Time by part: (in queues, in work or flight), in nanoseconds.
    pub(super) parts: [(u64, u64); Part::COUNT],
    pub(super) stretches: Stretches,
}

/// The tap.
#[derive(Debug)]
pub struct Tracer {
    measured: Measured,
    weights: Weights,
    chain: Chain,
    cast: Option<Cast>,
    samples: Vec<Sample>,
    walks: Vec<Walk>,
    /// The last walk and what it was for: gateway, time, time of the answer.
    last: Option<(u32, Time, Time)>,
    /// One transaction in so many is kept.
    every: u64,
    seen: u64,
    followed: u64,
}

impl Tracer {
    /// A tracer of a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            measured: Measured::of(plan),
            weights: Weights::of(plan),
            chain: Chain::new(plan.replicas()),
            cast: None,
            samples: Vec::new(),
            walks: Vec::new(),
            last: None,
            every: 1,
            seen: 0,
            followed: 0,
        }
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> PathSummary {
        let cast = self.cast.unwrap_or(Cast {
            nodes: Vec::new(),
            replicas: 0,
            machines: Vec::new(),
        });
        summarise(self.samples, &self.walks, &cast, self.followed)
    }

    fn follow(&mut self, at: Time, tx: &FinalTx) {
        let node = self.cast.as_ref().map_or(0, |cast| cast.replicas as u32) + tx.gateway.0;
        let name = (node, at, tx.answered);
        if self.last != Some(name) {
            self.walk(name, tx.created);
            self.last = Some(name);
        }
        self.followed += 1;
        self.seen += 1;
        if !self.seen.is_multiple_of(self.every) {
            return;
        }
        let between = |from: Time, until: Time| until.saturating_since(from).as_nanos();
        // As in the stages of a run's record: each part begins where the one
        // before it ended.
        let arrived = tx.arrived.max(tx.intended);
        let closed = tx.closed.max(arrived);
        let created = tx.created.max(closed);
        self.samples.push(Sample {
            finality_ns: between(tx.intended, at),
            before: [
                between(tx.intended, arrived),
                between(arrived, closed),
                between(closed, created),
            ],
            walk: (self.walks.len() - 1) as u32,
            weight: self.weights.at(tx.intended),
        });
        if self.samples.len() >= KEPT {
            let mut odd = false;
            self.samples.retain(|_| {
                odd = !odd;
                odd
            });
            self.every *= 2;
        }
    }

    fn walk(&mut self, (node, at, answered): (u32, Time, Time), created: Time) {
        let reply = self.chain.reply(node, at, answered);
        let mut stretches = Stretches::new();
        if let Some(reply) = reply {
            stretches = self.chain.walk(reply, at, created);
        }
        let mut parts = [(0, 0); Part::COUNT];
        for stretch in &stretches {
            let length = stretch.until.saturating_since(stretch.from).as_nanos();
            let (queue, work) = &mut parts[stretch.part.index()];
            *(if stretch.queue { queue } else { work }) += length;
        }
        if reply.is_none() {
            parts[Part::Untraced.index()].1 = at.saturating_since(created).as_nanos();
        }
        self.walks.push(Walk {
            created,
            parts,
            stretches,
        });
    }
}

impl Tap for Tracer {
    fn begin(&mut self, cast: &Cast) {
        self.cast = Some(cast.clone());
    }

    fn take(&mut self, entries: Vec<Entry>, finals: &[(Time, FinalTx)]) {
        self.chain.take(entries);
        for (at, tx) in finals {
            if self.measured.contains(tx.intended) {
                self.follow(*at, tx);
            }
        }
    }
}
