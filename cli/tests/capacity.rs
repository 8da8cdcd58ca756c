//! `groma capacity`: what it says, writes and reuses, and how it ends.

#![allow(clippy::unwrap_used)]

mod support;

use support::{Place, SMALL, json, names};

#[test]
fn a_capacity_is_told_in_sentences_and_kept_as_a_certificate() {
    let place = Place::with("small.yaml", SMALL);
    let said = place.groma(&["capacity", "small.yaml"]).ends(0);
    let said = said.tells(&["✓ bracket", "✗ ", "results/small/capacity"]);
    for part in [
        "small\n  sustains ",
        " TPS with p99 <= 500 ms (measured ",
        "  fails at ",
        "  binds: ",
        "  headroom against 10,000 TPS: ×0.0",
        "  around the clock at that load: ",
        " confirm ",
    ] {
        assert!(said.out.contains(part), "no {part:?} in {}", said.out);
    }
    let files = names(&place.path("results/small/capacity"));
    assert_eq!(files.len(), 1, "{files:?}");
    let certificate = json(&place.read(format!("results/small/capacity/{}", files[0])));
    assert_eq!(certificate["schema"], "groma.capacity/1");
    let (sustained, failed) = (&certificate["sustained_tps"], &certificate["failed_tps"]);
    let (sustained, failed) = (sustained.as_f64().unwrap(), failed.as_f64().unwrap());
    assert!(
        sustained < failed && failed <= sustained * 1.010_001,
        "{certificate}"
    );
    assert!(place.read("results/small/report.html").contains("</html>"));
    let table = place.read("results/small/capacity.csv");
    assert!(
        table.starts_with("name,sustained_tps,failed_tps,"),
        "{table}"
    );

    let again = place
        .groma(&["capacity", "small.yaml", "--format", "json"])
        .ends(0);
    let again = again.tells(&["1 certificates stand already and are reused"]);
    assert_eq!(json(&again.out), certificate);
    let other = place
        .groma(&["capacity", "small.yaml", "--width", "10%"])
        .ends(0);
    assert!(!other.err.contains("reused"), "{}", other.err);
}

#[test]
fn what_varies_makes_a_table_and_a_line_of_json_each() {
    let place = Place::with(
        "small.yaml",
        &format!("{SMALL}vary: {{ machine.cores: [1, 2], seed: [1, 2, 3] }}\n"),
    );
    let args = [
        "capacity",
        "small.yaml",
        "--width",
        "10%",
        "--out",
        "out",
        "-q",
    ];
    let one = place
        .groma(&[&args[..], &["--threads", "1"]].concat())
        .ends(0);
    assert!(one.err.is_empty(), "{}", one.err);
    for part in [
        "design",
        "cores 1 ",
        "cores 2 ",
        "small: cores 1\n  sustains ",
    ] {
        assert!(one.out.contains(part), "no {part:?} in {}", one.out);
    }
    let table = place.read("out/capacity.csv");
    let head = table.lines().next().unwrap();
    assert!(
        head.starts_with("name,machine.cores,sustained_tps,"),
        "{head}"
    );
    assert_eq!(table.lines().count(), 3, "{table}");

    let args = [
        "capacity",
        "small.yaml",
        "--width",
        "10%",
        "--out",
        "more",
        "--format",
        "json",
    ];
    let four = place
        .groma(&[&args[..], &["--threads", "4"]].concat())
        .ends(0);
    let certificates: Vec<_> = four.out.lines().map(json).collect();
    assert_eq!(certificates.len(), 2);
    assert_eq!(certificates[0]["seeds"], serde_json::json!([1, 2, 3]));
    for name in names(&place.path("out/capacity")) {
        let (one, four) = (
            format!("out/capacity/{name}"),
            format!("more/capacity/{name}"),
        );
        assert_eq!(place.read(one), place.read(four), "{name}");
    }
}

#[test]
fn when_nothing_meets_the_target_it_ends_with_1() {
    let place = Place::with("small.yaml", &SMALL.replace("500ms", "1ms"));
    let said = place.groma(&["capacity", "small.yaml"]).ends(1);
    assert!(
        said.out.contains("sustains no load with p99 <= 1 ms"),
        "{}",
        said.out
    );
    assert!(said.out.contains("fails at 1 TPS: p99 "), "{}", said.out);
}

#[test]
fn a_search_that_never_fails_says_where_it_ended() {
    let place = Place::with("small.yaml", SMALL);
    let said = place
        .groma(&["capacity", "small.yaml", "--up-to", "120"])
        .ends(0);
    assert!(said.out.contains("sustains 120 TPS"), "{}", said.out);
    assert!(
        said.out.contains("fails nowhere up to 120 TPS"),
        "{}",
        said.out
    );
}

#[test]
fn what_has_no_capacity_is_refused_with_a_hint() {
    let place = Place::with("small.yaml", &SMALL.replace("tps: 100", "in_flight: 10"));
    place
        .groma(&["capacity", "small.yaml"])
        .ends(2)
        .tells(&["closed loop", "hint: "]);
    place
        .groma(&["capacity", "none.yaml"])
        .ends(2)
        .tells(&["none.yaml"]);
    for width in ["0", "60%", "wide"] {
        place
            .groma(&["capacity", "small.yaml", "--width", width])
            .ends(2)
            .tells(&["expected a share from 0.1% to 50%"]);
    }
    place.write("file", "");
    place
        .groma(&[
            "capacity",
            "small.yaml",
            "--set",
            "load=[{ for: 1s, tps: 9 }]",
            "--out",
            "file",
        ])
        .ends(2)
        .tells(&["cannot write", "hint"]);
}
