//! When handlers run and when their effects leave, checked by hand: lanes,
//! cores, posts.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::*;
use groma_sim::{MachineId, MachineSpec, NodeId, Span};

/// Sends these notes to node 1 at the start, 100 bytes each.
fn sender(notes: &'static [u64]) -> Puppet {
    Puppet::new(move |event, ctx| {
        if *event == Event::Start {
            for &note in notes {
                ctx.send(NodeId(1), Note(note), 100);
            }
        }
    })
}

/// Works so long on every message.
fn worker(micros: u64) -> Puppet {
    Puppet::new(move |event, ctx| {
        if let Event::Message(..) = event {
            ctx.spend(Span::micros(micros));
        }
    })
}

#[test]
fn a_message_takes_the_latency_of_its_link() {
    let ping = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            ctx.send(NodeId(1), Note(1), 100);
        }
    });
    let pong = Puppet::new(|event, ctx| {
        if let Event::Message(from, number) = event {
            ctx.send(*from, Note(number + 1), 100);
        }
    });
    let log = play(setup(2, FREE, Span::micros(50), vec![]), vec![ping, pong]);
    assert_eq!(
        log,
        [
            "50us 1 Message(NodeId(0), 1)",
            "100us 0 Message(NodeId(1), 2)"
        ]
    );
}

#[test]
fn a_lane_serves_one_message_after_the_other() {
    let setup = setup(2, cores(4), Span::micros(50), vec![]);
    let log = play(setup, vec![sender(&[1, 2, 3]), worker(10)]);
    assert_eq!(
        log,
        [
            "50us 1 Message(NodeId(0), 1)",
            "60us 1 Message(NodeId(0), 2)",
            "70us 1 Message(NodeId(0), 3)",
        ]
    );
}

#[test]
fn lanes_run_beside_each_other_on_two_cores_and_take_turns_on_one() {
    let notes = &[1, 1_001, 2_001, 2];
    let play_on = |count| {
        let setup = setup(2, cores(count), Span::micros(50), vec![]);
        play(setup, vec![sender(notes), worker(10)])
    };
    assert_eq!(
        play_on(2),
        [
            "50us 1 Message(NodeId(0), 1)",
            "50us 1 Message(NodeId(0), 1001)",
            // Lane 2 found no core at 50 us and goes before the second
            // message of lane 0, which found its lane busy.
            "60us 1 Message(NodeId(0), 2001)",
            "60us 1 Message(NodeId(0), 2)",
        ]
    );
    assert_eq!(
        play_on(1),
        [
            "50us 1 Message(NodeId(0), 1)",
            "60us 1 Message(NodeId(0), 1001)",
            "70us 1 Message(NodeId(0), 2001)",
            "80us 1 Message(NodeId(0), 2)",
        ]
    );
}

#[test]
fn nodes_share_the_cores_of_their_machine() {
    let source = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            ctx.multicast(&[NodeId(1), NodeId(2), NodeId(3)], Note(1), 100);
        }
    });
    let mut setup = setup(2, cores(2), Span::micros(50), vec![]);
    setup.placement = [0, 1, 1, 1].map(MachineId).to_vec();
    let nodes = vec![source, worker(10), worker(20), worker(30)];
    let (log, simulation) = play_on(setup, nodes);
    assert_eq!(
        log,
        [
            "50us 1 Message(NodeId(0), 1)",
            "50us 2 Message(NodeId(0), 1)",
            "60us 3 Message(NodeId(0), 1)",
        ]
    );
    let usage = simulation.machine_use(MachineId(1));
    // The last event is the start of the last handler, at 60 us.
    assert_eq!(usage.cpu_busy, Span::micros(20));
}

/// A D/D/1 queue: a message every 10 us, 12 us of work each, so that message
/// k waits 2k us and starts at 50 + 12k.
#[test]
fn an_overloaded_lane_falls_behind_by_the_excess() {
    let source = Puppet::new(|event, ctx| match event {
        Event::Start | Event::Timer(_) => {
            ctx.send(NodeId(1), Note(1), 100);
            if ctx.now() < us(990) {
                ctx.set_timer(1, Span::micros(10));
            }
        }
        _ => {}
    });
    let log = play(
        setup(2, cores(1), Span::micros(50), vec![]),
        vec![source, worker(12)],
    );
    let served: Vec<&String> = log.iter().filter(|line| line.contains(" 1 M")).collect();
    assert_eq!(served.len(), 100);
    for (k, line) in served.iter().enumerate() {
        let start = Span::micros(50 + 12 * k as u64);
        assert_eq!(**line, format!("{start} 1 Message(NodeId(0), 1)"));
    }
}

