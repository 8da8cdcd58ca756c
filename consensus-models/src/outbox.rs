//! What may be said or done only once a record is durable.
//!
//! Writes become durable in order, so this is a queue: the host's
//! [`persisted`](crate::Protocol::persisted) releases what waited up to its
//! token.

use std::collections::VecDeque;

use crate::protocol::Token;

/// Effects of type `T` that wait for the disk.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    waiting: VecDeque<(Token, T)>,
    writes: u64,
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            writes: 0,
        }
    }
}

impl<T> Outbox<T> {
    /// The token of a new write, after which `then` is due.
    pub(crate) fn push(&mut self, then: T) -> Token {
        self.writes += 1;
        let token = Token(self.writes);
        self.waiting.push_back((token, then));
        token
    }

    /// What is due next, now that `done` is durable; ask until `None`.
    pub(crate) fn pop(&mut self, done: Token) -> Option<T> {
        let (token, _) = self.waiting.front()?;
        if *token > done {
            return None;
        }
        self.waiting.pop_front().map(|(_, then)| then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_come_due_in_order_of_their_writes() {
        let mut outbox = Outbox::default();
        let tokens = ["a", "b", "c"].map(|what| outbox.push(what));
        assert_eq!(outbox.pop(Token(0)), None);
        assert_eq!(outbox.pop(tokens[1]), Some("a"));
        assert_eq!(outbox.pop(tokens[1]), Some("b"));
        assert_eq!(outbox.pop(tokens[1]), None);
        assert_eq!(outbox.pop(tokens[2]), Some("c"));
    }
}
