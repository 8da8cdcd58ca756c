//! Loads from calendars, curves, traces and profiles: the phases that they become, what
//! they ask for in true time, and runs of them.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use groma_experiment::demand::{demand, rates};
use groma_experiment::plan::{LoadPlan, Plan};
use groma_experiment::registry::{Registry, RunOptions};
use groma_experiment::result::{RunRecord, Verdict};
use groma_experiment::scenario::Scenario;

const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3_600 * SECOND;

fn read(text: &str) -> Result<Vec<Plan>, String> {
    let beside = Path::new("tests/corpus/traces");
    Scenario::parse("load.yaml", text, Some(beside), &[], &Registry::standard())
        .map_err(|problems| problems.to_string())
}

fn plan(population: &str, mix: &str, rest: &str) -> Plan {
    let text = format!(
        "name: load\nseed: 1\ncommittee: {{ shenzhen: 2, shanghai: 2 }}\nprotocol: pbft\n\
         population: {population}\nworkload: {mix}\n{rest}"
    );
    read(&text)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .remove(0)
}

fn run(plan: &Plan) -> RunRecord {
    let registry = Registry::standard();
    let entry = registry.find(&plan.protocol.name).unwrap();
    entry.run(plan, &RunOptions::default()).unwrap().record
}

#[test]
fn the_demand_of_a_city_is_the_catalogues_arithmetic() {
    let day = "load: [{ day: { hours: flat } }]";
    // 0.092 invoices each and day are 19 issues a second, 42 % of all; PBOC's payments twice.
    let invoices = demand(&plan("17_800_000", "invoices", day)).unwrap();
    assert!(
        (invoices.mean_tps * 0.42 - 18.95).abs() < 0.05,
        "{invoices:?}"
    );
    assert!((invoices.peak_hour_tps - invoices.mean_tps).abs() < 0.01);
    let payments = demand(&plan("17_800_000", "payments", day)).unwrap();
    assert!((payments.mean_tps - 265.0).abs() < 1.0, "{payments:?}");
    assert!((payments.share_of_10k.mean - 0.0265).abs() < 0.000_2);
    // 280 B each, and no record of its own; a year of 365 days.
    let part = &payments.workloads[0];
    assert_eq!((part.bytes_per_tx, part.records_per_tx), (280.0, 0.0));
    let year = payments.mean_tps * 365.0 * 86_400.0;
    assert!((payments.per_year.transactions / year - 1.0).abs() < 1e-6);
    assert!((payments.per_year.bytes / (280.0 * year) - 1.0).abs() < 1e-6);
}

#[test]
fn compression_changes_the_length_of_a_day_and_nothing_that_it_asks_for() {
    let day = |compress: u32| {
        let load = format!(
            "load: [{{ day: {{ per_day: 2.1, weekday: friday, events: [singles-day, court-filing], compress: {compress} }} }}]"
        );
        let mix = "{ mix: { payments: 80, evidence: 20 } }";
        plan("3_000_000", mix, &load)
    };
    let (long, short) = (day(1), day(60));
    assert_eq!(
        long.load.iter().map(|phase| phase.for_ns).sum::<u64>(),
        24 * HOUR
    );
    let played: u64 = short.load.iter().map(|phase| phase.for_ns).sum();
    // Ten minutes of the rush and two filings of ten seconds are played as they are.
    let brief = (600 + 20) * SECOND;
    // Legs are cut to whole nanoseconds.
    assert!(played.abs_diff(brief + (24 * HOUR - brief) / 60) < 100);
    let (a, b) = (demand(&long).unwrap(), demand(&short).unwrap());
    assert_eq!(a.mean_tps, b.mean_tps);
    assert_eq!(a.hours_tps, b.hours_tps);
    assert_eq!(rates(&long), rates(&short));
    // 6.8 times the mean (NetsUnion 2018), which filings raise a little and evidence shares.
    let steep = a.worst_second_tps / a.mean_tps;
    assert!((6.5..6.85).contains(&steep), "{steep}: {a:?}");
    assert_eq!(a.hours_tps.len(), 24);
}

#[test]
fn every_workload_keeps_its_own_hours() {
    let load = "load: [{ day: { per_day: 1 } }]";
    let plan = plan("1_000_000", "{ mix: { payments: 1, mortgages: 1 } }", load);
    let at = |hour: usize| {
        let rates = &plan.load[hour].mix;
        (rates[0] as f64, rates[1] as f64)
    };
    // At noon shops are full and offices at lunch; at three in the morning offices are dark.
    let (shops, offices) = at(12);
    assert!(shops > 1.5 * offices);
    assert_eq!(at(3).1, 0.0);
    assert!(at(10).1 > at(10).0);
}

#[test]
fn people_by_region_choose_the_gateways() {
    let load = "load: [{ for: 4s, tps: 500 }]\ndrain: 5s";
    let text = "{ shenzhen: 900_000, shanghai: 100_000 }";
    let plan = plan(text, "payments", load);
    assert_eq!(plan.population, 1_000_000);
    let record = run(&plan);
    let offered: Vec<u64> = record.regions.iter().map(|region| region.offered).collect();
    let share = offered[0] as f64 / offered.iter().sum::<u64>() as f64;
    assert!((0.86..0.94).contains(&share), "{offered:?}");
}

