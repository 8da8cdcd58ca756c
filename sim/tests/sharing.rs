//! Max-min fair sharing, checked by hand: who gets what, when it ends, and what
//! the machines say of it.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::*;
use groma_sim::{MachineId, MachineSpec, NodeId, Setup, Sharing, Span};

const MBIT: u64 = 1_000_000;

/// 8 Mbit/s is a microsecond a byte.
fn interfaces(egress_mbit: u64, ingress_mbit: u64) -> MachineSpec {
    MachineSpec {
        cores: 0,
        egress_bps: egress_mbit * MBIT,
        ingress_bps: ingress_mbit * MBIT,
    }
}

fn fair(machines: Vec<MachineSpec>) -> Setup {
    let nodes = machines.len() as u32;
    let mut setup = setup(nodes, FREE, Span::micros(100), vec![]);
    setup.machines = machines;
    setup.network.sharing = Sharing::MaxMin;
    setup
}

/// Sends these (after us, receiver, bytes), numbered from `first`.
fn sends(first: u64, messages: &'static [(u64, u32, u64)]) -> Puppet {
    Puppet::new(move |event, ctx| {
        let send = |number: u64, ctx: &mut groma_sim::Context<'_, Puppet>| {
            let (_, to, bytes) = messages[number as usize];
            ctx.send(NodeId(to), Note(first + number), bytes);
        };
        match event {
            Event::Start => {
                for (number, &(after, ..)) in (0..).zip(messages) {
                    match after {
                        0 => send(number, ctx),
                        _ => ctx.set_timer(number, Span::micros(after)),
                    }
                }
            }
            Event::Timer(number) => send(*number, ctx),
            _ => {}
        }
    })
}

/// When each message came: `110us #1`.
fn arrivals(setup: Setup, nodes: Vec<Puppet>) -> Vec<String> {
    play(setup, nodes)
        .into_iter()
        .filter_map(|line| {
            let (head, tail) = line.split_once(" Message(")?;
            let at = head.split(' ').next()?;
            let number = tail.rsplit_once(", ")?.1.trim_end_matches(')');
            Some(format!("{at} #{number}"))
        })
        .collect()
}

#[test]
fn two_connections_have_half_each_until_one_ends() {
    // 10 and 30 bytes at a byte per us: 20 us for the first, 40 for all.
    let nodes = vec![
        sends(1, &[(0, 1, 10), (0, 2, 30)]),
        Puppet::silent(),
        Puppet::silent(),
    ];
    let setup = fair(vec![interfaces(8, 0); 3]);
    assert_eq!(arrivals(setup, nodes), ["120us #1", "140us #2"]);
}

#[test]
fn the_messages_of_one_connection_keep_their_order() {
    let nodes = vec![sends(1, &[(0, 1, 30), (0, 1, 1)]), Puppet::silent()];
    let setup = fair(vec![interfaces(8, 0); 2]);
    assert_eq!(arrivals(setup, nodes), ["130us #1", "131us #2"]);
}

#[test]
fn what_one_cannot_use_is_for_the_others() {
    // Node 2 takes in a fourth of a byte per us: the other connection has three fourths.
    let nodes = vec![
        sends(1, &[(0, 1, 30), (0, 2, 10)]),
        Puppet::silent(),
        Puppet::silent(),
    ];
    let machines = vec![interfaces(8, 0), interfaces(0, 8), interfaces(0, 2)];
    let (log, simulation) = play_on(fair(machines), nodes);
    let at: Vec<&str> = log
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(at, ["140us", "140us"]);
    let usage = simulation.machine_use(MachineId(0));
    assert_eq!((usage.egress_bytes, usage.egress_messages), (40, 2));
    assert_eq!(usage.egress_busy, Span::micros(40));
    // Three fourths and one fourth of 40 us.
    let usage = simulation.machine_use(MachineId(1));
    assert_eq!(usage.ingress_busy, Span::micros(30));
    let usage = simulation.machine_use(MachineId(2));
    assert_eq!(
        (usage.ingress_bytes, usage.ingress_busy, usage.ingress_wait),
        (10, Span::micros(40), Span::ZERO)
    );
}

