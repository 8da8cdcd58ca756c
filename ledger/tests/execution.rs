//! Payments through both executors: equal answers, conservation, replay.
#![allow(clippy::unwrap_used)]

use groma_ledger::payment::Payment;
use groma_ledger::{
    AccountId, BlockInput, Body, Execution, Executor, Genesis, Keyring, Outcome, Parallel, Reason,
    Serial, SignedTransaction, State, Transaction,
};
use proptest::prelude::*;
use std::sync::Arc;

const ACCOUNTS: u64 = 200;
const BALANCE: u64 = 100;

fn send(sender: u64, nonce: u64, payment: Payment) -> Transaction {
    Transaction {
        sender: AccountId(sender),
        nonce,
        filler: 0,
        body: Body::Payment(payment),
    }
}

fn transfer(sender: u64, nonce: u64, to: u64, amount: u64) -> Transaction {
    send(
        sender,
        nonce,
        Payment::Transfer {
            to: AccountId(to),
            amount,
        },
    )
}

fn signed(transactions: Vec<Transaction>) -> Vec<Arc<SignedTransaction>> {
    let ring = Keyring::priced();
    transactions
        .into_iter()
        .map(|transaction| Arc::new(ring.sign(transaction)))
        .collect()
}

fn run(
    executor: &dyn Executor,
    parent: &State,
    transactions: &[Arc<SignedTransaction>],
) -> Execution {
    executor.execute(
        parent,
        &BlockInput {
            height: 1,
            timestamp_ns: 5,
            transactions,
        },
    )
}

/// A small city in which everything collides: few accounts, few nonces.
fn colliding() -> impl Strategy<Value = Transaction> {
    // One in three goes to or from a hot account; ids beyond ACCOUNTS do not exist.
    let account = || prop_oneof![1 => 0u64..3, 2 => 0u64..ACCOUNTS + 2].prop_map(AccountId);
    let payment = prop_oneof![
        6 => (account(), 0u64..120).prop_map(|(to, amount)| Payment::Transfer { to, amount }),
        1 => (account(), 0u64..120).prop_map(|(to, amount)| Payment::Refund { to, amount }),
        1 => (proptest::collection::vec(account(), 0..5), 0u64..40)
            .prop_map(|(to, each)| Payment::Split { to: to.into(), each }),
        2 => account().prop_map(|of| Payment::Balance { of }),
    ];
    (account(), 0u64..300, payment).prop_map(|(sender, nonce, payment)| Transaction {
        sender,
        nonce,
        filler: 0,
        body: Body::Payment(payment),
    })
}

proptest! {
    #[test]
    fn both_executors_agree_and_conserve(
        blocks in proptest::collection::vec(proptest::collection::vec(colliding(), 0..400), 1..4),
        threads in 1usize..4,
    ) {
        let genesis = State::genesis(&Genesis::new(ACCOUNTS, BALANCE));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut state = genesis.clone();
        for block in blocks {
            let block = signed(block);
            let serial = run(&Serial, &state, &block);
            let parallel = pool.install(|| run(&Parallel, &state, &block));
            prop_assert_eq!(&serial.outcomes, &parallel.outcomes);
            prop_assert_eq!(serial.root, parallel.root);
            prop_assert_eq!(serial.touched, parallel.touched);
            prop_assert_eq!(serial.state.audit(), genesis.audit());
            state = serial.state;
        }
    }

    #[test]
    fn a_block_cut_in_two_ends_in_the_same_root(
        block in proptest::collection::vec(colliding(), 0..200),
        cut: prop::sample::Index,
    ) {
        let state = State::genesis(&Genesis::new(ACCOUNTS, BALANCE));
        let block = signed(block);
        let whole = run(&Serial, &state, &block);
        let (first, second) = block.split_at(cut.index(block.len() + 1));
        let first = run(&Serial, &state, first);
        let second = run(&Serial, &first.state, second);
        prop_assert_eq!(whole.root, second.root);
        prop_assert_eq!(whole.outcomes, [first.outcomes, second.outcomes].concat());
    }

    #[test]
    fn every_account_can_be_proved(
        block in proptest::collection::vec(colliding(), 0..100),
        id in 0..ACCOUNTS,
    ) {
        let genesis = State::genesis(&Genesis::new(ACCOUNTS, BALANCE));
        let after = run(&Serial, &genesis, &signed(block));
        let proof = after.state.prove_account(AccountId(id)).unwrap();
        prop_assert!(proof.verify(&after.root));
        prop_assert_eq!(proof.account(), after.state.account(AccountId(id)));
        prop_assert_eq!(proof.verify(&genesis.root()), after.root == genesis.root());
    }
}

