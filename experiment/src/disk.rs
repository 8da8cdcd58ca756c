//! A replica's disk: a write-ahead log with group commit, and the ledger as of
//! the last durable block. What was not flushed is lost in a crash.

use std::collections::VecDeque;
use std::rc::Rc;

use groma_consensus_models::{BatchId, Block, Token};
use groma_ledger::{Hash, State};

use crate::wire::{BlockOutcome, Snapshot};
use crate::world::Map;

/// The ledger at a height, as the disk holds it.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The last block executed.
    pub block: Block,
    /// The state after it.
    pub state: State,
    /// Its root.
    pub root: Hash,
    /// Bytes of all bodies executed so far.
    pub body_bytes: u64,
}

impl Ledger {
    /// The ledger as a snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            block: self.block.clone(),
            state: self.state.clone(),
            root: self.root,
            body_bytes: self.body_bytes,
        }
    }
}

/// Something to be made durable.
#[derive(Debug)]
pub enum Write<R> {
    /// A record of the protocol.
    Record(R, Token),
    /// The protocol's whole log, replaced.
    Rewrite(Vec<R>, Token),
    /// An executed block, with what its clients are to hear.
    Block(Box<Ledger>, Rc<BlockOutcome>),
    /// A ledger received from another replica.
    Snapshot(Box<Ledger>),
    /// The body of a batch.
    Body(BatchId),
}

/// The disk of one replica.
#[derive(Debug)]
pub struct Disk<R> {
    /// Waiting for the next flush, with their bytes.
    waiting: Vec<Write<R>>,
    waiting_bytes: u64,
    /// Groups whose flush has begun, oldest first.
    flushing: VecDeque<Vec<Write<R>>>,
    busy: bool,
    /// What a crash leaves: the protocol's log ...
    log: Vec<R>,
    /// ... the bodies ...
    bodies: Map<BatchId, ()>,
    /// ... and the ledger.
    ledger: Ledger,
}

impl<R> Disk<R> {
    /// A disk that holds the genesis ledger and an empty log.
    #[must_use]
    pub fn new(ledger: Ledger) -> Self {
        Self {
            waiting: Vec::new(),
            waiting_bytes: 0,
            flushing: VecDeque::new(),
            busy: false,
            log: Vec::new(),
            bodies: Map::default(),
            ledger,
        }
    }

    /// Queues a write. `true` when the disk is idle, so that the caller must
    /// start a flush.
    #[must_use]
    pub fn write(&mut self, write: Write<R>, bytes: u64) -> bool {
        self.waiting.push(write);
        self.waiting_bytes += bytes;
        !std::mem::replace(&mut self.busy, true)
    }

    /// Begins to flush all that waits; returns its bytes.
    pub fn begin(&mut self) -> u64 {
        self.flushing.push_back(std::mem::take(&mut self.waiting));
        std::mem::take(&mut self.waiting_bytes)
    }

    /// A flush is over. `true` when more waits and another must begin.
    #[must_use]
    pub fn end(&mut self) -> bool {
        self.busy = !self.waiting.is_empty();
        self.busy
    }

    /// Takes the oldest flushed group, to be made durable write by write.
    pub fn flushed(&mut self) -> Vec<Write<R>> {
        self.flushing.pop_front().unwrap_or_default()
    }

    /// Makes a record durable.
    pub fn append(&mut self, record: R) {
        self.log.push(record);
    }

    /// Makes a rewritten log durable.
    pub fn replace_log(&mut self, records: Vec<R>) {
        self.log = records;
    }

    /// Makes a body durable.
    pub fn keep_body(&mut self, id: BatchId) {
        self.bodies.insert(id, ());
    }

    /// Deletes a body.
    pub fn drop_body(&mut self, id: BatchId) {
        self.bodies.remove(&id);
    }

    /// Deletes the bodies of which `keep` says no.
    pub fn retain_bodies(&mut self, mut keep: impl FnMut(BatchId) -> bool) {
        self.bodies.retain(|id, ()| keep(*id));
    }

    /// The durable bodies.
    #[must_use]
    pub fn bodies(&self) -> &Map<BatchId, ()> {
        &self.bodies
    }

    /// Makes a ledger durable, unless a later one is.
    pub fn advance(&mut self, ledger: Ledger) {
        if ledger.block.height > self.ledger.block.height {
            self.ledger = ledger;
        }
    }

    /// The durable ledger.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The durable log.
    #[must_use]
    pub fn log(&self) -> &[R] {
        &self.log
    }

    /// Loses what is not durable.
    pub fn crash(&mut self) {
        self.waiting.clear();
        self.waiting_bytes = 0;
        self.flushing.clear();
        self.busy = false;
    }
}
