//! Versions: forks, drops and sweeps leave every living state as it was.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::executor::{BlockInput, Executor, Serial};
use crate::parallel::Parallel;
use crate::payment::Payment;
use crate::{Body, Transaction};
use proptest::prelude::*;

const ACCOUNTS: u64 = 300;

struct Notes;
impl Table for Notes {
    const ID: u8 = 200;
    const NAME: &'static str = "notes";
    type Key = u32;
    type Value = u64;
}

/// What a state should hold.
#[derive(Clone, PartialEq, Debug, Default)]
struct Model {
    balances: BTreeMap<u64, u64>,
    notes: BTreeMap<u32, u64>,
}

impl Model {
    fn check(&self, state: &State) {
        for (&id, &balance) in &self.balances {
            assert_eq!(state.account(AccountId(id)).unwrap().balance, balance);
        }
        let mut notes = BTreeMap::new();
        state.for_each::<Notes>(|key, value| {
            assert_eq!(
                state.get::<Notes>(&key),
                Some(value),
                "a visit may read the state"
            );
            notes.insert(key, value);
        });
        assert_eq!(notes, self.notes);
        assert_eq!(
            state.audit().total_balance,
            u128::from(ACCOUNTS) * 7 + self.gain()
        );
    }

    fn gain(&self) -> u128 {
        self.balances
            .values()
            .map(|&balance| u128::from(balance))
            .sum::<u128>()
            - self.balances.len() as u128 * 7
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Extends the state at this place of the list.
    Commit(usize, Model, bool),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let balances = proptest::collection::btree_map(0..ACCOUNTS, 7u64..1000, 0..40);
    let notes = proptest::collection::btree_map(0u32..300, any::<u64>(), 0..40);
    let model = (balances, notes).prop_map(|(balances, notes)| Model { balances, notes });
    prop_oneof![
        3 => (any::<usize>(), model, any::<bool>()).prop_map(|(at, model, parallel)| Step::Commit(at, model, parallel)),
        2 => any::<usize>().prop_map(Step::Drop),
    ]
}

fn commit(parent: &State, model: &Model, parallel: bool) -> State {
    let mut changes = Changes::default();
    for (&id, &balance) in &model.balances {
        changes
            .accounts
            .push((AccountId(id), Account::new(balance)));
    }
    for (key, value) in &model.notes {
        let path = path_of(Notes::ID, KeyBytes::of(key).as_slice());
        changes.batch(Notes::ID).push(path, key, Some(value));
    }
    parent.commit(changes, parallel)
}

proptest! {
    #[test]
    fn living_states_never_change(steps in proptest::collection::vec(step(), 1..40)) {
        let genesis = State::genesis(&Genesis::new(ACCOUNTS, 7));
        let mut states = vec![(genesis, Model::default())];
        for step in steps {
            match step {
                Step::Commit(at, change, parallel) => {
                    let (parent, mut model) = states[at % states.len()].clone();
                    let next = commit(&parent, &change, parallel);
                    model.balances.extend(change.balances);
                    model.notes.extend(change.notes);
                    states.push((next, model));
                }
                Step::Drop(at) if states.len() > 1 => {
                    states.swap_remove(at % states.len());
                }
                Step::Drop(_) => {}
            }
        }
        for (state, model) in &states {
            model.check(state);
            // Built in one step from genesis, the same content has the same root.
            let fresh = State::genesis(&Genesis::new(ACCOUNTS, 7));
            prop_assert_eq!(commit(&fresh, model, false).root(), state.root());
        }
    }
}

#[test]
fn memory_follows_what_lives_and_not_what_was() {
    let mut state = State::genesis(&Genesis::new(1000, 1_000_000));
    let keyring = Arc::clone(state.keyring());
    let pinned = state.clone();
    let mut most = 0;
    for height in 0..200u64 {
        let transfer = |n: u64| {
            let payment = Payment::Transfer {
                to: AccountId((n * 7 + height) % 1000),
                amount: 1,
            };
            let (sender, body) = (AccountId(n), Body::Payment(payment));
            Arc::new(keyring.sign(Transaction {
                sender,
                nonce: height,
                filler: 0,
                body,
            }))
        };
        let transactions: Vec<_> = (0..500).map(transfer).collect();
        let block = BlockInput {
            height,
            timestamp_ns: height,
            transactions: &transactions,
        };
        let serial = Serial.execute(&state, &block);
        // A second child of the same parent: a fork that is dropped at once.
        assert_eq!(Parallel.execute(&state, &block).root, serial.root);
        state = serial.state;
        most = most.max(state.read().store.accounts.nodes());
    }
    // 63 pages and 22 inner nodes live, twice; the rest waits for the sweep.
    assert!(most < 85 * 2 * 3, "{most} nodes");
    assert_eq!(pinned.audit(), state.audit());
    assert_eq!(pinned.account(AccountId(3)), Some(Account::new(1_000_000)));
}
