//! Plans in words: faults, loads, laws and places as a reader says them.

use groma_experiment::plan::{
    Arrivals, Byzantine, Clock, Dissemination, Expect, FaultKind, FaultPlan, LatencyPlan, LoadPlan,
    PhasePlan, Plan, Seating, SharingPlan, TransportPlan,
};

use crate::format::{Unit, count, exact, signed_percent, span};

/// Whether some phase of a plan stands for more than its length.
#[must_use]
pub fn is_compressed(plan: &Plan) -> bool {
    let mut phases = plan.load.iter();
    phases.any(|phase| phase.stands_for_ns > phase.for_ns)
}

/// What lies across a chart of a run over time.
#[must_use]
pub fn time_axis(plan: &Plan) -> String {
    let days = Clock::compressed(&plan.load);
    let Some(first) = days.first() else {
        return "virtual time".to_owned();
    };
    let seconds = (first.length_ns() + 500_000_000) / 1_000_000_000;
    let played = match (seconds / 60, seconds % 60) {
        (0..2, _) => format!("{seconds} s"),
        (minutes, 0) => format!("{} min", count(minutes)),
        (minutes, rest) => format!("{} min {rest} s", count(minutes)),
    };
    let whose = match days.len() {
        1 => "the day",
        _ => "each day",
    };
    let mut legs = first.knots().windows(2);
    let bursts = legs.any(|leg| leg[1].0 - leg[0].0 == leg[1].1 - leg[0].1);
    let wider = match bursts {
        true => " (bursts in their own time, so that they are wider)",
        false => "",
    };
    format!("the hour of {whose}, whose 24 h were played in {played}{wider}")
}

/// `F1`: a fault's name in charts with little room.
#[must_use]
pub fn fault_code(index: usize) -> String {
    format!("F{}", index + 1)
}

/// A fault in a few words, for a chart: `isolate shanghai`.
#[must_use]
pub fn fault_label(plan: &Plan, fault: &FaultPlan) -> String {
    match &fault.kind {
        FaultKind::Crash(ids) => format!("crash {}", place(plan, ids)),
        FaultKind::Restart(ids) => format!("restart {}", place(plan, ids)),
        FaultKind::Isolate(ids) => format!("isolate {}", place(plan, ids)),
        FaultKind::Partition(groups) => {
            let sizes: Vec<String> = groups.iter().map(|group| group.len().to_string()).collect();
            format!("partition {}", sizes.join("|"))
        }
        FaultKind::SlowLink { replicas, added_ns } => {
            format!("{} +{}", place(plan, replicas), span(*added_ns))
        }
        FaultKind::SlowMachine {
            replicas,
            factor_milli,
        } => format!(
            "CPU ×{} slower {}",
            exact(u64::from(*factor_milli), 1_000),
            place(plan, replicas)
        ),
        FaultKind::Loss { replicas, ppm } => {
            format!("loss {} {}", ppm_percent(*ppm), place(plan, replicas))
        }
        FaultKind::Byzantine {
            replicas,
            behaviour,
        } => format!("{} {}", behaviour.word(), place(plan, replicas)),
    }
}

/// A fault in full, with its replicas and times.
#[must_use]
pub fn fault_text(plan: &Plan, fault: &FaultPlan) -> String {
    let what = match &fault.kind {
        FaultKind::Crash(ids) => format!("crash of {}", listed(ids)),
        FaultKind::Restart(ids) => format!("restart of {}", listed(ids)),
        FaultKind::Isolate(ids) => format!("isolation of {}", listed(ids)),
        FaultKind::Partition(groups) => {
            let groups: Vec<String> = groups.iter().map(|ids| ranges(ids)).collect();
            format!("partition into replicas {}", groups.join(" | "))
        }
        FaultKind::SlowLink { replicas, added_ns } => {
            format!(
                "{} more one-way latency for {}",
                span(*added_ns),
                listed(replicas)
            )
        }
        FaultKind::SlowMachine {
            replicas,
            factor_milli,
        } => format!(
            "CPU work takes {} times as long on {}",
            exact(u64::from(*factor_milli), 1_000),
            listed(replicas)
        ),
        FaultKind::Loss { replicas, ppm } => {
            format!(
                "loss of {} of messages of {}",
                ppm_percent(*ppm),
                listed(replicas)
            )
        }
        FaultKind::Byzantine {
            replicas,
            behaviour,
        } => format!(
            "Byzantine {}: {}",
            listed(replicas),
            deviation_text(behaviour)
        ),
    };
    let until = if fault.until_ns >= plan.horizon_ns() {
        "to the end".to_owned()
    } else {
        format!("to {}", span(fault.until_ns))
    };
    if matches!(fault.kind, FaultKind::Restart(_)) {
        return format!("{what} at {}", span(fault.at_ns));
    }
    format!("{what}, from {} {until}", span(fault.at_ns))
}

