//! Certificates on the page: the answer, the table, the charts.
#![allow(clippy::unwrap_used)]

mod support;

use groma_experiment::certificate::{Certificate, Headroom};
use groma_reports::capacity::{Family, families};
use groma_reports::{Comparison, Findings, html};
use support::{certificate, example, four, surface};

fn page(certificates: Vec<Certificate>) -> String {
    let findings = Findings {
        certificates,
        ..Findings::default()
    };
    html::render_with(&Comparison::of(Vec::new()), &findings)
}

fn answer(certificates: &[Certificate]) -> String {
    let families: Vec<Family<'_>> = families(certificates);
    assert_eq!(families.len(), 1);
    families[0].answer.clone()
}

#[test]
fn the_answer_counts_designs_that_clear_the_city() {
    assert_eq!(
        answer(&four()),
        "Yes: 3 of 4 designs clear 10,000 TPS with p99 at most 1 s; most: raft with 16,500 TPS, least: tendermint with 8,500 TPS."
    );
    let none = [("a", 2_000.0), ("b", 3_000.0)]
        .map(|(name, capacity)| certificate("small", &[("protocol", name)], capacity));
    assert!(
        answer(&none).starts_with("No: none of 2 designs clears 10,000 TPS with p99 at most 1 s;")
    );
}

#[test]
fn a_lone_design_is_answered_by_yes_or_no() {
    assert_eq!(
        answer(&[certificate("one", &[], 11_600.0)]),
        "Yes: hotstuff sustains 11,300 TPS with p99 at most 1 s, 1.13 times the 10,000 TPS of a city."
    );
    assert_eq!(
        answer(&[certificate("one", &[], 5_000.0)]),
        "No: hotstuff sustains 4,900 TPS with p99 at most 1 s, 49 % of the 10,000 TPS of a city."
    );
    let mut broken = certificate("one", &[], 5_000.0);
    broken.probes[2].verdict = groma_experiment::result::Verdict::Violated;
    assert!(answer(&[broken]).starts_with("No: an invariant breaks with hotstuff"));
    let mut nothing = certificate("one", &[], 5_000.0);
    nothing.sustained_tps = None;
    assert_eq!(
        answer(&[nothing]),
        "No: hotstuff sustains no load that was tried with p99 at most 1 s."
    );
}

#[test]
fn two_varied_values_give_a_surface_with_its_cliff() {
    let certificates = surface();
    let families = families(&certificates);
    let surface = families[0].surface.as_ref().unwrap();
    assert_eq!(surface.across.values, ["10ms", "40ms", "80ms", "160ms"]);
    assert_eq!(surface.down.as_ref().unwrap().values.len(), 3);
    assert_eq!(surface.cells[0][0], Some(14_700.0));
    // 12,100 to 9,500 along the first column loses the city between the rows.
    assert!(
        surface.cliffs.contains(&((1, 0), (2, 0))),
        "{:?}",
        surface.cliffs
    );
    assert!(page(certificates.clone()).contains("Where capacity falls off"));
    // A second certificate in one cell would hide the first.
    let mut twice = certificates;
    let mut again = twice[0].clone();
    again.key = "another".to_owned();
    twice.push(again);
    assert!(
        groma_reports::capacity::families(&twice)[0]
            .surface
            .is_none()
    );
}

#[test]
fn the_page_is_for_the_architect_first() {
    let page = page(four());
    for text in [
        "Which design carries a city",
        "Yes: 3 of 4 designs clear 10,000",
        "at 14,400\u{a0}TPS: p99 1.31\u{a0}s &gt; 1\u{a0}s",
        "replica shenzhen-0 egress 97\u{a0}%",
        "×1.41",
        "(FIFO)",
        "a majority of 3 seeds",
        "crash of replica 3",
        "data-charts=\"2\"",
        "Probes of hotstuff, 7",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    assert!(!page.contains("id=\"verdicts\""), "there are no runs");
}

#[test]
fn certificates_stand_before_runs_and_once() {
    let mut twice = four();
    twice.extend(four());
    let findings = Findings {
        certificates: twice,
        ..Findings::default()
    };
    let page = html::render_with(&Comparison::of(example()), &findings);
    let place = |text: &str| page.find(text).unwrap();
    assert!(place("id=\"capacity\"") < place("id=\"answer\""));
    assert!(page.contains("3 of 4 designs"));
}

#[test]
fn names_of_certificates_are_text() {
    let nasty = "<script>alert(1)</script>";
    let mut bad = certificate("one", &[("protocol", nasty), ("x", nasty)], 9_000.0);
    bad.binds = nasty.to_owned();
    bad.failed_because = nasty.to_owned();
    bad.plan.network.source = nasty.to_owned();
    bad.name = nasty.to_owned();
    assert!(!page(vec![bad]).contains("<script>alert"));
}

#[test]
fn the_scenarios_own_load_stands_beside_the_probes() {
    let with = |times: f64, of: Certificate| Certificate {
        demand: Some(Headroom {
            mean_tps: 432.6,
            peak_hour_tps: 786.4,
            worst_second_tps: 1_180.2,
            times,
        }),
        ..of
    };
    let heading = "own load</h4>";
    assert!(!page(four()).contains(heading));
    let mut certificates = four();
    certificates[1] = with(9.6042, certificates[1].clone());
    let shown = page(certificates);
    let (_, table) = shown.split_once(heading).unwrap();
    let (table, _) = table.split_once("</table>").unwrap();
    for figure in ["pbft", "433", "786", "1,180", "×9.6"] {
        assert!(table.contains(figure), "{figure} in {table}");
    }
    let mut open = with(2.0, certificate("one", &[], 11_600.0));
    open.failed_tps = None;
    assert!(page(vec![open]).contains("at least ×2<"));
    // Designs that sustain nothing have no row.
    assert_eq!(table.matches("<tr>").count(), 2, "{table}");
    // Many are folded.
    let many = surface()
        .into_iter()
        .map(|design| with(2.0, design))
        .collect();
    assert!(page(many).contains("own load against all 12 designs"));
}
