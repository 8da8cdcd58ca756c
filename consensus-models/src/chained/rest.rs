//! The rest that some implementations take after a proposal: the leader sleeps
//! where it handles messages, so that it hears what came meanwhile only later.
//! It paces a stable leader; of rotating ones it delays no more than the votes
//! of the one that rests.

use std::collections::VecDeque;

use super::message::Message;
use super::{Chained, REST_TIMER, Rules};
use crate::committee::ReplicaId;
use crate::protocol::Env;

/// Messages kept for a leader that rests; the oldest is lost beyond that, which
/// the protocol survives as it survives a lost message.
const MAX_KEPT: usize = 16_384;

/// Whether this replica rests, and what it will hear then.
#[derive(Debug, Default)]
pub(super) struct Rest {
    on: bool,
    kept: VecDeque<(ReplicaId, Message)>,
}

impl Rest {
    pub(super) fn is_on(&self) -> bool {
        self.on
    }

    /// Keeps a message for later; `false` when nothing holds it back.
    pub(super) fn keep(&mut self, from: ReplicaId, message: &Message) -> bool {
        if self.on {
            if self.kept.len() >= MAX_KEPT {
                self.kept.pop_front();
            }
            self.kept.push_back((from, message.clone()));
        }
        self.on
    }
}

impl<R: Rules> Chained<R> {
    /// This replica has proposed.
    pub(super) fn start_rest<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if !self.config.min_block_delay.is_zero() {
            self.rest.on = true;
            env.set_timer(REST_TIMER, self.config.min_block_delay);
        }
    }

    /// The rest is over: hears what came, until that makes it propose and rest
    /// again.
    pub(super) fn on_rest_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.rest.on = false;
        while !self.rest.on
            && let Some((from, message)) = self.rest.kept.pop_front()
        {
            self.hear(from, &message, env);
        }
    }
}
