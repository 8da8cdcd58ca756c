//! Views: which one is current, how it is left, and how replicas meet again
//! after they lost each other.
//!
//! A view ends with a certificate on its block or with a timeout certificate
//! of its term. Timeouts carry the evidence for their term and, where the rules
//! say so, the sender's vote: one that arrives brings the receiver to the term
//! at least, and a certificate is not lost with the leader that was to collect
//! its votes.

use std::sync::Arc;
use std::time::Duration;

use super::config::Views;
use super::message::{Message, NewView, Qc, Record, Tc, Timeout};
use super::storage::Outgoing;
use super::tally::Timeouts;
use super::{Chained, LOCKS_TIMER, Rules, VIEW_TIMER};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Work};

/// The current view and why it is current.
#[derive(Debug)]
pub(super) struct Pacemaker {
    view: u64,
    high: Arc<Qc>,
    /// The timeout certificate of the latest term.
    tc: Option<Arc<Tc>>,
    timeouts: Timeouts,
    /// The view in which this replica gave up on the current term, if it did.
    gave_up: Option<u64>,
    /// Terms given up since the last certificate.
    in_a_row: u32,
    /// Leaders whose last term was given up and who were not heard since.
    suspects: Vec<bool>,
    /// The highest view whose proposal was seen.
    seen: u64,
}

impl Pacemaker {
    /// At the view to which these certificates lead.
    pub(super) fn new(high: Arc<Qc>, tc: Option<Arc<Tc>>, views: &Views, n: u32) -> Self {
        let by_tc = tc.as_ref().map_or(0, |tc| views.after_term(tc.term));
        Self {
            view: by_tc.max(high.at.view + 1),
            high,
            tc,
            timeouts: Timeouts::default(),
            gave_up: None,
            in_a_row: 0,
            suspects: vec![false; n as usize],
            seen: 0,
        }
    }

    pub(super) fn view(&self) -> u64 {
        self.view
    }

    /// Whether the view before was certified.
    fn is_certified(&self) -> bool {
        self.high.at.view + 1 >= self.view
    }

    /// The highest certificate.
    pub(super) fn high(&self) -> &Arc<Qc> {
        &self.high
    }

    /// The timeout certificate of the latest term that was given up.
    pub(super) fn tc(&self) -> Option<&Arc<Tc>> {
        self.tc.as_ref()
    }

    /// What shows, beside the highest certificate, that `view` was entered.
    pub(super) fn evidence_for(&self, view: u64) -> Option<Arc<Tc>> {
        let needed = self.high.at.view + 1 < view;
        self.tc.clone().filter(|_| needed)
    }

    pub(super) fn is_suspect(&self, leader: ReplicaId) -> bool {
        self.suspects[leader.index()]
    }

    /// Notes the proposal of `view` by its leader.
    pub(super) fn saw_proposal(&mut self, view: u64, leader: ReplicaId) {
        self.seen = self.seen.max(view);
        self.suspects[leader.index()] = false;
    }

    /// The view whose proposal is expected next.
    pub(super) fn next_proposal(&self, views: &Views) -> u64 {
        // A term may go on without this replica: then its leader works.
        if self.gave_up == Some(self.view) {
            views.after_term(views.term(self.view))
        } else {
            self.view.max(self.seen + 1)
        }
    }

    /// Takes a higher certificate; says whether it led to a later view.
    pub(super) fn raise(&mut self, qc: Arc<Qc>, views: &Views) -> bool {
        let view = qc.at.view + 1;
        self.high = qc;
        if view <= self.view {
            return false;
        }
        self.in_a_row = 0;
        self.enter(view, views);
        true
    }

    /// Takes a timeout certificate that leads to a later view.
    fn give_way(&mut self, tc: Arc<Tc>, views: &Views) {
        self.suspects[views.leader(views.first_of(tc.term)).index()] = true;
        self.in_a_row = self.in_a_row.saturating_add(1);
        let view = views.after_term(tc.term);
        self.tc = Some(tc);
        self.enter(view, views);
    }

    fn enter(&mut self, view: u64, views: &Views) {
        if views.term(view) != views.term(self.view) {
            self.timeouts = Timeouts::default();
            self.gave_up = None;
        }
        self.view = view;
    }
}

impl<R: Rules> Chained<R> {
    pub(super) fn term(&self) -> u64 {
        self.config.views.term(self.pacemaker.view)
    }

