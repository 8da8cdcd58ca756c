//! The write-ahead log: what is durable before it is said, and how a replica
//! comes back from it.
//!
//! A vote's record holds the block voted for, and with it the certificate of
//! its parent, so the log gives back what was promised and the recent blocks.
//! Certificates that were only collected need no record: without a vote or a
//! timeout that refers to them, forgetting them breaks no promise.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::Config;
use super::message::{Proposal, Qc, Record, Tc, Timeout};
use super::safety::Safety;
use super::{Chained, Message, Rules};
use crate::block::Height;
use crate::chain::{BlockRef, Linked, Tree};
use crate::pool::Pool;
use crate::protocol::{Env, Recovery, Token, Work};

/// What may be sent once a record is durable.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outgoing {
    /// The vote.
    Vote(BlockRef),
    /// The timeout of this term.
    Timeout(u64),
    /// Nothing: the log was compacted.
    Nothing,
}

/// What a log gives back.
pub(super) struct Recovered {
    pub(super) safety: Safety,
    pub(super) high: Arc<Qc>,
    pub(super) tc: Option<Arc<Tc>>,
    pub(super) tree: Tree<Proposal>,
    pub(super) pool: Pool,
}

impl Recovered {
    pub(super) fn new<R: Rules>(config: &Config<R>, recovery: &Recovery<'_, Record>) -> Self {
        let mut found = Self {
            safety: Safety::default(),
            high: Arc::new(Qc::genesis()),
            tc: None,
            tree: Tree::new(recovery.applied, config.retain),
            pool: Pool::new(config.retain, config.request_timeout),
        };
        let mut blocks = BTreeMap::new();
        for record in recovery.records {
            found.read(config, record, &mut blocks);
        }
        found.remember_applied(recovery.applied, &blocks);
        found
    }

    fn read<R: Rules>(
        &mut self,
        config: &Config<R>,
        record: &Record,
        blocks: &mut BTreeMap<BlockRef, Arc<Proposal>>,
    ) {
        match record {
            Record::Vote { proposal, locked } => {
                self.safety.closed = self.safety.closed.max(proposal.block.view);
                self.safety.locked = self.safety.locked.max(*locked);
                self.safety.vote = Some(proposal.at());
                self.certified(&proposal.justify);
                self.given_up(&proposal.tc);
                self.block(proposal, blocks);
            }
            Record::Timeout { term, high, tc } => {
                let end = config.views.after_term(*term) - 1;
                self.safety.closed = self.safety.closed.max(end);
                self.certified(high);
                self.given_up(tc);
            }
            Record::State {
                closed,
                locked,
                vote,
                high,
                tc,
            } => {
                self.safety = Safety {
                    closed: *closed,
                    locked: *locked,
                    vote: *vote,
                };
                self.certified(high);
                self.given_up(tc);
            }
            Record::Block(proposal) => self.block(proposal, blocks),
            Record::Recent(batches) => {
                for &(height, id) in batches.iter() {
                    self.pool.remember(height, id);
                }
            }
        }
    }

    fn certified(&mut self, qc: &Arc<Qc>) {
        if qc.at.view > self.high.at.view {
            self.high = Arc::clone(qc);
        }
    }

    fn given_up(&mut self, tc: &Option<Arc<Tc>>) {
        let term = |tc: &Option<Arc<Tc>>| tc.as_ref().map(|tc| tc.term);
        if term(tc) > term(&self.tc) {
            self.tc.clone_from(tc);
        }
    }

    fn block(&mut self, proposal: &Arc<Proposal>, blocks: &mut BTreeMap<BlockRef, Arc<Proposal>>) {
        blocks.insert(proposal.at(), Arc::clone(proposal));
        self.tree.insert(Arc::clone(proposal));
    }

    /// The batches of logged blocks up to `applied` on the certified branch
    /// are committed.
    fn remember_applied(&mut self, applied: Height, blocks: &BTreeMap<BlockRef, Arc<Proposal>>) {
        let mut committed = Vec::new();
        let mut next = self.high.at;
        while let Some(proposal) = blocks.get(&next) {
            if proposal.block.height <= applied {
                committed.push(proposal);
            }
            next = proposal.parent();
        }
        for proposal in committed.into_iter().rev() {
            self.pool.committed(&proposal.block);
        }
    }
}

impl<R: Rules> Chained<R> {
    /// Writes a record; `then` is sent once it is durable.
    pub(super) fn persist<E: Env<Self> + ?Sized>(
        &mut self,
        record: Record,
        then: Outgoing,
        env: &mut E,
    ) {
        let token = self.outbox.push(then);
        let bytes = record.bytes();
        env.persist(record, bytes, token);
    }

