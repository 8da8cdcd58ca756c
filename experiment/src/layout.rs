//! Where everything stands: machines, nodes, regions, links and faults of a
//! plan in the terms of the simulation.

use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_sim::window::WindowSpec;
use groma_sim::{
    Fault, FaultKind as SimFault, LatencyLaw, LinkSpec, MachineId, MachineSpec, Network, NodeId,
    Sharing, Span, Time, Topology,
};
use groma_workloads::stretch::{Replay, Stretch};
use groma_workloads::{Law, MilliTps, Phase};

use crate::adversary;
use crate::plan::{
    Arrivals, Byzantine, ClientPlace, FaultKind, FaultPlan, LatencyPlan, LoadPlan, PhasePlan, Plan,
    SharingPlan, TransportPlan,
};

/// The cast of a run. Machines of replicas come first, then one per gateway;
/// nodes likewise.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Every machine.
    pub machines: Vec<MachineSpec>,
    /// How many of them carry replicas.
    pub replica_machines: usize,
    /// Name, role and region of every machine.
    pub names: Vec<(String, &'static str, String)>,
    /// The machine of every node.
    pub placement: Vec<MachineId>,
    /// Region index of every machine.
    regions: Vec<u32>,
    /// Region index of every replica.
    replica_regions: Vec<u32>,
    /// Region index of every gateway.
    pub gateway_regions: Vec<u32>,
    /// Share of the citizens that each gateway serves.
    pub gateway_weights: Vec<u64>,
}

