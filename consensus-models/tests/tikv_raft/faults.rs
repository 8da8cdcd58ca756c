//! Random faults over many seeds, and members that stay down.

use std::time::Duration;

use groma_consensus_models::testing::{Config, Trial, battery};
use groma_consensus_models::tikv_raft::TikvRaft;

/// Every other seed keeps so little that laggards need snapshots.
fn adapt(mut trial: Trial) -> Trial {
    let seed = trial.config.seed;
    if seed.is_multiple_of(2) {
        trial = trial.set::<TikvRaft>("log_tail", "4");
    }
    if seed.is_multiple_of(3) {
        trial = trial.set::<TikvRaft>("commit_notify", "piggyback");
    }
    if seed.is_multiple_of(5) {
        trial = trial.set::<TikvRaft>("pre_vote", "false");
    }
    if seed.is_multiple_of(7) {
        trial = trial
            .set::<TikvRaft>("max_inflight", "1")
            .set::<TikvRaft>("max_batches", "2");
        trial.torn_permille = 50;
    }
    trial
}

#[test]
fn it_survives_random_faults() {
    for (n, seeds) in [
        (1, 10),
        (2, 10),
        (3, 60),
        (4, 200),
        (5, 20),
        (7, 10),
        (16, 2),
    ] {
        let met = battery::random_faults::<TikvRaft>(n, seeds, adapt);
        assert!(
            n < 3 || met.seeds < seeds || met.transfers > 0,
            "n = {n}: no snapshot"
        );
    }
}

#[test]
fn a_batch_is_ordered_once_while_it_is_remembered() {
    let met = battery::random_faults::<TikvRaft>(4, 60, |trial| trial);
    assert_eq!(met.repeated, 0);
}

#[test]
fn any_f_members_may_be_down_for_ever() {
    let within = Duration::from_secs(30);
    let config = |n| Config::random::<TikvRaft>(n, 3);
    for down in 0..3 {
        battery::members_down_for_ever::<TikvRaft>(config(3), &[down], within);
    }
    for first in 0..5 {
        for second in first + 1..5 {
            battery::members_down_for_ever::<TikvRaft>(config(5), &[first, second], within);
        }
    }
}

#[test]
fn loss_is_survived_without_any_other_fault() {
    for seed in 1..=10 {
        let config = Config::random::<TikvRaft>(4, seed);
        battery::loss_for_ever::<TikvRaft>(config, Duration::from_secs(60));
    }
}

#[test]
fn equal_seeds_give_equal_runs() {
    // The crate draws from the thread's entropy; nothing may come of it.
    battery::equal_seeds_give_equal_runs::<TikvRaft>(&adapt(Trial::new::<TikvRaft>(5, 6)));
}

#[test]
fn large_committees_order_too() {
    for n in [64, 128] {
        let mut trial = Trial::new::<TikvRaft>(n, 2);
        trial.batches = 10;
        trial.faults_until = Duration::from_secs(5);
        let _ = trial.run::<TikvRaft>();
    }
}
