//! A government's data directory (docs/sources.md W3): agencies publish what data they have; others
//! request some; the owner and the supervisor both agree; the owner delivers a digest, and the requester
//! acknowledges it.
//!
//! ```text
//! publish -> Published -- update --> Published -- deprecate --> Deprecated
//! request -> Open -- owner and supervisor approve, in any order --> Approved -- deliver --> Delivered
//!              \-- either denies --> Denied                            acknowledge --> Acked -- rate
//!                                                                      dispute ------> Disputed
//! ```
//!
//! A declaration over [`crate::patterns::cosign`] (two of two). What is acknowledged is what was
//! delivered, and only what both agreed to is. [`DirectoryTx::Audit`] is an ordered read of a range of
//! requests.

use crate::access::Access;
use crate::account::AccountId;
use crate::patterns::cosign::Signatures;
use crate::patterns::desk::{Desk, permit};
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use crate::roles::Seats;
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked about the directory.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum DirectoryTx {
    /// An agency publishes what it has.
    Publish {
        /// A number that the agency has not used.
        entry: EntryId,
        /// The digest of its description.
        digest: [u8; 32],
    },
    /// The agency describes it anew.
    Update {
        /// Which.
        entry: EntryId,
        /// The digest of its description.
        digest: [u8; 32],
    },
    /// The agency takes no new requests for it.
    Deprecate {
        /// Which.
        entry: EntryId,
    },
    /// Another agency requests it.
    Request {
        /// A number that the sender has not used.
        number: u64,
        /// Which.
        entry: EntryId,
    },
    /// The owner, or the supervisor, agrees.
    Approve {
        /// To what.
        request: RequestId,
    },
    /// The owner, or the supervisor, does not agree.
    Deny {
        /// To what.
        request: RequestId,
    },
    /// The owner has sent the data.
    Deliver {
        /// To whom.
        request: RequestId,
        /// The digest of what it sent.
        digest: [u8; 32],
    },
    /// The requester has received it.
    Acknowledge {
        /// On which request.
        request: RequestId,
        /// The digest of what it received.
        digest: [u8; 32],
    },
    /// The requester has received something else.
    Dispute {
        /// On which request.
        request: RequestId,
        /// The digest of what it received.
        digest: [u8; 32],
    },
    /// The requester says how good it was.
    Rate {
        /// On which request.
        request: RequestId,
        /// 1 to 5.
        stars: u8,
    },
    /// An agency, or the supervisor, reads requests in a row.
    Audit {
        /// Whose.
        requester: AccountId,
        /// The number of the first.
        first: u64,
        /// 1 to [`RANGE_LIMIT`].
        count: u8,
    },
}

/// The most requests that one audit reads (estimate).
pub const RANGE_LIMIT: u8 = 16;
/// The owner's place among the signatures.
pub const OWNER: u8 = 0;
/// The supervisor's.
pub const SUPERVISOR: u8 = 1;
/// How many have to agree.
const BOTH: usize = 2;

/// Something in the directory.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct EntryId {
    /// Which agency has it.
    pub owner: u16,
    /// Which of the agency's.
    pub number: u64,
}

/// What the directory says of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    /// The digest of its description.
    pub digest: [u8; 32],
    /// How often it was described.
    pub version: u32,
    /// Timestamp of the block that published it.
    pub published_ns: u64,
    /// Since when it takes no new requests.
    pub deprecated_ns: Option<u64>,
}

/// Entries by number.
pub struct Entries;

impl Table for Entries {
    const ID: u8 = 112;
    const NAME: &'static str = "directory_entries";
    type Key = EntryId;
    type Value = Entry;
}

/// A request for data.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct RequestId {
    /// Who asks.
    pub requester: AccountId,
    /// Which of the requester's.
    pub number: u64,
}

/// How far a request has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Stage {
    /// Not both have agreed.
    Open,
    /// One of them does not agree.
    Denied,
    /// Both have agreed.
    Approved,
    /// The owner has sent it.
    Delivered,
    /// The requester has received it.
    Acked,
    /// The requester has received something else.
    Disputed,
}

/// What the ledger holds of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Request {
    /// For what.
    pub entry: EntryId,
    /// Timestamp of the block that brought it.
    pub asked_ns: u64,
    /// Who has agreed, of owner and supervisor.
    pub signatures: Signatures<BOTH>,
    /// How far it has come.
    pub stage: Stage,
    /// The digest of what was sent.
    pub delivered: Option<[u8; 32]>,
    /// The digest of what was received.
    pub received: Option<[u8; 32]>,
    /// How good it was.
    pub stars: Option<u8>,
}

