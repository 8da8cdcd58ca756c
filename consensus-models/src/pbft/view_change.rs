//! View changes: when a replica leaves a view and how the next one opens.

use std::sync::Arc;
use std::time::Duration;

use super::message::{Content, Message, NewView, ViewChange};
use super::new_view::{Obligation, obligation};
use super::{Pbft, VIEW_TIMER};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Work};

/// Votes of later views kept per member until the view opens here; more are
/// lost and repeated on request.
const EARLY_PER_MEMBER: usize = 64;

/// Most doublings of the view timeout.
const MAX_DOUBLINGS: u32 = 10;

/// What the view change remembers.
#[derive(Debug)]
pub(super) struct Views {
    /// Each member's view change for the highest view.
    pub(super) latest: Vec<Option<Arc<ViewChange>>>,
    /// What opened the installed view; none in view 0 and after a restart.
    pub(super) opening: Option<Arc<NewView>>,
    /// A verified new view that waits for the disk.
    pending: Option<(Arc<NewView>, Obligation)>,
    /// Agreement messages of views that have not opened here.
    early: Vec<(ReplicaId, Message)>,
    /// Blocks commit in the installed view although this replica left it: the
    /// others did not follow, and its batches still go to that primary.
    pub(super) left_alive: bool,
    /// View changes since the last progress.
    attempts: u32,
    armed: bool,
    /// Arrival number of the batch that has waited longest, and since when
    /// this view owes its commit.
    awaited: Option<(u64, Duration)>,
}

impl Views {
    pub(super) fn new(n: u32) -> Self {
        Self {
            latest: vec![None; n as usize],
            opening: None,
            pending: None,
            early: Vec::new(),
            left_alive: false,
            attempts: 0,
            armed: false,
            awaited: None,
        }
    }

    fn at_least(&self, view: u64) -> u32 {
        let changes = self.latest.iter().flatten();
        changes.filter(|change| change.view >= view).count() as u32
    }
}

impl Pbft {
    fn view_span(&self) -> Duration {
        let doublings = self.views.attempts.saturating_sub(1).min(MAX_DOUBLINGS);
        self.settings.view_timeout * (1 << doublings)
    }

    fn arm_view_timer<E: Env<Self> + ?Sized>(&mut self, span: Duration, env: &mut E) {
        self.views.armed = true;
        env.set_timer(VIEW_TIMER, span);
    }

