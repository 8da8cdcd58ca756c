//! One run: a plan in, a result out. Builds the city, the replicas and the
//! network of a plan, drives the simulation, and hands what was observed to
//! the checker, then to the recorder. Pure and single-threaded.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use groma_consensus_models::{Committee, Protocol, ReplicaId};
use groma_ledger::{Genesis, Keyring, State};
use groma_sim::{
    Context, Lane, MachineId, MachineUse, Node, NodeId, Observer, Setup, Simulation, Span, Stop,
    Streams, Time,
};
use groma_workloads::{Arrivals, City, Mix, Workload, WorkloadSetup};

use crate::checker::Checker;
use crate::client::{ClosedPhase, Gateway, GatewaySetup};
use crate::cost::Prices;
use crate::feed::{Feed, Homes};
use crate::layout::Layout;
use crate::mempool::BatchRule;
use crate::observe::Observation;
use crate::plan::{CryptoMode, Dissemination, LoadPlan, Plan};
use crate::recorder::{Measured, Recorder};
use crate::registry::{Control, RunOptions, params_of};
use crate::replica::{Replica, ReplicaSetup};
use crate::result::RunResult;
use crate::verdict::{self, Ending, MachineTotals};
use crate::wire::{GatewayId, Wire};
use crate::world::{World, WorldSetup};

