//! Ed25519 signatures: a custodial keyring, real or priced.
//!
//! The only file that knows the signature library.

use crate::hash::Hash;
use crate::transaction::{SignedTransaction, Transaction, Verdict};
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use std::fmt;
use std::sync::Arc;

/// The wallet keys of a custodian: account `a` signs with key `a % keys`, so
/// that a billion accounts need no billion keys.
///
/// A *real* keyring signs and verifies. A *priced* one computes nothing and
/// takes every transaction as well signed; the cost is charged elsewhere. A transaction
/// keeps the verdict of the first real keyring that checks it: a run has one.
pub struct Keyring {
    keys: Vec<(SigningKey, VerifyingKey)>,
}

/// Signatures verified at once. Beyond this the gain is a few per cent.
const BATCH: usize = 512;

impl Keyring {
    /// A real keyring of `keys` keys (at least one), derived from the seed alone.
    pub fn derive(seed: u64, keys: u32) -> Keyring {
        let derive = |index: u32| {
            let secret = Hash::of(&[
                b"groma wallet key",
                &seed.to_le_bytes(),
                &index.to_le_bytes(),
            ]);
            let signing = SigningKey::from_bytes(&secret.0);
            let verifying = signing.verifying_key();
            (signing, verifying)
        };
        Keyring {
            keys: (0..keys.max(1)).map(derive).collect(),
        }
    }

    /// A keyring that computes no signature and trusts every transaction.
    pub fn priced() -> Keyring {
        Keyring { keys: Vec::new() }
    }

    /// Whether signatures are computed.
    pub fn is_real(&self) -> bool {
        !self.keys.is_empty()
    }

    fn key(&self, transaction: &Transaction) -> Option<&(SigningKey, VerifyingKey)> {
        let keys = u64::try_from(self.keys.len())
            .ok()
            .filter(|&keys| keys > 0)?;
        let index = usize::try_from(transaction.sender.0 % keys).ok()?;
        self.keys.get(index)
    }

    /// Signs with the sender's key (or not at all when priced).
    pub fn sign(&self, transaction: Transaction) -> SignedTransaction {
        let unsigned = SignedTransaction::new(transaction, None);
        match self.key(&unsigned.transaction) {
            Some((signing, _)) => {
                let signature = signing.sign(&unsigned.id.0).to_bytes();
                unsigned.with_signature(signature)
            }
            None => unsigned,
        }
    }

    /// Checks one signature, or recalls the verdict.
    pub fn verify(&self, signed: &SignedTransaction) -> bool {
        if !self.is_real() {
            return true;
        }
        match signed.verdict() {
            Verdict::Good => true,
            Verdict::Bad => false,
            Verdict::Unchecked => {
                let good = self.check(signed);
                signed.settle(good);
                good
            }
        }
    }

    fn check(&self, signed: &SignedTransaction) -> bool {
        let Some((_, verifying)) = self.key(&signed.transaction) else {
            return true;
        };
        signed.signature().is_some_and(|bytes| {
            verifying
                .verify(&signed.id.0, &Signature::from_bytes(bytes))
                .is_ok()
        })
    }

    /// Checks many signatures together, skipping those with a verdict; one
    /// verdict per transaction. A batch that fails is halved until the
    /// bad ones stand alone, so that a few bad signatures cost little.
    ///
    /// Deterministic: the library draws its blinding factors from the batch.
    pub fn verify_batch(&self, signed: &[Arc<SignedTransaction>]) -> Vec<bool> {
        if self.is_real() {
            let unchecked: Vec<&SignedTransaction> = signed
                .iter()
                .map(Arc::as_ref)
                .filter(|signed| signed.verdict() == Verdict::Unchecked)
                .collect();
            unchecked
                .chunks(BATCH)
                .for_each(|chunk| self.settle_chunk(chunk));
        }
        signed.iter().map(|signed| self.verify(signed)).collect()
    }

    fn settle_chunk(&self, chunk: &[&SignedTransaction]) {
        if chunk.len() <= 4 {
            chunk.iter().for_each(|signed| {
                self.verify(signed);
            });
        } else if self.chunk_is_good(chunk) {
            chunk.iter().for_each(|signed| signed.settle(true));
        } else {
            let (left, right) = chunk.split_at(chunk.len() / 2);
            self.settle_chunk(left);
            self.settle_chunk(right);
        }
    }

    fn chunk_is_good(&self, chunk: &[&SignedTransaction]) -> bool {
        let mut messages: Vec<&[u8]> = Vec::with_capacity(chunk.len());
        let mut signatures = Vec::with_capacity(chunk.len());
        let mut keys = Vec::with_capacity(chunk.len());
        for signed in chunk {
            let (Some(bytes), Some((_, key))) = (signed.signature(), self.key(&signed.transaction))
            else {
                return false;
            };
            messages.push(&signed.id.0);
            signatures.push(Signature::from_bytes(bytes));
            keys.push(*key);
        }
        ed25519_dalek::verify_batch(&messages, &signatures, &keys).is_ok()
    }
}

impl fmt::Debug for Keyring {
    // Secret keys stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}
