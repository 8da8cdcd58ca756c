//! The methodology lens: what other tools would have said of the same run.
//!
//! Each view applies one tool's published way of counting to a run's record,
//! windows and histograms. Pure: nothing is run here. Where the load itself
//! differs, the figures come from [`SecondRuns`], which `groma run --lens` makes.

use groma_experiment::result::{Percentiles, RunRecord, Window};
use groma_experiment::store::LoadedRun;
use serde::{Deserialize, Serialize};

use crate::format::{Unit, count};

/// Schema name of every file with second runs.
pub const SCHEMA: &str = "groma.lens/1";

/// The same plan under the loads of other tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondRuns {
    /// [`SCHEMA`].
    pub schema: String,
    /// Key of the run that they belong to.
    pub key: String,
    /// Digest of the build that made them.
    pub build: String,
    /// With every second's arrivals at its start.
    pub bursts: Option<SecondRun>,
    /// With a fixed number in flight.
    pub closed: Option<SecondRun>,
}

/// The figures of one second run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondRun {
    /// Key of its plan.
    pub key: String,
    /// Transactions in flight; null for an open loop.
    pub in_flight: Option<u32>,
    /// Offered per second of measured time.
    pub offered_tps: f64,
    /// Applied per second of measured time.
    pub goodput_tps: f64,
    /// Intended send time to finality.
    pub finality_ms: Percentiles,
}

impl SecondRun {
    /// Keeps what the lens shows of a run.
    #[must_use]
    pub fn of(record: &RunRecord, in_flight: Option<u32>) -> Self {
        Self {
            key: record.key.clone(),
            in_flight,
            offered_tps: record.load.offered_tps,
            goodput_tps: record.load.goodput_tps,
            finality_ms: record.finality_ms.clone(),
        }
    }
}

/// What one tool would print.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The tool.
    pub tool: &'static str,
    /// What it calls its throughput.
    pub rate_name: &'static str,
    /// That figure, in TPS; `None` where there is nothing to compute it from.
    pub rate: Option<f64>,
    /// What it calls its latency.
    pub latency_name: &'static str,
    /// The latency that would be quoted, in milliseconds.
    pub latency: Option<f64>,
    /// What stands beside the two.
    pub aside: String,
    /// Why they differ from goodput and p99 finality.
    pub why: String,
    /// Where the tool's way of counting is stated.
    pub source: &'static str,
}

/// The views of a run, in a fixed order.
#[must_use]
pub fn views(run: &LoadedRun, second: Option<&SecondRuns>) -> Vec<View> {
    vec![
        caliper(run),
        fabfile(run),
        diablo(run),
        tm_load_test(&run.record, second.and_then(|runs| runs.bursts.as_ref())),
        closed_loop(&run.record, second.and_then(|runs| runs.closed.as_ref())),
    ]
}

/// In flight in a closed loop that carries the same goodput while nothing
/// stalls, by Little's law. The median stands for the mean: an outage that makes
/// a tenth of all wait takes the mean far from any undisturbed moment, and the
/// loop would carry several times the load.
#[must_use]
pub fn in_flight(record: &RunRecord) -> u32 {
    let typical_s = record.finality_ms.p50.unwrap_or(0.0) / 1_000.0;
    (record.load.goodput_tps * typical_s)
        .round()
        .clamp(1.0, 1e9) as u32
}

/// Seconds from the first window that `from` accepts to the end of the last
/// that `to` accepts.
fn stretch(
    windows: &[Window],
    from: impl Fn(&Window) -> bool,
    to: impl Fn(&Window) -> bool,
) -> Option<f64> {
    let first = windows.iter().find(|window| from(window))?;
    let last = windows.iter().rev().find(|window| to(window))?;
    let end = last.start_s + Window::length_s(windows);
    let seconds = end.checked_sub(first.start_s)?;
    (seconds > 0).then_some(seconds as f64)
}

fn per_second(events: u64, seconds: Option<f64>) -> Option<f64> {
    seconds.map(|seconds| events as f64 / seconds)
}

fn answered(window: &Window) -> bool {
    window.finalised + window.rejected > 0
}

/// Caliper's table: Succ, Fail, Send Rate, Max/Min/Avg Latency, Throughput. Its
/// throughput is (Succ + Fail) over the time from the round's first creation to
/// its last finish; what timed out ends the round late.
fn caliper(run: &LoadedRun) -> View {
    let load = &run.record.load;
    let fail = load.rejected + load.shed + load.expired;
    let expired = load.expired > 0;
    let seconds = stretch(
        &run.windows,
        |window| window.measured,
        |window| expired || answered(window),
    );
    let smallest = run
        .histograms
        .get("finality")
        .filter(|values| !values.is_empty())
        .map(|values| Unit::Millis.spell(values.min() as f64 / 1_000.0));
    let most = run
        .record
        .finality_ms
        .max
        .map(|max| Unit::Millis.spell(max));
    View {
        tool: "Hyperledger Caliper",
        rate_name: "Throughput",
        rate: per_second(load.finalised + fail, seconds),
        latency_name: "Avg Latency",
        latency: run.record.finality_ms.mean,
        aside: format!(
            "Succ {}, Fail {}, Send Rate {}, min {}, max {}",
            count(load.finalised),
            count(fail),
            Unit::Tps.spell(rate_of(load.submitted, load.measured_seconds)),
            smallest.unwrap_or_else(|| "–".to_owned()),
            most.unwrap_or_else(|| "–".to_owned()),
        ),
        why: if fail == 0 {
            "Nothing failed here; its throughput still counts failures like successes, over a time that lasts until the last answer, and an average hides the tail.".to_owned()
        } else {
            format!(
                "{} failed transactions are in its throughput, and none of them in its latencies: those are of survivors, and an average hides the tail.",
                count(fail)
            )
        },
        source: "Caliper, report.js: throughput is (successful + failed) / (end - start)",
    }
}

