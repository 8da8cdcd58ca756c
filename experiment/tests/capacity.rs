//! Capacity on small designs: the answer against a grid of long runs by hand,
//! under faults, over seeds, and the same for any number of threads.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Mutex;

use groma_experiment::capacity::interval::Load;
use groma_experiment::capacity::shape::{Length, by_seed, with_load};
use groma_experiment::capacity::{self, Abandoned, Options, files};
use groma_experiment::certificate::{Certificate, Step};
use groma_experiment::plan::{Arrivals, FaultKind, LoadPlan, Plan, TargetPlan};
use groma_experiment::registry::{Control, Registry, RunOptions};
use groma_experiment::result::Verdict;
use support::{MS, SECOND, crash, phase, plan, run};

/// A design whose leader's uplink is full at some 1,400 payments a second.
fn narrow(protocol: &str) -> Plan {
    let mut plan = plan(protocol);
    plan.machine.egress_bps = 10_000_000;
    plan.batch.max_txs = 100;
    plan.client.resend_after_ns = 0;
    plan.load = vec![
        phase(2 * SECOND, 500, false),
        phase(10 * SECOND, 1_000, true),
    ];
    plan.targets = vec![TargetPlan {
        metric: "finality_ms_p99".to_owned(),
        target: 1_000.0,
        at_least: false,
    }];
    plan
}

fn search(seeds: &[Plan]) -> Certificate {
    search_with(seeds, &Options::default()).unwrap()
}

fn search_with(seeds: &[Plan], options: &Options) -> Result<Certificate, Abandoned> {
    let (registry, run) = (Registry::standard(), RunOptions::default());
    capacity::search(seeds, options, &registry, &run, &|_, _| ())
}

/// A plan under another load, made without the search's own hands.
fn at(plan: &Plan, tps: f64, measured_ns: u64) -> Plan {
    let mut other = plan.clone();
    for phase in &mut other.load {
        if let LoadPlan::Open {
            from_mtps, to_mtps, ..
        } = &mut phase.load
        {
            *from_mtps = (*from_mtps as f64 * tps / 1_000.0) as u64;
            *to_mtps = *from_mtps;
        }
    }
    other.load[1].for_ns = measured_ns;
    other
}

/// Highest load of a fine grid that the scenario's own run sustains.
fn by_hand(plan: &Plan, around: f64) -> f64 {
    let grid = (-10..=10).map(|step| (around * (1.0 + f64::from(step) * 0.005)).round());
    let passes = |tps: &f64| run(&at(plan, *tps, 12 * SECOND)).record.verdict == Verdict::Pass;
    grid.filter(passes).fold(0.0, f64::max)
}

#[test]
fn the_answer_is_that_of_a_fine_grid_by_hand() {
    for protocol in ["raft", "hotstuff"] {
        let plan = narrow(protocol);
        let found = search(std::slice::from_ref(&plan));
        let sustained = found.sustained_tps.unwrap();
        let failed = found.failed_tps.unwrap();
        assert!(
            failed <= sustained * 1.010_001,
            "{protocol}: {sustained} {failed}"
        );
        let by_hand = by_hand(&plan, sustained);
        let off = (sustained / by_hand - 1.0).abs();
        assert!(
            off <= 0.02,
            "{protocol}: {sustained} found, {by_hand} by hand"
        );
        // Runs three times as long again agree, but for what a queue swings by.
        let below = run(&at(&plan, 0.97 * sustained, 36 * SECOND)).record;
        let lost = below.load.expired + below.load.shed;
        let late = below.finality_ms.p99.unwrap() > 1_000.0;
        assert!(!late && lost == 0, "{protocol}: {:?}", below.reasons);
        let above = run(&at(&plan, 1.03 * failed, 36 * SECOND)).record;
        assert_eq!(above.verdict, Verdict::Unsustained, "{protocol}");
        for end in [sustained, failed] {
            assert!(
                found.probes.iter().any(|probe| probe.step == Step::Confirm
                    && probe.offered_tps == end
                    && probe.measured_seconds >= 12.0
                    && probe.passed == (end == sustained)),
                "{protocol}: {end} has no long run: {:?}",
                found.probes
            );
        }
        assert!(!found.failed_because.is_empty(), "{protocol}");
        assert!(found.finality_ms.p99.unwrap() <= 1_000.0, "{protocol}");
        assert!(
            found.network_bytes_per_day.unwrap() > found.storage_bytes_per_year.unwrap() / 365.0
        );
    }
}

