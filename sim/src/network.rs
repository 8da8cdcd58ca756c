//! The network in force during a run: base latency of every pair of machines
//! drawn once, jitter and loss drawn for every message.
//!
//! It knows propagation only; transmission is the machines' affair.

use crate::law::{LatencyLaw, Sampler};
use crate::rng::{Addressed, Streams};
use crate::seat::Place;
use crate::sharing::Sharing;
use crate::time::Span;
use crate::topology::{Edge, LinkSpec, Shape, Topology};
use crate::window::WindowSpec;
use petgraph::Direction::Incoming;
use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

/// What joins the machines, as a description: nothing is drawn yet.
#[derive(Clone, Debug)]
pub struct Network {
    /// The graph.
    pub topology: Topology,
    /// How long a message takes between two nodes on one machine. It passes
    /// no network interface.
    pub loopback: Span,
    /// Whether messages from one machine to another come in the order in
    /// which they left, as on a TCP connection, so that one with little jitter
    /// waits for those before it. Otherwise each comes by its own latency.
    pub in_order: bool,
    /// Added to the trip of every message between machines, as the hosts' own
    /// handling.
    pub overhead: Span,
    /// The congestion windows that bulk data waits for, if any.
    pub windows: Option<WindowSpec>,
    /// How messages share the machines' interfaces.
    pub sharing: Sharing,
}

impl Network {
    /// The default of [`Network::loopback`].
    pub const LOOPBACK: Span = Span::micros(10);

    /// The network of this topology, in order.
    #[must_use]
    pub const fn new(topology: Topology) -> Self {
        Self {
            topology,
            loopback: Self::LOOPBACK,
            in_order: true,
            overhead: Span::ZERO,
            windows: None,
            sharing: Sharing::Fifo,
        }
    }

    /// A full mesh of `machines` with one law for the base latency of every
    /// link, without jitter or loss.
    #[must_use]
    pub fn uniform(machines: u32, latency: LatencyLaw) -> Self {
        Self::meshed(machines, LinkSpec::new(latency))
    }

    /// A full mesh of `machines` with one kind of link.
    #[must_use]
    pub fn meshed(machines: u32, link: LinkSpec) -> Self {
        let topology = Topology::full_mesh(vec![0; machines as usize], &[vec![link]])
            .expect("one region has one row of one cell");
        Self::new(topology)
    }
}

/// Bases of pairs are kept in a table up to this many machines (32 MiB) and
/// computed for every message beyond it.
const TABLED_MACHINES: usize = 2_048;

/// The drawn network.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) loopback: Span,
    overhead: Span,
    plan: Plan,
    samplers: Vec<Sampler>,
    /// Addresses the base latency of a link.
    links: Addressed,
    /// Addresses the jitter and losses of a message.
    messages: Addressed,
}

#[derive(Debug)]
enum Plan {
    Mesh {
        machines: usize,
        regions: usize,
        kinds: Vec<Wire>,
        bases: Bases,
    },
    Routed {
        machines: usize,
        base: Vec<Span>,
        /// The hops of pair p are `hops[starts[p]..starts[p + 1]]`.
        starts: Vec<u32>,
        hops: Vec<u32>,
        kinds: Vec<Wire>,
    },
}

#[derive(Debug)]
enum Bases {
    /// Every law is constant: the base depends on the regions alone.
    Constant,
    /// One entry for every ordered pair of machines.
    Table(Vec<Span>),
    /// Too many machines for a table.
    Computed,
}

#[derive(Clone, Copy, Debug)]
struct Wire {
    latency: LatencyLaw,
    /// The base, if the law is constant.
    base: Span,
    jitter: u32,
    loss: Chance,
}

/// A probability as a bound on 64 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn from_ppm(ppm: u32) -> Self {
        let bound = (u128::from(ppm) << 64) / 1_000_000;
        Self(u64::try_from(bound).unwrap_or(u64::MAX))
    }

    /// Whether these bits fall under the chance; a million ppm always do.
    pub(crate) const fn hits(self, bits: u64) -> bool {
        bits < self.0 || self.0 == u64::MAX
    }
}

/// What a message's draws are for: the second part of their address. Hops of
/// a routed path count on from the first two.
const LOSS: u64 = 0;
const JITTER: u64 = 1;

impl Wires {
    pub(crate) fn new(network: &Network, streams: &Streams) -> Self {
        let mut stream = streams.stream("network", 0);
        let mut wires = Self {
            loopback: network.loopback,
            overhead: network.overhead,
            plan: Plan::Routed {
                machines: 0,
                base: Vec::new(),
                starts: Vec::new(),
                hops: Vec::new(),
                kinds: Vec::new(),
            },
            samplers: Vec::new(),
            links: Addressed::from_stream(&mut stream),
            messages: Addressed::from_stream(&mut stream),
        };
        let topology = &network.topology;
        let kinds: Vec<Wire> = topology
            .graph
            .edge_weights()
            .map(|edge| wires.wire(edge.spec))
            .collect();
        wires.plan = match &topology.shape {
            Shape::Mesh { regions } => wires.mesh(topology.graph.node_count(), regions, kinds),
            Shape::Routed { machines } => wires.route(*machines as usize, &topology.graph, kinds),
        };
        wires
    }

