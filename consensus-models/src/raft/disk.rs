//! Writes on their way to the disk, and what may be said once they are there.

use super::log::Record;
use super::message::{RaftBody, entry_bytes};
use super::{Raft, Role};
use crate::block::Height;
use crate::committee::ReplicaId;
use crate::protocol::{Env, Token};

/// Kind 4, term or height 8, vote 4.
const RECORD: u32 = 16;

/// What follows a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Nothing but its being durable.
    Nothing,
    /// The candidate's own vote of this term counts, and it asks the others.
    Campaign(u64),
    /// The vote of this term is told to the candidate.
    Vote(u64, ReplicaId),
    /// The leader of this term hears how far the disk agrees.
    Acknowledge(u64),
    /// The leader of this term hears of the new base.
    Installed(u64),
}

/// A write in the disk's queue.
#[derive(Debug)]
pub(super) struct Write {
    token: Token,
    /// The log is durable up to here once the write is, unless truncated.
    last: Height,
    after: After,
}

impl Raft {
    /// Writes term and vote.
    pub(super) fn write_term<E: Env<Self> + ?Sized>(&mut self, after: After, env: &mut E) {
        self.term_unsaved = false;
        let token = self.queue_write(Height(0), after);
        env.persist(Record::Term(self.term, self.vote), RECORD, token);
    }

    /// Writes the entries from `first` to the end of the log.
    pub(super) fn write_entries<E: Env<Self> + ?Sized>(
        &mut self,
        first: Height,
        after: After,
        env: &mut E,
    ) {
        let entries = self.log.from(first);
        let bytes = RECORD + entries.iter().map(|entry| entry_bytes(entry)).sum::<u32>();
        let token = self.queue_write(self.log.last().height, after);
        env.persist(Record::Entries(entries), bytes, token);
    }

    /// Writes everything anew: term, vote, base and log.
    pub(super) fn write_all<E: Env<Self> + ?Sized>(&mut self, after: After, env: &mut E) {
        let base = self.log.base();
        let entries = self.log.from(base.height.next());
        let bytes = 3 * RECORD + entries.iter().map(|entry| entry_bytes(entry)).sum::<u32>();
        let created = self.log.created(base.height);
        let mut records = vec![
            Record::Term(self.term, self.vote),
            Record::Base(base, created),
        ];
        if !entries.is_empty() {
            records.push(Record::Entries(entries));
        }
        let token = self.queue_write(self.log.last().height, after);
        env.rewrite(records, bytes, token);
    }

    fn queue_write(&mut self, last: Height, after: After) -> Token {
        self.next_token += 1;
        let token = Token(self.next_token);
        self.writes.push_back(Write { token, last, after });
        token
    }

    /// The log above `height` is overwritten: writes under way say no more
    /// about it.
    pub(super) fn limit_durable(&mut self, height: Height) {
        self.durable = self.durable.min(height);
        for write in &mut self.writes {
            write.last = write.last.min(height);
        }
    }

    /// A write is durable.
    pub(super) fn on_written<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        let Some(write) = self.writes.pop_front() else {
            return;
        };
        debug_assert_eq!(write.token, done, "records become durable in order");
        self.durable = self.durable.max(write.last);
        match write.after {
            After::Campaign(term) if term == self.term => self.ask_for_votes(env),
            After::Vote(term, candidate) if term == self.term => {
                env.send(candidate, self.say(RaftBody::VoteReply(true)));
            }
            After::Acknowledge(term) if term == self.term => self.acknowledge(env),
            After::Installed(term) if term == self.term => self.tell_installed(env),
            _ => {}
        }
        if let Role::Leader(_) = self.role {
            self.advance(env);
        }
    }
}
