//! Electronic invoices (docs/sources.md W1): quotas, issues, claims, reimbursements, red letters,
//! queries.
//!
//! The mix and the sizes are the catalogue's. The generator remembers, in bounded lists, what it
//! has asked for, and follows up once the lag has passed, whether or not the parent is final: then
//! the ledger says `Dependency`. A stock of invoices at genesis gives the first follow-ups their
//! parents; should a list run dry all the same, an invoice is issued instead.
//!
//! Attackers submit invoices for a second reimbursement; clerks make mistakes. Both must be
//! refused.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::invoice::{CreditCode, FirmId, InvoiceNumber, InvoiceTx, PaymentId};
use groma_ledger::transaction::ENVELOPE_BYTES;
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::counters::Counters;
use crate::parents::Parents;
use crate::people::{MAJOR_FIRMS, People};
use crate::population::{Chance, Sampler, Skew, Weighted, below, log_uniform};
use crate::workload::{Breach, Draft, Intent, Workload, WorkloadSetup};

/// In thousandths (W1): grant or adjust, issue, claim, submit, approve, red letter, verify, expire.
/// The catalogue gives no share for expiry: it has one of the 175 that verify (estimate).
pub(crate) const MIX: Weighted<8> = Weighted::new([3, 420, 240, SUBMIT_SHARE, 70, 12, 174, 1]);
const SUBMIT_SHARE: u32 = 80;
/// Places in the mix.
pub(crate) const ISSUE: usize = 1;
pub(crate) const SUBMIT_REIMBURSE: usize = 3;
pub(crate) const APPROVE_REIMBURSE: usize = 4;
/// One issuer has 10 % of all invoices; the others follow Zipf's law with 1.1 (W1).
const HOT_ISSUER_SHARE: f64 = 0.1;
const ISSUER_SKEW: Skew = Skew::Zipf { theta: 1.1 };
/// Amounts run over 14 doublings from CNY 0.79, so that their mean is CNY 1,387; Shenzhen's first
/// 58 million came to CNY 80 billion, 1,379 each (docs/sources.md).
const LEAST_AMOUNT: u64 = 79;
const DOUBLINGS: u32 = 14;
/// A quota at first, in cents (estimate): 4,000 mean invoices.
const OPENING_QUOTA: u64 = 4_000 * 138_700;
/// What one grant adds, in cents (estimate): 280 mean invoices, twice as many as fall on one grant.
const GRANT: u64 = 280 * 138_700;
/// Issued in 2025, in Guangdong.
const YEAR: u8 = 25;
const PROVINCE: u8 = 44;
/// Parents remembered per list: at a lag of 2 s, enough for 65,000 follow-ups a second.
const REMEMBERED: usize = 1 << 17;
/// Reimbursed invoices remembered for attacks.
const BOOKED: usize = 1 << 12;
/// How long an invoice can be claimed and reimbursed before it may be closed (estimate; truly years,
/// which no run could show, as lags are truly days).
const VALIDITY: Duration = Duration::from_secs(10);
/// One invoice in so many is never claimed, and closed in the end (estimate).
const LOST_EVERY: u64 = 64;
/// Lost invoices remembered: at 40,000 TPS and a lag of 2 s, four times as many as are needed.
const LOST: usize = 1 << 14;

/// An invoice that was issued, or at least submitted to be.
#[derive(Clone, Copy, Debug)]
struct Parent {
    number: InvoiceNumber,
    issuer: u32,
    payer: AccountId,
    amount: u64,
    payment: PaymentId,
}

/// An invoice that was submitted to an employer.
#[derive(Clone, Copy, Debug)]
struct Submitted {
    parent: Parent,
    employer: u32,
}

/// The workload "invoices".
#[derive(Debug)]
pub struct Invoices {
    people: People,
    stock: u32,
    issuers: Sampler,
    hot: Chance,
    attack: Chance,
    mistake: Chance,
    sequences: Counters,
    payments: u64,
    mix: Weighted<8>,
    issued: Parents<Parent>,
    claimed: Parents<Parent>,
    submitted: Parents<Submitted>,
    booked: Parents<Submitted>,
    red: Parents<(Parent, InvoiceNumber)>,
    recalled: Parents<(Submitted, InvoiceNumber)>,
    lost: Parents<Parent>,
}

