//! TPC-C against the ledger: mix, shape, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, build, honest, town};
use groma_ledger::tpcc::{
    CustomerKey, Customers, DistrictKey, Districts, FIRST_ORDER, History, ITEMS, Lines, NewOrders,
    OrderKey, Orders, Paid, Stock, Stocks, TpccTx, Warehouses,
};
use groma_ledger::{Body, Genesis, State, Table, TxId};
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
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("tpcc", &town(20_000)), 5);
        run.blocks(5, 1_000);
        Self(run)
    }

    fn genesis(&self) -> Genesis {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 0);
        copy::<Warehouses>(state, &mut genesis);
        copy::<Districts>(state, &mut genesis);
        copy::<Customers>(state, &mut genesis);
        copy::<Stocks>(state, &mut genesis);
        copy::<Orders>(state, &mut genesis);
        copy::<NewOrders>(state, &mut genesis);
        copy::<Lines>(state, &mut genesis);
        copy::<History>(state, &mut genesis);
        genesis
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let mut genesis = self.genesis();
        genesis.put::<T>(&key, &value);
        let forged = State::genesis(&genesis);
        self.0.city.workload().check(&forged).unwrap_err().law
    }

    fn any<T: Table>(&self, filter: impl Fn(&T::Key, &T::Value) -> bool) -> (T::Key, T::Value) {
        let mut found = None;
        self.0.state.for_each::<T>(|key, value| {
            if filter(&key, &value) {
                found = Some((key, value));
            }
        });
        found.unwrap()
    }
}

fn copy<T: Table>(state: &State, genesis: &mut Genesis) {
    state.for_each::<T>(|key, value| genesis.put::<T>(&key, &value));
}

#[test]
fn every_condition_can_fail() {
    let town = Town::new();
    let faithful = State::genesis(&town.genesis());
    assert!(town.0.city.workload().check(&faithful).is_ok());

    let (key, mut warehouse) = town.any::<Warehouses>(|_, _| true);
    warehouse.ytd += 1;
    assert_eq!(
        town.law::<Warehouses>(key, warehouse),
        "a warehouse took what its districts took"
    );

    let (key, mut district) = town.any::<Districts>(|_, _| true);
    district.next_order += 1;
    let numbers = "a district's next number counts its orders";
    assert_eq!(town.law::<Districts>(key, district), numbers);

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
    let (delivered, order) = town.any::<Orders>(|_, order| order.carrier != 0);
    assert_eq!(town.law::<NewOrders>(delivered, ()), new);
    let nowhere = OrderKey {
        home,
        number: FIRST_ORDER + 1_000_000,
    };
    assert_eq!(town.law::<NewOrders>(nowhere, ()), new);

    let lined = "an order has the lines that it says";
    let mut longer = order;
    longer.lines += 1;
    assert_eq!(town.law::<Orders>(delivered, longer), lined);
    let (key, line) = town.any::<Lines>(|(key, _), _| *key == delivered);
    assert_eq!(town.law::<Lines>((key.0, 99), line), lined);

    let mut late = line;
    late.delivered_ns = 0;
    assert_eq!(
        town.law::<Lines>(key, late),
        "a line is delivered if its order is"
    );

    let mut dear = line;
    dear.amount += 1;
    let balance = "a balance is what was delivered less what was paid";
    assert_eq!(town.law::<Lines>(key, dear), balance);
    let (key, mut customer) = town.any::<Customers>(|_, _| true);
    customer.deliveries += 1;
    assert_eq!(town.law::<Customers>(key, customer), balance);

    let stocked = "the stock gave what the lines say";
    let (key, stock) = town.any::<Stocks>(|_, _| true);
    assert_eq!(town.law::<Stocks>(key, stock.less(1, false)), stocked);
    let mut short = stock;
    short.quantity += 1;
    assert_eq!(town.law::<Stocks>(key, short), stocked);
    let untouched = (99, ITEMS);
    assert_eq!(
        town.law::<Stocks>(untouched, Stock::opening(untouched)),
        stocked
    );
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
        let mut run = Run::new(build("tpcc", &setup), seed);
        for _ in 0..5 {
            run.blocks(1, 300);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}
