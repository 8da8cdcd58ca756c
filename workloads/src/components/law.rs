//! The law of components, checked by replaying the history of each.
//!
//! - The history of a component is complete: its events are numbered and chained without a gap.
//! - A component is in the one state to which they lead, by steps that may follow each other, each of
//!   its owner, but for reports.
//! - Readings are deposited by gateways.

use groma_ledger::State;
use groma_ledger::component::{Batches, Component, Components, Registry, Step};
use groma_ledger::patterns::history::Event;
use groma_ledger::patterns::inclusion::LEAVES_LIMIT;

use super::stock;
use crate::checks::Checks;
use crate::chronicle::check_history;
use crate::people::People;
use crate::workload::Breach;

const HISTORY: &str = "the history of a component is complete";
const STATE: &str = "a component is in the state of its history";
const OWNED: &str = "whoever answers for a component takes its steps";
const READINGS: &str = "readings are deposited by gateways";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(people: People, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let registry = stock::registry(people);
    check_history::<Components>(
        state,
        HISTORY,
        &mut checks,
        |number, component, events, checks| {
            let steps = events.iter();
            let stage = steps.fold(None, |stage, event| event.what.after(stage));
            checks.hold(STATE, stage == Some(component.stage), || {
                format!("component {number}: {stage:?}, and not {component:?}")
            });
            let owned = events
                .iter()
                .all(|event| is_owned(registry, &component, event));
            checks.hold(OWNED, owned, || format!("component {number}: {events:?}"));
        },
    );
    state.for_each::<Batches>(|(gateway, number), batch| {
        let sound = registry.gateways.seat(gateway).is_some()
            && (1..=LEAVES_LIMIT).contains(&batch.readings);
        checks.hold(READINGS, sound, || {
            format!("account {}, batch {number}: {batch:?}", gateway.0)
        });
    });
    checks.result()
}

fn is_owned(registry: Registry, component: &Component, event: &Event<Step>) -> bool {
    matches!(event.what, Step::Reported(_))
        || registry.owners.holder(event.by) == Some(component.owner.into())
}
