//! The graph of the network: who is joined to whom by which link.
//!
//! A topology is a description. Base latencies are drawn and shortest paths
//! found by `network.rs`, once per run.

use crate::law::LatencyLaw;
use crate::node::MachineId;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Bfs;
use std::fmt;

/// One direction of a link between two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkSpec {
    /// The base one-way latency: drawn once per link and run. Both directions
    /// of a link stand at the same quantile of their laws.
    pub latency: LatencyLaw,
    /// Added anew for every message.
    pub jitter: LatencyLaw,
    /// Messages lost, parts per million.
    pub loss_ppm: u32,
}

impl LinkSpec {
    /// A link with this base latency, without jitter or loss.
    #[must_use]
    pub const fn new(latency: LatencyLaw) -> Self {
        Self {
            latency,
            jitter: LatencyLaw::ZERO,
            loss_ppm: 0,
        }
    }
}

/// Why a topology cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopologyError {
    /// The matrix has no row, or not this many columns in this row.
    NotSquare {
        /// The first faulty row.
        row: usize,
    },
    /// A machine lies in a region without a row in the matrix.
    UnknownRegion {
        /// The machine.
        machine: MachineId,
        /// The region it names.
        region: u32,
    },
    /// No path leads from one machine to the other.
    Unreachable {
        /// The machine that cannot send.
        from: MachineId,
        /// The machine that it cannot reach.
        to: MachineId,
    },
}

impl fmt::Display for TopologyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSquare { row } => write!(f, "row {row} of the region matrix is missing cells"),
            Self::UnknownRegion { machine, region } => {
                write!(f, "{machine} lies in region {region}, which has no row")
            }
            Self::Unreachable { from, to } => write!(f, "no path leads from {from} to {to}"),
        }
    }
}

impl std::error::Error for TopologyError {}

/// A graph of places joined by links, with the machines that stand in them.
#[derive(Clone, Debug)]
pub struct Topology {
    pub(crate) graph: DiGraph<(), Edge>,
    pub(crate) shape: Shape,
}

/// How machines relate to the graph's vertices.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Vertices are regions; every pair of machines has a link of its own,
    /// of the kind that joins their regions.
    Mesh { regions: Vec<u32> },
    /// The first vertices are machines, the others switches; messages take
    /// the shortest path.
    Routed { machines: u32 },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) spec: LinkSpec,
    /// Both directions of a link share its number.
    pub(crate) link: u32,
}

impl Topology {
    /// Every machine has a direct link to every other. `regions[m]` is the
    /// region of machine m; `matrix[a][b]` describes the links from region a
    /// to region b, the diagonal those within a region.
    ///
    /// # Errors
    /// If the matrix is not square or a machine names a region outside it.
    pub fn full_mesh(regions: Vec<u32>, matrix: &[Vec<LinkSpec>]) -> Result<Self, TopologyError> {
        let count = matrix.len();
        if let Some(row) = matrix.iter().position(|row| row.len() != count) {
            return Err(TopologyError::NotSquare { row });
        }
        for (machine, &region) in (0..).zip(&regions) {
            if region as usize >= count {
                let machine = MachineId(machine);
                return Err(TopologyError::UnknownRegion { machine, region });
            }
        }
        let mut graph = DiGraph::with_capacity(count, count * count);
        for _ in 0..count {
            graph.add_node(());
        }
        for (from, row) in matrix.iter().enumerate() {
            for (to, &spec) in row.iter().enumerate() {
                let link = graph.edge_count() as u32;
                graph.add_edge(
                    NodeIndex::new(from),
                    NodeIndex::new(to),
                    Edge { spec, link },
                );
            }
        }
        let shape = Shape::Mesh { regions };
        Ok(Self { graph, shape })
    }

    /// Machines joined by explicit links, each usable in both directions.
    /// Vertices 0 to `machines` - 1 are the machines; higher numbers that
    /// occur in a link are switches. Messages take the path with the least
    /// sum of base latencies (then the fewest hops); vertices on the way
    /// forward without using their own network interfaces.
    ///
    /// # Errors
    /// If some machine cannot reach another.
    pub fn links(
        machines: u32,
        links: impl IntoIterator<Item = (u32, u32, LinkSpec)>,
    ) -> Result<Self, TopologyError> {
        let mut graph = DiGraph::new();
        for _ in 0..machines {
            graph.add_node(());
        }
        for (link, (a, b, spec)) in (0..).zip(links) {
            while graph.node_count() <= a.max(b) as usize {
                graph.add_node(());
            }
            let (a, b) = (NodeIndex::new(a as usize), NodeIndex::new(b as usize));
            graph.add_edge(a, b, Edge { spec, link });
            graph.add_edge(b, a, Edge { spec, link });
        }
        let shape = Shape::Routed { machines };
        let topology = Self { graph, shape };
        topology.check_connected()?;
        Ok(topology)
    }

    /// The region of a machine; 0 if the topology has no regions.
    pub(crate) fn region(&self, machine: MachineId) -> u32 {
        match &self.shape {
            Shape::Mesh { regions } => regions[machine.index()],
            Shape::Routed { .. } => 0,
        }
    }

    /// How many machines this topology places.
    #[must_use]
    pub fn machines(&self) -> usize {
        match &self.shape {
            Shape::Mesh { regions } => regions.len(),
            Shape::Routed { machines } => *machines as usize,
        }
    }

    /// Links work both ways, so what the first machine reaches, all reach.
    fn check_connected(&self) -> Result<(), TopologyError> {
        if self.machines() == 0 {
            return Ok(());
        }
        let mut reached = vec![false; self.graph.node_count()];
        let mut walk = Bfs::new(&self.graph, NodeIndex::new(0));
        while let Some(vertex) = walk.next(&self.graph) {
            reached[vertex.index()] = true;
        }
        match reached[..self.machines()].iter().position(|&here| !here) {
            None => Ok(()),
            Some(missing) => Err(TopologyError::Unreachable {
                from: MachineId(0),
                to: MachineId(missing as u32),
            }),
        }
    }
}
