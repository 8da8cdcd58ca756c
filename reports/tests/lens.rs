//! The methodology lens against cases computed by hand.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use groma_experiment::result::{LoadRecord, Percentiles, Window};
use groma_experiment::store::LoadedRun;
use groma_reports::lens::{SCHEMA, SecondRun, SecondRuns, View, in_flight, views};
use groma_reports::{Comparison, Findings, html};
use support::{Shape, example, plan, run};

/// Two seconds of warm-up, four measured seconds, one second of drain.
///
/// second      0    1    2    3    4    5    6
/// measured              x    x    x    x
/// final     100  100  100   90   80   90   20
/// rejected    0    0    0   10   20   10    0
/// blocks      0    2    2    2    1    2    1
fn worked() -> LoadedRun {
    let shape = Shape::new("pbft", 100.0, 2.0);
    let mut made = run(plan("worked", "", &[], &shape), &shape);
    let finalised = [100, 100, 100, 90, 80, 90, 20];
    let rejected = [0, 0, 0, 10, 20, 10, 0];
    let blocks = [0, 2, 2, 2, 1, 2, 1];
    made.windows = (0..7)
        .map(|second| Window {
            start_s: second as u64,
            measured: (2..6).contains(&second),
            finalised: finalised[second],
            rejected: rejected[second],
            blocks: blocks[second],
            ..Window::default()
        })
        .collect();
    made.record.load = LoadRecord {
        offered: 480,
        submitted: 460,
        finalised: 400,
        rejected: 40,
        shed: 20,
        expired: 20,
        offered_tps: 120.0,
        goodput_tps: 90.0,
        measured_seconds: 4.0,
        ..LoadRecord::default()
    };
    made.record.storage.executed_txs = 660;
    made.record.finality_ms = Percentiles {
        mean: Some(200.0),
        p50: Some(150.0),
        p99: Some(900.0),
        max: Some(1_000.0),
        count: 440,
        ..Percentiles::default()
    };
    made.record.commit_ms.mean = Some(120.0);
    made
}

fn view(run: &LoadedRun, second: Option<&SecondRuns>, tool: &str) -> View {
    views(run, second)
        .into_iter()
        .find(|view| view.tool.contains(tool))
        .unwrap()
}

fn second() -> SecondRuns {
    let run = |in_flight, p50, p99| SecondRun {
        key: "0".repeat(16),
        in_flight,
        offered_tps: 118.0,
        goodput_tps: 88.0,
        finality_ms: Percentiles {
            p50: Some(p50),
            p99: Some(p99),
            ..Percentiles::default()
        },
    };
    SecondRuns {
        schema: SCHEMA.to_owned(),
        key: worked().record.key,
        build: String::new(),
        bursts: Some(run(None, 600.0, 1_100.0)),
        closed: Some(run(Some(18), 140.0, 300.0)),
    }
}

#[test]
fn caliper_counts_failures_and_forgets_them_in_its_latency() {
    let run = worked();
    let caliper = view(&run, None, "Caliper");
    // Succ 400 and Fail 40 + 20 + 20; the round lasts from 2 s to the time-out
    // of what expired, at 7 s.
    assert_eq!(caliper.rate, Some(480.0 / 5.0));
    assert_eq!(caliper.latency, Some(200.0));
    assert!(
        caliper
            .aside
            .starts_with("Succ 400, Fail 80, Send Rate 115 TPS"),
        "{}",
        caliper.aside
    );
    let mut all_final = run;
    all_final.record.load.expired = 0;
    all_final.windows[6].finalised = 0;
    // The last answer comes in the second that ends at 6 s.
    assert_eq!(view(&all_final, None, "Caliper").rate, Some(460.0 / 4.0));
}

#[test]
fn the_fabfile_stops_at_the_first_commit() {
    let fabfile = view(&worked(), None, "fabfile");
    // 660 executed between the first block, in second 1, and the end of 6.
    assert_eq!(fabfile.rate, Some(660.0 / 6.0));
    assert_eq!(fabfile.latency, Some(120.0));
}

#[test]
fn diablo_counts_what_is_in_blocks() {
    let diablo = view(&worked(), None, "Diablo");
    assert_eq!(diablo.rate, Some(440.0 / 5.0));
    assert_eq!(diablo.aside, "committed 91.7 % of offered");
}

#[test]
fn tm_load_test_prints_what_it_sent() {
    let run = worked();
    let bare = view(&run, None, "tm-load-test");
    assert_eq!((bare.rate, bare.latency), (Some(115.0), None));
    assert!(bare.aside.contains("groma run --lens"));
    let under = view(&run, Some(&second()), "tm-load-test");
    assert_eq!(under.latency, Some(1_100.0));
    assert!(
        under.why.contains("p50 from 150 ms to 600 ms"),
        "{}",
        under.why
    );
}

#[test]
fn a_closed_loop_carries_the_same_goodput() {
    let run = worked();
    // 90 a second, 0.15 s each: 13.5.
    assert_eq!(in_flight(&run.record), 14);
    assert_eq!(view(&run, None, "closed").rate, None);
    let closed = view(&run, Some(&second()), "closed");
    assert_eq!((closed.rate, closed.latency), (Some(88.0), Some(300.0)));
    assert!(
        closed.why.contains("p99 is 300 ms instead of 900 ms"),
        "{}",
        closed.why
    );
}

#[test]
fn a_run_without_windows_has_no_rates() {
    let mut bare = worked();
    bare.windows.clear();
    for tool in ["Caliper", "fabfile", "Diablo"] {
        assert_eq!(view(&bare, None, tool).rate, None, "{tool}");
    }
}

#[test]
fn the_page_shows_second_runs_where_there_are_any() {
    let runs = example();
    let key = runs[0].record.key.clone();
    let comparison = Comparison::of(runs);
    let mut second = second();
    second.key.clone_from(&key);
    let findings = Findings {
        second_runs: BTreeMap::from([(key, second)]),
        ..Findings::default()
    };
    let with = html::render_with(&comparison, &findings);
    let without = html::render(&comparison);
    assert_eq!(with.matches("18 in flight, by Little's law").count(), 1);
    assert_eq!(
        without
            .matches("needs a second run: groma run --lens")
            .count(),
        3
    );
    assert_eq!(
        with.matches("needs a second run: groma run --lens").count(),
        2
    );
}
