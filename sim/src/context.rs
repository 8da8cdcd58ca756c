//! What a handler may do: the only way from a node to the world.

use crate::bundle::{Bundle, Effect};
use crate::engine::Engine;
use crate::event::Kind;
use crate::journal::{Entry, EventId};
use crate::node::{MachineId, Node, NodeId};
use crate::parcel::NONE;
use crate::rng::NodeRng;
use crate::time::{Span, Time};
use rand::Rng;

/// The world as a handler sees it.
///
/// The handler's clock starts at the instant at which its lane and a core
/// were free, and moves on by what it spends. Messages, posts and observations
/// leave at the clock of the moment of the call; if the process crashes before
/// that instant, they never leave. The node's own state, timers included,
/// changes at the handler's start, since the handler's code runs then.
pub struct Context<'a, N: Node> {
    engine: &'a mut Engine<N::Message, N::Observation>,
    node: u32,
    /// The core that the handler occupies; [`NONE`] if CPU is free.
    core: u32,
    now: Time,
    /// The bundle that leaves at `now`; [`NONE`] until there is one.
    bundle: u32,
}

impl<'a, N: Node> Context<'a, N> {
    #[inline]
    pub(crate) fn new(
        engine: &'a mut Engine<N::Message, N::Observation>,
        node: u32,
        core: u32,
    ) -> Self {
        let now = engine.clock;
        Self {
            engine,
            node,
            core,
            now,
            bundle: NONE,
        }
    }

    /// The key of the timer whose job is next, if it still stands.
    pub(crate) fn fire(&mut self, timer: u32, order: u64) -> Option<u64> {
        self.engine.timers.fire(timer, order)
    }

    /// The handler's clock: when it started plus what it spent so far.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// The node that runs.
    #[must_use]
    pub fn id(&self) -> NodeId {
        NodeId(self.node)
    }

    /// The machine on which it runs.
    #[must_use]
    pub fn machine(&self) -> MachineId {
        self.engine.machine_of(self.node)
    }

    /// 64 random bits from the node's own generator.
    #[inline]
    pub fn random(&mut self) -> u64 {
        self.rng().next_u64()
    }

    /// The node's own generator.
    #[inline]
    pub fn rng(&mut self) -> &mut NodeRng {
        &mut self.engine.seats[self.node as usize].rng
    }

    /// Sends a message of so many bytes to another node (or itself, which
    /// takes the loopback's time).
    #[inline]
    pub fn send(&mut self, to: NodeId, message: N::Message, bytes: u64) {
        let parcel = self.engine.accept(self.node, message, bytes, 1);
        if self.is_at_clock() {
            self.engine.depart(self.node, to.0, parcel);
        } else {
            let to = to.0;
            self.bundle().effects.push(Effect::Send { to, parcel });
        }
    }

    /// Sends one message to several nodes, in this order; each copy has so
    /// many bytes, and all share one payload.
    pub fn multicast(&mut self, to: &[NodeId], message: N::Message, bytes: u64) {
        if to.is_empty() {
            return;
        }
        let parcel = self.engine.accept(self.node, message, bytes, to.len());
        if self.is_at_clock() {
            for target in to {
                self.engine.depart(self.node, target.0, parcel);
            }
            return;
        }
        let bundle = self.bundle();
        let start = bundle.targets.len() as u32;
        bundle.targets.extend(to.iter().map(|target| target.0));
        let end = bundle.targets.len() as u32;
        bundle
            .effects
            .push(Effect::Multicast { parcel, start, end });
    }

    /// Hands a message to the node itself, for the lane that serves it. It
    /// comes at the very instant at which it leaves and passes no network.
    pub fn post(&mut self, message: N::Message) {
        let parcel = self.engine.labels.accept(message, 0, Span::ZERO, 1);
        if self.is_at_clock() {
            self.engine.post(self.node, parcel);
        } else {
            self.bundle().effects.push(Effect::Post { parcel });
        }
    }

    /// Sets a timer to expire after this span. It replaces a timer with the
    /// same key, even one that has expired but still waits for its lane.
    pub fn set_timer(&mut self, key: u64, after: Span) {
        self.set_timer_at(key, self.now + after);
    }

    /// Sets a timer to expire at this instant, or now if that has passed.
    pub fn set_timer_at(&mut self, key: u64, at: Time) {
        let at = at.max(self.now);
        let order = self.engine.next_order(self.node);
        let life = self.engine.seats[self.node as usize].life;
        let (now, cause) = (self.now, self.engine.cause);
        self.engine.note(|| Entry::Armed {
            event: EventId(order),
            cause: EventId(cause),
            at: now,
            due: at,
        });
        let timers = &mut self.engine.timers;
        if let Some(timer) = timers.set(self.node, life, key, at, order) {
            self.engine
                .push(at, order, self.node, Kind::Timer.of(timer));
        }
    }

