//! `groma why`: what it says and writes, and how it ends.

#![allow(clippy::unwrap_used)]

mod support;

use support::{Place, json, names};

/// One core that verifies some 400 transactions a second.
const SMALL: &str = "\
name: small
seed: 1
committee: { lab: 4 }
network: lan
machine: { like: server-8c, cores: 1 }
costs: { like: reference, verify_batch: 2ms }
protocol: pbft
workload: payments
population: 1_000
load: [{ for: 1s, tps: 50, measure: false }, { for: 3s, tps: 100, arrivals: even }]
drain: 2s
";

#[test]
fn the_reason_is_told_kept_and_shown() {
    let place = Place::with("small.yaml", SMALL);
    let said = place
        .groma(&["why", "small.yaml", "--width", "10%"])
        .ends(0)
        .tells(&[
            "critical path",
            "2x cores",
            "report: results/small/report.html",
        ]);
    for part in [
        "small\n  at 100 TPS offered: ",
        "  sustains up to ",
        "  binds: ",
        "closed form",
        "CPU of a replica",
        "Where the time goes",
        "One transaction of the p99",
        "What if",
        "half the price of signatures",
    ] {
        assert!(said.out.contains(part), "no {part:?} in {}", said.out);
    }
    let files = names(&place.path("results/small/why"));
    assert_eq!(files.len(), 1, "{files:?}");
    let why = json(&place.read(format!("results/small/why/{}", files[0])));
    assert_eq!(why["schema"], "groma.why/1");
    assert!(
        place
            .read("results/small/report.html")
            .contains("The reason why")
    );
    // One core verifies: a second one nearly doubles the capacity.
    let what_ifs = why["what_ifs"].as_array().unwrap();
    let cores = what_ifs
        .iter()
        .find(|what_if| what_if["name"] == "2x cores")
        .unwrap();
    assert!(cores["capacity_change"].as_f64().unwrap() > 0.5, "{cores}");

    let damaged = place.path("results/small/why").join(&files[0]);
    std::fs::write(damaged, "{}").unwrap();
    place
        .groma(&["report", "results/small"])
        .ends(2)
        .tells(&[&files[0], "no explanation"]);
}

#[test]
fn threads_change_nothing_and_json_stands_alone() {
    let place = Place::with("small.yaml", SMALL);
    let args = [
        "why",
        "small.yaml",
        "--no-capacity",
        "--quiet",
        "--format",
        "json",
    ];
    let one = place
        .groma(&[&args[..], &["--threads", "1"]].concat())
        .ends(0);
    let two = place
        .groma(&[&args[..], &["--threads", "2"]].concat())
        .ends(0);
    assert_eq!(one.out, two.out);
    assert_eq!(one.err, "");
    assert!(json(&one.out)["capacity_width"].is_null());
}

#[test]
fn a_closed_loop_has_no_capacity_but_a_reason() {
    let closed = SMALL.replace(
        "{ for: 3s, tps: 100, arrivals: even }",
        "{ for: 3s, in_flight: 20 }",
    );
    let place = Place::with("closed.yaml", &closed);
    place
        .groma(&["why", "closed.yaml"])
        .ends(2)
        .tells(&["--no-capacity"]);
    place
        .groma(&["why", "closed.yaml", "--no-capacity"])
        .ends(0);
    place.groma(&["why", "missing.yaml"]).ends(2);
}
