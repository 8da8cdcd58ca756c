//! `groma compare` as it is called: what it reads, what it writes, how it ends.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use support::{Place, TINY, json};

/// Two folders of the same tiny run, and one of a run that waits longer.
fn three() -> Place {
    let place = Place::with("tiny.yaml", TINY);
    for out in ["a", "b"] {
        place
            .groma(&["run", "tiny.yaml", "--out", out, "--quiet"])
            .ends(0);
    }
    place
        .groma(&[
            "run",
            "tiny.yaml",
            "--out",
            "slow",
            "--quiet",
            "--set",
            "batch.max_wait=60ms",
        ])
        .ends(0);
    place
}

#[test]
fn equal_runs_pass_every_rule() {
    let place = three();
    let said = place
        .groma(&["compare", "a", "b", "--fail-on", "any changed"])
        .ends(0);
    assert!(
        said.out.contains("The pair is equal; 1 rule kept."),
        "{}",
        said.out
    );
    // Without wall clocks, which are advice: figures only.
    let document = place
        .groma(&["compare", "a", "b", "--format", "json"])
        .ends(0);
    assert_eq!(json(&document.out)["pairs"][0]["equal"], true);
}

#[test]
fn a_slower_plan_is_refused_then_allowed_then_caught() {
    let place = three();
    place.groma(&["compare", "a", "slow"]).ends(2).tells(&[
        "error: plans differ",
        "batch.max_wait_ns: 20000000 -> 60000000",
        "--allow-different",
    ]);
    place
        .groma(&["compare", "a", "slow", "--allow-different"])
        .ends(0);
    let rule = "finality_ms.p99 > +2%";
    let said = place
        .groma(&[
            "compare",
            "a",
            "slow",
            "--allow-different",
            "--fail-on",
            rule,
        ])
        .ends(1);
    assert!(
        said.out.contains("broken: finality_ms.p99 > +2%"),
        "{}",
        said.out
    );
    let faster = place.groma(&[
        "compare",
        "slow",
        "a",
        "--allow-different",
        "--fail-on",
        rule,
    ]);
    faster.ends(0);
}

#[test]
fn every_place_of_a_run_is_read() {
    let place = three();
    let folder = place.run("b");
    let folder = folder.to_str().unwrap();
    let record = format!("{folder}/run.json");
    let printed = place.groma(&[
        "run",
        "tiny.yaml",
        "--out",
        "a",
        "--quiet",
        "--format",
        "json",
    ]);
    fs::create_dir(place.path("goldens")).unwrap();
    place.write("goldens/tiny.json", &printed.out);
    for head in [
        "b",
        "b/runs",
        folder,
        &record,
        "goldens",
        "goldens/tiny.json",
    ] {
        let said = place
            .groma(&["compare", "a", head, "--fail-on", "any changed"])
            .ends(0);
        assert!(
            said.out.contains("The pair is equal"),
            "{head}: {}",
            said.out
        );
    }
}

#[test]
fn every_format_is_written() {
    let place = three();
    let starts = [
        ("text", "base a\n"),
        ("markdown", "### ❌ Groma"),
        ("json", "{\n"),
        ("junit", "<?xml"),
        ("html", "<!DOCTYPE html>"),
    ];
    for (format, start) in starts {
        let call = [
            "compare",
            "a",
            "slow",
            "--allow-different",
            "--fail-on",
            "any worse",
            "--format",
            format,
        ];
        let printed = place.groma(&call).ends(1);
        assert!(printed.out.starts_with(start), "{format}: {}", printed.out);
        let written = place
            .groma(&[&call[..], &["--out", "written"]].concat())
            .ends(1);
        assert_eq!(written.out, "");
        written.tells(&["1 of 1 rule broken"]);
        if format != "text" {
            // The host's advice is the only part that could differ, and the files are the same.
            assert_eq!(place.read("written"), printed.out, "{format}");
        }
    }
}

