//! The law of identities, checked by a full scan of their tables.
//!
//! - Nothing signed by a key is applied before the height at which it became current, or after the one
//!   at which it was rotated or revoked.
//! - The keys of an identity are numbered without a gap and follow each other in time; the newest has
//!   ended exactly if the identity is revoked.
//! - What was shown had been issued to whom showed it.
//! - Every presentation has a row.

use groma_ledger::State;
use groma_ledger::identity::{Attributes, Identities, Keys, Presentations, Unified};

use crate::checks::{Checks, check_audit};
use crate::workload::Breach;

const SIGNED: &str = "nothing is signed by a key that is not current";
const KEYS: &str = "keys follow each other without a gap";
const ISSUED: &str = "what is shown was issued to the subject";
const AUDIT: &str = "every presentation has an audit row";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    check_audit::<Unified>(state, AUDIT, &mut checks);
    state.for_each::<Presentations>(|id, row| {
        let key = state.get::<Keys>(&(row.by, row.what.key));
        let signs = key.is_some_and(|key| {
            key.from <= row.height && key.until.is_none_or(|until| row.height <= until)
        });
        checks.hold(SIGNED, signs, || format!("{id}: {row:?}"));
        let attribute = state.get::<Attributes>(&row.what.attribute);
        let issued = row.by == row.what.attribute.subject
            && attribute.is_some_and(|attribute| {
                attribute.issued <= row.height && row.what.index < attribute.fields
            });
        checks.hold(ISSUED, issued, || format!("{id}: {row:?}"));
    });
    check_keys(state, &mut checks);
    checks.result()
}

fn check_keys(state: &State, checks: &mut Checks) {
    let mut keys = Vec::new();
    state.for_each::<Keys>(|id, key| keys.push((id, key)));
    keys.sort_unstable_by_key(|(id, _)| *id);
    let mut before = None;
    for (place, &((subject, serial), key)) in keys.iter().enumerate() {
        let (expected, since) = match before {
            Some((last, serial, until)) if last == subject => (serial + 1, until),
            _ => (1, Some(0)),
        };
        // The key before it has ended, no later than this one began.
        let follows = serial == expected
            && since.is_some_and(|since| since <= key.from)
            && key.until.is_none_or(|until| key.from <= until);
        let is_newest = keys
            .get(place + 1)
            .is_none_or(|((next, _), _)| *next != subject);
        let known = !is_newest
            || state.get::<Identities>(&subject).is_some_and(|identity| {
                identity.key == serial && identity.revoked == key.until.is_some()
            });
        checks.hold(KEYS, follows && known, || {
            format!("account {}, key {serial}: {key:?}", subject.0)
        });
        before = Some((subject, serial, key.until));
    }
    state.for_each::<Identities>(|subject, identity| {
        let has_key = state.get::<Keys>(&(subject, identity.key)).is_some();
        checks.hold(KEYS, has_key, || {
            format!("account {}: {identity:?}", subject.0)
        });
    });
}