/// What a Byzantine replica does.
fn deviation_text(behaviour: &Byzantine) -> String {
    match behaviour {
        Byzantine::Silent => "says nothing to other replicas".to_owned(),
        Byzantine::Late { by_ns } => format!("says everything {} later", span(*by_ns)),
        Byzantine::Withhold { reach } => format!("its proposals reach {reach} of the others"),
        Byzantine::Lazy => "votes without checking".to_owned(),
        Byzantine::Flood { copies } => format!("says everything {copies} times"),
        Byzantine::WrongRoot => "names a state that it does not have".to_owned(),
        Byzantine::Fork => "proposes on older blocks to undo those since".to_owned(),
        Byzantine::Equivocate => {
            "different proposals and votes to every other correct replica".to_owned()
        }
        Byzantine::Twins { side } => format!(
            "runs twice; the second instances and {} hear only each other",
            listed(side)
        ),
        Byzantine::Selfish => "keeps its blocks back to undo those of others".to_owned(),
    }
}

fn ppm_percent(ppm: u32) -> String {
    Unit::Share.spell(f64::from(ppm) / 1e6)
}

/// Regions where the replicas are exactly those of regions, else their ids.
fn place(plan: &Plan, ids: &[u32]) -> String {
    let mut left: Vec<u32> = ids.to_vec();
    left.sort_unstable();
    left.dedup();
    let mut names = Vec::new();
    let seats = plan.seats();
    for (place, region) in (0..).zip(&plan.committee) {
        let seated = (0..).zip(&seats).filter(|&(_, &at)| at == place);
        let members: Vec<u32> = seated.map(|(id, _)| id).collect();
        if region.replicas > 0 && members.iter().all(|id| left.binary_search(id).is_ok()) {
            left.retain(|id| !members.contains(id));
            names.push(region.region.clone());
        }
    }
    if left.is_empty() && !names.is_empty() {
        names.join(", ")
    } else if ids.len() > 6 {
        format!("{} replicas", ids.len())
    } else {
        format!("#{}", ranges(ids).replace(", ", ", #"))
    }
}

fn listed(ids: &[u32]) -> String {
    match ids {
        [only] => format!("replica {only}"),
        _ => format!("replicas {}", ranges(ids)),
    }
}

/// `0, 4–7, 12`.
#[must_use]
pub fn ranges(ids: &[u32]) -> String {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for id in sorted {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == id => *last = id,
            _ => parts.push((id, id)),
        }
    }
    parts
        .iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first}, {last}"),
            _ => format!("{first}–{last}"),
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// A law of latency: `log-normal, p50 14 ms, p90 16.8 ms`.
#[must_use]
pub fn latency(law: &LatencyPlan) -> String {
    match law {
        LatencyPlan::Constant { ns } => span(*ns),
        LatencyPlan::Uniform { low_ns, high_ns } => {
            format!("uniform, {} to {}", span(*low_ns), span(*high_ns))
        }
        LatencyPlan::Normal { mean_ns, sd_ns } => {
            format!(
                "normal, mean {}, deviation {}",
                span(*mean_ns),
                span(*sd_ns)
            )
        }
        LatencyPlan::LogNormal { p50_ns, p90_ns } => {
            format!("log-normal, p50 {}, p90 {}", span(*p50_ns), span(*p90_ns))
        }
        LatencyPlan::Pareto {
            min_ns,
            shape_milli,
        } => format!(
            "Pareto, from {}, shape {}",
            span(*min_ns),
            exact(*shape_milli, 1_000)
        ),
        LatencyPlan::PerMessage(inner) => format!("{}, anew for each message", latency(inner)),
    }
}

