//! Random faults over many seeds, replicas that stay down, loss, Byzantine
//! leaders, and large committees.

use std::time::Duration;

use groma_consensus_models::chained::{Chained, Rules};
use groma_consensus_models::hotstuff2::HotStuff2Rules;
use groma_consensus_models::jolteon::JolteonRules;
use groma_consensus_models::testing::{Cluster, Config, Trial, batch, battery, for_seeds};
use groma_consensus_models::{Protocol as _, ReplicaId};

use crate::adversary;

fn adapt<R: Rules>(trial: Trial) -> Trial {
    let seed = trial.config.seed;
    let mut trial = trial;
    if seed.is_multiple_of(5) {
        trial = trial.set::<Chained<R>>("certificates", "aggregate");
    }
    if seed.is_multiple_of(2) {
        // So little is kept that laggards need transfers.
        trial = trial
            .set::<Chained<R>>("retain", "8")
            .set::<Chained<R>>("checkpoint_interval", "4")
            .set::<Chained<R>>("fetch_blocks", "3");
    }
    trial
}

fn random<R: Rules>(n: u32, seeds: u64) {
    let met = battery::random_faults::<Chained<R>>(n, seeds, adapt::<R>);
    assert!(met.transfers > 0 || met.seeds < seeds, "{met:?}");
}

fn every_tolerated_pattern<R: Rules>() {
    let config = |n| Config::random::<Chained<R>>(n, 11);
    let within = Duration::from_secs(40);
    for id in 0..4 {
        battery::members_down_for_ever::<Chained<R>>(config(4), &[id], within);
    }
    for first in 0..7 {
        for second in first + 1..7 {
            battery::members_down_for_ever::<Chained<R>>(config(7), &[first, second], within);
        }
    }
    battery::members_down_for_ever::<Chained<R>>(config(10), &[0, 3, 7], within);
}

fn loss<R: Rules>() {
    for_seeds(20, |seed| {
        let config = Config::random::<Chained<R>>(4, seed);
        battery::loss_for_ever::<Chained<R>>(config, Duration::from_secs(80));
    });
}

fn large<R: Rules>() {
    for n in [64, 128] {
        let config = Config::random::<Chained<R>>(n, 3);
        let mut cluster = Cluster::<Chained<R>>::new(config);
        for id in 0..5 {
            let at = Duration::from_millis(200) * id;
            cluster.request_at(at, ReplicaId(id * 13 % n), batch(u64::from(id) + 1));
        }
        let done = cluster.run_until(Duration::from_secs(10), Cluster::is_complete);
        assert!(done.unwrap(), "{} n = {n}", Chained::<R>::NAME);
    }
}

fn byzantine<R: Rules>() {
    for_seeds(60, |seed| {
        for n in [4, 7] {
            adversary::run::<R>(Config::random::<Chained<R>>(n, seed));
        }
    });
}

/// The same tests for each protocol.
macro_rules! survives {
    ($name:ident, $rules:ty) => {
        mod $name {
            use super::*;

            #[test]
            fn random_faults_four() {
                random::<$rules>(4, 200);
            }

            #[test]
            fn random_faults_more() {
                random::<$rules>(7, 40);
                random::<$rules>(16, 8);
            }

            #[test]
            fn small_committees() {
                for n in 1..=3 {
                    battery::random_faults::<Chained<$rules>>(n, 20, adapt::<$rules>);
                }
            }

            #[test]
            fn every_f_replicas_may_be_down_for_ever() {
                every_tolerated_pattern::<$rules>();
            }

            #[test]
            fn loss_is_survived() {
                loss::<$rules>();
            }

            #[test]
            fn large_committees_commit() {
                large::<$rules>();
            }

            #[test]
            fn byzantine_leaders_break_neither_agreement_nor_progress() {
                byzantine::<$rules>();
            }

            #[test]
            fn equal_seeds_give_equal_runs() {
                let trial = Trial::new::<Chained<$rules>>(4, 5);
                battery::equal_seeds_give_equal_runs::<Chained<$rules>>(&adapt::<$rules>(trial));
            }
        }
    };
}

survives!(jolteon, JolteonRules);
survives!(hotstuff_2, HotStuff2Rules);
