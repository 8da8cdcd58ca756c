//! `groma validate`: the fast rows pass, the document is what scripts read, and
//! a wrong name gets a hint.

#![allow(clippy::unwrap_used)]

mod support;

use support::{Place, json};

#[test]
fn fast_rows_are_inside_their_tolerances() {
    let place = Place::new();
    let said = place
        .groma(
            &[
                // The gate runs all of them, with a release build.
                &["validate", "--fast", "--out", "page", "--quiet"][..],
                &["--only", "v0", "--only", "v5b", "--only", "v1-n4"],
            ]
            .concat(),
        )
        .ends(0);
    for row in [
        "v0-messages-pbft",
        "v0-latency-hotstuff",
        "v5b-slope",
        "v1-n4-goodput",
    ] {
        assert!(said.out.contains(row), "no {row} in {}", said.out);
    }
    assert!(!said.out.contains(" NO"), "{}", said.out);
    // A claim is printed, and judges nothing.
    assert!(said.out.contains("claimed without conditions"));
    let page = place.read("page/validation.html");
    assert!(page.contains("data-charts=\"2\""), "two charts are drawn");
    assert!(page.contains("v0-egress-pbft"));
}

#[test]
fn the_document_holds_every_figure_of_a_row() {
    let said = Place::new()
        .groma(&[
            "validate",
            "--only",
            "v0-latency",
            "--format",
            "json",
            "--quiet",
        ])
        .ends(0);
    let document = json(&said.out);
    assert_eq!(document["schema"], "groma.validate/1");
    let rows = document["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    let row = &rows[0];
    assert_eq!(row["id"], "v0-latency-pbft");
    assert_eq!(row["published"], 0.75);
    assert_eq!(row["predicted"], 0.75);
    assert_eq!(row["error"], 0.0);
    assert_eq!(row["tolerance"], 0.0);
    assert_eq!(row["tolerance_kind"], "exact");
    assert_eq!(row["pass"], true);
    assert!(row["source"].as_str().unwrap().len() > 10);
    assert!(row["metric"].as_str().unwrap().ends_with("ms"));
    assert_eq!(
        (&document["judged"], &document["inside"]),
        (&5.into(), &5.into())
    );
}

#[test]
fn the_same_rows_make_the_same_bytes() {
    let place = Place::new();
    let args = ["validate", "--only", "v0-messages", "--format", "markdown"];
    let one = place
        .groma(&[&args[..], &["--threads", "1"]].concat())
        .ends(0);
    let two = place
        .groma(&[&args[..], &["--threads", "3"]].concat())
        .ends(0);
    assert!(one.out.starts_with("| row | metric |"), "{}", one.out);
    assert_eq!(one.out, two.out);
}

#[test]
fn a_name_that_means_nothing_gets_a_hint() {
    let place = Place::new();
    for (name, hint) in [
        ("v0-latenzy", "did you mean `v0-latency`?"),
        ("v0-latency-pbtf", "did you mean `v0-latency-pbft`?"),
        ("throughput", "the sets are v0-messages"),
    ] {
        place
            .groma(&["validate", "--only", name])
            .ends(2)
            .tells(&[name, hint]);
    }
    // A row that is known and not fast is no reason to pass for nothing.
    place
        .groma(&["validate", "--only", "v0-md1", "--fast"])
        .ends(2)
        .tells(&["in the fast subset", "hint: by its name alone"]);
}
