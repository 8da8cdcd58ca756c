//! The consistency conditions of TPC-C (3.3.2), checked by a full scan.
//!
//! | condition | here |
//! |---|---|
//! | 1 | a warehouse's year to date is the sum of its districts' |
//! | 2 | a district's next number counts its orders: clients choose the numbers, so that these need not be dense |
//! | 3 and 5 | an order is among the new ones exactly as long as it has no carrier |
//! | 4 and 6 | an order has the lines that it says |
//! | 7 | a line is delivered exactly if its order is |
//! | 8 and 9 | what a warehouse and a district took is in the history |
//! | 10 and 12 | a customer's balance is what was delivered, less what was paid |
//!
//! And of the stock: what was ordered of it is in the lines.

use std::collections::{BTreeMap, BTreeSet};

use groma_ledger::State;
use groma_ledger::tpcc::{
    Customer, CustomerKey, Customers, DISTRICT_YTD, DISTRICTS, District, DistrictKey, Districts,
    FIRST_ORDER, History, Line, Lines, NewOrders, Order, OrderKey, Orders, Stock, Stocks,
    Warehouses,
};

use crate::checks::Checks;
use crate::workload::Breach;

const YEAR: &str = "a warehouse took what its districts took";
const NUMBERS: &str = "a district's next number counts its orders";
const NEW: &str = "an order is new until it has a carrier";
const LINED: &str = "an order has the lines that it says";
const DELIVERED: &str = "a line is delivered if its order is";
const TAKEN: &str = "a district took what the history says";
const BALANCE: &str = "a balance is what was delivered less what was paid";
const STOCKED: &str = "the stock gave what the lines say";

/// What the history says.
#[derive(Default)]
struct Paid {
    by_district: BTreeMap<DistrictKey, u64>,
    by_customer: BTreeMap<CustomerKey, (u64, u32)>,
}

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let mut paid = Paid::default();
    state.for_each::<History>(|_, payment| {
        *paid.by_district.entry(payment.at).or_default() += payment.amount;
        let by_customer = paid.by_customer.entry(payment.customer).or_default();
        by_customer.0 += payment.amount;
        by_customer.1 += 1;
    });
    let mut orders: BTreeMap<OrderKey, Order> = BTreeMap::new();
    state.for_each::<Orders>(|key, order| {
        orders.insert(key, order);
    });
    check_districts(state, &paid, &orders, &mut checks);
    let delivered = check_orders(state, &orders, &mut checks);
    check_customers(state, &paid, &delivered, &mut checks);
    checks.result()
}

fn check_districts(
    state: &State,
    paid: &Paid,
    orders: &BTreeMap<OrderKey, Order>,
    checks: &mut Checks,
) {
    let mut counts: BTreeMap<DistrictKey, u32> = BTreeMap::new();
    for key in orders.keys() {
        *counts.entry(key.home).or_default() += 1;
    }
    let mut districts: BTreeMap<DistrictKey, District> = BTreeMap::new();
    state.for_each::<Districts>(|key, district| {
        districts.insert(key, district);
    });
    // A district without a row of its own still is in the books.
    let known = counts.keys().chain(paid.by_district.keys());
    let all: BTreeSet<DistrictKey> = known.chain(districts.keys()).copied().collect();
    for key in all {
        let district = districts.get(&key).copied().unwrap_or_default();
        let count = counts.get(&key).copied().unwrap_or(0);
        checks.hold(NUMBERS, district.next_order == FIRST_ORDER + count, || {
            format!("{key:?} is at {} after {count} orders", district.next_order)
        });
        let taken = paid.by_district.get(&key).copied().unwrap_or(0);
        checks.hold(TAKEN, district.ytd == DISTRICT_YTD + taken, || {
            format!("{key:?} took {taken} and has {}", district.ytd)
        });
    }
    state.for_each::<Warehouses>(|number, warehouse| {
        let of = |district| DistrictKey {
            warehouse: number,
            district,
        };
        let sum: u64 = (0..DISTRICTS)
            .map(|district| districts.get(&of(district)))
            .map(|district| district.map_or(DISTRICT_YTD, |district| district.ytd))
            .sum();
        checks.hold(YEAR, warehouse.ytd == sum, || {
            format!(
                "warehouse {number} has {}, its districts {sum}",
                warehouse.ytd
            )
        });
    });
}

