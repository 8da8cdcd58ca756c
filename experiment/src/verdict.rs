//! From what was recorded and checked to the exact record of a run: rates,
//! targets, the verdict and its reasons.

use std::collections::BTreeMap;

use groma_sim::{Lane, Stop, Time};

use crate::checker::Checker;
use crate::layout::Layout;
use crate::plan::{Expect, Plan, TargetPlan};
use crate::recorder::{Measured, Recorder, Recording};
use crate::recovery;
use crate::result::{
    BacklogRecord, Beside, Checks, HostRecord, LoadRecord, MachineRecord, PerBlock, Percentiles,
    RunRecord, RunResult, SCHEMA, STAGES, StageRecord, TargetRecord, TrailMark, Verdict, Violation,
};
use crate::suitability;
use crate::usage::{self, LaneTotals, MachineTotals};
use crate::weights::Weights;

/// Below so many transactions in flight (at the middle and the end together) a
/// backlog's swing is told from its growth.
const SMALL_BACKLOG: u64 = 1_000;

/// How a run ended.
#[derive(Debug)]
pub struct Ending {
    /// Why the simulation stopped.
    pub stop: Stop,
    /// When.
    pub at: Time,
    /// Not final, intended in measured time.
    pub expired: u64,
    /// Not final, all phases.
    pub unfinished: u64,
    /// Consensus messages by kind.
    pub messages: BTreeMap<String, u64>,
    /// Consensus messages sent in measured time.
    pub measured_messages: u64,
    /// Their bytes.
    pub measured_bytes: u64,
    /// Open-loop transactions that no gateway has taken.
    pub untaken: u64,
    /// Transactions that the load called for.
    pub drawn: u64,
    /// Highest view.
    pub views: u64,
    /// Root of the highest executed state.
    pub state_root: String,
    /// Running hash over all deliveries.
    pub fingerprint: u128,
    /// Deliveries.
    pub deliveries: u64,
    /// Events taken from the queue.
    pub events: u64,
    /// Use of each machine over the measured time.
    pub totals: Vec<MachineTotals>,
    /// Use of each replica's lanes over the measured time.
    pub lanes: Vec<[LaneTotals; Lane::COUNT]>,
    /// The fingerprint along the way.
    pub trail: Vec<TrailMark>,
    /// Unfinished and offered at each sampled instant.
    pub unfinished_at: Vec<(Time, u64, u64)>,
}

