//! Blocks of the DAG, what replicas say to each other with the size of every
//! message, and what they write to their logs.
//!
//! Blocks are shared by reference count: a replica keeps what it received.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use crate::block::{Batch, BatchId, BlockId, Height, mix};
use crate::committee::ReplicaId;
use crate::protocol::{Body, Message as WireMessage};
use crate::wire::{
    DIGEST_BYTES, ENVELOPE_BYTES, INDEX_BYTES, NUMBER_BYTES, RECORD_BYTES, SIGNATURE_BYTES,
};

/// Bytes of a [`Ref`]: round, author, digest.
const REF_BYTES: u32 = NUMBER_BYTES + INDEX_BYTES + DIGEST_BYTES;

/// Names a block of the DAG. Names sort by round, then by author.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref {
    /// Its round; the blocks of round 0 are implied, one per member.
    pub round: u64,
    /// Who made it.
    pub author: ReplicaId,
    /// Digest over all of its content.
    pub id: BlockId,
}

impl Ref {
    /// The implied block of round 0 of a member.
    #[must_use]
    pub fn genesis(author: ReplicaId) -> Self {
        Self {
            round: 0,
            author,
            id: BlockId::default(),
        }
    }
}

impl fmt::Debug for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.id.0 & 0xffff;
        write!(f, "{}.{}#{digest:04x}", self.round, self.author.0)
    }
}

/// A signed block: one vertex of the DAG.
#[derive(Clone, PartialEq, Eq)]
pub struct DagBlock {
    at: Ref,
    /// The author's clock when it made the block.
    pub created: Duration,
    /// What the author wants to be ordered.
    pub batches: SmallVec<[Batch; 4]>,
    /// The blocks referred to: the author's own previous one first, the others
    /// in the order of their names.
    pub parents: Vec<Ref>,
}

impl DagBlock {
    /// A block and its name.
    #[must_use]
    pub fn new(
        round: u64,
        author: ReplicaId,
        created: Duration,
        batches: SmallVec<[Batch; 4]>,
        parents: Vec<Ref>,
    ) -> Self {
        let nanos = u64::try_from(created.as_nanos()).unwrap_or(u64::MAX);
        let mut hash = mix(mix(0x6d79_7374, round), mix(u64::from(author.0), nanos));
        for batch in &batches {
            hash = mix(hash, batch.id.0);
        }
        hash = mix(hash, batches.len() as u64);
        for parent in &parents {
            hash = mix(mix(hash, parent.round), u64::from(parent.author.0));
            hash = mix(hash, parent.id.0);
        }
        Self {
            at: Ref {
                round,
                author,
                id: BlockId(hash),
            },
            created,
            batches,
            parents,
        }
    }

    /// Its name.
    #[must_use]
    pub fn at(&self) -> Ref {
        self.at
    }

    /// Bytes without bodies: round, author, time, two counts, the author's
    /// signature, a name per parent, a handle per batch.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        2 * NUMBER_BYTES
            + 3 * INDEX_BYTES
            + SIGNATURE_BYTES
            + self.parents.len() as u32 * REF_BYTES
            + self.batches.len() as u32 * Batch::HANDLE_BYTES
    }
}

impl fmt::Debug for DagBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} [", self.at)?;
        for (index, batch) in self.batches.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}b{}", batch.id.0)?;
        }
        write!(f, "] on")?;
        for parent in &self.parents {
            write!(f, " {}.{}", parent.round, parent.author.0)?;
        }
        Ok(())
    }
}

/// What crosses the network.
#[derive(Clone)]
pub enum Message {
    /// A block from its author.
    Block(Arc<DagBlock>),
    /// Blocks are missing.
    Request(Arc<Request>),
    /// The answer.
    Response(Arc<Response>),
}

/// Asks for blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Blocks that others refer to.
    pub wanted: Vec<Ref>,
    /// A replica far behind wants whole rounds from this one on.
    pub from: Option<u64>,
}

/// Some of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Blocks, parents before children.
    pub blocks: Vec<Arc<DagBlock>>,
    /// Whether there is more of the rounds asked for.
    pub more: bool,
    /// Rounds up to this one are settled at the sender, and may be forgotten.
    pub floor: u64,
    /// The height that the sender's ledger has executed.
    pub executed: Height,
}

impl WireMessage for Message {
    /// A block: envelope and [`DagBlock::bytes`]. A request: envelope, round,
    /// count, a name per wanted block. A response: envelope, round, height,
    /// count, the blocks.
    fn size(&self) -> u32 {
        ENVELOPE_BYTES
            + match self {
                Self::Block(block) => block.bytes(),
                Self::Request(request) => {
                    NUMBER_BYTES + INDEX_BYTES + request.wanted.len() as u32 * REF_BYTES
                }
                Self::Response(response) => {
                    let blocks = response.blocks.iter().map(|block| block.bytes());
                    2 * NUMBER_BYTES + INDEX_BYTES + blocks.sum::<u32>()
                }
            }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        match self {
            Self::Block(block) => {
                for batch in &block.batches {
                    visit(batch, Body::Carried);
                }
            }
            Self::Response(response) => {
                for batch in response.blocks.iter().flat_map(|block| &block.batches) {
                    visit(batch, Body::Referenced);
                }
            }
            Self::Request(_) => {}
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Block(_) => "block",
            Self::Request(_) => "block-request",
            Self::Response(_) => "block-response",
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(block) => write!(f, "block {block:?}"),
            Self::Request(request) => match request.from {
                Some(from) => write!(f, "want {:?} and rounds from {from}", request.wanted),
                None => write!(f, "want {:?}", request.wanted),
            },
            Self::Response(response) => write!(
                f,
                "blocks {:?}{} floor {} executed h{}",
                response.blocks,
                if response.more { " and more" } else { "" },
                response.floor,
                response.executed.0
            ),
        }
    }
}