    fn disarm_view_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.views.armed {
            self.views.armed = false;
            env.cancel_timer(VIEW_TIMER);
        }
    }

    /// Whether the primary owes this backup a commit.
    fn is_owed(&self) -> bool {
        let backup = self.active && self.primary != self.me && !self.is_muted();
        backup && (!self.requests.is_empty() || self.accepted > self.committed)
    }

    /// Starts the timer when the primary owes something and none is running.
    pub(super) fn start_view_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.views.armed || !self.is_owed() {
            return;
        }
        let span = self.view_span();
        let now = env.now();
        let oldest = self.requests.oldest().map(|(arrival, _)| arrival);
        self.views.awaited = match (oldest, self.views.awaited) {
            (Some(arrival), Some((known, since))) if arrival == known => Some((arrival, since)),
            (Some(arrival), _) => Some((arrival, now)),
            (None, _) => None,
        };
        let patience = span * self.settings.patience;
        let left = self.views.awaited.map_or(span, |(_, since)| {
            (since + patience).saturating_sub(now).min(span)
        });
        self.arm_view_timer(left, env);
    }

    /// Blocks were committed: the timer starts anew, or stops.
    pub(super) fn progressed<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.active {
            self.views.attempts = 0;
            self.refresh_view_timer(env);
        }
    }

    /// The same without progress; while a view opens, its timer is left alone.
    pub(super) fn refresh_view_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if !self.active {
            return;
        }
        if !self.is_owed() {
            return self.disarm_view_timer(env);
        }
        self.views.armed = false;
        self.start_view_timer(env);
    }

    /// The primary, or the primary of the view asked for, was too slow.
    pub(super) fn on_view_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.views.armed = false;
        if !self.active || self.is_owed() {
            self.start_view_change(self.view + 1, env);
        }
    }

    /// Leaves the current view and asks for `view`, once that is on the disk.
    pub(super) fn start_view_change<E: Env<Self> + ?Sized>(&mut self, view: u64, env: &mut E) {
        if self.is_muted() {
            return;
        }
        self.view = view;
        self.active = false;
        self.views.pending = None;
        self.views.left_alive = false;
        self.views.attempts += 1;
        self.disarm_view_timer(env);
        self.persist_view(view, env);
    }

    /// The current view is on the disk: now this replica may speak in it.
    pub(super) fn view_is_durable<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.active {
            self.revisit(env);
        } else if let Some((opening, obligation)) = self.views.pending.take() {
            self.install(opening, obligation, env);
        } else {
            self.send_view_change(env);
        }
    }

    pub(super) fn send_view_change<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.is_muted() {
            return;
        }
        let prepared = self
            .log
            .certificates()
            .filter(|certificate| certificate.view < self.view)
            .cloned()
            .collect();
        let change = Arc::new(ViewChange {
            view: self.view,
            replica: self.me,
            stable: self.stable.clone(),
            prepared,
        });
        self.views.latest[self.me.index()] = Some(Arc::clone(&change));
        self.tell_all(Content::ViewChange(change), env);
        self.gather(env);
    }

    /// Another replica asks for a view.
    pub(super) fn on_view_change<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        change: &Arc<ViewChange>,
        env: &mut E,
    ) {
        let known = &self.views.latest[from.index()];
        let old = known
            .as_ref()
            .is_some_and(|known| known.view >= change.view);
        if old || change.view < self.view || (change.view == self.view && self.active) {
            return;
        }
        env.work(Work::VerifyBatch(self.unverified(change)));
        if change.replica != from || !self.is_valid_change(change) {
            return env.reject("invalid view change");
        }
        self.views.latest[from.index()] = Some(Arc::clone(change));
        self.learn_stable(&change.stable, env);
        if let Some(view) = self.view_to_join() {
            self.start_view_change(view, env);
        }
        self.gather(env);
    }

    /// When f + 1 others want higher views, one of them is correct: the lowest
    /// of those views is joined without waiting for the timer.
    fn view_to_join(&self) -> Option<u64> {
        let others = self.views.latest.iter().flatten();
        let higher = others.filter(|change| change.view > self.view);
        if (higher.clone().count() as u32) < self.weak {
            return None;
        }
        higher.map(|change| change.view).min()
    }

    /// With a quorum of view changes the primary opens the view; the others
    /// give it a timeout. A member that asks for a later view has left this
    /// one too, so it counts for the timeout.
    fn gather<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let own = &self.views.latest[self.me.index()];
        let asked = own.as_ref().is_some_and(|own| own.view == self.view);
        if self.active || !asked {
            return;
        }
        if self.committee.round_robin(self.view) == self.me && !self.forgot_view() {
            self.open_view(env);
        }
        let left = self.views.at_least(self.view);
        if !self.active && !self.views.armed && left >= self.quorum {
            self.arm_view_timer(self.view_span(), env);
        }
    }

    /// Whether this replica was in the view, or asked for it, before it
    /// crashed. Then it may have opened it, and proposed in it, as primary.
    fn forgot_view(&self) -> bool {
        self.amnesia
            .is_some_and(|amnesia| amnesia.view == self.view)
    }

    /// Says again which view this replica waits for.
    pub(super) fn seek_view<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let own = self.views.latest[self.me.index()].clone();
        if self.forgot_view() && self.committee.round_robin(self.view) == self.me {
            self.start_view_change(self.view + 1, env);
        } else if let Some(own) = own.filter(|own| own.view == self.view) {
            self.tell_all(Content::ViewChange(own), env);
            self.gather(env);
        } else if self.disk.view == Some(self.view) {
            self.send_view_change(env);
        }
    }

    fn open_view<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let view = self.view;
        let mine = self.me;
        let mut changes: Vec<Arc<ViewChange>> = self
            .views
            .latest
            .iter()
            .flatten()
            .filter(|change| change.view == view)
            .cloned()
            .collect();
        if (changes.len() as u32) < self.quorum {
            return;
        }
        while changes.len() as u32 > self.quorum {
            let last = changes.iter().rposition(|change| change.replica != mine);
            changes.remove(last.expect("a quorum of more than one has others"));
        }
        let obligation = obligation(view, mine, &changes);
        let opening = Arc::new(NewView {
            view,
            changes,
            blocks: obligation.blocks.clone(),
        });
        self.tell_all(Content::NewView(Arc::clone(&opening)), env);
        self.install(opening, obligation, env);
    }

    /// A new view arrived, from its primary or from a replica that helps.
    pub(super) fn on_new_view<E: Env<Self> + ?Sized>(
        &mut self,
        opening: &Arc<NewView>,
        env: &mut E,
    ) {
        let view = opening.view;
        let waits = self.views.pending.is_some() || self.committee.round_robin(view) == self.me;
        if view < self.view || (view == self.view && (self.active || waits)) {
            return;
        }
        let unverified: u32 = opening
            .changes
            .iter()
            .filter(|change| !self.is_known(change))
            .map(|change| self.unverified(change))
            .sum();
        env.work(Work::VerifyBatch(1 + unverified));
        let Some(obligation) = self.is_valid_opening(opening) else {
            return env.reject("invalid new view");
        };
        self.learn_stable(&obligation.stable, env);
        if self.disk.view == Some(view) {
            return self.install(Arc::clone(opening), obligation, env);
        }
        self.active = false;
        self.disarm_view_timer(env);
        self.views.pending = Some((Arc::clone(opening), obligation));
        if view > self.view {
            self.view = view;
            self.persist_view(view, env);
        }
    }

    /// Enters the view: its blocks are the first proposals, then whatever was
    /// requested and is in none of them.
    fn install<E: Env<Self> + ?Sized>(
        &mut self,
        opening: Arc<NewView>,
        obligation: Obligation,
        env: &mut E,
    ) {
        let view = opening.view;
        self.active = true;
        self.installed = view;
        self.primary = self.committee.round_robin(view);
        self.floor = obligation.stable.checkpoint.height;
        self.views.opening = Some(opening);
        self.views.awaited = None;
        self.disarm_view_timer(env);
        self.log.renew();
        self.restore(view);
        let blocks = &obligation.blocks;
        let last = blocks.last().map_or(self.floor, |block| block.height);
        self.proposed = last;
        self.accepted = last;
        self.requests
            .reopen(view, blocks.iter().map(|block| &**block));
        for block in &obligation.blocks {
            let known = self.log.get(block.height).map(|slot| slot.block.is_some());
            if known == Some(false) {
                self.accept(Arc::clone(block), block.id(), env);
            }
        }
        self.revisit(env);
        for (from, message) in std::mem::take(&mut self.views.early) {
            self.on_early(from, &message, env);
        }
        if self.primary != self.me {
            for batch in self.requests.waiting(view) {
                env.forward(self.primary, batch);
            }
        }
        self.start_view_timer(env);
    }

    fn on_early<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, message: &Message, env: &mut E) {
        let view = match &message.content {
            Content::PrePrepare(proposal) => proposal.view,
            Content::Prepare(vote) | Content::Commit(vote) => vote.view,
            _ => return,
        };
        self.on_agreement(from, view, message, env);
    }

    /// Keeps a message of a view that has not opened here yet.
    pub(super) fn keep_early<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        message: &Message,
        env: &mut E,
    ) {
        self.retry.nudged = true;
        if self.views.early.len() < EARLY_PER_MEMBER * self.committee.n() as usize {
            self.views.early.push((from, message.clone()));
        } else {
            env.reject("too many messages of a later view");
        }
    }
}
