//! Property tests: a cluster under random load and random faults, for many
//! seeds; a failure says how to replay it.

use std::time::Duration;

use super::cluster::{Cluster, Config};
use super::fault::{Fault, FaultPlan, schedule};
use super::rng::SplitMix64;
use crate::block::{Batch, BatchId};
use crate::committee::ReplicaId;
use crate::protocol::Protocol;

/// A run under faults.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The world, with its seed.
    pub config: Config,
    /// Faults fall from time zero to here.
    pub faults_until: Duration,
    /// Mean time between two faults.
    pub fault_every: Duration,
    /// Whether the whole cluster may go down at once.
    pub outages: bool,
    /// [`Fault::Torn`] in force all through the faulty time; 0 leaves it to
    /// the schedule.
    pub torn_permille: u32,
    /// Batches requested, spread evenly at random over the faulty time.
    pub batches: u32,
    /// Time after the last fault within which everything must be executed at
    /// every replica.
    pub recover_within: Duration,
}

impl Trial {
    /// 40 batches over 20 s with a fault every 700 ms, then 60 s to recover.
    #[must_use]
    pub fn new<P: Protocol>(n: u32, seed: u64) -> Self {
        Self {
            config: Config::random::<P>(n, seed),
            faults_until: Duration::from_secs(20),
            fault_every: Duration::from_millis(700),
            outages: false,
            torn_permille: 0,
            batches: 40,
            recover_within: Duration::from_secs(60),
        }
    }

    /// Sets a parameter, see [`Config::set`].
    #[must_use]
    pub fn set<P: Protocol>(mut self, name: &str, value: &str) -> Self {
        self.config = self.config.set::<P>(name, value);
        self
    }

    /// Runs it and returns the cluster at the end.
    ///
    /// # Panics
    /// When a law is broken or progress fails; the panic's text has the seed,
    /// the faults and the state at the end.
    #[must_use]
    pub fn run<P: Protocol>(&self) -> Cluster<P> {
        let mut rng = SplitMix64::fork(self.config.seed, 0xfa17);
        let faults = schedule(
            &FaultPlan {
                n: self.config.n,
                outages: self.outages,
                every: self.fault_every,
                until: self.faults_until,
            },
            &mut rng,
        );
        let mut cluster = Cluster::<P>::new(self.config.clone());
        let torn = (self.torn_permille > 0).then_some(Fault::Torn(self.torn_permille));
        if let Some(fault) = &torn {
            cluster.fault_at(Duration::ZERO, fault.clone());
        }
        for (at, fault) in &faults {
            cluster.fault_at(*at, fault.clone());
            if *fault == Fault::Heal && *at < self.faults_until {
                torn.iter()
                    .for_each(|torn| cluster.fault_at(*at, torn.clone()));
            }
        }
        let width = u64::try_from(self.faults_until.as_nanos()).unwrap_or(u64::MAX);
        for id in 1..=self.batches {
            let at = Duration::from_nanos(rng.below(width.max(1)));
            let home = ReplicaId(rng.below(u64::from(self.config.n)) as u32);
            cluster.request_at(at, home, batch(u64::from(id)));
        }
        let replay = Replay(self, &faults);
        let limit = self.faults_until + self.recover_within;
        let outcome = cluster.run_until(limit, |cluster| {
            cluster.now() >= self.faults_until && cluster.is_complete()
        });
        match outcome {
            Ok(true) => {}
            Ok(false) => panic!("no progress after heal: {}", cluster.describe()),
            Err(why) => panic!("{why}\n{}", cluster.describe()),
        }
        drop(replay);
        cluster
    }
}

/// A batch for tests: its number names it; 10 transactions, 2 kB.
#[must_use]
pub fn batch(id: u64) -> Batch {
    Batch {
        id: BatchId(id),
        txs: 10,
        bytes: 2_000,
    }
}

/// Runs `trial(seed)` for seeds 1 to `count`; `GROMA_SEEDS=N` in the
/// environment runs N seeds instead, and `GROMA_SEED=S` only that one. Returns
/// how many it ran.
///
/// # Panics
/// When a trial panics, or one of the variables is no number.
pub fn for_seeds(count: u64, mut trial: impl FnMut(u64)) -> u64 {
    let read = |name: &str| {
        std::env::var(name).ok().map(|text| {
            text.parse::<u64>()
                .unwrap_or_else(|_| panic!("{name}={text} is no number"))
        })
    };
    if let Some(seed) = read("GROMA_SEED") {
        trial(seed);
        return 1;
    }
    let count = read("GROMA_SEEDS").unwrap_or(count);
    for seed in 1..=count {
        trial(seed);
    }
    count
}

/// Says how to replay while a panic passes through, wherever it comes from.
struct Replay<'a>(&'a Trial, &'a [(Duration, Fault)]);

impl Drop for Replay<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "replay with GROMA_SEED={} (n = {}); faults:",
                self.0.config.seed, self.0.config.n
            );
            for (at, fault) in self.1 {
                eprintln!("  {at:?} {fault:?}");
            }
        }
    }
}
