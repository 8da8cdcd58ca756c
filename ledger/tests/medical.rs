//! The rules of medical records, step by step, and under random fire.

#![allow(clippy::unwrap_used)]

mod invoice_common;

use groma_ledger::envelope::{Fault, KeyPair, seal};
use groma_ledger::medical::{
    GrantId, Grants, MedicalTx, Reading, Readings, RecordId, Records, Referrals, Registries,
    Registry,
};
use groma_ledger::{AccountId, Body, Genesis, Hash, Outcome, Reason, Transaction};
use invoice_common::{Desk, fire, seats};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Three hospitals of two doctors each: the first is tertiary.
const TERTIARY: u64 = 10;
const COMMUNITY: u64 = 12;
const OTHER: u64 = 14;
const PATIENT: u64 = 1;
const NEVER: u64 = u64::MAX;

fn desk() -> Desk {
    let mut genesis = Genesis::new(30, 0);
    let registry = Registry {
        hospitals: seats(TERTIARY, 3, 2),
        tertiary: 1,
    };
    genesis.put::<Registries>(&(), &registry);
    Desk::new(&genesis)
}

fn record(number: u64) -> RecordId {
    RecordId {
        patient: AccountId(PATIENT),
        number,
    }
}

fn grant_id(hospital: u16, number: u32) -> GrantId {
    GrantId {
        record: record(7),
        hospital,
        number,
    }
}

fn create(number: u64, bytes: u16) -> MedicalTx {
    MedicalTx::Create {
        record: record(number),
        digest: [3; 32],
        bytes,
    }
}

fn grant(grant: GrantId, uses: u16, expires_ns: u64) -> MedicalTx {
    MedicalTx::Grant {
        grant,
        uses,
        expires_ns,
    }
}

fn read(hospital: u16, number: u32) -> MedicalTx {
    MedicalTx::Read {
        grant: grant_id(hospital, number),
    }
}

fn break_glass(number: u64) -> MedicalTx {
    MedicalTx::BreakGlass {
        record: record(number),
        grounds: [5; 32],
    }
}

#[track_caller]
fn play(desk: &mut Desk, script: Vec<(u64, MedicalTx, Option<Reason>)>) {
    for (step, (sender, tx, refusal)) in script.into_iter().enumerate() {
        let expected = refusal.map_or(Ok(()), Err);
        let found = desk.submit(sender, Body::Medical(tx.clone()));
        assert_eq!(found, expected, "step {step}: {tx:?}");
    }
}

#[test]
fn nobody_reads_without_a_live_consent() {
    use Reason::*;
    let mut desk = desk();
    let soon = desk.now_ns + 14_000;
    let revoke = |number| MedicalTx::Revoke {
        grant: grant_id(0, number),
    };
    play(
        &mut desk,
        vec![
            (PATIENT, create(7, 1_024), Some(NotPermitted)),
            (COMMUNITY, create(7, 0), Some(Malformed)),
            (PATIENT, grant(grant_id(0, 1), 1, NEVER), Some(Dependency)),
            (COMMUNITY, create(7, 1_024), None),
            (OTHER, create(7, 1_024), Some(AlreadyExists)),
            (2, grant(grant_id(0, 1), 1, NEVER), Some(NotPermitted)),
            (PATIENT, grant(grant_id(0, 1), 0, NEVER), Some(Malformed)),
            (PATIENT, grant(grant_id(0, 1), 1, 1), Some(Malformed)),
            (
                PATIENT,
                grant(grant_id(3, 1), 1, NEVER),
                Some(UnknownRecord),
            ),
            (PATIENT, grant(grant_id(0, 1), 2, NEVER), None),
            (
                PATIENT,
                grant(grant_id(0, 1), 2, NEVER),
                Some(AlreadyExists),
            ),
            (PATIENT, grant(grant_id(0, 2), 9, soon), None),
            (TERTIARY, read(0, 2), None),
            (TERTIARY, read(0, 2), Some(NoConsent)),
            (OTHER, read(0, 1), Some(NotPermitted)),
            (2, read(0, 1), Some(NotPermitted)),
            (TERTIARY + 1, read(0, 1), None),
            (TERTIARY, read(0, 1), None),
            (TERTIARY, read(0, 1), Some(NoConsent)),
            (TERTIARY, read(0, 3), Some(NoConsent)),
            (PATIENT, grant(grant_id(0, 4), 5, NEVER), None),
            (2, revoke(4), Some(NotPermitted)),
            (PATIENT, revoke(5), Some(Dependency)),
            (PATIENT, revoke(4), None),
            (PATIENT, revoke(4), Some(WrongState)),
            (TERTIARY, read(0, 4), Some(NoConsent)),
        ],
    );
    assert_eq!(desk.record::<Grants>(&grant_id(0, 1)).used, 2);
    assert_eq!(desk.state.count::<Readings>(), 3);
}

