//! TPC-C against the ledger: mix, shape, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful_run, build, honest, town};
use groma_ledger::tpcc::{
    CustomerKey, Customers, DistrictKey, Districts, FIRST_ORDER, History, ITEMS, Lines, NewOrders,
    OrderKey, Orders, Paid, Stock, Stocks, TpccTx, Warehouses,
};
use groma_ledger::{Body, TxId};
use groma_workloads::{Intent, WorkloadSetup};
use proptest::prelude::*;

#[test]
fn the_deck_and_its_draws_are_those_of_the_benchmark() {
    let mut run = Run::new(build("tpcc", &honest()), 1);
    let (mut lines, mut remote, mut orders) = (0_u32, 0_u32, 0_u32);
    let (mut payments, mut far) = (0_u32, 0_u32);
    for _ in 0..20 {
        let block = run.draw(1_000);
        for signed in &block {
            match &signed.transaction.body {
                Body::Tpcc(TpccTx::NewOrder(new)) => {
                    orders += 1;
                    lines += new.lines.len() as u32;
                    let home = new.order.home.warehouse;
                    let others = new.lines.iter().filter(|line| line.supply != home);
                    remote += others.count() as u32;
                }
                Body::Tpcc(TpccTx::Payment { at, customer, .. }) => {
                    payments += 1;
                    far += u32::from(customer.home.warehouse != at.warehouse);
                }
                _ => {}
            }
        }
        let meant = run.meant.clone();
        let execution = run.apply(&block);
        for (intent, outcome) in meant.iter().zip(execution.outcomes) {
            assert_eq!(*intent == Intent::Honest, outcome.is_applied());
        }
    }
    let mix = [
        ("tpcc.new_order", 0.45),
        ("tpcc.payment", 0.43),
        ("tpcc.order_status", 0.04),
        ("tpcc.delivery", 0.04),
        ("tpcc.stock_level", 0.04),
    ];
    for (kind, share) in mix {
        let seen = run.share(|name, _| name == kind);
        let error = (share * (1.0 - share) / 20_000.0_f64).sqrt();
        assert!((seen - share).abs() < 5.0 * error, "{kind}: {seen}");
    }
    let near = |seen: f64, share: f64, of: u32| {
        let error = (share * (1.0 - share) / f64::from(of)).sqrt();
        assert!((seen - share).abs() < 5.0 * error, "{seen} and not {share}");
    };
    near(f64::from(remote) / f64::from(lines), 0.01, lines);
    near(f64::from(far) / f64::from(payments), 0.15, payments);
    let mean = f64::from(lines) / f64::from(orders);
    assert!((9.8..10.2).contains(&mean), "{mean} lines an order");
    let refused = run.share(|_, outcome| outcome == "unknown_record") / 0.45;
    near(refused, 0.01, orders);
    let other = run.share(|_, outcome| !["applied", "unknown_record"].contains(&outcome));
    assert_eq!(other, 0.0, "{:?}", run.tally);
    assert!(run.city.workload().check(&run.state).unwrap() > 100_000);
}

#[test]
fn deliveries_empty_the_list_of_new_orders() {
    let mut run = Run::new(build("tpcc", &honest()), 2);
    run.blocks(20, 1_000);
    let (mut orders, mut gone) = (0_u32, 0_u32);
    run.state.for_each::<Orders>(|_, order| {
        orders += 1;
        gone += u32::from(order.carrier != 0);
    });
    assert!(gone > orders / 2, "{gone} of {orders} are delivered");
    assert_eq!(run.state.count::<NewOrders>(), u64::from(orders - gone));
}

#[test]
fn items_are_drawn_as_nurand_has_them() {
    let mut run = Run::new(build("tpcc", &honest()), 3);
    let mut counts = vec![0_u32; ITEMS as usize];
    let mut drawn = 0_u32;
    for signed in run.draw(20_000) {
        if let Body::Tpcc(TpccTx::NewOrder(new)) = &signed.transaction.body {
            for line in new.lines.iter().filter(|line| line.item < ITEMS) {
                counts[line.item as usize] += 1;
                drawn += 1;
            }
        }
    }
    // The or of two draws favours numbers with many ones among the thirteen low bits.
    counts.sort_unstable_by(|one, other| other.cmp(one));
    let hot: u32 = counts[..ITEMS as usize / 10].iter().sum();
    let share = f64::from(hot) / f64::from(drawn);
    assert!(
        (0.5..0.9).contains(&share),
        "a tenth of the items has {share}"
    );
}

/// Warehouses after 5,000 transactions.
fn warehouses() -> Town {
    let tables = &[
        copy::<Warehouses>,
        copy::<Districts>,
        copy::<Customers>,
        copy::<Stocks>,
        copy::<Orders>,
        copy::<NewOrders>,
        copy::<Lines>,
        copy::<History>,
    ];
    Town::after("tpcc", &town(20_000), (5, 1_000), tables)
}

#[test]
fn every_condition_can_fail() {
    let town = warehouses();
    let (key, _) = town.find::<Warehouses>(|_, _| true);
    let more = town.changed::<Warehouses>(key, |warehouse| warehouse.ytd += 1);
    assert_eq!(more, "a warehouse took what its districts took");

    let (key, _) = town.find::<Districts>(|_, _| true);
    let skipped = town.changed::<Districts>(key, |district| district.next_order += 1);
    assert_eq!(skipped, "a district's next number counts its orders");

    let home = DistrictKey {
        warehouse: 1,
        district: 1,
    };
    let customer = CustomerKey { home, number: 1 };
    let payment = Paid {
        at: home,
        customer,
        amount: 100,
    };
    assert_eq!(
        town.law::<History>(TxId([7; 32]), payment),
        "a district took what the history says"
    );

    let new = "an order is new until it has a carrier";
    let (delivered, _) = town.find::<Orders>(|_, order| order.carrier != 0);
    let nowhere = OrderKey {
        home,
        number: FIRST_ORDER + 1_000_000,
    };
    let again = town.law::<NewOrders>(delivered, ());
    assert_eq!([again, town.law::<NewOrders>(nowhere, ())], [new; 2]);

    let lined = "an order has the lines that it says";
    let longer = town.changed::<Orders>(delivered, |order| order.lines += 1);
    let (key, line) = town.find::<Lines>(|(order, _), _| *order == delivered);
    let beyond = town.law::<Lines>((key.0, 99), line);
    assert_eq!([longer, beyond], [lined; 2]);

    let late = town.changed::<Lines>(key, |line| line.delivered_ns = 0);
    assert_eq!(late, "a line is delivered if its order is");

    let balance = "a balance is what was delivered less what was paid";
    let dear = town.changed::<Lines>(key, |line| line.amount += 1);
    let (key, _) = town.find::<Customers>(|_, _| true);
    let oftener = town.changed::<Customers>(key, |customer| customer.deliveries += 1);
    assert_eq!([dear, oftener], [balance; 2]);

    let stocked = "the stock gave what the lines say";
    let (key, _) = town.find::<Stocks>(|_, _| true);
    let less = town.changed::<Stocks>(key, |stock| *stock = stock.less(1, false));
    let more = town.changed::<Stocks>(key, |stock| stock.quantity += 1);
    let untouched = (99, ITEMS);
    let untouched = town.law::<Stocks>(untouched, Stock::opening(untouched));
    assert_eq!([less, more, untouched], [stocked; 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(
        citizens in 1..5_000_u64,
        seed: u64,
        lag in 0..400_u64,
        stock in 0..1_200_u32,
    ) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock, ..town(citizens) };
        assert_lawful_run("tpcc", &setup, seed, (5, 300));
    }
}
