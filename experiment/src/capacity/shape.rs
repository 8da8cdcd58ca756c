//! Plans into probes: the same city, machines and faults under another load,
//! over a shorter or a longer time.

use std::collections::BTreeMap;

use super::interval::Load;
use crate::plan::{Arrivals, Expect, FaultKind, FaultPlan, LoadPlan, PhasePlan, Plan};

const SECOND: u64 = 1_000_000_000;

/// A short probe measures at least this long, and four times the slowest latency
/// that a target allows: what is late must have time to be late.
const PROBE_NS: u64 = 4 * SECOND;

/// Warm-up of a short probe, where the plan has as much: hundreds of rounds of
/// consensus, and longer than most queues take to fill to their steady length.
const WARM_UP_NS: u64 = 2 * SECOND;

/// A short probe measures this part of what the plan does, where that is longer,
/// so that a long one is as long as the scenario's own run: its author knows the
/// scale on which the design lives.
const PART: u64 = 3;

/// How long a probe is: each is three times the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Length {
    /// As short as tells something.
    Short,
    /// For both ends of the answer.
    Long,
    /// For what even a long one cannot tell.
    Longest,
}

impl Length {
    /// The next longer one that this plan can be run for. Where faults have
    /// their times, the measured part is repeated whole, and nine times is more
    /// than a queue's swing is worth.
    #[must_use]
    pub(super) fn longer(self, plan: &Plan) -> Option<Self> {
        match self {
            Self::Short => Some(Self::Long),
            Self::Long => steady(plan).then_some(Self::Longest),
            Self::Longest => None,
        }
    }
}

/// Why a plan has no capacity to search for, with what to do about it.
pub(super) fn refusal(plan: &Plan) -> Option<String> {
    let closed = |phase: &PhasePlan| matches!(phase.load, LoadPlan::Closed { .. });
    if plan.load.iter().any(closed) {
        return Some(format!(
            "{}: a closed loop asks only as fast as it is answered, so it has no load to vary\n  \
             hint: give its phases `tps` instead of `in_flight`",
            plan.name
        ));
    }
    let given = |phase: &PhasePlan| matches!(phase.load, LoadPlan::Replay { .. });
    if plan.load.iter().any(given) {
        return Some(format!(
            "{}: the times of a trace are what they are, so there is no load to vary\n  \
             hint: give the trace as rates per second",
            plan.name
        ));
    }
    (mean_mtps(plan) == 0).then(|| {
        format!(
            "{}: nothing is offered in measured time, so there is no load to vary\n  \
             hint: give at least one phase without `measure: false` a `tps` above 0",
            plan.name
        )
    })
}

/// Mean of the measured phases, in thousandths of a transaction per second: of the true
/// day, so that it hangs on no compression.
pub(super) fn mean_mtps(plan: &Plan) -> u64 {
    let (mut offered, mut time) = (0_u128, 0_u128);
    for phase in plan.load.iter().filter(|phase| phase.measure) {
        if let LoadPlan::Open {
            from_mtps, to_mtps, ..
        } = phase.load
        {
            let rates = u128::from(from_mtps) + u128::from(to_mtps);
            offered += rates * u128::from(phase.stands_for_ns);
        }
        time += u128::from(phase.stands_for_ns);
    }
    u64::try_from(offered / (2 * time).max(1)).unwrap_or(u64::MAX)
}