#[test]
fn effects_leave_at_the_handlers_clock() {
    let busy = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            ctx.emit("first".into());
            ctx.spend(Span::micros(10));
            ctx.send(NodeId(1), Note(1), 100);
            ctx.post(Note(2_007));
            ctx.emit("second".into());
            ctx.spend(Span::micros(5));
            ctx.multicast(&[NodeId(1), NodeId(0)], Note(3), 100);
            ctx.emit("third".into());
        }
    });
    let setup = setup(2, cores(2), Span::micros(50), vec![]);
    let (log, simulation) = play_on(setup, vec![busy, Puppet::silent()]);
    assert_eq!(
        log,
        [
            "0s 0 first",
            "10us 0 second",
            "10us 0 Message(NodeId(0), 2007)",
            "15us 0 third",
            // To itself by the loopback of 10 us.
            "25us 0 Message(NodeId(0), 3)",
            "60us 1 Message(NodeId(0), 1)",
            "65us 1 Message(NodeId(0), 3)",
        ]
    );
    assert_eq!(simulation.payloads(), 0);
    assert_eq!(simulation.deliveries(), 4);
}

/// The sender that is done first goes first, not the one that began first.
#[test]
fn the_interface_serves_in_order_of_leaving() {
    let delayed = |micros| {
        Puppet::new(move |event, ctx| {
            if *event == Event::Start {
                ctx.spend(Span::micros(micros));
                ctx.send(NodeId(2), Note(micros), 1_250);
            }
        })
    };
    let machine = MachineSpec {
        cores: 2,
        egress_bps: 1_000_000_000,
        ingress_bps: 0,
    };
    let mut setup = setup(2, machine, Span::micros(50), vec![]);
    setup.placement = [0, 0, 1].map(MachineId).to_vec();
    let log = play(setup, vec![delayed(9), delayed(3), Puppet::silent()]);
    assert_eq!(
        log,
        [
            "63us 2 Message(NodeId(1), 3)",
            // Leaves at 9 us, waits until 13 us for the other's 10 us.
            "73us 2 Message(NodeId(0), 9)",
        ]
    );
}

/// Lane 0 runs a fork-join over idle cores; a probe on lane 1 comes later.
fn fork_join(count: u32, items: u32, probe_after: u64) -> (Vec<String>, Span) {
    let forker = Puppet::new(move |event, ctx| match event {
        Event::Start => {
            ctx.set_timer(1_001, Span::micros(probe_after));
            ctx.spend_parallel(items, Span::micros(1));
            ctx.emit("joined".into());
        }
        _ => ctx.spend(Span::micros(1)),
    });
    let setup = setup(1, cores(count), Span::ZERO, vec![]);
    let (log, mut simulation) = play_on(setup, vec![forker]);
    let end = simulation.now() + Span::micros(1);
    simulation.run_until(end, &mut ());
    (log, simulation.machine_use(MachineId(0)).cpu_busy)
}

#[test]
fn parallel_work_takes_the_longest_share() {
    // ceil(10 / 4) = 3 rounds; shares are 3, 3, 2, 2.
    let (log, busy) = fork_join(4, 10, 2);
    assert_eq!(log, ["2us 0 Timer(1001)", "3us 0 joined"]);
    // The probe ran until 3 us, the end of the reading.
    assert_eq!(busy, Span::micros(11));
    // ceil(5 / 4) = 2 rounds need 3 cores only; the fourth takes the probe.
    let (log, _) = fork_join(4, 5, 0);
    assert_eq!(log, ["0s 0 Timer(1001)", "2us 0 joined"]);
    // All four cores are held for the one round.
    let (log, _) = fork_join(4, 4, 0);
    assert_eq!(log, ["1us 0 joined", "1us 0 Timer(1001)"]);
    let (log, _) = fork_join(1, 7, 100);
    assert_eq!(log, ["7us 0 joined", "100us 0 Timer(1001)"]);
    let (log, _) = fork_join(3, 0, 100);
    assert_eq!(log, ["0s 0 joined", "100us 0 Timer(1001)"]);
}

#[test]
fn busy_cores_do_not_help() {
    let node = Puppet::new(|event, ctx| match event {
        Event::Start => {
            ctx.post(Note(1_001));
            ctx.post(Note(2_001));
        }
        Event::Message(_, 1_001) => ctx.spend(Span::micros(100)),
        Event::Message(_, 2_001) => {
            ctx.spend_parallel(9, Span::micros(1));
            ctx.emit("joined".into());
        }
        _ => {}
    });
    let log = play(setup(1, cores(4), Span::ZERO, vec![]), vec![node]);
    assert_eq!(log[2], "3us 0 joined");
}

/// Lanes 2 and 3 wait while lanes 0 and 1 hold both cores until 2 and 5 us.
/// Lane 2 starts at 2 us and forks at 12 us: the other core would be idle then,
/// but lane 3 waits for it.
#[test]
fn cores_that_lanes_wait_for_do_not_help() {
    let node = Puppet::new(|event, ctx| match event {
        Event::Start => {
            for note in [1, 1_001, 2_001, 3_001] {
                ctx.post(Note(note));
            }
        }
        Event::Message(_, 1) => ctx.spend(Span::micros(2)),
        Event::Message(_, 1_001) => ctx.spend(Span::micros(5)),
        Event::Message(_, 2_001) => {
            ctx.spend(Span::micros(10));
            ctx.spend_parallel(4, Span::micros(1));
            ctx.emit("joined".into());
        }
        _ => ctx.spend(Span::micros(100)),
    });
    let log = play(setup(1, cores(2), Span::ZERO, vec![]), vec![node]);
    assert_eq!(
        log[2..],
        [
            "2us 0 Message(NodeId(0), 2001)",
            "5us 0 Message(NodeId(0), 3001)",
            "16us 0 joined",
        ]
    );
}