impl Invoices {
    /// The invoices of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let others = u64::from(setup.people.firms() - 1);
        // Attacks are a share of all transactions and stand among the submissions.
        let per_submission = f64::from(setup.attack_ppm) / f64::from(SUBMIT_SHARE * 1_000);
        let mut invoices = Self {
            people: setup.people,
            stock: setup.stock,
            issuers: Sampler::new(others, ISSUER_SKEW).expect("there are other firms"),
            hot: Chance::new(HOT_ISSUER_SHARE),
            attack: Chance::new(per_submission),
            mistake: Chance::new(f64::from(setup.mistake_ppm) / 1e6),
            sequences: Counters::default(),
            payments: 0,
            mix: MIX,
            issued: Parents::new(setup.lag, REMEMBERED),
            claimed: Parents::new(setup.lag, REMEMBERED),
            submitted: Parents::new(setup.lag, REMEMBERED),
            booked: Parents::new(setup.lag, BOOKED),
            red: Parents::new(setup.lag, REMEMBERED),
            recalled: Parents::new(setup.lag, BOOKED),
            lost: Parents::new(setup.lag + VALIDITY, LOST),
        };
        invoices.take_stock();
        invoices
    }

    /// Remembers the invoices that exist at genesis.
    fn take_stock(&mut self) {
        for (parent, step) in stock::invoices(self.people, self.stock, &mut self.sequences) {
            match step {
                stock::Stage::Issued => self.issued.stock(parent),
                stock::Stage::Claimed => self.claimed.stock(parent),
                stock::Stage::Submitted { employer } => {
                    self.submitted.stock(Submitted { parent, employer })
                }
            }
            self.payments += 1;
        }
    }

    fn grant(&mut self, wrong: bool, rng: &mut dyn Rng) -> Draft {
        // Whoever issues most is granted most.
        let issuer = CreditCode::of_firm(FirmId(self.issuer(rng)));
        let clerk = if wrong {
            self.people.any_citizen(rng)
        } else {
            self.people.any_tax(rng)
        };
        // One in ten sets the quota of a small firm instead, to a multiple of what it had at first.
        if below(rng, 10) == 0 {
            let minors = u64::from(self.people.firms() - MAJOR_FIRMS);
            let firm = MAJOR_FIRMS + below(rng, minors) as u32;
            let granted = OPENING_QUOTA * (1 + below(rng, 16));
            let issuer = CreditCode::of_firm(FirmId(firm));
            return draft(clerk, InvoiceTx::AdjustQuota { issuer, granted });
        }
        draft(
            clerk,
            InvoiceTx::GrantQuota {
                issuer,
                amount: GRANT,
            },
        )
    }

    fn issue(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Draft {
        let firm = self.issuer(rng);
        let (sender, mut number) = self.number(firm, rng);
        let payer = self.people.any_citizen(rng);
        let amount = log_uniform(rng, LEAST_AMOUNT, DOUBLINGS);
        let lines = 1 + below(rng, 8) as u8;
        let mut payment = PaymentId(self.payments);
        if wrong {
            // A payment that was invoiced before, or a misread check digit.
            match self.issued.look(now, rng) {
                Some(before) if below(rng, 2) == 0 => payment = before.payment,
                _ => number.sequence = number.sequence / 10 * 10 + (number.sequence + 1) % 10,
            }
        } else {
            self.payments += 1;
            let list = if below(rng, LOST_EVERY) == 0 {
                &mut self.lost
            } else {
                &mut self.issued
            };
            list.push(
                now,
                Parent {
                    number,
                    issuer: firm,
                    payer,
                    amount,
                    payment,
                },
            );
        }
        let issuer = CreditCode::of_firm(FirmId(firm));
        draft(
            sender,
            InvoiceTx::Issue {
                number,
                issuer,
                payer,
                amount,
                payment,
                lines,
            },
        )
    }

    fn claim(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        if wrong {
            // Claimed before, or by somebody else.
            let twice = below(rng, 2) == 0;
            let from = if twice { &self.claimed } else { &self.issued };
            let parent = *from.look(now, rng)?;
            let sender = if twice {
                parent.payer
            } else {
                self.other(parent.payer)
            };
            return Some(draft(
                sender,
                InvoiceTx::Claim {
                    number: parent.number,
                },
            ));
        }
        let parent = self.issued.take(now, rng)?;
        self.claimed.push(now, parent);
        Some(draft(
            parent.payer,
            InvoiceTx::Claim {
                number: parent.number,
            },
        ))
    }

    fn submit(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        if wrong {
            let parent = *self.claimed.look(now, rng)?;
            let employer = FirmId(self.people.firms());
            let (sender, number) = (parent.payer, parent.number);
            return Some(draft(
                sender,
                InvoiceTx::SubmitReimburse { number, employer },
            ));
        }
        if self.attack.draw(rng)
            && let Some(attack) = self.submit_again(now, rng)
        {
            return Some(attack.meant(Intent::Attack));
        }
        let parent = self.claimed.take(now, rng)?;
        let employer = self.employer(rng);
        self.submitted.push(now, Submitted { parent, employer });
        let (sender, number, employer) = (parent.payer, parent.number, FirmId(employer));
        Some(draft(
            sender,
            InvoiceTx::SubmitReimburse { number, employer },
        ))
    }

    /// The attack: an invoice that one employer has, or has paid already, goes to another one.
    fn submit_again(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let paid = below(rng, 2) == 0;
        let from = if paid { &self.booked } else { &self.submitted };
        let Submitted { parent, employer } = *from.look(now, rng)?;
        let other = FirmId((employer + 1) % self.people.firms());
        let tx = InvoiceTx::SubmitReimburse {
            number: parent.number,
            employer: other,
        };
        Some(draft(parent.payer, tx))
    }

    fn approve(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        let submitted = if wrong {
            *self.submitted.look(now, rng)?
        } else {
            self.submitted.take(now, rng)?
        };
        if !wrong {
            self.booked.push(now, submitted);
        }
        let (number, firm) = (submitted.parent.number, submitted.employer);
        let speaker = if wrong {
            (firm + 1) % self.people.firms()
        } else {
            firm
        };
        let employer = FirmId(firm);
        Some(draft(
            self.terminal(speaker, rng).0,
            InvoiceTx::ApproveReimburse { number, employer },
        ))
    }

    fn red_letter(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        // One in twelve is about a reimbursed invoice (estimate).
        let claimed = match below(rng, 12) {
            0 if !wrong => return self.recall(now, rng),
            1..=4 if !wrong => return self.confirm(now, rng),
            5..=8 => true,
            _ => false,
        };
        let from = if claimed {
            &mut self.claimed
        } else {
            &mut self.issued
        };
        let parent = if wrong {
            *from.look(now, rng)?
        } else {
            from.take(now, rng)?
        };
        let (sender, red) = self.number(parent.issuer, rng);
        let Parent {
            number,
            issuer,
            amount,
            ..
        } = parent;
        if claimed && !wrong {
            self.red.push(now, (parent, red));
        }
        let amount = if wrong { amount + 1 } else { amount };
        Some(draft(
            sender,
            InvoiceTx::RedLetter {
                number,
                red,
                issuer: FirmId(issuer),
                amount,
            },
        ))
    }

    fn confirm(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let (parent, red) = self.red.take(now, rng)?;
        let (number, issuer) = (parent.number, FirmId(parent.issuer));
        Some(draft(
            parent.payer,
            InvoiceTx::ConfirmRed {
                number,
                red,
                issuer,
            },
        ))
    }

    /// A red letter on what was reimbursed, or the employer's word on an earlier one.
    fn recall(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        if let Some((submitted, red)) = self.recalled.take(now, rng) {
            let Submitted { parent, employer } = submitted;
            let tx = InvoiceTx::ConfirmReturn {
                number: parent.number,
                red,
                issuer: FirmId(parent.issuer),
            };
            return Some(draft(self.terminal(employer, rng).0, tx));
        }
        let submitted = self.booked.take(now, rng)?;
        let Parent {
            number,
            issuer,
            amount,
            ..
        } = submitted.parent;
        let (sender, red) = self.number(issuer, rng);
        self.recalled.push(now, (submitted, red));
        let tx = InvoiceTx::RedLetter {
            number,
            red,
            issuer: FirmId(issuer),
            amount,
        };
        Some(draft(sender, tx))
    }

    /// The tax bureau closes what nobody has claimed; or somebody else tries to.
    fn expire(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        let (sender, parent) = if wrong {
            (self.people.any_citizen(rng), *self.issued.look(now, rng)?)
        } else {
            (self.people.any_tax(rng), self.lost.take(now, rng)?)
        };
        let number = parent.number;
        Some(draft(sender, InvoiceTx::Expire { number }))
    }

    fn verify(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        let sender = match below(rng, 3) {
            0 => self.people.any_tax(rng),
            1 => {
                let employer = self.employer(rng);
                self.terminal(employer, rng).0
            }
            _ => self.people.any_citizen(rng),
        };
        let parent = self.issued.look(now, rng)?;
        let Parent {
            mut number, amount, ..
        } = *parent;
        if wrong {
            // Nobody issues in the year before.
            number =
                InvoiceNumber::new(YEAR - 1, PROVINCE, number.terminal(), rng.next_u64() >> 32);
        }
        Some(draft(sender, InvoiceTx::Verify { number, amount }))
    }

    fn issuer(&self, rng: &mut dyn Rng) -> u32 {
        if self.hot.draw(rng) {
            return 0;
        }
        // A firm's number is its rank: the major firms with their many terminals are the busiest.
        1 + self.issuers.draw(rng) as u32
    }

    fn employer(&self, rng: &mut dyn Rng) -> u32 {
        below(rng, u64::from(self.people.firms())) as u32
    }

    /// Some account that is not this one.
    fn other(&self, account: AccountId) -> AccountId {
        AccountId((account.0 + 1) % self.people.accounts())
    }

    fn terminal(&self, firm: u32, rng: &mut dyn Rng) -> (AccountId, u32) {
        let terminal = below(rng, u64::from(self.people.terminals_of(firm))) as u32;
        (
            self.people.terminal(firm, terminal),
            self.people.terminal_index(firm, terminal),
        )
    }

    /// The next number of one of a firm's terminals.
    fn number(&mut self, firm: u32, rng: &mut dyn Rng) -> (AccountId, InvoiceNumber) {
        let (account, index) = self.terminal(firm, rng);
        (account, numbered(index, &mut self.sequences))
    }
}

