//! Envelopes: who can open them, what a changed bit does, and what is left when keys are destroyed.

#![allow(clippy::unwrap_used)]

use groma_ledger::envelope::{Fault, KeyPair, PublicKey, Sealed, WRAP_BYTES, seal, sealed_bytes};
use proptest::prelude::*;

const RECORD: &[u8] = b"record 7";

fn pair(byte: u8) -> KeyPair {
    KeyPair::derive(&[byte; 32])
}

fn sealed(payload: &[u8], recipients: &[&KeyPair]) -> Sealed {
    let recipients: Vec<_> = recipients.iter().map(|pair| pair.public()).collect();
    seal(payload, RECORD, &recipients, &[9; 32]).unwrap()
}

#[test]
fn only_recipients_open_and_only_for_the_record_it_was_sealed_for() {
    let (patient, doctor, stranger) = (pair(1), pair(2), pair(3));
    let letter = sealed(b"a finding", &[&patient, &doctor]);
    assert_eq!(letter.open(0, &patient, RECORD).unwrap(), b"a finding");
    assert_eq!(letter.open(1, &doctor, RECORD).unwrap(), b"a finding");
    assert_eq!(letter.open(1, &patient, RECORD), Err(Fault::NotForYou));
    assert_eq!(letter.open(0, &stranger, RECORD), Err(Fault::NotForYou));
    assert_eq!(letter.open(2, &stranger, RECORD), Err(Fault::NoWrap));
    assert_eq!(letter.open(0, &patient, b"record 8"), Err(Fault::NotForYou));
    let no_point = PublicKey([0; 32]);
    assert_eq!(
        seal(b"", RECORD, &[no_point], &[9; 32]),
        Err(Fault::BadKey),
        "everybody would agree on the same key with it"
    );
}

#[test]
fn a_grant_wraps_the_key_once_more_and_leaves_the_ciphertext_alone() {
    let (patient, doctor, stranger) = (pair(1), pair(2), pair(3));
    let mut letter = sealed(b"a finding", &[&patient]);
    let before = letter.clone();
    let refused = letter.add_recipient(0, &stranger, RECORD, &stranger.public(), &[8; 32]);
    assert_eq!(refused, Err(Fault::NotForYou));
    assert_eq!(letter, before);
    letter
        .add_recipient(0, &patient, RECORD, &doctor.public(), &[8; 32])
        .unwrap();
    assert_eq!(letter.ciphertext, before.ciphertext);
    assert_eq!(letter.wraps.len(), 2);
    assert_eq!(letter.open(1, &doctor, RECORD).unwrap(), b"a finding");
}

#[test]
fn a_payload_is_gone_when_every_key_for_it_is_destroyed() {
    let (mut patient, mut doctor) = (pair(1), pair(2));
    let letter = sealed(b"a finding", &[&patient, &doctor]);
    patient.destroy();
    assert_eq!(letter.open(0, &patient, RECORD), Err(Fault::Destroyed));
    let mut copy = letter.clone();
    let granted = copy.add_recipient(0, &patient, RECORD, &patient.public(), &[8; 32]);
    assert_eq!(granted, Err(Fault::Destroyed));
    assert!(
        letter.open(1, &doctor, RECORD).is_ok(),
        "another's key still opens it"
    );
    doctor.destroy();
    assert_eq!(letter.open(1, &doctor, RECORD), Err(Fault::Destroyed));
}

#[test]
fn a_new_payload_or_new_entropy_makes_a_new_key() {
    let patient = pair(1);
    let with = |payload: &[u8], entropy| {
        seal(payload, RECORD, &[patient.public()], &[entropy; 32]).unwrap()
    };
    assert_eq!(with(b"one", 1), with(b"one", 1), "runs can be made again");
    // Under one key and nonce, the first byte of "one" and of "own" would be sealed alike.
    assert_ne!(with(b"one", 1).ciphertext[0], with(b"own", 1).ciphertext[0]);
    assert_ne!(with(b"one", 1).ciphertext, with(b"one", 2).ciphertext);
    assert_ne!(with(b"one", 1).wraps, with(b"own", 1).wraps);
    assert!(!format!("{patient:?}").contains("secret"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_has_the_bytes_that_are_charged(
        payload in proptest::collection::vec(any::<u8>(), 0..5_000),
        recipients in 0..5_u8,
    ) {
        let pairs: Vec<_> = (0..recipients).map(pair).collect();
        let letter = sealed(&payload, &pairs.iter().collect::<Vec<_>>());
        let bytes = borsh::to_vec(&letter).unwrap();
        prop_assert_eq!(bytes.len(), sealed_bytes(payload.len(), pairs.len()));
        let back: Sealed = borsh::from_slice(&bytes).unwrap();
        for (place, pair) in pairs.iter().enumerate() {
            prop_assert_eq!(&back.open(place, pair, RECORD).unwrap(), &payload);
        }
    }

    #[test]
    fn one_changed_bit_opens_nothing(payload in proptest::collection::vec(any::<u8>(), 0..100), bit: usize) {
        let patient = pair(1);
        let mut letter = sealed(&payload, &[&patient]);
        let bit = bit % (letter.ciphertext.len() * 8);
        letter.ciphertext[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(letter.open(0, &patient, RECORD), Err(Fault::Tampered));
    }

    #[test]
    fn one_changed_bit_of_a_wrap_opens_nothing(bit in 0..WRAP_BYTES * 8) {
        let patient = pair(1);
        let mut bytes = borsh::to_vec(&sealed(b"a finding", &[&patient])).unwrap();
        let wrap = bytes.len() - WRAP_BYTES;
        bytes[wrap + bit / 8] ^= 1 << (bit % 8);
        let letter: Sealed = borsh::from_slice(&bytes).unwrap();
        // The top bit of a coordinate means nothing, but it is bound by the derivation all the same.
        prop_assert_eq!(letter.open(0, &patient, RECORD), Err(Fault::NotForYou));
    }
}
