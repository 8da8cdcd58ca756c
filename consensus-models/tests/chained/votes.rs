//! Which forks a replica refuses: the rule that keeps each protocol safe.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_consensus_models::chain::Linked as _;
use groma_consensus_models::chained::{Chained, Message, Proposal, Rules};
use groma_consensus_models::hotstuff2::HotStuff2Rules;
use groma_consensus_models::jolteon::JolteonRules;
use groma_consensus_models::testing::{Cluster, Config, Fate, batch};

const D: Duration = Duration::from_millis(10);

/// What became of a fork: the votes for it over the wire, and the refusals.
type Outcome = (u64, Vec<&'static str>);

/// Runs n = 4 in lockstep. The votes of view 8 are lost if `fail`, so view 8
/// ends by timeouts; the leader of view 9, replica 1, is Byzantine and proposes
/// on the certificate of view `parent`.
fn fork<R: Rules>(parent: u64, fail: bool) -> Outcome {
    let mut cluster = Cluster::<Chained<R>>::new(Config::lockstep::<Chained<R>>(4, D));
    cluster.request(ReplicaId(1), batch(1));
    for id in 2..=20 {
        cluster.request_at(D * (2 * id), ReplicaId(id % 4), batch(u64::from(id)));
    }
    let votes = Rc::new(RefCell::new(0));
    let (counted, mut seen, mut forged) = (Rc::clone(&votes), Vec::new(), None);
    cluster.set_filter(Box::new(move |_, _, _, message| match message {
        Message::Proposal(proposal) => {
            seen.push(Arc::clone(&proposal.justify));
            if proposal.block.view != 9 {
                return Fate::Pass;
            }
            let mut block = proposal.block.clone();
            let justify = seen.iter().find(|qc| qc.at.view == parent).unwrap();
            block.height = justify.at.height.next();
            let tc = proposal.tc.clone();
            let fork = Arc::new(Proposal::new(block, Arc::clone(justify), tc));
            forged = Some(fork.at());
            Fate::Replace(Message::Proposal(fork))
        }
        Message::Vote(at) if fail && at.view == 8 => Fate::Drop,
        Message::Vote(at) => {
            *counted.borrow_mut() += u64::from(Some(*at) == forged);
            Fate::Pass
        }
        _ => Fate::Pass,
    }));
    cluster.set_faulty(ReplicaId(1));
    let end = if fail {
        Duration::from_millis(1_900)
    } else {
        18 * D
    };
    assert!(!cluster.run_until(end, |_| false).unwrap());
    let votes = *votes.borrow();
    (votes, cluster.rejected().keys().copied().collect())
}

#[test]
fn without_a_timeout_no_block_may_be_dropped() {
    let refused = (0, vec!["proposal without evidence of its view"]);
    assert_eq!(fork::<JolteonRules>(7, false), refused);
    assert_eq!(fork::<HotStuff2Rules>(7, false), refused);
}

#[test]
fn after_a_timeout_nothing_certified_may_be_dropped() {
    // Voting in view 8 showed the certificate of view 7, which may have
    // committed the block of view 6: only the block of view 8 may be dropped.
    let refused = (0, vec!["unsafe proposal"]);
    assert_eq!(fork::<JolteonRules>(7, true), (3, vec![]));
    assert_eq!(fork::<JolteonRules>(6, true), refused);
    assert_eq!(fork::<HotStuff2Rules>(7, true), (3, vec![]));
    assert_eq!(fork::<HotStuff2Rules>(6, true), refused);
}

/// Only replica 0, the leader of view 8, knows the certificate of view 7; its
/// proposal and its timeouts are lost. Says on what view 9 builds.
fn after_hidden_certificate<R: Rules>(delta: Option<&str>) -> Option<u64> {
    let mut config = Config::lockstep::<Chained<R>>(4, D);
    if let Some(delta) = delta {
        config = config.set::<Chained<R>>("delta", delta);
    }
    let mut cluster = Cluster::<Chained<R>>::new(config);
    cluster.request(ReplicaId(1), batch(1));
    for id in 2..=20 {
        cluster.request_at(D * (2 * id), ReplicaId(id % 4), batch(u64::from(id)));
    }
    let parent = Rc::new(Cell::new(None));
    let found = Rc::clone(&parent);
    cluster.set_filter(Box::new(move |_, from, _, message| match message {
        Message::Proposal(proposal) if proposal.block.view == 8 => Fate::Drop,
        Message::Vote(at) if at.view == 8 => Fate::Drop,
        Message::Timeout(_) if from == ReplicaId(0) => Fate::Drop,
        Message::Proposal(proposal) if proposal.block.view == 9 => {
            found.set(Some(proposal.justify.at.view));
            Fate::Pass
        }
        _ => Fate::Pass,
    }));
    assert!(
        !cluster
            .run_until(Duration::from_secs(4), |_| false)
            .unwrap()
    );
    parent.get()
}

#[test]
fn delta_shows_a_leader_the_highest_lock() {
    let hotstuff2 = after_hidden_certificate::<HotStuff2Rules>;
    assert_eq!(hotstuff2(Some("50ms")), Some(7));
    // Too short a wait: those who are locked higher will not vote.
    assert_eq!(hotstuff2(Some("1ms")), Some(6));
    // What a quorum knew is enough; nobody is locked.
    assert_eq!(after_hidden_certificate::<JolteonRules>(None), Some(6));
}
