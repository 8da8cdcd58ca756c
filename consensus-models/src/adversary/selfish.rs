//! Selfish mining: own blocks are kept back, and shown when they undo what
//! others found. Eyal, Sirer, FC 2014, algorithm 1. The instance itself mines
//! on its own branch all along, because it saw its own blocks first.

use super::mask::Outgoing;
use crate::block::Height;

/// Announcements kept back at most; more are shown.
const MOST_KEPT: usize = 4_096;

/// What is not shown yet.
#[derive(Debug)]
pub(super) struct Secret<M> {
    /// The highest block that others have shown.
    public: Height,
    /// The highest own block that is shown: who asks for it gets it.
    shown: Height,
    /// The own branch is as long as that of the others, and shown.
    racing: bool,
    kept: Vec<(Height, Outgoing<M>)>,
}

impl<M> Default for Secret<M> {
    fn default() -> Self {
        Self {
            public: Height::default(),
            shown: Height::default(),
            racing: false,
            kept: Vec::new(),
        }
    }
}

impl<M> Secret<M> {
    /// Up to this height nothing is secret.
    pub(super) fn limit(&self) -> Height {
        self.public.max(self.shown)
    }

    /// Whether no more can be kept back.
    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= MOST_KEPT
    }

    /// The instance wants to show a chain of this height. Higher than what
    /// others have shown, it is the own secret; returned is what may be shown.
    pub(super) fn own(&mut self, height: Height, outgoing: Outgoing<M>) -> Vec<Outgoing<M>> {
        if height <= self.limit() || self.is_full() {
            return vec![outgoing];
        }
        self.kept.push((height, outgoing));
        if self.racing && height == self.public.next() {
            // Its block decides the race for it.
            self.racing = false;
            return self.show(height);
        }
        Vec::new()
    }

    /// Others show a chain of this height; returned is what is shown in answer.
    pub(super) fn public(&mut self, height: Height) -> Vec<Outgoing<M>> {
        if height <= self.public {
            return Vec::new();
        }
        self.public = height;
        self.racing = false;
        let Some(own) = self.kept.iter().map(|(height, _)| *height).max() else {
            return Vec::new();
        };
        if own < height {
            // Lost: the instance itself follows the longer chain.
            self.kept.clear();
            return Vec::new();
        }
        self.racing = own == height;
        // A lead of one at most: all of it. A longer one: as far as the others are.
        let up_to = if own <= height.next() { own } else { height };
        self.show(up_to)
    }

    fn show(&mut self, up_to: Height) -> Vec<Outgoing<M>> {
        self.shown = self.shown.max(up_to);
        let kept = std::mem::take(&mut self.kept);
        let (shown, kept) = kept.into_iter().partition(|(height, _)| *height <= up_to);
        self.kept = kept;
        shown.into_iter().map(|(_, outgoing)| outgoing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adversary::{Face, Faced};

    fn block(name: u32) -> Outgoing<u32> {
        Outgoing {
            to: Vec::new(),
            said: Faced {
                face: Face::First,
                message: name,
            },
        }
    }

    fn names(shown: Vec<Outgoing<u32>>) -> Vec<u32> {
        shown.into_iter().map(|it| it.said.message).collect()
    }

    #[test]
    fn a_lead_of_one_becomes_a_race_and_the_next_own_block_wins_it() {
        let mut secret = Secret::default();
        assert!(secret.own(Height(1), block(1)).is_empty());
        assert_eq!(names(secret.public(Height(1))), [1]);
        assert_eq!(names(secret.own(Height(2), block(2))), [2]);
        // The race is over: the next block is secret again.
        assert!(secret.own(Height(3), block(3)).is_empty());
    }

    #[test]
    fn a_lead_of_two_is_shown_when_it_shrinks_to_one() {
        let mut secret = Secret::default();
        assert!(secret.own(Height(1), block(1)).is_empty());
        assert!(secret.own(Height(2), block(2)).is_empty());
        assert_eq!(names(secret.public(Height(1))), [1, 2]);
        // Who asks for what is shown gets it.
        assert_eq!(names(secret.own(Height(2), block(9))), [9]);
    }

    #[test]
    fn a_longer_lead_is_shown_block_by_block() {
        let mut secret = Secret::default();
        for height in 1..=4 {
            assert!(secret.own(Height(height), block(height as u32)).is_empty());
        }
        assert_eq!(names(secret.public(Height(1))), [1]);
        assert_eq!(names(secret.public(Height(2))), [2]);
        assert_eq!(names(secret.public(Height(3))), [3, 4]);
    }

    #[test]
    fn what_is_behind_is_given_up() {
        let mut secret = Secret::default();
        assert!(secret.own(Height(1), block(1)).is_empty());
        assert!(secret.public(Height(2)).is_empty());
        assert_eq!(names(secret.own(Height(2), block(2))), [2]);
        assert!(secret.own(Height(3), block(3)).is_empty());
    }
}
