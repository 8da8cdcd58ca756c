//! What a mask remembers, and who hears what of an instance.

use std::collections::BTreeMap;
use std::time::Duration;

use super::selfish::Secret;
use super::shadow::Shadow;
use super::{Behaviour, Deviation, Face, Faced, Member};
use crate::block::{Batch, Height, mix};
use crate::committee::{Committee, ReplicaId, ReplicaSet};
use crate::protocol::{Body, Env, Message, Protocol, Setup, TimerId};

/// Messages are due that were held back.
pub(super) const LATE: TimerId = TimerId(0xffff_fffe);

/// Messages held back at most; more leave at once.
const MOST_HELD: usize = 100_000;

/// A message with those who are to hear it.
#[derive(Debug)]
pub(super) struct Outgoing<M> {
    pub(super) to: Vec<ReplicaId>,
    pub(super) said: Faced<M>,
}

/// The state behind the deviations of one member.
#[derive(Debug)]
pub(super) struct Mask<P: Protocol> {
    me: ReplicaId,
    committee: Committee,
    deviations: Vec<Deviation>,
    pub(super) shadow: Shadow,
    /// Messages that leave later, by their time and order.
    held: BTreeMap<(Duration, u64), Outgoing<P::Message>>,
    sequence: u64,
    /// What is said in the call under way, of which a fork may replace a part.
    said: Vec<Outgoing<P::Message>>,
    secret: Secret<P::Message>,
}

impl<P: Protocol> Mask<P> {
    pub(super) fn new(setup: &Setup<'_>) -> Self {
        Self {
            me: setup.me,
            committee: setup.committee,
            deviations: setup.deviations.to_vec(),
            shadow: Shadow::default(),
            held: BTreeMap::new(),
            sequence: 0,
            said: Vec::new(),
            secret: Secret::default(),
        }
    }

    /// Whether some behaviour has a second instance.
    pub(super) fn is_doubled(&self) -> bool {
        self.deviations.iter().any(|deviation| {
            matches!(
                deviation.behaviour,
                Behaviour::Equivocate | Behaviour::Twins { .. }
            )
        })
    }

    /// The behaviours in force.
    fn now(&self, now: Duration) -> impl Iterator<Item = &Behaviour> {
        self.deviations
            .iter()
            .filter(move |deviation| deviation.is_active(now))
            .map(|deviation| &deviation.behaviour)
    }

    pub(super) fn is(&self, now: Duration, behaviour: &Behaviour) -> bool {
        self.now(now).any(|active| active == behaviour)
    }

    fn twins(&self, now: Duration) -> Option<(&ReplicaSet, &ReplicaSet)> {
        self.now(now).find_map(|behaviour| match behaviour {
            Behaviour::Twins { twins, side } => Some((twins, side)),
            _ => None,
        })
    }

    /// Which instances hear a message.
    pub(super) fn hears<E: Env<Member<P>> + ?Sized>(
        &mut self,
        from: ReplicaId,
        said: &Faced<P::Message>,
        env: &mut E,
    ) -> (bool, bool) {
        if let Some(height) = said.message.offers()
            && self.is(env.now(), &Behaviour::Selfish)
        {
            for outgoing in self.secret.public(height) {
                self.pass(outgoing, env);
            }
        }
        let second = match self.twins(env.now()) {
            None => return (true, self.is_doubled()),
            Some((twins, _)) if twins.contains(from) => said.face == Face::Second,
            Some((_, side)) => side.contains(from),
        };
        (!second, second)
    }

    /// Which instances are handed a batch: while both speak, each has half, so
    /// that they say different things.
    pub(super) fn takes(&self, batch: &Batch, now: Duration) -> (bool, bool) {
        let doubled = self.twins(now).is_some() || self.is(now, &Behaviour::Equivocate);
        if doubled {
            let first = mix(0x6661_6365, batch.id.0).is_multiple_of(2);
            (first, !first)
        } else {
            (true, self.is_doubled())
        }
    }

    /// An instance says something to `to`.
    pub(super) fn say<E: Env<Member<P>> + ?Sized>(
        &mut self,
        face: Face,
        mut to: Vec<ReplicaId>,
        message: P::Message,
        env: &mut E,
    ) {
        let now = env.now();
        if self.is(now, &Behaviour::Silent) {
            env.count(Behaviour::Silent.deed(), to.len() as u64);
            return;
        }
        self.part(face, &mut to, now);
        if face == Face::Second && !to.is_empty() {
            env.count(Behaviour::Equivocate.deed(), to.len() as u64);
        }
        self.withhold(&mut to, &message, env);
        if to.is_empty() {
            return;
        }
        let said = Faced { face, message };
        let outgoing = Outgoing { to, said };
        if self.is(now, &Behaviour::Fork) {
            self.said.push(outgoing);
            return;
        }
        if self.is(now, &Behaviour::Selfish)
            && let Some(height) = outgoing.said.message.offers()
        {
            return self.offer(height, outgoing, env);
        }
        self.pass(outgoing, env);
    }

