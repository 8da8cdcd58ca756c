//! What a new view proposes again, computed from view changes.
//!
//! Pure functions: the primary computes the blocks, every backup computes
//! them again and compares.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Pbft;
use super::message::{Certificate, NewView, StableProof, ViewChange};
use crate::block::{Block, Height};
use crate::committee::ReplicaId;

/// What a set of view changes obliges the new primary to.
#[derive(Debug)]
pub(super) struct Obligation {
    /// The highest stable checkpoint (the paper's min-s).
    pub(super) stable: StableProof,
    /// The blocks above it, without gaps (O).
    pub(super) blocks: Vec<Arc<Block>>,
}

/// Computes O from V: above the highest stable checkpoint, each height up to
/// the highest prepared one gets the block of its prepared certificate of the
/// highest view, or else an empty block.
pub(super) fn obligation(view: u64, primary: ReplicaId, changes: &[Arc<ViewChange>]) -> Obligation {
    let stable = changes
        .iter()
        .map(|change| &change.stable)
        .max_by_key(|proof| proof.checkpoint.height)
        .cloned()
        .unwrap_or_default();
    let floor = stable.checkpoint.height;
    let mut best: BTreeMap<Height, &Certificate> = BTreeMap::new();
    let prepared = changes.iter().flat_map(|change| &change.prepared);
    for certificate in prepared.filter(|certificate| certificate.height() > floor) {
        let entry = best.entry(certificate.height()).or_insert(certificate);
        if certificate.view > entry.view {
            *entry = certificate;
        }
    }
    let last = best.keys().next_back().copied().unwrap_or(floor);
    // From the top, because an empty block takes the time of the one above.
    let mut blocks: Vec<Arc<Block>> = Vec::new();
    for height in (floor.0 + 1..=last.0).rev().map(Height) {
        let block = match best.get(&height) {
            Some(certificate) => Arc::clone(&certificate.block),
            None => Arc::new(Block {
                height,
                view,
                proposer: primary,
                created: blocks.last().map(|above| above.created).unwrap_or_default(),
                batches: SmallVec::new(),
            }),
        };
        blocks.push(block);
    }
    blocks.reverse();
    Obligation { stable, blocks }
}

impl Pbft {
    /// Whether a view change is one that a correct replica may send.
    pub(super) fn is_valid_change(&self, change: &ViewChange) -> bool {
        let floor = change.stable.checkpoint.height;
        let mut last = floor;
        self.is_valid_stable(&change.stable)
            && change.prepared.iter().all(|certificate| {
                let ascends = certificate.height() > last;
                last = certificate.height();
                ascends
                    && last.0 <= floor.0 + self.settings.log_size
                    && certificate.view < change.view
                    && self.is_valid_certificate(certificate)
            })
    }

    /// Whether a quorum signed it for the block that it holds.
    pub(super) fn is_valid_certificate(&self, certificate: &Certificate) -> bool {
        certificate.signers.len() >= self.quorum && certificate.block.id() == certificate.digest
    }

    /// Whether the view changes of a new view are a valid quorum, and its
    /// blocks those that follow from them.
    pub(super) fn is_valid_opening(&self, opening: &NewView) -> Option<Obligation> {
        let ascending = opening
            .changes
            .windows(2)
            .all(|pair| pair[0].replica < pair[1].replica);
        let valid = opening.changes.len() >= self.quorum as usize
            && ascending
            && opening.changes.iter().all(|change| {
                change.view == opening.view
                    && change.replica.0 < self.committee.n()
                    && (self.is_known(change) || self.is_valid_change(change))
            });
        if !valid {
            return None;
        }
        let primary = self.committee.round_robin(opening.view);
        let obligation = obligation(opening.view, primary, &opening.changes);
        (obligation.blocks == opening.blocks).then_some(obligation)
    }

    /// Whether this very view change arrived, and was verified, before.
    pub(super) fn is_known(&self, change: &Arc<ViewChange>) -> bool {
        self.views.latest[change.replica.index()]
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, change) || known == change)
    }

    /// Signatures in a view change that this replica has not verified yet: its
    /// own, and those of certificates that this replica does not hold itself.
    pub(super) fn unverified(&self, change: &ViewChange) -> u32 {
        let stable = if change.stable.checkpoint == self.stable.checkpoint {
            0
        } else {
            change.stable.signers.len()
        };
        let prepared: u32 = change
            .prepared
            .iter()
            .filter(|certificate| !self.holds_certificate(certificate))
            .map(|certificate| certificate.signers.len())
            .sum();
        1 + stable + prepared
    }

    fn holds_certificate(&self, certificate: &Certificate) -> bool {
        let slot = self.log.get(certificate.height());
        let own = slot.and_then(|slot| slot.certificate.as_ref());
        own.is_some_and(|own| own.view == certificate.view && own.digest == certificate.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Digest;
    use crate::committee::ReplicaSet;
    use crate::pbft::Checkpoint;
    use std::time::Duration;

    fn certificate(height: u64, view: u64) -> Certificate {
        let block = Arc::new(Block {
            height: Height(height),
            view,
            created: Duration::from_millis(height),
            batches: [crate::block::Batch::default()].as_slice().into(),
            ..Block::default()
        });
        Certificate {
            view,
            digest: block.id(),
            block,
            signers: ReplicaSet::new(),
        }
    }

    fn change(stable: u64, prepared: Vec<Certificate>) -> Arc<ViewChange> {
        Arc::new(ViewChange {
            view: 5,
            replica: ReplicaId(0),
            stable: StableProof {
                checkpoint: Checkpoint {
                    height: Height(stable),
                    digest: Digest(stable),
                },
                signers: ReplicaSet::new(),
            },
            prepared,
        })
    }

    #[test]
    fn the_highest_view_wins_and_gaps_become_empty_blocks() {
        let changes = [
            change(0, vec![certificate(1, 0), certificate(3, 1)]),
            change(2, vec![certificate(3, 4), certificate(6, 2)]),
            change(2, vec![]),
        ];
        let obligation = obligation(5, ReplicaId(1), &changes);
        assert_eq!(obligation.stable.checkpoint.height, Height(2));
        let views: Vec<u64> = obligation.blocks.iter().map(|block| block.view).collect();
        assert_eq!(views, [4, 5, 5, 2]);
        let empty = &obligation.blocks[1];
        assert!(empty.batches.is_empty());
        assert_eq!(
            (empty.height, empty.proposer, empty.created),
            (Height(4), ReplicaId(1), Duration::from_millis(6))
        );
    }

    #[test]
    fn without_certificates_nothing_is_proposed_again() {
        let obligation = obligation(5, ReplicaId(1), &[change(4, vec![]), change(0, vec![])]);
        assert!(obligation.blocks.is_empty());
        assert_eq!(obligation.stable.checkpoint.height, Height(4));
    }
}
