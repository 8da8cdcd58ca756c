//! Measurement: counts, windows and histograms from observations. Decides
//! nothing and checks nothing.
//!
//! Latencies count from the *intended* send time, so that a stall cannot hide
//! the transactions that it delayed (coordinated omission). They weigh what they
//! stand for in true time; counts and windows tell what was played.

use std::collections::BTreeMap;

use groma_consensus_models::{Height, ReplicaSet};
use groma_ledger::Outcome;
use groma_sim::{NodeId, Span, Time};
use groma_workloads::Intent;
use hdrhistogram::Histogram;

use crate::adversary;
use crate::growth::Growth;
use crate::layout::Layout;
use crate::observe::{FinalTx, Observation};
use crate::occupancy::Occupancy;
use crate::plan::Plan;
use crate::propagation::Propagation;
use crate::recovery::Commits;
use crate::regions::Regions;
use crate::result::{
    LoadRecord, MeantRecord, PropagationRecord, RegionRecord, STAGES, StorageRecord, Window,
};
use crate::weights::Weights;

/// Commit times are kept for so many heights; finality follows sooner.
const KEPT_HEIGHTS: u64 = 16_384;

const SECOND: u64 = 1_000_000_000;

/// A histogram of microseconds with three significant digits.
pub fn fine() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are within the library's range")
}

/// Which parts of the run are measured.
#[derive(Clone, Debug)]
pub struct Measured {
    spans: Vec<(Time, Time)>,
}

impl Measured {
    /// The measured phases of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut spans: Vec<(Time, Time)> = Vec::new();
        let mut start = 0;
        for phase in &plan.load {
            let end = start + phase.for_ns;
            let (from, until) = (Time::from_nanos(start), Time::from_nanos(end));
            match spans.last_mut() {
                Some((_, last)) if phase.measure && *last == from => *last = until,
                _ if phase.measure => spans.push((from, until)),
                _ => {}
            }
            start = end;
        }
        Self { spans }
    }

    /// Whether an instant lies in a measured phase.
    #[must_use]
    pub fn contains(&self, at: Time) -> bool {
        self.spans
            .iter()
            .any(|&(from, until)| from <= at && at < until)
    }

    /// Whether a whole span lies in measured phases.
    #[must_use]
    pub fn covers(&self, from: Time, until: Time) -> bool {
        self.spans
            .iter()
            .any(|&(start, end)| start <= from && until <= end)
    }

    /// How much of a span lies in measured phases.
    #[must_use]
    pub fn within(&self, from: Time, until: Time) -> Span {
        let overlaps = self.spans.iter().map(|&(start, end)| {
            let (start, end) = (start.max(from), end.min(until));
            end.saturating_since(start).as_nanos()
        });
        Span::from_nanos(overlaps.sum())
    }

    /// Measured time in all.
    #[must_use]
    pub fn total(&self) -> Span {
        let nanos = self
            .spans
            .iter()
            .map(|(from, until)| until.as_nanos() - from.as_nanos())
            .sum();
        Span::from_nanos(nanos)
    }

    /// The instant at which half of the measured time has passed, and its end.
    #[must_use]
    pub fn middle_and_end(&self) -> Option<(Time, Time)> {
        let end = self.spans.last()?.1;
        let mut left = self.total().as_nanos() / 2;
        for &(from, until) in &self.spans {
            let length = until.as_nanos() - from.as_nanos();
            if left <= length {
                return Some((Time::from_nanos(from.as_nanos() + left), end));
            }
            left -= length;
        }
        None
    }
}

#[derive(Clone, Copy, Debug)]
struct BlockTimes {
    created: Time,
    committed: Time,
    /// Replicas that have committed it.
    replicas: u32,
}

/// From the creation of blocks to their commit at a quorum of replicas.
#[derive(Clone, Copy, Debug, Default)]
pub struct QuorumCommits {
    /// Blocks.
    pub blocks: u64,
    /// All of their spans together, in nanoseconds.
    pub total_ns: u64,
}

/// What one window gathers before it is closed.
#[derive(Debug)]
struct OpenWindow {
    row: Window,
    latencies: Histogram<u64>,
}

