//! QBFT, the protocol of Besu's and Quorum's consortium chains: H. Moniz, "The
//! Istanbul BFT Consensus Algorithm", arXiv:2002.03613, with the justified
//! proposals of the EEA's QBFT specification; in the family of R. Saltini, D.
//! Hyland-Wood, "IBFT 2.0", arXiv:1909.10194.
//!
//! A round has a proposal, a prepare and a commit of everyone. Whoever saw a
//! quorum of prepares carries them into the round changes that follow, and a
//! later proposer must propose the block of the highest of them, shown by a
//! quorum of round changes. Round timers double.
//!
//! Heights, disks and the spread of messages belong to the shell.

mod message;
mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use message::{Prepared, RoundChange, Saved, Word};

use crate::block::Block;
use crate::committee::ReplicaId;
use crate::heights::{Action, Actions, Ballots, Core, Heights, Place};
use crate::params::{ParamSpec, Params};

/// A replica of QBFT.
pub type Qbft = Heights<Rounds>;

/// The only timer: the round takes too long.
const ROUND: u32 = 0;
/// Rounds above the current one of which messages are kept.
const AHEAD: u32 = 64;
/// The round timer doubles so many times at most.
const DOUBLINGS: u32 = 10;

/// What is known of one round.
#[derive(Debug, Default)]
struct Round {
    /// The accepted proposal.
    proposal: Option<Arc<Block>>,
    prepares: Ballots,
    commits: Ballots,
    /// One round change a sender.
    changes: BTreeMap<ReplicaId, Arc<RoundChange>>,
    /// Whether this replica proposed in it.
    proposed: bool,
}

/// The state of one height.
#[derive(Debug)]
pub struct Rounds {
    place: Place,
    request_timeout: Duration,
    round: u32,
    /// The highest round in which this replica saw a quorum of prepares.
    prepared: Option<Prepared>,
    /// Whether this replica sent its prepare, its commit, in the current round.
    sent: (bool, bool),
    rounds: BTreeMap<u32, Round>,
    restored: bool,
    decided: bool,
}

impl Core for Rounds {
    type Say = Word;
    type Saved = Saved;
    type Config = Duration;

    const NAME: &'static str = "qbft";
    const SOURCE: &'static str = "Moniz, The Istanbul BFT Consensus Algorithm, arXiv:2002.03613, 2020; \
        EEA QBFT specification";

    fn params() -> Vec<ParamSpec> {
        vec![ParamSpec::span(
            "request_timeout",
            1,
            "2s",
            "time that round 0 may take; doubles with every round",
        )]
    }

    fn config(params: &Params) -> Duration {
        params.duration("request_timeout")
    }

    fn new(place: Place, request_timeout: &Duration, saved: &[Saved]) -> Self {
        let saved = saved.last();
        Self {
            place,
            request_timeout: *request_timeout,
            round: saved.map_or(0, |saved| saved.round),
            prepared: saved.and_then(|saved| saved.prepared.clone()),
            sent: saved.map_or((false, false), |saved| saved.sent),
            rounds: BTreeMap::new(),
            restored: saved.is_some(),
            decided: false,
        }
    }

    fn start(&mut self, out: &mut Actions<Word>) {
        self.arm(out);
        if self.restored {
            // Who proposed before a crash may have, and does not propose again.
            let round = self.round;
            self.known(round).proposed = true;
        } else if self.place.proposer(0) == self.place.me {
            self.known(0).proposed = true;
            out.push(Action::Want);
        }
    }

    fn hear(&mut self, from: ReplicaId, word: &Word, out: &mut Actions<Word>) {
        self.on_word(from, word, out);
    }

    fn timer(&mut self, _kind: u32, round: u32, out: &mut Actions<Word>) {
        if round == self.round && !self.decided {
            self.change_round(round + 1, out);
        }
    }

    fn propose(&mut self, block: Arc<Block>, out: &mut Actions<Word>) {
        let justification = self.justification();
        out.push(Action::Say(Word::Proposal {
            round: self.round,
            block,
            justification,
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
            prepared: self.prepared.clone(),
            sent: self.sent,
        }
    }

    fn saved_bytes(saved: &Saved) -> u32 {
        saved.bytes()
    }
}
