//! Chattel mortgages against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::forge::{Town, copy};
use common::{Run, assert_lawful, assert_refusals, assert_shares, build, honest};
use groma_ledger::AccountId;
use groma_ledger::mortgage::{AssetId, Cession, Collateral, Collaterals, Enforced};

#[test]
fn the_mix_and_the_sizes_are_the_catalogues() {
    let mut run = Run::new(build("mortgages", &honest()), 1);
    for _ in 0..40 {
        let block = run.draw(1_000);
        for signed in &block {
            let bytes = match signed.transaction.kind() {
                "mortgage.register" => 520,
                "mortgage.search" => 240,
                "mortgage.amend" | "mortgage.cede" => 420,
                _ => 380,
            };
            assert_eq!(signed.wire_bytes, bytes);
        }
        run.apply(&block);
    }
    assert_shares(
        &run,
        &[
            (&["register"], 0.13),
            (&["search"], 0.65),
            (&["amend"], 0.08),
            (&["cede"], 0.03),
            (&["release"], 0.09),
            (&["enforce"], 0.02),
        ],
    );
    assert!(run.city.workload().check(&run.state).unwrap() > 10_000);
    let mut ceded = 0;
    run.state.for_each::<Collaterals>(|_, collateral| {
        ceded += u32::from(collateral.enforced.is_some() && !collateral.cessions.is_empty());
    });
    assert!(ceded > 0, "nobody enforced what another had ceded");
}

#[test]
fn attacks_and_mistakes_are_refused_and_nothing_else_is() {
    let reasons = [
        "already_spent",
        "wrong_state",
        "not_permitted",
        "quota_exceeded",
    ];
    assert_refusals("mortgages", &reasons);
}

/// The law that a change of some collateral like this breaks.
fn law(
    town: &Town,
    filter: impl Fn(&Collateral) -> bool,
    change: impl FnOnce(&mut AssetId, &mut Collateral),
) -> &'static str {
    let (mut id, mut collateral) = town.find::<Collaterals>(|_, collateral| filter(collateral));
    change(&mut id, &mut collateral);
    town.law::<Collaterals>(id, collateral)
}

#[test]
fn the_law_notices_jumped_queues_and_released_things_enforced() {
    let town = &Town::new("mortgages", &[copy::<Collaterals>]);
    let two = |collateral: &Collateral| {
        let live = collateral.liens.iter().filter(|lien| lien.is_live());
        live.count() == 2 && collateral.enforced.is_none()
    };
    let gone = |collateral: &Collateral| collateral.enforced.is_some();

    let rank = "rank is the order of time, but for cessions";
    assert_eq!(law(town, two, |_, it| it.liens.swap(0, 1)), rank);
    assert_eq!(law(town, two, |_, it| it.liens[0].rank = 1), rank);
    assert_eq!(
        law(town, two, |_, it| it.liens[0].since_ns = u64::MAX),
        rank
    );
    let ceded = Cession { from: 9, to: 0 };
    assert_eq!(law(town, two, |_, it| it.cessions.push(ceded)), rank);

    let first = "the first in rank enforces, when due, and never what was released";
    let enforced = |lien, at_ns| Some(Enforced { lien, at_ns });
    let second = law(town, two, |_, it| {
        let behind = it.liens.iter().position(|lien| lien.rank == 1).unwrap();
        it.enforced = enforced(behind as u8, u64::MAX);
    });
    assert_eq!(second, first);
    let nothing = law(town, two, |_, it| it.enforced = enforced(9, u64::MAX));
    assert_eq!(nothing, first);
    let released = law(town, gone, |_, it| {
        let own = usize::from(it.enforced.unwrap().lien);
        it.liens[own].released_ns = Some(0);
    });
    assert_eq!(released, first);
    let early = law(town, gone, |_, it| {
        let own = usize::from(it.enforced.unwrap().lien);
        it.liens[own].due_ns = u64::MAX;
    });
    assert_eq!(early, first);

    let last = "nothing happens to a thing that is gone";
    let later = law(town, gone, |_, it| {
        it.liens.last_mut().unwrap().since_ns = u64::MAX
    });
    assert_eq!(later, last);

    let who = "banks lend on what firms own, within the limits";
    let lent = law(town, two, |_, it| it.liens[0].creditor = AccountId(0));
    let owned = law(town, two, |id, _| id.owner = AccountId(0));
    let empty = law(town, two, |_, it| it.liens.clear());
    assert_eq!([lent, owned, empty], [who; 3]);
}

#[test]
fn parallel_equals_serial_and_the_law_holds() {
    assert_lawful("mortgages");
}