fn rate_of(events: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        events as f64 / seconds
    } else {
        0.0
    }
}

/// The log parser of the HotStuff and Narwhal benchmarks: committed bytes over
/// the time from the first proposal to the last commit, and the mean over
/// sample transactions of the time to the earliest replica's commit.
fn fabfile(run: &LoadedRun) -> View {
    let record = &run.record;
    let has_blocks = |window: &Window| window.blocks > 0;
    let seconds = stretch(&run.windows, has_blocks, has_blocks);
    let consensus = record
        .consensus_ms
        .mean
        .map_or_else(|| "–".to_owned(), |mean| Unit::Millis.spell(mean));
    View {
        tool: "HotStuff / Narwhal fabfile",
        rate_name: "Consensus TPS",
        rate: per_second(record.storage.executed_txs, seconds),
        latency_name: "End-to-end latency",
        latency: record.commit_ms.mean,
        aside: format!("Consensus latency {consensus}"),
        why: "Its clock stops at the earliest replica's commit: no execution, no reply, no second opinion at the client. It averages samples of what was committed, and counts every committed transaction, refused ones and warm-up included.".to_owned(),
        source: "asonnino/hotstuff, benchmark/logs.py: earliest timestamps are kept; mean of samples",
    }
}

/// Diablo: committed transactions per second of the time in which any were
/// committed, and the average latency of the committed ones.
fn diablo(run: &LoadedRun) -> View {
    let load = &run.record.load;
    let committed = load.finalised + load.rejected;
    let seconds = stretch(&run.windows, |window| window.measured, answered);
    let share = if load.offered == 0 {
        0.0
    } else {
        committed as f64 / load.offered as f64
    };
    View {
        tool: "Diablo",
        rate_name: "Throughput",
        rate: per_second(committed, seconds),
        latency_name: "Average latency",
        latency: run.record.finality_ms.mean,
        aside: format!("committed {} of offered", Unit::Share.spell(share)),
        why: "A transaction in a block counts, whether it was applied or refused; what is never committed lowers the share and leaves the latency as it is.".to_owned(),
        source: "Diablo, core/results: success per second; average of the latencies of successes",
    }
}

/// tm-load-test: the rate at which it sent, in bursts of one send period.
fn tm_load_test(record: &RunRecord, bursts: Option<&SecondRun>) -> View {
    let load = &record.load;
    let sent = rate_of(load.submitted, load.measured_seconds);
    let moved = bursts.and_then(|run| {
        let (before, after) = (record.finality_ms.p50?, run.finality_ms.p50?);
        Some(format!(
            " Here bursts alone take p50 from {} to {}.",
            Unit::Millis.spell(before),
            Unit::Millis.spell(after)
        ))
    });
    View {
        tool: "tm-load-test",
        rate_name: "avg_tx_rate",
        rate: Some(sent),
        latency_name: "none (p99 under its bursts)",
        latency: bursts.and_then(|run| run.finality_ms.p99),
        aside: match bursts {
            Some(run) => format!(
                "goodput under its bursts {}",
                Unit::Tps.spell(run.goodput_tps)
            ),
            None => "its bursts need a second run: groma run --lens".to_owned(),
        },
        why: format!(
            "It prints the rate at which it sent, never what became of it, and sends each second's transactions at once.{}",
            moved.unwrap_or_default()
        ),
        source: "tm-load-test, pkg/loadtest: a tick each send period sends the whole rate; replies are not read",
    }
}

/// A closed loop of the same goodput: a client that waits does not send, so a
/// stall is met by few transactions (coordinated omission).
fn closed_loop(record: &RunRecord, closed: Option<&SecondRun>) -> View {
    let shown = closed.and_then(|run| {
        let (open, shut) = (record.finality_ms.p99?, run.finality_ms.p99?);
        let hidden = if shut < 0.9 * open {
            "Here p99 is"
        } else {
            "Here it hides little: p99 is"
        };
        Some(format!(
            " {hidden} {} instead of {}.",
            Unit::Millis.spell(shut),
            Unit::Millis.spell(open)
        ))
    });
    View {
        tool: "closed loop (wrk-style)",
        rate_name: "requests per second",
        rate: closed.map(|run| run.goodput_tps),
        latency_name: "p99",
        latency: closed.and_then(|run| run.finality_ms.p99),
        aside: match closed.and_then(|run| run.in_flight) {
            Some(number) => format!("{} in flight, by Little's law", count(u64::from(number))),
            None => "needs a second run: groma run --lens".to_owned(),
        },
        why: format!(
            "Clients that wait for replies send nothing while the system stalls, so that a stall delays few of them: coordinated omission.{}",
            shown.unwrap_or_default()
        ),
        source: "G. Tene, wrk2: constant throughput and coordinated omission",
    }
}
