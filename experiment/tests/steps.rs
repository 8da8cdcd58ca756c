//! Steps that stand apart from their workloads: filings in bulk, records at night,
//! reimbursements at the end of a month, by what is offered of each kind.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use groma_experiment::demand::{demand, rates};
use groma_experiment::plan::{PhasePlan, Plan};
use groma_experiment::registry::{Registry, RunOptions};
use groma_experiment::scenario::Scenario;

fn read(population: &str, mix: &str, day: &str) -> Result<Plan, String> {
    let text = format!(
        "name: steps\nseed: 1\ncommittee: {{ shenzhen: 2, shanghai: 2 }}\nprotocol: pbft\n\
         population: {population}\nworkload: {mix}\nload: [{{ day: {{ {day} }} }}]\ndrain: 5s"
    );
    Scenario::parse("steps.yaml", &text, None, &[], &Registry::standard())
        .map(|mut plans| plans.remove(0))
        .map_err(|problems| problems.to_string())
}

fn plan(population: &str, mix: &str, day: &str) -> Plan {
    read(population, mix, day).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What is offered of each kind.
fn offered(plan: &Plan) -> BTreeMap<String, u64> {
    let registry = Registry::standard();
    let entry = registry.find(&plan.protocol.name).unwrap();
    let result = entry.run(plan, &RunOptions::default()).unwrap();
    result.record.load.offered_by
}

/// A plan whose load is a part of the day's, from the first nanosecond of one hour to that of
/// another.
fn hours(plan: &Plan, from: u64, to: u64) -> Plan {
    let hour = |at: &mut u64, phase: &PhasePlan| {
        let began = *at / 3_600_000_000_000;
        *at += phase.stands_for_ns;
        began
    };
    let mut at = 0;
    let phases = plan.load.iter().filter(|phase| {
        let hour = hour(&mut at, phase);
        (from..to).contains(&hour)
    });
    let load = phases.cloned().collect();
    Plan {
        load,
        ..plan.clone()
    }
}

fn of(kinds: &BTreeMap<String, u64>, kind: &str) -> f64 {
    kinds.get(kind).copied().unwrap_or(0) as f64
}

#[test]
fn bulks_of_filings_are_filings_and_grow_with_the_city() {
    let mix = "{ mix: { payments: 80, evidence: 20 } }";
    let day = "events: [court-filing], compress: 1440";
    let city = plan("3_000_000", mix, day);
    assert_eq!(city.workload.apart, ["evidence.submit_to_court"]);
    // 0.139 a day and inhabitant, of which 1.5 % are filings, of which a twentieth at nine and
    // one at two.
    let filings = 0.139 * 0.015 * 3e6;
    let bulk: Vec<&PhasePlan> = city
        .load
        .iter()
        .filter(|phase| phase.for_ns == 10_000_000_000)
        .collect();
    assert_eq!(bulk.len(), 2);
    for phase in &bulk {
        let filed = phase.mix[2] as f64 / 1e3 * 10.0;
        assert!((filed / (0.05 * filings) - 1.0).abs() < 0.02, "{filed}");
        // Deposits keep the rate of their hour.
        let evidence = phase.mix[1] as f64 / 1e3;
        assert!(evidence < 2.0 * 0.139 * 3e6 / 86_400.0, "{phase:?}");
    }
    let kinds = offered(&city);
    let filed = of(&kinds, "evidence.submit_to_court");
    let expected = 0.1 * filings + 0.9 * filings / 1_440.0;
    assert!(
        (filed / expected - 1.0).abs() < 0.12,
        "{filed}, not {expected}: {kinds:?}"
    );
    // Six times the people file six times as much, and the day's total is the catalogue's.
    let large = plan("18_000_000", mix, day);
    let one = |plan: &Plan| rates(plan).unwrap().mean_tps;
    let usual = |people: &str| one(&plan(people, mix, "compress: 1440"));
    for (city, people) in [(&city, "3_000_000"), (&large, "18_000_000")] {
        assert!((one(city) / usual(people) - 1.0).abs() < 1e-3);
    }
    let most = |plan: &Plan| plan.load.iter().map(|phase| phase.mix[2]).max().unwrap();
    let times = most(&large) as f64 / most(&city) as f64;
    assert!((times - 6.0).abs() < 0.05, "{times}");
}

#[test]
fn records_are_ingested_at_night_and_queried_by_day() {
    let day = "per_day: 2.1, weekday: friday, events: [nightly-ingest], compress: 1440";
    let city = plan("1_000_000", "credit", day);
    let office = offered(&hours(&city, 5, 24));
    assert_eq!(of(&office, "credit.submit_record"), 0.0, "{office:?}");
    let queries = of(&office, "credit.query_with_consent");
    let all: u64 = office.values().sum();
    // 27 of the 45 in a hundred that are left.
    assert!((queries / all as f64 - 0.6).abs() < 0.05, "{office:?}");
    let night = offered(&hours(&city, 1, 5));
    assert_eq!(night.keys().collect::<Vec<_>>(), ["credit.submit_record"]);
    // As many as without, but at night: 54.8 % of the day.
    let usual = rates(&plan(
        "1_000_000",
        "credit",
        "per_day: 2.1, weekday: friday",
    ));
    let (with, without) = (rates(&city).unwrap(), usual.unwrap());
    assert!((with.mean_tps / without.mean_tps - 1.0).abs() < 1e-3);
    let night = hours(&city, 1, 5).load;
    let ingest = night
        .iter()
        .map(|phase| phase.mix[1] as f64 * phase.stands_for_ns as f64);
    let share = ingest.sum::<f64>() / 86_400e12 / with.mean_tps;
    assert!((share - 0.548).abs() < 1e-3, "{share}");
}

#[test]
fn the_end_of_a_month_brings_reimbursements_and_no_invoices() {
    let on = |date: u32| {
        let day = format!("per_day: 5, month: month-end, date: {date}, compress: 1440");
        plan("1_000_000", "invoices", &day)
    };
    let (middle, end) = (on(15), on(30));
    let names = ["invoices.submit_reimburse", "invoices.approve_reimburse"];
    assert_eq!(end.workload.apart, names);
    for (a, b) in middle.load.iter().zip(&end.load) {
        assert_eq!(
            a.mix[0], b.mix[0],
            "issues, claims and queries keep their rate"
        );
    }
    let (before, after) = (offered(&middle), offered(&end));
    for (kind, low, high) in [
        ("invoice.issue", 0.8, 1.25),
        ("invoice.claim", 0.8, 1.25),
        ("invoice.verify", 0.8, 1.25),
        // 3.5 to 0.75.
        ("invoice.submit_reimburse", 3.0, 8.0),
        ("invoice.approve_reimburse", 3.0, 8.0),
    ] {
        let times = of(&after, kind) / of(&before, kind);
        assert!(
            (low..high).contains(&times),
            "{kind} {times}: {before:?} {after:?}"
        );
    }
    // Records and bytes are those of what is asked for: more reimbursements, smaller means.
    let bytes = |plan: &Plan| demand(plan).unwrap().workloads[0].bytes_per_tx;
    assert!(bytes(&end) < 0.95 * bytes(&middle));
}

#[test]
fn an_event_may_strike_a_step() {
    let batch = |of: &str| {
        format!(
            "per_day: 1, events: [{{ batch: {{ at: 3h, txs: 5000, within: 60s, workload: {of} }} }}]"
        )
    };
    let one = plan("10_000", "evidence", &batch("evidence.submit_to_court"));
    let most = one.load.iter().map(|phase| phase.mix[1]).max().unwrap();
    assert!((83_000..84_000).contains(&most), "{most}");
    let whole = plan("10_000", "evidence", &batch("evidence"));
    assert!(whole.workload.apart.is_empty());
    let refused = read("10_000", "evidence", &batch("evidence.submit_to_curt")).unwrap_err();
    assert!(
        refused.contains("no step `evidence.submit_to_curt` stands apart"),
        "{refused}"
    );
    assert!(refused.contains("evidence.submit_to_court"), "{refused}");
}

#[test]
fn what_stands_apart_does_so_in_every_phase() {
    let text = "name: steps\nseed: 1\ncommittee: { shenzhen: 4 }\nprotocol: pbft\npopulation: 100_000\n\
                workload: { mix: { payments: 1, credit: 1 } }\ndrain: 5s\nload:\n  - { for: 20s, tps: 200 }\n  \
                - { day: { events: [nightly-ingest], compress: 1440 } }";
    let registry = Registry::standard();
    let plan = Scenario::parse("steps.yaml", text, None, &[], &registry)
        .unwrap()
        .remove(0);
    assert!(plan.load.iter().all(|phase| phase.mix.len() == 3));
    // By the usual mix: 55 % of half of 4,000.
    let first = Plan {
        load: plan.load[..1].to_vec(),
        ..plan.clone()
    };
    let submits = of(&offered(&first), "credit.submit_record");
    assert!((submits / 1_100.0 - 1.0).abs() < 0.12, "{submits}");
}