/// A committed leader: where the order of blocks can be taken up again.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Point {
    /// The height that it was committed at.
    pub height: Height,
    /// Its round.
    pub round: u64,
    /// Its author.
    pub author: ReplicaId,
    /// Time of the committed block.
    pub created: Duration,
}

impl Point {
    /// Height, round, author, time.
    pub(super) const BYTES: u32 = 3 * NUMBER_BYTES + INDEX_BYTES;
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "h{}={}.{}", self.height.0, self.round, self.author.0)
    }
}

/// What is written to the log.
#[derive(Clone)]
pub enum Record {
    /// An own block, before it is sent, after the blocks learnt since the own
    /// block before.
    Own {
        /// What it may refer to, parents before children.
        learnt: Vec<Arc<DagBlock>>,
        /// The block.
        block: Arc<DagBlock>,
        /// What was committed last.
        committed: Point,
    },
    /// From here on the order can be taken up; the first of a compacted log.
    Base {
        /// Recent committed leaders, oldest first.
        points: Vec<Point>,
        /// Blocks that go with them, parents before children.
        blocks: Vec<Arc<DagBlock>>,
        /// The last own round.
        proposed: u64,
        /// Batches committed lately.
        recent: Arc<[(Height, BatchId)]>,
    },
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |blocks: &[Arc<DagBlock>]| blocks.iter().map(|block| block.at()).collect();
        match self {
            Self::Own {
                learnt,
                block,
                committed,
            } => {
                let learnt: Vec<Ref> = names(learnt);
                write!(f, "own {block:?} learnt {learnt:?} at {committed:?}")
            }
            Self::Base {
                points,
                blocks,
                proposed,
                recent,
            } => {
                let (blocks, recent): (Vec<Ref>, _) = (names(blocks), recent.len());
                write!(
                    f,
                    "base {points:?} blocks {blocks:?} proposed {proposed} recent {recent}"
                )
            }
        }
    }
}

impl Record {
    /// Bytes on disk: the blocks, 28 per point, a handle's 16 per recent batch.
    pub(super) fn bytes(&self) -> u32 {
        let sum = |blocks: &[Arc<DagBlock>]| blocks.iter().map(|block| block.bytes()).sum::<u32>();
        RECORD_BYTES
            + match self {
                Self::Own { learnt, block, .. } => sum(learnt) + block.bytes() + Point::BYTES,
                Self::Base {
                    points,
                    blocks,
                    recent,
                    ..
                } => {
                    NUMBER_BYTES
                        + points.len() as u32 * Point::BYTES
                        + sum(blocks)
                        + recent.len() as u32 * (NUMBER_BYTES + DIGEST_BYTES)
                }
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::batch;

    #[test]
    fn a_name_covers_the_whole_block() {
        let parents = vec![Ref::genesis(ReplicaId(0)), Ref::genesis(ReplicaId(1))];
        let block = |round, author, nanos, batches: &[u64], parents: &[Ref]| {
            DagBlock::new(
                round,
                ReplicaId(author),
                Duration::from_nanos(nanos),
                batches.iter().map(|&id| batch(id)).collect(),
                parents.to_vec(),
            )
            .at()
            .id
        };
        let names = [
            block(1, 0, 5, &[1], &parents),
            block(2, 0, 5, &[1], &parents),
            block(1, 1, 5, &[1], &parents),
            block(1, 0, 6, &[1], &parents),
            block(1, 0, 5, &[2], &parents),
            block(1, 0, 5, &[1], &parents[..1]),
        ];
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn sizes_are_the_stated_sums() {
        let parents = (0..3).map(|id| Ref::genesis(ReplicaId(id))).collect();
        let batches = [batch(1), batch(2)].into_iter().collect();
        let block = Arc::new(DagBlock::new(
            1,
            ReplicaId(0),
            Duration::ZERO,
            batches,
            parents,
        ));
        assert_eq!(block.bytes(), 16 + 12 + 64 + 3 * 44 + 2 * 40);
        let message = Message::Block(Arc::clone(&block));
        assert_eq!(message.size(), 8 + block.bytes());
        let mut bodies = 0;
        message.bodies(&mut |_, body| {
            assert_eq!(body, Body::Carried);
            bodies += 1;
        });
        assert_eq!(bodies, 2);
    }
}
