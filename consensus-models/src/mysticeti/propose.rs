//! When a replica makes its next block, and what it refers to.
//!
//! It does so as soon as a quorum of blocks of a round is there, those of the
//! round's leaders among them, or these have not come in `leader_timeout`. While
//! nothing is to be ordered it waits, unless another member goes on.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::message::{DagBlock, Message, Record, Ref};
use super::{Env, IDLE_TIMER, LEADER_TIMER, Mysticeti, RESEND_TIMER};
use crate::block::BatchId;
use crate::protocol::Work;

/// Which rounds a replica has waited for, and how far it has come.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The last own round.
    pub(super) proposed: u64,
    /// The last own block, durable or on its way to the disk.
    pub(super) own: Option<Arc<DagBlock>>,
    /// Whether it is on its way to the disk.
    pub(super) writing: bool,
    /// The round whose leaders are waited for, and whether that is over.
    leaders: (Option<u64>, bool),
    /// The same for the wait of an idle replica.
    idle: (Option<u64>, bool),
    /// The last own round when the resend timer fired last.
    resend: u64,
}

impl Pace {
    pub(super) fn new(proposed: u64, own: Option<Arc<DagBlock>>) -> Self {
        Self {
            proposed,
            own,
            ..Self::default()
        }
    }
}

impl Mysticeti {
    /// Makes the next block, should it be time.
    pub(super) fn try_propose<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let round = self.dag.quorum_round();
        if self.pace.writing || round < self.pace.proposed || !self.has_quorum(round) || self.lags()
        {
            return;
        }
        if !self.has_leaders(round) && self.pace.leaders != (Some(round), true) {
            if self.pace.leaders.0 != Some(round) {
                self.pace.leaders = (Some(round), false);
                env.set_timer(LEADER_TIMER, self.config.leader_timeout);
            }
            return;
        }
        let taken = self.batches_under_way();
        let batches = self.pool.select(&taken, self.config.max_batches);
        let calm = batches.is_empty() && !self.dag.has_open() && self.dag.row(round + 1).is_none();
        if calm && self.pace.idle != (Some(round), true) {
            if self.pace.idle.0 != Some(round) {
                self.pace.idle = (Some(round), false);
                env.set_timer(IDLE_TIMER, self.config.idle_interval);
            }
            return;
        }
        env.cancel_timer(LEADER_TIMER);
        env.cancel_timer(IDLE_TIMER);
        let parents = self.parents(round);
        let block = DagBlock::new(round + 1, self.me, env.now(), batches, parents);
        self.write(Arc::new(block), env);
    }

    fn has_quorum(&self, round: u64) -> bool {
        let row = self.dag.row(round);
        let quorum = self.config.slots.committee.quorum();
        round == 0 || row.is_some_and(|row| row.authors() >= quorum)
    }

    /// Whether the leaders' blocks of `round` are there, save an own one that
    /// was never made.
    fn has_leaders(&self, round: u64) -> bool {
        let slots = &self.config.slots;
        round == 0
            || (0..slots.leaders)
                .map(|index| slots.leader(round, index))
                .all(|leader| leader == self.me || self.dag.has_author(round, leader))
    }

    /// Batches of own blocks that wait for their commit.
    fn batches_under_way(&self) -> BTreeSet<BatchId> {
        let open = self.dag.open().filter(|at| at.author == self.me);
        let blocks = open.filter_map(|at| self.dag.get(&at));
        blocks
            .flat_map(|node| node.block.batches.iter().map(|batch| batch.id))
            .collect()
    }

    /// The own last block, one block per author of `round`, and older ones that
    /// nothing refers to yet, as many as there are members.
    fn parents(&self, round: u64) -> Vec<Ref> {
        let committee = self.config.slots.committee;
        if round == 0 {
            let mut parents = vec![Ref::genesis(self.me)];
            parents.extend(committee.others(self.me).map(Ref::genesis));
            return parents;
        }
        let own = self.pace.own.as_ref().map(|block| block.at());
        let own = own.filter(|own| self.dag.get(own).is_some());
        let mut others: Vec<Ref> = Vec::new();
        let older = self.dag.loose().take_while(|at| at.round < round);
        for at in older.filter(|at| at.author != self.me) {
            let twin = others
                .last()
                .is_some_and(|last| (last.round, last.author) == (at.round, at.author));
            if !twin && others.len() < committee.n() as usize {
                others.push(at);
            }
        }
        if let Some(row) = self.dag.row(round) {
            let first = committee
                .others(self.me)
                .filter_map(|id| row.of(id).first());
            others.extend(first.map(|node| node.block.at()));
        }
        own.into_iter().chain(others).collect()
    }

    /// Writes an own block; it is sent once it is durable. So is what it refers
    /// to, lest all stop at once and nobody has it.
    fn write<E: Env<Self> + ?Sized>(&mut self, block: Arc<DagBlock>, env: &mut E) {
        env.work(Work::Hash(block.bytes()));
        env.work(Work::Sign);
        self.pace.proposed = block.at().round;
        self.pace.own = Some(Arc::clone(&block));
        self.pace.writing = true;
        self.claimed[self.me.index()] = self.pace.proposed;
        let mut learnt = self.dag.take_learnt();
        // Own ones are on the log already.
        learnt.retain(|block| block.at().author != self.me);
        let record = Record::Own {
            learnt,
            block: Arc::clone(&block),
            committed: self.committed,
        };
        let bytes = record.bytes();
        let token = self.outbox.push(Some(block));
        env.persist(record, bytes, token);
    }

    /// An own block is durable.
    pub(super) fn send<E: Env<Self> + ?Sized>(&mut self, block: Arc<DagBlock>, env: &mut E) {
        self.pace.writing = false;
        env.broadcast(Message::Block(Arc::clone(&block)));
        self.dag.restore(block);
        self.settled(env);
    }

    /// The leaders of a round did not come.
    pub(super) fn on_leader_timer(&mut self) {
        self.pace.leaders.1 = true;
    }

    /// The wait of an idle replica is over.
    pub(super) fn on_idle_timer(&mut self) {
        self.pace.idle.1 = true;
    }

    /// Sends the last own block again while no quorum answers to it.
    pub(super) fn on_resend_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let round = self.pace.proposed;
        let stuck = self.pace.resend == round && self.dag.quorum_round() < round;
        if stuck && !self.pace.writing {
            self.resend(env);
        }
        self.pace.resend = round;
        env.set_timer(RESEND_TIMER, self.config.retry_delay);
    }

    /// Sends the last own block again.
    pub(super) fn resend<E: Env<Self> + ?Sized>(&self, env: &mut E) {
        if let Some(block) = &self.pace.own {
            env.broadcast(Message::Block(Arc::clone(block)));
        }
    }
}
