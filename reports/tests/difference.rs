//! Two sides compared: who is a partner of whom, what counts as a change, what
//! rules say of it, and every document that is made of it.
#![allow(clippy::unwrap_used)]

mod support;

use groma_experiment::bottleneck::Resource;
use groma_experiment::certificate::{self, Certificate};
use groma_experiment::result::{Percentiles, Verdict};
use groma_experiment::store::{LoadedRun, Recorded, Results};
use groma_reports::difference::rule::{Origin, Rule};
use groma_reports::difference::{
    self, Difference, Input, Refusal, Ruling, State, json, junit, markdown, text,
};
use groma_reports::html;
use support::{Dice, Shape, plan, run};

fn made(protocol: &'static str, seed: u64) -> LoadedRun {
    let mut shape = Shape::new(protocol, 100.0, 2.0);
    shape.seed = seed;
    let seed = seed.to_string();
    run(
        plan(
            "city",
            "Is it as good as before?",
            &[("protocol", protocol), ("seed", &seed)],
            &shape,
        ),
        &shape,
    )
}

fn runs(runs: &[LoadedRun]) -> Results {
    let recorded = |run: &LoadedRun| Recorded {
        record: run.record.clone(),
        host: Some(run.host.clone()),
    };
    Results {
        runs: runs.iter().map(recorded).collect(),
        certificates: Vec::new(),
    }
}

fn between(base: Results, head: Results, allow: bool) -> Result<Difference, Refusal> {
    let input = |name: &str, results| Input {
        name: name.to_owned(),
        results,
    };
    Difference::between(input("before", base), input("after", head), allow)
}

fn compared(base: &[LoadedRun], head: &[LoadedRun]) -> Difference {
    between(runs(base), runs(head), false).unwrap()
}

fn rule(text: &str) -> Rule {
    Rule::read(
        text,
        Origin {
            name: "rule",
            line: 1,
        },
    )
    .unwrap()
}

/// The rulings of one rule: state and what was seen.
fn judged(mut difference: Difference, text: &str) -> Vec<Ruling> {
    difference.judge(&[rule(text)]);
    difference.rulings
}

fn states(difference: Difference, text: &str) -> Vec<State> {
    judged(difference, text)
        .into_iter()
        .map(|ruling| ruling.state)
        .collect()
}

/// A run whose p99 is 10 % longer and whose order of deliveries is another.
fn slower(mut run: LoadedRun) -> LoadedRun {
    let p99 = run.record.finality_ms.p99.unwrap();
    run.record.finality_ms.p99 = Some(p99 * 1.1);
    run.record.fingerprint = "f".repeat(32);
    run.host.build = "another build".to_owned();
    run
}

#[test]
fn the_same_runs_are_equal_in_any_order() {
    let base = [made("pbft", 1), made("pbft", 2), made("raft", 1)];
    let head = [base[2].clone(), base[0].clone(), base[1].clone()];
    let difference = compared(&base, &head);
    assert_eq!(difference.equal(), (3, 3));
    assert_eq!(difference.headline(), "All 3 pairs are equal.");
    assert!(difference.notes.is_empty() && difference.alone.is_empty());
    assert!(
        states(difference.clone(), "any changed")
            .iter()
            .all(|state| *state == State::Passed)
    );
    assert!(
        states(difference, "any worse")
            .iter()
            .all(|state| *state == State::Passed)
    );
}

#[test]
fn one_figure_and_one_word_changed() {
    let base = [made("pbft", 1), made("raft", 1)];
    let head = [slower(base[0].clone()), base[1].clone()];
    let difference = compared(&base, &head);
    assert_eq!(difference.equal(), (1, 2));
    let pair = &difference.pairs[0];
    let changed: Vec<_> = pair
        .changed()
        .map(|change| (change.quantity.id, change.turn.word()))
        .collect();
    assert_eq!(changed, [("finality_ms.p99", "worse")]);
    assert!((pair.changed().next().unwrap().share.unwrap() - 0.1).abs() < 1e-9);
    assert!(
        difference.notes[0].starts_with("the builds differ"),
        "{:?}",
        difference.notes
    );
}

