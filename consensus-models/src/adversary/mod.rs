//! Members that do not keep to the protocol, over any protocol.
//!
//! [`Member`] is a protocol instance with a mask before its environment. The
//! instance runs the unmodified code; the mask decides what of it the others
//! get to see: nothing, late, twice, to some of them, or two versions of it. So
//! an adversary works over production code as well. A correct member has no
//! mask, and pays a branch for that.
//!
//! Where an attack needs to know what is said, the protocol helps with one
//! small function: [`Protocol::fork`], [`crate::Message::offers`].
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the behaviours, the member |
//! | `mask.rs` | what a mask remembers, and who hears what |
//! | `shadow.rs` | the world of a second instance with the same name |
//! | `veil.rs` | the environment that the instances see |
//! | `selfish.rs` | blocks kept back to undo those of others |

mod mask;
mod selfish;
mod shadow;
mod veil;

use std::time::Duration;

use crate::block::{Batch, Block, Digest, Height, mix};
use crate::committee::{Committee, FaultModel, ReplicaId, ReplicaSet};
use crate::params::{ParamSpec, Params};
use crate::protocol::{Body, Env, Liveness, Message, Protocol, Recovery, Setup, TimerId, Token};

use mask::Mask;
use veil::Veil;

/// How a member deviates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Says nothing to other members; still listens, executes and answers
    /// clients.
    Silent,
    /// Every message to another member leaves so much later.
    Late(Duration),
    /// Messages that carry bodies of batches reach only so many others, the
    /// next ones after it.
    Withhold(u32),
    /// Checks no signature and no hash: it votes for whatever it is handed, and
    /// pays nothing for it.
    Lazy,
    /// Every message goes out so many times.
    Flood(u32),
    /// Names another state than it has, to members and to clients.
    WrongRoot,
    /// Proposes on an older block where the voters would take it, so that the
    /// blocks since are undone ([`Protocol::fork`]).
    Fork,
    /// Two instances with the same name hear everybody; correct members of one
    /// side hear the second, all others the first, and each is handed half of the
    /// batches: different proposals and votes to different peers. Accomplices tell
    /// each other both stories.
    Equivocate {
        /// Members that equivocate together.
        accomplices: ReplicaSet,
        /// Correct members that hear the second instances.
        side: ReplicaSet,
    },
    /// Two instances with the same name, each in a network of its own: with the
    /// correct members of its side and with the twins' instances of that side.
    /// Bano et al., "Twins: BFT Systems Made Robust", OPODIS 2021.
    Twins {
        /// Members that run twice.
        twins: ReplicaSet,
        /// Correct members that the second instances reach; the first ones
        /// reach all others.
        side: ReplicaSet,
    },
    /// Keeps its blocks back and shows them when they undo those of others.
    /// Eyal, Sirer, "Majority Is Not Enough: Bitcoin Mining Is Vulnerable", FC
    /// 2014, algorithm 1.
    Selfish,
}

/// What the words of second instances are counted as.
const SECOND_INSTANCE: &str = "second-instance-messages";

impl Behaviour {
    /// What it is counted as, one for each time that it changed something: an
    /// attack that never acted has a count of zero.
    #[must_use]
    pub fn deed(&self) -> &'static str {
        match self {
            Self::Silent => "silenced-messages",
            Self::Late(_) => "delayed-messages",
            Self::Withhold(_) => "withheld-messages",
            Self::Lazy => "skipped-checks",
            Self::Flood(_) => "repeated-messages",
            Self::WrongRoot => "false-states",
            Self::Fork => "forked-proposals",
            Self::Equivocate { .. } | Self::Twins { .. } => SECOND_INSTANCE,
            Self::Selfish => "withheld-blocks",
        }
    }
}

/// A behaviour and its time: from `from` on, until before `until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Start, since the run began.
    pub from: Duration,
    /// End.
    pub until: Duration,
    /// What the member does.
    pub behaviour: Behaviour,
}

impl Deviation {
    /// From the start to the end of the run.
    #[must_use]
    pub fn always(behaviour: Behaviour) -> Self {
        Self {
            from: Duration::ZERO,
            until: Duration::MAX,
            behaviour,
        }
    }

    /// Whether it is in force.
    #[must_use]
    pub fn is_active(&self, now: Duration) -> bool {
        self.from <= now && now < self.until
    }
}

/// Which instance of a member speaks: correct members have only the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Face {
    /// The one that drives the ledger.
    #[default]
    First,
    /// Its shadow.
    Second,
}

/// A message and the instance that says it. The face takes no byte on the wire:
/// it stands for the network that the message crosses.
#[derive(Clone, Debug)]
pub struct Faced<M> {
    /// Who says it.
    pub face: Face,
    /// What it says.
    pub message: M,
}

impl<M: Message> Message for Faced<M> {
    fn size(&self) -> u32 {
        self.message.size()
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        self.message.bodies(visit);
    }

    fn kind(&self) -> &'static str {
        self.message.kind()
    }

    fn offers(&self) -> Option<Height> {
        self.message.offers()
    }
}

/// A member of the committee, correct unless its [`Setup`] lists deviations.
#[derive(Debug)]
pub struct Member<P: Protocol> {
    instance: P,
    /// The second instance, where a behaviour has one.
    shadow: Option<P>,
    mask: Option<Box<Mask<P>>>,
}

