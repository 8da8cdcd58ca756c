//! Unified identity (docs/sources.md W18): citizens are enrolled, departments issue attributes, citizens
//! present a field of them to banks, rotate their keys, and lose some.
//!
//! Everybody stands in one list with his current key, so that an honest citizen never signs with an old
//! one. Who was revoked is enrolled again sooner or later. Once every citizen is enrolled, another
//! attribute is issued in place of an enrolment. What is followed up on is remembered in bounded lists;
//! a stock exists at genesis.
//!
//! Attackers sign with keys that were rotated or revoked, forge fields, and show what is another's. All
//! must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::identity::{AttributeId, IdentityTx, Proof};
use groma_ledger::patterns::inclusion::Batch;
use groma_ledger::{AccountId, Body, Genesis, Hash, State};
use rand::Rng;

use crate::cycle::{Cycle, any_of};
use crate::parents::Parents;
use crate::people::{DEPARTMENTS, People};
use crate::population::{Chance, Scatter, Weighted, below};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In thousandths (estimate): enrol, issue, present, rotate, revoke.
const MIX: Weighted<5> = Weighted::new([50, 150, 760, 30, 10]);
/// Bytes on the wire (W18).
const WIRE_BYTES: usize = 320;
/// The department that enrols: the last before the judiciary.
pub(crate) const REGISTRAR: u32 = 39;
/// Fields of an attribute (estimate).
const FIELDS: u16 = 4;
/// The share of enrolments that are of somebody whose key was revoked (estimate).
const AGAIN_SHARE: f64 = 0.15;
/// People remembered per list: at a lag of 2 s, enough for 65,000 new ones a second.
const REMEMBERED: usize = 1 << 17;
/// Old keys remembered for attacks.
const RETIRED: usize = 1 << 12;

/// Somebody with the serial number of his key, and one attribute that was, or will be, issued to him.
#[derive(Clone, Copy, Debug)]
struct Holder {
    subject: AccountId,
    key: u32,
    department: u32,
    number: u64,
}

impl Holder {
    fn attribute(&self) -> AttributeId {
        AttributeId {
            subject: self.subject,
            department: self.department as u16,
            number: self.number,
        }
    }

    /// The fields of the attribute follow from its number.
    fn batch(&self) -> Batch {
        let fields: [[u8; 32]; FIELDS as usize] =
            std::array::from_fn(|index| field(self.number, index as u64));
        Batch::of(&fields)
    }

    fn proof(&self, index: u16, verifier: AccountId) -> Proof {
        Proof {
            key: self.key,
            attribute: self.attribute(),
            verifier,
            field: field(self.number, index.into()),
            index,
            path: self.batch().path(index),
        }
    }
}

/// Stands for the digest of a field and its salt.
fn field(number: u64, index: u64) -> [u8; 32] {
    Hash::of(&[b"field", &number.to_le_bytes(), &index.to_le_bytes()]).0
}

/// Stands for the digest of a key.
fn public(subject: AccountId, key: u32) -> [u8; 32] {
    Hash::of(&[b"key", &subject.0.to_le_bytes(), &key.to_le_bytes()]).0
}

/// The workload "identity".
#[derive(Debug)]
pub struct Identity {
    people: People,
    stock: u32,
    subjects: Scatter,
    again: Chance,
    /// Citizens enrolled so far.
    enrolments: u64,
    numbers: u64,
    enrolled: Parents<Holder>,
    holders: Parents<Holder>,
    revoked: Parents<Holder>,
    /// With keys that were replaced.
    retired: Parents<Holder>,
}

