//! Tendermint: E. Buchman, J. Kwon, Z. Milosevic, "The latest gossip on BFT
//! consensus", arXiv:1807.04938, Algorithm 1.
//!
//! A round has a proposal and two votes, prevote and precommit. A quorum of
//! prevotes locks a value; a quorum of precommits decides it. Who is locked
//! prevotes something else only when shown a later quorum for it, which the
//! next proposer carries along as the valid round.
//!
//! The line numbers in `rules.rs` are those of the algorithm. Heights, disks and
//! the spread of messages belong to the shell.

mod message;
mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use message::{Proof, Saved, Vote, Word};

use crate::block::{Block, BlockId};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::heights::{Action, Actions, Ballots, Core, Heights, Place};
use crate::params::{ParamSpec, Params};

/// A replica of Tendermint.
pub type Tendermint = Heights<Rounds>;

/// The timers.
const PROPOSE: u32 = 0;
const PREVOTE: u32 = 1;
const PRECOMMIT: u32 = 2;

/// Rounds above the current one of which messages are kept.
const AHEAD: u32 = 64;

/// Where a replica stands within a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It waits for the proposal.
    Propose,
    /// It has prevoted.
    Prevote,
    /// It has precommitted.
    Precommit,
}

/// A timeout of one step: it grows with the round.
#[derive(Clone, Copy, Debug)]
struct Timeout {
    first: Duration,
    delta: Duration,
}

impl Timeout {
    fn of(self, round: u32) -> Duration {
        self.first + self.delta * round
    }
}

/// The checked parameters.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    propose: Timeout,
    prevote: Timeout,
    precommit: Timeout,
}

/// What is known of one round.
#[derive(Debug, Default)]
struct Round {
    /// The value, and the round in which a quorum is shown to have prevoted it
    /// before.
    proposal: Option<(Arc<Block>, Option<u32>)>,
    prevotes: Ballots,
    precommits: Ballots,
    /// Who was heard in it.
    heard: ReplicaSet,
    /// Rules that fire once.
    prevote_timer: bool,
    precommit_timer: bool,
    polka: bool,
}

impl Round {
    fn id(&self) -> Option<BlockId> {
        self.proposal.as_ref().map(|(block, _)| block.id())
    }
}

/// The state of one height.
#[derive(Debug)]
pub struct Rounds {
    place: Place,
    timeouts: Timeouts,
    round: u32,
    step: Step,
    /// Value and round locked on.
    locked: Option<(u32, Arc<Block>)>,
    /// The latest value known to have a quorum of prevotes, and these.
    valid: Option<(Proof, Arc<Block>)>,
    rounds: BTreeMap<u32, Round>,
    restored: bool,
    decided: bool,
}

impl Core for Rounds {
    type Say = Word;
    type Saved = Saved;
    type Config = Timeouts;

    const NAME: &'static str = "tendermint";
    const SOURCE: &'static str =
        "Buchman, Kwon, Milosevic, The latest gossip on BFT consensus, arXiv:1807.04938, 2018";

    fn params() -> Vec<ParamSpec> {
        vec![
            ParamSpec::span(
                "timeout_propose",
                1,
                "1s",
                "wait for a round's proposal before a vote for nothing",
            ),
            ParamSpec::span(
                "timeout_prevote",
                1,
                "500ms",
                "wait for more prevotes once a quorum disagrees",
            ),
            ParamSpec::span(
                "timeout_precommit",
                1,
                "500ms",
                "wait for more precommits once a quorum disagrees",
            ),
            ParamSpec::span(
                "timeout_delta",
                0,
                "500ms",
                "by which every round lengthens each of them",
            ),
        ]
    }

    fn config(params: &Params) -> Timeouts {
        let delta = params.duration("timeout_delta");
        let of = |name| Timeout {
            first: params.duration(name),
            delta,
        };
        Timeouts {
            propose: of("timeout_propose"),
            prevote: of("timeout_prevote"),
            precommit: of("timeout_precommit"),
        }
    }

    fn new(place: Place, timeouts: &Timeouts, saved: &[Saved]) -> Self {
        let saved = saved.last();
        Self {
            place,
            timeouts: *timeouts,
            round: saved.map_or(0, |saved| saved.round),
            step: saved.map_or(Step::Propose, |saved| saved.step),
            locked: saved.and_then(|saved| saved.locked.clone()),
            valid: saved.and_then(|saved| saved.valid.clone()),
            rounds: BTreeMap::new(),
            restored: saved.is_some(),
            decided: false,
        }
    }

    fn start(&mut self, out: &mut Actions<Word>) {
        if self.restored {
            // What was said is heard again; a vote that is missing is waited for
            // as long as a new one.
            self.arm(out);
        } else {
            self.enter(0, out);
        }
    }

    fn hear(&mut self, from: ReplicaId, word: &Word, out: &mut Actions<Word>) {
        self.on_word(from, word, out);
    }

    fn timer(&mut self, kind: u32, round: u32, out: &mut Actions<Word>) {
        if round != self.round || self.decided {
            return;
        }
        match (kind, self.step) {
            // Lines 57 to 60.
            (PROPOSE, Step::Propose) => self.prevote(None, out),
            // Lines 61 to 64.
            (PREVOTE, Step::Prevote) => self.precommit(None, out),
            // Lines 65 to 67.
            (PRECOMMIT, _) => {
                out.push(Action::Failed(self.place.proposer(round)));
                self.enter(round + 1, out);
            }
            _ => {}
        }
        self.settle(out);
    }

    fn propose(&mut self, block: Arc<Block>, out: &mut Actions<Word>) {
        out.push(Action::Say(Word::Proposal {
            round: self.round,
            block,
            valid: None,
        }));
    }

    fn round(&self) -> u32 {
        self.round
    }

    fn has_proposal(&self) -> bool {
        let current = self.rounds.get(&self.round);
        current.is_some_and(|round| round.proposal.is_some())
    }

    fn saved(&mut self) -> Saved {
        Saved {
            round: self.round,
            step: self.step,
            locked: self.locked.clone(),
            valid: self.valid.clone(),
        }
    }

    fn saved_bytes(saved: &Saved) -> u32 {
        saved.bytes()
    }
}
