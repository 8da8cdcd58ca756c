//! The comparison and its two plain renderings.
#![allow(clippy::unwrap_used)]

mod support;

use groma_experiment::plan::Expect;
use groma_experiment::result::Verdict;
use groma_experiment::store::LoadedRun;
use groma_reports::console::{Style, table};
use groma_reports::{Comparison, summary};
use support::{Shape, example, plan, run, sweep, violated};

fn one(name: &str, label: &str, goodput: f64, p99: f64, verdict: Verdict) -> LoadedRun {
    let shape = Shape::new("pbft", 100.0, 2.0);
    let mut made = run(plan(name, "", &[("protocol", label)], &shape), &shape);
    made.record.verdict = verdict;
    made.record.load.goodput_tps = goodput;
    made.record.finality_ms.p99 = Some(p99);
    made
}

fn best(comparison: &Comparison, id: &str) -> Vec<String> {
    let row = comparison.row(id);
    comparison
        .runs
        .iter()
        .zip(&row.cells)
        .filter(|(_, cell)| cell.best)
        .map(|(run, _)| run.label.clone())
        .collect()
}

#[test]
fn console_of_the_example() {
    insta::assert_snapshot!(table(&Comparison::of(example()), Style::default()));
}

#[test]
fn summary_of_the_example() {
    insta::assert_snapshot!(summary::csv(&Comparison::of(example())));
}

#[test]
fn console_tells_what_broke_and_how_to_see_it_again() {
    let broken = violated(example().remove(0));
    insta::assert_snapshot!(table(&Comparison::of(vec![broken]), Style::default()));
}

#[test]
fn the_best_of_the_sustained_is_marked() {
    let comparison = Comparison::of(vec![
        one("s", "a", 10_400.0, 300.0, Verdict::Pass),
        one("s", "b", 9_000.0, 200.0, Verdict::Missed),
        one("s", "c", 12_000.0, 20.0, Verdict::Unsustained),
        one("s", "d", 12_000.0, 10.0, Verdict::Violated),
    ]);
    assert_eq!(best(&comparison, "load.goodput_tps"), ["a"]);
    assert_eq!(best(&comparison, "finality_ms.p99"), ["b"]);
    let behind = |id: &str, index: usize| comparison.row(id).cells[index].behind.clone();
    assert_eq!(behind("load.goodput_tps", 1).unwrap(), "−13.5 %");
    assert_eq!(behind("finality_ms.p99", 0).unwrap(), "+50 %");
    assert_eq!(behind("finality_ms.p99", 2), None);
}

#[test]
fn what_is_about_equal_is_equally_good() {
    let runs = |third: f64| {
        vec![
            one("s", "a", 10_827.0, 300.0, Verdict::Pass),
            one("s", "b", 10_822.0, 200.0, Verdict::Pass),
            one("s", "c", third, 100.0, Verdict::Pass),
        ]
    };
    let two = Comparison::of(runs(9_000.0));
    assert_eq!(best(&two, "load.goodput_tps"), ["a", "b"]);
    let none = Comparison::of(runs(10_825.0));
    assert!(best(&none, "load.goodput_tps").is_empty());
    let alone = Comparison::of(vec![one("s", "a", 1.0, 1.0, Verdict::Pass)]);
    assert!(best(&alone, "load.goodput_tps").is_empty());
}

#[test]
fn working_off_a_backlog_is_no_merit() {
    let caught_up = |label: &str, goodput: f64| {
        let mut made = one("s", label, goodput, 300.0, Verdict::Pass);
        made.record.load.offered_tps = 600.0;
        made
    };
    let comparison = Comparison::of(vec![
        caught_up("a", 598.0),
        caught_up("b", 660.0),
        caught_up("c", 560.0),
    ]);
    assert_eq!(best(&comparison, "load.goodput_tps"), ["a", "b"]);
    let row = comparison.row("load.goodput_tps");
    assert_eq!(row.cells[2].behind.as_deref(), Some("−6.7 %"));
}

#[test]
fn scenarios_do_not_compete_with_each_other() {
    let comparison = Comparison::of(vec![
        one("two", "a", 100.0, 300.0, Verdict::Pass),
        one("one", "a", 9_000.0, 300.0, Verdict::Pass),
        one("two", "b", 200.0, 300.0, Verdict::Pass),
        one("one", "b", 8_000.0, 300.0, Verdict::Pass),
    ]);
    let names: Vec<_> = comparison
        .scenarios
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(best(&comparison, "load.goodput_tps"), ["a", "b"]);
    assert_eq!(
        comparison.scenarios[0].headline,
        "All 2 runs pass; best goodput a with 9,000 TPS, p99 300 ms."
    );
}

