//! A stretch of a run as a Perfetto trace in virtual time: a process a node
//! with a track a lane, the outgoing and the incoming link, and the jobs that
//! wait; flows from the handler that sent a message to the one that got it.
//! Opens in ui.perfetto.dev and `trace_processor`.

use std::collections::{BTreeMap, BTreeSet};

use groma_experiment::trace::{Flight, Handler, LANES, Trace};
use prost::Message as _;

use super::proto::{
    self, CounterDescriptor, DebugAnnotation, EventType, ProcessDescriptor, TracePacket,
    TrackDescriptor, TrackEvent,
};

/// The writer's name in every packet.
const WRITER: u32 = 1;
/// Children of a track in the order of their ranks.
const EXPLICIT: i32 = 3;
/// Names of tracks: the process of a node, then its rows.
const ROWS: u64 = 16;
const EGRESS: u64 = 6;
const INGRESS: u64 = 7;
const TIMERS: u64 = 8;
/// The first of the counters, one a lane.
const QUEUES: u64 = 9;
/// The track of the faults; nodes begin after it.
const FAULTS: u64 = 1;

/// The bytes of the file.
#[must_use]
pub fn render(trace: &Trace) -> Vec<u8> {
    packets(trace).encode_to_vec()
}

/// The trace as messages: descriptions first, then events by time.
#[must_use]
pub fn packets(trace: &Trace) -> proto::Trace {
    let mut events = Events::default();
    events.handlers(trace);
    events.links(trace);
    events.moments(trace);
    events.queues(trace);
    // Stable: what happens at one instant of a track stays in its order.
    events.list.sort_by_key(|packet| packet.timestamp);
    let mut packet = descriptors(trace, &events.used);
    packet.append(&mut events.list);
    proto::Trace { packet }
}

fn process(node: u32) -> u64 {
    ROWS * (u64::from(node) + 1)
}

fn lane(node: u32, lane: usize) -> u64 {
    process(node) + 1 + lane as u64
}

fn queue(node: u32, lane: usize) -> u64 {
    process(node) + QUEUES + lane as u64
}

/// The links of a machine are shown with its first node.
fn first_node(trace: &Trace, node: u32) -> u32 {
    let machines = &trace.cast.machines;
    let machine = machines.get(node as usize);
    let first = machines.iter().position(|other| Some(other) == machine);
    first.map_or(node, |first| u32::try_from(first).unwrap_or(node))
}

/// Tracks that hold an event, with those above them.
fn descriptors(trace: &Trace, used: &BTreeSet<u64>) -> Vec<TracePacket> {
    let mut packets = Vec::new();
    if used.contains(&FAULTS) {
        packets.push(described(TrackDescriptor {
            uuid: Some(FAULTS),
            name: Some("faults".to_owned()),
            ..TrackDescriptor::default()
        }));
    }
    for (node, name) in (0..).zip(&trace.cast.nodes) {
        let first = process(node);
        let rows: Vec<u64> = used.range(first + 1..first + ROWS).copied().collect();
        if rows.is_empty() {
            continue;
        }
        packets.push(described(TrackDescriptor {
            uuid: Some(first),
            process: Some(ProcessDescriptor {
                pid: i32::try_from(node + 1).ok(),
                process_name: Some(name.clone()),
            }),
            child_ordering: Some(EXPLICIT),
            ..TrackDescriptor::default()
        }));
        packets.extend(rows.into_iter().map(|uuid| row(first, uuid)));
    }
    packets
}

fn row(process: u64, uuid: u64) -> TracePacket {
    let offset = uuid - process;
    let counter = (offset >= QUEUES).then(|| CounterDescriptor {
        unit_name: Some("jobs".to_owned()),
    });
    let lane_at = |base: u64| LANES[(offset - base) as usize];
    let name = match offset {
        EGRESS => "link out".to_owned(),
        INGRESS => "link in".to_owned(),
        TIMERS => "timers".to_owned(),
        QUEUES.. => format!("{} queue", lane_at(QUEUES)),
        _ => lane_at(1).to_owned(),
    };
    described(TrackDescriptor {
        uuid: Some(uuid),
        name: Some(name),
        parent_uuid: Some(process),
        counter,
        sibling_order_rank: i32::try_from(offset).ok(),
        ..TrackDescriptor::default()
    })
}

fn described(track: TrackDescriptor) -> TracePacket {
    TracePacket {
        trusted_packet_sequence_id: Some(WRITER),
        track_descriptor: Some(track),
        ..TracePacket::default()
    }
}

/// Events under way to a file.
#[derive(Default)]
struct Events {
    list: Vec<TracePacket>,
    used: BTreeSet<u64>,
}

impl Events {
    fn push(&mut self, at_ns: u64, track: u64, kind: EventType, mut event: TrackEvent) {
        self.used.insert(track);
        event.track_uuid = Some(track);
        event.set_type(kind);
        self.list.push(TracePacket {
            timestamp: Some(at_ns),
            trusted_packet_sequence_id: Some(WRITER),
            track_event: Some(event),
            track_descriptor: None,
        });
    }

    fn begin(&mut self, at_ns: u64, track: u64, event: TrackEvent) {
        self.push(at_ns, track, EventType::SliceBegin, event);
    }

    fn end(&mut self, at_ns: u64, track: u64) {
        self.push(at_ns, track, EventType::SliceEnd, TrackEvent::default());
    }

