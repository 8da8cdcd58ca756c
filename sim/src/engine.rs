//! The state of a run apart from the nodes themselves and the contents of
//! their messages: what a handler's context may touch.

use crate::bundle::{Bundles, Effect};
use crate::disturbance::Disturbances;
use crate::event::{Kind, SEQUENCE_BITS, node_source, order_before_first};
use crate::fault::{Fault, FaultKind};
use crate::fingerprint::Fingerprint;
use crate::journal::{Entry, EventId, Journal, Mark, TRAIL_STEP};
use crate::machine::{Machine, MachineUse};
use crate::network::Wires;
use crate::node::{Lane, MachineId, NodeId};
use crate::parcel::{Labels, NONE};
use crate::pipe::Pipes;
use crate::queue::{Event, EventQueue};
use crate::rng::{NodeRng, Streams};
use crate::seat::{Job, Jobs, LaneState, Place, Seat};
use crate::sharing::{Cargo, Flows};
use crate::simulation::Setup;
use crate::time::{Span, Time};
use crate::timer::Timers;
use crate::window::Windows;

/// Everything of a run but nodes and contents. `M` and `O` are the nodes'
/// messages and observations.
#[derive(Debug)]
pub(crate) struct Engine<M, O> {
    pub(crate) clock: Time,
    pub(crate) queue: EventQueue,
    pub(crate) seats: Vec<Seat>,
    pub(crate) places: Vec<Place>,
    pub(crate) lanes: Vec<[LaneState; Lane::COUNT]>,
    pub(crate) machines: Vec<Machine>,
    /// The nodes of every machine.
    residents: Vec<Vec<u32>>,
    pub(crate) wires: Wires,
    pub(crate) pipes: Pipes,
    windows: Windows,
    /// The connections, if they share the interfaces fairly.
    flows: Flows,
    pub(crate) disturbances: Disturbances,
    pub(crate) labels: Labels<M>,
    pub(crate) bundles: Bundles<O>,
    pub(crate) timers: Timers,
    pub(crate) jobs: Jobs,
    /// What was emitted at the clock and not yet shown to the observer.
    pub(crate) observations: Vec<(NodeId, O)>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) deliveries: u64,
    /// The order of the event whose handler runs, or whose bundle leaves.
    pub(crate) cause: u64,
    pub(crate) journal: Option<Box<Journal>>,
    /// The fingerprint every [`TRAIL_STEP`] deliveries.
    pub(crate) trail: Vec<Mark>,
}

impl<M, O> Engine<M, O> {
    pub(crate) fn new(setup: &Setup) -> Self {
        check(setup);
        let streams = Streams::new(setup.seed);
        let nodes = setup.placement.len() as u32;
        let places = setup.placement.iter().map(|&machine| {
            let region = setup.network.topology.region(machine);
            Place::new(machine, region, &setup.machines[machine.index()])
        });
        let seats = (0..nodes).map(|node| {
            let rng = NodeRng::from_stream(&mut streams.stream("node", u64::from(node)));
            Seat::new(order_before_first(node_source(node)), rng)
        });
        let machines = (node_source(nodes)..)
            .zip(&setup.machines)
            .map(|(source, spec)| Machine::new(spec, order_before_first(source)));
        let wires = Wires::new(&setup.network, &streams);
        let rates = setup
            .machines
            .iter()
            .map(|spec| (spec.egress_bps, spec.ingress_bps));
        let last_source = node_source(nodes) + setup.machines.len() as u32;
        let flows = Flows::new(
            setup.network.sharing,
            rates,
            order_before_first(last_source),
        );
        let mut residents = vec![Vec::new(); setup.machines.len()];
        for (node, machine) in (0..nodes).zip(&setup.placement) {
            residents[machine.index()].push(node);
        }
        Self {
            clock: Time::ZERO,
            queue: EventQueue::new(),
            seats: seats.collect(),
            places: places.collect(),
            lanes: vec![[const { LaneState::IDLE }; Lane::COUNT]; nodes as usize],
            machines: machines.collect(),
            residents,
            pipes: pipes(setup, &wires),
            windows: Windows::new(setup.network.windows, setup.machines.len()),
            wires,
            flows,
            disturbances: Disturbances::new(nodes as usize),
            labels: Labels::new(),
            bundles: Bundles::new(),
            timers: Timers::new(),
            jobs: Jobs::new(),
            observations: Vec::new(),
            fingerprint: Fingerprint::new(),
            deliveries: 0,
            cause: 0,
            journal: None,
            trail: Vec::new(),
        }
    }

