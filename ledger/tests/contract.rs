//! The rules of contract signing, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::contract::{ContractId, ContractTx, Contracts, Exports, Stage};
use groma_ledger::{AccountId, Body, Genesis, Reason};
use invoice_common::{Desk, assert_round_trip, fire, play};
use proptest::prelude::*;

/// Who drafts, who signs, and who has nothing to do with it.
const DRAFTER: u64 = 1;
const PARTY: u64 = 2;
const STRANGER: u64 = 9;
const TEXT: [u8; 32] = [7; 32];
const OTHER: [u8; 32] = [8; 32];

fn desk() -> Desk {
    Desk::new(&Genesis::new(10, 0))
}

fn id(number: u64) -> ContractId {
    let drafter = AccountId(DRAFTER);
    ContractId { drafter, number }
}

fn draft(number: u64) -> Body {
    let digest = TEXT;
    Body::Contract(ContractTx::Draft { number, digest })
}

fn invite(number: u64, parties: &[u64]) -> Body {
    let parties = parties.iter().copied().map(AccountId).collect();
    Body::Contract(ContractTx::Invite { number, parties })
}

fn sign(number: u64, digest: [u8; 32]) -> Body {
    let contract = id(number);
    Body::Contract(ContractTx::Sign { contract, digest })
}

fn complete(number: u64) -> Body {
    Body::Contract(ContractTx::Complete { number })
}

fn revoke(number: u64) -> Body {
    let contract = id(number);
    Body::Contract(ContractTx::Revoke { contract })
}

fn export(number: u64, digest: [u8; 32]) -> Body {
    let contract = id(number);
    Body::Contract(ContractTx::Export { contract, digest })
}

#[test]
fn all_sign_the_same_text_before_it_is_complete() {
    use Reason::*;
    let mut desk = desk();
    let script = vec![
        (DRAFTER, invite(1, &[PARTY, PARTY + 1]), Some(Dependency)),
        (DRAFTER, draft(1), None),
        (DRAFTER, draft(1), Some(AlreadyExists)),
        (PARTY, sign(1, TEXT), Some(WrongState)),
        (STRANGER, invite(1, &[PARTY, PARTY + 1]), Some(Dependency)),
        (DRAFTER, invite(1, &[PARTY]), Some(Malformed)),
        (DRAFTER, invite(1, &[2, 3, 4, 5, 6]), Some(Malformed)),
        (DRAFTER, invite(1, &[2, 3, 2]), Some(Malformed)),
        (DRAFTER, complete(1), Some(WrongState)),
        (DRAFTER, invite(1, &[PARTY, DRAFTER, PARTY + 1]), None),
        (DRAFTER, invite(1, &[PARTY, STRANGER]), Some(WrongState)),
        (STRANGER, sign(1, TEXT), Some(NotPermitted)),
        (PARTY, sign(1, OTHER), Some(FalseClaim)),
        (PARTY, sign(1, TEXT), None),
        (PARTY, sign(1, TEXT), Some(AlreadyExists)),
        (DRAFTER, sign(1, TEXT), None),
        (DRAFTER, complete(1), Some(WrongState)),
        (PARTY, export(1, TEXT), Some(WrongState)),
        (PARTY + 1, sign(1, TEXT), None),
        (PARTY, complete(1), Some(Dependency)),
        (DRAFTER, complete(1), None),
        (DRAFTER, complete(1), Some(WrongState)),
        (PARTY, revoke(1), Some(WrongState)),
        (PARTY, sign(1, TEXT), Some(WrongState)),
        (STRANGER, export(1, TEXT), Some(NotPermitted)),
        (PARTY, export(1, OTHER), Some(FalseClaim)),
        (PARTY, export(1, TEXT), None),
        (DRAFTER, export(1, TEXT), None),
    ];
    play(&mut desk, script);
    assert_eq!(desk.state.count::<Exports>(), 2);
    let contract = desk.record::<Contracts>(&id(1));
    assert_eq!(contract.signatures.count(), 3);
}

#[test]
fn what_is_revoked_is_never_complete() {
    use Reason::*;
    let mut desk = desk();
    let script = vec![
        (DRAFTER, draft(1), None),
        (PARTY, revoke(1), Some(NotPermitted)),
        (DRAFTER, revoke(1), None),
        (DRAFTER, revoke(1), Some(WrongState)),
        (DRAFTER, invite(1, &[PARTY, PARTY + 1]), Some(WrongState)),
        (DRAFTER, draft(2), None),
        (DRAFTER, invite(2, &[PARTY, PARTY + 1]), None),
        (PARTY, sign(2, TEXT), None),
        (PARTY + 1, sign(2, TEXT), None),
        (STRANGER, revoke(2), Some(NotPermitted)),
        (PARTY, revoke(2), None),
        (DRAFTER, complete(2), Some(WrongState)),
        (PARTY, export(2, TEXT), Some(WrongState)),
    ];
    play(&mut desk, script);
    assert_eq!(desk.record::<Contracts>(&id(2)).stage, Stage::Revoked);
}

/// Any transaction over two contracts, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let parties = proptest::collection::vec(PARTY..PARTY + 4, 1..5);
    let body = (0..12_u8, 0..2_u64, parties).prop_map(|(kind, number, parties)| match kind {
        0 => draft(number),
        1 => invite(number, &parties),
        2..7 => sign(number, if kind == 2 { OTHER } else { TEXT }),
        7..9 => complete(number),
        9 => revoke(number),
        _ => export(number, TEXT),
    });
    (prop_oneof![Just(DRAFTER), DRAFTER..PARTY + 4], body)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_completes_only_what_all_signed(shots in proptest::collection::vec(shot(), 1..400)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        desk.state.for_each::<Contracts>(|_, contract| {
            let all = contract.signatures.count() as usize == contract.parties.len();
            assert!(all || !matches!(contract.stage, Stage::Complete { .. }));
        });
        desk.state.for_each::<Exports>(|_, export| {
            let at_ns = export.complete_ns;
            assert_eq!(desk.record::<Contracts>(&export.contract).stage, Stage::Complete { at_ns });
        });
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        assert_round_trip(shot.0, &shot.1);
    }
}