#[test]
fn rules_judge_each_pair() {
    use State::{Failed, Passed};
    let base = [made("pbft", 1), made("raft", 1)];
    let head = [slower(base[0].clone()), base[1].clone()];
    let difference = compared(&base, &head);
    for (text, first, second) in [
        ("finality_ms.p99 > +2%", Failed, Passed),
        ("finality_ms.p99 > +11%", Passed, Passed),
        ("finality_ms.p99 < -2%", Passed, Passed),
        ("finality_ms.p99 > +1ms", Failed, Passed),
        ("finality_ms.p99 > 1ms", Failed, Failed),
        ("finality_ms.p99 changed", Failed, Passed),
        ("finality_p99 worse", Failed, Passed),
        ("load.goodput_tps worse", Passed, Passed),
        ("fingerprint changed", Failed, Passed),
        ("state_root changed", Passed, Passed),
        ("verdict worse", Passed, Passed),
        ("any changed", Failed, Passed),
        ("any worse", Failed, Passed),
    ] {
        assert_eq!(states(difference.clone(), text), [first, second], "{text}");
    }
}

#[test]
fn a_bound_is_met_exactly_or_not() {
    let base = [made("pbft", 1)];
    let mut head = base.clone();
    head[0].record.load.shed = 100;
    let difference = compared(&base, &head);
    assert_eq!(
        states(difference.clone(), "load.shed > +100"),
        [State::Passed]
    );
    assert_eq!(
        states(difference.clone(), "load.shed >= +100"),
        [State::Failed]
    );
    // From nothing, any growth is more than any share.
    assert_eq!(states(difference, "load.shed > +1000%"), [State::Failed]);
}

#[test]
fn a_figure_that_is_lost_breaks_its_rule() {
    let base = [made("pbft", 1)];
    let mut head = base.clone();
    head[0].record.finality_ms = Percentiles::default();
    let difference = compared(&base, &head);
    assert_eq!(
        states(difference.clone(), "finality_ms.p99 > +2%"),
        [State::Failed]
    );
    assert_eq!(
        states(difference.clone(), "finality_ms.p99 worse"),
        [State::Failed]
    );
    let other_way = compared(&head, &base);
    assert_eq!(states(other_way, "finality_ms.p99 > +2%"), [State::Skipped]);
}

#[test]
fn a_verdict_is_worse_only_on_the_bad_side() {
    let base = [made("pbft", 1)];
    let mut head = base.clone();
    head[0].record.verdict = Verdict::Violated;
    assert_eq!(
        states(compared(&base, &head), "verdict worse"),
        [State::Failed]
    );
    assert_eq!(
        states(compared(&head, &base), "verdict worse"),
        [State::Passed]
    );
    assert_eq!(
        states(compared(&head, &base), "verdict changed"),
        [State::Failed]
    );
}

#[test]
fn what_has_no_partner_is_told_and_breaks_any() {
    let base = [made("pbft", 1), made("raft", 1)];
    let difference = compared(&base, &base[..1]);
    assert_eq!(difference.alone.len(), 1);
    assert_eq!(difference.alone[0].place, "city: raft, seed 1");
    assert_eq!(
        states(difference.clone(), "any worse"),
        [State::Passed, State::Failed]
    );
    assert_eq!(
        states(difference.clone(), "finality_ms.p99 > +2%"),
        [State::Passed]
    );
    assert!(text(&difference).contains("base only: city: raft, seed 1"));
    let new = compared(&base[..1], &base);
    assert_eq!(states(new.clone(), "any worse"), [State::Passed]);
    assert_eq!(states(new, "any changed"), [State::Passed, State::Failed]);
}

