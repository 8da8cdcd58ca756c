//! From followed transactions to "where the p50 and the p99 went".

use serde::{Deserialize, Serialize};

use super::Part;
use super::tracer::{Sample, Walk};
use crate::tap::Cast;

/// Where the time of the followed transactions went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PathSummary {
    /// Transactions followed.
    pub transactions: u64,
    /// All of them; those about the median; those about the 99th percentile.
    pub bands: Vec<Band>,
}

/// Transactions of about one latency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// `mean`, `p50` or `p99`.
    pub name: String,
    /// Mean finality latency of the band, in milliseconds.
    pub finality_ms: f64,
    /// Transactions in it.
    pub transactions: u64,
    /// Mean time in each part, in the order of the path; they add up to the
    /// latency.
    pub rows: Vec<Row>,
    /// The path of one transaction of the band after its block's creation, in
    /// order of time; empty for the mean.
    pub hops: Vec<Hop>,
}

/// One part of the path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The part.
    pub part: Part,
    /// Mean time in it, in milliseconds.
    pub ms: f64,
    /// Of that, waiting for what others use.
    pub queued_ms: f64,
}

/// One stretch of a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// From the block's creation, in milliseconds.
    pub from_ms: f64,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// The part.
    pub part: Part,
    /// Whether it was waiting for what others use.
    pub queued: bool,
    /// The node at its end.
    pub node: String,
    /// The message or post.
    pub what: String,
}

/// Half-width of a band, in thousandths of all transactions.
const HALF: u64 = 10;

/// Shorter stretches are left out of a printed path, in nanoseconds.
const SHORT_NS: u64 = 1_000;

pub(super) fn summarise(
    mut samples: Vec<Sample>,
    walks: &[Walk],
    cast: &Cast,
    followed: u64,
) -> PathSummary {
    samples.sort_by_key(|sample| (sample.finality_ns, sample.walk));
    let count = samples.len();
    if count == 0 {
        return PathSummary::default();
    }
    let mut whole = 0;
    let before: Vec<u64> = samples
        .iter()
        .map(|sample| {
            whole += sample.weight;
            whole - sample.weight
        })
        .collect();
    let about = |milli: u64| {
        let place = |milli: u64| {
            let share = u128::from(whole) * u128::from(milli) / 1_000;
            before.partition_point(|&before| u128::from(before) < share)
        };
        let low = place(milli.saturating_sub(HALF)).min(count - 1);
        &samples[low..place(milli + HALF).clamp(low + 1, count)]
    };
    PathSummary {
        transactions: followed,
        bands: vec![
            band("mean", &samples, walks, cast),
            band("p50", about(500), walks, cast),
            band("p99", about(990), walks, cast),
        ],
    }
}

fn ms(ns: f64) -> f64 {
    (ns / 1_000.0).round() / 1_000.0
}

fn band(name: &str, samples: &[Sample], walks: &[Walk], cast: &Cast) -> Band {
    let mut sums = [(0_u128, 0_u128); Part::COUNT];
    let mut finality = 0_u128;
    let mut weights = 0_u128;
    for sample in samples {
        let weight = u128::from(sample.weight);
        weights += weight;
        finality += weight * u128::from(sample.finality_ns);
        let walk = &walks[sample.walk as usize];
        for (sum, (queue, work)) in sums.iter_mut().zip(walk.parts) {
            sum.0 += weight * u128::from(queue);
            sum.1 += weight * u128::from(work);
        }
        for (sum, before) in sums.iter_mut().zip(sample.before) {
            sum.1 += weight * u128::from(before);
        }
    }
    let mean = |sum: u128| ms(sum as f64 / weights as f64);
    let rows = Part::ALL.iter().zip(sums).map(|(part, (queue, work))| Row {
        part: *part,
        ms: mean(queue + work),
        queued_ms: mean(queue),
    });
    let middle = &walks[samples[samples.len() / 2].walk as usize];
    Band {
        name: name.to_owned(),
        finality_ms: mean(finality),
        transactions: samples.len() as u64,
        rows: rows.filter(|row| row.ms > 0.0).collect(),
        hops: if name == "mean" {
            Vec::new()
        } else {
            hops(middle, cast)
        },
    }
}

fn hops(walk: &Walk, cast: &Cast) -> Vec<Hop> {
    let long = |stretch: &&super::chain::Stretch| {
        stretch.until.saturating_since(stretch.from).as_nanos() >= SHORT_NS
    };
    walk.stretches
        .iter()
        .rev()
        .filter(long)
        .map(|stretch| Hop {
            from_ms: ms(stretch.from.saturating_since(walk.created).as_nanos() as f64),
            ms: ms(stretch.until.saturating_since(stretch.from).as_nanos() as f64),
            part: stretch.part,
            queued: stretch.queue,
            node: cast
                .nodes
                .get(stretch.node as usize)
                .cloned()
                .unwrap_or_default(),
            what: stretch.what.to_owned(),
        })
        .collect()
}
