//! Elections: timeouts, pre-votes, votes, and the leader's quorum check.
//! Sections 5.2 and 5.4.1; dissertation 9.6 (pre-vote) and 6.2 (a leader
//! that hears no majority steps down).

use std::time::Duration;

use super::disk::After;
use super::leader::Leadership;
use super::message::{Place, RaftBody, RaftMessage};
use super::{ELECTION, HEARTBEAT, Raft, Role};
use crate::block::Height;
use crate::committee::{ReplicaId, ReplicaSet};
use crate::protocol::Env;

impl Raft {
    /// Draws this replica's timeout between one and two election timeouts.
    pub(super) fn draw_timeout<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let base = u64::try_from(self.config.election_timeout.as_nanos()).unwrap_or(u64::MAX / 2);
        self.timeout = Duration::from_nanos(base + env.rand() % base.max(1));
    }

    /// Starts the timeout anew. The armed timer is left alone when it fires
    /// earlier, and is armed again then: a leader's messages come often.
    pub(super) fn postpone_election<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.deadline = env.now() + self.timeout;
        if self.deadline < self.armed {
            self.armed = self.deadline;
            env.set_timer(ELECTION, self.timeout);
        }
    }

    pub(super) fn on_election_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let now = env.now();
        if now < self.deadline {
            self.armed = self.deadline;
            env.set_timer(ELECTION, self.deadline - now);
            return;
        }
        self.armed = Duration::MAX;
        if self.is_leader() {
            self.check_quorum(env);
        } else {
            self.campaign(env);
        }
    }

    fn campaign<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.leader = None;
        self.draw_timeout(env);
        self.postpone_election(env);
        if !self.config.pre_vote {
            return self.stand(env);
        }
        self.role = Role::PreCandidate(self.only_me());
        if self.committee.quorum() == 1 {
            return self.stand(env);
        }
        env.broadcast(RaftMessage {
            term: self.term + 1,
            body: RaftBody::PreVote(self.log.last()),
        });
    }

    /// Enters the next term as a candidate. It asks for votes once its own is
    /// durable: a vote that a crash forgets could be given twice.
    fn stand<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.enter_term(self.term + 1, env);
        self.vote = Some(self.me);
        self.role = Role::Candidate(ReplicaSet::new());
        self.write_term(After::Campaign(self.term), env);
    }

    pub(super) fn ask_for_votes<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let Role::Candidate(votes) = &mut self.role else {
            return;
        };
        votes.insert(self.me);
        if self.committee.quorum() == 1 {
            return self.lead(env);
        }
        env.broadcast(self.say(RaftBody::Vote(self.log.last())));
    }

    fn only_me(&self) -> ReplicaSet {
        let mut set = ReplicaSet::new();
        set.insert(self.me);
        set
    }

    /// Whether a leader was heard within the minimum election timeout.
    fn has_live_leader(&self, now: Duration) -> bool {
        let recent = self
            .heard
            .is_some_and(|heard| now.saturating_sub(heard) < self.config.election_timeout);
        self.is_leader() || (self.leader.is_some() && recent)
    }

    pub(super) fn on_pre_vote<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        term: u64,
        last: Place,
        env: &mut E,
    ) {
        let granted =
            term > self.term && self.log.is_reached_by(last) && !self.has_live_leader(env.now());
        env.send(
            from,
            RaftMessage {
                term: if granted { term } else { self.term },
                body: RaftBody::PreVoteReply(granted),
            },
        );
    }

    pub(super) fn on_pre_vote_granted<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        term: u64,
        env: &mut E,
    ) {
        let quorum = self.committee.quorum();
        let Role::PreCandidate(grants) = &mut self.role else {
            return;
        };
        if term != self.term + 1 {
            return;
        }
        grants.insert(from);
        if grants.len() >= quorum {
            self.stand(env);
        }
    }

    pub(super) fn on_vote<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        last: Place,
        env: &mut E,
    ) {
        let free = self.vote.is_none_or(|vote| vote == from);
        if free && self.log.is_reached_by(last) {
            self.role = Role::Follower;
            self.vote = Some(from);
            self.write_term(After::Vote(self.term, from), env);
            self.postpone_election(env);
        } else {
            if self.term_unsaved {
                self.write_term(After::Nothing, env);
            }
            env.send(from, self.say(RaftBody::VoteReply(false)));
        }
    }

    pub(super) fn on_vote_reply<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        granted: bool,
        env: &mut E,
    ) {
        let quorum = self.committee.quorum();
        let Role::Candidate(votes) = &mut self.role else {
            return;
        };
        if granted {
            votes.insert(from);
            if votes.len() >= quorum {
                self.lead(env);
            }
        }
    }

    fn lead<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.role = Role::Leader(Leadership::new(self.committee.n(), self.log.last().height));
        self.leader = Some(self.me);
        self.matched = Height(0);
        self.timeout = self.config.election_timeout;
        self.postpone_election(env);
        env.set_timer(HEARTBEAT, self.config.heartbeat);
        self.begin_term(env);
    }

    /// Enters a higher term as a follower without a leader. The caller writes
    /// the term.
    pub(super) fn enter_term<E: Env<Self> + ?Sized>(&mut self, term: u64, env: &mut E) {
        self.term = term;
        self.vote = None;
        self.term_unsaved = true;
        self.matched = Height(0);
        self.leader = None;
        self.become_follower(env);
    }

    /// Leads or campaigns no longer.
    pub(super) fn become_follower<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.is_leader() {
            env.cancel_timer(HEARTBEAT);
            self.leader = None;
            self.draw_timeout(env);
            self.postpone_election(env);
        }
        self.role = Role::Follower;
    }

    fn check_quorum<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let (me, quorum) = (self.me, self.committee.quorum());
        let Role::Leader(leadership) = &mut self.role else {
            return;
        };
        if leadership.count_heard(me) >= quorum {
            self.postpone_election(env);
        } else {
            self.become_follower(env);
        }
    }

    /// The leader of this term said something.
    pub(super) fn hear<E: Env<Self> + ?Sized>(&mut self, leader: ReplicaId, env: &mut E) {
        self.role = Role::Follower;
        self.heard = Some(env.now());
        self.postpone_election(env);
        if self.leader != Some(leader) {
            self.leader = Some(leader);
            self.forward_waiting(leader, env);
        }
    }
}
