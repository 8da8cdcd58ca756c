//! Messages and delays at a constant one-way delay and free disks.

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::primary_backup::PrimaryBackup;
use groma_consensus_models::testing::{Cluster, Config, Fault, Steady, batch, steady};
use groma_consensus_models::{Committee, FaultModel, Params, Protocol, ReplicaId};

use crate::ACKS;

const D: Duration = Duration::from_millis(10);

/// A block every `D`, for as many blocks as a multiple of n: batches come to all
/// replicas in turn, and those that are forwarded arrive together with others.
fn measured(n: u32, acks: &str) -> Steady {
    let config = Config::lockstep::<PrimaryBackup>(n, D).set::<PrimaryBackup>("acks", acks);
    let warm = Duration::from_millis(3_095);
    steady::steady::<PrimaryBackup>(config, D, warm, blocks(n) * D)
}

fn blocks(n: u32) -> u32 {
    n * (300 / n + 1)
}

#[test]
fn a_block_costs_an_append_an_acknowledgement_and_a_notice_per_backup() {
    for n in [2, 3, 4, 7, 16, 64] {
        for acks in ACKS {
            let steady = measured(n, acks);
            assert_eq!(steady.heights, u64::from(blocks(n)), "n = {n}, {acks}");
            let each = steady.heights * u64::from(n - 1);
            let expected = match acks {
                "none" => BTreeMap::from([("append", each)]),
                _ => BTreeMap::from([("append", each), ("ack", each), ("notice", each)]),
            };
            assert_eq!(steady.sent, expected, "n = {n}, {acks}");
        }
    }
}

#[test]
fn the_primary_commits_after_a_round_trip_and_backups_a_delay_later() {
    for n in [2, 3, 4, 16] {
        for acks in ACKS {
            let expected = if acks == "none" {
                (0, 1_000)
            } else {
                (2_000, 3_000)
            };
            assert_eq!(measured(n, acks).first_and_last(), expected, "{n}, {acks}");
        }
    }
}

#[test]
fn a_slow_disk_adds_its_time_twice() {
    // A block leaves the primary's disk before it is sent.
    let mut config = Config::lockstep::<PrimaryBackup>(3, D);
    let write = Duration::from_millis(3);
    (config.disk.0, config.disk.1) = (write, write);
    let mut cluster = Cluster::<PrimaryBackup>::new(config);
    cluster.request(ReplicaId(0), batch(1));
    let end = Duration::from_secs(1);
    assert!(cluster.run_until(end, Cluster::is_complete).unwrap());
    assert_eq!(cluster.commits(ReplicaId(0))[0].at, 2 * D + 2 * write);
}

#[test]
fn all_waits_for_the_slowest_and_majority_does_not() {
    for (acks, expected) in [("majority", 2), ("all", 11)] {
        let config = Config::lockstep::<PrimaryBackup>(5, D).set::<PrimaryBackup>("acks", acks);
        let mut cluster = Cluster::<PrimaryBackup>::new(config);
        cluster.set_filter(Box::new(|_, from, _, _| match from {
            ReplicaId(4) => groma_consensus_models::testing::Fate::Delay(9 * D),
            _ => groma_consensus_models::testing::Fate::Pass,
        }));
        cluster.request(ReplicaId(0), batch(1));
        let end = Duration::from_secs(1);
        assert!(cluster.run_until(end, Cluster::is_complete).unwrap());
        assert_eq!(cluster.commits(ReplicaId(0))[0].at, expected * D, "{acks}");
    }
}

#[test]
fn an_idle_chain_says_how_far_it_is_once_per_retry() {
    let mut cluster = Cluster::<PrimaryBackup>::new(Config::lockstep::<PrimaryBackup>(4, D));
    cluster
        .run_until(Duration::from_secs(5), |_| false)
        .unwrap();
    assert!(cluster.sent().is_empty(), "nothing to tell at genesis");
    cluster.request(ReplicaId(2), batch(1));
    let second = Duration::from_secs(6);
    cluster.run_until(second + D, |_| false).unwrap();
    cluster.forget_counts();
    cluster
        .run_until(second + Duration::from_secs(10) + D, |_| false)
        .unwrap();
    assert_eq!(*cluster.sent(), BTreeMap::from([("notice", 10 * 3)]));
}

#[test]
fn waiting_batches_share_a_block_when_the_window_is_full() {
    let config = Config::lockstep::<PrimaryBackup>(3, D)
        .set::<PrimaryBackup>("window", "2")
        .set::<PrimaryBackup>("max_batches", "3");
    let mut cluster = Cluster::<PrimaryBackup>::new(config);
    for id in 1..=8 {
        cluster.request(ReplicaId(0), batch(id));
    }
    let end = Duration::from_secs(1);
    assert!(cluster.run_until(end, Cluster::is_complete).unwrap());
    let sizes: Vec<usize> = cluster.chain().map(|block| block.batches.len()).collect();
    assert_eq!(sizes, [1, 1, 3, 3]);
}

#[test]
fn it_says_without_whom_nothing_commits() {
    let needs = |n, acks: &str| {
        let params = Config::lockstep::<PrimaryBackup>(n, D).set::<PrimaryBackup>("acks", acks);
        let params: Params = params.params;
        let committee = Committee::new(n, FaultModel::Crash);
        PrimaryBackup::liveness(committee, &params).needs.len()
    };
    assert_eq!(ACKS.map(|acks| needs(5, acks)), [1, 1, 5]);
    // And so it is.
    for acks in ACKS {
        for down in [0, 4] {
            let config = Config::lockstep::<PrimaryBackup>(5, D).set::<PrimaryBackup>("acks", acks);
            let mut cluster = Cluster::<PrimaryBackup>::new(config);
            cluster.fault(Fault::Crash(ReplicaId(down)));
            cluster.request(ReplicaId(1), batch(1));
            cluster
                .run_until(Duration::from_secs(30), |_| false)
                .unwrap();
            let goes_on = down == 4 && acks != "all";
            assert_eq!(cluster.is_committed(batch(1).id), goes_on, "{acks}, {down}");
            cluster.fault(Fault::Restart(ReplicaId(down)));
            let end = Duration::from_secs(40);
            assert!(cluster.run_until(end, Cluster::is_complete).unwrap());
        }
    }
}

#[test]
fn its_page_states_what_is_measured() {
    let rows = [4, 16, 64].map(|n| measured(n, "majority").row(n));
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/protocols/primary-backup.md"
    );
    steady::check_page(page, "primary-backup", steady::HEAD, &rows);
}
