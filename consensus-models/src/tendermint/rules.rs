//! The rules of Algorithm 1. A rule is looked at whenever something that it
//! speaks of was heard, and after every step.

use std::sync::Arc;

use super::{AHEAD, PRECOMMIT, PREVOTE, PROPOSE, Proof, Round, Rounds, Step, Vote, Word};
use crate::block::{Block, BlockId};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::heights::{Action, Actions, Cast, Decision, Say};
use crate::protocol::Work;

impl Rounds {
    /// Lines 11 to 21: enters a round.
    pub(super) fn enter(&mut self, round: u32, out: &mut Actions<Word>) {
        self.round = round;
        self.step = Step::Propose;
        if self.place.proposer(round) != self.place.me {
            return self.arm(out);
        }
        match &self.valid {
            Some((valid, block)) => out.push(Action::Say(Word::Proposal {
                round,
                block: Arc::clone(block),
                valid: Some(valid.clone()),
            })),
            None => out.push(Action::Want),
        }
    }

    /// Arms the timeout of the current step.
    pub(super) fn arm(&self, out: &mut Actions<Word>) {
        let (kind, timeout) = match self.step {
            Step::Propose => (PROPOSE, self.timeouts.propose),
            Step::Prevote => (PREVOTE, self.timeouts.prevote),
            Step::Precommit => (PRECOMMIT, self.timeouts.precommit),
        };
        out.push(Action::Timer {
            kind,
            round: self.round,
            after: timeout.of(self.round),
        });
    }

    pub(super) fn prevote(&mut self, id: Option<BlockId>, out: &mut Actions<Word>) {
        self.step = Step::Prevote;
        self.vote(Vote::Prevote, id, out);
    }

    pub(super) fn precommit(&mut self, id: Option<BlockId>, out: &mut Actions<Word>) {
        self.step = Step::Precommit;
        self.vote(Vote::Precommit, id, out);
    }

    fn vote(&self, vote: Vote, id: Option<BlockId>, out: &mut Actions<Word>) {
        out.push(Action::Say(Word::Vote {
            vote,
            height: self.place.height,
            round: self.round,
            id,
        }));
    }

    pub(super) fn on_word(&mut self, from: ReplicaId, word: &Word, out: &mut Actions<Word>) {
        let round = word.round();
        if self.decided || round > self.round.saturating_add(AHEAD) {
            return;
        }
        let fresh = match word {
            Word::Proposal { block, valid, .. } => {
                self.take_proposal(from, round, block, valid.as_ref(), out)
            }
            Word::Vote { vote, id, .. } => self.take_vote(from, *vote, round, *id, out),
        };
        if !fresh {
            return;
        }
        self.known(round).heard.insert(from);
        if self.decide(round, out) {
            return;
        }
        // Lines 55 and 56: one of f + 1 is correct.
        let weak = self.place.committee.weak_quorum();
        if round > self.round && self.known(round).heard.len() >= weak {
            out.push(Action::Failed(self.place.proposer(self.round)));
            self.enter(round, out);
        }
        self.settle(out);
    }

    fn known(&mut self, round: u32) -> &mut Round {
        self.rounds.entry(round).or_default()
    }

    fn take_proposal(
        &mut self,
        from: ReplicaId,
        round: u32,
        block: &Arc<Block>,
        valid: Option<&Proof>,
        out: &mut Actions<Word>,
    ) -> bool {
        if from != self.place.proposer(round) {
            out.push(Action::Reject("proposal by a replica whose turn it is not"));
            return false;
        }
        if let Some(known) = self.known(round).id() {
            if known != block.id() {
                out.push(Action::Reject("second proposal of a round"));
            }
            return false;
        }
        if from != self.place.me {
            out.push(Action::Work(Work::Hash(word_bytes(block))));
            out.push(Action::Work(match valid {
                None => Work::Verify,
                Some(valid) => Work::VerifyBatch(1 + valid.signers.len()),
            }));
        }
        if !self.place.fits(block) {
            out.push(Action::Reject("proposal that does not fit its height"));
            return false;
        }
        // The votes that line 28 asks for.
        let quorum = self.place.committee.quorum();
        if valid.is_some_and(|valid| valid.round >= round || valid.signers.len() < quorum) {
            out.push(Action::Reject("proposal without a quorum of prevotes"));
            return false;
        }
        let valid = valid.map(|valid| valid.round);
        self.known(round).proposal = Some((Arc::clone(block), valid));
        true
    }