/// The plan under a load whose mean over the measured phases is `load`. Ramps,
/// bursts, the law of arrivals and the warm-up keep their proportions. The
/// targets of goodput and success go: the one speaks of the scenario's own load, and 99 % are
/// asked for in any case.
#[must_use]
pub fn with_load(plan: &Plan, load: Load, length: Length) -> Plan {
    let mut probe = plan.clone();
    let mean = u128::from(mean_mtps(plan).max(1));
    for phase in &mut probe.load {
        if let LoadPlan::Open {
            from_mtps, to_mtps, ..
        } = &mut phase.load
        {
            for rate in [from_mtps, to_mtps] {
                let scaled = (u128::from(*rate) * u128::from(load.0) + mean / 2) / mean;
                *rate = u64::try_from(scaled).unwrap_or(u64::MAX);
            }
        }
    }
    probe
        .targets
        .retain(|target| !matches!(target.metric.as_str(), "goodput_tps" | "success"));
    probe.expect = Expect::Sustained;
    // A calendar's bursts last as long as they do.
    let compressed = plan
        .load
        .iter()
        .any(|phase| phase.stands_for_ns > phase.for_ns);
    if steady(plan) && !compressed {
        shorten(&mut probe);
    }
    match length {
        Length::Short => probe.drain_ns = short_drain(plan),
        Length::Long => repeat(&mut probe, 3),
        Length::Longest => repeat(&mut probe, 9),
    }
    // What never heals does so until the end of this plan, too.
    let horizon = probe.horizon_ns();
    for fault in &mut probe.faults {
        fault.until_ns = fault.until_ns.min(horizon);
    }
    probe
}

/// Whether nothing happens at a time of its own: every fault strikes before the
/// measured time and stays.
fn steady(plan: &Plan) -> bool {
    let first = plan.load.iter().take_while(|phase| !phase.measure);
    let start: u64 = first.map(|phase| phase.for_ns).sum();
    let stays = |fault: &FaultPlan| {
        let ends =
            matches!(fault.kind, FaultKind::Restart(_)) || fault.until_ns < plan.horizon_ns();
        fault.at_ns <= start && !ends
    };
    plan.faults.iter().all(stays)
}

/// Shortens the phases of a plan without times of its own.
fn shorten(plan: &mut Plan) {
    let total = |plan: &Plan, measure: bool| -> u64 {
        let phases = plan.load.iter().filter(|phase| phase.measure == measure);
        phases.map(|phase| phase.for_ns).sum()
    };
    let (measured, rest) = (total(plan, true), total(plan, false));
    let periods = plan.load.iter().map(|phase| match phase.load {
        LoadPlan::Open {
            arrivals: Arrivals::Burst { every_ns },
            ..
        } => every_ns,
        _ => 0,
    });
    let period = periods.max().unwrap_or(0);
    let least = PROBE_NS.max(4 * slowest_ns(plan)).max(4 * period);
    let measured_to = least.max(measured / PART).min(measured.max(PROBE_NS));
    // Clients of a replica that is down from the start find out by waiting. That
    // is over before anything is measured, even where the plan warms up for less:
    // the question is what the design sustains with the replica down.
    let rest_to = match plan.faults.is_empty() {
        true => WARM_UP_NS.max(rest / PART).min(rest),
        false if rest == 0 => 0,
        false => (WARM_UP_NS + plan.client.resend_after_ns).max(rest / PART),
    };
    let old_horizon = plan.horizon_ns();
    for phase in &mut plan.load {
        let (from, to) = if phase.measure {
            (measured, measured_to)
        } else {
            (rest, rest_to)
        };
        phase.for_ns = proportion(phase.for_ns, to, from).max(1_000_000);
        phase.stands_for_ns = phase.for_ns;
    }
    let horizon = plan.horizon_ns();
    for fault in &mut plan.faults {
        fault.at_ns = proportion(fault.at_ns, rest_to, rest);
        debug_assert!(fault.until_ns >= old_horizon, "a steady fault stays");
        fault.until_ns = horizon;
    }
}

/// `value * to / from`, in whole milliseconds where it is longer than one.
fn proportion(value: u64, to: u64, from: u64) -> u64 {
    let scaled = u128::from(value) * u128::from(to) / u128::from(from.max(1));
    let scaled = u64::try_from(scaled).unwrap_or(u64::MAX);
    if scaled < 1_000_000 {
        scaled
    } else {
        scaled / 1_000_000 * 1_000_000
    }
}

/// The largest latency that the targets allow.
fn slowest_ns(plan: &Plan) -> u64 {
    let bounds = plan.targets.iter().filter(|target| !target.at_least);
    bounds
        .map(|target| (target.target * 1e6) as u64)
        .max()
        .unwrap_or(0)
}

