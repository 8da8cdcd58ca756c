//! Encoding, identity and signatures of transactions, from outside.
#![allow(clippy::unwrap_used)]

use groma_ledger::payment::Payment;
use groma_ledger::transaction::ENVELOPE_BYTES;
use groma_ledger::{AccountId, Body, Keyring, SignedTransaction, Transaction};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

fn payment() -> impl Strategy<Value = Payment> {
    let account = || any::<u64>().prop_map(AccountId);
    prop_oneof![
        (account(), any::<u64>()).prop_map(|(to, amount)| Payment::Transfer { to, amount }),
        (account(), any::<u64>()).prop_map(|(to, amount)| Payment::Refund { to, amount }),
        (proptest::collection::vec(account(), 0..9), any::<u64>()).prop_map(|(to, each)| {
            Payment::Split {
                to: to.into(),
                each,
            }
        }),
        account().prop_map(|of| Payment::Balance { of }),
    ]
}

fn transaction() -> impl Strategy<Value = Transaction> {
    (any::<u64>(), any::<u64>(), any::<u16>(), payment()).prop_map(
        |(sender, nonce, filler, payment)| Transaction {
            sender: AccountId(sender),
            nonce,
            filler,
            body: Body::Payment(payment),
        },
    )
}

fn encoded(transaction: &Transaction) -> Vec<u8> {
    let mut bytes = Vec::new();
    transaction.encode(&mut bytes);
    bytes
}

proptest! {
    #[test]
    fn round_trip(transaction in transaction()) {
        let bytes = encoded(&transaction);
        prop_assert_eq!(&Transaction::decode(&bytes).unwrap(), &transaction);
        let body = bytes.len() - 18;
        let expected = ENVELOPE_BYTES as usize + body + usize::from(transaction.filler);
        prop_assert_eq!(transaction.wire_bytes() as usize, expected);
        let signed = SignedTransaction::new(transaction.clone(), Some([7; 64]));
        let bytes = signed.to_bytes();
        let back = SignedTransaction::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&back.transaction, &transaction);
        prop_assert_eq!(back.id, signed.id);
        prop_assert_eq!(back.signature(), signed.signature());
    }

    #[test]
    fn neither_trailing_nor_missing_bytes(transaction in transaction(), extra: u8, cut: usize) {
        let mut bytes = encoded(&transaction);
        let cut = cut % bytes.len();
        prop_assert!(Transaction::decode(&bytes[..cut]).is_err());
        bytes.push(extra);
        prop_assert!(Transaction::decode(&bytes).is_err());
    }

    #[test]
    fn any_bytes_decode_canonically_or_not_at_all(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        if let Ok(transaction) = Transaction::decode(&bytes) {
            prop_assert_eq!(encoded(&transaction), bytes.clone());
        }
        let _ = SignedTransaction::from_bytes(&bytes);
    }

    #[test]
    fn one_changed_bit_changes_the_id(transaction in transaction(), bit: usize) {
        let mut bytes = encoded(&transaction);
        let bit = bit % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = Transaction::decode(&bytes) {
            prop_assert_ne!(other.id(), transaction.id());
        }
    }
}

fn transfer(sender: u64, nonce: u64) -> Transaction {
    Transaction {
        sender: AccountId(sender),
        nonce,
        filler: 40,
        body: Body::Payment(Payment::Transfer {
            to: AccountId(1),
            amount: 5,
        }),
    }
}

#[test]
fn a_retail_payment_has_about_the_size_of_the_catalogue() {
    // docs/sources.md W14: 280 B with the envelope.
    assert_eq!(transfer(3, 4).wire_bytes(), 178 + 1 + 1 + 16 + 40);
    assert_eq!(transfer(3, 4).kind(), "payment.transfer");
}

#[test]
fn identity_is_pinned_and_equal_in_both_modes() {
    let priced = Keyring::priced().sign(transfer(3, 4));
    let real = Keyring::derive(1, 2).sign(transfer(3, 4));
    assert_eq!(priced.id, real.id);
    assert_eq!(
        real.id.to_string(),
        "20461fe699fa00166f95b8a6a2615140ec5ebf09ee0026b8182a447d295d8a43"
    );
    assert!(priced.signature().is_none() && real.signature().is_some());
}

#[test]
fn a_keyring_depends_on_its_seed_alone() {
    let sign = |seed| {
        *Keyring::derive(seed, 3)
            .sign(transfer(7, 0))
            .signature()
            .unwrap()
    };
    assert_eq!(sign(1), sign(1));
    assert_ne!(sign(1), sign(2));
}

#[test]
fn a_batch_finds_exactly_the_bad_signatures() {
    let ring = Keyring::derive(9, 7);
    let bad: BTreeSet<u64> = [3, 4, 200, 511, 512, 599].into();
    let signed: Vec<_> = (0..600)
        .map(|n| {
            let good = ring.sign(transfer(n, n));
            let mut signature = *good.signature().unwrap();
            if bad.contains(&n) {
                signature[(n % 64) as usize] ^= 1;
            }
            Arc::new(SignedTransaction::new(
                good.transaction.clone(),
                Some(signature),
            ))
        })
        .collect();
    let expected: Vec<bool> = (0..600).map(|n| !bad.contains(&n)).collect();
    assert_eq!(ring.verify_batch(&signed), expected);
    assert_eq!(
        ring.verify_batch(&signed),
        expected,
        "recalled, not computed again"
    );
    let other = Keyring::derive(10, 7);
    let fresh: Vec<_> = (0..9)
        .map(|n| Arc::new(ring.sign(transfer(n, n))))
        .collect();
    assert!(other.verify_batch(&fresh).iter().all(|good| !good));
}

#[test]
fn a_real_keyring_refuses_what_is_not_signed() {
    let unsigned = Arc::new(SignedTransaction::new(transfer(0, 0), None));
    assert!(!Keyring::derive(1, 1).verify(&unsigned));
    let unsigned = Arc::new(SignedTransaction::new(transfer(0, 0), None));
    assert!(Keyring::priced().verify(&unsigned));
    assert!(
        !Keyring::derive(1, 1).verify(&unsigned),
        "a priced ring leaves no verdict behind"
    );
}
