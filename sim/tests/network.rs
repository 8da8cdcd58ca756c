//! Bytes and propagation, checked by hand: interfaces, loopback, shortest
//! paths, the laws of latency.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::*;
use groma_sim::topology::TopologyError;
use groma_sim::{
    LatencyLaw, LinkSpec, MachineId, MachineSpec, Network, NodeId, Setup, Simulation, Span, Time,
    Topology,
};

const MBIT: u64 = 1_000_000;

fn interfaces(egress_bps: u64, ingress_bps: u64) -> MachineSpec {
    MachineSpec {
        cores: 0,
        egress_bps,
        ingress_bps,
    }
}

fn constant(micros: u64) -> LinkSpec {
    LinkSpec::new(LatencyLaw::Constant(Span::micros(micros)))
}

/// Sends these (receiver, bytes) at once at the start.
fn burst(copies: &'static [(u32, u64)]) -> Puppet {
    Puppet::new(move |event, ctx| {
        if *event == Event::Start {
            for (number, &(to, bytes)) in (1..).zip(copies) {
                ctx.send(NodeId(to), Note(number), bytes);
            }
        }
    })
}

fn deliveries(setup: Setup, nodes: Vec<Puppet>) -> Vec<String> {
    let shorten = |line: String| {
        let (head, number) = line.split_once(" Message(").unwrap();
        format!(
            "{head} #{}",
            number.split_once(", ").unwrap().1.trim_end_matches(')')
        )
    };
    play(setup, nodes).into_iter().map(shorten).collect()
}

#[test]
fn egress_is_a_queue_in_order_of_sending() {
    // 8 Mbit/s is a microsecond a byte.
    let setup = setup(3, interfaces(8 * MBIT, 0), Span::micros(100), vec![]);
    let nodes = vec![
        burst(&[(1, 10), (2, 5), (1, 1)]),
        Puppet::silent(),
        Puppet::silent(),
    ];
    assert_eq!(
        deliveries(setup, nodes),
        ["110us 1 #1", "115us 2 #2", "116us 1 #3"]
    );
}

#[test]
fn transmission_rounds_up_to_the_nanosecond() {
    let of = |bps, bytes: u64| {
        let mut node = Some(bytes);
        let sender = Puppet::new(move |event, ctx| {
            if let (Event::Start, Some(bytes)) = (event, node.take()) {
                ctx.send(NodeId(1), Note(1), bytes);
            }
        });
        let setup = setup(2, interfaces(bps, 0), Span::ZERO, vec![]);
        let (_, simulation) = play_on(setup, vec![sender, Puppet::silent()]);
        simulation.now().as_nanos()
    };
    assert_eq!(of(1_000 * MBIT, 1_000), 8_000);
    assert_eq!(of(10_000 * MBIT, 1), 1);
    assert_eq!(of(3, 1), 2_666_666_667);
    // Beyond 64 bits on the way: 2^40 bytes at 999,999,937 bit/s.
    let exact = ((1_u128 << 40) * 8_000_000_000).div_ceil(999_999_937);
    assert_eq!(u128::from(of(999_999_937, 1 << 40)), exact);
}

#[test]
fn ingress_lets_bits_through_as_they_come() {
    // Equal rates: one transmission time in all, not two.
    let alone = |egress, ingress| {
        let setup = setup(2, interfaces(egress, ingress), Span::micros(100), vec![]);
        deliveries(setup, vec![burst(&[(1, 10)]), Puppet::silent()])
    };
    assert_eq!(alone(8 * MBIT, 8 * MBIT), ["110us 1 #1"]);
    // A slower ingress takes its own time from the first bit.
    assert_eq!(alone(8 * MBIT, 4 * MBIT), ["120us 1 #1"]);
    // A faster one waits for the last bit.
    assert_eq!(alone(4 * MBIT, 8 * MBIT), ["120us 1 #1"]);
}

