//! Goldens of streams and fingerprints, and memory that stays flat.
#![allow(missing_docs, clippy::unwrap_used)]

use groma_sim::rng::NodeRng;
use groma_sim::{
    Context, Fault, FaultKind, Lane, LatencyLaw, LinkSpec, MachineId, MachineSpec, Network, Node,
    NodeId, Setup, Simulation, Span, Stop, Streams, Time, draw,
};
use rand::Rng;

#[test]
fn named_streams_are_golden() {
    let first = |seed, name, index| Streams::new(seed).stream(name, index).next_u64();
    let drawn = [
        first(1, "client", 0),
        first(1, "client", 1),
        first(2, "client", 0),
        first(1, "arrivals", 0),
    ];
    assert_eq!(
        drawn,
        [
            11_778_012_932_893_255_782,
            3_558_317_774_068_870_474,
            16_387_837_502_192_558_037,
            14_312_962_948_924_689_826,
        ]
    );
    let mut stream = Streams::new(1).stream("client", 0);
    stream.next_u64();
    let mut bytes = [0; 5];
    stream.fill_bytes(&mut bytes);
    assert_eq!(
        (stream.next_u32(), bytes),
        (3_467_532_317, [115, 83, 40, 16, 227])
    );
}

#[test]
fn node_generators_are_golden() {
    let mut rng = NodeRng::from_stream(&mut Streams::new(1).stream("node", 0));
    let drawn: [u64; 3] = std::array::from_fn(|_| rng.next_u64());
    assert_eq!(
        drawn,
        [
            5_807_553_620_472_510_312,
            14_876_439_226_957_816_689,
            3_787_386_899_680_213_968,
        ]
    );
    let mut bytes = [0; 11];
    rng.fill_bytes(&mut bytes);
    assert!(bytes[8..].iter().any(|&byte| byte != 0));
}

#[test]
fn draws_are_golden() {
    let mut rng = Streams::new(1).stream("draws", 0);
    let ms = Span::millis;
    let drawn = [
        draw::uniform(&mut rng, ms(1), ms(3)),
        draw::exponential(&mut rng, ms(1)),
        draw::normal(&mut rng, ms(10), ms(1)),
        draw::log_normal(&mut rng, ms(50), ms(55)),
        draw::pareto(&mut rng, ms(50), 2_500),
    ];
    assert_eq!(
        drawn.map(Span::as_nanos),
        [1_334_570, 4_224_619, 9_545_552, 53_674_580, 58_267_775]
    );
}

/// Answers everything, works a little, and keeps a timer running.
struct Chatter {
    nodes: u32,
}

impl Chatter {
    fn chat(&mut self, ctx: &mut Context<'_, Self>) {
        let work = Span::nanos(500 + ctx.random() % 1_000);
        ctx.spend(work);
        ctx.set_timer(1, Span::millis(5));
        let to = NodeId((ctx.random() % u64::from(self.nodes)) as u32);
        let bytes = 100 + ctx.random() % 1_000;
        ctx.send(to, vec![0; 3], bytes);
    }
}

impl Node for Chatter {
    type Message = Vec<u8>;
    type Observation = ();

    fn lane(&self, _message: &Vec<u8>) -> Lane {
        Lane::Intake
    }
    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        self.chat(ctx);
        let all: Vec<NodeId> = (0..self.nodes).map(NodeId).collect();
        ctx.multicast(&all, vec![0; 9], 5_000);
    }
    fn on_message(&mut self, _from: NodeId, message: &Vec<u8>, ctx: &mut Context<'_, Self>) {
        if message.len() == 3 {
            self.chat(ctx);
        }
    }
    fn on_timer(&mut self, _key: u64, ctx: &mut Context<'_, Self>) {
        self.chat(ctx);
    }
    fn on_restart(&mut self, ctx: &mut Context<'_, Self>) {
        self.chat(ctx);
    }
}

fn chatter(seed: u64, nodes: u32) -> Simulation<Chatter> {
    let link = LinkSpec {
        latency: LatencyLaw::LogNormal {
            p50: Span::millis(2),
            p90: Span::millis(3),
        },
        jitter: LatencyLaw::Normal {
            mean: Span::micros(50),
            deviation: Span::micros(10),
        },
        loss_ppm: 1_000,
    };
    let machine = MachineSpec {
        cores: 2,
        egress_bps: 1_000_000_000,
        ingress_bps: 1_000_000_000,
    };
    let setup = Setup {
        seed,
        machines: vec![machine; nodes as usize],
        placement: (0..nodes).map(MachineId).collect(),
        network: Network::meshed(nodes, link),
        faults: vec![Fault {
            at: Time::ZERO + Span::millis(100),
            until: Some(Time::ZERO + Span::millis(200)),
            kind: FaultKind::Crash(vec![NodeId(1)]),
        }],
        max_events: u64::MAX,
    };
    Simulation::new(setup, (0..nodes).map(|_| Chatter { nodes }).collect())
}

fn fingerprint(seed: u64) -> u128 {
    let mut simulation = chatter(seed, 10);
    let end = Time::ZERO + Span::secs(1);
    assert_eq!(simulation.run_until(end, &mut ()), Stop::Horizon);
    assert!(simulation.deliveries() > 4_000);
    simulation.fingerprint()
}

/// The same on every machine, in debug and release builds.
#[test]
fn the_fingerprint_is_golden_and_the_seed_counts() {
    let golden = 0x6dae_2f24_11b3_4a53_7f32_fac2_9867_eb5b;
    assert_eq!(fingerprint(1), golden, "{:#x}", fingerprint(1));
    assert_ne!(fingerprint(1), fingerprint(2));
}

#[test]
fn a_run_stops_at_its_limit_of_events() {
    let network = Network::uniform(1, LatencyLaw::ZERO);
    let setup = Setup {
        seed: 1,
        machines: vec![MachineSpec {
            cores: 1,
            egress_bps: 0,
            ingress_bps: 0,
        }],
        placement: vec![MachineId(0)],
        network,
        faults: vec![],
        max_events: 100,
    };
    let mut simulation = Simulation::new(setup, vec![Chatter { nodes: 1 }]);
    assert_eq!(simulation.run_until(Time::MAX, &mut ()), Stop::Limit);
    assert_eq!(simulation.events(), 100);
}

/// After a warm-up nothing grows: not the queue, not the payloads under way.
#[test]
fn memory_is_flat_over_virtual_time() {
    let mut simulation = chatter(3, 50);
    let mut measure = |secs| {
        simulation.run_until(Time::ZERO + Span::secs(secs), &mut ());
        simulation.memory()
    };
    let early = measure(2);
    assert_eq!(measure(20), early);
}
