//! Traces of real runs, read back: what other tools rely on holds.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use groma_experiment::registry::{Registry, RunOptions};
use groma_experiment::scenario::Scenario;
use groma_experiment::tap::{Cast, Tap};
use groma_experiment::trace::{Flight, Handler, Profile, Stretch, Trace, Wire};
use groma_reports::chart::spacetime;
use groma_reports::trace::proto::{self, EventType};
use groma_reports::trace::{folded, perfetto};
use prost::Message as _;

const MS: u64 = 1_000_000;

/// A leader that dies in the middle, under a load that makes jobs wait.
const CRASH: &str = "\
name: crash
seed: 1
committee: { lab: 4 }
network: lan
machine: { like: server-8c, cores: 1 }
protocol: { pbft: { view_timeout: 200ms } }
workload: payments
population: 1_000
load: [{ for: 1s, tps: 400 }]
faults: [{ at: 300ms, for: 400ms, crash: [0] }]
drain: 2s
";

fn tap(tap: &mut dyn Tap) {
    let registry = Registry::standard();
    let plans = Scenario::parse("crash.yaml", CRASH, None, &[], &registry).unwrap();
    let entry = registry.find("pbft").unwrap();
    entry
        .run_tapped(&plans[0], &RunOptions::default(), tap)
        .unwrap();
}

fn crash(limit: usize) -> Trace {
    let mut stretch = Stretch::new(vec!["crash 0".to_owned()], 250 * MS, 900 * MS, limit);
    tap(&mut stretch);
    stretch.into_trace()
}

/// Reads the bytes as a reader of the format would, and checks what it needs.
fn read(trace: &Trace) -> proto::Trace {
    let read = proto::Trace::decode(perfetto::render(trace).as_slice()).unwrap();
    let mut tracks = BTreeMap::new();
    let mut open: BTreeMap<u64, usize> = BTreeMap::new();
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    let mut flows = BTreeSet::new();
    let mut ended = BTreeSet::new();
    for packet in &read.packet {
        assert_eq!(packet.trusted_packet_sequence_id, Some(1));
        if let Some(track) = &packet.track_descriptor {
            let parent = track.parent_uuid;
            assert!(parent.is_none_or(|parent| tracks.contains_key(&parent)));
            assert!(tracks.insert(track.uuid.unwrap(), track).is_none());
            continue;
        }
        let (event, at) = (packet.track_event.as_ref().unwrap(), packet.timestamp());
        let track = event.track_uuid();
        let described = tracks.get(&track).expect("a track is described before use");
        assert!(last.insert(track, at).is_none_or(|before| before <= at));
        assert_eq!(
            event.r#type() == EventType::Counter,
            described.counter.is_some()
        );
        let depth = open.entry(track).or_default();
        match event.r#type() {
            EventType::SliceBegin => *depth += 1,
            EventType::SliceEnd => *depth = depth.checked_sub(1).expect("an end has a begin"),
            EventType::Instant => assert!(event.name.is_some()),
            EventType::Counter => assert!(event.counter_value() >= 0),
            EventType::Unspecified => panic!("an event without a type"),
        }
        assert!(*depth <= 2, "handlers hold steps, and steps hold nothing");
        for flow in &event.terminating_flow_ids {
            assert!(
                flows.contains(flow) && ended.insert(*flow),
                "a flow ends once, after it began"
            );
        }
        flows.extend(event.flow_ids.iter().copied());
    }
    assert!(open.values().all(|depth| *depth == 0), "{open:?}");
    assert_eq!(flows, ended);
    read
}

fn names(read: &proto::Trace) -> BTreeSet<&str> {
    let events = read
        .packet
        .iter()
        .filter_map(|packet| packet.track_event.as_ref());
    events.map(proto::TrackEvent::name).collect()
}

#[test]
fn a_view_change_can_be_seen_in_a_timeline() {
    let read = read(&crash(1_000_000));
    let names = names(&read);
    for name in [
        "pre-prepare",
        "commit",
        "verify",
        "flush",
        "view-change",
        "new-view",
        "batch timer",
        "crash 0",
        "crash 0: over",
        "restart",
    ] {
        assert!(names.contains(name), "no {name} in {names:?}");
    }
    let tracks = read
        .packet
        .iter()
        .filter_map(|packet| packet.track_descriptor.as_ref());
    let tracks: Vec<_> = tracks.collect();
    let processes = tracks.iter().filter_map(|track| track.process.as_ref());
    let processes: Vec<&str> = processes.map(|process| process.process_name()).collect();
    assert_eq!(processes[0], "replica 0 (lab)");
    assert_eq!(processes.len(), 5, "{processes:?}");
    let rows: BTreeSet<&str> = tracks.iter().map(|track| track.name()).collect();
    for row in [
        "consensus",
        "storage",
        "link out",
        "link in",
        "timers",
        "consensus queue",
        "faults",
    ] {
        assert!(rows.contains(row), "no {row} in {rows:?}");
    }
}

