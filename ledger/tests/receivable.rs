//! The rules of receivables, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::patterns::instrument::{PieceId, Stage};
use groma_ledger::receivable::{
    ReceivablePieces, ReceivablePositions, ReceivableTx, Registries, Registry,
};
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::{Desk, fire, seats};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Two core firms of two accounts, four suppliers, one bank of two.
const CORE: u64 = 10;
const SUPPLIER: u64 = 14;
const BANK: u64 = 18;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let registry = Registry {
        core: seats(CORE, 2, 2),
        suppliers: seats(SUPPLIER, 4, 1),
        banks: seats(BANK, 1, 2),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn whole(number: u64) -> PieceId {
    PieceId::whole(AccountId(SUPPLIER), number)
}

fn issue(number: u64, debtor: u64, amount: u64, due_ns: u64) -> ReceivableTx {
    ReceivableTx::Issue {
        number,
        debtor: AccountId(debtor),
        amount,
        due_ns,
    }
}

fn split(piece: PieceId, parts: &[u64]) -> ReceivableTx {
    let parts = parts.into();
    ReceivableTx::Split { piece, parts }
}

fn transfer(piece: PieceId, to: u64) -> ReceivableTx {
    let to = AccountId(to);
    ReceivableTx::Transfer { piece, to }
}

fn discount(piece: PieceId, bank: u64) -> ReceivableTx {
    let bank = AccountId(bank);
    ReceivableTx::Discount { piece, bank }
}

fn settle(piece: PieceId, holder: u64) -> ReceivableTx {
    let holder = AccountId(holder);
    ReceivableTx::Settle { piece, holder }
}

/// Plays a script: who, what, and the refusal if there is one.
#[track_caller]
fn play(desk: &mut Desk, script: Vec<(u64, ReceivableTx, Option<Reason>)>) {
    for (step, (sender, tx, refusal)) in script.into_iter().enumerate() {
        let expected = refusal.map_or(Ok(()), Err);
        let found = desk.submit(sender, Body::Receivable(tx.clone()));
        assert_eq!(found, expected, "step {step}: {tx:?}");
    }
}

#[test]
fn a_debt_goes_down_the_tiers_and_is_paid_once() {
    use Reason::*;
    let mut desk = desk();
    let acknowledge = |number| ReceivableTx::Acknowledge {
        piece: whole(number),
    };
    let query = |amount| ReceivableTx::Query {
        piece: whole(1),
        amount,
    };
    let due = desk.now_ns + 40_000;
    let (a, b, c) = (whole(1).part(0), whole(1).part(1), whole(1).part(1).part(0));
    play(
        &mut desk,
        vec![
            (CORE, issue(1, CORE, 100, due), Some(NotPermitted)),
            (SUPPLIER, issue(1, BANK, 100, due), Some(UnknownRecord)),
            (SUPPLIER, issue(1, CORE, 0, due), Some(Malformed)),
            (CORE, acknowledge(1), Some(Dependency)),
            (SUPPLIER, issue(1, CORE, 100, due), None),
            (SUPPLIER, issue(1, CORE, 50, due), Some(AlreadyExists)),
            (SUPPLIER, transfer(whole(1), SUPPLIER + 1), Some(WrongState)),
            (CORE + 1, acknowledge(1), Some(NotPermitted)),
            (CORE, acknowledge(1), None),
            (CORE, acknowledge(1), Some(WrongState)),
            (BANK, query(100), None),
            (BANK, query(101), Some(FalseClaim)),
            (SUPPLIER, split(whole(1), &[100]), Some(Malformed)),
            (SUPPLIER, split(whole(1), &[0, 100]), Some(Malformed)),
            (SUPPLIER, split(whole(1), &[20; 6]), Some(Malformed)),
            (SUPPLIER, split(whole(1), &[40, 61]), Some(Unbalanced)),
            (
                SUPPLIER,
                split(whole(1), &[u64::MAX, 101]),
                Some(Unbalanced),
            ),
            (SUPPLIER + 1, split(whole(1), &[40, 60]), Some(NotPermitted)),
            (SUPPLIER, split(whole(1), &[40, 60]), None),
            (SUPPLIER, split(whole(1), &[40, 60]), Some(AlreadySpent)),
            (SUPPLIER, discount(whole(1), BANK), Some(AlreadySpent)),
            (SUPPLIER, transfer(a, CORE), Some(UnknownRecord)),
            (SUPPLIER, transfer(a, SUPPLIER), Some(Malformed)),
            (SUPPLIER, transfer(a, SUPPLIER + 1), None),
            (SUPPLIER, transfer(a, SUPPLIER + 2), Some(NotPermitted)),
            (SUPPLIER, split(b, &[30, 30]), None),
            (SUPPLIER, discount(c, SUPPLIER + 1), Some(UnknownRecord)),
            (SUPPLIER, discount(c, BANK), None),
            (SUPPLIER, discount(c, BANK + 1), Some(AlreadySpent)),
            (CORE, settle(a, SUPPLIER + 1), Some(TooEarly)),
        ],
    );
    desk.now_ns = due;
    play(
        &mut desk,
        vec![
            (CORE + 2, settle(a, SUPPLIER + 1), Some(NotPermitted)),
            (CORE, settle(a, SUPPLIER), Some(FalseClaim)),
            (CORE, settle(b, SUPPLIER), Some(AlreadySpent)),
            (CORE, settle(a, SUPPLIER + 1), None),
            (CORE, settle(a, SUPPLIER + 1), Some(AlreadySpent)),
            (CORE, settle(c, BANK), None),
        ],
    );
    let position = |account| desk.record::<ReceivablePositions>(&AccountId(account));
    assert_eq!([CORE, SUPPLIER + 1, BANK].map(position), [-70, 40, 30]);
}

#[test]
fn tiers_and_depth_have_limits() {
    let mut desk = desk();
    let mut script = vec![
        (SUPPLIER, issue(1, CORE, 1_000, 0), None),
        (CORE, ReceivableTx::Acknowledge { piece: whole(1) }, None),
        (SUPPLIER, issue(2, CORE, 1_000, 0), None),
        (CORE, ReceivableTx::Acknowledge { piece: whole(2) }, None),
    ];
    let mut piece = whole(1);
    for depth in 0..7_u64 {
        let refusal = (depth == 6).then_some(Reason::QuotaExceeded);
        script.push((SUPPLIER, split(piece, &[1, 999 - depth]), refusal));
        piece = piece.part(1);
    }
    for tier in 0..5 {
        let refusal = (tier == 4).then_some(Reason::QuotaExceeded);
        let to = SUPPLIER + (tier + 1) % 4;
        script.push((SUPPLIER + tier % 4, transfer(whole(2), to), refusal));
    }
    play(&mut desk, script);
}

/// Any transaction over few pieces, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let pieces = (
        0..2_u64,
        prop_oneof![Just(1_u32), 8..12_u32, 64..72_u32, 0..8_u32],
    )
        .prop_map(|(number, branch)| PieceId {
            branch,
            ..whole(number)
        });
    let parts = prop_oneof![
        Just(vec![60, 40]),
        Just(vec![30, 30]),
        Just(vec![20, 20]),
        proptest::collection::vec(0..90_u64, 0..7)
    ];
    let tx =
        (0..9_u8, pieces, SUPPLIER..BANK + 2, parts).prop_map(|(kind, piece, other, parts)| {
            match kind {
                0 => issue(piece.number, CORE + other % 2, 100, 3_000),
                1 => ReceivableTx::Acknowledge { piece },
                2 => transfer(piece, other),
                3 | 4 => split(piece, &parts),
                5 => discount(piece, other),
                6 | 7 => settle(piece, other),
                _ => ReceivableTx::Query { piece, amount: 100 },
            }
        });
    (prop_oneof![Just(SUPPLIER), Just(CORE), CORE..BANK + 2], tx)
        .prop_map(|(sender, tx)| (sender, Body::Receivable(tx)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_makes_no_money_and_pays_nothing_twice(
        shots in proptest::collection::vec(shot(), 1..500),
    ) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        let (mut leaves, mut wholes) = (BTreeMap::new(), BTreeMap::new());
        let mut owed: BTreeMap<u64, i64> = BTreeMap::new();
        desk.state.for_each::<ReceivablePieces>(|id, piece| {
            if id.parent().is_none() {
                wholes.insert((id.maker, id.number), piece.amount);
            }
            if !matches!(piece.stage, Stage::Divided { .. }) {
                *leaves.entry((id.maker, id.number)).or_insert(0) += piece.amount;
            }
            if piece.stage == Stage::Settled {
                *owed.entry(piece.debtor.0).or_default() -= piece.amount as i64;
                *owed.entry(piece.holder.0).or_default() += piece.amount as i64;
            }
        });
        prop_assert_eq!(wholes, leaves);
        let mut positions = BTreeMap::new();
        desk.state.for_each::<ReceivablePositions>(|id, position| {
            positions.insert(id.0, position);
        });
        prop_assert_eq!(positions, owed);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(bytes.len() - 18, transaction.body.encoded_bytes());
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
