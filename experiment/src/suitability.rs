//! When not to use a chain: what a run that failed says of the application and not of the
//! design. More replicas, cores or bandwidth would not help.

use crate::result::{RunRecord, Verdict};

/// A transaction of so many bytes on average is a file.
const FILE_BYTES: f64 = 65_536.0;
/// From this share on, what waits for one another is most of a block.
const CHAINED: f64 = 0.5;
const DAY_SECONDS: f64 = 86_400.0;

/// Begins each of the reasons.
pub const MARK: &str = "unsuitable for a chain";

/// Why the application is not suited, in sentences with the measured figures; nothing for
/// a run that passes, or whose invariants broke.
pub fn causes(record: &RunRecord) -> Vec<String> {
    if matches!(record.verdict, Verdict::Pass | Verdict::Violated) {
        return Vec::new();
    }
    [size(record), contention(record), deadline(record)]
        .into_iter()
        .flatten()
        .map(|cause| format!("{MARK}: {cause}"))
        .collect()
}

/// Files on the chain: every replica receives and keeps each of them.
fn size(record: &RunRecord) -> Option<String> {
    let storage = &record.storage;
    let bytes = storage.block_bytes as f64 / storage.executed_txs as f64;
    let each = if storage.executed_txs == 0 {
        f64::from(record.plan.client.request_bytes)
    } else {
        bytes
    };
    let day = each * record.load.offered_tps * DAY_SECONDS;
    (each >= FILE_BYTES).then(|| {
        format!(
            "a transaction has {:.1} MB and goes to each of {} replicas, {:.1} TB a day on every \
             disk at the offered load; keep the file elsewhere and its digest of 32 B here",
            each / 1e6,
            record.plan.replicas(),
            day / 1e12
        )
    })
}

/// All to one key: no number of cores executes that faster.
fn contention(record: &RunRecord) -> Option<String> {
    let share = record.storage.contention?;
    (share >= CHAINED).then(|| {
        format!(
            "{:.0} % of a block's transactions wait for others by the keys that they share, so \
             that they run one after the other on any number of cores; divide the key, or count \
             elsewhere and write the sum",
            share * 100.0
        )
    })
}

/// A deadline that even the median misses.
fn deadline(record: &RunRecord) -> Option<String> {
    // What an overload delays says nothing of the application.
    if record.load.shed > 0 || record.load.expired > 0 {
        return None;
    }
    let missed = |target: &&crate::result::TargetRecord| {
        !target.met && !target.at_least && target.metric.starts_with("finality_ms")
    };
    let deadline = record
        .targets
        .iter()
        .filter(missed)
        .map(|target| target.target)
        .reduce(f64::min)?;
    let median = record.finality_ms.p50?;
    (median > deadline).then(|| {
        format!(
            "an answer is asked for within {deadline} ms, and half of all take more than {median} \
             ms ({} ms of it for agreement); command from one place, and record here afterwards",
            record.consensus_ms.p50.unwrap_or(0.0)
        )
    })
}
