//! The rules of works and their copyright, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::copyright::{
    CopyrightTx, Licenses, Registries, Registry, RoyaltyPositions, Works,
};
use groma_ledger::patterns::shares::{Share, Shares};
use groma_ledger::{AccountId, Body, Genesis, Reason};
use invoice_common::{Desk, assert_round_trip, fire, play, seats};
use proptest::prelude::*;

/// Authors from here, the bureau, and whoever wants a license.
const AUTHOR: u64 = 1;
const BUREAU: u64 = 15;
const READER: u64 = 20;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let bureau = seats(BUREAU, 1, 2);
    genesis.put::<Registries>(&(), &Registry { bureau });
    Desk::new(&genesis)
}

fn work(number: u8) -> [u8; 32] {
    [number; 32]
}

fn register(number: u8, price: u64, shares: &[(u64, u16)]) -> Body {
    let share = |&(owner, points): &(u64, u16)| Share {
        owner: AccountId(owner),
        points,
    };
    Body::Copyright(CopyrightTx::Register {
        work: work(number),
        price,
        shares: shares.iter().map(share).collect(),
    })
}

fn license(number: u8, price: u64) -> Body {
    let work = work(number);
    Body::Copyright(CopyrightTx::License { work, price })
}

fn transfer(number: u8, to: u64, points: u16) -> Body {
    let (work, to) = (work(number), AccountId(to));
    Body::Copyright(CopyrightTx::Transfer { work, to, points })
}

fn split(number: u8, owners: &[u64]) -> Body {
    let owners = owners.iter().copied().map(AccountId).collect();
    let work = work(number);
    Body::Copyright(CopyrightTx::Split { work, owners })
}

fn takedown(number: u8, earlier: u8) -> Body {
    let (work, earlier) = (work(number), work(earlier));
    Body::Copyright(CopyrightTx::Takedown { work, earlier })
}

#[test]
fn royalties_go_to_the_owners_by_their_shares() {
    use Reason::*;
    let mut desk = desk();
    let both = [(AUTHOR, 6_667), (AUTHOR + 1, 3_333)];
    let script = vec![
        (READER, register(1, 100, &both), Some(NotPermitted)),
        (AUTHOR, register(1, 0, &both), Some(Malformed)),
        (AUTHOR, register(1, 100, &[]), Some(Malformed)),
        (
            AUTHOR,
            register(1, 100, &[(AUTHOR, 9_999)]),
            Some(Unbalanced),
        ),
        (READER, license(1, 100), Some(Dependency)),
        (AUTHOR, register(1, 100, &both), None),
        (
            AUTHOR + 5,
            register(1, 1, &[(AUTHOR + 5, 10_000)]),
            Some(AlreadyExists),
        ),
        (READER, license(1, 99), Some(FalseClaim)),
        (AUTHOR, split(1, &[AUTHOR, AUTHOR + 1]), Some(WrongState)),
        (READER, license(1, 100), None),
        (READER, split(1, &[AUTHOR, AUTHOR + 1]), Some(NotPermitted)),
        (AUTHOR, split(1, &[AUTHOR]), Some(FalseClaim)),
        (AUTHOR, split(1, &[AUTHOR + 1, AUTHOR]), Some(FalseClaim)),
        (AUTHOR, split(1, &[AUTHOR; 9]), Some(FalseClaim)),
        (AUTHOR, split(1, &[AUTHOR, AUTHOR + 1]), None),
        (READER, transfer(1, READER, 1), Some(NotPermitted)),
        (AUTHOR, transfer(1, AUTHOR, 1), Some(Malformed)),
        (AUTHOR, transfer(1, READER, 6_668), Some(InsufficientFunds)),
        (AUTHOR, transfer(1, READER, 6_667), None),
        (AUTHOR, split(1, &[AUTHOR + 1, READER]), Some(NotPermitted)),
        (READER + 1, license(1, 100), None),
        (READER + 1, license(1, 100), None),
        (READER, split(1, &[AUTHOR + 1, READER]), None),
    ];
    play(&mut desk, script);
    let position = |account| desk.record::<RoyaltyPositions>(&AccountId(account));
    let positions = [AUTHOR, AUTHOR + 1, READER, READER + 1].map(position);
    // Of 100, 66 and 33; a cent stays. Of 201, 66 and 134; a cent stays.
    assert_eq!(positions, [66, 33 + 66, 134 - 100, -200]);
    assert_eq!(desk.record::<Works>(&work(1)).pot(), 1);
    assert_eq!(desk.state.count::<Licenses>(), 3);
}

#[test]
fn only_an_earlier_work_takes_another_down() {
    use Reason::*;
    let mut desk = desk();
    let own = [(AUTHOR, 10_000)];
    let script = vec![
        (AUTHOR, register(1, 100, &own), None),
        (AUTHOR, register(2, 100, &own), None),
        (READER, license(2, 100), None),
        (AUTHOR, takedown(2, 1), Some(NotPermitted)),
        (BUREAU, takedown(2, 3), Some(Dependency)),
        (BUREAU, takedown(3, 1), Some(Dependency)),
        (BUREAU, takedown(1, 2), Some(FalseClaim)),
        (BUREAU, takedown(1, 1), Some(FalseClaim)),
        (BUREAU + 1, takedown(2, 1), None),
        (BUREAU, takedown(2, 1), Some(WrongState)),
        (READER, license(2, 100), Some(WrongState)),
        (AUTHOR, transfer(2, READER, 1), Some(WrongState)),
        // What was earned is still paid out.
        (AUTHOR, split(2, &[AUTHOR]), None),
        (AUTHOR, register(2, 100, &own), Some(AlreadyExists)),
    ];
    play(&mut desk, script);
}

/// Any transaction over two works, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let points = prop_oneof![Just(5_000_u16), 0..10_001_u16];
    let body = (0..12_u8, 0..2_u8, AUTHOR..AUTHOR + 4, points);
    let body = body.prop_map(|(kind, number, other, points)| match kind {
        0 => register(number, 7, &[(AUTHOR, 5_000), (other, 5_000)]),
        1 => register(number, 7, &[(other, points), (0, 10_000 - points)]),
        2..5 => license(number, 7),
        5..9 => transfer(number, other, points),
        9 => split(number, &[other]),
        10 => split(number, &[AUTHOR, other]),
        _ => takedown(number, 1 - number),
    });
    (
        prop_oneof![Just(BUREAU), Just(AUTHOR), AUTHOR..AUTHOR + 4],
        body,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_keeps_shares_whole_and_loses_no_cent(shots in proptest::collection::vec(shot(), 1..600)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        let mut kept = 0;
        desk.state.for_each::<Works>(|_, work| {
            assert_eq!(Shares::new(&work.shares.0), Ok(work.shares.clone()));
            kept += work.pot() as i64;
        });
        desk.state.for_each::<RoyaltyPositions>(|_, position| kept += position);
        prop_assert_eq!(kept, 0);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        assert_round_trip(shot.0, &shot.1);
    }
}
