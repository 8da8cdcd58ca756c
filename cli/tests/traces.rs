//! `groma trace` and `groma diff` as users call them.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use support::{Place, TINY, json};

/// Two runs of TINY, `base` as it is and `head` with something changed.
fn two(change: &str) -> Place {
    let place = Place::with("tiny.yaml", TINY);
    place
        .groma(&["run", "tiny.yaml", "--out", "base", "-q"])
        .ends(0);
    place
        .groma(&["run", "tiny.yaml", "--out", "head", "-q", "--set", change])
        .ends(0);
    place
}

#[test]
fn a_slowed_parameter_is_named_with_the_first_event_that_it_moved() {
    let place = two("batch.max_wait=21ms");
    let said = place.groma(&["diff", "base", "head"]).ends(0);
    for part in [
        "batch.max_wait_ns: 20000000 -> 21000000",
        "the first 15 deliveries are the same; the next differs (window 0):",
        "base: at 0.020122790 s replica 2 (lab) hands itself \"flush\"",
        "sent on \"batch timer\"",
        "the same event, with another time: 1.000000 ms later in the head",
    ] {
        assert!(said.out.contains(part), "no {part:?} in {}", said.out);
    }
    let rows = |mark: &str| {
        said.out
            .lines()
            .filter(|line| line.starts_with(mark))
            .count()
    };
    assert_eq!((rows("  ="), rows("  <"), rows("  >")), (5, 5, 5));

    let said = place
        .groma(&["diff", "base", "head", "--format", "json", "--context", "2"])
        .ends(0);
    let document = json(&said.out);
    assert_eq!(document["schema"], "groma.diff/1");
    assert_eq!(document["equal"], false);
    let found = &document["divergence"];
    assert_eq!(found["number"], 15);
    assert_eq!(found["fields"], serde_json::json!(["time"]));
    assert_eq!(found["before"].as_array().unwrap().len(), 2);
}

#[test]
fn runs_that_part_late_are_the_same_until_then() {
    let place = two("faults=[{ at: 900ms, for: 50ms, crash: [3] }]");
    let said = place
        .groma(&["diff", "base", "head", "--format", "json"])
        .ends(0);
    let found = &json(&said.out)["divergence"];
    let at = found["base"]["event"]["at_ns"].as_u64().unwrap();
    assert!(at >= 900_000_000, "{found}");
    assert!(found["number"].as_u64().unwrap() > 1_000, "{found}");
}

#[test]
fn equal_runs_are_said_to_be_equal() {
    let place = two("name=other");
    let said = place.groma(&["diff", "base", "head"]).ends(0);
    assert!(
        said.out.starts_with("no difference: the same "),
        "{}",
        said.out
    );
    assert!(said.out.contains("fingerprint"), "{}", said.out);
    let said = place
        .groma(&["diff", "base", "base", "--format", "json"])
        .ends(0);
    assert_eq!(json(&said.out)["equal"], true);
}

#[test]
fn of_several_runs_those_that_differ_are_listed() {
    let place = Place::with("tiny.yaml", &format!("{TINY}vary: {{ seed: [1, 2] }}\n"));
    place
        .groma(&["run", "tiny.yaml", "--out", "base", "-q"])
        .ends(0);
    place
        .groma(&[
            "run",
            "tiny.yaml",
            "--out",
            "head",
            "-q",
            "--set",
            "batch.max_wait=21ms",
        ])
        .ends(0);
    place.groma(&["diff", "base", "head"]).ends(2).tells(&[
        "2 of 2 pairs of runs differ",
        "seed 1",
        "seed 2",
        "--run",
    ]);
    let said = place
        .groma(&["diff", "base", "head", "--run", "seed 2"])
        .ends(0);
    assert!(said.out.contains("the next differs"), "{}", said.out);
    let said = place.groma(&["diff", "base", "base"]).ends(0);
    assert!(said.out.contains("2 pairs of runs"), "{}", said.out);
    place
        .groma(&["diff", "base", "head", "--run", "seed 3"])
        .ends(2)
        .tells(&["no run is called seed 3"]);
    place
        .groma(&["trace", "base", "--out", "a.svg"])
        .ends(2)
        .tells(&["2 runs", "name one of them"]);
}

