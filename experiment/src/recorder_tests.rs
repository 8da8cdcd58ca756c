//! What is counted as often as it stands for, and what is counted once.

#![allow(clippy::unwrap_used)]

use groma_consensus_models::{BlockId, ReplicaId};

use super::*;
use crate::plan::PhasePlan;
use crate::registry::Registry;
use crate::result::Percentiles;
use crate::scenario::Scenario;
use crate::wire::{GatewayId, Ticket};

const MS: u64 = 1_000_000;

/// Ten seconds, then ten more that stand for so many times their length.
fn plan(times: u64) -> Plan {
    let text = "{ name: r, seed: 1, committee: { shenzhen: 4 }, protocol: pbft, workload: payments, load: [{ for: 10s, tps: 10 }, { for: 10s, tps: 10 }] }";
    let plans = Scenario::parse("r.yaml", text, None, &[], &Registry::standard()).unwrap();
    let mut plan = plans.into_iter().next().unwrap();
    let second: &mut PhasePlan = &mut plan.load[1];
    second.stands_for_ns = times * second.for_ns;
    plan
}

fn committed(replica: u32, created: Time) -> Observation {
    Observation::Committed {
        replica: ReplicaId(replica),
        height: Height(1 + created.as_nanos() / SECOND),
        id: BlockId(7),
        created,
        proposer: ReplicaId(0),
        proof: None,
        batches: std::iter::once(groma_consensus_models::BatchId(1)).collect(),
    }
}

/// Of ten transactions one is a mistake and two are attacks, one of which is applied.
fn meant(second: u64) -> Intent {
    match second % 10 {
        3 => Intent::Mistake,
        5 => Intent::Attack,
        7 => Intent::Intrusion,
        _ => Intent::Honest,
    }
}

fn outcome(second: u64) -> Outcome {
    match second % 10 {
        3 | 7 => Outcome::Rejected(groma_ledger::Reason::NotPermitted),
        _ => Outcome::Applied,
    }
}

/// A recording of ten transactions in each phase, with these latencies.
fn recording(plan: &Plan, latencies_ms: [u64; 2]) -> Recording {
    let mut recorder = Recorder::new(plan, &Layout::of(plan), 3);
    let gateway = NodeId(plan.replicas());
    for second in 0..20 {
        let intended = Time::from_nanos(second * SECOND);
        let latency = latencies_ms[usize::from(second >= 10)] * MS;
        let after = |share: u64| intended + Span::from_nanos(latency * share / 4);
        let offered = Observation::Offered {
            intended,
            kind: "payment",
            meant: meant(second),
        };
        recorder.record(intended, gateway, &offered);
        recorder.record(after(2), NodeId(0), &committed(0, intended));
        let tx = FinalTx {
            gateway: GatewayId(0),
            ticket: Ticket(second),
            intended,
            arrived: after(1),
            closed: after(1),
            created: after(1),
            height: Height(1 + second),
            reply: 0,
            answered: after(3),
            outcome: outcome(second),
            meant: meant(second),
        };
        recorder.record(after(4), gateway, &Observation::Final(tx));
    }
    recorder.finish()
}

/// To the three digits that a histogram keeps.
fn close(found: Option<f64>, ms: f64) {
    let found = found.unwrap();
    assert!((found / ms - 1.0).abs() < 0.001, "{found} for {ms}");
}

#[test]
fn latencies_are_those_of_the_true_day() {
    let rush_is_slow = [400, 100];
    let true_time = recording(&plan(1), rush_is_slow);
    let played = Percentiles::of(&true_time.histograms["finality"]);
    close(played.mean, 250.0);
    close(played.p50, 100.0);
    close(played.p90, 400.0);
    close(played.p99, 400.0);

    let compressed = recording(&plan(60), rush_is_slow);
    let day = Percentiles::of(&compressed.histograms["finality"]);
    // Ten of 610 are of the rush: beyond the 98th percentile, within the 99th.
    close(day.mean, (10.0 * 400.0 + 600.0 * 100.0) / 610.0);
    close(day.p50, 100.0);
    close(day.p90, 100.0);
    close(day.p99, 400.0);
    assert_eq!((played.count, day.count), (20, 610));
    let region = &compressed.regions[0];
    assert_eq!(region.finality_ms, day);

    // A slow hour is nearly all of the day.
    let slow_hour = recording(&plan(60), [100, 400]);
    close(
        Percentiles::of(&slow_hour.histograms["finality"]).p50,
        400.0,
    );
}

