//! The documents of a validation, made from outcomes by hand.

#![allow(clippy::unwrap_used)]

use groma_experiment::validation::sensitivity::{Moved, turns};
use groma_experiment::validation::{Claim, Class, Judgement, Outcome, Tolerance, all};
use groma_reports::html::validation::{Part, render};
use groma_reports::validation::{
    Tally, by_class, json, markdown, sensitivity_markdown, sensitivity_text, text,
};

fn outcome(id: &str, published: f64, predicted: f64, tolerance: Tolerance) -> Outcome {
    let error = (predicted - published) / published;
    Outcome {
        id: id.to_owned(),
        set: "a",
        source: "a paper & its authors",
        metric: "goodput, tx/s",
        class: if id == "a-below" {
            Class::ClosedForm
        } else {
            Class::Measured
        },
        judgement: Judgement {
            published: Some(published),
            predicted: Some(predicted),
            error: Some(error),
            tolerance,
            pass: tolerance.allows(error),
        },
        tolerance_kind: tolerance.kind(),
        fit: id == "a-fit",
        seen: id == "a-seen",
    }
}

fn outcomes() -> Vec<Outcome> {
    vec![
        outcome("a-fit", 100.0, 104.0, Tolerance::Relative(0.05)),
        outcome("a-missed", 100.0, 90.0, Tolerance::Relative(0.05)),
        outcome("a-below", 100.0, 98.0, Tolerance::Below(0.03)),
        outcome("a-seen", 100.0, 103.0, Tolerance::Relative(0.05)),
        outcome("a-printed", 10.0, 20.0, Tolerance::Printed),
    ]
}

const CLAIMS: &[Claim] = &[Claim {
    system: "Some chain",
    claim: "a million TPS",
}];

#[test]
fn rows_that_are_only_printed_count_nowhere() {
    let tally = Tally::of(&outcomes());
    assert_eq!((tally.judged, tally.inside), (4, 3));
    let median = tally.median_error.unwrap();
    assert!((median - 0.035).abs() < 1e-12, "{median}");
    assert!(!tally.is_good());
    assert!(Tally::of(&outcomes()[..1]).is_good());
}

#[test]
fn classes_are_counted_apart_and_so_are_fitted_rows() {
    let tallies = by_class(&outcomes());
    let classes: Vec<Class> = tallies.iter().map(|tally| tally.class).collect();
    assert_eq!(classes, [Class::ClosedForm, Class::Measured]);
    let measured = &tallies[1];
    assert_eq!((measured.all.judged, measured.all.inside), (3, 2));
    assert_eq!((measured.fit.judged, measured.fit.inside), (1, 1));
    assert_eq!((measured.seen.judged, measured.seen.inside), (1, 1));
    assert_eq!((measured.blind.judged, measured.blind.inside), (1, 0));
    for form in [text(&outcomes(), CLAIMS), markdown(&outcomes())] {
        let line = form.lines().find(|line| line.contains("on machines"));
        assert!(line.unwrap().contains("2 of 3, 4.00 %"), "{form}");
    }
    let document: serde_json::Value =
        serde_json::from_str(&json(&outcomes(), CLAIMS, None)).unwrap();
    assert_eq!(document["rows"][0]["class"], "measured");
    let tally = &document["tally"][1];
    assert_eq!(
        (&tally["class"], &tally["inside"]),
        (&"measured".into(), &2.into())
    );
    assert_eq!(tally["blind"]["inside"], 0);
    assert_eq!(document["rows"][3]["seen"], true);
}

