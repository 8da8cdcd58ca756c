//! Traceability (docs/sources.md W8): makers produce items in batches and pack them in cases and on
//! pallets; warehouses and shops receive, unpack and sell them; consumers ask now and then.
//!
//! The catalogue gives the share of queries, the size, the skew of articles and 6 to 9 events an item;
//! the shares of the other steps follow from how units flow (an estimate). Units are remembered in
//! bounded lists and followed up once the lag has passed, whether or not they are final; a stock
//! exists at genesis, and should a list run dry all the same, a batch is produced instead.
//!
//! Attackers receive or ship what is not in their hands, sell twice, sell under another label, and
//! pack less than the label says. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::traceability::{TraceTx, UnitId};
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::cycle::Cycle;
use crate::parents::Parents;
use crate::people::{MAJOR_FIRMS, People, TERMINALS};
use crate::population::{Chance, Sampler, Skew, Weighted, below};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In thousandths: produce, pack, ship, customs, receive, unpack, sell, query. Queries are 0.2 % (W8);
/// the others follow from the flow of units: of 100 batches, 50 go on 2.5 pallets to a warehouse.
pub(crate) const MIX: Weighted<8> = Weighted::new([130, 131, 176, 20, 176, 131, 234, 2]);
/// Its place in the mix.
pub(crate) const QUERY: usize = 7;
/// Bytes on the wire (W8).
const WIRE_BYTES: usize = 350;
/// Articles, and how unevenly they are made and scanned (W8).
const ARTICLES: u64 = 50_000;
const ARTICLE_SKEW: Skew = Skew::Zipf { theta: 1.2 };
/// A batch is a case full, a pallet holds as many cases (W8: 1:20:400).
const FULL: u8 = 20;
/// What goes on pallets, what comes from abroad, and which cases go from the maker to the shop at
/// once (estimates).
const PALLET_SHARE: f64 = 1.0 / 21.0;
const IMPORT_SHARE: f64 = 0.3;
const DIRECT_SHARE: f64 = 0.3;
/// Customs are the city's department of that number.
const CUSTOMS: u32 = 39;
/// Units remembered per list: at a lag of 2 s, enough for 65,000 follow-ups a second.
const REMEMBERED: usize = 1 << 17;
/// Sold items remembered for attacks.
const SOLD: usize = 1 << 12;

/// Units of one article with numbers in a row, in one hand.
#[derive(Clone, Copy, Debug)]
struct Row {
    first: UnitId,
    count: u8,
    sku: u32,
    imported: bool,
    holder: AccountId,
    /// The first number of the cases of its lot, if it goes on a pallet.
    lot: Option<u64>,
}

/// A case or a pallet.
#[derive(Clone, Copy, Debug)]
struct Good {
    unit: UnitId,
    first: u64,
    count: u8,
    sku: u32,
    pallet: bool,
    holder: AccountId,
    hop: u16,
    uncleared: bool,
    /// Journeys before it is unpacked.
    legs: u8,
}

/// Batches that will share a pallet.
#[derive(Clone, Copy, Debug)]
struct Lot {
    /// The first number of its cases; the numbers of their items follow, case by case.
    cases: u64,
    maker: AccountId,
    sku: u32,
    imported: bool,
    produced: u8,
}

/// The workload "traceability".
#[derive(Debug)]
pub struct Traceability {
    people: People,
    stock: u32,
    articles: Sampler,
    imported: Chance,
    palletised: Chance,
    direct: Chance,
    numbers: u64,
    /// The lot of which batches are being made.
    lot: Option<Lot>,
    batches: Parents<Row>,
    /// How many cases of a lot are packed; it is looked up and has few entries.
    packed: std::collections::BTreeMap<u64, u8>,
    /// Cases of full lots, in one row.
    lots: Parents<Row>,
    shippable: Parents<Good>,
    at_customs: Parents<Good>,
    arriving: Parents<Good>,
    unpackable: Parents<Good>,
    shelves: Parents<Row>,
    sold: Parents<(UnitId, u32, AccountId)>,
}

