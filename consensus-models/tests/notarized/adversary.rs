//! Byzantine replicas of any protocol of notarized blocks: as leaders they fork
//! and equivocate on whatever notarized chains they saw; as voters they vote
//! for everything, for some and not for others.

use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::chain::Linked as _;
use groma_consensus_models::notarized::{Choice, Message, Notarized, Proof, Proposal, Rules};
use groma_consensus_models::testing::{Cluster, Config, Fate, FaultPlan, SplitMix64, batch, fault};
use groma_consensus_models::{Protocol as _, ReplicaId};

/// What the faulty replicas have seen, and their dice.
struct Adversary {
    f: u32,
    /// Proofs of notarized chains on the wire, the latest last.
    seen: Vec<Proof>,
    rng: SplitMix64,
    /// The two faces of the latest forged proposal.
    faces: Option<(u64, [Arc<Proposal>; 2])>,
}

impl Adversary {
    fn see(&mut self, proof: &Proof) {
        if !self.seen.contains(proof) {
            self.seen.push(proof.clone());
            if self.seen.len() > 8 {
                self.seen.remove(0);
            }
        }
    }

    /// A rival of `proposal`: on another chain, or the same without batches.
    fn forge(&mut self, proposal: &Proposal) -> Arc<Proposal> {
        let mut block = proposal.block.clone();
        let mut parent = proposal.parent.clone();
        if self.rng.chance(600) {
            let index = self.rng.below(self.seen.len() as u64) as usize;
            parent = self.seen[index].clone();
        } else {
            block.batches.clear();
        }
        block.height = parent.at().height.next();
        Arc::new(Proposal::new(block, parent))
    }

    fn faces(&mut self, proposal: &Arc<Proposal>) -> &[Arc<Proposal>; 2] {
        let view = proposal.block.view;
        if self.faces.as_ref().is_none_or(|faces| faces.0 != view) {
            let first = match self.rng.below(3) {
                0 => self.forge(proposal),
                _ => Arc::clone(proposal),
            };
            let second = self.forge(proposal);
            self.faces = Some((view, [first, second]));
        }
        &self.faces.as_ref().unwrap().1
    }

    fn meddle(&mut self, from: ReplicaId, to: ReplicaId, message: &Message) -> Fate<Message> {
        if let Message::Proposal(proposal) = message {
            self.see(&proposal.parent);
        }
        if from.0 >= self.f {
            return Fate::Pass;
        }
        let lot = self.rng.below(4);
        match message {
            Message::Proposal(proposal) => {
                let face = Arc::clone(&self.faces(proposal)[to.index() % 2]);
                Fate::Replace(Message::Proposal(face))
            }
            // Everyone hears that it votes for what they have.
            Message::Vote(Choice::Block(at)) => match (&self.faces, lot) {
                (_, 0) => Fate::Drop,
                (Some((view, faces)), 1 | 2) if *view == at.view => {
                    let face = faces[to.index() % 2].at();
                    Fate::Replace(Message::Vote(Choice::Block(face)))
                }
                _ => Fate::Pass,
            },
            Message::Vote(Choice::Final(view)) if lot == 0 => {
                Fate::Replace(Message::Vote(Choice::Dummy(*view)))
            }
            Message::Vote(Choice::Dummy(view)) if lot < 2 => {
                Fate::Replace(Message::Vote(Choice::Final(*view)))
            }
            Message::Notarized(_) | Message::Chain(_) if lot == 0 => Fate::Drop,
            _ => Fate::Pass,
        }
    }
}

/// f of them under random faults: agreement always, progress after the heal.
pub fn run<R: Rules>(config: Config) {
    let (n, seed) = (config.n, config.seed);
    let mut cluster = Cluster::<Notarized<R>>::new(config);
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
    let name = Notarized::<R>::NAME;
    match cluster.run_until(end, Cluster::is_complete) {
        Ok(true) => {}
        Ok(false) => panic!("{name} seed {seed}: no progress: {}", cluster.describe()),
        Err(why) => panic!("{name} seed {seed}: {why}"),
    }
}
