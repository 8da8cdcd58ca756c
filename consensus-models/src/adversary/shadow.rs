//! The world of a second instance: its disk and its ledger are only pretended,
//! because the member has one of each and the first instance drives them. It
//! never comes back from a crash with more than the first one has.

use std::collections::VecDeque;

use crate::block::{Block, Digest, Height, mix};
use crate::protocol::{TimerId, Token};

/// Set in the names of the second instance's timers.
pub(super) const TIMER_BIT: u32 = 1 << 31;

/// The pretended disk and ledger have an answer.
pub(super) const TICK: TimerId = TimerId(0xffff_ffff);

/// Answers given in one call; the rest wait for the next tick.
pub(super) const MOST_AT_ONCE: usize = 256;

/// An answer that the second instance waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A write is durable.
    Durable(Token),
    /// A block is executed.
    Executed(Height, Digest),
}

/// What the second instance waits for.
#[derive(Debug, Default)]
pub(super) struct Shadow {
    due: VecDeque<Due>,
    committed: Height,
}

impl Shadow {
    pub(super) fn persist(&mut self, token: Token) {
        self.due.push_back(Due::Durable(token));
    }

    /// It committed a block. Its digest names the block: a shadow has no state.
    pub(super) fn commit(&mut self, block: &Block) {
        if block.height > self.committed {
            self.committed = block.height;
            let digest = Digest(mix(0x7368_6164, block.id().0));
            self.due.push_back(Due::Executed(block.height, digest));
        }
    }

    pub(super) fn next(&mut self) -> Option<Due> {
        self.due.pop_front()
    }
}
