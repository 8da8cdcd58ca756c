//! The trie's laws: it is a map, and its digest depends on content alone.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const TABLE: u8 = 9;
type Model = BTreeMap<u32, Vec<u8>>;
type Step = BTreeMap<u32, Option<Vec<u8>>>;

fn batch<'m>(changes: impl IntoIterator<Item = (&'m u32, Option<&'m Vec<u8>>)>) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in changes {
        let path = path_of(TABLE, KeyBytes::of(key).as_slice());
        batch.push(path, key, value);
    }
    batch
}

fn built(model: &Model) -> Trie {
    Trie::new(TABLE).update(&batch(model.iter().map(|(k, v)| (k, Some(v)))), false)
}

/// Blocks of changes over few keys, of which half remove.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20));
    let step = proptest::collection::btree_map(0u32..400, value, 0..250);
    proptest::collection::vec(step, 0..6)
}

proptest! {
    #[test]
    fn a_map_whose_digest_forgets_its_history(steps in steps(), parallel: bool) {
        let mut model = Model::new();
        let mut trie = Trie::new(TABLE);
        for step in steps {
            trie = trie.update(&batch(step.iter().map(|(k, v)| (k, v.as_ref()))), parallel);
            for (key, value) in step {
                match value {
                    Some(value) => model.insert(key, value),
                    None => model.remove(&key),
                };
            }
            prop_assert_eq!(trie.len(), model.len() as u64);
            let fresh = built(&model);
            prop_assert_eq!(trie.digest(), fresh.digest());
            check_shape(trie.root.as_ref());
        }
        for key in 0u32..400 {
            let key_bytes = KeyBytes::of(&key);
            let path = path_of(TABLE, key_bytes.as_slice());
            let found = trie.get(path, key_bytes.as_slice()).map(<[u8]>::to_vec);
            prop_assert_eq!(found, model.get(&key).map(|value| borsh::to_vec(value).unwrap()));
        }
    }

    #[test]
    fn joined_batches_are_one_batch(model in proptest::collection::btree_map(0u32..400, proptest::collection::vec(any::<u8>(), 0..20), 0..100), cut in 0u32..400) {
        let (low, high): (Model, Model) = model.clone().into_iter().partition(|(key, _)| *key < cut);
        let mut joined = batch(high.iter().map(|(k, v)| (k, Some(v))));
        joined.append(&batch(low.iter().map(|(k, v)| (k, Some(v)))));
        prop_assert_eq!(Trie::new(TABLE).update(&joined, false).digest(), built(&model).digest());
    }

    #[test]
    fn damaged_pages_never_panic(page in proptest::collection::vec(any::<u8>(), 0..80), key in proptest::collection::vec(any::<u8>(), 0..4)) {
        let _ = find(&page, &key);
        let _ = records(&page).count();
    }
}

fn check_shape(node: Option<&Node>) {
    match node {
        None => {}
        Some(Node::Leaf(page)) => {
            let keys: Vec<_> = records(page).map(|(key, _)| key).collect();
            assert!(keys.is_sorted() && !keys.is_empty() && keys.len() <= LEAF_RECORDS);
            assert_eq!(keys.len(), usize::from(page[0]));
        }
        Some(Node::Inner(inner)) => {
            let below: u64 = inner.children.iter().flatten().map(Node::count).sum();
            assert!(inner.count > LEAF_RECORDS as u64 && inner.count == below);
            inner
                .children
                .iter()
                .for_each(|child| check_shape(child.as_ref()));
        }
    }
}

#[test]
fn digests_are_pinned() {
    let model: Model = (0..100)
        .map(|n| (n, vec![n as u8; n as usize % 5]))
        .collect();
    assert_eq!(
        built(&model).digest().to_string(),
        "738aafac06476b27500c02b517cb8e49e3490b9d2a411a114dbc1e9005723741"
    );
}
