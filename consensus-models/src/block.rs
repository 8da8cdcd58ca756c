//! What consensus orders: opaque batch handles grouped into blocks.
//!
//! Knows nothing of the transactions inside a batch; a batch is a name, a
//! count and a number of bytes.

use std::time::Duration;

use smallvec::SmallVec;

use crate::committee::ReplicaId;

/// Position in the committed order. The genesis state stands at height 0; the
/// first committed block has height 1; heights are contiguous.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Height(pub u64);

impl Height {
    /// The height that follows this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Name of a batch. The host derives it from the batch's content; on the wire
/// it is charged as a 32-byte digest ([`Batch::HANDLE_BYTES`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(pub u64);

/// Handle of a batch: all that consensus knows about a group of transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Batch {
    /// Content name.
    pub id: BatchId,
    /// Number of transactions in the body.
    pub txs: u32,
    /// Bytes of the body on the wire.
    pub bytes: u32,
}

impl Batch {
    /// Bytes of a handle on the wire: a 32-byte digest and two counters.
    pub const HANDLE_BYTES: u32 = 40;
}

/// Digest of an executed state, reported by the host after each block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

/// Name of a block, derived from all of its fields by [`Block::id`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u64);

/// One committed position: an ordered list of batches, possibly empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Position in the committed order.
    pub height: Height,
    /// View, round or term in which the block was *proposed*.
    pub view: u64,
    /// Replica that proposed it.
    pub proposer: ReplicaId,
    /// The proposer's clock when it created the block. Data: the ledger uses
    /// it as the block's timestamp, so replicas never consult their clocks.
    pub created: Duration,
    /// The batches, in execution order.
    pub batches: SmallVec<[Batch; 4]>,
}

impl Block {
    /// Content name of the block: equal exactly when every field is equal
    /// (up to 64-bit collisions, which the simulator accepts).
    #[must_use]
    pub fn id(&self) -> BlockId {
        let mut hash = mix(0x6772_6f6d_612e_626c, self.height.0);
        hash = mix(hash, self.view);
        hash = mix(hash, u64::from(self.proposer.0));
        hash = mix(
            hash,
            u64::try_from(self.created.as_nanos()).unwrap_or(u64::MAX),
        );
        for batch in &self.batches {
            hash = mix(hash, batch.id.0);
        }
        BlockId(mix(hash, self.batches.len() as u64))
    }

    /// Number of transactions in all of its batches.
    #[must_use]
    pub fn txs(&self) -> u64 {
        self.batches.iter().map(|batch| u64::from(batch.txs)).sum()
    }
}

/// One step of a 64-bit content hash (xor, multiply, fold); not cryptographic.
#[must_use]
pub fn mix(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    (product as u64) ^ ((product >> 64) as u64) ^ hash.rotate_left(23)
}
