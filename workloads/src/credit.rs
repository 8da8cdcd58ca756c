//! Credit records (docs/sources.md W2): 50 departments report, subjects consent, 30 banks query, disputes
//! are settled.
//!
//! The mix and the sizes are the catalogue's. Five departments send 80 % of the records; they, like
//! the banks, sign from several accounts each. Consents and records are remembered in bounded lists
//! and followed up once the lag has passed, whether or not they are final. A stock of both exists
//! at genesis; should a list run dry all the same, a department reports instead.
//!
//! Attackers query without consent; clerks make mistakes. Both must be refused.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::credit::{BankId, ConsentKey, CreditTx, RecordKey};
use groma_ledger::transaction::ENVELOPE_BYTES;
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::cycle::digest;
use crate::parents::Parents;
use crate::people::{BANKS, DEPARTMENTS, People, TERMINALS};
use crate::population::{Chance, Sampler, Skew, Weighted, below};
use crate::workload::{Breach, Draft, Intent, Workload, WorkloadSetup};

/// In thousandths (W2): submit, authorise, query, dispute, correct or uphold, reward or penalise,
/// revoke, expire or archive. The catalogue gives no share for the last: it has two of the 550 that
/// submit (estimate).
pub(crate) const MIX: Weighted<8> = Weighted::new([548, 80, QUERY_SHARE, 4, 4, 80, 12, 2]);
const QUERY_SHARE: u32 = 270;
/// Places in the mix.
pub(crate) const SUBMIT: usize = 0;
pub(crate) const QUERY: usize = 2;
/// 5 of 50 departments send 80 % of the records (W2).
const DEPARTMENT_SKEW: Skew = Skew::HotSet {
    fraction: 0.1,
    share: 0.8,
};
/// 326,000 of 11,758,000 queries a day concern firms (docs/sources.md, central bank 2022); firms follow
/// Zipf's law with 0.8 (W2).
const FIRM_SHARE: f64 = 0.0277;
const FIRM_SKEW: Skew = Skew::Zipf { theta: 0.8 };
/// A consent allows 1 to 7 queries (estimate): 4 on average, so that the mix's 8 % of consents bear
/// its 27 % of queries although some are revoked unused.
const MOST_USES: u64 = 7;
/// A consent lasts 30 days (estimate).
const CONSENT_NS: u64 = 30 * 86_400 * 1_000_000_000;
/// Most points that one record moves a score by, either way (estimate).
const MOST_POINTS: u64 = 20;
/// Consents remembered: at a lag of 2 s, enough for 65,000 new ones a second.
const REMEMBERED: usize = 1 << 17;
/// Records remembered for disputes: at a lag of 2 s, enough for 8,000 disputes a second.
const DISPUTABLE: usize = 1 << 14;

/// How old a record must be to expire (estimate; truly five years, W2, which no run could show, as
/// lags are truly days).
const RETENTION: Duration = Duration::from_secs(10);
/// One record in so many is left to its age: nobody disputes it (estimate).
const AGING_EVERY: u64 = 128;
/// Aging records remembered: at 40,000 TPS and a lag of 2 s, four times as many as are needed.
const AGING: usize = 1 << 13;

/// A consent with uses left.
#[derive(Clone, Copy, Debug)]
struct Granted {
    key: ConsentKey,
    left: u16,
}

/// A record that a department submitted.
#[derive(Clone, Copy, Debug)]
struct Reported {
    key: RecordKey,
    department: u32,
}

/// The workload "credit".
#[derive(Debug)]
pub struct Credit {
    people: People,
    stock: u32,
    departments: Sampler,
    firms: Sampler,
    of_firm: Chance,
    attack: Chance,
    mistake: Chance,
    /// Counts records and consents alike, so that no number is ever used twice.
    numbers: u64,
    mix: Weighted<8>,
    /// Records are sent at a rate of their own.
    sends_apart: bool,
    consents: Parents<Granted>,
    reported: Parents<Reported>,
    disputed: Parents<Reported>,
    aging: Parents<Reported>,
    expired: Parents<Reported>,
}