impl Layout {
    /// The layout of a plan.
    ///
    /// # Panics
    /// Never for a plan from a checked scenario: its committee fits a u32.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut layout = Self {
            machines: Vec::new(),
            replica_machines: 0,
            names: Vec::new(),
            placement: Vec::new(),
            regions: Vec::new(),
            replica_regions: Vec::new(),
            gateway_regions: Vec::new(),
            gateway_weights: Vec::new(),
        };
        layout.seat(plan);
        layout.replica_machines = layout.machines.len();
        let host = MachineSpec {
            cores: 0,
            egress_bps: plan.client.gateway_bps,
            ingress_bps: plan.client.gateway_bps,
        };
        let apart = u32::try_from(plan.committee.len()).expect("regions are few");
        let settled = plan.committee.iter().any(|part| part.people > 0);
        for (region, part) in (0..).zip(&plan.committee) {
            for index in 0..plan.client.gateways_per_region.max(1) {
                layout.add_machine(
                    host,
                    format!("{}-gateway-{index}", part.region),
                    "gateway",
                    match plan.client.place {
                        ClientPlace::InRegions => region,
                        ClientPlace::Apart { .. } => apart,
                    },
                    &part.region,
                );
                layout.placement.push(layout.last_machine());
                layout.gateway_regions.push(region);
                layout.gateway_weights.push(match settled {
                    true => part.people,
                    false => u64::from(part.replicas),
                });
            }
        }
        layout
    }

    /// Gives every replica its machine, one after another as they sit.
    fn seat(&mut self, plan: &Plan) {
        let share = plan.replicas_per_machine.max(1);
        // Replicas so far and the machine of the last one, by region.
        let mut seated = vec![(0, MachineId(0)); plan.committee.len()];
        self.replica_regions = plan.seats();
        for region in self.replica_regions.clone() {
            let (index, machine) = &mut seated[region as usize];
            if *index % share == 0 {
                let place = &plan.committee[region as usize];
                let name = format!("{}-{}", place.region, *index / share);
                let spec = MachineSpec {
                    cores: plan.machine.cores,
                    egress_bps: narrower(plan.machine.egress_bps, place.up_bps),
                    ingress_bps: narrower(plan.machine.ingress_bps, place.down_bps),
                };
                self.add_machine(spec, name, "replica", region, &place.region);
                *machine = self.last_machine();
            }
            *index += 1;
            self.placement.push(*machine);
        }
    }

    fn add_machine(
        &mut self,
        spec: MachineSpec,
        name: String,
        role: &'static str,
        region: u32,
        region_name: &str,
    ) {
        self.machines.push(spec);
        self.names.push((name, role, region_name.to_owned()));
        self.regions.push(region);
    }

    fn last_machine(&self) -> MachineId {
        MachineId(u32::try_from(self.machines.len() - 1).expect("machines are few"))
    }

    /// Number of gateways.
    #[must_use]
    pub fn gateways(&self) -> u32 {
        u32::try_from(self.gateway_regions.len()).expect("gateways are few")
    }

    /// The replicas of a region, in order.
    #[must_use]
    pub fn replicas_of(&self, region: u32) -> Vec<ReplicaId> {
        (0..)
            .zip(&self.replica_regions)
            .filter(|&(_, &at)| at == region)
            .map(|(id, _)| ReplicaId(id))
            .collect()
    }

    /// The network between the machines.
    ///
    /// # Panics
    /// Never for a checked plan: its matrix is square over its regions.
    #[must_use]
    pub fn network(&self, plan: &Plan) -> Network {
        let regions = plan.committee.len();
        let mut matrix: Vec<Vec<LinkSpec>> = (0..regions)
            .map(|from| {
                (0..regions)
                    .map(|to| link(plan, &plan.network.links[from * regions + to]))
                    .collect()
            })
            .collect();
        if let ClientPlace::Apart { one_way_ns } = plan.client.place {
            // A region more, in which the gateways stand.
            let away = link(plan, &LatencyPlan::Constant { ns: one_way_ns });
            matrix.iter_mut().for_each(|row| row.push(away));
            matrix.push(vec![away; regions + 1]);
        }
        let mut network = Network::new(
            Topology::full_mesh(self.regions.clone(), &matrix).expect("a plan's matrix is square"),
        );
        network.overhead = Span::from_nanos(plan.network.overhead_ns);
        network.sharing = match plan.network.sharing {
            SharingPlan::Fifo => Sharing::Fifo,
            SharingPlan::MaxMin => Sharing::MaxMin,
        };
        network.windows = match plan.network.transport {
            TransportPlan::Unlimited => None,
            TransportPlan::Tcp {
                initial_bytes,
                most_bytes,
                patience_ns,
            } => Some(WindowSpec {
                initial: initial_bytes,
                most: most_bytes,
                patience: Span::from_nanos(patience_ns),
            }),
        };
        network
    }

    /// The faults of the plan.
    #[must_use]
    pub fn faults(&self, plan: &Plan) -> Vec<Fault> {
        plan.faults
            .iter()
            .map(|fault| self.fault(plan, fault))
            .collect()
    }

    fn fault(&self, plan: &Plan, fault: &FaultPlan) -> Fault {
        let nodes = |ids: &[u32]| ids.iter().map(|&id| NodeId(id)).collect::<Vec<_>>();
        let kind = match &fault.kind {
            FaultKind::Crash(ids) => SimFault::Crash(nodes(ids)),
            FaultKind::Restart(ids) => SimFault::Restart(nodes(ids)),
            FaultKind::Isolate(ids) => SimFault::Isolate(nodes(ids)),
            FaultKind::Partition(groups) => SimFault::Partition(self.with_gateways(plan, groups)),
            FaultKind::SlowLink { replicas, added_ns } => {
                let everyone = (0..self.placement.len() as u32).map(NodeId).collect();
                SimFault::SlowLink {
                    from: nodes(replicas),
                    to: everyone,
                    added: Span::from_nanos(*added_ns),
                    factor_permille: 1_000,
                }
            }
            FaultKind::SlowMachine {
                replicas,
                factor_milli,
            } => {
                let mut machines: Vec<_> = replicas
                    .iter()
                    .map(|&id| self.placement[id as usize])
                    .collect();
                machines.dedup();
                SimFault::SlowMachine {
                    machines,
                    factor_permille: *factor_milli,
                }
            }
            FaultKind::Loss { replicas, ppm } => SimFault::Loss {
                nodes: nodes(replicas),
                ppm: *ppm,
            },
            FaultKind::Byzantine {
                replicas,
                behaviour: Byzantine::Twins { side },
            } => {
                let sides = adversary::sides(plan, replicas, side);
                SimFault::Partition(self.with_gateways(plan, &sides))
            }
            // The replica itself sees to the rest; a fault of nobody's marks the
            // time, and keeps the numbers of faults those of the plan.
            FaultKind::Byzantine { .. } => SimFault::Isolate(Vec::new()),
        };
        let until = (fault.until_ns < plan.horizon_ns()).then(|| Time::from_nanos(fault.until_ns));
        Fault {
            at: Time::from_nanos(fault.at_ns),
            until,
            kind,
        }
    }

    /// A partition cuts the gateways too: each stays with the group that holds
    /// most replicas of its region (the first such group on a tie).
    fn with_gateways(&self, plan: &Plan, groups: &[Vec<u32>]) -> Vec<Vec<NodeId>> {
        let mut cut: Vec<Vec<NodeId>> = groups
            .iter()
            .map(|ids| ids.iter().map(|&id| NodeId(id)).collect())
            .collect();
        for (index, &region) in (0..).zip(&self.gateway_regions) {
            let here = |ids: &Vec<u32>| {
                ids.iter()
                    .filter(|&&id| self.replica_regions[id as usize] == region)
                    .count()
            };
            let mut best = None;
            for (group, ids) in groups.iter().enumerate() {
                let count = here(ids);
                if count > 0 && best.is_none_or(|(_, most)| count > most) {
                    best = Some((group, count));
                }
            }
            if let Some((group, _)) = best {
                cut[group].push(NodeId(plan.replicas() + index));
            }
        }
        cut
    }
}