#[test]
fn the_text_shows_what_was_missed_and_calls_claims_claims() {
    let text = text(&outcomes(), CLAIMS);
    let line = |id: &str| text.lines().find(|line| line.contains(id)).unwrap();
    assert!(line("a-missed").contains("-10.00 %") && line("a-missed").contains("NO"));
    assert!(line("a-fit").contains("(fit)") && line("a-fit").contains("yes"));
    assert!(line("a-seen").contains("(seen)"));
    assert!(line("a-below").contains("-3 %, +0 %"));
    assert!(line("a-printed").contains("not judged"));
    assert!(text.contains("3 of 4 judged rows inside their tolerance, median error 3.50 %"));
    // None of these is a row of the whole.
    let left = groma_experiment::validation::judged().count();
    assert!(text.contains(&format!(
        "median error 3.50 %; {left} of the {left} judged rows of the whole were not run"
    )));
    let (before, after) = text.split_once("claimed without conditions").unwrap();
    assert!(!before.contains("Some chain") && after.contains("Some chain: a million TPS"));
}

#[test]
fn markdown_has_a_line_a_row() {
    let text = markdown(&outcomes());
    let rows = text.lines().filter(|line| line.starts_with("| a-"));
    assert_eq!(rows.clone().count(), 5);
    assert!(rows.clone().all(|line| line.matches('|').count() == 8));
}

#[test]
fn the_document_says_how_a_tolerance_is_meant() {
    let document: serde_json::Value =
        serde_json::from_str(&json(&outcomes(), CLAIMS, None)).unwrap();
    assert_eq!(document["schema"], "groma.validate/1");
    let rows = document["rows"].as_array().unwrap();
    let kinds: Vec<&str> = rows
        .iter()
        .map(|row| row["tolerance_kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["relative", "relative", "below", "relative", "printed"]
    );
    assert_eq!(rows[1]["pass"], false);
    assert!(rows[4]["pass"].is_null() && rows[4]["tolerance"].is_null());
    assert_eq!(document["claims"][0]["system"], "Some chain");
}

#[test]
fn sensitivity_has_a_table_a_set_and_names_what_moves_little() {
    let names: Vec<&str> = turns().map(|(knob, _)| knob.name).collect();
    let at = |name: &str| names.iter().position(|&one| one == name).unwrap();
    let row = |id: &str, by: &[(&str, f64, f64)]| {
        let mut moved = Moved {
            id: id.to_owned(),
            set: "a",
            metric: "goodput, tx/s",
            predicted: Some(200.0),
            by: vec![None; names.len()],
        };
        for (name, up, down) in by {
            moved.by[at(name)] = Some(*up);
            moved.by[at(name) + 1] = Some(*down);
        }
        moved
    };
    let moved = [
        row(
            "a-one",
            &[("verify", 0.004, -0.003), ("distance", -0.08, 0.1)],
        ),
        row("a-two", &[("verify", 0.0, 0.0), ("distance", 0.0, 0.0001)]),
    ];
    let text = sensitivity_markdown(&moved);
    assert!(text.contains("| a, % | one | two |"), "{text}");
    assert!(text.contains("| distance | -8.00 / +10.00 | 0 |"), "{text}");
    assert!(!text.contains("| verify"), "{text}");
    assert!(text.contains("By less than 0.5 %: verify."), "{text}");
    assert!(sensitivity_text(&moved).contains("-8.00 / +10.00"));
    let page = render(&[], CLAIMS, Some(&moved));
    assert!(page.contains("distance +10 % / -10 %"));
}

#[test]
fn the_page_draws_both_plots_and_names_misses() {
    let outcomes = outcomes();
    let part = Part {
        set: &all()[0],
        outcomes: &outcomes,
    };
    let page = render(&[part], CLAIMS, None);
    assert_eq!(page.matches("<svg class=\"chart\"").count(), 2);
    let scatter = page.rsplit("<svg class=\"chart\"").next().unwrap();
    let scatter = scatter.split("</svg>").next().unwrap();
    assert!(scatter.contains("a-missed") && !scatter.contains("a-fit"));
    assert!(page.contains("a million TPS"));
    assert!(page.contains("measured on machines") && page.contains("0 of 1, 10.00 %"));
    assert_eq!(page, render(&[part], CLAIMS, None));
}
