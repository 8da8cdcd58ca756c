//! SHA-256 digests and the two newtypes that carry them.
//!
//! SHA-256 and not BLAKE3: on machines with the SHA instructions it is the
//! faster of the two for the 200 B to 1 KiB messages that a ledger hashes.
//! This file does not know what is hashed.

use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A 32-byte SHA-256 digest: a state root, a table root, or an inner node.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Hash(pub [u8; 32]);

/// The identity of a transaction: SHA-256 of its unsigned encoding, so that it
/// is the same whether signatures are computed or only priced.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct TxId(pub [u8; 32]);

/// Children of an inner node of the state's trees.
///
/// Four, not sixteen: a node is copied and hashed whole when one child changes. Copying
/// and hashing, summed over the levels that a block's changes do not share, cost
/// least at four; so does a proof.
pub(crate) const FANOUT: usize = 4;

/// The children's digests of one inner node, side by side.
pub(crate) const INNER_BYTES: usize = FANOUT * 32;

/// The digest of one child.
pub(crate) fn digest_at(digests: &[u8; INNER_BYTES], child: usize) -> Hash {
    let mut digest = Hash::ZERO;
    digest.0.copy_from_slice(&digests[child * 32..][..32]);
    digest
}

const PAGE_TAG: u8 = 0;
const INNER_TAG: u8 = 1;

impl Hash {
    /// The digest that stands for "nothing here".
    pub const ZERO: Hash = Hash([0; 32]);

    /// SHA-256 of the parts, concatenated.
    pub fn of(parts: &[&[u8]]) -> Hash {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Hash(hasher.finalize().into())
    }

    /// Digest of a leaf page. The tag comes last, so that the page is hashed
    /// in place, and keeps a page from passing for an inner node.
    pub(crate) fn page(bytes: &[u8]) -> Hash {
        Hash::of(&[bytes, &[PAGE_TAG]])
    }

    /// Digest of an inner node: its four children's digests, [`Hash::ZERO`]
    /// for a child that is not there.
    pub(crate) fn inner(children: &[u8; INNER_BYTES]) -> Hash {
        Hash::of(&[children, &[INNER_TAG]])
    }

    /// The first eight bytes as a number: enough to tell digests apart in a log.
    pub fn short(&self) -> u64 {
        first_word(&self.0)
    }
}

impl TxId {
    /// The first eight bytes as a number, for dense maps and traces.
    pub fn short(&self) -> u64 {
        first_word(&self.0)
    }
}

fn first_word(bytes: &[u8; 32]) -> u64 {
    let (word, _) = bytes.split_first_chunk::<8>().expect("32 bytes hold 8");
    u64::from_be_bytes(*word)
}

fn hex(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Display for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_sha256_and_prints_as_hex() {
        let digest = Hash::of(&[b"a", b"bc"]);
        assert_eq!(
            digest.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(digest.short(), 0xba78_16bf_8f01_cfea);
    }
}
