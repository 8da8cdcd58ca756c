//! The state of a run apart from the nodes themselves and the contents of
//! their messages: what a handler's context may touch.

use crate::bundle::{Bundles, Effect};
use crate::disturbance::Disturbances;
use crate::fingerprint::Fingerprint;
use crate::machine::Machine;
use crate::network::{Network, Wires};
use crate::node::{MachineId, NodeId};
use crate::parcel::{Labels, NONE};
use crate::queue::{Event, EventQueue};
use crate::rng::{NodeRng, Streams};
use crate::seat::{Jobs, Seat};
use crate::simulation::Setup;
use crate::time::Time;
use crate::timer::Timers;

/// The low bits of an order hold the source's own sequence, enough for 10^12
/// events from one source; the high bits hold the source.
const SEQUENCE_BITS: u32 = 40;

/// The order of a source's first event. Source 0 is the schedule of faults,
/// which therefore come before all else at their instant; then come nodes,
/// then machines.
pub(crate) const fn first_order(source: u32) -> u64 {
    (source as u64) << SEQUENCE_BITS
}

/// The source of the node with this index.
pub(crate) const fn node_source(node: u32) -> u32 {
    node + 1
}

/// The index of the node that caused the event with this order.
pub(crate) const fn node_of(order: u64) -> u32 {
    (order >> SEQUENCE_BITS) as u32 - 1
}

/// What an event or a job is, in the high bits of its `what`; the low bits
/// hold an index whose meaning depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The last bit of a parcel has come to the target.
    Deliver,
    /// The first bit of a parcel has come to the target's ingress.
    Arrive,
    /// A bundle of the target's effects leaves.
    Depart,
    /// A timer of the target comes up.
    Timer,
    /// A lane of the target is free for the next job.
    Lane,
    /// A core of the target machine is free for a waiting lane.
    Core,
    /// A fault strikes (index) or heals (target 1).
    Fault,
    /// The target starts, or restarts.
    Start,
    Restart,
}

const INDEX_BITS: u32 = 28;

impl Kind {
    const ALL: [Kind; 16] = [
        Kind::Deliver,
        Kind::Arrive,
        Kind::Depart,
        Kind::Timer,
        Kind::Lane,
        Kind::Core,
        Kind::Fault,
        Kind::Start,
        Kind::Restart,
        // The rest only makes the table as long as four bits can index.
        Kind::Restart,
        Kind::Restart,
        Kind::Restart,
        Kind::Restart,
        Kind::Restart,
        Kind::Restart,
        Kind::Restart,
    ];

    #[inline]
    pub(crate) const fn of(self, index: u32) -> u32 {
        debug_assert!(index >> INDEX_BITS == 0);
        ((self as u32) << INDEX_BITS) | index
    }

    #[inline]
    pub(crate) const fn split(what: u32) -> (Kind, u32) {
        let kind = Kind::ALL[(what >> INDEX_BITS) as usize];
        (kind, what & ((1 << INDEX_BITS) - 1))
    }
}

/// Everything of a run but nodes and contents. `M` and `O` are the nodes'
/// messages and observations.
#[derive(Debug)]
pub(crate) struct Engine<M, O> {
    pub(crate) clock: Time,
    pub(crate) queue: EventQueue,
    pub(crate) seats: Vec<Seat>,
    pub(crate) rngs: Vec<NodeRng>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) wires: Wires,
    pub(crate) disturbances: Disturbances,
    pub(crate) labels: Labels<M>,
    pub(crate) bundles: Bundles<O>,
    pub(crate) timers: Timers,
    pub(crate) jobs: Jobs,
    /// What was emitted at the clock and not yet shown to the observer.
    pub(crate) observations: Vec<(NodeId, O)>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) deliveries: u64,
}

impl<M, O> Engine<M, O> {
    pub(crate) fn new(setup: &Setup) -> Self {
        let streams = Streams::new(setup.seed);
        let nodes = setup.placement.len() as u32;
        let sources = 1 + setup.placement.len() + setup.machines.len();
        assert!(
            sources < 1 << (64 - SEQUENCE_BITS),
            "{sources} nodes and machines are more than an event order can tell apart"
        );
        assert!(
            setup.network.topology.machines() == setup.machines.len(),
            "the topology places {} machines, the set-up has {}",
            setup.network.topology.machines(),
            setup.machines.len()
        );
        let seats = (0..).zip(&setup.placement).map(|(node, machine)| {
            assert!(
                machine.index() < setup.machines.len(),
                "node {node} is placed on {machine}, which does not exist"
            );
            Seat::new(machine.0, first_order(node_source(node)))
        });
        let machines = (node_source(nodes)..)
            .zip(&setup.machines)
            .map(|(source, spec)| Machine::new(spec, first_order(source) + 1));
        let rngs = (0..nodes)
            .map(|node| NodeRng::from_stream(&mut streams.stream("node", u64::from(node))));
        Self {
            clock: Time::ZERO,
            queue: EventQueue::new(),
            seats: seats.collect(),
            rngs: rngs.collect(),
            machines: machines.collect(),
            wires: Wires::new(Network::clone(&setup.network), &streams),
            disturbances: Disturbances::new(nodes as usize),
            labels: Labels::new(),
            bundles: Bundles::new(),
            timers: Timers::new(),
            jobs: Jobs::new(),
            observations: Vec::new(),
            fingerprint: Fingerprint::new(),
            deliveries: 0,
        }
    }

