//! Byzantine replicas: proposers with two faces, votes for either, round changes
//! that hide what was prepared.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::heights::{Message, Say as _};
use groma_consensus_models::qbft::{Qbft, RoundChange, Rounds, Word};
use groma_consensus_models::testing::{
    Cluster, Config, Fate, Fault, FaultPlan, SplitMix64, batch, fault, for_seeds,
};
use groma_consensus_models::{Block, Height, ReplicaId};

/// What the faulty replicas say instead.
struct Adversary {
    f: u32,
    rng: SplitMix64,
    /// The second face of each proposal, by height and round.
    faces: BTreeMap<(Height, u32), Arc<Block>>,
}

impl Adversary {
    fn meddle(
        &mut self,
        from: ReplicaId,
        to: ReplicaId,
        message: &Message<Rounds>,
    ) -> Fate<Message<Rounds>> {
        let Message::Core(origin, word) = message else {
            return Fate::Pass;
        };
        if from.0 >= self.f {
            return Fate::Pass;
        }
        let place = (word.height(), word.round());
        let other = match word.as_ref() {
            Word::Proposal {
                round,
                block,
                justification,
            } => {
                let second = self.faces.entry(place).or_insert_with(|| {
                    let mut second = Block::clone(block);
                    second.batches.clear();
                    Arc::new(second)
                });
                (to.index() % 2 == 1).then(|| Word::Proposal {
                    round: *round,
                    block: Arc::clone(second),
                    justification: Arc::clone(justification),
                })
            }
            Word::Prepare { height, round, .. } => {
                match (self.faces.get(&place), self.rng.below(3)) {
                    (Some(second), 0) => Some(Word::Prepare {
                        height: *height,
                        round: *round,
                        id: second.id(),
                    }),
                    (_, 1) => return Fate::Drop,
                    _ => None,
                }
            }
            Word::Commit { height, round, .. } => match (self.faces.get(&place), self.rng.below(3))
            {
                (Some(second), 0) => Some(Word::Commit {
                    height: *height,
                    round: *round,
                    id: second.id(),
                }),
                (_, 1) => return Fate::Drop,
                _ => None,
            },
            Word::RoundChange(change) if self.rng.chance(500) => {
                Some(Word::RoundChange(Arc::new(RoundChange {
                    prepared: None,
                    ..RoundChange::clone(change)
                })))
            }
            Word::RoundChange(_) => None,
        };
        match other {
            Some(word) => Fate::Replace(Message::Core(*origin, Arc::new(word))),
            None => Fate::Pass,
        }
    }
}

fn run(n: u32, seed: u64) {
    let mut cluster = Cluster::<Qbft>::new(Config::random::<Qbft>(n, seed));
    let f = (n - 1) / 3;
    let mut adversary = Adversary {
        f,
        rng: SplitMix64::fork(seed, 77),
        faces: BTreeMap::new(),
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
    match cluster.run_until(until + Duration::from_secs(180), Cluster::is_complete) {
        Ok(true) => {}
        Ok(false) => panic!("seed {seed}: no progress: {}", cluster.describe()),
        Err(why) => panic!("seed {seed}: {why}"),
    }
}

#[test]
fn byzantine_replicas_break_neither_agreement_nor_progress() {
    for_seeds(100, |seed| {
        run(4, seed);
        run(7, seed);
    });
}

/// n = 4. Everyone prepares a block in round 0, nobody hears a commit of it, and
/// the next proposer, which is faulty, proposes another one.
fn against_the_prepared(hide: bool) -> Vec<&'static str> {
    let d = Duration::from_millis(10);
    let config = Config::lockstep::<Qbft>(4, d).set::<Qbft>("request_timeout", "100ms");
    let mut cluster = Cluster::<Qbft>::new(config);
    // Height 1: round 0 is r1's, round 1 r2's.
    let faulty = ReplicaId(2);
    cluster.set_faulty(faulty);
    cluster.set_filter(Box::new(move |_, from, _, message| {
        let Message::Core(origin, word) = message else {
            return Fate::Pass;
        };
        match word.as_ref() {
            Word::Commit { round: 0, .. } => Fate::Drop,
            Word::Proposal {
                round: 1,
                block,
                justification,
            } if from == faulty => {
                let mut other = Block::clone(block);
                other.batches.clear();
                let justification = justification.iter().map(|(from, change)| {
                    let mut change = RoundChange::clone(change);
                    if hide {
                        change.prepared = None;
                    }
                    (*from, Arc::new(change))
                });
                let word = Word::Proposal {
                    round: 1,
                    block: Arc::new(other),
                    // A hidden certificate needs the round changes of others,
                    // which their signatures forbid: only its own may go.
                    justification: justification.take(if hide { 1 } else { 4 }).collect(),
                };
                Fate::Replace(Message::Core(*origin, Arc::new(word)))
            }
            _ => Fate::Pass,
        }
    }));
    cluster.request(ReplicaId(1), batch(1));
    let done = cluster.run_until(Duration::from_secs(5), Cluster::is_complete);
    assert!(done.unwrap(), "{}", cluster.describe());
    cluster.rejected().keys().copied().collect()
}

#[test]
fn a_prepared_block_is_proposed_again_or_nothing_is_accepted() {
    assert_eq!(
        against_the_prepared(false),
        ["proposal against the highest prepared certificate"]
    );
    assert_eq!(
        against_the_prepared(true),
        ["proposal without a quorum of round changes"]
    );
}

#[test]
fn a_replica_that_prepared_before_a_crash_prepares_nothing_else_after_it() {
    let d = Duration::from_millis(10);
    let mut cluster = Cluster::<Qbft>::new(Config::lockstep::<Qbft>(4, d));
    let (faulty, victim) = (ReplicaId(1), ReplicaId(3));
    cluster.set_faulty(faulty);
    let said = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&said);
    cluster.set_filter(Box::new(move |now, from, to, message| {
        let Message::Core(origin, word) = message else {
            return Fate::Drop;
        };
        match word.as_ref() {
            Word::Prepare { id, .. } if from == victim => heard.borrow_mut().push(*id),
            // Nobody else takes part, so the round stays open.
            Word::Prepare { .. } | Word::Commit { .. } => return Fate::Drop,
            Word::Proposal {
                round,
                block,
                justification,
            } if to == victim && now > 20 * d => {
                let mut second = Block::clone(block);
                second.batches.clear();
                let word = Word::Proposal {
                    round: *round,
                    block: Arc::new(second),
                    justification: Arc::clone(justification),
                };
                return Fate::Replace(Message::Core(*origin, Arc::new(word)));
            }
            _ => {}
        }
        Fate::Pass
    }));
    cluster.request(faulty, batch(1));
    cluster.fault_at(5 * d, Fault::Bounce(victim));
    assert!(!cluster.run_until(150 * d, |_| false).unwrap());
    let mut ids = said.borrow().clone();
    assert!(ids.len() > 3, "it says so again");
    ids.dedup();
    assert_eq!(ids.len(), 1, "one choice a round, whatever happens between");
}
