//! The accounts: pages of slots under a radix spine, copy on write, authenticated.
//!
//! All accounts start alike, so genesis is one page and one node per level,
//! shared by every position: memory follows the pages that were touched, and a
//! billion accounts cost as little as a thousand until then. Every node carries
//! its children's digests, so that an update reads nothing but its own path.

use crate::account::{Account, AccountId};
use crate::hash::{FANOUT, Hash, INNER_BYTES};
use std::sync::Arc;

/// Slots of a page, the unit that is hashed: 256 B. Of the sizes around it, this
/// one hashes least per payment, pages and spine together.
const SLOTS: u64 = 8;
const PAGE_BYTES: usize = SLOTS as usize * Account::BYTES;
/// Changes below which an update is not worth splitting over threads.
const SPLIT: usize = 256;

#[derive(Clone, Debug)]
enum Node {
    Group(Arc<Group>),
    Inner(Arc<Inner>),
}

/// The lowest level of the spine, with its pages inside: one allocation to copy
/// instead of two, and no reference counts for the pages that stay as they were.
#[derive(Clone, Copy, Debug)]
struct Group {
    digests: [u8; INNER_BYTES],
    pages: [u8; FANOUT * PAGE_BYTES],
}

#[derive(Clone, Debug)]
struct Inner {
    digests: [u8; INNER_BYTES],
    children: [Option<Node>; FANOUT],
}

