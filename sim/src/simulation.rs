//! The loop: takes events in order and runs the nodes' handlers.

use crate::context::Context;
use crate::engine::Engine;
use crate::event::{Kind, node_of};
use crate::fault::Fault;
use crate::journal::{Entry, EventId, Journal, Mark};
use crate::machine::{MachineSpec, MachineUse};
use crate::network::Network;
use crate::node::{Lane, MachineId, Node, NodeId, Observer};
use crate::parcel::Hold;
use crate::queue::Event;
use crate::seat::{Job, LaneUse};
use crate::strike::schedule;
use crate::time::Time;
use crate::timer::Expiry;

/// Everything that determines a run but the nodes.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The seed of all randomness.
    pub seed: u64,
    /// The machines.
    pub machines: Vec<MachineSpec>,
    /// The machine of every node.
    pub placement: Vec<MachineId>,
    /// What joins the machines.
    pub network: Network,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The run stops once it has handled so many events.
    pub max_events: u64,
}

/// Why a run paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Nothing is left to happen.
    Idle,
    /// Everything up to and including the end asked for has happened.
    Horizon,
    /// [`Setup::max_events`] were handled.
    Limit,
}

/// A run: nodes on machines in virtual time.
pub struct Simulation<N: Node> {
    pub(crate) nodes: Vec<N>,
    pub(crate) hold: Hold<N::Message>,
    pub(crate) engine: Engine<N::Message, N::Observation>,
    pub(crate) faults: Vec<Fault>,
    /// The crashes in force, as (fault, node).
    pub(crate) crashes: Vec<(usize, NodeId)>,
    events: u64,
    max_events: u64,
}

impl<N: Node> Simulation<N> {
    /// A run at time zero: nothing has happened yet.
    ///
    /// # Panics
    /// If the set-up contradicts itself: `placement` names a machine that does
    /// not exist or has not one entry per node, the topology places another
    /// number of machines, or a fault names a node or machine that does not
    /// exist.
    #[must_use]
    pub fn new(setup: Setup, nodes: Vec<N>) -> Self {
        assert!(
            setup.placement.len() == nodes.len(),
            "{} nodes but {} placements",
            nodes.len(),
            setup.placement.len()
        );
        let mut engine = Engine::new(&setup);
        for (number, fault) in setup.faults.iter().enumerate() {
            fault.check(nodes.len(), setup.machines.len());
            schedule(&mut engine, number, fault, setup.faults.len());
        }
        for node in 0..nodes.len() as u32 {
            let order = engine.next_order(node);
            engine.push(Time::ZERO, order, node, Kind::Start.of(0));
        }
        Self {
            nodes,
            hold: Hold::new(),
            engine,
            faults: setup.faults,
            crashes: Vec::new(),
            events: 0,
            max_events: setup.max_events,
        }
    }

    /// Lets everything happen up to and including `end`, where the clock then
    /// stands; with [`Time::MAX`] it stays at the last event. A run may be
    /// carried on with a later end as often as wished, with the same result as
    /// in one go.
    pub fn run_until(&mut self, end: Time, observer: &mut impl Observer<N>) -> Stop {
        while self.events < self.max_events {
            self.fetch_upcoming();
            let Some(event) = self.engine.queue.pop_until(end) else {
                let idle = self.engine.queue.is_empty();
                if end < Time::MAX {
                    self.engine.clock = self.engine.clock.max(end);
                }
                return if idle { Stop::Idle } else { Stop::Horizon };
            };
            self.events += 1;
            self.engine.clock = event.time;
            self.handle(event);
            self.settle(observer);
        }
        Stop::Limit
    }

    /// The clock: the end of the last [`Simulation::run_until`], or the time of
    /// the last event if it stopped at the limit.
    #[must_use]
    pub fn now(&self) -> Time {
        self.engine.clock
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[N] {
        &self.nodes
    }

    /// The nodes, to change them between two calls of `run_until`.
    pub fn nodes_mut(&mut self) -> &mut [N] {
        &mut self.nodes
    }

    /// The nodes, at the end.
    #[must_use]
    pub fn into_nodes(self) -> Vec<N> {
        self.nodes
    }

    /// Events taken from the queue.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Events in the queue.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.engine.queue.len()
    }

    /// Payloads under way: sent, and not yet handled by all their receivers.
    #[must_use]
    pub fn payloads(&self) -> usize {
        self.engine.labels.held()
    }