fn numbered(terminal: u32, sequences: &mut Counters) -> InvoiceNumber {
    InvoiceNumber::new(
        YEAR,
        PROVINCE,
        terminal,
        sequences.take(u64::from(terminal)),
    )
}

/// Fills a transaction up to the catalogue's size (W1, column B).
fn draft(sender: AccountId, tx: InvoiceTx) -> Draft {
    // Bytes on the wire, and bytes of the body's encoding: two tags, then 18 for a credit code, 11
    // for a number, 8 for an account, an amount or a payment, 4 for a firm, 1 for the lines.
    let (wire, encoded) = match &tx {
        InvoiceTx::GrantQuota { .. } | InvoiceTx::AdjustQuota { .. } => (260, 2 + 18 + 8),
        InvoiceTx::Issue { lines, .. } => {
            (720 + 90 * u16::from(*lines), 2 + 11 + 18 + 8 + 8 + 8 + 1)
        }
        InvoiceTx::Claim { .. } => (300, 2 + 11),
        InvoiceTx::SubmitReimburse { .. } => (420, 2 + 11 + 4),
        InvoiceTx::ApproveReimburse { .. } => (360, 2 + 11 + 4),
        InvoiceTx::RedLetter { .. } => (560, 2 + 11 + 11 + 4 + 8),
        InvoiceTx::ConfirmRed { .. } | InvoiceTx::ConfirmReturn { .. } => (560, 2 + 11 + 11 + 4),
        InvoiceTx::Verify { .. } => (220, 2 + 11 + 8),
        // The catalogue gives no size; it says as much as a claim.
        InvoiceTx::Expire { .. } => (300, 2 + 11),
    };
    let filler = wire - encoded - ENVELOPE_BYTES as u16;
    Draft::filled(sender, filler, Body::Invoice(tx))
}

