//! The accounts: pages of slots under a radix spine, copy on write, authenticated.
//!
//! All accounts start alike, so genesis is one page and one node per level,
//! shared by every position: memory follows the pages that were touched, and a
//! billion accounts cost as little as a thousand until then. Every node carries
//! its children's digests, so that an update reads nothing but its own path.

use crate::account::{Account, AccountId};
use crate::hash::{FANOUT, Hash, INNER_BYTES};
use std::sync::Arc;

/// Slots of a page. 16 slots are 512 B: with twice as many, hashing costs 40 %
/// more per payment; with half as many, the spine outgrows the pages.
pub(crate) const SLOTS: u64 = 16;
const PAGE_BYTES: usize = 16 * Account::BYTES;
/// Changes below which an update is not worth splitting over threads.
const SPLIT: usize = 256;

type Page = [u8; PAGE_BYTES];

#[derive(Clone, Debug)]
enum Node {
    Page(Arc<Page>),
    Inner(Arc<Inner>),
}

#[derive(Clone, Debug)]
struct Inner {
    digests: [u8; INNER_BYTES],
    children: [Option<Node>; FANOUT],
}

impl Node {
    fn same(&self, other: &Node) -> bool {
        match (self, other) {
            (Node::Page(a), Node::Page(b)) => Arc::ptr_eq(a, b),
            (Node::Inner(a), Node::Inner(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// All accounts of one state. Cloning shares everything.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    root: Node,
    digest: Hash,
    /// Levels of inner nodes above the pages.
    levels: u32,
    count: u64,
    /// The untouched genesis subtree of each level, pages first.
    untouched: Arc<[Node]>,
    genesis_balance: u64,
}

/// The other children's digests of each inner node on a path, top first, and the page.
pub(crate) type PagePath = (Vec<[Hash; FANOUT - 1]>, Vec<u8>);

impl Accounts {
    /// `count` accounts that hold `balance` each and have sent nothing.
    pub(crate) fn uniform(count: u64, balance: u64) -> Accounts {
        let levels = levels_for(count);
        let mut untouched = vec![full_page(balance, SLOTS)];
        for _ in 0..levels {
            let below = untouched[untouched.len() - 1].clone();
            untouched.push(inner(
                [
                    Some(below.0.clone()),
                    Some(below.0.clone()),
                    Some(below.0.clone()),
                    Some(below.0),
                ],
                [below.1; FANOUT],
            ));
        }
        let (root, digest) = edge(&untouched, levels, count, balance);
        let untouched = untouched.into_iter().map(|(node, _)| node).collect();
        Accounts {
            root,
            digest,
            levels,
            count,
            untouched,
            genesis_balance: balance,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn digest(&self) -> Hash {
        self.digest
    }

    pub(crate) fn get(&self, id: AccountId) -> Option<Account> {
        if id.0 >= self.count {
            return None;
        }
        let mut node = &self.root;
        let mut level = self.levels;
        loop {
            match node {
                Node::Page(page) => return Some(slot(page, id.0)),
                Node::Inner(inner) => {
                    level -= 1;
                    node = inner.children[digit(id.0, level)].as_ref()?;
                }
            }
        }
    }

    /// The accounts with these slots replaced. `changes` is sorted by account,
    /// without repeats, all within the count.
    pub(crate) fn update(&self, changes: &[(AccountId, Account)], parallel: bool) -> Accounts {
        if changes.is_empty() {
            return self.clone();
        }
        let (root, digest) = update(&self.root, self.levels, changes, parallel);
        Accounts {
            root,
            digest,
            ..self.clone()
        }
    }

    /// Sum of all balances, in cents; untouched subtrees are multiplied, not read.
    pub(crate) fn total_balance(&self) -> u128 {
        self.sum(&self.root, self.levels)
    }

    fn sum(&self, node: &Node, level: u32) -> u128 {
        let untouched = &self.untouched[level as usize];
        if node.same(untouched) {
            return u128::from(self.genesis_balance) * u128::from(span(level));
        }
        match node {
            Node::Page(page) => (0..SLOTS).map(|i| u128::from(slot(page, i).balance)).sum(),
            Node::Inner(inner) => inner
                .children
                .iter()
                .flatten()
                .map(|child| self.sum(child, level - 1))
                .sum(),
        }
    }

    /// The account's page and the digests beside its path.
    pub(crate) fn path(&self, id: AccountId) -> Option<PagePath> {
        if id.0 >= self.count {
            return None;
        }
        let mut siblings = Vec::new();
        let mut node = &self.root;
        let mut level = self.levels;
        loop {
            match node {
                Node::Page(page) => return Some((siblings, page.to_vec())),
                Node::Inner(inner) => {
                    level -= 1;
                    let digit = digit(id.0, level);
                    siblings.push(siblings_of(&inner.digests, digit));
                    node = inner.children[digit].as_ref()?;
                }
            }
        }
    }
}

/// Reads an account out of a page of a proof.
pub(crate) fn account_in_page(page: &[u8], id: AccountId) -> Option<Account> {
    let page: &Page = page.try_into().ok()?;
    Some(slot(page, id.0))
}

/// The digits that lead to an account's page, top first.
pub(crate) fn digits(id: AccountId, count: u64) -> impl DoubleEndedIterator<Item = usize> {
    (0..levels_for(count))
        .rev()
        .map(move |level| digit(id.0, level))
}

/// The digests of a node's children but the one at `digit`.
pub(crate) fn siblings_of(digests: &[u8; INNER_BYTES], digit: usize) -> [Hash; FANOUT - 1] {
    let mut siblings = [Hash::ZERO; FANOUT - 1];
    let others = (0..FANOUT).filter(|&child| child != digit);
    for (sibling, child) in siblings.iter_mut().zip(others) {
        sibling.0.copy_from_slice(&digests[child * 32..][..32]);
    }
    siblings
}

fn levels_for(count: u64) -> u32 {
    (0..)
        .find(|&level| span(level) >= count)
        .expect("spans grow to the whole of u64")
}

/// Accounts under a subtree of that level.
fn span(level: u32) -> u64 {
    SLOTS.saturating_mul(4u64.checked_pow(level).unwrap_or(u64::MAX))
}

fn digit(id: u64, level: u32) -> usize {
    ((id / SLOTS) >> (2 * level)) as usize % FANOUT
}

fn slot(page: &Page, id: u64) -> Account {
    let at = (id % SLOTS) as usize * Account::BYTES;
    let bytes = page[at..].first_chunk().expect("a page holds whole slots");
    Account::from_bytes(bytes)
}

fn inner(children: [Option<Node>; FANOUT], digests: [Hash; FANOUT]) -> (Node, Hash) {
    let mut bytes = [0; INNER_BYTES];
    for (child, digest) in digests.iter().enumerate() {
        bytes[child * 32..][..32].copy_from_slice(&digest.0);
    }
    let digest = Hash::inner(&bytes);
    (
        Node::Inner(Arc::new(Inner {
            digests: bytes,
            children,
        })),
        digest,
    )
}

fn full_page(balance: u64, slots: u64) -> (Node, Hash) {
    let mut page = [0; PAGE_BYTES];
    for slot in page.chunks_exact_mut(Account::BYTES).take(slots as usize) {
        slot.copy_from_slice(&Account::new(balance).to_bytes());
    }
    let digest = Hash::page(&page);
    (Node::Page(Arc::new(page)), digest)
}

/// The subtree of a level that holds the first `count` of its accounts.
fn edge(untouched: &[(Node, Hash)], level: u32, count: u64, balance: u64) -> (Node, Hash) {
    if count >= span(level) {
        return untouched[level as usize].clone();
    }
    if level == 0 {
        return full_page(balance, count);
    }
    let below = span(level - 1);
    let mut children = [const { None }; FANOUT];
    let mut digests = [Hash::ZERO; FANOUT];
    for child in 0..FANOUT {
        let held = count.saturating_sub(below * child as u64).min(below);
        if held > 0 {
            let (node, digest) = edge(untouched, level - 1, held, balance);
            children[child] = Some(node);
            digests[child] = digest;
        }
    }
    inner(children, digests)
}

fn update(
    node: &Node,
    level: u32,
    changes: &[(AccountId, Account)],
    parallel: bool,
) -> (Node, Hash) {
    match node {
        Node::Page(page) => {
            let mut page = Arc::new(**page);
            let bytes = Arc::get_mut(&mut page).expect("it was made just now");
            for (id, account) in changes {
                let at = (id.0 % SLOTS) as usize * Account::BYTES;
                bytes[at..][..Account::BYTES].copy_from_slice(&account.to_bytes());
            }
            let digest = Hash::page(bytes);
            (Node::Page(page), digest)
        }
        Node::Inner(inner) => update_inner(inner, level - 1, changes, parallel),
    }
}

fn update_inner(
    inner: &Inner,
    level: u32,
    mut changes: &[(AccountId, Account)],
    parallel: bool,
) -> (Node, Hash) {
    let mut parts: [&[(AccountId, Account)]; FANOUT] = [&[]; FANOUT];
    for (child, part) in parts.iter_mut().enumerate() {
        let end = changes.partition_point(|(id, _)| digit(id.0, level) <= child);
        (*part, changes) = changes.split_at(end);
    }
    let one = |child: usize| -> Option<(Node, Hash)> {
        match &inner.children[child] {
            Some(node) if !parts[child].is_empty() => {
                Some(update(node, level, parts[child], parallel))
            }
            _ => None,
        }
    };
    let made: [Option<(Node, Hash)>; FANOUT] =
        if parallel && parts.iter().map(|part| part.len()).sum::<usize>() >= SPLIT {
            let ((a, b), (c, d)) = rayon::join(
                || rayon::join(|| one(0), || one(1)),
                || rayon::join(|| one(2), || one(3)),
            );
            [a, b, c, d]
        } else {
            std::array::from_fn(one)
        };
    let mut digests = inner.digests;
    let mut child = 0;
    let children = made.map(|made| {
        let node = match made {
            Some((node, digest)) => {
                digests[child * 32..][..32].copy_from_slice(&digest.0);
                Some(node)
            }
            None => inner.children[child].clone(),
        };
        child += 1;
        node
    });
    let digest = Hash::inner(&digests);
    (Node::Inner(Arc::new(Inner { digests, children })), digest)
}