#[test]
fn ingress_is_a_queue_in_order_of_first_bits() {
    // Nodes 0 and 1 both send to node 2; node 1 a little later.
    let late = Puppet::new(|event, ctx| match event {
        Event::Start => ctx.set_timer(1, Span::micros(3)),
        Event::Timer(_) => ctx.send(NodeId(2), Note(7), 10),
        _ => {}
    });
    let setup = setup(3, interfaces(8 * MBIT, 8 * MBIT), Span::micros(100), vec![]);
    let (log, simulation) = play_on(setup, vec![burst(&[(2, 10)]), late, Puppet::silent()]);
    // First bits at 100 and 103 us; the second waits until 110.
    assert_eq!(
        log[1..],
        [
            "110us 2 Message(NodeId(0), 1)",
            "120us 2 Message(NodeId(1), 7)"
        ]
    );
    let usage = simulation.machine_use(MachineId(2));
    assert_eq!(
        (usage.ingress_bytes, usage.ingress_busy),
        (20, Span::micros(20))
    );
    assert_eq!(simulation.machine_use(MachineId(1)).egress_bytes, 10);
}

#[test]
fn infinite_interfaces_still_count_bytes() {
    let setup = setup(2, FREE, Span::micros(100), vec![]);
    let nodes = vec![burst(&[(1, 10), (0, 7), (1, 30)]), Puppet::silent()];
    let (_, simulation) = play_on(setup, nodes);
    let [a, b] = [0, 1].map(|machine| simulation.machine_use(MachineId(machine)));
    // What a node sends itself passes no interface.
    assert_eq!((a.egress_bytes, a.ingress_bytes), (40, 0));
    assert_eq!((b.egress_bytes, b.ingress_bytes), (0, 40));
    assert_eq!((a.egress_busy, b.ingress_busy), (Span::ZERO, Span::ZERO));
}

#[test]
fn nodes_of_one_machine_talk_by_the_loopback() {
    let mut setup = setup(1, interfaces(8, 8), Span::secs(1), vec![]);
    setup.placement = vec![MachineId(0); 2];
    setup.network.loopback = Span::micros(3);
    let nodes = vec![burst(&[(1, 1_000_000)]), Puppet::silent()];
    let (log, simulation) = play_on(setup, nodes);
    assert_eq!(log, ["3us 1 Message(NodeId(0), 1)"]);
    assert_eq!(simulation.machine_use(MachineId(0)).egress_bytes, 0);
}

fn on(topology: Topology, nodes: usize) -> Setup {
    Setup {
        network: Network::new(topology),
        ..setup(nodes as u32, FREE, Span::ZERO, vec![])
    }
}

#[test]
fn a_matrix_gives_every_direction_its_own_latency() {
    let matrix = vec![
        vec![constant(1), constant(20)],
        vec![constant(30), constant(2)],
    ];
    let topology = Topology::full_mesh(vec![0, 1, 0], &matrix).unwrap();
    let nodes = vec![burst(&[(1, 1), (2, 1)]), burst(&[(0, 1)]), Puppet::silent()];
    assert_eq!(
        deliveries(on(topology, 3), nodes),
        ["1us 2 #2", "20us 1 #1", "30us 0 #1"]
    );
}

#[test]
fn a_matrix_must_be_square_and_hold_every_region() {
    let row = vec![constant(1), constant(1)];
    let error = Topology::full_mesh(vec![0], &[row.clone(), vec![constant(1)]]).unwrap_err();
    assert_eq!(error, TopologyError::NotSquare { row: 1 });
    let error = Topology::full_mesh(vec![0, 2], &[row.clone(), row]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "machine 1 lies in region 2, which has no row"
    );
}

