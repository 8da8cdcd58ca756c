//! What a run says when no other design would help: files, one key for all, deadlines.

mod support;

use groma_experiment::plan::{Plan, TargetPlan};
use support::{MS, SECOND, phase, plan, run};

/// A run that misses this target, changed.
fn reasons(target_ms: f64, change: impl FnOnce(&mut Plan)) -> Vec<String> {
    let mut plan = plan("pbft");
    plan.load = vec![phase(3 * SECOND, 200, true)];
    plan.targets = vec![TargetPlan {
        metric: "finality_ms_p99".to_owned(),
        target: target_ms,
        at_least: false,
    }];
    change(&mut plan);
    let record = run(&plan).record;
    let marked = |reason: &&String| reason.starts_with("unsuitable for a chain: ");
    let found: Vec<String> = record.reasons.iter().filter(marked).cloned().collect();
    assert_eq!(record.is_unsuitable(), !found.is_empty());
    found
}

#[test]
fn files_belong_elsewhere() {
    let found = reasons(60.0, |plan| {
        plan.client.request_bytes = 1_000_000;
        plan.load = vec![phase(3 * SECOND, 10, true)];
        plan.batch.max_bytes = 8_000_000;
    });
    let text = "a transaction has 1.0 MB and goes to each of 4 replicas";
    assert!(found.iter().any(|cause| cause.contains(text)), "{found:?}");
}

#[test]
fn one_key_for_all_is_executed_by_one_core() {
    let found = reasons(60.0, |plan| {
        plan.workload.mix[0].workload = "fifa".to_owned();
        plan.load = vec![phase(3 * SECOND, 4_000, true)];
    });
    let text = "of a block's transactions wait for others by the keys that they share";
    assert!(found.iter().any(|cause| cause.contains(text)), "{found:?}");
}

#[test]
fn a_deadline_below_the_median_asks_for_something_else() {
    let found = reasons(20.0, |_| {});
    let text = "an answer is asked for within 20 ms, and half of all take more than";
    assert!(found.iter().any(|cause| cause.contains(text)), "{found:?}");
}

#[test]
fn what_passes_or_is_only_too_much_suits() {
    assert_eq!(reasons(2_000.0, |_| {}), [""; 0]);
    // An overload says nothing of the application.
    let found = reasons(200.0, |plan| {
        plan.machine.egress_bps = 2_000_000;
        plan.batch.max_wait_ns = 5 * MS;
        plan.load = vec![phase(3 * SECOND, 4_000, true)];
        plan.drain_ns = SECOND;
    });
    assert_eq!(found, [""; 0]);
}
