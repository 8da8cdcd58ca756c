//! What nodes say to each other, with the size of every message, and what they
//! write to their logs.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use super::header::{Header, Sealed};
use crate::block::{Batch, BatchId, Height};
use crate::chain::{BlockRef, REF_BYTES};
use crate::protocol::{Body, Message as WireMessage};
use crate::wire::{DIGEST_BYTES, ENVELOPE_BYTES, INDEX_BYTES, NUMBER_BYTES, RECORD_BYTES};

/// Where the asker's chain may part from the asked one's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locator {
    /// Blocks of the asker's chain, the highest first, ever further apart.
    pub points: Vec<BlockRef>,
    /// What the asker has committed.
    pub above: Height,
}

/// Headers of the sender's chain for a node that lacks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// From the point where the chains part, upwards.
    pub headers: Vec<Header>,
    /// Whether the sender no longer keeps what would follow that point.
    pub pruned: bool,
    /// Height that the sender has executed, for a state transfer.
    pub executed: Height,
}

/// A message of the longest-chain family.
#[derive(Clone)]
pub enum Message {
    /// The sender has this block.
    Inv(BlockRef),
    /// Asks for blocks.
    GetData(SmallVec<[BlockRef; 1]>),
    /// A block with the bodies of its batches.
    Block(Arc<Sealed>),
    /// A block that only names its batches.
    Compact(Arc<Sealed>),
    /// Asks for the headers that follow a known block.
    GetHeaders(Arc<Locator>),
    /// Answers that.
    Headers(Arc<Headers>),
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inv(at) => write!(f, "inv {at:?}"),
            Self::GetData(wanted) => write!(f, "getdata {wanted:?}"),
            Self::Block(block) => write!(f, "block {block:?}"),
            Self::Compact(block) => write!(f, "compact {block:?}"),
            Self::GetHeaders(locator) => write!(
                f,
                "getheaders {:?} above h{}",
                locator.points, locator.above.0
            ),
            Self::Headers(answer) => {
                let refs: Vec<_> = answer.headers.iter().map(Header::at).collect();
                let pruned = if answer.pruned { " pruned" } else { "" };
                write!(
                    f,
                    "headers {refs:?}{pruned} executed h{}",
                    answer.executed.0
                )
            }
        }
    }
}

impl WireMessage for Message {
    fn size(&self) -> u32 {
        ENVELOPE_BYTES
            + match self {
                Self::Inv(_) => REF_BYTES,
                Self::GetData(wanted) => INDEX_BYTES + wanted.len() as u32 * REF_BYTES,
                Self::Block(block) => block.bytes() + block.header.filler_bytes,
                Self::Compact(block) => block.bytes(),
                Self::GetHeaders(locator) => {
                    INDEX_BYTES + locator.points.len() as u32 * REF_BYTES + NUMBER_BYTES
                }
                Self::Headers(answer) => {
                    let headers: u32 = answer.headers.iter().map(Header::bytes).sum();
                    INDEX_BYTES + headers + 1 + NUMBER_BYTES
                }
            }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        let (block, how) = match self {
            Self::Block(block) => (block, Body::Carried),
            Self::Compact(block) => (block, Body::Referenced),
            _ => return,
        };
        for batch in &block.block.batches {
            visit(batch, how);
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Inv(_) => "inv",
            Self::GetData(_) => "getdata",
            Self::Block(_) => "block",
            Self::Compact(_) => "compact",
            Self::GetHeaders(_) => "getheaders",
            Self::Headers(_) => "headers",
        }
    }

    fn offers(&self) -> Option<Height> {
        match self {
            Self::Inv(at) => Some(at.height),
            Self::Block(block) | Self::Compact(block) => Some(block.header.at().height),
            Self::Headers(answer) => answer.headers.last().map(|header| header.at().height),
            Self::GetData(_) | Self::GetHeaders(_) => None,
        }
    }

    fn up_to(&self, height: Height) -> Option<Self> {
        let Self::Headers(answer) = self else {
            return None;
        };
        let mut part = Headers::clone(answer);
        part.headers.retain(|header| header.at().height <= height);
        Some(Self::Headers(Arc::new(part)))
    }
}

/// A record of the write-ahead log.
#[derive(Clone, PartialEq, Eq)]
pub enum Record {
    /// A block whose ancestors are on the log or committed.
    Block(Arc<Sealed>),
    /// The last view in which this node made a block, as a compaction keeps it.
    Made(u64),
    /// Batches of committed blocks that the log no longer holds.
    Recent(Arc<[(Height, BatchId)]>),
}

impl Record {
    /// Bytes on disk: the record's frame and what it holds.
    pub(super) fn bytes(&self) -> u32 {
        RECORD_BYTES
            + match self {
                Self::Block(block) => block.bytes() + block.header.filler_bytes,
                Self::Made(_) => NUMBER_BYTES,
                Self::Recent(batches) => batches.len() as u32 * (NUMBER_BYTES + DIGEST_BYTES),
            }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(block) => write!(f, "{block:?}"),
            Self::Made(view) => write!(f, "made v{view}"),
            Self::Recent(batches) => write!(f, "{} recent batches", batches.len()),
        }
    }
}
