//! TPC-C (docs/sources.md TPC-C): order entry over a hundred warehouses, by the five transactions of
//! the benchmark and in its deck.
//!
//! A client knows what it has placed: the numbers of its orders, their customers and lines, and the
//! items of the last orders of a district. So it names what a database would find. A last name stands
//! for the customer who was given it first. Delivery takes the oldest order of each district of a
//! warehouse that is ready, and passes by districts without one, as the benchmark does. One order in a
//! hundred names an item that does not exist and must be rolled back. One order in each district exists
//! at genesis; where nothing is there to follow up on, an order is placed instead.

mod law;
mod stock;

use core::time::Duration;
use std::collections::VecDeque;

use groma_ledger::tpcc::{
    CUSTOMERS, CustomerKey, DISTRICTS, DistrictKey, FIRST_ORDER, ITEMS, LINES, NewOrder, OrderKey,
    PAYMENT, Placed, QUANTITY_LIMIT, TpccTx, Wanted,
};
use groma_ledger::{Body, Genesis, State};
use rand::Rng;

use crate::benchmarks::Clients;
use crate::cycle::Cycle;
use crate::parents::Parents;
use crate::population::{Chance, Weighted, below};
use crate::workload::{Breach, Draft, Intent, WorkloadSetup};

/// How many warehouses there are (estimate; at 10,000 TPS each does a thousand times what the think
/// times of TPC-C allow it).
const WAREHOUSES: u16 = 100;
/// New order, payment, order status, delivery, stock level, in per cent.
const MIX: Weighted<5> = Weighted::new([45, 43, 4, 4, 4]);
/// Orders that are rolled back.
const ROLLED_BACK: f64 = 0.01;
/// Lines that another warehouse supplies.
const REMOTE_LINE: f64 = 0.01;
/// Payments of customers of another warehouse.
const REMOTE_PAYMENT: f64 = 0.15;
/// Payments and order statuses that name a customer by the last name.
const BY_NAME: f64 = 0.6;
/// Last names, of which the first so many customers have one each.
const NAMES: u64 = 1_000;
/// What NURand adds, drawn once for each of its ranges (here fixed).
const C_ITEM: u64 = 7_911;
const C_CUSTOMER: u64 = 259;
const C_NAME: u64 = 123;
/// Orders of a district that are remembered for delivery.
const REMEMBERED: usize = 256;
/// Orders remembered for order status.
const ASKED: usize = 1 << 12;
/// Items of a district's last 20 orders, of ten lines each on average.
const RECENT: usize = 200;
/// Warehouses that are tried for a delivery.
const TRIES: u32 = 4;

/// What a client knows of a district.
#[derive(Debug)]
struct Desk {
    /// The number of the next order.
    next: u32,
    open: Parents<Placed>,
    recent: VecDeque<u32>,
}

/// The workload "tpcc".
#[derive(Debug)]
pub(crate) struct Tpcc {
    clients: Clients,
    stock: u32,
    desks: Vec<Desk>,
    asked: Parents<Placed>,
    rolled_back: Chance,
    remote_line: Chance,
    remote_payment: Chance,
    by_name: Chance,
}

impl Tpcc {
    /// The warehouses of a city.
    pub(crate) fn new(setup: &WorkloadSetup) -> Self {
        let desk = |_| Desk {
            next: FIRST_ORDER,
            open: Parents::new(setup.lag, REMEMBERED),
            recent: VecDeque::new(),
        };
        let mut tpcc = Self {
            clients: Clients::new(setup),
            stock: setup.stock,
            desks: (0..WAREHOUSES * u16::from(DISTRICTS)).map(desk).collect(),
            asked: Parents::new(setup.lag, ASKED),
            rolled_back: Chance::new(ROLLED_BACK),
            remote_line: Chance::new(REMOTE_LINE),
            remote_payment: Chance::new(REMOTE_PAYMENT),
            by_name: Chance::new(BY_NAME),
        };
        for new in stock::orders(setup.stock) {
            let desk = tpcc.desk(new.order.home);
            desk.next += 1;
            desk.open.stock(new.placed());
            desk.recent.extend(new.lines.iter().map(|line| line.item));
            tpcc.asked.stock(new.placed());
        }
        tpcc
    }

    fn desk(&mut self, home: DistrictKey) -> &mut Desk {
        let index = home.warehouse * u16::from(DISTRICTS) + u16::from(home.district);
        &mut self.desks[usize::from(index)]
    }

    /// A customer of that district: by last name, or by number.
    fn customer(&self, named: bool, rng: &mut dyn Rng) -> u16 {
        let number = if named && self.by_name.draw(rng) {
            nurand(255, C_NAME, 0, NAMES, rng)
        } else {
            nurand(1_023, C_CUSTOMER, 1, u64::from(CUSTOMERS), rng)
        };
        number as u16
    }

