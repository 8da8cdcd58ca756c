//! Gossip: batches flood the graph of peers, and so do announcements of
//! blocks. A node passes on what it sees for the first time.
//!
//! `full` relay: `inv`, `getdata`, `block` with the bodies. `compact` relay:
//! header and handles are pushed at once; the host fetches the bodies that the
//! receiver lacks, most of which came as batches before.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::config::Relay;
use super::forks::Place;
use super::header::{Header, Sealed};
use super::message::Message;
use super::rule::{Branch, Rule};
use super::{Longest, RETRY_TIMER};
use crate::block::Batch;
use crate::chain::BlockRef;
use crate::committee::ReplicaId;
use crate::protocol::{Env, Work};

/// Blocks kept whose parents are unknown.
const MAX_ORPHANS: usize = 32;

impl<R: Rule> Longest<R> {
    /// A batch wants to be ordered: it floods the graph.
    pub(super) fn on_request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        if !self.pool.add(batch, env.now()) {
            return;
        }
        self.arm_retry(env);
        for &peer in self.peers.all() {
            env.forward(peer, batch);
        }
    }

    fn arm_retry<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if !self.retrying && !self.pool.is_empty() {
            self.retrying = true;
            env.set_timer(RETRY_TIMER, self.config.request_timeout / 2);
        }
    }

    /// A batch that no followed block holds may have been lost on its way: it
    /// goes to one more peer.
    pub(super) fn on_retry_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.retrying = false;
        let held: BTreeSet<_> = self.forks.active_batches().collect();
        let most = self.config.max_batches;
        for batch in self.pool.take_due(env.now(), !held.is_empty(), most) {
            if held.contains(&batch.id) {
                continue;
            }
            if let Some(peer) = self.peers.any(env.rand()) {
                env.forward(peer, batch);
            }
        }
        self.arm_retry(env);
    }

    /// Tells the peers, but the one that it came from, of the followed block.
    pub(super) fn announce<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, env: &mut E) {
        let Some(at) = self.forks.tip().map(Header::at) else {
            return;
        };
        let Some(block) = self.forks.block(&at) else {
            return;
        };
        let message = match self.config.relay {
            Relay::Full => Message::Inv(at),
            Relay::Compact => Message::Compact(Arc::clone(block)),
        };
        env.multicast(&self.peers.but(from), message);
    }

    /// A peer has a block.
    pub(super) fn on_inv<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        at: BlockRef,
        env: &mut E,
    ) {
        if self.forks.has_block(&at) {
            return;
        }
        if self.sync.wants(&at) {
            return self.sync.announced(&at, from);
        }
        // Those of a branch that nobody delivers may take up half of the room.
        if self.sync.is_full(2 * self.config.fetch_blocks) {
            return;
        }
        // Its parent cannot be here: the headers between come first.
        if at.height.0 > self.forks.tip_height().0 + 1 && !self.forks.has_header(&at) {
            return self.ask_headers(from, env);
        }
        self.ask_blocks(from, [at].into_iter().collect(), env);
    }

    /// A peer lacks blocks.
    pub(super) fn on_getdata<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        wanted: &[BlockRef],
        env: &mut E,
    ) {
        for at in wanted.iter().take(self.config.fetch_blocks) {
            let Some(block) = self.forks.block(at).map(Arc::clone) else {
                continue;
            };
            env.send(
                from,
                match self.config.relay {
                    Relay::Full => Message::Block(block),
                    Relay::Compact => Message::Compact(block),
                },
            );
        }
    }

    /// A block arrived, asked for or not.
    pub(super) fn on_block<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        block: &Arc<Sealed>,
        env: &mut E,
    ) {
        let at = block.header.at();
        self.sync.came(&at);
        if self.forks.has_block(&at) {
            if at.height <= self.forks.committed() {
                self.watch_committed(&block.header, env);
            }
            return self.fetch_more(from, env);
        }
        env.work(Work::Hash(block.handle_bytes()));
        if !block.is_sound() {
            return env.reject("block that does not fit its header");
        }
        match self.take_header(&block.header, env) {
            Place::Known | Place::On(_) | Place::OnUnknown => {
                self.take_block(block, from, env);
                self.adopt_orphans(from, env);
                self.fetch_more(from, env);
            }
            Place::Orphan | Place::Excess => {
                self.keep_orphan(block);
                self.ask_headers(from, env);
            }
            Place::Dead => {}
        }
    }

    fn keep_orphan(&mut self, block: &Arc<Sealed>) {
        if self.orphans.iter().any(|orphan| orphan == block) {
            return;
        }
        if self.orphans.len() >= MAX_ORPHANS {
            self.orphans.pop_front();
        }
        self.orphans.push_back(Arc::clone(block));
    }

    /// Blocks whose parents came meanwhile.
    pub(super) fn adopt_orphans<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, env: &mut E) {
        let mut waiting = std::mem::take(&mut self.orphans);
        loop {
            let before = waiting.len();
            for block in std::mem::take(&mut waiting) {
                let at = block.header.at();
                if self.forks.has_block(&at) {
                    continue;
                }
                match self.take_header(&block.header, env) {
                    Place::Known | Place::On(_) | Place::OnUnknown => {
                        self.sync.came(&at);
                        self.take_block(&block, from, env);
                    }
                    Place::Orphan | Place::Excess => waiting.push_back(block),
                    Place::Dead => {}
                }
            }
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        self.orphans = waiting;
    }

    /// Judges a header and puts it onto the tree. What is refused is dead.
    pub(super) fn take_header<E: Env<Self> + ?Sized>(
        &mut self,
        header: &Header,
        env: &mut E,
    ) -> Place {
        let place = self.forks.place(header);
        let parent = match place {
            Place::On(parent) => Some(parent),
            Place::OnUnknown => None,
            Place::Known | Place::Orphan | Place::Excess => return place,
            Place::Dead => {
                self.watch_committed(header, env);
                return place;
            }
        };
        env.work(Work::Hash(header.bytes()));
        R::VERIFY.iter().for_each(|&work| env.work(work));
        if !header.is_named() {
            env.reject("header that does not fit its name");
            return Place::Dead;
        }
        let now = env.now();
        let checked = match parent {
            None => self.rule.check_alone(header, now),
            Some(parent) => {
                let fits = header.total == parent.total + u128::from(header.draft.weight)
                    && header.draft.created >= parent.draft.created
                    && header.draft.view > parent.draft.view
                    && header.parent == parent.at();
                let forks = &self.forks;
                let branch = Branch { parent, forks };
                match fits {
                    true => self.rule.check(header, &branch, now),
                    false => Err("header that does not fit its parent"),
                }
            }
        };
        if let Err(why) = checked {
            env.reject(why);
            return Place::Dead;
        }
        self.forks.add_header(*header);
        place
    }

    /// A header at a committed height, or on another block than the committed
    /// one. When its branch weighs more than the followed one, agreement is
    /// broken: a reorganisation would have to go deeper than `confirmations`.
    fn watch_committed<E: Env<Self> + ?Sized>(&mut self, header: &Header, env: &mut E) {
        let heavier = self.forks.tip().is_some_and(|tip| header.total > tip.total);
        if heavier {
            env.reject("heavier chain that leaves the committed one");
        }
    }
}
