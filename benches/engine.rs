//! The bare engine: events per second with handlers that do nearly nothing.
//!
//! Ping-pong is two nodes and one event pending. PHOLD (Fujimoto 1990) is N
//! nodes with one event pending each, exponential increments of mean 1 plus a
//! look-ahead of 0.1, and uniform destinations. In a broadcast round a leader
//! sends 1 KiB to all and all answer to all.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use groma_sim::{
    Context, Lane, LatencyLaw, LinkSpec, MachineId, MachineSpec, Network, Node, NodeId, Setup,
    Simulation, Span, Time, Topology,
};
use std::time::{Duration, Instant};

const FREE: MachineSpec = MachineSpec {
    cores: 0,
    egress_bps: 0,
    ingress_bps: 0,
};

fn setup(machine: MachineSpec, network: Network) -> Setup {
    let nodes = network.topology.machines() as u32;
    Setup {
        seed: 1,
        machines: vec![machine; nodes as usize],
        placement: (0..nodes).map(MachineId).collect(),
        network,
        faults: Vec::new(),
        max_events: u64::MAX,
    }
}

/// Sends whatever it receives on: to a fixed partner, or to anybody.
struct Forwarder {
    starts: bool,
    partner: Option<NodeId>,
    nodes: u32,
}

impl Forwarder {
    fn forward(&mut self, ctx: &mut Context<'_, Self>) {
        let to = self.partner.unwrap_or_else(|| {
            let drawn = ctx.random() >> 32;
            NodeId(((drawn * u64::from(self.nodes)) >> 32) as u32)
        });
        ctx.send(to, 0, 100);
    }
}

impl Node for Forwarder {
    type Message = u64;
    type Observation = ();

