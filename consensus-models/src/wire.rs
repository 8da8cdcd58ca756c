//! Sizes that all protocols share, so that their bytes compare: what a
//! signature, a digest, a number or a proof of a quorum weighs on the wire.

use crate::committee::ReplicaSet;
use crate::protocol::Work;

/// Kind, sender and length of a message.
pub(crate) const ENVELOPE_BYTES: u32 = 8;
/// One signature.
pub(crate) const SIGNATURE_BYTES: u32 = 64;
/// One aggregated signature.
pub(crate) const AGGREGATE_BYTES: u32 = 96;
/// A view, a round, a height or a time.
pub(crate) const NUMBER_BYTES: u32 = 8;
/// A digest.
pub(crate) const DIGEST_BYTES: u32 = 32;
/// A replica's index or a small count.
pub(crate) const INDEX_BYTES: u32 = 4;
/// Kind, length and checksum of a record on the disk.
pub(crate) const RECORD_BYTES: u32 = 16;

/// How a certificate proves its quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificates {
    /// A list of signatures, verified as a batch.
    Signatures,
    /// One aggregate, verified at once.
    Aggregate,
}

impl Certificates {
    /// What a scenario writes, and the parameter's help.
    pub(crate) const WORDS: &'static [&'static str] = &["signatures", "aggregate"];
    /// Help of the parameter `certificates`.
    pub(crate) const HELP: &'static str =
        "a list of signatures, or one aggregate that costs one verification";

    /// Reads one of [`Self::WORDS`].
    pub(crate) fn read(word: &str) -> Self {
        match word {
            "aggregate" => Self::Aggregate,
            _ => Self::Signatures,
        }
    }

    /// Bytes of a proof by `signers` of `n` members: a bit set of the members
    /// and the signatures.
    pub(crate) fn bytes(self, n: u32, signers: &ReplicaSet) -> u32 {
        n.div_ceil(8)
            + match self {
                Self::Signatures => SIGNATURE_BYTES * signers.len(),
                Self::Aggregate => AGGREGATE_BYTES,
            }
    }

    /// Work of verifying a proof by so many signers.
    pub(crate) fn verify(self, signers: u32) -> Work {
        match self {
            Self::Signatures => Work::VerifyBatch(signers),
            Self::Aggregate => Work::Verify,
        }
    }
}
