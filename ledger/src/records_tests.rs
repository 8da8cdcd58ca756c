//! The trie's laws: it is a map, and its digest depends on content alone.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::arena::{Arena, Kind};
use proptest::prelude::*;
use std::collections::BTreeMap;

const TABLE: u8 = 9;
type Model = BTreeMap<u32, Vec<u8>>;
type Step = BTreeMap<u32, Option<Vec<u8>>>;

/// A table over an arena of its own.
struct Trie {
    arena: Arena<Records>,
    root: Root,
}

impl Trie {
    fn new() -> Trie {
        Trie {
            arena: Arena::new(),
            root: Root::EMPTY,
        }
    }

    fn update(&mut self, batch: &Batch, parallel: bool) {
        self.root = tree::update(&mut self.arena, self.root, &batch.sorted(), parallel);
    }

    fn get(&self, key: u32) -> Option<&[u8]> {
        let key = KeyBytes::of(&key);
        let path = path_of(TABLE, key.as_slice());
        tree::find(&self.arena, self.root.node, path)?.get(key.as_slice())
    }
}

fn batch<'m>(changes: impl IntoIterator<Item = (&'m u32, Option<&'m Vec<u8>>)>) -> Batch {
    let mut batch = Batch::new(TABLE);
    for (key, value) in changes {
        let path = path_of(TABLE, KeyBytes::of(key).as_slice());
        batch.push(path, key, value);
    }
    batch
}

fn built(model: &Model) -> Trie {
    let mut trie = Trie::new();
    trie.update(&batch(model.iter().map(|(k, v)| (k, Some(v)))), false);
    trie
}

/// Blocks of changes over few keys, of which half remove.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20));
    let step = proptest::collection::btree_map(0u32..400, value, 0..250);
    proptest::collection::vec(step, 0..6)
}

proptest! {
    #[test]
    fn a_map_whose_digest_forgets_its_history(steps in steps(), parallel: bool, sweep: bool) {
        let mut model = Model::new();
        let mut trie = Trie::new();
        for step in steps {
            trie.update(&batch(step.iter().map(|(k, v)| (k, v.as_ref()))), parallel);
            for (key, value) in step {
                match value {
                    Some(value) => model.insert(key, value),
                    None => model.remove(&key),
                };
            }
            if sweep {
                trie.arena.sweep([trie.root.node].into_iter());
            }
            let fresh = built(&model);
            prop_assert_eq!(trie.root.count, model.len() as u64);
            prop_assert_eq!(trie.root.digest, fresh.root.digest);
            let nodes = check_shape(&trie.arena, trie.root.node);
            if sweep {
                prop_assert_eq!(trie.arena.nodes(), nodes);
            }
        }
        for key in 0u32..400 {
            let found = trie.get(key).map(<[u8]>::to_vec);
            prop_assert_eq!(found, model.get(&key).map(|value| borsh::to_vec(value).unwrap()));
        }
    }

    #[test]
    fn joined_batches_are_one_batch(
        model in proptest::collection::btree_map(0u32..400, proptest::collection::vec(any::<u8>(), 0..20), 0..100),
        cut in 0u32..400,
    ) {
        let (low, high): (Model, Model) = model.clone().into_iter().partition(|(key, _)| *key < cut);
        let mut joined = batch(high.iter().map(|(k, v)| (k, Some(v))));
        joined.append(&batch(low.iter().map(|(k, v)| (k, Some(v)))));
        let mut trie = Trie::new();
        trie.update(&joined, false);
        prop_assert_eq!(trie.root.digest, built(&model).root.digest);
    }

    #[test]
    fn damaged_pages_never_panic(page in proptest::collection::vec(any::<u8>(), 0..80), key in proptest::collection::vec(any::<u8>(), 0..4)) {
        let _ = find(&page, &key);
        let _ = records(&page).count();
    }
}

/// Checks a subtree's shape; returns how many nodes it has.
fn check_shape(arena: &Arena<Records>, node: Ref) -> usize {
    match node.kind() {
        Kind::None => 0,
        Kind::Leaf => {
            let page = arena.leaf(node);
            let keys: Vec<_> = page.iter().map(|(key, _)| key).collect();
            assert!(keys.is_sorted() && !keys.is_empty() && keys.len() <= LEAF_RECORDS);
            assert_eq!(keys.len() as u64, page.count());
            1
        }
        Kind::Inner => {
            let inner = arena.inner(node);
            assert!(inner.count > LEAF_RECORDS as u64);
            1 + inner
                .children
                .iter()
                .map(|&child| check_shape(arena, child))
                .sum::<usize>()
        }
    }
}

#[test]
fn digests_are_pinned() {
    let model: Model = (0..100)
        .map(|n| (n, vec![n as u8; n as usize % 5]))
        .collect();
    assert_eq!(
        built(&model).root.digest.to_string(),
        "738aafac06476b27500c02b517cb8e49e3490b9d2a411a114dbc1e9005723741"
    );
}
