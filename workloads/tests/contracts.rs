//! Contract signing against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest};
use groma_ledger::AccountId;
use groma_ledger::contract::{Contract, Contracts, Export, Exports, Stage};
use groma_ledger::patterns::cosign::Signatures;

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("contracts", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        assert!(block.iter().all(|signed| signed.wire_bytes == 520));
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["draft"], 0.14),
            (&["invite"], 0.14),
            (&["sign"], 0.40),
            (&["complete"], 0.12),
            (&["revoke"], 0.01),
            (&["export"], 0.19),
        ],
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 10_000);
    let mut parties = [0_u32; 5];
    run.state
        .for_each::<Contracts>(|_, contract| parties[contract.parties.len()] += 1);
    assert!(
        parties[2..].iter().all(|count| *count > 1_000),
        "{parties:?}"
    );
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "wrong_state",
        "not_permitted",
        "false_claim",
        "already_exists",
    ];
    assert_refusals("contracts", &reasons);
}

/// One signature.
fn by(place: u8, account: AccountId) -> Signatures<4> {
    let mut signatures = Signatures::default();
    signatures.sign(place, account).unwrap();
    signatures
}

#[test]
fn the_law_notices_what_not_all_have_signed() {
    let town = Town::new("contracts", &[copy::<Contracts>, copy::<Exports>]);
    let parties = "two to four different parties sign, and nobody else";
    let (id, _) = town.find::<Contracts>(|_, contract| {
        contract.stage == Stage::Open && contract.signatures.count() == 1
    });
    let change = |change: &dyn Fn(&mut Contract)| town.changed::<Contracts>(id, change);
    let alone = change(&|contract| contract.parties = Box::new([AccountId(0)]));
    let twice = change(&|contract| contract.parties[1] = contract.parties[0]);
    let nobody = change(&|contract| contract.signatures = by(3, AccountId(0)));
    // The right place, and somebody else's account.
    let another = change(&|contract| contract.signatures = by(0, contract.parties[1]));
    let early = change(&|contract| contract.stage = Stage::Drafted);
    assert_eq!([alone, twice, nobody, another, early], [parties; 5]);

    let complete = "what is complete was signed by all";
    let at_ns = u64::MAX;
    let closed = change(&|contract| contract.stage = Stage::Complete { at_ns });
    let (id, _) =
        town.find::<Contracts>(|_, contract| contract.stage == Stage::Complete { at_ns: 0 });
    let before = town.changed::<Contracts>(id, |contract| contract.drafted_ns = 1);
    assert_eq!([closed, before], [complete; 2]);

    let exported = "what is exported was complete, and says what the contract says";
    let (key, export) = town.find::<Exports>(|_, _| true);
    let changes: [fn(&mut Export); 5] = [
        |export| export.contract.number = 1 << 40,
        |export| export.by = AccountId(u64::MAX),
        |export| export.digest = [0; 32],
        |export| export.complete_ns += 1,
        |export| (export.at_ns, export.complete_ns) = (0, 1),
    ];
    for change in changes {
        assert_eq!(town.changed::<Exports>(key, change), exported);
    }
    let revoked =
        town.changed::<Contracts>(export.contract, |contract| contract.stage = Stage::Revoked);
    assert_eq!(revoked, exported);
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("contracts");
}