impl Credit {
    /// The credit records of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let people = setup.people;
        // Attacks are a share of all transactions and stand among the queries.
        let per_query = f64::from(setup.attack_ppm) / f64::from(QUERY_SHARE * 1_000);
        let mut credit = Self {
            people,
            stock: setup.stock,
            departments: Sampler::new(u64::from(DEPARTMENTS), DEPARTMENT_SKEW)
                .expect("there are departments"),
            firms: Sampler::new(u64::from(people.firms()), FIRM_SKEW).expect("there are firms"),
            of_firm: Chance::new(FIRM_SHARE),
            attack: Chance::new(per_query),
            mistake: Chance::new(f64::from(setup.mistake_ppm) / 1e6),
            numbers: u64::from(setup.stock),
            mix: MIX,
            sends_apart: false,
            consents: Parents::new(setup.lag, REMEMBERED),
            reported: Parents::new(setup.lag, DISPUTABLE),
            disputed: Parents::new(setup.lag, DISPUTABLE),
            aging: Parents::new(setup.lag + RETENTION, AGING),
            expired: Parents::new(setup.lag, AGING),
        };
        for parent in stock::parents(people, setup.stock) {
            match parent {
                stock::Parent::Consent(granted) => credit.consents.stock(granted),
                stock::Parent::Record(reported) => credit.reported.stock(reported),
                stock::Parent::Dispute(disputed) => credit.disputed.stock(disputed),
            }
        }
        credit
    }

    fn submit(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Draft {
        let department = self.departments.draw(rng) as u32;
        let weight = points(rng) as i16 * if below(rng, 3) == 0 { -1 } else { 1 };
        let digest = digest(rng);
        if wrong {
            // Reported before, or by somebody who is no department.
            if let Some(before) = self.reported.look(now, rng).copied()
                && below(rng, 2) == 0
            {
                let clerk = self.department(before.department, rng);
                return draft(
                    clerk,
                    CreditTx::Submit {
                        key: before.key,
                        weight,
                        digest,
                    },
                );
            }
            let key = RecordKey {
                subject: self.subject(rng),
                number: 0,
            };
            return draft(
                self.people.any_citizen(rng),
                CreditTx::Submit {
                    key,
                    weight,
                    digest,
                },
            );
        }
        let key = RecordKey {
            subject: self.subject(rng),
            number: self.number(),
        };
        let list = if below(rng, AGING_EVERY) == 0 {
            &mut self.aging
        } else {
            &mut self.reported
        };
        list.push(now, Reported { key, department });
        draft(
            self.department(department, rng),
            CreditTx::Submit {
                key,
                weight,
                digest,
            },
        )
    }

    fn authorise(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Draft {
        let subject = self.subject(rng);
        let bank = BankId(below(rng, u64::from(BANKS)) as u16);
        // Consents of a subject and bank are few: 32 bits of the count tell them apart.
        let number = self.number() as u32;
        let uses = 1 + below(rng, MOST_USES) as u16;
        let expires_ns = now.as_nanos() as u64 + CONSENT_NS;
        if wrong {
            return draft(
                subject,
                CreditTx::Authorise {
                    bank,
                    number,
                    uses: 0,
                    expires_ns,
                },
            );
        }
        self.consents.push(
            now,
            Granted {
                key: ConsentKey {
                    subject,
                    bank,
                    number,
                },
                left: uses,
            },
        );
        draft(
            subject,
            CreditTx::Authorise {
                bank,
                number,
                uses,
                expires_ns,
            },
        )
    }

    fn query(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        if self.attack.draw(rng) {
            return Some(self.pry(now, rng).meant(Intent::Intrusion));
        }
        if wrong {
            // A bank uses the consent that another one was given.
            let consent = self.consents.look(now, rng)?.key;
            let other = (u32::from(consent.bank.0) + 1) % BANKS;
            return Some(draft(self.bank(other, rng), CreditTx::Query { consent }));
        }
        let (position, granted) = self.consents.look_mut(now, rng)?;
        granted.left -= 1;
        let (consent, used_up) = (granted.key, granted.left == 0);
        if used_up {
            self.consents.remove_ready(position);
        }
        Some(draft(
            self.bank(u32::from(consent.bank.0), rng),
            CreditTx::Query { consent },
        ))
    }

    /// The attack: a query of somebody who never consented, or with a consent that does not exist.
    fn pry(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let mut consent = ConsentKey {
            subject: self.subject(rng),
            bank: BankId(below(rng, u64::from(BANKS)) as u16),
            number: u32::MAX,
        };
        if let Some(granted) = self.consents.look(now, rng)
            && below(rng, 2) == 0
        {
            consent = ConsentKey {
                number: u32::MAX,
                ..granted.key
            };
        }
        draft(
            self.bank(u32::from(consent.bank.0), rng),
            CreditTx::Query { consent },
        )
    }

    fn dispute(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        let digest = digest(rng);
        if wrong {
            // Somebody disputes a record about another: he has none of that number.
            let RecordKey { subject, number } = self.reported.look(now, rng)?.key;
            let citizen = self.people.any_citizen(rng);
            let number = if citizen == subject { u64::MAX } else { number };
            return Some(draft(citizen, CreditTx::Dispute { number, digest }));
        }
        let reported = self.reported.take(now, rng)?;
        self.disputed.push(now, reported);
        let RecordKey { subject, number } = reported.key;
        Some(draft(subject, CreditTx::Dispute { number, digest }))
    }

    fn settle(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        if wrong {
            // Another department tries.
            let Reported { key, department } = *self.disputed.look(now, rng)?;
            let clerk = self.department((department + 1) % DEPARTMENTS, rng);
            return Some(draft(clerk, CreditTx::Uphold { key }));
        }
        let Reported { key, department } = self.disputed.take(now, rng)?;
        let clerk = self.department(department, rng);
        // One dispute in three is upheld (estimate).
        if below(rng, 3) == 0 {
            return Some(draft(clerk, CreditTx::Uphold { key }));
        }
        Some(draft(
            clerk,
            CreditTx::Correct {
                key,
                weight: points(rng) as i16,
            },
        ))
    }

    fn score(&mut self, wrong: bool, rng: &mut dyn Rng) -> Draft {
        let key = RecordKey {
            subject: self.subject(rng),
            number: self.number(),
        };
        let clerk = if wrong {
            self.people.any_citizen(rng)
        } else {
            self.people.engine(terminal(rng))
        };
        let points = points(rng) as u16;
        if below(rng, 3) == 0 {
            return draft(clerk, CreditTx::Penalise { key, points });
        }
        draft(clerk, CreditTx::Reward { key, points })
    }

    fn revoke(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        if wrong {
            // A consent that was never given.
            let subject = self.subject(rng);
            return Some(draft(
                subject,
                CreditTx::Revoke {
                    bank: BankId(0),
                    number: u32::MAX,
                },
            ));
        }
        let ConsentKey {
            subject,
            bank,
            number,
        } = self.consents.take(now, rng)?.key;
        Some(draft(subject, CreditTx::Revoke { bank, number }))
    }

    /// A department ends a record of its own that is too old, in two steps.
    fn age(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        if wrong {
            // Another department tries.
            let Reported { key, department } = *self.reported.look(now, rng)?;
            let clerk = self.department((department + 1) % DEPARTMENTS, rng);
            return Some(draft(clerk, CreditTx::Expire { key }));
        }
        if let Some(Reported { key, department }) = self.expired.take(now, rng) {
            let clerk = self.department(department, rng);
            return Some(draft(clerk, CreditTx::Archive { key }));
        }
        let old = self.aging.take(now, rng)?;
        self.expired.push(now, old);
        let clerk = self.department(old.department, rng);
        Some(draft(clerk, CreditTx::Expire { key: old.key }))
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A citizen, or now and then a firm.
    fn subject(&self, rng: &mut dyn Rng) -> AccountId {
        if self.of_firm.draw(rng) {
            return self.people.terminal(self.firms.draw(rng) as u32, 0);
        }
        self.people.any_citizen(rng)
    }

    fn department(&self, department: u32, rng: &mut dyn Rng) -> AccountId {
        self.people.department(department, terminal(rng))
    }

    fn bank(&self, bank: u32, rng: &mut dyn Rng) -> AccountId {
        self.people.bank(bank, terminal(rng))
    }
}

fn terminal(rng: &mut dyn Rng) -> u32 {
    below(rng, u64::from(TERMINALS)) as u32
}

fn points(rng: &mut dyn Rng) -> u64 {
    1 + below(rng, MOST_POINTS)
}

/// Fills a transaction up to the catalogue's size (W2).
fn draft(sender: AccountId, tx: CreditTx) -> Draft {
    // Bytes on the wire, and bytes of the body's encoding: two tags, then 16 for a record key, 14
    // for a consent key, 32 for a digest, 2 for a weight or points.
    let (wire, encoded) = match &tx {
        CreditTx::Submit { .. } => (480, 2 + 16 + 2 + 32),
        CreditTx::Authorise { .. } => (300, 2 + 2 + 4 + 2 + 8),
        CreditTx::Query { .. } => (240, 2 + 14),
        CreditTx::Dispute { .. } => (600, 2 + 8 + 32),
        CreditTx::Correct { .. } => (450, 2 + 16 + 2),
        CreditTx::Uphold { .. } => (450, 2 + 16),
        CreditTx::Reward { .. } | CreditTx::Penalise { .. } => (280, 2 + 16 + 2),
        // The catalogue gives no size for a revocation; it says as much as a consent.
        CreditTx::Revoke { .. } => (300, 2 + 2 + 4),
        // Nor for these; they say as much as an uphold without its grounds.
        CreditTx::Expire { .. } | CreditTx::Archive { .. } => (300, 2 + 16),
    };
    let filler = wire - encoded - ENVELOPE_BYTES as u16;
    Draft::filled(sender, filler, Body::Credit(tx))
}

impl Workload for Credit {
    fn name(&self) -> &'static str {
        "credit"
    }

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn next(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let wrong = self.mistake.draw(rng);
        let drawn = match self.mix.draw(rng) {
            0 => Some(self.submit(now, wrong, rng)),
            1 => Some(self.authorise(now, wrong, rng)),
            2 => self.query(now, wrong, rng),
            3 => self.dispute(now, wrong, rng),
            4 => self.settle(now, wrong, rng),
            5 => Some(self.score(wrong, rng)),
            6 => self.revoke(now, wrong, rng),
            _ => self.age(now, wrong, rng),
        };
        let drawn = drawn.map(|draft| draft.erring(wrong));
        // Where records are sent apart from all else, a list that runs dry asks for a consent.
        drawn.unwrap_or_else(|| match self.sends_apart {
            true => self.authorise(now, false, rng),
            false => self.submit(now, false, rng),
        })
    }

    fn leave_out(&mut self, step: &str) -> bool {
        let found = step == "submit_record";
        if found {
            self.mix = MIX.without(SUBMIT);
            self.sends_apart = true;
        }
        found
    }

    fn next_step(&mut self, step: &str, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let wrong = self.mistake.draw(rng);
        (step == "submit_record").then(|| self.submit(now, wrong, rng).erring(wrong))
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(state)
    }
}