    /// Cancels the timer with this key, if it is set; a timer that has
    /// expired but still waits for its lane does not fire either.
    pub fn cancel_timer(&mut self, key: u64) {
        self.engine.timers.cancel(self.node, key);
    }

    /// Works serially for this long, on the lane and on one core. A core is
    /// held until the handler's last work is done, also across
    /// [`Context::wait`].
    ///
    /// `what` names the work in journals.
    #[inline]
    pub fn spend_on(&mut self, what: &'static str, work: Span) {
        if self.core == NONE || work.is_zero() {
            return;
        }
        let machine = self.machine().index();
        let machine = &mut self.engine.machines[machine];
        let done = machine.work(self.core as usize, self.node, self.now, work);
        self.note_spent(what, done, done.saturating_since(self.now));
        self.advance_to(done);
    }

    /// [`Context::spend_on`] work that needs no name.
    #[inline]
    pub fn spend(&mut self, work: Span) {
        self.spend_on("work", work);
    }

    /// Works on `items` equal pieces, spread over the handler's core and those
    /// that are idle now, and waits for all of them: with k cores this takes
    /// ceil(`items` / k) times `each`. No other core helps while a lane waits
    /// for one.
    ///
    /// `what` names the work in journals.
    pub fn spend_parallel_on(&mut self, what: &'static str, items: u32, each: Span) {
        if self.core == NONE || each.is_zero() {
            return;
        }
        let machine = self.machine().index();
        let machine = &mut self.engine.machines[machine];
        let core = self.core as usize;
        let cpu = machine.slowed(each) * u64::from(items);
        let done = machine.work_parallel(core, self.node, self.now, items, each);
        self.note_spent(what, done, cpu);
        self.advance_to(done);
    }

    /// [`Context::spend_parallel_on`] work that needs no name.
    pub fn spend_parallel(&mut self, items: u32, each: Span) {
        self.spend_parallel_on("work", items, each);
    }

    /// Waits for something that is not a core, such as a disk: the lane is
    /// held, the core is not, unless the handler works again afterwards.
    ///
    /// `what` names the wait in journals.
    pub fn wait_on(&mut self, what: &'static str, span: Span) {
        self.note_spent(what, self.now + span, Span::ZERO);
        self.advance_to(self.now + span);
    }

    /// [`Context::wait_on`] something that needs no name.
    pub fn wait(&mut self, span: Span) {
        self.wait_on("wait", span);
    }

    #[inline]
    fn note_spent(&mut self, what: &'static str, until: Time, cpu: Span) {
        let (node, from, event) = (self.id(), self.now, EventId(self.engine.cause));
        self.engine.note(|| Entry::Spent {
            event,
            node,
            what,
            from,
            until,
            cpu,
        });
    }

    /// Tells the observer something, stamped with the handler's clock.
    #[inline]
    pub fn emit(&mut self, observation: N::Observation) {
        if self.is_at_clock() {
            let id = self.id();
            self.engine.observations.push((id, observation));
        } else {
            self.bundle().effects.push(Effect::Emit(observation));
        }
    }

    /// Tells the observer something, stamped with the instant at which the
    /// handler began, whatever it has spent since. Unlike [`Context::emit`] it
    /// never makes an event, so a run with and without it is the same run.
    #[inline]
    pub fn emit_at_start(&mut self, observation: N::Observation) {
        let id = self.id();
        self.engine.observations.push((id, observation));
    }

    #[inline]
    fn advance_to(&mut self, now: Time) {
        if now != self.now {
            self.now = now;
            self.bundle = NONE;
        }
    }

    #[inline]
    fn is_at_clock(&self) -> bool {
        self.now == self.engine.clock
    }

    /// The bundle that leaves at `now`, a new one if there is none yet.
    fn bundle(&mut self) -> &mut Bundle<N::Observation> {
        if self.bundle == NONE {
            let life = self.engine.seats[self.node as usize].life;
            let cause = self.engine.cause;
            self.bundle = self.engine.bundles.open(life, cause);
            let order = self.engine.next_order(self.node);
            let what = Kind::Depart.of(self.bundle);
            self.engine.push(self.now, order, self.node, what);
        }
        self.engine.bundles.get_mut(self.bundle)
    }
}
