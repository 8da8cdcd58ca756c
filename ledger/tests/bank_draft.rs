//! The rules of bank drafts, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::bank_draft::{
    BankDraftTx, DraftChain, DraftPieces, DraftPositions, Registries, Registry,
};
use groma_ledger::patterns::instrument::{PieceId, Stage};
use groma_ledger::{AccountId, Body, Genesis, Reason};
use invoice_common::{Desk, assert_round_trip, fire, play, seats};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Two drawers, four holders, two banks of two accounts, and strangers.
const DRAWER: u64 = 10;
const FIRM: u64 = 12;
const BANK: u64 = 16;
const STRANGER: u64 = 25;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let registry = Registry {
        drawers: seats(DRAWER, 2, 1),
        holders: seats(FIRM, 4, 1),
        banks: seats(BANK, 2, 2),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn draft(number: u64) -> PieceId {
    PieceId::whole(AccountId(DRAWER), number)
}

fn issue(number: u64, payee: u64, acceptor: u64, amount: u64, due_ns: u64) -> Body {
    let (payee, acceptor) = (AccountId(payee), AccountId(acceptor));
    Body::BankDraft(BankDraftTx::Issue {
        number,
        payee,
        acceptor,
        amount,
        due_ns,
    })
}

fn accept(piece: PieceId) -> Body {
    Body::BankDraft(BankDraftTx::Accept { piece })
}

fn endorse(piece: PieceId, tier: u8, to: u64) -> Body {
    let to = AccountId(to);
    Body::BankDraft(BankDraftTx::Endorse { piece, tier, to })
}

fn discount(piece: PieceId, tier: u8, bank: u64) -> Body {
    let bank = AccountId(bank);
    Body::BankDraft(BankDraftTx::Discount { piece, tier, bank })
}

fn rediscount(piece: PieceId, tier: u8, bank: u64) -> Body {
    let bank = AccountId(bank);
    Body::BankDraft(BankDraftTx::Rediscount { piece, tier, bank })
}

fn pledge(piece: PieceId, bank: u64) -> Body {
    let bank = AccountId(bank);
    Body::BankDraft(BankDraftTx::Pledge { piece, bank })
}

fn release(piece: PieceId) -> Body {
    Body::BankDraft(BankDraftTx::Release { piece })
}

fn present(piece: PieceId) -> Body {
    Body::BankDraft(BankDraftTx::Present { piece })
}

fn pay(piece: PieceId, holder: u64) -> Body {
    let holder = AccountId(holder);
    Body::BankDraft(BankDraftTx::Pay { piece, holder })
}

fn refuse(piece: PieceId) -> Body {
    Body::BankDraft(BankDraftTx::Refuse { piece })
}

fn recourse(piece: PieceId, tier: u8, holder: u64) -> Body {
    let holder = AccountId(holder);
    Body::BankDraft(BankDraftTx::Recourse {
        piece,
        tier,
        holder,
    })
}

#[test]
fn a_draft_is_accepted_passed_on_discounted_and_paid_once() {
    use Reason::*;
    let mut desk = desk();
    let d = draft(1);
    let due = desk.now_ns + 40_000;
    let script = vec![
        (FIRM, issue(1, FIRM, BANK, 100, due), Some(NotPermitted)),
        (
            DRAWER,
            issue(1, DRAWER, BANK, 100, due),
            Some(UnknownRecord),
        ),
        (DRAWER, issue(1, FIRM, FIRM, 100, due), Some(UnknownRecord)),
        (DRAWER, issue(1, FIRM, BANK, 0, due), Some(Malformed)),
        (BANK, accept(d), Some(Dependency)),
        (DRAWER, issue(1, FIRM, BANK, 100, due), None),
        (DRAWER, issue(1, FIRM, BANK, 100, due), Some(AlreadyExists)),
        (FIRM, endorse(d, 1, FIRM + 1), Some(WrongState)),
        (BANK + 1, accept(d), Some(NotPermitted)),
        (BANK, accept(d), None),
        (BANK, accept(d), Some(WrongState)),
        (FIRM, endorse(d, 1, STRANGER), Some(UnknownRecord)),
        (FIRM, endorse(d, 2, FIRM + 1), Some(FalseClaim)),
        (FIRM, endorse(d, 1, FIRM), Some(Malformed)),
        (FIRM + 1, endorse(d, 1, FIRM + 2), Some(NotPermitted)),
        (FIRM, endorse(d, 1, FIRM + 1), None),
        (FIRM + 1, pledge(d, FIRM), Some(UnknownRecord)),
        (FIRM, pledge(d, BANK), Some(NotPermitted)),
        (FIRM + 1, release(d), Some(WrongState)),
        (FIRM + 1, pledge(d, BANK + 2), None),
        (FIRM + 1, endorse(d, 2, FIRM), Some(WrongState)),
        (FIRM + 1, present(d), Some(WrongState)),
        (BANK, release(d), Some(NotPermitted)),
        (BANK + 2, release(d), None),
        (FIRM + 1, rediscount(d, 2, BANK + 2), Some(WrongState)),
        (FIRM + 1, discount(d, 2, BANK + 2), None),
        (FIRM + 1, discount(d, 2, BANK + 3), Some(AlreadySpent)),
        (BANK, rediscount(d, 3, BANK + 1), Some(NotPermitted)),
        (BANK + 2, rediscount(d, 3, BANK + 3), None),
        (BANK + 3, present(d), Some(TooEarly)),
    ];
    play(&mut desk, script);
    desk.now_ns = due;
    let script = vec![
        (BANK + 2, present(d), Some(NotPermitted)),
        (BANK, pay(d, BANK + 3), Some(AlreadySpent)),
        (BANK + 3, present(d), None),
        (BANK + 3, present(d), Some(WrongState)),
        (STRANGER, pay(d, BANK + 3), Some(NotPermitted)),
        (BANK, pay(d, FIRM), Some(FalseClaim)),
        (BANK, pay(d, BANK + 3), None),
        (BANK, pay(d, BANK + 3), Some(AlreadySpent)),
        (BANK, refuse(d), Some(AlreadySpent)),
    ];
    play(&mut desk, script);
    let position = |account| desk.record::<DraftPositions>(&AccountId(account));
    assert_eq!([BANK, BANK + 3].map(position), [-100, 100]);
    let names = [1, 2, 3, 4].map(|tier| desk.record::<DraftChain>(&(d, tier)).holder.0);
    assert_eq!(names, [FIRM, FIRM + 1, BANK + 2, BANK + 3]);
}

#[test]
fn who_signed_a_refused_draft_answers_for_it() {
    use Reason::*;
    let mut desk = desk();
    let d = draft(1);
    let script = vec![
        (DRAWER, issue(1, FIRM, BANK, 100, 0), None),
        (BANK, accept(d), None),
        (FIRM, endorse(d, 1, FIRM + 1), None),
        (FIRM + 1, endorse(d, 2, FIRM + 2), None),
        (FIRM + 2, endorse(d, 3, FIRM + 3), None),
        (BANK, refuse(d), Some(WrongState)),
        (FIRM + 3, present(d), None),
        (FIRM + 2, recourse(d, 3, FIRM + 3), Some(WrongState)),
        (BANK + 1, refuse(d), Some(NotPermitted)),
        (BANK, refuse(d), None),
        (BANK, pay(d, FIRM + 3), Some(WrongState)),
        (FIRM + 3, recourse(d, 4, FIRM + 3), Some(WrongState)),
        (FIRM + 1, recourse(d, 3, FIRM + 3), Some(NotPermitted)),
        (FIRM + 2, recourse(d, 3, FIRM + 1), Some(FalseClaim)),
        (FIRM + 2, recourse(d, 3, FIRM + 3), None),
        (FIRM + 2, recourse(d, 3, FIRM + 3), Some(WrongState)),
        // It may leap over names.
        (FIRM, recourse(d, 1, FIRM + 2), None),
        (FIRM + 1, recourse(d, 2, FIRM), Some(WrongState)),
        (STRANGER, recourse(d, 0, FIRM), Some(NotPermitted)),
        (DRAWER, recourse(d, 0, FIRM), None),
        (DRAWER, recourse(d, 0, FIRM), Some(AlreadySpent)),
    ];
    play(&mut desk, script);
    let position = |account| desk.record::<DraftPositions>(&AccountId(account));
    let paid = [DRAWER, FIRM, FIRM + 2, FIRM + 3].map(position);
    assert_eq!(paid, [-100, 0, 0, 100]);
    assert_eq!(desk.record::<DraftPieces>(&d).stage, Stage::Redeemed);
}

#[test]
fn a_chain_has_a_payee_and_ten_names() {
    let mut desk = desk();
    let mut script = vec![
        (DRAWER, issue(1, FIRM, BANK, 100, 0), None),
        (BANK, accept(draft(1)), None),
    ];
    for tier in 1..=11_u8 {
        let refusal = (tier == 11).then_some(Reason::QuotaExceeded);
        let hand = |tier: u8| FIRM + u64::from(tier % 2);
        script.push((hand(tier - 1), endorse(draft(1), tier, hand(tier)), refusal));
    }
    play(&mut desk, script);
}

/// Any transaction over two drafts, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let body = (0..14_u8, 0..2_u64, 0..6_u8, FIRM..BANK + 4);
    let body = body.prop_map(|(kind, number, tier, other)| {
        let piece = draft(number);
        match kind {
            0 => issue(number, other, BANK, 100, 0),
            1 => accept(piece),
            2..5 => endorse(piece, tier, other),
            5 => discount(piece, tier, other),
            6 => rediscount(piece, tier, other),
            7 => pledge(piece, other),
            8 => release(piece),
            9 => present(piece),
            10 => pay(piece, other),
            11 => refuse(piece),
            _ => recourse(piece, tier, other),
        }
    });
    (prop_oneof![Just(BANK), DRAWER..BANK + 4], body)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_pays_nothing_twice(shots in proptest::collection::vec(shot(), 1..600)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        let mut sum = 0;
        desk.state.for_each::<DraftPositions>(|_, position| sum += position);
        prop_assert_eq!(sum, 0);
        let mut names = BTreeMap::new();
        desk.state.for_each::<DraftChain>(|(id, tier), name| { names.insert((id, tier), name); });
        let mut paid = 0;
        desk.state.for_each::<DraftPieces>(|id, piece| {
            if piece.tier > 0 {
                assert_eq!(names[&(id, piece.tier)].holder, piece.holder);
            }
            paid += i64::from(matches!(piece.stage, Stage::Settled));
        });
        let bank = desk.state.get::<DraftPositions>(&AccountId(BANK)).unwrap_or(0);
        prop_assert!(bank >= -100 * paid - 100 * names.len() as i64);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        assert_round_trip(shot.0, &shot.1);
    }
}