#[test]
fn a_headline_says_that_an_application_suits_no_chain() {
    let run = |unsuited: bool| {
        let mut run = one("s", "a", 10_480.0, 412.3, Verdict::Missed);
        if unsuited {
            let reason = "unsuitable for a chain: as a test says".to_owned();
            run.record.reasons.push(reason);
        }
        run
    };
    let headline = |runs| Comparison::of(runs).scenarios[0].headline.clone();
    let alone = headline(vec![run(true)]);
    let text = "but a target is missed; the application is unsuitable for a chain: goodput";
    assert!(alone.contains(text), "{alone}");
    let both = headline(vec![run(true), run(false)]);
    assert!(
        both.contains("; unsuitable for a chain: 1 of 2 runs"),
        "{both}"
    );
    assert!(!headline(vec![run(false)]).contains("unsuitable"));
}

#[test]
fn headlines_answer() {
    let headline = |runs| Comparison::of(runs).scenarios[0].headline.clone();
    let mut expected = one("s", "a", 8_000.0, 4_000.0, Verdict::Unsustained);
    expected.record.plan.expect = Expect::Unsustained;
    assert_eq!(
        headline(vec![expected.clone()]),
        "The load is not sustained, as the scenario expects: goodput 8,000 TPS, p99 4 s."
    );
    assert_eq!(
        headline(vec![one("s", "a", 10_480.0, 412.3, Verdict::Pass)]),
        "The run passes: goodput 10,480 TPS, p99 412 ms."
    );
    let mut other = expected.clone();
    other.record.verdict = Verdict::Pass;
    other.record.key = "other".to_owned();
    assert_eq!(
        headline(vec![expected, other]),
        "1 of 2 runs ends as the scenario expects; best goodput a #other with 8,000 TPS, p99 4 s."
    );
    assert_eq!(
        headline(vec![
            one("s", "a", 10_480.0, 412.0, Verdict::Pass),
            one("s", "b", 9_800.0, 183.0, Verdict::Missed),
            one("s", "c", 9_000.0, 9_000.0, Verdict::Unsustained),
        ]),
        "1 of 3 runs passes; best goodput a with 10,480 TPS, p99 412 ms; lowest p99 b with 183 ms at 9,800 TPS."
    );
    assert_eq!(
        headline(vec![
            one("s", "a", 9_000.0, 412.0, Verdict::Unsustained),
            one("s", "b", 9_000.0, 183.0, Verdict::Violated),
        ]),
        "None of 2 runs passes; an invariant breaks in 1 of them; no load was sustained."
    );
}

#[test]
fn order_and_labels_do_not_depend_on_the_order_of_folders() {
    let labels = |runs: Vec<LoadedRun>| -> Vec<String> {
        let comparison = Comparison::of(runs);
        comparison
            .runs
            .iter()
            .map(|run| run.label.clone())
            .collect()
    };
    let mut runs = sweep(30);
    let straight = labels(runs.clone());
    runs.reverse();
    runs.rotate_left(7);
    assert_eq!(labels(runs.clone()), straight);
    assert_eq!(
        straight[8..11],
        ["hotstuff, seed 9", "hotstuff, seed 10", "pbft, seed 1"]
    );
    // The same run twice is one run; another build's run of the same plan is not.
    runs.push(runs[0].clone());
    assert_eq!(labels(runs.clone()), straight);
    let mut rebuilt = runs[0].clone();
    rebuilt.record.fingerprint = "f".repeat(32);
    runs.push(rebuilt);
    let mut unique = labels(runs);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), straight.len() + 1);
}

#[test]
fn seeds_are_taken_together() {
    let comparison = Comparison::of(sweep(30));
    let spreads = &comparison.scenarios[0].spreads;
    let labels: Vec<_> = spreads.iter().map(|spread| spread.label.as_str()).collect();
    assert_eq!(labels, ["hotstuff", "pbft", "raft"]);
    assert!(
        spreads
            .iter()
            .all(|spread| spread.runs == 10 && spread.sustained < 10)
    );
    assert_eq!(spreads[0].figures[0].head, "Goodput, TPS");
    assert!(Comparison::of(example()).scenarios[0].spreads.is_empty());
}

#[test]
fn targets_have_margins_on_the_good_side() {
    let comparison = Comparison::of(example());
    let targets: Vec<String> = comparison.runs[1]
        .targets
        .iter()
        .map(|t| format!("{}: {}, {}, {}", t.name, t.bound, t.measured, t.margin))
        .collect();
    assert_eq!(
        targets,
        [
            "Goodput: at least 10,000 TPS, 10,822 TPS, +8.2 %",
            "Finality, p99: at most 1 s, 839 ms, +16.1 %",
        ]
    );
}

