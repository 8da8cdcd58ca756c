//! The five transactions of TPC-C, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::tpcc::{
    CUSTOMERS, CustomerKey, Customers, DISTRICT_YTD, DISTRICTS, DistrictKey, Districts,
    FIRST_ORDER, History, ITEMS, Lines, NewOrder, NewOrders, OrderKey, Orders, Placed, Stock,
    Stocks, TpccTx, Wanted, Warehouse, Warehouses, price,
};
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::{Desk, fire};
use proptest::prelude::*;

const YTD: u64 = DISTRICT_YTD * DISTRICTS as u64;

fn desk() -> Desk {
    let mut genesis = Genesis::new(10, 0);
    for number in 0..2 {
        let (ytd, warehouses) = (YTD, 2);
        genesis.put::<Warehouses>(&number, &Warehouse { ytd, warehouses });
    }
    Desk::new(&genesis)
}

fn home(warehouse: u16, district: u8) -> DistrictKey {
    DistrictKey {
        warehouse,
        district,
    }
}

fn order(home: DistrictKey, number: u32) -> OrderKey {
    OrderKey {
        home,
        number: FIRST_ORDER + number,
    }
}

fn wanted(item: u32, supply: u16, quantity: u8) -> Wanted {
    Wanted {
        item,
        supply,
        quantity,
    }
}

/// An order of five lines, the first of which is as given.
fn new(order: OrderKey, customer: u16, first: Wanted) -> TpccTx {
    let mut lines = vec![first];
    lines.extend((1..5).map(|item| wanted(item, order.home.warehouse, 2)));
    of_lines(order, customer, lines)
}

fn of_lines(order: OrderKey, customer: u16, lines: Vec<Wanted>) -> TpccTx {
    TpccTx::NewOrder(Box::new(NewOrder {
        order,
        customer,
        lines: lines.into(),
    }))
}

fn placed(order: OrderKey, customer: u16, lines: u8) -> Placed {
    Placed {
        order,
        customer,
        lines,
    }
}

fn pay(at: DistrictKey, home: DistrictKey, number: u16, amount: u64) -> TpccTx {
    TpccTx::Payment {
        at,
        customer: CustomerKey { home, number },
        amount,
    }
}

fn deliver(carrier: u8, orders: &[Placed]) -> TpccTx {
    TpccTx::Delivery {
        carrier,
        orders: orders.into(),
    }
}

fn level(at: DistrictKey, items: &[u32]) -> TpccTx {
    TpccTx::StockLevel {
        at,
        threshold: 15,
        items: items.into(),
    }
}

#[track_caller]
fn play(desk: &mut Desk, script: Vec<(TpccTx, Option<Reason>)>) {
    for (step, (tx, refusal)) in script.into_iter().enumerate() {
        let found = desk.submit(1, Body::Tpcc(tx.clone()));
        assert_eq!(found, refusal.map_or(Ok(()), Err), "step {step}: {tx:?}");
    }
}

