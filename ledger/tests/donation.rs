//! The rules of donations, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::donation::{
    AllocationId, Allocations, DonationPots, DonationTx, Receipts, Registries, Registry,
};
use groma_ledger::patterns::escrow::{Pot, PotId, Stage};
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::{Desk, fire, seats};
use proptest::prelude::*;

/// Two charities of two accounts, four vaults.
const CHARITY: u64 = 10;
const VAULT: u64 = 14;
const DONOR: u64 = 1;
const NEEDY: u64 = 5;
const NEVER: u64 = u64::MAX;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 1_000);
    let registry = Registry {
        charities: seats(CHARITY, 2, 2),
        vaults: seats(VAULT, 1, 4),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn create(project: u64, vault: u64, shards: u16) -> DonationTx {
    DonationTx::Create {
        project,
        vault: AccountId(vault),
        shards,
        digest: [1; 32],
    }
}

fn pot(shard: u64) -> PotId {
    PotId {
        purpose: 7,
        vault: AccountId(VAULT + shard),
    }
}

fn donate(shard: u64, amount: u64) -> DonationTx {
    let pot = pot(shard);
    DonationTx::Donate { pot, amount }
}

fn part(number: u64) -> AllocationId {
    AllocationId { project: 7, number }
}

fn allocate(number: u64, shard: u64, amount: u64, until_ns: u64) -> DonationTx {
    DonationTx::Allocate {
        allocation: part(number),
        vault: AccountId(VAULT + shard),
        payee: AccountId(NEEDY),
        amount,
        until_ns,
    }
}

fn disburse(number: u64, shard: u64, payee: u64) -> DonationTx {
    DonationTx::Disburse {
        allocation: part(number),
        vault: AccountId(VAULT + shard),
        payee: AccountId(payee),
    }
}

fn reclaim(number: u64, shard: u64) -> DonationTx {
    DonationTx::Reclaim {
        allocation: part(number),
        vault: AccountId(VAULT + shard),
    }
}

fn publish(number: u64) -> DonationTx {
    DonationTx::PublishReceipt {
        allocation: part(number),
        digest: [4; 32],
    }
}

fn query(shards: u16, at_least: u64) -> DonationTx {
    DonationTx::Query {
        project: 7,
        vault: AccountId(VAULT),
        shards,
        at_least,
    }
}

#[track_caller]
fn play(desk: &mut Desk, script: Vec<(u64, DonationTx, Option<Reason>)>) {
    for (step, (sender, tx, refusal)) in script.into_iter().enumerate() {
        let expected = refusal.map_or(Ok(()), Err);
        let found = desk.submit(sender, Body::Donation(tx.clone()));
        assert_eq!(found, expected, "step {step}: {tx:?}");
    }
}

fn balance(desk: &Desk, account: u64) -> u64 {
    desk.state.account(AccountId(account)).unwrap().balance
}

#[test]
fn gifts_go_into_shards_and_a_query_reads_some_or_all() {
    use Reason::*;
    let mut desk = desk();
    play(
        &mut desk,
        vec![
            (DONOR, donate(0, 5), Some(Dependency)),
            (DONOR, create(7, VAULT, 2), Some(NotPermitted)),
            (CHARITY, create(7, VAULT, 0), Some(Malformed)),
            (CHARITY, create(7, VAULT, 65), Some(Malformed)),
            (CHARITY, create(7, VAULT + 3, 2), Some(UnknownRecord)),
            (CHARITY, create(7, VAULT - 1, 2), Some(UnknownRecord)),
            (CHARITY, create(7, VAULT, 2), None),
            (CHARITY, create(7, VAULT, 2), Some(AlreadyExists)),
            (DONOR, donate(0, 0), Some(Malformed)),
            (DONOR, donate(2, 5), Some(UnknownRecord)),
            (VAULT, donate(0, 5), Some(NotPermitted)),
            (DONOR, donate(0, 1_001), Some(InsufficientFunds)),
            (DONOR, donate(0, 300), None),
            (DONOR, donate(1, 200), None),
            (2, query(2, 500), None),
            (2, query(2, 501), Some(FalseClaim)),
            (2, query(1, 300), None),
            (2, query(1, 301), Some(FalseClaim)),
            (2, query(0, 0), Some(UnknownRecord)),
            (2, query(3, 0), Some(UnknownRecord)),
        ],
    );
    assert_eq!((balance(&desk, DONOR), balance(&desk, VAULT)), (500, 1_300));
    assert_eq!(desk.record::<DonationPots>(&pot(1)).free(), 200);
}

#[test]
fn money_goes_out_once_or_back_into_the_pot() {
    use Reason::*;
    let mut desk = desk();
    let soon = desk.now_ns + 11_500;
    let to_a_vault = DonationTx::Allocate {
        allocation: part(1),
        vault: AccountId(VAULT),
        payee: AccountId(VAULT + 1),
        amount: 1,
        until_ns: NEVER,
    };
    play(
        &mut desk,
        vec![
            (CHARITY, create(7, VAULT, 1), None),
            (DONOR, donate(0, 500), None),
            (CHARITY + 2, allocate(1, 0, 300, NEVER), Some(NotPermitted)),
            (DONOR, allocate(1, 0, 300, NEVER), Some(NotPermitted)),
            (CHARITY, allocate(1, 0, 501, NEVER), Some(InsufficientFunds)),
            (CHARITY, allocate(1, 1, 1, NEVER), Some(InsufficientFunds)),
            (CHARITY, allocate(1, 0, 0, NEVER), Some(Malformed)),
            (CHARITY, allocate(1, 0, 300, 1), Some(Malformed)),
            (CHARITY, to_a_vault, Some(NotPermitted)),
            (CHARITY + 1, allocate(1, 0, 300, soon), None),
            (CHARITY, allocate(1, 0, 1, NEVER), Some(AlreadyExists)),
            // Its time has come at the next step.
            (CHARITY, disburse(1, 0, NEEDY), Some(WrongState)),
            (CHARITY, allocate(2, 0, 201, NEVER), Some(InsufficientFunds)),
            (CHARITY, reclaim(1, 0), None),
            (CHARITY, reclaim(1, 0), Some(AlreadySpent)),
            (CHARITY, disburse(1, 0, NEEDY), Some(AlreadySpent)),
            (CHARITY, allocate(2, 0, 400, NEVER), None),
            (CHARITY, reclaim(2, 0), Some(TooEarly)),
            (CHARITY, publish(2), Some(WrongState)),
            (CHARITY, publish(1), Some(WrongState)),
            (CHARITY, publish(3), Some(Dependency)),
            (CHARITY, disburse(3, 0, NEEDY), Some(Dependency)),
            (CHARITY, disburse(2, 0, NEEDY + 1), Some(FalseClaim)),
            (CHARITY, disburse(2, 1, NEEDY), Some(FalseClaim)),
            (DONOR, disburse(2, 0, NEEDY), Some(NotPermitted)),
            (CHARITY, disburse(2, 0, NEEDY), None),
            (CHARITY, disburse(2, 0, NEEDY), Some(AlreadySpent)),
            (CHARITY, reclaim(2, 0), Some(AlreadySpent)),
            (DONOR, publish(2), Some(NotPermitted)),
            (CHARITY + 1, publish(2), None),
            (CHARITY, publish(2), Some(AlreadyExists)),
        ],
    );
    let expected = Pot {
        paid_in: 500,
        paid_out: 400,
        locked: 0,
    };
    assert_eq!(desk.record::<DonationPots>(&pot(0)), expected);
    assert_eq!(
        (balance(&desk, NEEDY), balance(&desk, VAULT)),
        (1_400, 1_100)
    );
    assert_eq!(desk.record::<Receipts>(&part(2)), [4; 32]);
}

/// Any transaction over few allocations, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let numbers = (0..9_u8, 0..4_u64, 0..3_u64, 0..400_u64, 0..9_000_u64);
    let tx = numbers.prop_map(|(kind, number, shard, amount, until_ns)| match kind {
        0 => create(7, VAULT + number / 3, 2),
        1..=3 => donate(shard, amount),
        4 => allocate(number, shard, amount, until_ns),
        5 => disburse(number, shard, NEEDY),
        6 => reclaim(number, shard),
        7 => publish(number),
        _ => query(2, amount),
    });
    (prop_oneof![Just(CHARITY), 1..18_u64], tx)
        .prop_map(|(sender, tx)| (sender, Body::Donation(tx)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_makes_and_loses_no_money(shots in proptest::collection::vec(shot(), 1..500)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        prop_assert_eq!(desk.state.audit().total_balance, 30 * 1_000);
        let mut sound = true;
        desk.state.for_each::<DonationPots>(|id, pot| {
            let (mut locked, mut released) = (0, 0);
            desk.state.for_each::<Allocations>(|_, lock| {
                match lock.stage {
                    Stage::Locked if lock.pot == id => locked += lock.amount,
                    Stage::Released if lock.pot == id => released += lock.amount,
                    _ => {}
                }
            });
            sound &= (pot.locked, pot.paid_out) == (locked, released);
            sound &= balance(&desk, id.vault.0) == 1_000 + pot.balance();
        });
        prop_assert!(sound);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
