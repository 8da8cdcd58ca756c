//! The data directory against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::directory::{Entries, OWNER, Request, RequestId, Requests, SUPERVISOR, Stage};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::{AccountId, Genesis, State};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

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

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("directory", &town(20_000)), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    /// The law that a request at `stage` breaks when it is changed like this.
    fn law(&self, stage: Stage, change: impl FnOnce(&mut RequestId, &mut Request)) -> &'static str {
        let state = &self.0.state;
        let mut found = None;
        state.for_each::<Requests>(|id, request| {
            if request.stage == stage && request.asked_ns > 0 {
                found = Some((id, request));
            }
        });
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        common::copy::<Entries>(state, &mut genesis);
        common::copy::<Requests>(state, &mut genesis);
        assert!(
            self.0
                .city
                .workload()
                .check(&State::genesis(&genesis))
                .is_ok()
        );
        let (mut id, mut request) = found.unwrap();
        change(&mut id, &mut request);
        genesis.put::<Requests>(&id, &request);
        let breach = self.0.city.workload().check(&State::genesis(&genesis));
        breach.unwrap_err().law
    }
}

#[test]
fn the_law_notices_what_was_never_agreed_to_or_arrived_changed() {
    use Stage::*;
    let town = Town::new();
    let asked = "one agency asks another for what it has published";
    let by_citizen = town.law(Open, |id, _| id.requester = AccountId(0));
    let own = town.law(Open, |id, request| {
        // Seats of the owner: 36 a piece, from the first department on.
        let people = groma_workloads::People::new(20_000).unwrap();
        let seat = u64::from(request.entry.owner) * 36;
        id.requester = AccountId(people.department(0, 0).0 + seat);
    });
    let unknown = town.law(Open, |_, request| request.entry.number = u64::MAX);
    let early = town.law(Open, |_, request| {
        let entry = town.0.state.get::<Entries>(&request.entry).unwrap();
        request.entry.number += u64::from(entry.published_ns == 0) << 40;
        request.asked_ns = 0;
    });
    assert_eq!([by_citizen, own, unknown, early], [asked; 4]);

    let agreed = "owner and supervisor have both agreed to what is approved";
    let people = groma_workloads::People::new(20_000).unwrap();
    let both = |owner, supervisor| {
        let mut signatures = Signatures::default();
        signatures.sign(OWNER, owner).unwrap();
        signatures.sign(SUPERVISOR, supervisor).unwrap();
        signatures
    };
    let mut one = Signatures::default();
    one.sign(SUPERVISOR, people.department(39, 0)).unwrap();
    for stage in [Approved, Delivered, Acked, Disputed] {
        assert_eq!(
            town.law(stage, |_, request| request.signatures = one),
            agreed
        );
    }
    // Accounts of owner and supervisor, but in each other's place, or none of theirs.
    let (own, watch) = (
        |request: &Request| {
            let clerks = u64::from(request.entry.owner) * 36;
            AccountId(people.department(0, 0).0 + clerks)
        },
        people.department(39, 0),
    );
    assert_eq!(
        town.law(Denied, |_, request| request.signatures =
            both(own(request), watch)),
        agreed
    );
    for stage in [Approved, Delivered, Acked] {
        let changes: [&dyn Fn(&Request) -> Signatures<2>; 3] = [
            &|request| both(watch, own(request)),
            &|request| both(own(request), AccountId(0)),
            &|request| both(AccountId(own(request).0 + 36), watch),
        ];
        for change in changes {
            let law = town.law(stage, |_, request| request.signatures = change(request));
            assert_eq!(law, agreed);
        }
    }

    let same = "what is acknowledged is what was delivered";
    let other = Some([1; 32]);
    assert_eq!(town.law(Acked, |_, request| request.received = other), same);
    assert_eq!(
        town.law(Acked, |_, request| request.delivered = other),
        same
    );
    assert_eq!(town.law(Acked, |_, request| request.stage = Disputed), same);
    assert_eq!(
        town.law(Approved, |_, request| request.delivered = other),
        same
    );
    assert_eq!(
        town.law(Delivered, |_, request| request.delivered = None),
        same
    );

    let rated = "what is rated was acknowledged";
    assert_eq!(
        town.law(Delivered, |_, request| request.stars = Some(5)),
        rated
    );
    assert_eq!(town.law(Acked, |_, request| request.stars = Some(6)), rated);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock: 200, ..town(citizens) };
        let mut run = Run::new(build("directory", &setup), seed);
        for _ in 0..8 {
            run.blocks(1, 500);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}
