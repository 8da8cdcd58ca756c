//! When to ask whom for what is missing, and how a replica that fell behind
//! what its peers keep comes back.
//!
//! 1. A vertex with missing parents may only have overtaken them: a delay.
//! 2. Then the peer that showed it is asked, and after each further delay
//!    another.
//! 3. A peer that no longer keeps what is missing says so: the host transfers
//!    the ledger. The ledger does not say which vertices its blocks delivered,
//!    so the *commit state* of the height that it stands at is asked of all
//!    peers; equal answers of which one must come from a correct peer are
//!    adopted.

use std::sync::Arc;

use super::CommitState;
use crate::block::Height;
use crate::committee::ReplicaId;

/// Questions for a commit state before another transfer is tried: meanwhile
/// the peers may have gone past the height.
const PATIENCE: u32 = 4;

/// What the timer of the fetch leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Ask this peer for the missing vertices; `None`: any other.
    Vertices(Option<ReplicaId>),
    /// Ask all for the commit state of a height.
    State(Height),
    /// Nothing is missing.
    Nothing,
}

#[derive(Debug, Default)]
pub(crate) struct Fetch {
    /// The peer that can help, until it was asked.
    first: Option<ReplicaId>,
    armed: bool,
    transferring: bool,
    state: Option<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    height: Height,
    asked: u32,
    answers: Vec<(ReplicaId, Arc<CommitState>)>,
}

impl Fetch {
    /// Something is missing that `from` has; whether the timer must be armed
    /// for the first delay.
    pub(crate) fn missing(&mut self, from: ReplicaId) -> bool {
        if self.armed || self.transferring {
            return false;
        }
        self.first = Some(from);
        self.armed = true;
        true
    }

    /// The timer expired; `lacking` says whether vertices are missing still.
    pub(crate) fn expired(&mut self, lacking: bool) -> Next {
        if let Some(wanted) = &mut self.state {
            wanted.asked += 1;
            if wanted.asked <= PATIENCE {
                self.armed = true;
                return Next::State(wanted.height);
            }
            self.state = None;
        }
        self.armed = lacking && !self.transferring;
        if !self.armed {
            return Next::Nothing;
        }
        Next::Vertices(self.first.take())
    }

    /// The host brings the ledger to a later height.
    pub(crate) fn transfer(&mut self) {
        self.transferring = true;
        self.state = None;
        self.armed = false;
    }

    /// Until then nothing may commit.
    pub(crate) fn is_transferring(&self) -> bool {
        self.transferring
    }

    /// Whether a commit state is awaited, without which no vertex helps.
    pub(crate) fn is_resuming(&self) -> bool {
        self.state.is_some()
    }

    /// The ledger stands at `height`; `behind` says whether the commits know
    /// less. The timer is due at once when they do.
    pub(crate) fn transferred(&mut self, height: Height, behind: bool) {
        self.transferring = false;
        self.state = behind.then_some(Wanted {
            height,
            asked: 0,
            answers: Vec::new(),
        });
        self.armed = behind;
    }

    /// A commit state from a peer; returned once `weak` peers say the same.
    pub(crate) fn answer(
        &mut self,
        from: ReplicaId,
        state: &Arc<CommitState>,
        weak: u32,
    ) -> Option<Arc<CommitState>> {
        let wanted = self.state.as_mut()?;
        let known = wanted.answers.iter().any(|(peer, _)| *peer == from);
        if state.height != wanted.height || known {
            return None;
        }
        wanted.answers.push((from, Arc::clone(state)));
        let same = wanted.answers.iter().filter(|(_, other)| other == state);
        if (same.count() as u32) < weak {
            return None;
        }
        self.state = None;
        self.armed = false;
        Some(Arc::clone(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_knows_is_asked_first_and_then_others() {
        let mut fetch = Fetch::default();
        assert!(fetch.missing(ReplicaId(2)));
        assert!(!fetch.missing(ReplicaId(3)));
        assert_eq!(fetch.expired(true), Next::Vertices(Some(ReplicaId(2))));
        assert_eq!(fetch.expired(true), Next::Vertices(None));
        assert_eq!(fetch.expired(false), Next::Nothing);
        assert!(fetch.missing(ReplicaId(1)));
    }

    #[test]
    fn a_commit_state_needs_a_correct_peer_behind_it() {
        let mut fetch = Fetch::default();
        fetch.transfer();
        assert!(fetch.is_transferring() && !fetch.missing(ReplicaId(1)));
        fetch.transferred(Height(7), true);
        assert_eq!(fetch.expired(true), Next::State(Height(7)));
        let state = |round| {
            Arc::new(CommitState {
                height: Height(7),
                round,
                ..CommitState::default()
            })
        };
        assert_eq!(fetch.answer(ReplicaId(1), &state(9), 2), None);
        assert_eq!(fetch.answer(ReplicaId(1), &state(9), 2), None);
        assert_eq!(fetch.answer(ReplicaId(2), &state(8), 2), None);
        assert_eq!(fetch.answer(ReplicaId(3), &state(9), 2), Some(state(9)));
    }
}
