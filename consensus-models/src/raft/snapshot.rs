//! Compaction of the log, and snapshots for followers that lag (section 7).
//! The state itself travels by the host's state transfer.

use std::time::Duration;

use super::disk::After;
use super::log::Log;
use super::message::{Place, RaftBody};
use super::{Raft, Role};
use crate::block::{Block, Height};
use crate::committee::ReplicaId;
use crate::protocol::Env;

impl Raft {
    /// Drops executed entries below the tail. Done by whole tails, so that
    /// the log is rewritten once per `log_tail` blocks.
    pub(super) fn compact<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let tail = self.config.log_tail;
        let executed = self.executed.min(self.commit);
        if executed.0 < self.log.base().height.0 + 2 * tail {
            return;
        }
        for entry in self.log.compact(Height(executed.0 - tail)) {
            self.requests.compacted(&entry);
        }
        self.write_all(After::Nothing, env);
    }

    /// After a restart the ledger may be behind the log's base, should more
    /// than a tail of it not have been durable: asks for the state.
    pub(super) fn fetch_below_base<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let base = self.log.base().height;
        if self.delivered < base
            && let Some(peer) = self.committee.others(self.me).next()
        {
            self.transferring = Some(base);
            env.transfer(peer, base);
        }
    }

    pub(super) fn on_install_snapshot<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        last: Place,
        created: Duration,
        env: &mut E,
    ) {
        self.hear(from, env);
        if last.height < self.log.base().height {
            return self.tell_installed(env);
        }
        if self.log.has(last) {
            self.matched = self.matched.max(last.height);
            self.commit_to(last.height, env);
            if self.durable >= last.height {
                env.send(from, self.say(RaftBody::Installed(last)));
            }
        } else if self.delivered >= last.height && self.transferring.is_none() {
            // A crash kept the ledger but not the log: only the log begins
            // anew.
            self.restart_log(last, created);
            self.write_all(After::Installed(self.term), env);
        } else if self.transferring.is_none_or(|asked| asked < last.height) {
            self.transferring = Some(last.height);
            env.transfer(from, last.height);
        }
    }

    /// The ledger is at `height`, where `block` was the last one.
    pub(super) fn on_transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        block: &Block,
        env: &mut E,
    ) {
        self.transferring = None;
        let last = Place {
            height,
            term: block.view,
        };
        if last.term > self.term {
            self.enter_term(last.term, env);
            self.write_term(After::Nothing, env);
        }
        self.executed = height;
        if self.log.has(last) {
            self.forget_requests_up_to(height);
            self.delivered = height;
            self.commit_to(height, env);
            self.tell_installed_if_durable(last, env);
            return;
        }
        if let Role::Leader(_) = self.role {
            // A later leader has committed this: there is nothing to lead.
            self.become_follower(env);
        }
        self.delivered = height;
        self.restart_log(last, block.created);
        self.write_all(After::Installed(self.term), env);
        self.arm_reminder(env);
    }

    /// The snapshot holds what this log would have delivered up to here.
    fn forget_requests_up_to(&mut self, height: Height) {
        let covered = self.log.entries().filter(|entry| entry.height <= height);
        for batch in covered.flat_map(|entry| &entry.batches) {
            self.requests.committed(batch.id);
        }
    }

    fn restart_log(&mut self, base: Place, created: Duration) {
        self.limit_durable(Height(0));
        let old = std::mem::replace(&mut self.log, Log::after(base, created));
        for entry in old.entries() {
            // Some of them may be in the snapshot; the leader will say so.
            self.requests.overwritten(entry);
        }
        self.commit = base.height;
    }

    /// Tells the leader where this log begins, if that is durable.
    pub(super) fn tell_installed<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.tell_installed_if_durable(self.log.base(), env);
    }

    fn tell_installed_if_durable<E: Env<Self> + ?Sized>(&mut self, last: Place, env: &mut E) {
        if let Some(leader) = self.leader.filter(|&leader| leader != self.me)
            && self.durable >= last.height
        {
            env.send(leader, self.say(RaftBody::Installed(last)));
        }
    }
}