/// Rounds to four decimals: enough for a share, and short in files.
#[must_use]
pub fn round4(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// Makes the result of a run.
#[must_use]
pub fn conclude(
    plan: &Plan,
    layout: &Layout,
    mut checker: Checker,
    recorder: Recorder,
    ending: Ending,
) -> RunResult {
    let still_open = recorder.unfinished();
    let offered_in_all = recorder.offered();
    let mut recording = recorder.finish();
    finish_load(plan, &mut recording, ending.expired);
    check_balances(&mut checker, &recording.load, &ending, still_open);
    checker.check_balance(
        ending.at,
        "drawn by the load = offered at the gateways + not yet taken",
        ending.drawn,
        offered_in_all + ending.untaken,
    );
    let contention = checker.world().contention().map(round4);
    let (checks, violations, violated) = checker.finish();
    let mut record = record(plan, layout, &recording, &ending);
    record.storage.contention = contention;
    (record.checks, record.violations) = (checks, violations);
    let targets = plan.targets.iter();
    record.targets = targets.map(|target| judge(&record, target)).collect();
    (record.verdict, record.reasons) = verdict(&record, violated, ending.stop);
    let unsuitable = suitability::causes(&record);
    record.reasons.extend(unsuitable);
    record.reasons.extend(unmet(&record));
    let host = HostRecord {
        virtual_seconds: record.virtual_seconds,
        events: ending.events,
        ..HostRecord::default()
    };
    let beside = beside(&recording, &ending);
    RunResult {
        record,
        host,
        windows: recording.windows,
        histograms: recording.histograms,
        window_histograms: recording.window_histograms,
        trail: ending.trail,
        beside,
    }
}

/// What a scenario expects that did not come, in words. A load that should have been
/// sustained has its own reasons.
fn unmet(record: &RunRecord) -> Option<String> {
    let listed = |checks: &[String]| match checks {
        [] => "none".to_owned(),
        checks => checks.join(", "),
    };
    if record.is_as_expected() {
        return None;
    }
    match record.plan.expect {
        Expect::Sustained => None,
        Expect::Unsustained => Some("the scenario expects a load that is not sustained".to_owned()),
        Expect::Violated => {
            let mut broken: Vec<String> = Vec::new();
            for violation in &record.violations {
                if !broken.contains(&violation.check) {
                    broken.push(violation.check.clone());
                }
            }
            let wanted = match record.plan.breaks.as_slice() {
                [] => "some check".to_owned(),
                checks => listed(checks),
            };
            let found = listed(&broken);
            Some(format!(
                "the scenario expects {wanted} to break; broken: {found}"
            ))
        }
    }
}

/// The figures that stand beside the record.
fn beside(recording: &Recording, ending: &Ending) -> Beside {
    let commits = recording.quorum_commits;
    let quorum = (commits.blocks > 0).then(|| commits.total_ns as f64 / commits.blocks as f64);
    let mut beside = Beside {
        in_flight_mean: recording.in_flight_mean,
        quorum_ms_mean: quorum.map(|ns| ns / 1e6),
        quorum_blocks: commits.blocks,
        ..Beside::default()
    };
    for (lane, jobs, wait_ns) in usage::waits(&ending.lanes) {
        beside.lane_wait_ns.insert(lane.to_owned(), wait_ns);
        beside.lane_jobs.insert(lane.to_owned(), jobs);
    }
    beside
}

fn check_balances(checker: &mut Checker, load: &LoadRecord, ending: &Ending, still_open: u64) {
    for (what, left, right) in [
        (
            "offered = submitted + shed",
            load.offered,
            load.submitted + load.shed,
        ),
        (
            "unfinished at the gateways = offered - ended",
            ending.unfinished,
            still_open,
        ),
    ] {
        checker.check_balance(ending.at, what, left, right);
    }
}

/// The record of what was measured; verdict, checks and targets come after.
fn record(plan: &Plan, layout: &Layout, recording: &Recording, ending: &Ending) -> RunRecord {
    let named = |counts: &BTreeMap<&'static str, u64>| {
        let counts = counts.iter();
        counts
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    };
    RunRecord {
        schema: SCHEMA.to_owned(),
        mode: "sim".to_owned(),
        name: plan.name.clone(),
        key: plan.key(),
        fingerprint: format!("{:032x}", ending.fingerprint),
        plan: plan.clone(),
        verdict: Verdict::Pass,
        reasons: Vec::new(),
        finality_ms: Percentiles::of(&recording.histograms["finality"]),
        consensus_ms: Percentiles::of(&recording.histograms["consensus"]),
        commit_ms: Percentiles::of(&recording.histograms["commit"]),
        stages_ms: stages(recording),
        per_block: per_block(&recording.load, recording, ending),
        messages: ending.messages.clone(),
        blocks: recording.nonempty_blocks,
        heights: recording.heights,
        views: ending.views,
        state_root: ending.state_root.clone(),
        machines: machines(layout, ending),
        lanes: usage::lanes(&ending.lanes),
        regions: recording.regions.clone(),
        recoveries: recovery::records(plan, &recording.commits, &ending.unfinished_at),
        checks: Checks::default(),
        violations: Vec::new(),
        targets: Vec::new(),
        backlog: backlog(plan, ending),
        storage: recording.storage.clone(),
        refusals: named(&recording.refusals),
        counts: named(&recording.counts),
        propagation_ms: recording.propagation.clone(),
        deliveries: ending.deliveries,
        virtual_seconds: ending.at.as_secs_f64(),
        load: recording.load.clone(),
    }
}