    /// Bytes of memory that the engine holds for events, payloads (without what
    /// they own elsewhere), timers and queued work, used or not.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.engine.memory() + self.hold.memory()
    }

    /// Messages that came to a node that was up, posts included.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.engine.deliveries
    }

    /// Messages lost, over all machines.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.engine.machines.iter().map(|m| m.dropped).sum()
    }

    /// A digest of all deliveries (time, source, sequence, target, bytes), in
    /// order: equal runs have equal ones.
    #[must_use]
    pub fn fingerprint(&self) -> u128 {
        self.engine.fingerprint.value()
    }

    /// What a lane of a node did from the start of the run to
    /// [`Simulation::now`].
    #[must_use]
    pub fn lane_use(&self, node: NodeId, lane: Lane) -> LaneUse {
        self.engine.lanes[node.index()][lane.index()].usage(self.engine.clock)
    }

    /// The fingerprint every [`crate::TRAIL_STEP`] deliveries so far.
    #[must_use]
    pub fn trail(&self) -> &[Mark] {
        &self.engine.trail
    }

    /// Keeps a journal of what happens from one instant to before another. It
    /// changes nothing in the run.
    pub fn keep_journal(&mut self, from: Time, until: Time) {
        self.engine.journal = Some(Box::new(Journal::new(from, until)));
    }

    /// Takes the entries made since the last call; none without a journal.
    pub fn take_journal(&mut self) -> Vec<Entry> {
        let journal = self.engine.journal.as_deref_mut();
        journal.map_or_else(Vec::new, |journal| std::mem::take(&mut journal.entries))
    }

    /// What a machine did from the start of the run to [`Simulation::now`].
    #[must_use]
    pub fn machine_use(&self, machine: MachineId) -> MachineUse {
        self.engine.usage(machine)
    }

    /// Reads what the events of a newly opened batch will need. The reads do
    /// not wait for each other as those of successive events do.
    #[inline]
    fn fetch_upcoming(&mut self) {
        let engine = &mut self.engine;
        let upcoming = engine.queue.upcoming();
        if upcoming.len() < 2 {
            return;
        }
        let mut sum = 0;
        for event in upcoming {
            if let Some(seat) = engine.seats.get(event.target as usize) {
                sum ^= seat.last_order ^ self.nodes[event.target as usize].touch();
            }
            let (kind, index) = Kind::split(event.what);
            if matches!(kind, Kind::Hand | Kind::Deliver | Kind::Arrive) {
                sum ^= engine.labels.label(index).bytes;
                sum ^= u64::from(self.hold.holds(index));
            }
        }
        std::hint::black_box(sum);
    }

    #[inline(always)]
    fn handle(&mut self, event: Event) {
        let (kind, index) = Kind::split(event.what);
        let Event { order, target, .. } = event;
        match kind {
            Kind::Hand => self.deliver(order, target, index),
            Kind::Deliver => {
                let bytes = self.engine.labels.label(index).bytes;
                self.engine.seats[target as usize].received += bytes;
                self.deliver(order, target, index);
            }
            Kind::Arrive => {
                let passed = self.engine.arrive(target, index);
                if passed > event.time {
                    let what = Kind::Hand.of(index);
                    self.engine.push(passed, order, target, what);
                } else {
                    self.deliver(order, target, index);
                }
            }
            Kind::Depart => self.engine.carry_out(target, index),
            Kind::Timer => self.timer(order, target, index),
            Kind::Lane => {
                let lane = &mut self.engine.lanes[target as usize][index as usize];
                if lane.wake == order {
                    lane.wake = 0;
                    self.serve_lane(target, index);
                }
            }
            Kind::Core => self.serve_machine(target, order),
            Kind::Share => self.engine.share(order),
            Kind::Fault => self.fault(index as usize, target == 1),
            Kind::Start => {
                if !self.engine.seats[target as usize].down {
                    let what = event.what;
                    self.admit(target, Lane::Consensus, Job { order, what });
                }
            }
            Kind::Restart => unreachable!("restarts are jobs, never events"),
        }
    }

    /// Clears away what the last event left behind.
    #[inline(always)]
    fn settle(&mut self, observer: &mut impl Observer<N>) {
        if !self.engine.labels.is_settled() {
            self.hold.settle(&mut self.engine.labels);
        }
        if !self.engine.observations.is_empty() {
            for (node, observation) in self.engine.observations.drain(..) {
                observer.observe(self.engine.clock, node, observation);
            }
        }
    }

    #[inline(always)]
    fn deliver(&mut self, order: u64, target: u32, parcel: u32) {
        let engine = &mut self.engine;
        if engine.seats[target as usize].down {
            let machine = engine.places[target as usize].machine();
            engine.machines[machine].dropped += 1;
            self.hold.release(&mut engine.labels, parcel);
            return;
        }
        let bytes = engine.labels.label(parcel).bytes;
        engine.count_delivery(order, target, bytes);
        let lane = self.nodes[target as usize].lane(self.hold.content(parcel));
        if engine.journal.is_some() {
            let what = self.nodes[target as usize].describe(self.hold.content(parcel));
            let (at, number) = (engine.clock, engine.deliveries - 1);
            engine.note(|| Entry::Delivered {
                event: EventId(order),
                at,
                to: NodeId(target),
                bytes,
                what,
                number,
            });
        }
        let what = Kind::Hand.of(parcel);
        self.admit(target, lane, Job { order, what });
    }

    fn timer(&mut self, order: u64, target: u32, timer: u32) {
        let life = self.engine.seats[target as usize].life;
        match self.engine.timers.come_up(timer, order, life) {
            Expiry::Stale => {}
            Expiry::Moved { to, order } => {
                let what = Kind::Timer.of(timer);
                self.engine.push(to, order, target, what);
            }
            Expiry::Due { key } => {
                let state = &self.nodes[target as usize];
                let lane = state.timer_lane(key);
                let at = self.engine.clock;
                self.engine.note(|| Entry::Expired {
                    event: EventId(order),
                    at,
                    node: NodeId(target),
                    what: state.describe_timer(key),
                });
                let what = Kind::Timer.of(timer);
                self.admit(target, lane, Job { order, what });
            }
        }
    }

    /// Gives a job to a lane: runs it if the lane and a core are free, and
    /// queues it otherwise.
    #[inline]
    pub(crate) fn admit(&mut self, node: u32, lane: Lane, job: Job) {
        let engine = &mut self.engine;
        let index = lane.index() as u32;
        let seat = &engine.seats[node as usize];
        if seat.queued > 0 || seat.busy_until > engine.clock {
            let state = &engine.lanes[node as usize][lane.index()];
            if !state.is_empty() {
                return engine.enqueue(node, index, job);
            }
            if state.free_at > engine.clock {
                engine.enqueue(node, index, job);
                return engine.wake_lane(node, index);
            }
        }
        match engine.core_in_turn(node) {
            Some(core) => {
                self.run(node, index, core, job);
            }
            None => {
                engine.enqueue(node, index, job);
                engine.wait_for_core(node, index);
            }
        }
    }

    /// Runs queued jobs of a lane until the lane is busy, empty or without a
    /// core.
    fn serve_lane(&mut self, node: u32, lane: u32) {
        loop {
            let state = &self.engine.lanes[node as usize][lane as usize];
            if state.is_empty() {
                return;
            }
            if state.free_at > self.engine.clock {
                return self.engine.wake_lane(node, lane);
            }
            let Some(core) = self.engine.core_in_turn(node) else {
                return self.engine.wait_for_core(node, lane);
            };
            self.run_next(node, lane, core);
        }
    }

    /// Cores of a machine may have become free: lanes that wait take them.
    fn serve_machine(&mut self, machine: u32, order: u64) {
        let index = machine as usize;
        if self.engine.machines[index].wake != order {
            return;
        }
        self.engine.machines[index].wake = 0;
        while let Some(&(node, lane)) = self.engine.machines[index].waiting.front() {
            let Some(core) = self.engine.core_for(node) else {
                break;
            };
            self.engine.machines[index].waiting.pop_front();
            self.run_next(node, lane, core);
            self.serve_lane(node, lane);
        }
        self.engine.wake_machine(machine);
    }

    /// Runs the first job in the lane's queue that still stands.
    fn run_next(&mut self, node: u32, lane: u32, core: u32) {
        while let Some(job) = self.engine.dequeue(node, lane) {
            if self.run(node, lane, core, job) {
                return;
            }
        }
    }

    /// Runs one handler now; false if its timer no longer stands.
    #[inline]
    fn run(&mut self, node: u32, lane: u32, core: u32, job: Job) -> bool {
        let (kind, index) = Kind::split(job.what);
        let state = &mut self.nodes[node as usize];
        self.engine.cause = job.order;
        let mut timer = None;
        let mut ctx = Context::new(&mut self.engine, node, core);
        match kind {
            Kind::Hand => {
                let from = NodeId(node_of(job.order));
                state.on_message(from, self.hold.content(index), &mut ctx);
            }
            Kind::Timer => match ctx.fire(index, job.order) {
                Some(key) => {
                    timer = Some(key);
                    state.on_timer(key, &mut ctx);
                }
                None => return false,
            },
            Kind::Start => state.on_start(&mut ctx),
            _ => state.on_restart(&mut ctx),
        }
        let end = ctx.now();
        let engine = &mut self.engine;
        if end > engine.clock {
            engine.lanes[node as usize][lane as usize].hold(engine.clock, end);
            let seat = &mut engine.seats[node as usize];
            seat.busy_until = seat.busy_until.max(end);
        }
        if engine.journal.is_some() {
            let what = match (kind, timer) {
                (Kind::Hand, _) => state.describe(self.hold.content(index)),
                (_, Some(key)) => state.describe_timer(key),
                (Kind::Start, _) => "start",
                _ => "restart",
            };
            let from = engine.clock;
            engine.note(|| Entry::Ran {
                event: EventId(job.order),
                node: NodeId(node),
                lane: Lane::ALL[lane as usize],
                from,
                until: end,
                what,
            });
        }
        // Jobs of one instant may follow each other without an event between,
        // so each must find the contents that those before it sent.
        if !engine.labels.is_settled() {
            self.hold.settle(&mut engine.labels);
        }
        if kind == Kind::Hand {
            self.hold.release(&mut engine.labels, index);
        }
        true
    }
}
