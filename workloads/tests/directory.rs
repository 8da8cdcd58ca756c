//! The data directory against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest};
use groma_ledger::AccountId;
use groma_ledger::directory::{Entries, OWNER, Request, RequestId, Requests, SUPERVISOR, Stage};
use groma_ledger::patterns::cosign::Signatures;

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("directory", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        for signed in &block {
            let bytes = match signed.transaction.kind() {
                "directory.publish" | "directory.update" => 2_000..=20_000,
                "directory.request" => 400..=400,
                "directory.approve" | "directory.deny" | "directory.deprecate" => 350..=350,
                "directory.deliver" => 320..=320,
                _ => 250..=250,
            };
            assert!(bytes.contains(&signed.wire_bytes), "{signed:?}");
        }
        run.apply(&block);
    }
    let part = |parts: f64| parts / 112.0;
    assert_shares(
        &run,
        &[
            (&["publish"], part(3.0)),
            (&["update", "deprecate"], part(2.0)),
            (&["request"], part(15.0)),
            (&["approve"], part(24.0)),
            (&["deny"], part(1.0)),
            (&["deliver"], part(12.0)),
            (&["acknowledge", "dispute"], part(11.0)),
            (&["rate"], part(4.0)),
            (&["audit"], part(40.0)),
        ],
    );
    for kind in ["directory.deprecate", "directory.dispute"] {
        assert!(run.tally.contains_key(&(kind, "applied")), "{kind}");
    }
    assert!(run.city.workload().check(&run.state).unwrap() > 20_000);
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "wrong_state",
        "not_permitted",
        "false_claim",
        "already_exists",
    ];
    assert_refusals("directory", &reasons);
}

/// The law that a request at `stage` breaks when it is changed like this.
fn law(
    town: &Town,
    stage: Stage,
    change: impl FnOnce(&mut RequestId, &mut Request),
) -> &'static str {
    let (mut id, mut request) =
        town.find::<Requests>(|_, request| request.stage == stage && request.asked_ns > 0);
    change(&mut id, &mut request);
    town.law::<Requests>(id, request)
}

#[test]
fn the_law_notices_what_was_never_agreed_to_or_arrived_changed() {
    use Stage::*;
    let town = &Town::new("directory", &[copy::<Entries>, copy::<Requests>]);
    let asked = "one agency asks another for what it has published";
    let by_citizen = law(town, Open, |id, _| id.requester = AccountId(0));
    let own = law(town, Open, |id, request| {
        // Seats of the owner: 36 a piece, from the first department on.
        let people = groma_workloads::People::new(20_000).unwrap();
        let seat = u64::from(request.entry.owner) * 36;
        id.requester = AccountId(people.department(0, 0).0 + seat);
    });
    let unknown = law(town, Open, |_, request| request.entry.number = u64::MAX);
    let early = law(town, Open, |_, request| {
        let entry = town.get::<Entries>(&request.entry);
        request.entry.number += u64::from(entry.published_ns == 0) << 40;
        request.asked_ns = 0;
    });
    assert_eq!([by_citizen, own, unknown, early], [asked; 4]);

    let agreed = "owner and supervisor have both agreed to what is approved";
    let signed = |stage, by: &dyn Fn(&Request) -> Signatures<2>| {
        law(town, stage, |_, request| request.signatures = by(request))
    };
    let both = |owner, supervisor| {
        let mut signatures = Signatures::default();
        signatures.sign(OWNER, owner).unwrap();
        signatures.sign(SUPERVISOR, supervisor).unwrap();
        signatures
    };
    let people = groma_workloads::People::new(20_000).unwrap();
    let watch = people.department(39, 0);
    let own = |request: &Request| {
        let clerks = u64::from(request.entry.owner) * 36;
        AccountId(people.department(0, 0).0 + clerks)
    };
    let mut one = Signatures::default();
    one.sign(SUPERVISOR, watch).unwrap();
    for stage in [Approved, Delivered, Acked, Disputed] {
        assert_eq!(signed(stage, &|_| one), agreed);
    }
    assert_eq!(signed(Denied, &|request| both(own(request), watch)), agreed);
    // Accounts of owner and supervisor, but in each other's place, or none of theirs.
    for stage in [Approved, Delivered, Acked] {
        let swapped = signed(stage, &|request| both(watch, own(request)));
        let citizen = signed(stage, &|request| both(own(request), AccountId(0)));
        let next = signed(stage, &|request| {
            both(AccountId(own(request).0 + 36), watch)
        });
        assert_eq!([swapped, citizen, next], [agreed; 3]);
    }

    let same = "what is acknowledged is what was delivered";
    let other = Some([1; 32]);
    let received = law(town, Acked, |_, request| request.received = other);
    let delivered = law(town, Acked, |_, request| request.delivered = other);
    let disputed = law(town, Acked, |_, request| request.stage = Disputed);
    let before = law(town, Approved, |_, request| request.delivered = other);
    let nothing = law(town, Delivered, |_, request| request.delivered = None);
    assert_eq!([received, delivered, disputed, before, nothing], [same; 5]);

    let rated = "what is rated was acknowledged";
    let early = law(town, Delivered, |_, request| request.stars = Some(5));
    let six = law(town, Acked, |_, request| request.stars = Some(6));
    assert_eq!([early, six], [rated; 2]);
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("directory");
}
