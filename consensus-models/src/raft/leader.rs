//! A leader's side of replication: proposing, pipelines, commits (sections
//! 5.3 and 5.4.2; dissertation 10.2).

use std::sync::Arc;

use super::config::CommitNotify;
use super::disk::After;
use super::message::{Place, RaftBody, RaftMessage};
use super::progress::{Flow, Progress};
use super::{HEARTBEAT, Raft, Role};
use crate::block::{Block, Height};
use crate::committee::ReplicaId;
use crate::protocol::Env;

/// Entries and bodies in one append at most, unless one entry alone is more.
const APPEND_BYTES: u64 = 1 << 20;

/// What only a leader keeps.
#[derive(Debug)]
pub(super) struct Leadership {
    /// By replica; the leader's own slot is unused.
    progress: Vec<Progress>,
    /// Number of the latest heartbeat round.
    round: u64,
}

impl Leadership {
    pub(super) fn new(n: u32, last: Height) -> Self {
        Self {
            progress: vec![Progress::new(last); n as usize],
            round: 0,
        }
    }

    /// Replicas heard since the last count, the leader among them.
    pub(super) fn count_heard(&mut self, me: ReplicaId) -> u32 {
        self.progress[me.index()].heard = true;
        let heard = self.progress.iter().filter(|progress| progress.heard);
        let count = heard.count() as u32;
        for progress in &mut self.progress {
            progress.heard = false;
        }
        count
    }
}

impl Raft {
    fn progress(&mut self, of: ReplicaId) -> Option<&mut Progress> {
        match &mut self.role {
            Role::Leader(leadership) => Some(&mut leadership.progress[of.index()]),
            _ => None,
        }
    }

