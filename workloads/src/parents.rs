//! What later transactions may follow up on: a bounded memory of earlier ones.

use core::time::Duration;
use std::collections::VecDeque;

use rand::Rng;

use crate::population::below;

/// Follow-ups choose among this many of the oldest parents that are ready.
const CHOICE: u64 = 1_024;

/// Parents in the order in which they become ready: `lag` after they were submitted.
///
/// When the list is full, new parents are not remembered (they are simply never followed up), so
/// that memory stays bounded and the old ones still become ready.
#[derive(Clone, Debug)]
pub(crate) struct Parents<T> {
    lag: Duration,
    capacity: usize,
    waiting: VecDeque<(Duration, T)>,
}

impl<T> Parents<T> {
    /// An empty list that remembers at most `capacity` parents.
    pub(crate) fn new(lag: Duration, capacity: usize) -> Self {
        Self {
            lag,
            capacity,
            waiting: VecDeque::new(),
        }
    }

    /// Adds a parent that is ready at once.
    pub(crate) fn stock(&mut self, parent: T) {
        self.remember(Duration::ZERO, parent);
    }

    /// Remembers a parent submitted at `now`.
    pub(crate) fn push(&mut self, now: Duration, parent: T) {
        self.remember(now.saturating_add(self.lag), parent);
    }

    fn remember(&mut self, ready: Duration, parent: T) {
        if self.waiting.len() < self.capacity {
            self.waiting.push_back((ready, parent));
        }
    }

    /// Takes one of the oldest parents that are ready.
    pub(crate) fn take(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<T> {
        let chosen = self.choose(now, rng)?;
        // Both positions are ready, so their order no longer matters.
        self.waiting.swap(0, chosen);
        self.waiting.pop_front().map(|(_, parent)| parent)
    }

    /// Takes the oldest parent if it is ready.
    pub(crate) fn take_first(&mut self, now: Duration) -> Option<T> {
        let ready = self.waiting.front().is_some_and(|(ready, _)| *ready <= now);
        let first = if ready {
            self.waiting.pop_front()
        } else {
            None
        };
        first.map(|(_, parent)| parent)
    }

    /// Looks at one of the oldest parents that are ready.
    pub(crate) fn look(&self, now: Duration, rng: &mut dyn Rng) -> Option<&T> {
        let chosen = self.choose(now, rng)?;
        self.waiting.get(chosen).map(|(_, parent)| parent)
    }

    /// Looks at one of the oldest parents that are ready, to change it; with its position for
    /// [`Self::remove_ready`].
    pub(crate) fn look_mut(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<(usize, &mut T)> {
        let chosen = self.choose(now, rng)?;
        self.waiting
            .get_mut(chosen)
            .map(|(_, parent)| (chosen, parent))
    }

    /// Forgets the parent at a position just looked at.
    pub(crate) fn remove_ready(&mut self, position: usize) {
        self.waiting.swap(0, position);
        self.waiting.pop_front();
    }

    fn choose(&self, now: Duration, rng: &mut dyn Rng) -> Option<usize> {
        let ready = |index: usize| {
            self.waiting
                .get(index)
                .is_some_and(|(ready, _)| *ready <= now)
        };
        let chosen = below(rng, CHOICE.min(self.waiting.len() as u64)) as usize;
        if ready(chosen) {
            Some(chosen)
        } else {
            ready(0).then_some(0)
        }
    }
}
