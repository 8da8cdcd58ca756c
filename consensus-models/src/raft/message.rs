//! What Raft replicas say to each other, and how many bytes it takes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::block::{Batch, Block, Height};
use crate::protocol::{Body, Message};

/// Kind, sender and flags 8, term 8.
const HEADER: u32 = 16;
/// Term 8, proposer 4, clock 8, number of batches 4.
const ENTRY: u32 = 24;

/// A log entry's place: its height and the term in which it was proposed.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Height, which is the log index.
    pub height: Height,
    /// Term.
    pub term: u64,
}

impl Place {
    /// Bytes on the wire: height 8, term 8.
    const BYTES: u32 = 16;
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/t{}", self.height.0, self.term)
    }
}

/// A message with the sender's term.
#[derive(Clone)]
pub struct RaftMessage {
    /// The sender's term; for a pre-vote and its grant the term that the
    /// candidate would enter.
    pub term: u64,
    /// What it says.
    pub body: RaftBody,
}

/// What a message says. RPC names of the paper: RequestVote, AppendEntries,
/// InstallSnapshot.
#[derive(Clone)]
pub enum RaftBody {
    /// Would you vote for a candidate whose log ends so? (Dissertation 9.6.)
    PreVote(Place),
    /// The answer.
    PreVoteReply(bool),
    /// RequestVote: the candidate's log ends so.
    Vote(Place),
    /// The answer.
    VoteReply(bool),
    /// AppendEntries: entries that follow `prev`.
    Append {
        /// The entry before the first one.
        prev: Place,
        /// The entries; none when only the commit index is news.
        entries: Vec<Arc<Block>>,
        /// The leader's commit index.
        commit: Height,
    },
    /// The follower's log agrees with the leader's up to here, on its disk.
    AppendOk(Height),
    /// The follower has no entry at `prev`. Its own entry at `hint` is the
    /// last one that may agree.
    Conflict {
        /// The height of the refused `prev`.
        refused: Height,
        /// Where the logs may agree.
        hint: Place,
    },
    /// The leader is alive.
    Heartbeat {
        /// Number of the heartbeat round.
        round: u64,
        /// Commit index, as far as the follower's log is known to agree.
        commit: Height,
    },
    /// The follower is alive.
    HeartbeatReply {
        /// The round that is answered.
        round: u64,
        /// Highest height received and known to agree in this term.
        received: Height,
        /// Highest of these on its disk.
        durable: Height,
    },
    /// InstallSnapshot: the log begins after this committed entry; the state
    /// comes by state transfer.
    InstallSnapshot {
        /// The last entry that the snapshot includes.
        last: Place,
        /// That entry's clock.
        created: Duration,
    },
    /// The follower's log begins after, or contains on disk, this entry.
    Installed(Place),
    /// Batches that a follower has waited for since it forwarded them.
    Remind(Vec<Batch>),
    /// Those of them that are committed.
    RemindReply(Vec<Batch>),
}

impl Message for RaftMessage {
    /// Header 16, then: places 16 each, heights and rounds 8, flags in the
    /// header, an entry 24 + 40 per batch handle, a reminder 4 + 40 per
    /// handle. Raft trusts its members: nothing is signed.
    fn size(&self) -> u32 {
        HEADER
            + match &self.body {
                RaftBody::PreVote(_) | RaftBody::Vote(_) | RaftBody::Installed(_) => Place::BYTES,
                RaftBody::PreVoteReply(_) | RaftBody::VoteReply(_) => 0,
                RaftBody::Append { entries, .. } => {
                    Place::BYTES
                        + 8
                        + 4
                        + entries.iter().map(|entry| entry_bytes(entry)).sum::<u32>()
                }
                RaftBody::AppendOk(_) => 8,
                RaftBody::Conflict { .. } => 8 + Place::BYTES,
                RaftBody::Heartbeat { .. } => 16,
                RaftBody::HeartbeatReply { .. } => 24,
                RaftBody::InstallSnapshot { .. } => Place::BYTES + 8,
                RaftBody::Remind(batches) | RaftBody::RemindReply(batches) => {
                    4 + Batch::HANDLE_BYTES * batches.len() as u32
                }
            }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        match &self.body {
            RaftBody::Append { entries, .. } => {
                for batch in entries.iter().flat_map(|entry| &entry.batches) {
                    visit(batch, Body::Carried);
                }
            }
            RaftBody::Remind(batches) => {
                for batch in batches {
                    visit(batch, Body::Referenced);
                }
            }
            _ => {}
        }
    }

    fn kind(&self) -> &'static str {
        match self.body {
            RaftBody::PreVote(_) => "pre-vote",
            RaftBody::PreVoteReply(_) => "pre-vote-reply",
            RaftBody::Vote(_) => "vote",
            RaftBody::VoteReply(_) => "vote-reply",
            RaftBody::Append { .. } => "append",
            RaftBody::AppendOk(_) | RaftBody::Conflict { .. } => "append-reply",
            RaftBody::Heartbeat { .. } => "heartbeat",
            RaftBody::HeartbeatReply { .. } => "heartbeat-reply",
            RaftBody::InstallSnapshot { .. } => "install-snapshot",
            RaftBody::Installed(_) => "installed",
            RaftBody::Remind(_) => "remind",
            RaftBody::RemindReply(_) => "remind-reply",
        }
    }
}

/// Bytes of an entry, on the wire as on the disk, without bodies.
pub(super) fn entry_bytes(entry: &Block) -> u32 {
    ENTRY + Batch::HANDLE_BYTES * entry.batches.len() as u32
}

/// Writes an entry as `3/t1[b7 b8]`.
pub(super) fn write_entry(f: &mut fmt::Formatter<'_>, entry: &Block) -> fmt::Result {
    write!(f, "{}/t{}[", entry.height.0, entry.view)?;
    write_batches(f, &entry.batches)?;
    write!(f, "]")
}

fn write_batches(f: &mut fmt::Formatter<'_>, batches: &[Batch]) -> fmt::Result {
    for (position, batch) in batches.iter().enumerate() {
        let space = if position == 0 { "" } else { " " };
        write!(f, "{space}b{}", batch.id.0)?;
    }
    Ok(())
}

/// One short line, for traces.
impl fmt::Debug for RaftMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} t{}", self.kind(), self.term)?;
        match &self.body {
            RaftBody::PreVote(last) | RaftBody::Vote(last) => write!(f, " last {last:?}"),
            RaftBody::PreVoteReply(granted) | RaftBody::VoteReply(granted) => {
                write!(f, " {}", if *granted { "granted" } else { "refused" })
            }
            RaftBody::Append {
                prev,
                entries,
                commit,
            } => {
                write!(f, " after {prev:?}")?;
                for entry in entries {
                    write!(f, " ")?;
                    write_entry(f, entry)?;
                }
                write!(f, " commit {}", commit.0)
            }
            RaftBody::AppendOk(height) => write!(f, " ok {}", height.0),
            RaftBody::Conflict { refused, hint } => {
                write!(f, " conflict at {} hint {hint:?}", refused.0)
            }
            RaftBody::Heartbeat { round, commit } => {
                write!(f, " round {round} commit {}", commit.0)
            }
            RaftBody::HeartbeatReply {
                round,
                received,
                durable,
            } => write!(
                f,
                " round {round} received {} durable {}",
                received.0, durable.0
            ),
            RaftBody::InstallSnapshot { last, .. } | RaftBody::Installed(last) => {
                write!(f, " {last:?}")
            }
            RaftBody::Remind(batches) | RaftBody::RemindReply(batches) => {
                write!(f, " ")?;
                write_batches(f, batches)
            }
        }
    }
}