#[test]
fn the_console_is_plain_unless_asked_and_never_steered() {
    let mut runs = example();
    runs[0].record.plan.why = "\u{1b}[2Jgone\r\nnot".to_owned();
    let comparison = Comparison::of(runs);
    let plain = table(&comparison, Style::default());
    assert!(
        !plain.contains('\u{1b}') && !plain.contains('\r'),
        "{plain}"
    );
    let style = Style {
        colour: true,
        width: 0,
    };
    let coloured = table(&comparison, style);
    assert!(coloured.contains("\u{1b}[32m✓ pass\u{1b}[0m"), "{coloured}");
    assert!(
        coloured.contains("\u{1b}[31m✗ unsustained\u{1b}[0m"),
        "{coloured}"
    );
    let narrow = Style {
        colour: false,
        width: 80,
    };
    let grid = table(&comparison, narrow);
    let rule = grid.lines().find(|line| line.contains("──")).unwrap();
    assert!(rule.chars().count() <= 80, "{grid}");
}

#[test]
fn the_summary_holds_every_digit() {
    let comparison = Comparison::of(example());
    let text = summary::csv(&comparison);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let place = head
        .iter()
        .position(|name| name == "finality_ms.p99")
        .unwrap();
    for (line, run) in reader.records().zip(&comparison.runs) {
        let value: f64 = line.unwrap()[place].parse().unwrap();
        assert_eq!(Some(value), run.source.record.finality_ms.p99);
    }
}

#[test]
fn nothing_is_no_failure() {
    let empty = Comparison::of(Vec::new());
    assert_eq!(table(&empty, Style::default()), "no runs\n");
    assert_eq!(summary::csv(&empty).lines().count(), 1);
}

fn cell(protocol: &'static str, n: &str, seed: u64, p99: f64, verdict: Verdict) -> LoadedRun {
    let mut shape = Shape::new(protocol, 10.0, 2.0);
    shape.seed = seed;
    let seed = seed.to_string();
    let varied = [
        ("committee.city", n),
        ("protocol", protocol),
        ("seed", &seed),
    ];
    let mut made = run(plan("family", "", &varied, &shape), &shape);
    made.record.verdict = verdict;
    made.record.finality_ms.p99 = Some(p99);
    made
}

#[test]
fn two_varied_values_make_a_grid_over_the_median_of_seeds() {
    let mut runs = Vec::new();
    for (n, pbft, raft) in [("4", 30.0, 20.0), ("16", 40.0, 41.0), ("64", 5.0, 90.0)] {
        for (seed, off) in [(1, -1.0), (2, 0.0), (3, 7.0)] {
            // The fastest there does not sustain its load.
            let verdict = if n == "64" {
                Verdict::Unsustained
            } else {
                Verdict::Pass
            };
            runs.push(cell("pbft", n, seed, pbft + off, verdict));
            runs.push(cell("raft", n, seed, raft + off, Verdict::Pass));
        }
    }
    let comparison = Comparison::of(runs);
    let grid = groma_reports::grid::grid(&comparison.runs).unwrap();
    assert_eq!(grid.down.values, ["pbft", "raft"]);
    assert_eq!(grid.across.values, ["4", "16", "64"]);
    let p99 = &grid.tables[0];
    let figures = |row: usize| -> Vec<(f64, bool, bool)> {
        let cells = p99.cells[row].iter().flatten();
        cells
            .map(|cell| (cell.value, cell.ranks, cell.best))
            .collect()
    };
    let pbft = [(30.0, true, false), (40.0, true, true), (5.0, false, false)];
    assert_eq!(figures(0), pbft);
    // Alone in its column, raft has nobody to beat there.
    let raft = [(20.0, true, true), (41.0, true, false), (90.0, true, false)];
    assert_eq!(figures(1), raft);
    assert_eq!(grid.leaders(p99), "pbft (city 16), raft (city 4)");
    let console = table(&comparison, Style::default());
    assert!(console.contains("who wins where:"), "{console}");
    let page = groma_reports::html::render(&comparison);
    assert!(page.contains("Who wins where") && page.contains("href=\"#grid\""));
}

#[test]
fn other_sweeps_have_no_grid() {
    for runs in [example(), sweep(30)] {
        let comparison = Comparison::of(runs);
        assert!(groma_reports::grid::grid(&comparison.runs).is_none());
        assert!(!groma_reports::html::render(&comparison).contains("#grid"));
    }
}
