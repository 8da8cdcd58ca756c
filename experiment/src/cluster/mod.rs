//! One run: a plan in, a result out. Builds the city, the replicas and the
//! network of a plan; `drive` then steps the simulation. Pure and
//! single-threaded.

mod city;
mod drive;

use std::cell::RefCell;
use std::rc::Rc;

use groma_consensus_models::{Committee, Protocol, ReplicaId};
use groma_ledger::State;
use groma_sim::{Context, Lane, Node, NodeId, Setup, Simulation, Span, Time};

use crate::adversary;
use crate::checker::Checker;
use crate::client::{ClosedPhase, Gateway, GatewaySetup};
use crate::feed::Feed;
use crate::layout::Layout;
use crate::mempool::BatchRule;
use crate::observe::Observation;
use crate::plan::{Dissemination, LoadPlan, Plan, SubmitTo};
use crate::recorder::Recorder;
use crate::registry::{RunOptions, params_of};
use crate::replica::{Replica, ReplicaSetup};
use crate::result::RunResult;
use crate::tap::Tap;
use crate::wire::{Framing, GatewayId, Wire};
use crate::world::World;

use self::drive::{Drive, Watch};

/// A simulated process: replicas first, then gateways.
#[derive(Debug)]
pub enum Process<P: Protocol> {
    /// A committee member.
    Replica(Box<Replica<P>>),
    /// A host that submits for citizens.
    Gateway(Box<Gateway>),
}

impl<P: Protocol> Node for Process<P> {
    type Message = Wire<P::Message>;
    type Observation = Observation;

    fn lane(&self, message: &Self::Message) -> Lane {
        match self {
            Self::Replica(replica) => replica.lane(message),
            Self::Gateway(_) => Lane::Consensus,
        }
    }

    fn timer_lane(&self, key: u64) -> Lane {
        match self {
            Self::Replica(replica) => replica.timer_lane(key),
            Self::Gateway(_) => Lane::Consensus,
        }
    }

    fn describe(&self, message: &Self::Message) -> &'static str {
        message.name()
    }

    fn describe_timer(&self, key: u64) -> &'static str {
        match self {
            Self::Replica(_) => Replica::<P>::describe_timer(key),
            Self::Gateway(_) => Gateway::describe_timer(key),
        }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        match self {
            Self::Replica(replica) => replica.on_start(ctx),
            Self::Gateway(gateway) => gateway.on_start(ctx),
        }
    }

    fn on_message(&mut self, from: NodeId, message: &Self::Message, ctx: &mut Context<'_, Self>) {
        match self {
            Self::Replica(replica) => replica.on_message(from, message, ctx),
            Self::Gateway(gateway) => gateway.on_message(from, message, ctx),
        }
    }

    fn on_timer(&mut self, key: u64, ctx: &mut Context<'_, Self>) {
        match self {
            Self::Replica(replica) => replica.on_timer(key, ctx),
            Self::Gateway(gateway) => gateway.on_timer(key, ctx),
        }
    }

    fn on_crash(&mut self, _at: Time) {
        if let Self::Replica(replica) = self {
            replica.on_crash();
        }
    }

    fn on_restart(&mut self, ctx: &mut Context<'_, Self>) {
        match self {
            Self::Replica(replica) => replica.on_restart(ctx),
            Self::Gateway(gateway) => gateway.on_start(ctx),
        }
    }
}

