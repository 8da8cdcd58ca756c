//! The protocol by itself: a script, closed forms in a world without costs, and
//! laws under random faults. `GROMA_SEEDS` and `GROMA_SEED` choose the seeds,
//! `UPDATE_EXPECT=1` rewrites the script's trace.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_consensus_models::testing::{
    Cluster, Config, Fault, Trial, batch, battery, script, steady,
};
use own_protocol::ChainReplication as Chain;

const D: Duration = Duration::from_millis(10);

#[test]
fn the_script_of_a_crash_in_the_middle_says_what_the_paper_says() {
    script::check::<Chain>("tests/crash.txt");
}

#[test]
fn a_block_goes_down_the_chain_and_the_word_of_it_comes_back() {
    for n in [1, 2, 3, 5, 16] {
        let config = Config::lockstep::<Chain>(n, D);
        let warm = Duration::from_secs(3) + D / 2;
        let steady = steady::steady::<Chain>(config, 2 * n * D, warm, 2 * n * 100 * D);
        assert_eq!(steady.heights, 100, "n = {n}");
        assert_eq!(steady.messages_per_height(), 2 * u64::from(n - 1));
        // The tail first, the head last.
        let way = 1_000 * u64::from(n - 1);
        assert_eq!(steady.first_and_last(), (way, 2 * way), "n = {n}");
    }
}

#[test]
fn crashes_losses_and_partitions_break_no_law_and_stop_nothing_for_ever() {
    for n in [1, 2, 3, 5] {
        let met = battery::random_faults::<Chain>(n, 60, |mut trial| {
            let seed = trial.config.seed;
            trial.torn_permille = if seed.is_multiple_of(2) { 0 } else { 30 };
            let window = if seed.is_multiple_of(3) { "2" } else { "64" };
            trial.set::<Chain>("window", window)
        });
        assert_eq!(met.transfers, 0, "what is committed is everywhere");
    }
}

#[test]
fn equal_seeds_give_equal_runs() {
    battery::equal_seeds_give_equal_runs::<Chain>(&Trial::new::<Chain>(4, 7));
}

#[test]
fn whoever_is_down_stops_it_until_it_is_back() {
    for down in 0..3 {
        let mut cluster = Cluster::<Chain>::new(Config::lockstep::<Chain>(3, D));
        cluster.fault(Fault::Crash(ReplicaId(down)));
        cluster.request(ReplicaId((down + 1) % 3), batch(1));
        cluster
            .run_until(Duration::from_secs(5), |_| false)
            .unwrap();
        assert!(!cluster.is_committed(batch(1).id), "without {down}");
        cluster.fault(Fault::Restart(ReplicaId(down)));
        let end = Duration::from_secs(8);
        assert!(cluster.run_until(end, Cluster::is_complete).unwrap());
    }
}
