//! The page: what it holds, how big it is, and that it is the same every time.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use groma_experiment::result::{Percentiles, Verdict};
use groma_experiment::store::LoadedRun;
use groma_reports::{Comparison, Findings, html};
use support::{Shape, example, four, loads, plan, run, surface, sweep, violated};

fn page(runs: Vec<LoadedRun>) -> String {
    html::render(&Comparison::of(runs))
}

fn charts(page: &str) -> usize {
    page.matches("<svg class=\"chart\"").count()
}

/// Writes examples where `GROMA_EXAMPLE` says, for the browser test and for
/// looking at them.
#[test]
fn writes_examples_when_asked() {
    let Some(folder) = std::env::var_os("GROMA_EXAMPLE") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let alone = vec![violated(example().remove(1))];
    let mut several = example();
    several.extend(sweep(7));
    several.push(hostile());
    for (name, certificates) in [("capacity", four()), ("surface", surface())] {
        let findings = Findings {
            certificates,
            ..Findings::default()
        };
        let both = if name == "capacity" {
            example()
        } else {
            Vec::new()
        };
        let page = html::render_with(&Comparison::of(both.clone()), &findings);
        support::write(&folder.join(name), &both, &page);
    }
    for (name, runs) in [
        ("three", example()),
        ("many", sweep(200)),
        ("alone", alone),
        ("loads", loads()),
        ("several", several),
    ] {
        support::write(&folder.join(name), &runs, &page(runs.clone()));
    }
}

/// Names that try to break out of wherever they stand.
fn hostile() -> LoadedRun {
    let shape = Shape::new("pbft", 120.0, 2.5);
    let nasty =
        "</title></svg><script>alert(\"1\")</script><img src=x onerror='alert(2)'> & \u{202e}";
    let mut made = run(plan(nasty, nasty, &[("protocol", nasty)], &shape), &shape);
    made.record.reasons = vec![nasty.to_owned()];
    made.record.load.rejected_by = BTreeMap::from([(nasty.to_owned(), 5)]);
    made.record.machines[0].id = nasty.to_owned();
    made.record.plan.network.source = nasty.to_owned();
    made.record.plan.committee[0].region = nasty.to_owned();
    made.host.cpu_model = nasty.to_owned();
    made
}

#[test]
fn the_same_runs_give_the_same_bytes() {
    let mut runs = example();
    let first = page(runs.clone());
    runs.reverse();
    assert!(
        first == page(runs),
        "the order of the input shows in the page"
    );
}

#[test]
fn two_hundred_runs_fit_the_budget() {
    let runs = sweep(200);
    let keys: Vec<String> = runs.iter().map(|run| run.record.key.clone()).collect();
    let page = page(runs);
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    assert!(keys.iter().all(|key| page.contains(key.as_str())));
    assert_eq!(charts(&page), 12 * 3 + 5);
    assert!(page.contains("Charts are drawn for 12 of 200 runs"));
    assert!(page.contains("Each point stands for 3 s"));
}

#[test]
fn names_are_text_and_nothing_else() {
    let page = page(vec![hostile()]);
    assert!(
        !page.contains("<script>alert") && !page.contains("<img"),
        "a name became a tag"
    );
    assert!(page.contains("&lt;script&gt;alert"));
    // Sorting, the zoom's library, and what joins it to the page.
    assert_eq!(page.matches("<script>").count(), 3);
}

