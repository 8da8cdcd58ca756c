//! How a replica gets blocks that it missed: from its peers while they keep
//! them, else by a state transfer of the ledger.
//!
//! One block is wanted at a time, the lowest gap under a tip that the protocol
//! names (its highest certificate, its longest chain); the answer brings its
//! ancestors too. Blocks are checked by their names, which the wanted one's
//! tip vouches for.
//!
//! A state machine: it says what to do next ([`Step`]) and leaves the choice of
//! timer and message to the protocol. Knows nothing of votes.

use std::sync::Arc;
use std::time::Duration;

use super::{BlockRef, Blocks, Link, Linked, Served, Tree};
use crate::block::Height;
use crate::committee::ReplicaId;
use crate::protocol::{Env, Protocol, TimerId};

/// A block that is missing.
#[derive(Clone, Copy, Debug)]
struct Want {
    at: BlockRef,
    from: ReplicaId,
    asked: bool,
}

/// How long to wait for blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For one that may only be overtaken, before asking for it.
    pub(crate) late: Duration,
    /// For an answer, before asking another replica.
    pub(crate) answer: Duration,
}

/// What the protocol is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Rest,
    /// Disarm the fetch timer.
    Stop,
    /// Arm the fetch timer; [`Sync::due`] when it expires.
    Wait(Duration),
    /// Arm the fetch timer and ask `to` for `at` and its ancestors above the
    /// last committed block.
    Ask {
        /// The highest block wanted.
        at: BlockRef,
        /// Whom to ask.
        to: ReplicaId,
        /// When to give up on it.
        again: Duration,
    },
}

impl Step {
    /// Does it, with the protocol's fetch timer and its request for a block.
    pub(crate) fn take<P: Protocol, E: Env<P> + ?Sized>(
        self,
        timer: TimerId,
        request: impl FnOnce(BlockRef) -> P::Message,
        env: &mut E,
    ) {
        match self {
            Self::Rest => {}
            Self::Stop => env.cancel_timer(timer),
            Self::Wait(span) => env.set_timer(timer, span),
            Self::Ask { at, to, again } => {
                env.set_timer(timer, again);
                env.send(to, request(at));
            }
        }
    }
}

/// What an answer was worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nobody waited for it.
    Useless,
    /// It is not what was asked for; refuse it.
    Wrong,
    /// The peer no longer keeps what is wanted: disarm the fetch timer and
    /// transfer the ledger from it, to this height at least.
    Pruned(Height),
    /// The tree grew: do this, and look again at what waited for blocks.
    Grew(Step),
}

#[derive(Debug)]
pub(crate) struct Sync {
    me: ReplicaId,
    n: u32,
    patience: Patience,
    want: Option<Want>,
    transferring: bool,
    executed: Height,
}

impl Sync {
    pub(crate) fn new(me: ReplicaId, n: u32, executed: Height, patience: Patience) -> Self {
        Self {
            me,
            n,
            patience,
            want: None,
            transferring: false,
            executed,
        }
    }

    /// Whether the host brings the ledger to a later height: until then
    /// nothing may commit.
    pub(crate) fn is_transferring(&self) -> bool {
        self.transferring
    }

    /// The ledger executed this height.
    pub(crate) fn executed(&mut self, height: Height) {
        self.executed = self.executed.max(height);
    }

    /// A transfer brought the ledger to this height.
    pub(crate) fn transferred(&mut self, height: Height) {
        self.transferring = false;
        self.executed(height);
    }

    /// Whether this block is wanted.
    pub(crate) fn wants(&self, at: &BlockRef) -> bool {
        self.want.is_some_and(|want| want.at == *at)
    }

    /// Another replica, drawn by a random word.
    pub(crate) fn any_other(&self, word: u64) -> ReplicaId {
        let n = u64::from(self.n);
        let step = 1 + word % (n - 1).max(1);
        ReplicaId(((u64::from(self.me.0) + step) % n) as u32)
    }

    /// Sees to it that the branch of `tip` gets whole; `from` knows it.
    pub(crate) fn follow<B: Linked>(
        &mut self,
        tree: &Tree<B>,
        tip: BlockRef,
        from: ReplicaId,
    ) -> Step {
        let Link::Missing(at) = tree.link(tip) else {
            return self.want_nothing();
        };
        if self.transferring || self.wants(&at) {
            return Step::Rest;
        }
        self.want = Some(Want {
            at,
            from,
            asked: false,
        });
        Step::Wait(self.patience.late)
    }

    fn want_nothing(&mut self) -> Step {
        match self.want.take() {
            Some(_) => Step::Stop,
            None => Step::Rest,
        }
    }

    /// The fetch timer expired: asks first who knows the block, then anyone,
    /// drawn by `word`.
    pub(crate) fn due(&mut self, word: impl FnOnce() -> u64) -> Step {
        let Some(want) = self.want else {
            return Step::Rest;
        };
        let spent = want.asked || want.from == self.me;
        let to = if spent {
            self.any_other(word())
        } else {
            want.from
        };
        self.ask(want.at, to)
    }

    fn ask(&mut self, at: BlockRef, to: ReplicaId) -> Step {
        self.want = Some(Want {
            at,
            from: to,
            asked: true,
        });
        Step::Ask {
            at,
            to,
            again: self.patience.answer,
        }
    }

