//! Random faults over many seeds, and replicas that stay down, for any protocol
//! that decides one height after the other: the test that includes this file
//! says which.

use std::time::Duration;

use groma_consensus_models::testing::battery::{self, Met};
use groma_consensus_models::testing::{Config, Trial};

use crate::Node;

/// Half of the seeds keep so little that laggards need transfers, and a third
/// of them gossip.
fn adapt(mut trial: Trial) -> Trial {
    let seed = trial.config.seed;
    if seed.is_multiple_of(2) {
        trial = trial
            .set::<Node>("retain", "8")
            .set::<Node>("checkpoint_interval", "4")
            .set::<Node>("fetch_blocks", "3");
    }
    if seed.is_multiple_of(3) {
        trial = trial
            .set::<Node>("spread", "gossip")
            .set::<Node>("peers", "2");
    }
    if seed.is_multiple_of(5) {
        trial.torn_permille = 20;
    }
    trial
}

fn run(n: u32, seeds: u64) -> Met {
    battery::random_faults::<Node>(n, seeds, adapt)
}

#[test]
fn random_faults_four() {
    let met = run(4, 200);
    assert!(met.transfers > 0 || met.seeds < 200, "{met:?}");
}

#[test]
fn random_faults_of_other_sizes() {
    for (n, seeds) in [(1, 20), (2, 20), (3, 20), (7, 60), (16, 10)] {
        run(n, seeds);
    }
}

#[test]
fn f_replicas_may_be_down_for_ever() {
    for (n, down) in [
        (4, vec![0]),
        (4, vec![2]),
        (7, vec![1, 2]),
        (7, vec![0, 3]),
        (10, vec![0, 3, 7]),
    ] {
        let config = Config::random::<Node>(n, 11);
        battery::members_down_for_ever::<Node>(config, &down, Duration::from_secs(40));
    }
}

#[test]
fn loss_is_survived_without_any_other_fault() {
    for seed in 1..=15 {
        let config = Config::random::<Node>(4, seed);
        battery::loss_for_ever::<Node>(config, Duration::from_secs(90));
        let config = Config::random::<Node>(7, seed).set::<Node>("spread", "gossip");
        battery::loss_for_ever::<Node>(config, Duration::from_secs(90));
    }
}

#[test]
fn equal_seeds_give_equal_runs() {
    for seed in [5, 6] {
        battery::equal_seeds_give_equal_runs::<Node>(&adapt(Trial::new::<Node>(4, seed)));
    }
}

#[test]
fn large_committees_go_on() {
    for n in [64, 128] {
        let mut trial = Trial::new::<Node>(n, 3);
        trial.batches = 3;
        trial.faults_until = Duration::from_secs(2);
        drop(trial.run::<Node>());
    }
}
