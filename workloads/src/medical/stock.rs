//! The medical union at genesis: who is who, and a stock of records and consents to follow up on.

use groma_ledger::Genesis;
use groma_ledger::medical::{GrantId, Grants, Record, RecordId, Records, Registries, Registry};
use groma_ledger::patterns::consent::Consent;

use super::{CONSENT_NS, Deposited, Granted, HOSPITALS, MOST_USES, TERTIARY, digest};
use crate::people::{OPENING_BALANCE, People};
use crate::population::Scatter;

/// One piece of the stock.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parent {
    Record(Deposited),
    Referable(Granted),
    Readable(Granted),
}

/// The stock, the same whenever it is asked for: of eight pieces two are records to consent to, one is
/// to be referred and five are to be read.
pub(super) fn parents(people: People, stock: u32) -> impl Iterator<Item = Parent> {
    let patients = Scatter::new(people.citizens(), 11).expect("a population is a valid set");
    (0..stock).map(move |number| {
        let rank = u64::from(number) % people.citizens();
        let record = RecordId {
            patient: people.citizen(patients.identity(rank)),
            number: u64::from(number),
        };
        let hospital = TERTIARY + number / 8 % (HOSPITALS - TERTIARY);
        let granted = |to: u32| Granted {
            grant: GrantId {
                record,
                hospital: to as u16,
                number,
            },
            from: hospital,
            left: 1 + (u64::from(number) % MOST_USES) as u16,
        };
        match number % 8 {
            0 | 1 => Parent::Record(Deposited { record, hospital }),
            2 => Parent::Referable(granted(number / 8 % TERTIARY)),
            _ => Parent::Readable(granted((hospital + 1) % HOSPITALS)),
        }
    })
}

/// Who is who.
pub(super) fn registry(people: People) -> Registry {
    Registry {
        hospitals: people.departments(0, HOSPITALS),
        tertiary: TERTIARY as u16,
    }
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    genesis.put::<Registries>(&(), &registry(people));
    for parent in parents(people, stock) {
        let deposited = match parent {
            Parent::Record(deposited) => deposited,
            Parent::Referable(granted) | Parent::Readable(granted) => {
                let consent = Consent {
                    uses: granted.left,
                    used: 0,
                    granted_ns: 0,
                    expires_ns: CONSENT_NS,
                    revoked_ns: None,
                };
                genesis.put::<Grants>(&granted.grant, &consent);
                Deposited {
                    record: granted.grant.record,
                    hospital: granted.from,
                }
            }
        };
        let record = Record {
            hospital: deposited.hospital as u16,
            digest: digest(deposited.record.number),
            bytes: 1_024,
            created_ns: 0,
            destroyed_ns: None,
        };
        genesis.put::<Records>(&deposited.record, &record);
    }
}
