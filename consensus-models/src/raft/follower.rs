//! A follower's side of replication (section 5.3), and its waiting batches.

use std::collections::VecDeque;
use std::sync::Arc;

use super::disk::After;
use super::message::{Place, RaftBody};
use super::{REMIND, Raft};
use crate::block::{Batch, Block, Height};
use crate::committee::ReplicaId;
use crate::protocol::Env;

/// Batches named in one reminder at most; the oldest go first.
const REMINDED: usize = 256;

impl Raft {
    pub(super) fn on_append<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        prev: Place,
        entries: &[Arc<Block>],
        commit: Height,
        env: &mut E,
    ) {
        self.hear(from, env);
        let Some((prev, entries)) = self.above_base(prev, entries, env) else {
            return;
        };
        if !self.log.has(prev) {
            let hint = self.log.agreeable(prev);
            let refused = prev.height;
            env.send(from, self.say(RaftBody::Conflict { refused, hint }));
            return;
        }
        let known = entries
            .iter()
            .take_while(|entry| {
                self.log.has(Place {
                    height: entry.height,
                    term: entry.view,
                })
            })
            .count();
        let fresh = &entries[known..];
        if let Some(first) = fresh.first()
            && !self.take_entries(first.height, fresh, env)
        {
            return;
        }
        let end = entries.last().map_or(prev.height, |entry| entry.height);
        self.matched = self.matched.max(end);
        self.commit_to(commit.min(end), env);
        if fresh.is_empty() {
            self.acknowledge(env);
        }
    }

    /// Cuts off what lies at or below the base. `None` when nothing remains
    /// or the base contradicts the append.
    fn above_base<'a, E: Env<Self> + ?Sized>(
        &mut self,
        prev: Place,
        entries: &'a [Arc<Block>],
        env: &mut E,
    ) -> Option<(Place, &'a [Arc<Block>])> {
        let base = self.log.base();
        if prev.height >= base.height {
            return Some((prev, entries));
        }
        let skip = (base.height.0 - prev.height.0) as usize;
        let Some(at_base) = entries.get(skip - 1) else {
            self.tell_installed(env);
            return None;
        };
        if at_base.view != base.term {
            // The base is committed: this leader does not know it yet, and
            // will not stay.
            env.reject("append contradicts a committed entry");
            return None;
        }
        Some((base, &entries[skip..]))
    }

    /// Puts entries into the log, overwriting what contradicts them; batches
    /// that were requested here and lose their place go to the leader again.
    fn take_entries<E: Env<Self> + ?Sized>(
        &mut self,
        first: Height,
        fresh: &[Arc<Block>],
        env: &mut E,
    ) -> bool {
        if first <= self.commit {
            env.reject("append contradicts a committed entry");
            return false;
        }
        let mut removed = VecDeque::new();
        if first <= self.log.last().height {
            self.limit_durable(Height(first.0 - 1));
            removed = self.log.truncate(first);
        }
        for entry in &removed {
            self.requests.overwritten(entry);
        }
        for entry in fresh {
            self.requests.logged(entry);
            self.log.push(Arc::clone(entry));
        }
        self.write_entries(first, After::Acknowledge(self.term), env);
        let lost = removed.iter().flat_map(|entry| &entry.batches);
        for batch in lost {
            if let Some(leader) = self.leader.filter(|_| self.requests.waits(batch.id)) {
                env.forward(leader, *batch);
            }
        }
        self.arm_reminder(env);
        true
    }

    /// Tells the leader how far the disk agrees with it.
    pub(super) fn acknowledge<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if let Some(leader) = self.leader.filter(|&leader| leader != self.me) {
            let height = self.matched.min(self.durable);
            env.send(leader, self.say(RaftBody::AppendOk(height)));
        }
    }

    pub(super) fn on_heartbeat<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        round: u64,
        commit: Height,
        env: &mut E,
    ) {
        self.hear(from, env);
        self.commit_to(commit.min(self.matched), env);
        let reply = RaftBody::HeartbeatReply {
            round,
            received: self.matched,
            durable: self.matched.min(self.durable),
        };
        env.send(from, self.say(reply));
    }

    /// Hands all waiting batches to a new leader.
    pub(super) fn forward_waiting<E: Env<Self> + ?Sized>(
        &mut self,
        leader: ReplicaId,
        env: &mut E,
    ) {
        for batch in self.requests.waiting() {
            env.forward(leader, batch);
        }
        self.arm_reminder(env);
    }

    pub(super) fn arm_reminder<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.reminding.is_none() && !self.requests.none_waiting() {
            self.reminding = Some(self.requests.arrivals());
            env.set_timer(REMIND, self.config.election_timeout);
        }
    }

    /// A forwarded batch may have been lost on its way, should it have waited
    /// for the whole span of the timer. Naming it is enough: a leader that
    /// lacks the body fetches it.
    pub(super) fn on_remind_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let mark = self.reminding.take().unwrap_or(0);
        let oldest: Vec<Batch> = self.requests.waiting_since(mark).take(REMINDED).collect();
        if let Some(leader) = self.leader.filter(|&leader| leader != self.me)
            && !oldest.is_empty()
        {
            env.send(leader, self.say(RaftBody::Remind(oldest)));
        }
        if !self.is_leader() {
            self.arm_reminder(env);
        }
    }

    pub(super) fn on_remind<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        batches: &[Batch],
        env: &mut E,
    ) {
        let (done, open): (Vec<Batch>, Vec<Batch>) = batches
            .iter()
            .partition(|batch| self.requests.is_committed(batch.id, self.commit));
        for batch in open {
            self.requests.take(batch, self.commit);
        }
        if !done.is_empty() {
            env.send(from, self.say(RaftBody::RemindReply(done)));
        }
        if self.is_leader() {
            self.propose(env);
        }
    }
}