#[test]
fn a_referral_goes_upwards_and_rests_on_a_consent() {
    use Reason::*;
    let mut desk = desk();
    let refer = |hospital| MedicalTx::Refer {
        grant: grant_id(hospital, 1),
    };
    play(
        &mut desk,
        vec![
            (COMMUNITY, refer(0), Some(Dependency)),
            (COMMUNITY, create(7, 2_000), None),
            (COMMUNITY, refer(0), Some(NoConsent)),
            (PATIENT, grant(grant_id(0, 1), 1, NEVER), None),
            (PATIENT, grant(grant_id(2, 1), 1, NEVER), None),
            (OTHER, refer(0), Some(NotPermitted)),
            (TERTIARY, refer(0), Some(NotPermitted)),
            (COMMUNITY, refer(2), Some(NotPermitted)),
            (PATIENT, refer(0), Some(NotPermitted)),
            (COMMUNITY + 1, refer(0), None),
            (COMMUNITY, refer(0), Some(AlreadyExists)),
            (TERTIARY, read(0, 1), None),
        ],
    );
    assert_eq!(desk.record::<Referrals>(&grant_id(0, 1)).by, 1);
}

#[test]
fn an_emergency_is_flagged_and_a_destroyed_key_ends_everything() {
    use Reason::*;
    let mut desk = desk();
    let destroy = |number| MedicalTx::Destroy { number };
    play(
        &mut desk,
        vec![
            (TERTIARY, break_glass(7), Some(Dependency)),
            (COMMUNITY, create(7, 2_000), None),
            (PATIENT, grant(grant_id(0, 1), 5, NEVER), None),
            (COMMUNITY, break_glass(7), Some(NotPermitted)),
            (TERTIARY, break_glass(7), None),
            (TERTIARY, read(0, 1), None),
            (2, destroy(7), Some(Dependency)),
            (PATIENT, destroy(7), None),
            (PATIENT, destroy(7), Some(WrongState)),
            (TERTIARY, read(0, 1), Some(WrongState)),
            (TERTIARY, break_glass(7), Some(WrongState)),
            (PATIENT, grant(grant_id(0, 2), 5, NEVER), Some(WrongState)),
        ],
    );
    let mut flagged = 0;
    desk.state.for_each::<Readings>(|_, row| {
        flagged += u32::from(matches!(row.what, Reading::Emergency { .. }));
    });
    assert_eq!((flagged, desk.state.count::<Readings>()), (1, 2));
}

