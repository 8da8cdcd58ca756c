//! How a node gets what it missed: headers from the point where its chain
//! parts from a peer's, then the blocks of the heaviest branch, from the
//! lowest up; or a state transfer, when the peer no longer keeps so much.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::forks::Place;
use super::header::Header;
use super::message::{Headers, Locator, Message};
use super::rule::Rule;
use super::{FETCH_TIMER, Longest, POLL_TIMER};
use crate::block::{Block, BlockId, Height};
use crate::chain::BlockRef;
use crate::committee::{ReplicaId, ReplicaSet};
use crate::protocol::Env;

/// Peers that are asked for one block before it is given up; who announces it
/// again will be asked again.
const MAX_TRIES: u32 = 5;

/// Points of a locator that are looked at: more than an honest one has.
const MAX_POINTS: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Want {
    at: BlockRef,
    since: Duration,
    tries: u32,
    /// Another peer that announced it meanwhile.
    other: Option<ReplicaId>,
}

#[derive(Debug, Default)]
pub(super) struct Sync {
    /// Blocks asked for, the lowest first.
    wants: BTreeMap<(Height, BlockId), Want>,
    /// Whom headers were asked of, and when.
    asked: Option<(ReplicaId, Duration)>,
    /// Whether a peer has headers that the tree had no room for.
    more: bool,
    armed: bool,
    transferring: bool,
    /// Peers that say they no longer keep what is wanted.
    pruned: ReplicaSet,
}

/// Peers that must say so before their word is taken, where there are so many:
/// one or two may lie.
const PRUNED: u32 = 3;

impl Sync {
    /// Whether the host brings the ledger to a later height: until then
    /// nothing may commit.
    pub(super) fn is_transferring(&self) -> bool {
        self.transferring
    }

    /// Whether this block was asked for.
    pub(super) fn wants(&self, at: &BlockRef) -> bool {
        self.wants.contains_key(&(at.height, at.id))
    }

    /// Another peer has a block that was asked for: it is the next to be asked, should the
    /// first one not deliver.
    pub(super) fn announced(&mut self, at: &BlockRef, by: ReplicaId) {
        if let Some(want) = self.wants.get_mut(&(at.height, at.id)) {
            want.other = Some(by);
        }
    }

    /// Whether `most` blocks are under way.
    pub(super) fn is_full(&self, most: usize) -> bool {
        self.wants.len() >= most
    }

    /// The block is here.
    pub(super) fn came(&mut self, at: &BlockRef) {
        self.wants.remove(&(at.height, at.id));
    }
}