#[test]
fn stages_weigh_as_finality_does() {
    let found = recording(&plan(60), [400, 100]);
    let mean = |name: &str| Percentiles::of(&found.histograms[name]).mean.unwrap();
    let stages = STAGES.map(|stage| mean(&format!("stage-{stage}")));
    let sum: f64 = stages.iter().sum();
    assert!((sum / mean("finality") - 1.0).abs() < 0.001, "{stages:?}");
    for name in ["commit", "consensus"] {
        assert_eq!(found.histograms[name].len(), 610, "{name}");
    }
}

#[test]
fn counts_and_windows_tell_what_was_played() {
    let (once, sixty) = (recording(&plan(1), [9, 9]), recording(&plan(60), [9, 9]));
    assert_eq!(once.load, sixty.load);
    assert_eq!((sixty.load.offered, sixty.load.finalised), (20, 16));
    assert_eq!(sixty.load.rejected, 4);
    // What rates are made of weighs.
    assert_eq!((once.offered_weight, once.applied_weight), (20, 16));
    assert_eq!((sixty.offered_weight, sixty.applied_weight), (610, 488));
    assert_eq!(once.nonempty_blocks, sixty.nonempty_blocks);
    assert_eq!(once.windows, sixty.windows);
    assert_eq!(once.window_histograms, sixty.window_histograms);
}

#[test]
fn attacks_and_mistakes_are_counted_where_it_is_measured() {
    let mut plan = plan(1);
    let count = |offered, rejected, applied| {
        Some(MeantRecord {
            offered,
            rejected,
            applied,
        })
    };
    let load = recording(&plan, [9, 9]).load;
    assert_eq!(
        (load.attacks, load.mistakes),
        (count(4, 2, 2), count(2, 2, 0))
    );
    plan.load[0].measure = false;
    let load = recording(&plan, [9, 9]).load;
    assert_eq!(
        (load.attacks, load.mistakes),
        (count(2, 1, 1), count(1, 1, 0))
    );
    // What never became final is offered and neither.
    let mut recorder = Recorder::new(&plan, &Layout::of(&plan), 3);
    let offered = Observation::Offered {
        intended: Time::from_nanos(11 * SECOND),
        kind: "payment",
        meant: Intent::Attack,
    };
    recorder.record(
        Time::from_nanos(11 * SECOND),
        NodeId(plan.replicas()),
        &offered,
    );
    assert_eq!(recorder.finish().load.attacks, count(1, 0, 0));
}

#[test]
fn a_record_of_before_they_were_counted_reads() {
    let mut old = serde_json::to_value(LoadRecord::default()).unwrap();
    let fields = old.as_object_mut().unwrap();
    assert!(fields.remove("attacks").is_some() && fields.remove("mistakes").is_some());
    let read: LoadRecord = serde_json::from_value(old).unwrap();
    assert_eq!((read.attacks, read.mistakes), (None, None));
}

#[test]
fn a_load_in_true_time_counts_every_latency_once() {
    let found = recording(&plan(1), [400, 100]);
    for (name, histogram) in &found.histograms {
        assert_eq!(histogram.len(), 20, "{name}");
        let mut plain = fine();
        for value in histogram.iter_recorded() {
            for _ in 0..value.count_at_value() {
                plain.record(value.value_iterated_to()).unwrap();
            }
        }
        assert_eq!(
            Percentiles::of(histogram),
            Percentiles::of(&plain),
            "{name}"
        );
    }
}
