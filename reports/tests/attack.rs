//! What attacks cost: each attacked run beside the run of its plan left in peace, on
//! the console, in the page, in the summary and in a comparison of two sides.
#![allow(clippy::unwrap_used)]

mod support;

use groma_experiment::plan::{Byzantine, FaultKind, FaultPlan};
use groma_experiment::result::Verdict;
use groma_experiment::store::{LoadedRun, Recorded, Results};
use groma_reports::attack::attacks;
use groma_reports::console::{Style, table};
use groma_reports::difference::{Difference, Input, markdown, text};
use groma_reports::{Comparison, Findings, html, summary};
use support::{Shape, plan, run, violated};

/// A run of a protocol, attacked by two of sixteen where there is a behaviour.
fn made(protocol: &'static str, attack: Option<Byzantine>) -> LoadedRun {
    let shape = Shape::new(protocol, 100.0, 2.0);
    let faults = match &attack {
        None => "[]".to_owned(),
        Some(attack) => format!("[{}]", attack.word()),
    };
    let varied = [("faults", faults.as_str()), ("protocol", protocol)];
    let mut plan = plan("attacks", "What do two cost?", &varied, &shape);
    let horizon = plan.horizon_ns();
    plan.faults.extend(attack.map(|behaviour| FaultPlan {
        at_ns: 0,
        until_ns: horizon,
        kind: FaultKind::Byzantine {
            replicas: vec![0, 4],
            behaviour,
        },
    }));
    let mut made = run(plan, &shape);
    made.record.load.goodput_tps = 10_000.0;
    made.record.finality_ms.p99 = Some(200.0);
    made.record.blocks = 600;
    made.record.heights = 900;
    made.record.load.measured_seconds = 60.0;
    count(&mut made, "blocks-settled", 900);
    made
}

fn count(run: &mut LoadedRun, what: &str, times: u64) {
    run.record.counts.insert(what.to_owned(), times);
}

fn forked() -> LoadedRun {
    let mut forked = made("hotstuff", Some(Byzantine::Fork));
    forked.record.load.goodput_tps = 4_000.0;
    forked.record.finality_ms.p99 = Some(2_000.0);
    forked.record.blocks = 300;
    count(&mut forked, "blocks-settled", 1_800);
    count(&mut forked, "adversary-blocks", 600);
    count(&mut forked, "forked-proposals", 599);
    forked
}

fn all() -> Vec<LoadedRun> {
    let mut idle = made("jolteon", Some(Byzantine::Fork));
    count(&mut idle, "forked-proposals", 0);
    count(&mut idle, "adversary-blocks", 0);
    let old = made("pbft", Some(Byzantine::Silent));
    vec![
        made("hotstuff", None),
        forked(),
        made("jolteon", None),
        idle,
        old,
    ]
}

#[test]
fn each_attack_stands_beside_its_own_base() {
    let comparison = Comparison::of(all());
    let attacks = attacks(&comparison, &comparison.scenarios[0]).unwrap();
    let label = |index: usize| comparison.runs[index].label.as_str();
    let seen: Vec<(Option<&str>, &str)> = attacks
        .families
        .iter()
        .map(|family| (family.base.map(label), label(family.attacked[0].run)))
        .collect();
    let expected = [
        (Some("no faults, hotstuff"), "2 of 16 forking, hotstuff"),
        (Some("no faults, jolteon"), "2 of 16 forking, jolteon"),
        (None, "2 of 16 silent, pbft"),
    ];
    assert_eq!(seen, expected);
    let changes = |family: usize| -> Vec<Option<String>> {
        let changes = attacks.families[family].attacked[0].changes.iter();
        changes
            .map(|change| change.as_ref().map(|change| change.text.clone()))
            .collect()
    };
    let text = |text: &str| Some(text.to_owned());
    let hotstuff = [
        text("−60 %"),
        text("0 %"),
        text("×10"),
        text("−50 %"),
        text("−50 %"),
        None,
        None,
    ];
    assert_eq!(changes(0), hotstuff);
    assert!(changes(2).iter().all(Option::is_none));
    let deeds = |family: usize| attacks.families[family].attacked[0].deeds.join("; ");
    assert_eq!(deeds(0), "599 proposals forked");
    assert_eq!(deeds(1), "0 attempts");
    assert_eq!(deeds(2), "not counted by this build");
}

