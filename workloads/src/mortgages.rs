//! Chattel mortgages (docs/sources.md W7): banks register what firms pledge to them; everybody searches,
//! five times as often; ranks are ceded; liens are released, and now and then enforced.
//!
//! At most two liens on a thing are live (estimate: three in ten new liens are second ones). Things are
//! remembered in bounded lists and followed up once the lag has passed; a stock exists at genesis, and
//! should a list run dry all the same, a lien on a new thing is registered instead.
//!
//! Attackers enforce what was released or is gone, jump the queue, take another's rank, secure more than
//! before, or release another's lien. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::mortgage::{AssetId, CESSIONS_LIMIT, LIENS_LIMIT, MortgageTx};
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::cycle::{Cycle, another_of, any_of};
use crate::parents::Parents;
use crate::people::People;
use crate::population::{Chance, Weighted, below, log_normal};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In thousandths (W7: five searches to one registration; the rest is an estimate): register, search,
/// amend, cede, release, enforce.
pub(crate) const MIX: Weighted<6> = Weighted::new([130, 650, 80, 30, 90, 20]);
/// Its place in the mix.
pub(crate) const REGISTER: usize = 0;
/// How many liens are registered behind another (estimate).
const SECOND_SHARE: f64 = 0.3;
/// Amounts (estimates): CNY 500,000 at the median, and e^3 between 95 % limits.
const MEDIAN_AMOUNT: f64 = 50_000_000.0;
const SIGMA: f64 = 1.5;
/// Things remembered per list.
const REMEMBERED: usize = 1 << 17;
/// Ended liens remembered for attacks.
const ENDED: usize = 1 << 12;

/// A live lien as its creditor knows it.
#[derive(Clone, Copy, Debug)]
struct Claim {
    lien: u8,
    creditor: AccountId,
    amount: u64,
}

/// A thing with a live lien or two, in the order of rank.
#[derive(Clone, Copy, Debug)]
struct Burden {
    asset: AssetId,
    first: Claim,
    second: Option<Claim>,
    /// How many were ever registered, and ceded.
    liens: u8,
    cessions: u8,
}

/// The workload "mortgages".
#[derive(Debug)]
pub struct Mortgages {
    people: People,
    stock: u32,
    lag: Duration,
    behind: Chance,
    numbers: u64,
    single: Parents<Burden>,
    double: Parents<Burden>,
    released: Parents<(AssetId, Claim)>,
    gone: Parents<(AssetId, Claim)>,
}

impl Mortgages {
    /// The chattel mortgages of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let mut mortgages = Self {
            people: setup.people,
            stock: setup.stock,
            lag: setup.lag,
            behind: Chance::new(SECOND_SHARE),
            numbers: u64::from(setup.stock),
            single: Parents::new(setup.lag, REMEMBERED),
            double: Parents::new(setup.lag, REMEMBERED),
            released: Parents::new(setup.lag, ENDED),
            gone: Parents::new(setup.lag, ENDED),
        };
        for burden in stock::burdens(setup.people, setup.stock) {
            match burden.second {
                None => mortgages.single.stock(burden),
                Some(_) => mortgages.double.stock(burden),
            }
        }
        mortgages
    }

    fn register(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        if self.behind.draw(rng)
            && let Some(second) = self.register_behind(now, rng)
        {
            return second;
        }
        self.register_first(now, rng)
    }

    fn register_first(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        self.numbers += 1;
        let asset = AssetId {
            owner: any_of(self.people.minor_firms(), rng),
            number: self.numbers,
        };
        let first = Claim {
            lien: 0,
            creditor: self.bank(rng),
            amount: amount(rng),
        };
        let burden = Burden {
            asset,
            first,
            second: None,
            liens: 1,
            cessions: 0,
        };
        self.single.push(now, burden);
        self.registration(now, asset, first)
    }

    fn register_behind(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let mut burden = self.single.take(now, rng)?;
        if usize::from(burden.liens) == LIENS_LIMIT {
            self.single.push(now, burden);
            return None;
        }
        let second = Claim {
            lien: burden.liens,
            creditor: another_of(self.people.banks(), burden.first.creditor, rng),
            amount: amount(rng),
        };
        burden.second = Some(second);
        burden.liens += 1;
        self.double.push(now, burden);
        Some(self.registration(now, burden.asset, second))
    }

    fn registration(&self, now: Duration, asset: AssetId, claim: Claim) -> Draft {
        // Followed up after one lag: it can be enforced by then.
        let tx = MortgageTx::Register {
            asset,
            amount: claim.amount,
            due_ns: (now + self.lag).as_nanos() as u64,
        };
        draft(claim.creditor, tx)
    }

    fn search(&mut self, now: Duration, wrong: bool, rng: &mut dyn Rng) -> Option<Draft> {
        let Burden { asset, first, .. } = *self.single.look(now, rng)?;
        let creditor = if wrong {
            another_of(self.people.banks(), first.creditor, rng)
        } else {
            first.creditor
        };
        let lien = first.lien;
        let tx = MortgageTx::Search {
            asset,
            lien,
            creditor,
        };
        Some(draft(self.people.any_citizen(rng), tx))
    }

    fn amend(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let mut burden = self.take(4, now, rng)?;
        // Part of the debt was paid.
        let first = &mut burden.first;
        first.amount = (first.amount / 10 * 9).max(1);
        let amended = amendment(burden.asset, *first, now);
        self.shelve(now, burden);
        Some(amended)
    }

    fn cede(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let mut burden = self.double.take(now, rng)?;
        let may = usize::from(burden.cessions) < CESSIONS_LIMIT;
        let ceding = burden.second.filter(|_| may).map(|second| {
            let first = std::mem::replace(&mut burden.first, second);
            burden.second = Some(first);
            burden.cessions += 1;
            cession(burden.asset, first, second, first.creditor)
        });
        self.shelve(now, burden);
        ceding
    }

    fn release(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let mut burden = self.take(3, now, rng)?;
        let (asset, claim) = (burden.asset, burden.first);
        self.released.push(now, (asset, claim));
        if let Some(second) = burden.second.take() {
            burden.first = second;
            self.shelve(now, burden);
        }
        Some(releasing(asset, claim, claim.creditor))
    }

    fn enforce(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let Burden { asset, first, .. } = self.take(4, now, rng)?;
        self.gone.push(now, (asset, first));
        Some(enforcement(asset, first))
    }

    /// Something with two liens, once in so many times, or with one.
    fn take(&mut self, once_in: u64, now: Duration, rng: &mut dyn Rng) -> Option<Burden> {
        let list = match below(rng, once_in) {
            0 => &mut self.double,
            _ => &mut self.single,
        };
        list.take(now, rng)
    }

    fn shelve(&mut self, now: Duration, burden: Burden) {
        let list = match burden.second {
            None => &mut self.single,
            Some(_) => &mut self.double,
        };
        list.push(now, burden);
    }

    fn bank(&self, rng: &mut dyn Rng) -> AccountId {
        any_of(self.people.banks(), rng)
    }
}