fn finish_load(plan: &Plan, recording: &mut Recording, expired: u64) {
    let seconds = Measured::of(plan).total().as_nanos() as f64 / 1e9;
    let load = &mut recording.load;
    load.expired = expired;
    load.submitted = load.finalised + load.rejected + load.expired;
    load.measured_seconds = seconds;
    if seconds > 0.0 {
        // Rates are those of the true day, where a calendar plays it in less time.
        let seconds = Weights::measured_ns(plan) as f64 / 1e9;
        load.offered_tps = round4(recording.offered_weight as f64 / seconds);
        load.goodput_tps = round4(recording.applied_weight as f64 / seconds);
    }
}

fn stages(recording: &Recording) -> BTreeMap<String, StageRecord> {
    STAGES
        .iter()
        .map(|stage| {
            let all = Percentiles::of(&recording.histograms[&format!("stage-{stage}")]);
            (
                (*stage).to_owned(),
                StageRecord {
                    mean: all.mean,
                    p50: all.p50,
                    p99: all.p99,
                },
            )
        })
        .collect()
}

fn per_block(load: &LoadRecord, recording: &Recording, ending: &Ending) -> PerBlock {
    let blocks = recording.nonempty_blocks;
    if blocks == 0 || load.offered == 0 {
        return PerBlock::default();
    }
    let per = |total: u64| round4(total as f64 / blocks as f64);
    PerBlock {
        txs: per(recording.block_txs),
        messages: per(ending.measured_messages),
        bytes: per(ending.measured_bytes),
    }
}

fn machines(layout: &Layout, ending: &Ending) -> Vec<MachineRecord> {
    layout
        .names
        .iter()
        .zip(&ending.totals)
        .zip(&layout.machines)
        .map(|(((id, role, region), totals), spec)| {
            let shares = totals.shares(spec.cores);
            MachineRecord {
                id: id.clone(),
                role: (*role).to_owned(),
                region: region.clone(),
                cpu: round4(shares.cpu),
                egress: round4(shares.egress),
                ingress: round4(shares.ingress),
                egress_bytes: totals.egress_bytes,
                ingress_bytes: totals.ingress_bytes,
                egress_wait_ms: totals.waits_ms().0,
                ingress_wait_ms: totals.waits_ms().1,
            }
        })
        .collect()
}

fn backlog(plan: &Plan, ending: &Ending) -> BacklogRecord {
    let at = |instant: Time| {
        ending
            .unfinished_at
            .iter()
            .rev()
            .find(|(time, ..)| *time <= instant)
            .map_or((0, 0), |&(_, open, offered)| (open, offered))
    };
    let max = ending
        .unfinished_at
        .iter()
        .map(|&(_, open, _)| open)
        .max()
        .unwrap_or(0);
    let Some((middle, end)) = Measured::of(plan).middle_and_end() else {
        return BacklogRecord {
            max,
            ..BacklogRecord::default()
        };
    };
    let ((open_middle, offered_middle), (open_end, offered_end)) = (at(middle), at(end));
    BacklogRecord {
        middle: open_middle,
        end: open_end,
        offered_between: offered_end - offered_middle,
        max,
    }
}

/// The value of a metric by its name in `target:`.
fn measured(record: &RunRecord, metric: &str) -> Option<f64> {
    let percentile = |of: &Percentiles, name: &str| match name {
        "mean" => of.mean,
        "p50" => of.p50,
        "p90" => of.p90,
        "p99" => of.p99,
        "p999" => of.p999,
        "max" => of.max,
        _ => None,
    };
    match metric {
        "goodput_tps" => Some(record.load.goodput_tps),
        "success" => {
            let answered = (record.load.finalised + record.load.rejected) as f64;
            (record.load.offered > 0).then(|| round4(answered / record.load.offered as f64))
        }
        _ => metric
            .strip_prefix("finality_ms_")
            .and_then(|name| percentile(&record.finality_ms, name))
            .or_else(|| {
                metric
                    .strip_prefix("consensus_ms_")
                    .and_then(|name| percentile(&record.consensus_ms, name))
            })
            .or_else(|| {
                metric
                    .strip_prefix("commit_ms_")
                    .and_then(|name| percentile(&record.commit_ms, name))
            }),
    }
}

