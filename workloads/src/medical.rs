//! The medical union (docs/sources.md W11): hospitals deposit sealed records, patients grant and revoke,
//! doctors refer and read, a few break the glass, and some records are destroyed.
//!
//! A record carries its envelope as filler: 1 to 4 kB of payload sealed for the patient and the
//! hospital; a grant carries one more wrap. What a consent allows is remembered in bounded lists and
//! followed up once the lag has passed, whether or not it is final; a stock exists at genesis, and
//! should a list run dry all the same, a record is created instead.
//!
//! Attackers read without a consent, with one that ended or another's, or what was destroyed, and
//! break the glass without being an emergency hospital. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::envelope::{WRAP_BYTES, sealed_bytes};
use groma_ledger::medical::{GrantId, MedicalTx, RecordId};
use groma_ledger::{AccountId, Body, Genesis, Hash, State};
use rand::Rng;

use crate::cycle::{Cycle, any_of};
use crate::parents::Parents;
use crate::people::People;
use crate::population::{Chance, Weighted, below, log_uniform};
use crate::workload::{Breach, Draft, Intent, WorkloadSetup};

/// In thousandths: create, grant, revoke, refer, read, break the glass, destroy. W11 gives the glass
/// (0.1 %); the rest is an estimate.
pub(crate) const MIX: Weighted<7> = Weighted::new([300, 200, 30, 60, 400, 1, 9]);
/// Its place in the mix.
pub(crate) const CREATE: usize = 0;
/// Hospitals of the union (estimate), the city's first departments, of which so many are tertiary.
pub(crate) const HOSPITALS: u32 = 36;
pub(crate) const TERTIARY: u32 = 4;
/// The share of records that a community hospital deposits (estimate).
const COMMUNITY_SHARE: f64 = 0.7;
/// Which of their records get a consent that is meant for a referral: a little more than the mix asks.
const REFERRED_SHARE: f64 = 0.5;
/// A consent allows 1 to 7 readings (estimate) for 30 days (estimate).
const MOST_USES: u64 = 7;
const CONSENT_NS: u64 = 30 * 86_400 * 1_000_000_000;
/// Bytes without envelopes (estimates): create and refer, grant, and the rest.
const FORM_BYTES: usize = 300;
const SLIP_BYTES: usize = 260;
/// Records and consents remembered per list: at a lag of 2 s, enough for 65,000 new ones a second.
const REMEMBERED: usize = 1 << 17;
/// Spent ones remembered for attacks.
const SPENT: usize = 1 << 12;

/// A record that nobody else may read yet.
#[derive(Clone, Copy, Debug)]
struct Deposited {
    record: RecordId,
    hospital: u32,
}

/// A consent with uses left.
#[derive(Clone, Copy, Debug)]
struct Granted {
    grant: GrantId,
    /// Where the record comes from.
    from: u32,
    left: u16,
}

/// The workload "medical".
#[derive(Debug)]
pub struct Medical {
    people: People,
    stock: u32,
    of_community: Chance,
    referred: Chance,
    /// Counts records and consents alike, so that no number is ever used twice.
    numbers: u64,
    deposited: Parents<Deposited>,
    referable: Parents<Granted>,
    readable: Parents<Granted>,
    /// Used up or revoked.
    ended: Parents<GrantId>,
    /// Consents to read what was destroyed.
    destroyed: Parents<GrantId>,
}

impl Medical {
    /// The medical union of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let mut medical = Self {
            people: setup.people,
            stock: setup.stock,
            of_community: Chance::new(COMMUNITY_SHARE),
            referred: Chance::new(REFERRED_SHARE),
            numbers: u64::from(setup.stock),
            deposited: Parents::new(setup.lag, REMEMBERED),
            referable: Parents::new(setup.lag, REMEMBERED),
            readable: Parents::new(setup.lag, REMEMBERED),
            ended: Parents::new(setup.lag, SPENT),
            destroyed: Parents::new(setup.lag, SPENT),
        };
        for parent in stock::parents(setup.people, setup.stock) {
            match parent {
                stock::Parent::Record(deposited) => medical.deposited.stock(deposited),
                stock::Parent::Referable(granted) => medical.referable.stock(granted),
                stock::Parent::Readable(granted) => medical.readable.stock(granted),
            }
        }
        medical
    }

    fn create(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let hospital = if self.of_community.draw(rng) {
            TERTIARY + below(rng, u64::from(HOSPITALS - TERTIARY)) as u32
        } else {
            below(rng, u64::from(TERTIARY)) as u32
        };
        self.numbers += 1;
        let record = RecordId {
            patient: self.people.any_citizen(rng),
            number: self.numbers,
        };
        self.deposited.push(now, Deposited { record, hospital });
        creation(self.doctor(hospital, rng), record, rng)
    }

    fn grant(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let Deposited { record, hospital } = self.deposited.take(now, rng)?;
        let refers = hospital >= TERTIARY && self.referred.draw(rng);
        let to = if refers {
            below(rng, u64::from(TERTIARY)) as u32
        } else {
            other_hospital(hospital, rng)
        };
        self.numbers += 1;
        let granted = Granted {
            grant: GrantId {
                record,
                hospital: to as u16,
                number: self.numbers as u32,
            },
            from: hospital,
            left: 1 + below(rng, MOST_USES) as u16,
        };
        if refers {
            self.referable.push(now, granted);
        } else {
            self.readable.push(now, granted);
        }
        Some(consent(record.patient, granted, now))
    }

    fn revoke(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let Granted { grant, .. } = self.readable.take(now, rng)?;
        self.ended.push(now, grant);
        Some(draft(grant.record.patient, MedicalTx::Revoke { grant }))
    }

    fn refer(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let granted = self.referable.take(now, rng)?;
        self.readable.push(now, granted);
        let grant = granted.grant;
        let doctor = self.doctor(granted.from, rng);
        Some(draft(doctor, MedicalTx::Refer { grant }))
    }

    fn read(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let (position, granted) = self.readable.look_mut(now, rng)?;
        granted.left -= 1;
        let Granted { grant, left, .. } = *granted;
        if left == 0 {
            self.readable.remove_ready(position);
            self.ended.push(now, grant);
        }
        Some(self.reading(grant, grant.hospital.into(), rng))
    }

    fn break_glass(&self, now: Duration, hospital: u32, rng: &mut dyn Rng) -> Option<Draft> {
        let record = self.deposited.look(now, rng)?.record;
        Some(self.emergency(record, hospital, rng))
    }

    fn destroy(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let Granted { grant, .. } = self.readable.take(now, rng)?;
        self.destroyed.push(now, grant);
        let RecordId { patient, number } = grant.record;
        Some(draft(patient, MedicalTx::Destroy { number }))
    }

    fn reading(&self, grant: GrantId, by: u32, rng: &mut dyn Rng) -> Draft {
        draft(self.doctor(by, rng), MedicalTx::Read { grant })
    }

    fn emergency(&self, record: RecordId, by: u32, rng: &mut dyn Rng) -> Draft {
        let grounds = digest(rng.next_u64());
        let tx = MedicalTx::BreakGlass { record, grounds };
        draft(self.doctor(by, rng), tx)
    }

    fn doctor(&self, hospital: u32, rng: &mut dyn Rng) -> AccountId {
        any_of(self.people.departments(hospital, 1), rng)
    }

    fn tertiary(&self, rng: &mut dyn Rng) -> u32 {
        below(rng, u64::from(TERTIARY)) as u32
    }
}

