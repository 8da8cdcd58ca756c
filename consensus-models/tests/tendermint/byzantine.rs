//! Byzantine replicas: proposers with two faces, votes for either, proofs and
//! decisions without a quorum, lies about how far one is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::heights::{Decision, Message, Say as _};
use groma_consensus_models::tendermint::{Proof, Rounds, Tendermint, Vote, Word};
use groma_consensus_models::testing::{
    Between, Cluster, Config, Fate, Fault, FaultPlan, SplitMix64, batch, fault, for_seeds,
};
use groma_consensus_models::{Block, Height, ReplicaId, ReplicaSet};

const D: Duration = Duration::from_millis(10);

type Seen = Message<Rounds>;

/// The values prevoted, by height and round; 0 is nil.
type Prevotes = BTreeMap<(Height, u32), Vec<u64>>;

/// Another block for the same place.
fn second_face(block: &Block) -> Arc<Block> {
    let mut second = Block::clone(block);
    second.batches.clear();
    Arc::new(second)
}

fn signers(ids: impl IntoIterator<Item = u32>) -> ReplicaSet {
    let mut set = ReplicaSet::new();
    for id in ids {
        set.insert(ReplicaId(id));
    }
    set
}

fn word(origin: ReplicaId, word: Word) -> Fate<Seen> {
    Fate::Replace(Message::Core(origin, Arc::new(word)))
}

/// What the faulty replicas, the first f, say instead.
struct Adversary {
    f: u32,
    rng: SplitMix64,
    /// The second face of each proposal, by height and round.
    faces: BTreeMap<(Height, u32), Arc<Block>>,
}

impl Adversary {
    fn meddle(&mut self, from: ReplicaId, to: ReplicaId, message: &Seen) -> Fate<Seen> {
        let Message::Core(origin, said) = message else {
            return self.lie();
        };
        if from.0 >= self.f {
            return Fate::Pass;
        }
        let place = (said.height(), said.round());
        match said.as_ref() {
            Word::Proposal { round, block, .. } => {
                let face = || second_face(block);
                let second = Arc::clone(self.faces.entry(place).or_insert_with(face));
                if to.index().is_multiple_of(2) {
                    return Fate::Pass;
                }
                // Its signatures are all that it can show.
                let forged = self.rng.chance(500).then(|| Proof {
                    round: round.saturating_sub(1),
                    signers: signers(0..self.f),
                });
                word(
                    *origin,
                    Word::Proposal {
                        round: *round,
                        block: second,
                        valid: forged,
                    },
                )
            }
            Word::Vote {
                vote,
                height,
                round,
                ..
            } => {
                let vote_for = |id| Word::Vote {
                    vote: *vote,
                    height: *height,
                    round: *round,
                    id,
                };
                match (self.faces.get(&place), self.rng.below(5)) {
                    (Some(second), 0) => word(*origin, vote_for(Some(second.id()))),
                    (_, 1) => word(*origin, vote_for(None)),
                    (_, 2) => Fate::Drop,
                    (_, 3) => self.lie(),
                    _ => Fate::Pass,
                }
            }
        }
    }

    /// A decision without a quorum, or nothing kept and a height that nobody is
    /// at.
    fn lie(&mut self) -> Fate<Seen> {
        let face = self.faces.values().next_back();
        let forged = face.filter(|_| self.rng.chance(500)).map(|block| {
            Arc::new(Decision {
                block: Arc::clone(block),
                signers: signers(0..self.f),
            })
        });
        Fate::Replace(Message::Decisions {
            decisions: forged.into_iter().collect(),
            executed: Height(1_000_000),
        })
    }
}