fn judge(record: &RunRecord, target: &TargetPlan) -> TargetRecord {
    let measured = measured(record, &target.metric);
    let met = measured.is_some_and(|value| {
        if target.at_least {
            value >= target.target
        } else {
            value <= target.target
        }
    });
    TargetRecord {
        metric: target.metric.clone(),
        target: target.target,
        at_least: target.at_least,
        measured,
        met,
    }
}

/// The verdict and its reasons. Sustained means (docs/glossary.md) that final and
/// rejected make at least 99 % of offered, that the backlog does not grow by
/// more than 1 % of what was offered in the second half (nor beyond the swing of
/// a steady queue), and that p99 is within its target.
fn verdict(record: &RunRecord, violated: u64, stop: Stop) -> (Verdict, Vec<String>) {
    // The first of each check: what follows it is its consequence.
    let mut reasons: Vec<String> = Vec::new();
    for (index, violation) in record.violations.iter().enumerate() {
        let mut earlier = record.violations[..index].iter();
        if !earlier.any(|known| known.check == violation.check) {
            reasons.push(first_line(violation));
        }
    }
    if violated > reasons.len() as u64 {
        reasons.push(format!("{violated} violations in all"));
    }
    if violated > 0 {
        return (Verdict::Violated, reasons);
    }
    reasons.extend(unsustained(record, stop));
    if !reasons.is_empty() {
        return (Verdict::Unsustained, reasons);
    }
    let missed: Vec<String> = record
        .targets
        .iter()
        .filter(|target| !target.met)
        .map(miss)
        .collect();
    if missed.is_empty() {
        (Verdict::Pass, missed)
    } else {
        (Verdict::Missed, missed)
    }
}

fn first_line(violation: &Violation) -> String {
    format!(
        "{} broken at {}: {}",
        violation.check,
        Time::from_nanos(violation.at_ns),
        violation.detail
    )
}

fn miss(target: &TargetRecord) -> String {
    let sense = if target.at_least {
        "at least"
    } else {
        "at most"
    };
    match target.measured {
        Some(value) => format!(
            "{} is {value}, the target is {sense} {}",
            target.metric, target.target
        ),
        None => format!(
            "{} was not measured, the target is {sense} {}",
            target.metric, target.target
        ),
    }
}

fn unsustained(record: &RunRecord, stop: Stop) -> Vec<String> {
    let mut reasons = Vec::new();
    let load = &record.load;
    if stop == Stop::Limit {
        reasons.push("the run hit its limit of events".to_owned());
    }
    let ended = load.finalised + load.rejected;
    if load.offered == 0 || ended == 0 {
        reasons.push(format!(
            "no transaction became final ({} offered)",
            load.offered
        ));
        return reasons;
    }
    if u128::from(ended) * 100 < u128::from(load.offered) * 99 {
        reasons.push(format!(
            "{ended} of {} offered became final or were refused by a rule: less than 99 % ({} shed, {} expired)",
            load.offered, load.shed, load.expired
        ));
    }
    let backlog = &record.backlog;
    let growth = backlog.end.saturating_sub(backlog.middle);
    // At a few transactions in flight, 1 % of the offered is less than what a
    // steady queue swings by: three standard deviations of the difference of two
    // Poisson counts are no growth.
    let in_flight = backlog.middle + backlog.end;
    let swing = in_flight < SMALL_BACKLOG && growth * growth <= 9 * in_flight;
    if growth * 100 > backlog.offered_between && !swing {
        reasons.push(format!(
            "the backlog grew from {} to {} transactions over the second half of the measured time",
            backlog.middle, backlog.end
        ));
    }
    let late = record
        .targets
        .iter()
        .filter(|target| target.metric == "finality_ms_p99" && !target.met);
    reasons.extend(late.map(miss));
    reasons
}