impl Traceability {
    /// The goods of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let mut trace = Self {
            people: setup.people,
            stock: setup.stock,
            articles: Sampler::new(ARTICLES, ARTICLE_SKEW).expect("there are articles"),
            imported: Chance::new(IMPORT_SHARE),
            palletised: Chance::new(PALLET_SHARE),
            direct: Chance::new(DIRECT_SHARE),
            numbers: stock::first_free(setup.stock),
            lot: None,
            batches: Parents::new(setup.lag, REMEMBERED),
            packed: std::collections::BTreeMap::new(),
            lots: Parents::new(setup.lag, REMEMBERED),
            shippable: Parents::new(setup.lag, REMEMBERED),
            at_customs: Parents::new(setup.lag, REMEMBERED),
            arriving: Parents::new(setup.lag, REMEMBERED),
            unpackable: Parents::new(setup.lag, REMEMBERED),
            shelves: Parents::new(setup.lag, REMEMBERED),
            sold: Parents::new(setup.lag, SOLD),
        };
        for piece in stock::pieces(setup.people, setup.stock) {
            match piece {
                stock::Piece::Batch(row) => trace.batches.stock(row),
                stock::Piece::Shelf(row) => trace.shelves.stock(row),
                stock::Piece::Packed(good) => trace.shippable.stock(good),
                stock::Piece::OnItsWay(good) if good.uncleared => trace.at_customs.stock(good),
                stock::Piece::OnItsWay(good) => trace.arriving.stock(good),
                stock::Piece::Arrived(good) => trace.unpackable.stock(good),
            }
        }
        trace
    }

    fn produce(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let lot = match self.lot.take() {
            Some(lot) => Some(lot),
            None if self.palletised.draw(rng) => Some(self.start_lot(rng)),
            None => None,
        };
        let ((maker, sku, imported), number) = match lot {
            Some(lot) => {
                let number = first_item(lot.cases, lot.cases + u64::from(lot.produced));
                ((lot.maker, lot.sku, lot.imported), number)
            }
            None => (self.article(rng), self.take_numbers(u64::from(FULL))),
        };
        if let Some(mut lot) = lot {
            lot.produced += 1;
            self.lot = (lot.produced < FULL).then_some(lot);
        }
        let row = Row {
            first: UnitId { maker, number },
            count: FULL,
            sku,
            imported,
            holder: maker,
            lot: lot.map(|lot| lot.cases),
        };
        self.batches.push(now, row);
        produced(row)
    }

    fn start_lot(&mut self, rng: &mut dyn Rng) -> Lot {
        let full = u64::from(FULL);
        let cases = self.take_numbers(full + full * full);
        let (maker, sku, imported) = self.article(rng);
        Lot {
            cases,
            maker,
            sku,
            imported,
            produced: 0,
        }
    }

    /// An article, its maker, and whether this batch comes from abroad.
    fn article(&self, rng: &mut dyn Rng) -> (AccountId, u32, bool) {
        let sku = self.articles.draw(rng) as u32;
        let maker = self.people.terminal(sku % MAJOR_FIRMS, seat(rng));
        (maker, sku, self.imported.draw(rng))
    }

    fn pack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        if let Some(cases) = self.lots.take(now, rng) {
            let into = self.take_numbers(1);
            let pallet = good(cases, into, true, 1);
            self.shippable.push(now, pallet);
            return Some(packing(cases, into, u32::from(FULL) * u32::from(FULL)));
        }
        // In order, so that the cases of a lot are packed one after another.
        let row = self.batches.take_first(now)?;
        let items = u32::from(row.count);
        let Some(cases) = row.lot else {
            let into = self.take_numbers(1);
            let legs = if self.direct.draw(rng) { 1 } else { 2 };
            self.shippable.push(now, good(row, into, false, legs));
            return Some(packing(row, into, items));
        };
        let packed = self.packed.entry(cases).or_insert(0);
        *packed += 1;
        if *packed == FULL {
            self.packed.remove(&cases);
            let first = UnitId {
                number: cases,
                ..row.first
            };
            let lot = None;
            self.lots.push(now, Row { first, lot, ..row });
        }
        Some(packing(row, case_of(cases, row.first.number), items))
    }

    fn ship(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let sent = self.shippable.take(now, rng)?;
        let to = self.other_trader(sent.holder, rng);
        let arriving = Good { holder: to, ..sent };
        if sent.uncleared {
            self.at_customs.push(now, arriving);
        } else {
            self.arriving.push(now, arriving);
        }
        let unit = sent.unit;
        Some(draft(sent.holder, TraceTx::Ship { unit, to }))
    }

    fn clear(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let cleared = Good {
            uncleared: false,
            ..self.at_customs.take(now, rng)?
        };
        self.arriving.push(now, cleared);
        let unit = cleared.unit;
        let officer = self.people.department(CUSTOMS, seat(rng));
        Some(draft(officer, TraceTx::Customs { unit }))
    }

    fn receive(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let good = self.arriving.take(now, rng)?;
        let arrived = Good {
            hop: good.hop + 1,
            legs: good.legs - 1,
            ..good
        };
        if arrived.legs == 0 {
            self.unpackable.push(now, arrived);
        } else {
            self.shippable.push(now, arrived);
        }
        let Good { unit, hop, .. } = good;
        Some(draft(good.holder, TraceTx::Receive { unit, hop }))
    }

    fn unpack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let good = self.unpackable.take(now, rng)?;
        let (maker, first) = (good.unit.maker, good.first);
        if good.pallet {
            for number in first..first + u64::from(good.count) {
                let case = Good {
                    unit: UnitId { maker, number },
                    first: first_item(first, number),
                    pallet: false,
                    hop: 1,
                    legs: 1,
                    ..good
                };
                self.shippable.push(now, case);
            }
        } else {
            let row = Row {
                first: UnitId {
                    maker,
                    number: first,
                },
                count: good.count,
                sku: good.sku,
                imported: false,
                holder: good.holder,
                lot: None,
            };
            self.shelves.push(now, row);
        }
        Some(unpacking(good, good.count))
    }

    fn sell(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let (position, shelf) = self.shelves.look_mut(now, rng)?;
        let Row {
            first: unit,
            sku,
            holder,
            ..
        } = *shelf;
        shelf.first.number += 1;
        shelf.count -= 1;
        if shelf.count == 0 {
            self.shelves.remove_ready(position);
        }
        self.sold.push(now, (unit, sku, holder));
        Some(draft(holder, TraceTx::Sell { unit, sku }))
    }

    fn query(&mut self, now: Duration, wrong: u32, rng: &mut dyn Rng) -> Option<Draft> {
        let (unit, sku, _) = *self.sold.look(now, rng)?;
        let sku = sku + wrong;
        Some(draft(self.citizen(rng), TraceTx::Query { unit, sku }))
    }

    fn take_numbers(&mut self, count: u64) -> u64 {
        let first = self.numbers;
        self.numbers += count;
        first
    }

    fn citizen(&self, rng: &mut dyn Rng) -> AccountId {
        self.people.citizen(below(rng, self.people.citizens()))
    }

    /// A warehouse or a shop.
    fn trader(&self, rng: &mut dyn Rng) -> AccountId {
        let traders = self.people.minor_firms();
        AccountId(traders.first.0 + below(rng, u64::from(traders.institutions)))
    }

    fn other_trader(&self, than: AccountId, rng: &mut dyn Rng) -> AccountId {
        let traders = self.people.minor_firms();
        let drawn = self.trader(rng);
        if drawn != than {
            return drawn;
        }
        let next = (drawn.0 + 1 - traders.first.0) % u64::from(traders.institutions);
        AccountId(traders.first.0 + next)
    }
}

