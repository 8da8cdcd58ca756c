//! Receivables against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::patterns::instrument::{Piece, PieceId, Stage};
use groma_ledger::receivable::{ReceivablePieces, ReceivablePositions};
use groma_ledger::{AccountId, Genesis, State, Table};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

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

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("receivables", &town(20_000)), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    fn forge(&self, change: impl FnOnce(&mut Genesis)) -> State {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        state.for_each::<ReceivablePieces>(|key, value| {
            genesis.put::<ReceivablePieces>(&key, &value);
        });
        state.for_each::<ReceivablePositions>(|key, value| {
            genesis.put::<ReceivablePositions>(&key, &value);
        });
        change(&mut genesis);
        State::genesis(&genesis)
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let forged = self.forge(|genesis| genesis.put::<T>(&key, &value));
        self.0.city.workload().check(&forged).unwrap_err().law
    }

    fn piece(&self, filter: impl Fn(PieceId, &Piece) -> bool) -> (PieceId, Piece) {
        let mut found = None;
        self.0.state.for_each::<ReceivablePieces>(|id, piece| {
            if filter(id, &piece) {
                found = Some((id, piece));
            }
        });
        found.unwrap()
    }
}

#[test]
fn the_law_notices_money_from_nothing_and_debts_paid_twice() {
    let town = Town::new();
    let faithful = town.forge(|_| {});
    assert!(town.0.city.workload().check(&faithful).is_ok());

    let whole = "the leaves of a receivable come to its amount";
    let (id, part) = town.piece(|id, piece| id.depth() == 2 && piece.stage == Stage::Held);
    let more = Piece {
        amount: part.amount + 1,
        ..part
    };
    assert_eq!(town.law::<ReceivablePieces>(id, more), whole);
    assert_eq!(town.law::<ReceivablePieces>(id.part(0), part), whole);
    assert_eq!(
        town.law::<ReceivablePieces>(PieceId { branch: 5, ..id }, part),
        whole
    );

    let paid = "settlement pays each leaf's holder once";
    let settled = Piece {
        stage: Stage::Settled,
        ..part
    };
    assert_eq!(town.law::<ReceivablePieces>(id, settled), paid);
    let (id, piece) = town.piece(|_, piece| piece.stage == Stage::Settled);
    let unpaid = Piece {
        stage: Stage::Held,
        ..piece
    };
    assert_eq!(town.law::<ReceivablePieces>(id, unpaid), paid);
    let position = town
        .0
        .state
        .get::<ReceivablePositions>(&piece.holder)
        .unwrap();
    assert_eq!(
        town.law::<ReceivablePositions>(piece.holder, position + 1),
        paid
    );
    assert_eq!(town.law::<ReceivablePositions>(AccountId(0), 0), paid);

    let (id, piece) = town.piece(|_, piece| piece.stage == Stage::Discounted);
    let elsewhere = Piece {
        holder: AccountId(0),
        ..piece
    };
    assert_eq!(
        town.law::<ReceivablePieces>(id, elsewhere),
        "what is discounted is held by one bank"
    );
    let tiers = Piece { tier: 6, ..piece };
    assert_eq!(
        town.law::<ReceivablePieces>(id, tiers),
        "tiers and depth stay within their limits"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock: 200, ..town(citizens) };
        let mut run = Run::new(build("receivables", &setup), seed);
        for _ in 0..8 {
            run.blocks(1, 500);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}