#[test]
fn a_scale_multiplies_every_rate() {
    let load =
        "scale: 20\nload: [{ for: 4s, tps: 10 }, { for: 4s, per_day: 0.864 }, { curve: uber }]";
    let plan = plan("1_000_000", "payments", load);
    let from = |place: usize| match plan.load[place].load {
        LoadPlan::Open { from_mtps, .. } => from_mtps,
        _ => panic!("an open loop"),
    };
    assert_eq!((from(0), from(1), from(2)), (200_000, 200_000, 16_200_000));
    assert_eq!(plan.scale_milli, 20_000);
}

#[test]
fn a_trace_is_replayed_at_its_times_and_on_its_keys() {
    let mix = "{ mix: { payments: 1, invoices: 1 } }";
    let plan = plan("10_000", mix, "load: [{ trace: four.csv }]\ndrain: 5s");
    let LoadPlan::Replay {
        times_ns,
        parts,
        keys,
    } = &plan.load[0].load
    else {
        panic!("a replay: {:?}", plan.load);
    };
    assert_eq!(*times_ns, [0, SECOND / 4, SECOND / 2, 7 * SECOND / 4]);
    assert_eq!(
        (parts.as_slice(), keys.as_slice()),
        (&[1, 2, 1, 0][..], &[18, 0, 18, 0][..])
    );
    let record = run(&plan);
    assert_eq!(record.load.offered, 4);
    assert_eq!(record.load.expired, 0);
    let payments: u64 = record
        .load
        .offered_by
        .iter()
        .filter(|(kind, _)| kind.starts_with("payment."))
        .map(|(_, count)| count)
        .sum();
    assert!(payments >= 2, "{:?}", record.load.offered_by);
    let asked = demand(&plan).unwrap();
    assert_eq!((asked.mean_tps, asked.worst_second_tps), (2.0, 3.0));
}

#[test]
fn a_trace_of_rates_becomes_a_phase_a_second() {
    let plan = plan("10_000", "payments", "load: [{ trace: rates.csv }]");
    assert_eq!(plan.load.len(), 3);
    assert_eq!(demand(&plan).unwrap().mean_tps, 50.0);
}

#[test]
fn mistakes_in_a_trace_are_shown_where_they_stand() {
    let head =
        "name: load\nseed: 1\ncommittee: { shenzhen: 4 }\nprotocol: pbft\nworkload: payments\n";
    let said = |trace: &str| read(&format!("{head}load: [{{ trace: {trace} }}]")).unwrap_err();
    let bad = said("bad.csv");
    assert!(
        bad.contains("bad.csv:3:5: \"invoicing\" is no workload"),
        "{bad}"
    );
    let lacks = said("four.csv");
    assert!(lacks.contains("`invoices`, which the mix lacks"), "{lacks}");
}

#[test]
fn what_comes_by_the_clock_is_offered_on_top() {
    let mix = "{ mix: { payments: 80, evidence: 20 } }";
    for tps in [0.5, 2.0, 20.0] {
        let load = format!("load: [{{ for: 100s, tps: {tps}, arrivals: even }}]\ndrain: 5s");
        let plan = plan("10_000", mix, &load);
        let record = run(&plan);
        let people = (tps * 100.0) as u64;
        // 22 chains, each every ten seconds; an attacker or two anchors anew.
        let anchors = record.load.offered_by["evidence.anchor"];
        assert!((220..=222).contains(&anchors), "{anchors}");
        assert_eq!(record.load.offered, people + 220);
        assert_eq!(record.load.finalised + record.load.rejected, people + 220);
        assert_eq!(run(&plan), record);

        let asked = demand(&plan).unwrap();
        assert_eq!(asked.mean_tps, tps + 2.2);
        assert_eq!(asked.worst_second_tps, tps + 2.2);
        let [payments, evidence] = asked.workloads.as_slice() else {
            panic!("two workloads: {asked:?}")
        };
        assert_eq!(payments.mean_tps, tps * 0.8);
        assert!((evidence.mean_tps - tps * 0.2 - 2.2).abs() < 1e-3);
        // An anchor is a record of 300 B; what people do has 416 B on average.
        let (of_people, of_clock) = (0.2 * tps, 2.2);
        let bytes = (416.0 * of_people + 300.0 * of_clock) / (of_people + of_clock);
        assert!((evidence.bytes_per_tx - bytes).abs() < 4.0, "{evidence:?}");
    }
}

#[test]
fn a_closed_loop_asks_for_nothing_of_itself() {
    let plan = plan("10_000", "payments", "load: [{ for: 4s, in_flight: 10 }]");
    assert_eq!(demand(&plan), None);
}