#[test]
fn each_refusal_has_its_reason() {
    let state = State::genesis(&Genesis::new(3, 100));
    let split = |each, to: &[u64]| {
        let to = to.iter().map(|&id| AccountId(id)).collect();
        Payment::Split { to, each }
    };
    let cases = vec![
        (transfer(0, 0, 1, 60), Outcome::Applied),
        (transfer(0, 0, 1, 60), Outcome::Rejected(Reason::Duplicate)),
        (
            transfer(0, 1, 1, 60),
            Outcome::Rejected(Reason::InsufficientFunds),
        ),
        (transfer(0, 1, 1, 10), Outcome::Rejected(Reason::Duplicate)),
        (transfer(0, 2, 1, 0), Outcome::Rejected(Reason::Malformed)),
        (
            transfer(0, 3, 3, 1),
            Outcome::Rejected(Reason::UnknownRecord),
        ),
        (
            transfer(3, 0, 0, 1),
            Outcome::Rejected(Reason::UnknownRecord),
        ),
        (transfer(0, 4, 0, 40), Outcome::Applied),
        (
            transfer(0, 5, 0, 41),
            Outcome::Rejected(Reason::InsufficientFunds),
        ),
        (
            transfer(0, u64::MAX, 1, 1),
            Outcome::Rejected(Reason::Duplicate),
        ),
        // The second of two shares fails, so the first is taken back.
        (
            send(0, 6, split(30, &[1, 2])),
            Outcome::Rejected(Reason::InsufficientFunds),
        ),
        (send(0, 7, split(20, &[1, 2])), Outcome::Applied),
        (
            send(0, 8, split(1, &[])),
            Outcome::Rejected(Reason::Malformed),
        ),
        (
            send(1, 0, split(1, &[0; 65])),
            Outcome::Rejected(Reason::Malformed),
        ),
        (
            send(2, 0, Payment::Balance { of: AccountId(9) }),
            Outcome::Rejected(Reason::UnknownRecord),
        ),
        (
            send(2, 1, Payment::Balance { of: AccountId(0) }),
            Outcome::Applied,
        ),
        (
            send(
                2,
                9,
                Payment::Refund {
                    to: AccountId(0),
                    amount: 5,
                },
            ),
            Outcome::Applied,
        ),
    ];
    let (block, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let after = run(&Serial, &state, &signed(block));
    assert_eq!(after.outcomes, expected);
    let balances: Vec<u64> = (0..3)
        .map(|id| after.state.account(AccountId(id)).unwrap().balance)
        .collect();
    assert_eq!(balances, [5, 180, 115]);
    assert_eq!(after.state.account(AccountId(0)).unwrap().top, 9);
    assert_eq!(after.touched, 3);
}

#[test]
fn a_bad_signature_is_refused_and_leaves_the_nonce() {
    let mut genesis = Genesis::new(4, 100);
    genesis.keyring = Arc::new(Keyring::derive(5, 2));
    let state = State::genesis(&genesis);
    let good = genesis.keyring.sign(transfer(0, 0, 1, 10));
    let forged = SignedTransaction::new(transfer(0, 0, 1, 90), Some(*good.signature().unwrap()));
    let block = [Arc::new(forged), Arc::new(good)];
    for executor in [&Serial as &dyn Executor, &Parallel] {
        let after = run(executor, &state, &block);
        assert_eq!(
            after.outcomes,
            [Outcome::Rejected(Reason::BadSignature), Outcome::Applied]
        );
        assert_eq!(after.touched, 2);
    }
}

#[test]
fn real_and_priced_signatures_give_equal_roots() {
    let mut genesis = Genesis::new(50, 1000);
    let plan: Vec<_> = (0..200)
        .map(|n| transfer(n % 50, n / 50, n * 7 % 50, n % 400))
        .collect();
    let priced = run(&Serial, &State::genesis(&genesis), &signed(plan.clone()));
    genesis.keyring = Arc::new(Keyring::derive(5, 8));
    let block: Vec<_> = plan
        .into_iter()
        .map(|t| Arc::new(genesis.keyring.sign(t)))
        .collect();
    let real = run(&Parallel, &State::genesis(&genesis), &block);
    assert_eq!(priced.root, real.root);
    assert_eq!(priced.outcomes, real.outcomes);
}

#[test]
fn a_billion_accounts_cost_nothing_until_touched() {
    let state = State::genesis(&Genesis::new(1_000_000_000, 500));
    assert_eq!(state.audit().total_balance, 500_000_000_000);
    assert_eq!(state.account(AccountId(999_999_999)).unwrap().balance, 500);
    assert_eq!(state.account(AccountId(1_000_000_000)), None);
    let block = signed(vec![transfer(999_999_999, 0, 3, 200)]);
    let after = run(&Serial, &state, &block);
    assert_eq!(after.state.audit(), state.audit());
    assert_eq!(after.state.account(AccountId(3)).unwrap().balance, 700);
    assert!(
        after
            .state
            .prove_account(AccountId(3))
            .unwrap()
            .verify(&after.root)
    );
}

#[test]
fn roots_are_pinned() {
    let genesis = State::genesis(&Genesis::new(1000, 100));
    let block = signed(
        (0..100)
            .map(|n| transfer(n, 0, (n * 37) % 1000, n))
            .collect(),
    );
    let after = run(&Serial, &genesis, &block);
    assert_eq!(
        (
            genesis.root().to_string().as_str(),
            after.root.to_string().as_str()
        ),
        (
            "d3219ddfcb954b4e2b2b9de1e9c9a0e229ae20ea3396cba7b5eae2cdb6cb833f",
            "39da0d94c8d942f482dde5f8e664d9a6d5e31944e22f1b13c80faa7b342befeb"
        )
    );
}

#[test]
fn an_empty_block_changes_nothing() {
    let mut genesis = Genesis::new(10, 100);
    genesis.balances.insert(AccountId(3), 5);
    genesis.balances.insert(AccountId(10), 5);
    let state = State::genesis(&genesis);
    assert_eq!(state.audit().total_balance, 905);
    let after = run(&Parallel, &state, &[]);
    assert_eq!(after.root, state.root());
    assert_eq!(after.touched, 0);
}

#[test]
fn a_ledger_without_accounts_is_a_state_too() {
    let state = State::genesis(&Genesis::default());
    assert_eq!(state.audit().total_balance, 0);
    let after = run(&Serial, &state, &signed(vec![transfer(0, 0, 1, 1)]));
    assert_eq!(after.outcomes, [Outcome::Rejected(Reason::UnknownRecord)]);
    assert_eq!(after.root, state.root());
}