#[test]
fn a_receiver_divides_itself_among_its_senders() {
    // Three senders of 10 bytes each, and a fourth 20 us later, when the others have
    // 3 1/3 bytes left each: they end after another 13 1/3.
    let nodes = vec![
        sends(1, &[(0, 4, 10)]),
        sends(2, &[(0, 4, 10)]),
        sends(3, &[(0, 4, 10)]),
        sends(4, &[(20, 4, 10)]),
        Puppet::silent(),
    ];
    let setup = fair(vec![interfaces(8, 8); 5]);
    let all = arrivals(setup, nodes);
    // Completions are rounded up to the nanosecond, each of two stretches.
    assert_eq!(all[3], "140.001us #4");
    for (line, number) in all.iter().zip(1..4) {
        assert!(line.starts_with("133.33"), "{line}");
        assert!(line.ends_with(&format!("#{number}")), "{line}");
    }
}

#[test]
fn a_broadcast_comes_to_all_at_once_and_later_on_average_than_in_order() {
    // The design study's block: 1 MB to 49 peers at 1 Gbit/s.
    let broadcast = || {
        Puppet::new(|event, ctx| {
            if *event == Event::Start {
                for to in 1..50 {
                    ctx.send(NodeId(to), Note(u64::from(to)), 1_000_000);
                }
            }
        })
    };
    let mean = |sharing| {
        let mut setup = fair(vec![interfaces(1_000, 1_000); 50]);
        setup.network.sharing = sharing;
        let mut nodes = vec![broadcast()];
        nodes.extend((1..50).map(|_| Puppet::silent()));
        let mut log: Log = Vec::new();
        groma_sim::Simulation::new(setup, nodes).run_until(groma_sim::Time::MAX, &mut log);
        assert_eq!(log.len(), 49);
        log.iter().map(|(at, ..)| at.as_nanos()).sum::<u64>() / 49
    };
    // 8 ms each: all 49 in 392 ms together, or the 25th of them in 200 on average.
    let ms = |time: u64| (time - 100_000) / 1_000_000;
    assert_eq!(ms(mean(Sharing::Fifo)), 200);
    assert_eq!(ms(mean(Sharing::MaxMin)), 392);
}

#[test]
fn what_is_lost_on_the_way_leaves_its_receiver_alone() {
    // Node 0 is cut off: what it sends takes its own egress and nobody's ingress.
    let nodes = || {
        vec![
            sends(1, &[(0, 2, 100)]),
            sends(2, &[(0, 2, 30)]),
            Puppet::silent(),
        ]
    };
    let mut setup = fair(vec![interfaces(8, 8); 3]);
    setup.faults = vec![groma_sim::Fault {
        at: groma_sim::Time::ZERO,
        until: None,
        kind: groma_sim::FaultKind::Isolate(vec![NodeId(0)]),
    }];
    let (log, simulation) = play_on(setup, nodes());
    assert_eq!(log.len(), 1);
    assert!(log[0].starts_with("130us 2"), "{log:?}");
    let busy = |machine| simulation.machine_use(MachineId(machine));
    assert_eq!(busy(0).egress_busy, Span::micros(100));
    assert_eq!(busy(0).dropped, 1);
    assert_eq!(busy(2).ingress_busy, Span::micros(30));
}

#[test]
fn use_is_counted_between_two_changes_too() {
    let setup = fair(vec![interfaces(8, 8); 2]);
    let nodes = vec![sends(1, &[(0, 1, 100)]), Puppet::silent()];
    let mut simulation = groma_sim::Simulation::new(setup, nodes);
    let mut log: Log = Vec::new();
    simulation.run_until(us(40), &mut log);
    let usage = |simulation: &groma_sim::Simulation<Puppet>, machine| {
        let usage = simulation.machine_use(MachineId(machine));
        (usage.egress_busy, usage.ingress_busy)
    };
    assert_eq!(usage(&simulation, 0), (Span::micros(40), Span::ZERO));
    assert_eq!(usage(&simulation, 1), (Span::ZERO, Span::micros(40)));
    simulation.run_until(groma_sim::Time::MAX, &mut log);
    assert_eq!(usage(&simulation, 1).1, Span::micros(100));
}

#[test]
fn where_nothing_is_limited_nothing_is_shared() {
    let nodes = vec![sends(1, &[(0, 1, 1_000), (0, 1, 1)]), Puppet::silent()];
    assert_eq!(
        arrivals(fair(vec![FREE; 2]), nodes),
        ["100us #1", "100us #2"]
    );
}
