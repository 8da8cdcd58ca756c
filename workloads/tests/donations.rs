//! Donations against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::donation::{
    AllocationId, Allocations, DonationPots, DonationTx, Projects, Receipts,
};
use groma_ledger::patterns::escrow::{Lock, Pot, PotId, Stage};
use groma_ledger::{AccountId, BlockInput, Body, Parallel, SignedTransaction, Transaction};
use std::sync::Arc;

const BOTH: [&str; 2] = ["donations", "donations-sharded"];
/// The project that nearly everybody gives to.
const HOT: [u64; 2] = [0, 1 << 32];

#[test]
fn the_mix_and_the_sizes_are_the_catalogues_and_one_project_gets_nearly_all() {
    for (place, name) in BOTH.into_iter().enumerate() {
        let mut run = Run::new(build(name, &honest()), 1);
        let (mut hot, mut all) = (0, 0);
        for _ in 0..40 {
            let block = run.draw(1_000);
            for signed in &block {
                let Body::Donation(tx) = &signed.transaction.body else {
                    panic!("{signed:?}")
                };
                let bytes = match tx {
                    DonationTx::Donate { pot, amount } => {
                        assert!((100..=5_000).contains(amount), "{amount}");
                        all += 1;
                        hot += u64::from(pot.purpose == HOT[place]);
                        280
                    }
                    DonationTx::Query { .. } => 220,
                    _ => 360,
                };
                assert_eq!(signed.wire_bytes, bytes, "{tx:?}");
            }
            run.apply(&block);
        }
        assert_shares(
            &run,
            &[
                (&["create"], 0.001),
                (&["donate"], 0.88),
                (&["allocate"], 0.04),
                (&["disburse"], 0.036),
                (&["reclaim"], 0.002),
                (&["publish_receipt"], 0.036),
                (&["query"], 0.005),
            ],
        );
        let share = hot as f64 / all as f64;
        assert!((0.987..0.995).contains(&share), "{share}");
        assert_eq!(run.state.audit().total_balance, run_money(&run));
        assert!(run.city.workload().check(&run.state).unwrap() > 1_000);
    }
}

fn run_money(run: &Run) -> u128 {
    u128::from(run.state.accounts()) * 1_000_000
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "not_permitted",
        "insufficient_funds",
        "false_claim",
        "already_spent",
        "too_early",
        "wrong_state",
    ];
    for name in BOTH {
        assert_refusals(name, &reasons);
    }
}

#[test]
fn shards_take_an_even_part_each() {
    let mut run = Run::new(build("donations-sharded", &honest()), 3);
    run.blocks(20, 1_000);
    let mut shards = Vec::new();
    run.state.for_each::<DonationPots>(|id, pot| {
        if id.purpose == HOT[1] {
            shards.push(pot.paid_in);
        }
    });
    let (least, most) = (shards.iter().min().unwrap(), shards.iter().max().unwrap());
    assert_eq!(shards.len(), 16);
    assert!(most * 100 < least * 130, "{least} to {most}");
}

/// A block of 2,000 donations and what belongs to them, perhaps with a query of all shards: how many
/// transactions must run one after the other.
fn largest_group(name: &str, shards: u16, asked: bool) -> usize {
    let mut run = Run::new(build(name, &honest()), 7);
    run.blocks(2, 1_000);
    let mut block = run.draw(2_000);
    if asked {
        let all = DonationTx::Query {
            project: HOT[1],
            vault: shard(&run, 0),
            shards,
            at_least: 1,
        };
        let query = Transaction {
            sender: AccountId(0),
            nonce: 1 << 40,
            filler: 0,
            body: Body::Donation(all),
        };
        block.push(Arc::new(SignedTransaction::new(query, None)));
    }
    Parallel::largest_group(&BlockInput {
        height: 9,
        timestamp_ns: 1,
        transactions: &block,
    })
}

/// The vault of a shard of the hot project.
fn shard(run: &Run, place: u64) -> AccountId {
    let project = run.state.get::<Projects>(&HOT[1]).unwrap();
    AccountId(project.vault.0 + place)
}

#[test]
fn shards_run_side_by_side_until_somebody_reads_them_all() {
    let single = largest_group("donations", 1, false);
    let sharded = largest_group("donations-sharded", 16, false);
    let read = largest_group("donations-sharded", 16, true);
    // 97 % of the transactions are about the hot project's sum.
    assert!(single > 1_900, "{single}");
    assert!(sharded < 400, "{sharded}");
    assert!(read > 1_900, "{read}");
}

/// A small town after 20,000 transactions.
fn small() -> Town {
    let tables = &[
        copy::<Projects>,
        copy::<DonationPots>,
        copy::<Allocations>,
        copy::<Receipts>,
    ];
    Town::after("donations-sharded", &town(2_000), (20, 1_000), tables)
}

#[test]
fn the_law_notices_money_that_is_made_or_lost() {
    let town = small();
    let conserved = "what came in went out or is there";
    let (id, _) = town.find::<DonationPots>(|_, _| true);
    let paid_in = town.changed::<DonationPots>(id, |pot| pot.paid_in += 1);
    let locked = town.changed::<DonationPots>(id, |pot| pot.locked += 1);
    let paid_out = town.changed::<DonationPots>(id, |pot| pot.paid_out += 1);
    let stolen = town.law_of(|genesis| {
        *genesis.balances.get_mut(&id.vault).unwrap() -= 1;
    });
    assert_eq!([paid_in, locked, paid_out, stolen], [conserved; 4]);

    let (part, lock) = town.find::<Allocations>(|_, lock| lock.stage == Stage::Released);
    let other = AllocationId {
        number: u64::MAX,
        ..part
    };
    let twice = town.law::<Allocations>(other, lock);
    let both = town.changed::<Allocations>(part, |lock| lock.stage = Stage::Refunded);
    let strange = town.changed::<Allocations>(part, |lock| {
        lock.paid_to = Some(AccountId(u64::MAX));
    });
    assert_eq!(
        strange,
        "what is released is with its payee, and what goes back with its payer"
    );
    let pot = PotId {
        purpose: u64::MAX,
        ..lock.pot
    };
    let nowhere = town.law::<Allocations>(other, Lock { pot, ..lock });
    assert_eq!([twice, both, nowhere], [conserved; 3]);
}

#[test]
fn the_law_notices_strange_pots_and_receipts() {
    let town = small();
    let elsewhere = PotId {
        purpose: HOT[1],
        vault: AccountId(0),
    };
    let forged = town.law_of(|genesis| {
        genesis.put::<DonationPots>(&elsewhere, &Pot::default());
        genesis.balances.insert(AccountId(0), 1_000_000);
    });
    assert_eq!(forged, "a pot is a shard of its project");
    let nothing = AllocationId {
        project: HOT[1],
        number: u64::MAX,
    };
    assert_eq!(
        town.law::<Receipts>(nothing, [1; 32]),
        "a receipt is of what was paid out"
    );
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    for name in BOTH {
        assert_lawful(name);
    }
}
