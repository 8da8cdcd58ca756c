//! The changes that a what-if tries, one thing each.

use super::Change;
use crate::plan::{LatencyPlan, Plan};

/// A change of a plan, or `None` where there is nothing to change (a resource
/// without a limit, a cost of zero). Says what it changed.
type Edit = fn(&mut Plan) -> Option<String>;

const EDITS: [(&str, Edit); 9] = [
    ("2x bandwidth", bandwidth),
    ("2x gateway bandwidth", gateways),
    ("2x cores", cores),
    ("CPU twice as fast", speed),
    ("half the price of signatures", signatures),
    ("half the round trip", round_trip),
    ("disk twice as fast", disk),
    ("batches twice as large", larger_batches),
    ("half the wait for a batch", shorter_wait),
];

/// Every change that applies to the plan.
pub(super) fn all(plan: &Plan) -> Vec<Change> {
    let apply = |&(name, edit): &(&'static str, Edit)| {
        let mut changed = plan.clone();
        edit(&mut changed).map(|text| Change {
            name,
            text,
            plan: changed,
        })
    };
    EDITS.iter().filter_map(apply).collect()
}

fn doubled(value: &mut u64) {
    *value = value.saturating_mul(2);
}

fn gbit(bps: u64) -> String {
    format!("{} Gbit/s", bps as f64 / 1e9)
}

fn bandwidth(plan: &mut Plan) -> Option<String> {
    let machine = &mut plan.machine;
    let before = machine.egress_bps;
    if before == 0 && machine.ingress_bps == 0 {
        return None;
    }
    doubled(&mut machine.egress_bps);
    doubled(&mut machine.ingress_bps);
    Some(format!(
        "replica links {} -> {}",
        gbit(before),
        gbit(machine.egress_bps)
    ))
}

fn gateways(plan: &mut Plan) -> Option<String> {
    let bps = &mut plan.client.gateway_bps;
    let before = *bps;
    doubled(bps);
    (before > 0).then(|| format!("gateway links {} -> {}", gbit(before), gbit(*bps)))
}

fn cores(plan: &mut Plan) -> Option<String> {
    let cores = &mut plan.machine.cores;
    let before = *cores;
    *cores = cores.saturating_mul(2);
    (before > 0).then(|| format!("cores {before} -> {cores}"))
}

fn speed(plan: &mut Plan) -> Option<String> {
    let costs = &mut plan.costs;
    let prices = [
        &mut costs.sign_ns,
        &mut costs.verify_ns,
        &mut costs.verify_batch_ns,
        &mut costs.hash_ns,
        &mut costs.hash_byte_ps,
        &mut costs.message_ns,
        &mut costs.message_byte_ps,
        &mut costs.admit_ns,
        &mut costs.execute_ns,
        &mut costs.root_ns,
    ];
    let mut any = plan.machine.cores > 0;
    let mut sum = 0;
    for price in prices {
        sum += *price;
        *price /= 2;
    }
    any &= sum > 0;
    any.then(|| "every price of the list halved".to_owned())
}

fn signatures(plan: &mut Plan) -> Option<String> {
    let costs = &mut plan.costs;
    let before = costs.verify_batch_ns;
    for price in [
        &mut costs.sign_ns,
        &mut costs.verify_ns,
        &mut costs.verify_batch_ns,
    ] {
        *price /= 2;
    }
    let micros = |ns: u64| ns as f64 / 1_000.0;
    (before > 0 && plan.machine.cores > 0).then(|| {
        format!(
            "a signature in a batch {} -> {} us",
            micros(before),
            micros(costs.verify_batch_ns)
        )
    })
}

fn round_trip(plan: &mut Plan) -> Option<String> {
    let mut any = false;
    for law in &mut plan.network.links {
        any |= halve(law);
    }
    any.then(|| "every latency between machines halved".to_owned())
}

/// Halves a law; whether there was anything to halve.
fn halve(law: &mut LatencyPlan) -> bool {
    let half = |ns: &mut u64| {
        let any = *ns > 0;
        *ns /= 2;
        any
    };
    match law {
        LatencyPlan::Constant { ns } => half(ns),
        LatencyPlan::Uniform { low_ns, high_ns } => half(low_ns) | half(high_ns),
        LatencyPlan::Normal { mean_ns, sd_ns } => half(mean_ns) | half(sd_ns),
        LatencyPlan::LogNormal { p50_ns, p90_ns } => half(p50_ns) | half(p90_ns),
        LatencyPlan::Pareto { min_ns, .. } => half(min_ns),
        LatencyPlan::PerMessage(each) => halve(each),
    }
}

fn disk(plan: &mut Plan) -> Option<String> {
    let machine = &mut plan.machine;
    let before = (machine.fsync_ns, machine.disk_bytes_per_s);
    machine.fsync_ns /= 2;
    doubled(&mut machine.disk_bytes_per_s);
    (before != (0, 0)).then(|| {
        format!(
            "a flush {} -> {} us, and twice the bytes a second",
            before.0 as f64 / 1_000.0,
            machine.fsync_ns as f64 / 1_000.0
        )
    })
}

fn larger_batches(plan: &mut Plan) -> Option<String> {
    let batch = &mut plan.batch;
    let before = batch.max_txs;
    batch.max_txs = before.saturating_mul(2);
    batch.max_bytes = batch.max_bytes.saturating_mul(2);
    Some(format!(
        "at most {before} -> {} transactions",
        batch.max_txs
    ))
}

fn shorter_wait(plan: &mut Plan) -> Option<String> {
    let wait = &mut plan.batch.max_wait_ns;
    let before = *wait;
    *wait /= 2;
    let ms = |ns: u64| ns as f64 / 1e6;
    (before > 0).then(|| format!("at most {} -> {} ms", ms(before), ms(*wait)))
}