fn amount(rng: &mut dyn Rng) -> u64 {
    log_normal(rng, MEDIAN_AMOUNT, SIGMA).max(1)
}

fn amendment(asset: AssetId, claim: Claim, now: Duration) -> Draft {
    let tx = MortgageTx::Amend {
        asset,
        lien: claim.lien,
        amount: claim.amount,
        due_ns: now.as_nanos() as u64,
    };
    draft(claim.creditor, tx)
}

fn cession(asset: AssetId, from: Claim, to: Claim, sender: AccountId) -> Draft {
    let (lien, to) = (from.lien, to.lien);
    draft(sender, MortgageTx::Cede { asset, lien, to })
}

fn releasing(asset: AssetId, claim: Claim, sender: AccountId) -> Draft {
    let lien = claim.lien;
    draft(sender, MortgageTx::Release { asset, lien })
}

fn enforcement(asset: AssetId, claim: Claim) -> Draft {
    let lien = claim.lien;
    draft(claim.creditor, MortgageTx::Enforce { asset, lien })
}

/// Fills a transaction up to its size (estimates: W7 gives none).
fn draft(sender: AccountId, tx: MortgageTx) -> Draft {
    let wire = match &tx {
        MortgageTx::Register { .. } => 520,
        MortgageTx::Search { .. } => 240,
        MortgageTx::Amend { .. } | MortgageTx::Cede { .. } => 420,
        MortgageTx::Release { .. } | MortgageTx::Enforce { .. } => 380,
    };
    Draft::sized(sender, Body::Mortgage(tx), wire)
}

impl Cycle for Mortgages {
    const NAME: &'static str = "mortgages";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => Some(self.register(now, rng)),
            1 => self.search(now, false, rng),
            2 => self.amend(now, rng),
            3 => self.cede(now, rng),
            4 => self.release(now, rng),
            _ => self.enforce(now, rng),
        };
        drawn.unwrap_or_else(|| self.register_first(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 6) {
            0 => {
                let (asset, claim) = *self.released.look(now, rng)?;
                Some(enforcement(asset, claim))
            }
            1 => {
                let (asset, claim) = *self.gone.look(now, rng)?;
                Some(enforcement(asset, claim))
            }
            2 => {
                // The second comes first.
                let burden = *self.double.look(now, rng)?;
                Some(enforcement(burden.asset, burden.second?))
            }
            3 => {
                // The second takes what the first would have to give.
                let burden = *self.double.look(now, rng)?;
                let second = burden.second?;
                let (asset, first) = (burden.asset, burden.first);
                Some(cession(asset, first, second, second.creditor))
            }
            4 => {
                let Burden { asset, first, .. } = *self.single.look(now, rng)?;
                let amount = first.amount + 1;
                Some(amendment(asset, Claim { amount, ..first }, now))
            }
            _ => {
                let Burden { asset, first, .. } = *self.single.look(now, rng)?;
                Some(releasing(asset, first, self.people.any_citizen(rng)))
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let mut asset = AssetId {
            owner: any_of(self.people.minor_firms(), rng),
            number: 0,
        };
        let (mut sender, mut amount) = (self.bank(rng), 1);
        match below(rng, 4) {
            0 => amount = 0,
            // Things of citizens are not in this register, nor do they lend.
            1 => asset.owner = self.people.any_citizen(rng),
            2 => sender = self.people.any_citizen(rng),
            _ => return self.search(now, true, rng),
        }
        let due_ns = 0;
        let tx = MortgageTx::Register {
            asset,
            amount,
            due_ns,
        };
        Some(draft(sender, tx))
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(self.people, state)
    }
}
