//! The log in memory and the records that keep it on the disk.
//!
//! Heights are log indices; an entry is a block, whose view is the term. The
//! log begins after its base, an entry known to be committed. Knows nothing
//! of leaders and commits.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::message::{Place, entry_bytes, write_entry};
use crate::block::{Block, Height};
use crate::committee::ReplicaId;

/// What the write-ahead log holds.
#[derive(Clone)]
pub enum Record {
    /// currentTerm and votedFor of the paper.
    Term(u64, Option<ReplicaId>),
    /// Entries; the first one replaces whatever was at its height and above.
    Entries(Vec<Arc<Block>>),
    /// The log begins anew after this entry, whose clock follows.
    Base(Place, Duration),
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term, None) => write!(f, "term {term}"),
            Self::Term(term, Some(vote)) => write!(f, "term {term} vote r{}", vote.0),
            Self::Entries(entries) => {
                write!(f, "entries")?;
                for entry in entries {
                    write!(f, " ")?;
                    write_entry(f, entry)?;
                }
                Ok(())
            }
            Self::Base(base, _) => write!(f, "base {base:?}"),
        }
    }
}

/// The log.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    base: Place,
    base_created: Duration,
    entries: VecDeque<Arc<Block>>,
}

impl Log {
    /// An empty log after `base`.
    pub(super) fn after(base: Place, created: Duration) -> Self {
        Self {
            base,
            base_created: created,
            entries: VecDeque::new(),
        }
    }

    /// The committed entry after which the log begins.
    pub(super) fn base(&self) -> Place {
        self.base
    }

    /// The last entry, or the base.
    pub(super) fn last(&self) -> Place {
        self.entries.back().map_or(self.base, |entry| Place {
            height: entry.height,
            term: entry.view,
        })
    }

    /// The clock of the last entry.
    pub(super) fn last_created(&self) -> Duration {
        self.entries
            .back()
            .map_or(self.base_created, |entry| entry.created)
    }

    /// The entry at `height`, unless it is compacted or not there yet.
    pub(super) fn get(&self, height: Height) -> Option<&Arc<Block>> {
        let index = height.0.checked_sub(self.base.height.0 + 1)?;
        self.entries.get(index as usize)
    }

    /// The place at `height`, base included.
    pub(super) fn place(&self, height: Height) -> Option<Place> {
        if height == self.base.height {
            return Some(self.base);
        }
        self.get(height).map(|entry| Place {
            height,
            term: entry.view,
        })
    }

    /// Whether the log has (or begins after) exactly this entry.
    pub(super) fn has(&self, place: Place) -> bool {
        self.place(place.height) == Some(place)
    }

    /// The clock of the entry at `height`, base included.
    pub(super) fn created(&self, height: Height) -> Duration {
        self.get(height)
            .map_or(self.base_created, |entry| entry.created)
    }

    /// All entries from `height` on.
    pub(super) fn from(&self, height: Height) -> Vec<Arc<Block>> {
        let skip = height.0.saturating_sub(self.base.height.0 + 1) as usize;
        self.entries
            .range(skip.min(self.entries.len())..)
            .cloned()
            .collect()
    }

    /// Entries from `height` on whose bodies make up to `most_bytes`, and the
    /// first one in any case.
    pub(super) fn portion(&self, height: Height, most_bytes: u64) -> Vec<Arc<Block>> {
        let skip = height.0.saturating_sub(self.base.height.0 + 1) as usize;
        let mut bytes = 0;
        let mut portion = Vec::new();
        for entry in self.entries.range(skip.min(self.entries.len())..) {
            bytes += u64::from(entry_bytes(entry));
            bytes += entry
                .batches
                .iter()
                .map(|batch| u64::from(batch.bytes))
                .sum::<u64>();
            if !portion.is_empty() && bytes > most_bytes {
                break;
            }
            portion.push(Arc::clone(entry));
        }
        portion
    }

