//! The log as the crate reads it, and the records from which it comes back.

use std::collections::VecDeque;
use std::time::Duration;

use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::util::limit_size;
use raft::{Error, GetEntriesContext, RaftState, Result, Storage, StorageError};

use super::message::{created, entry_bytes, nanos};
use crate::wire::{NUMBER_BYTES, RECORD_BYTES};

/// The last entry that is no longer in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// Its index, which is its block's height.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// The clock of its block.
    pub created: Duration,
}

/// A record of the write-ahead log: what one step of the crate has to keep.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Term, vote and commit index.
    pub state: Option<HardState>,
    /// The log begins anew after this entry.
    pub base: Option<Base>,
    /// Entries; they replace what the log holds from the first of them on.
    pub entries: Vec<Entry>,
}

impl Record {
    pub(super) fn is_empty(&self) -> bool {
        self.state.is_none() && self.base.is_none() && self.entries.is_empty()
    }

    /// Bytes on the disk.
    pub(super) fn bytes(&self) -> u32 {
        let numbers = 3 * u32::from(self.state.is_some()) + 3 * u32::from(self.base.is_some());
        let entries: u32 = self.entries.iter().map(entry_bytes).sum();
        RECORD_BYTES + NUMBER_BYTES * numbers + entries
    }
}

/// The log with its state; everything the crate asks of a storage.
#[derive(Debug)]
pub(super) struct Log {
    state: HardState,
    voters: ConfState,
    base: Base,
    entries: VecDeque<Entry>,
    /// Height and clock of the ledger: what a snapshot would hold.
    pub(super) ledger: (u64, Duration),
}

impl Log {
    /// The log that these records describe, of a ledger at height `applied`.
    pub(super) fn replay(n: u32, records: &[Record], applied: u64) -> Self {
        let mut log = Self {
            state: HardState::default(),
            voters: ConfState {
                voters: (1..=u64::from(n)).collect(),
                ..ConfState::default()
            },
            base: Base::default(),
            entries: VecDeque::new(),
            ledger: (0, Duration::ZERO),
        };
        for record in records {
            log.apply(record);
        }
        let applied = log.clamp(applied);
        // What was executed was committed, and it is in the log; only the
        // commit index may not have been written since.
        log.state.commit = log.state.commit.clamp(applied, log.last());
        log
    }

    /// `index` within the log.
    pub(super) fn clamp(&self, index: u64) -> u64 {
        index.clamp(self.base.index, self.last())
    }

    pub(super) fn base(&self) -> Base {
        self.base
    }

    pub(super) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    pub(super) fn last(&self) -> u64 {
        self.base.index + self.entries.len() as u64
    }

    pub(super) fn apply(&mut self, record: &Record) {
        if let Some(base) = record.base {
            self.base = base;
            self.entries.clear();
            self.state.commit = self.state.commit.max(base.index);
        }
        if let Some(first) = record.entries.first() {
            let keep = first.index.saturating_sub(self.base.index + 1);
            self.entries.truncate(keep as usize);
            self.entries.extend(record.entries.iter().cloned());
        }
        if let Some(state) = &record.state {
            self.state = state.clone();
        }
    }

    /// Forgets entries up to `index`.
    pub(super) fn compact(&mut self, index: u64) {
        while self.base.index < index
            && let Some(entry) = self.entries.pop_front()
        {
            self.base = Base {
                index: entry.index,
                term: entry.term,
                created: created(&entry).unwrap_or(self.base.created),
            };
        }
    }

    /// All of it as one record.
    pub(super) fn record(&self) -> Record {
        Record {
            state: Some(self.state.clone()),
            base: Some(self.base),
            entries: self.entries.iter().cloned().collect(),
        }
    }
}

impl Storage for Log {
    fn initial_state(&self) -> Result<RaftState> {
        Ok(RaftState::new(self.state.clone(), self.voters.clone()))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> Result<Vec<Entry>> {
        if low <= self.base.index {
            return Err(Error::Store(StorageError::Compacted));
        }
        let place = |index: u64| (index - self.base.index - 1) as usize;
        let range = self.entries.range(place(low)..place(high));
        let mut entries: Vec<Entry> = range.cloned().collect();
        limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> Result<u64> {
        if index == self.base.index {
            return Ok(self.base.term);
        }
        let Some(place) = index.checked_sub(self.base.index + 1) else {
            return Err(Error::Store(StorageError::Compacted));
        };
        let entry = self.entries.get(place as usize);
        entry
            .map(|entry| entry.term)
            .ok_or(Error::Store(StorageError::Unavailable))
    }

    fn first_index(&self) -> Result<u64> {
        Ok(self.base.index + 1)
    }

    fn last_index(&self) -> Result<u64> {
        Ok(self.last())
    }

    /// Only names the ledger's state: the host moves it.
    fn snapshot(&self, request_index: u64, _to: u64) -> Result<Snapshot> {
        let (index, clock) = self.ledger;
        let term = self.term(index);
        match term {
            Ok(term) if index > 0 && index >= request_index => {
                let mut snapshot = Snapshot {
                    data: nanos(clock).to_le_bytes().to_vec().into(),
                    ..Snapshot::default()
                };
                let metadata = snapshot.mut_metadata();
                metadata.index = index;
                metadata.term = term;
                metadata.set_conf_state(self.voters.clone());
                Ok(snapshot)
            }
            _ => Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable)),
        }
    }
}
