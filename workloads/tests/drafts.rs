//! Bank drafts against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::AccountId;
use groma_ledger::bank_draft::{DraftChain, DraftPieces, DraftPositions};
use groma_ledger::patterns::endorsement::Endorsement;
use groma_ledger::patterns::instrument::{Piece, PieceId, Stage};
use groma_workloads::WorkloadSetup;

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("drafts", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        assert!(block.iter().all(|signed| signed.wire_bytes == 520));
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["issue"], 0.2),
            (&["accept"], 0.2),
            (&["endorse"], 0.24),
            (&[".discount"], 0.055),
            (&["rediscount"], 0.02),
            (&["pledge"], 0.02),
            (&["release"], 0.02),
            (&["present"], 0.12),
            (&["pay"], 0.112),
            (&["refuse"], 0.008),
            (&["recourse"], 0.005),
        ],
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 20_000);
    let mut tiers = [0_u32; 12];
    run.state
        .for_each::<DraftPieces>(|_, piece| tiers[usize::from(piece.tier)] += 1);
    assert!(tiers.iter().all(|count| *count > 0), "{tiers:?}");
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "already_spent",
        "wrong_state",
        "not_permitted",
        "false_claim",
    ];
    assert_refusals("drafts", &reasons);
}

/// A town after 20,000 transactions at a short lag, so that chains come to their end.
fn short() -> Town {
    let lag = core::time::Duration::from_millis(100);
    let setup = WorkloadSetup {
        lag,
        ..town(20_000)
    };
    let tables = &[
        copy::<DraftPieces>,
        copy::<DraftChain>,
        copy::<DraftPositions>,
    ];
    Town::after("drafts", &setup, (20, 1_000), tables)
}

#[test]
fn the_law_notices_broken_chains_and_drafts_paid_twice() {
    let town = short();
    let chain = "a draft's chain of names leads to its holder without a gap";
    let (id, held) =
        town.find::<DraftPieces>(|_, piece| piece.stage == Stage::Held && piece.tier == 3);
    let name = town.get::<DraftChain>(&(id, 3));
    let stolen = town.changed::<DraftPieces>(id, |piece| piece.holder = AccountId(0));
    let back = town.changed::<DraftPieces>(id, |piece| piece.tier = 2);
    let beyond = town.law::<DraftChain>((id, 5), name);
    let redeemed = town.changed::<DraftChain>((id, 2), |name| name.redeemed = true);
    let elsewhere = PieceId {
        number: 1 << 40,
        ..id
    };
    let of_nothing = town.law::<DraftChain>((elsewhere, 1), name);
    let late = town.changed::<DraftChain>((id, 1), |name| name.at_ns = u64::MAX);
    assert_eq!(
        [stolen, back, beyond, redeemed, of_nothing, late],
        [chain; 6]
    );

    let bank = "what is discounted or pledged is with a bank";
    let to = held.holder;
    for stage in [Stage::Discounted, Stage::Pledged { to }] {
        assert_eq!(
            town.changed::<DraftPieces>(id, |piece| piece.stage = stage),
            bank
        );
    }

    let paid = "a draft is paid once, or redeemed back along its chain";
    let unpaid = town.changed::<DraftPieces>(id, |piece| piece.stage = Stage::Settled);
    let (id, _) = town.find::<DraftPieces>(|_, piece| piece.stage == Stage::Settled);
    let again = town.changed::<DraftPieces>(id, |piece| piece.stage = Stage::Held);
    let more = town.changed::<DraftPieces>(id, |piece| piece.amount += 1);
    let position = town.law::<DraftPositions>(AccountId(0), 0);
    let (id, _) = town.find::<DraftPieces>(|_, piece| piece.stage == Stage::Redeemed);
    let dearer = town.changed::<DraftPieces>(id, |piece| piece.amount += 1);
    assert_eq!([unpaid, again, more, position, dearer], [paid; 5]);

    let limit = "chains stay within their limit";
    let (id, last) = town.find::<DraftPieces>(|_, piece| piece.tier == 11);
    let beyond = Piece { tier: 12, ..last };
    let name = Endorsement {
        holder: last.holder,
        ..town.get::<DraftChain>(&(id, 11))
    };
    let longer = town.law_of(|genesis| {
        genesis.put::<DraftPieces>(&id, &beyond);
        genesis.put::<DraftChain>(&(id, 12), &name);
    });
    assert_eq!(longer, limit);
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("drafts");
}
