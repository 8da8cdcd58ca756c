//! The law of the medical union, checked by a full scan of its tables.
//!
//! - No reading without a consent that was live, and none is used more often than it allows.
//! - Every reading has a row, and only a tertiary hospital reads in an emergency.
//! - Nothing is read, referred or granted after its key was destroyed.
//! - A referral goes from the community hospital of the record to a tertiary one, by consent.

use std::collections::BTreeMap;

use groma_ledger::State;
use groma_ledger::medical::{
    GrantId, Grants, Medical, Reading, Readings, Records, Referrals, Registry,
};
use groma_ledger::patterns::consent::Consent;

use super::stock;
use crate::checks::{Checks, check_audit};
use crate::people::People;
use crate::workload::Breach;

const CONSENT: &str = "no reading without a live consent";
const AUDIT: &str = "every reading has an audit row";
const EMERGENCY: &str = "a tertiary hospital answers for an emergency";
const DESTROYED: &str = "nothing is read after its key was destroyed";
const REFERRED: &str = "a referral goes upwards and rests on a consent";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(people: People, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let registry = stock::registry(people);
    check_audit::<Medical>(state, AUDIT, &mut checks);
    check_readings(registry, state, &mut checks);
    check_referrals(registry, state, &mut checks);
    checks.result()
}

fn check_readings(registry: Registry, state: &State, checks: &mut Checks) {
    // By consent: how many of its uses have rows, and the sum of their numbers.
    let mut used: BTreeMap<GrantId, (u64, u64)> = BTreeMap::new();
    state.for_each::<Readings>(|id, row| {
        let intact = state
            .get::<Records>(&row.what.record())
            .is_some_and(|record| record.destroyed_ns.is_none_or(|at_ns| row.at_ns <= at_ns));
        checks.hold(DESTROYED, intact, || format!("{id}: {row:?}"));
        let hospital = registry.hospitals.holder(row.by);
        match row.what {
            Reading::Emergency { .. } => {
                let tertiary =
                    hospital.is_some_and(|hospital| hospital < u32::from(registry.tertiary));
                checks.hold(EMERGENCY, tertiary, || format!("{id}: {row:?}"));
            }
            Reading::Consented { grant, usage } => {
                let allowed = hospital == Some(grant.hospital.into())
                    && state
                        .get::<Grants>(&grant)
                        .is_some_and(|consent| was_live(&consent, row.at_ns));
                checks.hold(CONSENT, allowed, || format!("{id}: {row:?}"));
                let (count, sum) = used.entry(grant).or_default();
                *count += 1;
                *sum += u64::from(usage);
            }
        }
    });
    state.for_each::<Grants>(|id, consent| {
        let rows = used.get(&id).copied().unwrap_or_default();
        let uses = u64::from(consent.used);
        // The numbers of its uses are 1 to n, each once.
        let each_once = rows == (uses, uses * (uses + 1) / 2) && consent.used <= consent.uses;
        let intact = state.get::<Records>(&id.record).is_some_and(|record| {
            record
                .destroyed_ns
                .is_none_or(|ns| consent.granted_ns <= ns)
        });
        checks.hold(CONSENT, each_once, || format!("{id:?}: {consent:?}"));
        checks.hold(DESTROYED, intact, || format!("{id:?}: {consent:?}"));
    });
}

fn check_referrals(registry: Registry, state: &State, checks: &mut Checks) {
    state.for_each::<Referrals>(|id, referral| {
        let record = state.get::<Records>(&id.record);
        let sound = record.is_some_and(|record| {
            record.hospital == referral.by
                && referral.by >= registry.tertiary
                && id.hospital < registry.tertiary
                && record.destroyed_ns.is_none_or(|ns| referral.at_ns <= ns)
        });
        let consented = state
            .get::<Grants>(&id)
            .is_some_and(|consent| was_live(&consent, referral.at_ns));
        checks.hold(REFERRED, sound && consented, || {
            format!("{id:?}: {referral:?}")
        });
    });
}

/// Whether a consent allowed something in a block of that time. What happened in the block of its end
/// may have happened before.
fn was_live(consent: &Consent, at_ns: u64) -> bool {
    (consent.granted_ns..consent.expires_ns).contains(&at_ns)
        && consent
            .revoked_ns
            .is_none_or(|revoked_ns| at_ns <= revoked_ns)
}
