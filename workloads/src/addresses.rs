//! The address registry (docs/sources.md W13): everybody asks who sits where, enterprises come and go,
//! inspectors freeze and thaw, and departments change addresses two of three.
//!
//! Enterprises bind to the buildings of the stock, of which a few are hot (Zipf 1.2); a place that was
//! given up is not given out again here, so that no honest enterprise meets a full building. Inspectors
//! and departments change and freeze other addresses. What is followed up on is remembered in bounded
//! lists; should one run dry, or a building be full, an address is registered instead.
//!
//! Attackers bind where it is full or frozen, sign twice or without a right, and unbind what is
//! another's. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::address::{AddressTx, ChangeId, SeatId};
use groma_ledger::{AccountId, Body, Genesis, Hash, State};
use rand::Rng;

use crate::cycle::{Cycle, any_of};
use crate::parents::Parents;
use crate::people::People;
use crate::population::{Sampler, Skew, Weighted, below};
use crate::workload::{Breach, Draft, Intent, WorkloadSetup};

/// In thousandths: register, bind, unbind, inspect, freeze, thaw, propose, sign, query. W13 gives the
/// query (85 %); the rest is an estimate.
const MIX: Weighted<9> = Weighted::new([15, 60, 25, 25, 5, 4, 8, 8, 850]);
/// Buildings by how much they are asked for (W13).
const BUILDING_SKEW: Skew = Skew::Zipf { theta: 1.2 };
/// Departments that change addresses (W13: two of three), and the inspectors, after them.
pub(crate) const DEPARTMENT: u32 = 0;
pub(crate) const SIGNERS: u32 = 3;
pub(crate) const INSPECTOR: u32 = 3;
/// How many enterprises a building takes (estimates): the hottest are registered offices of thousands.
const HOT_BUILDINGS: u64 = 16;
const HOT_LIMIT: u16 = 10_000;
const LIMIT: u16 = 50;
/// Addresses and seats remembered per list.
const REMEMBERED: usize = 1 << 15;

/// An address that is not a building of the stock.
#[derive(Clone, Copy, Debug)]
struct Known {
    address: u64,
    /// How often it was changed.
    version: u64,
}

/// An enterprise's seat.
#[derive(Clone, Copy, Debug)]
struct Seat {
    id: SeatId,
    owner: AccountId,
}

/// A change that one department has signed.
#[derive(Clone, Copy, Debug)]
struct Proposed {
    known: Known,
    number: u64,
    department: u32,
}

impl Proposed {
    fn id(&self) -> ChangeId {
        ChangeId {
            address: self.known.address,
            number: self.number,
        }
    }
}

/// The workload "addresses".
#[derive(Debug)]
pub struct Addresses {
    people: People,
    stock: u32,
    buildings: Sampler,
    /// How many have come to each building of the stock.
    taken: Vec<u16>,
    addresses: u64,
    enterprises: u64,
    changes: u64,
    seats: Parents<Seat>,
    known: Parents<Known>,
    frozen: Parents<Known>,
    proposed: Parents<Proposed>,
}

impl Addresses {
    /// The addresses of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let buildings = stock::buildings(setup.stock);
        let mut addresses = Self {
            people: setup.people,
            stock: setup.stock,
            buildings: Sampler::new(buildings, BUILDING_SKEW).expect("there are buildings"),
            taken: vec![1; buildings as usize],
            addresses: buildings + stock::others(setup.stock),
            enterprises: buildings + stock::others(setup.stock),
            changes: buildings,
            seats: Parents::new(setup.lag, REMEMBERED),
            known: Parents::new(setup.lag, REMEMBERED),
            frozen: Parents::new(setup.lag, REMEMBERED),
            proposed: Parents::new(setup.lag, REMEMBERED),
        };
        for building in 0..buildings {
            addresses.seats.stock(stock::seat(setup.people, building));
        }
        for (known, shelf) in stock::known(setup.stock) {
            match shelf {
                stock::Shelf::Open => addresses.known.stock(known),
                stock::Shelf::Frozen => addresses.frozen.stock(known),
                stock::Shelf::Proposed(proposed) => addresses.proposed.stock(proposed),
                stock::Shelf::Full => {}
            }
        }
        addresses
    }

    fn register(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let address = self.addresses;
        self.addresses += 1;
        let version = 0;
        self.known.push(now, Known { address, version });
        let department = below(rng, u64::from(SIGNERS)) as u32;
        self.registration(address, department, LIMIT, rng)
    }

    fn bind(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let address = self.buildings.draw(rng);
        let taken = &mut self.taken[address as usize];
        if *taken == limit(address) {
            return None;
        }
        *taken += 1;
        let seat = self.newcomer(address, rng);
        self.seats.push(now, seat);
        Some(binding(seat))
    }

    fn unbind(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let seat = self.seats.take(now, rng)?;
        Some(draft(seat.owner, AddressTx::Unbind { seat: seat.id }))
    }

    fn inspect(&mut self, rng: &mut dyn Rng) -> Draft {
        let tx = AddressTx::Inspect {
            address: self.buildings.draw(rng),
            findings: form(rng.next_u64(), 0),
        };
        draft(self.inspector(rng), tx)
    }

    fn freeze(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let known = self.known.take(now, rng)?;
        self.frozen.push(now, known);
        let address = known.address;
        Some(draft(self.inspector(rng), AddressTx::Freeze { address }))
    }

    fn thaw(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let known = self.frozen.take(now, rng)?;
        self.known.push(now, known);
        let address = known.address;
        Some(draft(self.inspector(rng), AddressTx::Thaw { address }))
    }

    fn propose(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let known = self.known.take(now, rng)?;
        self.changes += 1;
        let proposed = Proposed {
            known,
            number: self.changes,
            department: below(rng, u64::from(SIGNERS)) as u32,
        };
        self.proposed.push(now, proposed);
        let tx = AddressTx::Propose {
            change: proposed.id(),
            digest: form(known.address, known.version + 1),
        };
        Some(draft(self.official(proposed.department, rng), tx))
    }

    fn sign(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let proposed = self.proposed.take(now, rng)?;
        let Known { address, version } = proposed.known;
        let version = version + 1;
        self.known.push(now, Known { address, version });
        let other = 1 + below(rng, u64::from(SIGNERS - 1)) as u32;
        let department = (proposed.department + other) % SIGNERS;
        Some(signature(self.official(department, rng), proposed))
    }

    fn query(&self, version: u64, rng: &mut dyn Rng) -> Draft {
        let address = self.buildings.draw(rng);
        let digest = form(address, version);
        let tx = AddressTx::Query { address, digest };
        draft(self.people.any_citizen(rng), tx)
    }

    /// An enterprise that comes to an address.
    fn newcomer(&mut self, address: u64, rng: &mut dyn Rng) -> Seat {
        let enterprise = self.enterprises;
        self.enterprises += 1;
        Seat {
            id: SeatId {
                address,
                enterprise,
            },
            owner: self.people.any_citizen(rng),
        }
    }

    fn registration(&self, address: u64, department: u32, limit: u16, rng: &mut dyn Rng) -> Draft {
        let tx = AddressTx::Register {
            address,
            limit,
            digest: form(address, 0),
        };
        draft(self.official(department, rng), tx)
    }

    fn official(&self, department: u32, rng: &mut dyn Rng) -> AccountId {
        any_of(self.people.departments(DEPARTMENT + department, 1), rng)
    }

    fn inspector(&self, rng: &mut dyn Rng) -> AccountId {
        any_of(self.people.departments(INSPECTOR, 1), rng)
    }
}

