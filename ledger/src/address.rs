//! The address registry (docs/sources.md W13): addresses are registered, enterprises bind to them up to a
//! limit, inspectors freeze and thaw them, and two of three departments change them together.
//!
//! ```text
//! address: register -> Open -- bind, unbind --> Open       change: propose -- sign (2 of 3) --> Applied
//!                       \- freeze --> Frozen -- thaw --> Open
//! ```
//!
//! Rules: no more enterprises than the limit, none while it is frozen; every step leaves an event, see
//! [`crate::patterns::history`]. [`AddressTx::Query`] is an ordered read.

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::cosign::Signatures;
use crate::patterns::desk::Desk;
use crate::patterns::history::{self, Chronicled, Events, History};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about addresses.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum AddressTx {
    /// A department registers an address.
    Register {
        /// A number that is not used.
        address: u64,
        /// How many enterprises may be there at once; zero is malformed.
        limit: u16,
        /// Digest of its standard form.
        digest: [u8; 32],
    },
    /// The sender's enterprise takes its seat there.
    Bind {
        /// Which.
        seat: SeatId,
    },
    /// The sender's enterprise leaves.
    Unbind {
        /// Which.
        seat: SeatId,
    },
    /// An inspector was there.
    Inspect {
        /// Which.
        address: u64,
        /// Digest of the findings.
        findings: [u8; 32],
    },
    /// An inspector allows nobody else there.
    Freeze {
        /// Which.
        address: u64,
    },
    /// An inspector allows it again.
    Thaw {
        /// Which.
        address: u64,
    },
    /// A department proposes another form, and signs it.
    Propose {
        /// Which, and a number that is not used.
        change: ChangeId,
        /// Digest of the new form.
        digest: [u8; 32],
    },
    /// Another department signs; two are enough.
    Sign {
        /// Which.
        change: ChangeId,
    },
    /// Somebody asks whether an address has that form.
    Query {
        /// Which.
        address: u64,
        /// Digest of the form.
        digest: [u8; 32],
    },
}

/// So many departments change an address together, of all that there are.
pub const NEEDED: u32 = 2;

/// An enterprise at an address.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct SeatId {
    /// Where.
    pub address: u64,
    /// Which enterprise.
    pub enterprise: u64,
}

/// A change of an address.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct ChangeId {
    /// Of which.
    pub address: u64,
    /// Which change.
    pub number: u64,
}

/// A registered address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Address {
    /// Digest of its standard form.
    pub digest: [u8; 32],
    /// How many enterprises may be there.
    pub limit: u16,
    /// How many are.
    pub bound: u16,
    /// Whether nobody else may come.
    pub frozen: bool,
    /// What happened to it.
    pub history: History,
}

/// What can happen to an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Step {
    /// It was registered.
    Registered,
    /// An enterprise came.
    Bound(u64),
    /// An enterprise left.
    Unbound(u64),
    /// Findings of an inspector.
    Inspected([u8; 32]),
    /// It was frozen.
    Frozen,
    /// It was thawed.
    Thawed,
    /// A change took effect.
    Changed(u64),
}

/// Addresses by number.
pub struct Addresses;

impl Table for Addresses {
    const ID: u8 = 152;
    const NAME: &'static str = "addresses";
    type Key = u64;
    type Value = Address;
}

impl Chronicled for Addresses {
    const EVENTS: u8 = 153;
    const EVENTS_NAME: &'static str = "address_events";
    type What = Step;
    fn history(address: &mut Address) -> &mut History {
        &mut address.history
    }
}

/// An enterprise's seat.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Binding {
    /// Who speaks for the enterprise.
    pub owner: AccountId,
    /// Timestamp of the block.
    pub since_ns: u64,
    /// When it left.
    pub ended_ns: Option<u64>,
}

/// Bindings by address and enterprise.
pub struct Bindings;

impl Table for Bindings {
    const ID: u8 = 154;
    const NAME: &'static str = "address_bindings";
    type Key = SeatId;
    type Value = Binding;
}

/// A new form of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Change {
    /// Its digest.
    pub digest: [u8; 32],
    /// Who has signed, by department; it took effect when [`NEEDED`] had.
    pub signatures: Signatures<3>,
}

/// Changes by address and number.
pub struct Changes;

impl Table for Changes {
    const ID: u8 = 155;
    const NAME: &'static str = "address_changes";
    type Key = ChangeId;
    type Value = Change;
}

/// Who is who in the world of addresses. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Departments, at most eight, of which [`NEEDED`] change an address; each registers.
    pub departments: Seats,
    /// Who inspects: one institution.
    pub inspectors: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 156;
    const NAME: &'static str = "address_registry";
    type Key = ();
    type Value = Registry;
}

