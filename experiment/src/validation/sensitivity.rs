//! How far each result moves when a price, a bandwidth or a distance moves by a
//! tenth: what a reader should trust no more than the number behind it.

use serde::Serialize;

use super::Outcome;
use crate::plan::{ClientPlace, LatencyPlan, Plan};

/// Something that is known only so well.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// What moves, and which way.
    pub name: &'static str,
    /// Moves it in a plan; `false` when the plan has nothing of it.
    pub turn: fn(&mut Plan) -> bool,
}

/// Every knob, in printed order.
pub const KNOBS: [Knob; 6] = [
    Knob {
        name: "signatures +10 %",
        turn: signatures,
    },
    Knob {
        name: "messages +10 %",
        turn: messages,
    },
    Knob {
        name: "other CPU +10 %",
        turn: other_work,
    },
    Knob {
        name: "replica links -10 %",
        turn: replica_links,
    },
    Knob {
        name: "client links -10 %",
        turn: client_links,
    },
    Knob {
        name: "distance +10 %",
        turn: distance,
    },
];

/// A row and how far each knob moves what is predicted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// Full name of the row.
    pub id: String,
    /// What is predicted, unit last.
    pub metric: &'static str,
    /// As it stands.
    pub predicted: Option<f64>,
    /// Relative change by each of [`KNOBS`]; `None` where its plans have nothing
    /// of it.
    pub by: Vec<Option<f64>>,
}

/// Joins the outcomes as they stand with those after each knob was turned, by
/// knob and row; `None` where the knob moved nothing of the row's set.
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
            metric: outcome.metric,
            predicted: before,
            by: by.collect(),
        }
    };
    base.iter().enumerate().map(row).collect()
}

/// A tenth more; whether there was anything.
fn more(value: &mut u64) -> bool {
    let before = *value;
    *value = before.saturating_add(before.div_ceil(10));
    before > 0
}

/// A tenth less; 0 means no limit.
fn less(value: &mut u64) -> bool {
    let before = *value;
    *value -= before / 10;
    before > 0
}

fn all(values: &mut [&mut u64], turn: fn(&mut u64) -> bool) -> bool {
    values
        .iter_mut()
        .fold(false, |any, value| turn(value) | any)
}

fn signatures(plan: &mut Plan) -> bool {
    let costs = &mut plan.costs;
    let prices = &mut [
        &mut costs.sign_ns,
        &mut costs.verify_ns,
        &mut costs.verify_batch_ns,
    ];
    all(prices, more) && plan.machine.cores > 0
}

fn messages(plan: &mut Plan) -> bool {
    let costs = &mut plan.costs;
    all(
        &mut [&mut costs.message_ns, &mut costs.message_byte_ps],
        more,
    ) && plan.machine.cores > 0
}

fn other_work(plan: &mut Plan) -> bool {
    let costs = &mut plan.costs;
    let prices = &mut [
        &mut costs.hash_ns,
        &mut costs.hash_byte_ps,
        &mut costs.admit_ns,
        &mut costs.execute_ns,
        &mut costs.root_ns,
    ];
    all(prices, more) && plan.machine.cores > 0
}

fn replica_links(plan: &mut Plan) -> bool {
    let machine = &mut plan.machine;
    all(
        &mut [&mut machine.egress_bps, &mut machine.ingress_bps],
        less,
    )
}

fn client_links(plan: &mut Plan) -> bool {
    less(&mut plan.client.gateway_bps)
}

fn distance(plan: &mut Plan) -> bool {
    let clients = match &mut plan.client.place {
        ClientPlace::InRegions => false,
        ClientPlace::Apart { one_way_ns } => more(one_way_ns),
    };
    let links = plan.network.links.iter_mut();
    links.fold(clients, |any, law| longer(law) | any)
}

fn longer(law: &mut LatencyPlan) -> bool {
    match law {
        LatencyPlan::Constant { ns } => more(ns),
        LatencyPlan::Uniform { low_ns, high_ns } => all(&mut [low_ns, high_ns], more),
        LatencyPlan::Normal { mean_ns, sd_ns } => all(&mut [mean_ns, sd_ns], more),
        LatencyPlan::LogNormal { p50_ns, p90_ns } => all(&mut [p50_ns, p90_ns], more),
        LatencyPlan::Pareto { min_ns, .. } => more(min_ns),
        LatencyPlan::PerMessage(each) => longer(each),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_is_a_tenth_and_nothing_stays_nothing() {
        let (mut price, mut link, mut free) = (60_000, 10_000_000_000, 0);
        assert!(more(&mut price) && less(&mut link));
        assert_eq!((price, link), (66_000, 9_000_000_000));
        assert!(!more(&mut free) && !less(&mut free));
        assert_eq!(free, 0);
    }
}
