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
        for id in (0..ACCOUNTS).step_by(7) {
            let proof = state.prove_account(AccountId(id)).unwrap();
            assert!(proof.verify(&state.root()));
            assert_eq!(
                proof.account().unwrap().balance,
                self.balances.get(&id).copied().unwrap_or(7)
            );
        }
        for key in (0..300).step_by(3) {
            let proof = state.prove::<Notes>(&key);
            assert!(proof.verify(&state.root()));
            assert_eq!(proof.record::<Notes>(), self.notes.get(&key).copied());
        }
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
    fn living_states_never_change(
        steps in proptest::collection::vec(step(), 1..60),
        sweep: bool,
    ) {
        let genesis = State::genesis(&Genesis::new(ACCOUNTS, 7));
        if !sweep {
            never_sweep(&genesis);
        }
        let mut states = vec![(genesis, Model::default())];
        for step in steps {
            match step {
                Step::Commit(at, change, parallel) => {
                    // Every other step goes on from the newest state, without a fork.
                    let at = (at % (2 * states.len())).min(states.len() - 1);
                    let (parent, mut model) = states[at].clone();
                    let next = commit(&parent, &change, parallel);
                    model.balances.extend(change.balances);
                    model.notes.extend(change.notes);
                    states.push((next, model));
                }
                Step::Drop(at) if states.len() > 1 => {
                    states.remove(at % states.len());
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

fn never_sweep(state: &State) {
    let mut store = state.0.store.write().unwrap();
    store.accounts.never_sweep();
    store.records.never_sweep();
}

/// Runs 200 blocks that touch everything, keeping genesis and the newest state; returns the
/// most nodes that there were.
fn most_nodes(genesis: &State, fork: bool) -> usize {
    let mut state = genesis.clone();
    let mut most = 0;
    for height in 0..200u64 {
        let transfer = |n: u64| {
            let payment = Payment::Transfer {
                to: AccountId((n * 7 + height) % 1000),
                amount: 1,
            };
            let (sender, body) = (AccountId(n), Body::Payment(payment));
            Arc::new(genesis.keyring().sign(Transaction {
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
        if fork {
            // A second child of the same parent, dropped at once.
            assert_eq!(Parallel.execute(&state, &block).root, serial.root);
        }
        state = serial.state;
        most = most.max(state.read().store.accounts.nodes());
    }
    assert_eq!(genesis.audit(), state.audit());
    assert_eq!(genesis.account(AccountId(3)), Some(Account::new(1_000_000)));
    most
}

/// 63 pages and 22 inner nodes.
const NODES: usize = 85;

#[test]
fn what_is_dead_is_swept() {
    // Genesis, a state, its parent and another child of that live at once; as many nodes
    // again may wait for the sweep, and what one block adds.
    for fork in [false, true] {
        let genesis = State::genesis(&Genesis::new(1000, 1_000_000));
        let most = most_nodes(&genesis, fork);
        assert!(most <= 2 * (3 * NODES + 20) + 2 * NODES, "{most} nodes");
    }
}
