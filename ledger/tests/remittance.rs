//! The rules of cross-border payments, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::patterns::escrow::Stage;
use groma_ledger::remittance::{
    Order, QuoteId, Registries, Registry, RemittanceLocks, RemittancePots, RemittanceTx,
    TransferId, Transfers, hash_of, pot,
};
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::{Desk, fire, seats};
use proptest::prelude::*;

/// Two banks of two accounts, an office of two, two vaults.
const BANK: u64 = 10;
const OFFICE: u64 = 14;
const VAULT: u64 = 16;
const PAYER: u64 = 1;
const PAYEE: u64 = 5;
const NEVER: u64 = u64::MAX;
const SECRET: [u8; 32] = [9; 32];

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 1_000);
    let registry = Registry {
        banks: seats(BANK, 2, 2),
        compliance: seats(OFFICE, 1, 2),
        vaults: seats(VAULT, 1, 2),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

const QUOTE: QuoteId = QuoteId { bank: 0, number: 3 };

fn quote(quote: QuoteId, rate_ppm: u32, until_ns: u64) -> RemittanceTx {
    RemittanceTx::Quote {
        quote,
        rate_ppm,
        until_ns,
    }
}

fn order(number: u64, amount: u64, until_ns: u64) -> Order {
    Order {
        number,
        quote: QUOTE,
        vault: AccountId(VAULT),
        payee: AccountId(PAYEE),
        amount,
        hash: hash_of(&SECRET),
        until_ns,
    }
}

fn lock(order: Order) -> RemittanceTx {
    RemittanceTx::Lock(Box::new(order))
}

fn id(number: u64) -> TransferId {
    TransferId {
        payer: AccountId(PAYER),
        number,
    }
}

fn clear(number: u64, passed: bool) -> RemittanceTx {
    let transfer = id(number);
    RemittanceTx::Clear { transfer, passed }
}

fn release(number: u64, vault: u64, preimage: [u8; 32]) -> RemittanceTx {
    RemittanceTx::Release {
        transfer: id(number),
        vault: AccountId(vault),
        preimage,
    }
}

fn refund(number: u64, vault: u64) -> RemittanceTx {
    let vault = AccountId(vault);
    RemittanceTx::Refund { number, vault }
}

#[track_caller]
fn play(desk: &mut Desk, script: Vec<(u64, RemittanceTx, Option<Reason>)>) {
    for (step, (sender, tx, refusal)) in script.into_iter().enumerate() {
        let expected = refusal.map_or(Ok(()), Err);
        let found = desk.submit(sender, Body::Remittance(tx.clone()));
        assert_eq!(found, expected, "step {step}: {tx:?}");
    }
}

fn balance(desk: &Desk, account: u64) -> u64 {
    desk.state.account(AccountId(account)).unwrap().balance
}

#[test]
fn money_is_locked_at_a_quote() {
    use Reason::*;
    let mut desk = desk();
    let soon = desk.now_ns + 7_500;
    let other = QuoteId { bank: 1, number: 3 };
    let elsewhere = Order {
        vault: AccountId(VAULT + 2),
        ..order(1, 400, NEVER)
    };
    let to_a_vault = Order {
        payee: AccountId(VAULT + 1),
        ..order(1, 400, NEVER)
    };
    play(
        &mut desk,
        vec![
            (PAYER, quote(QUOTE, 9, NEVER), Some(NotPermitted)),
            (BANK, quote(other, 9, NEVER), Some(NotPermitted)),
            (BANK, quote(QUOTE, 0, NEVER), Some(Malformed)),
            (BANK, quote(QUOTE, 9, 1), Some(Malformed)),
            (PAYER, lock(order(1, 400, NEVER)), Some(Dependency)),
            (BANK, quote(QUOTE, 9, soon), None),
            (BANK + 1, quote(QUOTE, 9, NEVER), Some(AlreadyExists)),
            (PAYER, lock(order(1, 400, NEVER)), Some(WrongState)),
            (BANK + 2, quote(other, 9, NEVER), None),
        ],
    );
    let dear = QuoteId { bank: 0, number: 4 };
    let at_dear = |amount| {
        lock(Order {
            quote: dear,
            ..order(2 + amount / 2, amount, NEVER)
        })
    };
    let at_other = |order| {
        lock(Order {
            quote: other,
            ..order
        })
    };
    play(
        &mut desk,
        vec![
            (PAYER, at_other(elsewhere), Some(UnknownRecord)),
            (PAYER, at_other(to_a_vault), Some(NotPermitted)),
            (VAULT, at_other(order(1, 400, NEVER)), Some(NotPermitted)),
            (PAYER, at_other(order(1, 0, NEVER)), Some(Malformed)),
            (PAYER, at_other(order(1, 400, 1)), Some(Malformed)),
            (
                PAYER,
                at_other(order(1, 1_001, NEVER)),
                Some(InsufficientFunds),
            ),
            (PAYER, at_other(order(1, 400, NEVER)), None),
            (PAYER, at_other(order(1, 400, NEVER)), Some(AlreadyExists)),
            (BANK, quote(dear, 2_500_000, NEVER), None),
            (PAYER, at_dear(1), None),
            (PAYER, at_dear(u64::MAX), Some(Malformed)),
        ],
    );
    let arrives = |number| desk.record::<Transfers>(&id(number)).arrives;
    assert_eq!([arrives(1), arrives(2)], [0, 2], "rounded down");
    assert_eq!((balance(&desk, PAYER), balance(&desk, VAULT)), (599, 1_401));
}

#[test]
fn funds_are_released_in_time_or_refunded_after_it_and_never_both() {
    use Reason::*;
    let mut desk = desk();
    let soon = desk.now_ns + 15_500;
    let wrong = [8; 32];
    play(
        &mut desk,
        vec![
            (BANK, quote(QUOTE, 9, NEVER), None),
            (OFFICE, clear(1, true), Some(Dependency)),
            (PAYER, lock(order(1, 400, NEVER)), None),
            (PAYER, lock(order(2, 300, soon)), None),
            (PAYER, lock(order(3, 200, NEVER)), None),
            (PAYEE, release(1, VAULT, SECRET), Some(WrongState)),
            (BANK, clear(1, true), Some(NotPermitted)),
            (OFFICE, clear(1, true), None),
            (OFFICE + 1, clear(1, false), Some(WrongState)),
            (PAYEE, release(1, VAULT, wrong), Some(BadProof)),
            (PAYER, release(1, VAULT, SECRET), Some(NotPermitted)),
            (PAYEE, release(1, VAULT + 1, SECRET), Some(FalseClaim)),
            (PAYER, refund(1, VAULT), Some(TooEarly)),
            (PAYEE, release(1, VAULT, SECRET), None),
            (PAYEE, release(1, VAULT, SECRET), Some(AlreadySpent)),
            // The time of the second has come.
            (OFFICE, clear(2, true), None),
            (PAYEE, release(2, VAULT, SECRET), Some(WrongState)),
            (PAYEE, refund(2, VAULT), Some(Dependency)),
            (PAYER, refund(2, VAULT), None),
            (PAYER, refund(2, VAULT), Some(AlreadySpent)),
            (PAYEE, release(2, VAULT, SECRET), Some(AlreadySpent)),
            (PAYER, refund(1, VAULT), Some(AlreadySpent)),
            (OFFICE, clear(3, false), None),
            (PAYEE, release(3, VAULT, SECRET), Some(WrongState)),
        ],
    );
    assert_eq!((balance(&desk, PAYER), balance(&desk, PAYEE)), (400, 1_400));
    let pot = desk.record::<RemittancePots>(&pot(AccountId(VAULT)));
    assert_eq!((pot.paid_in, pot.paid_out, pot.locked), (900, 700, 200));
    let shown = |number| desk.record::<Transfers>(&id(number)).preimage;
    assert_eq!([1, 2].map(shown), [Some(SECRET), None]);
}

/// Any transaction of few people, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let numbers = (0..8_u8, 0..4_u64, 0..2_u64, 0..400_u64, 2_000..9_000_u64);
    let tx = numbers.prop_map(|(kind, number, vault, amount, until_ns)| match kind {
        0 => (BANK, quote(QUOTE, 9, NEVER)),
        1 | 2 => {
            let vault = AccountId(VAULT + vault);
            let order = order(number, amount, until_ns);
            (PAYER, lock(Order { vault, ..order }))
        }
        3 | 4 => (OFFICE, clear(number, amount > 100)),
        5 | 6 => (PAYEE, release(number, VAULT + vault, SECRET)),
        _ => (PAYER, refund(number, VAULT + vault)),
    });
    (tx, 0..9_u64).prop_map(|((sender, tx), other)| {
        let sender = if other == 0 { VAULT } else { sender };
        (sender, Body::Remittance(tx))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_makes_and_loses_no_money(shots in proptest::collection::vec(shot(), 1..500)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        prop_assert_eq!(desk.state.audit().total_balance, 30 * 1_000);
        let (mut locked, mut sound) = (0, true);
        desk.state.for_each::<RemittanceLocks>(|id, lock| {
            let transfer = desk.state.get::<Transfers>(&id).unwrap();
            sound &= match lock.stage {
                Stage::Locked => {
                    locked += lock.amount;
                    transfer.ended_ns.is_none()
                }
                Stage::Released => transfer.ended_ns.unwrap() < lock.until_ns,
                Stage::Refunded => transfer.ended_ns.unwrap() >= lock.until_ns,
            };
            sound &= transfer.preimage.is_some() == (lock.stage == Stage::Released);
        });
        prop_assert!(sound);
        let held = balance(&desk, VAULT) + balance(&desk, VAULT + 1);
        prop_assert_eq!(held, 2 * 1_000 + locked);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