#[test]
fn nothing_in_common_is_refused() {
    let refusal = between(runs(&[made("pbft", 1)]), runs(&[made("raft", 1)]), true);
    assert!(matches!(refusal, Err(Refusal::NothingInCommon(alone)) if alone.len() == 2));
}

#[test]
fn other_plans_are_refused_unless_allowed() {
    let base = [made("pbft", 1)];
    let mut head = base.clone();
    head[0].record.plan.batch.max_wait_ns = 40_000_000;
    head[0].record.plan.why = "Another question.".to_owned();
    head[0].record.plan.load.remove(0);
    head[0].record.key = "another".to_owned();
    let Err(Refusal::Plans(plans)) = between(runs(&base), runs(&head), false) else {
        panic!("plans differ");
    };
    let (place, fields) = &plans[0];
    assert_eq!(place, "city: pbft, seed 1");
    assert_eq!(
        fields[0].to_string(),
        "batch.max_wait_ns: 20000000 -> 40000000"
    );
    assert!(
        fields.iter().all(|field| !field.path.contains("why")),
        "{fields:?}"
    );
    assert!(
        fields.iter().any(|field| field.path == "load.1"),
        "{fields:?}"
    );
    let allowed = between(runs(&base), runs(&head), true).unwrap();
    assert!(allowed.notes[0].contains("batch.max_wait_ns: 20000000 -> 40000000 (1 run)"));
}

#[test]
fn of_several_plans_the_equal_ones_are_partners() {
    let first = made("pbft", 1);
    let mut second = first.clone();
    second.record.plan.batch.max_txs = 7;
    second.record.key = "second".to_owned();
    let difference = compared(&[first.clone(), second.clone()], &[second, first]);
    assert_eq!(difference.equal(), (2, 2));
}

/// Runs of many seeds whose p99 is drawn and then stretched.
fn drawn(seeds: std::ops::Range<u64>, stretch: f64) -> Vec<LoadedRun> {
    let shape = Shape::new("pbft", 100.0, 2.0);
    let pattern = run(plan("city", "", &[("seed", "1")], &shape), &shape);
    let draw = |seed: u64| {
        let mut dice = Dice::new(seed * 7_919);
        let mut run = pattern.clone();
        run.record.plan.seed = seed;
        run.record
            .plan
            .variation
            .insert("seed".to_owned(), seed.to_string());
        run.record.key = format!("key-{seed}");
        run.record.load.goodput_tps = dice.near(10_000.0, 0.01);
        let luck = dice.near(1.0, 0.05);
        run.record.finality_ms.p50 = Some(100.0 * luck);
        run.record.finality_ms.p99 = Some(dice.near(200.0 * luck, 0.02) * stretch);
        run.record.per_block.messages = dice.near(24.0, 0.03);
        run.record.per_block.bytes = dice.near(19_000.0, 0.03);
        run
    };
    seeds.map(draw).collect()
}

#[test]
fn other_seeds_are_judged_by_their_medians() {
    let (base, head) = (drawn(1..6, 1.0), drawn(6..11, 1.3));
    let difference = compared(&base, &head);
    assert!(difference.pairs.is_empty());
    let group = &difference.groups[0];
    assert_eq!(
        (group.paired, group.seeds, group.can_tell()),
        (false, [5, 5], true)
    );
    let shown: Vec<_> = group
        .estimates
        .iter()
        .filter(|estimate| estimate.judged && estimate.is_shown())
        .map(|estimate| estimate.change.quantity.id)
        .collect();
    assert_eq!(shown, ["finality_ms.p99"]);
    assert_eq!(
        states(difference.clone(), "finality_ms.p99 > +10%"),
        [State::Failed]
    );
    assert_eq!(
        states(difference.clone(), "finality_ms.p99 > +60%"),
        [State::Passed]
    );
    assert_eq!(states(difference.clone(), "any worse"), [State::Failed]);
    assert_eq!(
        states(difference.clone(), "load.goodput_tps changed"),
        [State::Passed]
    );
    let fingerprint = states(difference.clone(), "fingerprint changed");
    assert_eq!(fingerprint, [State::Skipped]);
    let idle = rule("fingerprint changed");
    let mut idly = difference;
    idly.judge(std::slice::from_ref(&idle));
    assert_eq!(idly.idle(std::slice::from_ref(&idle)), [&idle]);
}