impl Request {
    /// Whether owner and supervisor have both agreed.
    pub fn is_agreed(&self) -> bool {
        self.signatures.are_all_of(BOTH)
    }
}

/// Requests by number.
pub struct Requests;

impl Table for Requests {
    const ID: u8 = 113;
    const NAME: &'static str = "directory_requests";
    type Key = RequestId;
    type Value = Request;
}

/// Who is who in the world of the directory. Written at genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Registry {
    /// Departments and districts.
    pub agencies: Seats,
    /// Who supervises them: one institution.
    pub supervisor: Seats,
}

/// The [`Registry`], under one key.
pub struct Registries;

impl Table for Registries {
    const ID: u8 = 114;
    const NAME: &'static str = "directory_registry";
    type Key = ();
    type Value = Registry;
}

impl Rule for DirectoryTx {
    fn kind(&self) -> &'static str {
        match self {
            DirectoryTx::Publish { .. } => "directory.publish",
            DirectoryTx::Update { .. } => "directory.update",
            DirectoryTx::Deprecate { .. } => "directory.deprecate",
            DirectoryTx::Request { .. } => "directory.request",
            DirectoryTx::Approve { .. } => "directory.approve",
            DirectoryTx::Deny { .. } => "directory.deny",
            DirectoryTx::Deliver { .. } => "directory.deliver",
            DirectoryTx::Acknowledge { .. } => "directory.acknowledge",
            DirectoryTx::Dispute { .. } => "directory.dispute",
            DirectoryTx::Rate { .. } => "directory.rate",
            DirectoryTx::Audit { .. } => "directory.audit",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        touches.read::<Registries>(&());
        match *self {
            DirectoryTx::Publish { entry, .. }
            | DirectoryTx::Update { entry, .. }
            | DirectoryTx::Deprecate { entry } => touches.write::<Entries>(&entry),
            DirectoryTx::Request { number, entry } => {
                let requester = context.sender;
                touches.read::<Entries>(&entry);
                touches.write::<Requests>(&RequestId { requester, number });
            }
            DirectoryTx::Approve { request }
            | DirectoryTx::Deny { request }
            | DirectoryTx::Deliver { request, .. }
            | DirectoryTx::Acknowledge { request, .. }
            | DirectoryTx::Dispute { request, .. }
            | DirectoryTx::Rate { request, .. } => touches.write::<Requests>(&request),
            DirectoryTx::Audit {
                requester,
                first,
                count,
            } => {
                for request in range(requester, first, count) {
                    touches.read::<Requests>(&request);
                }
            }
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        let mut desk = Desk::open::<Registries>(context, access);
        match *self {
            DirectoryTx::Publish { entry, digest } => desk.publish(entry, digest),
            DirectoryTx::Update { entry, digest } => desk.update(entry, digest),
            DirectoryTx::Deprecate { entry } => desk.deprecate(entry),
            DirectoryTx::Request { number, entry } => desk.request(number, entry),
            DirectoryTx::Approve { request } => desk.approve(request),
            DirectoryTx::Deny { request } => desk.deny(request),
            DirectoryTx::Deliver { request, digest } => desk.deliver(request, digest),
            DirectoryTx::Acknowledge { request, digest } => desk.receive(request, digest, true),
            DirectoryTx::Dispute { request, digest } => desk.receive(request, digest, false),
            DirectoryTx::Rate { request, stars } => desk.rate(request, stars),
            DirectoryTx::Audit {
                requester,
                first,
                count,
            } => desk.audit(requester, first, count),
        }
    }
}

/// The requests that an audit reads, at most [`RANGE_LIMIT`].
fn range(requester: AccountId, first: u64, count: u8) -> impl Iterator<Item = RequestId> {
    let until = first.saturating_add(u64::from(count.min(RANGE_LIMIT)));
    (first..until).map(move |number| RequestId { requester, number })
}

impl Desk<'_, '_, Registry> {
    fn publish(&mut self, id: EntryId, digest: [u8; 32]) -> Result<(), Reason> {
        self.only_agency(id.owner)?;
        let entry = Entry {
            digest,
            version: 1,
            published_ns: self.context.timestamp_ns,
            deprecated_ns: None,
        };
        self.create::<Entries>(id, entry)
    }

    fn update(&mut self, id: EntryId, digest: [u8; 32]) -> Result<(), Reason> {
        self.only_agency(id.owner)?;
        let mut entry = self.published(id)?;
        entry.digest = digest;
        entry.version += 1;
        self.access.put::<Entries>(id, entry);
        Ok(())
    }

    fn deprecate(&mut self, id: EntryId) -> Result<(), Reason> {
        self.only_agency(id.owner)?;
        let mut entry = self.published(id)?;
        entry.deprecated_ns = Some(self.context.timestamp_ns);
        self.access.put::<Entries>(id, entry);
        Ok(())
    }

