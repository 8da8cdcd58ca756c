//! Random nodes on random machines under random faults: what must hold in
//! every run, and that every run can be repeated.
#![allow(missing_docs, clippy::unwrap_used)]

use groma_sim::{
    Context, Fault, FaultKind, Lane, LatencyLaw, LinkSpec, MachineId, MachineSpec, Network, Node,
    NodeId, Setup, Sharing, Simulation, Span, Stop, Time, Topology,
};
use proptest::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// A handler that ran: where, from when to when, and whether it worked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    node: u32,
    lane: Lane,
    from: Time,
    to: Time,
    worked: bool,
}

/// Does random things until it has done enough of them.
struct Monkey {
    nodes: u64,
    left: u32,
    runs: Rc<RefCell<Vec<Run>>>,
}

impl Monkey {
    fn act(&mut self, lane: Lane, ctx: &mut Context<'_, Self>) {
        let from = ctx.now();
        let mut worked = false;
        for _ in 0..ctx.random() % 6 {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let span = Span::nanos(ctx.random() % 20_000);
            let to = NodeId((ctx.random() % self.nodes) as u32);
            let bytes = ctx.random() % 3_000;
            match ctx.random() % 12 {
                0..3 => ctx.send(to, bytes, bytes),
                3 => ctx.multicast(&[to, NodeId(0), to], bytes, bytes),
                4 => ctx.post(bytes),
                5 => ctx.set_timer(bytes % 5, span),
                6 => ctx.cancel_timer(bytes % 5),
                7 => ctx.wait(span),
                8 => {
                    ctx.spend_parallel((bytes % 9) as u32, span);
                    worked = true;
                }
                _ => {
                    ctx.spend(span);
                    worked = true;
                }
            }
            ctx.emit(ctx.now());
        }
        // Some timer is always set, so that a node is not silent for long.
        if self.left > 0 {
            ctx.set_timer(9, Span::micros(30));
        }
        let node = ctx.id().0;
        let to = ctx.now();
        self.runs.borrow_mut().push(Run {
            node,
            lane,
            from,
            to,
            worked,
        });
    }
}

impl Node for Monkey {
    type Message = u64;
    type Observation = Time;

    fn lane(&self, message: &u64) -> Lane {
        Lane::ALL[*message as usize % 4]
    }
    fn timer_lane(&self, key: u64) -> Lane {
        Lane::ALL[key as usize % 4]
    }
    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        self.act(Lane::Consensus, ctx);
    }
    fn on_message(&mut self, _from: NodeId, message: &u64, ctx: &mut Context<'_, Self>) {
        self.act(self.lane(message), ctx);
    }
    fn on_timer(&mut self, key: u64, ctx: &mut Context<'_, Self>) {
        self.act(self.timer_lane(key), ctx);
    }
    fn on_restart(&mut self, ctx: &mut Context<'_, Self>) {
        self.act(Lane::Consensus, ctx);
    }
}

fn laws() -> impl Strategy<Value = LatencyLaw> {
    let us = |range: std::ops::Range<u64>| range.prop_map(Span::micros);
    prop_oneof![
        us(0..50).prop_map(LatencyLaw::Constant),
        (us(0..20), us(20..50)).prop_map(|(low, high)| LatencyLaw::Uniform { low, high }),
        us(1..50).prop_map(|mean| LatencyLaw::Exponential { mean }),
        (us(1..30), us(30..90)).prop_map(|(p50, p90)| LatencyLaw::LogNormal { p50, p90 }),
    ]
}

fn machines() -> impl Strategy<Value = MachineSpec> {
    let rates = || prop_oneof![Just(0), Just(100_000_000), Just(3_000_000_007)];
    (0_u32..4, rates(), rates()).prop_map(|(cores, egress_bps, ingress_bps)| MachineSpec {
        cores,
        egress_bps,
        ingress_bps,
    })
}

const NODES: u32 = 5;

fn faults() -> impl Strategy<Value = Fault> {
    let nodes = || prop::collection::vec((0..NODES).prop_map(NodeId), 1..3);
    let kinds = prop_oneof![
        3 => nodes().prop_map(FaultKind::Crash),
        1 => nodes().prop_map(FaultKind::Restart),
        1 => nodes().prop_map(FaultKind::Isolate),
        1 => (nodes(), nodes()).prop_map(|(a, b)| FaultKind::Partition(vec![a, b])),
        1 => (nodes(), nodes()).prop_map(|(from, to)| FaultKind::SlowLink {
            from,
            to,
            added: Span::micros(7),
            factor_permille: 1_700,
        }),
        1 => (0_u32..2).prop_map(|machine| FaultKind::SlowMachine {
            machines: vec![MachineId(machine)],
            factor_permille: 3_000,
        }),
        1 => (nodes(), 0_u32..500_000).prop_map(|(nodes, ppm)| FaultKind::Loss { nodes, ppm }),
    ];
    (0_u64..400, 0_u64..400, any::<bool>(), kinds).prop_map(|(at, span, heals, kind)| Fault {
        at: Time::ZERO + Span::micros(at),
        until: heals.then_some(Time::ZERO + Span::micros(at + span)),
        kind,
    })
}