#[test]
fn the_same_seeds_are_pairs_and_a_group() {
    let (base, head) = (drawn(1..8, 1.0), drawn(1..8, 1.02));
    let difference = compared(&base, &head);
    assert_eq!(difference.pairs.len(), 7);
    let group = &difference.groups[0];
    assert!(group.paired && group.has_changed());
    let p99 = group
        .estimates
        .iter()
        .find(|estimate| estimate.change.quantity.id == "finality_ms.p99")
        .unwrap();
    assert!((p99.change.share.unwrap() - 0.02).abs() < 1e-9);
    let (low, high) = p99.interval.unwrap();
    assert!((low - 0.02).abs() < 1e-9 && (high - 0.02).abs() < 1e-9);
    assert_eq!(p99.chance, Some(2.0 / 128.0));
    // Exact pairs are judged one by one all the same.
    assert_eq!(
        states(difference, "finality_ms.p99 > +1%"),
        [State::Failed; 7]
    );
}

#[test]
fn what_was_not_simulated_is_noisy() {
    let noisy = |mut runs: Vec<LoadedRun>| {
        for run in &mut runs {
            run.record.mode = "testbed".to_owned();
        }
        runs
    };
    let (base, head) = (noisy(drawn(1..9, 1.0)), noisy(drawn(1..9, 1.001)));
    let few = compared(&base[..2], &head[..2]);
    assert_eq!(states(few.clone(), "any changed"), [State::Skipped; 2]);
    assert_eq!(states(few, "finality_ms.p99 > +2%"), [State::Passed; 2]);
    // With enough seeds the group speaks, and only the group.
    assert_eq!(states(compared(&base, &head), "any worse"), [State::Failed]);
    assert_eq!(states(compared(&base, &base), "any worse"), [State::Passed]);
}

/// Over many pairs of seed sets of one law, alarms keep to the stated level.
#[test]
fn one_law_seldom_differs_from_itself() {
    let rounds = 200;
    let mut alarms = 0;
    for round in 0..rounds {
        let start = 1 + round * 10;
        let difference = compared(
            &drawn(start..start + 5, 1.0),
            &drawn(start + 5..start + 10, 1.0),
        );
        alarms += u64::from(difference.groups[0].has_changed());
    }
    assert!(alarms * 20 <= rounds, "{alarms} of {rounds}");
}

fn capacity(sustained: Option<f64>) -> Results {
    let plan = made("pbft", 1).record.plan;
    let certificate = Certificate {
        schema: certificate::SCHEMA.to_owned(),
        name: plan.name.clone(),
        label: "pbft".to_owned(),
        key: "0123456789abcdef".to_owned(),
        build: "build".to_owned(),
        seeds: vec![1, 2, 3],
        variation: plan.variation.clone(),
        width: 0.02,
        ceiling_tps: 100_000.0,
        target: plan.targets.clone(),
        sustained_tps: sustained,
        failed_tps: Some(11_400.0),
        failed_because: "p99 1.31 s".to_owned(),
        binds: "leader egress 97 %".to_owned(),
        resources: vec![Resource {
            name: "replica shenzhen-0 egress".to_owned(),
            kind: "egress".to_owned(),
            used: 0.97,
            wait_ms: None,
        }],
        headroom_to_10k: sustained.map(|tps| tps / 10_000.0),
        demand: None,
        goodput_tps: sustained,
        finality_ms: Percentiles::default(),
        storage_bytes_per_year: None,
        network_bytes_per_day: None,
        probes: Vec::new(),
        plan,
    };
    Results {
        runs: Vec::new(),
        certificates: vec![certificate],
    }
}