    fn take_vote(
        &mut self,
        from: ReplicaId,
        vote: Vote,
        round: u32,
        id: Option<BlockId>,
        out: &mut Actions<Word>,
    ) -> bool {
        let known = self.known(round);
        let ballots = match vote {
            Vote::Prevote => &mut known.prevotes,
            Vote::Precommit => &mut known.precommits,
        };
        let cast = ballots.add(from, id);
        if cast != Cast::Known && from != self.place.me {
            out.push(Action::Work(Work::Verify));
        }
        if cast == Cast::Equivocation {
            out.push(Action::Reject("equivocating vote"));
        }
        cast == Cast::Fresh
    }

    /// Lines 49 to 54: a quorum of precommits for a known value of any round.
    fn decide(&mut self, round: u32, out: &mut Actions<Word>) -> bool {
        let quorum = self.place.committee.quorum();
        let known = self.known(round);
        let Some((block, _)) = &known.proposal else {
            return false;
        };
        let id = Some(block.id());
        if known.precommits.of(id) < quorum {
            return false;
        }
        let signers: ReplicaSet = known.precommits.voters(id).cloned().unwrap_or_default();
        let block = Arc::clone(block);
        self.decided = true;
        out.push(Action::Decide(Decision { block, signers }));
        true
    }

    /// The rules of the current round, until none fires.
    pub(super) fn settle(&mut self, out: &mut Actions<Word>) {
        if self.decided {
            return;
        }
        self.consider_proposal(out);
        self.consider_prevotes(out);
        // Lines 47 and 48.
        let quorum = self.place.committee.quorum();
        let round = self.round;
        let known = self.known(round);
        if known.precommits.len() >= quorum && !known.precommit_timer {
            known.precommit_timer = true;
            out.push(Action::Timer {
                kind: PRECOMMIT,
                round,
                after: self.timeouts.precommit.of(round),
            });
        }
    }

    /// Lines 22 to 33: the prevote on a proposal.
    fn consider_proposal(&mut self, out: &mut Actions<Word>) {
        if self.step != Step::Propose {
            return;
        }
        let Some((block, valid)) = self
            .rounds
            .get(&self.round)
            .and_then(|r| r.proposal.clone())
        else {
            return;
        };
        let id = block.id();
        let (lock, same) = match &self.locked {
            None => (None, false),
            Some((round, locked)) => (Some(*round), locked.id() == id),
        };
        let free = match valid {
            None => lock.is_none() || same,
            // Its proof was checked when it came.
            Some(valid) => lock.is_none_or(|lock| lock <= valid) || same,
        };
        self.prevote(free.then_some(id), out);
    }

    /// Lines 34 to 46: what a quorum of prevotes leads to.
    fn consider_prevotes(&mut self, out: &mut Actions<Word>) {
        let quorum = self.place.committee.quorum();
        let (round, step) = (self.round, self.step);
        let known = self.known(round);
        if step == Step::Prevote && known.prevotes.len() >= quorum && !known.prevote_timer {
            known.prevote_timer = true;
            out.push(Action::Timer {
                kind: PREVOTE,
                round,
                after: self.timeouts.prevote.of(round),
            });
        }
        let known = self.known(round);
        if step >= Step::Prevote
            && !known.polka
            && let Some((block, _)) = known.proposal.clone()
            && known.prevotes.of(Some(block.id())) >= quorum
        {
            known.polka = true;
            let signers = known.prevotes.voters(Some(block.id())).cloned();
            let signers = signers.unwrap_or_default();
            self.valid = Some((Proof { round, signers }, Arc::clone(&block)));
            if step == Step::Prevote {
                let id = block.id();
                self.locked = Some((round, block));
                self.precommit(Some(id), out);
            }
        }
        let nothing = self.known(round).prevotes.of(None) >= quorum;
        if self.step == Step::Prevote && nothing {
            self.precommit(None, out);
        }
    }
}

fn word_bytes(block: &Block) -> u32 {
    crate::heights::block_bytes(block.batches.len())
}