#[test]
fn console_of_attacks() {
    insta::assert_snapshot!(table(&Comparison::of(all()), Style::default()));
}

#[test]
fn the_page_shows_what_attacks_cost() {
    let comparison = Comparison::of(all());
    let page = html::render(&comparison);
    for part in [
        "Cost of the attack",
        "href=\"#attack\"",
        "The dearest: 2 of 16 forking, hotstuff leaves 40 % of the goodput.",
        "<div>0 attempts</div>",
        "have no base",
        "data-metric=\"chain_growth\"",
        "data-metric=\"adversary_blocks\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let mut alone = forked();
    alone.record.plan.variation.clear();
    let alone = html::render(&Comparison::of(vec![alone]));
    assert!(alone.contains("2 of 16 forking: 599 proposals forked"));
    assert!(alone.contains("Cost of the attack") && alone.contains("have no base"));
    let peace = Comparison::of(vec![made("hotstuff", None), made("jolteon", None)]);
    assert!(attacks(&peace, &peace.scenarios[0]).is_none());
    assert!(!html::render(&peace).contains("Cost of the attack"));
    assert!(!table(&peace, Style::default()).contains("cost of the attack"));
}

#[test]
fn the_summary_holds_growth_and_share() {
    let text = summary::csv(&Comparison::of(vec![forked()]));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let line = reader.records().next().unwrap().unwrap();
    let of = |id: &str| {
        let place = head.iter().position(|name| name == id).unwrap();
        line[place].to_owned()
    };
    assert_eq!(of("chain_growth"), "0.5");
    assert_eq!(of("blocks_per_second"), "5");
    assert_eq!(of("adversary_blocks"), (600.0 / 900.0).to_string());
    assert_eq!(of("views_to_commit"), "");
}

#[test]
fn two_sides_that_differ_in_an_attack_tell_what_it_cost() {
    let side = |name: &str, mut run: LoadedRun| {
        run.record.plan.variation.clear();
        let host = Some(run.host);
        Input {
            name: name.to_owned(),
            results: Results {
                runs: vec![Recorded {
                    record: run.record,
                    host,
                }],
                certificates: Vec::new(),
            },
        }
    };
    let peace = side("peace", made("hotstuff", None));
    let attack = side("attack", forked());
    let difference = Difference::between(peace, attack, true).unwrap();
    for document in [text(&difference), markdown(&difference)] {
        for figure in [
            "Goodput",
            "Chain growth: blocks made that are on the chain",
            "Blocks with transactions per second",
            "Adversary's share of the committed blocks",
        ] {
            assert!(document.contains(figure), "{figure}\n{document}");
        }
    }
}

#[test]
fn a_broken_invariant_names_its_run_from_the_folder_of_the_page() {
    let mut broken = violated(made("hotstuff", Some(Byzantine::Equivocate)));
    let key = broken.record.key.clone();
    broken.record.verdict = Verdict::Violated;
    let own = format!("groma run runs/{key}/run.json");
    broken.record.violations[0].replay = own.clone();
    let comparison = Comparison::of(vec![broken]);
    assert!(html::render(&comparison).contains(&format!("<code>{own}</code>")));
    let mut findings = Findings::default();
    let folder = format!("../results/attacks/runs/{key}");
    findings.folders.insert(key, folder.clone());
    let page = html::render_with(&comparison, &findings);
    let command = format!("groma run {folder}/run.json");
    assert!(page.contains(&format!("<code>{command}</code>")));
    assert!(page.contains(&format!("<code>{command} --out again</code>")));
    assert!(!page.contains(&own));
}
