//! Message counts and latencies on constant delays.

use std::time::Duration;

use groma_consensus_models::raft::Raft;
use groma_consensus_models::testing::{Cluster, Config, batch, steady};
use groma_consensus_models::{Block, ReplicaId};

const D: Duration = Duration::from_millis(10);

/// A cluster with a leader whose no-op is committed everywhere, just after a
/// heartbeat round, with counts at zero.
fn settled(config: Config) -> (Cluster<Raft>, ReplicaId) {
    let n = config.n;
    let mut cluster = Cluster::<Raft>::new(config);
    let elected = cluster.run_until(Duration::from_secs(30), |cluster| {
        (0..n).all(|id| cluster.executed(ReplicaId(id)).0 == 1)
    });
    assert!(elected.unwrap());
    let heartbeats = |cluster: &Cluster<Raft>| cluster.sent().get("heartbeat").copied();
    let before = heartbeats(&cluster);
    let limit = cluster.now() + Duration::from_secs(1);
    assert!(
        cluster
            .run_until(limit, |cluster| heartbeats(cluster) > before)
            .unwrap()
    );
    cluster.forget_counts();
    let leader = cluster.leader().unwrap();
    (cluster, leader)
}

fn committed(cluster: &Cluster<Raft>, id: u64) -> bool {
    cluster.is_committed(batch(id).id)
}

fn count(cluster: &Cluster<Raft>, kind: &str) -> u64 {
    cluster.sent().get(kind).copied().unwrap_or(0)
}

/// Commits `blocks` blocks one after the other, within a heartbeat interval.
fn commit_in_turn(cluster: &mut Cluster<Raft>, leader: ReplicaId, blocks: u64) {
    for id in 1..=blocks {
        cluster.request(leader, batch(id));
        let limit = cluster.now() + Duration::from_secs(1);
        assert!(
            cluster
                .run_until(limit, |cluster| committed(cluster, id))
                .unwrap()
        );
    }
}

fn rounds(n: u32, commit_notify: &str) -> u64 {
    let config = Config::lockstep::<Raft>(n, D)
        .set::<Raft>("commit_notify", commit_notify)
        .set::<Raft>("heartbeat", "400ms");
    let (mut cluster, leader) = settled(config);
    commit_in_turn(&mut cluster, leader, 5);
    // The messages of the last round are under way still.
    let limit = cluster.now() + 3 * D;
    cluster.run_until(limit, |_| false).unwrap();
    assert_eq!(count(&cluster, "append"), count(&cluster, "append-reply"));
    let heartbeats = count(&cluster, "heartbeat") + count(&cluster, "heartbeat-reply");
    let all: u64 = cluster.sent().values().sum();
    assert_eq!(all, heartbeats + 2 * count(&cluster, "append"));
    all - heartbeats
}

#[test]
fn an_append_round_takes_two_messages_per_follower() {
    for n in [3, 4, 5, 7, 16] {
        assert_eq!(rounds(n, "piggyback"), 5 * 2 * u64::from(n - 1), "n = {n}");
    }
}

#[test]
fn a_commit_round_of_its_own_doubles_them() {
    for n in [3, 4, 5, 7, 16] {
        assert_eq!(rounds(n, "eager"), 5 * 4 * u64::from(n - 1), "n = {n}");
    }
}

fn commit_times(config: Config) -> (Vec<Duration>, usize) {
    let n = config.n;
    let (mut cluster, leader) = settled(config);
    let start = cluster.now();
    cluster.request(leader, batch(1));
    let limit = start + Duration::from_secs(2);
    assert!(cluster.run_until(limit, Cluster::is_complete).unwrap());
    let times = (0..n)
        .map(|id| cluster.commits(ReplicaId(id))[1].at - start)
        .collect();
    (times, leader.index())
}

#[test]
fn the_leader_commits_after_two_delays() {
    for n in [3, 4, 5, 7] {
        let (times, leader) = commit_times(Config::lockstep::<Raft>(n, D));
        assert_eq!(times[leader], 2 * D, "n = {n}");
    }
}

