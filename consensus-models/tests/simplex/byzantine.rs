//! Byzantine leaders and voters.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_consensus_models::chain::Linked as _;
use groma_consensus_models::notarized::{Choice, Message, Proposal};
use groma_consensus_models::simplex::SimplexRules;
use groma_consensus_models::testing::{Cluster, Config, Fate, batch, for_seeds};

use crate::Node;
use crate::adversary::run;

#[test]
fn byzantine_replicas_break_neither_agreement_nor_progress() {
    for_seeds(60, |seed| {
        for n in [4, 7] {
            run::<SimplexRules>(Config::random::<Node>(n, seed));
        }
    });
}

/// Runs n = 4 in lockstep; the leader of view 9 proposes on the parent of view
/// `parent` instead. Says who voted for it and why it was refused.
fn fork(parent: u64) -> (u64, Vec<&'static str>) {
    let d = Duration::from_millis(10);
    let config = Config::lockstep::<Node>(4, d).set::<Node>("delta", "400ms");
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
        // Nothing is final, so nothing is too old to be looked at.
        Message::Vote(Choice::Final(_)) => Fate::Drop,
        _ => Fate::Pass,
    }));
    cluster.set_faulty(ReplicaId(1));
    assert!(!cluster.run_until(20 * d, |_| false).unwrap());
    let votes = *votes.borrow();
    (votes, cluster.rejected().keys().copied().collect())
}

#[test]
fn a_block_needs_proof_of_a_notarized_chain_up_to_its_iteration() {
    // Three correct replicas say so to three others.
    assert_eq!(fork(8), (9, vec![]));
    let refused = (0, vec!["proposal without evidence of its iteration"]);
    for parent in [3, 6, 7] {
        assert_eq!(fork(parent), refused, "parent of iteration {parent}");
    }
}