    fn lane(&self, _message: &u64) -> Lane {
        Lane::Consensus
    }
    fn touch(&self) -> u64 {
        u64::from(self.nodes)
    }
    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if self.starts {
            self.forward(ctx);
        }
    }
    fn on_message(&mut self, _from: NodeId, _message: &u64, ctx: &mut Context<'_, Self>) {
        self.forward(ctx);
    }
    fn on_timer(&mut self, _key: u64, _ctx: &mut Context<'_, Self>) {}
    fn on_restart(&mut self, _ctx: &mut Context<'_, Self>) {}
}

/// A member of a committee that runs broadcast rounds, node 0 leading.
struct Member {
    all: Vec<NodeId>,
    answers: usize,
    work: Span,
}

#[derive(Clone, Copy)]
enum Round {
    Proposal,
    Answer,
}

impl Node for Member {
    type Message = Round;
    type Observation = ();

    fn lane(&self, _message: &Round) -> Lane {
        Lane::Consensus
    }
    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.id() == NodeId(0) {
            ctx.multicast(&self.all, Round::Proposal, 1_024);
        }
    }
    fn on_message(&mut self, _from: NodeId, message: &Round, ctx: &mut Context<'_, Self>) {
        ctx.spend(self.work);
        match message {
            Round::Proposal => ctx.multicast(&self.all, Round::Answer, 1_024),
            Round::Answer => {
                self.answers += 1;
                if ctx.id() == NodeId(0) && self.answers.is_multiple_of(self.all.len()) {
                    ctx.multicast(&self.all, Round::Proposal, 1_024);
                }
            }
        }
    }
    fn on_timer(&mut self, _key: u64, _ctx: &mut Context<'_, Self>) {}
    fn on_restart(&mut self, _ctx: &mut Context<'_, Self>) {}
}

fn ping_pong() -> Simulation<Forwarder> {
    let latency = LatencyLaw::Constant(Span::micros(500));
    let node = |index: u32| Forwarder {
        starts: index == 0,
        partner: Some(NodeId(1 - index)),
        nodes: 2,
    };
    let setup = setup(FREE, Network::uniform(2, latency));
    Simulation::new(setup, (0..2).map(node).collect())
}

/// One unit of PHOLD's time is a millisecond here.
fn phold(nodes: u32) -> Simulation<Forwarder> {
    let link = LinkSpec {
        latency: LatencyLaw::Constant(Span::micros(100)),
        jitter: LatencyLaw::Exponential {
            mean: Span::millis(1),
        },
        loss_ppm: 0,
    };
    let node = || Forwarder {
        starts: true,
        partner: None,
        nodes,
    };
    let mut network = Network::meshed(nodes, link);
    network.in_order = false;
    // A node that draws itself waits no less than others.
    network.loopback = Span::micros(1_100);
    let setup = setup(FREE, network);
    Simulation::new(setup, (0..nodes).map(|_| node()).collect())
}

/// Five cities, one-way medians of the order of AWS's, 2 % apart at p90.
fn broadcast(members: u32, machine: MachineSpec, work: Span) -> Simulation<Member> {
    const ONE_WAY_US: [[u64; 5]; 5] = [
        [250, 32_000, 46_000, 75_000, 110_000],
        [32_000, 250, 59_000, 49_000, 82_000],
        [46_000, 59_000, 250, 113_000, 80_000],
        [75_000, 49_000, 113_000, 250, 35_000],
        [110_000, 82_000, 80_000, 35_000, 250],
    ];
    let link = |us: &u64| LinkSpec {
        latency: LatencyLaw::LogNormal {
            p50: Span::micros(*us),
            p90: Span::micros(us * 51 / 50),
        },
        jitter: LatencyLaw::Normal {
            mean: Span::micros(100),
            deviation: Span::micros(20),
        },
        loss_ppm: 0,
    };
    let matrix: Vec<Vec<LinkSpec>> = ONE_WAY_US
        .iter()
        .map(|row| row.iter().map(link).collect())
        .collect();
    let regions = (0..members).map(|member| member % 5).collect();
    let topology = Topology::full_mesh(regions, &matrix).expect("the matrix is square");
    let member = || Member {
        all: (0..members).map(NodeId).collect(),
        answers: 0,
        work,
    };
    let setup = setup(machine, Network::new(topology));
    Simulation::new(setup, (0..members).map(|_| member()).collect())
}

/// Measures the time of `EVENTS` events, over windows of virtual time that
/// hold about as many.
const EVENTS: u64 = 100_000;

fn measure<N: Node>(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    id: BenchmarkId,
    window: Span,
    mut simulation: Simulation<N>,
) {
    simulation.run_until(Time::ZERO + window, &mut ());
    group.bench_function(id, |bencher| {
        bencher.iter_custom(|iterations| {
            let (events, wanted) = (simulation.events(), iterations * EVENTS);
            let started = Instant::now();
            while simulation.events() < events + wanted {
                let end = simulation.now() + window;
                simulation.run_until(end, &mut ());
            }
            let done = (simulation.events() - events) as f64;
            Duration::from_secs_f64(started.elapsed().as_secs_f64() * wanted as f64 / done)
        });
    });
}

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    group.throughput(Throughput::Elements(EVENTS));
    let id = BenchmarkId::from_parameter("ping-pong");
    measure(&mut group, id, Span::secs(10), ping_pong());
    for nodes in [1_000, 10_000, 100_000] {
        let window = Span::micros(110_000_000 / u64::from(nodes));
        let id = BenchmarkId::new("phold", nodes);
        measure(&mut group, id, window, phold(nodes));
    }
    for members in [64, 256] {
        let id = BenchmarkId::new("broadcast", members);
        let simulation = broadcast(members, FREE, Span::ZERO);
        measure(&mut group, id, Span::millis(500), simulation);
    }
    // The same with interfaces of 1 Gbit/s, 4 cores and 5 us a message: an
    // arrival, a delivery and often a wake-up for each.
    let machine = MachineSpec {
        cores: 4,
        egress_bps: 1_000_000_000,
        ingress_bps: 1_000_000_000,
    };
    let id = BenchmarkId::new("broadcast-charged", 64);
    let simulation = broadcast(64, machine, Span::micros(5));
    measure(&mut group, id, Span::millis(500), simulation);
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
