//! `groma run` and `groma report`: exit codes, what is written, what is said.

#![allow(clippy::unwrap_used)]

mod support;

use support::{OVERLOAD, Place, TINY, json, names};

#[test]
fn a_run_that_passes_leaves_results_and_a_report() {
    let place = Place::with("tiny.yaml", TINY);
    let said = place.groma(&["run", "tiny.yaml"]).ends(0);
    let said = said.tells(&["1/1 ", "pass", "report: results/tiny/report.html"]);
    assert!(said.out.contains("pass"), "{}", said.out);
    assert!(
        !said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'),
        "no terminal, no colour"
    );
    let mut files = names(&place.run("results/tiny"));
    files.sort();
    assert_eq!(
        files,
        [
            "host.json",
            "latency.hlog",
            "run.json",
            "trail.csv",
            "windows.csv"
        ]
    );
    assert!(place.read("results/tiny/report.html").contains("</html>"));
    assert!(place.read("results/tiny/summary.csv").lines().count() > 1);
}

#[test]
fn a_target_that_is_missed_ends_with_1() {
    let place = Place::with(
        "tiny.yaml",
        &format!("{TINY}target: {{ goodput_tps: 1_000 }}\n"),
    );
    let said = place.groma(&["run", "tiny.yaml"]).ends(1);
    assert!(said.out.contains("missed"), "{}", said.out);
}

#[test]
fn an_overload_ends_with_1_unless_it_is_expected() {
    let place = Place::with("overload.yaml", OVERLOAD);
    let said = place.groma(&["run", "overload.yaml"]).ends(1);
    assert!(said.out.contains("unsustained"), "{}", said.out);
    place.write("overload.yaml", &format!("{OVERLOAD}expect: unsustained\n"));
    place.groma(&["run", "overload.yaml"]).ends(0);
    place.write("tiny.yaml", &format!("{TINY}expect: unsustained\n"));
    place.groma(&["run", "tiny.yaml"]).ends(1);
}

#[test]
fn every_bad_scenario_is_told_before_anything_runs() {
    let place = Place::with("tiny.yaml", TINY);
    place.write("typo.yaml", &TINY.replace("seed", "sead"));
    place.write("empty.yaml", "");
    let said = place
        .groma(&["run", "typo.yaml", "tiny.yaml", "empty.yaml", "none.yaml"])
        .ends(2);
    let said = said.tells(&["typo.yaml:2:1", "empty.yaml:1:1", "none.yaml"]);
    assert!(said.out.is_empty(), "{}", said.out);
    assert!(!place.path("results").exists());
}

