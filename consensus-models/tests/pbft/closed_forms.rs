//! Closed forms of PBFT: messages per block and commit latency.

use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_consensus_models::pbft::Pbft;
use groma_consensus_models::testing::{Cluster, Config, batch, steady};

const DELAY: Duration = Duration::from_millis(10);

/// Orders `blocks` batches one after the other, requested at the primary.
fn run(n: u32, blocks: u64) -> Cluster<Pbft> {
    let config = Config::lockstep::<Pbft>(n, DELAY).set::<Pbft>("retransmit", "10s");
    let mut cluster = Cluster::<Pbft>::new(config);
    for id in 1..=blocks {
        let at = Duration::from_millis(100 * id);
        cluster.request_at(at, ReplicaId(0), batch(id));
    }
    let limit = Duration::from_secs(60);
    assert!(cluster.run_until(limit, Cluster::is_complete).unwrap());
    // Whatever is still in flight was sent for these blocks.
    let rest = cluster.now() + Duration::from_millis(50);
    cluster.run_until(rest, |_| false).unwrap();
    cluster
}

#[test]
fn a_block_costs_the_messages_of_the_closed_form() {
    for n in [1, 2, 3, 4, 7, 16, 64] {
        let blocks = 3;
        let cluster = run(n, blocks);
        let (n, backups) = (u64::from(n), u64::from(n) - 1);
        let sent = |kind: &str| cluster.sent().get(kind).copied().unwrap_or_default();
        assert_eq!(sent("pre-prepare"), blocks * backups, "n = {n}");
        assert_eq!(sent("prepare"), blocks * backups * backups, "n = {n}");
        assert_eq!(sent("commit"), blocks * n * backups, "n = {n}");
        assert_eq!(
            cluster.sent().values().sum::<u64>(),
            blocks * (backups + backups * backups + n * backups),
            "nothing else, n = {n}"
        );
        assert!(cluster.rejected().is_empty(), "{:?}", cluster.rejected());
    }
}

#[test]
fn a_block_commits_everywhere_after_three_delays() {
    for n in [4, 7, 16] {
        let cluster = run(n, 3);
        for id in 0..n {
            for (block, commit) in (1_u32..).zip(cluster.commits(ReplicaId(id))) {
                let proposed = Duration::from_millis(100) * block;
                assert_eq!(commit.block.created, proposed);
                assert_eq!(commit.at - proposed, 3 * DELAY, "r{id} of {n}");
            }
        }
    }
}

#[test]
fn its_page_states_what_is_measured() {
    let rows = [4, 16, 64].map(|n| {
        let warm = Duration::from_millis(1_005);
        let config = Config::lockstep::<Pbft>(n, DELAY);
        steady::steady::<Pbft>(config, DELAY, warm, DELAY * 256).row(n)
    });
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocols/pbft.md");
    steady::check_page(page, "pbft", steady::HEAD, &rows);
}