fn run(n: u32, seed: u64) {
    let f = (n - 1) / 3;
    let mut config = Config::random::<Tendermint>(n, seed);
    if seed.is_multiple_of(2) {
        config = config
            .set::<Tendermint>("retain", "8")
            .set::<Tendermint>("checkpoint_interval", "4");
    }
    let mut cluster = Cluster::<Tendermint>::new(config);
    let mut adversary = Adversary {
        f,
        rng: SplitMix64::fork(seed, 77),
        faces: BTreeMap::new(),
    };
    for id in 0..f {
        cluster.set_faulty(ReplicaId(id));
    }
    cluster.set_filter(Box::new(move |_, from, to, message| {
        match message {
            Message::Core(..) => {}
            _ if from.0 < f => {}
            _ => return Fate::Pass,
        }
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

/// n = 4. All but r2 lock a value in round 0; each of them hears too few
/// precommits to decide. Then r2, which is faulty, proposes another value with
/// this proof. Why it was refused, and the prevotes of the others that name a
/// value in that round.
fn against_the_lock(proof: Option<&Proof>, bounce: bool) -> (Vec<&'static str>, usize) {
    let mut cluster = Cluster::<Tendermint>::new(Config::lockstep::<Tendermint>(4, D));
    let proof = proof.cloned();
    // Height 1: round 0 is r1's, round 1 r2's.
    let faulty = ReplicaId(2);
    cluster.set_faulty(faulty);
    let until = Duration::from_millis(4_500);
    let misled = Rc::new(RefCell::new((0, 0)));
    let seen = Rc::clone(&misled);
    cluster.set_filter(Box::new(move |now, from, to, message| {
        let Message::Core(origin, said) = message else {
            return Fate::Pass;
        };
        match said.as_ref() {
            Word::Proposal { round: 0, .. } if to == faulty && now < until => Fate::Drop,
            Word::Vote {
                vote: Vote::Precommit,
                round: 0,
                id: Some(_),
                ..
            } if now < until => match (from.0, to.0) {
                (0, 1) | (1, 3) | (3, 0 | 2) => Fate::Drop,
                _ => Fate::Pass,
            },
            Word::Vote {
                vote: Vote::Prevote,
                round: 1,
                height: Height(1),
                id,
            } if from != faulty => {
                let mut seen = seen.borrow_mut();
                seen.0 += 1;
                seen.1 += usize::from(id.is_some());
                Fate::Pass
            }
            Word::Proposal {
                round: 1, block, ..
            } if from == faulty => word(
                *origin,
                Word::Proposal {
                    round: 1,
                    block: second_face(block),
                    valid: proof.clone(),
                },
            ),
            _ => Fate::Pass,
        }
    }));
    cluster.request(ReplicaId(1), batch(1));
    for id in [0, 1, 3] {
        if bounce {
            // Locked, and not yet in round 1.
            let at = 30 * D + D * id;
            cluster.fault_at(at, Fault::Bounce(ReplicaId(id)));
        }
    }
    let timeout = Duration::from_secs(30);
    let done = cluster.run_until(timeout, Cluster::is_complete).unwrap();
    assert!(done, "{}", cluster.describe());
    assert_eq!(cluster.commits(ReplicaId(0))[0].block.view, 0);
    let (all, misled) = *misled.borrow();
    assert!(all > 0, "there was a round 1");
    (cluster.rejected().keys().copied().collect(), misled)
}

#[test]
fn who_is_locked_prevotes_nothing_else_without_a_later_quorum() {
    let refused = "proposal without a quorum of prevotes";
    for (round, signers) in [(0, signers([2])), (1, signers(0..4))] {
        let proof = Proof { round, signers };
        assert_eq!(against_the_lock(Some(&proof), false), (vec![refused], 0));
    }
    for bounce in [false, true] {
        assert_eq!(against_the_lock(None, bounce), (vec![], 0), "{bounce}");
    }
}

/// r0 alone hears r1's prevote and locks; r1 is gone for ever.
#[test]
fn a_lock_that_a_replica_gone_for_ever_helped_to_make_is_shown_to_the_others() {
    for restart in [false, true] {
        let mut cluster = Cluster::<Tendermint>::new(Config::lockstep::<Tendermint>(4, D));
        let gone = ReplicaId(1);
        cluster.set_filter(Box::new(move |_, from, to, message| match message {
            Message::Core(_, said) if from == gone => match said.as_ref() {
                Word::Proposal { .. } if to != ReplicaId(3) => Fate::Pass,
                Word::Vote {
                    vote: Vote::Prevote,
                    ..
                } if to == ReplicaId(0) => Fate::Pass,
                _ => Fate::Drop,
            },
            _ => Fate::Pass,
        }));
        cluster.request(gone, batch(1));
        cluster.fault_at(4 * D, Fault::Crash(gone));
        if restart {
            // What it heard is forgotten, but for what is on its log.
            cluster.fault_at(5 * D, Fault::Bounce(ReplicaId(0)));
        }
        let timeout = Duration::from_secs(60);
        let done = cluster.run_until(timeout, Cluster::is_complete).unwrap();
        assert!(done, "restart {restart}: {}", cluster.describe());
    }
}

/// Whether the victim prevotes one value only in each round though it bounces
/// at `bounce`, while its ledger is durable so late; from `after` on, proposers
/// show it another face.
fn prevotes_of_a_bounced(ledger: Duration, heights: u64) -> Prevotes {
    let mut config = Config::lockstep::<Tendermint>(4, D)
        .set::<Tendermint>("retain", "8")
        .set::<Tendermint>("checkpoint_interval", "1");
    config.ledger_disk = Between::exactly(ledger);
    let mut cluster = Cluster::<Tendermint>::new(config);
    let victim = ReplicaId(3);
    // The last height stays open: nobody hears a prevote in it.
    let open = Height(heights + 1);
    let bounce = 200 * D;
    for id in 0..4 {
        if ReplicaId(id) != victim {
            cluster.set_faulty(ReplicaId(id));
        }
    }
    let said: Rc<RefCell<Prevotes>> = Rc::default();
    let heard = Rc::clone(&said);
    cluster.set_filter(Box::new(move |now, from, to, message| {
        let Message::Core(origin, said) = message else {
            return Fate::Pass;
        };
        match said.as_ref() {
            Word::Vote {
                vote, height, id, ..
            } => {
                if from == victim && *vote == Vote::Prevote {
                    let place = (*height, said.round());
                    let id = id.map_or(0, |id| id.0);
                    heard.borrow_mut().entry(place).or_default().push(id);
                }
                if *height == open {
                    return Fate::Drop;
                }
            }
            Word::Proposal { round, block, .. } if to == victim && now > bounce => {
                if block.height == open {
                    return word(
                        *origin,
                        Word::Proposal {
                            round: *round,
                            block: second_face(block),
                            valid: None,
                        },
                    );
                }
            }
            Word::Proposal { .. } => {}
        }
        Fate::Pass
    }));
    for height in 0..=heights {
        let at = 10 * D * height as u32;
        let proposer = ReplicaId(((height + 1) % 4) as u32);
        cluster.request_at(at, proposer, batch(height + 1));
    }
    cluster.fault_at(bounce, Fault::Bounce(victim));
    assert!(!cluster.run_until(300 * D, |_| false).unwrap());
    said.take()
}

#[test]
fn a_prevote_is_remembered_after_a_crash() {
    // The ledger keeps up with the log, or is so far behind it that the
    // decisions in between are gone from it.
    for ledger in [Duration::ZERO, 1_000 * D] {
        let said = prevotes_of_a_bounced(ledger, 5);
        let open = &said[&(Height(6), 0)];
        assert!(open.len() > 3, "it says so again: {said:?}");
        for (place, ids) in &said {
            let first = ids[0];
            assert!(ids.iter().all(|id| *id == first), "{place:?} {ids:?}");
        }
    }
}

#[test]
fn a_block_from_the_future_holds_nobody_up() {
    let config = Config::lockstep::<Tendermint>(4, D).set::<Tendermint>("block_interval", "50ms");
    let mut cluster = Cluster::<Tendermint>::new(config);
    let faulty = ReplicaId(1);
    cluster.set_faulty(faulty);
    let mut replaced = None;
    cluster.set_filter(Box::new(move |_, from, _, message| {
        let Message::Core(origin, said) = message else {
            return Fate::Pass;
        };
        if from != faulty {
            return Fate::Pass;
        }
        match said.as_ref() {
            Word::Proposal { round, block, .. } => {
                let mut late = Block::clone(block);
                late.created += Duration::from_secs(86_400);
                let late = Arc::new(late);
                replaced = Some(late.id());
                word(
                    *origin,
                    Word::Proposal {
                        round: *round,
                        block: late,
                        valid: None,
                    },
                )
            }
            Word::Vote {
                vote,
                height,
                round,
                id: Some(_),
            } if height.0 % 4 == 1 => word(
                *origin,
                Word::Vote {
                    vote: *vote,
                    height: *height,
                    round: *round,
                    id: replaced,
                },
            ),
            Word::Vote { .. } => Fate::Pass,
        }
    }));
    for id in 1..=8 {
        cluster.request_at(20 * D * id as u32, ReplicaId(2), batch(id));
    }
    let timeout = Duration::from_secs(20);
    let done = cluster.run_until(timeout, Cluster::is_complete).unwrap();
    assert!(done, "{}", cluster.describe());
    let blocks = cluster.commits(ReplicaId(0));
    let future = blocks.iter().any(|commit| commit.block.created > timeout);
    assert!(future, "a block from the future was decided");
}
