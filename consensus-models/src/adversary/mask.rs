//! What a mask remembers, and who hears what of an instance.

use std::collections::BTreeMap;
use std::time::Duration;

use super::selfish::Secret;
use super::shadow::Shadow;
use super::{Behaviour, Deviation, Face, Faced, Member, SECOND_INSTANCE};
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

/// What leaves a member.
#[derive(Debug)]
enum Parcel<M> {
    Message(Outgoing<M>),
    /// A batch that another member is to order.
    Batch(ReplicaId, Batch),
}

impl<M> Parcel<M> {
    /// Members that it goes to.
    fn receivers(&self) -> u64 {
        match self {
            Self::Message(outgoing) => outgoing.to.len() as u64,
            Self::Batch(..) => 1,
        }
    }
}

/// Two instances that both speak.
struct Doubled<'a> {
    /// Whether each lives in a network of its own, or both hear everybody.
    apart: bool,
    /// Members that are doubled too: equal instances speak with each other.
    fellows: &'a ReplicaSet,
    /// Correct members that hear the second instance.
    side: &'a ReplicaSet,
}

/// The state behind the deviations of one member.
#[derive(Debug)]
pub(super) struct Mask<P: Protocol> {
    me: ReplicaId,
    committee: Committee,
    deviations: Vec<Deviation>,
    pub(super) shadow: Shadow,
    /// What leaves later, by its time and order.
    held: BTreeMap<(Duration, u64), Parcel<P::Message>>,
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
                Behaviour::Equivocate { .. } | Behaviour::Twins { .. }
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

    /// How the two instances speak, while they do.
    fn doubled(&self, now: Duration) -> Option<Doubled<'_>> {
        self.now(now).find_map(|behaviour| match behaviour {
            Behaviour::Twins { twins, side } => Some(Doubled {
                apart: true,
                fellows: twins,
                side,
            }),
            Behaviour::Equivocate { accomplices, side } => Some(Doubled {
                apart: false,
                fellows: accomplices,
                side,
            }),
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
        let second = match self.doubled(env.now()) {
            Some(both) if both.fellows.contains(from) => said.face == Face::Second,
            Some(both) if both.apart => both.side.contains(from),
            _ => return (true, self.is_doubled()),
        };
        (!second, second)
    }

    /// Which instances are handed a batch: while both speak, each has half, so
    /// that they say different things.
    pub(super) fn takes(&self, batch: &Batch, now: Duration) -> (bool, bool) {
        if self.doubled(now).is_some() {
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
            env.count(SECOND_INSTANCE, to.len() as u64);
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
        let reach = self.now(env.now()).filter_map(|behaviour| match behaviour {
            Behaviour::Withhold(reach) if proposes => Some(*reach),
            _ => None,
        });
        let Some(reach) = reach.min() else {
            return;
        };
        let (me, n, all) = (self.me.0, self.committee.n(), to.len());
        to.retain(|peer| (peer.0 + n - me) % n <= reach);
        if to.len() < all {
            env.count(Behaviour::Withhold(reach).deed(), (all - to.len()) as u64);
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
        if self.secret.is_full() {
            env.count("secrets-given-up", 1);
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
        if let Some(both) = self.doubled(now) {
            to.retain(|peer| both.fellows.contains(*peer) || both.side.contains(*peer) == second);
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

    /// An instance hands a batch on to another member.
    pub(super) fn forward<E: Env<Member<P>> + ?Sized>(
        &mut self,
        to: ReplicaId,
        batch: Batch,
        env: &mut E,
    ) {
        if self.is(env.now(), &Behaviour::Silent) {
            env.count(Behaviour::Silent.deed(), 1);
        } else {
            self.send(Parcel::Batch(to, batch), env);
        }
    }

    /// A message leaves, now or later.
    fn pass<E: Env<Member<P>> + ?Sized>(&mut self, outgoing: Outgoing<P::Message>, env: &mut E) {
        self.send(Parcel::Message(outgoing), env);
    }

    /// Something leaves, now or later.
    fn send<E: Env<Member<P>> + ?Sized>(&mut self, parcel: Parcel<P::Message>, env: &mut E) {
        let now = env.now();
        let late = |behaviour: &Behaviour| match behaviour {
            Behaviour::Late(by) => *by,
            _ => Duration::ZERO,
        };
        let by: Duration = self.now(now).map(late).sum();
        if by.is_zero() {
            return self.leave(parcel, env);
        }
        if self.held.len() >= MOST_HELD {
            env.count("lateness-given-up", 1);
            return self.leave(parcel, env);
        }
        env.count(Behaviour::Late(by).deed(), parcel.receivers());
        self.sequence += 1;
        self.held.insert((now + by, self.sequence), parcel);
        self.arm(env);
    }

    /// Something leaves, once or more.
    fn leave<E: Env<Member<P>> + ?Sized>(&self, parcel: Parcel<P::Message>, env: &mut E) {
        let copies = self.now(env.now()).filter_map(|behaviour| match behaviour {
            Behaviour::Flood(copies) => Some(*copies),
            _ => None,
        });
        let copies = copies.max().unwrap_or(1);
        if copies > 1 {
            let more = u64::from(copies - 1) * parcel.receivers();
            env.count(Behaviour::Flood(copies).deed(), more);
        }
        match parcel {
            Parcel::Message(outgoing) => {
                for _ in 1..copies {
                    env.multicast(&outgoing.to, outgoing.said.clone());
                }
                env.multicast(&outgoing.to, outgoing.said);
            }
            Parcel::Batch(to, batch) => {
                for _ in 0..copies {
                    env.forward(to, batch);
                }
            }
        }
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
            let parcel = entry.remove();
            self.leave(parcel, env);
        }
        self.arm(env);
    }

    pub(super) fn others(&self) -> Vec<ReplicaId> {
        self.committee.others(self.me).collect()
    }
}
