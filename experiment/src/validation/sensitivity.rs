//! How far each result moves when a price, a bandwidth, a size or a distance moves by
//! a tenth, up or down: what a reader should trust no more than the number behind it.

use serde::Serialize;

use super::Outcome;
use crate::plan::{ClientPlace, LatencyPlan, Plan, TransportPlan};

/// Something that is known only so well.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// What it is, as the scenario or the price list calls it.
    pub name: &'static str,
    /// Turns it in a plan; `false` when the plan has nothing of it.
    pub turn: fn(&mut Plan, Way) -> bool,
}

/// Which way a knob is turned, by a tenth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A tenth more.
    Up,
    /// A tenth less.
    Down,
}

impl Way {
    /// Both, in printed order.
    pub const BOTH: [Self; 2] = [Self::Up, Self::Down];

    /// The way in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Up => "+10 %",
            Self::Down => "-10 %",
        }
    }

    /// Turns a number; whether there was anything. 0 means no limit, or nothing.
    fn turn(self, value: &mut u64) -> bool {
        let tenth = value.div_ceil(10);
        *value = match self {
            Self::Up => value.saturating_add(tenth),
            Self::Down => *value - tenth,
        };
        tenth > 0
    }

    fn turn_all(self, values: &mut [&mut u64]) -> bool {
        values
            .iter_mut()
            .fold(false, |any, value| self.turn(value) | any)
    }

    fn turn_small(self, value: &mut u32) -> bool {
        let mut wide = u64::from(*value);
        let any = self.turn(&mut wide);
        *value = u32::try_from(wide).unwrap_or(u32::MAX);
        any
    }
}

/// Turns one price, where CPU has a price at all.
macro_rules! price {
    ($name:literal, $field:ident) => {
        Knob {
            name: $name,
            turn: |plan, way| plan.machine.cores > 0 && way.turn(&mut plan.costs.$field),
        }
    };
}

/// Turns one number of a plan.
macro_rules! knob {
    ($name:literal, $plan:ident, $way:ident: $turn:expr) => {
        Knob {
            name: $name,
            turn: |$plan, $way| $turn,
        }
    };
}

/// Every knob, in printed order: prices, links, disk, sizes, distance.
pub const KNOBS: [Knob; 25] = [
    price!("sign", sign_ns),
    price!("verify", verify_ns),
    price!("verify_batch", verify_batch_ns),
    price!("hash", hash_ns),
    price!("hash_byte", hash_byte_ps),
    price!("message", message_ns),
    price!("message_byte", message_byte_ps),
    price!("admit", admit_ns),
    price!("execute", execute_ns),
    price!("root", root_ns),
    knob!("NIC out", plan, way: way.turn(&mut plan.machine.egress_bps)),
    knob!("NIC in", plan, way: way.turn(&mut plan.machine.ingress_bps)),
    knob!("region lines up", plan, way: {
        let lines = plan.committee.iter_mut();
        lines.fold(false, |any, region| way.turn(&mut region.up_bps) | any)
    }),
    knob!("region lines down", plan, way: {
        let lines = plan.committee.iter_mut();
        lines.fold(false, |any, region| way.turn(&mut region.down_bps) | any)
    }),
    knob!("client links", plan, way: way.turn(&mut plan.client.gateway_bps)),
    knob!("disk write", plan, way: way.turn(&mut plan.machine.disk_bytes_per_s)),
    knob!("disk flush", plan, way: way.turn(&mut plan.machine.fsync_ns)),
    knob!("network.overhead", plan, way: way.turn(&mut plan.network.overhead_ns)),
    knob!("jitter", plan, way: way.turn(&mut plan.network.jitter_ns)),
    knob!("first TCP window", plan, way: windows(plan, way, true)),
    knob!("largest TCP window", plan, way: windows(plan, way, false)),
    knob!("packet size", plan, way: way.turn_small(&mut plan.network.mtu_bytes)),
    knob!("request size", plan, way: way.turn_small(&mut plan.client.request_bytes)),
    knob!("reply size", plan, way: way.turn_small(&mut plan.client.reply_bytes)),
    knob!("distance", plan, way: distance(plan, way)),
];

