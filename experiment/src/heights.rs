//! What was made of each height: which block, which state, which answer. Recent
//! heights with their certificates, all others for the whole run as three words.
//!
//! Compares; knows nothing of violations.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use groma_consensus_models::{BlockId, Height, Proof, ReplicaId};
use groma_ledger::Hash;

/// Heights of which certificates and whole roots are kept.
pub(crate) const RECENT: usize = 16_384;

/// Old heights kept in one piece.
const PIECE: u64 = 256;

/// A block as a replica committed it.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) replica: ReplicaId,
    pub(crate) id: BlockId,
    pub(crate) proof: Option<Rc<Proof>>,
}

impl fmt::Display for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "replica {} block {:016x}", self.replica.0, self.id.0)?;
        match &self.proof {
            Some(proof) => write!(
                f,
                " by a {} certificate of view {} signed by {}",
                proof.kind,
                proof.view,
                ids(proof.signers.iter())
            ),
            None => Ok(()),
        }
    }
}

/// Replicas in brackets.
fn ids(replicas: impl Iterator<Item = ReplicaId>) -> String {
    let ids: Vec<u32> = replicas.map(|id| id.0).collect();
    format!("{ids:?}")
}

/// Two blocks of one height, with the certificates that prove them and those who
/// signed both.
fn conflict(height: Height, one: &Committed, other: &Committed) -> String {
    let mut said = format!("height {}: {one}; {other}", height.0);
    if let (Some(a), Some(b)) = (&one.proof, &other.proof) {
        let both = a.signers.iter().filter(|id| b.signers.contains(*id));
        said.push_str(&format!("; both signed by {}", ids(both)));
    }
    said
}

/// How something compares with what was said of its height before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    /// Nothing was said before.
    First,
    /// The same.
    Equal,
    /// Another thing, in words.
    Different(String),
}

/// What was said first of a recent height.
#[derive(Debug, Default)]
struct Facts {
    block: Option<Committed>,
    root: Option<Hash>,
    answer: Option<u64>,
}

/// What was said first of an old height; 0 where nothing was.
#[derive(Clone, Copy, Debug, Default)]
struct Words {
    block: u64,
    root: u64,
    answer: u64,
}

/// What was made of all heights of a run. An old height takes 24 bytes.
#[derive(Debug, Default)]
pub(crate) struct Heights {
    recent: BTreeMap<Height, Facts>,
    old: BTreeMap<u64, Box<[Words; PIECE as usize]>>,
}

/// Where an old height stands: its piece, and the place in it.
fn place(height: Height) -> (u64, usize) {
    (height.0 / PIECE, (height.0 % PIECE) as usize)
}

/// Compares a word with the one before, or keeps it.
fn settle(before: &mut u64, word: u64) -> Result<Seen, u64> {
    match *before {
        0 => {
            *before = word;
            Ok(Seen::First)
        }
        same if same == word => Ok(Seen::Equal),
        other => Err(other),
    }
}

impl Heights {
    /// A replica commits a block at a height.
    pub(crate) fn commit(&mut self, height: Height, made: Committed) -> Seen {
        if let Some(words) = self.old(height) {
            return settle(&mut words.block, made.id.0).unwrap_or_else(|before| {
                let first = format!("block {before:016x}, whose certificate is not kept so long");
                Seen::Different(format!("height {}: {first}; {made}", height.0))
            });
        }
        let block = &mut self.recent(height).block;
        let seen = match block {
            None => {
                *block = Some(made);
                Seen::First
            }
            Some(first) if first.id == made.id => Seen::Equal,
            Some(first) => Seen::Different(conflict(height, first, &made)),
        };
        self.age();
        seen
    }

    /// A replica has this state root after a height.
    pub(crate) fn root(&mut self, height: Height, replica: ReplicaId, root: Hash) -> Seen {
        let said = |first: &dyn fmt::Display| {
            Seen::Different(format!(
                "height {}: replica {} has root {root}, another {first}",
                height.0, replica.0
            ))
        };
        if let Some(words) = self.old(height) {
            return settle(&mut words.root, root.short())
                .unwrap_or_else(|before| said(&format_args!("{before:016x}")));
        }
        let kept = &mut self.recent(height).root;
        let seen = match kept {
            None => {
                *kept = Some(root);
                Seen::First
            }
            Some(first) if *first == root => Seen::Equal,
            Some(first) => said(first),
        };
        self.age();
        seen
    }

    /// A correct replica gives this answer for a height.
    pub(crate) fn answer(&mut self, height: Height, answer: u64) -> Seen {
        let kept = match self.old(height) {
            Some(words) => settle(&mut words.answer, answer),
            None => {
                let kept = &mut self.recent(height).answer;
                match *kept {
                    None => {
                        *kept = Some(answer);
                        Ok(Seen::First)
                    }
                    Some(first) if first == answer => Ok(Seen::Equal),
                    Some(first) => Err(first),
                }
            }
        };
        self.age();
        kept.unwrap_or_else(|first| {
            Seen::Different(format!(
                "height {}: correct replicas answer {first:016x} and {answer:016x}",
                height.0
            ))
        })
    }

    /// What correct replicas answer for a height, if one has.
    pub(crate) fn answered(&self, height: Height) -> Option<u64> {
        if let Some(facts) = self.recent.get(&height) {
            return facts.answer;
        }
        let (piece, at) = place(height);
        let answer = self.old.get(&piece)?[at].answer;
        (answer != 0).then_some(answer)
    }

    /// What is kept of an old height; `None` for a recent one, or one that nothing
    /// was said of.
    fn old(&mut self, height: Height) -> Option<&mut Words> {
        if self.recent.contains_key(&height) {
            return None;
        }
        let (piece, at) = place(height);
        let words = &mut self.old.get_mut(&piece)?[at];
        let known = words.block != 0 || words.root != 0 || words.answer != 0;
        known.then_some(words)
    }

    fn recent(&mut self, height: Height) -> &mut Facts {
        self.recent.entry(height).or_default()
    }

    /// The lowest of too many recent heights becomes an old one.
    fn age(&mut self) {
        if self.recent.len() <= RECENT {
            return;
        }
        let Some((height, facts)) = self.recent.pop_first() else {
            return;
        };
        let (piece, at) = place(height);
        let piece = self
            .old
            .entry(piece)
            .or_insert_with(|| Box::new([Words::default(); PIECE as usize]));
        piece[at] = Words {
            block: facts.block.map_or(0, |first| first.id.0),
            root: facts.root.map_or(0, |root| root.short()),
            answer: facts.answer.unwrap_or(0),
        };
    }
}
