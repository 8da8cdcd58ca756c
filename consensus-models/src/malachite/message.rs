//! What malachite publishes, with the size of each in our units.

use std::fmt;

use arc_malachitebft_core_consensus::{Input, SignedConsensusMsg};
use arc_malachitebft_core_types::{
    NilOrVal, PolkaCertificate, Proposal as _, RoundCertificate, Vote as _, VoteType,
};

use super::context::{City, Id};
use crate::block::{Batch, Height, mix};
use crate::heights::{Say, VOTE_BYTES, block_bytes};
use crate::protocol::Body;
use crate::wire::{INDEX_BYTES, SIGNATURE_BYTES};

/// A message of malachite.
#[derive(Clone, PartialEq, Eq)]
pub enum Word {
    /// A proposal or a vote.
    Consensus(SignedConsensusMsg<City>),
    /// A quorum of prevotes, sent with a value that is proposed again.
    Polka(PolkaCertificate<City>),
    /// Why a round was entered.
    Round(RoundCertificate<City>),
}

/// Bytes of a value's proposal: the block, its round, the round of its polka
/// and a signature.
fn proposal_bytes(handles: usize) -> u32 {
    block_bytes(handles) + 2 * INDEX_BYTES + SIGNATURE_BYTES
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (height, round) = (self.height().0, self.round());
        write!(f, "{} h{height} r{round}", self.kind())?;
        match self {
            Self::Consensus(SignedConsensusMsg::Proposal(proposal)) => {
                let block = &proposal.value().0;
                write!(f, " #{:04x}", block.id().0 & 0xffff)?;
                block
                    .batches
                    .iter()
                    .try_for_each(|batch| write!(f, " b{}", batch.id.0))
            }
            Self::Consensus(SignedConsensusMsg::Vote(vote)) => match vote.value() {
                NilOrVal::Val(Id(id)) => write!(f, " #{:04x}", id & 0xffff),
                NilOrVal::Nil => write!(f, " nil"),
            },
            Self::Polka(_) | Self::Round(_) => Ok(()),
        }
    }
}

impl Say for Word {
    fn height(&self) -> Height {
        Height(match self {
            Self::Consensus(message) => message.height().0,
            Self::Polka(certificate) => certificate.height.0,
            Self::Round(certificate) => certificate.height.0,
        })
    }

    fn round(&self) -> u32 {
        let round = match self {
            Self::Consensus(message) => message.round(),
            Self::Polka(certificate) => certificate.round,
            Self::Round(certificate) => certificate.round,
        };
        round.as_u32().unwrap_or(0)
    }

    fn size(&self) -> u32 {
        match self {
            Self::Consensus(SignedConsensusMsg::Proposal(proposal)) => {
                proposal_bytes(proposal.value().0.batches.len())
            }
            Self::Consensus(SignedConsensusMsg::Vote(_)) => VOTE_BYTES,
            Self::Polka(certificate) => {
                VOTE_BYTES * (1 + certificate.polka_signatures.len() as u32)
            }
            Self::Round(certificate) => {
                VOTE_BYTES * (1 + certificate.round_signatures.len() as u32)
            }
        }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        if let Self::Consensus(SignedConsensusMsg::Proposal(proposal)) = self {
            // Those who prevoted it before hold it.
            let how = if proposal.pol_round().is_nil() {
                Body::Carried
            } else {
                Body::Referenced
            };
            for batch in &proposal.value().0.batches {
                visit(batch, how);
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Consensus(SignedConsensusMsg::Proposal(_)) => "proposal",
            Self::Consensus(SignedConsensusMsg::Vote(vote)) => match vote.vote_type() {
                VoteType::Prevote => "prevote",
                VoteType::Precommit => "precommit",
            },
            Self::Polka(_) => "polka-certificate",
            Self::Round(_) => "round-certificate",
        }
    }

    fn digest(&self) -> u64 {
        let value = |value: &NilOrVal<Id>| match value {
            NilOrVal::Nil => 0,
            NilOrVal::Val(Id(id)) => *id,
        };
        let (kind, id) = match self {
            Self::Consensus(SignedConsensusMsg::Proposal(proposal)) => {
                (0, proposal.value().0.id().0)
            }
            Self::Consensus(SignedConsensusMsg::Vote(vote)) => {
                (1 + vote.vote_type() as u64, value(vote.value()))
            }
            Self::Polka(certificate) => (3, certificate.value_id.0),
            Self::Round(_) => (4, 0),
        };
        let hash = mix(self.height().0, u64::from(self.round()));
        mix(mix(hash, kind), id)
    }
}

/// Bytes of an entry of malachite's write-ahead log.
pub(super) fn entry_bytes(input: &Input<City>) -> u32 {
    match input {
        Input::Proposal(proposal) => proposal_bytes(proposal.value().0.batches.len()),
        Input::ProposedValue(value, _) => block_bytes(value.value.0.batches.len()),
        Input::PolkaCertificate(certificate) => {
            VOTE_BYTES * certificate.polka_signatures.len() as u32
        }
        _ => VOTE_BYTES,
    }
}