/// Runs a plan. The exact part of the result depends on the plan alone. `None`
/// when the options' control stopped the run before its end.
///
/// # Panics
/// When the plan names a workload or region that does not exist: a plan comes
/// from a checked scenario.
#[must_use]
pub fn run<P: Protocol>(
    plan: &Plan,
    options: &RunOptions<'_>,
    tap: Option<&mut dyn Tap>,
) -> Option<RunResult> {
    let layout = Layout::of(plan);
    let committee = Committee::new(plan.replicas(), P::FAULT_MODEL);
    let world = Rc::new(World::new(plan, layout.gateways(), options.sharing));
    let (feed, genesis) = city::city(plan, &layout);
    let feed = Rc::new(RefCell::new(feed));
    let processes = processes::<P>(plan, &layout, committee, &world, &feed, &genesis);
    let simulation = Simulation::new(
        Setup {
            seed: plan.seed,
            machines: layout.machines.clone(),
            placement: layout.placement.clone(),
            network: layout.network(plan),
            faults: layout.faults(plan),
            max_events: plan.limits.max_events,
        },
        processes,
    );
    let liveness = P::liveness(committee, &params_of(&P::params(), &plan.protocol));
    let watch = Watch::new(
        Checker::new(plan, committee.f(), &liveness, world.clone()),
        Recorder::new(plan, &layout, committee.quorum()),
        adversary::faulty(plan),
        adversary::lying(plan, committee.model()),
    );
    Drive::new(plan, &layout, simulation, watch, feed).run(options.control, tap)
}

fn processes<P: Protocol>(
    plan: &Plan,
    layout: &Layout,
    committee: Committee,
    world: &Rc<World>,
    feed: &Rc<RefCell<Feed>>,
    genesis: &State,
) -> Vec<Process<P>> {
    let params = Rc::new(params_of(&P::params(), &plan.protocol));
    let root = genesis.root();
    let replicas = committee.members().map(|me| {
        let setup = ReplicaSetup {
            me,
            committee,
            params: params.clone(),
            deviations: adversary::deviations(plan, me).into(),
            batch: BatchRule {
                max_txs: plan.batch.max_txs,
                max_bytes: plan.batch.max_bytes,
            },
            batch_wait: Span::from_nanos(plan.batch.max_wait_ns),
            mempool_limit: plan.mempool_max_txs,
            retain: u64::from(plan.limits.retain_blocks),
        };
        Process::Replica(Box::new(Replica::new(
            setup,
            world.clone(),
            genesis.clone(),
            root,
        )))
    });
    let gateways = (0..layout.gateways()).map(|index| {
        let region = layout.gateway_regions[index as usize];
        let own = layout.replicas_of(region);
        let rest = committee.members().filter(|id| !own.contains(id));
        let setup = GatewaySetup {
            me: GatewayId(index),
            local: own.len(),
            replicas: own.iter().copied().chain(rest).collect::<Vec<ReplicaId>>(),
            replies_needed: committee.weak_quorum(),
            to_all: plan.dissemination == Dissemination::ClientsToAll,
            to_first: plan.client.submit_to == SubmitTo::First,
            framing: Framing::new(plan.network.mtu_bytes),
            resend_after: Span::from_nanos(plan.client.resend_after_ns),
            closed: closed_phases(plan, layout, index),
        };
        Process::Gateway(Box::new(Gateway::new(setup, feed.clone())))
    });
    replicas.chain(gateways).collect()
}

/// A gateway's share of the closed-loop phases: the transactions in flight are
/// dealt by weight, with the rounding spread so that none is lost.
fn closed_phases(plan: &Plan, layout: &Layout, gateway: u32) -> Vec<ClosedPhase> {
    let total: u64 = layout.gateway_weights.iter().sum();
    let before: u64 = layout.gateway_weights[..gateway as usize].iter().sum();
    let until = before + layout.gateway_weights[gateway as usize];
    let mut start = 0;
    let mut phases = Vec::new();
    for phase in &plan.load {
        let end = start + phase.for_ns;
        if let LoadPlan::Closed { in_flight } = phase.load {
            let share =
                u64::from(in_flight) * until / total - u64::from(in_flight) * before / total;
            phases.push(ClosedPhase {
                from: Time::from_nanos(start),
                until: Time::from_nanos(end),
                in_flight: u32::try_from(share).expect("a share of a u32 is a u32"),
            });
        }
        start = end;
    }
    phases
}