    /// Compiles one kind of link; equal jitter laws share a table.
    fn wire(&mut self, spec: LinkSpec) -> Wire {
        let LinkSpec {
            latency,
            jitter,
            loss_ppm,
        } = spec;
        let known = self.samplers.iter().position(|sampler| match sampler {
            Sampler::Constant(span) => LatencyLaw::Constant(*span) == jitter,
            Sampler::Table { law, .. } => *law == jitter,
        });
        let jitter = known.unwrap_or_else(|| {
            self.samplers.push(Sampler::new(jitter));
            self.samplers.len() - 1
        }) as u32;
        let base = match latency {
            LatencyLaw::Constant(span) => span,
            _ => Span::ZERO,
        };
        let loss = Chance::from_ppm(loss_ppm);
        Wire {
            latency,
            base,
            jitter,
            loss,
        }
    }

    fn mesh(&self, regions: usize, region: &[u32], kinds: Vec<Wire>) -> Plan {
        let constant = |wire: &Wire| matches!(wire.latency, LatencyLaw::Constant(_));
        let bases = if kinds.iter().all(constant) {
            Bases::Constant
        } else if region.len() <= TABLED_MACHINES {
            let mut table = Vec::with_capacity(region.len() * region.len());
            for (a, &from) in region.iter().enumerate() {
                for (b, &to) in region.iter().enumerate() {
                    let wire = &kinds[from as usize * regions + to as usize];
                    table.push(self.base_of_pair(wire, a, b));
                }
            }
            Bases::Table(table)
        } else {
            Bases::Computed
        };
        Plan::Mesh {
            machines: region.len(),
            regions,
            kinds,
            bases,
        }
    }

    /// Both directions of a pair stand at the same quantile of their laws.
    fn base_of_pair(&self, wire: &Wire, a: usize, b: usize) -> Span {
        let (low, high) = (a.min(b) as u64, a.max(b) as u64);
        wire.latency.at(self.links.bits(low, high))
    }

    /// Finds the shortest path of every pair, by drawn base latency and then
    /// by hops.
    fn route(&self, machines: usize, graph: &DiGraph<(), Edge>, kinds: Vec<Wire>) -> Plan {
        let drawn: Vec<Span> = graph
            .edge_weights()
            .map(|edge| {
                let bits = self.links.bits(u64::from(edge.link), u64::MAX);
                edge.spec.latency.at(bits)
            })
            .collect();
        // One cost compares latencies first and hops second, and is never
        // zero, so that walking back along a path always ends.
        let cost = |edge: usize| (u128::from(drawn[edge].as_nanos()) << 32) + 1;
        let mut base = Vec::with_capacity(machines * machines);
        let mut starts = vec![0];
        let mut hops = Vec::new();
        for from in 0..machines {
            let reached = dijkstra(graph, NodeIndex::new(from), None, |e| cost(e.id().index()));
            for to in 0..machines {
                let mut at = NodeIndex::new(to);
                let first = hops.len();
                while at != NodeIndex::new(from) {
                    let edge = graph
                        .edges_directed(at, Incoming)
                        .filter(|e| {
                            let before = reached.get(&e.source());
                            before.is_some_and(|&b| b + cost(e.id().index()) == reached[&at])
                        })
                        .min_by_key(|e| e.id())
                        .expect(
                            "a vertex at a finite distance has a predecessor on a shortest path",
                        );
                    hops.push(edge.id().index() as u32);
                    at = edge.source();
                }
                base.push(hops[first..].iter().map(|&hop| drawn[hop as usize]).sum());
                starts.push(hops.len() as u32);
            }
        }
        Plan::Routed {
            machines,
            base,
            starts,
            hops,
            kinds,
        }
    }

    /// How long the message with this order is under way between two
    /// machines, or `None` if it is lost.
    #[inline(always)]
    pub(crate) fn trip(&self, sender: Place, receiver: Place, order: u64) -> Option<Span> {
        let (from, to) = (sender.machine(), receiver.machine());
        match &self.plan {
            Plan::Mesh {
                machines,
                regions,
                kinds,
                bases,
            } => {
                let wire = &kinds[sender.region() * regions + receiver.region()];
                let base = match bases {
                    Bases::Constant => wire.base,
                    Bases::Table(table) => table[from * machines + to],
                    Bases::Computed => self.base_of_pair(wire, from, to),
                };
                Some(base + self.overhead + self.cross(wire, order, 0)?)
            }
            Plan::Routed {
                machines,
                base,
                starts,
                hops,
                kinds,
            } => {
                let pair = from * machines + to;
                let path = &hops[starts[pair] as usize..starts[pair + 1] as usize];
                path.iter()
                    .zip(0..)
                    .try_fold(base[pair] + self.overhead, |total, (&hop, place)| {
                        Some(total + self.cross(&kinds[hop as usize], order, place)?)
                    })
            }
        }
    }

    /// The jitter of a message on the hop at this place of its path, or
    /// `None` if the hop loses it.
    #[inline(always)]
    fn cross(&self, wire: &Wire, order: u64, place: u64) -> Option<Span> {
        if wire.loss.0 > 0 && wire.loss.hits(self.messages.bits(order, 2 * place + LOSS)) {
            return None;
        }
        match &self.samplers[wire.jitter as usize] {
            Sampler::Constant(span) => Some(*span),
            table => Some(table.at(self.messages.bits(order, 2 * place + JITTER))),
        }
    }

    /// Whether every message between two machines takes the same time.
    pub(crate) fn is_steady(&self) -> bool {
        let constant = |sampler: &Sampler| matches!(sampler, Sampler::Constant(_));
        self.samplers.iter().all(constant)
    }

    /// The bits by which fault number `fault` decides on this message.
    pub(crate) fn fault_bits(&self, order: u64, fault: usize) -> u64 {
        self.messages.bits(order, u64::MAX - fault as u64)
    }
}
