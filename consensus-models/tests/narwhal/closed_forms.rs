//! Message counts and latencies at a constant one-way delay and free CPU.
//!
//! A round takes 3 d: header, vote, certificate. Every second round leads. A
//! leader is committed when the next round is certified (Bullshark, 6 d), or
//! when the coin is revealed by the round after that (Tusk, 9 d).

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::narwhal::{Bullshark, Tusk};
use groma_consensus_models::testing::steady::{HEAD, check_page, steady};
use groma_consensus_models::testing::{Cluster, Config, Steady, batch};
use groma_consensus_models::{Protocol, ReplicaId};

/// So long that no header waits for `max_header_delay`.
const D: Duration = Duration::from_millis(50);

fn run<P: Protocol>(n: u32) -> Steady {
    let config = Config::lockstep::<P>(n, D);
    // A batch every second round; 8 rounds, 4 of which lead.
    steady::<P>(config, 6 * D, 18 * D, 24 * D)
}

fn check<P: Protocol>(n: u32, delays: u64) -> [String; 5] {
    let steady = run::<P>(n);
    let per_kind = 4 * 2 * u64::from(n * (n - 1));
    let expected = ["certificate", "header", "vote"].map(|kind| (kind, per_kind));
    assert_eq!(steady.sent, BTreeMap::from(expected), "{} n = {n}", P::NAME);
    assert_eq!(steady.heights, 4, "{} n = {n}", P::NAME);
    let each = u64::from(6 * n * (n - 1));
    assert_eq!(steady.messages_per_height(), each);
    let delays = delays * 1000;
    assert_eq!(steady.first_and_last(), (delays, delays));
    steady.row(n)
}

/// A block takes two rounds of n headers, votes and certificates to all.
fn check_all<P: Protocol>(delays: u64) {
    check::<P>(7, delays);
    let rows = [4, 16, 64].map(|n| check::<P>(n, delays));
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocols");
    let page = format!("{docs}/{}.md", P::NAME);
    check_page(page, P::NAME, HEAD, &rows);
}

#[test]
fn tusk_commits_a_leader_after_three_rounds() {
    check_all::<Tusk>(9);
}

/// The first certificate of the round after the revealing one is one's own, 2 d
/// after its header.
#[test]
fn a_late_coin_costs_tusk_another_round() {
    let config = Config::lockstep::<Tusk>(7, D).set::<Tusk>("coin", "next-certificate");
    let steady = steady::<Tusk>(config, 6 * D, 18 * D, 24 * D);
    assert_eq!(steady.first_and_last(), (11_000, 11_000));
}

#[test]
fn bullshark_commits_a_leader_after_two_rounds() {
    check_all::<Bullshark>(6);
}

/// Delays from the header with a batch to its commit, over all authors and
/// rounds: a batch per validator and round.
fn vertex_delays<P: Protocol>(n: u32) -> BTreeMap<u128, u32> {
    let mut cluster = Cluster::<P>::new(Config::lockstep::<P>(n, D));
    let rounds = 24;
    // The first header is made 2 d after the start, a round is 3 d: batches
    // come just before.
    for round in 0..rounds {
        for id in 0..n {
            let at = (2 + 3 * round) * D - if round == 0 { 2 * D } else { D };
            let number = u64::from(round * n + id) + 1;
            cluster.request_at(at, ReplicaId(id), batch(number));
        }
    }
    let end = D * (3 * rounds + 30);
    assert!(!cluster.run_until(end, |_| false).unwrap());
    let mut delays = BTreeMap::new();
    for commit in cluster.commits(ReplicaId(0)) {
        for batch in &commit.block.batches {
            let round = (batch.id.0 as u32 - 1) / n;
            if (8..20).contains(&round) {
                let took = commit.at - D * (2 + 3 * round);
                *delays.entry(took.as_nanos() / D.as_nanos()).or_default() += 1;
            }
        }
    }
    delays
}

#[test]
fn a_vertex_waits_for_the_leader_that_reaches_it() {
    for n in [4, 10] {
        // Bullshark: leaders after 2 rounds, the rest of their rounds with the
        // next leader after 4, the odd rounds after 3.
        let expected = BTreeMap::from([(6, 6), (9, 6 * n), (12, 6 * (n - 1))]);
        assert_eq!(vertex_delays::<Bullshark>(n), expected);
        // Tusk: a round later each.
        let expected = BTreeMap::from([(9, 6), (12, 6 * n), (15, 6 * (n - 1))]);
        assert_eq!(vertex_delays::<Tusk>(n), expected);
    }
}

fn idle<P: Protocol>() {
    let mut cluster = Cluster::<P>::new(Config::lockstep::<P>(4, D));
    assert!(
        !cluster
            .run_until(Duration::from_secs(60), |_| false)
            .unwrap()
    );
    // A round per idle_interval.
    assert_eq!(cluster.sent()["header"], 60 * 12);
    let asked = cluster.now();
    cluster.request(ReplicaId(2), batch(1));
    let end = asked + 20 * D;
    let done = cluster.run_until(end, Cluster::is_complete).unwrap();
    assert!(done, "{}: {}", P::NAME, cluster.describe());
}

#[test]
fn an_idle_graph_costs_a_round_per_interval_and_wakes_at_once() {
    idle::<Tusk>();
    idle::<Bullshark>();
}
