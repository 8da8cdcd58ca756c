//! The law of credit, checked by a full scan of its tables.
//!
//! - No query without a live consent: every audit row names a consent that allowed that use at that
//!   time, and no use of a consent twice.
//! - Every query has an audit row: the rows are as many as the banks' accounts have counted
//!   queries, account by account.
//! - A subject's score is the fold of its records, and its index counts and names them.
//! - Of an archived record only the digest is left.

use std::collections::BTreeMap;

use groma_ledger::credit::{
    AuditRow, AuditRows, BASE_SCORE, Consent, Consents, NEWEST_LIMIT, QueryCounts, Records,
    Standing, Subjects,
};
use groma_ledger::{AccountId, State};

use crate::checks::Checks;
use crate::workload::Breach;

const CONSENT: &str = "no query without a live consent";
const AUDIT: &str = "every query has an audit row";
const SCORE: &str = "a score is the fold of its records";
const ARCHIVE: &str = "of an archived record only the digest is left";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    check_consents(state, &mut checks);
    check_audit(state, &mut checks);
    check_scores(state, &mut checks);
    checks.result()
}

fn check_consents(state: &State, checks: &mut Checks) {
    let mut consents = Vec::new();
    let mut used = 0;
    state.for_each::<Consents>(|key, consent| {
        used += u64::from(consent.used);
        checks.hold(CONSENT, consent.used <= consent.uses, || {
            format!("{key:?} is overdrawn: {consent:?}")
        });
        consents.push((key, consent));
    });
    consents.sort_unstable_by_key(|(key, _)| *key);
    let mut uses = Vec::new();
    state.for_each::<AuditRows>(|id, row| {
        uses.push((row.consent, row.usage));
        let place = consents.binary_search_by_key(&row.consent, |(key, _)| *key);
        let allowed = place.is_ok_and(|place| allows(&consents[place].1, &row));
        checks.hold(CONSENT, allowed, || format!("query {id}: {row:?}"));
    });
    uses.sort_unstable();
    let twice = uses.windows(2).find(|pair| pair[0] == pair[1]);
    checks.hold(CONSENT, twice.is_none(), || {
        format!("two queries are one use: {twice:?}")
    });
    // Row by row the uses are allowed and distinct; as many as the consents say, none is missing.
    checks.hold(AUDIT, used == uses.len() as u64, || {
        format!(
            "consents were used {used} times and there are {} audit rows",
            uses.len()
        )
    });
}

/// Whether a consent allowed the use of an audit row at its time.
fn allows(consent: &Consent, row: &AuditRow) -> bool {
    let not_revoked = consent
        .revoked_ns
        .is_none_or(|revoked| row.asked_ns <= revoked);
    let in_time = (consent.granted_ns..consent.expires_ns).contains(&row.asked_ns);
    let counted = (1..=consent.used).contains(&row.usage);
    not_revoked && in_time && counted
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
    let mut records = Vec::new();
    state.for_each::<Records>(|key, record| {
        records.push((key, record.counts()));
        let gone = record.standing != Standing::Archived || record.weight == 0;
        checks.hold(ARCHIVE, gone, || format!("{key:?}: {record:?}"));
    });
    records.sort_unstable();
    state.for_each::<Subjects>(|account, subject| {
        let first = records.partition_point(|(key, _)| key.subject < account);
        let own = records[first..]
            .iter()
            .take_while(|(key, _)| key.subject == account)
            .count();
        let own = &records[first..first + own];
        let score = BASE_SCORE + own.iter().map(|(_, counts)| counts).sum::<i64>();
        let fold = (score, own.len());
        checks.hold(
            SCORE,
            fold == (subject.score, subject.records as usize),
            || {
                format!(
                    "subject {}: score {} of {} records, but they fold to {fold:?}",
                    account.0, subject.score, subject.records
                )
            },
        );
        let known = |number: &u64| {
            own.binary_search_by_key(number, |(key, _)| key.number)
                .is_ok()
        };
        let named = subject.newest.len() == NEWEST_LIMIT.min(subject.records as usize);
        checks.hold(SCORE, named && subject.newest.iter().all(known), || {
            let names = subject.newest.len();
            let unknown = subject.newest.iter().find(|number| !known(number));
            format!(
                "subject {}: its index names {names} of {} records; unknown: {unknown:?}",
                account.0, subject.records
            )
        });
    });
    let with_records = records
        .chunk_by(|(one, _), (next, _)| one.subject == next.subject)
        .count() as u64;
    let subjects = state.count::<Subjects>();
    checks.hold(SCORE, with_records == subjects, || {
        format!("{with_records} subjects have records and {subjects} an index")
    });
}
