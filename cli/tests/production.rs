//! Production consensus code against our own, in whole runs of the tool. Built
//! with the features that add it, else empty.

#![cfg(all(feature = "malachite", feature = "tikv-raft"))]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use support::Place;

/// Every pair of machines ten milliseconds apart, free CPU, no empty blocks.
const IDEAL: &str = "\
name: ideal
seed: 1
committee: { lab: 4 }
network: { law: { constant: 10ms }, intra_rtt: 20ms, jitter: 0ms, summary: ideal, source: definition }
machine: free-cpu
costs: free
batch: { max_txs: 4, max_wait: 5ms }
workload: payments
population: 1_000
load: [{ for: 1s, tps: 500, measure: false }, { for: 4s, tps: 500 }]
drain: 2s
protocol: raft
vary: { protocol: [tendermint, malachite, { raft: { commit_notify: eager } }, tikv-raft] }
";

fn runs(place: &Place) -> BTreeMap<String, Value> {
    place
        .runs("out")
        .into_iter()
        .map(|folder| {
            let text = fs::read_to_string(folder.join("run.json")).unwrap();
            let record: Value = serde_json::from_str(&text).unwrap();
            let name = record["plan"]["protocol"]["name"].as_str().unwrap();
            (name.to_owned(), record)
        })
        .collect()
}

fn messages_per_height(record: &Value) -> f64 {
    let messages = record["messages"].as_object().unwrap();
    let all: u64 = messages.values().map(|count| count.as_u64().unwrap()).sum();
    all as f64 / record["heights"].as_f64().unwrap()
}

#[test]
fn the_scenario_is_well_formed() {
    let scenario = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/protocols/production.yaml"
    );
    let place = Place::new();
    place.groma(&["check", scenario]).ends(0);
}

#[test]
fn ours_and_theirs_cost_and_take_the_same() {
    let place = Place::new();
    place.write("ideal.yaml", IDEAL);
    place.groma(&["run", "ideal.yaml", "--out", "out"]).ends(0);
    let runs = runs(&place);
    assert_eq!(runs.len(), 4);
    let near = |ours: f64, theirs: f64| (ours - theirs).abs() <= 0.03 * ours;
    for (ours, theirs) in [("tendermint", "malachite"), ("raft", "tikv-raft")] {
        let messages = [ours, theirs].map(|name| messages_per_height(&runs[name]));
        assert!(near(messages[0], messages[1]), "{ours}: {messages:?}");
        let latency = [ours, theirs].map(|name| {
            let record = &runs[name];
            record["consensus_ms"]["p50"].as_f64().unwrap()
        });
        assert!(near(latency[0], latency[1]), "{ours}: {latency:?}");
    }
}