impl<P: Protocol> Member<P> {
    /// Calls the first instance, and then whatever that made due.
    fn act<E: Env<Self> + ?Sized>(
        &mut self,
        env: &mut E,
        act: impl FnOnce(&mut P, &mut Veil<'_, P, E>),
    ) {
        act(
            &mut self.instance,
            &mut Veil::new(env, self.mask.as_deref_mut(), Face::First),
        );
        if let Some(mask) = &mut self.mask {
            mask.fork(&mut self.instance, env);
        }
    }

    /// Calls the second instance.
    fn act_shadow<E: Env<Self> + ?Sized>(
        &mut self,
        env: &mut E,
        act: impl FnOnce(&mut P, &mut Veil<'_, P, E>),
    ) {
        let Some(shadow) = &mut self.shadow else {
            return;
        };
        act(
            shadow,
            &mut Veil::new(env, self.mask.as_deref_mut(), Face::Second),
        );
        if let Some(mask) = &mut self.mask {
            mask.fork(shadow, env);
        }
    }

    /// Lets the shadow's disk and ledger, which are only pretended, answer.
    fn settle_shadow<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        for _ in 0..shadow::MOST_AT_ONCE {
            let due = self.mask.as_mut().and_then(|mask| mask.shadow.next());
            match due {
                Some(shadow::Due::Durable(token)) => {
                    self.act_shadow(env, |shadow, env| shadow.persisted(token, env));
                }
                Some(shadow::Due::Executed(height, digest)) => {
                    self.act_shadow(env, |shadow, env| shadow.executed(height, digest, env));
                }
                None => return,
            }
        }
        // The rest at the next tick.
        env.set_timer(shadow::TICK, Duration::ZERO);
    }
}

impl<P: Protocol> Protocol for Member<P> {
    type Message = Faced<P::Message>;
    type Record = P::Record;

    const NAME: &'static str = P::NAME;
    const SOURCE: &'static str = P::SOURCE;
    const FAULT_MODEL: FaultModel = P::FAULT_MODEL;
    const GOSSIPS: bool = P::GOSSIPS;
    const CHAINS: bool = P::CHAINS;

    fn params() -> Vec<ParamSpec> {
        P::params()
    }

    fn liveness(committee: Committee, params: &Params) -> Liveness {
        P::liveness(committee, params)
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Self::Record>) -> Self {
        let mask = (!setup.deviations.is_empty()).then(|| Box::new(Mask::new(setup)));
        let doubled = mask.as_ref().is_some_and(|mask| mask.is_doubled());
        Self {
            instance: P::new(setup, recovery),
            shadow: doubled.then(|| P::new(setup, recovery)),
            mask,
        }
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.act(env, |instance, env| instance.start(env));
        self.act_shadow(env, |shadow, env| shadow.start(env));
    }

    fn message<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        said: &Self::Message,
        env: &mut E,
    ) {
        let message = &said.message;
        let (first, second) = match &mut self.mask {
            None => (true, false),
            Some(mask) => mask.hears(from, said, env),
        };
        if first {
            self.act(env, |instance, env| instance.message(from, message, env));
        }
        if second {
            self.act_shadow(env, |shadow, env| shadow.message(from, message, env));
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E) {
        if self.mask.is_none() {
            return self.act(env, |instance, env| instance.timer(timer, env));
        }
        match timer {
            shadow::TICK => self.settle_shadow(env),
            mask::LATE => {
                if let Some(mask) = &mut self.mask {
                    mask.send_late(env);
                }
            }
            TimerId(id) if id & shadow::TIMER_BIT != 0 => {
                let timer = TimerId(id & !shadow::TIMER_BIT);
                self.act_shadow(env, |shadow, env| shadow.timer(timer, env));
            }
            _ => self.act(env, |instance, env| instance.timer(timer, env)),
        }
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        let (first, second) = match &self.mask {
            None => (true, false),
            Some(mask) => mask.takes(&batch, env.now()),
        };
        if first {
            self.act(env, |instance, env| instance.request(batch, env));
        }
        if second {
            self.act_shadow(env, |shadow, env| shadow.request(batch, env));
        }
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        self.act(env, |instance, env| instance.persisted(done, env));
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, digest: Digest, env: &mut E) {
        let lies = self
            .mask
            .as_ref()
            .is_some_and(|mask| mask.is(env.now(), &Behaviour::WrongRoot));
        if lies {
            env.count(Behaviour::WrongRoot.deed(), 1);
        }
        let said = if lies { lie(digest) } else { digest };
        self.act(env, |instance, env| instance.executed(height, said, env));
    }

    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        digest: Digest,
        block: &Block,
        env: &mut E,
    ) {
        self.act(env, |instance, env| {
            instance.transferred(height, digest, block, env);
        });
    }

    fn leader(&self) -> Option<ReplicaId> {
        self.instance.leader()
    }

    fn view(&self) -> u64 {
        self.instance.view()
    }
}

/// The digest that a member with [`Behaviour::WrongRoot`] names instead of this
/// one. All of them name the same, which is the worst they can do.
#[must_use]
pub fn lie(digest: Digest) -> Digest {
    Digest(mix(digest.0, 0x6c69_6573))
}