/// A knob and a way: what one column of the table turns.
pub fn turns() -> impl Iterator<Item = (Knob, Way)> {
    KNOBS
        .into_iter()
        .flat_map(|knob| Way::BOTH.map(|way| (knob, way)))
}

/// A judged row and how far each knob moves what is predicted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// Full name of the row.
    pub id: String,
    /// Name of its set.
    pub set: &'static str,
    /// What is predicted, unit last.
    pub metric: &'static str,
    /// As it stands.
    pub predicted: Option<f64>,
    /// Relative change by each of [`turns`]; `None` where its plans have nothing
    /// of it.
    pub by: Vec<Option<f64>>,
}

/// Joins the outcomes as they stand with those after each turn, by turn and row;
/// `None` where the turn moved nothing of the row's set. Rows that are only printed
/// are left out.
#[must_use]
pub fn join(base: &[Outcome], turned: &[Vec<Option<Outcome>>]) -> Vec<Moved> {
    let row = |(index, outcome): (usize, &Outcome)| {
        let before = outcome.judgement.predicted;
        let by = turned.iter().map(|outcomes| {
            let after = outcomes[index].as_ref()?.judgement.predicted?;
            let change = (after - before?) / before?;
            change.is_finite().then_some(change)
        });
        Moved {
            id: outcome.id.clone(),
            set: outcome.set,
            metric: outcome.metric,
            predicted: before,
            by: by.collect(),
        }
    };
    let judged = base.iter().enumerate();
    let judged = judged.filter(|(_, outcome)| outcome.judgement.pass.is_some());
    judged.map(row).collect()
}

fn windows(plan: &mut Plan, way: Way, first: bool) -> bool {
    match &mut plan.network.transport {
        TransportPlan::Unlimited => false,
        TransportPlan::Tcp {
            initial_bytes,
            most_bytes,
            ..
        } => way.turn(if first { initial_bytes } else { most_bytes }),
    }
}

fn distance(plan: &mut Plan, way: Way) -> bool {
    let clients = match &mut plan.client.place {
        ClientPlace::InRegions => false,
        ClientPlace::Apart { one_way_ns } => way.turn(one_way_ns),
    };
    let links = plan.network.links.iter_mut();
    links.fold(clients, |any, law| stretch(law, way) | any)
}

fn stretch(law: &mut LatencyPlan, way: Way) -> bool {
    match law {
        LatencyPlan::Constant { ns } => way.turn(ns),
        LatencyPlan::Uniform { low_ns, high_ns } => way.turn_all(&mut [low_ns, high_ns]),
        LatencyPlan::Normal { mean_ns, sd_ns } => way.turn_all(&mut [mean_ns, sd_ns]),
        LatencyPlan::LogNormal { p50_ns, p90_ns } => way.turn_all(&mut [p50_ns, p90_ns]),
        LatencyPlan::Pareto { min_ns, .. } => way.turn(min_ns),
        LatencyPlan::PerMessage(each) => stretch(each, way),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;
    use crate::validation::{Which, choose};

    #[test]
    fn a_tenth_is_a_tenth_and_nothing_stays_nothing() {
        let (mut price, mut link, mut free) = (60_000, 10_000_000_000, 0);
        assert!(Way::Up.turn(&mut price) && Way::Down.turn(&mut link));
        assert_eq!((price, link), (66_000, 9_000_000_000));
        for way in Way::BOTH {
            assert!(!way.turn(&mut free));
        }
        assert_eq!(free, 0);
    }

    #[test]
    fn every_knob_turns_something_and_says_so() {
        let registry = Registry::standard();
        let parts = choose(&[], Which::All).expect("all rows are known");
        let plans: Vec<Plan> = parts
            .iter()
            .flat_map(|part| part.plans(&registry).expect("a test reads them all"))
            .collect();
        for knob in KNOBS {
            let mut any = false;
            for (plan, way) in plans
                .iter()
                .flat_map(|plan| Way::BOTH.map(|way| (plan, way)))
            {
                let mut turned = plan.clone();
                let says = (knob.turn)(&mut turned, way);
                assert_eq!(says, turned != *plan, "{} of {}", knob.name, plan.name);
                any |= says;
            }
            assert!(any, "no plan has any of {}", knob.name);
        }
    }
}
