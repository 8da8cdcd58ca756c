//! Agreement, validity and progress under random faults, for many seeds.

use std::time::Duration;

use groma_consensus_models::raft::Raft;
use groma_consensus_models::testing::{SplitMix64, Trial, for_seeds};

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
        let seeds = for_seeds(200, |seed| {
            let cluster = trial(n, seed).run::<Raft>();
            transfers += cluster.transfers();
            // A long tail recognises every batch that is requested once more.
            if !seed.is_multiple_of(2) {
                assert_eq!(cluster.repeated(), 0, "n = {n}, seed {seed}");
            }
        });
        // Or else the test is weak. A replay of one seed need not show any.
        assert!(
            n < 3 || seeds < 200 || transfers > 0,
            "n = {n}: no snapshot"
        );
    }
}

#[test]
fn it_survives_outages_of_the_whole_cluster() {
    for n in [3, 5] {
        for_seeds(200, |seed| {
            let mut trial = trial(n, seed).set::<Raft>("log_tail", "100");
            trial.outages = true;
            drop(trial.run::<Raft>());
        });
    }
}

/// Everything at once, drawn per seed: hardly any log, disks slower than the
/// network, a fault every few messages. Here a vote or an acknowledgement
/// that is said before it is durable breaks agreement. Delays and writes stay
/// within what the election timeout allows (section 5.6), or nothing lives.
fn torture(n: u32, seed: u64) -> Trial {
    let mut rng = SplitMix64::fork(seed, 0x0070_7274);
    let mut pick = |choices: [u64; 4]| choices[rng.below(4) as usize];
    let millis = Duration::from_millis;
    let timeout = pick([100, 200, 400, 800]);
    let tail = pick([1, 2, 5, 1000]);
    let mut trial = trial(n, seed)
        .set::<Raft>("election_timeout", &format!("{timeout}ms"))
        .set::<Raft>("heartbeat", &format!("{}ms", timeout / 8))
        .set::<Raft>("log_tail", &tail.to_string());
    trial.config.delay.1 = millis(timeout / pick([8, 10, 20, 50]));
    trial.config.disk.1 = millis(timeout / pick([3, 4, 10, 1000]));
    // The tail has to cover what the ledger has executed but not kept.
    let lag = if tail == 1000 { 300 } else { 0 };
    trial.config.ledger_disk.1 = millis(lag);
    trial.config.snapshot.1 = millis(pick([20, 100, 300, 1000]));
    trial.torn_permille = pick([0, 20, 100, 300]) as u32;
    trial.fault_every = millis(timeout / pick([1, 2, 4, 8]));
    trial.batches = pick([20, 50, 100, 200]) as u32;
    trial.faults_until = millis(40 * timeout);
    trial
}

#[test]
fn it_survives_frequent_faults_and_slow_disks() {
    for n in [3, 4, 5] {
        for_seeds(200, |seed| {
            drop(torture(n, seed).run::<Raft>());
        });
    }
}