#[test]
fn exports_of_two_builds_are_compared_as_files() {
    let place = two("batch.max_wait=21ms");
    for side in ["base", "head"] {
        let file = format!("{side}.deliveries");
        place.groma(&["trace", side, "--out", &file]).ends(0);
    }
    let files = ["diff", "base.deliveries", "head.deliveries"];
    let said = place.groma(&files).ends(0);
    assert!(said.out.contains("the first 15 deliveries"), "{}", said.out);
    // What a file says is what the folders say, but for the plans.
    let folders = place.groma(&["diff", "base", "head"]).ends(0);
    assert!(folders.out.ends_with(&said.out), "{}", folders.out);
    let same = place
        .groma(&["diff", "base.deliveries", "base.deliveries"])
        .ends(0);
    assert!(same.out.starts_with("no difference"), "{}", same.out);
    place
        .groma(&["diff", "base.deliveries", "head"])
        .ends(2)
        .tells(&["a file and a folder", "groma trace"]);
    place.write("bad.deliveries", "{}");
    place
        .groma(&["diff", "base.deliveries", "bad.deliveries"])
        .ends(2)
        .tells(&["bad.deliveries: line 1"]);
}

/// A folder that says another build made it, on another way.
#[test]
fn a_folder_of_another_build_is_told_with_the_command_that_helps() {
    let place = two("batch.max_wait=21ms");
    let folder = place.run("head");
    let (host, trail) = (folder.join("host.json"), folder.join("trail.csv"));
    let text = fs::read_to_string(&host).unwrap();
    let build = json(&text)["build"].as_str().unwrap().to_owned();
    fs::write(&host, text.replace(&build, &"0".repeat(32))).unwrap();
    let rows = fs::read_to_string(&trail).unwrap();
    let last = rows.trim_end().rsplit(',').next().unwrap().to_owned();
    fs::write(&trail, rows.replace(&last, &"f".repeat(32))).unwrap();
    let said = place.groma(&["diff", "base", "head"]).ends(2).tells(&[
        "the head",
        "made by build 00000000000000000000000000000000",
        "--head-binary",
        "--window 0 --out head.deliveries",
    ]);
    assert!(said.out.is_empty(), "{}", said.out);
}

#[cfg(unix)]
#[test]
fn another_binary_exports_its_own_side() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = two("batch.max_wait=21ms");
    // It stands for another build: it says that it ran.
    let script = format!(
        "#!/bin/sh\ntouch asked\nexec {} \"$@\"\n",
        env!("CARGO_BIN_EXE_groma")
    );
    place.write("old-groma", &script);
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(place.path("old-groma"), mode).unwrap();
    let old = place.path("old-groma").display().to_string();
    let said = place
        .groma(&["diff", "base", "head", "--base-binary", &old])
        .ends(0);
    assert!(said.out.contains("the first 15 deliveries"), "{}", said.out);
    assert!(place.path("asked").exists());
    place
        .groma(&["diff", "base", "head", "--base-binary", "no-such-groma"])
        .ends(2)
        .tells(&["--base-binary no-such-groma"]);
}

#[test]
fn a_trace_takes_its_format_from_the_ending_of_its_file() {
    let place = Place::with("tiny.yaml", TINY);
    place
        .groma(&["trace", "tiny.yaml", "--out", "a.pftrace"])
        .ends(0)
        .tells(&["from 0 s to 200 ms", "ui.perfetto.dev"]);
    assert!(place.path("a.pftrace").metadata().unwrap().len() > 10_000);
    place
        .groma(&[
            "trace",
            "tiny.yaml",
            "--out",
            "a.svg",
            "--from",
            "500ms",
            "--for",
            "30ms",
        ])
        .ends(0)
        .tells(&["from 500 ms to 530 ms"]);
    assert!(place.read("a.svg").starts_with("<svg"));
    place
        .groma(&["trace", "tiny.yaml", "--out", "a.folded"])
        .ends(0);
    assert!(
        place
            .read("a.folded")
            .contains("replica 0 (lab);consensus;")
    );
    place
        .groma(&["trace", "tiny.yaml", "--out", "a.txt"])
        .ends(2)
        .tells(&["a.txt", "--format"]);
    place
        .groma(&["trace", "tiny.yaml", "--out", "a.txt", "--format", "folded"])
        .ends(0);
    assert_eq!(place.read("a.txt"), place.read("a.folded"));
    place
        .groma(&["trace", "tiny.yaml", "--out", "no/such/a.svg"])
        .ends(2)
        .tells(&["no/such/a.svg"]);
}

#[test]
fn a_stretch_beyond_the_run_is_refused() {
    let place = Place::with("tiny.yaml", TINY);
    place
        .groma(&["trace", "tiny.yaml", "--out", "a.svg", "--from", "1h"])
        .ends(2)
        .tells(&["the run ends at 3 s"]);
    place
        .groma(&["trace", "tiny.yaml", "--out", "a.svg", "--for", "soon"])
        .ends(2)
        .tells(&["20ms"]);
    place
        .groma(&[
            "trace",
            "tiny.yaml",
            "--out",
            "a.deliveries",
            "--window",
            "7",
        ])
        .ends(2)
        .tells(&["no window 7", "deliveries"]);
    assert!(!place.path("a.deliveries").exists());
}