#[test]
fn followers_commit_after_three_delays_when_told_eagerly() {
    let config = Config::lockstep::<Raft>(5, D).set::<Raft>("commit_notify", "eager");
    let (times, leader) = commit_times(config);
    for (id, time) in times.iter().enumerate() {
        let delays = if id == leader { 2 } else { 3 };
        assert_eq!(*time, delays * D, "r{id}");
    }
}

#[test]
fn a_slow_disk_adds_its_time_once() {
    // Leader and followers write at once, and the followers a delay later.
    let mut config = Config::lockstep::<Raft>(3, D);
    let write = Duration::from_millis(3);
    config.disk.0 = write;
    config.disk.1 = write;
    let (times, leader) = commit_times(config);
    assert_eq!(times[leader], 2 * D + write);
}

#[test]
fn no_load_means_heartbeats_only() {
    let (mut cluster, _) = settled(Config::lockstep::<Raft>(4, D));
    let limit = cluster.now() + Duration::from_secs(10);
    cluster.run_until(limit, |_| false).unwrap();
    let kinds: Vec<_> = cluster.sent().keys().copied().collect();
    assert_eq!(kinds, ["heartbeat", "heartbeat-reply"]);
    assert_eq!(count(&cluster, "heartbeat"), 100 * 3);
    assert_eq!(cluster.chain().count(), 1);
}

#[test]
fn waiting_batches_share_a_block_when_the_pipeline_is_full() {
    let config = Config::lockstep::<Raft>(3, D)
        .set::<Raft>("max_inflight", "2")
        .set::<Raft>("max_batches", "3");
    let (mut cluster, leader) = settled(config);
    for id in 1..=8 {
        cluster.request(leader, batch(id));
    }
    let limit = cluster.now() + Duration::from_secs(1);
    assert!(cluster.run_until(limit, Cluster::is_complete).unwrap());
    let sizes: Vec<usize> = cluster.chain().map(|block| block.batches.len()).collect();
    assert_eq!(sizes, [0, 1, 1, 3, 3]);
}

#[test]
fn a_forwarded_batch_commits_once() {
    let (mut cluster, leader) = settled(Config::lockstep::<Raft>(5, D));
    let follower = ReplicaId((leader.0 + 1) % 5);
    cluster.request(follower, batch(1));
    cluster.request(ReplicaId((leader.0 + 2) % 5), batch(1));
    let limit = cluster.now() + Duration::from_secs(3);
    cluster.run_until(limit, |_| false).unwrap();
    assert!(cluster.is_complete());
    let batches: usize = cluster
        .chain()
        .map(|block: &Block| block.batches.len())
        .sum();
    assert_eq!((batches, cluster.repeated()), (1, 0));
    assert_eq!(count(&cluster, "remind"), 0);
}

#[test]
fn the_bytes_of_an_append_round_are_the_documented_sums() {
    let n = 5;
    let config = Config::lockstep::<Raft>(n, D).set::<Raft>("heartbeat", "400ms");
    let (mut cluster, leader) = settled(config);
    let limit = cluster.now() + 2 * D;
    cluster.run_until(limit, |_| false).unwrap();
    cluster.forget_counts();
    commit_in_turn(&mut cluster, leader, 1);
    // Header 16, place 16, commit 8, count 4, entry 24, handle 40; header 16,
    // height 8.
    assert_eq!(cluster.sent_bytes(), u64::from(n - 1) * (108 + 24));
}

#[test]
fn the_log_stays_as_short_as_its_tail() {
    let config = Config::lockstep::<Raft>(3, D).set::<Raft>("log_tail", "10");
    let (mut cluster, leader) = settled(config);
    commit_in_turn(&mut cluster, leader, 500);
    for id in 0..3 {
        // Term, base, the tail in one record, and up to a tail of appends.
        let records = cluster.log(ReplicaId(id)).len();
        assert!(records <= 3 + 10, "r{id} keeps {records} records");
    }
}

#[test]
fn its_page_states_what_is_measured() {
    let rows = [4, 16, 64].map(|n| {
        let every = Duration::from_millis(4);
        let warm = Duration::from_millis(5_001);
        steady::steady::<Raft>(Config::lockstep::<Raft>(n, D), every, warm, every * 500).row(n)
    });
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocols/raft.md");
    steady::check_page(page, "raft", steady::HEAD, &rows);
}