#[test]
fn every_section_is_there() {
    let page = page(example());
    for text in [
        "月末高峰时",
        "lang=\"zh-Hans\"",
        "Noto Sans CJK SC",
        "2 of 3 runs pass",
        "id=\"verdicts\"",
        "★ marks the best",
        "Latency distribution",
        "Where the time goes",
        "Throughput and backlog",
        "Use of machines",
        "isolate shanghai: isolation of replicas 8–11, from 25 s to 31 s",
        "warm-up",
        "Refused by reason",
        "insufficient-funds",
        "no invariant broken",
        "Consensus messages by kind",
        "What all runs share",
        "log-normal, p50 14\u{a0}ms, p90 16.8\u{a0}ms",
        "/run.json --out again",
        "noisy",
        "goodput, TPS",
        "How many are final by when",
        "Jain's index",
        "times the fastest's",
        "Recovery after faults",
        "Lanes of the replicas",
        "What was busiest",
        "What other tools would have said",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    assert_eq!(charts(&page), 3 * 3 + 5);
    assert!(page.contains(&format!("data-charts=\"{}\"", 3 * 3 + 5)));
}

#[test]
fn runs_under_several_loads_make_curves_with_knees() {
    let runs = loads();
    let comparison = Comparison::of(runs.clone());
    let sweeps = groma_reports::sweeps::sweeps(&comparison.runs);
    let labels: Vec<&str> = sweeps.iter().map(|sweep| sweep.label.as_str()).collect();
    assert_eq!(labels, ["hotstuff", "pbft"]);
    for sweep in &sweeps {
        assert!(sweep.points.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(!sweep.points[4].2 && sweep.points[3].2);
    }
    assert!(page(runs).contains("Latency under rising load"));
    // Two loads are no curve.
    let few: Vec<LoadedRun> = loads().into_iter().step_by(3).collect();
    assert!(!page(few).contains("Latency under rising load"));
}

#[test]
fn violations_come_with_their_replay() {
    let page = page(vec![violated(example().remove(0))]);
    assert!(page.contains("An invariant breaks (agreement): goodput"));
    assert!(page.contains("groma run scenarios/ci/split.yaml --set seed=1"));
    assert!(page.contains("26.125 s"));
}

#[test]
fn figures_can_be_read_by_a_program() {
    let runs = example();
    let page = page(runs.clone());
    for run in &runs {
        let record = &run.record;
        for (id, value) in [
            ("load.goodput_tps", record.load.goodput_tps),
            ("finality_ms.p99", record.finality_ms.p99.unwrap()),
            ("machines.3.cpu", record.machines[3].cpu),
            (
                "stages_ms.consensus.mean",
                record.stages_ms["consensus"].mean.unwrap(),
            ),
        ] {
            let cell = format!(
                "data-metric=\"{id}\" data-run=\"{}\" data-value=\"{value}\"",
                record.key
            );
            assert!(page.contains(&cell), "{cell}");
        }
    }
}

#[test]
fn charts_take_their_colours_from_the_page() {
    let page = page(example());
    let body = page.split_once("<body").unwrap().1;
    for (index, drawn) in body.split("<svg ").skip(1).enumerate() {
        let drawn = drawn.split("</svg>").next().unwrap();
        assert!(
            !drawn.contains("\"#"),
            "chart {index} has a colour of its own"
        );
        assert!(drawn.contains("<title>") && drawn.contains("role=\"img\""));
    }
    let (light, dark) = page.split_once("prefers-color-scheme:dark").unwrap();
    for name in groma_reports::chart::ink::names() {
        let variable = format!("--{name}:");
        assert!(
            light.contains(&variable) && dark.contains(&variable),
            "{name}"
        );
        assert!(
            page.contains(&format!(".f-{name}{{fill:var(--{name})}}")),
            "{name}"
        );
    }
}

#[test]
fn the_vendored_library_is_the_published_one() {
    use sha2::{Digest as _, Sha256};
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor/uplot");
    let sums = std::fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let mut names = Vec::new();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let found: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(found, sum, "{name} is not what was published");
        names.push(name);
    }
    assert_eq!(names, ["LICENSE", "uPlot.iife.min.js", "uPlot.min.css"]);
}

#[test]
fn time_charts_can_be_zoomed_and_other_pages_stay_small() {
    let page = page(example());
    let data = page.split("id=\"zoom-data\">").nth(1).unwrap();
    let data: serde_json::Value =
        serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    assert_eq!(data.as_array().unwrap().len(), 3);
    assert_eq!(data[0]["time"].as_array().unwrap().len(), 80);
    assert_eq!(data[0]["run"], 1);
    assert_eq!(page.matches("data-zoom=").count(), 3 * 3);
    assert!(page.contains("Copyright (c) 2022 Leon Sorokin"));
    let mut bare = example().remove(0);
    bare.windows.clear();
    assert!(!self::page(vec![bare]).contains("uPlot"));
}

#[test]
fn nothing_is_fetched() {
    let page = page(example());
    for text in ["http://", "https://", "@import", "url(", " src=", "<link"] {
        assert!(!page.contains(text), "{text}");
    }
}

#[test]
fn a_run_without_a_course_still_has_its_page() {
    let mut bare = example().remove(0);
    bare.record.mode = "external".to_owned();
    bare.windows.clear();
    bare.histograms.clear();
    bare.record.machines.clear();
    bare.record.stages_ms.clear();
    bare.record.finality_ms = Percentiles::default();
    bare.record.consensus_ms = Percentiles::default();
    bare.record.commit_ms = Percentiles::default();
    let page = page(vec![bare]);
    assert_eq!(charts(&page), 0);
    assert!(page.contains("hotstuff [external]"));
    assert!(page.contains("p99 –"));
}

#[test]
fn a_run_in_which_nothing_happened_draws_empty_axes() {
    let mut idle = example().remove(0);
    idle.record.verdict = Verdict::Unsustained;
    for window in &mut idle.windows {
        *window = groma_experiment::result::Window {
            start_s: window.start_s,
            ..Default::default()
        };
    }
    assert_eq!(charts(&page(vec![idle])), 6);
    assert!(page(Vec::new()).contains("No finished run was found"));
}

#[test]
fn a_compressed_day_has_its_hours_below_its_charts() {
    let played = "Across: virtual time";
    let mut day = example().remove(0);
    let hour = |place: usize| {
        let mut phase = day.record.plan.load[0].clone();
        // The ninth hour is stretched by what is played in its own time.
        phase.for_ns = if place == 9 { 11 } else { 3 } * 1_000_000_000;
        phase.stands_for_ns = 3_600_000_000_000;
        phase
    };
    let load = (0..24).map(hour).collect();
    let plain = page(vec![day.clone()]);
    assert!(plain.contains(played) && !plain.contains("\"days\":"));
    day.record.plan.load = load;
    let shown = page(vec![day]);
    assert!(!shown.contains(played));
    // Beside the charts' own hours, the zoom has the seconds that they are played at.
    assert!(shown.contains("\"days\":[[[0.0,0.0],[3.0,3600.0]"));
    assert!(shown.contains(",[38.0,36000.0],"));
    assert!(shown.contains("whose 24 h were played in 80 s"));
    for text in ["00:00", "12:00", "24:00"] {
        assert!(shown.contains(&format!(">{text}</text>")), "{text}");
    }
    assert!(shown.contains("as often as its phase stands for"));
}
