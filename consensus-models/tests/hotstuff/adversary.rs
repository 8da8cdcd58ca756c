//! Byzantine replicas of any chained protocol: as leaders they fork, equivocate
//! and hide what they know, as far as the certificates that they saw allow.

use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::chain::Linked as _;
use groma_consensus_models::chained::{Chained, Message, Proposal, Qc, Rules, Timeout};
use groma_consensus_models::testing::{Cluster, Config, Fate, FaultPlan, SplitMix64, batch, fault};
use groma_consensus_models::{Protocol as _, ReplicaId};

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
            Message::NewView(said) => self.see(&said.high),
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

/// f of them under random faults: agreement always, progress after the heal.
pub fn run<R: Rules>(config: Config) {
    let (n, seed) = (config.n, config.seed);
    let mut cluster = Cluster::<Chained<R>>::new(config);
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
            "{} seed {seed}: no progress: {}",
            Chained::<R>::NAME,
            cluster.describe()
        ),
        Err(why) => panic!("{} seed {seed}: {why}", Chained::<R>::NAME),
    }
}
