//! The rules of a round and of the change to another.

use std::sync::Arc;

use super::message::Justification;
use super::{AHEAD, DOUBLINGS, Prepared, ROUND, Round, RoundChange, Rounds, Word};
use crate::block::{Block, BlockId};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::heights::{Action, Actions, Cast, Decision, Say, block_bytes};
use crate::protocol::Work;

impl Rounds {
    pub(super) fn known(&mut self, round: u32) -> &mut Round {
        self.rounds.entry(round).or_default()
    }

    fn quorum(&self) -> u32 {
        self.place.committee.quorum()
    }

    /// Arms the timer of the current round.
    pub(super) fn arm(&self, out: &mut Actions<Word>) {
        out.push(Action::Timer {
            kind: ROUND,
            round: self.round,
            after: self.request_timeout * (1 << self.round.min(DOUBLINGS)),
        });
    }

    pub(super) fn on_word(&mut self, from: ReplicaId, word: &Word, out: &mut Actions<Word>) {
        if self.decided || word.round() > self.round.saturating_add(AHEAD) {
            return;
        }
        match word {
            Word::Proposal {
                round,
                block,
                justification,
            } => self.on_proposal(from, *round, block, justification, out),
            Word::Prepare { round, id, .. } => self.on_vote(from, *round, *id, true, out),
            Word::Commit { round, id, .. } => self.on_vote(from, *round, *id, false, out),
            Word::RoundChange(change) => self.on_round_change(from, change, out),
        }
    }

    fn on_proposal(
        &mut self,
        from: ReplicaId,
        round: u32,
        block: &Arc<Block>,
        justification: &Justification,
        out: &mut Actions<Word>,
    ) {
        if from != self.place.proposer(round) {
            return out.push(Action::Reject("proposal by a replica whose turn it is not"));
        }
        if let Some(known) = &self.known(round).proposal {
            if known.id() != block.id() {
                out.push(Action::Reject("second proposal of a round"));
            }
            return;
        }
        if from != self.place.me {
            out.push(Action::Work(Work::Hash(block_bytes(block.batches.len()))));
            out.push(Action::Work(Work::VerifyBatch(
                1 + signatures(justification),
            )));
        }
        if !self.place.fits(block) {
            return out.push(Action::Reject("proposal that does not fit its height"));
        }
        if let Err(why) = self.justified(round, block, justification) {
            return out.push(Action::Reject(why));
        }
        self.known(round).proposal = Some(Arc::clone(block));
        if round > self.round {
            // The quorum of round changes that it carries leads there.
            self.enter(round, out);
        }
        if round == self.round && !self.sent.0 {
            self.sent.0 = true;
            out.push(Action::Say(Word::Prepare {
                height: self.place.height,
                round,
                id: block.id(),
            }));
        }
        self.settle(round, out);
    }

