//! Transactions: their canonical encoding, identity and size on the wire.
//!
//! The encoding is borsh: one byte string per value. Decoding refuses
//! trailing bytes and never panics. What a body means is its [`Rule`]'s affair;
//! signing is in [`crate::crypto`].

use crate::account::AccountId;
use crate::address::AddressTx;
use crate::bank_draft::BankDraftTx;
use crate::component::ComponentTx;
use crate::contract::ContractTx;
use crate::copyright::CopyrightTx;
use crate::credit::CreditTx;
use crate::dapp::DappTx;
use crate::directory::DirectoryTx;
use crate::donation::DonationTx;
use crate::evidence::EvidenceTx;
use crate::hash::{Hash, TxId};
use crate::identity::IdentityTx;
use crate::invoice::InvoiceTx;
use crate::keyvalue::KeyValueTx;
use crate::medical::MedicalTx;
use crate::micro::MicroTx;
use crate::mortgage::MortgageTx;
use crate::payment::Payment;
use crate::receivable::ReceivableTx;
use crate::record::{Context, Rule};
use crate::remittance::RemittanceTx;
use crate::smallbank::SmallBankTx;
use crate::tpcc::TpccTx;
use crate::traceability::TraceTx;
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

/// What a transaction asks for: one variant per record kind.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Body {
    /// Money.
    Payment(Payment),
    /// Electronic invoices.
    Invoice(InvoiceTx),
    /// Credit records.
    Credit(CreditTx),
    /// Receivables.
    Receivable(ReceivableTx),
    /// Judicial evidence.
    Evidence(EvidenceTx),
    /// Goods from hand to hand.
    Trace(TraceTx),
    /// The benchmark SmallBank.
    SmallBank(SmallBankTx),
    /// A key-value store.
    KeyValue(KeyValueTx),
    /// The micro benchmarks of BLOCKBENCH.
    Micro(MicroTx),
    /// The contracts of Diablo.
    Dapp(DappTx),
    /// The benchmark TPC-C.
    Tpcc(TpccTx),
    /// Bank drafts.
    BankDraft(BankDraftTx),
    /// Chattel mortgages.
    Mortgage(MortgageTx),
    /// Contract signing.
    Contract(ContractTx),
    /// A government's data directory.
    Directory(DirectoryTx),
    /// Medical records.
    Medical(MedicalTx),
    /// Unified identity.
    Identity(IdentityTx),
    /// Donations.
    Donation(DonationTx),
    /// Cross-border payments.
    Remittance(RemittanceTx),
    /// Works and their copyright.
    Copyright(CopyrightTx),
    /// Addresses and who has a seat there.
    Address(AddressTx),
    /// Roads, pipes and buildings.
    Component(ComponentTx),
}

/// The most bytes that a [`Body`] may take in memory: millions are in flight.
pub const BODY_LIMIT: usize = 80;
const _: () = assert!(size_of::<Body>() <= BODY_LIMIT);

impl Body {
    /// Bytes of its encoding: with the envelope and the filler, what goes over the wire.
    pub fn encoded_bytes(&self) -> usize {
        borsh::object_length(self).expect("writing to nowhere cannot fail")
    }

    /// The record kind's rule.
    pub fn rule(&self) -> &dyn Rule {
        match self {
            Body::Payment(payment) => payment,
            Body::Invoice(invoice) => invoice,
            Body::Credit(credit) => credit,
            Body::Receivable(receivable) => receivable,
            Body::Evidence(evidence) => evidence,
            Body::Trace(trace) => trace,
            Body::SmallBank(smallbank) => smallbank,
            Body::KeyValue(keyvalue) => keyvalue,
            Body::Micro(micro) => micro,
            Body::Dapp(dapp) => dapp,
            Body::Tpcc(tpcc) => tpcc,
            Body::BankDraft(draft) => draft,
            Body::Mortgage(mortgage) => mortgage,
            Body::Contract(contract) => contract,
            Body::Directory(directory) => directory,
            Body::Medical(medical) => medical,
            Body::Identity(identity) => identity,
            Body::Donation(donation) => donation,
            Body::Remittance(remittance) => remittance,
            Body::Copyright(copyright) => copyright,
            Body::Address(address) => address,
            Body::Component(component) => component,
        }
    }
}

/// An unsigned transaction.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// Who asks and signs.
    pub sender: AccountId,
    /// The sender's own count; see [`crate::account::Account`] for the window.
    pub nonce: u64,
    /// Bytes of opaque document text: on the wire, but held as a length.
    pub filler: u16,
    /// What is asked.
    pub body: Body,
}

/// Bytes of the envelope (docs/sources.md, estimate): type 2, nonce 8,
/// sender 32, expiry 8, signature 64, public key 32, certificate reference 32.
pub const ENVELOPE_BYTES: u32 = 2 + 8 + 32 + 8 + 64 + 32 + 32;

/// Bytes of [`Transaction`]'s encoding before the body: sender, nonce, filler.
const HEADER_BYTES: usize = 8 + 8 + 2;