    /// Notes an entry if anybody asked for a journal.
    #[inline(always)]
    pub(crate) fn note(&mut self, entry: impl FnOnce() -> Entry) {
        if let Some(journal) = &mut self.journal {
            journal.note(self.clock, entry());
        }
    }

    /// Counts a delivery at the clock.
    #[inline(always)]
    pub(crate) fn count_delivery(&mut self, order: u64, target: u32, bytes: u64) {
        let now = self.clock.as_nanos();
        self.fingerprint.absorb(now, order, target, bytes);
        self.deliveries += 1;
        if self.deliveries.is_multiple_of(TRAIL_STEP) {
            self.trail.push(self.mark());
        }
    }

    /// Where the run stands.
    #[cold]
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            deliveries: self.deliveries,
            at: self.clock,
            fingerprint: self.fingerprint.value(),
        }
    }

    /// The order of the next event that a node causes.
    #[inline(always)]
    pub(crate) fn next_order(&mut self, node: u32) -> u64 {
        let last = &mut self.seats[node as usize].last_order;
        *last += 1;
        *last
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, time: Time, order: u64, target: u32, what: u32) {
        self.queue.push(Event {
            time,
            order,
            target,
            what,
        });
    }

    /// Accepts a payload from `node` of which so many copies will leave.
    #[inline]
    pub(crate) fn accept(&mut self, node: u32, content: M, bytes: u64, copies: usize) -> u32 {
        let place = self.places[node as usize];
        let transmit = match place.egress_is_infinite() {
            true => Span::ZERO,
            false => self.machines[place.machine()].egress.transmit(bytes),
        };
        self.labels.accept(content, bytes, transmit, copies as u32)
    }

    /// A copy of a parcel leaves `from` for `to` now.
    #[inline]
    pub(crate) fn depart(&mut self, from: u32, to: u32, parcel: u32) {
        let order = self.next_order(from);
        let sender = self.places[from as usize];
        let receiver = self.places[to as usize];
        if sender.machine() == receiver.machine() {
            let trip = self.judged(from, to, order, self.wires.loopback);
            let came = trip.map(|trip| self.clock + trip);
            self.note_sent(order, to, parcel, (self.clock, Span::ZERO), came);
            return match trip {
                Some(trip) => self.push(self.clock + trip, order, to, Kind::Hand.of(parcel)),
                None => self.lose(sender, parcel),
            };
        }
        if self.flows.hold(sender.machine(), receiver.machine()) {
            return self.board(order, (from, to), parcel);
        }
        let label = self.labels.label(parcel);
        let first_bit = if sender.egress_is_infinite() {
            self.seats[from as usize].sent += label.bytes;
            self.clock
        } else {
            let egress = &mut self.machines[sender.machine()].egress;
            egress.serve(self.clock, label.bytes, label.transmit)
        };
        let trip = self.wires.trip(sender, receiver, order);
        let Some(trip) = trip.and_then(|trip| self.judged(from, to, order, trip)) else {
            self.note_sent(order, to, parcel, (first_bit, label.transmit), None);
            return self.lose(sender, parcel);
        };
        let (a, b) = (sender.machine(), receiver.machine());
        let out = first_bit;
        let first_bit = match self.windows.wait((a, b), out, label.bytes, trip + trip) {
            Some(wait) => out + wait + trip,
            None => self.pipes.pass(a, b, out + trip, label.transmit),
        };
        self.note_sent(order, to, parcel, (out, label.transmit), Some(first_bit));
        if receiver.ingress_is_infinite() {
            let last_bit = first_bit + label.transmit;
            self.push(last_bit, order, to, Kind::Deliver.of(parcel));
        } else {
            self.push(first_bit, order, to, Kind::Arrive.of(parcel));
        }
    }

    /// The same where connections share the interfaces: the copy joins those of
    /// its pair of machines.
    fn board(&mut self, order: u64, (from, to): (u32, u32), parcel: u32) {
        let sender = self.places[from as usize];
        let receiver = self.places[to as usize];
        let (a, b) = (sender.machine(), receiver.machine());
        let bytes = self.labels.label(parcel).bytes;
        let trip = self.wires.trip(sender, receiver, order);
        let trip = trip.and_then(|trip| self.judged(from, to, order, trip));
        let wait = trip.and_then(|trip| {
            let clock = self.clock;
            self.windows.wait((a, b), clock, bytes, trip + trip)
        });
        let cargo = Cargo {
            order,
            cause: self.cause,
            from,
            to,
            parcel,
            bytes,
            at: self.clock,
            out: self.clock,
            trip: trip.map(|trip| trip + wait.unwrap_or(Span::ZERO)),
            loose: wait.is_some(),
        };
        if sender.egress_is_infinite() {
            self.seats[from as usize].sent += bytes;
            if trip.is_none() {
                return self.land(cargo);
            }
        } else {
            self.machines[a].egress.count(bytes);
        }
        self.flows.settle(self.clock, &mut self.machines);
        self.flows.board(a, b, cargo);
        if !self.flows.changed {
            self.flows.changed = true;
            self.wake_flows(self.clock);
        }
    }

    fn wake_flows(&mut self, at: Time) {
        self.flows.last_order += 1;
        self.flows.wake = self.flows.last_order;
        self.push(at, self.flows.wake, NONE, Kind::Share.of(0));
    }

    /// Messages came, or the first that is under way has left: what has left
    /// lands, and the rest share the interfaces anew.
    pub(crate) fn share(&mut self, order: u64) {
        if self.flows.wake != order {
            return;
        }
        self.flows.wake = 0;
        self.flows.changed = false;
        self.flows.settle(self.clock, &mut self.machines);
        while let Some(cargo) = self.flows.landed() {
            self.land(cargo);
        }
        if let Some(span) = self.flows.allocate() {
            self.wake_flows(self.clock + span);
        }
    }

    /// The last bit of a copy has left.
    fn land(&mut self, cargo: Cargo) {
        let Cargo { to, parcel, .. } = cargo;
        let sender = self.places[cargo.from as usize];
        let receiver = self.places[to as usize];
        let (a, b) = (sender.machine(), receiver.machine());
        let sent = self.clock.saturating_since(cargo.out);
        let came = cargo.trip.map(|trip| match cargo.loose {
            true => self.clock + trip,
            false => self.pipes.pass(a, b, self.clock + trip, Span::ZERO),
        });
        // What is noted is when the first bit would come if all kept this pace.
        let first_bit = came.map(|came| Time::from_nanos(came.as_nanos() - sent.as_nanos()));
        self.cause = cargo.cause;
        let times = (cargo.at, cargo.out, sent);
        self.note_flown(cargo.order, to, parcel, times, first_bit);
        match came {
            None => self.lose(sender, parcel),
            Some(came) if receiver.ingress_is_infinite() => {
                self.push(came, cargo.order, to, Kind::Deliver.of(parcel));
            }
            Some(came) => {
                self.machines[b].ingress.count(cargo.bytes);
                self.push(came, cargo.order, to, Kind::Hand.of(parcel));
            }
        }
    }

    #[inline(always)]
    fn note_sent(
        &mut self,
        order: u64,
        to: u32,
        parcel: u32,
        (out, transmit): (Time, Span),
        first_bit: Option<Time>,
    ) {
        let at = self.clock;
        self.note_flown(order, to, parcel, (at, out, transmit), first_bit);
    }

    #[inline(always)]
    fn note_flown(
        &mut self,
        order: u64,
        to: u32,
        parcel: u32,
        (at, out, transmit): (Time, Time, Span),
        first_bit: Option<Time>,
    ) {
        if self.journal.is_none() {
            return;
        }
        let bytes = self.labels.label(parcel).bytes;
        let cause = EventId(self.cause);
        self.note(|| Entry::Sent {
            event: EventId(order),
            cause,
            to: NodeId(to),
            bytes,
            at,
            out,
            transmit,
            first_bit,
        });
    }

    /// What the faults in force make of a message that would take `trip`.
    #[inline(always)]
    fn judged(&self, from: u32, to: u32, order: u64, trip: Span) -> Option<Span> {
        if self.disturbances.is_quiet() || from == to {
            return Some(trip);
        }
        let wires = &self.wires;
        self.disturbances.judge(from, to, order, trip, wires)
    }

    /// A copy is lost on leaving its sender.
    #[cold]
    fn lose(&mut self, sender: Place, parcel: u32) {
        self.machines[sender.machine()].dropped += 1;
        self.labels.release_later(parcel);
    }

    /// A node hands itself a parcel now.
    pub(crate) fn post(&mut self, node: u32, parcel: u32) {
        let order = self.next_order(node);
        let (cause, at) = (EventId(self.cause), self.clock);
        self.note(|| Entry::Posted {
            event: EventId(order),
            cause,
            at,
        });
        self.push(self.clock, order, node, Kind::Hand.of(parcel));
    }

    /// The first bit of a parcel meets its receiver's ingress now. Returns
    /// when the last bit has passed.
    #[inline]
    pub(crate) fn arrive(&mut self, to: u32, parcel: u32) -> Time {
        let label = self.labels.label(parcel);
        let receiver = self.places[to as usize].machine();
        let ingress = &mut self.machines[receiver].ingress;
        let span = ingress.transmit(label.bytes);
        let passed = ingress.serve(self.clock, label.bytes, span) + span;
        passed.max(self.clock + label.transmit)
    }

    /// The bundle of `node` leaves now, unless the node crashed meanwhile.
    pub(crate) fn carry_out(&mut self, node: u32, index: u32) {
        let mut bundle = self.bundles.take(index);
        self.cause = bundle.cause;
        let alive = bundle.life == self.seats[node as usize].life;
        for effect in bundle.effects.drain(..) {
            match effect {
                Effect::Send { to, parcel } if alive => self.depart(node, to, parcel),
                Effect::Multicast { parcel, start, end } => {
                    for &to in &bundle.targets[start as usize..end as usize] {
                        match alive {
                            true => self.depart(node, to, parcel),
                            false => self.labels.release_later(parcel),
                        }
                    }
                }
                Effect::Post { parcel } if alive => self.post(node, parcel),
                Effect::Emit(observation) if alive => {
                    self.observations.push((NodeId(node), observation));
                }
                Effect::Send { parcel, .. } | Effect::Post { parcel } => {
                    self.labels.release_later(parcel);
                }
                Effect::Emit(_) => {}
            }
        }
        self.bundles.close(index, bundle);
    }

    /// Puts a job at the end of a lane's queue.
    pub(crate) fn enqueue(&mut self, node: u32, lane: u32, job: Job) {
        self.seats[node as usize].queued += 1;
        let lane = &mut self.lanes[node as usize][lane as usize];
        lane.count(self.clock);
        self.jobs.push(lane, job);
    }

    /// Takes the first job of a lane's queue.
    pub(crate) fn dequeue(&mut self, node: u32, lane: u32) -> Option<Job> {
        let lane = &mut self.lanes[node as usize][lane as usize];
        lane.count(self.clock);
        let job = self.jobs.pop(lane)?;
        self.seats[node as usize].queued -= 1;
        Some(job)
    }

    /// Puts a lane that is free into its machine's queue for a core.
    pub(crate) fn wait_for_core(&mut self, node: u32, lane: u32) {
        let machine = self.places[node as usize].machine();
        self.machines[machine].waiting.push_back((node, lane));
        self.wake_machine(machine as u32);
    }

    /// Makes sure that an event comes up when the machine's next core frees.
    pub(crate) fn wake_machine(&mut self, machine: u32) {
        let waker = &mut self.machines[machine as usize];
        if waker.wake != 0 || waker.waiting.is_empty() {
            return;
        }
        waker.last_order += 1;
        waker.wake = waker.last_order;
        let (order, at) = (waker.wake, waker.next_idle().max(self.clock));
        self.push(at, order, machine, Kind::Core.of(0));
    }

    /// Makes sure that an event comes up when the lane is free again.
    pub(crate) fn wake_lane(&mut self, node: u32, lane: u32) {
        if self.lanes[node as usize][lane as usize].wake != 0 {
            return;
        }
        let order = self.next_order(node);
        let state = &mut self.lanes[node as usize][lane as usize];
        state.wake = order;
        let at = state.free_at.max(self.clock);
        self.push(at, order, node, Kind::Lane.of(lane));
    }

    /// The core on which a handler of `node` may run now, or `None` if it has
    /// to wait; [`NONE`] if work costs nothing.
    #[inline]
    pub(crate) fn core_for(&self, node: u32) -> Option<u32> {
        let place = self.places[node as usize];
        if place.cpu_is_free() {
            return Some(NONE);
        }
        let core = self.machines[place.machine()].idle_core(self.clock)?;
        Some(core as u32)
    }

    /// The same for a lane that has not waited: those that wait come first.
    #[inline]
    pub(crate) fn core_in_turn(&self, node: u32) -> Option<u32> {
        let place = self.places[node as usize];
        if place.cpu_is_free() {
            return Some(NONE);
        }
        let machine = &self.machines[place.machine()];
        if !machine.waiting.is_empty() {
            return None;
        }
        let core = machine.idle_core(self.clock)?;
        Some(core as u32)
    }

    /// The machine on which a node runs.
    #[inline]
    pub(crate) fn machine_of(&self, node: u32) -> MachineId {
        MachineId(self.places[node as usize].machine() as u32)
    }

    /// Bytes held for everything that may grow during a run.
    pub(crate) fn memory(&self) -> usize {
        self.queue.memory()
            + self.labels.memory()
            + self.bundles.memory()
            + self.timers.memory()
            + self.jobs.memory()
            + self.flows.memory()
    }

    /// What a machine did until now.
    pub(crate) fn usage(&self, machine: MachineId) -> MachineUse {
        let mut usage = self.machines[machine.index()].usage(self.clock);
        let since = |ingress| self.flows.busy_since(machine.index(), ingress, self.clock);
        usage.egress_busy += since(false);
        usage.ingress_busy += since(true);
        for &node in &self.residents[machine.index()] {
            let seat = &self.seats[node as usize];
            usage.egress_bytes += seat.sent;
            usage.ingress_bytes += seat.received;
        }
        usage
    }
}

/// The pipes that a set-up asks for. Where latencies never change, order keeps
/// itself.
fn pipes(setup: &Setup, wires: &Wires) -> Pipes {
    let slows = |fault: &Fault| matches!(fault.kind, FaultKind::SlowLink { .. });
    let order_may_change = !wires.is_steady() || setup.faults.iter().any(slows);
    match setup.network.in_order && order_may_change {
        true => Pipes::new(setup.machines.len()),
        false => Pipes::loose(),
    }
}

/// Panics if the set-up contradicts itself.
fn check(setup: &Setup) {
    let machines = setup.machines.len();
    let sources = 2 + setup.placement.len() + machines;
    assert!(
        sources < 1 << (64 - SEQUENCE_BITS),
        "{sources} nodes and machines are more than an event order can tell apart"
    );
    let placed = setup.network.topology.machines();
    assert!(
        placed == machines,
        "the topology places {placed} machines, the set-up has {machines}"
    );
    for (node, machine) in setup.placement.iter().enumerate() {
        assert!(
            machine.index() < machines,
            "node {node} is placed on {machine} of {machines}"
        );
    }
}
