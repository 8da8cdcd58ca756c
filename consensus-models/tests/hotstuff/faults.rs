//! Random faults over many seeds, and replicas that stay down.

use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_consensus_models::hotstuff::HotStuff;
use groma_consensus_models::testing::{Cluster, Config, Fault, Trial, batch, for_seeds};

use crate::{VARIANTS, with};

/// Seeds per variant and size, unless `GROMA_SEEDS` says otherwise.
const SEEDS: u64 = 200;

fn trial(n: u32, seed: u64, variant: (&str, &str)) -> Trial {
    let mut trial = Trial::new::<HotStuff>(n, seed);
    trial.config = with(trial.config, variant);
    trial.outages = seed.is_multiple_of(3);
    if seed.is_multiple_of(5) {
        trial = trial.set::<HotStuff>("certificates", "aggregate");
    }
    trial
}

fn run(n: u32, variant: (&str, &str)) {
    let mut transfers = 0;
    for_seeds(SEEDS, |seed| {
        // Every other seed keeps so little that laggards need transfers.
        let mut trial = trial(n, seed, variant);
        if seed.is_multiple_of(2) {
            trial = trial
                .set::<HotStuff>("retain", "8")
                .set::<HotStuff>("checkpoint_interval", "4")
                .set::<HotStuff>("fetch_blocks", "3");
        }
        transfers += trial.run::<HotStuff>().transfers();
    });
    assert!(transfers > 0 || std::env::var_os("GROMA_SEED").is_some());
}

#[test]
fn random_faults_three_chain_rotating() {
    run(4, VARIANTS[0]);
    run(7, VARIANTS[0]);
}

#[test]
fn random_faults_three_chain_stable() {
    run(4, VARIANTS[1]);
    run(7, VARIANTS[1]);
}

#[test]
fn random_faults_two_chain_rotating() {
    run(4, VARIANTS[2]);
    run(7, VARIANTS[2]);
}

#[test]
fn random_faults_two_chain_stable() {
    run(4, VARIANTS[3]);
    run(7, VARIANTS[3]);
}

#[test]
fn small_committees_survive_restarts() {
    for variant in VARIANTS {
        for_seeds(SEEDS / 4, |seed| {
            for n in 1..=3 {
                // Their f is 0: only outages of all replicas stop one.
                let mut trial = trial(n, seed, variant);
                trial.outages = true;
                let _ = trial.run::<HotStuff>();
            }
        });
    }
}

#[test]
fn f_replicas_may_be_down_for_ever() {
    for variant in VARIANTS {
        for (n, down) in [
            (4, vec![0]),
            (4, vec![2]),
            (7, vec![1, 2]),
            (7, vec![0, 3]),
            (7, vec![2, 6]),
            (10, vec![0, 3, 7]),
        ] {
            let config = with(Config::random::<HotStuff>(n, 11), variant);
            let mut cluster = Cluster::<HotStuff>::new(config);
            for &id in &down {
                cluster.fault(Fault::Crash(ReplicaId(id)));
            }
            for id in 0..100 {
                let at = Duration::from_millis(100) * id;
                cluster.request_at(at, ReplicaId(id % n), batch(u64::from(id) + 1));
            }
            let end = Duration::from_secs(25);
            let done = cluster.run_until(end, Cluster::is_complete).unwrap();
            assert!(done, "{variant:?} without {down:?}: {}", cluster.describe());
        }
    }
}

#[test]
fn loss_is_survived_without_any_other_fault() {
    for variant in VARIANTS {
        for_seeds(SEEDS / 4, |seed| {
            let config = with(Config::random::<HotStuff>(4, seed), variant);
            let mut cluster = Cluster::<HotStuff>::new(config);
            cluster.fault(Fault::Loss(100));
            for id in 0..50 {
                let at = Duration::from_millis(200) * id;
                cluster.request_at(at, ReplicaId(id % 4), batch(u64::from(id) + 1));
            }
            let end = Duration::from_secs(60);
            let done = cluster.run_until(end, Cluster::is_complete).unwrap();
            assert!(done, "{variant:?}, seed {seed}: {}", cluster.describe());
        });
    }
}

#[test]
fn equal_seeds_give_equal_runs() {
    for variant in VARIANTS {
        let trace = || {
            let cluster = trial(4, 5, variant).run::<HotStuff>();
            let commits: Vec<_> = (0..4)
                .flat_map(|id| cluster.commits(ReplicaId(id)).to_vec())
                .map(|commit| (commit.at, commit.block.id()))
                .collect();
            (cluster.now(), cluster.sent_bytes(), commits)
        };
        assert_eq!(trace(), trace());
    }
}