/// Machines 0, 1, 2 and a switch 3:
///
/// ```text
/// 0 --10-- 1 --10-- 2        0 --50-- 2        1 --3-- 3 --4-- 2
/// ```
#[test]
fn messages_take_the_shortest_path() {
    let links = [
        (0, 1, constant(10)),
        (1, 2, constant(10)),
        (0, 2, constant(50)),
        (1, 3, constant(3)),
        (3, 2, constant(4)),
    ];
    let topology = Topology::links(3, links).unwrap();
    let nodes = vec![burst(&[(1, 1), (2, 1)]), burst(&[(2, 1)]), burst(&[(0, 1)])];
    assert_eq!(
        deliveries(on(topology, 3), nodes),
        ["7us 2 #1", "10us 1 #1", "17us 2 #2", "17us 0 #1"]
    );
}

#[test]
fn a_topology_in_two_pieces_is_refused() {
    let error = Topology::links(3, [(0, 1, constant(1))]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no path leads from machine 0 to machine 2"
    );
    assert!(Topology::links(1, []).is_ok());
}

#[test]
fn jitter_adds_up_and_losses_compound_along_a_path() {
    let lossy = LinkSpec {
        jitter: LatencyLaw::Uniform {
            low: Span::micros(1),
            high: Span::micros(3),
        },
        loss_ppm: 100_000,
        ..constant(10)
    };
    let topology = Topology::links(2, [(0, 2, lossy), (2, 1, lossy)]).unwrap();
    let (came, mean, _) = latencies(on(topology, 2), 20_000);
    assert!((came - 0.81).abs() < 0.01, "{came}");
    assert!((mean - 24.0).abs() < 0.05, "{mean}");
}

/// Sends so many messages 1 ms apart; returns the share that came and the
/// mean and standard deviation of their latencies in microseconds.
fn latencies(mut setup: Setup, count: u64) -> (f64, f64, f64) {
    setup.network.in_order = false;
    let source = Puppet::new(move |event, ctx| {
        if let Event::Start | Event::Timer(_) = event {
            let sent = ctx.now().as_nanos() / 1_000_000;
            if sent < count {
                ctx.send(NodeId(1), Note(sent * 4_000), 1);
                ctx.set_timer(0, Span::millis(1));
            }
        }
    });
    let mut log: Log = Vec::new();
    let mut simulation = Simulation::new(setup, vec![source, Puppet::silent()]);
    simulation.run_until(Time::MAX, &mut log);
    let sample: Vec<f64> = log
        .iter()
        .filter(|(_, node, _)| *node == NodeId(1))
        .map(|(at, _, what)| {
            let number = what.split_once(", ").unwrap().1.trim_end_matches(')');
            let sent = number.parse::<u64>().unwrap() / 4_000 * 1_000_000;
            (at.as_nanos() - sent) as f64 / 1_000.0
        })
        .collect();
    let share = sample.len() as f64 / count as f64;
    assert_eq!(sample.len() as u64 + simulation.dropped(), count);
    let mean = sample.iter().sum::<f64>() / sample.len() as f64;
    let squares: f64 = sample.iter().map(|x| (x - mean).powi(2)).sum();
    (share, mean, (squares / sample.len() as f64).sqrt())
}

/// Laws with their means and deviations by formula, in microseconds.
fn laws() -> [(LatencyLaw, f64, f64); 6] {
    let us = Span::micros;
    [
        (LatencyLaw::Constant(us(40)), 40.0, 0.0),
        (
            LatencyLaw::Uniform {
                low: us(10),
                high: us(70),
            },
            40.0,
            60.0 / 12_f64.sqrt(),
        ),
        (
            LatencyLaw::Normal {
                mean: us(100),
                deviation: us(20),
            },
            100.0,
            20.0,
        ),
        (LatencyLaw::Exponential { mean: us(50) }, 50.0, 50.0),
        // sigma = ln(1.5) / 1.28155 = 0.31639
        (
            LatencyLaw::LogNormal {
                p50: us(100),
                p90: us(150),
            },
            105.132,
            34.10,
        ),
        // shape 5: mean 100 * 5 / 4, variance 100^2 * 5 / (4^2 * 3)
        (
            LatencyLaw::Pareto {
                minimum: us(100),
                shape_milli: 5_000,
            },
            125.0,
            32.275,
        ),
    ]
}

