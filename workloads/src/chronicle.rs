//! Histories of a stock at genesis, and the check that a history is complete.

use std::collections::BTreeMap;

use groma_ledger::patterns::history::{Chronicled, Event, Events, History};
use groma_ledger::{AccountId, Genesis, Hash, State, TxId};

use crate::checks::Checks;

/// An event and the transaction that made it.
type Named<W> = (TxId, Event<W>);

/// Writes the events of a thing of the stock, as if transactions had made them; its history.
pub(crate) fn put_history<T: Chronicled<Key = u64>>(
    genesis: &mut Genesis,
    key: u64,
    by: AccountId,
    steps: &[T::What],
) -> History {
    let mut history = History::default();
    for what in steps {
        let place = history.events;
        let id = Hash::of(&[b"stock", &key.to_le_bytes(), &place.to_le_bytes()]);
        let event = Event {
            place,
            by,
            at_ns: 0,
            what: what.clone(),
        };
        genesis.put::<Events<T>>(&(key, TxId(id.0)), &event);
        history = history
            .with(TxId(id.0))
            .expect("a stock has few events each");
    }
    history
}

/// Every event stands in the chain of its thing, and nothing else does: replays all histories, and
/// hands each thing with its events, in order, to `replay`.
pub(crate) fn check_history<T: Chronicled<Key = u64>>(
    state: &State,
    law: &'static str,
    checks: &mut Checks,
    mut replay: impl FnMut(u64, T::Value, &[Event<T::What>], &mut Checks),
) {
    let mut events: BTreeMap<u64, Vec<Named<T::What>>> = BTreeMap::new();
    state.for_each::<Events<T>>(|(key, id), event| {
        events.entry(key).or_default().push((id, event));
    });
    state.for_each::<T>(|key, mut thing| {
        let mut own = events.remove(&key).unwrap_or_default();
        own.sort_unstable_by_key(|(id, event)| (event.place, *id));
        let mut history = Some(History::default());
        let mut numbered = true;
        for (place, (id, event)) in (0..).zip(&own) {
            history = history.and_then(|history| history.with(*id).ok());
            numbered &= event.place == place;
        }
        let found = *T::history(&mut thing);
        checks.hold(law, numbered && history == Some(found), || {
            format!("{} {key}: {found:?}, and not {history:?}", T::NAME)
        });
        let own: Vec<_> = own.into_iter().map(|(_, event)| event).collect();
        replay(key, thing, &own, checks);
    });
    if let Some(key) = events.keys().next() {
        checks.hold(law, false, || format!("{} {key} is not there", T::NAME));
    }
}
