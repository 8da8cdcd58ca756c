//! The reason why, on small designs whose answer is known beforehand; and what
//! a run says of its regions, its lanes and its faults.
#![allow(clippy::unwrap_used)]

mod support;

use groma_experiment::bottleneck::binds;
use groma_experiment::capacity::Options;
use groma_experiment::plan::Plan;
use groma_experiment::registry::{Registry, RunOptions};
use groma_experiment::why::{Why, explain};
use support::{MS, SECOND, crash, phase, plan, run};

/// Payments over links of 8 Mbit/s: the proposer's egress is what binds.
fn narrow() -> Plan {
    let mut plan = plan("pbft");
    plan.machine.egress_bps = 8_000_000;
    plan.load = vec![phase(SECOND, 300, false), phase(2 * SECOND, 300, true)];
    plan
}

fn why(plan: &Plan, options: Option<&Options>) -> Why {
    let run = RunOptions::default();
    explain(plan, options, &Registry::standard(), &run, &|_| {}).unwrap()
}

fn gain(why: &Why, name: &str) -> f64 {
    let what_if = why.what_ifs.iter().find(|what_if| what_if.name == name);
    what_if.unwrap().capacity_change.unwrap()
}

#[test]
fn bandwidth_is_what_a_narrow_link_wants() {
    let options = Options {
        width: 0.05,
        ..Options::default()
    };
    let why = why(&narrow(), Some(&options));
    assert!(why.binds.contains("egress"), "{}", why.binds);
    assert!(gain(&why, "2x bandwidth") > 0.6, "{:?}", why.what_ifs);
    for other in ["2x cores", "2x gateway bandwidth", "disk twice as fast"] {
        assert!(
            gain(&why, other).abs() <= 0.1,
            "{other}: {:?}",
            why.what_ifs
        );
    }
    // The proposer's links are the lowest closed form, and nothing beats it.
    let lowest = &why.bounds[0];
    assert_eq!(lowest.name, "egress, if one replica proposes all");
    let capacity = why.capacity_tps.unwrap();
    assert!(capacity <= lowest.tps, "{capacity} {lowest:?}");
    assert!(capacity >= 0.6 * lowest.tps, "{capacity} {lowest:?}");
    assert_eq!(why.resources[0].kind, "egress");
}

#[test]
fn without_a_search_there_are_latencies_alone() {
    let why = why(&narrow(), None);
    assert_eq!((why.capacity_tps, why.capacity_width), (None, None));
    let near = why
        .what_ifs
        .iter()
        .find(|what_if| what_if.name == "half the round trip")
        .unwrap();
    assert!(near.p99_change.unwrap() < -0.1, "{near:?}");
    assert!(near.capacity_change.is_none());
}

#[test]
fn a_resource_without_a_limit_has_no_bound_and_no_what_if() {
    let mut plan = narrow();
    (plan.machine.egress_bps, plan.machine.ingress_bps) = (0, 0);
    (plan.machine.cores, plan.client.gateway_bps) = (0, 0);
    let why = why(&plan, None);
    for name in ["2x bandwidth", "2x cores", "2x gateway bandwidth"] {
        assert!(
            why.what_ifs.iter().all(|what_if| what_if.name != name),
            "{name}"
        );
    }
    let limited = |name: &str| name.contains("gress") || name.contains("CPU");
    assert!(
        why.bounds.iter().all(|bound| !limited(&bound.name)),
        "{:?}",
        why.bounds
    );
}

#[test]
fn regions_make_up_the_whole_and_far_ones_wait_longer() {
    let record = run(&plan("raft")).record;
    let regions = &record.regions;
    assert_eq!(regions.len(), 3);
    let sum = |of: fn(&groma_experiment::result::RegionRecord) -> u64| {
        regions.iter().map(of).sum::<u64>()
    };
    assert_eq!(sum(|region| region.offered), record.load.offered);
    assert_eq!(sum(|region| region.finalised), record.load.finalised);
    assert_eq!(sum(|region| region.rejected), record.load.rejected);
    assert_eq!(
        sum(|region| region.finality_ms.count),
        record.finality_ms.count
    );
    let lanes: Vec<&str> = record.lanes.iter().map(|lane| lane.lane.as_str()).collect();
    assert_eq!(
        lanes,
        ["consensus", "execution", "storage", "intake", "verify"]
    );
    for lane in &record.lanes {
        assert!(lane.busy_max > 0.0 && lane.busy_max < 1.0, "{lane:?}");
        assert!(lane.busy_mean <= lane.busy_max, "{lane:?}");
    }
}

#[test]
fn a_crashed_leader_leaves_a_gap_and_a_backlog_that_drains() {
    let mut plan = plan("raft");
    plan.load = vec![phase(SECOND, 500, false), phase(8 * SECOND, 500, true)];
    // Whoever leads, it is down for two of the eight seconds.
    plan.faults = (0..4)
        .map(|replica| crash(replica, 3 * SECOND, 3 * SECOND + 200 * MS))
        .collect();
    let record = run(&plan).record;
    assert_eq!(record.recoveries.len(), 4);
    for recovery in &record.recoveries {
        let first = recovery.first_commit_ms.unwrap();
        assert!(first > 200.0 && first < 5_000.0, "{recovery:?}");
        assert!(recovery.longest_gap_ms.unwrap() >= first, "{recovery:?}");
        assert!(recovery.drain_ms.unwrap() > 0.0, "{recovery:?}");
    }
}

#[test]
fn a_link_that_is_full_by_turns_is_named_though_it_is_idle_on_average() {
    let mut plan = narrow();
    plan.protocol.name = "hotstuff".to_owned();
    plan.load = vec![phase(SECOND, 700, false), phase(3 * SECOND, 700, true)];
    let record = run(&plan).record;
    let told = binds(&record);
    assert!(told.contains("egress by turns"), "{told}");
    let busiest = record.machines.iter().map(|machine| machine.egress);
    assert!(busiest.fold(0.0, f64::max) < 0.85);
}

#[test]
fn nothing_binds_where_there_is_no_quorum_or_no_load_to_speak_of() {
    let mut lost = plan("pbft");
    lost.load = vec![phase(2 * SECOND, 100, true)];
    lost.drain_ns = SECOND;
    let end = lost.horizon_ns();
    lost.faults = vec![crash(2, 0, end), crash(3, 0, end)];
    assert!(binds(&run(&lost).record).contains("no quorum"));
    let mut idle = plan("pbft");
    idle.load = vec![phase(2 * SECOND, 100, true)];
    assert!(binds(&run(&idle).record).starts_with("nothing at this load"));
}
