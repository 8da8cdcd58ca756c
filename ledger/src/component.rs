//! Urban components (docs/sources.md W19): roads, pipes and buildings are registered, inspected, reported
//! at fault, repaired and retired, and sensors send their readings in bulk.
//!
//! ```text
//! register -> InService -- report fault --> Faulty -- repair --> InService
//!                  \------------------------- retire -----------> Retired, for good
//! sensors: sense -> the root of a batch of readings, once per gateway and number
//! ```
//!
//! A component is in one state, and every step leaves an event, see [`crate::patterns::history`].
//! Readings are a deposit of digests, see [`crate::patterns::inclusion`]: the ledger keeps the root.

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::desk::{Desk, permit};
use crate::patterns::history::{self, Chronicled, Events, History};
use crate::patterns::inclusion::LEAVES_LIMIT;
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about components.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum ComponentTx {
    /// Whoever answers for it registers a component.
    Register {
        /// A number that is not used.
        component: u64,
        /// Digest of what it is and where.
        digest: [u8; 32],
    },
    /// Its owner has inspected it.
    Inspect {
        /// Which.
        component: u64,
        /// Digest of the findings.
        findings: [u8; 32],
    },
    /// Somebody reports a fault.
    ReportFault {
        /// Of which.
        component: u64,
        /// Digest of the report.
        report: [u8; 32],
    },
    /// Its owner has repaired it.
    Repair {
        /// Which.
        component: u64,
        /// Digest of what was done.
        work: [u8; 32],
    },
    /// Its owner takes it out of service.
    Retire {
        /// Which.
        component: u64,
    },
    /// A gateway deposits what its sensors have read.
    Sense {
        /// A number that the gateway has not used.
        number: u64,
        /// The root over the readings.
        root: [u8; 32],
        /// How many, at most [`LEAVES_LIMIT`].
        readings: u16,
    },
}

/// The one state of a component.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Stage {
    /// It serves.
    InService,
    /// It was reported at fault.
    Faulty,
    /// It serves no more.
    Retired,
}

/// What can happen to a component, with the digest of the paper about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Step {
    /// It was registered.
    Registered,
    /// It was inspected.
    Inspected([u8; 32]),
    /// It was reported at fault.
    Reported([u8; 32]),
    /// It was repaired.
    Repaired([u8; 32]),
    /// It was taken out of service.
    Retired,
}

impl Step {
    /// Where the step leads from a state, if it may be taken there. Nothing stands for a component that
    /// is not registered.
    pub fn after(self, stage: Option<Stage>) -> Option<Stage> {
        match (self, stage) {
            (Step::Registered, None) | (Step::Repaired(_), Some(Stage::Faulty)) => {
                Some(Stage::InService)
            }
            (Step::Reported(_), Some(Stage::InService)) => Some(Stage::Faulty),
            (Step::Inspected(_), Some(stage @ (Stage::InService | Stage::Faulty))) => Some(stage),
            (Step::Retired, Some(Stage::InService | Stage::Faulty)) => Some(Stage::Retired),
            _ => None,
        }
    }
}

/// A road, a pipe, a building.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Component {
    /// Who answers for it, from zero.
    pub owner: u16,
    /// Digest of what it is and where.
    pub digest: [u8; 32],
    /// Its state.
    pub stage: Stage,
    /// What happened to it.
    pub history: History,
}

/// Components by number.
pub struct Components;

impl Table for Components {
    const ID: u8 = 176;
    const NAME: &'static str = "components";
    type Key = u64;
    type Value = Component;
}

impl Chronicled for Components {
    const EVENTS: u8 = 177;
    const EVENTS_NAME: &'static str = "component_events";
    type What = Step;
    fn history(component: &mut Component) -> &mut History {
        &mut component.history
    }
}

/// Readings of many sensors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Batch {
    /// The root over them.
    pub root: [u8; 32],
    /// How many.
    pub readings: u16,
    /// Timestamp of the block.
    pub at_ns: u64,
}

/// Batches by gateway and number.
pub struct Batches;

impl Table for Batches {
    const ID: u8 = 178;
    const NAME: &'static str = "component_batches";
    type Key = (AccountId, u64);
    type Value = Batch;
}

/// Who is who in the world of components. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Who answers for components.
    pub owners: Seats,
    /// Whose sensors read; each account is a gateway.
    pub gateways: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 179;
    const NAME: &'static str = "component_registry";
    type Key = ();
    type Value = Registry;
}

impl Rule for ComponentTx {
    fn kind(&self) -> &'static str {
        match self {
            ComponentTx::Register { .. } => "component.register",
            ComponentTx::Inspect { .. } => "component.inspect",
            ComponentTx::ReportFault { .. } => "component.report_fault",
            ComponentTx::Repair { .. } => "component.repair",
            ComponentTx::Retire { .. } => "component.retire",
            ComponentTx::Sense { .. } => "component.sense",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match self {
            ComponentTx::Register { component, .. }
            | ComponentTx::Inspect { component, .. }
            | ComponentTx::ReportFault { component, .. }
            | ComponentTx::Repair { component, .. }
            | ComponentTx::Retire { component } => {
                history::touch::<Components>(context, component, touches);
            }
            ComponentTx::Sense { number, .. } => {
                touches.write::<Batches>(&(context.sender, *number));
            }
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            ComponentTx::Register { component, digest } => desk.register(component, digest),
            ComponentTx::Inspect {
                component,
                findings,
            } => desk.by_owner(component, Step::Inspected(findings)),
            // Anybody sees a broken pipe.
            ComponentTx::ReportFault { component, report } => {
                let known = desk.entry::<Components>(&component)?;
                desk.step(component, known, Step::Reported(report))
            }
            ComponentTx::Repair { component, work } => {
                desk.by_owner(component, Step::Repaired(work))
            }
            ComponentTx::Retire { component } => desk.by_owner(component, Step::Retired),
            ComponentTx::Sense {
                number,
                root,
                readings,
            } => desk.sense(number, root, readings),
        }
    }
}

impl Desk<'_, '_, Registry> {
    fn register(&mut self, number: u64, digest: [u8; 32]) -> Result<(), Reason> {
        let owner = self.only_one_of(self.registry.owners)?;
        let component = Component {
            owner: u16::try_from(owner).map_err(|_| Reason::NotPermitted)?,
            digest,
            stage: Stage::InService,
            history: History::default(),
        };
        history::begin::<Components, _>(self, number, component, Step::Registered)
    }

    /// A step that only whoever answers for the component may take.
    fn by_owner(&mut self, number: u64, step: Step) -> Result<(), Reason> {
        let owner = self.only_one_of(self.registry.owners)?;
        let component = self.entry::<Components>(&number)?;
        permit(owner == u32::from(component.owner))?;
        self.step(number, component, step)
    }

    fn step(&mut self, number: u64, mut component: Component, step: Step) -> Result<(), Reason> {
        let next = step.after(Some(component.stage));
        component.stage = next.ok_or(Reason::WrongState)?;
        history::record::<Components, _>(self, number, component, step)
    }

    fn sense(&mut self, number: u64, root: [u8; 32], readings: u16) -> Result<(), Reason> {
        self.only_one_of(self.registry.gateways)?;
        if !(1..=LEAVES_LIMIT).contains(&readings) {
            return Err(Reason::Malformed);
        }
        let batch = Batch {
            root,
            readings,
            at_ns: self.context.timestamp_ns,
        };
        self.create::<Batches>((self.context.sender, number), batch)
    }
}

/// Events by component and transaction, for those who look into the state.
pub type ComponentEvents = Events<Components>;