/// The bytes are not the canonical encoding of a transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError(String);

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a transaction: {}", self.0)
    }
}

impl std::error::Error for DecodeError {}

impl From<std::io::Error> for DecodeError {
    fn from(error: std::io::Error) -> DecodeError {
        DecodeError(error.to_string())
    }
}

impl Transaction {
    /// Dotted name of the step, e.g. `"payment.transfer"`.
    pub fn kind(&self) -> &'static str {
        self.body.rule().kind()
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.serialize(out).expect("writing to memory cannot fail");
    }

    /// Reads a transaction that takes up all of `bytes`.
    ///
    /// # Errors
    /// When the bytes are malformed, cut short, or followed by others.
    pub fn decode(bytes: &[u8]) -> Result<Transaction, DecodeError> {
        Ok(borsh::from_slice(bytes)?)
    }

    /// SHA-256 of the encoding.
    pub fn id(&self) -> TxId {
        self.identify().0
    }

    /// Bytes on the wire: envelope, encoded body and filler.
    pub fn wire_bytes(&self) -> u32 {
        self.identify().1
    }

    /// Id and wire bytes in one encoding.
    pub(crate) fn identify(&self) -> (TxId, u32) {
        let mut encoding = Vec::with_capacity(256);
        self.encode(&mut encoding);
        let body = u32::try_from(encoding.len() - HEADER_BYTES).unwrap_or(u32::MAX);
        let wire = ENVELOPE_BYTES
            .saturating_add(body)
            .saturating_add(u32::from(self.filler));
        (TxId(Hash::of(&[&encoding]).0), wire)
    }

    pub(crate) fn context(&self, id: TxId, height: u64, timestamp_ns: u64) -> Context {
        Context {
            sender: self.sender,
            id,
            height,
            timestamp_ns,
        }
    }
}

/// Whether a signature was checked yet, and what came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Unchecked = 0,
    Good = 1,
    Bad = 2,
}

/// A transaction with its signature, identity and size, shared by every replica
/// as one `Arc`. The verdict on the signature is kept inside, so that
/// the work of checking it is done once per process.
#[derive(Debug)]
pub struct SignedTransaction {
    /// What was signed.
    pub transaction: Transaction,
    /// Its identity.
    pub id: TxId,
    /// Its bytes on the wire.
    pub wire_bytes: u32,
    verdict: AtomicU8,
    signature: Option<Box<[u8; 64]>>,
}

impl SignedTransaction {
    /// Joins a transaction and its signature; `None` stands for a signature that
    /// is priced but not computed.
    pub fn new(transaction: Transaction, signature: Option<[u8; 64]>) -> SignedTransaction {
        let (id, wire_bytes) = transaction.identify();
        let signature = signature.map(Box::new);
        let verdict = AtomicU8::new(Verdict::Unchecked as u8);
        SignedTransaction {
            transaction,
            id,
            wire_bytes,
            verdict,
            signature,
        }
    }

    pub(crate) fn with_signature(mut self, signature: [u8; 64]) -> SignedTransaction {
        self.signature = Some(Box::new(signature));
        self
    }

    /// The encoding for a real wire or log: signature flag, signature, transaction.
    /// (Simulated wires charge [`SignedTransaction::wire_bytes`] instead.)
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(160);
        match self.signature() {
            Some(signature) => {
                bytes.push(1);
                bytes.extend_from_slice(signature);
            }
            None => bytes.push(0),
        }
        self.transaction.encode(&mut bytes);
        bytes
    }

    /// The inverse of [`SignedTransaction::to_bytes`]; the signature is not checked here.
    ///
    /// # Errors
    /// When the bytes are malformed, cut short, or followed by others.
    pub fn from_bytes(bytes: &[u8]) -> Result<SignedTransaction, DecodeError> {
        let cut = || DecodeError(String::from("cut short"));
        let (flag, rest) = bytes.split_first().ok_or_else(cut)?;
        let (signature, rest) = match flag {
            0 => (None, rest),
            1 => {
                let (signature, rest) = rest.split_first_chunk::<64>().ok_or_else(cut)?;
                (Some(*signature), rest)
            }
            other => return Err(DecodeError(format!("signature flag {other}"))),
        };
        Ok(SignedTransaction::new(
            Transaction::decode(rest)?,
            signature,
        ))
    }

    /// The Ed25519 signature over the id, if one was computed.
    pub fn signature(&self) -> Option<&[u8; 64]> {
        self.signature.as_deref()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        // Relaxed: the verdict is a pure function of the content, so the worst
        // that a stale read costs is checking twice.
        match self.verdict.load(Ordering::Relaxed) {
            1 => Verdict::Good,
            2 => Verdict::Bad,
            _ => Verdict::Unchecked,
        }
    }

    pub(crate) fn settle(&self, good: bool) {
        let verdict = if good { Verdict::Good } else { Verdict::Bad };
        self.verdict.store(verdict as u8, Ordering::Relaxed);
    }
}
