//! Judicial evidence (docs/sources.md W4): platforms and citizens deposit digests, singly or in batches;
//! other chains anchor; deposits are notarised, verified, and brought before courts.
//!
//! The mix is the catalogue's. Each of the 22 source chains anchors every ten seconds, by the
//! clock and on top of what people do, whatever the load is: 2.2 a second more. A batch is known by one leaf and the way to its root;
//! the other leaves are somebody's secret. What is followed up on is remembered in bounded lists, and
//! a stock exists at genesis; should a list run dry all the same, a digest is deposited instead.
//!
//! Attackers deposit what was deposited, claim an earlier time, forge leaves, bring another's deposit
//! before a court, and rewrite an anchor. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::evidence::{CaseId, EvidenceTx, Inclusion};
use groma_ledger::patterns::inclusion;
use groma_ledger::{AccountId, Body, Genesis, Hash, State};
use rand::Rng;

use crate::arrivals::MilliTps;
use crate::cycle::Cycle;
use crate::parents::Parents;
use crate::people::People;
use crate::population::{Chance, Sampler, Skew, Weighted, below, log_uniform};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In thousandths (W4): deposit, stamp, cosign, verify, submit to court, judge confirms. Notarising is
/// two transactions, of the time authority and of a notary, half of the catalogue's 4 % each.
pub(crate) const MIX: Weighted<6> = Weighted::new([900, 20, 20, 40, 15, 5]);
/// Its place in the mix.
pub(crate) const SUBMIT_TO_COURT: usize = 4;
/// Source chains (docs/sources.md W4: Beijing's Tianping chain in 2021).
pub(crate) const SOURCES: u32 = 22;
/// Each anchors this often (W4).
const ANCHOR_EVERY: Duration = Duration::from_secs(10);
/// What all of them add to any load.
pub(crate) const BY_CLOCK: MilliTps = MilliTps(1_000 * SOURCES as u64 / ANCHOR_EVERY.as_secs());
/// Courts (docs/sources.md W4: the Supreme Court's chain in 2019).
pub(crate) const COURTS: u32 = 21;
/// Accounts of each court (estimate).
const JUDGES: u32 = 12;
/// Notaries (estimate).
const NOTARIES: u32 = 4;
/// Half of the deposits are batches of 2 to 1,000 leaves, each doubling alike; the rest are single
/// digests (W4 gives the range; the shares are an estimate).
const BATCH_SHARE: f64 = 0.5;
/// Platforms of firms deposit most (estimate); by Zipf's law with 0.99, the catalogue's default.
const PLATFORM_SHARE: f64 = 0.7;
const PLATFORM_SKEW: Skew = Skew::Zipf { theta: 0.99 };
/// Which deposits are remembered for a stamp and for a claim: a little more than the mix asks for, so
/// that lists neither run dry nor grow old.
const STAMPED_SHARE: f64 = 0.024;
const CLAIMED_SHARE: f64 = 0.018;
/// Deposits remembered per list.
const REMEMBERED: usize = 1 << 15;
/// The first departments of the judiciary: the last ten of the city's fifty.
const NOTARY: u32 = 40;
const COURT: u32 = 44;
const SOURCE: u32 = 48;
const AUTHORITY: u32 = 49;

/// A deposit, as its depositor knows it.
#[derive(Clone, Copy, Debug)]
struct Deposited {
    depositor: AccountId,
    /// From which its leaf and the way to its root follow.
    seed: u64,
    leaves: u16,
    at_ns: u64,
}

impl Deposited {
    fn leaf(&self) -> [u8; 32] {
        digest(self.seed, u64::MAX)
    }

    fn index(&self) -> u16 {
        (self.seed % u64::from(self.leaves)) as u16
    }

    fn path(&self) -> Vec<[u8; 32]> {
        (0..inclusion::height(self.leaves) as u64)
            .map(|level| digest(self.seed, level))
            .collect()
    }

    fn root(&self) -> [u8; 32] {
        inclusion::root_of(self.leaf(), self.index(), &self.path())
    }

    fn claim(&self, by_ns: u64) -> Inclusion {
        Inclusion {
            root: self.root(),
            leaf: self.leaf(),
            index: self.index(),
            path: self.path(),
            by_ns,
        }
    }
}

/// Stands for the digest of a document.
fn digest(seed: u64, part: u64) -> [u8; 32] {
    Hash::of(&[b"document", &seed.to_le_bytes(), &part.to_le_bytes()]).0
}

/// The workload "evidence".
#[derive(Debug)]
pub struct Evidence {
    people: People,
    stock: u32,
    platforms: Sampler,
    of_platform: Chance,
    batched: Chance,
    stamped: Chance,
    claimed: Chance,
    /// Anchors so far, over all source chains in turn.
    anchors: u64,
    cases: u64,
    mix: Weighted<6>,
    stampable: Parents<Deposited>,
    cosignable: Parents<Deposited>,
    provable: Parents<Deposited>,
    exhibits: Parents<(CaseId, [u8; 32])>,
}

