//! Messages and delays in lockstep, at a constant one-way delay d and free CPU.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_consensus_models::mysticeti::Mysticeti;
use groma_consensus_models::testing::{Cluster, Config, batch, steady};

const D: Duration = Duration::from_millis(10);

fn config(n: u32, leaders: u32) -> Config {
    Config::lockstep::<Mysticeti>(n, D).set::<Mysticeti>("leaders", &leaders.to_string())
}

/// One batch per delay, so that nobody ever idles.
fn run(n: u32, leaders: u32, rounds: u32) -> steady::Steady {
    steady::steady::<Mysticeti>(config(n, leaders), D, D * 20 + D / 2, D * rounds)
}

#[test]
fn a_round_takes_a_delay_and_a_block_from_each_to_each() {
    for (n, leaders, rounds) in [
        (4, 1, 30),
        (4, 2, 30),
        (4, 4, 30),
        (7, 2, 30),
        (7, 7, 30),
        (16, 1, 20),
        (16, 2, 20),
        (64, 2, 5),
    ] {
        {
            let found = run(n, leaders, rounds);
            let each = u64::from(n * (n - 1) * rounds);
            assert_eq!(found.sent, BTreeMap::from([("block", each)]), "n = {n}");
            // Every leader of every round commits, after three delays: propose,
            // vote, certify.
            assert_eq!(found.heights, u64::from(leaders * rounds), "n = {n}");
            assert!(!found.commits.is_empty());
            for commits in &found.commits {
                assert!(commits.iter().all(|&at| at == 3000), "n = {n}: {commits:?}");
            }
        }
    }
}

// A leader's own batch takes three delays. Another waits for a leader of the
// next round to refer to it, a delay more; and one more where that leader had
// its quorum before it saw the block, since all blocks of a round come at the
// same instant here.
#[test]
fn a_batch_waits_at_most_two_rounds_for_a_leader_that_takes_it_along() {
    for (n, leaders, expected) in [
        (4, 1, [3, 4, 5].as_slice()),
        (4, 2, &[3, 4]),
        (7, 2, &[3, 4, 5]),
        (16, 2, &[3, 4, 5]),
        (4, 4, &[3]),
    ] {
        let mut cluster = Cluster::<Mysticeti>::new(config(n, leaders));
        // The first batch ends the idle wait: rounds begin at D / 2, and each
        // other batch comes just before one.
        let request = |id: u32| D * id - if id == 1 { D / 2 } else { D * 3 / 5 };
        for id in 1..=200 {
            let home = ReplicaId((id + id / n) % n);
            cluster.request_at(request(id), home, batch(u64::from(id)));
        }
        assert!(cluster.run_until(D * 300, Cluster::is_complete).unwrap());
        let mut delays = BTreeSet::new();
        for commit in cluster.commits(ReplicaId(0)) {
            for batch in &commit.block.batches {
                if batch.id.0 <= 20 {
                    continue;
                }
                let asked = request(batch.id.0 as u32);
                let took = (commit.at - asked).as_nanos() / D.as_nanos();
                delays.insert(took);
            }
        }
        assert_eq!(delays, expected.iter().copied().collect(), "n = {n}");
    }
}

#[test]
fn an_idle_cluster_makes_a_round_per_idle_interval() {
    let mut cluster = Cluster::<Mysticeti>::new(config(4, 2));
    assert!(
        !cluster
            .run_until(Duration::from_secs(60), |_| false)
            .unwrap()
    );
    // One begins every 125 ms and a delay.
    let rounds = cluster.sent()["block"] / 12;
    assert_eq!(rounds, 60_000 / 135);
    // A batch that comes then is under way at once.
    let asked = cluster.now();
    cluster.request(ReplicaId(2), batch(1));
    let end = Duration::from_secs(61);
    assert!(cluster.run_until(end, Cluster::is_complete).unwrap());
    assert!(
        cluster.now() - asked <= 7 * D,
        "{:?}",
        cluster.now() - asked
    );
}

#[test]
fn the_page_states_what_is_measured() {
    let rows = [4, 16, 64].map(|n| {
        let rounds = if n == 64 { 6 } else { 20 };
        run(n, 2, rounds).row(n)
    });
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/protocols/mysticeti.md"
    );
    steady::check_page(page, "mysticeti", steady::HEAD, &rows);
}