impl Identity {
    /// The identities of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let stocked = stock::size(setup.people, setup.stock);
        let mut identity = Self {
            people: setup.people,
            stock: setup.stock,
            subjects: stock::subjects(setup.people),
            again: Chance::new(AGAIN_SHARE),
            enrolments: stocked,
            numbers: stocked,
            enrolled: Parents::new(setup.lag, REMEMBERED),
            holders: Parents::new(setup.lag, REMEMBERED),
            revoked: Parents::new(setup.lag, REMEMBERED),
            retired: Parents::new(setup.lag, RETIRED),
        };
        for (holder, shelf) in stock::holders(setup.people, setup.stock) {
            match shelf {
                stock::Shelf::Enrolled => identity.enrolled.stock(holder),
                stock::Shelf::Holding => identity.holders.stock(holder),
                stock::Shelf::Revoked => identity.revoked.stock(holder),
            }
        }
        identity
    }

    fn enrol(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        if self.again.draw(rng)
            && let Some(old) = self.revoked.take(now, rng)
        {
            self.retired.push(now, old);
            let key = old.key + 1;
            let holder = Holder { key, ..old };
            self.holders.push(now, holder);
            return self.enrolment(holder, rng);
        }
        if self.enrolments == self.people.citizens() {
            return self.issue_to_anybody(rng);
        }
        let rank = self.enrolments;
        self.enrolments += 1;
        let holder = self.attributed(self.people.citizen(self.subjects.identity(rank)), rng);
        self.enrolled.push(now, holder);
        self.enrolment(holder, rng)
    }

    fn issue(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        if let Some(holder) = self.enrolled.take(now, rng) {
            self.holders.push(now, holder);
            return Some(self.issuing(holder, rng));
        }
        let subject = self.holders.look(now, rng)?.subject;
        let holder = self.attributed(subject, rng);
        Some(self.issuing(holder, rng))
    }

    fn issue_to_anybody(&mut self, rng: &mut dyn Rng) -> Draft {
        let rank = below(rng, self.enrolments);
        let subject = self.people.citizen(self.subjects.identity(rank));
        let holder = self.attributed(subject, rng);
        self.issuing(holder, rng)
    }

    fn present(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let holder = *self.holders.look(now, rng)?;
        Some(self.presenting(holder, rng))
    }

    fn rotate(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let old = self.holders.take(now, rng)?;
        self.retired.push(now, old);
        let key = old.key + 1;
        self.holders.push(now, Holder { key, ..old });
        Some(rotation(old))
    }

    /// Half are reported by the subject, half by the registrar (estimate).
    fn revoke(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let holder = self.holders.take(now, rng)?;
        self.revoked.push(now, holder);
        let Holder { subject, key, .. } = holder;
        let sender = match below(rng, 2) {
            0 => subject,
            _ => self.registrar(rng),
        };
        Some(draft(sender, IdentityTx::Revoke { subject, key }))
    }

    /// Somebody's first key, with a new attribute of some department.
    fn attributed(&mut self, subject: AccountId, rng: &mut dyn Rng) -> Holder {
        self.numbers += 1;
        Holder {
            subject,
            key: 1,
            department: below(rng, u64::from(DEPARTMENTS)) as u32,
            number: self.numbers,
        }
    }

    fn enrolment(&self, holder: Holder, rng: &mut dyn Rng) -> Draft {
        let Holder { subject, key, .. } = holder;
        let tx = IdentityTx::Enrol {
            subject,
            key,
            public: public(subject, key),
        };
        draft(self.registrar(rng), tx)
    }

    fn issuing(&self, holder: Holder, rng: &mut dyn Rng) -> Draft {
        issuance(self.official(holder.department, rng), holder)
    }

    fn presenting(&self, holder: Holder, rng: &mut dyn Rng) -> Draft {
        let index = below(rng, FIELDS.into()) as u16;
        let proof = holder.proof(index, self.banker(rng));
        draft(holder.subject, IdentityTx::Present(Box::new(proof)))
    }

    fn registrar(&self, rng: &mut dyn Rng) -> AccountId {
        self.official(REGISTRAR, rng)
    }

    fn official(&self, department: u32, rng: &mut dyn Rng) -> AccountId {
        any_of(self.people.departments(department, 1), rng)
    }

    fn banker(&self, rng: &mut dyn Rng) -> AccountId {
        any_of(self.people.banks(), rng)
    }
}

fn rotation(holder: Holder) -> Draft {
    let Holder { subject, key, .. } = holder;
    let tx = IdentityTx::Rotate {
        key,
        public: public(subject, key + 1),
    };
    draft(subject, tx)
}

fn issuance(official: AccountId, holder: Holder) -> Draft {
    let tx = IdentityTx::Issue {
        attribute: holder.attribute(),
        root: holder.batch().root(),
        fields: FIELDS,
    };
    draft(official, tx)
}

fn draft(sender: AccountId, tx: IdentityTx) -> Draft {
    Draft::sized(sender, Body::Identity(tx), WIRE_BYTES)
}

impl Cycle for Identity {
    const NAME: &'static str = "identity";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.issue(now, rng),
            2 => self.present(now, rng),
            3 => self.rotate(now, rng),
            _ => self.revoke(now, rng),
        };
        drawn.unwrap_or_else(|| self.enrol(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 5) {
            0 => {
                let thief = *self.retired.look(now, rng)?;
                Some(self.presenting(thief, rng))
            }
            1 => Some(rotation(*self.retired.look(now, rng)?)),
            2 => {
                let thief = *self.revoked.look(now, rng)?;
                Some(self.presenting(thief, rng))
            }
            3 => {
                let holder = *self.holders.look(now, rng)?;
                let mut proof = holder.proof(0, self.banker(rng));
                proof.field = field(rng.next_u64(), 0);
                Some(draft(holder.subject, IdentityTx::Present(Box::new(proof))))
            }
            _ => {
                // A bank shows to another what was shown to it.
                let holder = *self.holders.look(now, rng)?;
                let sender = self.banker(rng);
                Some(Draft {
                    sender,
                    ..self.presenting(holder, rng)
                })
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let holder = *self.holders.look(now, rng)?;
        match below(rng, 4) {
            0 => {
                let key = holder.key + 1;
                Some(self.enrolment(Holder { key, ..holder }, rng))
            }
            1 => Some(self.issuing(holder, rng)),
            // Another department's number.
            2 => {
                let other = (holder.department + 1) % DEPARTMENTS;
                Some(issuance(self.official(other, rng), holder))
            }
            _ => {
                // To somebody who is no bank.
                let proof = holder.proof(0, self.people.tax(0));
                Some(draft(holder.subject, IdentityTx::Present(Box::new(proof))))
            }
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(state)
    }
}
