//! Urban components (docs/sources.md W19): sensors send readings in bulk; owners register, inspect,
//! repair and retire roads, pipes and buildings; citizens report faults.
//!
//! Each component stands in one list, by its state. What is followed up on is remembered in bounded
//! lists; a stock exists at genesis; should a list run dry all the same, a component is registered
//! instead.
//!
//! Attackers repair what is whole, touch what is retired or another's, register it again, and send a
//! gateway's batch anew or in its place. All must be refused, as mistakes must.

mod law;
mod stock;

use core::time::Duration;

use groma_ledger::component::ComponentTx;
use groma_ledger::patterns::inclusion::LEAVES_LIMIT;
use groma_ledger::{AccountId, Body, Genesis, Hash, State};
use rand::Rng;

use crate::cycle::{Cycle, any_of};
use crate::parents::Parents;
use crate::people::People;
use crate::population::{Weighted, below, log_uniform};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// In thousandths (estimate): register, inspect, report a fault, repair, retire, sense.
const MIX: Weighted<6> = Weighted::new([25, 150, 60, 57, 8, 700]);
/// Bytes on the wire (W19).
const WIRE_BYTES: usize = 280;
/// Who answers for components (estimate): departments for roads, bridges, water, gas, power, buildings.
pub(crate) const OWNER: u32 = 4;
pub(crate) const OWNERS: u32 = 6;
/// Departments of which each account is a gateway (estimate).
pub(crate) const GATEWAY: u32 = 10;
pub(crate) const GATEWAYS: u32 = 4;
/// Readings of a batch: 32 to 1,000, each doubling alike (estimate).
const LEAST_READINGS: u64 = 32;
const DOUBLINGS: u32 = 5;
/// Components and batches remembered per list.
const REMEMBERED: usize = 1 << 17;
const SPENT: usize = 1 << 12;

/// A component, as its owner knows it.
#[derive(Clone, Copy, Debug)]
struct Known {
    component: u64,
    owner: u32,
}

/// A batch of readings.
#[derive(Clone, Copy, Debug)]
struct Sensed {
    gateway: AccountId,
    number: u64,
}

/// The workload "components".
#[derive(Debug)]
pub struct Components {
    people: People,
    stock: u32,
    components: u64,
    batches: u64,
    in_service: Parents<Known>,
    faulty: Parents<Known>,
    retired: Parents<Known>,
    sensed: Parents<Sensed>,
}

impl Components {
    /// The components of a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        let mut components = Self {
            people: setup.people,
            stock: setup.stock,
            components: setup.stock.into(),
            batches: 0,
            in_service: Parents::new(setup.lag, REMEMBERED),
            faulty: Parents::new(setup.lag, REMEMBERED),
            retired: Parents::new(setup.lag, SPENT),
            sensed: Parents::new(setup.lag, SPENT),
        };
        for (known, shelf) in stock::components(setup.stock) {
            match shelf {
                stock::Shelf::InService => components.in_service.stock(known),
                stock::Shelf::Faulty => components.faulty.stock(known),
                stock::Shelf::Retired => components.retired.stock(known),
            }
        }
        components
    }

    fn register(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let known = Known {
            component: self.components,
            owner: below(rng, OWNERS.into()) as u32,
        };
        self.components += 1;
        self.in_service.push(now, known);
        self.registration(known, rng)
    }

    fn inspect(&self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let known = *self.in_service.look(now, rng)?;
        Some(self.inspection(known, rng))
    }

    fn report(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let known = self.in_service.take(now, rng)?;
        self.faulty.push(now, known);
        Some(self.reporting(known, rng))
    }

    fn repair(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let known = self.faulty.take(now, rng)?;
        self.in_service.push(now, known);
        Some(self.repairing(known, known.owner, rng))
    }

    fn retire(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        let known = self.in_service.take(now, rng)?;
        self.retired.push(now, known);
        let sender = self.official(known.owner, rng);
        Some(retirement(sender, known))
    }

    fn sense(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        self.batches += 1;
        let sensed = Sensed {
            gateway: any_of(self.people.departments(GATEWAY, GATEWAYS), rng),
            number: self.batches,
        };
        self.sensed.push(now, sensed);
        let readings = log_uniform(rng, LEAST_READINGS, DOUBLINGS).min(LEAVES_LIMIT.into());
        sensing(sensed.gateway, sensed.number, readings as u16)
    }

    fn registration(&self, known: Known, rng: &mut dyn Rng) -> Draft {
        let component = known.component;
        let digest = digest(component);
        let sender = self.official(known.owner, rng);
        draft(sender, ComponentTx::Register { component, digest })
    }

    fn inspection(&self, known: Known, rng: &mut dyn Rng) -> Draft {
        let tx = ComponentTx::Inspect {
            component: known.component,
            findings: digest(rng.next_u64()),
        };
        draft(self.official(known.owner, rng), tx)
    }

    fn reporting(&self, known: Known, rng: &mut dyn Rng) -> Draft {
        let tx = ComponentTx::ReportFault {
            component: known.component,
            report: digest(rng.next_u64()),
        };
        draft(self.people.any_citizen(rng), tx)
    }

    fn repairing(&self, known: Known, by: u32, rng: &mut dyn Rng) -> Draft {
        let tx = ComponentTx::Repair {
            component: known.component,
            work: digest(rng.next_u64()),
        };
        draft(self.official(by, rng), tx)
    }

    fn official(&self, owner: u32, rng: &mut dyn Rng) -> AccountId {
        any_of(self.people.departments(OWNER + owner, 1), rng)
    }
}