/// Orders, their lines and the stock; what was delivered to each customer, and how often.
fn check_orders(
    state: &State,
    orders: &BTreeMap<OrderKey, Order>,
    checks: &mut Checks,
) -> BTreeMap<CustomerKey, (u64, u32)> {
    let mut open: BTreeSet<OrderKey> = BTreeSet::new();
    state.for_each::<NewOrders>(|key, ()| {
        open.insert(key);
    });
    let mut counts: BTreeMap<OrderKey, u8> = BTreeMap::new();
    let mut delivered: BTreeMap<CustomerKey, (u64, u32)> = BTreeMap::new();
    let mut ordered: BTreeMap<(u16, u32), Stock> = BTreeMap::new();
    state.for_each::<Lines>(|(key, place), line| {
        let Line { wanted, amount, .. } = line;
        *counts.entry(key).or_default() += 1;
        let order = orders.get(&key);
        checks.hold(
            LINED,
            order.is_some_and(|order| place < order.lines),
            || format!("line {place} of {key:?}: {order:?}"),
        );
        let gone = order.is_some_and(|order| order.carrier != 0);
        checks.hold(DELIVERED, gone == (line.delivered_ns != 0), || {
            format!("line {place} of {key:?}: {order:?}, {line:?}")
        });
        if let Some(order) = order.filter(|_| gone) {
            let customer = CustomerKey {
                home: key.home,
                number: order.customer,
            };
            delivered.entry(customer).or_default().0 += amount;
        }
        let stock = ordered.entry((wanted.supply, wanted.item));
        let stock = stock.or_insert_with_key(|place| Stock::opening(*place));
        stock.ytd += u64::from(wanted.quantity);
        stock.orders += 1;
        stock.remote += u32::from(wanted.supply != key.home.warehouse);
    });
    for (key, order) in orders {
        let lines = counts.get(key).copied().unwrap_or(0);
        checks.hold(LINED, lines == order.lines, || {
            format!("{key:?} has {lines} lines: {order:?}")
        });
        let is_new = open.remove(key);
        checks.hold(NEW, is_new == (order.carrier == 0), || {
            format!("{key:?}, new: {is_new}: {order:?}")
        });
        if order.carrier != 0 {
            let customer = CustomerKey {
                home: key.home,
                number: order.customer,
            };
            delivered.entry(customer).or_default().1 += 1;
        }
    }
    if !orders.is_empty() || !open.is_empty() {
        checks.hold(NEW, open.is_empty(), || format!("no orders: {open:?}"));
    }
    check_stock(state, &mut ordered, checks);
    delivered
}

fn check_stock(state: &State, ordered: &mut BTreeMap<(u16, u32), Stock>, checks: &mut Checks) {
    state.for_each::<Stocks>(|place, stock| {
        let counts = |stock: &Stock| (stock.ytd, stock.orders, stock.remote);
        let expected = ordered.remove(&place);
        let holds = expected.is_some_and(|expected| counts(&expected) == counts(&stock));
        // What came in, came in lots of 91.
        let opening = u64::from(Stock::opening(place).quantity);
        let came_in = (u64::from(stock.quantity) + stock.ytd).checked_sub(opening);
        let in_lots = came_in.is_some_and(|came_in| came_in.is_multiple_of(91));
        checks.hold(STOCKED, holds && in_lots, || {
            format!("{place:?}: {stock:?} and not {expected:?}")
        });
    });
    if let Some((place, expected)) = ordered.first_key_value() {
        checks.hold(STOCKED, false, || {
            format!("{place:?} has no row for {expected:?}")
        });
    }
}

fn check_customers(
    state: &State,
    paid: &Paid,
    delivered: &BTreeMap<CustomerKey, (u64, u32)>,
    checks: &mut Checks,
) {
    let mut customers: BTreeMap<CustomerKey, Customer> = BTreeMap::new();
    state.for_each::<Customers>(|key, customer| {
        customers.insert(key, customer);
    });
    let known = paid.by_customer.keys().chain(delivered.keys());
    let all: BTreeSet<CustomerKey> = known.chain(customers.keys()).copied().collect();
    for key in all {
        let (paid, payments) = paid.by_customer.get(&key).copied().unwrap_or_default();
        let (amount, deliveries) = delivered.get(&key).copied().unwrap_or_default();
        let before = Customer::default();
        let expected = Customer {
            balance: before.balance + amount as i64 - paid as i64,
            ytd_payment: before.ytd_payment + paid,
            payments: before.payments + payments,
            deliveries,
        };
        let found = customers.get(&key).copied().unwrap_or_default();
        checks.hold(BALANCE, found == expected, || {
            format!("{key:?}: {found:?} and not {expected:?}")
        });
    }
}
