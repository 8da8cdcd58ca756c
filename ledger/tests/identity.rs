//! The rules of identities, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::identity::{
    AttributeId, Identities, IdentityTx, Keys, Presentations, Proof, Registries, Registry,
};
use groma_ledger::patterns::inclusion::Batch;
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::{Desk, fire, seats};
use proptest::prelude::*;

const REGISTRAR: u64 = 10;
/// Two departments of two accounts.
const DEPARTMENT: u64 = 12;
const BANK: u64 = 16;
const SUBJECT: u64 = 1;
const FIELDS: [[u8; 32]; 3] = [[1; 32], [2; 32], [3; 32]];

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let registry = Registry {
        registrar: seats(REGISTRAR, 1, 2),
        departments: seats(DEPARTMENT, 2, 2),
        verifiers: seats(BANK, 1, 2),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn enrol(subject: u64, key: u32) -> IdentityTx {
    IdentityTx::Enrol {
        subject: AccountId(subject),
        key,
        public: [9; 32],
    }
}

fn id(subject: u64, number: u64) -> AttributeId {
    AttributeId {
        subject: AccountId(subject),
        department: 1,
        number,
    }
}

fn issue(attribute: AttributeId, fields: u16) -> IdentityTx {
    IdentityTx::Issue {
        attribute,
        root: Batch::of(&FIELDS).root(),
        fields,
    }
}

fn proof(key: u32, attribute: AttributeId) -> Proof {
    Proof {
        key,
        attribute,
        verifier: AccountId(BANK),
        field: FIELDS[1],
        index: 1,
        path: Batch::of(&FIELDS).path(1),
    }
}

fn present(key: u32, attribute: AttributeId) -> IdentityTx {
    IdentityTx::Present(Box::new(proof(key, attribute)))
}

fn rotate(key: u32) -> IdentityTx {
    let public = [8; 32];
    IdentityTx::Rotate { key, public }
}

fn revoke(subject: u64, key: u32) -> IdentityTx {
    let subject = AccountId(subject);
    IdentityTx::Revoke { subject, key }
}

#[track_caller]
fn play(desk: &mut Desk, script: Vec<(u64, IdentityTx, Option<Reason>)>) {
    for (step, (sender, tx, refusal)) in script.into_iter().enumerate() {
        let expected = refusal.map_or(Ok(()), Err);
        let found = desk.submit(sender, Body::Identity(tx.clone()));
        assert_eq!(found, expected, "step {step}: {tx:?}");
    }
}

#[test]
fn one_field_is_shown_and_leaves_a_row() {
    use Reason::*;
    let mut desk = desk();
    let own = id(SUBJECT, 7);
    let mut strange = proof(1, own);
    strange.verifier = AccountId(3);
    let mut forged = proof(1, own);
    forged.field = [7; 32];
    let mut elsewhere = proof(1, own);
    elsewhere.index = 2;
    let boxed = |proof| IdentityTx::Present(Box::new(proof));
    play(
        &mut desk,
        vec![
            (DEPARTMENT + 2, issue(own, 3), Some(Dependency)),
            (SUBJECT, enrol(SUBJECT, 1), Some(NotPermitted)),
            (REGISTRAR, enrol(SUBJECT, 2), Some(Malformed)),
            (REGISTRAR, enrol(SUBJECT, 1), None),
            (REGISTRAR, enrol(SUBJECT, 2), Some(AlreadyExists)),
            (DEPARTMENT, issue(own, 3), Some(NotPermitted)),
            (DEPARTMENT + 2, issue(own, 0), Some(Malformed)),
            (SUBJECT, present(1, own), Some(Dependency)),
            (DEPARTMENT + 2, issue(own, 3), None),
            (DEPARTMENT + 3, issue(own, 3), Some(AlreadyExists)),
            (2, present(1, own), Some(NotPermitted)),
            (SUBJECT, boxed(strange), Some(UnknownRecord)),
            (SUBJECT, boxed(forged), Some(BadProof)),
            (SUBJECT, boxed(elsewhere), Some(BadProof)),
            (SUBJECT, present(2, own), Some(BadSignature)),
            (SUBJECT, present(1, own), None),
        ],
    );
    let mut rows = Vec::new();
    desk.state
        .for_each::<Presentations>(|_, row| rows.push(row));
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].by, rows[0].what.verifier, rows[0].what.index),
        (AccountId(SUBJECT), AccountId(BANK), 1)
    );
}

#[test]
fn nothing_is_signed_by_a_key_that_ended() {
    use Reason::*;
    let mut desk = desk();
    let own = id(SUBJECT, 7);
    play(
        &mut desk,
        vec![
            (SUBJECT, rotate(1), Some(Dependency)),
            (REGISTRAR, enrol(SUBJECT, 1), None),
            (DEPARTMENT + 2, issue(own, 3), None),
            (SUBJECT, rotate(2), Some(BadSignature)),
            (SUBJECT, rotate(1), None),
            (SUBJECT, rotate(1), Some(BadSignature)),
            (SUBJECT, present(1, own), Some(BadSignature)),
            (SUBJECT, present(2, own), None),
            (2, revoke(SUBJECT, 2), Some(NotPermitted)),
            (SUBJECT, revoke(SUBJECT, 1), Some(BadSignature)),
            (REGISTRAR + 1, revoke(SUBJECT, 2), None),
            (SUBJECT, revoke(SUBJECT, 2), Some(BadSignature)),
            (SUBJECT, present(2, own), Some(BadSignature)),
            (SUBJECT, rotate(2), Some(BadSignature)),
            (REGISTRAR, enrol(SUBJECT, 2), Some(Malformed)),
            (REGISTRAR, enrol(SUBJECT, 3), None),
            (SUBJECT, present(3, own), None),
            (SUBJECT, revoke(SUBJECT, 3), None),
            (SUBJECT, present(3, own), Some(BadSignature)),
        ],
    );
    let ended = |key| desk.record::<Keys>(&(AccountId(SUBJECT), key)).until;
    assert!((1..=3).all(|key| ended(key).is_some()));
    assert!(desk.record::<Identities>(&AccountId(SUBJECT)).revoked);
}

/// Any transaction of few people, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let numbers = (0..6_u8, 1..3_u64, 1..4_u32, 0..2_u64);
    let tx = numbers.prop_map(|(kind, subject, key, number)| match kind {
        0 => (REGISTRAR, enrol(subject, key)),
        1 => (DEPARTMENT + 2, issue(id(subject, number), 3)),
        2 | 3 => (subject, present(key, id(subject, number))),
        4 => (subject, rotate(key)),
        _ => (subject, revoke(subject, key)),
    });
    (tx, 0..9_u64).prop_map(|((sender, tx), other)| {
        let sender = if other == 0 { 2 } else { sender };
        (sender, Body::Identity(tx))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_leaves_one_current_key_at_most(shots in proptest::collection::vec(shot(), 1..500)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        let mut sound = true;
        desk.state.for_each::<Identities>(|subject, identity| {
            for key in 1..=identity.key {
                let ended = desk.state.get::<Keys>(&(subject, key)).unwrap().until.is_some();
                sound &= ended == (key < identity.key || identity.revoked);
            }
            sound &= desk.state.get::<Keys>(&(subject, identity.key + 1)).is_none();
        });
        prop_assert!(sound);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