/// The number of the first item in a case of a lot.
fn first_item(cases: u64, case: u64) -> u64 {
    let full = u64::from(FULL);
    cases + full + (case - cases) * full
}

/// The reverse of [`first_item`].
fn case_of(cases: u64, item: u64) -> u64 {
    let full = u64::from(FULL);
    cases + (item - cases - full) / full
}

fn seat(rng: &mut dyn Rng) -> u32 {
    below(rng, u64::from(TERMINALS)) as u32
}

/// What a row becomes when it is packed.
fn good(row: Row, into: u64, pallet: bool, legs: u8) -> Good {
    Good {
        unit: UnitId {
            maker: row.first.maker,
            number: into,
        },
        first: row.first.number,
        count: row.count,
        sku: row.sku,
        pallet,
        holder: row.holder,
        hop: 0,
        uncleared: row.imported,
        legs,
    }
}

fn produced(row: Row) -> Draft {
    let tx = TraceTx::Produce {
        first: row.first.number,
        count: row.count,
        sku: row.sku,
        imported: row.imported,
    };
    draft(row.holder, tx)
}

fn packing(row: Row, into: u64, items: u32) -> Draft {
    let tx = TraceTx::Pack {
        first: row.first,
        count: row.count,
        into,
        items,
    };
    draft(row.holder, tx)
}

