//! Headers and blocks of a chain that grows without votes.
//!
//! A header names its parent and says what the branch up to it weighs, so that
//! it can be judged before its block is here. Knows no rule about who may make
//! it.

use std::fmt;
use std::time::Duration;

use crate::block::{Batch, Block, BlockId, Height, mix};
use crate::chain::BlockRef;
use crate::committee::ReplicaId;
use crate::wire::{DIGEST_BYTES, INDEX_BYTES, NUMBER_BYTES};

/// Bytes of a header without its seal: height, view, time, weight, anchor; the
/// total weight (twice as wide); the maker; digests of the parent and the
/// content.
const PLAIN_BYTES: u32 = 5 * NUMBER_BYTES + 2 * NUMBER_BYTES + INDEX_BYTES + 2 * DIGEST_BYTES;

/// What a rule says about a block that it lets someone make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Slot in Praos, otherwise the height.
    pub view: u64,
    /// Its timestamp.
    pub created: Duration,
    /// What it adds to the weight of its branch.
    pub weight: u64,
    /// Nakamoto: when the current difficulty window began. Otherwise zero.
    pub anchor: Duration,
}

/// All of a block but its batches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The block that this one stands on.
    pub parent: BlockRef,
    /// Who made it.
    pub maker: ReplicaId,
    /// What the rule lets it say.
    pub draft: Draft,
    /// Weight of the branch up to and with this block.
    pub total: u128,
    /// Digest over the names of its batches.
    pub content: u64,
    /// Bytes of the block besides its batches: they stand for content that is
    /// not modelled.
    pub filler_bytes: u32,
    seal_bytes: u32,
    id: BlockId,
}

impl Header {
    /// A header and its name. `seal_bytes` weighs what proves that its maker
    /// was allowed to make it.
    pub(super) fn new(
        parent: &Self,
        maker: ReplicaId,
        draft: Draft,
        batches: &[Batch],
        seal_bytes: u32,
    ) -> Self {
        let mut header = Self {
            parent: parent.at(),
            maker,
            draft,
            total: parent.total + u128::from(draft.weight),
            content: content(batches),
            filler_bytes: 0,
            seal_bytes,
            id: BlockId(0),
        };
        header.id = header.digest();
        header
    }

    /// The header of the genesis block.
    pub(super) fn genesis(weight: u64) -> Self {
        Self {
            parent: BlockRef::default(),
            maker: ReplicaId(0),
            draft: Draft {
                view: 0,
                created: Duration::ZERO,
                weight,
                anchor: Duration::ZERO,
            },
            total: 0,
            content: 0,
            filler_bytes: 0,
            seal_bytes: 0,
            id: BlockId(0),
        }
    }

    fn digest(&self) -> BlockId {
        let nanos = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let words = [
            self.parent.height.0,
            self.parent.view,
            u64::from(self.maker.0),
            self.draft.view,
            nanos(self.draft.created),
            self.draft.weight,
            nanos(self.draft.anchor),
            (self.total >> 64) as u64,
            self.total as u64,
            self.content,
        ];
        BlockId(words.into_iter().fold(self.parent.id.0, mix))
    }

    /// Whether its name is that of its content.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.id == self.digest()
    }

    /// The same with its name computed anew: for tests that change headers.
    #[must_use]
    pub fn renamed(mut self) -> Self {
        self.id = self.digest();
        self
    }

    /// Its position.
    #[must_use]
    pub fn height(&self) -> Height {
        // Only genesis, which stands on nothing, is its own parent.
        if self.id == BlockId(0) {
            return Height(0);
        }
        Height(self.parent.height.0.saturating_add(1))
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> BlockId {
        self.id
    }

    /// Its name and place.
    #[must_use]
    pub fn at(&self) -> BlockRef {
        BlockRef {
            view: self.draft.view,
            height: self.height(),
            id: self.id,
        }
    }

    /// Bytes on the wire: the plain header and the seal.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        PLAIN_BYTES + self.seal_bytes
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} by r{} weight {} total {} on #{:04x}",
            self.at(),
            self.maker.0,
            self.draft.weight,
            self.total,
            self.parent.id.0 & 0xffff
        )
    }
}

fn content(batches: &[Batch]) -> u64 {
    let names = batches.iter().map(|batch| batch.id.0);
    mix(names.fold(0x626f_6479, mix), batches.len() as u64)
}

/// A block: a header and the batches that it orders.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The header.
    pub header: Header,
    /// The same as a block of the ledger.
    pub block: Block,
}

impl Sealed {
    /// Joins a header and its batches.
    #[must_use]
    pub fn new(header: Header, batches: impl IntoIterator<Item = Batch>) -> Self {
        let block = Block {
            height: header.height(),
            view: header.draft.view,
            proposer: header.maker,
            created: header.draft.created,
            batches: batches.into_iter().collect(),
        };
        Self { header, block }
    }

    /// Whether the batches are those that the header speaks of, each once.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let batches = &self.block.batches;
        let mut names: Vec<_> = batches.iter().map(|batch| batch.id).collect();
        names.sort_unstable();
        names.dedup();
        names.len() == batches.len()
            && content(batches) == self.header.content
            && *self == Self::new(self.header, batches.iter().copied())
    }

    /// Bytes of the handles.
    #[must_use]
    pub fn handle_bytes(&self) -> u32 {
        self.block.batches.len() as u32 * Batch::HANDLE_BYTES
    }

    /// Bytes without bodies: header, count of batches, handles.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        self.header.bytes() + INDEX_BYTES + self.handle_bytes()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} [", self.header)?;
        for (index, batch) in self.block.batches.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}b{}", batch.id.0)?;
        }
        write!(f, "]")
    }
}