/// How much virtual time passes between two looks at the outside's control.
const SLICE: Span = Span::from_nanos(10_000_000);

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
            Self::Replica(_) => Replica::<P>::lane(message),
            Self::Gateway(_) => Lane::Consensus,
        }
    }

    fn timer_lane(&self, key: u64) -> Lane {
        match self {
            Self::Replica(_) => Replica::<P>::timer_lane(key),
            Self::Gateway(_) => Lane::Consensus,
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

/// Checker first, then recorder; keeps the newest state for the laws.
struct Watch {
    checker: Checker,
    recorder: Recorder,
    newest: Option<(u64, State)>,
}

impl<P: Protocol> Observer<Process<P>> for Watch {
    fn observe(&mut self, at: Time, _node: NodeId, observation: Observation) {
        if let Observation::Executed { outcome, state, .. } = &observation
            && self
                .newest
                .as_ref()
                .is_none_or(|(height, _)| *height < outcome.height.0)
        {
            self.newest = Some((outcome.height.0, state.clone()));
        }
        self.checker.check(at, &observation);
        self.recorder.record(at, &observation);
    }
}

/// Runs a plan. The exact part of the result depends on the plan alone. `None`
/// when the options' control stopped the run before its end.
///
/// # Panics
/// When the plan names a workload or region that does not exist: a plan comes
/// from a checked scenario.
#[must_use]
pub fn run<P: Protocol>(plan: &Plan, options: &RunOptions<'_>) -> Option<RunResult> {
    let layout = Layout::of(plan);
    let committee = Committee::new(plan.replicas(), P::FAULT_MODEL);
    let world = Rc::new(World::new(WorldSetup {
        prices: Prices::new(&plan.costs, &plan.machine),
        dissemination: plan.dissemination,
        replicas: plan.replicas(),
        gateways: layout.gateways(),
        reply_bytes: u64::from(plan.client.reply_bytes),
        sharing: options.sharing,
        retain: u64::from(plan.limits.retain_blocks),
    }));
    let (feed, genesis) = city(plan, &layout);
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
    let watch = Watch {
        checker: Checker::new(plan, committee.f(), world.clone()),
        recorder: Recorder::new(plan),
        newest: None,
    };
    let mut drive = Drive {
        plan,
        layout: &layout,
        simulation,
        watch,
        feed,
        uses: Vec::new(),
        totals: Vec::new(),
        unfinished_at: Vec::new(),
        traffic: Default::default(),
        next_law_check: Time::ZERO,
    };
    let stop = drive.run_out(options.control)?;
    Some(drive.conclude(stop))
}

/// The city of a plan and the ledger's first state.
fn city(plan: &Plan, layout: &Layout) -> (Feed, State) {
    let setup = WorkloadSetup::of_city(plan.population).expect("a plan's population is checked");
    let shares = plan
        .workload
        .mix
        .iter()
        .map(|part| {
            let entry = groma_workloads::workload::find(&part.workload)
                .expect("a plan's workloads are checked");
            (f64::from(part.share_milli), (entry.build)(&setup))
        })
        .collect::<Vec<_>>();
    let workload: Box<dyn Workload> =
        Box::new(Mix::new(shares).expect("a plan's shares are checked"));
    let keyring = Arc::new(match plan.crypto.mode {
        CryptoMode::Real => Keyring::derive(plan.seed, plan.crypto.keys),
        CryptoMode::Modelled => Keyring::priced(),
    });
    let mut genesis = Genesis::default();
    genesis.keyring = keyring.clone();
    workload.genesis(&mut genesis);
    let state = State::genesis(&genesis);
    let streams = Streams::new(plan.seed);
    // A load that is all closed loop offers nothing of itself.
    let phases = crate::layout::phases(plan);
    let offers = phases.iter().any(|phase| {
        let bursts = matches!(phase.law, groma_workloads::Law::Burst { .. });
        bursts || phase.from.0 + phase.to.0 > 0
    });
    let arrivals = offers.then(|| {
        let stream = streams.stream("arrivals", 0);
        Arrivals::new(phases, stream).expect("a plan's load is checked")
    });
    let city = City::new(workload, streams.stream("city", 0));
    (
        Feed::new(city, arrivals, keyring, Homes::new(&layout.gateway_weights)),
        state,
    )
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

/// Consensus traffic: copies sent, and their bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    messages: u64,
    bytes: u64,
}

/// A run under way.
struct Drive<'a, P: Protocol> {
    plan: &'a Plan,
    layout: &'a Layout,
    simulation: Simulation<Process<P>>,
    watch: Watch,
    feed: Rc<RefCell<Feed>>,
    /// Use of each machine at the last boundary.
    uses: Vec<MachineUse>,
    /// Use of each machine over the measured time.
    totals: Vec<MachineTotals>,
    /// Unfinished and offered at each boundary.
    unfinished_at: Vec<(Time, u64, u64)>,
    /// Consensus messages and bytes at the last boundary, and over the measured time.
    traffic: (Sent, Sent),
    /// When the workload's laws are checked next.
    next_law_check: Time,
}

impl<P: Protocol> Drive<'_, P> {
    /// Steps from boundary to boundary, so that use and backlog are sampled at
    /// exact instants; stops early once all is final after the load.
    fn run_out(&mut self, control: Option<&Control>) -> Option<Stop> {
        let machines = self.layout.machines.len();
        self.uses = vec![MachineUse::default(); machines];
        self.totals = vec![MachineTotals::default(); machines];
        let mut last = Time::ZERO;
        let mut stop = Stop::Horizon;
        for boundary in boundaries(self.plan) {
            stop = self.step(last, boundary, control)?;
            self.sample(last, boundary);
            last = boundary;
            let quiet = boundary.as_nanos() >= self.plan.load_end_ns()
                && self.watch.recorder.unfinished() == 0;
            if quiet || stop == Stop::Limit {
                break;
            }
        }
        Some(stop)
    }

    /// Simulates from one boundary to the next, in slices: a virtual second of
    /// a large committee may take many seconds of wall clock, and whoever asks
    /// for a stop should not wait for all of it. Where the slices end changes
    /// nothing. `None` when a stop was asked for.
    fn step(&mut self, from: Time, until: Time, control: Option<&Control>) -> Option<Stop> {
        let Some(control) = control else {
            return Some(self.simulation.run_until(until, &mut self.watch));
        };
        let mut at = from;
        loop {
            let before_ms = at.as_nanos() / 1_000_000;
            at = until.min(at + SLICE);
            let stop = self.simulation.run_until(at, &mut self.watch);
            let step_ms = at.as_nanos() / 1_000_000 - before_ms;
            control.simulated_ms.fetch_add(step_ms, Ordering::Relaxed);
            if control.stop.load(Ordering::Relaxed) {
                return None;
            }
            if at == until || stop == Stop::Limit {
                return Some(stop);
            }
        }
    }

    fn sample(&mut self, from: Time, until: Time) {
        let length = until.as_nanos() - from.as_nanos();
        let measured = Measured::of(self.plan).covers(from, until);
        let (mut cpu, mut egress, mut ingress) = (0.0_f64, 0.0_f64, 0.0_f64);
        let replicas = self.layout.replica_machines;
        for index in 0..self.uses.len() {
            let machine = MachineId(u32::try_from(index).expect("machines are few"));
            let now = self.simulation.machine_use(machine);
            let step = MachineTotals::between(&self.uses[index], &now, length);
            if measured {
                self.totals[index].add(&step);
            }
            let shares = step.shares(self.layout.machines[index].cores);
            if index < replicas {
                cpu += shares.cpu / replicas as f64;
                egress = egress.max(shares.egress);
            }
            ingress = ingress.max(shares.ingress);
            self.uses[index] = now;
        }
        let sent = self.sent();
        if measured {
            self.traffic.1.messages += sent.messages - self.traffic.0.messages;
            self.traffic.1.bytes += sent.bytes - self.traffic.0.bytes;
        }
        self.traffic.0 = sent;
        let unfinished = self.watch.recorder.unfinished();
        self.unfinished_at
            .push((until, unfinished, self.watch.recorder.offered()));
        self.watch.checker.check_progress(until, unfinished);
        self.check_laws(until, false);
        let window = self
            .watch
            .recorder
            .window(Time::from_nanos(until.as_nanos().saturating_sub(1)));
        window.backlog = unfinished;
        window.cpu = verdict::round4(window.cpu.max(cpu));
        window.egress_max = verdict::round4(window.egress_max.max(egress));
        window.ingress_max = verdict::round4(window.ingress_max.max(ingress));
    }

    /// What the replicas have sent so far.
    fn sent(&self) -> Sent {
        let mut sent = Sent::default();
        for process in self.simulation.nodes() {
            if let Process::Replica(replica) = process {
                sent.messages += replica.traffic().messages();
                sent.bytes += replica.traffic().bytes;
            }
        }
        sent
    }

    /// Checks the workload's laws by a full scan of the newest state. The scan
    /// grows with the state, so its instants grow apart (1, 2, 4, 8 s ...): all
    /// scans together then cost no more than a few of the last one.
    fn check_laws(&mut self, at: Time, last: bool) {
        if at < self.next_law_check && !last {
            return;
        }
        self.next_law_check = Time::from_nanos(at.as_nanos() * 2);
        if let Some((_, state)) = self.watch.newest.take() {
            self.watch
                .checker
                .check_laws(at, &self.feed.borrow(), &state);
        }
    }

    fn conclude(mut self, stop: Stop) -> RunResult {
        self.check_laws(self.simulation.now(), true);
        let measured = Measured::of(self.plan);
        let (mut expired, mut unfinished) = (0, 0);
        let mut traffic = std::collections::BTreeMap::new();
        let (mut views, mut newest) = (0, None);
        for process in self.simulation.nodes() {
            match process {
                Process::Gateway(gateway) => {
                    let times = gateway.unfinished_intended();
                    unfinished += times.len() as u64;
                    expired += times.iter().filter(|&&at| measured.contains(at)).count() as u64;
                }
                Process::Replica(replica) => {
                    for (kind, count) in replica.traffic().by_kind() {
                        *traffic.entry(kind.to_owned()).or_insert(0) += count;
                    }
                    views = views.max(replica.view());
                    let (height, _, root) = replica.ledger();
                    if newest.as_ref().is_none_or(|(best, _)| *best < height) {
                        newest = Some((height, root));
                    }
                }
            }
        }
        let ending = Ending {
            stop,
            at: self.simulation.now(),
            expired,
            unfinished,
            messages: traffic,
            measured_messages: self.traffic.1.messages,
            measured_bytes: self.traffic.1.bytes,
            untaken: self.feed.borrow().waiting(),
            drawn: self.feed.borrow().drawn(),
            views,
            state_root: newest.map(|(_, root)| root.to_string()).unwrap_or_default(),
            fingerprint: self.simulation.fingerprint(),
            deliveries: self.simulation.deliveries(),
            events: self.simulation.events(),
            totals: self.totals,
            unfinished_at: self.unfinished_at,
        };
        verdict::conclude(
            self.plan,
            self.layout,
            self.watch.checker,
            self.watch.recorder,
            ending,
        )
    }
}

/// The instants at which a run is sampled: whole seconds, ends of phases, the
/// middle and the end of the measured time, and the horizon.
fn boundaries(plan: &Plan) -> Vec<Time> {
    const SECOND: u64 = 1_000_000_000;
    let mut instants: Vec<u64> = (1..=plan.horizon_ns() / SECOND)
        .map(|second| second * SECOND)
        .collect();
    let mut end = 0;
    for phase in &plan.load {
        end += phase.for_ns;
        instants.push(end);
    }
    if let Some((middle, end)) = Measured::of(plan).middle_and_end() {
        instants.extend([middle.as_nanos(), end.as_nanos()]);
    }
    instants.push(plan.horizon_ns());
    instants.sort_unstable();
    instants.dedup();
    instants.into_iter().map(Time::from_nanos).collect()
}
