//! TPC-C (docs/sources.md TPC-C): the five transactions of an order entry over warehouses, districts,
//! customers, stock, orders and their lines, and the history of payments.
//!
//! What a step may touch must not depend on the state, so the client says what a database would find:
//! the number of a new order, the orders that a delivery delivers with their customers and lines, the
//! items that a stock level counts. The rule compares. The rest is TPC-C's, and a step that fails leaves
//! nothing: an order with an item that does not exist is the 1 % that the benchmark rolls back.
//!
//! Warehouses exist from genesis. Every other row that was never written holds what the functions of
//! this file say, so that a hundred warehouses with ten million stock rows cost no memory. Of texts
//! there are none; the load has no orders before number [`FIRST_ORDER`].

mod rules;

use crate::access::Access;
use crate::hash::TxId;
use crate::patterns::unwritten::spread;
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};

/// Districts of a warehouse.
pub const DISTRICTS: u8 = 10;
/// Customers of a district.
pub const CUSTOMERS: u16 = 3_000;
/// Items that there are.
pub const ITEMS: u32 = 100_000;
/// The first number of an order.
pub const FIRST_ORDER: u32 = 3_001;
/// The fewest lines of an order and the most.
pub const LINES: (usize, usize) = (5, 15);
/// The most pieces of one line.
pub const QUANTITY_LIMIT: u8 = 10;
/// The most items of one stock level: 20 orders of 15 lines.
pub const LEVEL_LIMIT: usize = 300;
/// The smallest payment and the largest, in cents.
pub const PAYMENT: (u64, u64) = (100, 500_000);
/// What a district has taken when the benchmark begins, in cents; a warehouse has ten times that.
pub const DISTRICT_YTD: u64 = 3_000_000;

/// A district of a warehouse.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct DistrictKey {
    /// Which warehouse, from zero.
    pub warehouse: u16,
    /// Which of its districts, below [`DISTRICTS`].
    pub district: u8,
}

/// A customer of a district.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct CustomerKey {
    /// At home there.
    pub home: DistrictKey,
    /// Below [`CUSTOMERS`].
    pub number: u16,
}

/// An order of a district.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct OrderKey {
    /// Entered there.
    pub home: DistrictKey,
    /// From [`FIRST_ORDER`].
    pub number: u32,
}

/// What a client orders of one item.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Wanted {
    /// Below [`ITEMS`], or there is no such item.
    pub item: u32,
    /// The warehouse that supplies it.
    pub supply: u16,
    /// 1 to [`QUANTITY_LIMIT`].
    pub quantity: u8,
}

/// A new order.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct NewOrder {
    /// A number that is not used there.
    pub order: OrderKey,
    /// Whose, of the same district.
    pub customer: u16,
    /// [`LINES`] of them.
    pub lines: Box<[Wanted]>,
}

/// An order as whoever placed it knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Placed {
    /// Which.
    pub order: OrderKey,
    /// Whose.
    pub customer: u16,
    /// How many lines it has.
    pub lines: u8,
}

impl Placed {
    /// Whose, with the district.
    pub fn customer(&self) -> CustomerKey {
        CustomerKey {
            home: self.order.home,
            number: self.customer,
        }
    }

    /// The keys of its lines.
    pub fn line_keys(&self) -> impl Iterator<Item = (OrderKey, u8)> + use<> {
        let order = self.order;
        (0..self.lines.min(LINES.1 as u8)).map(move |line| (order, line))
    }
}

/// The five transactions.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum TpccTx {
    /// Enters an order.
    NewOrder(Box<NewOrder>),
    /// Takes a payment.
    Payment {
        /// Where it is taken.
        at: DistrictKey,
        /// Who pays.
        customer: CustomerKey,
        /// In cents, within [`PAYMENT`].
        amount: u64,
    },
    /// Reads a customer, an order of this customer, and its lines.
    OrderStatus(Placed),
    /// Delivers an order of each of some districts of one warehouse.
    Delivery {
        /// 1 to 10.
        carrier: u8,
        /// In the order of their districts, of which each comes once.
        orders: Box<[Placed]>,
    },
    /// Counts items of which the stock is low.
    StockLevel {
        /// Whose recent orders named the items.
        at: DistrictKey,
        /// What is low.
        threshold: u8,
        /// 1 to [`LEVEL_LIMIT`] of them.
        items: Box<[u32]>,
    },
}