#[test]
fn an_order_is_entered_with_its_lines_and_takes_from_the_stock() {
    use Reason::*;
    let mut desk = desk();
    let (here, there) = (home(0, 3), home(2, 0));
    let first = order(here, 0);
    let one = wanted(7, 1, 4);
    play(
        &mut desk,
        vec![
            (of_lines(first, 0, vec![one; 4]), Some(Malformed)),
            (of_lines(first, 0, vec![one; 16]), Some(Malformed)),
            (new(first, 0, wanted(7, 0, 0)), Some(Malformed)),
            (new(first, 0, wanted(7, 0, 11)), Some(Malformed)),
            (
                new(
                    OrderKey {
                        number: 3_000,
                        ..first
                    },
                    0,
                    one,
                ),
                Some(Malformed),
            ),
            (new(order(there, 0), 0, one), Some(UnknownRecord)),
            (new(order(home(0, 10), 0), 0, one), Some(UnknownRecord)),
            (new(first, CUSTOMERS, one), Some(UnknownRecord)),
            (new(first, 0, wanted(7, 2, 1)), Some(UnknownRecord)),
            (new(first, 0, wanted(ITEMS, 0, 1)), Some(UnknownRecord)),
        ],
    );
    assert_eq!(desk.state.count::<Stocks>(), 0, "all of it is rolled back");
    assert_eq!(desk.state.count::<Districts>(), 0);
    play(
        &mut desk,
        vec![
            (new(first, 9, one), None),
            (new(first, 9, one), Some(AlreadyExists)),
        ],
    );
    assert_eq!(desk.record::<Districts>(&here).next_order, FIRST_ORDER + 1);
    let stock = desk.record::<Stocks>(&(1, 7));
    assert_eq!(stock, Stock::opening((1, 7)).less(4, true));
    assert_eq!((stock.ytd, stock.orders, stock.remote), (4, 1, 1));
    let line = desk.record::<Lines>(&(first, 0));
    assert_eq!((line.amount, line.delivered_ns), (4 * price(7), 0));
    let found = desk.record::<Orders>(&first);
    assert_eq!((found.customer, found.lines, found.carrier), (9, 5, 0));
    assert_eq!(desk.state.count::<NewOrders>(), 1);
}

#[test]
fn a_payment_is_taken_in_all_books() {
    use Reason::*;
    let mut desk = desk();
    let (at, far) = (home(0, 1), home(1, 9));
    play(
        &mut desk,
        vec![
            (pay(at, far, 5, 99), Some(Malformed)),
            (pay(at, far, 5, 500_001), Some(Malformed)),
            (pay(home(2, 0), far, 5, 100), Some(UnknownRecord)),
            (pay(at, home(2, 0), 5, 100), Some(UnknownRecord)),
            (pay(at, home(1, 10), 5, 100), Some(UnknownRecord)),
            (pay(at, far, CUSTOMERS, 100), Some(UnknownRecord)),
            (pay(at, far, 5, 100), None),
            (pay(at, far, 5, 250), None),
        ],
    );
    assert_eq!(desk.record::<Warehouses>(&0).ytd, YTD + 350);
    assert_eq!(desk.record::<Warehouses>(&1).ytd, YTD);
    assert_eq!(desk.record::<Districts>(&at).ytd, DISTRICT_YTD + 350);
    let key = CustomerKey {
        home: far,
        number: 5,
    };
    let customer = desk.record::<Customers>(&key);
    assert_eq!((customer.balance, customer.ytd_payment), (-1_350, 1_350));
    assert_eq!((customer.payments, customer.deliveries), (3, 0));
    assert_eq!(desk.state.count::<History>(), 2);
}

#[test]
fn orders_are_asked_for_and_delivered_once() {
    use Reason::*;
    let mut desk = desk();
    let (one, other) = (order(home(0, 1), 0), order(home(0, 2), 5));
    let elsewhere = order(home(1, 3), 0);
    let (first, second) = (placed(one, 9, 5), placed(other, 8, 5));
    let status = |placed| TpccTx::OrderStatus(placed);
    play(
        &mut desk,
        vec![
            (status(first), Some(Dependency)),
            (deliver(1, &[first]), Some(Dependency)),
            (new(one, 9, wanted(7, 0, 1)), None),
            (new(other, 8, wanted(7, 0, 1)), None),
            (new(elsewhere, 1, wanted(7, 1, 1)), None),
            (status(first), None),
            (status(placed(one, 8, 5)), Some(FalseClaim)),
            (status(placed(one, 9, 4)), Some(FalseClaim)),
            (deliver(0, &[first]), Some(Malformed)),
            (deliver(11, &[first]), Some(Malformed)),
            (deliver(1, &[]), Some(Malformed)),
            (deliver(1, &[first, first]), Some(Malformed)),
            (deliver(1, &[second, first]), Some(Malformed)),
            (
                deliver(1, &[first, placed(elsewhere, 1, 5)]),
                Some(Malformed),
            ),
            (deliver(1, &[placed(one, 8, 5)]), Some(FalseClaim)),
            (deliver(3, &[first, second]), None),
            (deliver(4, &[first]), Some(AlreadySpent)),
            (status(first), None),
        ],
    );
    assert_eq!(desk.record::<Orders>(&one).carrier, 3);
    assert_eq!(desk.state.count::<NewOrders>(), 1);
    let line = desk.record::<Lines>(&(one, 4));
    assert!(line.delivered_ns > 0);
    let amount: u64 = price(7) + (1..5).map(|item| 2 * price(item)).sum::<u64>();
    let customer = desk.record::<Customers>(&first.customer());
    assert_eq!(customer.balance, amount as i64 - 1_000);
    assert_eq!(customer.deliveries, 1);
}

