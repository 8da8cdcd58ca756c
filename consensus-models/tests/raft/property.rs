//! Agreement, validity and progress under random faults, for many seeds.

use std::time::Duration;

use groma_consensus_models::raft::Raft;
use groma_consensus_models::testing::{Trial, for_seeds};

/// Half of the seeds use a short log tail, so that snapshots are common.
fn trial(n: u32, seed: u64) -> Trial {
    let mut trial = Trial::new::<Raft>(n, seed).set::<Raft>("max_batches", "2");
    if seed.is_multiple_of(2) {
        trial = trial.set::<Raft>("log_tail", "3");
    }
    if seed.is_multiple_of(3) {
        trial = trial.set::<Raft>("commit_notify", "eager");
    }
    if seed.is_multiple_of(5) {
        trial = trial.set::<Raft>("pre_vote", "false");
    }
    if seed.is_multiple_of(7) {
        trial = trial.set::<Raft>("max_inflight", "1");
    }
    trial
}

#[test]
fn it_survives_random_faults() {
    for n in [1, 2, 3, 4, 5, 7] {
        let mut transfers = 0;
        let seeds = for_seeds(300, |seed| {
            let cluster = trial(n, seed).run::<Raft>();
            transfers += cluster.transfers();
            // A long tail recognises every batch that is requested once more.
            if !seed.is_multiple_of(2) {
                assert_eq!(cluster.repeated(), 0, "n = {n}, seed {seed}");
            }
        });
        assert!(
            n < 3 || transfers > 0,
            "no snapshot at n = {n}: the test is weak"
        );
    }
}

#[test]
fn it_survives_outages_of_the_whole_cluster() {
    for n in [3, 5] {
        for_seeds(300, |seed| {
            let mut trial = trial(n, seed).set::<Raft>("log_tail", "100");
            trial.outages = true;
            drop(trial.run::<Raft>());
        });
    }
}

#[test]
fn it_survives_frequent_faults_and_slow_disks() {
    for n in [3, 4, 5] {
        for_seeds(300, |seed| {
            let mut trial = trial(n, seed);
            trial.fault_every = Duration::from_millis(150);
            trial.config.disk.1 = Duration::from_millis(80);
            trial.config.ledger_disk.1 = Duration::from_millis(300);
            drop(trial.run::<Raft>());
        });
    }
}
