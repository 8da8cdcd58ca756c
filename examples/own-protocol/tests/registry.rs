//! The protocol inside the whole tool: a scenario names it, replicas execute
//! what it orders, every invariant is checked.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use groma_experiment::plan::Plan;
use groma_experiment::registry::{Registry, RunOptions};
use groma_experiment::result::{RunRecord, Verdict};
use groma_experiment::scenario::Scenario;
use own_protocol::ChainReplication;

fn registry() -> Registry {
    Registry::standard().with::<ChainReplication>()
}

fn plan(protocol: &str, faults: &str) -> Plan {
    let text = format!(
        "name: own\nseed: 1\ncommittee: {{ shenzhen: 3, shanghai: 1, beijing: 1 }}\nnetwork: china-cities\n\
         protocol: {protocol}\nworkload: payments\npopulation: 10_000\n\
         load: [{{ for: 1s, tps: 200, measure: false }}, {{ for: 3s, tps: 200 }}]\n\
         faults: [{faults}]\ndrain: 10s\n"
    );
    let plans = Scenario::parse("own.yaml", &text, None, &[], &registry());
    plans.unwrap_or_else(|why| panic!("{why}")).remove(0)
}

fn run(plan: &Plan) -> RunRecord {
    let registry = registry();
    let entry = registry.find(&plan.protocol.name).unwrap();
    entry.run(plan, &RunOptions::default()).unwrap().record
}

#[test]
fn it_passes_and_costs_what_the_closed_form_says() {
    let record = run(&plan("chain-replication", ""));
    assert_eq!(record.verdict, Verdict::Pass, "{:?}", record.reasons);
    let links = 4;
    let each = links * record.heights;
    assert_eq!(record.messages["pass"], each);
    // A word may tell of several blocks.
    let words = record.messages["done"];
    assert!(words >= each / 2 && words <= each, "{words} for {each}");
    assert_eq!(record.messages.len(), 2, "{:?}", record.messages);
}

#[test]
fn it_is_in_the_same_state_as_raft_after_the_same_payments() {
    let own = run(&plan("chain-replication", ""));
    let raft = run(&plan("raft", ""));
    assert_eq!(own.state_root, raft.state_root);
}

#[test]
fn a_dead_replica_stops_it_until_it_is_back() {
    let record = run(&plan(
        "chain-replication",
        "{ at: 2s, for: 1s, crash: [4] }",
    ));
    assert!(record.violations.is_empty(), "{:?}", record.violations);
    assert_eq!(record.load.expired, 0, "what waited became final later");
    assert!(record.checks.agreement > 0 && record.checks.exactly_once > 0);
    let slowest = record.finality_ms.max.unwrap();
    assert!(
        slowest > 900.0,
        "nothing commits for the second without the tail: {slowest} ms"
    );
}

#[test]
fn its_scenario_is_well_formed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenario.yaml");
    let plans = Scenario::load(&path, &[], &registry()).unwrap_or_else(|why| panic!("{why}"));
    let labels: Vec<&str> = plans
        .iter()
        .map(|plan| plan.protocol.name.as_str())
        .collect();
    assert_eq!(labels, ["raft", "pbft", "chain-replication"]);
}