impl Evidence {
    /// The evidence of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let firms = u64::from(setup.people.firms());
        let mut evidence = Self {
            people: setup.people,
            stock: setup.stock,
            platforms: Sampler::new(firms, PLATFORM_SKEW).expect("there are firms"),
            of_platform: Chance::new(PLATFORM_SHARE),
            batched: Chance::new(BATCH_SHARE),
            stamped: Chance::new(STAMPED_SHARE),
            claimed: Chance::new(CLAIMED_SHARE),
            anchors: 0,
            cases: u64::from(setup.stock),
            mix: MIX,
            stampable: Parents::new(setup.lag, REMEMBERED),
            cosignable: Parents::new(setup.lag, REMEMBERED),
            provable: Parents::new(setup.lag, REMEMBERED),
            exhibits: Parents::new(setup.lag, REMEMBERED),
        };
        for (deposited, shelf) in stock::deposits(setup.people, setup.stock) {
            match shelf {
                stock::Shelf::Fresh => {
                    evidence.stampable.stock(deposited);
                    evidence.provable.stock(deposited);
                }
                stock::Shelf::Stamped => evidence.cosignable.stock(deposited),
                stock::Shelf::Submitted(case) => {
                    evidence.exhibits.stock((case, deposited.root()));
                }
            }
        }
        evidence
    }

    fn deposit(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let leaves = if self.batched.draw(rng) {
            log_uniform(rng, 2, 9).min(u64::from(inclusion::LEAVES_LIMIT)) as u16
        } else {
            1
        };
        let deposited = Deposited {
            depositor: self.depositor(rng),
            seed: rng.next_u64(),
            leaves,
            at_ns: now.as_nanos() as u64,
        };
        if self.stamped.draw(rng) {
            self.stampable.push(now, deposited);
        }
        if self.claimed.draw(rng) {
            self.provable.push(now, deposited);
        }
        let root = deposited.root();
        draft(deposited.depositor, EvidenceTx::Deposit { root, leaves })
    }

    fn anchored(&self, chain: u32, place: u64, root: [u8; 32]) -> Draft {
        let tx = EvidenceTx::Anchor {
            place,
            previous: head(chain, place - 1),
            root,
        };
        draft(self.people.department(SOURCE, chain), tx)
    }

    fn stamp(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let deposited = self.stampable.take(now, rng)?;
        self.cosignable.push(now, deposited);
        let root = deposited.root();
        Some(draft(
            self.people.any_clerk(AUTHORITY, rng),
            EvidenceTx::Stamp { root },
        ))
    }

    fn cosign(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let root = self.cosignable.take(now, rng)?.root();
        Some(draft(self.notary(rng), EvidenceTx::Cosign { root }))
    }

    fn verify(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let claim = self.provable.look(now, rng)?.claim(now.as_nanos() as u64);
        Some(draft(
            self.people.any_citizen(rng),
            EvidenceTx::Verify(Box::new(claim)),
        ))
    }

    fn submit(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let deposited = self.provable.take(now, rng)?;
        let case = self.case(rng);
        let root = deposited.root();
        self.exhibits.push(now, (case, root));
        let by_ns = now.as_nanos() as u64;
        let tx = EvidenceTx::SubmitToCourt { case, root, by_ns };
        Some(draft(deposited.depositor, tx))
    }

    fn confirm(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let (case, root) = self.exhibits.take(now, rng)?;
        let judge = self.judge(u32::from(case.court), rng);
        Some(draft(judge, EvidenceTx::JudgeConfirm { case, root }))
    }

    fn case(&mut self, rng: &mut dyn Rng) -> CaseId {
        self.cases += 1;
        CaseId {
            court: below(rng, u64::from(COURTS)) as u16,
            number: self.cases,
        }
    }

    fn depositor(&self, rng: &mut dyn Rng) -> AccountId {
        if !self.of_platform.draw(rng) {
            return self.people.any_citizen(rng);
        }
        let firm = self.platforms.draw(rng) as u32;
        self.people.any_terminal(firm, rng)
    }

    fn notary(&self, rng: &mut dyn Rng) -> AccountId {
        let notary = NOTARY + below(rng, u64::from(NOTARIES)) as u32;
        self.people.any_clerk(notary, rng)
    }

    fn judge(&self, court: u32, rng: &mut dyn Rng) -> AccountId {
        let seat = court * JUDGES + below(rng, u64::from(JUDGES)) as u32;
        AccountId(self.people.department(COURT, 0).0 + u64::from(seat))
    }
}