fn setups() -> impl Strategy<Value = Setup> {
    let links = (laws(), laws(), prop_oneof![Just(0_u32), Just(50_000)]);
    (
        any::<u64>(),
        prop::collection::vec(machines(), 2..5),
        prop::collection::vec(0_u32..2, NODES as usize),
        links,
        prop::collection::vec(faults(), 0..5),
    )
        .prop_map(
            |(seed, machines, placement, (latency, jitter, loss_ppm), faults)| {
                let link = LinkSpec {
                    latency,
                    jitter,
                    loss_ppm,
                };
                let count = machines.len() as u32;
                let topology = match seed % 2 {
                    0 => Topology::full_mesh(vec![0; count as usize], &[vec![link]]),
                    _ => Topology::links(count, (1..count).map(|to| (to - 1, to, link))),
                };
                let mut network = Network::new(topology.unwrap());
                if seed % 3 == 0 {
                    network.sharing = Sharing::MaxMin;
                }
                Setup {
                    seed,
                    machines,
                    placement: placement.into_iter().map(MachineId).collect(),
                    network,
                    faults,
                    max_events: 100_000,
                }
            },
        )
}

struct Outcome {
    runs: Vec<Run>,
    observed: Vec<(Time, NodeId, Time)>,
    fingerprint: u128,
    events: u64,
    use_of: Vec<groma_sim::MachineUse>,
    payloads: usize,
}

/// Runs to the end, pausing at multiples of `step` if there is one.
fn run(setup: &Setup, step: Option<Span>) -> Outcome {
    let runs = Rc::default();
    let monkey = |_| Monkey {
        nodes: u64::from(NODES),
        left: 100,
        runs: Rc::clone(&runs),
    };
    let nodes = (0..NODES).map(monkey).collect();
    let mut simulation = Simulation::new(setup.clone(), nodes);
    let mut observed: Vec<(Time, NodeId, Time)> = Vec::new();
    let mut end = Time::ZERO;
    let stop = loop {
        end = step.map_or(Time::MAX, |step| end + step);
        match simulation.run_until(end, &mut observed) {
            Stop::Horizon => assert_eq!(simulation.now(), end),
            stop => break stop,
        }
    };
    assert_eq!(stop, Stop::Idle);
    // The last handlers end after the last event.
    simulation.run_until(Time::ZERO + Span::secs(1), &mut observed);
    let machines = 0..setup.machines.len() as u32;
    let outcome = Outcome {
        runs: runs.take(),
        observed,
        fingerprint: simulation.fingerprint(),
        events: simulation.events(),
        use_of: machines
            .map(|m| simulation.machine_use(MachineId(m)))
            .collect(),
        payloads: simulation.payloads(),
    };
    assert_eq!(simulation.pending(), 0);
    outcome
}

/// Whether some instant lies in more than `limit` of these intervals.
fn overlaps(mut intervals: Vec<(Time, Time)>, limit: usize) -> bool {
    intervals.sort_unstable();
    let mut ends: Vec<Time> = Vec::new();
    for (from, to) in intervals {
        ends.retain(|&end| end > from);
        if to > from {
            ends.push(to);
        }
        if ends.len() > limit {
            return true;
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_run_keeps_the_laws_of_physics(setup in setups()) {
        let outcome = run(&setup, None);
        // Observations come in the order of time and with the right stamp.
        prop_assert!(outcome.observed.is_sorted_by_key(|(at, ..)| *at));
        prop_assert!(outcome.observed.iter().all(|(at, _, stamp)| at == stamp));
        // Handlers start in the order of time.
        prop_assert!(outcome.runs.is_sorted_by_key(|run| run.from));
        prop_assert_eq!(outcome.payloads, 0);
        let crashes = setup.faults.iter().any(|fault| matches!(fault.kind, FaultKind::Crash(_)));
        if crashes {
            // The end of a run that a crash cut short is not known.
            return Ok(());
        }
        let intervals = |belongs: &dyn Fn(&Run) -> bool| -> Vec<(Time, Time)> {
            let runs = outcome.runs.iter().filter(|run| belongs(run));
            runs.map(|run| (run.from, run.to)).collect()
        };
        for node in 0..NODES {
            for lane in Lane::ALL {
                let lane = intervals(&|run| run.node == node && run.lane == lane);
                prop_assert!(!overlaps(lane, 1), "a lane of node {node} ran twice at once");
            }
        }
        for (machine, spec) in (0..).zip(&setup.machines) {
            let here = |run: &Run| setup.placement[run.node as usize] == MachineId(machine);
            // A wait at a handler's end holds no core, so only the sum of the
            // work is bounded.
            let elapsed = outcome.runs.iter().filter(|run| here(run)).map(|run| run.to).max();
            let elapsed = elapsed.unwrap_or(Time::ZERO).since_start();
            let busy = outcome.use_of[machine as usize].cpu_busy;
            prop_assert!(std::time::Duration::from(busy) <= elapsed * spec.cores);
            prop_assert!(spec.cores > 0 || busy == Span::ZERO);
            let worked = outcome.runs.iter().any(|run| here(run) && run.worked && run.to > run.from);
            prop_assert!(worked || busy == Span::ZERO);
        }
    }

    #[test]
    fn a_run_repeats_itself_and_may_be_paused(setup in setups(), step in 1_u64..200_000) {
        let (once, twice) = (run(&setup, None), run(&setup, None));
        let paused = run(&setup, Some(Span::nanos(step)));
        for other in [&twice, &paused] {
            prop_assert_eq!(once.fingerprint, other.fingerprint);
            prop_assert_eq!(once.events, other.events);
            prop_assert_eq!(&once.runs, &other.runs);
            prop_assert_eq!(&once.observed, &other.observed);
            prop_assert_eq!(&once.use_of, &other.use_of);
        }
    }
}
