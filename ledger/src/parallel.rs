//! The parallel executor: transactions that share no written key run side by side.
//!
//! Groups are the connected components of "touch the same key, one of them
//! writing", from static access sets. Within a group, block order holds; between
//! groups no order matters, so that any number of threads gives Serial's answer.

use crate::access::Overlay;
use crate::executor::{BlockInput, Execution, Executor, apply, declare, finish};
use crate::receipt::{Outcome, Reason};
use crate::record::Touches;
use crate::state::{Changes, Reader, State};
use crate::transaction::SignedTransaction;
use rayon::prelude::*;
use std::sync::Arc;

/// Executes on rayon's threads (the pool that calls it).
#[derive(Clone, Copy, Debug, Default)]
pub struct Parallel;

/// Transactions below which the answer is found faster alone.
const WORTHWHILE: usize = 64;
/// Signatures that one task checks.
const VERIFY_CHUNK: usize = 256;
/// Work lists that groups are dealt to. Fixed, and more than there are
/// threads, so that one long list does not hold up the rest.
const LISTS: usize = 32;

impl Parallel {
    /// How many transactions of a block are in its largest group by shared keys. This executor runs
    /// them one after the other; a finer one could find some that do not touch each other.
    pub fn largest_group(block: &BlockInput<'_>) -> usize {
        let mut sizes = vec![0; block.transactions.len()];
        for leader in groups(block) {
            sizes[leader] += 1;
        }
        sizes.into_iter().max().unwrap_or(0)
    }
}

impl Executor for Parallel {
    fn execute(&self, parent: &State, block: &BlockInput<'_>) -> Execution {
        let good = verified(parent, block.transactions);
        let reader = parent.read();
        let lists = deal(&groups(block));
        let parts: Vec<(Vec<(usize, Outcome)>, Changes)> = lists
            .par_iter()
            .map(|list| run(&reader, block, &good, list))
            .collect();
        drop(reader);
        let mut outcomes = vec![Outcome::Rejected(Reason::Malformed); block.transactions.len()];
        let mut changes = Changes::default();
        for (part, written) in parts {
            for (position, outcome) in part {
                outcomes[position] = outcome;
            }
            changes.append(written);
        }
        finish(
            parent,
            changes,
            outcomes,
            block.transactions.len() >= WORTHWHILE,
        )
    }
}

fn verified(parent: &State, transactions: &[Arc<SignedTransaction>]) -> Vec<bool> {
    if !parent.keyring().is_real() {
        return Vec::new();
    }
    let chunks = transactions.par_chunks(VERIFY_CHUNK);
    chunks
        .flat_map_iter(|chunk| parent.keyring().verify_batch(chunk))
        .collect()
}

fn run(
    parent: &Reader<'_>,
    block: &BlockInput<'_>,
    good: &[bool],
    list: &[usize],
) -> (Vec<(usize, Outcome)>, Changes) {
    let mut overlay = Overlay::for_transactions(list.len());
    let mut touches = Touches::new();
    let outcomes = list
        .iter()
        .map(|&position| {
            let signed = &block.transactions[position];
            let good = good.get(position).copied().unwrap_or(true);
            (
                position,
                apply(parent, block, signed, good, &mut overlay, &mut touches),
            )
        })
        .collect();
    let mut changes = Changes::default();
    overlay.drain(&mut changes);
    (outcomes, changes)
}

/// The first position of each transaction's group.
fn groups(block: &BlockInput<'_>) -> Vec<usize> {
    let mut all: Vec<(u64, bool, usize)> = Vec::with_capacity(block.transactions.len() * 3);
    let mut touches = Touches::new();
    for (position, signed) in block.transactions.iter().enumerate() {
        declare(signed, block, &mut touches);
        all.extend(
            touches
                .list()
                .iter()
                .map(|touch| (touch.key, touch.write, position)),
        );
    }
    all.sort_unstable();
    let mut leader: Vec<usize> = (0..block.transactions.len()).collect();
    for same_key in all.chunk_by(|a, b| a.0 == b.0) {
        if same_key.iter().any(|(_, write, _)| *write) {
            for pair in same_key.windows(2) {
                unite(&mut leader, pair[0].2, pair[1].2);
            }
        }
    }
    (0..leader.len())
        .map(|position| find(&mut leader, position))
        .collect()
}

fn find(leader: &mut [usize], mut position: usize) -> usize {
    while leader[position] != position {
        leader[position] = leader[leader[position]];
        position = leader[position];
    }
    position
}

fn unite(leader: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(leader, a), find(leader, b));
    leader[a.max(b)] = a.min(b);
}

/// Deals whole groups to work lists, each to the shortest so far; lists keep block
/// order.
fn deal(leaders: &[usize]) -> Vec<Vec<usize>> {
    let mut sizes = vec![0usize; leaders.len()];
    leaders.iter().for_each(|&leader| sizes[leader] += 1);
    let mut order: Vec<usize> = (0..leaders.len())
        .filter(|&group| sizes[group] > 0)
        .collect();
    order.sort_by_key(|&group| std::cmp::Reverse(sizes[group]));
    let mut loads = std::collections::BinaryHeap::new();
    loads.extend((0..LISTS).map(|list| std::cmp::Reverse((0usize, list))));
    let mut list_of = vec![0; leaders.len()];
    for group in order {
        let std::cmp::Reverse((load, list)) = loads.pop().expect("there are lists");
        list_of[group] = list;
        loads.push(std::cmp::Reverse((load + sizes[group], list)));
    }
    let mut lists = vec![Vec::new(); LISTS];
    for (position, &leader) in leaders.iter().enumerate() {
        lists[list_of[leader]].push(position);
    }
    lists.retain(|list| !list.is_empty());
    lists
}