    fn new_order(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let home = district(rng);
        let count = LINES.0 + below(rng, (LINES.1 - LINES.0 + 1) as u64) as usize;
        let mut lines: Box<[Wanted]> = (0..count).map(|_| self.line(home, rng)).collect();
        let customer = self.customer(false, rng);
        let number = self.desk(home).next;
        let order = OrderKey { home, number };
        let rolled_back = self.rolled_back.draw(rng);
        if rolled_back {
            lines[count - 1].item = ITEMS;
        }
        let new = Box::new(NewOrder {
            order,
            customer,
            lines,
        });
        if !rolled_back {
            self.remember(now, &new);
        }
        let draft = self.draft(TpccTx::NewOrder(new), rng);
        if rolled_back {
            draft.meant(Intent::Mistake)
        } else {
            draft
        }
    }

    fn remember(&mut self, now: Duration, new: &NewOrder) {
        let placed = new.placed();
        self.asked.push(now, placed);
        let desk = self.desk(new.order.home);
        desk.next += 1;
        desk.open.push(now, placed);
        desk.recent.extend(new.lines.iter().map(|line| line.item));
        let surplus = desk.recent.len().saturating_sub(RECENT);
        desk.recent.drain(..surplus);
    }

    fn line(&self, home: DistrictKey, rng: &mut dyn Rng) -> Wanted {
        let item = nurand(8_191, C_ITEM, 1, u64::from(ITEMS), rng) as u32;
        let supply = if self.remote_line.draw(rng) {
            other_warehouse(home.warehouse, rng)
        } else {
            home.warehouse
        };
        let quantity = 1 + below(rng, u64::from(QUANTITY_LIMIT)) as u8;
        Wanted {
            item,
            supply,
            quantity,
        }
    }

    fn payment(&self, rng: &mut dyn Rng) -> Draft {
        let at = district(rng);
        let home = if self.remote_payment.draw(rng) {
            DistrictKey {
                warehouse: other_warehouse(at.warehouse, rng),
                ..district(rng)
            }
        } else {
            at
        };
        let number = self.customer(true, rng);
        let customer = CustomerKey { home, number };
        let amount = PAYMENT.0 + below(rng, PAYMENT.1 - PAYMENT.0 + 1);
        let tx = TpccTx::Payment {
            at,
            customer,
            amount,
        };
        self.draft(tx, rng)
    }

    fn order_status(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let placed = self.asked.take(now, rng)?;
        Some(self.draft(TpccTx::OrderStatus(placed), rng))
    }

    fn delivery(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let orders = (0..TRIES).find_map(|_| {
            let warehouse = district(rng).warehouse;
            let districts = (0..DISTRICTS).map(|district| DistrictKey {
                warehouse,
                district,
            });
            let oldest = |home| self.desk(home).open.take_first(now);
            let orders: Box<[Placed]> = districts.filter_map(oldest).collect();
            (!orders.is_empty()).then_some(orders)
        })?;
        let carrier = 1 + below(rng, 10) as u8;
        Some(self.draft(TpccTx::Delivery { carrier, orders }, rng))
    }

    fn stock_level(&mut self, rng: &mut dyn Rng) -> Option<Draft> {
        let at = district(rng);
        let mut items: Vec<u32> = self.desk(at).recent.iter().copied().collect();
        items.sort_unstable();
        items.dedup();
        if items.is_empty() {
            return None;
        }
        let tx = TpccTx::StockLevel {
            at,
            threshold: 10 + below(rng, 11) as u8,
            items: items.into(),
        };
        Some(self.draft(tx, rng))
    }

    fn draft(&self, tx: TpccTx, rng: &mut dyn Rng) -> Draft {
        Draft::sized(self.clients.draw(rng), Body::Tpcc(tx), 0)
    }
}

/// A district, all alike.
fn district(rng: &mut dyn Rng) -> DistrictKey {
    let index = below(rng, u64::from(WAREHOUSES) * u64::from(DISTRICTS));
    DistrictKey {
        warehouse: (index / u64::from(DISTRICTS)) as u16,
        district: (index % u64::from(DISTRICTS)) as u8,
    }
}

/// Another warehouse, all alike.
fn other_warehouse(than: u16, rng: &mut dyn Rng) -> u16 {
    let step = 1 + below(rng, u64::from(WAREHOUSES) - 1) as u16;
    (than + step) % WAREHOUSES
}

/// The non-uniform draw of TPC-C (2.1.6) over so many values from `first`, of which it gives the place:
/// `(random(0..=a) | random(values)) + c`, modulo their number.
fn nurand(a: u64, c: u64, first: u64, values: u64, rng: &mut dyn Rng) -> u64 {
    let drawn = below(rng, a + 1) | (first + below(rng, values));
    (drawn + c) % values
}

impl Cycle for Tpcc {
    const NAME: &'static str = "tpcc";

    fn genesis(&self, genesis: &mut Genesis) {
        self.clients.open(genesis);
        stock::genesis(WAREHOUSES, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => Some(self.payment(rng)),
            2 => self.order_status(now, rng),
            3 => self.delivery(now, rng),
            _ => self.stock_level(rng),
        };
        drawn.unwrap_or_else(|| self.new_order(now, rng))
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(state)
    }
}
