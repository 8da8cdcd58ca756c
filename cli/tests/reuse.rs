//! What a second call makes of the results of the first: it reuses what is
//! whole, makes anew what is not, and the exact bytes are always the same.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;

use groma_experiment::registry::{Registry, RunOptions};
use groma_experiment::scenario::Scenario;
use support::{Place, TINY, names};

fn bytes(folder: &Path, file: &str) -> Vec<u8> {
    fs::read(folder.join(file)).unwrap()
}

/// The run's files with their times, to see whether any was written again.
fn state(folder: &Path) -> Vec<(Vec<u8>, std::time::SystemTime)> {
    let files = ["run.json", "host.json", "windows.csv", "latency.hlog"];
    let facts = |file| {
        (
            bytes(folder, file),
            fs::metadata(folder.join(file)).unwrap().modified().unwrap(),
        )
    };
    files.map(facts).to_vec()
}

#[test]
fn a_finished_run_is_reused_as_it_is() {
    let place = Place::with("tiny.yaml", TINY);
    place.groma(&["run", "tiny.yaml"]).ends(0);
    let before = state(&place.run("results/tiny"));
    place
        .groma(&["run", "tiny.yaml"])
        .ends(0)
        .tells(&["1 finished before and reused"]);
    assert!(before == state(&place.run("results/tiny")));
}

