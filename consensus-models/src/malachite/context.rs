//! Malachite's `Context`: our heights, values and votes as it wants to see them.
//!
//! Signatures are null: who said something is known from the message's origin,
//! and the work of signing and verifying is charged where malachite asks for it.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use arc_malachitebft_core_types as core;

use crate::block::{Block, BlockId};
use crate::committee::ReplicaId;

/// A number with the traits that malachite asks of heights and addresses.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// Position in the chain.
    Height
}
number! {
    /// A replica by its index.
    Address
}
number! {
    /// Name of a value.
    Id
}

impl core::Height for Height {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0 + n)
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

impl core::Address for Address {}

impl Address {
    /// The replica.
    #[must_use]
    pub fn replica(self) -> ReplicaId {
        ReplicaId(u32::try_from(self.0).expect("made from a replica"))
    }
}

impl From<ReplicaId> for Address {
    fn from(id: ReplicaId) -> Self {
        Self(u64::from(id.0))
    }
}

/// What is decided: a block, compared by its name.
#[derive(Clone, Debug)]
pub struct Value(pub Arc<Block>);

impl Value {
    fn key(&self) -> BlockId {
        self.0.id()
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl core::Value for Value {
    type Id = Id;

    fn id(&self) -> Id {
        Id(self.key().0)
    }
}

/// A signature or a key of which nothing is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Null;

impl core::SigningScheme for Null {
    type DecodingError = &'static str;
    type Signature = Null;
    type PublicKey = Null;
    type PrivateKey = Null;

    fn decode_signature(_bytes: &[u8]) -> Result<Null, &'static str> {
        Ok(Null)
    }

    fn encode_signature(_signature: &Null) -> Vec<u8> {
        Vec::new()
    }

    fn decode_public_key(_bytes: &[u8]) -> Result<Null, &'static str> {
        Ok(Null)
    }

    fn encode_public_key(_key: &Null) -> Vec<u8> {
        Vec::new()
    }
}

/// A member of the committee, with one vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    address: Address,
    key: Null,
}

impl core::Validator<City> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }

    fn public_key(&self) -> &Null {
        &self.key
    }

    fn voting_power(&self) -> u64 {
        1
    }
}

/// The committee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validators(Arc<[Validator]>);

impl Validators {
    pub(super) fn new(n: u32) -> Self {
        let members = (0..n).map(|id| Validator {
            address: Address(u64::from(id)),
            key: Null,
        });
        Self(members.collect())
    }
}

impl core::ValidatorSet<City> for Validators {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn total_voting_power(&self) -> u64 {
        self.0.len() as u64
    }

    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        self.get_by_index(usize::try_from(address.0).ok()?)
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }
}

/// A proposal of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    height: Height,
    round: core::Round,
    value: Value,
    pol_round: core::Round,
    address: Address,
}

impl core::Proposal<City> for Proposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> core::Round {
        self.round
    }

    fn value(&self) -> &Value {
        &self.value
    }

    fn take_value(self) -> Value {
        self.value
    }

    fn pol_round(&self) -> core::Round {
        self.pol_round
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }
}

/// A vote of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    kind: core::VoteType,
    height: Height,
    round: core::Round,
    value: core::NilOrVal<Id>,
    address: Address,
}

impl core::Vote<City> for Vote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> core::Round {
        self.round
    }

    fn value(&self) -> &core::NilOrVal<Id> {
        &self.value
    }

    fn take_value(self) -> core::NilOrVal<Id> {
        self.value
    }

    fn vote_type(&self) -> core::VoteType {
        self.kind
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }

    fn extension(&self) -> Option<&core::SignedExtension<City>> {
        None
    }

    fn take_extension(&mut self) -> Option<core::SignedExtension<City>> {
        None
    }

    fn extend(self, _extension: core::SignedExtension<City>) -> Self {
        self
    }
}

/// Values are never sent in parts, votes never extended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused;

impl core::ProposalPart<City> for Unused {
    fn is_first(&self) -> bool {
        true
    }

    fn is_last(&self) -> bool {
        true
    }
}

impl core::Extension for Unused {
    fn size_bytes(&self) -> usize {
        0
    }
}

/// The context itself.
#[derive(Clone, Copy, Debug)]
pub struct City;

impl core::Context for City {
    type Address = Address;
    type Height = Height;
    type ProposalPart = Unused;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = Validators;
    type Timeouts = core::LinearTimeouts;
    type Value = Value;
    type Vote = Vote;
    type Extension = Unused;
    type SigningScheme = Null;

    /// Round robin over heights and rounds, as our own Tendermint.
    fn select_proposer<'a>(
        &self,
        validators: &'a Validators,
        height: Height,
        round: core::Round,
    ) -> &'a Validator {
        let round = u64::from(round.as_u32().unwrap_or(0));
        let index = (height.0 + round) % validators.0.len() as u64;
        &validators.0[index as usize]
    }

    fn new_proposal(
        &self,
        height: Height,
        round: core::Round,
        value: Value,
        pol_round: core::Round,
        address: Address,
    ) -> Proposal {
        Proposal {
            height,
            round,
            value,
            pol_round,
            address,
        }
    }

    fn new_prevote(
        &self,
        height: Height,
        round: core::Round,
        value: core::NilOrVal<Id>,
        address: Address,
    ) -> Vote {
        Vote {
            kind: core::VoteType::Prevote,
            height,
            round,
            value,
            address,
        }
    }

    fn new_precommit(
        &self,
        height: Height,
        round: core::Round,
        value: core::NilOrVal<Id>,
        address: Address,
    ) -> Vote {
        Vote {
            kind: core::VoteType::Precommit,
            height,
            round,
            value,
            address,
        }
    }
}