#[test]
fn what_binds_is_named() {
    let found = search(&[narrow("raft")]);
    assert!(found.binds.contains("egress"), "{}", found.binds);
    assert!(found.resources[0].used > 0.9, "{:?}", found.resources[0]);
}

#[test]
fn a_target_that_nothing_meets_says_so() {
    let mut plan = narrow("raft");
    plan.targets[0].target = 1.0;
    let found = search(&[plan]);
    assert_eq!(found.sustained_tps, None);
    assert_eq!(found.failed_tps, Some(1.0));
    assert!(
        found.failed_because.contains("> 1 ms"),
        "{}",
        found.failed_because
    );
    assert_eq!(found.headroom_to_10k, None);
}

#[test]
fn a_ceiling_that_passes_is_told_as_one() {
    let options = Options {
        ceiling_tps: 800.0,
        ..Options::default()
    };
    let found = search_with(&[narrow("raft")], &options).unwrap();
    assert_eq!((found.sustained_tps, found.failed_tps), (Some(800.0), None));
    assert_eq!(found.failed_because, "");
}

#[test]
fn a_target_of_goodput_speaks_of_the_scenario_and_not_of_a_probe() {
    let mut plan = narrow("raft");
    plan.targets.push(TargetPlan {
        metric: "goodput_tps".to_owned(),
        target: 1_000_000.0,
        at_least: true,
    });
    let found = search(&[plan]);
    assert!(found.sustained_tps.unwrap() > 500.0);
    assert_eq!(found.target.len(), 1);
}

#[test]
fn a_replica_that_is_down_costs_capacity_or_frees_it_but_is_really_down() {
    let mut plan = narrow("raft");
    plan.client.resend_after_ns = 500 * MS;
    let whole = search(&[plan.clone()]).sustained_tps.unwrap();
    plan.faults = vec![crash(3, 0, plan.horizon_ns())];
    let found = search(&[plan.clone()]);
    let sustained = found.sustained_tps.unwrap();
    // A Raft leader goes on sending bodies to a follower that is down.
    assert!(sustained >= 0.9 * whole, "{sustained} of {whole}");
    // Two of four down: Raft has no quorum, whatever the load.
    plan.faults = vec![
        crash(2, 0, plan.horizon_ns()),
        crash(3, 0, plan.horizon_ns()),
    ];
    let found = search(&[plan]);
    assert_eq!(found.sustained_tps, None);
    assert_eq!(found.failed_because, "no transaction became final");
}

#[test]
fn an_outage_strikes_in_every_probe() {
    let mut plan = narrow("raft");
    plan.load = vec![phase(SECOND, 500, false), phase(6 * SECOND, 1_000, true)];
    plan.client.resend_after_ns = 2 * SECOND;
    plan.faults = vec![crash(0, 2 * SECOND, 4 * SECOND)];
    plan.targets[0].target = 4_000.0;
    let found = search(&[plan.clone()]);
    let calm = search(&[Plan {
        faults: Vec::new(),
        ..plan
    }]);
    let (with, without) = (found.sustained_tps.unwrap(), calm.sustained_tps.unwrap());
    assert!(
        with < 0.9 * without,
        "{with} with, {without} without an outage"
    );
    let seconds = |step: Step| {
        let probe = found.probes.iter().find(|probe| probe.step == step);
        probe.unwrap().measured_seconds
    };
    assert_eq!(
        (seconds(Step::Bracket), seconds(Step::Confirm)),
        (6.0, 18.0)
    );
}