impl Node {
    fn same(&self, other: &Node) -> bool {
        match (self, other) {
            (Node::Group(a), Node::Group(b)) => Arc::ptr_eq(a, b),
            (Node::Inner(a), Node::Inner(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Group {
    /// Accounts of a group.
    const SPAN: u64 = SLOTS * FANOUT as u64;

    /// The first `held` accounts of a group, which hold `balance` each.
    fn uniform(balance: u64, held: u64) -> (Node, Hash) {
        let mut group = Group {
            digests: [0; INNER_BYTES],
            pages: [0; FANOUT * PAGE_BYTES],
        };
        let slots = group.pages.chunks_exact_mut(Account::BYTES);
        for (_, slot) in (0..held).zip(slots) {
            slot.copy_from_slice(&Account::new(balance).to_bytes());
        }
        for page in 0..held.div_ceil(SLOTS) as usize {
            group.hash_page(page);
        }
        let digest = Hash::inner(&group.digests);
        (Node::Group(Arc::new(group)), digest)
    }

    fn slot(&self, id: u64) -> Account {
        let at = (id % Group::SPAN) as usize * Account::BYTES;
        Account::from_bytes(
            self.pages[at..]
                .first_chunk()
                .expect("a group holds whole slots"),
        )
    }

    fn page(&self, page: usize) -> &[u8] {
        &self.pages[page * PAGE_BYTES..][..PAGE_BYTES]
    }

    fn hash_page(&mut self, page: usize) {
        let digest = Hash::page(self.page(page));
        self.digests[page * 32..][..32].copy_from_slice(&digest.0);
    }

    fn update(old: &Arc<Group>, changes: &[(AccountId, Account)]) -> (Node, Hash) {
        let mut shared = Arc::clone(old);
        let group = Arc::make_mut(&mut shared);
        for page in changes.chunk_by(|(a, _), (b, _)| a.0 / SLOTS == b.0 / SLOTS) {
            for (id, account) in page {
                let at = (id.0 % Group::SPAN) as usize * Account::BYTES;
                group.pages[at..][..Account::BYTES].copy_from_slice(&account.to_bytes());
            }
            group.hash_page(digit(page[0].0.0, 0));
        }
        let digest = Hash::inner(&group.digests);
        (Node::Group(shared), digest)
    }
}

/// All accounts of one state. Cloning shares everything.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    root: Node,
    digest: Hash,
    /// Levels of nodes above the pages; the groups are the first.
    levels: u32,
    count: u64,
    /// The untouched genesis subtree of each level, groups first.
    untouched: Arc<[Node]>,
    genesis_balance: u64,
}

/// The other children's digests of each inner node on a path, top first, and the page.
pub(crate) type PagePath = (Vec<[Hash; FANOUT - 1]>, Vec<u8>);

impl Accounts {
    /// `count` accounts that hold `balance` each and have sent nothing.
    pub(crate) fn uniform(count: u64, balance: u64) -> Accounts {
        let levels = levels_for(count);
        let mut untouched = vec![Group::uniform(balance, Group::SPAN)];
        for _ in 1..levels {
            let (node, digest) = &untouched[untouched.len() - 1];
            let children = std::array::from_fn(|_| Some(node.clone()));
            untouched.push(inner(children, [*digest; FANOUT]));
        }
        let (root, digest) = edge(&untouched, levels - 1, count, balance);
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
                Node::Group(group) => return Some(group.slot(id.0)),
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
        let (root, digest) = update(&self.root, self.levels - 1, changes, parallel);
        Accounts {
            root,
            digest,
            ..self.clone()
        }
    }

    /// Sum of all balances, in cents; untouched subtrees are multiplied, not read.
    pub(crate) fn total_balance(&self) -> u128 {
        self.sum(&self.root, self.levels - 1)
    }

    /// `height` counts inner levels: a group has none.
    fn sum(&self, node: &Node, height: u32) -> u128 {
        if node.same(&self.untouched[height as usize]) {
            return u128::from(self.genesis_balance) * u128::from(span(height + 1));
        }
        match node {
            Node::Group(group) => (0..Group::SPAN)
                .map(|id| u128::from(group.slot(id).balance))
                .sum(),
            Node::Inner(inner) => inner
                .children
                .iter()
                .flatten()
                .map(|child| self.sum(child, height - 1))
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
                Node::Group(group) => {
                    let page = digit(id.0, 0);
                    siblings.push(siblings_of(&group.digests, page));
                    return Some((siblings, group.page(page).to_vec()));
                }
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
    let at = (id.0 % SLOTS) as usize * Account::BYTES;
    page.get(at..)?.first_chunk().map(Account::from_bytes)
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
    (1..)
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

/// The subtree of a height that holds the first `count` of its accounts.
fn edge(untouched: &[(Node, Hash)], height: u32, count: u64, balance: u64) -> (Node, Hash) {
    if count >= span(height + 1) {
        return untouched[height as usize].clone();
    }
    if height == 0 {
        return Group::uniform(balance, count);
    }
    let below = span(height);
    let mut children = [const { None }; FANOUT];
    let mut digests = [Hash::ZERO; FANOUT];
    for child in 0..FANOUT {
        let held = count
            .saturating_sub(below.saturating_mul(child as u64))
            .min(below);
        if held > 0 {
            let (node, digest) = edge(untouched, height - 1, held, balance);
            children[child] = Some(node);
            digests[child] = digest;
        }
    }
    inner(children, digests)
}

fn update(
    node: &Node,
    height: u32,
    changes: &[(AccountId, Account)],
    parallel: bool,
) -> (Node, Hash) {
    match node {
        Node::Group(group) => Group::update(group, changes),
        Node::Inner(inner) => update_inner(inner, height, changes, parallel),
    }
}

fn update_inner(
    inner: &Inner,
    height: u32,
    mut changes: &[(AccountId, Account)],
    parallel: bool,
) -> (Node, Hash) {
    let mut parts: [&[(AccountId, Account)]; FANOUT] = [&[]; FANOUT];
    for (child, part) in parts.iter_mut().enumerate() {
        let end = changes.partition_point(|(id, _)| digit(id.0, height) <= child);
        (*part, changes) = changes.split_at(end);
    }
    let one = |child: usize| -> Option<(Node, Hash)> {
        match &inner.children[child] {
            Some(node) if !parts[child].is_empty() => {
                Some(update(node, height - 1, parts[child], parallel))
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