    fn request(&mut self, number: u64, entry: EntryId) -> Result<(), Reason> {
        let agency = self.only_one_of(self.registry.agencies)?;
        if agency == u32::from(entry.owner) {
            return Err(Reason::Malformed);
        }
        self.published(entry)?;
        let id = RequestId {
            requester: self.context.sender,
            number,
        };
        let request = Request {
            entry,
            asked_ns: self.context.timestamp_ns,
            signatures: Signatures::default(),
            stage: Stage::Open,
            delivered: None,
            received: None,
            stars: None,
        };
        self.create::<Requests>(id, request)
    }

    fn approve(&mut self, id: RequestId) -> Result<(), Reason> {
        let mut request = self.entry::<Requests>(&id)?;
        let place = self.place(&request)?;
        must_be(&request, Stage::Open)?;
        request.signatures.sign(place, self.context.sender)?;
        if request.is_agreed() {
            request.stage = Stage::Approved;
        }
        self.access.put::<Requests>(id, request);
        Ok(())
    }

    /// Who has agreed cannot take it back.
    fn deny(&mut self, id: RequestId) -> Result<(), Reason> {
        let mut request = self.entry::<Requests>(&id)?;
        let place = self.place(&request)?;
        must_be(&request, Stage::Open)?;
        if request.signatures.has(place) {
            return Err(Reason::AlreadyExists);
        }
        request.stage = Stage::Denied;
        self.access.put::<Requests>(id, request);
        Ok(())
    }

    fn deliver(&mut self, id: RequestId, digest: [u8; 32]) -> Result<(), Reason> {
        let mut request = self.entry::<Requests>(&id)?;
        self.only_agency(request.entry.owner)?;
        must_be(&request, Stage::Approved)?;
        request.delivered = Some(digest);
        request.stage = Stage::Delivered;
        self.access.put::<Requests>(id, request);
        Ok(())
    }

    /// The requester has what was delivered, or something else; it must say which is true.
    fn receive(&mut self, id: RequestId, digest: [u8; 32], same: bool) -> Result<(), Reason> {
        let mut request = self.entry::<Requests>(&id)?;
        self.only(id.requester)?;
        must_be(&request, Stage::Delivered)?;
        request.received = Some(digest);
        if (request.received == request.delivered) != same {
            return Err(Reason::FalseClaim);
        }
        request.stage = if same { Stage::Acked } else { Stage::Disputed };
        self.access.put::<Requests>(id, request);
        Ok(())
    }

    fn rate(&mut self, id: RequestId, stars: u8) -> Result<(), Reason> {
        let mut request = self.entry::<Requests>(&id)?;
        self.only(id.requester)?;
        must_be(&request, Stage::Acked)?;
        if !(1..=5).contains(&stars) {
            return Err(Reason::Malformed);
        }
        if request.stars.is_some() {
            return Err(Reason::AlreadyExists);
        }
        request.stars = Some(stars);
        self.access.put::<Requests>(id, request);
        Ok(())
    }

    fn audit(&mut self, requester: AccountId, first: u64, count: u8) -> Result<(), Reason> {
        let Registry {
            agencies,
            supervisor,
        } = self.registry;
        let sender = self.context.sender;
        permit(agencies.holder(sender).is_some() || supervisor.holder(sender).is_some())?;
        if !(1..=RANGE_LIMIT).contains(&count) {
            return Err(Reason::Malformed);
        }
        let mut found = 0;
        for request in range(requester, first, count) {
            found += u32::from(self.access.get::<Requests>(&request).is_some());
        }
        if found > 0 {
            Ok(())
        } else {
            Err(Reason::Dependency)
        }
    }

    fn only_agency(&self, agency: u16) -> Result<(), Reason> {
        permit(self.only_one_of(self.registry.agencies)? == u32::from(agency))
    }

    /// The sender's place among those who have to agree.
    fn place(&self, request: &Request) -> Result<u8, Reason> {
        let sender = self.context.sender;
        if self.registry.supervisor.holder(sender).is_some() {
            return Ok(SUPERVISOR);
        }
        self.only_agency(request.entry.owner)?;
        Ok(OWNER)
    }

    /// An entry that takes requests.
    fn published(&mut self, id: EntryId) -> Result<Entry, Reason> {
        let entry = self.entry::<Entries>(&id)?;
        match entry.deprecated_ns {
            None => Ok(entry),
            Some(_) => Err(Reason::WrongState),
        }
    }
}

fn must_be(request: &Request, stage: Stage) -> Result<(), Reason> {
    if request.stage == stage {
        Ok(())
    } else {
        Err(Reason::WrongState)
    }
}
