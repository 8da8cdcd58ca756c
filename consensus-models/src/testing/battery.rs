//! What every protocol must survive, in a call each: random faults for many
//! seeds, members that stay down, plain loss; and that equal seeds give equal
//! runs.

use std::time::Duration;

use super::cluster::{Cluster, Config};
use super::fault::Fault;
use super::property::{Trial, batch, for_seeds};
use crate::committee::ReplicaId;
use crate::protocol::Protocol;

/// What a series of trials came across: a test asserts that it met what it is
/// about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Seeds run.
    pub seeds: u64,
    /// State transfers.
    pub transfers: u64,
    /// Batches committed twice.
    pub repeated: u64,
}

/// Random crashes, restarts, partitions, cut links, loss, torn writes, and in
/// every third seed outages of the whole committee: agreement and validity
/// always, and everything executed everywhere after the heal. `adapt` changes
/// the trial of a seed, its parameters for instance.
///
/// # Panics
/// With the seed and the faults, when a law is broken.
pub fn random_faults<P: Protocol>(n: u32, seeds: u64, adapt: impl Fn(Trial) -> Trial) -> Met {
    let mut met = Met::default();
    met.seeds = for_seeds(seeds, |seed| {
        let mut trial = Trial::new::<P>(n, seed);
        trial.outages = seed.is_multiple_of(3);
        let cluster = adapt(trial).run::<P>();
        met.transfers += cluster.transfers();
        met.repeated += cluster.repeated();
    });
    met
}

/// Runs a trial twice.
///
/// # Panics
/// When the two differ in a commit, a time, a byte or a count.
pub fn equal_seeds_give_equal_runs<P: Protocol>(trial: &Trial) {
    let trace = || {
        let cluster = trial.run::<P>();
        let commits: Vec<_> = (0..trial.config.n)
            .flat_map(|id| cluster.commits(ReplicaId(id)).to_vec())
            .map(|commit| (commit.at, commit.block.id()))
            .collect();
        let counts = (cluster.sent().clone(), cluster.counted().clone());
        (cluster.now(), cluster.sent_bytes(), counts, commits)
    };
    assert_eq!(trace(), trace());
}

/// A steady load (a batch every 100 ms for 10 s) while these members are down
/// from the start and stay so, which must be executed `within` that time.
///
/// # Panics
/// When it is not, or a law is broken.
pub fn members_down_for_ever<P: Protocol>(config: Config, down: &[u32], within: Duration) {
    let n = config.n;
    let mut cluster = Cluster::<P>::new(config);
    for &id in down {
        cluster.fault(Fault::Crash(ReplicaId(id)));
    }
    load(&mut cluster, n);
    finish(&mut cluster, within, &format!("without {down:?} of {n}"));
}

/// The same load while one message in ten is lost, for ever.
///
/// # Panics
/// When it is not executed `within` that time, or a law is broken.
pub fn loss_for_ever<P: Protocol>(config: Config, within: Duration) {
    let (n, seed) = (config.n, config.seed);
    let mut cluster = Cluster::<P>::new(config);
    cluster.fault(Fault::Loss(100));
    load(&mut cluster, n);
    finish(&mut cluster, within, &format!("loss, seed {seed}"));
}

fn load<P: Protocol>(cluster: &mut Cluster<P>, n: u32) {
    for id in 0..100 {
        let at = Duration::from_millis(100) * id;
        cluster.request_at(at, ReplicaId(id % n), batch(u64::from(id) + 1));
    }
}

fn finish<P: Protocol>(cluster: &mut Cluster<P>, within: Duration, what: &str) {
    match cluster.run_until(within, Cluster::is_complete) {
        Ok(true) => {}
        Ok(false) => panic!("{} {what}: {}", P::NAME, cluster.describe()),
        Err(why) => panic!("{} {what}: {why}", P::NAME),
    }
}
