//! Faults, checked by hand: what is lost, what stays, and when it heals.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::*;
use groma_sim::{Fault, FaultKind, MachineId, Node, NodeId, Simulation, Span, Time};

fn fault(at: u64, until: impl Into<Option<u64>>, kind: FaultKind) -> Fault {
    Fault {
        at: us(at),
        until: until.into().map(us),
        kind,
    }
}

fn crash(at: u64, until: impl Into<Option<u64>>) -> Fault {
    fault(at, until, FaultKind::Crash(vec![NodeId(1)]))
}

/// Sends a note with the time in microseconds to these nodes every 10 us.
fn beacon(to: &'static [u32], until: u64) -> Puppet {
    Puppet::new(move |event, ctx| {
        if let Event::Start | Event::Timer(_) = event {
            let now = ctx.now().as_nanos() / 1_000;
            for &to in to {
                ctx.send(NodeId(to), Note(now), 1);
            }
            if now < until {
                ctx.set_timer(0, Span::micros(10));
            }
        }
    })
}

fn received(log: &[String], node: u32) -> Vec<u64> {
    let mark = format!(" {node} Message(");
    let notes = log.iter().filter(|line| line.contains(&mark));
    notes
        .map(|line| {
            line.split_once(", ")
                .unwrap()
                .1
                .trim_end_matches(')')
                .parse()
                .unwrap()
        })
        .collect()
}

#[test]
fn a_crashed_node_hears_nothing_until_it_restarts() {
    let setup = setup(2, FREE, Span::micros(5), vec![crash(20, 50)]);
    let (log, simulation) = play_on(setup, vec![beacon(&[1], 90), Puppet::silent()]);
    assert_eq!(received(&log, 1), [0, 10, 50, 60, 70, 80, 90]);
    assert!(log.contains(&"50us 1 Restart".to_owned()));
    assert_eq!(simulation.nodes()[1].crashes, [us(20)]);
    assert_eq!(simulation.machine_use(MachineId(1)).dropped, 3);
    assert_eq!(simulation.dropped(), 3);
    assert_eq!(simulation.payloads(), 0);
}

/// What a handler had begun when its process died never leaves, nor does
/// anything queued or timed run in the next life.
#[test]
fn a_crash_takes_queued_work_timers_and_effects_to_come() {
    let victim = Puppet::new(|event, ctx| match event {
        Event::Start => ctx.set_timer(1, Span::micros(100)),
        Event::Message(..) => {
            ctx.spend(Span::micros(10));
            ctx.send(NodeId(0), Note(1), 1);
            ctx.spend(Span::micros(20));
            ctx.send(NodeId(0), Note(2), 1);
            ctx.multicast(&[NodeId(0), NodeId(1)], Note(3), 1);
            ctx.post(Note(4));
            ctx.emit("too late".into());
        }
        _ => {}
    });
    let sender = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            for note in 7..10 {
                ctx.send(NodeId(1), Note(note), 1);
            }
        }
    });
    let setup = setup(2, cores(1), Span::micros(5), vec![crash(20, 30)]);
    let (log, mut simulation) = play_on(setup, vec![sender, victim]);
    assert_eq!(
        log,
        [
            "5us 1 Message(NodeId(0), 7)",
            "20us 0 Message(NodeId(1), 1)",
            "30us 1 Restart",
        ]
    );
    assert_eq!(simulation.machine_use(MachineId(1)).dropped, 2);
    assert_eq!(simulation.payloads(), 0);
    // The core worked from 5 us until the crash at 20 us.
    simulation.run_until(us(500), &mut ());
    assert_eq!(
        simulation.machine_use(MachineId(1)).cpu_busy,
        Span::micros(15)
    );
}

#[test]
fn a_crash_frees_the_cores_for_the_neighbours() {
    let hog = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            ctx.spend(Span::secs(10));
        }
    });
    let neighbour = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            ctx.emit("runs".into());
        }
    });
    let faults = vec![fault(30, None, FaultKind::Crash(vec![NodeId(0)]))];
    let mut setup = setup(1, cores(1), Span::ZERO, faults);
    setup.placement = vec![MachineId(0); 2];
    assert_eq!(play(setup, vec![hog, neighbour]), ["30us 1 runs"]);
}

#[test]
fn a_restarted_node_queues_for_a_core_anew() {
    let starter = |micros| {
        Puppet::new(move |event, ctx| {
            if *event == Event::Start {
                ctx.emit("starts".into());
                ctx.spend(Span::micros(micros));
            }
        })
    };
    let faults = vec![crash(10, 20)];
    let mut setup = setup(1, cores(1), Span::ZERO, faults);
    setup.placement = vec![MachineId(0); 3];
    let log = play(setup, vec![starter(100), starter(1), starter(1)]);
    assert_eq!(log, ["0s 0 starts", "100us 2 starts", "101us 1 Restart"]);
}

#[test]
fn timers_of_an_earlier_life_do_not_fire() {
    let node = Puppet::new(|event, ctx| match event {
        Event::Start => {
            ctx.set_timer(1, Span::micros(50));
            ctx.set_timer(2, Span::micros(60));
        }
        Event::Restart => ctx.set_timer(2, Span::micros(100)),
        _ => {}
    });
    let setup = setup(2, FREE, Span::ZERO, vec![crash(20, 30)]);
    let log = play(setup, vec![Puppet::silent(), node]);
    assert_eq!(log, ["30us 1 Restart", "130us 1 Timer(2)"]);
}