#[test]
fn bursts_are_the_worst_second() {
    let load = "load: [{ for: 60s, tps: 10, arrivals: { burst: { every: 10s } } }]";
    let plan = plan("10_000", "payments", load);
    assert_eq!(rates(&plan).unwrap().worst_second_tps, 100.0);
}

#[test]
fn a_profile_has_its_phases_and_asks_for_success() {
    let load = "load: [{ profile: { caict-spike: { tps: 900, for: 6s } } }]\ndrain: 5s\ntarget: { success: 95% }";
    let plan = plan("10_000", "payments", load);
    let rates: Vec<(u64, bool)> = plan
        .load
        .iter()
        .map(|phase| match phase.load {
            LoadPlan::Open { from_mtps, .. } => (from_mtps, phase.measure),
            _ => panic!("an open loop"),
        })
        .collect();
    assert_eq!(
        rates,
        [
            (900_000, false),
            (900_000, true),
            (1_800_000, true),
            (900_000, true)
        ]
    );
    let record = run(&plan);
    assert_eq!(record.targets[0].metric, "success");
    assert_eq!(record.targets[0].measured, Some(1.0));
    assert!(record.targets[0].met);
}

#[test]
fn an_application_that_is_no_case_for_a_chain_is_told_so() {
    let load = "client: { request_bytes: 100kB }\nbatch: { max_bytes: 16MiB, max_wait: 300ms }\n\
                load: [{ for: 10s, tps: 200 }]\ndrain: 2s\ntarget: { finality_p99: 20ms }";
    let plan = plan("10_000", "fifa", load);
    let record = run(&plan);
    assert_eq!(record.verdict, Verdict::Unsustained);
    let said = record.reasons.join("\n");
    for cause in [
        "a transaction has 0.1 MB",
        "wait for others by the keys",
        "within 20 ms",
    ] {
        assert!(said.contains(cause), "{cause}: {said}");
    }
}

#[test]
fn a_fault_strikes_by_the_clock_of_a_day() {
    let day = |before: &str, compress: u32, faults: &str| {
        let load = format!(
            "load:\n{before}  - day: {{ per_day: 2.1, events: [court-filing], compress: {compress} }}\nfaults: {faults}"
        );
        let mix = "{ mix: { payments: 80, evidence: 20 } }";
        plan("3_000_000", mix, &load)
    };
    let faults = "[{ at: \"08:30\", until: 09:00, crash: [0] }, { at: 9:00:05, for: 1s, crash: [1] }, { at: \"23:00\", crash: [2] }]";
    let short = day("", 60, faults);
    let times = |plan: &Plan| -> Vec<(u64, u64)> {
        let faults = plan.faults.iter();
        faults.map(|fault| (fault.at_ns, fault.until_ns)).collect()
    };
    // At nine the courts file for ten seconds, which are played as they are, and at two.
    let end = short.horizon_ns();
    let eleven_at_night = 23 * 60 * SECOND + 2 * (10 * SECOND - 10 * SECOND / 60);
    let found = times(&short);
    assert_eq!(
        found[..2],
        [(510 * SECOND, 540 * SECOND), (545 * SECOND, 546 * SECOND)]
    );
    // Legs are cut to whole nanoseconds.
    assert!(found[2].0.abs_diff(eleven_at_night) < 10, "{found:?}");
    assert_eq!(found[2].1, end);
    // Behind a warm-up, and in true time.
    let later = day("  - { for: 10s, tps: 5, measure: false }\n", 60, faults);
    assert_eq!(times(&later)[0], (520 * SECOND, 550 * SECOND));
    let true_time = day("", 1, faults);
    assert_eq!(times(&true_time)[0], (17 * HOUR / 2, 9 * HOUR));
    // An event of the day itself, in either form.
    let event = |at: &str| {
        let load = format!(
            "load: [{{ day: {{ per_day: 2, events: [{{ spike: {{ at: {at}, times: 3, decay: 5m }} }}] }} }}]"
        );
        plan("1_000_000", "payments", &load).load
    };
    assert_eq!(event("20:30"), event("1230m"));
}

#[test]
fn latencies_weigh_what_phases_stand_for_and_counts_do_not() {
    let load = "load: [{ for: 3s, tps: 300 }, { for: 3s, tps: 300 }]\ndrain: 5s";
    let true_time = plan("100_000", "payments", load);
    let mut compressed = true_time.clone();
    for phase in &mut compressed.load {
        phase.stands_for_ns = 60 * phase.for_ns;
    }
    let (once, sixty) = (run(&true_time), run(&compressed));
    let ended = once.load.finalised + once.load.rejected;
    assert_eq!(once.finality_ms.count, ended);
    assert_eq!(sixty.finality_ms.count, 60 * ended);
    // Where all weigh the same, nothing else moves.
    let mut same = sixty.clone();
    (same.key, same.plan) = (once.key.clone(), once.plan.clone());
    same.finality_ms.count /= 60;
    same.commit_ms.count /= 60;
    same.consensus_ms.count /= 60;
    for region in &mut same.regions {
        region.finality_ms.count /= 60;
    }
    assert_eq!(same, once);
}