#[test]
fn a_stretch_has_a_limit_and_says_when_it_was_reached() {
    let (whole, cut) = (crash(1_000_000), crash(500));
    assert!(!whole.cut && whole.until_ns == 900 * MS);
    assert!(cut.cut && cut.until_ns < 900 * MS);
    assert!(cut.handlers.len() < whole.handlers.len());
    assert_eq!(whole.handlers[..cut.handlers.len()], cut.handlers[..]);
    read(&cut);
}

#[test]
fn a_profile_adds_up_to_the_core_time_of_the_steps() {
    let mut profile = Profile::new(250 * MS, 900 * MS);
    tap(&mut profile);
    let trace = crash(1_000_000);
    let steps = trace.handlers.iter().flat_map(|handler| &handler.steps);
    let spent: u64 = steps.map(|step| step.cpu_ns).sum();
    let text = folded::render(&profile);
    let count = |line: &str| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap();
    assert_eq!(text.lines().map(count).sum::<u64>(), spent);
    assert!(spent > 0);
    for line in text.lines() {
        assert_eq!(
            line.rsplit_once(' ').unwrap().0.split(';').count(),
            4,
            "{line}"
        );
    }
    assert!(
        text.contains("replica 1 (lab);consensus;prepare;verify "),
        "{text}"
    );
}

/// One message from one replica to another, and a lost one.
fn two_messages() -> Trace {
    let flight = |event, first_bit_ns: Option<u64>, came_ns: Option<u64>| Flight {
        event,
        cause: 1,
        from: 0,
        to: 1,
        what: came_ns.map(|_| "a <vote>"),
        bytes: 100,
        sent_ns: 10,
        wire: Some(Wire {
            out_ns: 10,
            transmit_ns: 5,
            first_bit_ns,
        }),
        came_ns,
    };
    let handler = |event, node, from_ns| Handler {
        event,
        node,
        lane: 0,
        what: "a <vote>",
        came_ns: None,
        from_ns,
        until_ns: from_ns + 10,
        steps: Vec::new(),
    };
    Trace {
        cast: Cast {
            nodes: vec!["one".to_owned(), "two".to_owned()],
            replicas: 2,
            machines: vec![0, 1],
        },
        until_ns: 100,
        handlers: vec![handler(1, 0, 0), handler(2, 1, 40)],
        flights: vec![flight(2, Some(30), Some(40)), flight(3, None, None)],
        ..Trace::default()
    }
}

#[test]
fn a_lost_message_has_no_arrow_and_keeps_its_place_on_the_link() {
    let read = read(&two_messages());
    let events: Vec<_> = read
        .packet
        .iter()
        .filter_map(|packet| packet.track_event.as_ref())
        .collect();
    assert_eq!(
        events.iter().filter(|event| event.name() == "lost").count(),
        1
    );
    let flows: Vec<u64> = events
        .iter()
        .flat_map(|event| event.flow_ids.clone())
        .collect();
    assert_eq!(flows, [2]);
}

#[test]
fn a_diagram_shows_each_message_once_and_escapes_names() {
    let drawn = spacetime::document(&two_messages());
    assert_eq!((drawn.drawn, drawn.left_out), (2, 0));
    assert_eq!(drawn.svg.matches("marker-end").count(), 2);
    assert_eq!(drawn.svg.matches("class=\"lost\"").count(), 1);
    assert!(drawn.svg.contains("a &lt;vote&gt;") && !drawn.svg.contains("<vote>"));
}

#[test]
fn a_long_stretch_is_drawn_to_its_limit() {
    let drawn = spacetime::document(&crash(1_000_000));
    assert_eq!(drawn.drawn, 400);
    assert!(drawn.left_out > 0);
    assert_eq!(drawn.svg.matches("marker-end").count(), 400);
}