    /// Sends what waited for a write.
    pub(super) fn written<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        while let Some(outgoing) = self.outbox.pop(done) {
            match outgoing {
                Outgoing::Vote(at) => self.send_vote(at, env),
                Outgoing::Timeout(term) => self.send_timeout(term, env),
                Outgoing::Nothing => {}
            }
        }
    }

    fn send_vote<E: Env<Self> + ?Sized>(&mut self, at: BlockRef, env: &mut E) {
        let collector = self.config.views.leader(at.view + 1);
        if collector == self.me {
            self.count_vote(self.me, at, env);
        } else {
            env.send(collector, Message::Vote(at));
        }
    }

    /// Broadcasts the timeout of the current term, should `term` still be it.
    pub(super) fn send_timeout<E: Env<Self> + ?Sized>(&mut self, term: u64, env: &mut E) {
        if term != self.term() {
            return;
        }
        env.work(Work::Sign);
        let views = &self.config.views;
        let high = Arc::clone(self.pacemaker.high());
        let vote = self.safety.vote.filter(|vote| {
            vote.view > high.at.view
                && views.term(vote.view) == term
                && self.config.rules.timeouts_carry_votes()
        });
        let tc = self.pacemaker.evidence_for(views.first_of(term));
        env.broadcast(Message::Timeout(Arc::new(Timeout {
            term,
            high: Arc::clone(&high),
            tc,
            vote,
        })));
        if let Some(vote) = vote {
            self.count_vote(self.me, vote, env);
        }
        self.count_timeout(self.me, term, high.at.view, env);
    }

    /// Compacts the log at a checkpoint. Blocks since the checkpoint before
    /// stay on it: `executed` does not say that the ledger is durable, and
    /// should all replicas stop at once, nobody else had those blocks.
    pub(super) fn compact<E: Env<Self> + ?Sized>(&mut self, executed: Height, env: &mut E) {
        let before = executed.0.saturating_sub(self.config.checkpoint_interval);
        let recent: Arc<[_]> = self.pool.recent().collect();
        let mut records = vec![
            Record::State {
                closed: self.safety.closed,
                locked: self.safety.locked,
                vote: self.safety.vote,
                high: Arc::clone(self.pacemaker.high()),
                tc: self.pacemaker.tc().cloned(),
            },
            Record::Recent(recent),
        ];
        let committed = self.tree.committed_above(Height(before));
        let blocks = committed.chain(self.tree.uncommitted());
        records.extend(blocks.map(|block| Record::Block(Arc::clone(block))));
        let bytes = records.iter().map(Record::bytes).sum();
        let token = self.outbox.push(Outgoing::Nothing);
        env.rewrite(records, bytes, token);
    }
}

#[cfg(test)]
mod tests {
    use super::super::hotstuff::HotStuffRules;
    use super::*;
    use crate::block::{Block, Digest};
    use crate::committee::{Committee, FaultModel, ReplicaSet};
    use crate::params::Params;
    use crate::testing::batch;
    use crate::wire::Certificates;

    fn proposal(view: u64, parent: Arc<Qc>) -> Arc<Proposal> {
        let block = Block {
            height: parent.at.height.next(),
            view,
            batches: [batch(view)].into_iter().collect(),
            ..Block::default()
        };
        Arc::new(Proposal::new(block, parent, None))
    }

    fn qc(at: BlockRef) -> Arc<Qc> {
        Arc::new(Qc::new(at, ReplicaSet::new(), 4, Certificates::Signatures))
    }

    fn recover(applied: u64, records: &[Record]) -> Recovered {
        let params = Params::defaults(&HotStuffRules::params());
        let config =
            Config::<HotStuffRules>::new(&params, Committee::new(4, FaultModel::Byzantine));
        let recovery = Recovery {
            applied: Height(applied),
            digest: Digest::default(),
            records,
        };
        Recovered::new(&config, &recovery)
    }

    #[test]
    fn a_log_gives_back_promises_and_certificates() {
        let first = proposal(4, Arc::new(Qc::genesis()));
        let second = proposal(5, qc(first.at()));
        let vote = |proposal: &Arc<Proposal>, locked| Record::Vote {
            proposal: Arc::clone(proposal),
            locked,
        };
        let found = recover(0, &[vote(&first, 0), vote(&second, 3)]);
        assert_eq!((found.safety.closed, found.safety.locked), (5, 3));
        assert_eq!(found.safety.vote, Some(second.at()));
        assert_eq!(found.high.at, first.at());
        assert!(found.tree.get(&second.at()).is_some());

        let timeout = Record::Timeout {
            term: 8,
            high: qc(second.at()),
            tc: None,
        };
        let found = recover(0, &[vote(&second, 3), timeout]);
        assert_eq!((found.safety.closed, found.safety.locked), (8, 3));
        assert_eq!(found.high.at, second.at());
    }

    #[test]
    fn applied_batches_are_not_taken_again() {
        let first = proposal(1, Arc::new(Qc::genesis()));
        let second = proposal(2, qc(first.at()));
        let high = qc(second.at());
        let records = [
            Record::Recent([(Height(0), batch(9).id)].into()),
            Record::Block(first),
            Record::Block(second),
            Record::Timeout {
                term: 3,
                high,
                tc: None,
            },
        ];
        let mut found = recover(1, &records);
        let now = std::time::Duration::ZERO;
        let takes = [9, 1, 2].map(|id| found.pool.add(batch(id), now));
        assert_eq!(takes, [false, false, true]);
    }
}