/// The recorder of one run.
#[derive(Debug)]
pub struct Recorder {
    measured: Measured,
    weights: Weights,
    load: LoadRecord,
    rejected_by: [u64; groma_ledger::Reason::ALL.len()],
    attacks: MeantRecord,
    mistakes: MeantRecord,
    offered_by: Vec<(&'static str, u64)>,
    /// Applied with finality in measured time, and offered in it, each as often as that
    /// stands for.
    applied_weight: u64,
    offered_weight: u64,
    finality: Histogram<u64>,
    commit: Histogram<u64>,
    consensus: Histogram<u64>,
    stages: Vec<Histogram<u64>>,
    regions: Regions,
    commits: Commits,
    blocks: BTreeMap<Height, BlockTimes>,
    windows: Vec<OpenWindow>,
    window_s: u64,
    propagation: Propagation,
    offered_all: u64,
    ended_all: u64,
    nonempty_blocks: u64,
    block_txs: u64,
    heights: u64,
    highest_committed: Height,
    highest_executed: Height,
    storage: StorageRecord,
    refusals: BTreeMap<&'static str, u64>,
    counts: BTreeMap<&'static str, u64>,
    growth: Growth,
    /// Replicas whose blocks in the chain are counted apart.
    faulty: ReplicaSet,
    occupancy: Occupancy,
    /// Replicas that make a quorum.
    quorum: u32,
    quorum_commits: QuorumCommits,
}

/// What the recorder hands over at the end.
#[derive(Debug)]
pub struct Recording {
    /// Counts, without rates and expired.
    pub load: LoadRecord,
    /// Applied with finality in measured time, each as often as that stands for.
    pub applied_weight: u64,
    /// Offered in measured time, each as often as that stands for.
    pub offered_weight: u64,
    /// What each region's citizens saw.
    pub regions: Vec<RegionRecord>,
    /// The commits around each fault.
    pub commits: Commits,
    /// Histograms by name.
    pub histograms: BTreeMap<String, Histogram<u64>>,
    /// Rows of windows, without use and backlog of machines.
    pub windows: Vec<Window>,
    /// Finality histograms of the windows.
    pub window_histograms: Vec<Histogram<u64>>,
    /// How blocks spread, where they do so by gossip.
    pub propagation: Option<PropagationRecord>,
    /// Heights with batches whose first commit falls in measured time.
    pub nonempty_blocks: u64,
    /// Transactions executed in them.
    pub block_txs: u64,
    /// Committed heights.
    pub heights: u64,
    /// Growth of the ledger.
    pub storage: StorageRecord,
    /// Messages that protocols refused, by reason.
    pub refusals: BTreeMap<&'static str, u64>,
    /// What protocols counted, over the whole run and all replicas.
    pub counts: BTreeMap<&'static str, u64>,
    /// Mean number of transactions in flight over the measured time.
    pub in_flight_mean: Option<f64>,
    /// Commits at a quorum of replicas.
    pub quorum_commits: QuorumCommits,
}

impl Recorder {
    /// A recorder at time zero, of a committee with quorums of this size.
    #[must_use]
    pub fn new(plan: &Plan, layout: &Layout, quorum: u32) -> Self {
        Self {
            regions: Regions::new(plan, layout),
            commits: Commits::new(plan),
            measured: Measured::of(plan),
            weights: Weights::of(plan),
            load: LoadRecord::default(),
            rejected_by: [0; groma_ledger::Reason::ALL.len()],
            attacks: MeantRecord::default(),
            mistakes: MeantRecord::default(),
            offered_by: Vec::new(),
            applied_weight: 0,
            offered_weight: 0,
            finality: fine(),
            commit: fine(),
            consensus: fine(),
            stages: STAGES.iter().map(|_| fine()).collect(),
            blocks: BTreeMap::new(),
            windows: Vec::new(),
            window_s: plan.window_s(),
            propagation: Propagation::new(plan),
            offered_all: 0,
            ended_all: 0,
            nonempty_blocks: 0,
            block_txs: 0,
            heights: 0,
            highest_committed: Height(0),
            highest_executed: Height(0),
            storage: StorageRecord::default(),
            refusals: BTreeMap::new(),
            counts: adversary::undone(plan),
            growth: Growth::default(),
            faulty: adversary::faulty(plan),
            occupancy: Occupancy::new(Measured::of(plan)),
            quorum,
            quorum_commits: QuorumCommits::default(),
        }
    }

    /// Transactions offered so far and neither final nor shed.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        self.offered_all - self.ended_all
    }

