//! The law of addresses, checked by replaying the history of each.
//!
//! - The history of an address is complete: its events are numbered and chained without a gap, and lead
//!   to what it is.
//! - Active enterprises never exceed the limit, and nobody came while it was frozen.
//! - The bindings say of each enterprise what the history says.
//! - Its form is that of the last change, which two departments have signed, each by an account of its
//!   own.

use std::collections::BTreeMap;

use groma_ledger::State;
use groma_ledger::address::{
    Address, Addresses, Bindings, ChangeId, Changes, NEEDED, SeatId, Step,
};
use groma_ledger::patterns::history::Event;

use crate::checks::Checks;
use crate::chronicle::check_history;
use crate::people::People;
use crate::workload::Breach;

use super::{DEPARTMENT, SIGNERS};

const HISTORY: &str = "the history of an address is complete";
const LIMIT: &str = "active bindings stay within the limit";
const FROZEN: &str = "nobody binds to a frozen address";
const BOUND: &str = "a binding is what the history says";
const SIGNED: &str = "two of three departments change an address";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(people: People, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    // Whether an enterprise is at an address, as its history says.
    let mut seats: BTreeMap<SeatId, bool> = BTreeMap::new();
    check_history::<Addresses>(
        state,
        HISTORY,
        &mut checks,
        |number, address, events, checks| {
            replay(number, address, events, &mut seats, checks);
            check_form(state, number, address, events, checks);
        },
    );
    state.for_each::<Bindings>(|id, binding| {
        let expected = seats.remove(&id);
        let active = binding.ended_ns.is_none();
        checks.hold(BOUND, expected == Some(active), || {
            format!("{id:?}: {binding:?}")
        });
    });
    if let Some((id, _)) = seats.first_key_value() {
        checks.hold(BOUND, false, || format!("{id:?} has no binding"));
    }
    let departments = people.departments(DEPARTMENT, SIGNERS);
    let own = |place: u8, by| departments.holder(by) == Some(place.into());
    state.for_each::<Changes>(|id, change| {
        let count = change.signatures.count();
        let sound = (1..=NEEDED).contains(&count) && change.signatures.are_by(own);
        checks.hold(SIGNED, sound, || format!("{id:?}: {change:?}"));
    });
    checks.result()
}

fn replay(
    number: u64,
    address: Address,
    events: &[Event<Step>],
    seats: &mut BTreeMap<SeatId, bool>,
    checks: &mut Checks,
) {
    let (mut bound, mut most, mut frozen, mut came_late) = (0_u32, 0, false, false);
    let mut seat = |enterprise, active| {
        let id = SeatId {
            address: number,
            enterprise,
        };
        seats.insert(id, active)
    };
    let mut sound = matches!(events.first(), Some(event) if event.what == Step::Registered);
    for event in events {
        match event.what {
            Step::Bound(enterprise) => {
                came_late |= frozen;
                bound += 1;
                most = most.max(bound);
                sound &= seat(enterprise, true).is_none();
            }
            Step::Unbound(enterprise) => {
                sound &= seat(enterprise, false) == Some(true);
                bound = bound.saturating_sub(1);
            }
            Step::Frozen | Step::Thawed => {
                let next = event.what == Step::Frozen;
                sound &= next != std::mem::replace(&mut frozen, next);
            }
            Step::Registered | Step::Inspected(_) | Step::Changed(_) => {}
        }
    }
    checks.hold(FROZEN, !came_late, || format!("address {number}"));
    checks.hold(LIMIT, most <= address.limit.into(), || {
        format!("address {number} had {most}: {address:?}")
    });
    sound &= (bound, frozen) == (address.bound.into(), address.frozen);
    checks.hold(HISTORY, sound, || {
        format!("address {number}: {bound} bound, frozen {frozen}, and not {address:?}")
    });
}

fn check_form(
    state: &State,
    number: u64,
    address: Address,
    events: &[Event<Step>],
    checks: &mut Checks,
) {
    let changed = events.iter().rev().find_map(|event| match event.what {
        Step::Changed(number) => Some(number),
        _ => None,
    });
    let Some(change) = changed else {
        return;
    };
    let id = ChangeId {
        address: number,
        number: change,
    };
    let sound = state.get::<Changes>(&id).is_some_and(|change| {
        change.signatures.count() == NEEDED && change.digest == address.digest
    });
    checks.hold(SIGNED, sound, || format!("{id:?}: {address:?}"));
}