impl Workload for Invoices {
    fn name(&self) -> &'static str {
        "invoices"
    }

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn next(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let wrong = self.mistake.draw(rng);
        let drawn = match self.mix.draw(rng) {
            0 => Some(self.grant(wrong, rng)),
            1 => Some(self.issue(now, wrong, rng)),
            2 => self.claim(now, wrong, rng),
            3 => self.submit(now, wrong, rng),
            4 => self.approve(now, wrong, rng),
            5 => self.red_letter(now, wrong, rng),
            6 => self.verify(now, wrong, rng),
            _ => {
                let expired = self.expire(now, wrong, rng);
                expired.or_else(|| self.verify(now, wrong, rng))
            }
        };
        let drawn = drawn.map(|draft| draft.erring(wrong));
        drawn.unwrap_or_else(|| self.issue(now, false, rng))
    }

    fn leave_out(&mut self, step: &str) -> bool {
        let kind = match step {
            "submit_reimburse" => SUBMIT_REIMBURSE,
            "approve_reimburse" => APPROVE_REIMBURSE,
            _ => return false,
        };
        self.mix = self.mix.without(kind);
        true
    }

    fn next_step(&mut self, step: &str, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let wrong = self.mistake.draw(rng);
        let drawn = match step {
            "submit_reimburse" => self.submit(now, wrong, rng),
            "approve_reimburse" => self.approve(now, wrong, rng),
            _ => return None,
        };
        let drawn = drawn.map(|draft| draft.erring(wrong));
        Some(drawn.unwrap_or_else(|| self.issue(now, false, rng)))
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(self.people, state)
    }
}