    /// The answer to a peer that asks for `at` and its ancestors above
    /// `above`, at most `most`; `None` when there is nothing to say.
    pub(crate) fn serve<B: Linked>(
        &self,
        tree: &Tree<B>,
        at: BlockRef,
        above: Height,
        most: u32,
    ) -> Option<Blocks<B>> {
        let executed = self.executed;
        let blocks = match tree.serve(at, above, most) {
            Served::Blocks(blocks) => blocks,
            Served::Pruned if executed > above => Vec::new(),
            Served::Pruned | Served::Unknown => return None,
        };
        Some(Blocks { blocks, executed })
    }

    /// A peer answered: takes in what was asked for. `check` is called for
    /// every block looked at, to charge for it.
    pub(crate) fn answered<B: Linked>(
        &mut self,
        tree: &mut Tree<B>,
        tip: BlockRef,
        from: ReplicaId,
        answer: &Blocks<B>,
        mut check: impl FnMut(&B),
    ) -> Answer {
        let Some(want) = self.want.filter(|want| want.asked) else {
            return Answer::Useless;
        };
        if answer.blocks.is_empty() {
            let later = answer.executed > tree.committed();
            if from != want.from || self.transferring || !later {
                return Answer::Useless;
            }
            self.want = None;
            self.transferring = true;
            // Not the height that it claims: a peer that lies must not make this
            // replica wait for a state that nobody has.
            return Answer::Pruned(tree.committed().next());
        }
        let mut expected = want.at;
        for block in &answer.blocks {
            check(block);
            if block.at() != expected {
                return Answer::Wrong;
            }
            expected = block.parent();
            tree.insert(Arc::clone(block));
        }
        self.want = None;
        Answer::Grew(match tree.link(tip) {
            Link::Missing(at) => self.ask(at, from),
            Link::Whole | Link::Dead => Step::Stop,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Block, BlockId};

    #[derive(Debug)]
    struct Plain(Block, BlockRef);

    impl Linked for Plain {
        fn at(&self) -> BlockRef {
            at(self.0.height.0)
        }
        fn parent(&self) -> BlockRef {
            self.1
        }
        fn block(&self) -> &Block {
            &self.0
        }
    }

    fn at(height: u64) -> BlockRef {
        BlockRef {
            view: height,
            height: Height(height),
            id: BlockId(height),
        }
    }

    fn chain(heights: std::ops::RangeInclusive<u64>) -> Vec<Arc<Plain>> {
        let blocks = heights.rev().map(|height| {
            let block = Block {
                height: Height(height),
                view: height,
                ..Block::default()
            };
            let parent = if height == 1 {
                BlockRef::default()
            } else {
                at(height - 1)
            };
            Arc::new(Plain(block, parent))
        });
        blocks.collect()
    }

    fn sync() -> Sync {
        let ms = Duration::from_millis;
        let patience = Patience {
            late: ms(5),
            answer: ms(50),
        };
        Sync::new(ReplicaId(0), 4, Height(0), patience)
    }

    fn answer(blocks: Vec<Arc<Plain>>) -> Blocks<Plain> {
        Blocks {
            blocks,
            executed: Height(9),
        }
    }

    #[test]
    fn gaps_are_asked_for_until_the_branch_is_whole() {
        let (mut sync, mut tree) = (sync(), Tree::<Plain>::new(Height(0), 8));
        let peer = ReplicaId(2);
        let late = Duration::from_millis(5);
        assert_eq!(sync.follow(&tree, at(5), peer), Step::Wait(late));
        assert_eq!(sync.follow(&tree, at(5), peer), Step::Rest);
        let early = sync.answered(&mut tree, at(5), peer, &answer(chain(4..=5)), |_| {});
        assert_eq!(early, Answer::Useless);
        let ask = |height, to| Step::Ask {
            at: at(height),
            to,
            again: Duration::from_millis(50),
        };
        assert_eq!(sync.due(|| 0), ask(5, peer));
        // No answer: another one, by lot.
        assert_eq!(sync.due(|| 0), ask(5, ReplicaId(1)));
        let other = sync.answered(&mut tree, at(5), peer, &answer(chain(1..=4)), |_| {});
        assert_eq!(other, Answer::Wrong);
        let some = sync.answered(&mut tree, at(5), peer, &answer(chain(4..=5)), |_| {});
        assert_eq!(some, Answer::Grew(ask(3, peer)));
        let rest = sync.answered(&mut tree, at(5), peer, &answer(chain(1..=3)), |_| {});
        assert_eq!(rest, Answer::Grew(Step::Stop));
    }

    #[test]
    fn what_a_peer_no_longer_keeps_needs_one_transfer() {
        let (mut sync, mut tree) = (sync(), Tree::<Plain>::new(Height(0), 8));
        let peer = ReplicaId(2);
        sync.follow(&tree, at(5), peer);
        sync.due(|| 0);
        let stray = sync.answered(&mut tree, at(5), ReplicaId(1), &answer(vec![]), |_| {});
        assert_eq!(stray, Answer::Useless);
        let gone = sync.answered(&mut tree, at(5), peer, &answer(vec![]), |_| {});
        // Whatever height the peer claims.
        assert_eq!(gone, Answer::Pruned(Height(1)));
        assert_eq!(sync.follow(&tree, at(5), peer), Step::Rest);
        sync.transferred(Height(9));
        assert!(!sync.is_transferring());
    }
}
