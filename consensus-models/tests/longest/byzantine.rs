//! Nodes that lie: forged lotteries, wrong difficulty, signing out of order,
//! blocks that do not fit their headers, two blocks for one turn. The others
//! refuse what breaks a rule, agree, and order everything.

use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::longest::{
    Clique, Header, Headers, Locator, Message, Nakamoto, Praos, Sealed,
};
use groma_consensus_models::testing::{Cluster, Fate, Fault, batch};
use groma_consensus_models::{BatchId, Height, Protocol, ReplicaId};

use crate::faults::{Quick, quick};
use groma_consensus_models::testing::Config;

/// Runs four nodes of which node 0 sends what `lie` makes of its own blocks;
/// the others must order everything. Returns the cluster.
fn run<P: Quick + Protocol<Message = Message>>(
    lie: impl Fn(ReplicaId, &Sealed) -> Sealed + 'static,
) -> Cluster<P> {
    let liar = ReplicaId(0);
    let mut cluster = Cluster::<P>::new(quick::<P>(Config::random::<P>(4, 5)));
    cluster.set_faulty(liar);
    cluster.set_filter(Box::new(move |_, from, to, message| match message {
        Message::Block(block) if from == liar && block.header.maker == liar => {
            Fate::Replace(Message::Block(Arc::new(lie(to, block))))
        }
        _ => Fate::Pass,
    }));
    for id in 1..=30 {
        let home = ReplicaId(1 + id % 3);
        let at = Duration::from_millis(300) * id;
        cluster.request_at(at, home, batch(u64::from(id)));
    }
    let done = cluster.run_until(Duration::from_secs(120), Cluster::is_complete);
    assert_eq!(done, Ok(true), "{}", cluster.describe());
    cluster
}

/// The block with another header over the same batches.
fn changed(block: &Sealed, change: impl Fn(&mut Header)) -> Sealed {
    let mut header = block.header;
    change(&mut header);
    Sealed::new(header.renamed(), block.block.batches.iter().copied())
}

#[track_caller]
fn refused<P: Protocol>(cluster: &Cluster<P>, why: &str) {
    assert!(
        cluster.rejected().contains_key(why),
        "{:?}",
        cluster.rejected()
    );
}

#[test]
fn a_miner_cannot_claim_more_work() {
    let cluster = run::<Nakamoto>(|_, block| {
        changed(block, |header| {
            header.draft.weight *= 2;
            header.total += u128::from(header.draft.weight / 2);
        })
    });
    refused(&cluster, "wrong difficulty");
    assert!(cluster.chain().all(|block| block.proposer != ReplicaId(0)));
}

#[test]
fn a_total_that_does_not_add_up_is_refused() {
    let cluster = run::<Nakamoto>(|_, block| changed(block, |header| header.total *= 9));
    refused(&cluster, "header that does not fit its parent");
}

#[test]
fn a_signer_cannot_claim_a_turn_nor_hurry() {
    let cluster = run::<Clique>(|_, block| {
        changed(block, |header| {
            let claimed = 3 - header.draft.weight;
            header.total = header.total - u128::from(header.draft.weight) + u128::from(claimed);
            header.draft.weight = claimed;
        })
    });
    refused(&cluster, "wrong difficulty");
    let cluster = run::<Clique>(|_, block| {
        changed(block, |header| {
            header.draft.created -= Duration::from_millis(100);
        })
    });
    refused(&cluster, "block before its period is over");
}

#[test]
fn a_signer_cannot_sign_twice_in_a_row() {
    // It re-signs the block of another that it relays.
    let liar = ReplicaId(0);
    let mut cluster = Cluster::<Clique>::new(quick::<Clique>(
        Config::random::<Clique>(4, 5).set::<Clique>("relay", "compact"),
    ));
    cluster.set_faulty(liar);
    let mut last = None;
    cluster.set_filter(Box::new(move |_, from, _, message| match message {
        Message::Compact(block) if from == liar && block.header.maker == liar => {
            last = Some(block.header);
            Fate::Pass
        }
        Message::Compact(block) if from == liar => match &last {
            Some(last) if block.header.parent == last.at() => {
                let block = changed(block, |header| {
                    header.maker = liar;
                    let weight = 1 + u64::from(header.height().0 % 4 == 0);
                    header.total = last.total + u128::from(weight);
                    header.draft.weight = weight;
                });
                Fate::Replace(Message::Compact(Arc::new(block)))
            }
            _ => Fate::Pass,
        },
        _ => Fate::Pass,
    }));
    cluster.request(ReplicaId(1), batch(1));
    let done = cluster.run_until(Duration::from_secs(60), Cluster::is_complete);
    assert_eq!(done, Ok(true), "{}", cluster.describe());
    refused(&cluster, "signer signed too lately");
}

