//! Proofs that a state with a known root holds (or lacks) an account or a record.
//!
//! A proof is a page of the state, the digests beside the path to it, and what
//! else the root hashes. Verifying needs the root alone, and no trust in the prover.

use crate::account::{Account, AccountId};
use crate::hash::{FANOUT, Hash, INNER_BYTES};
use crate::record::Table;
use crate::state::Summary;
use crate::tree::{self, DEPTH_LIMIT, Siblings};
use crate::{pages, records};

/// Evidence about one key of a state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    subject: Subject,
    /// Top first.
    siblings: Siblings,
    /// `None`: the path ends where nothing is.
    page: Option<Vec<u8>>,
    summary: Summary,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Subject {
    Account(AccountId),
    Record { table: u8, key: Vec<u8> },
}

impl Proof {
    pub(crate) fn of_account(
        id: AccountId,
        siblings: Siblings,
        page: Vec<u8>,
        summary: Summary,
    ) -> Proof {
        Proof {
            subject: Subject::Account(id),
            siblings,
            page: Some(page),
            summary,
        }
    }

    pub(crate) fn of_record(
        table: u8,
        key: Vec<u8>,
        siblings: Siblings,
        page: Option<Vec<u8>>,
        summary: Summary,
    ) -> Proof {
        Proof {
            subject: Subject::Record { table, key },
            siblings,
            page,
            summary,
        }
    }

    /// Whether the state with this root holds what the proof says.
    pub fn verify(&self, root: &Hash) -> bool {
        if self.summary.root() != *root {
            return false;
        }
        let summary = &self.summary;
        let (path, depth_fits, expected) = match &self.subject {
            Subject::Account(id) => {
                let (depth, path) = pages::locate(*id, summary.accounts);
                let fits = id.0 < summary.accounts && self.siblings.len() == depth as usize;
                (path, fits, summary.accounts_digest)
            }
            Subject::Record { table, key } => {
                let expected = summary.tables.get(table).copied().unwrap_or_default();
                let fits = self.siblings.len() <= DEPTH_LIMIT as usize;
                (records::path_of(*table, key), fits, expected)
            }
        };
        depth_fits && self.climb(path) == expected
    }

    /// The digest at the top of a path.
    fn climb(&self, path: u128) -> Hash {
        let bottom = self.page.as_deref().map_or(Hash::ZERO, Hash::page);
        let levels: Vec<(u32, &[Hash; FANOUT - 1])> = (0..).zip(&self.siblings).collect();
        levels
            .into_iter()
            .rev()
            .fold(bottom, |below, (depth, siblings)| {
                let mut digests = [0; INNER_BYTES];
                let mut others = siblings.iter();
                for (child, bytes) in digests.chunks_exact_mut(32).enumerate() {
                    let own = child == tree::digit(path, depth);
                    let digest = if own { Some(&below) } else { others.next() };
                    bytes.copy_from_slice(&digest.expect("three siblings and the child").0);
                }
                Hash::inner(&digests)
            })
    }

    /// What the proof says of its account; `None` if it is about a record.
    /// Believe it only after [`Proof::verify`].
    pub fn account(&self) -> Option<Account> {
        match self.subject {
            Subject::Account(id) => pages::account_in_page(self.page.as_deref()?, id),
            Subject::Record { .. } => None,
        }
    }

    /// What the proof says of its record; `None` if it says that there is none, or
    /// is about another table. Believe it only after [`Proof::verify`].
    pub fn record<T: Table>(&self) -> Option<T::Value> {
        match &self.subject {
            Subject::Record { table, key } if *table == T::ID => {
                let value = records::find(self.page.as_deref()?, key)?;
                borsh::from_slice(value).ok()
            }
            _ => None,
        }
    }

    /// Bytes of the digests and the page: what a verifier must be sent.
    pub fn bytes(&self) -> usize {
        let path = self.siblings.len() * (FANOUT - 1) * 32;
        path + self.page.as_ref().map_or(0, Vec::len) + 40 + self.summary.tables.len() * 33
    }
}
