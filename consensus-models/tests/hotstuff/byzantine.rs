//! Byzantine leaders: they fork, equivocate and hide what they know, as far as
//! the certificates that they saw allow.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::chain::Linked as _;
use groma_consensus_models::hotstuff::{HotStuff, HotStuffRules, Message, Proposal};
use groma_consensus_models::testing::{Cluster, Config, Fate, batch, for_seeds};
use groma_consensus_models::{Message as _, ReplicaId};

use crate::adversary::run;
use crate::{VARIANTS, with};

#[test]
fn byzantine_leaders_break_neither_agreement_nor_progress() {
    for variant in VARIANTS {
        for_seeds(60, |seed| {
            for n in [4, 7] {
                run::<HotStuffRules>(with(Config::random::<HotStuff>(n, seed), variant));
            }
        });
    }
}

/// Runs n = 4 in lockstep; the leader of view 9 proposes on the block of view
/// `parent` instead of on that of view 8. Says who voted for it and why it was
/// refused.
fn fork(variant: (&str, &str), parent: u64) -> (u64, Vec<&'static str>) {
    let d = Duration::from_millis(10);
    let mut cluster = Cluster::<HotStuff>::new(with(Config::lockstep::<HotStuff>(4, d), variant));
    cluster.request(cluster.leader().unwrap(), batch(1));
    for id in 2..=20 {
        cluster.request_at(d * (2 * id), ReplicaId(id % 4), batch(u64::from(id)));
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
            let fork = Arc::new(Proposal::new(block, Arc::clone(justify), None));
            forged = Some(fork.at());
            Fate::Replace(Message::Proposal(fork))
        }
        Message::Vote(at) => {
            *counted.borrow_mut() += u64::from(Some(*at) == forged);
            Fate::Pass
        }
        _ => Fate::Pass,
    }));
    cluster.set_faulty(ReplicaId(if variant.1 == "stable" { 0 } else { 1 }));
    assert!(!cluster.run_until(18 * d, |_| false).unwrap());
    let votes = *votes.borrow();
    (votes, cluster.rejected().keys().copied().collect())
}

#[test]
fn a_locked_replica_refuses_a_block_that_conflicts() {
    // Voting in view 8 locked view 6: a fork may drop the blocks of views 7
    // and 8, which nobody can have committed, but no more.
    for leader in ["rotating", "stable"] {
        // Two receivers vote over the wire; with a rotating leader, the third
        // collects the votes itself.
        let votes = if leader == "stable" { 3 } else { 2 };
        assert_eq!(fork(("three-chain", leader), 6), (votes, vec![]));
        let refused = (0, vec!["unsafe proposal"]);
        assert_eq!(fork(("three-chain", leader), 5), refused);
        // Two-chain: no block may be dropped without a timeout certificate.
        let refused = (0, vec!["proposal without evidence of its view"]);
        assert_eq!(fork(("two-chain", leader), 7), refused);
    }
}

#[test]
fn a_replica_that_gave_up_votes_no_more_in_that_term() {
    for variant in VARIANTS {
        let d = Duration::from_millis(10);
        let config = with(Config::lockstep::<HotStuff>(4, d), variant);
        let mut cluster = Cluster::<HotStuff>::new(config);
        let late = ReplicaId(3);
        let said = Rc::new(RefCell::new(Vec::new()));
        let heard = Rc::clone(&said);
        cluster.set_filter(Box::new(move |now, from, to, message| match message {
            _ if from == late => {
                heard.borrow_mut().push(message.kind());
                Fate::Pass
            }
            // The first proposal comes when the replica has given up, and
            // nothing else comes before.
            Message::Proposal(_) if to == late && now.is_zero() => {
                Fate::Delay(Duration::from_millis(1_100))
            }
            _ if to == late && now < Duration::from_millis(1_200) => Fate::Drop,
            _ => Fate::Pass,
        }));
        cluster.request(cluster.leader().unwrap(), batch(1));
        let end = Duration::from_millis(1_150);
        assert!(!cluster.run_until(end, |_| false).unwrap());
        assert_eq!(*said.borrow(), ["timeout"; 3], "{variant:?}");
        cluster.request(ReplicaId(1), batch(2));
        let end = Duration::from_secs(10);
        assert!(cluster.run_until(end, Cluster::is_complete).unwrap());
    }
}
