//! Whole runs: a window that is made again is the one that the run went
//! through, and two runs part where their plans make them.

#![allow(clippy::unwrap_used)]

mod support;

use groma_experiment::divergence::{Extract, bounds, compare, extract, first_window};
use groma_experiment::plan::{FaultKind, FaultPlan, Plan};
use groma_experiment::registry::{Registry, RunOptions};
use groma_experiment::result::{TRAIL_STEP, TrailMark};
use support::{MS, SECOND, phase, plan, run};

fn window(plan: &Plan, window: u64, trail: &[TrailMark]) -> Result<Extract, String> {
    let registry = Registry::standard();
    let entry = registry.find(&plan.protocol.name).unwrap();
    extract(entry, plan, &RunOptions::default(), window, trail)
}

#[test]
fn windows_together_are_the_run() {
    let mut plan = plan("pbft");
    plan.load = vec![phase(15 * SECOND, 2_000, true)];
    let result = run(&plan);
    let deliveries = result.record.deliveries;
    assert!(
        deliveries > 2 * TRAIL_STEP,
        "the run has three windows: {deliveries}"
    );
    let mut next = 0;
    let mut at_ns = 0;
    for index in 0..=deliveries / TRAIL_STEP {
        let extract = window(&plan, index, &result.trail).unwrap();
        assert!(extract.fits(&result.trail));
        for delivery in &extract.deliveries {
            assert_eq!(delivery.number, next);
            assert!(delivery.at_ns >= at_ns);
            (next, at_ns) = (next + 1, delivery.at_ns);
        }
        let (_, end) = bounds(&result.trail, index).unwrap();
        assert_eq!(next, end.deliveries);
        let known = extract
            .deliveries
            .iter()
            .filter(|event| event.after.is_some());
        assert!(known.count() * 10 > extract.deliveries.len() * 9);
    }
    assert_eq!(next, deliveries);
    let beyond = window(&plan, deliveries / TRAIL_STEP + 1, &result.trail);
    assert!(beyond.unwrap_err().contains("no window"));
}

#[test]
fn a_window_needs_no_trail_to_be_found() {
    let plan = plan("pbft");
    let trail = run(&plan).trail;
    assert_eq!(
        window(&plan, 1, &[]).unwrap(),
        window(&plan, 1, &trail).unwrap()
    );
}

/// A trail that says another time cuts the window, and the fingerprints tell.
#[test]
fn a_window_that_is_not_the_run_s_does_not_fit() {
    let plan = plan("pbft");
    let trail = run(&plan).trail;
    let mut other = trail.clone();
    other[0].fingerprint = "0".repeat(32);
    let extract = window(&plan, 0, &trail).unwrap();
    assert!(extract.fits(&trail) && !extract.fits(&other));
}

#[test]
fn a_fault_late_in_the_run_is_found_there() {
    let base = plan("pbft");
    let mut head = base.clone();
    let at_ns = 5 * SECOND + 1;
    head.faults.push(FaultPlan {
        at_ns,
        until_ns: 5 * SECOND + 300 * MS,
        kind: FaultKind::Isolate(vec![3]),
    });
    let (ours, theirs) = (run(&base).trail, run(&head).trail);
    let index = first_window(&ours, &theirs).unwrap();
    assert!(index > 0);
    let (ours, theirs) = (
        window(&base, index, &ours).unwrap(),
        window(&head, index, &theirs).unwrap(),
    );
    let found = compare(&ours.deliveries, &theirs.deliveries, 3).unwrap();
    let event = found.base.event.unwrap();
    // It was to come from or to the replica that was cut off.
    assert!(
        event.at_ns >= at_ns && event.at_ns < at_ns + 50 * MS,
        "{event:?}"
    );
    assert!(event.to == 3 || event.from == 3, "{event:?}");
    assert_eq!(found.before.len(), 3);
}