    /// Transactions offered so far, in all phases.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.offered_all
    }

    /// The row of the window that holds `at`, made when it is not there yet.
    pub fn window(&mut self, at: Time) -> &mut Window {
        &mut self.open(at).row
    }

    fn open(&mut self, at: Time) -> &mut OpenWindow {
        let length = self.window_s * SECOND;
        let index =
            usize::try_from(at.as_nanos() / length).expect("a horizon of fewer than 2^32 seconds");
        while self.windows.len() <= index {
            let start_s = self.windows.len() as u64 * self.window_s;
            let from = Time::from_nanos(start_s * SECOND);
            let measured = self.measured.covers(from, from + Span::from_nanos(length));
            let latencies = Histogram::new(2).expect("two digits are within the library's range");
            self.windows.push(OpenWindow {
                row: Window {
                    start_s,
                    measured,
                    ..Window::default()
                },
                latencies,
            });
        }
        &mut self.windows[index]
    }

    /// Takes an observation in.
    pub fn record(&mut self, at: Time, node: NodeId, observation: &Observation) {
        match observation {
            Observation::Offered {
                intended,
                kind,
                meant,
            } => {
                self.occupancy.enters(at);
                self.offered_at(*intended, node, kind, *meant);
            }
            Observation::Resent { intended } => {
                self.load.resent += u64::from(self.measured.contains(*intended));
            }
            Observation::Shed { intended } => {
                self.occupancy.leaves(at);
                self.ended_all += 1;
                let counted = self.measured.contains(*intended);
                self.load.shed += u64::from(counted);
                if counted {
                    self.regions.of(node).row.shed += 1;
                }
                self.window(at).shed += 1;
            }
            Observation::Final(tx) => self.finalised(at, node, tx),
            Observation::Committed {
                height,
                created,
                proposer,
                batches,
                ..
            } => {
                if *height > self.highest_committed && self.faulty.contains(*proposer) {
                    *self.counts.entry(adversary::BLOCKS).or_default() += 1;
                }
                self.growth.committed(*created);
                self.committed(at, *height, *created, !batches.is_empty());
            }
            Observation::Executed { outcome, .. } => {
                if outcome.height > self.highest_executed {
                    self.highest_executed = outcome.height;
                    self.storage.executed_txs += outcome.txs;
                    self.storage.extra_executions += outcome.work.saturating_sub(outcome.txs);
                    let times = self.blocks.get(&outcome.height);
                    if times.is_some_and(|times| self.measured.contains(times.committed)) {
                        self.block_txs += outcome.txs;
                    }
                    self.storage.block_bytes += outcome.bytes;
                    self.storage.records_written += outcome.touched;
                }
            }
            Observation::Refused { why } => *self.refusals.entry(why).or_default() += 1,
            Observation::Counted { what, by } => {
                if *what == "blocks-made" {
                    self.growth.made(at, *by);
                }
                *self.counts.entry(what).or_default() += by;
            }
            Observation::Held { id, created } => {
                if self.measured.contains(*created) {
                    let weight = self.weights.at(*created);
                    self.propagation.held(at, *id, (*created, weight));
                }
            }
            Observation::Transferred { .. } | Observation::Restarted { .. } => {}
        }
    }

    fn offered_at(&mut self, intended: Time, node: NodeId, kind: &'static str, meant: Intent) {
        self.offered_all += 1;
        self.window(intended).offered += 1;
        if !self.measured.contains(intended) {
            return;
        }
        self.load.offered += 1;
        self.offered_weight += self.weights.at(intended);
        if let Some(of) = self.meant(meant) {
            of.offered += 1;
        }
        self.regions.of(node).row.offered += 1;
        match self
            .offered_by
            .iter_mut()
            .find(|(known, _)| std::ptr::eq(*known, kind))
        {
            Some((_, count)) => *count += 1,
            None => self.offered_by.push((kind, 1)),
        }
    }

    /// The count of what should be refused, if it should.
    fn meant(&mut self, meant: Intent) -> Option<&mut MeantRecord> {
        match meant {
            Intent::Honest => None,
            Intent::Mistake => Some(&mut self.mistakes),
            Intent::Attack | Intent::Intrusion => Some(&mut self.attacks),
        }
    }

    fn committed(&mut self, at: Time, height: Height, created: Time, nonempty: bool) {
        if self.blocks.contains_key(&height) {
            return self.committed_again(at, height, nonempty);
        }
        if height.0 + KEPT_HEIGHTS <= self.highest_committed.0 {
            return;
        }
        self.highest_committed = self.highest_committed.max(height);
        let committed = at;
        self.blocks.insert(
            height,
            BlockTimes {
                created,
                committed,
                replicas: 0,
            },
        );
        if let Some(oldest) = height.0.checked_sub(KEPT_HEIGHTS) {
            self.blocks.remove(&Height(oldest));
        }
        self.heights += 1;
        self.commits.committed(at);
        if nonempty {
            self.window(at).blocks += 1;
            if self.measured.contains(at) {
                self.nonempty_blocks += 1;
                count(&mut self.consensus, created, at, self.weights.at(at));
            }
        }
        self.committed_again(at, height, nonempty);
    }

    /// A replica, the first or a further one, committed a known height.
    fn committed_again(&mut self, at: Time, height: Height, nonempty: bool) {
        let Some(times) = self.blocks.get_mut(&height) else {
            return;
        };
        times.committed = times.committed.min(at);
        times.replicas += 1;
        if nonempty && times.replicas == self.quorum && self.measured.contains(at) {
            self.quorum_commits.blocks += 1;
            self.quorum_commits.total_ns += at.saturating_since(times.created).as_nanos();
        }
    }

    fn finalised(&mut self, at: Time, node: NodeId, tx: &FinalTx) {
        self.ended_all += 1;
        self.occupancy.leaves(at);
        let counted = self.measured.contains(tx.intended);
        let applied = tx.outcome.is_applied();
        let finished_measured = self.measured.contains(at);
        let window = self.open(at);
        count(&mut window.latencies, tx.intended, at, 1);
        if applied {
            window.row.finalised += 1;
            self.applied_weight += u64::from(finished_measured) * self.weights.at(at);
        } else {
            window.row.rejected += 1;
        }
        if !counted {
            return;
        }
        if let Some(of) = self.meant(tx.meant) {
            of.applied += u64::from(applied);
            of.rejected += u64::from(!applied);
        }
        let weight = self.weights.at(tx.intended);
        let region = self.regions.of(node);
        count(&mut region.finality, tx.intended, at, weight);
        match tx.outcome {
            Outcome::Applied => {
                self.load.finalised += 1;
                region.row.finalised += 1;
            }
            Outcome::Rejected(reason) => {
                self.load.rejected += 1;
                region.row.rejected += 1;
                self.rejected_by[reason.index()] += 1;
            }
        }
        count(&mut self.finality, tx.intended, at, weight);
        let Some(block) = self.blocks.get(&tx.height).copied() else {
            return;
        };
        count(&mut self.commit, tx.intended, block.committed, weight);
        // A later stage may begin before an earlier one ends elsewhere (the
        // first commit precedes the answering replica's); each stage starts
        // where the one before it ended, so that stages add up to finality.
        let ends = [
            tx.arrived,
            tx.closed,
            block.created,
            block.committed,
            tx.answered,
            at,
        ];
        let mut start = tx.intended;
        for (histogram, end) in self.stages.iter_mut().zip(ends) {
            let end = end.max(start).min(at);
            count(histogram, start, end, weight);
            start = end;
        }
    }

    /// Closes the recording.
    #[must_use]
    pub fn finish(mut self) -> Recording {
        for (reason, count) in groma_ledger::Reason::ALL.iter().zip(self.rejected_by) {
            if count > 0 {
                self.load
                    .rejected_by
                    .insert(reason.as_str().to_owned(), count);
            }
        }
        self.load.attacks = Some(self.attacks);
        self.load.mistakes = Some(self.mistakes);
        for (kind, count) in &self.offered_by {
            *self.load.offered_by.entry((*kind).to_owned()).or_default() += count;
        }
        let mut histograms = BTreeMap::from([
            ("finality".to_owned(), self.finality),
            ("commit".to_owned(), self.commit),
            ("consensus".to_owned(), self.consensus),
        ]);
        for (stage, histogram) in STAGES.iter().zip(self.stages) {
            histograms.insert(format!("stage-{stage}"), histogram);
        }
        let (windows, window_histograms) = self.windows.into_iter().map(close).unzip();
        let mut counts = self.counts;
        if self.growth.settled() > 0 {
            counts.insert("blocks-settled", self.growth.settled());
        }
        Recording {
            load: self.load,
            regions: self.regions.finish(),
            commits: self.commits,
            applied_weight: self.applied_weight,
            offered_weight: self.offered_weight,
            histograms,
            windows,
            window_histograms,
            propagation: self.propagation.finish(),
            nonempty_blocks: self.nonempty_blocks,
            block_txs: self.block_txs,
            heights: self.heights,
            storage: self.storage,
            refusals: self.refusals,
            counts,
            in_flight_mean: self.occupancy.mean(),
            quorum_commits: self.quorum_commits,
        }
    }
}

fn close(window: OpenWindow) -> (Window, Histogram<u64>) {
    let OpenWindow { mut row, latencies } = window;
    if !latencies.is_empty() {
        let ms = |micros: u64| Some(micros as f64 / 1_000.0);
        row.finality_ms_p50 = ms(latencies.value_at_quantile(0.5));
        row.finality_ms_p99 = ms(latencies.value_at_quantile(0.99));
        row.finality_ms_max = ms(latencies.max());
    }
    (row, latencies)
}

/// Counts a span in microseconds, rounded to the nearest, as so many.
pub fn count(histogram: &mut Histogram<u64>, from: Time, until: Time, weight: u64) {
    let nanos = until.as_nanos().saturating_sub(from.as_nanos());
    histogram
        .record_n((nanos + 500) / 1_000, weight)
        .expect("a histogram that grows takes any value");
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