#[test]
fn json_is_one_document_and_nothing_else() {
    let place = Place::with("tiny.yaml", &format!("{TINY}vary: {{ seed: [1, 2] }}\n"));
    let said = place
        .groma(&["run", "tiny.yaml", "--format", "json", "--quiet"])
        .ends(0);
    assert!(said.err.is_empty(), "{}", said.err);
    let document = json(&said.out);
    let runs = document["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0]["schema"], "groma.run/1");
    assert_eq!(document["reused"], 0);
    let again = place
        .groma(&["run", "tiny.yaml", "--format", "json", "--quiet"])
        .ends(0);
    assert_eq!(json(&again.out)["reused"], 2);
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_the_run() {
    let place = Place::with("tiny.yaml", TINY);
    place.write("file", "");
    for out in ["file", "file/below"] {
        let said = place.groma(&["run", "tiny.yaml", "--out", out]).ends(2);
        said.tells(&["cannot write results", out, "--out"]);
    }
    std::fs::create_dir_all(place.path("out/report.html")).unwrap();
    let said = place.groma(&["run", "tiny.yaml", "--out", "out"]).ends(2);
    said.tells(&["report.html is a folder"]);
    assert!(place.runs("out").is_empty());
}

#[test]
fn a_report_takes_output_folders_and_single_runs() {
    let place = Place::with("tiny.yaml", &format!("{TINY}vary: {{ seed: [1, 2] }}\n"));
    place.groma(&["run", "tiny.yaml", "--out", "out"]).ends(0);
    let single = place.runs("out")[0].display().to_string();
    for (folders, out) in [
        (vec!["out"], "all.html"),
        (vec!["out/runs"], "runs.html"),
        (vec![single.as_str()], "one.html"),
        (vec!["out", single.as_str()], "twice.html"),
    ] {
        let args: Vec<&str> = ["report"]
            .into_iter()
            .chain(folders)
            .chain(["--out", out])
            .collect();
        place.groma(&args).ends(0).tells(&[out]);
    }
    assert_eq!(place.read("all.html"), place.read("runs.html"));
    assert_eq!(
        place.read("all.html"),
        place.read("twice.html"),
        "a run named twice counts once"
    );
    assert_ne!(place.read("all.html"), place.read("one.html"));
}

#[test]
fn a_report_that_cannot_be_made_ends_with_2() {
    let place = Place::with("tiny.yaml", TINY);
    place.groma(&["report", "none"]).ends(2).tells(&["none"]);
    std::fs::create_dir(place.path("bare")).unwrap();
    place
        .groma(&["report", "bare"])
        .ends(2)
        .tells(&["bare", "no finished run"]);
    place.groma(&["run", "tiny.yaml", "--out", "out"]).ends(0);
    place
        .groma(&["report", "out", "--out", "tiny.yaml/page.html"])
        .ends(2)
        .tells(&["cannot write"]);
    if std::path::Path::new("/dev/full").exists() {
        place
            .groma(&["report", "out", "--out", "/dev/full"])
            .ends(2)
            .tells(&["cannot write /dev/full"]);
    }
    assert!(!place.path("report.html").exists());
}

#[test]
fn the_lens_runs_each_plan_as_other_tools_would() {
    let place = Place::with("tiny.yaml", TINY);
    let said = place.groma(&["run", "tiny.yaml", "--lens"]).ends(0);
    let said = said.tells(&["2 second runs for the lens"]);
    assert!(said.out.contains("pass"), "{}", said.out);
    let files = names(&place.path("results/tiny/lens"));
    let [file] = files.as_slice() else {
        panic!("{files:?}")
    };
    let path = format!("results/tiny/lens/{file}");
    let lens = json(&place.read(&path));
    assert_eq!(lens["schema"], "groma.lens/1");
    assert_eq!(file, &format!("{}.json", lens["key"].as_str().unwrap()));
    let base = json(&place.read(place.run("results/tiny").join("run.json")));
    let (tps, p50) = (&base["load"]["goodput_tps"], &base["finality_ms"]["p50"]);
    let littles = tps.as_f64().unwrap() * p50.as_f64().unwrap() / 1_000.0;
    assert_eq!(lens["closed"]["in_flight"], littles.round() as u64);
    let bursts = &lens["bursts"]["finality_ms"];
    let p50 = |figures: &serde_json::Value| figures["p50"].as_f64().unwrap();
    assert!(
        p50(bursts) > p50(&base["finality_ms"]),
        "a burst of 100 waits for itself: {lens}"
    );
    assert!(
        place
            .read("results/tiny/report.html")
            .contains("in flight, by Little's law")
    );
    // It is kept like a run, and a damaged one is made anew.
    let kept = place.read(&path);
    let again = place.groma(&["run", "tiny.yaml", "--lens"]).ends(0);
    assert!(!again.err.contains("second runs"), "{}", again.err);
    place.write(&path, "{");
    place
        .groma(&["run", "tiny.yaml"])
        .ends(0)
        .tells(&["warning: not in the report"]);
    place.groma(&["run", "tiny.yaml", "--lens"]).ends(0);
    assert_eq!(place.read(&path), kept);
}

#[test]
fn a_report_takes_certificates_with_and_without_runs() {
    let place = Place::with("tiny.yaml", TINY);
    place.groma(&["run", "tiny.yaml"]).ends(0);
    let plan = json(&place.groma(&["plan", "tiny.yaml"]).ends(0).out);
    let certificate = serde_json::json!({
        "schema": "groma.capacity/1", "name": "tiny", "label": "tiny", "key": "0123456789abcdef",
        "build": "b", "seeds": [1], "variation": {}, "width": 0.01, "ceiling_tps": 1e6, "target": [],
        "sustained_tps": 12_000.0, "failed_tps": 12_100.0, "failed_because": "backlog grew",
        "binds": "replica lab-0 cpu 99 %", "resources": [], "headroom_to_10k": 1.2, "goodput_tps": 12_000.0,
        "finality_ms": { "mean": null, "p50": null, "p90": null, "p99": 40.0, "p999": null, "max": null, "count": 9 },
        "storage_bytes_per_year": 1e12, "network_bytes_per_day": 1e12, "probes": [], "plan": plan,
    });
    std::fs::create_dir_all(place.path("alone/capacity")).unwrap();
    place.write(
        "alone/capacity/0123456789abcdef.json",
        &certificate.to_string(),
    );
    place.groma(&["report", "alone"]).ends(0);
    let page = place.read("report.html");
    assert!(page.contains("Yes: pbft sustains 12,000"), "no answer");
    assert!(!page.contains("id=\"runs\""));
    place
        .groma(&[
            "report",
            "alone",
            "results/tiny",
            "alone/capacity/0123456789abcdef.json",
        ])
        .ends(0);
    let page = place.read("report.html");
    assert!(page.contains("id=\"runs\"") && page.contains("from one run and 2 certificates"));
    place.write(
        "alone/capacity/other.json",
        "{\"schema\":\"groma.other/1\"}",
    );
    place
        .groma(&["report", "alone"])
        .ends(2)
        .tells(&["other.json"]);
}