/// Drain of a short probe: whatever is not final after twice the slowest
/// latency that a target allows has failed it anyhow, and an overload would
/// spend most of its run on a backlog that nobody asked about. A plan with
/// faults keeps its own: it says how long a recovery may take.
fn short_drain(plan: &Plan) -> u64 {
    if !steady(plan) {
        return plan.drain_ns;
    }
    let enough = (3 * SECOND)
        .max(2 * slowest_ns(plan))
        .max(plan.drain_ns / PART);
    plan.drain_ns.min(enough)
}

/// Plays the measured part of a plan so many times over, with the faults that
/// strike in it. Repeated and not stretched: an outage keeps its length and its
/// share of the measured time, which is what a percentile weighs.
fn repeat(plan: &mut Plan, times: u64) {
    let Some(first) = plan.load.iter().position(|phase| phase.measure) else {
        return;
    };
    let last = plan
        .load
        .iter()
        .rposition(|phase| phase.measure)
        .unwrap_or(first);
    let length = |phases: &[PhasePlan]| phases.iter().map(|phase| phase.for_ns).sum::<u64>();
    let course = Course {
        start: length(&plan.load[..first]),
        length: length(&plan.load[first..=last]),
        times,
        horizon: plan.horizon_ns(),
    };
    let part = plan.load[first..=last].to_vec();
    for _ in 1..times {
        plan.load.splice(first..first, part.iter().cloned());
    }
    let restarted: Vec<u32> = plan
        .faults
        .iter()
        .filter_map(restarts)
        .flatten()
        .copied()
        .collect();
    let mut faults = Vec::new();
    for fault in &plan.faults {
        course.put(fault, &restarted, &mut faults);
    }
    // Stable: what strikes at the same time strikes in the scenario's order.
    faults.sort_by_key(|fault| fault.at_ns);
    plan.faults = faults;
}

fn restarts(fault: &FaultPlan) -> Option<&Vec<u32>> {
    match &fault.kind {
        FaultKind::Restart(replicas) => Some(replicas),
        _ => None,
    }
}

/// The times of a plan whose measured part is repeated.
struct Course {
    /// Start of the measured part.
    start: u64,
    /// Its length.
    length: u64,
    times: u64,
    /// Horizon before the repetition.
    horizon: u64,
}

impl Course {
    fn put(&self, fault: &FaultPlan, restarted: &[u32], faults: &mut Vec<FaultPlan>) {
        let added = self.length * (self.times - 1);
        let restart = restarts(fault).is_some();
        let stays = !restart && fault.until_ns >= self.horizon;
        let comes_back = match &fault.kind {
            FaultKind::Crash(replicas) => replicas.iter().any(|id| restarted.contains(id)),
            _ => false,
        };
        let late = fault.at_ns >= self.start + self.length;
        let within = fault.at_ns >= self.start && !late;
        let rounds = if within && (!stays || comes_back) {
            self.times
        } else {
            1
        };
        for round in 0..rounds {
            let shift = if late { added } else { round * self.length };
            let at_ns = fault.at_ns + shift;
            let until_ns = match (restart, stays) {
                (true, _) => at_ns,
                (_, true) => self.horizon + added,
                _ if !within && !late && fault.until_ns > self.start + self.length => {
                    fault.until_ns + added
                }
                // The next round's strike would come before this one's end.
                _ if round + 1 < rounds => (fault.until_ns + shift).min(at_ns + self.length),
                _ => fault.until_ns + shift,
            };
            faults.push(FaultPlan {
                at_ns,
                until_ns,
                kind: fault.kind.clone(),
            });
        }
    }
}

/// Plans that differ in nothing but their seed belong to one search. The groups
/// stand in the order of their first plans.
#[must_use]
pub fn by_seed(plans: &[Plan]) -> Vec<Vec<Plan>> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<Plan>> = Vec::new();
    for plan in plans {
        let mut same = without_seed(plan);
        same.seed = 0;
        let place = *places.entry(same.to_json()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) if group.iter().any(|other| other.seed == plan.seed) => {}
            Some(group) => group.push(plan.clone()),
            None => groups.push(vec![plan.clone()]),
        }
    }
    groups
}

/// The plan with its seed taken out of what varies.
pub(super) fn without_seed(plan: &Plan) -> Plan {
    let mut plain = plan.clone();
    plain.variation.remove("seed");
    plain
}
