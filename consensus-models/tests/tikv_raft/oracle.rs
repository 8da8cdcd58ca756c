//! Our Raft against TiKV's: messages per block, delays to the commit, elections.

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::raft::Raft;
use groma_consensus_models::testing::{Cluster, Config, Steady, batch, steady};
use groma_consensus_models::tikv_raft::TikvRaft;
use groma_consensus_models::{Protocol, ReplicaId};

const D: Duration = Duration::from_millis(10);

/// Five blocks, one after the other, between two heartbeats of a leader whose
/// first block is committed everywhere.
struct Five<P: Protocol> {
    cluster: Cluster<P>,
    leader: ReplicaId,
    start: Duration,
}

fn five_blocks<P: Protocol>(n: u32, commit_notify: &str) -> Five<P> {
    let config = Config::lockstep::<P>(n, D)
        .set::<P>("commit_notify", commit_notify)
        .set::<P>("heartbeat", "400ms")
        .set::<P>("election_timeout", "2s");
    let mut cluster = Cluster::<P>::new(config);
    let limit = Duration::from_secs(60);
    let everywhere = |cluster: &Cluster<P>| (0..n).all(|id| cluster.executed(ReplicaId(id)).0 == 1);
    assert!(cluster.run_until(limit, everywhere).unwrap());
    let beats = |cluster: &Cluster<P>| cluster.sent().get("heartbeat").copied();
    let before = beats(&cluster);
    assert!(
        cluster
            .run_until(limit, |cluster| beats(cluster) > before)
            .unwrap()
    );
    let next = cluster.now() + 3 * D;
    cluster.run_until(next, |_| false).unwrap();
    cluster.forget_counts();
    let leader = cluster.leader().unwrap();
    let start = cluster.now();
    for id in 1..=5 {
        cluster.request_at(start + 5 * D * (id - 1), leader, batch(u64::from(id)));
    }
    cluster.run_until(start + 25 * D, |_| false).unwrap();
    Five {
        cluster,
        leader,
        start,
    }
}

/// When each replica committed the fourth of the blocks, the leader first.
fn delays<P: Protocol>(five: &Five<P>, n: u32) -> Vec<u128> {
    let asked = five.start + 15 * D;
    let others = (0..n).map(ReplicaId).filter(|id| *id != five.leader);
    std::iter::once(five.leader)
        .chain(others)
        .map(|id| (five.cluster.commits(id)[4].at - asked).as_nanos() / D.as_nanos())
        .collect()
}

#[test]
fn both_send_the_same_messages_and_commit_at_the_same_times() {
    for n in [3, 4, 5, 7] {
        for commit_notify in ["eager", "piggyback"] {
            let own = five_blocks::<Raft>(n, commit_notify);
            let theirs = five_blocks::<TikvRaft>(n, commit_notify);
            assert_eq!(
                own.cluster.sent(),
                theirs.cluster.sent(),
                "{n}, {commit_notify}"
            );
            assert_eq!(delays(&own, n), delays(&theirs, n), "{n}, {commit_notify}");
        }
    }
}

#[test]
fn a_block_costs_two_or_four_messages_per_follower() {
    for n in [3, 4, 7, 16, 64] {
        for (commit_notify, rounds) in [("piggyback", 1), ("eager", 2)] {
            let five = five_blocks::<TikvRaft>(n, commit_notify);
            let each = 5 * rounds * u64::from(n - 1);
            let expected = BTreeMap::from([("append", each), ("append-reply", each)]);
            assert_eq!(*five.cluster.sent(), expected, "n = {n}, {commit_notify}");
        }
    }
}

#[test]
fn the_leader_commits_after_two_delays_and_followers_a_delay_later() {
    let five = five_blocks::<TikvRaft>(5, "eager");
    assert_eq!(delays(&five, 5), [2, 3, 3, 3, 3]);
}

#[test]
fn a_new_leader_probes_before_it_pipelines() {
    let mut cluster = Cluster::<TikvRaft>::new(Config::lockstep::<TikvRaft>(5, D));
    for id in 0..5 {
        cluster.request(ReplicaId(id), batch(u64::from(id) + 1));
    }
    let end = Duration::from_secs(5);
    assert!(
        cluster
            .run_until(end, |cluster| cluster.chain().count() > 1)
            .unwrap()
    );
    let leader = cluster.leader().unwrap();
    let commits = cluster.commits(leader);
    assert_eq!(commits[1].at - commits[0].at, 2 * D);
}

fn measured(n: u32) -> Steady {
    let every = Duration::from_millis(4);
    let warm = Duration::from_millis(5_001);
    steady::steady::<TikvRaft>(Config::lockstep::<TikvRaft>(n, D), every, warm, every * 500)
}

#[test]
fn its_page_states_what_is_measured() {
    let rows = [4, 16, 64].map(|n| measured(n).row(n));
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/protocols/tikv-raft.md"
    );
    steady::check_page(page, "tikv-raft", steady::HEAD, &rows);
}
