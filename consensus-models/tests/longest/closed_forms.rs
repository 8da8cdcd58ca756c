//! Messages per block and times to commit at a constant one-way delay and free
//! CPU, as closed forms over the graph of peers give them.

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::longest::{Clique, Nakamoto, Praos, links};
use groma_consensus_models::testing::{Cluster, Config};
use groma_consensus_models::{Height, Protocol, ReplicaId};

const D: Duration = Duration::from_millis(10);

/// Intervals so long that no two blocks meet.
fn lonely<P: Protocol>(n: u32) -> Config {
    let config = Config::lockstep::<P>(n, D);
    match P::NAME {
        "nakamoto" => config.set::<P>("block_interval", "1000s"),
        "praos" => config.set::<P>("active_slots", "1").set::<P>("nonce", "2"),
        _ => config.set::<P>("wiggle", "100s"),
    }
}

fn made<P: Protocol>(cluster: &Cluster<P>) -> u64 {
    let made = cluster.counted().get("blocks-made");
    made.copied().unwrap_or_default()
}

/// Runs until so many blocks are made and everywhere.
fn run<P: Protocol>(config: Config, blocks: u64) -> Cluster<P> {
    let mut cluster = Cluster::<P>::new(config);
    let forever = Duration::from_secs(10_000_000);
    let done = cluster.run_until(forever, |cluster| made(cluster) >= blocks);
    assert!(done.unwrap());
    let end = cluster.now() + 100 * D;
    assert!(!cluster.run_until(end, |_| false).unwrap());
    assert_eq!(made(&cluster), blocks);
    cluster
}

fn messages_per_block<P: Protocol>() {
    for (n, peers) in [(4, 8), (7, 8), (16, 3), (64, 8)] {
        let others = u64::from(n - 1);
        // Each node tells all peers but the one that told it; the maker, all.
        let told = 2 * links(n, peers) - others;
        let peers = peers.to_string();
        let blocks = 20;
        for (relay, expected) in [
            (
                "full",
                vec![("inv", told), ("getdata", others), ("block", others)],
            ),
            ("compact", vec![("compact", told)]),
        ] {
            let config = lonely::<P>(n);
            let config = config.set::<P>("relay", relay).set::<P>("peers", &peers);
            let cluster = run::<P>(config, blocks);
            let each = expected.into_iter().map(|(kind, per)| (kind, per * blocks));
            let expected: BTreeMap<_, _> = each.collect();
            assert_eq!(*cluster.sent(), expected, "{} n = {n} {relay}", P::NAME);
            assert!(cluster.rejected().is_empty(), "{:?}", cluster.rejected());
        }
    }
}

#[test]
fn a_block_costs_two_announcements_a_link_and_one_copy_a_node() {
    messages_per_block::<Nakamoto>();
    messages_per_block::<Clique>();
    messages_per_block::<Praos>();
}

#[test]
fn a_full_mesh_has_all_links_and_a_graph_about_its_degree() {
    assert_eq!([4, 7, 9].map(|n| links(n, 8)), [6, 21, 36]);
    // 64 nodes dial 8 each; a link that both ends dialled counts once.
    let sparse = links(64, 8);
    assert!((440..=512).contains(&sparse), "{sparse}");
}

#[test]
fn a_clique_block_commits_after_k_less_one_periods_and_one_relay() {
    let period = Duration::from_secs(15);
    for n in [4, 7, 16] {
        for (relay, hops) in [("full", 3), ("compact", 1)] {
            let config = lonely::<Clique>(n).set::<Clique>("relay", relay);
            let config = config.set::<Clique>("peers", &(n - 1).to_string());
            let cluster = run::<Clique>(config, 40);
            let k = n / 2 + 1;
            let mut expected = vec![period * (k - 1) + D * hops; n as usize];
            // The signer of the last block knows it at once.
            expected[0] = period * (k - 1);
            let mut seen: BTreeMap<Height, Vec<Duration>> = BTreeMap::new();
            for commit in (0..n).flat_map(|id| cluster.commits(ReplicaId(id))) {
                let took = commit.at - commit.block.created;
                seen.entry(commit.block.height).or_default().push(took);
            }
            assert_eq!(seen.len() as u32, 40 - k + 1);
            for mut took in seen.into_values() {
                took.sort_unstable();
                assert_eq!(took, expected, "n = {n} {relay}");
            }
        }
    }
}

#[test]
fn clique_signers_take_turns_on_the_period() {
    let cluster = run::<Clique>(lonely::<Clique>(5), 50);
    let chain: Vec<_> = cluster.chain().collect();
    assert_eq!(chain.len(), 48);
    for block in chain {
        let height = block.height.0;
        assert_eq!(u64::from(block.proposer.0), height % 5);
        assert_eq!(block.created, Duration::from_secs(15 * height));
    }
    assert!(!cluster.counted().contains_key("reorganisations"));
}
