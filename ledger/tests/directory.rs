//! The rules of the data directory, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::directory::{
    DirectoryTx, Entries, EntryId, Registries, Registry, RequestId, Requests, Stage,
};
use groma_ledger::{AccountId, Body, Genesis, Reason};
use invoice_common::{Desk, assert_round_trip, fire, play, seats};
use proptest::prelude::*;

/// Three agencies of two accounts, the supervisor, and strangers. Agency 0 owns what the others want.
const OWNER: u64 = 10;
const ASKER: u64 = 12;
const OTHER: u64 = 14;
const SUPERVISOR: u64 = 16;
const STRANGER: u64 = 20;
const TEXT: [u8; 32] = [7; 32];
const LIE: [u8; 32] = [8; 32];

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let registry = Registry {
        agencies: seats(OWNER, 3, 2),
        supervisor: seats(SUPERVISOR, 1, 2),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

const fn entry(number: u64) -> EntryId {
    EntryId { owner: 0, number }
}

fn id(number: u64) -> RequestId {
    let requester = AccountId(ASKER);
    RequestId { requester, number }
}

fn publish(number: u64) -> Body {
    let (entry, digest) = (entry(number), TEXT);
    Body::Directory(DirectoryTx::Publish { entry, digest })
}

fn update(number: u64) -> Body {
    let (entry, digest) = (entry(number), TEXT);
    Body::Directory(DirectoryTx::Update { entry, digest })
}

fn deprecate(number: u64) -> Body {
    let entry = entry(number);
    Body::Directory(DirectoryTx::Deprecate { entry })
}

fn request(number: u64, of: u64) -> Body {
    let entry = entry(of);
    Body::Directory(DirectoryTx::Request { number, entry })
}

fn approve(number: u64) -> Body {
    let request = id(number);
    Body::Directory(DirectoryTx::Approve { request })
}

fn deny(number: u64) -> Body {
    let request = id(number);
    Body::Directory(DirectoryTx::Deny { request })
}

fn deliver(number: u64, digest: [u8; 32]) -> Body {
    let request = id(number);
    Body::Directory(DirectoryTx::Deliver { request, digest })
}

fn acknowledge(number: u64, digest: [u8; 32]) -> Body {
    let request = id(number);
    Body::Directory(DirectoryTx::Acknowledge { request, digest })
}

fn dispute(number: u64, digest: [u8; 32]) -> Body {
    let request = id(number);
    Body::Directory(DirectoryTx::Dispute { request, digest })
}

fn rate(number: u64, stars: u8) -> Body {
    let request = id(number);
    Body::Directory(DirectoryTx::Rate { request, stars })
}

fn audit(first: u64, count: u8) -> Body {
    let requester = AccountId(ASKER);
    Body::Directory(DirectoryTx::Audit {
        requester,
        first,
        count,
    })
}

#[test]
fn entries_belong_to_their_agency() {
    use Reason::*;
    let mut desk = desk();
    let script = vec![
        (STRANGER, publish(1), Some(NotPermitted)),
        (ASKER, publish(1), Some(NotPermitted)),
        (OWNER, update(1), Some(Dependency)),
        (ASKER, request(1, 1), Some(Dependency)),
        (OWNER, publish(1), None),
        (OWNER + 1, publish(1), Some(AlreadyExists)),
        (ASKER, update(1), Some(NotPermitted)),
        (OWNER + 1, update(1), None),
        (OWNER, request(1, 1), Some(Malformed)),
        (STRANGER, request(1, 1), Some(NotPermitted)),
        (ASKER, request(1, 1), None),
        (ASKER, request(1, 1), Some(AlreadyExists)),
        (ASKER, deprecate(1), Some(NotPermitted)),
        (OWNER, deprecate(1), None),
        (OWNER, deprecate(1), Some(WrongState)),
        (OWNER, update(1), Some(WrongState)),
        (ASKER, request(2, 1), Some(WrongState)),
        // What was asked before still goes on.
        (OWNER, approve(1), None),
    ];
    play(&mut desk, script);
    assert_eq!(desk.record::<Entries>(&entry(1)).version, 2);
}

#[test]
fn both_agree_before_anything_is_delivered_and_acknowledged() {
    use Reason::*;
    let mut desk = desk();
    let script = vec![
        (OWNER, publish(1), None),
        (ASKER, request(1, 1), None),
        (OTHER, approve(1), Some(NotPermitted)),
        (ASKER, approve(1), Some(NotPermitted)),
        (OWNER, deliver(1, TEXT), Some(WrongState)),
        (SUPERVISOR, approve(1), None),
        (SUPERVISOR + 1, approve(1), Some(AlreadyExists)),
        (SUPERVISOR, deny(1), Some(AlreadyExists)),
        (OWNER, deliver(1, TEXT), Some(WrongState)),
        (OWNER + 1, approve(1), None),
        (OWNER, approve(1), Some(WrongState)),
        (OWNER, deny(1), Some(WrongState)),
        (ASKER, acknowledge(1, TEXT), Some(WrongState)),
        (OTHER, deliver(1, TEXT), Some(NotPermitted)),
        (SUPERVISOR, deliver(1, TEXT), Some(NotPermitted)),
        (OWNER, deliver(1, TEXT), None),
        (OWNER, deliver(1, LIE), Some(WrongState)),
        (ASKER + 1, acknowledge(1, TEXT), Some(NotPermitted)),
        (ASKER, acknowledge(1, LIE), Some(FalseClaim)),
        (ASKER, dispute(1, TEXT), Some(FalseClaim)),
        (ASKER, rate(1, 5), Some(WrongState)),
        (ASKER, acknowledge(1, TEXT), None),
        (ASKER, dispute(1, LIE), Some(WrongState)),
        (ASKER, rate(1, 0), Some(Malformed)),
        (ASKER, rate(1, 6), Some(Malformed)),
        (OTHER, rate(1, 5), Some(NotPermitted)),
        (ASKER, rate(1, 5), None),
        (ASKER, rate(1, 4), Some(AlreadyExists)),
    ];
    play(&mut desk, script);
    let script = vec![
        (ASKER, request(2, 1), None),
        (OWNER, approve(2), None),
        (SUPERVISOR, deny(2), None),
        (SUPERVISOR, approve(2), Some(WrongState)),
        (ASKER, request(3, 1), None),
        (OWNER, approve(3), None),
        (SUPERVISOR, approve(3), None),
        (OWNER, deliver(3, TEXT), None),
        (ASKER, dispute(3, LIE), None),
        (ASKER, acknowledge(3, TEXT), Some(WrongState)),
        (ASKER, rate(3, 1), Some(WrongState)),
        (SUPERVISOR, audit(0, 16), None),
        (OTHER, audit(3, 1), None),
        (STRANGER, audit(0, 16), Some(NotPermitted)),
        (SUPERVISOR, audit(0, 17), Some(Malformed)),
        (SUPERVISOR, audit(0, 0), Some(Malformed)),
        (SUPERVISOR, audit(4, 16), Some(Dependency)),
        (SUPERVISOR, audit(u64::MAX, 16), Some(Dependency)),
    ];
    play(&mut desk, script);
    let stages = [1, 2, 3].map(|number| desk.record::<Requests>(&id(number)).stage);
    assert_eq!(stages, [Stage::Acked, Stage::Denied, Stage::Disputed]);
}

/// Any transaction over two requests, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let body = (0..13_u8, 0..2_u64, any::<bool>(), 0..7_u8);
    let body = body.prop_map(|(kind, number, lie, stars)| {
        let digest = if lie { LIE } else { TEXT };
        match kind {
            0 => publish(number),
            1 => update(number),
            2 if lie => deprecate(number),
            2..4 => request(number, number),
            4..7 => approve(number),
            7 => deny(number),
            8 => deliver(number, digest),
            9 => acknowledge(number, digest),
            10 => dispute(number, digest),
            11 => rate(number, stars),
            _ => audit(number, stars),
        }
    });
    (
        prop_oneof![Just(ASKER), Just(OWNER), Just(SUPERVISOR), OWNER..STRANGER],
        body,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_delivers_only_what_both_agreed_to(shots in proptest::collection::vec(shot(), 1..500)) {
        let mut desk = desk();
        fire(&mut desk, &shots);
        desk.state.for_each::<Requests>(|_, request| {
            assert!(request.is_agreed() || request.delivered.is_none());
            let same = request.received.is_some() && request.received == request.delivered;
            assert_eq!(same, request.stage == Stage::Acked);
        });
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        assert_round_trip(shot.0, &shot.1);
    }
}
