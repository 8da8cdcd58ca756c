//! Proofs that a leaf lies under a root: batches of digests of which only the root is on the ledger.
//!
//! A batch of one is its leaf. A larger one is a binary tree over its leaves, padded with zero digests
//! to a power of two. Leaves and inner nodes are hashed under different tags, and a proof is as long
//! as the tree is high, so that no inner node passes for a leaf. Knows nothing of state.

use crate::hash::Hash;
use crate::receipt::Reason;

/// The most leaves of a batch (W4).
pub const LEAVES_LIMIT: u16 = 1_000;

const LEAF_TAG: u8 = 0;
const INNER_TAG: u8 = 1;

/// How many siblings lead from a leaf of so many to the root.
pub fn height(leaves: u16) -> usize {
    let wide = u32::from(leaves).next_power_of_two();
    wide.trailing_zeros() as usize
}

/// The root to which a leaf and its siblings lead, from the bottom up. The bits of `index`, lowest
/// first, say on which side the leaf lies; without siblings the root is the leaf.
pub fn root_of(leaf: [u8; 32], index: u16, path: &[[u8; 32]]) -> [u8; 32] {
    if path.is_empty() {
        return leaf;
    }
    let mut node = Hash::of(&[&[LEAF_TAG], &leaf]).0;
    for (level, sibling) in path.iter().enumerate() {
        let is_right = level < 16 && index >> level & 1 == 1;
        let (left, right) = if is_right {
            (sibling, &node)
        } else {
            (&node, sibling)
        };
        node = Hash::of(&[&[INNER_TAG], left, right]).0;
    }
    node
}

/// A leaf of a batch of `leaves` must lie under its root.
///
/// # Errors
/// `BadProof`.
pub fn check(
    root: [u8; 32],
    leaves: u16,
    leaf: [u8; 32],
    index: u16,
    path: &[[u8; 32]],
) -> Result<(), Reason> {
    let fits = index < leaves && path.len() == height(leaves);
    if fits && root_of(leaf, index, path) == root {
        Ok(())
    } else {
        Err(Reason::BadProof)
    }
}

/// A whole batch, as its depositor has it.
#[derive(Clone, Debug)]
pub struct Batch {
    /// From the leaves up to the root alone.
    levels: Vec<Vec<[u8; 32]>>,
}

impl Batch {
    /// The tree over these leaves, of which there must be one at least.
    pub fn of(leaves: &[[u8; 32]]) -> Batch {
        if let [leaf] = leaves {
            return Batch {
                levels: vec![vec![*leaf]],
            };
        }
        let tagged = leaves.iter().map(|leaf| Hash::of(&[&[LEAF_TAG], leaf]).0);
        let mut level: Vec<[u8; 32]> = tagged.collect();
        level.resize(leaves.len().next_power_of_two(), [0; 32]);
        let mut levels = Vec::new();
        while level.len() > 1 {
            let pairs = level.chunks_exact(2);
            let next = pairs.map(|pair| Hash::of(&[&[INNER_TAG], &pair[0], &pair[1]]).0);
            let next = next.collect();
            levels.push(std::mem::replace(&mut level, next));
        }
        levels.push(level);
        Batch { levels }
    }

    /// What is deposited.
    pub fn root(&self) -> [u8; 32] {
        self.levels[self.levels.len() - 1][0]
    }

    /// The siblings on the way from the leaf at that place to the root, from the bottom up.
    pub fn path(&self, index: u16) -> Vec<[u8; 32]> {
        let below = &self.levels[..self.levels.len() - 1];
        let siblings = below.iter().enumerate();
        siblings
            .map(|(level, nodes)| nodes[usize::from(index >> level ^ 1)])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_of_every_tree_is_proved_and_no_other() {
        for count in [2_u16, 3, 8, 13] {
            let leaves: Vec<[u8; 32]> = (0..count).map(|leaf| [leaf as u8 + 1; 32]).collect();
            let batch = Batch::of(&leaves);
            let root = batch.root();
            for index in 0..count {
                let path = batch.path(index);
                let leaf = leaves[usize::from(index)];
                assert_eq!(check(root, count, leaf, index, &path), Ok(()));
                let bad = Err(Reason::BadProof);
                assert_eq!(check(root, count, [99; 32], index, &path), bad);
                assert_eq!(check(root, count, leaf, index ^ 1, &path), bad);
                assert_eq!(check(root, count, leaf, index, &path[1..]), bad);
                // An inner node is no leaf of a smaller tree.
                if count > 2 {
                    let (inner, half) =
                        (batch.levels[1][usize::from(index / 2)], count.div_ceil(2));
                    assert_eq!(check(root, half, inner, index / 2, &path[1..]), bad);
                }
            }
        }
    }

    #[test]
    fn a_batch_of_one_is_its_leaf() {
        assert_eq!(check([7; 32], 1, [7; 32], 0, &[]), Ok(()));
        let batch = Batch::of(&[[7; 32]]);
        assert_eq!((batch.root(), batch.path(0)), ([7; 32], Vec::new()));
        assert_eq!(check([7; 32], 1, [7; 32], 1, &[]), Err(Reason::BadProof));
        assert_eq!([1, 2, 3, 1_000].map(height), [0, 1, 2, 10]);
    }
}
