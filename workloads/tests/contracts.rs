//! Contract signing against the ledger: mix, sizes, refusals, the law, and the law's own reliability.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, assert_refusals, assert_shares, build, honest, town};
use groma_ledger::contract::{Contract, ContractId, Contracts, Export, Exports, Stage};
use groma_ledger::patterns::cosign::Signatures;
use groma_ledger::{AccountId, Genesis, State, Table, TxId};
use groma_workloads::WorkloadSetup;
use proptest::prelude::*;

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

/// A town after 20,000 transactions.
struct Town(Run);

impl Town {
    fn new() -> Self {
        let mut run = Run::new(build("contracts", &town(20_000)), 5);
        run.blocks(20, 1_000);
        Self(run)
    }

    fn forge(&self, change: impl FnOnce(&mut Genesis)) -> State {
        let state = &self.0.state;
        let mut genesis = Genesis::new(state.accounts(), 1_000_000);
        common::copy::<Contracts>(state, &mut genesis);
        common::copy::<Exports>(state, &mut genesis);
        change(&mut genesis);
        State::genesis(&genesis)
    }

    /// The law that one forged record breaks.
    fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        let forged = self.forge(|genesis| genesis.put::<T>(&key, &value));
        self.0.city.workload().check(&forged).unwrap_err().law
    }

    fn contract(&self, filter: impl Fn(&Contract) -> bool) -> (ContractId, Contract) {
        let mut found = None;
        self.0.state.for_each::<Contracts>(|id, contract| {
            if filter(&contract) {
                found = Some((id, contract));
            }
        });
        found.unwrap()
    }

    fn export(&self) -> (TxId, Export) {
        let mut found = None;
        self.0
            .state
            .for_each::<Exports>(|id, export| found = Some((id, export)));
        found.unwrap()
    }
}

/// One signature.
fn by(place: u8, account: AccountId) -> Signatures<4> {
    let mut signatures = Signatures::default();
    signatures.sign(place, account).unwrap();
    signatures
}

#[test]
fn the_law_notices_what_not_all_have_signed() {
    let town = Town::new();
    let faithful = town.forge(|_| {});
    assert!(town.0.city.workload().check(&faithful).is_ok());

    let parties = "two to four different parties sign, and nobody else";
    let (id, open) =
        town.contract(|contract| contract.stage == Stage::Open && contract.signatures.count() == 1);
    let change = |change: &dyn Fn(&mut Contract)| {
        let mut changed = open.clone();
        change(&mut changed);
        town.law::<Contracts>(id, changed)
    };
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
    assert_eq!(closed, complete);
    let (id, mut closed) = town.contract(|contract| contract.stage == Stage::Complete { at_ns: 0 });
    closed.drafted_ns = 1;
    assert_eq!(town.law::<Contracts>(id, closed), complete);

    let exported = "what is exported was complete, and says what the contract says";
    let (key, export) = town.export();
    let id = export.contract;
    let forged = [
        Export {
            contract: ContractId {
                number: 1 << 40,
                ..id
            },
            ..export
        },
        Export {
            by: AccountId(u64::MAX),
            ..export
        },
        Export {
            digest: [0; 32],
            ..export
        },
        Export {
            complete_ns: export.complete_ns + 1,
            ..export
        },
        Export {
            at_ns: 0,
            complete_ns: 1,
            ..export
        },
    ];
    for export in forged {
        assert_eq!(town.law::<Exports>(key, export), exported);
    }
    let (_, mut revoked) = town.contract(|contract| contract.digest == export.digest);
    revoked.stage = Stage::Revoked;
    assert_eq!(town.law::<Contracts>(id, revoked), exported);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parallel_equals_serial_and_the_law_holds(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64) {
        let lag = core::time::Duration::from_millis(lag);
        let setup = WorkloadSetup { lag, stock: 200, ..town(citizens) };
        let mut run = Run::new(build("contracts", &setup), seed);
        for _ in 0..8 {
            run.blocks(1, 500);
            prop_assert!(run.city.workload().check(&run.state).is_ok());
        }
    }
}
