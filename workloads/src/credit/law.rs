//! The law of credit, checked by a full scan of its tables.
//!
//! - No query without a live consent: every audit row names a consent that allowed that use at that time, and no use
//!   of a consent twice.
//! - Every query has an audit row: the rows are as many as the banks' accounts have counted queries, account by account.
//! - A subject's score is the fold of its records, and its index counts and names them.

use std::collections::BTreeMap;

use groma_ledger::credit::{
    AuditRow, AuditRows, BASE_SCORE, Consents, NEWEST_LIMIT, QueryCounts, RecordKey, Records,
    Subjects,
};
use groma_ledger::{AccountId, State};

use crate::checks::Checks;
use crate::workload::Breach;

const CONSENT: &str = "no query without a live consent";
const AUDIT: &str = "every query has an audit row";
const SCORE: &str = "a score is the fold of its records";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    check_consents(state, &mut checks);
    check_audit(state, &mut checks);
    check_scores(state, &mut checks);
    checks.result()
}

fn check_consents(state: &State, checks: &mut Checks) {
    let mut uses = Vec::new();
    state.for_each::<AuditRows>(|id, row| {
        uses.push((row.consent, row.usage));
        checks.hold(CONSENT, allowed(state, &row), || {
            format!("query {id}: {row:?}")
        });
    });
    uses.sort_unstable();
    let twice = uses.windows(2).find(|pair| pair[0] == pair[1]);
    checks.hold(CONSENT, twice.is_none(), || {
        format!("a consent was used twice for one use: {twice:?}")
    });
    // Row by row the uses are allowed and distinct; as many as the consents say, none is missing.
    let mut used = 0;
    state.for_each::<Consents>(|key, consent| {
        used += u64::from(consent.used);
        checks.hold(CONSENT, consent.used <= consent.uses, || {
            format!("{key:?} is overdrawn: {consent:?}")
        });
    });
    checks.hold(AUDIT, used == uses.len() as u64, || {
        format!(
            "consents were used {used} times and there are {} audit rows",
            uses.len()
        )
    });
}

/// Whether the consent of an audit row allowed that use at that time.
fn allowed(state: &State, row: &AuditRow) -> bool {
    state.get::<Consents>(&row.consent).is_some_and(|consent| {
        let not_revoked = consent
            .revoked_ns
            .is_none_or(|revoked| row.asked_ns <= revoked);
        let in_time = (consent.granted_ns..consent.expires_ns).contains(&row.asked_ns);
        let counted = (1..=consent.used).contains(&row.usage);
        not_revoked && in_time && counted
    })
}

fn check_audit(state: &State, checks: &mut Checks) {
    let mut rows: BTreeMap<AccountId, u64> = BTreeMap::new();
    state.for_each::<AuditRows>(|_, row| *rows.entry(row.teller).or_default() += 1);
    let tellers = rows.len() as u64;
    state.for_each::<QueryCounts>(|teller, asked| {
        let found = rows.get(&teller).copied().unwrap_or(0);
        checks.hold(AUDIT, asked == found, || {
            format!(
                "account {} asked {asked} times and left {found} rows",
                teller.0
            )
        });
    });
    let counted = state.count::<QueryCounts>();
    checks.hold(AUDIT, tellers == counted, || {
        format!("{tellers} accounts left rows and {counted} counted queries")
    });
}

fn check_scores(state: &State, checks: &mut Checks) {
    let mut folds: BTreeMap<AccountId, (i64, u32)> = BTreeMap::new();
    state.for_each::<Records>(|key, record| {
        let fold = folds.entry(key.subject).or_insert((BASE_SCORE, 0));
        fold.0 += record.counts();
        fold.1 += 1;
    });
    let with_records = folds.len() as u64;
    state.for_each::<Subjects>(|account, subject| {
        let fold = folds.get(&account).copied().unwrap_or((BASE_SCORE, 0));
        checks.hold(SCORE, fold == (subject.score, subject.records), || {
            format!(
                "subject {}: score {} of {} records, but they fold to {} of {}",
                account.0, subject.score, subject.records, fold.0, fold.1
            )
        });
        let known = |number: &u64| {
            state
                .get::<Records>(&RecordKey {
                    subject: account,
                    number: *number,
                })
                .is_some()
        };
        let named = subject.newest.len() == NEWEST_LIMIT.min(subject.records as usize);
        checks.hold(SCORE, named && subject.newest.iter().all(known), || {
            format!(
                "subject {}: its index names {:?}",
                account.0, subject.newest
            )
        });
    });
    let subjects = state.count::<Subjects>();
    checks.hold(SCORE, with_records == subjects, || {
        format!("{with_records} subjects have records and {subjects} an index")
    });
}
