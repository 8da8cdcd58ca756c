//! Remittances against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_lawful, assert_refusals, assert_shares, balances, build, honest, town};
use groma_ledger::patterns::escrow::{Lock, Pot, Stage};
use groma_ledger::remittance::{
    QuoteId, Quotes, RemittanceLocks, RemittancePots, RemittanceTx, Transfer, TransferId, Transfers,
};
use groma_ledger::{AccountId, Body, Genesis, State, Table};
use proptest::prelude::*;

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

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("remittances", &town(2_000)), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    fn forge(&self, change: impl FnOnce(&mut Genesis)) -> State {
        let state = &self.0.state;
        let mut genesis = balances(state);
        state.for_each::<Quotes>(|key, value| genesis.put::<Quotes>(&key, &value));
        state.for_each::<RemittancePots>(|key, value| genesis.put::<RemittancePots>(&key, &value));
        state.for_each::<RemittanceLocks>(|key, value| {
            genesis.put::<RemittanceLocks>(&key, &value);
        });
        state.for_each::<Transfers>(|key, value| genesis.put::<Transfers>(&key, &value));
        change(&mut genesis);
        State::genesis(&genesis)
    }

    fn law_of(&self, change: impl FnOnce(&mut Genesis)) -> &'static str {
        let forged = self.forge(change);
        self.0.city.workload().check(&forged).unwrap_err().law
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        self.law_of(|genesis| genesis.put::<T>(&key, &value))
    }

    /// Some remittance at that stage.
    fn at(&self, stage: Stage) -> (TransferId, Lock, Transfer) {
        let mut found = None;
        self.0.state.for_each::<RemittanceLocks>(|id, lock| {
            if lock.stage == stage {
                found = Some((id, lock, self.0.state.get::<Transfers>(&id).unwrap()));
            }
        });
        found.unwrap()
    }
}

#[test]
fn the_law_notices_what_went_both_ways_or_the_wrong_one() {
    let town = Town::new();
    assert!(town.0.city.workload().check(&town.forge(|_| {})).is_ok());
    let one_way = "funds are released in time or refunded after it";
    let (id, lock, transfer) = town.at(Stage::Released);
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

    let (id, lock, transfer) = town.at(Stage::Refunded);
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
    let town = Town::new();
    let paid = "what is released is with its payee, and what goes back with its payer";
    for stage in [Stage::Locked, Stage::Released, Stage::Refunded] {
        let (id, lock, _) = town.at(stage);
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
    let Town(run) = Town::new();
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
    let town = Town::new();
    let conserved = "what came in went out or is locked";
    let (id, lock, _) = town.at(Stage::Locked);
    let released = Lock {
        stage: Stage::Released,
        ..lock
    };
    assert_eq!(town.law::<RemittanceLocks>(id, released), conserved);
    let pot = town.0.state.get::<RemittancePots>(&lock.pot).unwrap();
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        assert_lawful("remittances", citizens, seed, lag);
    }
}