    /// The order of the next event that a node causes.
    #[inline]
    pub(crate) fn next_order(&mut self, node: u32) -> u64 {
        let next = &mut self.seats[node as usize].next_order;
        *next += 1;
        *next
    }

    #[inline]
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
        let machine = self.seats[node as usize].machine;
        let egress = &self.machines[machine as usize].egress;
        let transmit = egress.transmit(bytes).as_nanos();
        self.labels.accept(content, bytes, transmit, copies as u32)
    }

    /// A copy of a parcel leaves `from` for `to` now.
    #[inline]
    pub(crate) fn depart(&mut self, from: u32, to: u32, parcel: u32) {
        let now = self.clock;
        let order = self.next_order(from);
        let sender = self.seats[from as usize].machine as usize;
        let receiver = self.seats[to as usize].machine as usize;
        let mut trip = Some(self.wires.loopback);
        let mut first_bit = now;
        let mut last_bit = now;
        let local = sender == receiver;
        if !local {
            let label = self.labels.label(parcel);
            let transmit = crate::time::Span::nanos(label.transmit);
            first_bit = self.machines[sender]
                .egress
                .serve(now, label.bytes, transmit);
            last_bit = first_bit + transmit;
            trip = self.wires.trip(sender, receiver, order);
        }
        if !self.disturbances.is_quiet() && from != to {
            trip = trip.and_then(|t| self.disturbances.judge(from, to, order, t, &self.wires));
        }
        let Some(trip) = trip else {
            self.machines[sender].dropped += 1;
            self.labels.release(parcel);
            return;
        };
        if local || self.machines[receiver].ingress.is_infinite() {
            self.push(last_bit + trip, order, to, Kind::Deliver.of(parcel));
        } else {
            self.push(first_bit + trip, order, to, Kind::Arrive.of(parcel));
        }
    }

    /// A node hands itself a parcel now.
    pub(crate) fn post(&mut self, node: u32, parcel: u32) {
        let order = self.next_order(node);
        self.push(self.clock, order, node, Kind::Deliver.of(parcel));
    }

    /// The first bit of a parcel meets its receiver's ingress now. Returns
    /// when the last bit has passed.
    #[inline]
    pub(crate) fn arrive(&mut self, to: u32, parcel: u32) -> Time {
        let label = self.labels.label(parcel);
        let receiver = self.seats[to as usize].machine as usize;
        let ingress = &mut self.machines[receiver].ingress;
        let span = ingress.transmit(label.bytes);
        let passed = ingress.serve(self.clock, label.bytes, span) + span;
        passed.max(self.clock + crate::time::Span::nanos(label.transmit))
    }

    /// The bundle of `node` leaves now, unless the node crashed meanwhile.
    pub(crate) fn carry_out(&mut self, node: u32, index: u32) {
        let mut bundle = self.bundles.take(index);
        let alive = bundle.life == self.seats[node as usize].life;
        for effect in bundle.effects.drain(..) {
            match effect {
                Effect::Send { to, parcel } if alive => self.depart(node, to, parcel),
                Effect::Multicast { parcel, start, end } => {
                    for &to in &bundle.targets[start as usize..end as usize] {
                        match alive {
                            true => self.depart(node, to, parcel),
                            false => self.labels.release(parcel),
                        }
                    }
                }
                Effect::Post { parcel } if alive => self.post(node, parcel),
                Effect::Emit(observation) if alive => {
                    self.observations.push((NodeId(node), observation));
                }
                Effect::Send { parcel, .. } | Effect::Post { parcel } => {
                    self.labels.release(parcel);
                }
                Effect::Emit(_) => {}
            }
        }
        self.bundles.close(index, bundle);
    }

    /// Puts a lane that is free into its machine's queue for a core.
    pub(crate) fn wait_for_core(&mut self, node: u32, lane: u32) {
        let seat = &mut self.seats[node as usize];
        seat.lanes[lane as usize].waiting = true;
        let machine = seat.machine;
        self.machines[machine as usize]
            .waiting
            .push_back((node, lane));
        self.wake_machine(machine);
    }

    /// Makes sure that an event comes up when the machine's next core frees.
    pub(crate) fn wake_machine(&mut self, machine: u32) {
        let waker = &mut self.machines[machine as usize];
        if waker.wake != 0 || waker.waiting.is_empty() {
            return;
        }
        let order = waker.next_order;
        waker.next_order += 1;
        waker.wake = order;
        let at = waker.next_idle().max(self.clock);
        self.push(at, order, machine, Kind::Core.of(0));
    }

    /// Makes sure that an event comes up when the lane is free again.
    pub(crate) fn wake_lane(&mut self, node: u32, lane: u32) {
        if self.seats[node as usize].lanes[lane as usize].wake != 0 {
            return;
        }
        let order = self.next_order(node);
        let state = &mut self.seats[node as usize].lanes[lane as usize];
        state.wake = order;
        let at = state.free_at.max(self.clock);
        self.push(at, order, node, Kind::Lane.of(lane));
    }

    /// The core on which a handler of a node on `machine` may run now, or
    /// `None` if it has to wait; [`NONE`] if work costs nothing.
    #[inline]
    pub(crate) fn core_for(&self, machine: u32) -> Option<u32> {
        let machine = &self.machines[machine as usize];
        if machine.cpu_is_free() {
            return Some(NONE);
        }
        machine.idle_core(self.clock).map(|core| core as u32)
    }

    /// The machine on which a node runs.
    pub(crate) fn machine_of(&self, node: u32) -> MachineId {
        MachineId(self.seats[node as usize].machine)
    }
}