impl Rule for AddressTx {
    fn kind(&self) -> &'static str {
        match self {
            AddressTx::Register { .. } => "address.register",
            AddressTx::Bind { .. } => "address.bind",
            AddressTx::Unbind { .. } => "address.unbind",
            AddressTx::Inspect { .. } => "address.inspect",
            AddressTx::Freeze { .. } => "address.freeze",
            AddressTx::Thaw { .. } => "address.thaw",
            AddressTx::Propose { .. } => "address.propose",
            AddressTx::Sign { .. } => "address.sign",
            AddressTx::Query { .. } => "address.query",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match self {
            AddressTx::Register { address, .. }
            | AddressTx::Inspect { address, .. }
            | AddressTx::Freeze { address }
            | AddressTx::Thaw { address } => {
                history::touch::<Addresses>(context, address, touches);
            }
            AddressTx::Bind { seat } | AddressTx::Unbind { seat } => {
                touches.write::<Bindings>(seat);
                history::touch::<Addresses>(context, &seat.address, touches);
            }
            AddressTx::Propose { change, .. } => {
                touches.read::<Addresses>(&change.address);
                touches.write::<Changes>(change);
            }
            AddressTx::Sign { change } => {
                touches.write::<Changes>(change);
                history::touch::<Addresses>(context, &change.address, touches);
            }
            AddressTx::Query { address, .. } => touches.read::<Addresses>(address),
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            AddressTx::Register {
                address,
                limit,
                digest,
            } => desk.register(address, limit, digest),
            AddressTx::Bind { seat } => desk.bind(seat),
            AddressTx::Unbind { seat } => desk.unbind(seat),
            AddressTx::Inspect { address, findings } => desk.inspect(address, findings),
            AddressTx::Freeze { address } => desk.set_frozen(address, true),
            AddressTx::Thaw { address } => desk.set_frozen(address, false),
            AddressTx::Propose { change, digest } => desk.propose(change, digest),
            AddressTx::Sign { change } => desk.sign(change),
            AddressTx::Query { address, digest } => {
                let known = desk.entry::<Addresses>(&address)?.digest;
                if known == digest {
                    Ok(())
                } else {
                    Err(Reason::FalseClaim)
                }
            }
        }
    }
}

impl Desk<'_, '_, Registry> {
    fn register(&mut self, number: u64, limit: u16, digest: [u8; 32]) -> Result<(), Reason> {
        self.only_one_of(self.registry.departments)?;
        if limit == 0 {
            return Err(Reason::Malformed);
        }
        let address = Address {
            digest,
            limit,
            bound: 0,
            frozen: false,
            history: History::default(),
        };
        history::begin::<Addresses, _>(self, number, address, Step::Registered)
    }

    fn bind(&mut self, seat: SeatId) -> Result<(), Reason> {
        let mut address = self.entry::<Addresses>(&seat.address)?;
        if address.frozen {
            return Err(Reason::WrongState);
        }
        if address.bound >= address.limit {
            return Err(Reason::QuotaExceeded);
        }
        address.bound += 1;
        let binding = Binding {
            owner: self.context.sender,
            since_ns: self.context.timestamp_ns,
            ended_ns: None,
        };
        self.create::<Bindings>(seat, binding)?;
        let step = Step::Bound(seat.enterprise);
        history::record::<Addresses, _>(self, seat.address, address, step)
    }

    /// An enterprise may leave a frozen address.
    fn unbind(&mut self, seat: SeatId) -> Result<(), Reason> {
        let mut binding = self.entry::<Bindings>(&seat)?;
        self.only(binding.owner)?;
        if binding.ended_ns.is_some() {
            return Err(Reason::WrongState);
        }
        binding.ended_ns = Some(self.context.timestamp_ns);
        self.access.put::<Bindings>(seat, binding);
        let mut address = self.entry::<Addresses>(&seat.address)?;
        address.bound -= 1;
        let step = Step::Unbound(seat.enterprise);
        history::record::<Addresses, _>(self, seat.address, address, step)
    }

    fn inspect(&mut self, number: u64, findings: [u8; 32]) -> Result<(), Reason> {
        self.only_one_of(self.registry.inspectors)?;
        let address = self.entry::<Addresses>(&number)?;
        history::record::<Addresses, _>(self, number, address, Step::Inspected(findings))
    }

    fn set_frozen(&mut self, number: u64, frozen: bool) -> Result<(), Reason> {
        self.only_one_of(self.registry.inspectors)?;
        let mut address = self.entry::<Addresses>(&number)?;
        if address.frozen == frozen {
            return Err(Reason::WrongState);
        }
        address.frozen = frozen;
        let step = if frozen { Step::Frozen } else { Step::Thawed };
        history::record::<Addresses, _>(self, number, address, step)
    }

    fn propose(&mut self, id: ChangeId, digest: [u8; 32]) -> Result<(), Reason> {
        let department = self.department()?;
        self.entry::<Addresses>(&id.address)?;
        let mut signatures = Signatures::default();
        signatures.sign(department, self.context.sender)?;
        self.create::<Changes>(id, Change { digest, signatures })
    }

    fn sign(&mut self, id: ChangeId) -> Result<(), Reason> {
        let department = self.department()?;
        let mut change = self.entry::<Changes>(&id)?;
        change.signatures.sign(department, self.context.sender)?;
        self.access.put::<Changes>(id, change);
        match change.signatures.count() {
            NEEDED => {
                let mut address = self.entry::<Addresses>(&id.address)?;
                address.digest = change.digest;
                history::record::<Addresses, _>(self, id.address, address, Step::Changed(id.number))
            }
            // In force already.
            _ => Err(Reason::WrongState),
        }
    }

    /// The department for which the sender speaks, as its place among the signatures.
    fn department(&self) -> Result<u8, Reason> {
        let department = self.only_one_of(self.registry.departments)?;
        u8::try_from(department).map_err(|_| Reason::NotPermitted)
    }
}

/// Events by address and transaction, for those who look into the state.
pub type AddressEvents = Events<Addresses>;