    /// All entries in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Arc<Block>> {
        self.entries.iter()
    }

    /// Appends an entry, which must follow the last one.
    pub(super) fn push(&mut self, entry: Arc<Block>) {
        debug_assert_eq!(
            entry.height,
            self.last().height.next(),
            "heights are contiguous"
        );
        self.entries.push_back(entry);
    }

    /// Removes the entries at `height` and above, and returns them.
    pub(super) fn truncate(&mut self, height: Height) -> VecDeque<Arc<Block>> {
        let keep = height.0.saturating_sub(self.base.height.0 + 1) as usize;
        self.entries.split_off(keep.min(self.entries.len()))
    }

    /// Moves the base up to `height` and returns the entries that go.
    pub(super) fn compact(&mut self, height: Height) -> VecDeque<Arc<Block>> {
        let Some(entry) = self.get(height).cloned() else {
            return VecDeque::new();
        };
        let rest = self
            .entries
            .split_off((height.0 - self.base.height.0) as usize);
        self.base_created = entry.created;
        self.base = Place {
            height,
            term: entry.view,
        };
        std::mem::replace(&mut self.entries, rest)
    }

    /// The last entry at or below `limit.height` whose term is at most
    /// `limit.term`: no entry above it can agree with a log that has `limit`.
    /// Terms never fall along a log, so the base bounds the search.
    pub(super) fn agreeable(&self, limit: Place) -> Place {
        let within = self
            .entries
            .partition_point(|entry| entry.height <= limit.height && entry.view <= limit.term);
        match within.checked_sub(1) {
            Some(index) => Place {
                height: self.entries[index].height,
                term: self.entries[index].view,
            },
            None => self.base,
        }
    }

    /// Whether a log that ends at `other` is at least as up to date as this
    /// one (section 5.4.1).
    pub(super) fn is_reached_by(&self, other: Place) -> bool {
        let last = self.last();
        (other.term, other.height) >= (last.term, last.height)
    }

    /// Replays records; returns term, vote and log.
    pub(super) fn replay(records: &[Record]) -> (u64, Option<ReplicaId>, Self) {
        let mut log = Self::default();
        let (mut term, mut vote) = (0, None);
        for record in records {
            match record {
                Record::Term(new, voted) => (term, vote) = (*new, *voted),
                Record::Base(base, created) => log = Self::after(*base, *created),
                Record::Entries(entries) => {
                    for entry in entries {
                        log.truncate(entry.height);
                        log.push(Arc::clone(entry));
                    }
                }
            }
        }
        (term, vote, log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(terms: &[u64]) -> Log {
        let mut log = Log::default();
        for (index, &view) in terms.iter().enumerate() {
            log.push(Arc::new(Block {
                height: Height(index as u64 + 1),
                view,
                ..Block::default()
            }));
        }
        log
    }

    fn place(height: u64, term: u64) -> Place {
        Place {
            height: Height(height),
            term,
        }
    }

    #[test]
    fn the_hint_skips_a_whole_term() {
        let log = log(&[1, 1, 2, 2, 2, 5]);
        assert_eq!(log.agreeable(place(9, 1)), place(2, 1));
        assert_eq!(log.agreeable(place(4, 4)), place(4, 2));
        assert_eq!(log.agreeable(place(9, 0)), place(0, 0));
    }

    #[test]
    fn compaction_keeps_the_place_of_the_base() {
        let mut log = log(&[1, 1, 2, 3]);
        assert_eq!(log.compact(Height(3)).len(), 3);
        assert_eq!(log.base(), place(3, 2));
        assert_eq!(log.last(), place(4, 3));
        assert!(log.has(place(3, 2)) && log.place(Height(2)).is_none());
        assert_eq!(log.truncate(Height(4)).len(), 1);
        assert_eq!(log.last(), place(3, 2));
    }

    #[test]
    fn replay_lets_later_entries_replace_earlier_ones() {
        let old = log(&[1, 1, 1]);
        let mut new = log(&[1]);
        new.push(Arc::new(Block {
            height: Height(2),
            view: 4,
            ..Block::default()
        }));
        let records = [
            Record::Term(1, None),
            Record::Entries(old.from(Height(1))),
            Record::Term(4, Some(ReplicaId(2))),
            Record::Entries(new.from(Height(2))),
        ];
        let (term, vote, log) = Log::replay(&records);
        assert_eq!((term, vote), (4, Some(ReplicaId(2))));
        assert_eq!(log.last(), place(2, 4));
    }

    #[test]
    fn a_longer_log_of_an_older_term_is_less_up_to_date() {
        let log = log(&[1, 2]);
        assert!(!log.is_reached_by(place(9, 1)));
        assert!(log.is_reached_by(place(2, 2)));
        assert!(log.is_reached_by(place(1, 3)));
    }
}
