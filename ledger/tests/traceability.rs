//! The rules of goods, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::patterns::custody::Link;
use groma_ledger::traceability::{
    Article, Articles, Place, Registries, Registry, Size, TraceTx, UnitId, UnitLinks, Units,
};
use groma_ledger::{AccountId, Body, Genesis, Reason, Transaction};
use invoice_common::{Desk, fire, seats};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Two makers of one account, customs of two; everybody else trades.
const MAKER: u64 = 10;
const CUSTOMS: u64 = 12;
const TRADER: u64 = 14;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let registry = Registry {
        makers: seats(MAKER, 2, 1),
        customs: seats(CUSTOMS, 1, 2),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn unit(number: u64) -> UnitId {
    let maker = AccountId(MAKER);
    UnitId { maker, number }
}

fn produce(first: u64, count: u8, imported: bool) -> TraceTx {
    TraceTx::Produce {
        first,
        count,
        sku: 7,
        imported,
    }
}

fn pack(first: u64, count: u8, into: u64, items: u32) -> TraceTx {
    let first = unit(first);
    TraceTx::Pack {
        first,
        count,
        into,
        items,
    }
}

fn unpack(number: u64, first: u64, count: u8, hop: u16) -> TraceTx {
    let unit = unit(number);
    TraceTx::Unpack {
        unit,
        first,
        count,
        hop,
    }
}

fn ship(number: u64, to: u64) -> TraceTx {
    let (unit, to) = (unit(number), AccountId(to));
    TraceTx::Ship { unit, to }
}

fn receive(number: u64, hop: u16) -> TraceTx {
    let unit = unit(number);
    TraceTx::Receive { unit, hop }
}

fn customs(number: u64) -> TraceTx {
    let unit = unit(number);
    TraceTx::Customs { unit }
}

fn sell(number: u64, sku: u32) -> TraceTx {
    let unit = unit(number);
    TraceTx::Sell { unit, sku }
}

#[track_caller]
fn play(desk: &mut Desk, script: Vec<(u64, TraceTx, Option<Reason>)>) {
    for (step, (sender, tx, refusal)) in script.into_iter().enumerate() {
        let expected = refusal.map_or(Ok(()), Err);
        let found = desk.submit(sender, Body::Trace(tx.clone()));
        assert_eq!(found, expected, "step {step}: {tx:?}");
    }
}

#[test]
fn goods_go_from_hand_to_hand_and_are_sold_once() {
    use Reason::*;
    let mut desk = desk();
    let (warehouse, shop) = (TRADER, TRADER + 1);
    play(
        &mut desk,
        vec![
            (shop, produce(0, 2, true), Some(NotPermitted)),
            (MAKER, produce(0, 0, true), Some(Malformed)),
            (MAKER, produce(0, 21, true), Some(Malformed)),
            (MAKER, produce(0, 2, true), None),
            (MAKER, produce(1, 2, true), Some(AlreadyExists)),
            (MAKER, pack(0, 3, 50, 3), Some(Dependency)),
            (MAKER, pack(0, 1, 50, 1), Some(Malformed)),
            (MAKER, pack(0, 2, 50, 3), Some(Unbalanced)),
            (MAKER, pack(0, 2, 1, 2), Some(AlreadyExists)),
            (MAKER + 1, pack(0, 2, 50, 2), Some(BrokenCustody)),
            (MAKER, pack(0, 2, 50, 2), None),
            (MAKER, ship(0, warehouse), Some(WrongState)),
            (warehouse, receive(50, 0), Some(BrokenCustody)),
            (warehouse, ship(50, shop), Some(BrokenCustody)),
            (MAKER, ship(50, MAKER), Some(Malformed)),
            (CUSTOMS, customs(50), Some(WrongState)),
            (MAKER, ship(50, warehouse), None),
            (MAKER, ship(50, shop), Some(WrongState)),
            (shop, receive(50, 0), Some(BrokenCustody)),
            (warehouse, receive(50, 1), Some(BrokenCustody)),
            (warehouse, receive(50, 0), Some(WrongState)),
            (warehouse, customs(50), Some(NotPermitted)),
            (CUSTOMS + 1, customs(50), None),
            (CUSTOMS, customs(50), Some(WrongState)),
            (warehouse, receive(50, 0), None),
            (warehouse, ship(50, shop), None),
            (shop, receive(50, 1), None),
            (shop, sell(50, 7), Some(WrongState)),
            (shop, unpack(50, 0, 1, 0), Some(Unbalanced)),
            (shop, unpack(50, 0, 2, 1), Some(BrokenCustody)),
            (warehouse, unpack(50, 0, 2, 0), Some(BrokenCustody)),
            (shop, unpack(50, 0, 2, 0), None),
            (shop, unpack(50, 0, 2, 0), Some(AlreadySpent)),
            (warehouse, sell(0, 7), Some(BrokenCustody)),
            (shop, sell(0, 8), Some(FalseClaim)),
            (shop, sell(0, 7), None),
            (shop, sell(0, 7), Some(AlreadySpent)),
            (shop, ship(0, warehouse), Some(AlreadySpent)),
        ],
    );
    let article = desk.record::<Articles>(&7);
    assert_eq!(article, Article { made: 2, sold: 1 });
    let hands = [(50, 0), (50, 1), (0, 0)].map(|(number, hop)| {
        let link: Link = desk.record::<UnitLinks>(&(unit(number), hop));
        (link.from.0, link.to.0)
    });
    assert_eq!(
        hands,
        [(MAKER, warehouse), (warehouse, shop), (MAKER, shop)]
    );
}

#[test]
fn cases_go_on_pallets_and_no_further() {
    use Reason::*;
    let mut desk = desk();
    play(
        &mut desk,
        vec![
            (MAKER, produce(0, 4, false), None),
            (MAKER, pack(0, 2, 50, 2), None),
            (MAKER, pack(2, 2, 51, 2), None),
            (MAKER, pack(50, 2, 60, 3), Some(Unbalanced)),
            (MAKER, pack(50, 2, 60, 4), None),
            (MAKER, unpack(50, 0, 2, 0), Some(WrongState)),
            (MAKER, pack(60, 2, 70, 4), Some(WrongState)),
            // Unpacked in the same hands, it has gone nowhere.
            (MAKER, unpack(60, 50, 2, 0), None),
            (MAKER, unpack(50, 0, 2, 0), None),
            (MAKER, sell(0, 7), None),
        ],
    );
    assert_eq!(desk.state.count::<UnitLinks>(), 0);
}

/// Any transaction over few units, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let hands = || prop_oneof![Just(MAKER), TRADER..TRADER + 2];
    let numbers = prop_oneof![0..4_u64, 8..11_u64];
    let tx = (0..10_u8, numbers, hands(), 0..3_u16, any::<bool>()).prop_map(
        |(kind, number, to, hop, flag)| match kind {
            0 => produce(number, 2, flag),
            1 => pack(number, 2, 8 + u64::from(hop), if flag { 2 } else { 4 }),
            2 => unpack(8 + u64::from(hop), number, 2, u16::from(flag)),
            3 | 4 => ship(number, to),
            5 => customs(number),
            6 | 7 => receive(number, hop),
            8 => sell(number, 7),
            _ => TraceTx::Query {
                unit: unit(number),
                sku: 7,
            },
        },
    );
    (prop_oneof![4 => hands(), 1 => Just(CUSTOMS)], tx)
        .prop_map(|(sender, tx)| (sender, Body::Trace(tx)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_breaks_no_chain_and_loses_no_item(
        shots in proptest::collection::vec(shot(), 1..600),
    ) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        let mut links: BTreeMap<UnitId, Vec<Link>> = BTreeMap::new();
        desk.state.for_each::<Units>(|id, unit| {
            let chain = (0..unit.custody.hops)
                .map(|hop| desk.state.get::<UnitLinks>(&(id, hop)).unwrap());
            links.insert(id, chain.collect());
        });
        let total: usize = links.values().map(Vec::len).sum();
        prop_assert_eq!(total as u64, desk.state.count::<UnitLinks>());
        let mut counted = Article::default();
        let mut sound = true;
        desk.state.for_each::<Units>(|id, unit| {
            let chain = &links[&id];
            sound &= chain.first().is_none_or(|link| link.from == unit.custody.origin);
            sound &= chain.windows(2).all(|pair| pair[0].to == pair[1].from);
            let last = chain.last().map_or(unit.custody.origin, |link| link.to);
            sound &= last == unit.custody.holder;
            if unit.size == Size::Item {
                counted.made += 1;
                counted.sold += u64::from(unit.place == Place::Sold);
            }
            if let Place::Packed { within } = unit.place {
                let larger = desk.state.get::<Units>(&UnitId { number: within, ..id }).unwrap();
                sound &= larger.place != Place::Opened;
            }
        });
        prop_assert!(sound);
        prop_assert_eq!(desk.state.get::<Articles>(&7).unwrap_or_default(), counted);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
