//! Works and their copyright (docs/sources.md W17): authors register works, others license them; shares
//! change hands; royalties are split; the bureau takes copies down.
//!
//! Half of the licenses are of hits, works of the stock that nobody sells and everybody wants: hot keys,
//! by Zipf's law. The other works are remembered in bounded lists and followed up once the lag has
//! passed; should a list run dry, a work is registered instead. What is taken down is said to copy a hit.
//!
//! Attackers register what is registered, sell more than they have or another's share, pay too little,
//! leave owners out of a split, license what was taken down, and take down without right or reason. All
//! must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::copyright::CopyrightTx;
use groma_ledger::patterns::shares::{OWNERS_LIMIT, Share, Shares, WHOLE};
use groma_ledger::{AccountId, Body, Genesis, State};
use rand::Rng;

use crate::cycle::{Cycle, digest};
use crate::parents::Parents;
use crate::people::People;
use crate::population::{Chance, Sampler, Skew, Weighted, below, divide, log_normal};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In per cent (estimate: W17 names the steps): register, license, transfer, split, takedown.
const MIX: Weighted<5> = Weighted::new([30, 50, 8, 10, 2]);
/// Bytes on the wire (W17).
const WIRE_BYTES: usize = 450;
/// How many works have one author, two, three or four, in per cent (estimate).
const AUTHORS: Weighted<4> = Weighted::new([60, 25, 10, 5]);
/// Half of the licenses are of hits (estimate), by Zipf's law with 0.99, the catalogue's default.
const HIT_SHARE: f64 = 0.5;
const HIT_SKEW: Skew = Skew::Zipf { theta: 0.99 };
/// One work of the stock in so many is a hit, and at most so many are (estimates).
const HIT_ONCE_IN: u32 = 8;
const MOST_HITS: u32 = 1_024;
/// After how many licenses of another work the royalties are split (estimate).
const SPLIT_SHARE: f64 = 0.3;
/// Prices (estimates): CNY 100 at the median, and e^3 between 95 % limits.
const MEDIAN_PRICE: f64 = 10_000.0;
const SIGMA: f64 = 1.5;
/// The department that is the copyright bureau.
const BUREAU: u32 = 38;
/// Works remembered per list.
const REMEMBERED: usize = 1 << 15;
/// Works taken down that are remembered for attacks.
const DOWN: usize = 1 << 12;

/// A work as its owners know it.
#[derive(Clone, Debug)]
struct Known {
    work: [u8; 32],
    price: u64,
    shares: Shares,
}

/// A work that everybody wants.
#[derive(Debug)]
struct Hit {
    known: Known,
    /// Whether its royalties will be split already.
    is_earning: bool,
}

/// Something of which the royalties are to be split.
#[derive(Debug)]
enum Earning {
    Hit(usize),
    Other(Known),
}

/// The workload "copyrights".
#[derive(Debug)]
pub struct Copyrights {
    people: People,
    stock: u32,
    popular: Option<Sampler>,
    of_hit: Chance,
    splits: Chance,
    hits: Vec<Hit>,
    works: Parents<Known>,
    earning: Parents<Earning>,
    down: Parents<Known>,
}

impl Copyrights {
    /// The works of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let mut copyrights = Self {
            people: setup.people,
            stock: setup.stock,
            popular: None,
            of_hit: Chance::new(HIT_SHARE),
            splits: Chance::new(SPLIT_SHARE),
            hits: Vec::new(),
            works: Parents::new(setup.lag, REMEMBERED),
            earning: Parents::new(setup.lag, REMEMBERED),
            down: Parents::new(setup.lag, DOWN),
        };
        for (known, shelf) in stock::works(setup.people, setup.stock) {
            match shelf {
                stock::Shelf::Hit => copyrights.hits.push(Hit {
                    known,
                    is_earning: false,
                }),
                stock::Shelf::Resting => copyrights.works.stock(known),
                stock::Shelf::Earning(_) => copyrights.earning.stock(Earning::Other(known)),
            }
        }
        // None when there are no hits: then every license is of another work.
        copyrights.popular = Sampler::new(copyrights.hits.len() as u64, HIT_SKEW).ok();
        copyrights
    }

    fn register(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let count = 1 + AUTHORS.draw(rng);
        let mut authors: Vec<AccountId> = Vec::with_capacity(count);
        for _ in 0..count {
            authors.push(self.people.anybody_but(&authors, rng));
        }
        let points = divide(rng, u64::from(WHOLE), count as u64);
        let share = |(&owner, points)| Share {
            owner,
            points: points as u16,
        };
        let known = Known {
            work: digest(rng),
            price: log_normal(rng, MEDIAN_PRICE, SIGMA).max(1),
            shares: Shares(authors.iter().zip(points).map(share).collect()),
        };
        let registered = registration(&known, authors[0]);
        self.works.push(now, known);
        registered
    }

    fn license(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let licensee = self.people.anybody_but(&[], rng);
        if let Some(popular) = &self.popular
            && self.of_hit.draw(rng)
        {
            let place = popular.draw(rng) as usize;
            let hit = &mut self.hits[place];
            if !std::mem::replace(&mut hit.is_earning, true) {
                self.earning.push(now, Earning::Hit(place));
            }
            return Some(licence(&hit.known, licensee, hit.known.price));
        }
        if !self.splits.draw(rng) {
            let known = self.works.look(now, rng)?;
            return Some(licence(known, licensee, known.price));
        }
        let known = self.works.take(now, rng)?;
        let licensed = licence(&known, licensee, known.price);
        self.earning.push(now, Earning::Other(known));
        Some(licensed)
    }

    fn transfer(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let mut known = self.works.take(now, rng)?;
        let shares = &known.shares.0;
        let Share { owner, points } = shares[below(rng, shares.len() as u64) as usize];
        let to = self.people.anybody_but(&[owner], rng);
        // All of it, every other time or when there is no room for one owner more.
        let points = match below(rng, 2) {
            1 if shares.len() < OWNERS_LIMIT => 1 + below(rng, u64::from(points)) as u16,
            _ => points,
        };
        let given = known.shares.give(owner, to, points);
        debug_assert_eq!(given, Ok(()));
        let work = known.work;
        self.works.push(now, known);
        Some(draft(owner, CopyrightTx::Transfer { work, to, points }))
    }

    fn split(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match self.earning.take(now, rng)? {
            Earning::Hit(place) => {
                let hit = &mut self.hits[place];
                hit.is_earning = false;
                Some(splitting(&hit.known, None))
            }
            Earning::Other(known) => {
                let split = splitting(&known, None);
                self.works.push(now, known);
                Some(split)
            }
        }
    }

    fn take_down(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let earlier = self.hit(rng)?.known.work;
        let known = self.works.take(now, rng)?;
        let tx = takedown(known.work, earlier);
        self.down.push(now, known);
        Some(draft(self.people.any_clerk(BUREAU, rng), tx))
    }

    fn hit(&self, rng: &mut dyn Rng) -> Option<&Hit> {
        let place = below(rng, self.hits.len() as u64);
        self.hits.get(place as usize)
    }
}

