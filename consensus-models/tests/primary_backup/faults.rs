//! Random faults over many seeds, and members that stay down.

use std::time::Duration;

use groma_consensus_models::primary_backup::PrimaryBackup;
use groma_consensus_models::testing::{Config, Trial, battery};

use crate::ACKS;

/// Every other seed keeps so little that laggards need transfers.
fn adapt(trial: Trial, acks: &str) -> Trial {
    let seed = trial.config.seed;
    let mut trial = trial.set::<PrimaryBackup>("acks", acks);
    if seed.is_multiple_of(2) {
        trial = trial
            .set::<PrimaryBackup>("retain", "4")
            .set::<PrimaryBackup>("fetch_blocks", "2");
    }
    if seed.is_multiple_of(5) {
        trial = trial
            .set::<PrimaryBackup>("window", "1")
            .set::<PrimaryBackup>("max_batches", "2");
    }
    if seed.is_multiple_of(7) {
        trial.torn_permille = 50;
    }
    trial
}

#[test]
fn crashes_losses_and_partitions_break_no_law_and_stop_nothing_for_ever() {
    for acks in ACKS {
        for (n, seeds) in [(1, 20), (2, 40), (3, 100), (4, 200), (7, 40), (16, 10)] {
            let met = battery::random_faults::<PrimaryBackup>(n, seeds, |trial| adapt(trial, acks));
            // Where all must hold a block, nobody falls that far behind.
            let may_lag = n >= 3 && acks != "all";
            assert!(
                !may_lag || met.seeds < seeds || met.transfers > 0,
                "{acks}, n = {n}"
            );
        }
    }
}

#[test]
fn a_batch_is_ordered_once_while_it_is_remembered() {
    let met = battery::random_faults::<PrimaryBackup>(4, 60, |trial| trial);
    assert_eq!(met.repeated, 0);
}

#[test]
fn any_f_backups_may_be_down_for_ever() {
    let within = Duration::from_secs(20);
    for acks in ["none", "majority"] {
        let config = |n| Config::random::<PrimaryBackup>(n, 3).set::<PrimaryBackup>("acks", acks);
        for down in 1..3 {
            battery::members_down_for_ever::<PrimaryBackup>(config(3), &[down], within);
        }
        for first in 1..5 {
            for second in first + 1..5 {
                let down = [first, second];
                battery::members_down_for_ever::<PrimaryBackup>(config(5), &down, within);
            }
        }
    }
    // A single sequencer needs nobody.
    let config = Config::random::<PrimaryBackup>(4, 3).set::<PrimaryBackup>("acks", "none");
    battery::members_down_for_ever::<PrimaryBackup>(config, &[1, 2, 3], within);
}

#[test]
fn loss_is_survived_without_any_other_fault() {
    for acks in ACKS {
        for seed in 1..=10 {
            let config = Config::random::<PrimaryBackup>(4, seed);
            let config = config.set::<PrimaryBackup>("acks", acks);
            battery::loss_for_ever::<PrimaryBackup>(config, Duration::from_secs(40));
        }
    }
}

#[test]
fn equal_seeds_give_equal_runs() {
    for acks in ACKS {
        let trial = adapt(Trial::new::<PrimaryBackup>(4, 6), acks);
        battery::equal_seeds_give_equal_runs::<PrimaryBackup>(&trial);
    }
}

#[test]
fn large_committees_order_too() {
    for n in [64, 128] {
        let mut trial = Trial::new::<PrimaryBackup>(n, 2);
        trial.batches = 10;
        trial.faults_until = Duration::from_secs(5);
        let _ = trial.run::<PrimaryBackup>();
    }
}
