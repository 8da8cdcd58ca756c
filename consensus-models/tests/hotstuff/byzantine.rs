//! Byzantine leaders: they fork, equivocate and hide what they know, as far as
//! the certificates that they saw allow.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::chain::Linked as _;
use groma_consensus_models::hotstuff::{HotStuff, Message, Proposal, Qc, Timeout};
use groma_consensus_models::testing::{
    Cluster, Config, Fate, FaultPlan, SplitMix64, batch, fault, for_seeds,
};
use groma_consensus_models::{Message as _, ReplicaId};

use crate::{VARIANTS, with};

/// What the faulty replicas have seen, and their dice.
struct Adversary {
    f: u32,
    /// Certificates on the wire, the latest last.
    seen: Vec<Arc<Qc>>,
    rng: SplitMix64,
    /// The two faces of the latest forged proposal.
    faces: Option<(u64, [Arc<Proposal>; 2])>,
}

impl Adversary {
    fn see(&mut self, qc: &Arc<Qc>) {
        if !self.seen.iter().any(|seen| seen.at == qc.at) {
            self.seen.push(Arc::clone(qc));
            self.seen.sort_by_key(|qc| qc.at);
            if self.seen.len() > 8 {
                self.seen.remove(0);
            }
        }
    }

    fn old_certificate(&mut self) -> Arc<Qc> {
        let index = self.rng.below(self.seen.len() as u64) as usize;
        Arc::clone(&self.seen[index])
    }

    /// A rival of `proposal`: on an older parent, or the same without batches.
    fn forge(&mut self, proposal: &Proposal) -> Arc<Proposal> {
        let mut block = proposal.block.clone();
        let mut justify = Arc::clone(&proposal.justify);
        if self.rng.chance(700) {
            justify = self.old_certificate();
        } else {
            block.batches.clear();
        }
        block.height = justify.at.height.next();
        let tc = proposal.tc.clone();
        Arc::new(Proposal::new(block, justify, tc))
    }

    fn meddle(&mut self, from: ReplicaId, to: ReplicaId, message: &Message) -> Fate<Message> {
        match message {
            Message::Proposal(proposal) => self.see(&proposal.justify),
            Message::Timeout(timeout) => self.see(&timeout.high),
            _ => {}
        }
        if from.0 >= self.f {
            return Fate::Pass;
        }
        match message {
            Message::Proposal(proposal) => {
                let view = proposal.block.view;
                if self.faces.as_ref().is_none_or(|faces| faces.0 != view) {
                    let first = match self.rng.below(3) {
                        0 => Arc::clone(proposal),
                        _ => self.forge(proposal),
                    };
                    let second = match self.rng.below(2) {
                        0 => Arc::clone(&first),
                        _ => self.forge(proposal),
                    };
                    self.faces = Some((view, [first, second]));
                }
                let faces = &self.faces.as_ref().unwrap().1;
                Fate::Replace(Message::Proposal(Arc::clone(&faces[to.index() % 2])))
            }
            Message::Vote(_) => match (&self.faces, self.rng.below(3)) {
                (Some((_, faces)), 0) => Fate::Replace(Message::Vote(faces[0].at())),
                (_, 1) => Fate::Drop,
                _ => Fate::Pass,
            },
            Message::Timeout(timeout) if self.rng.chance(500) => {
                Fate::Replace(Message::Timeout(Arc::new(Timeout {
                    high: self.old_certificate(),
                    vote: None,
                    ..Timeout::clone(timeout)
                })))
            }
            _ => Fate::Pass,
        }
    }
}

fn run(n: u32, seed: u64, variant: (&str, &str)) {
    let config = with(Config::random::<HotStuff>(n, seed), variant);
    let mut cluster = Cluster::<HotStuff>::new(config);
    let f = (n - 1) / 3;
    let mut adversary = Adversary {
        f,
        seen: Vec::new(),
        rng: SplitMix64::fork(seed, 77),
        faces: None,
    };
    for id in 0..f {
        cluster.set_faulty(ReplicaId(id));
    }
    cluster.set_filter(Box::new(move |_, from, to, message| {
        adversary.meddle(from, to, message)
    }));
    let until = Duration::from_secs(10);
    let mut rng = SplitMix64::fork(seed, 78);
    let plan = FaultPlan {
        n,
        outages: false,
        every: Duration::from_secs(1),
        until,
    };
    for (at, fault) in fault::schedule(&plan, &mut rng) {
        // Correct ones stop and come back too: agreement does not depend on
        // how many are up.
        cluster.fault_at(at, fault);
    }
    for id in 0..30 {
        let at = Duration::from_nanos(rng.below(until.as_nanos() as u64));
        cluster.request_at(at, ReplicaId(id % n), batch(u64::from(id) + 1));
    }
    let end = until + Duration::from_secs(120);
    match cluster.run_until(end, Cluster::is_complete) {
        Ok(true) => {}
        Ok(false) => panic!(
            "{variant:?} seed {seed}: no progress: {}",
            cluster.describe()
        ),
        Err(why) => panic!("{variant:?} seed {seed}: {why}"),
    }
}

#[test]
fn byzantine_leaders_break_neither_agreement_nor_progress() {
    for variant in VARIANTS {
        for_seeds(60, |seed| {
            run(4, seed, variant);
            run(7, seed, variant);
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
