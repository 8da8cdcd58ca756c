//! The world of goods at genesis: who is who, and a stock of units to follow up on.

use std::collections::BTreeMap;

use groma_ledger::patterns::custody::{Custody, Link};
use groma_ledger::traceability::{
    Article, Articles, Place, Registries, Registry, Size, Unit, UnitId, UnitLinks, Units,
};
use groma_ledger::{AccountId, Genesis};

use super::{ARTICLES, CUSTOMS, Good, Row, good};
use crate::people::{MAJOR_FIRMS, OPENING_BALANCE, People, TERMINALS};

/// One piece of the stock, by what is done next with it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    Batch(Row),
    Packed(Good),
    OnItsWay(Good),
    Arrived(Good),
    Shelf(Row),
}

/// Items of each piece: few, so that the first state stays small.
const ITEMS: u8 = 2;
/// Numbers that a piece takes: its items, and a case.
const NUMBERS: u64 = 3;

/// The first number that no unit of the stock has.
pub(super) fn first_free(stock: u32) -> u64 {
    NUMBERS * u64::from(stock)
}

/// The stock, the same whenever it is asked for: of 32 pieces three are to be packed, 13 shipped, six
/// received (two of them after customs), five unpacked and five sold. New goods arrive after nine lags
/// and take the place of the stock stage by stage: in all it lasts for 1.7 lags of full load.
pub(super) fn pieces(people: People, stock: u32) -> impl Iterator<Item = Piece> {
    let traders = people.minor_firms();
    (0..stock).map(move |piece| {
        let sku = piece % ARTICLES as u32;
        let maker = people.terminal(sku % MAJOR_FIRMS, piece / MAJOR_FIRMS % TERMINALS);
        let number = NUMBERS * u64::from(piece);
        let trader = AccountId(traders.first.0 + u64::from(piece % traders.institutions));
        let row = Row {
            first: UnitId { maker, number },
            count: ITEMS,
            sku,
            imported: false,
            holder: maker,
            lot: None,
        };
        let case = good(row, number + u64::from(ITEMS), false, 1);
        match piece % 32 {
            0..3 => Piece::Batch(row),
            3..16 => Piece::Packed(case),
            16..22 => Piece::OnItsWay(Good {
                holder: trader,
                uncleared: piece % 32 >= 20,
                ..case
            }),
            22..27 => Piece::Arrived(Good {
                holder: trader,
                hop: 1,
                legs: 0,
                ..case
            }),
            _ => Piece::Shelf(Row {
                holder: trader,
                ..row
            }),
        }
    })
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    let registry = Registry {
        makers: people.major_firms(),
        customs: people.departments(CUSTOMS, 1),
    };
    genesis.put::<Registries>(&(), &registry);
    let mut articles: BTreeMap<u32, Article> = BTreeMap::new();
    for piece in pieces(people, stock) {
        let sku = match piece {
            Piece::Batch(row) => put_items(genesis, row, row.holder, Place::Free),
            Piece::Shelf(row) => put_items(genesis, row, row.holder, Place::Free),
            Piece::Packed(good) => put_case(genesis, good, None, 0),
            Piece::OnItsWay(good) => put_case(genesis, good, Some(good.holder), 0),
            Piece::Arrived(good) => put_case(genesis, good, None, 1),
        };
        articles.entry(sku).or_default().made += u64::from(ITEMS);
    }
    for (sku, article) in &articles {
        genesis.put::<Articles>(sku, article);
    }
}

/// Writes a unit, with a link if it is not in its maker's hands.
fn put(genesis: &mut Genesis, id: UnitId, unit: Unit, holder: AccountId, to: Option<AccountId>) {
    let moved = holder != id.maker;
    let custody = Custody {
        origin: id.maker,
        holder,
        to,
        hops: u16::from(moved),
    };
    if moved {
        let link = Link {
            from: id.maker,
            to: holder,
            at_ns: 0,
        };
        genesis.put::<UnitLinks>(&(id, 0), &link);
    }
    genesis.put::<Units>(&id, &Unit { custody, ..unit });
}

fn put_items(genesis: &mut Genesis, row: Row, holder: AccountId, place: Place) -> u32 {
    for step in 0..u64::from(row.count) {
        let id = UnitId {
            number: row.first.number + step,
            ..row.first
        };
        let item = Unit {
            sku: row.sku,
            size: Size::Item,
            parts: 0,
            first: 0,
            items: 1,
            uncleared: row.imported,
            place,
            custody: Custody::of(id.maker),
        };
        put(genesis, id, item, holder, None);
    }
    row.sku
}

/// Writes a case and what is in it, which stays in the maker's hands until it is unpacked.
fn put_case(genesis: &mut Genesis, good: Good, to: Option<AccountId>, hops: u16) -> u32 {
    let maker = good.unit.maker;
    let within = good.unit.number;
    let row = Row {
        first: UnitId {
            maker,
            number: good.first,
        },
        count: good.count,
        sku: good.sku,
        imported: good.uncleared,
        holder: maker,
        lot: None,
    };
    put_items(genesis, row, maker, Place::Packed { within });
    let case = Unit {
        sku: good.sku,
        size: Size::Case,
        parts: good.count,
        first: good.first,
        items: u32::from(good.count),
        uncleared: good.uncleared,
        place: Place::Free,
        custody: Custody::of(maker),
    };
    let holder = if hops == 0 { maker } else { good.holder };
    put(genesis, good.unit, case, holder, to);
    good.sku
}
