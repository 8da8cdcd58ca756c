//! The protocol by itself: closed forms in a world without costs, and laws
//! under random faults. `GROMA_SEEDS` and `GROMA_SEED` choose the seeds.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_consensus_models::testing::{Cluster, Config, Fault, Trial, batch, for_seeds};
use own_protocol::PrimaryBackup;

const DELAY: Duration = Duration::from_millis(10);

/// Ten batches at the primary, 50 ms apart, and the cluster after they are all
/// committed, before anything is repeated.
fn ten_blocks(n: u32, acks: &str) -> Cluster<PrimaryBackup> {
    let config = Config::lockstep::<PrimaryBackup>(n, DELAY).set::<PrimaryBackup>("acks", acks);
    let mut cluster = Cluster::new(config);
    for id in 1..=10 {
        let at = Duration::from_millis(50 * id);
        cluster.request_at(at, ReplicaId(0), batch(id));
    }
    let end = Duration::from_millis(900);
    cluster.run_until(end, |_| false).unwrap();
    cluster
}

#[test]
fn a_block_costs_an_append_an_acknowledgement_and_a_notice_per_backup() {
    for n in [3, 5, 7] {
        for acks in ["majority", "all"] {
            let cluster = ten_blocks(n, acks);
            assert!(cluster.is_complete(), "{}", cluster.describe());
            let each = 10 * u64::from(n - 1);
            let sent: Vec<_> = cluster
                .sent()
                .iter()
                .map(|(kind, count)| (*kind, *count))
                .collect();
            assert_eq!(
                sent,
                [("ack", each), ("append", each), ("notice", each)],
                "n = {n}, {acks}"
            );
        }
    }
}

#[test]
fn the_primary_commits_after_one_round_trip() {
    let cluster = ten_blocks(5, "majority");
    for (index, commit) in cluster.commits(ReplicaId(0)).iter().enumerate() {
        let requested = Duration::from_millis(50 * (index as u64 + 1));
        assert_eq!(commit.at - requested, 2 * DELAY);
    }
}

#[test]
fn crashes_losses_and_partitions_break_no_law_and_stop_nothing_for_ever() {
    for_seeds(40, |seed| {
        for n in [3, 5] {
            let _ = Trial::new::<PrimaryBackup>(n, seed).run::<PrimaryBackup>();
        }
    });
}

#[test]
fn outages_of_all_and_crashes_in_the_middle_of_a_write_break_no_law() {
    for_seeds(40, |seed| {
        for acks in ["majority", "all"] {
            let mut trial = Trial::new::<PrimaryBackup>(3, seed).set::<PrimaryBackup>("acks", acks);
            trial.outages = true;
            trial.torn_permille = 20;
            let _ = trial.run::<PrimaryBackup>();
        }
    });
}

#[test]
fn one_backup_down_stops_only_those_who_wait_for_all() {
    for (acks, goes_on) in [("majority", true), ("all", false)] {
        let config = Config::lockstep::<PrimaryBackup>(3, DELAY).set::<PrimaryBackup>("acks", acks);
        let mut cluster = Cluster::<PrimaryBackup>::new(config);
        cluster.fault_at(Duration::from_millis(1), Fault::Crash(ReplicaId(2)));
        cluster.request_at(Duration::from_millis(10), ReplicaId(1), batch(1));
        cluster
            .run_until(Duration::from_secs(5), |_| false)
            .unwrap();
        assert_eq!(cluster.is_committed(batch(1).id), goes_on, "{acks}");
    }
}
