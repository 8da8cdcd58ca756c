//! Message counts and latencies at a constant one-way delay and free CPU.

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_consensus_models::simplex::Simplex;
use groma_consensus_models::testing::steady::{self, Steady};
use groma_consensus_models::testing::{Cluster, Config, batch};

const D: Duration = Duration::from_millis(10);

fn steady(n: u32) -> Steady {
    let config = Config::lockstep::<Simplex>(n, D);
    steady::steady::<Simplex>(config, D / 2, 20 * D, 120 * D)
}

#[test]
fn an_iteration_costs_a_proposal_and_three_messages_of_everyone_to_everyone() {
    for n in [4, 7, 16, 64] {
        let seen = steady(n);
        let others = u64::from(n - 1);
        let (n, blocks) = (u64::from(n), seen.heights);
        // An iteration takes two delays.
        assert_eq!((seen.blocks, blocks), (60, 60));
        let all = blocks * n * others;
        let expected = BTreeMap::from([
            ("proposal", blocks * others),
            ("vote", all),
            ("notarized", all),
            ("finalize", all),
        ]);
        assert_eq!(seen.sent, expected, "n = {n}");
        assert_eq!(seen.first_and_last(), (3_000, 3_000), "n = {n}");
    }
}

#[test]
fn an_idle_chain_costs_little_and_never_times_out() {
    let mut cluster = Cluster::<Simplex>::new(Config::lockstep::<Simplex>(4, D));
    let done = cluster.run_until(Duration::from_secs(60), |_| false);
    assert!(!done.unwrap());
    assert!(!cluster.sent().contains_key("dummy-vote"));
    // One every idle_interval and two delays.
    assert_eq!(cluster.sent()["proposal"], 3 * ((60_000 + 20) / 420));
    let asked = cluster.now();
    cluster.request(ReplicaId(2), batch(1));
    let done = cluster.run_until(Duration::from_secs(61), Cluster::is_complete);
    assert!(done.unwrap());
    // To the leader, and three delays.
    assert!(
        cluster.now() - asked <= 6 * D,
        "{:?}",
        cluster.now() - asked
    );
}

#[test]
fn the_page_states_what_is_measured() {
    let rows = [4, 16, 64].map(|n| steady(n).row(n));
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocols/simplex.md");
    steady::check_page(page, "simplex", steady::HEAD, &rows);
}