#[test]
fn several_seeds_make_one_search_and_threads_change_nothing() {
    let plans: Vec<Plan> = [3, 1, 2]
        .map(|seed| Plan {
            seed,
            ..narrow("pbft")
        })
        .to_vec();
    let designs = by_seed(&plans);
    assert_eq!(designs.len(), 1);
    let options = Options {
        width: 0.05,
        ..Options::default()
    };
    let (registry, run) = (Registry::standard(), RunOptions::default());
    let on = |threads: usize| {
        let found = Mutex::new(None);
        let each = |_: usize, seeds: &[Plan]| {
            let certificate = capacity::search(seeds, &options, &registry, &run, &|_, _| ());
            *found.lock().unwrap() = Some(certificate.unwrap());
        };
        capacity::search_all(&designs, threads, &each).unwrap();
        found.into_inner().unwrap().unwrap()
    };
    let (one, four) = (on(1), on(4));
    assert_eq!(one, four);
    assert_eq!(one.seeds, [3, 1, 2]);
    for probe in &one.probes {
        assert_eq!(probe.passed, probe.passed_seeds >= 2, "{probe:?}");
        assert_eq!(probe.because.is_empty(), probe.passed, "{probe:?}");
    }
}

#[test]
fn a_stop_ends_the_search() {
    let control = Control::default();
    control
        .stop
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let run = RunOptions {
        control: Some(&control),
        ..RunOptions::default()
    };
    let found = capacity::search(
        &[narrow("raft")],
        &Options::default(),
        &Registry::standard(),
        &run,
        &|_, _| (),
    );
    assert_eq!(found, Err(Abandoned::Stopped));
}

#[test]
fn loads_that_cannot_vary_are_refused_with_a_hint() {
    let mut closed = narrow("raft");
    closed.load[1].load = LoadPlan::Closed { in_flight: 10 };
    let mut silent = narrow("raft");
    silent.load = vec![phase(SECOND, 0, true)];
    for (plan, hint) in [(closed, "in_flight"), (silent, "above 0")] {
        let why = capacity::check(std::slice::from_ref(&plan)).unwrap_err();
        assert!(why.contains("hint: ") && why.contains(hint), "{why}");
        assert_eq!(
            search_with(&[plan], &Options::default()),
            Err(Abandoned::Refused(why))
        );
    }
}

#[test]
fn a_probe_keeps_the_proportions_of_the_plan() {
    let mut plan = narrow("raft");
    let ramp = LoadPlan::Open {
        from_mtps: 500_000,
        to_mtps: 1_500_000,
        arrivals: Arrivals::Even,
    };
    plan.load[1].load = ramp;
    plan.load[0].for_ns = 10 * SECOND;
    plan.load[1].for_ns = 40 * SECOND;
    let probe = with_load(&plan, Load::from_tps(3_000.0), Length::Short);
    let expected = LoadPlan::Open {
        from_mtps: 1_500_000,
        to_mtps: 4_500_000,
        arrivals: Arrivals::Even,
    };
    assert_eq!(probe.load[1].load, expected);
    let LoadPlan::Open { from_mtps, .. } = probe.load[0].load else {
        panic!("{:?}", probe.load[0])
    };
    assert_eq!(from_mtps, 1_500_000);
    assert_eq!(
        (probe.load[0].for_ns, probe.load[1].for_ns),
        (3_333 * MS, 13_333 * MS)
    );
    assert_eq!(probe.drain_ns, 3_333_333_333);
    let long = with_load(&plan, Load::from_tps(3_000.0), Length::Long);
    assert_eq!(long.load.len(), 4);
    assert_eq!(long.load_end_ns(), 43_332 * MS);
    assert_eq!(long.drain_ns, plan.drain_ns);
}

/// An hour at 100 TPS and a rush of ten seconds at 1,000, which is always played in its
/// own time: the load of a certificate is the day's, however the hour is played.
#[test]
fn a_day_is_scaled_alike_however_it_is_compressed() {
    let rates = |compress: u64| {
        let mut plan = plan("pbft");
        plan.load = vec![
            phase(3_600 * SECOND / compress, 100, true),
            phase(10 * SECOND, 1_000, true),
        ];
        plan.load[0].stands_for_ns = 3_600 * SECOND;
        let probe = with_load(&plan, Load::from_tps(205.0), Length::Short);
        probe.load.into_iter().map(|phase| match phase.load {
            LoadPlan::Open { from_mtps, .. } => from_mtps,
            _ => 0,
        })
    };
    // The mean of the day is 102.493 TPS.
    let all: Vec<u64> = rates(60).collect();
    assert_eq!(all, [200_014, 2_000_137]);
    assert_eq!(rates(600).collect::<Vec<_>>(), all);
}