    /// Arms the timer of the current view.
    pub(super) fn entered_view<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        env.set_timer(VIEW_TIMER, self.patience());
        self.stop_idling(env);
        self.wait_for_locks(env);
    }

    /// The leader's own wait is no reason to give it up.
    fn patience(&self) -> Duration {
        let waits = if self.pacemaker.is_certified() {
            Duration::ZERO
        } else {
            self.config.rules.leader_waits()
        };
        self.config.backoff.after(self.pacemaker.in_a_row) + waits
    }

    /// The leader of a view that began with a timeout certificate waits for
    /// the highest lock, where the rules want it.
    fn wait_for_locks<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let wait = self.config.rules.leader_waits();
        let mine = self.config.views.leader(self.pacemaker.view) == self.me;
        if mine && !wait.is_zero() && !self.pacemaker.is_certified() {
            self.awaiting_locks = true;
            env.set_timer(LOCKS_TIMER, wait);
        } else if self.awaiting_locks {
            self.awaiting_locks = false;
            env.cancel_timer(LOCKS_TIMER);
        }
    }

    /// Tells the leader of the current view how it came about, and the highest
    /// certificate known here.
    fn tell_leader<E: Env<Self> + ?Sized>(&mut self, tc: &Arc<Tc>, env: &mut E) {
        let leader = self.config.views.leader(self.pacemaker.view);
        if leader != self.me && self.config.rules.tells_leader() {
            let message = NewView {
                tc: Arc::clone(tc),
                high: Arc::clone(&self.pacemaker.high),
            };
            env.send(leader, Message::NewView(Arc::new(message)));
        }
    }

    /// Another replica entered a view that this one leads.
    pub(super) fn on_new_view<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        said: &NewView,
        env: &mut E,
    ) {
        let later = self.config.views.after_term(said.tc.term) > self.pacemaker.view;
        if !later && said.high.at.view <= self.pacemaker.high.at.view {
            return;
        }
        if let Err(why) = self.check_certificates(&said.high, Some(&said.tc)) {
            return env.reject(why);
        }
        self.learn_qc(&said.high, false, env);
        self.learn_tc(&said.tc, Some(from), env);
        self.commit_by(said.high.at, false, env);
        self.follow(from, env);
    }

    /// The view took too long: gives up on its term, or says so again.
    pub(super) fn on_view_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        env.set_timer(VIEW_TIMER, self.patience());
        if self.pacemaker.gave_up.is_some() {
            self.send_timeout(self.term(), env);
        } else {
            self.give_up(env);
        }
    }

    fn give_up<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let term = self.term();
        self.pacemaker.gave_up = Some(self.pacemaker.view);
        self.stop_idling(env);
        let end = self.config.views.after_term(term) - 1;
        self.safety.closed = self.safety.closed.max(end);
        let record = Record::Timeout {
            term,
            high: Arc::clone(&self.pacemaker.high),
            tc: self
                .pacemaker
                .evidence_for(self.config.views.first_of(term)),
        };
        self.persist(record, Outgoing::Timeout(term), env);
    }

    /// Another replica gave up on its term.
    pub(super) fn on_timeout<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        timeout: &Timeout,
        env: &mut E,
    ) {
        let known = timeout.term < self.term()
            || (timeout.term == self.term() && self.pacemaker.timeouts.has(from));
        let news = timeout.high.at.view > self.pacemaker.high.at.view
            || timeout.vote.is_some_and(|vote| self.may_count(from, &vote));
        if known && !news {
            return;
        }
        if let Err(why) = self.check_certificates(&timeout.high, timeout.tc.as_deref()) {
            return env.reject(why);
        }
        env.work(Work::Verify);
        self.learn_qc(&timeout.high, false, env);
        if let Some(tc) = &timeout.tc {
            self.learn_tc(tc, Some(from), env);
        }
        if let Some(vote) = timeout.vote.filter(|vote| self.may_count(from, vote)) {
            env.work(Work::Verify);
            self.count_vote(from, vote, env);
        }
        if timeout.term > self.term() {
            return env.reject("timeout without evidence of its term");
        }
        self.count_timeout(from, timeout.term, timeout.high.at.view, env);
        self.follow(from, env);
    }

    /// Counts a timeout of the current term; others are too late.
    pub(super) fn count_timeout<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        term: u64,
        high: u64,
        env: &mut E,
    ) {
        if term != self.term() || !self.pacemaker.timeouts.add(from, high) {
            return;
        }
        let count = self.pacemaker.timeouts.len();
        if count >= self.committee.quorum() {
            let (signers, high) = self.pacemaker.timeouts.close();
            let n = self.committee.n();
            let high = self.config.rules.shows_highest().then_some(high);
            let tc = Arc::new(Tc::new(term, high, signers, n, self.config.certificates));
            self.learn_tc(&tc, None, env);
        } else if count >= self.committee.weak_quorum() && self.pacemaker.gave_up.is_none() {
            // One of them is correct, so the others will give up too.
            self.give_up(env);
        }
    }

    /// Takes note of a timeout certificate that leads to a later view; `from`
    /// sent it, unless it is of our making.
    pub(super) fn learn_tc<E: Env<Self> + ?Sized>(
        &mut self,
        tc: &Arc<Tc>,
        from: Option<ReplicaId>,
        env: &mut E,
    ) {
        let views = self.config.views;
        if views.after_term(tc.term) <= self.pacemaker.view {
            return;
        }
        if from.is_some() {
            self.charge_certificate(tc.signers.len(), env);
        }
        self.pacemaker.give_way(Arc::clone(tc), &views);
        self.entered_view(env);
        if from != Some(views.leader(self.pacemaker.view)) {
            self.tell_leader(tc, env);
        }
        let failed = views.leader(views.first_of(tc.term));
        if self.pool.leader_failed(failed) {
            self.forward_due(env);
        }
    }
}