    /// The no-op with which a term begins: older entries commit only under an
    /// entry of this term (section 5.4.2). It is empty, so that it does not
    /// depend on what waits.
    pub(super) fn begin_term<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.append_block(0, env);
        self.replicate(env);
        self.propose(env);
    }

    /// Puts waiting batches into blocks while blocks may be in flight.
    pub(super) fn propose<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        while !self.requests.none_waiting() && self.open_slots() > 0 {
            self.append_block(self.config.max_batches, env);
            self.replicate(env);
        }
    }

    fn open_slots(&self) -> u64 {
        let open = self.log.last().height.0 - self.commit.0;
        (self.config.max_inflight as u64).saturating_sub(open)
    }

    fn append_block<E: Env<Self> + ?Sized>(&mut self, most: usize, env: &mut E) {
        let block = Arc::new(Block {
            height: self.log.last().height.next(),
            view: self.term,
            proposer: self.me,
            // Never before the block under it: the ledger reads it as time.
            created: env.now().max(self.log.last_created()),
            batches: self.requests.waiting().take(most).collect(),
        });
        let height = block.height;
        self.requests.logged(&block);
        self.log.push(block);
        self.write_entries(height, After::Nothing, env);
    }

    /// Sends new entries to every follower that may get them: one shared
    /// payload for those that are up to date, the others one by one.
    fn replicate<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let last = self.log.last().height;
        let most = self.config.max_inflight;
        let common = self.send_shared(env, |progress| {
            progress.flow == Flow::Pipeline && progress.next == last && progress.may_send(most)
        });
        for follower in self.committee.others(self.me) {
            if !common.contains(&follower) {
                self.feed(follower, env);
            }
        }
    }

    /// Sends one append, from the last entry's height on if there is
    /// something to send from there, to all pipelines picked; returns them.
    fn send_shared<E: Env<Self> + ?Sized>(
        &mut self,
        env: &mut E,
        pick: impl Fn(&Progress) -> bool,
    ) -> Vec<ReplicaId> {
        let (term, me, commit) = (self.term, self.me, self.commit);
        let Role::Leader(leadership) = &mut self.role else {
            return Vec::new();
        };
        let picked: Vec<ReplicaId> = self
            .committee
            .others(me)
            .filter(|id| pick(&leadership.progress[id.index()]))
            .collect();
        let Some(&first) = picked.first() else {
            return picked;
        };
        let next = leadership.progress[first.index()].next;
        let Some(prev) = self.log.place(Height(next.0 - 1)) else {
            return Vec::new();
        };
        let entries = self.log.portion(next, APPEND_BYTES);
        let end = entries.last().map_or(prev.height, |entry| entry.height);
        for id in &picked {
            leadership.progress[id.index()].sent(end, commit, leadership.round);
        }
        let body = RaftBody::Append {
            prev,
            entries,
            commit,
        };
        env.multicast(&picked, RaftMessage { term, body });
        picked
    }

    /// Sends to one follower as long as its flow allows and entries remain.
    fn feed<E: Env<Self> + ?Sized>(&mut self, to: ReplicaId, env: &mut E) {
        let (last, most) = (self.log.last().height, self.config.max_inflight);
        while let Some(progress) = self.progress(to) {
            if progress.next > last || !progress.may_send(most) || !self.send_append(to, env) {
                return;
            }
        }
    }

    /// Sends one append (or, where the entries are compacted, the offer of a
    /// snapshot) from the follower's next height on; `false` for a snapshot.
    fn send_append<E: Env<Self> + ?Sized>(&mut self, to: ReplicaId, env: &mut E) -> bool {
        let commit = self.commit;
        let Role::Leader(leadership) = &mut self.role else {
            return false;
        };
        let progress = &mut leadership.progress[to.index()];
        let Some(prev) = self.log.place(Height(progress.next.0 - 1)) else {
            self.offer_snapshot(to, env);
            return false;
        };
        let entries = self.log.portion(progress.next, APPEND_BYTES);
        let end = entries.last().map_or(prev.height, |entry| entry.height);
        progress.sent(end, commit, leadership.round);
        let body = RaftBody::Append {
            prev,
            entries,
            commit,
        };
        env.send(to, self.say(body));
        true
    }

    fn offer_snapshot<E: Env<Self> + ?Sized>(&mut self, to: ReplicaId, env: &mut E) {
        // The base when the ledger itself is behind it: another peer serves.
        let height = self.executed.max(self.log.base().height);
        let last = self.log.place(height).unwrap_or(self.log.base());
        let created = self.log.created(last.height);
        let now = env.now();
        if let Some(progress) = self.progress(to) {
            progress.flow = Flow::Snapshot(last.height, now);
        }
        env.send(to, self.say(RaftBody::InstallSnapshot { last, created }));
    }

    pub(super) fn on_append_ok<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        height: Height,
        env: &mut E,
    ) {
        let Some(progress) = self.progress(from) else {
            return;
        };
        progress.heard = true;
        progress.acknowledged(height);
        if height > self.commit {
            self.advance(env);
        }
        self.feed(from, env);
    }

    /// The follower's log ends or differs before `refused`: tries after the
    /// last entry that both may have. A whole term is skipped at a time.
    pub(super) fn on_conflict<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        refused: Height,
        hint: Place,
        env: &mut E,
    ) {
        let try_after = self.log.agreeable(hint).height;
        let Some(progress) = self.progress(from) else {
            return;
        };
        progress.heard = true;
        let current = match progress.flow {
            Flow::Probe(_) => refused.next() == progress.next,
            Flow::Pipeline => refused > progress.matched,
            Flow::Snapshot(..) => false,
        };
        if current {
            progress.probe(try_after.next().min(refused));
            self.send_append(from, env);
        }
    }

    pub(super) fn on_installed<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        last: Place,
        env: &mut E,
    ) {
        // Only an entry that this log has too proves that the logs agree.
        let agrees = self.log.has(last);
        let compacted = last.height < self.log.base().height;
        let Some(progress) = self.progress(from) else {
            return;
        };
        progress.heard = true;
        if agrees {
            progress.acknowledged(last.height);
            progress.flow = Flow::Pipeline;
            self.advance(env);
            self.feed(from, env);
        } else if compacted {
            progress.probe(last.height.next());
            self.send_append(from, env);
        }
    }

    pub(super) fn on_heartbeat_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let (term, me, commit) = (self.term, self.me, self.commit);
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        env.set_timer(HEARTBEAT, self.config.heartbeat);
        leadership.round += 1;
        let round = leadership.round;
        for progress in &mut leadership.progress {
            progress.mark = Height(progress.next.0 - 1);
        }
        // A follower takes the commit index only as far as it knows that its
        // log agrees, so that all may get the same.
        if self.committee.others(me).next().is_some() {
            let body = RaftBody::Heartbeat { round, commit };
            env.broadcast(RaftMessage { term, body });
        }
    }

    /// A reply to the latest heartbeat shows whether appends were lost before.
    pub(super) fn on_heartbeat_reply<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        round: u64,
        received: Height,
        durable: Height,
        env: &mut E,
    ) {
        let resend_after = self.config.election_timeout;
        let now = env.now();
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        let latest = leadership.round;
        let progress = &mut leadership.progress[from.index()];
        progress.heard = true;
        progress.acknowledged(durable);
        match progress.flow {
            Flow::Pipeline if round == latest && received < progress.mark => {
                progress.probe(durable.next());
            }
            Flow::Probe(Some(sent)) if round > sent => progress.flow = Flow::Probe(None),
            Flow::Snapshot(_, told) if now.saturating_sub(told) > resend_after => {
                self.offer_snapshot(from, env);
            }
            _ => {}
        }
        if durable > self.commit {
            self.advance(env);
        }
        // A probe leaves even when it is empty: a follower that restarted has
        // all entries, but has to learn that they agree.
        if self
            .progress(from)
            .is_some_and(|progress| progress.flow == Flow::Probe(None))
        {
            self.send_append(from, env);
        }
        self.feed(from, env);
    }

    /// Counts how far a majority's disks agree; commits, if the entry there is
    /// of this term; then uses the room that this made.
    pub(super) fn advance<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        leadership.progress[self.me.index()].matched = self.durable;
        let quorum = self.committee.quorum() as usize;
        let mut matched: smallvec::SmallVec<[Height; 16]> = leadership
            .progress
            .iter()
            .map(|progress| progress.matched)
            .collect();
        let (_, agreed, _) = matched.select_nth_unstable_by(quorum - 1, |a, b| b.cmp(a));
        let agreed = *agreed;
        let of_this_term = self
            .log
            .place(agreed)
            .is_some_and(|place| place.term == self.term);
        if agreed <= self.commit || !of_this_term {
            return;
        }
        self.commit_to(agreed, env);
        self.propose(env);
        if self.config.commit_notify == CommitNotify::Eager {
            self.notify_commit(env);
        }
    }

    /// A round of empty appends for the commit index, to those whom no append
    /// has told it meanwhile.
    fn notify_commit<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let (commit, after) = (self.commit, self.log.last().height.next());
        self.send_shared(env, |progress| {
            progress.flow == Flow::Pipeline && progress.next == after && progress.told < commit
        });
    }
}
