//! What a load must meet: the verdict of each seed's run, counted over the
//! seeds, and the failure in words.
//!
//! A run meets the criterion when its verdict is `pass`: final and rejected make
//! 99 % of what was offered, the backlog does not grow, every latency target is
//! met and no invariant broke. More than half of the seeds must agree, which
//! makes the answer the median of the seeds' own capacities. A stall under a load is
//! what a search looks for; any other broken invariant ends it.

use super::interval::Answer;
use crate::bottleneck;
use crate::certificate::{Probe, Step};
use crate::result::{RunRecord, TargetRecord, Verdict};

/// The probe that the runs of all seeds make, and the run that speaks for them.
pub(super) struct Judged<'a> {
    pub(super) probe: Probe,
    pub(super) answer: Answer,
    pub(super) speaker: &'a RunRecord,
    /// It failed, but by no more than the swing of queues: a longer run may pass.
    pub(super) undecided: bool,
}

/// Judges the runs of one load, one a seed.
///
/// # Panics
/// When there are none.
pub(super) fn judge<'a>(step: Step, offered_tps: f64, records: &[&'a RunRecord]) -> Judged<'a> {
    let passing = |run: &&&RunRecord| run.verdict == Verdict::Pass;
    let passes = records.iter().filter(passing).count();
    let answer = if records.iter().any(|run| is_broken(run)) {
        Answer::Broken
    } else if 2 * passes > records.len() {
        Answer::Passed
    } else {
        Answer::Failed
    };
    let swings = records.iter().filter(|run| within_swing(run)).count();
    let undecided = answer == Answer::Failed && 2 * (passes + swings) > records.len();
    let speaker = speaker(answer, records);
    let probe = Probe {
        step,
        offered_tps,
        measured_seconds: speaker.load.measured_seconds,
        passed_seeds: u32::try_from(passes).unwrap_or(u32::MAX),
        passed: answer == Answer::Passed,
        verdict: match speaker.verdict {
            Verdict::Violated if answer != Answer::Broken => Verdict::Unsustained,
            verdict => verdict,
        },
        because: because(speaker),
        goodput_tps: median(records, |run| Some(run.load.goodput_tps)).unwrap_or(0.0),
        finality_ms_p50: median(records, |run| run.finality_ms.p50),
        finality_ms_p99: median(records, |run| run.finality_ms.p99),
        binds: bottleneck::binds(speaker),
    };
    Judged {
        probe,
        answer,
        speaker,
        undecided,
    }
}

/// Whether something false was done. That nothing more came to be done while load waited
/// is how an overload ends, and no falsehood.
fn is_broken(run: &RunRecord) -> bool {
    run.violations
        .iter()
        .any(|violation| violation.check != "progress")
}

/// Whether a run failed by the growth of its backlog alone, and that by less
/// than half of what stood there. The rule of 1 % asks whether load outgrows
/// service; over a short time 1 % of what is offered is less than what a steady
/// queue swings by, since it moves by whole batches and blocks. A true overload
/// shows in a run three times as long, where the same excess grows threefold and
/// the swing does not.
fn within_swing(run: &RunRecord) -> bool {
    let backlog = &run.backlog;
    run.verdict == Verdict::Unsustained
        && run.reasons.len() == 1
        && backlog_grew(run)
        && run.targets.iter().all(|target| target.met)
        && 2 * backlog.end < 3 * backlog.middle
}

fn backlog_grew(run: &RunRecord) -> bool {
    let growth = |reason: &String| reason.starts_with("the backlog grew");
    run.reasons.iter().any(growth)
}

/// Of the runs that came out as the probe did, the one with the median p99: a
/// probe that failed must not be explained by the one seed that passed.
fn speaker<'a>(answer: Answer, records: &[&'a RunRecord]) -> &'a RunRecord {
    let agrees = |run: &RunRecord| match answer {
        Answer::Passed => run.verdict == Verdict::Pass,
        Answer::Broken => is_broken(run),
        Answer::Failed => run.verdict != Verdict::Pass,
    };
    let mut same: Vec<&RunRecord> = records.iter().copied().filter(|run| agrees(run)).collect();
    // Nothing final is slower than any figure.
    let p99 = |run: &RunRecord| run.finality_ms.p99.unwrap_or(f64::INFINITY);
    same.sort_by(|a, b| p99(a).total_cmp(&p99(b)));
    let middle = same.len().saturating_sub(1) / 2;
    same.get(middle)
        .expect("an answer is that of at least one run")
}