fn registration(known: &Known, sender: AccountId) -> Draft {
    let tx = CopyrightTx::Register {
        work: known.work,
        price: known.price,
        shares: known.shares.0.as_slice().into(),
    };
    draft(sender, tx)
}

fn licence(known: &Known, licensee: AccountId, price: u64) -> Draft {
    let work = known.work;
    draft(licensee, CopyrightTx::License { work, price })
}

/// The first owner splits among all, and one who is none.
fn splitting(known: &Known, stranger: Option<AccountId>) -> Draft {
    let tx = CopyrightTx::Split {
        work: known.work,
        owners: known.shares.owners().chain(stranger).collect(),
    };
    draft(known.shares.0[0].owner, tx)
}

fn takedown(work: [u8; 32], earlier: [u8; 32]) -> CopyrightTx {
    CopyrightTx::Takedown { work, earlier }
}

fn draft(sender: AccountId, tx: CopyrightTx) -> Draft {
    Draft::sized(sender, Body::Copyright(tx), WIRE_BYTES)
}

impl Cycle for Copyrights {
    const NAME: &'static str = "copyrights";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.license(now, rng),
            2 => self.transfer(now, rng),
            3 => self.split(now, rng),
            _ => self.take_down(now, rng),
        };
        drawn.unwrap_or_else(|| self.register(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        // The tax bureau never owns anything.
        let (kind, stranger) = (below(rng, 8), self.people.any_tax(rng));
        if kind == 0 {
            // It was taken down.
            let known = self.down.look(now, rng)?;
            return Some(licence(known, stranger, known.price));
        }
        let known = self.works.look(now, rng)?;
        let (work, Share { owner, points }) = (known.work, known.shares.0[0]);
        match kind {
            1 => {
                // It claims to be the author.
                let own = Share {
                    owner: stranger,
                    points: WHOLE,
                };
                let shares = Shares(vec![own]);
                let known = Known {
                    shares,
                    ..known.clone()
                };
                Some(registration(&known, stranger))
            }
            2 => {
                let to = stranger;
                Some(draft(stranger, CopyrightTx::Transfer { work, to, points }))
            }
            3 => {
                let (to, points) = (stranger, points + 1);
                Some(draft(owner, CopyrightTx::Transfer { work, to, points }))
            }
            4 => Some(licence(known, stranger, known.price - 1)),
            5 => Some(splitting(known, Some(stranger))),
            6 => {
                // The later work takes down the earlier.
                let tx = takedown(self.hit(rng)?.known.work, work);
                Some(draft(self.people.any_clerk(BUREAU, rng), tx))
            }
            _ => {
                let tx = takedown(work, self.hit(rng)?.known.work);
                Some(draft(stranger, tx))
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let known = self.works.look(now, rng)?;
        let Share { owner, points } = known.shares.0[0];
        let mut changed = Known {
            work: digest(rng),
            ..known.clone()
        };
        match below(rng, 4) {
            0 => changed.shares.0[0].points += 1,
            1 => changed.price = 0,
            // Not one of the authors.
            2 => return Some(registration(&changed, self.people.any_tax(rng))),
            _ => {
                let (work, to) = (known.work, owner);
                return Some(draft(owner, CopyrightTx::Transfer { work, to, points }));
            }
        }
        Some(registration(&changed, owner))
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(state)
    }
}