/// A warehouse. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Warehouse {
    /// Payments taken, in cents.
    pub ytd: u64,
    /// How many warehouses there are: numbers from zero.
    pub warehouses: u16,
}

/// Warehouses by number.
pub struct Warehouses;

impl Table for Warehouses {
    const ID: u8 = 200;
    const NAME: &'static str = "tpcc_warehouses";
    type Key = u16;
    type Value = Warehouse;
}

/// A district.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct District {
    /// Payments taken, in cents.
    pub ytd: u64,
    /// [`FIRST_ORDER`] and one more for each order since.
    pub next_order: u32,
}

impl Default for District {
    fn default() -> District {
        District {
            ytd: DISTRICT_YTD,
            next_order: FIRST_ORDER,
        }
    }
}

/// Districts that were written.
pub struct Districts;

impl Table for Districts {
    const ID: u8 = 201;
    const NAME: &'static str = "tpcc_districts";
    type Key = DistrictKey;
    type Value = District;
}

/// A customer. Amounts in cents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Customer {
    /// What was delivered, less what was paid, less ten dollars.
    pub balance: i64,
    /// What was paid, and ten dollars.
    pub ytd_payment: u64,
    /// How often the customer has paid: once before the benchmark begins.
    pub payments: u32,
    /// How many orders were delivered.
    pub deliveries: u32,
}

impl Default for Customer {
    fn default() -> Customer {
        Customer {
            balance: -1_000,
            ytd_payment: 1_000,
            payments: 1,
            deliveries: 0,
        }
    }
}

/// Customers that were written.
pub struct Customers;

impl Table for Customers {
    const ID: u8 = 202;
    const NAME: &'static str = "tpcc_customers";
    type Key = CustomerKey;
    type Value = Customer;
}

/// The stock of an item in a warehouse.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Stock {
    /// What is there.
    pub quantity: u16,
    /// What was ordered.
    pub ytd: u64,
    /// How many lines ordered it.
    pub orders: u32,
    /// How many of them in other warehouses.
    pub remote: u32,
}

impl Stock {
    /// The stock when the benchmark begins: 10 to 100.
    pub fn opening((warehouse, item): (u16, u32)) -> Stock {
        let number = u64::from(warehouse) << 32 | u64::from(item);
        Stock {
            quantity: 10 + spread(number, 0, 91) as u16,
            ytd: 0,
            orders: 0,
            remote: 0,
        }
    }

    /// The stock after a line: 91 more come in before it falls below 10.
    pub fn less(self, quantity: u8, remote: bool) -> Stock {
        let taken = u16::from(quantity);
        let refill = if self.quantity >= taken + 10 { 0 } else { 91 };
        Stock {
            quantity: (self.quantity + refill).saturating_sub(taken),
            ytd: self.ytd + u64::from(quantity),
            orders: self.orders + 1,
            remote: self.remote + u32::from(remote),
        }
    }
}

/// Stock that was written, by warehouse and item.
pub struct Stocks;

impl Table for Stocks {
    const ID: u8 = 203;
    const NAME: &'static str = "tpcc_stocks";
    type Key = (u16, u32);
    type Value = Stock;
}

/// An order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// Whose, of the same district.
    pub customer: u16,
    /// How many lines it has.
    pub lines: u8,
    /// When it was entered, by the block's timestamp in nanoseconds.
    pub entered_ns: u64,
    /// Who delivered it; 0: nobody yet.
    pub carrier: u8,
}

/// Orders by number.
pub struct Orders;

impl Table for Orders {
    const ID: u8 = 204;
    const NAME: &'static str = "tpcc_orders";
    type Key = OrderKey;
    type Value = Order;
}

/// Orders that are not delivered.
pub struct NewOrders;

impl Table for NewOrders {
    const ID: u8 = 205;
    const NAME: &'static str = "tpcc_new_orders";
    type Key = OrderKey;
    type Value = ();
}

/// A line of an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Line {
    /// What.
    pub wanted: Wanted,
    /// Price times quantity, in cents.
    pub amount: u64,
    /// When it was delivered, by the block's timestamp in nanoseconds; 0: not yet.
    pub delivered_ns: u64,
}

/// Lines by order and place.
pub struct Lines;

impl Table for Lines {
    const ID: u8 = 206;
    const NAME: &'static str = "tpcc_lines";
    type Key = (OrderKey, u8);
    type Value = Line;
}