/// The median of what was measured; the lower one of an even number, so that it
/// is a figure of a run.
fn median(records: &[&RunRecord], read: impl Fn(&RunRecord) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = records.iter().filter_map(|run| read(run)).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// The criteria that a run failed, most telling first; empty for a pass.
fn because(run: &RunRecord) -> String {
    let worst = run.violations.iter().find(|it| it.check != "progress");
    if let Some(violation) = worst {
        return format!(
            "invariant `{}` broken: {}",
            violation.check, violation.detail
        );
    }
    let load = &run.load;
    let ended = load.finalised + load.rejected;
    if ended == 0 {
        return "no transaction became final".to_owned();
    }
    let mut failed: Vec<String> = run
        .targets
        .iter()
        .filter(|target| !target.met)
        .map(miss)
        .collect();
    let stall = run.violations.iter().find(|it| it.check == "progress");
    failed.extend(stall.map(|stall| format!("it stalls: {}", stall.detail)));
    let lost = load.offered.saturating_sub(ended);
    if lost * 100 > load.offered {
        let percent = |part: u64| part as f64 * 100.0 / load.offered as f64;
        let parts = [
            (load.expired, "expired"),
            (load.shed, "shed by full queues"),
        ];
        let parts = parts.iter().filter(|(part, _)| *part > 0);
        failed.extend(parts.map(|(part, what)| format!("{:.1} % {what}", percent(*part))));
    }
    let backlog = &run.backlog;
    if backlog_grew(run) {
        failed.push(format!(
            "backlog grew from {} to {}",
            backlog.middle, backlog.end
        ));
    }
    // Whatever else the verdict says, as the limit of events, in its own words.
    if failed.is_empty() {
        failed.extend(run.reasons.first().cloned());
    }
    failed.join("; ")
}

/// `p99 1.31 s > 1 s`, for finality the percentile alone.
fn miss(target: &TargetRecord) -> String {
    let name = match target.metric.split_once("_ms_") {
        Some(("finality", figure)) => figure.to_owned(),
        Some((of, figure)) => format!("{of} {figure}"),
        None => target.metric.clone(),
    };
    let sign = if target.at_least { "<" } else { ">" };
    match target.measured {
        Some(value) => format!("{name} {} {sign} {}", millis(value), millis(target.target)),
        None => format!("{name} was not measured"),
    }
}

/// `812 ms`, `1.31 s`: three digits.
fn millis(ms: f64) -> String {
    let spelt = |value: f64, unit: &str| {
        let decimals = match value {
            v if v >= 99.95 => 0,
            v if v >= 9.995 => 1,
            _ => 2,
        };
        let text = format!("{value:.decimals$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        format!("{text} {unit}")
    };
    if ms >= 999.5 {
        spelt(ms / 1_000.0, "s")
    } else {
        spelt(ms, "ms")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::registry::{Registry, RunOptions};
    use crate::result::Violation;
    use crate::scenario::Scenario;
    use crate::sweep::{self, Ended};

    /// A run of a second in which this check is said to break.
    fn broken(check: &str) -> RunRecord {
        let text = "{ name: w, seed: 1, committee: { shenzhen: 4 }, protocol: pbft, workload: payments, load: [{ for: 1s, tps: 10 }] }";
        let registry = Registry::standard();
        let plans = Scenario::parse("w.yaml", text, None, &[], &registry).unwrap();
        let ended = sweep::run_one(&plans[0], &RunOptions::default(), &registry);
        let Ended::Finished(result) = ended else {
            panic!("nothing stops it");
        };
        let mut record = result.record;
        record.verdict = Verdict::Violated;
        record.violations.push(Violation {
            check: check.to_owned(),
            at_ns: 1,
            detail: "as a test says".to_owned(),
            replay: String::new(),
        });
        record
    }

    #[test]
    fn a_stall_fails_a_load_and_any_other_breach_a_design() {
        let judged = |check: &str| {
            let record = broken(check);
            let judged = judge(Step::Bracket, 10.0, &[&record]);
            (judged.answer, judged.probe.verdict, judged.probe.because)
        };
        let (answer, verdict, because) = judged("progress");
        assert_eq!((answer, verdict), (Answer::Failed, Verdict::Unsustained));
        assert!(because.contains("it stalls: as a test says"), "{because}");
        let (answer, verdict, because) = judged("agreement");
        assert_eq!((answer, verdict), (Answer::Broken, Verdict::Violated));
        assert!(
            because.starts_with("invariant `agreement` broken"),
            "{because}"
        );
    }

    #[test]
    fn latencies_are_spelt_with_three_digits() {
        let cases = [
            (812.4, "812 ms"),
            (1_310.0, "1.31 s"),
            (999.7, "1 s"),
            (45.06, "45.1 ms"),
            (12_345.0, "12.3 s"),
            (100.0, "100 ms"),
        ];
        for (ms, text) in cases {
            assert_eq!(millis(ms), text);
        }
    }
}
