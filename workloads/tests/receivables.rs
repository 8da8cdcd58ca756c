//! Receivables against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest};
use groma_ledger::AccountId;
use groma_ledger::patterns::instrument::{Piece, PieceId, Stage};
use groma_ledger::receivable::{ReceivablePieces, ReceivablePositions};

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("receivables", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        assert!(block.iter().all(|signed| signed.wire_bytes == 650));
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["issue"], 0.12),
            (&["acknowledge"], 0.12),
            (&["transfer"], 0.30),
            (&["split"], 0.18),
            (&["discount"], 0.09),
            (&["settle"], 0.14),
            (&["query"], 0.05),
        ],
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 30_000);
    let mut depths = [0_u32; 7];
    let mut tiers = [0_u32; 6];
    run.state.for_each::<ReceivablePieces>(|id, piece| {
        depths[id.depth() as usize] += 1;
        tiers[usize::from(piece.tier)] += 1;
    });
    assert!(depths.iter().all(|count| *count > 0), "{depths:?}");
    assert!(tiers[1..].iter().all(|count| *count > 0), "{tiers:?}");
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "already_spent",
        "unbalanced",
        "not_permitted",
        "false_claim",
    ];
    assert_refusals("receivables", &reasons);
}

#[test]
fn the_law_notices_money_from_nothing_and_debts_paid_twice() {
    let tables = &[copy::<ReceivablePieces>, copy::<ReceivablePositions>];
    let town = Town::new("receivables", tables);
    let piece = |id, change: &dyn Fn(&mut Piece)| town.changed::<ReceivablePieces>(id, change);
    let at = |stage| town.find::<ReceivablePieces>(|_, piece| piece.stage == stage);

    let whole = "the leaves of a receivable come to its amount";
    let (id, part) =
        town.find::<ReceivablePieces>(|id, piece| id.depth() == 2 && piece.stage == Stage::Held);
    let more = piece(id, &|piece| piece.amount += 1);
    let split = town.law::<ReceivablePieces>(id.part(0), part);
    let other = town.law::<ReceivablePieces>(PieceId { branch: 5, ..id }, part);
    assert_eq!([more, split, other], [whole; 3]);

    let paid = "settlement pays each leaf's holder once";
    let settled = piece(id, &|piece| piece.stage = Stage::Settled);
    let (id, last) = at(Stage::Settled);
    let unpaid = piece(id, &|piece| piece.stage = Stage::Held);
    let position = town.changed::<ReceivablePositions>(last.holder, |position| *position += 1);
    let nothing = town.law::<ReceivablePositions>(AccountId(0), 0);
    assert_eq!([settled, unpaid, position, nothing], [paid; 4]);

    let (id, _) = at(Stage::Discounted);
    let elsewhere = piece(id, &|piece| piece.holder = AccountId(0));
    assert_eq!(elsewhere, "what is discounted is held by one bank");
    let tiers = piece(id, &|piece| piece.tier = 6);
    assert_eq!(tiers, "tiers and depth stay within their limits");
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("receivables");
}
