//! Sealed payloads: one content key each, wrapped once for every party that may open it.
//!
//! The payload is sealed with ChaCha20-Poly1305 (RFC 8439), and its key is wrapped with HPKE (RFC 9180:
//! X25519, HKDF-SHA256, ChaCha20-Poly1305) for each recipient. Both are bound to a context, the record
//! that the payload belongs to, so that neither can be moved to another record. Whoever can open may
//! wrap the key for one more: that is a grant. Whoever destroys a key can open nothing any more, and
//! a payload of which every recipient's key is destroyed is gone, although its ciphertext stays in the
//! ledger: that is deletion (crypto-shredding). It reaches no copy that somebody made while he could
//! read.
//!
//! There is no entropy here: keys derive from a secret seed, so that a run can be made again. A real
//! system draws three things at random: the seed of a [`KeyPair`], and the `entropy` of [`seal`] and of
//! [`Sealed::add_recipient`]. The content key derives from entropy, context and payload together, so
//! that a seed used twice shows at most that two payloads are equal.
//!
//! The only file that knows the encryption libraries. Executors never open anything.

use crate::hash::Hash;
use borsh::{BorshDeserialize, BorshSerialize};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hpke::aead::ChaCha20Poly1305 as WrapAead;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use std::convert::Infallible;
use std::fmt;

/// Bytes of an authentication tag.
pub const TAG_BYTES: usize = 16;
/// Bytes of a content key wrapped for one recipient: an encapsulated key, and 32 bytes with their tag.
pub const WRAP_BYTES: usize = 32 + 32 + TAG_BYTES;
/// Bytes that say how long the ciphertext is, and how many wraps there are.
const LENGTH_BYTES: usize = 4 + 4;

/// Bytes of a sealed payload: what it costs on the wire.
pub const fn sealed_bytes(payload: usize, recipients: usize) -> usize {
    LENGTH_BYTES + payload + TAG_BYTES + recipients * WRAP_BYTES
}

/// Why an envelope was not made or not opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// No key can be agreed on with these bytes.
    BadKey,
    /// There is no such wrap.
    NoWrap,
    /// The wrap is for somebody else, of another record, or was changed.
    NotForYou,
    /// The ciphertext was changed, or is of another record.
    Tampered,
    /// The key was destroyed.
    Destroyed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::BadKey => "no key can be agreed on with these bytes",
            Fault::NoWrap => "there is no such wrap",
            Fault::NotForYou => "the wrap is for another key or another record",
            Fault::Tampered => "the ciphertext is not what was sealed",
            Fault::Destroyed => "the key was destroyed",
        })
    }
}

impl std::error::Error for Fault {}

/// Where somebody can be reached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, BorshSerialize, BorshDeserialize)]
pub struct PublicKey(pub [u8; 32]);

/// A key-encryption key in the hands of its holder.
pub struct KeyPair {
    /// Overwritten when it is dropped.
    secret: Option<<X25519HkdfSha256 as Kem>::PrivateKey>,
    public: PublicKey,
}

impl KeyPair {
    /// The pair of a secret seed.
    pub fn derive(seed: &[u8; 32]) -> KeyPair {
        let (secret, public) = X25519HkdfSha256::derive_keypair(seed);
        KeyPair {
            secret: Some(secret),
            public: PublicKey(public.to_bytes().into()),
        }
    }

    /// The half that others may know.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Forgets the secret half for good: nothing sealed for it can be opened with it again.
    pub fn destroy(&mut self) {
        self.secret = None;
    }
}

impl fmt::Debug for KeyPair {
    // Secret keys stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({:?})", self.public)
    }
}

/// A content key, wrapped for one recipient.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Wrap {
    encapsulated: [u8; 32],
    key: [u8; 32 + TAG_BYTES],
}

/// A payload that only the recipients of its wraps can open.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Sealed {
    /// The payload and its tag.
    pub ciphertext: Vec<u8>,
    /// The content key, once per recipient.
    pub wraps: Vec<Wrap>,
}