    /// Leaves those of `to` whom a withheld proposal reaches.
    fn withhold<E: Env<Member<P>> + ?Sized>(
        &self,
        to: &mut Vec<ReplicaId>,
        message: &P::Message,
        env: &mut E,
    ) {
        let mut proposes = false;
        message.bodies(&mut |_, body| proposes |= body == Body::Carried);
        let Some((behaviour, reach)) =
            self.now(env.now())
                .filter(|_| proposes)
                .find_map(|behaviour| match behaviour {
                    Behaviour::Withhold(reach) => Some((behaviour, *reach)),
                    _ => None,
                })
        else {
            return;
        };
        let (me, n, all) = (self.me.0, self.committee.n(), to.len());
        to.retain(|peer| (peer.0 + n - me) % n <= reach);
        if to.len() < all {
            env.count(behaviour.deed(), (all - to.len()) as u64);
        }
    }

    /// A selfish miner's instance would show a chain of this height.
    fn offer<E: Env<Member<P>> + ?Sized>(
        &mut self,
        height: Height,
        mut outgoing: Outgoing<P::Message>,
        env: &mut E,
    ) {
        let limit = self.secret.limit();
        if height > limit
            && let Some(part) = outgoing.said.message.up_to(limit)
        {
            outgoing.said.message = part;
            return self.pass(outgoing, env);
        }
        let shown = self.secret.own(height, outgoing);
        if shown.is_empty() {
            env.count(Behaviour::Selfish.deed(), 1);
        }
        for outgoing in shown {
            self.pass(outgoing, env);
        }
    }

    /// Leaves those of `to` that this face speaks to.
    fn part(&self, face: Face, to: &mut Vec<ReplicaId>, now: Duration) {
        let second = face == Face::Second;
        if let Some((twins, side)) = self.twins(now) {
            to.retain(|peer| twins.contains(*peer) || side.contains(*peer) == second);
        } else if self.is(now, &Behaviour::Equivocate) {
            to.retain(|peer| (peer.0 % 2 == 1) == second);
        } else if second {
            to.clear();
        }
    }

    /// Sends what was said in the last call, or what a fork puts in its place.
    pub(super) fn fork<E: Env<Member<P>> + ?Sized>(&mut self, instance: &mut P, env: &mut E) {
        for mut outgoing in std::mem::take(&mut self.said) {
            if let Some(other) = instance.fork(&outgoing.said.message) {
                env.count(Behaviour::Fork.deed(), 1);
                outgoing.said.message = other;
            }
            self.pass(outgoing, env);
        }
    }

    /// A message leaves: now or later, once or more.
    fn pass<E: Env<Member<P>> + ?Sized>(&mut self, outgoing: Outgoing<P::Message>, env: &mut E) {
        let now = env.now();
        let late = self.now(now).find_map(|behaviour| match behaviour {
            Behaviour::Late(by) => Some((*by, behaviour.deed())),
            _ => None,
        });
        if let Some((by, deed)) = late
            && self.held.len() < MOST_HELD
        {
            env.count(deed, outgoing.to.len() as u64);
            self.sequence += 1;
            self.held.insert((now + by, self.sequence), outgoing);
            return self.arm(env);
        }
        let copies = self.now(now).find_map(|behaviour| match behaviour {
            Behaviour::Flood(copies) => Some((*copies, behaviour.deed())),
            _ => None,
        });
        if let Some((copies, deed)) = copies {
            let more = u64::from(copies.saturating_sub(1));
            env.count(deed, more * outgoing.to.len() as u64);
        }
        for _ in 1..copies.map_or(1, |(copies, _)| copies) {
            env.multicast(&outgoing.to, outgoing.said.clone());
        }
        env.multicast(&outgoing.to, outgoing.said);
    }

    fn arm<E: Env<Member<P>> + ?Sized>(&mut self, env: &mut E) {
        if let Some(((due, _), _)) = self.held.first_key_value() {
            let after = due.saturating_sub(env.now());
            env.set_timer(LATE, after);
        }
    }

    /// Sends what is due.
    pub(super) fn send_late<E: Env<Member<P>> + ?Sized>(&mut self, env: &mut E) {
        let now = env.now();
        while let Some(entry) = self.held.first_entry()
            && entry.key().0 <= now
        {
            let outgoing = entry.remove();
            env.multicast(&outgoing.to, outgoing.said);
        }
        self.arm(env);
    }

    pub(super) fn others(&self) -> Vec<ReplicaId> {
        self.committee.others(self.me).collect()
    }
}
