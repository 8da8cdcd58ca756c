//! The loop: takes events in order and runs the nodes' handlers.

use crate::context::Context;
use crate::engine::{Engine, Kind, first_order, node_of};
use crate::fault::{Fault, FaultKind};
use crate::machine::{MachineSpec, MachineUse};
use crate::network::Network;
use crate::node::{Lane, MachineId, Node, NodeId, Observer};
use crate::parcel::Hold;
use crate::queue::Event;
use crate::seat::Job;
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
    nodes: Vec<N>,
    hold: Hold<N::Message>,
    engine: Engine<N::Message, N::Observation>,
    faults: Vec<Fault>,
    /// The crashes in force, as (fault, node).
    crashes: Vec<(usize, NodeId)>,
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

    /// Lets everything happen up to and including `end`. A run may be carried
    /// on with a later end as often as wished, with the same result as in one
    /// go.
    pub fn run_until(&mut self, end: Time, observer: &mut impl Observer<N>) -> Stop {
        while self.events < self.max_events {
            let Some(event) = self.engine.queue.pop_until(end) else {
                if self.engine.queue.is_empty() {
                    return Stop::Idle;
                }
                self.engine.clock = self.engine.clock.max(end);
                return Stop::Horizon;
            };
            self.events += 1;
            self.engine.clock = event.time;
            self.handle(event);
            self.settle(observer);
        }
        Stop::Limit
    }

    /// The clock: the time of the last event, or the last horizon reached.
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

    /// What a machine did from the start of the run to [`Simulation::now`].
    #[must_use]
    pub fn machine_use(&self, machine: MachineId) -> MachineUse {
        self.engine.machines[machine.index()].usage(self.engine.clock)
    }

    #[inline]
    fn handle(&mut self, event: Event) {
        let (kind, index) = Kind::split(event.what);
        let Event { order, target, .. } = event;
        match kind {
            Kind::Deliver => self.deliver(order, target, index),
            Kind::Arrive => {
                let passed = self.engine.arrive(target, index);
                if passed > event.time {
                    let what = Kind::Deliver.of(index);
                    self.engine.push(passed, order, target, what);
                } else {
                    self.deliver(order, target, index);
                }
            }
            Kind::Depart => self.engine.carry_out(target, index),
            Kind::Timer => self.timer(order, target, index),
            Kind::Lane => {
                let lane = &mut self.engine.seats[target as usize].lanes[index as usize];
                if lane.wake == order {
                    lane.wake = 0;
                    self.serve_lane(target, index);
                }
            }
            Kind::Core => self.serve_machine(target, order),
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
    #[inline]
    fn settle(&mut self, observer: &mut impl Observer<N>) {
        self.hold.settle(&mut self.engine.labels);
        if !self.engine.observations.is_empty() {
            for (node, observation) in self.engine.observations.drain(..) {
                observer.observe(self.engine.clock, node, observation);
            }
        }
    }

    #[inline]
    fn deliver(&mut self, order: u64, target: u32, parcel: u32) {
        let engine = &mut self.engine;
        let seat = &engine.seats[target as usize];
        if seat.down {
            engine.machines[seat.machine as usize].dropped += 1;
            engine.labels.release(parcel);
            return;
        }
        let bytes = engine.labels.label(parcel).bytes;
        let now = engine.clock.as_nanos();
        engine.fingerprint.absorb(now, order, target, bytes);
        engine.deliveries += 1;
        let lane = self.nodes[target as usize].lane(self.hold.content(parcel));
        let what = Kind::Deliver.of(parcel);
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
                let lane = self.nodes[target as usize].timer_lane(key);
                let what = Kind::Timer.of(timer);
                self.admit(target, lane, Job { order, what });
            }
        }
    }

    /// Gives a job to a lane: runs it if the lane and a core are free, and
    /// queues it otherwise.
    #[inline]
    fn admit(&mut self, node: u32, lane: Lane, job: Job) {
        let engine = &mut self.engine;
        let index = lane.index();
        let seat = &mut engine.seats[node as usize];
        let machine = seat.machine;
        let state = &mut seat.lanes[index];
        if state.waiting || !state.is_empty() {
            engine.jobs.push(state, job);
        } else if state.free_at > engine.clock {
            engine.jobs.push(state, job);
            engine.wake_lane(node, index as u32);
        } else {
            match self.core_in_turn(machine) {
                Some(core) => {
                    self.run(node, index as u32, core, job);
                }
                None => {
                    let state = &mut self.engine.seats[node as usize].lanes[index];
                    self.engine.jobs.push(state, job);
                    self.engine.wait_for_core(node, index as u32);
                }
            }
        }
    }

    /// A core for a lane that has not waited: those that wait come first.
    #[inline]
    fn core_in_turn(&self, machine: u32) -> Option<u32> {
        match self.engine.machines[machine as usize].waiting.is_empty() {
            true => self.engine.core_for(machine),
            false => None,
        }
    }

    /// Runs queued jobs of a lane until the lane is busy, empty or without a
    /// core.
    fn serve_lane(&mut self, node: u32, lane: u32) {
        let machine = self.engine.seats[node as usize].machine;
        loop {
            let state = &mut self.engine.seats[node as usize].lanes[lane as usize];
            if state.is_empty() {
                return;
            }
            if state.free_at > self.engine.clock {
                self.engine.wake_lane(node, lane);
                return;
            }
            let Some(core) = self.core_in_turn(machine) else {
                self.engine.wait_for_core(node, lane);
                return;
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
            let Some(core) = self.engine.core_for(machine) else {
                break;
            };
            self.engine.machines[index].waiting.pop_front();
            self.engine.seats[node as usize].lanes[lane as usize].waiting = false;
            self.run_next(node, lane, core);
            self.serve_lane(node, lane);
        }
        self.engine.wake_machine(machine);
    }

    /// Runs the first job in the lane's queue that still stands.
    fn run_next(&mut self, node: u32, lane: u32, core: u32) {
        loop {
            let engine = &mut self.engine;
            let state = &mut engine.seats[node as usize].lanes[lane as usize];
            let Some(job) = engine.jobs.pop(state) else {
                return;
            };
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
        let mut ctx;
        match kind {
            Kind::Deliver => {
                ctx = Context::new(&mut self.engine, node, core);
                let from = NodeId(node_of(job.order));
                state.on_message(from, self.hold.content(index), &mut ctx);
            }
            Kind::Timer => {
                let Some(key) = self.engine.timers.fire(index, job.order) else {
                    return false;
                };
                ctx = Context::new(&mut self.engine, node, core);
                state.on_timer(key, &mut ctx);
            }
            Kind::Start => {
                ctx = Context::new(&mut self.engine, node, core);
                state.on_start(&mut ctx);
            }
            _ => {
                ctx = Context::new(&mut self.engine, node, core);
                state.on_restart(&mut ctx);
            }
        }
        let end = ctx.now();
        self.engine.seats[node as usize].lanes[lane as usize].free_at = end;
        if kind == Kind::Deliver {
            self.engine.labels.release(index);
        }
        // Jobs of one instant may follow each other without an event between,
        // so each must find the contents that those before it sent.
        self.hold.settle(&mut self.engine.labels);
        true
    }

    fn fault(&mut self, number: usize, heals: bool) {
        let kind = self.faults[number].kind.clone();
        match (&kind, heals) {
            (FaultKind::Crash(nodes), false) => {
                for &node in nodes {
                    self.crashes.push((number, node));
                    if !self.engine.seats[node.index()].down {
                        self.crash(node);
                    }
                }
            }
            (FaultKind::Crash(nodes), true) => {
                for &node in nodes {
                    self.crashes.retain(|&crash| crash != (number, node));
                    self.restart_unless_held(node);
                }
            }
            (FaultKind::Restart(nodes), _) => {
                for &node in nodes {
                    self.crashes.retain(|&(_, crashed)| crashed != node);
                    self.restart_unless_held(node);
                }
            }
            (FaultKind::SlowMachine { machines, .. }, _) => {
                for &machine in machines {
                    self.set_speed(machine);
                }
            }
            (kind, false) => self.engine.disturbances.begin(number, kind),
            (_, true) => self.engine.disturbances.end(number),
        }
    }

    fn crash(&mut self, node: NodeId) {
        let engine = &mut self.engine;
        let seat = &mut engine.seats[node.index()];
        seat.down = true;
        seat.life += 1;
        let machine = seat.machine;
        let now = engine.clock;
        for lane in &mut seat.lanes {
            while let Some(job) = engine.jobs.pop(lane) {
                match Kind::split(job.what) {
                    (Kind::Deliver, parcel) => {
                        engine.machines[machine as usize].dropped += 1;
                        engine.labels.release(parcel);
                    }
                    (Kind::Timer, timer) => {
                        engine.timers.fire(timer, job.order);
                    }
                    _ => {}
                }
            }
            lane.wake = 0;
            lane.waiting = false;
            lane.free_at = now;
        }
        let host = &mut engine.machines[machine as usize];
        host.waiting.retain(|&(waiting, _)| waiting != node.0);
        host.abandon(node.0, now);
        host.wake = 0;
        engine.wake_machine(machine);
        self.nodes[node.index()].on_crash(now);
    }

    fn restart_unless_held(&mut self, node: NodeId) {
        let held = self.crashes.iter().any(|&(_, crashed)| crashed == node);
        if held || !self.engine.seats[node.index()].down {
            return;
        }
        self.engine.seats[node.index()].down = false;
        let order = self.engine.next_order(node.0);
        let what = Kind::Restart.of(0);
        self.admit(node.0, Lane::Consensus, Job { order, what });
    }

    /// Sets a machine's speed to the product of the faults in force now.
    fn set_speed(&mut self, machine: MachineId) {
        let now = self.engine.clock;
        let in_force = self
            .faults
            .iter()
            .filter(|fault| fault.at <= now && fault.until.is_none_or(|until| now < until));
        let factor = in_force.fold(1_000, |product, fault| match &fault.kind {
            FaultKind::SlowMachine {
                machines,
                factor_permille,
            } if machines.contains(&machine) => product * u64::from(*factor_permille) / 1_000,
            _ => product,
        });
        self.engine.machines[machine.index()].factor_permille = factor;
    }
}

/// Queues the beginning and the end of a fault. At one instant all beginnings
/// come before all ends, so that two crashes back to back are one.
fn schedule<M, O>(engine: &mut Engine<M, O>, number: usize, fault: &Fault, faults: usize) {
    let what = Kind::Fault.of(number as u32);
    let order = first_order(0) + 1 + number as u64;
    engine.push(fault.at, order, 0, what);
    if let (Some(until), false) = (fault.until, matches!(fault.kind, FaultKind::Restart(_))) {
        engine.push(until.max(fault.at), order + faults as u64, 1, what);
    }
}
