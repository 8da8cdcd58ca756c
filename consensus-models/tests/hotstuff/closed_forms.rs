//! Message counts and latencies at a constant one-way delay and free CPU, as
//! closed forms give them (arXiv:1803.05069, section 5).

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::hotstuff::HotStuff;
use groma_consensus_models::testing::{Cluster, Config, batch};
use groma_consensus_models::{Block, Height, ReplicaId};

use crate::{VARIANTS, with};

const D: Duration = Duration::from_millis(10);

/// A cluster under a steady load at replica `home`, run for `views` views.
fn steady(n: u32, variant: (&str, &str), views: u32) -> Cluster<HotStuff> {
    let config = with(Config::lockstep::<HotStuff>(n, D), variant);
    let mut cluster = Cluster::new(config);
    let first = cluster.leader().unwrap();
    cluster.request(first, batch(1));
    for id in 2..=views / 2 {
        let home = ReplicaId(id % n);
        cluster.request_at(D * (4 * id - 5), home, batch(u64::from(id)));
    }
    // A view begins every 2 d; its votes are sent d later.
    let end = D * (2 * views) - D / 2;
    let done = cluster.run_until(end, |_| false).unwrap();
    assert!(!done);
    cluster
}

#[test]
fn a_view_costs_one_proposal_and_one_vote_per_other_replica() {
    for variant in VARIANTS {
        for n in [4, 7, 64] {
            let views = 40;
            let cluster = steady(n, variant, views);
            let each = u64::from(views * (n - 1));
            let expected = BTreeMap::from([("proposal", each), ("vote", each)]);
            assert_eq!(*cluster.sent(), expected, "n = {n}, {variant:?}");
            assert!(cluster.rejected().is_empty(), "{:?}", cluster.rejected());
            assert_eq!(cluster.repeated(), 0);
        }
    }
}

/// Commit latencies of the non-empty blocks from height 2, in units of d.
fn latencies(cluster: &Cluster<HotStuff>, n: u32) -> BTreeMap<Height, Vec<u128>> {
    let mut latencies: BTreeMap<Height, Vec<u128>> = BTreeMap::new();
    for id in (0..n).map(ReplicaId) {
        for commit in cluster.commits(id) {
            let Block {
                height,
                created,
                batches,
                ..
            } = &commit.block;
            if !batches.is_empty() {
                let took = (commit.at - *created).as_nanos();
                assert_eq!(took % D.as_nanos(), 0);
                let seen = latencies.entry(*height).or_default();
                seen.push(took / D.as_nanos());
            }
        }
    }
    latencies
}

#[test]
fn all_but_the_leader_commit_after_seven_or_five_delays() {
    for variant in VARIANTS {
        for n in [4, 7, 31] {
            let cluster = steady(n, variant, 40);
            let steps = if variant.0 == "two-chain" { 5 } else { 7 };
            // The leader that makes the last certificate knows it d earlier.
            let mut expected = vec![steps; n as usize];
            expected[0] = steps - 1;
            let seen = latencies(&cluster, n);
            let whole = seen
                .into_values()
                .filter(|seen| seen.len() == n as usize)
                .map(|mut seen| {
                    seen.sort_unstable();
                    assert_eq!(seen, expected, "n = {n}, {variant:?}");
                })
                .count();
            assert!(whole >= 15, "n = {n}, {variant:?}: {whole} blocks");
        }
    }
}

#[test]
fn a_batch_catches_the_next_proposal_but_one_wherever_it_is_requested() {
    // Whatever n: a batch that is forwarded just after a proposal arrived meets
    // the next but one three delays later; one that comes to a leader that has
    // just proposed, four.
    for variant in VARIANTS {
        let n = 64;
        let config = with(Config::lockstep::<HotStuff>(n, D), variant);
        let mut cluster = Cluster::<HotStuff>::new(config);
        let step = Duration::from_micros(3_700);
        let batches = 150;
        for id in 0..batches {
            let home = ReplicaId(id * 29 % n);
            cluster.request_at(step * id, home, batch(u64::from(id) + 1));
        }
        let done = cluster.run_until(step * batches + 10 * D, |_| false);
        assert!(!done.unwrap());
        assert!(cluster.missing().is_empty());
        let busy_from = 20;
        for block in cluster.chain() {
            for batch in &block.batches {
                let requested = step * (batch.id.0 as u32 - 1);
                let waited = block.created - requested;
                if batch.id.0 > busy_from {
                    assert!(waited <= 4 * D, "{batch:?} waited {waited:?}, {variant:?}");
                }
            }
        }
    }
}

#[test]
fn replicas_may_keep_their_batches_for_their_own_turn() {
    let n = 4;
    let config = with(Config::lockstep::<HotStuff>(n, D), VARIANTS[0]);
    let mut cluster = Cluster::<HotStuff>::new(config.set::<HotStuff>("own_turn", "4"));
    let step = Duration::from_micros(3_700);
    for id in 1..=200 {
        cluster.request_at(step * id, ReplicaId(id * 7 % n), batch(u64::from(id)));
    }
    assert!(!cluster.run_until(step * 250, |_| false).unwrap());
    let mut waits = Vec::new();
    for block in cluster.chain() {
        for batch in &block.batches {
            assert_eq!(u64::from(block.proposer.0), batch.id.0 * 7 % u64::from(n));
            waits.push((block.created - step * batch.id.0 as u32).as_secs_f64());
        }
    }
    assert_eq!(waits.len(), 200);
    // A turn comes every n views of 2 d, so the mean wait is n d.
    let mean = waits.iter().sum::<f64>() / 200.0 / D.as_secs_f64();
    assert!((3.5..4.5).contains(&mean), "{mean}");
}

#[test]
fn an_idle_chain_costs_little_and_never_times_out() {
    for variant in VARIANTS {
        let config = with(Config::lockstep::<HotStuff>(4, D), variant);
        let mut cluster = Cluster::<HotStuff>::new(config);
        let done = cluster.run_until(Duration::from_secs(60), |_| false);
        assert!(!done.unwrap());
        assert!(!cluster.sent().contains_key("timeout"));
        // The first after idle_interval = 250 ms, then one every 270 ms.
        assert_eq!(cluster.sent()["proposal"], 3 * (1 + (60_000 - 250) / 270));
        // A batch that comes to an idle chain is proposed as soon as a leader
        // has it.
        let asked = cluster.now();
        cluster.request(ReplicaId(2), batch(1));
        let done = cluster.run_until(Duration::from_secs(61), Cluster::is_complete);
        assert!(done.unwrap());
        let steps = if variant.0 == "two-chain" { 5 } else { 7 };
        assert!(cluster.now() - asked <= (steps + 3) * D, "{variant:?}");
    }
}