    /// Whether a quorum of round changes allows the block in that round: it is
    /// that of the highest certificate among them, or free.
    fn justified(
        &self,
        round: u32,
        block: &Block,
        justification: &Justification,
    ) -> Result<(), &'static str> {
        if round == 0 {
            return Ok(());
        }
        let mut senders = ReplicaSet::new();
        for (from, change) in justification.iter() {
            if change.round != round || change.height != self.place.height {
                return Err("justification of another round");
            }
            if let Some(prepared) = &change.prepared
                && (prepared.signers.len() < self.quorum() || prepared.round >= round)
            {
                return Err("prepared certificate without a quorum");
            }
            senders.insert(*from);
        }
        if senders.len() < self.quorum() {
            return Err("proposal without a quorum of round changes");
        }
        match highest(justification.iter().map(|(_, change)| change)) {
            Some(prepared) if prepared.block.id() != block.id() => {
                Err("proposal against the highest prepared certificate")
            }
            _ => Ok(()),
        }
    }

    fn on_vote(
        &mut self,
        from: ReplicaId,
        round: u32,
        id: BlockId,
        prepare: bool,
        out: &mut Actions<Word>,
    ) {
        let known = self.known(round);
        let ballots = if prepare {
            &mut known.prepares
        } else {
            &mut known.commits
        };
        let cast = ballots.add(from, Some(id));
        if cast != Cast::Known && from != self.place.me {
            out.push(Action::Work(Work::Verify));
        }
        match cast {
            Cast::Known => {}
            Cast::Equivocation => out.push(Action::Reject("equivocating vote")),
            Cast::Fresh => self.settle(round, out),
        }
    }

    /// What quorums of prepares and commits lead to.
    fn settle(&mut self, round: u32, out: &mut Actions<Word>) {
        let quorum = self.quorum();
        let open = round == self.round && !self.sent.1;
        let known = self.known(round);
        let Some(block) = known.proposal.clone() else {
            return;
        };
        let id = block.id();
        if known.commits.of(Some(id)) >= quorum {
            let signers = known.commits.voters(Some(id)).cloned().unwrap_or_default();
            self.decided = true;
            return out.push(Action::Decide(Decision { block, signers }));
        }
        let prepared = known.prepares.of(Some(id)) >= quorum;
        if prepared && open {
            let signers = known.prepares.voters(Some(id)).cloned().unwrap_or_default();
            self.prepared = Some(Prepared {
                round,
                block,
                signers,
            });
            self.sent.1 = true;
            out.push(Action::Say(Word::Commit {
                height: self.place.height,
                round,
                id,
            }));
        }
    }

    /// Enters a round.
    fn enter(&mut self, round: u32, out: &mut Actions<Word>) {
        out.push(Action::Failed(self.place.proposer(self.round)));
        self.round = round;
        self.sent = (false, false);
        self.arm(out);
    }

    /// Gives up on the current round.
    pub(super) fn change_round(&mut self, round: u32, out: &mut Actions<Word>) {
        self.enter(round, out);
        out.push(Action::Say(Word::RoundChange(Arc::new(RoundChange {
            height: self.place.height,
            round,
            prepared: self.prepared.clone(),
        }))));
    }

    fn on_round_change(
        &mut self,
        from: ReplicaId,
        change: &Arc<RoundChange>,
        out: &mut Actions<Word>,
    ) {
        let round = change.round;
        if round < self.round || self.known(round).changes.contains_key(&from) {
            return;
        }
        let signers = change.prepared.as_ref().map_or(0, |p| p.signers.len());
        if from != self.place.me {
            out.push(Action::Work(Work::VerifyBatch(1 + signers)));
        }
        let whole = change.prepared.as_ref().is_none_or(|prepared| {
            prepared.signers.len() >= self.quorum() && prepared.round < round
        });
        if !whole {
            return out.push(Action::Reject("prepared certificate without a quorum"));
        }
        self.known(round).changes.insert(from, Arc::clone(change));
        self.follow(out);
        self.lead(round, out);
    }

    /// With f + 1 round changes for later rounds, one of them is correct: goes
    /// to the lowest of those rounds.
    fn follow(&mut self, out: &mut Actions<Word>) {
        let later = self.rounds.range(self.round + 1..);
        let mut senders = ReplicaSet::new();
        let mut lowest = None;
        for (round, known) in later {
            for from in known.changes.keys() {
                senders.insert(*from);
                lowest = lowest.or(Some(*round));
            }
        }
        if senders.len() >= self.place.committee.weak_quorum()
            && let Some(round) = lowest
        {
            self.change_round(round, out);
        }
    }

    /// Proposes in its round, once a quorum asks for it.
    fn lead(&mut self, round: u32, out: &mut Actions<Word>) {
        let quorum = self.quorum() as usize;
        let mine = self.place.proposer(round) == self.place.me && round == self.round;
        let known = self.known(round);
        if !mine || known.proposed || known.changes.len() < quorum {
            return;
        }
        known.proposed = true;
        match highest(known.changes.values()) {
            Some(prepared) => out.push(Action::Say(Word::Proposal {
                round,
                block: Arc::clone(&prepared.block),
                justification: self.justification(),
            })),
            None => out.push(Action::Want),
        }
    }

    /// The round changes that allow a proposal in the current round.
    pub(super) fn justification(&self) -> Justification {
        let known = self.rounds.get(&self.round);
        let changes = known.into_iter().flat_map(|known| &known.changes);
        changes
            .map(|(from, change)| (*from, Arc::clone(change)))
            .collect()
    }
}

/// The certificate of the highest round.
fn highest<'a>(changes: impl Iterator<Item = &'a Arc<RoundChange>>) -> Option<&'a Prepared> {
    changes
        .filter_map(|change| change.prepared.as_ref())
        .max_by_key(|prepared| prepared.round)
}

/// Signatures in a justification: the round changes, and the prepares of the
/// highest certificate.
fn signatures(justification: &Justification) -> u32 {
    let highest = highest(justification.iter().map(|(_, change)| change));
    justification.len() as u32 + highest.map_or(0, |prepared| prepared.signers.len())
}
