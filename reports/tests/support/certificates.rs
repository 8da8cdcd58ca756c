//! Certificates that look like real ones.

use std::collections::BTreeMap;

use groma_experiment::bottleneck::Resource;
use groma_experiment::certificate::{CITY_TPS, Certificate, Probe, SCHEMA, Step};
use groma_experiment::plan::{FaultKind, FaultPlan};
use groma_experiment::result::{Percentiles, Verdict};

use super::{SECOND, Shape, plan};

/// Latency of a queue that fills at `capacity`.
fn p99(offered: f64, capacity: f64) -> f64 {
    let free = (1.0 - offered / capacity).max(0.02);
    (140.0 + 12.0 / free).min(4_200.0)
}

fn probe(step: Step, offered: f64, capacity: f64) -> Probe {
    let passed = offered <= capacity * 0.985;
    let p99 = if passed {
        p99(offered, capacity)
    } else {
        1_310.0 + offered - capacity
    };
    Probe {
        step,
        offered_tps: offered,
        measured_seconds: if step == Step::Confirm { 12.0 } else { 4.0 },
        passed_seeds: if passed { 3 } else { 0 },
        passed,
        verdict: if passed {
            Verdict::Pass
        } else {
            Verdict::Unsustained
        },
        because: if passed {
            String::new()
        } else {
            "p99 1.31 s > 1 s".to_owned()
        },
        goodput_tps: offered.min(capacity),
        finality_ms_p50: Some(p99 * 0.55),
        finality_ms_p99: Some(p99),
        binds: "replica shenzhen-0 egress 97 %".to_owned(),
    }
}

/// One certificate of a design that breaks near `capacity`.
pub fn certificate(name: &str, variation: &[(&str, &str)], capacity: f64) -> Certificate {
    let mut plan = plan(
        name,
        "Which design carries a city of 17.8 million at its peak?",
        variation,
        &Shape::new("hotstuff", 120.0, 2.0),
    );
    plan.faults = vec![FaultPlan {
        at_ns: 2 * SECOND,
        until_ns: plan.horizon_ns(),
        kind: FaultKind::Crash(vec![3]),
    }];
    let sustained = (capacity * 0.98 / 100.0).floor() * 100.0;
    let failed = sustained + 100.0 * (capacity / 10_000.0).ceil() + 100.0;
    let steps = [0.25, 0.5, 1.0].map(|share| (Step::Bracket, sustained * share));
    let bisect = [
        (Step::Bracket, sustained * 1.5),
        (Step::Bisect, sustained * 1.2),
        (Step::Bisect, failed),
        (Step::Confirm, sustained),
    ];
    let probes = steps
        .into_iter()
        .chain(bisect)
        .map(|(step, tps)| probe(step, tps.round(), capacity))
        .collect();
    let label = plan.label();
    Certificate {
        schema: SCHEMA.to_owned(),
        name: name.to_owned(),
        label,
        key: plan.key(),
        build: "5f3a9c0142aa".repeat(4),
        seeds: vec![1, 2, 3],
        variation: variation
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        width: 0.01,
        ceiling_tps: 1_000_000.0,
        target: plan.targets.clone(),
        sustained_tps: Some(sustained),
        failed_tps: Some(failed),
        failed_because: "p99 1.31 s > 1 s".to_owned(),
        binds: "replica shenzhen-0 egress 97 %".to_owned(),
        resources: vec![Resource {
            name: "replica shenzhen-0 egress".to_owned(),
            kind: "egress".to_owned(),
            used: 0.97,
            wait_ms: Some(41.0),
        }],
        headroom_to_10k: Some(sustained / CITY_TPS),
        demand: None,
        goodput_tps: Some(sustained),
        finality_ms: Percentiles {
            p50: Some(210.0),
            p99: Some(812.0),
            count: 100,
            ..Percentiles::default()
        },
        storage_bytes_per_year: Some(sustained * 412.0 * 31_536_000.0),
        network_bytes_per_day: Some(sustained * 4_100.0 * 86_400.0),
        probes,
        plan,
    }
}

/// Four protocols.
pub fn four() -> Vec<Certificate> {
    [
        ("hotstuff", 14_400.0),
        ("pbft", 11_600.0),
        ("raft", 16_900.0),
        ("tendermint", 8_700.0),
    ]
    .map(|(protocol, capacity)| certificate("city-capacity", &[("protocol", protocol)], capacity))
    .to_vec()
}

/// A surface of crashed replicas and round trips.
pub fn surface() -> Vec<Certificate> {
    let mut all = Vec::new();
    for (row, crashed) in ["none", "one crashed", "two crashed"].iter().enumerate() {
        for (column, rtt) in ["10ms", "40ms", "80ms", "160ms"].iter().enumerate() {
            let capacity = 15_000.0 / (1.0 + 0.16 * column as f64) - 2_600.0 * row as f64;
            let capacity = if row == 2 && column > 1 {
                capacity * 0.4
            } else {
                capacity
            };
            all.push(certificate(
                "degradation",
                &[("faults", crashed), ("network.rtt", rtt)],
                capacity,
            ));
        }
    }
    all
}