/// The source chain of an anchor, and its place in that chain, from 1.
fn turn(anchor: u64) -> (u32, u64) {
    let sources = u64::from(SOURCES);
    ((anchor % sources) as u32, anchor / sources + 1)
}

/// The root that a source chain anchors at a place; zero before the first.
fn head(chain: u32, place: u64) -> [u8; 32] {
    if place == 0 {
        return [0; 32];
    }
    digest(u64::from(chain), place)
}

/// Fills a transaction up to its size (W4).
fn draft(sender: AccountId, tx: EvidenceTx) -> Draft {
    let wire = match &tx {
        EvidenceTx::Deposit { .. } => 420,
        EvidenceTx::Anchor { .. } => 300,
        EvidenceTx::Stamp { .. } | EvidenceTx::Cosign { .. } => 380,
        EvidenceTx::SubmitToCourt { .. } => 500,
        // No size is given for these two (estimates): a proof grows with its batch.
        EvidenceTx::Verify(claim) => 262 + 32 * claim.path.len(),
        EvidenceTx::JudgeConfirm { .. } => 300,
    };
    Draft::sized(sender, Body::Evidence(tx), wire)
}

impl Cycle for Evidence {
    const NAME: &'static str = "evidence";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn leave_out(&mut self, step: &str) -> bool {
        let found = step == "submit_to_court";
        if found {
            self.mix = MIX.without(SUBMIT_TO_COURT);
        }
        found
    }

    /// A filing, or a deposit where there is nothing to file.
    fn step(&mut self, step: &str, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let filed = (step == "submit_to_court").then(|| self.submit(now, rng))?;
        Some(filed.unwrap_or_else(|| self.deposit(now, rng)))
    }

    /// The chains are spread over their ten seconds.
    fn due_at(&self) -> Option<Duration> {
        let due = ANCHOR_EVERY.as_nanos() * u128::from(self.anchors) / u128::from(SOURCES);
        u64::try_from(due).ok().map(Duration::from_nanos)
    }

    /// A source chain anchors its head.
    fn due(&mut self) -> Option<Draft> {
        let (chain, place) = turn(self.anchors);
        self.anchors += 1;
        Some(self.anchored(chain, place, head(chain, place)))
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match self.mix.draw(rng) {
            0 => None,
            1 => self.stamp(now, rng),
            2 => self.cosign(now, rng),
            3 => self.verify(now, rng),
            4 => self.submit(now, rng),
            _ => self.confirm(now, rng),
        };
        drawn.unwrap_or_else(|| self.deposit(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let kind = below(rng, 5);
        let deposited = *self.provable.look(now, rng)?;
        let by_ns = now.as_nanos() as u64;
        let (root, leaves) = (deposited.root(), deposited.leaves);
        let tx = match kind {
            // It claims to be the first.
            0 => EvidenceTx::Deposit { root, leaves },
            // It was not there at half that time.
            1 => EvidenceTx::Verify(Box::new(deposited.claim(deposited.at_ns / 2))),
            2 => {
                let mut claim = deposited.claim(by_ns);
                claim.leaf = digest(rng.next_u64(), u64::MAX);
                EvidenceTx::Verify(Box::new(claim))
            }
            // Another's: no court and no bureau ever deposits.
            3 => {
                let case = self.case(rng);
                let tx = EvidenceTx::SubmitToCourt { case, root, by_ns };
                return Some(draft(self.people.any_clerk(AUTHORITY, rng), tx));
            }
            _ => {
                // What its chain anchored a whole turn ago is anchored anew.
                let old = self.anchors.checked_sub(u64::from(SOURCES) + 1)?;
                let (chain, place) = turn(old);
                return Some(self.anchored(chain, place, digest(rng.next_u64(), place)));
            }
        };
        Some(draft(self.people.any_citizen(rng), tx))
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 4) {
            0 => {
                // A notary is no time authority.
                let root = self.stampable.look(now, rng)?.root();
                Some(draft(self.notary(rng), EvidenceTx::Stamp { root }))
            }
            1 => {
                let root = digest(rng.next_u64(), u64::MAX);
                let tx = EvidenceTx::Deposit { root, leaves: 0 };
                Some(draft(self.depositor(rng), tx))
            }
            2 => {
                // The case lies with another court.
                let (case, root) = *self.exhibits.look(now, rng)?;
                let judge = self.judge((u32::from(case.court) + 1) % COURTS, rng);
                Some(draft(judge, EvidenceTx::JudgeConfirm { case, root }))
            }
            _ => {
                let deposited = *self.provable.look(now, rng)?;
                let case = CaseId {
                    court: COURTS as u16,
                    number: 0,
                };
                let (root, by_ns) = (deposited.root(), now.as_nanos() as u64);
                let tx = EvidenceTx::SubmitToCourt { case, root, by_ns };
                Some(draft(deposited.depositor, tx))
            }
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(self.people, state)
    }
}
