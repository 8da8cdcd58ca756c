//! A recording [`Env`]: what a protocol did in one call, as a list.

use std::rc::Rc;
use std::time::Duration;

use super::rng::SplitMix64;
use crate::block::{Batch, Block, Height};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Protocol, TimerId, Token, Work};

/// One thing that a protocol did through its [`Env`].
#[derive(Debug)]
pub enum Effect<P: Protocol> {
    /// A message to one replica; a broadcast is one of these per receiver,
    /// sharing the payload.
    Send(ReplicaId, Rc<P::Message>),
    /// A batch handed to another replica.
    Forward(ReplicaId, Batch),
    /// A timer armed.
    SetTimer(TimerId, Duration),
    /// A timer disarmed.
    CancelTimer(TimerId),
    /// CPU work charged.
    Work(Work),
    /// A record appended to the write-ahead log.
    Persist(P::Record, Token),
    /// The whole write-ahead log replaced.
    Rewrite(Vec<P::Record>, Token),
    /// A block committed.
    Commit(Block),
    /// A state transfer asked for.
    Transfer(ReplicaId, Height),
    /// A message refused.
    Reject(&'static str),
    /// Something counted.
    Count(&'static str, u64),
}

/// The recording [`Env`] of one call.
pub(super) struct Recorder<'a, P: Protocol> {
    pub(super) me: ReplicaId,
    pub(super) n: u32,
    pub(super) now: Duration,
    pub(super) rng: &'a mut SplitMix64,
    pub(super) effects: Vec<Effect<P>>,
}

impl<P: Protocol> Recorder<'_, P> {
    fn send_shared(&mut self, to: ReplicaId, message: Rc<P::Message>) {
        assert!(
            to != self.me,
            "{:?} sends {:?} to itself",
            self.me,
            message.as_ref()
        );
        assert!(to.0 < self.n, "{to:?} is no member");
        self.effects.push(Effect::Send(to, message));
    }
}

impl<P: Protocol> Env<P> for Recorder<'_, P> {
    fn now(&self) -> Duration {
        self.now
    }

    fn rand(&mut self) -> u64 {
        self.rng.word()
    }

    fn send(&mut self, to: ReplicaId, message: P::Message) {
        self.send_shared(to, Rc::new(message));
    }

    fn broadcast(&mut self, message: P::Message) {
        let message = Rc::new(message);
        for to in (0..self.n).map(ReplicaId).filter(|&to| to != self.me) {
            self.effects.push(Effect::Send(to, Rc::clone(&message)));
        }
    }

    fn multicast(&mut self, to: &[ReplicaId], message: P::Message) {
        let message = Rc::new(message);
        for &to in to {
            self.send_shared(to, Rc::clone(&message));
        }
    }

    fn forward(&mut self, to: ReplicaId, batch: Batch) {
        assert!(to != self.me, "{:?} forwards to itself", self.me);
        self.effects.push(Effect::Forward(to, batch));
    }

    fn set_timer(&mut self, timer: TimerId, after: Duration) {
        self.effects.push(Effect::SetTimer(timer, after));
    }

    fn cancel_timer(&mut self, timer: TimerId) {
        self.effects.push(Effect::CancelTimer(timer));
    }

    fn work(&mut self, work: Work) {
        self.effects.push(Effect::Work(work));
    }

    fn persist(&mut self, record: P::Record, _bytes: u32, done: Token) {
        self.effects.push(Effect::Persist(record, done));
    }

    fn rewrite(&mut self, records: Vec<P::Record>, _bytes: u32, done: Token) {
        self.effects.push(Effect::Rewrite(records, done));
    }

    fn commit(&mut self, block: Block) {
        self.effects.push(Effect::Commit(block));
    }

    fn transfer(&mut self, from: ReplicaId, height: Height) {
        self.effects.push(Effect::Transfer(from, height));
    }

    fn reject(&mut self, why: &'static str) {
        self.effects.push(Effect::Reject(why));
    }

    fn count(&mut self, what: &'static str, by: u64) {
        self.effects.push(Effect::Count(what, by));
    }
}
