//! Bank drafts against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::bank_draft::{DraftChain, DraftPieces, DraftPositions};
use groma_ledger::patterns::endorsement::Endorsement;
use groma_ledger::patterns::instrument::{Piece, PieceId, Stage};
use groma_ledger::{AccountId, Genesis, State, Table};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

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

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        // A short lag, so that chains come to their end.
        let lag = core::time::Duration::from_millis(100);
        let setup = WorkloadSetup {
            lag,
            ..town(20_000)
        };
        let mut run = Run::new(build("drafts", &setup), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    fn forge(&self, change: impl FnOnce(&mut Genesis)) -> State {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        common::copy::<DraftPieces>(state, &mut genesis);
        common::copy::<DraftChain>(state, &mut genesis);
        common::copy::<DraftPositions>(state, &mut genesis);
        change(&mut genesis);
        State::genesis(&genesis)
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let forged = self.forge(|genesis| genesis.put::<T>(&key, &value));
        self.0.city.workload().check(&forged).unwrap_err().law
    }

    fn piece(&self, filter: impl Fn(&Piece) -> bool) -> (PieceId, Piece) {
        let mut found = None;
        self.0.state.for_each::<DraftPieces>(|id, piece| {
            if filter(&piece) {
                found = Some((id, piece));
            }
        });
        found.unwrap()
    }

    fn name(&self, id: PieceId, tier: u8) -> Endorsement {
        self.0.state.get::<DraftChain>(&(id, tier)).unwrap()
    }
}

#[test]
fn the_law_notices_broken_chains_and_drafts_paid_twice() {
    let town = Town::new();
    let faithful = town.forge(|_| {});
    assert!(town.0.city.workload().check(&faithful).is_ok());

    let chain = "a draft's chain of names leads to its holder without a gap";
    let (id, held) = town.piece(|piece| piece.stage == Stage::Held && piece.tier == 3);
    let name = town.name(id, 3);
    let stolen = Piece {
        holder: AccountId(0),
        ..held
    };
    assert_eq!(town.law::<DraftPieces>(id, stolen), chain);
    let back = Piece { tier: 2, ..held };
    assert_eq!(town.law::<DraftPieces>(id, back), chain);
    assert_eq!(town.law::<DraftChain>((id, 5), name), chain);
    let redeemed = Endorsement {
        redeemed: true,
        ..town.name(id, 2)
    };
    assert_eq!(town.law::<DraftChain>((id, 2), redeemed), chain);
    let elsewhere = PieceId {
        number: 1 << 40,
        ..id
    };
    assert_eq!(town.law::<DraftChain>((elsewhere, 1), name), chain);
    let late = Endorsement {
        at_ns: u64::MAX,
        ..town.name(id, 1)
    };
    assert_eq!(town.law::<DraftChain>((id, 1), late), chain);

    let bank = "what is discounted or pledged is with a bank";
    let to = held.holder;
    for stage in [Stage::Discounted, Stage::Pledged { to }] {
        assert_eq!(town.law::<DraftPieces>(id, Piece { stage, ..held }), bank);
    }

    let paid = "a draft is paid once, or redeemed back along its chain";
    let stage = Stage::Settled;
    assert_eq!(town.law::<DraftPieces>(id, Piece { stage, ..held }), paid);
    let (id, settled) = town.piece(|piece| piece.stage == Stage::Settled);
    let stage = Stage::Held;
    assert_eq!(
        town.law::<DraftPieces>(id, Piece { stage, ..settled }),
        paid
    );
    let more = Piece {
        amount: settled.amount + 1,
        ..settled
    };
    assert_eq!(town.law::<DraftPieces>(id, more), paid);
    assert_eq!(town.law::<DraftPositions>(AccountId(0), 0), paid);
    let (id, redeemed) = town.piece(|piece| piece.stage == Stage::Redeemed);
    let more = Piece {
        amount: redeemed.amount + 1,
        ..redeemed
    };
    assert_eq!(town.law::<DraftPieces>(id, more), paid);

    let limit = "chains stay within their limit";
    let (id, last) = town.piece(|piece| piece.tier == 11);
    let beyond = Piece { tier: 12, ..last };
    let name = Endorsement {
        holder: last.holder,
        ..town.name(id, 11)
    };
    let forged = town.forge(|genesis| {
        genesis.put::<DraftPieces>(&id, &beyond);
        genesis.put::<DraftChain>(&(id, 12), &name);
    });
    let breach = town.0.city.workload().check(&forged).unwrap_err();
    assert_eq!(breach.law, limit);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock: 200, ..town(citizens) };
        let mut run = Run::new(build("drafts", &setup), seed);
        for _ in 0..8 {
            run.blocks(1, 500);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}
