//! What each transaction of TPC-C checks and writes.

use super::{
    CUSTOMERS, CustomerKey, Customers, DISTRICTS, DistrictKey, Districts, FIRST_ORDER, History,
    ITEMS, LEVEL_LIMIT, LINES, Line, Lines, NewOrder, NewOrders, Order, Orders, PAYMENT, Paid,
    Placed, QUANTITY_LIMIT, Stock, Stocks, Warehouse, Warehouses, price,
};
use crate::access::Access;
use crate::receipt::Reason;
use crate::record::Context;

/// The warehouse of a district, which must exist.
fn warehouse(access: &mut Access<'_>, at: DistrictKey) -> Result<Warehouse, Reason> {
    let found = access.get::<Warehouses>(&at.warehouse).copied();
    found
        .filter(|_| at.district < DISTRICTS)
        .ok_or(Reason::UnknownRecord)
}

fn exists(it_does: bool) -> Result<(), Reason> {
    it_does.then_some(()).ok_or(Reason::UnknownRecord)
}

fn formed(it_is: bool) -> Result<(), Reason> {
    it_is.then_some(()).ok_or(Reason::Malformed)
}

/// New-Order.
pub(super) fn new_order(
    context: &Context,
    access: &mut Access<'_>,
    new: &NewOrder,
) -> Result<(), Reason> {
    let (fewest, most) = LINES;
    let quantities = 1..=QUANTITY_LIMIT;
    formed((fewest..=most).contains(&new.lines.len()) && new.order.number >= FIRST_ORDER)?;
    formed(
        new.lines
            .iter()
            .all(|wanted| quantities.contains(&wanted.quantity)),
    )?;
    let home = new.order.home;
    let warehouses = warehouse(access, home)?.warehouses;
    exists(new.customer < CUSTOMERS)?;
    if access.get::<Orders>(&new.order).is_some() {
        return Err(Reason::AlreadyExists);
    }
    // The customer's row is read for the discount, which only the screen shows.
    let placed = new.placed();
    access.get::<Customers>(&placed.customer());
    let mut district = access.load::<Districts>(&home).unwrap_or_default();
    district.next_order += 1;
    access.put::<Districts>(home, district);
    for (key, wanted) in placed.line_keys().zip(&new.lines) {
        // The last line of an order to be rolled back names an item that nobody has.
        exists(wanted.item < ITEMS && wanted.supply < warehouses)?;
        let place = (wanted.supply, wanted.item);
        let stock = access.get::<Stocks>(&place).copied();
        let stock = stock.unwrap_or_else(|| Stock::opening(place));
        let remote = wanted.supply != home.warehouse;
        access.put::<Stocks>(place, stock.less(wanted.quantity, remote));
        let line = Line {
            wanted: *wanted,
            amount: u64::from(wanted.quantity) * price(wanted.item),
            delivered_ns: 0,
        };
        access.put::<Lines>(key, line);
    }
    let order = Order {
        customer: placed.customer,
        lines: placed.lines,
        entered_ns: context.timestamp_ns,
        carrier: 0,
    };
    access.put::<Orders>(new.order, order);
    access.put::<NewOrders>(new.order, ());
    Ok(())
}

/// Payment.
pub(super) fn payment(
    context: &Context,
    access: &mut Access<'_>,
    at: DistrictKey,
    payer: CustomerKey,
    amount: u64,
) -> Result<(), Reason> {
    formed((PAYMENT.0..=PAYMENT.1).contains(&amount))?;
    let mut warehouse = warehouse(access, at)?;
    let home = payer.home;
    exists(home.warehouse < warehouse.warehouses && home.district < DISTRICTS)?;
    exists(payer.number < CUSTOMERS)?;
    warehouse.ytd += amount;
    access.put::<Warehouses>(at.warehouse, warehouse);
    let mut district = access.load::<Districts>(&at).unwrap_or_default();
    district.ytd += amount;
    access.put::<Districts>(at, district);
    let mut customer = access.load::<Customers>(&payer).unwrap_or_default();
    customer.balance -= amount as i64;
    customer.ytd_payment += amount;
    customer.payments += 1;
    access.put::<Customers>(payer, customer);
    let paid = Paid {
        at,
        customer: payer,
        amount,
    };
    access.put::<History>(context.id, paid);
    Ok(())
}

/// The order that was placed, as far as it is what it is said to be.
fn placed(access: &mut Access<'_>, placed: Placed) -> Result<Order, Reason> {
    let order = access.get::<Orders>(&placed.order).copied();
    let order = order.ok_or(Reason::Dependency)?;
    if (order.customer, order.lines) == (placed.customer, placed.lines) {
        Ok(order)
    } else {
        Err(Reason::FalseClaim)
    }
}

/// Order-Status.
pub(super) fn order_status(access: &mut Access<'_>, asked: Placed) -> Result<(), Reason> {
    placed(access, asked)?;
    access.get::<Customers>(&asked.customer());
    for key in asked.line_keys() {
        access.get::<Lines>(&key);
    }
    Ok(())
}

/// Delivery.
pub(super) fn delivery(
    context: &Context,
    access: &mut Access<'_>,
    carrier: u8,
    orders: &[Placed],
) -> Result<(), Reason> {
    let rising = |pair: &[Placed]| {
        let (one, other) = (pair[0].order.home, pair[1].order.home);
        one.warehouse == other.warehouse && one.district < other.district
    };
    formed((1..=10).contains(&carrier) && !orders.is_empty())?;
    formed(orders.len() <= usize::from(DISTRICTS) && orders.windows(2).all(rising))?;
    for delivered in orders {
        let order = placed(access, *delivered)?;
        if order.carrier != 0 {
            return Err(Reason::AlreadySpent);
        }
        access.put::<Orders>(delivered.order, Order { carrier, ..order });
        access.remove::<NewOrders>(delivered.order);
        let mut amount = 0;
        for key in delivered.line_keys() {
            let line = access.get::<Lines>(&key).copied();
            let line = line.ok_or(Reason::Dependency)?;
            amount += line.amount;
            // A block at time zero does not deliver "not yet".
            let delivered_ns = context.timestamp_ns.max(1);
            access.put::<Lines>(
                key,
                Line {
                    delivered_ns,
                    ..line
                },
            );
        }
        let key = delivered.customer();
        let mut customer = access.load::<Customers>(&key).unwrap_or_default();
        customer.balance += amount as i64;
        customer.deliveries += 1;
        access.put::<Customers>(key, customer);
    }
    Ok(())
}

/// Stock-Level. How many items are low is shown to who asked; the ledger keeps no answer.
pub(super) fn stock_level(
    access: &mut Access<'_>,
    at: DistrictKey,
    threshold: u8,
    items: &[u32],
) -> Result<(), Reason> {
    formed((1..=LEVEL_LIMIT).contains(&items.len()))?;
    exists(at.district < DISTRICTS && items.iter().all(|item| *item < ITEMS))?;
    access.get::<Districts>(&at);
    let low = items.iter().filter(|item| {
        let place = (at.warehouse, **item);
        let stock = access.get::<Stocks>(&place).copied();
        let stock = stock.unwrap_or_else(|| Stock::opening(place));
        stock.quantity < u16::from(threshold)
    });
    std::hint::black_box(low.count());
    Ok(())
}