/// What the ledger says and what the keys allow are the same: the whole way with a true envelope.
#[test]
fn the_ledger_carries_what_only_the_granted_can_open() {
    let mut desk = desk();
    let (patient, hospital, tertiary) = (
        KeyPair::derive(&[1; 32]),
        KeyPair::derive(&[2; 32]),
        KeyPair::derive(&[3; 32]),
    );
    let context = borsh::to_vec(&record(7)).unwrap();
    let parties = [patient.public(), hospital.public()];
    let mut letter = seal(b"a finding", &context, &parties, &[4; 32]).unwrap();
    let digest = Hash::of(&[&letter.ciphertext]).0;
    let tx = MedicalTx::Create {
        record: record(7),
        digest,
        bytes: 9,
    };
    play(&mut desk, vec![(COMMUNITY, tx, None)]);
    assert!(letter.open(1, &tertiary, &context).is_err());

    letter
        .add_recipient(0, &patient, &context, &tertiary.public(), &[5; 32])
        .unwrap();
    play(
        &mut desk,
        vec![
            (PATIENT, grant(grant_id(0, 1), 5, NEVER), None),
            (TERTIARY, read(0, 1), None),
        ],
    );
    assert_eq!(letter.open(2, &tertiary, &context).unwrap(), b"a finding");
    assert_eq!(
        desk.record::<Records>(&record(7)).digest,
        Hash::of(&[&letter.ciphertext]).0,
        "a grant leaves the ciphertext and its digest alone"
    );

    // All keys for the record are destroyed: the patient's, and those that the hospitals hold for it.
    let destroy = MedicalTx::Destroy { number: 7 };
    play(
        &mut desk,
        vec![
            (PATIENT, destroy, None),
            (TERTIARY, read(0, 1), Some(Reason::WrongState)),
        ],
    );
    for (place, mut pair) in [patient, hospital, tertiary].into_iter().enumerate() {
        assert!(letter.open(place, &pair, &context).is_ok());
        pair.destroy();
        assert_eq!(letter.open(place, &pair, &context), Err(Fault::Destroyed));
    }
}

/// Any transaction over few records, so that most of them meet.
fn shot() -> impl Strategy<Value = (u64, Body)> {
    let numbers = (0..7_u8, 7..9_u64, 0..4_u16, 0..3_u32, 0..12_000_u64);
    let tx = numbers.prop_map(|(kind, number, hospital, consent, expires_ns)| {
        let grant_id = GrantId {
            record: record(number),
            hospital,
            number: consent,
        };
        match kind {
            0 => create(number, hospital),
            1 => grant(grant_id, consent as u16 + 1, expires_ns),
            2 => MedicalTx::Revoke { grant: grant_id },
            3 => MedicalTx::Refer { grant: grant_id },
            4 | 5 => MedicalTx::Read { grant: grant_id },
            _ if consent == 0 => MedicalTx::Destroy { number },
            _ => break_glass(number),
        }
    });
    (prop_oneof![Just(PATIENT), 9..16_u64], tx).prop_map(|(sender, tx)| (sender, Body::Medical(tx)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_fire_leaves_a_row_for_every_reading(shots in proptest::collection::vec(shot(), 1..500)) {
        let mut desk = desk();
        let outcomes = fire(&mut desk, &shots);
        let applied = shots.iter().zip(outcomes).filter(|(_, outcome)| *outcome == Outcome::Applied);
        let read = applied.filter(|((_, body), _)| {
            matches!(body, Body::Medical(MedicalTx::Read { .. } | MedicalTx::BreakGlass { .. }))
        });
        prop_assert_eq!(read.count() as u64, desk.state.count::<Readings>());
        let mut used = BTreeMap::new();
        let mut sound = true;
        desk.state.for_each::<Readings>(|_, row| {
            let record = desk.state.get::<Records>(&row.what.record()).unwrap();
            sound &= record.destroyed_ns.is_none_or(|at_ns| row.at_ns <= at_ns);
            if let Reading::Consented { grant, .. } = row.what {
                *used.entry(grant).or_insert(0_u16) += 1;
            }
        });
        desk.state.for_each::<Grants>(|id, consent| {
            sound &= consent.used <= consent.uses && used.remove(&id).unwrap_or(0) == consent.used;
        });
        prop_assert!(sound && used.is_empty());
    }

    #[test]
    fn encodings_round_trip(shot in shot()) {
        let transaction = Transaction { sender: AccountId(shot.0), nonce: 0, filler: 0, body: shot.1 };
        let mut bytes = Vec::new();
        transaction.encode(&mut bytes);
        prop_assert_eq!(Transaction::decode(&bytes).unwrap(), transaction);
    }
}
