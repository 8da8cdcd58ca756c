//! The journal: it changes nothing, and its entries name each other's causes.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Event, Note, Puppet, cores, lane_of, setup, us};
use groma_sim::{Entry, EventId, Lane, MachineSpec, NodeId, Simulation, Span, TRAIL_STEP, Time};

/// Node 0 asks node 1, which works and answers; node 0 arms a timer on hearing.
fn talk() -> Vec<Puppet> {
    let asker = Puppet::new(|event, ctx| match event {
        Event::Start => ctx.send(NodeId(1), Note(1), 1_000),
        Event::Message(_, 2) => ctx.set_timer(7, Span::micros(5)),
        Event::Timer(7) => ctx.post(Note(1_003)),
        _ => {}
    });
    let answerer = Puppet::new(|event, ctx| {
        if let Event::Message(from, 1) = event {
            ctx.spend_on("think", Span::micros(10));
            ctx.wait_on("disk", Span::micros(3));
            ctx.send(*from, Note(2), 500);
        }
    });
    vec![asker, answerer]
}

fn machine() -> MachineSpec {
    MachineSpec {
        egress_bps: 8_000_000_000,
        ingress_bps: 8_000_000_000,
        ..cores(1)
    }
}

fn journal() -> (Vec<Entry>, u128) {
    let mut simulation = Simulation::new(setup(2, machine(), Span::micros(100), vec![]), talk());
    simulation.keep_journal(Time::ZERO, Time::MAX);
    simulation.run_until(Time::MAX, &mut ());
    (simulation.take_journal(), simulation.fingerprint())
}

#[test]
fn a_journal_changes_nothing() {
    let mut plain = Simulation::new(setup(2, machine(), Span::micros(100), vec![]), talk());
    plain.run_until(Time::MAX, &mut ());
    assert!(plain.take_journal().is_empty());
    assert_eq!(plain.fingerprint(), journal().1);
}

fn cause_of(entries: &[Entry], event: EventId) -> Option<EventId> {
    entries.iter().find_map(|entry| match *entry {
        Entry::Sent {
            event: e, cause, ..
        }
        | Entry::Posted {
            event: e, cause, ..
        }
        | Entry::Armed {
            event: e, cause, ..
        } if e == event => Some(cause),
        _ => None,
    })
}

#[test]
fn causes_lead_back_to_the_start() {
    let (entries, _) = journal();
    let last = entries
        .iter()
        .rev()
        .find_map(|entry| match *entry {
            Entry::Ran { event, lane, .. } => Some((event, lane)),
            _ => None,
        })
        .unwrap();
    assert_eq!(last.1, lane_of(1_003));
    let mut chain = vec![last.0];
    while let Some(cause) = cause_of(&entries, chain[chain.len() - 1]) {
        chain.push(cause);
    }
    let ran: Vec<(&str, u32)> = chain
        .iter()
        .map(|event| {
            let found = entries.iter().find_map(|entry| match *entry {
                Entry::Ran {
                    event: e,
                    what,
                    node,
                    ..
                } if e == *event => Some((what, node.0)),
                _ => None,
            });
            found.unwrap()
        })
        .collect();
    let expected = [
        ("message", 0),
        ("timer", 0),
        ("message", 0),
        ("message", 1),
        ("start", 0),
    ];
    assert_eq!(ran, expected);
}

#[test]
fn an_answer_leaves_when_the_work_is_done() {
    let (entries, _) = journal();
    // 1,000 B and 500 B at 1 B/ns: 1 us and 0.5 us each way, 100 us apart.
    let spent: Vec<_> = entries
        .iter()
        .filter_map(|entry| match *entry {
            Entry::Spent {
                what,
                from,
                until,
                cpu,
                ..
            } => Some((what, from, until, cpu)),
            _ => None,
        })
        .collect();
    assert_eq!(
        spent,
        [
            ("think", us(101), us(111), Span::micros(10)),
            ("disk", us(111), us(114), Span::ZERO)
        ]
    );
    let sent: Vec<_> = entries
        .iter()
        .filter_map(|entry| match *entry {
            Entry::Sent {
                at,
                out,
                transmit,
                first_bit,
                to,
                ..
            } => Some((to.0, at, out, transmit, first_bit)),
            _ => None,
        })
        .collect();
    assert_eq!(
        sent,
        [
            (1, us(0), us(0), Span::micros(1), Some(us(100))),
            (0, us(114), us(114), Span::nanos(500), Some(us(214)))
        ]
    );
}

#[test]
fn a_window_keeps_its_own_entries_alone() {
    let mut simulation = Simulation::new(setup(2, machine(), Span::micros(100), vec![]), talk());
    simulation.keep_journal(us(101), us(112));
    simulation.run_until(Time::MAX, &mut ());
    let entries = simulation.take_journal();
    let kinds: Vec<&str> = entries
        .iter()
        .map(|entry| match entry {
            Entry::Delivered { .. } => "delivered",
            Entry::Spent { .. } => "spent",
            Entry::Ran { .. } => "ran",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["delivered", "spent", "spent", "ran"]);
}

/// Two jobs meet on one lane: the second waits for the first.
#[test]
fn lanes_count_work_and_waits() {
    let sender = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            ctx.send(NodeId(1), Note(1), 1);
            ctx.send(NodeId(1), Note(2), 1);
        }
    });
    let worker = Puppet::new(|event, ctx| {
        if let Event::Message(..) = event {
            ctx.spend(Span::micros(10));
        }
    });
    let mut simulation = Simulation::new(
        setup(2, cores(1), Span::micros(100), vec![]),
        vec![sender, worker],
    );
    simulation.run_until(us(105), &mut ());
    let half = simulation.lane_use(NodeId(1), Lane::Consensus);
    assert_eq!((half.busy, half.wait), (Span::micros(5), Span::micros(5)));
    simulation.run_until(us(1_000), &mut ());
    let all = simulation.lane_use(NodeId(1), Lane::Consensus);
    assert_eq!(
        (all.busy, all.jobs, all.wait),
        (Span::micros(20), 2, Span::micros(10))
    );
    let idle = simulation.lane_use(NodeId(1), Lane::Storage);
    assert_eq!((idle.busy, idle.jobs), (Span::ZERO, 0));
}

/// Marks come every so many deliveries, and equal runs have equal ones.
#[test]
fn marks_lead_to_the_fingerprint() {
    let play = || {
        let echo = || {
            Puppet::new(|event, ctx| match event {
                Event::Start if ctx.id() == NodeId(0) => ctx.send(NodeId(1), Note(1), 1),
                Event::Message(from, 1) => ctx.send(*from, Note(1), 1),
                _ => {}
            })
        };
        let mut simulation = Simulation::new(
            setup(2, common::FREE, Span::micros(1), vec![]),
            vec![echo(), echo()],
        );
        simulation.run_until(us(2 * TRAIL_STEP + 10), &mut ());
        simulation
    };
    let (one, other) = (play(), play());
    assert_eq!(one.trail(), other.trail());
    let marks: Vec<(u64, Time)> = one
        .trail()
        .iter()
        .map(|mark| (mark.deliveries, mark.at))
        .collect();
    assert_eq!(
        marks,
        [
            (TRAIL_STEP, us(TRAIL_STEP)),
            (2 * TRAIL_STEP, us(2 * TRAIL_STEP))
        ]
    );
    assert_ne!(one.trail()[0].fingerprint, one.trail()[1].fingerprint);
}
