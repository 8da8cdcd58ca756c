//! Byzantine leaders and voters.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_consensus_models::chain::Linked as _;
use groma_consensus_models::notarized::{Choice, Message, Proposal};
use groma_consensus_models::streamlet::StreamletRules;
use groma_consensus_models::testing::{Between, Cluster, Config, Fate, Fault, batch, for_seeds};

use crate::Node;
use crate::adversary::run;

#[test]
fn byzantine_replicas_break_neither_agreement_nor_progress() {
    for_seeds(60, |seed| {
        for n in [4, 7] {
            run::<StreamletRules>(Config::random::<Node>(n, seed));
        }
    });
}

/// Runs n = 4 in lockstep; the leader of view 9 proposes on the parent of view
/// `parent` instead. Says who voted for it and why it was refused.
fn fork(parent: u64) -> (u64, Vec<&'static str>) {
    let d = Duration::from_millis(10);
    let config = Config::lockstep::<Node>(4, d).set::<Node>("delta", "20ms");
    let mut cluster = Cluster::<Node>::new(config);
    for id in 0..60 {
        cluster.request_at(d / 2 * id, ReplicaId(id % 4), batch(u64::from(id) + 1));
    }
    let votes = Rc::new(RefCell::new(0));
    let (counted, mut seen, mut forged) = (Rc::clone(&votes), Vec::new(), None);
    cluster.set_filter(Box::new(move |_, from, _, message| match message {
        Message::Proposal(proposal) => {
            seen.push(proposal.parent.clone());
            if proposal.block.view != 9 {
                return Fate::Pass;
            }
            let mut block = proposal.block.clone();
            let chain = seen.iter().find(|chain| chain.at().view == parent);
            let chain = chain.unwrap().clone();
            block.height = chain.at().height.next();
            let fork = Arc::new(Proposal::new(block, chain));
            forged = Some(fork.at());
            Fate::Replace(Message::Proposal(fork))
        }
        Message::Vote(Choice::Block(at)) if from != ReplicaId(1) => {
            *counted.borrow_mut() += u64::from(Some(*at) == forged);
            Fate::Pass
        }
        _ => Fate::Pass,
    }));
    cluster.set_faulty(ReplicaId(1));
    assert!(!cluster.run_until(36 * d, |_| false).unwrap());
    let votes = *votes.borrow();
    (votes, cluster.rejected().keys().copied().collect())
}

#[test]
fn only_the_longest_notarized_chain_is_voted_for() {
    // Three correct replicas say so to three others.
    assert_eq!(fork(8), (9, vec![]));
    for parent in [3, 6, 7] {
        assert_eq!(fork(parent), (0, vec![]), "parent of epoch {parent}");
    }
}

#[test]
fn what_was_not_durable_before_a_crash_was_not_said() {
    let d = Duration::from_millis(10);
    let config = Config::lockstep::<Node>(4, d).set::<Node>("delta", "20ms");
    let mut config = config.set::<Node>("echo", "true");
    config.disk = Between::exactly(3 * d);
    let mut cluster = Cluster::<Node>::new(config);
    let victim = ReplicaId(3);
    cluster.set_faulty(ReplicaId(1));
    let said = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&said);
    cluster.set_filter(Box::new(move |_, from, to, message| match message {
        Message::Vote(Choice::Block(at)) if from == victim && at.view == 1 => {
            heard.borrow_mut().push(*at);
            Fate::Pass
        }
        // The leader of epoch 1 said something else to the others.
        Message::Echo(leader, first) if to == victim => match first.as_ref() {
            Message::Proposal(first) if first.block.view == 1 => {
                let mut block = first.block.clone();
                block.batches.push(batch(7));
                let second = Arc::new(Proposal::new(block, first.parent.clone()));
                let second = Arc::new(Message::Proposal(second));
                Fate::Replace(Message::Echo(*leader, second))
            }
            _ => Fate::Pass,
        },
        _ => Fate::Pass,
    }));
    // Between the first proposal, at d, and the echoes of it, at 2 d.
    cluster.fault_at(d * 3 / 2, Fault::Bounce(victim));
    assert!(!cluster.run_until(12 * d, |_| false).unwrap());
    let mut votes = said.borrow().clone();
    assert_eq!(votes.len(), 3, "one vote, to three others");
    votes.dedup();
    assert_eq!(votes.len(), 1, "{votes:?}");
}
