//! Lanes, regions and recoveries of an invented run.

use groma_experiment::plan::Plan;
use groma_experiment::result::{LaneRecord, LoadRecord, Percentiles, RecoveryRecord, RegionRecord};

use super::Dice;

pub fn lanes(dice: &mut Dice) -> Vec<LaneRecord> {
    [
        ("consensus", 0.21),
        ("execution", 0.34),
        ("storage", 0.12),
        ("intake", 0.28),
        ("verify", 0.4),
    ]
    .into_iter()
    .enumerate()
    .map(|(index, (lane, busy))| LaneRecord {
        lane: lane.to_owned(),
        busy_mean: dice.near(busy, 0.1),
        busy_max: dice.near(busy * 1.7, 0.1),
        busiest: index as u32 % 4,
        wait_ms_mean: Some(dice.near(0.8, 0.3)),
        wait_ms_busiest: if index == 2 {
            None
        } else {
            Some(dice.near(4.2, 0.3))
        },
    })
    .collect()
}

/// Shares of 8, 4 and 4 replicas' regions; the last one is far away.
pub fn regions(plan: &Plan, load: &LoadRecord, finality: &Percentiles) -> Vec<RegionRecord> {
    let replicas = u64::from(plan.replicas());
    plan.committee
        .iter()
        .enumerate()
        .map(|(index, region)| {
            let part = |whole: u64| whole * u64::from(region.replicas) / replicas;
            let far = 1.0 + 0.3 * index as f64;
            let slower = |value: Option<f64>| value.map(|value| value * far);
            RegionRecord {
                region: region.region.clone(),
                offered: part(load.offered),
                finalised: part(load.finalised),
                rejected: part(load.rejected),
                shed: part(load.shed),
                finality_ms: Percentiles {
                    p50: slower(finality.p50),
                    p99: slower(finality.p99),
                    ..finality.clone()
                },
            }
        })
        .collect()
}

/// The last fault never heals, so nothing is ever drained after it.
pub fn recoveries(plan: &Plan) -> Vec<RecoveryRecord> {
    let last = plan.faults.len().saturating_sub(1);
    (0..plan.faults.len())
        .map(|fault| RecoveryRecord {
            fault,
            first_commit_ms: Some(180.0 + 40.0 * fault as f64),
            longest_gap_ms: Some(2_150.0),
            drain_ms: (fault < last).then_some(3_000.0),
        })
        .collect()
}