#[test]
fn jitter_has_the_moments_of_its_law() {
    for (jitter, mean, deviation) in laws() {
        let link = LinkSpec {
            jitter,
            ..constant(1_000)
        };
        let setup = Setup {
            network: Network::meshed(2, link),
            max_events: u64::MAX,
            ..setup(2, FREE, Span::ZERO, vec![])
        };
        let (share, found, spread) = latencies(setup, 60_000);
        assert_eq!(share, 1.0);
        assert!(
            (found - 1_000.0 - mean).abs() < 0.012 * mean,
            "{jitter:?}: {found}"
        );
        assert!(
            (spread - deviation).abs() <= 0.05 * deviation,
            "{jitter:?}: {spread}"
        );
    }
}

#[test]
fn messages_between_two_machines_keep_their_order() {
    let sent = |in_order| {
        let source = Puppet::new(|event, ctx| match event {
            Event::Start | Event::Timer(_) => {
                let number = ctx.now().as_nanos() / 1_000;
                ctx.send(NodeId(1), Note(number * 4_000), 1 + number % 7 * 100);
                if number < 500 {
                    ctx.set_timer(0, Span::micros(1));
                }
            }
            _ => {}
        });
        let jitter = LatencyLaw::Exponential {
            mean: Span::micros(200),
        };
        let machine = interfaces(1_000 * MBIT, 0);
        let mut setup = setup(2, machine, Span::ZERO, vec![]);
        setup.network = Network::meshed(
            2,
            LinkSpec {
                jitter,
                ..constant(50)
            },
        );
        setup.network.in_order = in_order;
        let mut log: Log = Vec::new();
        Simulation::new(setup, vec![source, Puppet::silent()]).run_until(Time::MAX, &mut log);
        let at_receiver = log.iter().filter(|(_, node, _)| *node == NodeId(1));
        let number = |what: &str| -> u64 {
            let number = what.split_once(", ").unwrap().1;
            number.trim_end_matches(')').parse::<u64>().unwrap() / 4_000
        };
        at_receiver
            .map(|(_, _, what)| number(what))
            .collect::<Vec<u64>>()
    };
    assert_eq!(sent(true), (0..=500).collect::<Vec<u64>>());
    let mut loose = sent(false);
    assert!(!loose.is_sorted());
    loose.sort_unstable();
    assert_eq!(loose, sent(true));
}

#[test]
fn a_link_keeps_its_base_and_both_ways_are_alike() {
    let law = LatencyLaw::LogNormal {
        p50: Span::micros(1_000),
        p90: Span::micros(2_000),
    };
    let echo = || {
        Puppet::new(|event, ctx| match event {
            Event::Start if ctx.id() == NodeId(0) => {
                for to in 1..100 {
                    ctx.send(NodeId(to), Note(0), 1);
                }
            }
            Event::Message(from, note) if *note < 3 => ctx.send(*from, Note(note + 1), 1),
            _ => {}
        })
    };
    let mut setup = setup(100, FREE, Span::ZERO, vec![]);
    setup.network = Network::uniform(100, law);
    let mut log: Log = Vec::new();
    let nodes = (0..100).map(|_| echo()).collect();
    Simulation::new(setup, nodes).run_until(Time::MAX, &mut log);
    let mut bases = Vec::new();
    for node in 1..100 {
        // There, back, there again: three equal trips.
        let mut at = log
            .iter()
            .filter(|(_, id, _)| *id == NodeId(node))
            .map(|(at, ..)| *at);
        let first = at.next().unwrap().as_nanos();
        assert_eq!(at.next().unwrap().as_nanos(), 3 * first);
        bases.push(first);
    }
    bases.sort_unstable();
    assert!((800_000..1_250_000).contains(&bases[49]), "{}", bases[49]);
    assert!((1_500_000..2_700_000).contains(&bases[89]), "{}", bases[89]);
    bases.dedup();
    assert_eq!(bases.len(), 99);
}
