//! A run under way: steps the simulation from boundary to boundary, samples use
//! and backlog there, and hands what was observed to the checker, then to the
//! recorder, and to a tap if there is one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use groma_consensus_models::{Protocol, ReplicaId, ReplicaSet};
use groma_ledger::State;
use groma_sim::{
    Lane, LaneUse, MachineId, MachineUse, NodeId, Observer, Simulation, Span, Stop, Time,
};

use super::Process;
use crate::checker::Checker;
use crate::feed::Feed;
use crate::layout::Layout;
use crate::observe::{FinalTx, Observation};
use crate::plan::Plan;
use crate::recorder::{Measured, Recorder};
use crate::registry::Control;
use crate::result::{RunResult, TrailMark};
use crate::tap::{Cast, Tap};
use crate::usage::{LaneTotals, MachineTotals};
use crate::verdict::{self, Ending};

/// How much virtual time passes between two looks at the outside's control.
const SLICE: Span = Span::from_nanos(10_000_000);

/// Checker first, then recorder; keeps the newest state for the laws.
pub(super) struct Watch {
    checker: Checker,
    recorder: Recorder,
    newest: Option<(u64, State)>,
    /// Replicas that are not measured.
    faulty: ReplicaSet,
    /// Those of them whose chain says nothing of the protocol.
    lying: ReplicaSet,
    /// What became final since a tap last asked; empty without one.
    finals: Vec<(Time, FinalTx)>,
    tapped: bool,
}

impl Watch {
    pub(super) fn new(
        checker: Checker,
        recorder: Recorder,
        faulty: ReplicaSet,
        lying: ReplicaSet,
    ) -> Self {
        Self {
            checker,
            recorder,
            newest: None,
            faulty,
            lying,
            finals: Vec::new(),
            tapped: false,
        }
    }
}

impl<P: Protocol> Observer<Process<P>> for Watch {
    fn observe(&mut self, at: Time, node: NodeId, observation: Observation) {
        let chain = observation.chain_of();
        if chain.is_some_and(|replica| self.lying.contains(replica)) {
            return;
        }
        if let Observation::Executed { outcome, state, .. } = &observation
            && self
                .newest
                .as_ref()
                .is_none_or(|(height, _)| *height < outcome.height.0)
        {
            self.newest = Some((outcome.height.0, state.clone()));
        }
        self.checker.check(at, &observation);
        if chain.is_some_and(|replica| self.faulty.contains(replica)) {
            return;
        }
        self.recorder.record(at, node, &observation);
        if let (true, Observation::Final(tx)) = (self.tapped, &observation) {
            self.finals.push((at, *tx));
        }
    }
}

/// Consensus traffic: copies sent, and their bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    messages: u64,
    bytes: u64,
}

/// A run under way.
pub(super) struct Drive<'a, P: Protocol> {
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
    /// Use of each replica's lanes at the last boundary, and over the measured
    /// time.
    lanes: (Vec<[LaneUse; Lane::COUNT]>, Vec<[LaneTotals; Lane::COUNT]>),
    /// When the workload's laws are checked next.
    next_law_check: Time,
}

impl<'a, P: Protocol> Drive<'a, P> {
    pub(super) fn new(
        plan: &'a Plan,
        layout: &'a Layout,
        simulation: Simulation<Process<P>>,
        watch: Watch,
        feed: Rc<RefCell<Feed>>,
    ) -> Self {
        let (machines, replicas) = (layout.machines.len(), plan.replicas() as usize);
        Self {
            plan,
            layout,
            simulation,
            watch,
            feed,
            uses: vec![MachineUse::default(); machines],
            totals: vec![MachineTotals::default(); machines],
            unfinished_at: Vec::new(),
            traffic: Default::default(),
            lanes: (
                vec![Default::default(); replicas],
                vec![Default::default(); replicas],
            ),
            next_law_check: Time::ZERO,
        }
    }

