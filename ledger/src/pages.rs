//! The accounts: dense pages of slots, the leaves of a tree of fixed height.
//!
//! All accounts start alike, so genesis is one page and one node per level, shared by
//! every position: memory follows the pages that were touched, and a billion accounts
//! cost as little as a thousand until then.

use crate::account::{Account, AccountId};
use crate::arena::{Arena, Kind, Ref, Space};
use crate::hash::{FANOUT, Hash};
use crate::tree::{self, Leaf, Root, Siblings};
use std::sync::Arc;

/// Slots of a page: 512 B. Pages of half the size measured the same, with a spine as large as
/// the pages; pages of twice the size hash 40 % more per payment.
const SLOTS: u64 = 16;
const PAGE_BYTES: usize = SLOTS as usize * Account::BYTES;

/// A page of accounts, encoded.
#[derive(Clone, Debug)]
pub(crate) struct Page([u8; PAGE_BYTES]);

impl Default for Page {
    fn default() -> Page {
        Page([0; PAGE_BYTES])
    }
}

/// A slot to overwrite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotChange {
    path: u128,
    slot: usize,
    account: Account,
}

impl Page {
    /// The first `held` slots hold `balance` each.
    fn uniform(balance: u64, held: u64) -> Page {
        let mut page = Page::default();
        for (_, slot) in (0..held).zip(page.0.chunks_exact_mut(Account::BYTES)) {
            slot.copy_from_slice(&Account::new(balance).to_bytes());
        }
        page
    }

    fn total_balance(&self) -> u128 {
        let slots = (0..SLOTS).filter_map(|id| account_in_page(&self.0, AccountId(id)));
        slots.map(|account| u128::from(account.balance)).sum()
    }
}

impl Leaf for Page {
    type Change<'c> = SlotChange;

    const MERGED: u64 = 0;

    fn path(change: &SlotChange) -> u128 {
        change.path
    }

    fn count(&self) -> u64 {
        1
    }

    fn update<S: Space<Page>>(
        space: &mut S,
        old: Ref,
        changes: &[SlotChange],
        _depth: u32,
    ) -> Root {
        let mut page = space.leaf(old).clone();
        for change in changes {
            let at = change.slot * Account::BYTES;
            page.0[at..][..Account::BYTES].copy_from_slice(&change.account.to_bytes());
        }
        add(space, page)
    }

    fn merge<S: Space<Page>>(_space: &mut S, _leaves: &[Ref]) -> Root {
        unreachable!("MERGED is zero: pages of accounts stay apart")
    }
}

#[inline]
fn add<S: Space<Page>>(space: &mut S, page: Page) -> Root {
    let digest = Hash::page(&page.0);
    Root {
        node: space.add_leaf(page),
        digest,
        count: 1,
    }
}

/// All accounts of one state.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    root: Root,
    /// Levels of inner nodes above the pages.
    levels: u32,
    count: u64,
    /// The untouched genesis subtree of each height, pages first.
    untouched: Arc<[Ref]>,
    genesis_balance: u64,
}

impl Accounts {
    /// `count` accounts that hold `balance` each and have sent nothing.
    pub(crate) fn uniform(arena: &mut Arena<Page>, count: u64, balance: u64) -> Accounts {
        let levels = levels_for(count);
        let mut untouched = vec![add(arena, Page::uniform(balance, SLOTS))];
        for height in 0..levels as usize {
            let below = untouched[height];
            untouched.push(tree::join::<Page, _>(arena, [below; FANOUT]));
        }
        let root = edge(arena, &untouched, levels, count, balance);
        let untouched = untouched.into_iter().map(|root| root.node).collect();
        Accounts {
            root,
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
        self.root.digest
    }

    /// What a sweep must keep.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Ref> {
        // The highest untouched subtree holds the lower ones.
        [self.root.node]
            .into_iter()
            .chain(self.untouched.last().copied())
    }

    pub(crate) fn get(&self, arena: &Arena<Page>, id: AccountId) -> Option<Account> {
        if id.0 >= self.count {
            return None;
        }
        let page = tree::find(arena, self.root.node, path_of(id, self.levels))?;
        account_in_page(&page.0, id)
    }

    /// The accounts with these slots replaced. `changes` is sorted by account, without
    /// repeats, all within the count.
    pub(crate) fn update(
        &self,
        arena: &mut Arena<Page>,
        changes: &[(AccountId, Account)],
        parallel: bool,
    ) -> Accounts {
        let change = |&(id, account): &(AccountId, Account)| SlotChange {
            path: path_of(id, self.levels),
            slot: (id.0 % SLOTS) as usize,
            account,
        };
        let changes: Vec<SlotChange> = changes.iter().map(change).collect();
        Accounts {
            root: tree::update(arena, self.root, &changes, parallel),
            ..self.clone()
        }
    }

    /// Sum of all balances, in cents; untouched subtrees are multiplied, not read.
    pub(crate) fn total_balance(&self, arena: &Arena<Page>) -> u128 {
        self.sum(arena, self.root.node, self.levels)
    }

    fn sum(&self, arena: &Arena<Page>, node: Ref, height: u32) -> u128 {
        if node == self.untouched[height as usize] {
            return u128::from(self.genesis_balance) * u128::from(span(height));
        }
        match node.kind() {
            Kind::None => 0,
            Kind::Leaf => arena.leaf(node).total_balance(),
            Kind::Inner => {
                let children = arena.inner(node).children;
                children
                    .into_iter()
                    .map(|child| self.sum(arena, child, height - 1))
                    .sum()
            }
        }
    }

    /// The account's page and the digests beside its path.
    pub(crate) fn prove(&self, arena: &Arena<Page>, id: AccountId) -> Option<(Siblings, Vec<u8>)> {
        let path = path_of(id, self.levels);
        let page = tree::find(arena, self.root.node, path).filter(|_| id.0 < self.count)?;
        Some((tree::siblings(arena, self.root.node, path), page.0.to_vec()))
    }
}

/// The subtree of a height that holds the first `count` of its accounts.
fn edge(
    arena: &mut Arena<Page>,
    untouched: &[Root],
    height: u32,
    count: u64,
    balance: u64,
) -> Root {
    if count >= span(height) {
        return untouched[height as usize];
    }
    if height == 0 {
        return add(arena, Page::uniform(balance, count));
    }
    let below = span(height - 1);
    let mut children = [Root::EMPTY; FANOUT];
    let mut left = count;
    for child in &mut children {
        let held = left.min(below);
        if held > 0 {
            *child = edge(arena, untouched, height - 1, held, balance);
        }
        left -= held;
    }
    tree::join::<Page, _>(arena, children)
}

/// Reads an account out of its page.
pub(crate) fn account_in_page(page: &[u8], id: AccountId) -> Option<Account> {
    let at = (id.0 % SLOTS) as usize * Account::BYTES;
    page.get(at..)?.first_chunk().map(Account::from_bytes)
}

/// How far down an account's page lies among so many accounts, and the path to it.
pub(crate) fn locate(id: AccountId, count: u64) -> (u32, u128) {
    let levels = levels_for(count);
    (levels, path_of(id, levels))
}

fn path_of(id: AccountId, levels: u32) -> u128 {
    u128::from(id.0 / SLOTS)
        .checked_shl(128 - 2 * levels)
        .unwrap_or(0)
}

fn levels_for(count: u64) -> u32 {
    (0..)
        .find(|&level| span(level) >= count)
        .expect("spans grow to the whole of u64")
}

/// Accounts under a subtree of that height.
fn span(height: u32) -> u64 {
    SLOTS.saturating_mul(4u64.checked_pow(height).unwrap_or(u64::MAX))
}
