//! The write-ahead log: what is durable before it is said, and how a replica
//! comes back from it.
//!
//! A vote's record holds the block with the proof of its parent, so the log
//! gives back the recent blocks and all notarizations that a vote relied on.
//! Others may be forgotten: no promise refers to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::Config;
use super::message::{Cert, Choice, Message, Proof, Proposal, Record};
use super::{Notarized, Rules};
use crate::block::Height;
use crate::chain::{BlockRef, Linked, Tree};
use crate::pool::Pool;
use crate::protocol::{Env, Recovery, Token, Work};

/// What a log gives back.
pub(super) struct Recovered {
    pub(super) tree: Tree<Proposal>,
    pub(super) certs: BTreeMap<BlockRef, Arc<Cert>>,
    pub(super) tip: Arc<Cert>,
    pub(super) dummies: BTreeMap<u64, Arc<Cert>>,
    pub(super) vote: Option<BlockRef>,
    pub(super) given_up: u64,
    pub(super) pool: Pool,
}

impl Recovered {
    pub(super) fn new<R: Rules>(config: &Config, recovery: &Recovery<'_, Record>) -> Self {
        let mut found = Self {
            tree: Tree::new(recovery.applied, config.retain),
            certs: BTreeMap::new(),
            tip: Arc::new(Cert::genesis()),
            dummies: BTreeMap::new(),
            vote: None,
            given_up: 0,
            pool: Pool::new(config.retain, config.request_timeout),
        };
        let mut blocks = BTreeMap::new();
        for record in recovery.records {
            found.read::<R>(record, &mut blocks);
        }
        let above = found.tip.block().map_or(0, |at| at.view) + 1;
        found.dummies = found.dummies.split_off(&above);
        found.remember_applied(recovery.applied, &blocks);
        found
    }

    fn read<R: Rules>(&mut self, record: &Record, blocks: &mut BTreeMap<BlockRef, Arc<Proposal>>) {
        match record {
            Record::Vote(proposal) => {
                self.vote = Some(proposal.at());
                self.chain::<R>(&proposal.parent);
                self.block(proposal, blocks);
            }
            Record::Dummy(chain) => {
                let view = chain.leads_to().unwrap_or_default();
                self.given_up = self.given_up.max(view);
                self.chain::<R>(chain);
            }
            Record::Final(cert) => self.cert::<R>(cert),
            Record::State {
                vote,
                given_up,
                chain,
            } => {
                self.vote = *vote;
                self.given_up = *given_up;
                self.chain::<R>(chain);
            }
            Record::Block(proposal) => self.block(proposal, blocks),
            Record::Recent(batches) => {
                for &(height, id) in batches.iter() {
                    self.pool.remember(height, id);
                }
            }
        }
    }

    fn chain<R: Rules>(&mut self, proof: &Proof) {
        for cert in proof.certs() {
            self.cert::<R>(cert);
        }
    }

    fn cert<R: Rules>(&mut self, cert: &Arc<Cert>) {
        match cert.choice {
            Choice::Block(at) => {
                self.certs.insert(at, Arc::clone(cert));
                if R::rank(&at) > R::rank(&self.tip.block().unwrap_or_default()) {
                    self.tip = Arc::clone(cert);
                }
            }
            Choice::Dummy(view) => {
                self.dummies.insert(view, Arc::clone(cert));
            }
            Choice::Final(_) => {}
        }
    }

    fn block(&mut self, proposal: &Arc<Proposal>, blocks: &mut BTreeMap<BlockRef, Arc<Proposal>>) {
        blocks.insert(proposal.at(), Arc::clone(proposal));
        self.tree.insert(Arc::clone(proposal));
    }

    /// The batches of logged blocks up to `applied` on the notarized branch
    /// are committed.
    fn remember_applied(&mut self, applied: Height, blocks: &BTreeMap<BlockRef, Arc<Proposal>>) {
        let mut committed = Vec::new();
        let mut next = self.tip.block().unwrap_or_default();
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

impl<R: Rules> Notarized<R> {
    /// Writes a record; `then` is said once it is durable.
    pub(super) fn persist<E: Env<Self> + ?Sized>(
        &mut self,
        record: Record,
        then: Option<Choice>,
        env: &mut E,
    ) {
        let token = self.outbox.push(then);
        let bytes = record.bytes();
        env.persist(record, bytes, token);
    }

    /// Says what waited for a write.
    pub(super) fn written<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        while let Some(said) = self.outbox.pop(done) {
            if let Some(choice) = said {
                self.say(choice, env);
                self.receive(self.me, &Message::Vote(choice), env);
            }
        }
    }

    /// Broadcasts a vote whose record is durable.
    pub(super) fn say<E: Env<Self> + ?Sized>(&self, choice: Choice, env: &mut E) {
        env.work(Work::Sign);
        env.broadcast(Message::Vote(choice));
    }

    /// Compacts the log at a checkpoint. Blocks since the checkpoint before
    /// stay on it: `executed` does not say that the ledger is durable, and
    /// should all replicas stop at once, nobody else had those blocks.
    pub(super) fn compact<E: Env<Self> + ?Sized>(&mut self, executed: Height, env: &mut E) {
        let before = executed.0.saturating_sub(self.config.checkpoint_interval);
        let mut records = vec![
            Record::State {
                vote: self.vote,
                given_up: self.given_up,
                chain: Arc::new(self.proof()),
            },
            Record::Recent(self.pool.recent().collect()),
        ];
        let committed = self.tree.committed_above(Height(before));
        let blocks = committed.chain(self.tree.uncommitted());
        records.extend(blocks.map(|block| Record::Block(Arc::clone(block))));
        let bytes = records.iter().map(Record::bytes).sum();
        let token = self.outbox.push(None);
        env.rewrite(records, bytes, token);
    }
}
