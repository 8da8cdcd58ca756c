//! The rules of evidence, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::evidence::{
    Anchors, CaseId, Deposits, EvidenceTx, Exhibits, Inclusion, Registries, Registry,
};
use groma_ledger::patterns::inclusion::root_of;
use groma_ledger::{AccountId, Body, Genesis, Outcome, Reason, Transaction};
use invoice_common::{Desk, fire, seats};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Two source chains, an authority of two accounts, two notaries of two, two courts of two.
const SOURCE: u64 = 10;
const AUTHORITY: u64 = 12;
const NOTARY: u64 = 14;
const COURT: u64 = 18;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let registry = Registry {
        sources: seats(SOURCE, 2, 1),
        authority: seats(AUTHORITY, 1, 2),
        notaries: seats(NOTARY, 2, 2),
        courts: seats(COURT, 2, 2),
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

const LEAF: [u8; 32] = [1; 32];
const PATH: [[u8; 32]; 2] = [[2; 32], [3; 32]];

fn root() -> [u8; 32] {
    root_of(LEAF, 2, &PATH)
}

fn deposit(root: [u8; 32], leaves: u16) -> EvidenceTx {
    EvidenceTx::Deposit { root, leaves }
}

fn verify(leaf: [u8; 32], index: u16, by_ns: u64) -> EvidenceTx {
    EvidenceTx::Verify(Box::new(Inclusion {
        root: root(),
        leaf,
        index,
        path: PATH.into(),
        by_ns,
    }))
}

fn case(court: u16) -> CaseId {
    CaseId { court, number: 7 }
}

fn anchor(place: u64, previous: u8, root: u8) -> EvidenceTx {
    EvidenceTx::Anchor {
        place,
        previous: [previous; 32],
        root: [root; 32],
    }
}

#[track_caller]
fn play(desk: &mut Desk, script: Vec<(u64, EvidenceTx, Option<Reason>)>) {
    for (step, (sender, tx, refusal)) in script.into_iter().enumerate() {
        let expected = refusal.map_or(Ok(()), Err);
        let found = desk.submit(sender, Body::Evidence(tx.clone()));
        assert_eq!(found, expected, "step {step}: {tx:?}");
    }
}

#[test]
fn the_first_deposit_stands_and_no_claim_is_earlier() {
    use Reason::*;
    let mut desk = desk();
    let root = root();
    let since = desk.now_ns + 4_000;
    let submit = |court, by_ns| EvidenceTx::SubmitToCourt {
        case: case(court),
        root,
        by_ns,
    };
    let confirm = |court| EvidenceTx::JudgeConfirm {
        case: case(court),
        root,
    };
    play(
        &mut desk,
        vec![
            (1, verify(LEAF, 2, since), Some(Dependency)),
            (1, deposit(root, 0), Some(Malformed)),
            (1, deposit(root, 1_001), Some(Malformed)),
            (1, deposit(root, 4), None),
            (2, deposit(root, 4), Some(AlreadyExists)),
            (2, verify(LEAF, 2, since), None),
            (2, verify(LEAF, 2, since - 1), Some(FalseClaim)),
            (2, verify(LEAF, 1, since), Some(BadProof)),
            (2, verify([9; 32], 2, since), Some(BadProof)),
            (2, submit(0, since), Some(NotPermitted)),
            (1, submit(2, since), Some(UnknownRecord)),
            (1, submit(0, since - 1), Some(FalseClaim)),
            (COURT, confirm(0), Some(Dependency)),
            (1, submit(0, since), None),
            (1, submit(0, since), Some(AlreadyExists)),
            (COURT + 2, confirm(0), Some(NotPermitted)),
            (1, confirm(0), Some(NotPermitted)),
            (COURT + 1, confirm(0), None),
            (COURT, confirm(0), Some(WrongState)),
        ],
    );
    let exhibit = desk.record::<Exhibits>(&(case(0), root));
    assert_eq!(
        (exhibit.since_ns, exhibit.judge),
        (since, Some(AccountId(COURT + 1)))
    );
}

#[test]
fn notarising_takes_two_and_anchors_follow_each_other() {
    use Reason::*;
    let mut desk = desk();
    let root = root();
    let (stamp, cosign) = (EvidenceTx::Stamp { root }, EvidenceTx::Cosign { root });
    play(
        &mut desk,
        vec![
            (AUTHORITY, stamp.clone(), Some(Dependency)),
            (1, deposit(root, 4), None),
            (NOTARY, stamp.clone(), Some(NotPermitted)),
            (AUTHORITY, cosign.clone(), Some(NotPermitted)),
            (NOTARY + 2, cosign.clone(), None),
            (NOTARY, cosign, Some(AlreadyExists)),
        ],
    );
    assert!(!desk.record::<Deposits>(&root).is_notarised());
    play(
        &mut desk,
        vec![
            (AUTHORITY + 1, stamp, None),
            (1, anchor(1, 0, 5), Some(NotPermitted)),
            (SOURCE, anchor(0, 0, 5), Some(Malformed)),
            (SOURCE, anchor(2, 5, 6), Some(Dependency)),
            (SOURCE, anchor(1, 4, 5), Some(BrokenCustody)),
            (SOURCE, anchor(1, 0, 5), None),
            (SOURCE, anchor(1, 0, 9), Some(AlreadyExists)),
            (SOURCE, anchor(2, 6, 7), Some(BrokenCustody)),
            (SOURCE, anchor(2, 5, 6), None),
            (SOURCE + 1, anchor(1, 0, 6), None),
        ],
    );
    let deposit = desk.record::<Deposits>(&root);
    assert!(deposit.is_notarised());
    let signed = [0, 1].map(|place| deposit.signatures.by(place).unwrap().0);
    assert_eq!(signed, [AUTHORITY + 1, NOTARY + 2]);
}

/// Any transaction over few digests, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let roots = || prop_oneof![Just(root()), (1..3_u8).prop_map(|byte| [byte; 32])];
    let numbers = (0..3_u16, 0..4_u64, 0..9_000_u64);
    let tx =
        (0..8_u8, roots(), numbers).prop_map(|(kind, root, (court, place, by_ns))| match kind {
            0 | 1 => deposit(root, 4 - court),
            2 => anchor(place, place.saturating_sub(1) as u8, place as u8),
            3 => EvidenceTx::Stamp { root },
            4 => EvidenceTx::Cosign { root },
            5 => verify(LEAF, court, by_ns),
            6 => EvidenceTx::SubmitToCourt {
                case: case(court),
                root,
                by_ns,
            },
            _ => EvidenceTx::JudgeConfirm {
                case: case(court),
                root,
            },
        });
    (prop_oneof![Just(1_u64), 1..24_u64], tx).prop_map(|(sender, tx)| (sender, Body::Evidence(tx)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_leaves_the_first_deposit_and_unbroken_anchors(
        shots in proptest::collection::vec(shot(), 1..500),
    ) {
        let mut desk = desk();
        let outcomes = fire(&mut desk, &shots);
        let mut first = BTreeMap::new();
        for ((sender, body), outcome) in shots.iter().zip(outcomes) {
            if let (Body::Evidence(EvidenceTx::Deposit { root, .. }), Outcome::Applied) = (body, outcome) {
                prop_assert!(first.insert(*root, *sender).is_none(), "deposited twice");
            }
        }
        let mut found = BTreeMap::new();
        desk.state.for_each::<Deposits>(|root, deposit| {
            found.insert(root, deposit.depositor.0);
        });
        prop_assert_eq!(&first, &found);
        let mut sound = true;
        desk.state.for_each::<Exhibits>(|(_, root), exhibit| {
            let deposit = desk.state.get::<Deposits>(&root).unwrap();
            sound &= exhibit.since_ns == deposit.since_ns && exhibit.by_ns >= deposit.since_ns;
        });
        desk.state.for_each::<Anchors>(|(source, place), anchor| {
            let before = desk.state.get::<Anchors>(&(source, place - 1));
            sound &= anchor.previous == before.map_or([0; 32], |before| before.root);
        });
        prop_assert!(sound);
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
