//! From a block made or received to the ledger: it gets onto the tree and onto
//! the disk, the heaviest branch is followed, and what is deep enough commits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::header::{Header, Sealed};
use super::message::Record;
use super::rule::{self, Branch, Rule};
use super::storage::Outgoing;
use super::{Longest, MAKE_TIMER};
use crate::block::Batch;
use crate::committee::ReplicaId;
use crate::protocol::{Env, Work};

impl<R: Rule> Longest<R> {
    /// Asks the rule when this node may make a block on the branch it follows.
    pub(super) fn plan<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let now = env.now();
        let tip = self.forks.tip().copied();
        let wait = tip
            .filter(|_| !self.sync.is_transferring())
            .and_then(|parent| {
                let forks = &self.forks;
                let branch = Branch { parent, forks };
                self.rule.plan(&branch, self.made, now, env.rand())
            });
        self.count_energy(wait.is_some(), env);
        match wait {
            Some(wait) => env.set_timer(MAKE_TIMER, wait),
            None => env.cancel_timer(MAKE_TIMER),
        }
    }

    fn count_energy<E: Env<Self> + ?Sized>(&mut self, mining: bool, env: &mut E) {
        let joules = self.rule.spent(env.now(), mining);
        if joules > 0 {
            env.count("energy-joule", joules);
        }
    }

    /// The wait is over: makes the block.
    pub(super) fn on_make_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let Some(parent) = self.forks.tip().copied() else {
            return;
        };
        let forks = &self.forks;
        let branch = Branch { parent, forks };
        let Some(draft) = self.rule.draft(&branch, self.made, env.now()) else {
            return self.plan(env);
        };
        let batches = self.next_batches();
        let seal = self.rule.seal_bytes(parent.height().next());
        let mut header = Header::new(&parent, self.me, draft, &batches, seal);
        header.filler_bytes = self.config.filler_bytes;
        R::SEAL.iter().for_each(|&work| env.work(work));
        env.work(Work::Hash(
            header.bytes() + batches.len() as u32 * Batch::HANDLE_BYTES,
        ));
        self.made = self.made.max(draft.view);
        env.count("blocks-made", 1);
        self.forks.add_header(header);
        self.take_block(&Arc::new(Sealed::new(header, batches)), self.me, env);
    }

    /// The oldest batches that are not on the followed branch, as many as a
    /// block may hold, but at least one.
    fn next_batches(&self) -> SmallVec<[Batch; 4]> {
        let taken: BTreeSet<_> = self.forks.active_batches().collect();
        let mut batches = self.pool.select(&taken, self.config.max_batches);
        let mut bytes = 0;
        let fits = batches.iter().take_while(|batch| {
            bytes += u64::from(batch.bytes);
            bytes <= self.config.max_block_bytes
        });
        let fits = fits.count().max(1);
        batches.truncate(fits);
        batches
    }

    /// A block whose header is on the tree.
    pub(super) fn take_block<E: Env<Self> + ?Sized>(
        &mut self,
        block: &Arc<Sealed>,
        from: ReplicaId,
        env: &mut E,
    ) {
        let mut follows = false;
        for header in self.forks.add_block(block) {
            let at = header.at();
            env.hold(at.id, header.draft.created);
            let whole = self.forks.block(&at).expect("it has just become whole");
            let record = Record::Block(Arc::clone(whole));
            let own = header.maker == self.me && from == self.me;
            self.persist(record, Outgoing::Block { at, own }, env);
            if self.is_better(&header) {
                let left = self.forks.follow(&header);
                if left > 0 {
                    env.count("reorganisations", 1);
                    env.count("reorganised-blocks", left);
                }
                follows = true;
            }
        }
        if follows {
            // One's own block is announced once it is durable: a maker that
            // forgot it might make another in the same turn.
            if from != self.me && self.is_news(env.now()) {
                self.announce(from, env);
            }
            self.finalise(env);
            self.plan(env);
        }
    }

    fn is_better(&self, new: &Header) -> bool {
        let tip = self.forks.tip();
        tip.is_none_or(|tip| rule::is_better(&self.rule, new, tip))
    }

    /// Whether others may not know the followed block yet. On the way to a
    /// better branch its old blocks are no news.
    fn is_news(&self, now: Duration) -> bool {
        let interval = self.rule.interval();
        let young = self
            .forks
            .tip()
            .is_some_and(|tip| tip.draft.created + interval >= now);
        young || self.wanted_tip().is_none()
    }

    /// The best known branch, should it be better than the followed one: its
    /// blocks are still to come.
    pub(super) fn wanted_tip(&self) -> Option<Header> {
        self.forks
            .best(|new, old| rule::is_better(&self.rule, new, old))
    }

    /// Commits what is deep enough and durable.
    pub(super) fn finalise<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.sync.is_transferring() {
            return;
        }
        while let Some((block, dropped)) = self.forks.commit_next(self.config.confirmations) {
            env.commit(block.block.clone());
            self.pool.committed(&block.block);
            // Each stale block is counted once: by its maker.
            let own = dropped.iter().filter(|header| header.maker == self.me);
            let stale = own.count() as u64;
            if stale > 0 {
                env.count("blocks-stale", stale);
            }
        }
    }
}
