//! The rules of chattel mortgages, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::mortgage::{AssetId, Collaterals, MortgageTx, Registries, Registry};
use groma_ledger::{AccountId, Body, Genesis, Reason};
use invoice_common::{Desk, assert_round_trip, fire, play, seats};
use proptest::prelude::*;

/// Three banks, two owners, and strangers.
const BANK: u64 = 10;
const OWNER: u64 = 13;
const STRANGER: u64 = 20;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let registry = Registry {
        creditors: seats(BANK, 3, 1),
        owners: seats(OWNER, 2, 1),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn asset(number: u64) -> AssetId {
    let owner = AccountId(OWNER);
    AssetId { owner, number }
}

fn register(asset: AssetId, amount: u64, due_ns: u64) -> Body {
    Body::Mortgage(MortgageTx::Register {
        asset,
        amount,
        due_ns,
    })
}

fn search(asset: AssetId, lien: u8, creditor: u64) -> Body {
    let creditor = AccountId(creditor);
    Body::Mortgage(MortgageTx::Search {
        asset,
        lien,
        creditor,
    })
}

fn amend(asset: AssetId, lien: u8, amount: u64, due_ns: u64) -> Body {
    Body::Mortgage(MortgageTx::Amend {
        asset,
        lien,
        amount,
        due_ns,
    })
}

fn cede(asset: AssetId, lien: u8, to: u8) -> Body {
    Body::Mortgage(MortgageTx::Cede { asset, lien, to })
}

fn release(asset: AssetId, lien: u8) -> Body {
    Body::Mortgage(MortgageTx::Release { asset, lien })
}

fn enforce(asset: AssetId, lien: u8) -> Body {
    Body::Mortgage(MortgageTx::Enforce { asset, lien })
}

#[test]
fn the_first_in_rank_enforces_once_and_never_what_is_released() {
    use Reason::*;
    let mut desk = desk();
    let (a, late) = (asset(1), desk.now_ns + 1_000_000);
    let elsewhere = AssetId {
        owner: AccountId(STRANGER),
        number: 1,
    };
    let script = vec![
        (OWNER, register(a, 100, 0), Some(NotPermitted)),
        (BANK, register(elsewhere, 100, 0), Some(UnknownRecord)),
        (BANK, register(a, 0, 0), Some(Malformed)),
        (STRANGER, search(a, 0, BANK), Some(Dependency)),
        (BANK, release(a, 0), Some(Dependency)),
        (BANK, register(a, 100, 0), None),
        (BANK + 1, register(a, 50, 0), None),
        (BANK + 2, register(a, 20, 0), None),
        (STRANGER, search(a, 0, BANK), None),
        (STRANGER, search(a, 1, BANK), Some(FalseClaim)),
        (STRANGER, search(a, 3, BANK), Some(Dependency)),
        (BANK + 1, amend(a, 0, 90, 0), Some(NotPermitted)),
        (BANK, amend(a, 0, 101, 0), Some(QuotaExceeded)),
        (BANK, amend(a, 0, 0, 0), Some(Malformed)),
        (BANK, amend(a, 0, 90, late), None),
        (BANK + 1, enforce(a, 1), Some(WrongState)),
        (BANK, enforce(a, 0), Some(TooEarly)),
        (BANK + 1, cede(a, 0, 1), Some(NotPermitted)),
        // Not over the head of the one between.
        (BANK, cede(a, 0, 2), Some(WrongState)),
        (BANK, cede(a, 0, 7), Some(WrongState)),
        (BANK, cede(a, 0, 1), None),
        (BANK, cede(a, 0, 1), Some(WrongState)),
        (BANK, enforce(a, 0), Some(WrongState)),
        (BANK, release(a, 1), Some(NotPermitted)),
        (BANK + 1, release(a, 1), None),
        (BANK + 1, release(a, 1), Some(WrongState)),
        (BANK + 1, enforce(a, 1), Some(WrongState)),
        (BANK + 1, amend(a, 1, 10, 0), Some(WrongState)),
        (BANK, amend(a, 0, 80, 0), None),
        (BANK, enforce(a, 0), None),
        (BANK, enforce(a, 0), Some(AlreadySpent)),
        (BANK + 2, enforce(a, 2), Some(AlreadySpent)),
        (BANK + 2, release(a, 2), Some(AlreadySpent)),
        (BANK + 1, register(a, 10, 0), Some(AlreadySpent)),
        (STRANGER, search(a, 2, BANK + 2), None),
    ];
    play(&mut desk, script);
    let collateral = desk.record::<Collaterals>(&a);
    let ranks: Vec<u8> = collateral.liens.iter().map(|lien| lien.rank).collect();
    assert_eq!(ranks, [1, 0, 2]);
    assert_eq!(collateral.enforced.unwrap().lien, 0);
}

#[test]
fn liens_and_cessions_have_limits() {
    let mut desk = desk();
    let mut script = Vec::new();
    for count in 0..9 {
        let refusal = (count == 8).then_some(Reason::QuotaExceeded);
        script.push((BANK, register(asset(1), 10, 0), refusal));
    }
    for count in 0..9_u8 {
        let refusal = (count == 8).then_some(Reason::QuotaExceeded);
        script.push((BANK, cede(asset(1), count % 2, 1 - count % 2), refusal));
    }
    script.push((BANK, cede(asset(1), 7, 0), Some(Reason::WrongState)));
    play(&mut desk, script);
}

/// Any transaction over two things, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let body = (0..11_u8, 0..2_u64, 0..4_u8, 0..4_u8, 0..60_u64);
    let body = body.prop_map(|(kind, number, lien, to, amount)| {
        let asset = asset(number);
        match kind {
            0..4 => register(asset, amount, 0),
            4 => search(asset, lien, BANK),
            5 => amend(asset, lien, amount, 0),
            6..9 => cede(asset, lien, to),
            9 => release(asset, lien),
            _ => enforce(asset, lien),
        }
    });
    (BANK..OWNER + 1, body)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_keeps_ranks_and_order(shots in proptest::collection::vec(shot(), 1..300)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        desk.state.for_each::<Collaterals>(|id, collateral| {
            let liens = &collateral.liens;
            let mut ranks: Vec<u8> = liens.iter().map(|lien| lien.rank).collect();
            ranks.sort_unstable();
            assert!(ranks.iter().copied().eq(0..liens.len() as u8), "{id:?}: {ranks:?}");
            assert!(liens.is_sorted_by_key(|lien| lien.since_ns));
            if let Some(enforced) = collateral.enforced {
                let own = liens[usize::from(enforced.lien)];
                let before = liens.iter().filter(|lien| lien.rank < own.rank);
                assert!(own.is_live() && before.clone().all(|lien| !lien.is_live()));
            }
        });
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        assert_round_trip(shot.0, &shot.1);
    }
}
