//! The law of traceability, checked by a full scan of its tables.
//!
//! - The custody chain of every unit is unbroken: it begins with the maker, each link begins where the
//!   one before ends, no earlier than that, and the last ends with the holder.
//! - Packing conserves counts: a unit holds as many items as its parts together, all of which are
//!   where it says, until it is opened.
//! - Of every article as many items were made, and sold, as its counters say.

use std::collections::BTreeMap;

use groma_ledger::State;
use groma_ledger::patterns::custody::{Custody, Link};
use groma_ledger::traceability::{Article, Articles, Place, Size, Unit, UnitId, UnitLinks, Units};

use crate::checks::Checks;
use crate::workload::Breach;

const CHAIN: &str = "a custody chain is unbroken";
const COUNTS: &str = "packing conserves counts";
const MADE: &str = "an article's counters count its items";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let mut units = Vec::new();
    state.for_each::<Units>(|id, unit| units.push((id, unit)));
    units.sort_unstable_by_key(|(id, _)| *id);
    check_chains(state, &units, &mut checks);
    check_packing(&units, &mut checks);
    check_articles(state, &units, &mut checks);
    checks.result()
}

fn find(units: &[(UnitId, Unit)], id: UnitId) -> Option<&Unit> {
    let place = units.binary_search_by_key(&id, |(id, _)| *id).ok()?;
    Some(&units[place].1)
}

fn check_chains(state: &State, units: &[(UnitId, Unit)], checks: &mut Checks) {
    let mut links = Vec::new();
    state.for_each::<UnitLinks>(|key, link| links.push((key, link)));
    links.sort_unstable_by_key(|(key, _)| *key);
    let mut rest = links.as_slice();
    for (id, unit) in units {
        let own = rest.iter().take_while(|((of, _), _)| of == id).count();
        let (chain, after) = rest.split_at(own);
        rest = after;
        checks.hold(CHAIN, is_unbroken(*id, &unit.custody, chain), || {
            format!("{id:?}: {:?} by {chain:?}", unit.custody)
        });
    }
    // Links of units that do not exist stop the walk.
    if !links.is_empty() {
        checks.hold(CHAIN, rest.is_empty(), || {
            format!("links of no unit: {:?}", rest.first())
        });
    }
}

fn is_unbroken(id: UnitId, custody: &Custody, chain: &[((UnitId, u16), Link)]) -> bool {
    let (mut holder, mut since_ns) = (custody.origin, 0);
    for (hop, ((_, place), link)) in chain.iter().enumerate() {
        if usize::from(*place) != hop || link.from != holder || link.at_ns < since_ns {
            return false;
        }
        (holder, since_ns) = (link.to, link.at_ns);
    }
    custody.origin == id.maker
        && usize::from(custody.hops) == chain.len()
        && custody.holder == holder
}

fn check_packing(units: &[(UnitId, Unit)], checks: &mut Checks) {
    for (id, unit) in units {
        let sound = match unit.size {
            Size::Item => unit.parts == 0 && unit.items == 1,
            Size::Case | Size::Pallet => holds_its_parts(units, *id, unit),
        };
        checks.hold(COUNTS, sound, || format!("{id:?}: {unit:?}"));
        if let Place::Packed { within } = unit.place {
            let larger = UnitId {
                number: within,
                ..*id
            };
            let inside = find(units, larger).is_some_and(|larger| {
                let row = larger.first..larger.first + u64::from(larger.parts);
                larger.place != Place::Opened && row.contains(&id.number)
            });
            checks.hold(COUNTS, inside, || format!("{id:?} is not in {within}"));
        }
    }
}

fn holds_its_parts(units: &[(UnitId, Unit)], id: UnitId, unit: &Unit) -> bool {
    let within = id.number;
    let mut items = 0;
    for number in unit.first..unit.first + u64::from(unit.parts) {
        let Some(part) = find(units, UnitId { number, ..id }) else {
            return false;
        };
        if unit.place != Place::Opened && part.place != (Place::Packed { within }) {
            return false;
        }
        items += part.items;
    }
    items == unit.items
}

fn check_articles(state: &State, units: &[(UnitId, Unit)], checks: &mut Checks) {
    let mut counted: BTreeMap<u32, Article> = BTreeMap::new();
    for (_, unit) in units.iter().filter(|(_, unit)| unit.size == Size::Item) {
        let article = counted.entry(unit.sku).or_default();
        article.made += 1;
        article.sold += u64::from(unit.place == Place::Sold);
    }
    let mut articles = 0;
    state.for_each::<Articles>(|sku, article| {
        articles += 1;
        let found = counted.get(&sku).copied().unwrap_or_default();
        checks.hold(MADE, article == found, || {
            format!("article {sku}: {article:?}, but there are {found:?}")
        });
    });
    if articles + counted.len() > 0 {
        checks.hold(MADE, articles == counted.len(), || {
            format!("{articles} articles are counted of {}", counted.len())
        });
    }
}
