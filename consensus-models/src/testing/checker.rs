//! What must hold over a whole cluster, whatever happens to it.
//!
//! Agreement (one block per height, also across the lives of one replica),
//! validity (only requested batches) and, for progress, which batch was
//! committed where. Contiguity is checked where a replica commits.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::block::{BatchId, Block, BlockId, Height};
use crate::committee::ReplicaId;

/// The committed order as the whole cluster has shown it so far.
#[derive(Debug, Default)]
pub(super) struct Checker {
    requested: BTreeSet<BatchId>,
    chain: BTreeMap<Height, (BlockId, Block)>,
    first_commit: BTreeMap<BatchId, Height>,
    repeated: u64,
}

impl Checker {
    /// A batch was handed to a replica.
    pub(super) fn requested(&mut self, batch: BatchId) {
        self.requested.insert(batch);
    }

    /// A correct replica committed `block`.
    ///
    /// # Errors
    /// What is broken.
    pub(super) fn committed(&mut self, replica: ReplicaId, block: &Block) -> Result<(), String> {
        let id = block.id();
        if let Some((known, first)) = self.chain.get(&block.height) {
            if *known == id {
                return Ok(());
            }
            return Err(format!(
                "no agreement: r{} commits {block:?}, earlier that height was {first:?}",
                replica.0
            ));
        }
        self.chain.insert(block.height, (id, block.clone()));
        for batch in &block.batches {
            if !self.requested.contains(&batch.id) {
                return Err(format!(
                    "no validity: r{} commits {:?} at height {}, which nobody requested",
                    replica.0, batch.id, block.height.0
                ));
            }
            match self.first_commit.entry(batch.id) {
                Entry::Occupied(_) => self.repeated += 1,
                Entry::Vacant(slot) => {
                    slot.insert(block.height);
                }
            }
        }
        Ok(())
    }

    /// The height at which every requested batch is committed, once it is so.
    pub(super) fn complete_at(&self) -> Option<Height> {
        if self.first_commit.len() < self.requested.len() {
            return None;
        }
        Some(
            self.first_commit
                .values()
                .copied()
                .max()
                .unwrap_or_default(),
        )
    }

    /// Requested batches that no replica has committed.
    pub(super) fn missing(&self) -> impl Iterator<Item = BatchId> + '_ {
        self.requested
            .iter()
            .copied()
            .filter(|batch| !self.first_commit.contains_key(batch))
    }

    /// Whether some replica has committed the batch.
    pub(super) fn is_committed(&self, batch: BatchId) -> bool {
        self.first_commit.contains_key(&batch)
    }

    /// Commits of a batch that had been committed at a lower height. Allowed:
    /// hosts execute a batch only once.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated
    }

    /// The committed chain, by height.
    pub(super) fn chain(&self) -> impl Iterator<Item = &Block> {
        self.chain.values().map(|(_, block)| block)
    }
}
