//! The world of credit at genesis: who is who, and a stock of consents and records to follow up on.

use std::collections::BTreeMap;

use groma_ledger::credit::{
    BankId, Consent, ConsentKey, Consents, NEWEST_LIMIT, Record, RecordKey, Records, Registries,
    Registry, Source, Standing, Subject, Subjects,
};
use groma_ledger::{AccountId, Genesis};

use super::{CONSENT_NS, Granted, MOST_USES, RETENTION, Reported};
use crate::people::{BANKS, DEPARTMENTS, OPENING_BALANCE, People, TERMINALS, seats};
use crate::population::Scatter;

/// One piece of the stock.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parent {
    Consent(Granted),
    Record(Reported),
    Dispute(Reported),
}

/// The stock, the same whenever it is asked for: of 16 pieces, 14 are consents, one is a record and
/// one a disputed record, because 27 % of all transactions use consents and 0.8 % are about
/// disputes.
pub(super) fn parents(people: People, stock: u32) -> impl Iterator<Item = Parent> {
    let subjects = Scatter::new(people.citizens(), 2).expect("a population is a valid set");
    (0..stock).map(move |number| {
        let subject = people.citizen(subjects.identity(u64::from(number) % people.citizens()));
        let key = RecordKey {
            subject,
            number: u64::from(number),
        };
        let reported = Reported {
            key,
            department: number / 16 % DEPARTMENTS,
        };
        match number % 16 {
            0 => Parent::Record(reported),
            1 => Parent::Dispute(reported),
            _ => {
                let bank = BankId((number % BANKS) as u16);
                let left = 1 + (number % MOST_USES as u32) as u16;
                Parent::Consent(Granted {
                    key: ConsentKey {
                        subject,
                        bank,
                        number,
                    },
                    left,
                })
            }
        }
    })
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    genesis.put::<Registries>(&(), &registry(people));
    let mut subjects: BTreeMap<AccountId, Subject> = BTreeMap::new();
    for parent in parents(people, stock) {
        let (reported, standing) = match parent {
            Parent::Consent(granted) => {
                let consent = Consent {
                    uses: granted.left,
                    used: 0,
                    granted_ns: 0,
                    expires_ns: CONSENT_NS,
                    revoked_ns: None,
                };
                genesis.put::<Consents>(&granted.key, &consent);
                continue;
            }
            Parent::Record(reported) => (reported, Standing::Active),
            Parent::Dispute(reported) => (reported, Standing::Disputed),
        };
        let source = Source::Department(reported.department as u16);
        let record = Record {
            source,
            weight: 1,
            standing,
            submitted_ns: 0,
            digest: [0; 32],
        };
        let subject = subjects.entry(reported.key.subject).or_default();
        subject.score += record.counts();
        subject.records += 1;
        // As the ledger does it: the index names the newest only.
        if subject.newest.len() == NEWEST_LIMIT {
            subject.newest.pop_front();
        }
        subject.newest.push_back(reported.key.number);
        genesis.put::<Records>(&reported.key, &record);
    }
    subjects
        .iter()
        .for_each(|(account, subject)| genesis.put::<Subjects>(account, subject));
}

fn registry(people: People) -> Registry {
    Registry {
        departments: people.departments(0, DEPARTMENTS),
        banks: people.banks(),
        engine: seats(people.engine(0), 1, TERMINALS),
        retention_ns: RETENTION.as_nanos() as u64,
    }
}
