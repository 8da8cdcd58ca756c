//! What it costs to authenticate messages.
//!
//! With signatures, a message is signed once and verified by each receiver.
//! With MACs, sender and receivers hash it instead (the tags themselves cost
//! little), and it carries 8 bytes for each receiver; view changes and new
//! views are signed either way, as in the paper. Certificates are charged as
//! signatures in both cases.

use super::Pbft;
use super::message::{Content, MAC, Message, SIGNATURE, content_size};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Work};

fn is_always_signed(content: &Content) -> bool {
    matches!(content, Content::ViewChange(_) | Content::NewView(_))
}

impl Pbft {
    fn seal<E: Env<Self> + ?Sized>(
        &self,
        content: Content,
        receivers: u32,
        env: &mut E,
    ) -> Message {
        let auth = if self.settings.macs && !is_always_signed(&content) {
            env.work(Work::Hash(content_size(&content)));
            MAC * receivers
        } else {
            env.work(Work::Sign);
            SIGNATURE
        };
        Message { content, auth }
    }

    /// Authenticates and sends to all others.
    pub(super) fn tell_all<E: Env<Self> + ?Sized>(&self, content: Content, env: &mut E) {
        let message = self.seal(content, self.committee.n() - 1, env);
        env.broadcast(message);
    }

    /// Authenticates and sends to one.
    pub(super) fn tell<E: Env<Self> + ?Sized>(&self, to: ReplicaId, content: Content, env: &mut E) {
        let message = self.seal(content, 1, env);
        env.send(to, message);
    }

    /// Checks the authentication of a message that arrived.
    pub(super) fn check<E: Env<Self> + ?Sized>(&self, content: &Content, env: &mut E) {
        if self.settings.macs && !is_always_signed(content) {
            env.work(Work::Hash(content_size(content)));
        } else {
            env.work(Work::Verify);
        }
    }
}