#[test]
fn a_run_of_another_build_is_made_anew() {
    let place = Place::with("tiny.yaml", TINY);
    place.groma(&["run", "tiny.yaml"]).ends(0);
    let run = place.run("results/tiny");
    let (exact, host) = (bytes(&run, "run.json"), place.read(run.join("host.json")));
    let build = host
        .split("\"build\": \"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    fs::write(run.join("host.json"), host.replace(build, "0123")).unwrap();
    fs::write(run.join("run.json"), "of another build").unwrap();
    let said = place.groma(&["run", "tiny.yaml"]).ends(0);
    assert!(!said.err.contains("reused"), "{}", said.err);
    assert!(place.read(run.join("host.json")).contains(build));
    assert!(bytes(&run, "run.json") == exact);
    let hidden: Vec<String> = names(run.parent().unwrap())
        .into_iter()
        .filter(|name| name.contains("-old-"))
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn a_run_that_is_not_whole_is_told_by_report_and_made_anew_by_run() {
    let place = Place::with("tiny.yaml", TINY);
    place.groma(&["run", "tiny.yaml"]).ends(0);
    let run = place.run("results/tiny");
    let exact = bytes(&run, "run.json");
    let log = place.read(run.join("latency.hlog"));
    let heads: String = log
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    for (file, text) in [
        ("latency.hlog", log[..log.len() / 2].to_owned()),
        ("latency.hlog", log[..log.len() - 2].to_owned()),
        ("latency.hlog", heads),
        ("latency.hlog", "noise".to_owned()),
        ("windows.csv", "start_s,measured\n".to_owned()),
        ("host.json", "{".to_owned()),
        ("run.json", String::new()),
    ] {
        fs::write(run.join(file), &text).unwrap();
        let said = place.groma(&["report", "results/tiny"]).ends(2);
        said.tells(&[file, "damaged", "groma run"]);
        place.groma(&["run", "tiny.yaml"]).ends(0);
        assert!(bytes(&run, "run.json") == exact, "after a damaged {file}");
    }
    fs::remove_file(run.join("host.json")).unwrap();
    place
        .groma(&["report", "results/tiny"])
        .ends(2)
        .tells(&["host.json"]);
    place.groma(&["run", "tiny.yaml"]).ends(0);
    place.groma(&["report", "results/tiny"]).ends(0);
}

#[test]
fn threads_and_sharing_change_no_byte() {
    let text = TINY.replace("tps: 100", "tps: 30");
    let place = Place::with(
        "tiny.yaml",
        &format!("{text}vary: {{ protocol: [pbft, hotstuff], seed: [1, 2] }}\n"),
    );
    let ways: [(&str, &[&str]); 3] = [
        ("one", &["--threads", "1"]),
        ("two", &["--threads", "2"]),
        ("apart", &["--no-sharing"]),
    ];
    for (out, more) in ways {
        let args: Vec<&str> = ["run", "tiny.yaml", "--out", out]
            .iter()
            .chain(more)
            .copied()
            .collect();
        place.groma(&args).ends(0);
    }
    let first = place.runs("one");
    assert_eq!(first.len(), 4);
    for other in ["two", "apart"] {
        for (run, same) in first.iter().zip(place.runs(other)) {
            assert_eq!(run.file_name(), same.file_name());
            assert!(
                bytes(run, "run.json") == bytes(&same, "run.json"),
                "{other}: {}",
                run.display()
            );
            assert!(
                bytes(run, "windows.csv") == bytes(&same, "windows.csv"),
                "{other}"
            );
        }
    }
}

#[test]
fn looking_at_the_control_changes_no_byte() {
    let text = TINY.replace("protocol: pbft", "protocol: raft")
        + "faults: [{ at: 123ms, for: 456ms, crash: [0] }]\n";
    let place = Place::with(
        "tiny.yaml",
        &format!("{text}vary: {{ protocol: [pbft, hotstuff, raft] }}\n"),
    );
    place.groma(&["run", "tiny.yaml", "--quiet"]);
    let registry = Registry::standard();
    let plans = Scenario::load(&place.path("tiny.yaml"), &[], &registry).unwrap();
    for plan in plans {
        // Nobody watches this one, so it runs from boundary to boundary.
        let entry = registry.find(&plan.protocol.name).unwrap();
        let alone = entry.run(&plan, &RunOptions::default()).unwrap().record;
        let run = place.path("results/tiny/runs").join(plan.key());
        let exact = serde_json::to_string_pretty(&alone).unwrap() + "\n";
        assert!(
            place.read(run.join("run.json")) == exact,
            "{}",
            plan.label()
        );
    }
}

#[test]
fn a_run_replays_from_its_own_record() {
    let place = Place::with("tiny.yaml", TINY);
    place.groma(&["run", "tiny.yaml", "--out", "first"]).ends(0);
    let record = place.run("first").join("run.json").display().to_string();
    place.groma(&["run", &record, "--out", "again"]).ends(0);
    assert!(bytes(&place.run("first"), "run.json") == bytes(&place.run("again"), "run.json"));
    place
        .groma(&["run", &record, "--set", "seed=2"])
        .ends(2)
        .tells(&["--set"]);
    place.write("other.json", "{}");
    place
        .groma(&["run", "other.json"])
        .ends(2)
        .tells(&["other.json", "no plan"]);
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_killed_process_left_is_cleaned_and_a_living_ones_is_not() {
    let place = Place::with("tiny.yaml", TINY);
    let runs = place.path("results/tiny/runs");
    fs::create_dir_all(&runs).unwrap();
    // No process has so high a number; this test's own process is alive.
    let (dead, alive) = (u32::MAX, std::process::id());
    fs::create_dir(runs.join(format!(".0abc-new-{dead}"))).unwrap();
    fs::write(
        runs.join(format!(".0abc-new-{dead}")).join("run.json"),
        "{}",
    )
    .unwrap();
    fs::write(
        place
            .path("results/tiny")
            .join(format!(".report.html-new-{dead}")),
        "",
    )
    .unwrap();
    fs::create_dir(runs.join(format!(".0abc-old-{alive}"))).unwrap();
    fs::write(runs.join(".mine"), "").unwrap();
    place.groma(&["run", "tiny.yaml"]).ends(0);
    let left: Vec<String> = [place.path("results/tiny"), runs]
        .iter()
        .flat_map(|folder| names(folder))
        .collect();
    assert!(
        !left.iter().any(|name| name.ends_with(&dead.to_string())),
        "{left:?}"
    );
    for kept in [format!(".0abc-old-{alive}"), ".mine".to_owned()] {
        assert!(left.contains(&kept), "{kept} in {left:?}");
    }
}