/// A phase of the load: `60 s at 11,000 TPS, Poisson`.
#[must_use]
pub fn phase(phase: &PhasePlan) -> String {
    let load = match &phase.load {
        LoadPlan::Open {
            from_mtps,
            to_mtps,
            arrivals,
        } => {
            let rate = if from_mtps == to_mtps {
                format!("at {} TPS", exact(*from_mtps, 1_000))
            } else {
                format!(
                    "rising from {} to {} TPS",
                    exact(*from_mtps, 1_000),
                    exact(*to_mtps, 1_000)
                )
                .replace(
                    "rising",
                    if to_mtps < from_mtps {
                        "falling"
                    } else {
                        "rising"
                    },
                )
            };
            format!("{rate}, {}", arrival(*arrivals))
        }
        LoadPlan::Replay { times_ns, .. } => {
            format!("of a trace, {} transactions", count(times_ns.len() as u64))
        }
        LoadPlan::Closed { in_flight } => {
            format!(
                "with {} in flight (closed loop)",
                count(u64::from(*in_flight))
            )
        }
    };
    let measured = if phase.measure { "" } else { "; not measured" };
    format!("{} {load}{measured}", span(phase.for_ns))
}

fn arrival(arrivals: Arrivals) -> String {
    match arrivals {
        Arrivals::Poisson => "Poisson arrivals".to_owned(),
        Arrivals::Even => "evenly spaced".to_owned(),
        Arrivals::Burst { every_ns } => format!("in bursts every {}", span(every_ns)),
    }
}

/// How bodies reach the replicas.
#[must_use]
pub fn dissemination(way: Dissemination) -> &'static str {
    match way {
        Dissemination::InProposal => "bodies travel with the proposal",
        Dissemination::ClientsToAll => "clients send every transaction to every replica",
        Dissemination::Workers => "the replica that forms a batch sends it to all beforehand",
        Dissemination::Broadcast => "whoever forms a batch sends it to all, and any may order it",
    }
}

/// What limits a connection.
#[must_use]
pub fn transport(transport: TransportPlan) -> String {
    match transport {
        TransportPlan::Unlimited => "limited by bandwidth alone".to_owned(),
        TransportPlan::Tcp {
            initial_bytes,
            most_bytes,
            ..
        } => format!("TCP, windows of {initial_bytes} B at first to {most_bytes} B"),
    }
}

/// How messages share a machine's interface.
#[must_use]
pub fn sharing(sharing: SharingPlan) -> &'static str {
    match sharing {
        SharingPlan::Fifo => "messages in order of arrival (FIFO)",
        SharingPlan::MaxMin => "all connections at once (max-min fair)",
    }
}

/// How replica ids fall on the regions.
#[must_use]
pub fn seating(seating: Seating) -> &'static str {
    match seating {
        Seating::ByRegion => "region after region",
        Seating::Interleaved => "one of each region in turn",
        Seating::Shuffled => "in an order drawn from the seed",
    }
}

/// What the scenario expects.
#[must_use]
pub fn expectation(plan: &Plan) -> String {
    match (plan.expect, plan.breaks.as_slice()) {
        (Expect::Sustained, _) => "the load is sustained and every target met".to_owned(),
        (Expect::Unsustained, _) => "the load is not sustained".to_owned(),
        (Expect::Violated, []) => "an invariant breaks".to_owned(),
        (Expect::Violated, checks) => format!("{} breaks", checks.join(" and ")),
    }
}

/// A weight of a mix.
#[must_use]
pub fn share(milli: u32) -> String {
    signed_percent(f64::from(milli) / 1_000.0).replace('+', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_listed_as_ranges() {
        assert_eq!(ranges(&[7, 4, 5, 6, 0, 12, 13]), "0, 4–7, 12, 13");
        assert_eq!(ranges(&[3]), "3");
        assert_eq!(ranges(&[]), "");
    }
}