fn unpacking(good: Good, count: u8) -> Draft {
    let tx = TraceTx::Unpack {
        unit: good.unit,
        first: good.first,
        count,
        hop: 0,
    };
    draft(good.holder, tx)
}

fn draft(sender: AccountId, tx: TraceTx) -> Draft {
    Draft::sized(sender, Body::Trace(tx), WIRE_BYTES)
}

impl Cycle for Traceability {
    const NAME: &'static str = "traceability";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.pack(now, rng),
            2 => self.ship(now, rng),
            3 => self.clear(now, rng),
            4 => self.receive(now, rng),
            5 => self.unpack(now, rng),
            6 => self.sell(now, rng),
            _ => self.query(now, 0, rng),
        };
        drawn.unwrap_or_else(|| self.produce(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let thief = self.citizen(rng);
        match below(rng, 5) {
            0 => {
                let Good { unit, hop, .. } = *self.arriving.look(now, rng)?;
                Some(draft(thief, TraceTx::Receive { unit, hop }))
            }
            1 => {
                let Good { unit, holder, .. } = *self.shippable.look(now, rng)?;
                Some(draft(thief, TraceTx::Ship { unit, to: holder }))
            }
            2 => {
                let (unit, sku, holder) = *self.sold.look(now, rng)?;
                Some(draft(holder, TraceTx::Sell { unit, sku }))
            }
            3 => {
                let shelf = *self.shelves.look(now, rng)?;
                let (unit, sku) = (shelf.first, shelf.sku + 1);
                Some(draft(shelf.holder, TraceTx::Sell { unit, sku }))
            }
            _ => {
                let row = *self.batches.look(now, rng)?;
                let into = self.take_numbers(1);
                Some(packing(row, into, u32::from(row.count) + 1))
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 4) {
            0 => {
                // A shop makes nothing.
                let (_, sku, imported) = self.article(rng);
                let holder = self.trader(rng);
                let row = Row {
                    first: UnitId {
                        maker: holder,
                        number: 0,
                    },
                    count: FULL,
                    sku,
                    imported,
                    holder,
                    lot: None,
                };
                Some(produced(row))
            }
            1 => {
                let good = *self.unpackable.look(now, rng)?;
                Some(unpacking(good, good.count - 1))
            }
            2 => {
                // The shop clears its own goods.
                let Good { unit, holder, .. } = *self.at_customs.look(now, rng)?;
                Some(draft(holder, TraceTx::Customs { unit }))
            }
            _ => self.query(now, 1, rng),
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(state)
    }
}
