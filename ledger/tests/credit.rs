//! The rules of credit records, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::credit::{
    AuditRows, BASE_SCORE, BankId, ConsentKey, Consents, CreditTx, NEWEST_LIMIT, QueryCounts,
    RecordKey, Records, Registries, Registry, Source, Standing, Subjects, WEIGHT_LIMIT,
};
use groma_ledger::roles::Seats;
use groma_ledger::{AccountId, Body, Genesis, Outcome, Reason, Transaction};
use invoice_common::Desk;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SUBJECT: u64 = 5;
/// Three departments of two accounts, two banks of two, and the engine.
const DEPARTMENT: u64 = 20;
const BANK: u64 = 26;
const ENGINE: u64 = 30;
/// Each step takes a microsecond.
const RETENTION_NS: u64 = 20_000;

fn desk() -> Desk {
    let mut genesis = Genesis::new(40, 0);
    let seats = |first, institutions, each| Seats {
        first: AccountId(first),
        institutions,
        each,
    };
    let registry = Registry {
        departments: seats(DEPARTMENT, 3, 2),
        banks: seats(BANK, 2, 2),
        engine: seats(ENGINE, 1, 2),
        retention_ns: RETENTION_NS,
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn key(number: u64) -> RecordKey {
    RecordKey {
        subject: AccountId(SUBJECT),
        number,
    }
}

fn submit(number: u64, weight: i16) -> CreditTx {
    CreditTx::Submit {
        key: key(number),
        weight,
        digest: [1; 32],
    }
}

fn consent(bank: u16, number: u32) -> ConsentKey {
    ConsentKey {
        subject: AccountId(SUBJECT),
        bank: BankId(bank),
        number,
    }
}

fn query(bank: u16, number: u32) -> CreditTx {
    CreditTx::Query {
        consent: consent(bank, number),
    }
}

fn authorise(bank: u16, number: u32, uses: u16, expires_ns: u64) -> CreditTx {
    CreditTx::Authorise {
        bank: BankId(bank),
        number,
        uses,
        expires_ns,
    }
}

trait Crediting {
    /// The transaction is applied.
    fn ok(&mut self, sender: u64, tx: CreditTx);
    /// The transaction is refused for that reason.
    fn no(&mut self, sender: u64, tx: CreditTx, reason: Reason);
    fn score(&self) -> i64;
}

impl Crediting for Desk {
    #[track_caller]
    fn ok(&mut self, sender: u64, tx: CreditTx) {
        assert_eq!(self.submit(sender, Body::Credit(tx)), Ok(()));
    }

    #[track_caller]
    fn no(&mut self, sender: u64, tx: CreditTx, reason: Reason) {
        assert_eq!(self.submit(sender, Body::Credit(tx)), Err(reason));
    }

    fn score(&self) -> i64 {
        self.record::<Subjects>(&AccountId(SUBJECT)).score - BASE_SCORE
    }
}

#[test]
fn records_make_the_score_and_disputes_suspend_them() {
    let mut desk = desk();
    let dispute = |number| CreditTx::Dispute {
        number,
        digest: [2; 32],
    };
    let correct = |number, weight| CreditTx::Correct {
        key: key(number),
        weight,
    };
    let uphold = |number| CreditTx::Uphold { key: key(number) };
    desk.no(SUBJECT, dispute(1), Reason::Dependency);
    desk.no(SUBJECT, submit(1, 10), Reason::NotPermitted);
    desk.no(BANK, submit(1, 10), Reason::NotPermitted);
    desk.no(DEPARTMENT, submit(1, WEIGHT_LIMIT + 1), Reason::Malformed);
    desk.no(DEPARTMENT, submit(1, i16::MIN), Reason::Malformed);
    desk.ok(DEPARTMENT, submit(1, 10));
    desk.no(DEPARTMENT + 2, submit(1, 9), Reason::AlreadyExists);
    desk.ok(DEPARTMENT + 2, submit(2, -30));
    assert_eq!(desk.score(), -20);

    // Nobody disputes it.
    desk.no(DEPARTMENT + 2, uphold(2), Reason::WrongState);
    // It is not his.
    desk.no(SUBJECT + 1, dispute(2), Reason::Dependency);
    desk.ok(SUBJECT, dispute(2));
    desk.no(SUBJECT, dispute(2), Reason::WrongState);
    assert_eq!(desk.score(), 10, "a disputed record does not count");
    // Another department.
    desk.no(DEPARTMENT, correct(2, 0), Reason::NotPermitted);
    desk.no(SUBJECT, correct(2, 0), Reason::NotPermitted);
    desk.no(DEPARTMENT + 3, correct(2, 101), Reason::Malformed);
    desk.no(DEPARTMENT + 3, correct(9, 1), Reason::Dependency);
    // Any account of the department.
    desk.ok(DEPARTMENT + 3, correct(2, -5));
    assert_eq!(
        (desk.score(), desk.record::<Records>(&key(2)).standing),
        (5, Standing::Corrected)
    );
    // It is settled.
    desk.no(SUBJECT, dispute(2), Reason::WrongState);
    desk.ok(SUBJECT, dispute(1));
    desk.ok(DEPARTMENT, uphold(1));
    assert_eq!(
        (desk.score(), desk.record::<Records>(&key(1)).standing),
        (5, Standing::Upheld)
    );
}

#[test]
fn rewards_and_penalties_are_records_of_the_engine() {
    let mut desk = desk();
    let reward = |number, points| CreditTx::Reward {
        key: key(number),
        points,
    };
    let penalise = |number, points| CreditTx::Penalise {
        key: key(number),
        points,
    };
    desk.no(DEPARTMENT, reward(1, 5), Reason::NotPermitted);
    for points in [0, WEIGHT_LIMIT as u16 + 1, u16::MAX] {
        desk.no(ENGINE, reward(1, points), Reason::Malformed);
    }
    desk.ok(ENGINE, reward(1, 5));
    desk.no(ENGINE, penalise(1, 7), Reason::AlreadyExists);
    desk.ok(ENGINE + 1, penalise(2, 7));
    assert_eq!(desk.score(), -2);
    assert_eq!(desk.record::<Records>(&key(2)).source, Source::Engine);
}

#[test]
fn an_index_names_the_newest_records() {
    let mut desk = desk();
    for number in 0..NEWEST_LIMIT as u64 + 3 {
        desk.ok(DEPARTMENT, submit(number, 1));
    }
    let subject = desk.record::<Subjects>(&AccountId(SUBJECT));
    assert_eq!(subject.records as usize, NEWEST_LIMIT + 3);
    assert_eq!((subject.newest.len(), subject.newest[0]), (NEWEST_LIMIT, 3));
}

#[test]
fn a_query_needs_a_live_consent_and_leaves_a_row() {
    let mut desk = desk();
    let late = u64::MAX;
    desk.ok(DEPARTMENT, submit(1, 10));
    desk.no(BANK, query(0, 1), Reason::NoConsent);
    desk.no(SUBJECT, authorise(0, 1, 0, late), Reason::Malformed);
    let past = desk.now_ns;
    desk.no(SUBJECT, authorise(0, 1, 2, past), Reason::Malformed);
    desk.no(SUBJECT, authorise(2, 1, 2, late), Reason::UnknownRecord);
    desk.ok(SUBJECT, authorise(0, 1, 2, late));
    desk.no(SUBJECT, authorise(0, 1, 9, late), Reason::AlreadyExists);

    // Speaks for bank 1.
    desk.no(BANK + 2, query(0, 1), Reason::NotPermitted);
    // Given to bank 0.
    desk.no(BANK + 2, query(1, 1), Reason::NoConsent);
    desk.no(DEPARTMENT, query(0, 1), Reason::NotPermitted);
    desk.ok(BANK, query(0, 1));
    desk.ok(BANK + 1, query(0, 1));
    // Used up.
    desk.no(BANK, query(0, 1), Reason::NoConsent);
    let mut rows = Vec::new();
    desk.state
        .for_each::<AuditRows>(|_, row| rows.push((row.teller.0, row.usage, row.score)));
    rows.sort_unstable();
    assert_eq!(
        rows,
        [(BANK, 1, BASE_SCORE + 10), (BANK + 1, 2, BASE_SCORE + 10)]
    );
    assert_eq!(desk.record::<QueryCounts>(&AccountId(BANK)), 1);
    assert_eq!(desk.record::<Consents>(&consent(0, 1)).used, 2);
}

#[test]
fn records_expire_by_the_block_and_are_archived() {
    let mut desk = desk();
    let expire = |number| CreditTx::Expire { key: key(number) };
    let archive = |number| CreditTx::Archive { key: key(number) };
    let reward = |number| CreditTx::Reward {
        key: key(number),
        points: 7,
    };
    let dispute = |number| CreditTx::Dispute {
        number,
        digest: [2; 32],
    };
    desk.no(DEPARTMENT, expire(1), Reason::Dependency);
    desk.ok(DEPARTMENT, submit(1, 10));
    let over_ns = desk.now_ns + RETENTION_NS;
    desk.ok(DEPARTMENT, submit(2, 20));
    desk.ok(DEPARTMENT, submit(3, 40));
    desk.ok(ENGINE, reward(4));
    desk.ok(SUBJECT, dispute(2));
    desk.ok(SUBJECT, dispute(3));
    desk.ok(DEPARTMENT, CreditTx::Uphold { key: key(3) });
    // It must expire before it is archived.
    desk.no(DEPARTMENT, archive(1), Reason::WrongState);
    // Only whoever reported it.
    desk.no(DEPARTMENT + 2, expire(1), Reason::NotPermitted);
    desk.no(SUBJECT, expire(1), Reason::NotPermitted);
    desk.no(ENGINE, expire(1), Reason::NotPermitted);
    assert_eq!(desk.score(), 57);
    desk.now_ns = over_ns - 2_000;
    desk.no(DEPARTMENT, expire(1), Reason::TooEarly);
    // To the very block; another account of the department.
    desk.ok(DEPARTMENT + 1, expire(1));
    assert_eq!(desk.score(), 47);
    assert_eq!(desk.record::<Records>(&key(1)).weight, 10);
    desk.no(DEPARTMENT, expire(1), Reason::WrongState);
    desk.no(SUBJECT, dispute(1), Reason::WrongState);
    desk.no(SUBJECT, archive(1), Reason::NotPermitted);
    desk.ok(DEPARTMENT, archive(1));
    desk.no(DEPARTMENT, archive(1), Reason::WrongState);
    desk.no(DEPARTMENT, expire(1), Reason::WrongState);
    let record = desk.record::<Records>(&key(1));
    let left = (record.standing, record.weight, record.digest);
    assert_eq!(left, (Standing::Archived, 0, [1; 32]));
    // Its number stays used, and its subject's index names it.
    desk.no(DEPARTMENT, submit(1, 10), Reason::AlreadyExists);
    assert_eq!(desk.record::<Subjects>(&AccountId(SUBJECT)).records, 4);
    // A dispute is settled first; what was upheld expires like any other.
    desk.now_ns += RETENTION_NS;
    desk.no(DEPARTMENT, expire(2), Reason::WrongState);
    desk.ok(DEPARTMENT, expire(3));
    desk.no(DEPARTMENT, expire(4), Reason::NotPermitted);
    desk.ok(ENGINE + 1, expire(4));
    desk.ok(ENGINE, archive(4));
    assert_eq!(desk.score(), 0);
}

#[test]
fn consents_expire_by_the_block_and_can_be_revoked() {
    let mut desk = desk();
    let revoke = |number| CreditTx::Revoke {
        bank: BankId(1),
        number,
    };
    let expires_ns = desk.now_ns + 3_000;
    desk.ok(SUBJECT, authorise(1, 1, 9, expires_ns));
    desk.ok(BANK + 2, query(1, 1));
    // Expired at this block.
    desk.no(BANK + 2, query(1, 1), Reason::NoConsent);
    assert_eq!(desk.now_ns, expires_ns);
    desk.ok(SUBJECT, authorise(1, 2, 9, u64::MAX));
    desk.no(SUBJECT, revoke(3), Reason::Dependency);
    // It is not his.
    desk.no(SUBJECT + 1, revoke(2), Reason::Dependency);
    desk.ok(SUBJECT, revoke(2));
    desk.no(SUBJECT, revoke(2), Reason::WrongState);
    desk.no(BANK + 2, query(1, 2), Reason::NoConsent);
    assert_eq!(
        desk.state.count::<AuditRows>(),
        1,
        "refused queries leave no row"
    );
}

#[test]
fn without_a_registry_nobody_has_a_role() {
    let mut desk = Desk::new(&Genesis::new(40, 0));
    desk.no(DEPARTMENT, submit(1, 10), Reason::NotPermitted);
    desk.no(BANK, query(0, 1), Reason::NotPermitted);
    desk.no(
        ENGINE,
        CreditTx::Reward {
            key: key(1),
            points: 1,
        },
        Reason::NotPermitted,
    );
    desk.no(SUBJECT, authorise(0, 1, 1, u64::MAX), Reason::UnknownRecord);
}

/// Any transaction over few keys, so that most of them meet.
fn any_tx() -> impl Strategy<Value = Transaction> {
    let keys = || {
        (SUBJECT..SUBJECT + 2, 0..4_u64).prop_map(|(subject, number)| RecordKey {
            subject: AccountId(subject),
            number,
        })
    };
    let banks = || (0..3_u16).prop_map(BankId);
    let departments = || DEPARTMENT..DEPARTMENT + 6;
    let subjects = || SUBJECT..SUBJECT + 2;
    let weights = || -120..120_i16;
    let numbers = || 0..3_u32;
    let points = || 0..120_u16;
    let engine = || ENGINE..ENGINE + 3;
    let tx = prop_oneof![
        4 => (departments(), keys(), weights()).prop_map(|(sender, key, weight)| {
            (sender, CreditTx::Submit { key, weight, digest: [0; 32] })
        }),
        3 => (subjects(), 0..3_u16, numbers(), 0..4_u16, 0..9_000_u64)
            .prop_map(|(sender, bank, number, uses, until)| {
                (sender, authorise(bank, number, uses, until))
            }),
        6 => (BANK..BANK + 4, subjects(), banks(), numbers())
            .prop_map(|(sender, subject, bank, number)| {
                let subject = AccountId(subject);
                (sender, CreditTx::Query { consent: ConsentKey { subject, bank, number } })
            }),
        2 => (subjects(), 0..4_u64).prop_map(|(sender, number)| {
            (sender, CreditTx::Dispute { number, digest: [3; 32] })
        }),
        2 => (departments(), keys(), weights())
            .prop_map(|(sender, key, weight)| (sender, CreditTx::Correct { key, weight })),
        1 => (departments(), keys()).prop_map(|(sender, key)| (sender, CreditTx::Uphold { key })),
        1 => (engine(), keys(), points())
            .prop_map(|(sender, key, points)| (sender, CreditTx::Reward { key, points })),
        1 => (engine(), keys(), points())
            .prop_map(|(sender, key, points)| (sender, CreditTx::Penalise { key, points })),
        1 => (subjects(), banks(), numbers())
            .prop_map(|(sender, bank, number)| (sender, CreditTx::Revoke { bank, number })),
        1 => (departments(), keys()).prop_map(|(sender, key)| (sender, CreditTx::Expire { key })),
        1 => (departments(), keys()).prop_map(|(sender, key)| (sender, CreditTx::Archive { key })),
    ];
    tx.prop_map(|(sender, tx)| Transaction {
        sender: AccountId(sender),
        nonce: 0,
        filler: 0,
        body: Body::Credit(tx),
    })
}

/// Applies them in blocks of 80; the number of queries that were applied.
fn fire(desk: &mut Desk, transactions: &[Transaction]) -> u64 {
    let mut queries = 0;
    for (height, chunk) in transactions.chunks(80).enumerate() {
        desk.now_ns += 1_000;
        let numbered = chunk.iter().cloned().zip(height as u64 * 80..);
        let block = numbered.map(|(transaction, nonce)| Transaction {
            nonce,
            ..transaction
        });
        let outcomes = desk.block(block.collect());
        for (transaction, outcome) in chunk.iter().zip(outcomes) {
            let query = matches!(transaction.body, Body::Credit(CreditTx::Query { .. }));
            queries += u64::from(query && outcome == Outcome::Applied);
        }
    }
    queries
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_fire_leaves_parallel_equal_and_scores_folded(
        transactions in proptest::collection::vec(any_tx(), 1..400),
    ) {
        let mut desk = desk();
        let queries = fire(&mut desk, &transactions);
        prop_assert_eq!(desk.state.count::<AuditRows>(), queries);
        let (mut used, mut counted) = (0, 0);
        desk.state.for_each::<Consents>(|_, consent| used += u64::from(consent.used));
        desk.state.for_each::<QueryCounts>(|_, asked| counted += asked);
        prop_assert_eq!((used, counted), (queries, queries));
        let mut folds = BTreeMap::new();
        desk.state.for_each::<Records>(|key, record| {
            *folds.entry(key.subject).or_insert(BASE_SCORE) += record.counts();
        });
        let mut scores = BTreeMap::new();
        desk.state.for_each::<Subjects>(|account, subject| {
            scores.insert(account, subject.score);
        });
        prop_assert_eq!(folds, scores);
    }

    #[test]
    fn encodings_round_trip(transaction in any_tx()) {
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
