//! The environment that an instance sees: that of its host, but for what the
//! mask does to it. A correct member's calls pass straight through.

use std::time::Duration;

use super::mask::Mask;
use super::{Behaviour, Face, Faced, Member, shadow};
use crate::block::{Batch, Block, BlockId, Height};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Proof, Protocol, TimerId, Token, Work};

pub(super) struct Veil<'a, P: Protocol, E: ?Sized> {
    env: &'a mut E,
    mask: Option<&'a mut Mask<P>>,
    face: Face,
}

impl<'a, P: Protocol, E: Env<Member<P>> + ?Sized> Veil<'a, P, E> {
    pub(super) fn new(env: &'a mut E, mask: Option<&'a mut Mask<P>>, face: Face) -> Self {
        Self { env, mask, face }
    }

    fn is_shadow(&self) -> bool {
        self.face == Face::Second
    }

    fn is(&self, behaviour: &Behaviour) -> bool {
        let mask = self.mask.as_ref();
        mask.is_some_and(|mask| mask.is(self.env.now(), behaviour))
    }

    fn timer(&self, timer: TimerId) -> TimerId {
        if self.is_shadow() {
            TimerId(timer.0 | shadow::TIMER_BIT)
        } else {
            timer
        }
    }

    fn plain(message: P::Message) -> Faced<P::Message> {
        Faced {
            face: Face::First,
            message,
        }
    }

    /// The second instance's disk answers at the next tick.
    fn pretend_durable(&mut self, done: Token) {
        if let Some(mask) = &mut self.mask {
            mask.shadow.persist(done);
        }
        self.env.set_timer(shadow::TICK, Duration::ZERO);
    }
}

impl<P: Protocol, E: Env<Member<P>> + ?Sized> Env<P> for Veil<'_, P, E> {
    fn now(&self) -> Duration {
        self.env.now()
    }

    fn rand(&mut self) -> u64 {
        self.env.rand()
    }

    fn send(&mut self, to: ReplicaId, message: P::Message) {
        match &mut self.mask {
            None => self.env.send(to, Self::plain(message)),
            Some(mask) => mask.say(self.face, vec![to], message, self.env),
        }
    }

    fn broadcast(&mut self, message: P::Message) {
        match &mut self.mask {
            None => self.env.broadcast(Self::plain(message)),
            Some(mask) => mask.say(self.face, mask.others(), message, self.env),
        }
    }

    fn multicast(&mut self, to: &[ReplicaId], message: P::Message) {
        match &mut self.mask {
            None => self.env.multicast(to, Self::plain(message)),
            Some(mask) => mask.say(self.face, to.to_vec(), message, self.env),
        }
    }

    fn forward(&mut self, to: ReplicaId, batch: Batch) {
        match &mut self.mask {
            None => self.env.forward(to, batch),
            Some(mask) => mask.forward(to, batch, self.env),
        }
    }

    fn set_timer(&mut self, timer: TimerId, after: Duration) {
        self.env.set_timer(self.timer(timer), after);
    }

    fn cancel_timer(&mut self, timer: TimerId) {
        self.env.cancel_timer(self.timer(timer));
    }

    fn work(&mut self, work: Work) {
        let checks = matches!(work, Work::Verify | Work::VerifyBatch(_) | Work::Hash(_));
        if checks && self.is(&Behaviour::Lazy) {
            self.env.count(Behaviour::Lazy.deed(), 1);
        } else {
            self.env.work(work);
        }
    }

    fn persist(&mut self, record: P::Record, bytes: u32, done: Token) {
        if self.is_shadow() {
            self.pretend_durable(done);
        } else {
            self.env.persist(record, bytes, done);
        }
    }

    fn rewrite(&mut self, records: Vec<P::Record>, bytes: u32, done: Token) {
        if self.is_shadow() {
            self.pretend_durable(done);
        } else {
            self.env.rewrite(records, bytes, done);
        }
    }

    fn commit(&mut self, block: Block) {
        if !self.is_shadow() {
            return self.env.commit(block);
        }
        if let Some(mask) = &mut self.mask {
            mask.shadow.commit(&block);
        }
        self.env.set_timer(shadow::TICK, Duration::ZERO);
    }

    fn prove(&mut self, proof: Proof) {
        if !self.is_shadow() {
            self.env.prove(proof);
        }
    }

    fn hold(&mut self, id: BlockId, created: Duration) {
        if !self.is_shadow() {
            self.env.hold(id, created);
        }
    }

    fn transfer(&mut self, from: ReplicaId, height: Height) {
        // A shadow has no ledger that a snapshot could bring forward.
        if !self.is_shadow() {
            self.env.transfer(from, height);
        }
    }

    fn reject(&mut self, why: &'static str) {
        if !self.is_shadow() {
            self.env.reject(why);
        }
    }

    fn count(&mut self, what: &'static str, by: u64) {
        if !self.is_shadow() {
            self.env.count(what, by);
        }
    }
}