#[test]
fn a_fault_that_stays_is_there_before_anything_is_measured() {
    let mut plan = narrow("raft");
    plan.load[0].for_ns = 12 * SECOND;
    plan.client.resend_after_ns = 3 * SECOND;
    plan.faults = vec![crash(3, 6 * SECOND, plan.horizon_ns())];
    for (length, measured) in [(Length::Short, 4), (Length::Long, 12)] {
        let probe = with_load(&plan, Load::from_tps(1_000.0), length);
        // Two seconds of warm-up after the clients' patience, and half of it
        // before the fault, as in the plan.
        assert_eq!(probe.load[0].for_ns, 5 * SECOND, "{length:?}");
        assert_eq!(probe.load_end_ns(), (5 + measured) * SECOND, "{length:?}");
        let [fault] = &probe.faults[..] else {
            panic!("{:?}", probe.faults)
        };
        assert_eq!(fault.at_ns, 2_500 * MS, "{length:?}");
        assert_eq!(fault.until_ns, probe.horizon_ns(), "{length:?}");
    }
}

#[test]
fn a_long_run_repeats_the_measured_part_with_its_faults() {
    let mut plan = narrow("raft");
    plan.load = vec![
        phase(2 * SECOND, 500, false),
        phase(10 * SECOND, 1_000, true),
        phase(SECOND, 500, false),
    ];
    plan.drain_ns = 5 * SECOND;
    let end = plan.horizon_ns();
    let fault = |at: u64, until: u64, kind: FaultKind| groma_experiment::plan::FaultPlan {
        at_ns: at * SECOND,
        until_ns: until,
        kind,
    };
    plan.faults = vec![
        fault(1, end, FaultKind::Crash(vec![3])),
        fault(4, 6 * SECOND, FaultKind::Isolate(vec![1])),
        fault(5, end, FaultKind::Crash(vec![2])),
        fault(7, 7 * SECOND, FaultKind::Restart(vec![2])),
        fault(12, 12 * SECOND + 500 * MS, FaultKind::Isolate(vec![0])),
    ];
    let long = with_load(&plan, Load::from_tps(1_000.0), Length::Long);
    let end = end + 20 * SECOND;
    assert_eq!(long.horizon_ns(), end);
    let seen: Vec<(u64, u64, &FaultKind)> = long
        .faults
        .iter()
        .map(|fault| (fault.at_ns / SECOND, fault.until_ns, &fault.kind))
        .collect();
    let [three, one, two, back, zero] = [0, 1, 2, 3, 4].map(|index| &plan.faults[index].kind);
    assert_eq!(
        seen,
        [
            (1, end, three),
            (4, 6 * SECOND, one),
            (5, end, two),
            (7, 7 * SECOND, back),
            (14, 16 * SECOND, one),
            (15, end, two),
            (17, 17 * SECOND, back),
            (24, 26 * SECOND, one),
            (25, end, two),
            (27, 27 * SECOND, back),
            (32, 32 * SECOND + 500 * MS, zero),
        ]
    );
}

#[test]
fn certificates_are_read_back_and_reused_for_the_same_question_alone() {
    let folder = tempfile::tempdir().unwrap();
    let plan = narrow("raft");
    let options = Options {
        width: 0.2,
        ceiling_tps: 4_000.0,
    };
    let seeds = [plan.clone()];
    assert_eq!(files::finished(folder.path(), &seeds, &options), None);
    let found = search_with(&seeds, &options).unwrap();
    let path = files::write(folder.path(), &found).unwrap();
    assert_eq!(files::read(&path).unwrap(), found);
    assert_eq!(
        files::finished(folder.path(), &seeds, &options),
        Some(found)
    );
    let finer = Options {
        width: 0.1,
        ..options
    };
    assert_eq!(files::finished(folder.path(), &seeds, &finer), None);
    let other = [plan.clone(), Plan { seed: 2, ..plan }];
    assert_eq!(files::finished(folder.path(), &other, &options), None);
    std::fs::write(&path, "{").unwrap();
    assert!(files::read(&path).unwrap_err().contains("no certificate"));
    assert_eq!(files::finished(folder.path(), &seeds, &options), None);
}
