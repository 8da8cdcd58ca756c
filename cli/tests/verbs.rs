//! The verbs around a run: help, list, new, check, plan, schema, and how they
//! end on bad input.

#![allow(clippy::unwrap_used)]

mod support;

use support::{Place, TINY, json};

#[test]
fn help_fits_on_one_screen_and_shows_the_quick_start() {
    let said = Place::new().groma(&["--help"]).ends(0);
    assert!(said.out.lines().count() <= 24, "{}", said.out);
    assert!(
        said.out.lines().all(|line| line.chars().count() <= 80),
        "{}",
        said.out
    );
    for part in ["Quick start", "groma new", "groma run", "report"] {
        assert!(said.out.contains(part), "no {part:?} in {}", said.out);
    }
    assert!(said.err.is_empty());
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_was_meant() {
    let place = Place::new();
    place.groma(&[]).ends(2).tells(&["Usage"]);
    place.groma(&["runn", "a.yaml"]).ends(2).tells(&["run"]);
    place.groma(&["run"]).ends(2).tells(&["SCENARIO"]);
    place
        .groma(&["run", "a.yaml", "--set", "seed"])
        .ends(2)
        .tells(&["KEY=VALUE"]);
    place
        .groma(&["run", "a.yaml", "--threads", "0"])
        .ends(2)
        .tells(&["--threads"]);
    place
        .groma(&["list", "planets"])
        .ends(2)
        .tells(&["protocols"]);
}

#[test]
fn every_table_lists_names_with_their_source() {
    let place = Place::new();
    for (table, name) in [
        ("protocols", "hotstuff"),
        ("workloads", "invoices"),
        ("networks", "china-cities"),
        ("machines", "server-8c"),
        ("costs", "reference"),
        ("faults", "crash"),
        ("calendars", "singles-day"),
        ("curves", "nasdaq-open"),
        ("profiles", "caict-spike"),
    ] {
        let said = place.groma(&["list", table]).ends(0);
        let line = said
            .out
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {}", said.out));
        assert!(line.split_whitespace().count() > 2, "{line} says nothing");
    }
}

#[test]
fn new_writes_a_scenario_that_is_fine_and_overwrites_nothing() {
    let place = Place::new();
    place
        .groma(&["new", "city.yaml"])
        .ends(0)
        .tells(&["groma run city.yaml"]);
    let said = place.groma(&["check", "city.yaml"]).ends(0);
    assert!(said.out.starts_with("city.yaml: fine"), "{}", said.out);
    place.write("city.yaml", "mine");
    place
        .groma(&["new", "city.yaml"])
        .ends(2)
        .tells(&["city.yaml", "exists"]);
    assert_eq!(place.read("city.yaml"), "mine");
    place
        .groma(&["new", "no/such/folder.yaml"])
        .ends(2)
        .tells(&["no/such/folder.yaml"]);
}

#[test]
fn schema_is_one_json_document() {
    let said = Place::new().groma(&["schema"]).ends(0);
    let schema = json(&said.out);
    assert!(schema["properties"]["committee"].is_object(), "{schema}");
}

#[test]
fn a_plan_is_one_json_line() {
    let place = Place::with("tiny.yaml", &format!("{TINY}vary: {{ seed: [1, 2, 3] }}\n"));
    let said = place
        .groma(&["plan", "tiny.yaml", "--set", "population=7"])
        .ends(0);
    let plans: Vec<_> = said.out.lines().map(json).collect();
    assert_eq!(
        plans
            .iter()
            .map(|plan| plan["seed"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert!(plans.iter().all(|plan| plan["population"] == 7));
}

#[test]
fn a_mistake_is_shown_with_its_place_and_a_hint() {
    let place = Place::with("bad.yaml", &TINY.replace("pbft", "hotstuf"));
    for verb in ["check", "run", "plan"] {
        let said = place.groma(&[verb, "bad.yaml"]).ends(2);
        let said = said.tells(&[
            "bad.yaml:5:11: error:",
            "protocol: hotstuf",
            "^",
            "hotstuff",
        ]);
        assert!(said.out.is_empty(), "{}", said.out);
    }
    place
        .groma(&["run", "none.yaml"])
        .ends(2)
        .tells(&["none.yaml"]);
    place.groma(&["run", "."]).ends(2).tells(&["folder"]);
}

#[test]
fn check_goes_on_after_a_bad_scenario() {
    let place = Place::with("tiny.yaml", TINY);
    place.write("bad.yaml", "name: [");
    let said = place.groma(&["check", "bad.yaml", "tiny.yaml"]).ends(2);
    let said = said.tells(&["bad.yaml:1:"]);
    assert!(said.out.starts_with("tiny.yaml: fine"), "{}", said.out);
}

#[test]
fn the_shell_gets_its_completions_and_its_manual() {
    let place = Place::new();
    assert!(
        place
            .groma(&["completions", "bash"])
            .ends(0)
            .out
            .contains("_groma")
    );
    assert!(place.groma(&["man"]).ends(0).out.contains(".TH groma"));
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_failure_and_a_full_disk_is_one() {
    use std::fs::OpenOptions;
    use std::process::Stdio;

    let place = Place::new();
    // The reading end is closed before a byte of it could be read.
    let mut child = place
        .command(&["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    support::Said::from(child.wait_with_output().unwrap()).ends(0);

    if let Ok(full) = OpenOptions::new().write(true).open("/dev/full") {
        let output = place.command(&["schema"]).stdout(full).output().unwrap();
        support::Said::from(output)
            .ends(2)
            .tells(&["cannot write to stdout"]);
    }
}