/// Stands for the digest of an address in its standard form, after so many changes.
fn form(address: u64, version: u64) -> [u8; 32] {
    Hash::of(&[b"address", &address.to_le_bytes(), &version.to_le_bytes()]).0
}

/// How many enterprises a building of the stock takes.
fn limit(building: u64) -> u16 {
    if building < HOT_BUILDINGS {
        HOT_LIMIT
    } else {
        LIMIT
    }
}

fn binding(seat: Seat) -> Draft {
    draft(seat.owner, AddressTx::Bind { seat: seat.id })
}

fn signature(sender: AccountId, proposed: Proposed) -> Draft {
    let change = proposed.id();
    draft(sender, AddressTx::Sign { change })
}

/// Fills a transaction up to its size (estimates).
fn draft(sender: AccountId, tx: AddressTx) -> Draft {
    let wire = match &tx {
        AddressTx::Query { .. } => 240,
        AddressTx::Register { .. } | AddressTx::Inspect { .. } | AddressTx::Propose { .. } => 420,
        _ => 300,
    };
    Draft::sized(sender, Body::Address(tx), wire)
}

impl Cycle for Addresses {
    const NAME: &'static str = "addresses";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.bind(now, rng),
            2 => self.unbind(now, rng),
            3 => Some(self.inspect(rng)),
            4 => self.freeze(now, rng),
            5 => self.thaw(now, rng),
            6 => self.propose(now, rng),
            7 => self.sign(now, rng),
            _ => Some(self.query(0, rng)),
        };
        drawn.unwrap_or_else(|| self.register(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 5) {
            0 => {
                let full = stock::full(self.stock, rng)?;
                Some(binding(self.newcomer(full, rng)))
            }
            1 => {
                let frozen = self.frozen.look(now, rng)?.address;
                Some(binding(self.newcomer(frozen, rng)))
            }
            2 => {
                // One department signs for two.
                let proposed = *self.proposed.look(now, rng)?;
                Some(signature(self.official(proposed.department, rng), proposed))
            }
            3 => {
                let proposed = *self.proposed.look(now, rng)?;
                let signature = signature(self.people.any_citizen(rng), proposed);
                Some(signature.meant(Intent::Intrusion))
            }
            _ => {
                // A bank drives out an enterprise.
                let seat = self.seats.look(now, rng)?.id;
                let bank = any_of(self.people.banks(), rng);
                Some(draft(bank, AddressTx::Unbind { seat }).meant(Intent::Intrusion))
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 5) {
            0 => Some(self.query(1, rng)),
            1 => {
                let seat = *self.seats.look(now, rng)?;
                Some(binding(seat))
            }
            2 => {
                let building = self.buildings.draw(rng);
                Some(self.registration(building, 0, LIMIT, rng))
            }
            // It has room for nobody.
            3 => Some(self.registration(u64::MAX, 0, 0, rng)),
            _ => {
                let address = self.known.look(now, rng)?.address;
                Some(draft(self.inspector(rng), AddressTx::Thaw { address }))
            }
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(self.people, state)
    }
}