/// A message that comes at the very instant at which its lane frees up goes
/// behind those that wait.
#[test]
fn nobody_jumps_the_queue_of_a_lane() {
    let source = Puppet::new(|event, ctx| match event {
        Event::Start => {
            ctx.send(NodeId(1), Note(1), 1);
            ctx.set_timer(2, Span::micros(2));
            ctx.set_timer(3, Span::micros(10));
        }
        Event::Timer(number) => ctx.send(NodeId(1), Note(*number), 1),
        _ => {}
    });
    let setup = setup(2, cores(4), Span::micros(50), vec![]);
    let log = play(setup, vec![source, worker(10)]);
    let served: Vec<&str> = log
        .iter()
        .filter(|line| line.contains(" 1 M"))
        .map(String::as_str)
        .collect();
    assert_eq!(
        served,
        [
            "50us 1 Message(NodeId(0), 1)",
            "60us 1 Message(NodeId(0), 2)",
            "70us 1 Message(NodeId(0), 3)",
        ]
    );
}

#[test]
fn waiting_holds_the_lane_and_not_the_core() {
    let node = Puppet::new(|event, ctx| match event {
        Event::Start => {
            for note in [2_001, 1, 2_002] {
                ctx.post(Note(note));
            }
        }
        Event::Message(_, note) if *note > 2_000 => {
            ctx.spend(Span::micros(1));
            ctx.wait(Span::micros(100));
            ctx.emit(format!("written {note}"));
        }
        _ => ctx.spend(Span::micros(10)),
    });
    let log = play(setup(1, cores(1), Span::ZERO, vec![]), vec![node]);
    assert_eq!(
        log,
        [
            "0s 0 Message(NodeId(0), 2001)",
            "1us 0 Message(NodeId(0), 1)",
            "101us 0 written 2001",
            "101us 0 Message(NodeId(0), 2002)",
            "202us 0 written 2002",
        ]
    );
}

#[test]
fn free_cpu_takes_no_time() {
    let node = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            ctx.spend(Span::secs(1));
            ctx.spend_parallel(10, Span::secs(1));
            ctx.emit("done".into());
            ctx.wait(Span::micros(1));
            ctx.emit("waited".into());
        }
    });
    let log = play(setup(1, FREE, Span::ZERO, vec![]), vec![node]);
    assert_eq!(log, ["0s 0 done", "1us 0 waited"]);
}

/// Reading use in the middle of work shows the part that is done.
#[test]
fn machine_use_can_be_sampled_at_any_time() {
    let busy = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            ctx.spend(Span::micros(100));
            ctx.send(NodeId(1), Note(1), 12_500);
        }
    });
    let machine = MachineSpec {
        cores: 2,
        egress_bps: 1_000_000_000,
        ingress_bps: 500_000_000,
    };
    let setup = setup(2, machine, Span::micros(50), vec![]);
    let nodes = vec![busy, Puppet::silent()];
    let mut simulation = groma_sim::Simulation::new(setup, nodes);
    let mut read = |at| {
        simulation.run_until(us(at), &mut ());
        let [a, b] = [0, 1].map(|machine| simulation.machine_use(MachineId(machine)));
        [a.cpu_busy, a.egress_busy, b.ingress_busy].map(|span| span.as_nanos() / 1_000)
    };
    assert_eq!(read(30), [30, 0, 0]);
    assert_eq!(read(100), [100, 0, 0]);
    assert_eq!(read(140), [100, 40, 0]);
    assert_eq!(read(200), [100, 100, 50]);
    assert_eq!(read(400), [100, 100, 200]);
}

/// Helpers that join after a serial part count from the moment they join.
#[test]
fn parallel_work_after_serial_work_is_read_when_it_is_done() {
    let node = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            ctx.spend(Span::micros(10));
            ctx.spend_parallel(4, Span::micros(20));
            ctx.spend(Span::micros(5));
        }
    });
    let setup = setup(1, cores(4), Span::ZERO, vec![]);
    let mut simulation = groma_sim::Simulation::new(setup, vec![node]);
    let mut read = |at| {
        simulation.run_until(us(at), &mut ());
        simulation.machine_use(MachineId(0)).cpu_busy
    };
    assert_eq!(read(10), Span::micros(10));
    assert_eq!(read(20), Span::micros(50));
    assert_eq!(read(30), Span::micros(90));
    assert_eq!(read(32), Span::micros(92));
    assert_eq!(read(45), Span::micros(95));
}