/// Stands for the digest of an envelope or of grounds.
fn digest(seed: u64) -> [u8; 32] {
    Hash::of(&[b"envelope", &seed.to_le_bytes()]).0
}

fn other_hospital(than: u32, rng: &mut dyn Rng) -> u32 {
    (than + 1 + below(rng, u64::from(HOSPITALS - 1)) as u32) % HOSPITALS
}

/// A record with its envelope, sealed for patient and hospital.
fn creation(doctor: AccountId, record: RecordId, rng: &mut dyn Rng) -> Draft {
    let bytes = log_uniform(rng, 1_024, 2) as u16;
    let tx = MedicalTx::Create {
        record,
        digest: digest(rng.next_u64()),
        bytes,
    };
    draft(doctor, tx)
}

fn consent(patient: AccountId, granted: Granted, now: Duration) -> Draft {
    let tx = MedicalTx::Grant {
        grant: granted.grant,
        uses: granted.left,
        expires_ns: now.as_nanos() as u64 + CONSENT_NS,
    };
    draft(patient, tx)
}

/// Fills a transaction up to its size.
fn draft(sender: AccountId, tx: MedicalTx) -> Draft {
    let wire = match &tx {
        MedicalTx::Create { bytes, .. } => FORM_BYTES + sealed_bytes((*bytes).into(), 2),
        MedicalTx::Grant { .. } => FORM_BYTES + WRAP_BYTES,
        MedicalTx::Refer { .. } => FORM_BYTES,
        _ => SLIP_BYTES,
    };
    Draft::sized(sender, Body::Medical(tx), wire)
}

impl Cycle for Medical {
    const NAME: &'static str = "medical";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.grant(now, rng),
            2 => self.revoke(now, rng),
            3 => self.refer(now, rng),
            4 => self.read(now, rng),
            5 => self.break_glass(now, self.tertiary(rng), rng),
            _ => self.destroy(now, rng),
        };
        drawn.unwrap_or_else(|| self.create(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 5) {
            0 => {
                // The patient has consented to nobody.
                let Deposited { record, hospital } = *self.deposited.look(now, rng)?;
                let hospital = other_hospital(hospital, rng);
                let grant = GrantId {
                    record,
                    hospital: hospital as u16,
                    number: 0,
                };
                Some(self.reading(grant, hospital, rng))
            }
            1 => {
                let grant = *self.ended.look(now, rng)?;
                Some(self.reading(grant, grant.hospital.into(), rng))
            }
            2 => {
                let Granted { grant, .. } = *self.readable.look(now, rng)?;
                let other = other_hospital(grant.hospital.into(), rng);
                let reading = self.reading(grant, other, rng);
                Some(reading.meant(Intent::Intrusion))
            }
            3 => {
                // Once destroyed, not even an emergency helps.
                let grant = *self.destroyed.look(now, rng)?;
                if below(rng, 2) == 0 {
                    return Some(self.reading(grant, grant.hospital.into(), rng));
                }
                Some(self.emergency(grant.record, self.tertiary(rng), rng))
            }
            _ => {
                let community = TERTIARY + below(rng, u64::from(HOSPITALS - TERTIARY)) as u32;
                let breaking = self.break_glass(now, community, rng)?;
                Some(breaking.meant(Intent::Intrusion))
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let Deposited { record, hospital } = *self.deposited.look(now, rng)?;
        let mut granted = Granted {
            grant: GrantId {
                record,
                hospital: other_hospital(hospital, rng) as u16,
                number: 0,
            },
            from: hospital,
            left: 1,
        };
        match below(rng, 4) {
            0 => Some(creation(self.doctor(hospital, rng), record, rng)),
            1 => {
                granted.left = 0;
                Some(consent(record.patient, granted, now))
            }
            2 => {
                granted.grant.hospital = HOSPITALS as u16;
                Some(consent(record.patient, granted, now))
            }
            // A doctor consents in the patient's place.
            _ => Some(consent(self.doctor(hospital, rng), granted, now)),
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(self.people, state)
    }
}