#[test]
fn stock_levels_name_items_that_exist() {
    use Reason::*;
    let mut desk = desk();
    play(
        &mut desk,
        vec![
            (level(home(0, 0), &[0, ITEMS - 1]), None),
            (level(home(0, 0), &[ITEMS]), Some(UnknownRecord)),
            (level(home(0, 10), &[0]), Some(UnknownRecord)),
            (level(home(0, 0), &[]), Some(Malformed)),
            (level(home(0, 0), &[1; 301]), Some(Malformed)),
        ],
    );
}

#[test]
fn stock_is_refilled_before_it_falls_below_ten() {
    let mut stock = Stock::opening((0, 1));
    assert!((10..=100).contains(&stock.quantity));
    for _ in 0..1_000 {
        stock = stock.less(10, false);
        assert!((10..=101).contains(&stock.quantity), "{stock:?}");
    }
    assert_eq!((stock.ytd, stock.orders, stock.remote), (10_000, 1_000, 0));
}

fn shot() -> impl Strategy<Value = (u64, Body)> {
    let district = (0..2_u16, 0..2_u8).prop_map(|(warehouse, at)| home(warehouse, at));
    let tx = (
        0..6_u8,
        district,
        0..4_u32,
        0..3_u16,
        prop_oneof![0..5_u32, Just(ITEMS)],
        1..=10_u8,
    )
        .prop_map(|(kind, at, number, customer, item, quantity)| {
            let key = order(at, number);
            match kind {
                0 | 1 => new(
                    key,
                    customer,
                    wanted(item, u16::from(quantity) % 2, quantity),
                ),
                2 => pay(at, home(customer % 2, 0), customer, 100 + u64::from(number)),
                3 => TpccTx::OrderStatus(placed(key, customer, 5)),
                4 => {
                    let next = order(home(at.warehouse, 2), number);
                    let orders = [placed(key, customer, 5), placed(next, customer, 5)];
                    deliver(quantity, &orders[..1 + usize::from(item == ITEMS)])
                }
                _ => level(at, &[item]),
            }
        });
    (0..10_u64, tx).prop_map(|(sender, tx)| (sender, Body::Tpcc(tx)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_keeps_the_books(shots in proptest::collection::vec(shot(), 1..400)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        let mut taken = 0;
        desk.state.for_each::<History>(|_, paid| taken += paid.amount);
        let mut ytd = 0;
        desk.state.for_each::<Warehouses>(|_, warehouse| ytd += warehouse.ytd - YTD);
        prop_assert_eq!(ytd, taken);
        let mut open = 0;
        desk.state.for_each::<Orders>(|_, order| open += u64::from(order.carrier == 0));
        prop_assert_eq!(desk.state.count::<NewOrders>(), open);
        let (mut lines, mut delivered) = (0, 0);
        desk.state.for_each::<Lines>(|_, line| {
            lines += u64::from(line.wanted.quantity);
            delivered += if line.delivered_ns > 0 { line.amount as i64 } else { 0 };
        });
        let mut stock = 0;
        desk.state.for_each::<Stocks>(|_, row| stock += row.ytd);
        prop_assert_eq!(stock, lines);
        let mut balances = 0;
        desk.state.for_each::<Customers>(|_, row| balances += row.balance + 1_000);
        prop_assert_eq!(balances, delivered - taken as i64);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
