//! Chain growth: how many of the blocks that were made are on the chain. Those
//! made after the newest committed block are still open, and count on neither
//! side.

use std::collections::VecDeque;

use groma_sim::Time;

/// Blocks open at once at most; more are settled unseen.
const MOST_OPEN: usize = 65_536;

/// Blocks made, and those whose fate is settled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Growth {
    /// When open blocks were made.
    open: VecDeque<Time>,
    settled: u64,
}

impl Growth {
    /// So many blocks were made.
    pub(crate) fn made(&mut self, at: Time, blocks: u64) {
        for _ in 0..blocks {
            if self.open.len() >= MOST_OPEN {
                self.open.pop_front();
                self.settled += 1;
            }
            self.open.push_back(at);
        }
    }

    /// A block made then is on the chain for good: so is or is not whatever was
    /// made before it.
    pub(crate) fn committed(&mut self, created: Time) {
        while self.open.front().is_some_and(|made| *made <= created) {
            self.open.pop_front();
            self.settled += 1;
        }
    }

    /// Blocks whose fate is settled.
    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_after_the_newest_committed_block_is_open() {
        let at = |ms: u64| Time::from_nanos(ms * 1_000_000);
        let mut growth = Growth::default();
        for ms in [10, 20, 30, 40] {
            growth.made(at(ms), 1);
        }
        assert_eq!(growth.settled(), 0);
        growth.committed(at(30));
        assert_eq!(growth.settled(), 3);
        growth.committed(at(20));
        assert_eq!(growth.settled(), 3);
    }
}