    /// Runs to the end; `None` when `control` stopped it before.
    pub(super) fn run(
        mut self,
        control: Option<&Control>,
        mut tap: Option<&mut dyn Tap>,
    ) -> Option<RunResult> {
        if let Some(tap) = tap.as_deref_mut() {
            let (from, until) = tap.window();
            self.simulation.keep_journal(from, until);
            self.watch.tapped = true;
            tap.begin(&Cast::of(self.plan, self.layout));
        }
        let stop = self.run_out(control, tap)?;
        Some(self.conclude(stop))
    }

    /// Steps from boundary to boundary, so that use and backlog are sampled at
    /// exact instants; stops early once all is final after the load.
    fn run_out(
        &mut self,
        control: Option<&Control>,
        mut tap: Option<&mut dyn Tap>,
    ) -> Option<Stop> {
        let mut last = Time::ZERO;
        let mut stop = Stop::Horizon;
        for boundary in boundaries(self.plan) {
            stop = self.step(last, boundary, control, &mut tap)?;
            self.sample(last, boundary);
            last = boundary;
            let quiet = boundary.as_nanos() >= self.plan.load_end_ns()
                && self.watch.recorder.unfinished() == 0;
            let enough = tap.as_ref().is_some_and(|tap| tap.is_done(boundary));
            if quiet || enough || stop == Stop::Limit {
                break;
            }
        }
        Some(stop)
    }

    /// Simulates from one boundary to the next, in slices: a virtual second of
    /// a large committee may take many seconds of wall clock, and whoever asks
    /// for a stop should not wait for all of it. Where the slices end changes
    /// nothing. `None` when a stop was asked for.
    fn step(
        &mut self,
        from: Time,
        until: Time,
        control: Option<&Control>,
        tap: &mut Option<&mut dyn Tap>,
    ) -> Option<Stop> {
        if control.is_none() && tap.is_none() {
            return Some(self.simulation.run_until(until, &mut self.watch));
        }
        let mut at = from;
        loop {
            let before_ms = at.as_nanos() / 1_000_000;
            at = until.min(at + SLICE);
            let stop = self.simulation.run_until(at, &mut self.watch);
            if let Some(tap) = tap {
                tap.take(self.simulation.take_journal(), &self.watch.finals);
                self.watch.finals.clear();
            }
            if let Some(control) = control {
                let step_ms = at.as_nanos() / 1_000_000 - before_ms;
                control.simulated_ms.fetch_add(step_ms, Ordering::Relaxed);
                if control.stop.load(Ordering::Relaxed) {
                    return None;
                }
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
        self.sample_lanes(length, measured);
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

    fn sample_lanes(&mut self, length: u64, measured: bool) {
        let (last, totals) = &mut self.lanes;
        for ((node, last), totals) in (0..).zip(last).zip(totals) {
            for lane in Lane::ALL {
                let now = self.simulation.lane_use(NodeId(node), lane);
                let before = std::mem::replace(&mut last[lane.index()], now);
                if measured {
                    totals[lane.index()].add(&before, &now, length);
                }
            }
        }
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
        let mut traffic = BTreeMap::new();
        let (mut views, mut newest) = (0, None);
        for (id, process) in (0..).zip(self.simulation.nodes()) {
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
                    if self.watch.faulty.contains(ReplicaId(id)) {
                        continue;
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
            lanes: self.lanes.1,
            trail: trail(&self.simulation),
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

/// The marks of the run, with its end.
fn trail<P: Protocol>(simulation: &Simulation<Process<P>>) -> Vec<TrailMark> {
    let marks = simulation.trail().iter().map(|mark| TrailMark {
        deliveries: mark.deliveries,
        at_ns: mark.at.as_nanos(),
        fingerprint: format!("{:032x}", mark.fingerprint),
    });
    let end = TrailMark {
        deliveries: simulation.deliveries(),
        at_ns: simulation.now().as_nanos(),
        fingerprint: format!("{:032x}", simulation.fingerprint()),
    };
    marks.chain([end]).collect()
}

/// The instants at which a run is sampled: ends of windows, ends of phases, the
/// middle and the end of the measured time, and the horizon.
fn boundaries(plan: &Plan) -> Vec<Time> {
    const SECOND: u64 = 1_000_000_000;
    let window = plan.window_s() * SECOND;
    let mut instants: Vec<u64> = (1..=plan.horizon_ns() / window)
        .map(|index| index * window)
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
