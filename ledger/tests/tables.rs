//! Tables against a plain map: contents, shape, proofs.
#![allow(clippy::unwrap_used)]

use groma_ledger::{Genesis, State, Table};
use proptest::prelude::*;
use std::collections::BTreeMap;

struct Notes;
impl Table for Notes {
    const ID: u8 = 200;
    const NAME: &'static str = "notes";
    type Key = u32;
    type Value = Vec<u8>;
}

fn state(records: &BTreeMap<u32, Vec<u8>>) -> State {
    let mut genesis = Genesis::new(1, 1);
    for (key, value) in records {
        genesis.put::<Notes>(key, value);
    }
    State::genesis(&genesis)
}

fn records() -> impl Strategy<Value = BTreeMap<u32, Vec<u8>>> {
    let value = proptest::collection::vec(any::<u8>(), 0..40);
    proptest::collection::btree_map(0u32..500, value, 0..300)
}

proptest! {
    #[test]
    fn reads_what_was_put(records in records(), key in 0u32..500) {
        let state = state(&records);
        prop_assert_eq!(state.get::<Notes>(&key), records.get(&key).cloned());
        prop_assert_eq!(state.count::<Notes>(), records.len() as u64);
        let mut seen = BTreeMap::new();
        state.for_each::<Notes>(|key, value| { seen.insert(key, value); });
        prop_assert_eq!(seen, records);
    }

    #[test]
    fn proves_presence_and_absence(records in records(), key in 0u32..500, other in records()) {
        let state_of = state(&records);
        let proof = state_of.prove::<Notes>(&key);
        prop_assert!(proof.verify(&state_of.root()));
        prop_assert_eq!(proof.record::<Notes>(), records.get(&key).cloned());
        let elsewhere = state(&other);
        prop_assert_eq!(proof.verify(&elsewhere.root()), records == other);
    }
}

#[test]
fn an_empty_table_leaves_the_root_alone() {
    assert_eq!(
        state(&BTreeMap::new()).root(),
        State::genesis(&Genesis::new(1, 1)).root()
    );
}