impl<R: Rule> Longest<R> {
    fn arm_fetch<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let open = self.sync.asked.is_some() || !self.sync.wants.is_empty();
        if open && !self.sync.armed {
            self.sync.armed = true;
            env.set_timer(FETCH_TIMER, self.config.fetch_timeout);
        }
    }

    /// Asks a peer for the headers that follow what this node has.
    pub(super) fn ask_headers<E: Env<Self> + ?Sized>(&mut self, peer: ReplicaId, env: &mut E) {
        if self.sync.asked.is_none() && !self.sync.transferring {
            let points = self.forks.locator(self.wanted_tip());
            self.ask_after(peer, points, env);
        }
    }

    fn ask_after<E: Env<Self> + ?Sized>(
        &mut self,
        peer: ReplicaId,
        points: Vec<BlockRef>,
        env: &mut E,
    ) {
        self.sync.asked = Some((peer, env.now()));
        let above = self.forks.committed();
        env.send(
            peer,
            Message::GetHeaders(Arc::new(Locator { points, above })),
        );
        self.arm_fetch(env);
    }

    /// The same, of any peer.
    pub(super) fn ask_someone<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if let Some(peer) = self.peers.any(env.rand()) {
            self.ask_headers(peer, env);
        }
    }

    /// Asks a peer for blocks.
    pub(super) fn ask_blocks<E: Env<Self> + ?Sized>(
        &mut self,
        peer: ReplicaId,
        wanted: SmallVec<[BlockRef; 1]>,
        env: &mut E,
    ) {
        let since = env.now();
        for &at in &wanted {
            let tries = 1;
            let want = Want {
                at,
                since,
                tries,
                other: None,
            };
            self.sync.wants.insert((at.height, at.id), want);
        }
        env.send(peer, Message::GetData(wanted));
        self.arm_fetch(env);
    }

    /// Asks for what the heaviest known branch lacks, within the limit of
    /// blocks that may be under way.
    pub(super) fn fetch_more<E: Env<Self> + ?Sized>(&mut self, peer: ReplicaId, env: &mut E) {
        if self.sync.transferring {
            return;
        }
        let Some(best) = self.wanted_tip() else {
            if self.sync.more && self.sync.wants.is_empty() {
                self.sync.more = false;
                self.ask_headers(peer, env);
            }
            return;
        };
        let room = self
            .config
            .fetch_blocks
            .saturating_sub(self.sync.wants.len());
        let missing = self.forks.missing_under(&best).into_iter();
        let missing = missing.filter(|at| !self.sync.wants(at));
        let wanted: SmallVec<[BlockRef; 1]> = missing.take(room).collect();
        if !wanted.is_empty() {
            self.ask_blocks(peer, wanted, env);
        }
    }

    /// Asks other peers for what did not come.
    pub(super) fn on_fetch_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.sync.armed = false;
        let now = env.now();
        let patience = self.config.fetch_timeout;
        let committed = self.forks.committed();
        self.sync.wants.retain(|(height, _), want| {
            let overdue = want.since + patience <= now;
            *height > committed && !(overdue && want.tries >= MAX_TRIES)
        });
        let overdue = self.sync.wants.values_mut();
        let overdue: Vec<&mut Want> = overdue
            .filter(|want| want.since + patience <= now)
            .collect();
        let any = match overdue.is_empty() {
            true => None,
            false => self.peers.any(env.rand()),
        };
        let mut again: BTreeMap<ReplicaId, SmallVec<[BlockRef; 1]>> = BTreeMap::new();
        for want in overdue {
            want.tries += 1;
            want.since = now;
            if let Some(peer) = want.other.take().or(any) {
                again.entry(peer).or_default().push(want.at);
            }
        }
        for (peer, wanted) in again {
            env.send(peer, Message::GetData(wanted));
        }
        if self
            .sync
            .asked
            .is_some_and(|(_, since)| since + patience <= now)
        {
            self.sync.asked = None;
            self.ask_someone(env);
        }
        self.arm_fetch(env);
    }

    /// Without news for long, a node asks whether it missed some: without votes
    /// nobody else would notice.
    pub(super) fn on_poll_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let tip = self.forks.tip_height();
        if tip == self.polled {
            self.ask_someone(env);
        }
        self.polled = tip;
        env.set_timer(POLL_TIMER, self.config.poll_interval);
    }

    /// A peer lacks headers.
    pub(super) fn on_getheaders<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        locator: &Locator,
        env: &mut E,
    ) {
        let most = self.config.fetch_blocks;
        let points = &locator.points[..locator.points.len().min(MAX_POINTS)];
        let found = self.forks.headers_after(points, locator.above, most);
        let answer = Headers {
            pruned: found.is_none(),
            headers: found.unwrap_or_default(),
            executed: self.executed,
        };
        env.send(from, Message::Headers(Arc::new(answer)));
    }

    /// A peer answers.
    pub(super) fn on_headers<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        answer: &Headers,
        env: &mut E,
    ) {
        if self.sync.asked.is_none_or(|(peer, _)| peer != from) {
            return env.reject("headers that were not asked for");
        }
        self.sync.asked = None;
        if self.sync.transferring {
            return;
        }
        if answer.pruned {
            return self.on_pruned(from, answer.executed, env);
        }
        self.sync.pruned = ReplicaSet::new();
        let mut last = None;
        for header in answer.headers.iter().take(self.config.fetch_blocks) {
            match self.take_header(header, env) {
                Place::Orphan => return env.reject("headers that do not connect"),
                Place::Known | Place::On(_) | Place::OnUnknown => last = Some(header.at()),
                Place::Excess => {
                    self.sync.more = true;
                    break;
                }
                Place::Dead => break,
            }
        }
        // A full answer that fits is not the last one.
        let full = answer.headers.len() >= self.config.fetch_blocks;
        if let Some(last) =
            last.filter(|at| full && answer.headers.last().map(Header::at) == Some(*at))
        {
            self.ask_after(from, vec![last], env);
        }
        self.adopt_orphans(from, env);
        self.fetch_more(from, env);
    }

    /// The peer no longer keeps what is wanted: a state transfer, once so many
    /// peers say so that they cannot all lie.
    fn on_pruned<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, executed: Height, env: &mut E) {
        if executed <= self.forks.committed() {
            return;
        }
        self.sync.pruned.insert(from);
        let peers = self.peers.all().iter().copied();
        let silent: Vec<ReplicaId> = peers
            .filter(|peer| !self.sync.pruned.contains(*peer))
            .collect();
        if self.sync.pruned.len() < PRUNED && !silent.is_empty() {
            let next = silent[(env.rand() % silent.len() as u64) as usize];
            return self.ask_headers(next, env);
        }
        self.sync.pruned = ReplicaSet::new();
        self.sync.transferring = true;
        self.sync.wants.clear();
        // Not the height that it claims, which nobody may have.
        env.transfer(from, self.forks.committed().next());
        self.plan(env);
    }

    /// The ledger stands at a later height.
    pub(super) fn on_transferred<E: Env<Self> + ?Sized>(&mut self, block: &Block, env: &mut E) {
        self.sync.transferring = false;
        self.executed = self.executed.max(block.height);
        if block.height > self.forks.committed() {
            self.forks.transfer(block);
            self.pool.committed(block);
        }
        self.finalise(env);
        self.plan(env);
        self.ask_someone(env);
    }
}
