//! The operations of SmallBank in both books, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::smallbank::{
    AMOUNT_LIMIT, Book, Checking, Customers, Operation, Savings, SmallBankTallies, SmallBankTx,
    opening,
};
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::{Desk, fire};
use proptest::prelude::*;

const CUSTOMERS: u64 = 4;

fn desk() -> Desk {
    let mut genesis = Genesis::new(10, 0);
    genesis.put::<Customers>(&Book::Original, &CUSTOMERS);
    genesis.put::<Customers>(&Book::Blockbench, &CUSTOMERS);
    Desk::new(&genesis)
}

fn tx(book: Book, operation: Operation) -> Body {
    Body::SmallBank(SmallBankTx { book, operation })
}

fn deposit(customer: u64, amount: u64) -> Operation {
    Operation::DepositChecking { customer, amount }
}

fn save(customer: u64, amount: i64) -> Operation {
    Operation::TransactSavings { customer, amount }
}

fn check(customer: u64, amount: u64) -> Operation {
    Operation::WriteCheck { customer, amount }
}

fn send(from: u64, to: u64, amount: u64) -> Operation {
    Operation::SendPayment { from, to, amount }
}

fn amalgamate(from: u64, to: u64) -> Operation {
    Operation::Amalgamate { from, to }
}

/// What a customer holds, savings and checking.
fn held(desk: &Desk, book: Book, customer: u64) -> (i64, i64) {
    let key = (book, customer);
    let (savings, checking) = opening(key);
    (
        desk.state.get::<Savings>(&key).unwrap_or(savings),
        desk.state.get::<Checking>(&key).unwrap_or(checking),
    )
}

#[test]
fn the_original_moves_money_and_makes_none() {
    use Reason::*;
    let mut desk = desk();
    let (savings, checking) = opening((Book::Original, 0));
    let all = (savings + checking) as u64;
    let (_, other) = opening((Book::Original, 1));
    let script = [
        (Operation::Balance { customer: 3 }, None),
        (Operation::Balance { customer: 4 }, Some(UnknownRecord)),
        (deposit(4, 1), Some(UnknownRecord)),
        (send(0, 4, 1), Some(UnknownRecord)),
        (deposit(0, AMOUNT_LIMIT + 1), Some(Malformed)),
        (save(0, i64::MIN), Some(Malformed)),
        (save(0, -savings - 1), Some(InsufficientFunds)),
        (send(0, 1, checking as u64 + 1), Some(InsufficientFunds)),
        (send(0, 0, 1), Some(Malformed)),
        (amalgamate(0, 0), Some(Malformed)),
        (amalgamate(0, 1), None),
        (send(0, 1, 1), Some(InsufficientFunds)),
        (deposit(0, 130), None),
        (save(0, 2_020), None),
        (save(0, -20), None),
        // Covered by both accounts, so without a fee; the next one is not.
        (check(0, 500), None),
        (check(0, 1_631), None),
        (send(1, 0, 5), None),
    ];
    for (step, (operation, refusal)) in script.into_iter().enumerate() {
        let found = desk.submit(9, tx(Book::Original, operation.clone()));
        assert_eq!(
            found,
            refusal.map_or(Ok(()), Err),
            "step {step}: {operation:?}"
        );
    }
    let left = 130 - 500 - 1_631 - 100 + 5;
    assert_eq!(held(&desk, Book::Original, 0), (2_000, left));
    let (_, grown) = held(&desk, Book::Original, 1);
    assert_eq!(grown, other + all as i64 - 5);
    let brought = desk.record::<SmallBankTallies>(&(AccountId(9), 0));
    assert_eq!(brought, 130 + 2_020 - 20 - 500 - 1_731);
}

#[test]
fn the_book_of_blockbench_keeps_its_faults() {
    let mut desk = desk();
    let book = Book::Blockbench;
    let mut submit = |operation| assert_eq!(desk.submit(9, tx(book, operation)), Ok(()));
    submit(check(1, 0));
    submit(deposit(0, 70));
    submit(save(0, 30));
    submit(deposit(1, 5));
    // Savings of the one and checking of the other are copied; the one's checking is forgotten.
    submit(amalgamate(0, 1));
    submit(send(2, 3, 8));
    // Who can pay is charged the fee.
    submit(check(3, 7));
    submit(Operation::Balance { customer: 0 });
    assert_eq!(held(&desk, book, 0), (30, 0));
    assert_eq!(held(&desk, book, 1), (35, 5));
    assert_eq!(held(&desk, book, 2), (0, -8));
    assert_eq!(held(&desk, book, 3), (0, 0));
    assert_eq!(desk.state.count::<SmallBankTallies>(), 0);
    let stranger = desk.submit(9, tx(book, deposit(CUSTOMERS, 0)));
    assert_eq!(stranger, Err(Reason::UnknownRecord));
}

#[test]
fn a_ledger_without_a_bank_has_no_customers() {
    let mut desk = Desk::new(&Genesis::new(1, 0));
    let found = desk.submit(0, tx(Book::Original, deposit(0, 1)));
    assert_eq!(found, Err(Reason::UnknownRecord));
}

#[test]
fn opening_balances_fill_their_range() {
    let (mut least, mut most) = (i64::MAX, 0);
    for customer in 0..100_000 {
        let (savings, checking) = opening((Book::Original, customer));
        least = least.min(savings).min(checking);
        most = most.max(savings).max(checking);
    }
    assert!((1_000_000..1_001_000).contains(&least), "{least}");
    assert!((4_999_000..=5_000_000).contains(&most), "{most}");
}

fn shot() -> impl Strategy<Value = (u64, Body)> {
    let book = prop_oneof![Just(Book::Original), Just(Book::Blockbench)];
    let amount = prop_oneof![Just(0_u64), 0..3_000_000_u64, 4_000_000..12_000_000_u64];
    let operation =
        (0..6_u8, 0..=CUSTOMERS, 0..CUSTOMERS, amount).prop_map(|(kind, one, other, amount)| {
            match kind {
                0 => Operation::Balance { customer: one },
                1 => deposit(one, amount),
                2 => save(one, amount as i64 - 2_000_000),
                3 => amalgamate(one, other),
                4 => check(one, amount),
                _ => send(one, other, amount),
            }
        });
    (0..10_u64, book, operation).prop_map(|(sender, book, operation)| (sender, tx(book, operation)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_makes_no_money_in_the_original(
        shots in proptest::collection::vec(shot(), 1..400),
    ) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        let mut gained = 0;
        for customer in 0..CUSTOMERS {
            let (savings, checking) = held(&desk, Book::Original, customer);
            let (opening_savings, opening_checking) = opening((Book::Original, customer));
            gained += savings + checking - opening_savings - opening_checking;
            prop_assert!(savings >= 0);
        }
        let mut brought = 0;
        desk.state.for_each::<SmallBankTallies>(|_, tally| brought += tally);
        prop_assert_eq!(gained, brought);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