#[test]
fn certificates_are_compared_too() {
    let less = between(capacity(Some(11_200.0)), capacity(Some(10_000.0)), false).unwrap();
    assert_eq!(less.pairs[0].place, "city: capacity of pbft");
    assert_eq!(states(less.clone(), "sustained_tps < -2%"), [State::Failed]);
    assert_eq!(states(less.clone(), "goodput_tps < -20%"), [State::Passed]);
    assert_eq!(states(less, "binds changed"), [State::Passed]);
    let mut coarse = capacity(Some(11_200.0));
    coarse.certificates[0].width = 0.1;
    let coarse = between(capacity(Some(11_200.0)), coarse, false).unwrap();
    assert_eq!(states(coarse, "width changed"), [State::Failed]);
    let none = between(capacity(Some(11_200.0)), capacity(None), false).unwrap();
    assert_eq!(states(none, "sustained_tps < -2%"), [State::Failed]);
}

/// A comparison with something of everything, judged.
fn example() -> Difference {
    let mut base = drawn(1..8, 1.0);
    let mut head = drawn(1..8, 1.02);
    base.push(made("raft", 1));
    base.push(made("hotstuff", 3));
    head.push(slower(made("raft", 1)));
    let mut difference = compared(&base, &head);
    difference.judge(&[
        rule("finality_ms.p99 > +5%"),
        rule("verdict worse"),
        rule("any worse"),
    ]);
    difference
}

#[test]
fn text_of_the_example() {
    let text = text(&example());
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest} columns");
    insta::assert_snapshot!(text);
}

#[test]
fn markdown_of_the_example() {
    insta::assert_snapshot!(markdown(&example()));
}

#[test]
fn junit_of_the_example() {
    insta::assert_snapshot!(junit(&example()));
}

#[test]
fn json_holds_every_digit() {
    let example = example();
    let document: serde_json::Value = serde_json::from_str(&json(&example)).unwrap();
    assert_eq!(document["schema"], "groma.compare/1");
    assert_eq!(document["failed"], example.failed());
    let pairs = document["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), example.pairs.len());
    for (pair, told) in example.pairs.iter().zip(pairs) {
        for (change, figure) in pair.changes.iter().zip(told["figures"].as_array().unwrap()) {
            assert_eq!(figure["metric"], change.quantity.id);
            assert_eq!(figure["base"].as_f64(), change.base);
            assert_eq!(figure["head"].as_f64(), change.head);
        }
    }
}

#[test]
fn the_page_is_whole_and_loads_nothing() {
    let page = html::difference::render(&example());
    assert_eq!(
        page,
        html::difference::render(&example()),
        "equal comparisons give equal bytes"
    );
    for part in [
        "Over seeds",
        "raft, seed 1",
        "finality_ms.p99 &gt; +5%",
        "hotstuff, seed 3",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for load in ["<link", "<img", "src=", "url(http", "@import"] {
        assert!(!page.contains(load), "{load}");
    }
}

#[test]
fn no_document_is_steered_by_what_it_shows() {
    let mut base = [made("pbft", 1)];
    base[0].record.name = "<b>|`x\u{1b}[2J".to_owned();
    let mut head = base.clone();
    head[0].record.load.shed = 3;
    let mut difference = compared(&base, &head);
    difference.judge(&[rule("any worse")]);
    assert!(!text(&difference).contains('\u{1b}'));
    let comment = markdown(&difference);
    assert!(
        !comment.contains("<b>") && comment.contains("&lt;b&gt;\\|"),
        "{comment}"
    );
    assert!(!html::difference::render(&difference).contains("<b>|"));
    assert!(!junit(&difference).contains("<b>"));
    assert!(
        difference::json(&difference)
            .parse::<serde_json::Value>()
            .is_ok()
    );
}
