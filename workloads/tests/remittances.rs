//! Remittances against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::patterns::escrow::{Lock, Pot, Stage};
use groma_ledger::remittance::{
    QuoteId, Quotes, RemittanceLocks, RemittancePots, RemittanceTx, Transfer, TransferId, Transfers,
};
use groma_ledger::{AccountId, Body};

#[test]
fn the_mix_and_the_sizes_are_the_catalogues_and_no_money_is_made() {
    let mut run = Run::new(build("remittances", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        for signed in &block {
            let Body::Remittance(tx) = &signed.transaction.body else {
                panic!("{signed:?}")
            };
            let bytes = match tx {
                RemittanceTx::Lock(_) => 420,
                RemittanceTx::Release { .. } => 340,
                _ => 280,
            };
            assert_eq!(signed.wire_bytes, bytes, "{tx:?}");
        }
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["quote"], 0.2),
            (&["lock"], 0.28),
            (&["clear"], 0.27),
            (&["release"], 0.225),
            (&["refund"], 0.025),
        ],
    );
    let money = u128::from(run.state.accounts()) * 1_000_000;
    assert_eq!(run.state.audit().total_balance, money);
    assert!(run.city.workload().check(&run.state).unwrap() > 30_000);
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "wrong_state",
        "bad_proof",
        "not_permitted",
        "too_early",
        "already_spent",
    ];
    assert_refusals("remittances", &reasons);
}

/// A small town after 20,000 transactions.
fn small() -> Town {
    let tables = &[
        copy::<Quotes>,
        copy::<RemittancePots>,
        copy::<RemittanceLocks>,
        copy::<Transfers>,
    ];
    Town::after("remittances", &town(2_000), (20, 1_000), tables)
}

/// Some remittance at that stage.
fn at(town: &Town, stage: Stage) -> (TransferId, Lock, Transfer) {
    let (id, lock) = town.find::<RemittanceLocks>(|_, lock| lock.stage == stage);
    (id, lock, town.get::<Transfers>(&id))
}

#[test]
fn the_law_notices_what_went_both_ways_or_the_wrong_one() {
    let town = small();
    let one_way = "funds are released in time or refunded after it";
    let (id, lock, transfer) = at(&town, Stage::Released);
    let with = |change: &dyn Fn(&mut Transfer)| {
        let mut forged = transfer;
        change(&mut forged);
        town.law::<Transfers>(id, forged)
    };
    assert_eq!(with(&|forged| forged.cleared = Some(false)), one_way);
    assert_eq!(with(&|forged| forged.preimage = None), one_way);
    assert_eq!(with(&|forged| forged.preimage = Some([1; 32])), one_way);
    assert_eq!(with(&|forged| forged.ended_ns = None), one_way);
    assert_eq!(
        with(&|forged| forged.ended_ns = Some(lock.until_ns)),
        one_way
    );
    // The stage alone: the books of the pot agree, but not those of the remittance.
    let refunded = Lock {
        stage: Stage::Refunded,
        paid_to: lock.payer,
        ..lock
    };
    assert_eq!(town.law::<RemittanceLocks>(id, refunded), one_way);

    let (id, lock, transfer) = at(&town, Stage::Refunded);
    let early = Transfer {
        ended_ns: Some(lock.until_ns - 1),
        ..transfer
    };
    let shown = Transfer {
        preimage: Some([1; 32]),
        ..transfer
    };
    assert_eq!(town.law::<Transfers>(id, early), one_way);
    assert_eq!(town.law::<Transfers>(id, shown), one_way);
    let nobodys = TransferId {
        payer: AccountId(0),
        number: u64::MAX,
    };
    assert_eq!(town.law::<Transfers>(nobodys, transfer), one_way);
    let nowhere = QuoteId {
        bank: 99,
        number: 0,
    };
    let quote = nowhere;
    let quoted = "a remittance arrives at the rate of its quote";
    assert_eq!(
        town.law::<Transfers>(id, Transfer { quote, ..transfer }),
        quoted
    );
    let arrives = transfer.arrives + 1;
    assert_eq!(
        town.law::<Transfers>(
            id,
            Transfer {
                arrives,
                ..transfer
            }
        ),
        quoted
    );
}

#[test]
fn the_law_notices_money_that_went_to_somebody_else() {
    let town = small();
    let paid = "what is released is with its payee, and what goes back with its payer";
    for stage in [Stage::Locked, Stage::Released, Stage::Refunded] {
        let (id, lock, _) = at(&town, stage);
        let others = [None, Some(AccountId(u64::MAX)), Some(lock.payee)];
        let wrong = others.into_iter().filter(|to| *to != lock.paid_to);
        let forged = wrong.map(|paid_to| Lock { paid_to, ..lock });
        for lock in forged {
            assert_eq!(town.law::<RemittanceLocks>(id, lock), paid, "{lock:?}");
        }
    }
}

#[test]
fn balances_are_what_the_locks_say() {
    // Nobody else moves money in this town, so that every balance can be told from the locks.
    let run = small().run;
    let people = groma_workloads::People::new(2_000).unwrap();
    let mut expected = vec![1_000_000_i64; 2_000];
    run.state.for_each::<RemittanceLocks>(|id, lock| {
        // The tax bureau has locked the stock, of 2,000 pieces.
        if id.number >= 2_000 {
            expected[id.payer.0 as usize] -= lock.amount as i64;
        }
        if let Some(to) = lock.paid_to {
            expected[to.0 as usize] += lock.amount as i64;
        }
    });
    assert!(expected.iter().any(|balance| *balance != 1_000_000));
    for (index, expected) in (0_u64..).zip(expected) {
        let balance = run.state.account(people.citizen(index)).unwrap().balance;
        assert_eq!(balance as i64, expected, "citizen {index}");
    }
}

#[test]
fn the_law_notices_money_that_is_made_or_lost() {
    let town = small();
    let conserved = "what came in went out or is locked";
    let (id, lock, _) = at(&town, Stage::Locked);
    let released = Lock {
        stage: Stage::Released,
        ..lock
    };
    assert_eq!(town.law::<RemittanceLocks>(id, released), conserved);
    let pot = town.get::<RemittancePots>(&lock.pot);
    let more = Pot {
        paid_in: pot.paid_in + 1,
        ..pot
    };
    assert_eq!(town.law::<RemittancePots>(lock.pot, more), conserved);
    // Somebody's money, which is bound to nobody.
    let idle = town.law_of(|genesis| {
        genesis.put::<RemittancePots>(&lock.pot, &more);
        *genesis.balances.get_mut(&lock.pot.vault).unwrap() += 1;
    });
    assert_eq!(idle, conserved);
    let stolen = town.law_of(|genesis| {
        *genesis.balances.get_mut(&lock.pot.vault).unwrap() -= 1;
    });
    assert_eq!(stolen, conserved);
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("remittances");
}
