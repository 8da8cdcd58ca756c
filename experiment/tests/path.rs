//! The critical path of whole runs: it changes nothing, adds up, and points at
//! what was made slow.
#![allow(clippy::unwrap_used)]

mod support;

use groma_experiment::path::{Band, Part, PathSummary, Tracer};
use groma_experiment::plan::{Plan, SharingPlan};
use groma_experiment::registry::{Registry, RunOptions};
use groma_experiment::result::RunResult;
use support::{MS, PROTOCOLS, SECOND, plan};

fn follow(plan: &Plan) -> (RunResult, PathSummary) {
    let registry = Registry::standard();
    let entry = registry.find(&plan.protocol.name).unwrap();
    let mut tracer = Tracer::new(plan);
    let result = entry
        .run_tapped(plan, &RunOptions::default(), &mut tracer)
        .unwrap();
    (result, tracer.finish())
}

fn short(protocol: &str) -> Plan {
    let mut plan = plan(protocol);
    plan.load = vec![
        support::phase(SECOND, 1_000, false),
        support::phase(2 * SECOND, 1_000, true),
    ];
    plan
}

fn ms(band: &Band, part: Part) -> f64 {
    let row = band.rows.iter().find(|row| row.part == part);
    row.map_or(0.0, |row| row.ms)
}

#[test]
fn every_transaction_is_followed_and_its_parts_add_up() {
    let mut fair = short("pbft");
    fair.machine.egress_bps = 100_000_000;
    fair.network.sharing = SharingPlan::MaxMin;
    for plan in PROTOCOLS.map(short).into_iter().chain([fair]) {
        let protocol = &plan.protocol.name;
        let (result, summary) = follow(&plan);
        assert_eq!(result.record, support::run(&plan).record, "{protocol}");
        let load = &result.record.load;
        assert_eq!(summary.transactions, load.finalised + load.rejected);
        for band in &summary.bands {
            let sum: f64 = band.rows.iter().map(|row| row.ms).sum();
            assert!(
                (sum - band.finality_ms).abs() < 0.02,
                "{protocol}: {band:?}"
            );
            assert_eq!(ms(band, Part::Untraced), 0.0, "{protocol}: {band:?}");
        }
        let mean = result.record.finality_ms.mean.unwrap();
        let bands = &summary.bands;
        assert!(
            (bands[0].finality_ms - mean).abs() < 0.01,
            "{protocol}: {mean}"
        );
        assert!(bands[2].finality_ms > bands[1].finality_ms, "{protocol}");
        let hops = &bands[1].hops;
        for (hop, next) in hops.iter().zip(&hops[1..]) {
            assert!(
                next.from_ms + 0.005 >= hop.from_ms + hop.ms,
                "{protocol}: {hops:?}"
            );
        }
    }
}

#[test]
fn the_path_points_at_what_was_made_slow() {
    let base = follow(&short("pbft")).1;
    let grown = |change: fn(&mut Plan)| {
        let mut plan = short("pbft");
        change(&mut plan);
        let slow = follow(&plan).1;
        let growth = |part: Part| ms(&slow.bands[1], part) - ms(&base.bands[1], part);
        Part::ALL
            .into_iter()
            .max_by(|a, b| growth(*a).total_cmp(&growth(*b)))
            .unwrap()
    };
    assert_eq!(grown(|plan| plan.machine.fsync_ns = 20 * MS), Part::Storage);
    assert_eq!(
        grown(|plan| plan.costs.execute_ns = 400_000),
        Part::Execution
    );
    assert_eq!(grown(|plan| plan.batch.max_wait_ns = 90 * MS), Part::Batch);
    assert_eq!(
        grown(|plan| plan.machine.egress_bps = 20_000_000),
        Part::Egress
    );
    let far = |plan: &mut Plan| {
        for link in &mut plan.network.links {
            let groma_experiment::plan::LatencyPlan::Constant { ns } = link else {
                unreachable!("the plan's links are constant")
            };
            *ns *= 3;
        }
    };
    assert_eq!(grown(far), Part::Propagation);
}
