//! The law of evidence, checked by a full scan of its tables.
//!
//! - Whatever lies before a court has the time of its deposit, which nobody can move, and the claim
//!   that was made about it is true; it was submitted by its depositor.
//! - A judge of the court confirmed it, after it was submitted.
//! - A deposit is signed by an account of the time authority, and by one of a notary, or by nobody.
//! - The anchors of a source chain are numbered without a gap, and each names the one before.
//!
//! That inclusion proofs lead to the root is checked when a transaction brings one.

use groma_ledger::State;
use groma_ledger::evidence::{AUTHORITY as STAMP, Anchors, Deposits, Exhibits};
use groma_ledger::patterns::inclusion::LEAVES_LIMIT;

use super::{AUTHORITY, NOTARIES, NOTARY, SOURCE, SOURCES, stock};
use crate::checks::Checks;
use crate::people::{People, seats};
use crate::workload::Breach;

const EARLIEST: &str = "an exhibit has the earliest time of its deposit";
const COURT: &str = "the court of the case confirms";
const NOTARISED: &str = "authority and notary sign deposits";
const ANCHORED: &str = "anchors follow each other without a gap";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(people: People, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let authority = people.departments(AUTHORITY, 1);
    let notaries = people.departments(NOTARY, NOTARIES);
    let may = |place, by| match place {
        STAMP => authority.holder(by).is_some(),
        _ => notaries.holder(by).is_some(),
    };
    state.for_each::<Deposits>(|root, deposit| {
        let sound = deposit.signatures.are_by(may) && (1..=LEAVES_LIMIT).contains(&deposit.leaves);
        checks.hold(NOTARISED, sound, || format!("{root:02x?}: {deposit:?}"));
    });
    check_exhibits(people, state, &mut checks);
    check_anchors(people, state, &mut checks);
    checks.result()
}

fn check_exhibits(people: People, state: &State, checks: &mut Checks) {
    let courts = stock::courts(people);
    state.for_each::<Exhibits>(|(case, root), exhibit| {
        let earliest = state.get::<Deposits>(&root).is_some_and(|deposit| {
            exhibit.since_ns == deposit.since_ns
                && exhibit.party == deposit.depositor
                && exhibit.since_ns <= exhibit.by_ns
                && exhibit.since_ns <= exhibit.submitted_ns
        });
        checks.hold(EARLIEST, earliest, || format!("{case:?}: {exhibit:?}"));
        let confirmed = match (exhibit.confirmed_ns, exhibit.judge) {
            (None, None) => true,
            (Some(at_ns), Some(judge)) => {
                at_ns >= exhibit.submitted_ns && courts.holder(judge) == Some(u32::from(case.court))
            }
            _ => false,
        };
        checks.hold(COURT, confirmed, || format!("{case:?}: {exhibit:?}"));
    });
}

fn check_anchors(people: People, state: &State, checks: &mut Checks) {
    let sources = seats(people.department(SOURCE, 0), SOURCES, 1);
    let mut anchors = Vec::new();
    state.for_each::<Anchors>(|key, anchor| anchors.push((key, anchor)));
    anchors.sort_unstable_by_key(|(key, _)| *key);
    let mut before = None;
    for ((source, place), anchor) in anchors {
        let (expected, previous, since_ns) = match before {
            Some((last, place, root, at_ns)) if last == source => (place + 1, root, at_ns),
            _ => (1, [0; 32], 0),
        };
        let follows = place == expected && anchor.previous == previous && anchor.at_ns >= since_ns;
        let sound = follows && sources.holder(source).is_some();
        checks.hold(ANCHORED, sound, || {
            format!("account {}, anchor {place}: {anchor:?}", source.0)
        });
        before = Some((source, place, anchor.root, anchor.at_ns));
    }
}