#[test]
fn rules_come_from_a_file_too() {
    let place = three();
    place.write(
        "gate.rules",
        "# the gate\nverdict worse\n\nfinality_ms.p99 > +1s # generous\n",
    );
    let call = [
        "compare",
        "a",
        "slow",
        "--allow-different",
        "--rules",
        "gate.rules",
    ];
    let said = place.groma(&call).ends(0);
    assert!(said.out.contains("2 rules kept"), "{}", said.out);
    place.write(
        "gate.rules",
        "verdict worse\nfinality_ms.p98 > +1s\nany > 3\n",
    );
    place.groma(&call).ends(2).tells(&[
        "gate.rules:2:1: error: `finality_ms.p98`",
        "finality_ms.p98 > +1s",
        "gate.rules:3:5: error: only a figure has a bound",
    ]);
    place
        .groma(&["compare", "a", "b", "--rules", "none.rules"])
        .ends(2)
        .tells(&["cannot read none.rules"]);
}

#[test]
fn a_rule_that_judges_nothing_is_no_gate() {
    let place = three();
    place
        .groma(&["compare", "a", "b", "--fail-on", "sustained_tps < -1%"])
        .ends(2)
        .tells(&["rule `sustained_tps < -1%` applies to nothing here"]);
}

#[test]
fn what_cannot_be_compared_is_told() {
    let place = three();
    place.write("other.yaml", &TINY.replace("name: tiny", "name: other"));
    place
        .groma(&["run", "other.yaml", "--out", "other", "--quiet"])
        .ends(0);
    place.groma(&["compare", "a", "other"]).ends(2).tells(&[
        "no run in common",
        "base only: tiny: pbft, seed 1",
        "head only: other: pbft, seed 1",
    ]);
    place
        .groma(&["compare", "a", "nowhere"])
        .ends(2)
        .tells(&["nowhere: no such file or folder", "hint:"]);
    fs::create_dir(place.path("empty")).unwrap();
    place
        .groma(&["compare", "empty", "a"])
        .ends(2)
        .tells(&["neither a finished run nor a certificate"]);
    place.write("text.json", "{ \"a\": 1 }");
    place
        .groma(&["compare", "a", "text.json"])
        .ends(2)
        .tells(&["without a schema"]);
    place.write("text.json", "{ \"schema\": \"other/1\" }");
    place
        .groma(&["compare", "a", "text.json"])
        .ends(2)
        .tells(&["schema `other/1` cannot be compared"]);
    place.write("text.json", "no");
    place
        .groma(&["compare", "a", "text.json"])
        .ends(2)
        .tells(&["not a JSON document"]);
    let record = place.run("b").join("run.json");
    fs::write(&record, "{ \"schema\": \"groma.run/1\"").unwrap();
    place
        .groma(&["compare", "a", "b"])
        .ends(2)
        .tells(&["run.json: damaged"]);
}

#[test]
fn other_seeds_are_compared_over_their_medians() {
    let place = Place::with(
        "tiny.yaml",
        &TINY.replace("arrivals: even", "arrivals: poisson"),
    );
    let run = |out: &str, seeds: &str| {
        let vary = format!("vary.seed={seeds}");
        place
            .groma(&["run", "tiny.yaml", "--out", out, "--quiet", "--set", &vary])
            .ends(0);
    };
    run("a", "[1, 2, 3, 4, 5]");
    run("b", "[6, 7, 8, 9, 10]");
    let said = place
        .groma(&["compare", "a", "b", "--fail-on", "any changed"])
        .ends(0);
    assert!(said.out.contains("5 against 5 other seeds"), "{}", said.out);
    place
        .groma(&["compare", "a", "b", "--fail-on", "fingerprint changed"])
        .ends(2)
        .tells(&["applies to nothing here"]);
}

#[test]
fn scenarios_of_other_names_meet_when_that_is_asked_for() {
    let place = Place::with("a.yaml", TINY);
    place.write("b.yaml", &TINY.replace("name: tiny", "name: other"));
    place.groma(&["run", "a.yaml", "--out", "a"]).ends(0);
    place.groma(&["run", "b.yaml", "--out", "b"]).ends(0);
    place
        .groma(&["compare", "a", "b"])
        .ends(2)
        .tells(&["no run in common", "--allow-different"]);
    let said = place
        .groma(&["compare", "a", "b", "--allow-different"])
        .ends(0);
    assert!(said.out.contains("equal"), "{}", said.out);
}
