//! What becomes of a protocol's effects: messages on their way, writes in the
//! disk's queue, timers, commits.

use std::rc::Rc;
use std::time::Duration;

use super::super::effect::Effect;
use super::super::fault::Fault;
use super::config::Fate;
use super::{Cluster, Commit, Event};
use crate::block::Block;
use crate::committee::ReplicaId;
use crate::protocol::{Message, Protocol};

impl<P: Protocol> Cluster<P> {
    pub(super) fn open(&self, from: ReplicaId, to: ReplicaId) -> bool {
        self.side[from.index()] == self.side[to.index()] && !self.cuts.contains(&(from, to))
    }

    pub(super) fn apply(&mut self, id: ReplicaId, effects: Vec<Effect<P>>) {
        let life = self.hosts[id.index()].life;
        let says = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Send(..) | Effect::Commit(_)));
        for effect in effects {
            let host = &mut self.hosts[id.index()];
            match effect {
                Effect::Send(to, message) => self.send(id, to, message),
                Effect::Forward(to, batch) => self.carry(id, to, |_| Event::Request(batch)),
                Effect::SetTimer(timer, after) => {
                    let at = self.now + after;
                    let generation = host.arm(timer, at);
                    self.push_own(at, id, life, Event::Timer(timer, generation));
                }
                Effect::CancelTimer(timer) => {
                    host.timers.remove(&timer);
                }
                Effect::Persist(record, token) => {
                    host.append(record, token);
                    self.push_write(id);
                }
                Effect::Rewrite(records, token) => {
                    host.rewrite(records, token);
                    self.push_write(id);
                }
                Effect::Commit(block) => self.commit(id, block),
                Effect::Transfer(from, height) => {
                    let generation = host.ask_transfer(from, height);
                    self.push_transfer(id, generation);
                }
                Effect::Reject(why) => *self.rejected.entry(why).or_default() += 1,
                Effect::Count(what, by) => *self.counted.entry(what).or_default() += by,
                Effect::Work(_) => {}
            }
        }
        let torn = says
            && self.torn_permille > 0
            && self.hosts[id.index()].has_waiting_writes()
            && self.rng.chance(self.torn_permille);
        if torn {
            self.fault_at(self.now, Fault::Bounce(id));
        }
    }

    pub(super) fn push_write(&mut self, id: ReplicaId) {
        let done = self.now + self.config.disk.draw(&mut self.rng);
        let done = done.max(self.disk_free[id.index()]);
        self.disk_free[id.index()] = done;
        let life = self.hosts[id.index()].life;
        self.push_own(done, id, life, Event::Durable);
    }

    pub(super) fn commit(&mut self, id: ReplicaId, block: Block) {
        if self.faulty.contains(&id) {
            return;
        }
        let host = &mut self.hosts[id.index()];
        let idle = host.ledger.queue.is_empty();
        let checked = host
            .commit(block.clone())
            .and_then(|()| self.checker.committed(id, &block));
        if let Err(why) = checked {
            self.violation.get_or_insert(why);
            return;
        }
        self.commits[id.index()].push(Commit {
            at: self.now,
            block,
        });
        if idle {
            let life = self.hosts[id.index()].life;
            let at = self.now + self.config.execution.draw(&mut self.rng);
            self.push_own(at, id, life, Event::Execute);
        }
    }

    pub(super) fn send(&mut self, from: ReplicaId, to: ReplicaId, mut message: Rc<P::Message>) {
        *self.sent.entry(message.kind()).or_default() += 1;
        self.sent_bytes += u64::from(message.size());
        let mut extra = Duration::ZERO;
        if let Some(filter) = &mut self.filter {
            match filter(self.now, from, to, &message) {
                Fate::Pass => {}
                Fate::Drop => return,
                Fate::Delay(span) => extra = span,
                Fate::Replace(other) => message = Rc::new(other),
            }
        }
        self.carry_late(from, to, extra, |from| {
            Event::Message(from, Rc::clone(&message))
        });
    }

    pub(super) fn carry(
        &mut self,
        from: ReplicaId,
        to: ReplicaId,
        event: impl Fn(ReplicaId) -> Event<P>,
    ) {
        self.carry_late(from, to, Duration::ZERO, event);
    }

    pub(super) fn carry_late(
        &mut self,
        from: ReplicaId,
        to: ReplicaId,
        extra: Duration,
        event: impl Fn(ReplicaId) -> Event<P>,
    ) {
        if !self.open(from, to) || (self.loss_permille > 0 && self.rng.chance(self.loss_permille)) {
            return;
        }
        let twice = self.config.duplicate_permille;
        let copies = 1 + u32::from(twice > 0 && self.rng.chance(twice));
        for _ in 0..copies {
            let at = self.now + extra + self.config.delay.draw(&mut self.rng);
            self.push_as(at, from.0, to.0, 0, event(from));
        }
    }

    pub(super) fn push_own(&mut self, at: Duration, id: ReplicaId, life: u32, event: Event<P>) {
        self.push_as(at, id.0, id.0, life, event);
    }

    pub(super) fn push(&mut self, at: Duration, source: u32, to: u32, event: Event<P>) {
        self.push_as(at, source, to, 0, event);
    }

    pub(super) fn push_as(
        &mut self,
        at: Duration,
        source: u32,
        to: u32,
        life: u32,
        event: Event<P>,
    ) {
        let slot = source.min(self.config.n) as usize;
        self.sequence[slot] += 1;
        self.events
            .insert((at, source, self.sequence[slot]), (to, life, event));
    }
}
