//! What crosses the network: the crate's own messages, and reminders of batches.
//! And how a block stands in an entry of the log.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use raft::eraftpb::{self, Entry, MessageType};

use crate::block::{Batch, BatchId, Block, Height};
use crate::committee::ReplicaId;
use crate::protocol::{Body, Message};
use crate::wire::{DIGEST_BYTES, ENVELOPE_BYTES, INDEX_BYTES, NUMBER_BYTES};

/// A message between two replicas.
#[derive(Clone)]
pub enum TikvMessage {
    /// The crate's.
    Raft(Arc<eraftpb::Message>),
    /// Follower: these batches wait for long.
    Remind(Vec<Batch>),
    /// Leader: these of them committed long ago.
    Known(Vec<BatchId>),
}

impl Message for TikvMessage {
    /// The fields that the message's type uses, each at the width that all
    /// protocols share: an index, a term or a commit index is a number; a
    /// handle in an entry weighs [`Batch::HANDLE_BYTES`]. The term of the
    /// sender stands in every message.
    fn size(&self) -> u32 {
        ENVELOPE_BYTES
            + match self {
                Self::Raft(message) => NUMBER_BYTES + fields(message),
                Self::Remind(batches) => INDEX_BYTES + Batch::HANDLE_BYTES * batches.len() as u32,
                Self::Known(ids) => INDEX_BYTES + DIGEST_BYTES * ids.len() as u32,
            }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        match self {
            Self::Raft(message) => {
                for entry in &message.entries {
                    for batch in handles(entry) {
                        visit(&batch, Body::Carried);
                    }
                }
            }
            Self::Remind(batches) => {
                for batch in batches {
                    visit(batch, Body::Referenced);
                }
            }
            Self::Known(_) => {}
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Raft(message) => match message.get_msg_type() {
                MessageType::MsgAppend => "append",
                MessageType::MsgAppendResponse => "append-reply",
                MessageType::MsgHeartbeat => "heartbeat",
                MessageType::MsgHeartbeatResponse => "heartbeat-reply",
                MessageType::MsgRequestVote => "vote",
                MessageType::MsgRequestVoteResponse => "vote-reply",
                MessageType::MsgRequestPreVote => "pre-vote",
                MessageType::MsgRequestPreVoteResponse => "pre-vote-reply",
                MessageType::MsgSnapshot => "install-snapshot",
                _ => "other",
            },
            Self::Remind(_) => "remind",
            Self::Known(_) => "known",
        }
    }
}

fn fields(message: &eraftpb::Message) -> u32 {
    match message.get_msg_type() {
        // Index and term before the entries, commit index, count.
        MessageType::MsgAppend => {
            3 * NUMBER_BYTES + INDEX_BYTES + message.entries.iter().map(entry_bytes).sum::<u32>()
        }
        // Index and commit index; refused: hint and its term.
        MessageType::MsgAppendResponse if message.reject => 4 * NUMBER_BYTES,
        MessageType::MsgAppendResponse => 2 * NUMBER_BYTES,
        MessageType::MsgHeartbeat | MessageType::MsgHeartbeatResponse => NUMBER_BYTES,
        // The last entry, the commit index with its term.
        MessageType::MsgRequestVote | MessageType::MsgRequestPreVote => 4 * NUMBER_BYTES,
        // Index, term, clock, and the voters.
        MessageType::MsgSnapshot => {
            let voters = message
                .get_snapshot()
                .get_metadata()
                .get_conf_state()
                .voters
                .len();
            3 * NUMBER_BYTES + INDEX_BYTES * voters as u32
        }
        _ => NUMBER_BYTES,
    }
}

/// Bytes of an entry on the wire and on the disk: index, term, kind, length,
/// and the block's clock, proposer and handles.
pub(super) fn entry_bytes(entry: &Entry) -> u32 {
    let handles = handles(entry).count() as u32;
    2 * NUMBER_BYTES
        + 2 * INDEX_BYTES
        + if entry.data.is_empty() {
            0
        } else {
            NUMBER_BYTES + INDEX_BYTES + Batch::HANDLE_BYTES * handles
        }
}

impl fmt::Debug for TikvMessage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raft(message) => {
                write!(
                    out,
                    "{} t{} i{} lt{} c{}",
                    self.kind(),
                    message.term,
                    message.index,
                    message.log_term,
                    message.commit
                )?;
                if message.reject {
                    write!(out, " reject hint {}", message.reject_hint)?;
                }
                for entry in &message.entries {
                    let ids: Vec<u64> = handles(entry).map(|batch| batch.id.0).collect();
                    write!(out, " [i{} t{} {ids:?}]", entry.index, entry.term)?;
                }
                if message.get_msg_type() == MessageType::MsgSnapshot {
                    let of = message.get_snapshot().get_metadata();
                    write!(out, " of i{} t{}", of.index, of.term)?;
                }
                Ok(())
            }
            Self::Remind(batches) => write!(out, "Remind({batches:?})"),
            Self::Known(ids) => write!(out, "Known({ids:?})"),
        }
    }
}

/// Clock and proposer.
const HEAD: usize = 12;
/// Name, transactions, bytes.
const HANDLE: usize = 16;

/// The data of an entry: what a leader fills into a block.
pub(super) fn encode(created: Duration, proposer: ReplicaId, batches: &[Batch]) -> Vec<u8> {
    let mut data = Vec::with_capacity(HEAD + HANDLE * batches.len());
    data.extend(nanos(created).to_le_bytes());
    data.extend(proposer.0.to_le_bytes());
    for batch in batches {
        data.extend(batch.id.0.to_le_bytes());
        data.extend(batch.txs.to_le_bytes());
        data.extend(batch.bytes.to_le_bytes());
    }
    data
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn word(data: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&data[at..at + 8]);
    u64::from_le_bytes(bytes)
}

fn half(data: &[u8], at: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&data[at..at + 4]);
    u32::from_le_bytes(bytes)
}

/// The batches of an entry; none in the empty one with which a term begins.
pub(super) fn handles(entry: &Entry) -> impl Iterator<Item = Batch> + '_ {
    let data = entry.data.get(HEAD..).unwrap_or_default();
    data.chunks_exact(HANDLE).map(|handle| Batch {
        id: BatchId(word(handle, 0)),
        txs: half(handle, 8),
        bytes: half(handle, 12),
    })
}

/// When the entry's block was created, where the entry says it.
pub(super) fn created(entry: &Entry) -> Option<Duration> {
    (entry.data.len() >= HEAD).then(|| Duration::from_nanos(word(&entry.data, 0)))
}

/// The block of an entry. The crate's empty entry names neither a clock nor a
/// proposer: it takes the clock of the block `before`, and replica 0.
pub(super) fn block(entry: &Entry, before: Duration) -> Block {
    let proposer = match created(entry) {
        Some(_) => ReplicaId(half(&entry.data, 8)),
        None => ReplicaId(0),
    };
    Block {
        height: Height(entry.index),
        view: entry.term,
        proposer,
        created: created(entry).unwrap_or(before),
        batches: handles(entry).collect(),
    }
}