/// Seals a payload of the record that `context` names for these recipients.
///
/// # Errors
/// [`Fault::BadKey`].
pub fn seal(
    payload: &[u8],
    context: &[u8],
    recipients: &[PublicKey],
    entropy: &[u8; 32],
) -> Result<Sealed, Fault> {
    let digest = Hash::of(&[payload]);
    let key = Hash::of(&[b"content key", entropy, &Hash::of(&[context]).0, &digest.0]).0;
    let ciphertext = cipher(&key)
        .encrypt(
            &NONCE,
            Payload {
                msg: payload,
                aad: context,
            },
        )
        .expect("a payload in memory is shorter than the 256 GiB that one key may seal");
    let wraps = recipients
        .iter()
        .map(|to| wrap(&key, context, to, entropy))
        .collect::<Result<_, _>>()?;
    Ok(Sealed { ciphertext, wraps })
}

impl Sealed {
    /// Opens it with the key for which its wrap at that place was made.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub fn open(&self, place: usize, own: &KeyPair, context: &[u8]) -> Result<Vec<u8>, Fault> {
        let key = self.content_key(place, own, context)?;
        let sealed = Payload {
            msg: &self.ciphertext,
            aad: context,
        };
        cipher(&key)
            .decrypt(&NONCE, sealed)
            .map_err(|_| Fault::Tampered)
    }

    /// Lets one more open it; only somebody who can open it himself can do so.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub fn add_recipient(
        &mut self,
        place: usize,
        own: &KeyPair,
        context: &[u8],
        to: &PublicKey,
        entropy: &[u8; 32],
    ) -> Result<(), Fault> {
        let key = self.content_key(place, own, context)?;
        self.wraps.push(wrap(&key, context, to, entropy)?);
        Ok(())
    }

    fn content_key(&self, place: usize, own: &KeyPair, context: &[u8]) -> Result<[u8; 32], Fault> {
        let secret = own.secret.as_ref().ok_or(Fault::Destroyed)?;
        let Wrap { encapsulated, key } = self.wraps.get(place).ok_or(Fault::NoWrap)?;
        let encapsulated =
            Deserializable::from_bytes(encapsulated).map_err(|_| Fault::NotForYou)?;
        let opened = hpke::single_shot_open::<WrapAead, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            secret,
            &encapsulated,
            WRAP_INFO,
            key,
            context,
        );
        let key = opened.map_err(|_| Fault::NotForYou)?;
        key.try_into().map_err(|_| Fault::NotForYou)
    }
}

/// Keeps wraps apart from whatever else HPKE may be used for.
const WRAP_INFO: &[u8] = b"groma content key";
/// A content key seals one payload, so its nonce never repeats.
const NONCE: Nonce = chacha20poly1305::aead::array::Array([0; 12]);

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&(*key).into())
}

fn wrap(key: &[u8; 32], context: &[u8], to: &PublicKey, entropy: &[u8; 32]) -> Result<Wrap, Fault> {
    let recipient = Deserializable::from_bytes(&to.0).map_err(|_| Fault::BadKey)?;
    // A new one per content key and recipient: an ephemeral key that repeats would tell of both.
    let mut stream = Stream {
        seed: Hash::of(&[b"ephemeral key", entropy, key, &to.0]),
        block: 0,
    };
    let (encapsulated, sealed) =
        hpke::single_shot_seal_with_rng::<WrapAead, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &recipient,
            WRAP_INFO,
            key,
            context,
            &mut stream,
        )
        .map_err(|_| Fault::BadKey)?;
    Ok(Wrap {
        encapsulated: encapsulated.to_bytes().into(),
        key: sealed.try_into().expect("32 bytes are sealed into 48"),
    })
}

/// Bytes that follow from a secret seed, in place of a source of entropy.
struct Stream {
    seed: Hash,
    block: u64,
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(32) {
            let block = Hash::of(&[&self.seed.0, &self.block.to_le_bytes()]);
            self.block += 1;
            chunk.copy_from_slice(&block.0[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Stream {}
