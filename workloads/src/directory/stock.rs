//! The world of the directory at genesis: who is who, and a stock of entries, each with a request.

use groma_ledger::directory::{
    Entries, Entry, EntryId, OWNER, Registries, Registry, Request, RequestId, Requests,
    SUPERVISOR as SUPERVISOR_PLACE, Stage,
};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::{AccountId, Genesis, Hash};

use super::{AGENCIES, Asked, CLERKS, SUPERVISOR, agencies};
use crate::people::{OPENING_BALANCE, People};

/// What is done next with a request of the stock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shelf {
    Open,
    Half,
    Approved,
    Delivered,
    Acked,
}

/// The stock, the same whenever it is asked for: of eleven requests as many on each shelf as the mix
/// takes from it during a lag. Requesters' numbers have no gaps.
pub(super) fn requests(people: People, stock: u32) -> impl Iterator<Item = (Asked, Shelf)> {
    let first = agencies(people).first.0;
    (0..stock).map(move |number| {
        let shelf = match number % 11 {
            0..=2 => Shelf::Open,
            3..=5 => Shelf::Half,
            6..=7 => Shelf::Approved,
            8..=9 => Shelf::Delivered,
            _ => Shelf::Acked,
        };
        let clerks = AGENCIES * CLERKS;
        // Each agency asks the next, and none itself.
        let owner = (number % clerks / CLERKS + 1) % AGENCIES;
        let asked = Asked {
            request: RequestId {
                requester: AccountId(first + u64::from(number % clerks)),
                number: u64::from(number / clerks),
            },
            entry: EntryId {
                owner: owner as u16,
                number: u64::from(number),
            },
            supervisor_first: number % 2 == 0,
            digest: Hash::of(&[b"data", &number.to_le_bytes()]).0,
        };
        (asked, shelf)
    })
}

/// Owner and supervisor.
const BOTH: [u8; 2] = [OWNER, SUPERVISOR_PLACE];

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    let registry = Registry {
        agencies: agencies(people),
        supervisor: people.departments(SUPERVISOR, 1),
    };
    genesis.put::<Registries>(&(), &registry);
    for (asked, shelf) in requests(people, stock) {
        let entry = Entry {
            digest: asked.digest,
            version: 1,
            published_ns: 0,
            deprecated_ns: None,
        };
        genesis.put::<Entries>(&asked.entry, &entry);
        let first = if asked.supervisor_first {
            SUPERVISOR_PLACE
        } else {
            OWNER
        };
        let (agreed, stage): (&[u8], _) = match shelf {
            Shelf::Open => (&[], Stage::Open),
            Shelf::Half => (&[first], Stage::Open),
            Shelf::Approved => (&BOTH, Stage::Approved),
            Shelf::Delivered => (&BOTH, Stage::Delivered),
            Shelf::Acked => (&BOTH, Stage::Acked),
        };
        let mut signatures = Signatures::default();
        for &place in agreed {
            let by = if place == OWNER {
                let clerks = u64::from(asked.entry.owner) * u64::from(CLERKS);
                AccountId(registry.agencies.first.0 + clerks)
            } else {
                registry.supervisor.first
            };
            let signed = signatures.sign(place, by);
            signed.expect("each place signs once");
        }
        let is_sent = matches!(shelf, Shelf::Delivered | Shelf::Acked);
        let request = Request {
            entry: asked.entry,
            asked_ns: 0,
            signatures,
            stage,
            delivered: is_sent.then_some(asked.digest),
            received: (stage == Stage::Acked).then_some(asked.digest),
            stars: None,
        };
        genesis.put::<Requests>(&asked.request, &request);
    }
}