#[test]
fn overlapping_crashes_hold_until_the_last_heals() {
    let restart = |at| fault(at, None, FaultKind::Restart(vec![NodeId(1)]));
    let play_with = |faults| {
        let setup = setup(2, FREE, Span::ZERO, faults);
        play(setup, vec![Puppet::silent(), Puppet::silent()])
    };
    assert_eq!(
        play_with(vec![crash(10, 50), crash(20, 90)]),
        ["90us 1 Restart"]
    );
    assert_eq!(
        play_with(vec![crash(10, 50), crash(50, 90)]),
        ["90us 1 Restart"]
    );
    // A restart ends every crash, and their healing later changes nothing.
    assert_eq!(
        play_with(vec![
            crash(10, 50),
            crash(20, 90),
            restart(30),
            crash(70, 80)
        ]),
        ["30us 1 Restart", "80us 1 Restart"]
    );
    assert_eq!(play_with(vec![restart(10)]), [""; 0]);
    assert_eq!(play_with(vec![crash(0, 5)]), ["5us 1 Restart"]);
}

/// Node 0 sends to all at every step; who hears it?
fn heard(kind: FaultKind) -> [Vec<u64>; 3] {
    let faults = vec![fault(20, 40, kind)];
    let setup = setup(4, FREE, Span::micros(15), faults);
    let nodes = vec![
        beacon(&[1, 2, 3], 50),
        Puppet::silent(),
        Puppet::silent(),
        Puppet::silent(),
    ];
    let log = play(setup, nodes);
    [1, 2, 3].map(|node| received(&log, node))
}

#[test]
fn cuts_drop_messages_as_they_leave() {
    let nodes = |ids: &[u32]| ids.iter().copied().map(NodeId).collect::<Vec<_>>();
    let all: Vec<u64> = (0..=50).step_by(10).collect();
    // Those of 10 us are under way when the cut comes, and arrive.
    let cut = vec![0, 10, 40, 50];
    let (a, c) = (all, cut);
    assert_eq!(
        heard(FaultKind::Isolate(nodes(&[2]))),
        [a.clone(), c.clone(), a.clone()]
    );
    assert_eq!(
        heard(FaultKind::Isolate(nodes(&[0, 2]))),
        [c.clone(), c.clone(), c.clone()]
    );
    // Node 3 is in no group and hears everybody.
    let groups = vec![nodes(&[0, 1]), nodes(&[2])];
    assert_eq!(
        heard(FaultKind::Partition(groups)),
        [a.clone(), c.clone(), a]
    );
}

#[test]
fn a_slow_link_takes_a_factor_and_an_addition_in_one_direction() {
    let slow = FaultKind::SlowLink {
        from: vec![NodeId(0)],
        to: vec![NodeId(1)],
        added: Span::micros(3),
        factor_permille: 2_500,
    };
    let nodes = || vec![beacon(&[1], 0), beacon(&[0], 0)];
    let setup = setup(2, FREE, Span::micros(10), vec![fault(0, 5, slow)]);
    assert_eq!(
        play(setup, nodes()),
        [
            "10us 0 Message(NodeId(1), 0)",
            "28us 1 Message(NodeId(0), 0)"
        ]
    );
}

#[test]
fn a_slow_machine_stretches_work_while_it_lasts() {
    let node = Puppet::new(|event, ctx| {
        if let Event::Start | Event::Timer(_) = event {
            ctx.spend(Span::micros(2));
            ctx.spend_parallel(4, Span::micros(1));
            ctx.emit("done".into());
            if ctx.now() < us(300) {
                ctx.set_timer_at(
                    0,
                    Time::from_nanos(ctx.now().as_nanos() / 100_000 * 100_000 + 100_000),
                );
            }
        }
    });
    let slow = |permille| FaultKind::SlowMachine {
        machines: vec![MachineId(0)],
        factor_permille: permille,
    };
    let faults = vec![fault(50, 250, slow(2_000)), fault(150, 350, slow(1_500))];
    let log = play(setup(1, cores(2), Span::ZERO, faults), vec![node]);
    // 2 + 2 us of work at 1, 2, 3 and 1.5 times.
    let ends = ["4us", "108us", "212us", "306us"];
    let done: Vec<&str> = log
        .iter()
        .filter(|line| line.ends_with("done"))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(done, ends);
}

#[test]
fn losses_come_at_their_rate() {
    let loss = FaultKind::Loss {
        nodes: vec![NodeId(1)],
        ppm: 200_000,
    };
    let faults = vec![fault(0, None, loss.clone()), fault(0, None, loss)];
    let setup = setup(3, FREE, Span::micros(10), faults);
    let nodes = vec![beacon(&[1, 2], 200_000), Puppet::silent(), Puppet::silent()];
    let (log, simulation) = play_on(setup, nodes);
    // Two faults of 20 %, each on its own: 64 % of 20,001 come.
    let came = received(&log, 1).len() as f64 / 20_001.0;
    assert!((came - 0.64).abs() < 0.012, "{came}");
    assert_eq!(received(&log, 2).len(), 20_001);
    assert_eq!(
        simulation.machine_use(MachineId(0)).dropped,
        simulation.dropped()
    );
    let certain = FaultKind::Loss {
        nodes: vec![NodeId(0)],
        ppm: 1_000_000,
    };
    assert_eq!(heard(certain)[0], [0, 10, 40, 50]);
}

#[test]
#[should_panic(expected = "a fault names node 1 of 1")]
fn a_fault_of_nobody_is_a_bug() {
    let nodes = vec![Puppet::silent()];
    let _ = Simulation::new(setup(1, FREE, Span::ZERO, vec![crash(1, 2)]), nodes);
}

/// The trait's defaults are what they say.
#[test]
fn defaults_do_nothing() {
    let mut node = Puppet::silent();
    Node::on_crash(&mut node, us(1));
    assert_eq!(node.crashes, [us(1)]);
    assert_eq!(node.touch(), 0);
}