    /// A slice a handler, with its steps inside.
    fn handlers(&mut self, trace: &Trace) {
        let flows = Flows::of(trace);
        for handler in &trace.handlers {
            let track = lane(handler.node, handler.lane);
            let mut event = named(handler.what);
            event.flow_ids = flows.out_of(handler);
            event.terminating_flow_ids = flows.ending_at(handler);
            self.begin(handler.from_ns, track, event);
            for step in &handler.steps {
                let mut event = named(step.what);
                if step.cpu_ns > 0 {
                    event.debug_annotations = vec![number("core_ns", step.cpu_ns)];
                }
                self.begin(step.from_ns, track, event);
                self.end(step.until_ns, track);
            }
            self.end(handler.until_ns, track);
        }
    }

    /// A slice a message on either link. The incoming link serves in the order
    /// in which messages have passed: a slice begins with the message's first
    /// bit, or when the one before it had passed.
    fn links(&mut self, trace: &Trace) {
        let mut incoming: Vec<(u64, u64, &Flight)> = Vec::new();
        for flight in &trace.flights {
            let sender = first_node(trace, flight.from);
            let receiver = first_node(trace, flight.to);
            let Some(wire) = flight.wire.filter(|_| sender != receiver) else {
                continue;
            };
            let track = process(sender) + EGRESS;
            self.begin(wire.out_ns, track, on_wire(trace, flight));
            self.end(wire.out_ns + wire.transmit_ns, track);
            if let (Some(first_bit), Some(came)) = (wire.first_bit_ns, flight.came_ns) {
                incoming.push((came, first_bit, flight));
            }
        }
        incoming.sort_by_key(|(came, _, flight)| (*came, flight.event));
        let mut passed: BTreeMap<u64, u64> = BTreeMap::new();
        for (came, first_bit, flight) in incoming {
            let track = process(first_node(trace, flight.to)) + INGRESS;
            let free = passed.insert(track, came).unwrap_or(0);
            self.begin(first_bit.max(free), track, on_wire(trace, flight));
            self.end(came, track);
        }
    }

    fn moments(&mut self, trace: &Trace) {
        for moment in &trace.moments {
            let track = moment.node.map_or(FAULTS, |node| process(node) + TIMERS);
            self.push(moment.at_ns, track, EventType::Instant, named(&moment.what));
        }
    }

    /// How many jobs wait at each lane, where any had to.
    fn queues(&mut self, trace: &Trace) {
        let mut changes: BTreeMap<u64, BTreeMap<u64, i64>> = BTreeMap::new();
        for handler in &trace.handlers {
            let waited = handler.came_ns.filter(|came| *came < handler.from_ns);
            if let Some(came) = waited {
                let track = changes
                    .entry(queue(handler.node, handler.lane))
                    .or_default();
                *track.entry(came).or_default() += 1;
                *track.entry(handler.from_ns).or_default() -= 1;
            }
        }
        for (track, steps) in changes {
            let mut waiting = 0;
            for (at_ns, change) in steps {
                waiting += change;
                let event = TrackEvent {
                    counter_value: Some(waiting),
                    ..TrackEvent::default()
                };
                self.push(at_ns, track, EventType::Counter, event);
            }
        }
    }
}

/// Arrows from handlers to those that they made run: only whole ones, of which
/// both ends are in the stretch.
struct Flows {
    out: BTreeMap<u64, Vec<u64>>,
    ends: BTreeSet<u64>,
}

impl Flows {
    fn of(trace: &Trace) -> Self {
        let ran: BTreeSet<u64> = trace.handlers.iter().map(|handler| handler.event).collect();
        let whole = |flight: &&Flight| ran.contains(&flight.event) && ran.contains(&flight.cause);
        let mut flows = Self {
            out: BTreeMap::new(),
            ends: BTreeSet::new(),
        };
        for flight in trace.flights.iter().filter(whole) {
            flows
                .out
                .entry(flight.cause)
                .or_default()
                .push(flight.event);
            flows.ends.insert(flight.event);
        }
        flows
    }

    fn out_of(&self, handler: &Handler) -> Vec<u64> {
        self.out.get(&handler.event).cloned().unwrap_or_default()
    }

    fn ending_at(&self, handler: &Handler) -> Vec<u64> {
        let ends = self.ends.contains(&handler.event);
        ends.then_some(handler.event).into_iter().collect()
    }
}

fn named(name: &str) -> TrackEvent {
    TrackEvent {
        name: Some(name.to_owned()),
        ..TrackEvent::default()
    }
}

fn number(name: &str, value: u64) -> DebugAnnotation {
    DebugAnnotation {
        name: Some(name.to_owned()),
        uint_value: Some(value),
        string_value: None,
    }
}

/// A message on a link: what it is, as far as the stretch tells.
fn on_wire(trace: &Trace, flight: &Flight) -> TrackEvent {
    let lost = flight.wire.is_some_and(|wire| wire.first_bit_ns.is_none());
    let name = match flight.what {
        Some(what) => what,
        None if lost => "lost",
        None => "still under way",
    };
    let party = |label: &str, node: u32| DebugAnnotation {
        name: Some(label.to_owned()),
        uint_value: None,
        string_value: trace.cast.nodes.get(node as usize).cloned(),
    };
    TrackEvent {
        debug_annotations: vec![
            number("bytes", flight.bytes),
            party("from", flight.from),
            party("to", flight.to),
        ],
        ..named(name)
    }
}