/// A payment that was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Paid {
    /// Where.
    pub at: DistrictKey,
    /// By whom.
    pub customer: CustomerKey,
    /// In cents.
    pub amount: u64,
}

/// Payments by their transactions.
pub struct History;

impl Table for History {
    const ID: u8 = 207;
    const NAME: &'static str = "tpcc_history";
    type Key = TxId;
    type Value = Paid;
}

/// What an item costs: 1 to 100 dollars, in cents.
pub fn price(item: u32) -> u64 {
    100 + spread(u64::from(item), 1, 9_901)
}

impl Rule for TpccTx {
    fn kind(&self) -> &'static str {
        match self {
            TpccTx::NewOrder(_) => "tpcc.new_order",
            TpccTx::Payment { .. } => "tpcc.payment",
            TpccTx::OrderStatus(_) => "tpcc.order_status",
            TpccTx::Delivery { .. } => "tpcc.delivery",
            TpccTx::StockLevel { .. } => "tpcc.stock_level",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        match self {
            TpccTx::NewOrder(new) => {
                touches.read::<Warehouses>(&new.order.home.warehouse);
                touches.write::<Districts>(&new.order.home);
                touches.read::<Customers>(&new.placed().customer());
                touches.write::<Orders>(&new.order);
                touches.write::<NewOrders>(&new.order);
                for wanted in new.lines.iter().take(LINES.1) {
                    touches.write::<Stocks>(&(wanted.supply, wanted.item));
                }
                for key in new.placed().line_keys() {
                    touches.write::<Lines>(&key);
                }
            }
            TpccTx::Payment { at, customer, .. } => {
                touches.write::<Warehouses>(&at.warehouse);
                touches.write::<Districts>(at);
                touches.write::<Customers>(customer);
                touches.write::<History>(&context.id);
            }
            TpccTx::OrderStatus(placed) => {
                touches.read::<Customers>(&placed.customer());
                touches.read::<Orders>(&placed.order);
                for key in placed.line_keys() {
                    touches.read::<Lines>(&key);
                }
            }
            TpccTx::Delivery { orders, .. } => {
                for placed in orders.iter().take(usize::from(DISTRICTS)) {
                    touches.write::<NewOrders>(&placed.order);
                    touches.write::<Orders>(&placed.order);
                    touches.write::<Customers>(&placed.customer());
                    for key in placed.line_keys() {
                        touches.write::<Lines>(&key);
                    }
                }
            }
            TpccTx::StockLevel { at, items, .. } => {
                touches.read::<Districts>(at);
                for item in items.iter().take(LEVEL_LIMIT) {
                    touches.read::<Stocks>(&(at.warehouse, *item));
                }
            }
        }
    }

    /// As measured on a core on which a payment takes 0.8 us: 46 us for a new order of ten lines,
    /// 234 for a delivery of ten orders, 30 for a status, 150 for a stock level of 190 items.
    fn weight(&self) -> u64 {
        let lines = |placed: &Placed| placed.line_keys().count() as u64;
        match self {
            TpccTx::NewOrder(new) => 5 + 5 * new.lines.len().min(LINES.1) as u64,
            TpccTx::Payment { .. } => 2,
            TpccTx::OrderStatus(placed) => 5 + 3 * lines(placed),
            TpccTx::Delivery { orders, .. } => {
                let orders = orders.iter().take(usize::from(DISTRICTS));
                1 + orders.map(|placed| 3 * lines(placed)).sum::<u64>()
            }
            TpccTx::StockLevel { items, .. } => 1 + items.len().min(LEVEL_LIMIT) as u64,
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        match self {
            TpccTx::NewOrder(new) => rules::new_order(context, access, new),
            TpccTx::Payment {
                at,
                customer,
                amount,
            } => rules::payment(context, access, *at, *customer, *amount),
            TpccTx::OrderStatus(placed) => rules::order_status(access, *placed),
            TpccTx::Delivery { carrier, orders } => {
                rules::delivery(context, access, *carrier, orders)
            }
            TpccTx::StockLevel {
                at,
                threshold,
                items,
            } => rules::stock_level(access, *at, *threshold, items),
        }
    }
}

impl NewOrder {
    /// The order as it will be known.
    pub fn placed(&self) -> Placed {
        Placed {
            order: self.order,
            customer: self.customer,
            lines: u8::try_from(self.lines.len()).unwrap_or(u8::MAX),
        }
    }
}