/// Stands for the digest of a paper.
fn digest(seed: u64) -> [u8; 32] {
    Hash::of(&[b"paper", &seed.to_le_bytes()]).0
}

fn retirement(sender: AccountId, known: Known) -> Draft {
    let component = known.component;
    draft(sender, ComponentTx::Retire { component })
}

fn sensing(sender: AccountId, number: u64, readings: u16) -> Draft {
    let tx = ComponentTx::Sense {
        number,
        root: digest(number),
        readings,
    };
    draft(sender, tx)
}

fn draft(sender: AccountId, tx: ComponentTx) -> Draft {
    Draft::sized(sender, Body::Component(tx), WIRE_BYTES)
}

impl Cycle for Components {
    const NAME: &'static str = "components";

    fn genesis(&self, genesis: &mut Genesis) {
        stock::genesis(self.people, self.stock, genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            1 => self.inspect(now, rng),
            2 => self.report(now, rng),
            3 => self.repair(now, rng),
            4 => self.retire(now, rng),
            _ => Some(self.sense(now, rng)),
        };
        drawn.unwrap_or_else(|| self.register(now, rng))
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 6) {
            0 => {
                // It is paid for repairing what is whole.
                let known = *self.in_service.look(now, rng)?;
                Some(self.repairing(known, known.owner, rng))
            }
            1 => {
                let known = *self.faulty.look(now, rng)?;
                Some(self.repairing(known, (known.owner + 1) % OWNERS, rng))
            }
            2 => {
                let known = *self.retired.look(now, rng)?;
                Some(self.inspection(known, rng))
            }
            3 => {
                // It is to begin a new life, without its history.
                let known = *self.retired.look(now, rng)?;
                Some(self.registration(known, rng))
            }
            4 => {
                let Sensed { gateway, number } = *self.sensed.look(now, rng)?;
                Some(sensing(gateway, number, 1))
            }
            _ => {
                self.batches += 1;
                let thief = self.people.any_citizen(rng);
                Some(sensing(thief, self.batches, 1))
            }
        }
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        match below(rng, 4) {
            0 => {
                // It was reported before.
                let known = *self.faulty.look(now, rng)?;
                Some(self.reporting(known, rng))
            }
            1 => {
                let known = *self.in_service.look(now, rng)?;
                Some(retirement(self.people.any_citizen(rng), known))
            }
            2 => {
                let gateway = any_of(self.people.departments(GATEWAY, GATEWAYS), rng);
                Some(sensing(gateway, u64::MAX, 0))
            }
            _ => {
                let known = Known {
                    component: u64::MAX,
                    owner: 0,
                };
                Some(self.reporting(known, rng))
            }
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        law::check(self.people, state)
    }
}
