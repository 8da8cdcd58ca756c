//! The world of TPC-C at genesis: its warehouses, and an order in each district to follow up on.

use std::collections::BTreeMap;

use groma_ledger::Genesis;
use groma_ledger::patterns::unwritten::spread;
use groma_ledger::tpcc::{
    CUSTOMERS, DISTRICT_YTD, DISTRICTS, District, DistrictKey, Districts, FIRST_ORDER, ITEMS,
    LINES, Line, Lines, NewOrder, NewOrders, Order, OrderKey, Orders, Stock, Stocks, Wanted,
    Warehouse, Warehouses, price,
};

use super::WAREHOUSES;

/// The stock of orders, the same whenever it is asked for: at most one in each district.
pub(super) fn orders(stock: u32) -> impl Iterator<Item = NewOrder> {
    let districts = u32::from(WAREHOUSES) * u32::from(DISTRICTS);
    (0..stock.min(districts)).map(|index| {
        let home = DistrictKey {
            warehouse: (index / u32::from(DISTRICTS)) as u16,
            district: (index % u32::from(DISTRICTS)) as u8,
        };
        let line = |place: u64| Wanted {
            item: spread(u64::from(index), place, u64::from(ITEMS)) as u32,
            supply: home.warehouse,
            quantity: 5,
        };
        NewOrder {
            order: OrderKey {
                home,
                number: FIRST_ORDER,
            },
            customer: (index % u32::from(CUSTOMERS)) as u16,
            lines: (0..LINES.0 as u64).map(line).collect(),
        }
    })
}

/// Writes the first state.
pub(super) fn genesis(warehouses: u16, stock: u32, genesis: &mut Genesis) {
    for number in 0..warehouses {
        let warehouse = Warehouse {
            ytd: DISTRICT_YTD * u64::from(DISTRICTS),
            warehouses,
        };
        genesis.put::<Warehouses>(&number, &warehouse);
    }
    let mut stocks: BTreeMap<(u16, u32), Stock> = BTreeMap::new();
    for new in orders(stock) {
        let placed = new.placed();
        let district = District {
            next_order: FIRST_ORDER + 1,
            ..District::default()
        };
        genesis.put::<Districts>(&new.order.home, &district);
        for (key, wanted) in placed.line_keys().zip(&new.lines) {
            let place = (wanted.supply, wanted.item);
            let stock = stocks.entry(place);
            let stock = stock.or_insert_with(|| Stock::opening(place));
            *stock = stock.less(wanted.quantity, false);
            let line = Line {
                wanted: *wanted,
                amount: u64::from(wanted.quantity) * price(wanted.item),
                delivered_ns: 0,
            };
            genesis.put::<Lines>(&key, &line);
        }
        let order = Order {
            customer: placed.customer,
            lines: placed.lines,
            entered_ns: 0,
            carrier: 0,
        };
        genesis.put::<Orders>(&new.order, &order);
        genesis.put::<NewOrders>(&new.order, &());
    }
    for (place, stock) in stocks {
        genesis.put::<Stocks>(&place, &stock);
    }
}