/// The lesser of two bandwidths, of which 0 means no limit.
fn narrower(nic: u64, line: u64) -> u64 {
    match (nic, line) {
        (0, other) | (other, 0) => other,
        (nic, line) => nic.min(line),
    }
}

fn link(plan: &Plan, law: &LatencyPlan) -> LinkSpec {
    let jitter = match plan.network.jitter_ns {
        0 => LatencyLaw::ZERO,
        ns => LatencyLaw::Normal {
            mean: Span::ZERO,
            deviation: Span::from_nanos(ns),
        },
    };
    let loss_ppm = plan.network.loss_ppm;
    match law {
        LatencyPlan::PerMessage(each) => LinkSpec {
            latency: LatencyLaw::ZERO,
            jitter: sim_law(each),
            loss_ppm,
        },
        law => LinkSpec {
            latency: sim_law(law),
            jitter,
            loss_ppm,
        },
    }
}

fn sim_law(law: &LatencyPlan) -> LatencyLaw {
    let span = |ns: &u64| Span::from_nanos(*ns);
    match law {
        LatencyPlan::Constant { ns } => LatencyLaw::Constant(span(ns)),
        LatencyPlan::Uniform { low_ns, high_ns } => LatencyLaw::Uniform {
            low: span(low_ns),
            high: span(high_ns),
        },
        LatencyPlan::Normal { mean_ns, sd_ns } => LatencyLaw::Normal {
            mean: span(mean_ns),
            deviation: span(sd_ns),
        },
        LatencyPlan::LogNormal { p50_ns, p90_ns } => LatencyLaw::LogNormal {
            p50: span(p50_ns),
            p90: span(p90_ns),
        },
        LatencyPlan::Pareto {
            min_ns,
            shape_milli,
        } => LatencyLaw::Pareto {
            minimum: span(min_ns),
            shape_milli: u32::try_from(*shape_milli).unwrap_or(u32::MAX),
        },
        LatencyPlan::PerMessage(each) => sim_law(each),
    }
}

/// The open-loop stretches of a plan, one for each phase of its load; a closed-loop phase
/// offers nothing here.
#[must_use]
pub fn stretches(plan: &Plan) -> Vec<Stretch> {
    plan.load.iter().map(stretch).collect()
}

fn stretch(phase: &PhasePlan) -> Stretch {
    let span = Duration::from_nanos(phase.for_ns);
    let (from, to, law) = match &phase.load {
        LoadPlan::Replay { times_ns, .. } => {
            return Stretch::Replay(Replay {
                span,
                times_ns: times_ns.as_slice().into(),
                measured: phase.measure,
            });
        }
        LoadPlan::Closed { .. } => (0, 0, Law::Even),
        LoadPlan::Open {
            from_mtps,
            to_mtps,
            arrivals,
        } => match arrivals {
            Arrivals::Poisson => (*from_mtps, *to_mtps, Law::Poisson),
            Arrivals::Even => (*from_mtps, *to_mtps, Law::Even),
            Arrivals::Burst { every_ns } => burst(*from_mtps, *every_ns),
        },
    };
    Stretch::Phase(Phase {
        span,
        law,
        from: MilliTps(from),
        to: MilliTps(to),
        measured: phase.measure,
    })
}

/// All arrivals of each period at its start. What a whole number of arrivals a
/// period leaves over comes evenly spaced, so that no load is lost to rounding.
fn burst(mtps: u64, every_ns: u64) -> (u64, u64, Law) {
    let size = u128::from(mtps) * u128::from(every_ns) / 1_000_000_000_000;
    if size == 0 {
        // Less than one a period: there is nothing to gather.
        return (mtps, mtps, Law::Even);
    }
    let in_bursts = size * 1_000_000_000_000 / u128::from(every_ns.max(1));
    let rest = mtps - u64::try_from(in_bursts).unwrap_or(mtps).min(mtps);
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    (
        rest,
        rest,
        Law::Burst {
            size,
            every: Duration::from_nanos(every_ns),
        },
    )
}