#[test]
fn a_slot_cannot_be_led_without_a_draw() {
    let slot = Duration::from_millis(100);
    let cluster = run::<Praos>(move |_, block| {
        changed(block, |header| {
            header.draft.view += 1;
            header.draft.created += slot;
        })
    });
    refused(&cluster, "maker does not lead the slot");
    let cluster =
        run::<Praos>(move |_, block| changed(block, |header| header.draft.created += slot));
    refused(&cluster, "block that does not fit its slot");
}

#[test]
fn batches_must_be_those_of_the_header() {
    let cluster = run::<Praos>(|_, block| Sealed::new(block.header, [batch(77)]));
    refused(&cluster, "block that does not fit its header");
    assert!(!cluster.is_committed(BatchId(77)));
}

#[test]
fn two_blocks_for_one_turn_are_a_fork_like_any_other() {
    let cluster = run::<Clique>(|to, block| {
        changed(block, |header| {
            header.draft.created += Duration::from_millis(u64::from(to.0));
        })
    });
    let counted = cluster.counted();
    assert!(counted.contains_key("reorganisations"), "{counted:?}");
}

#[test]
fn headers_must_be_asked_for_and_connect() {
    let liar = ReplicaId(0);
    let mut cluster = Cluster::<Nakamoto>::new(quick::<Nakamoto>(Config::random::<Nakamoto>(4, 5)));
    cluster.set_faulty(liar);
    cluster.set_filter(Box::new(move |_, from, _, message| match message {
        Message::Inv(_) if from == liar => Fate::Replace(Message::Headers(Arc::new(Headers {
            headers: Vec::new(),
            pruned: true,
            executed: Height(1_000_000),
        }))),
        Message::GetData(wanted) if from == liar => {
            Fate::Replace(Message::GetHeaders(Arc::new(Locator {
                points: wanted.repeat(1000),
                above: Height(u64::MAX),
            })))
        }
        _ => Fate::Pass,
    }));
    cluster.request(ReplicaId(1), batch(1));
    let done = cluster.run_until(Duration::from_secs(60), Cluster::is_complete);
    assert_eq!(done, Ok(true), "{}", cluster.describe());
    refused(&cluster, "headers that were not asked for");
}

#[test]
fn a_peer_that_claims_to_have_pruned_stops_nobody() {
    for seed in 1..=10 {
        let liar = ReplicaId(0);
        let config = quick::<Nakamoto>(Config::random::<Nakamoto>(4, seed));
        let mut cluster = Cluster::<Nakamoto>::new(config);
        cluster.set_faulty(liar);
        cluster.set_filter(Box::new(move |_, from, _, message| match message {
            // An answer that was asked for, of a height that nobody has.
            Message::Headers(_) if from == liar => {
                Fate::Replace(Message::Headers(Arc::new(Headers {
                    headers: Vec::new(),
                    pruned: true,
                    executed: Height(1_000_000),
                })))
            }
            _ => Fate::Pass,
        }));
        for id in 0..40 {
            let at = Duration::from_millis(500) * id;
            cluster.request_at(at, ReplicaId(1 + id % 3), batch(u64::from(id) + 1));
        }
        cluster.fault_at(Duration::from_secs(3), Fault::Crash(ReplicaId(2)));
        cluster.fault_at(Duration::from_secs(12), Fault::Restart(ReplicaId(2)));
        let done = cluster.run_until(Duration::from_secs(180), Cluster::is_complete);
        assert_eq!(done, Ok(true), "seed {seed}: {}", cluster.describe());
    }
}
