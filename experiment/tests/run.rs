//! Whole runs of every protocol on small plans: sustained and checked, equal
//! however they are executed, honest under overload, and equal to closed forms
//! where there are any.

mod support;

use groma_experiment::plan::{
    CryptoMode, Dissemination, FaultKind, FaultPlan, LatencyPlan, LoadPlan, Plan, SharingPlan,
    WorkloadShare,
};
use groma_experiment::result::{MeantRecord, RunRecord, Verdict};
use support::{MS, PROTOCOLS, SECOND, crash, phase, plan, run, run_with};

fn json(record: &RunRecord) -> String {
    serde_json::to_string(record).expect("a record is JSON")
}

fn mixed(protocol: &str) -> Plan {
    let mut plan = plan(protocol);
    plan.workload.mix = ["payments", "invoices", "credit"]
        .map(|workload| WorkloadShare {
            workload: workload.to_owned(),
            share_milli: 1_000,
        })
        .to_vec();
    // Long enough that a block more in flight is no growing backlog.
    plan.load[1].for_ns = 10 * SECOND;
    plan
}

#[test]
fn every_protocol_clears_a_small_load_of_everything() {
    for protocol in PROTOCOLS {
        let result = run(&mixed(protocol));
        let record = &result.record;
        assert_eq!(
            record.verdict,
            Verdict::Pass,
            "{protocol}: {:?}",
            record.reasons
        );
        assert!(
            record.load.rejected > 0,
            "{protocol}: the attacks of the workloads are refused"
        );
        assert_eq!(record.load.expired + record.load.shed, 0, "{protocol}");
        let checks = &record.checks;
        for (name, count) in [
            ("agreement", checks.agreement),
            ("contiguous", checks.contiguous),
            ("validity", checks.validity),
            ("exactly_once", checks.exactly_once),
            ("finality", checks.finality),
            ("state_root", checks.state_root),
            ("conservation", checks.conservation),
            ("balance", checks.balance),
        ] {
            assert!(count > 0, "{protocol}: {name} compared nothing");
        }
        let stages: f64 = record
            .stages_ms
            .values()
            .filter_map(|stage| stage.mean)
            .sum();
        let mean = record.finality_ms.mean.expect("transactions became final");
        assert!(
            (stages - mean).abs() < 0.02 * mean,
            "{protocol}: stages add up to {stages} of {mean} ms"
        );
    }
}

#[test]
fn attacks_and_mistakes_are_counted_and_refused() {
    let mut city = mixed("pbft");
    city.workload.attack_ppm = 50_000;
    let record = run(&city).record;
    assert_eq!(record.verdict, Verdict::Pass, "{:?}", record.reasons);
    let load = &record.load;
    let (attacks, mistakes) = (
        load.attacks.expect("counted"),
        load.mistakes.expect("counted"),
    );
    let share = attacks.offered as f64 / load.offered as f64;
    assert!((0.04..0.06).contains(&share), "{attacks:?}");
    let share = mistakes.offered as f64 / load.offered as f64;
    assert!((0.015..0.027).contains(&share), "{mistakes:?}");
    for meant in [attacks, mistakes] {
        // Nothing overtakes another by the two seconds of a lag.
        assert_eq!((meant.rejected, meant.applied), (meant.offered, 0));
    }
    assert!(load.rejected >= attacks.rejected + mistakes.rejected);
    assert!(record.checks.intrusion > 0);

    let mut honest = city.clone();
    (honest.workload.attack_ppm, honest.workload.mistake_ppm) = (0, 0);
    let load = run(&honest).record.load;
    let none = Some(MeantRecord::default());
    assert_eq!(
        (load.attacks, load.mistakes, load.rejected),
        (none, none, 0)
    );
}

/// How busy the execution lane of the busiest replica is, and what came of the run.
fn executing(workload: &str) -> (f64, RunRecord) {
    let mut plan = plan("pbft");
    plan.workload.mix[0].workload = workload.to_owned();
    // A payment takes ten times the usual, so that a small load will do.
    plan.costs.execute_ns = 8_000;
    plan.load = vec![phase(3 * SECOND, 1_600, true)];
    let record = run(&plan).record;
    let lane = record.lanes.iter().find(|lane| lane.lane == "execution");
    (lane.expect("replicas execute").busy_max, record)
}

#[test]
fn what_computes_saturates_the_execution_lane() {
    let (idle, nothing) = executing("donothing");
    assert_eq!(nothing.verdict, Verdict::Pass, "{:?}", nothing.reasons);
    assert!(idle < 0.03, "{idle}");
    assert_eq!(nothing.storage.extra_executions, 0);
    // A sort is worth 90 payments: 1,389 a second.
    let (busy, sorts) = executing("cpuheavy");
    assert_eq!(sorts.verdict, Verdict::Unsustained, "{:?}", sorts.reasons);
    assert!(busy > 0.95, "{busy}");
    let storage = &sorts.storage;
    assert_eq!(storage.extra_executions, 89 * storage.executed_txs);
    assert!(
        sorts.load.goodput_tps < 1_400.0,
        "{}",
        sorts.load.goodput_tps
    );
}

#[test]
fn protocols_that_order_the_same_reach_the_same_ledger() {
    // Payments between funded accounts commute, so the final state depends on
    // what was submitted and not on who ordered it.
    let roots: Vec<String> = PROTOCOLS
        .iter()
        .map(|name| run(&plan(name)).record.state_root)
        .collect();
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]), "{roots:?}");
}

#[test]
fn sharing_changes_no_byte() {
    for protocol in PROTOCOLS {
        let mut plan = mixed(protocol);
        plan.load = vec![phase(2 * SECOND, 1_000, true)];
        plan.faults = vec![crash(1, 500 * MS, SECOND)];
        let shared = run_with(&plan, true).record;
        let apart = run_with(&plan, false).record;
        // One height in 64 is executed again.
        assert!(
            shared.checks.audit > 0 || shared.heights < 128,
            "{protocol}: the audit repeated nothing in {} heights",
            shared.heights
        );
        assert_eq!(json(&shared), json(&apart), "{protocol}");
    }
}

#[test]
fn a_run_repeats_to_the_byte_and_a_seed_changes_it() {
    let first = run(&plan("hotstuff")).record;
    assert_eq!(json(&first), json(&run(&plan("hotstuff")).record));
    let mut other = plan("hotstuff");
    other.seed = 2;
    assert_ne!(first.fingerprint, run(&other).record.fingerprint);
}

#[test]
fn real_signatures_give_the_same_run() {
    let mut modelled = mixed("pbft");
    modelled.load = vec![phase(SECOND, 500, true)];
    let mut real = modelled.clone();
    real.crypto.mode = CryptoMode::Real;
    let (modelled, mut real) = (run(&modelled).record, run(&real).record);
    assert_ne!(modelled.key, real.key);
    real.plan = modelled.plan.clone();
    real.key.clone_from(&modelled.key);
    assert_eq!(json(&modelled), json(&real));
}

#[test]
fn every_way_of_spreading_bodies_works() {
    for protocol in PROTOCOLS {
        for way in [
            Dissemination::ClientsToAll,
            Dissemination::Workers,
            Dissemination::Broadcast,
        ] {
            let mut plan = plan(protocol);
            plan.load = vec![phase(4 * SECOND, 2_000, true)];
            plan.dissemination = way;
            let record = run(&plan).record;
            assert_eq!(
                record.verdict,
                Verdict::Pass,
                "{protocol} {way:?}: {:?}",
                record.reasons
            );
            assert_eq!(record.load.expired, 0, "{protocol} {way:?}");
        }
    }
}

#[test]
fn a_crashed_replica_comes_back_and_nothing_is_lost() {
    for protocol in PROTOCOLS {
        for victim in 0..4 {
            let mut plan = plan(protocol);
            plan.load = vec![phase(12 * SECOND, 500, true)];
            plan.faults = vec![crash(victim, 2 * SECOND, 5 * SECOND)];
            plan.drain_ns = 20 * SECOND;
            let record = run(&plan).record;
            assert_eq!(record.violations, [], "{protocol}, replica {victim}");
            assert_eq!(
                record.load.expired, 0,
                "{protocol}, replica {victim}: {:?}",
                record.load
            );
        }
    }
}

#[test]
fn an_overload_is_told_as_one() {
    for protocol in PROTOCOLS {
        let mut plan = plan(protocol);
        plan.machine.cores = 1;
        plan.machine.egress_bps = 20_000_000;
        plan.mempool_max_txs = 3_000;
        plan.load = vec![phase(4 * SECOND, 10_000, true)];
        plan.drain_ns = SECOND;
        let record = run(&plan).record;
        assert_eq!(record.verdict, Verdict::Unsustained, "{protocol}");
        let load = &record.load;
        assert!(load.shed > 0, "{protocol}: {load:?}");
        assert_eq!(load.offered, load.submitted + load.shed, "{protocol}");
        assert_eq!(
            load.submitted,
            load.finalised + load.rejected + load.expired,
            "{protocol}"
        );
        assert!(
            record.backlog.max > 1_000,
            "{protocol}: the backlog shows: {:?}",
            record.backlog
        );
        // A protocol by the clock may decide nothing at all: blocks of an
        // overload take longer than its delta.
        assert!(
            record.finality_ms.p99.is_none_or(|p99| p99 > 800.0),
            "{protocol}: p99 counts from intended times: {:?}",
            record.finality_ms
        );
    }
}

/// Free CPU, free links, constant one-way delay, one transaction now and then.
fn ideal(protocol: &str, delay_ns: u64) -> Plan {
    let mut plan = plan(protocol);
    plan.machine.cores = 0;
    plan.machine.fsync_ns = 0;
    plan.machine.disk_bytes_per_s = 0;
    plan.machine.egress_bps = 0;
    plan.machine.ingress_bps = 0;
    plan.client.gateway_bps = 0;
    plan.network.jitter_ns = 0;
    plan.network.links = vec![LatencyPlan::Constant { ns: delay_ns }; 9];
    plan.load = vec![phase(SECOND, 500, false), phase(4 * SECOND, 500, true)];
    plan
}

#[test]
fn first_commits_take_the_hops_of_the_paper() {
    // Creation to the first commit anywhere: PBFT commits everywhere after three
    // hops, a Raft leader after two; in chained HotStuff the leader that makes
    // the last certificate commits one hop before the others: 6 and 4.
    let delay_ms = 10.0;
    let hops = [
        ("pbft", "", 3.0),
        ("raft", "", 2.0),
        ("hotstuff", "three-chain", 6.0),
        ("hotstuff", "two-chain", 4.0),
    ];
    for (protocol, rule, hops) in hops {
        let mut plan = ideal(protocol, 10 * MS);
        if !rule.is_empty() {
            plan.protocol
                .params
                .insert("commit_rule".to_owned(), rule.to_owned());
        }
        let median = run(&plan)
            .record
            .consensus_ms
            .p50
            .expect("blocks committed");
        assert!(
            (median - hops * delay_ms).abs() <= 0.05,
            "{protocol} {rule}: {median} ms"
        );
    }
}

#[test]
fn messages_per_block_equal_the_closed_forms() {
    // n = 4: PBFT (n-1) + (n-1)^2 + n(n-1); Raft 2(n-1) per append round.
    let pbft = run(&ideal("pbft", 10 * MS)).record;
    let of = |kind: &str| pbft.messages.get(kind).copied().unwrap_or(0);
    assert_eq!(of("pre-prepare"), 3 * pbft.heights);
    assert_eq!(of("prepare"), 9 * pbft.heights);
    assert_eq!(of("commit"), 12 * pbft.heights);
    let raft = run(&ideal("raft", 10 * MS)).record;
    assert_eq!(raft.messages["append"], raft.messages["append-reply"]);
    let hotstuff = run(&ideal("hotstuff", 10 * MS)).record;
    assert_eq!(hotstuff.messages["proposal"], hotstuff.messages["vote"]);
}

#[test]
fn a_saturated_uplink_bounds_goodput() {
    // A Raft leader on a thin line: every body leaves it n - 1 times, and every
    // result once. Headers, heartbeats and commit notices come on top, so the
    // closed form may never be exceeded and is missed by a few per cent.
    let mut plan = plan("raft");
    plan.machine.egress_bps = 20_000_000;
    plan.client.resend_after_ns = 0;
    for phase in &mut plan.load {
        phase.load = LoadPlan::Closed { in_flight: 3_000 };
    }
    let record = run(&plan).record;
    let bytes = record.storage.block_bytes as f64 / record.storage.executed_txs as f64;
    let replies = f64::from(plan.client.reply_bytes);
    let bound = 20_000_000.0 / 8.0 / (3.0 * bytes + replies);
    let share = record.load.goodput_tps / bound;
    let busiest = record
        .machines
        .iter()
        .map(|machine| machine.egress)
        .fold(0.0, f64::max);
    assert!(busiest > 0.97, "the uplink is the bottleneck: {busiest}");
    assert!(
        (0.93..=1.0).contains(&share),
        "goodput is {share} of the bound: {:?}",
        record.messages
    );
}

#[test]
fn interfaces_shared_fairly_carry_the_same_and_deliver_later() {
    let mut fifo = plan("pbft");
    fifo.machine.egress_bps = 100_000_000;
    fifo.machine.ingress_bps = 100_000_000;
    let mut fair = fifo.clone();
    fair.network.sharing = SharingPlan::MaxMin;
    let (one, other) = (run(&fifo), run(&fair));
    for result in [&one, &other] {
        assert_eq!(result.record.load.expired, 0);
        assert!(result.record.violations.is_empty());
    }
    let bytes = |record: &RunRecord| record.machines.iter().map(|m| m.egress_bytes).sum::<u64>();
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 0.02;
    assert!(close(
        bytes(&one.record) as f64,
        bytes(&other.record) as f64
    ));
    // The first of three has to wait for the others, and a quorum with it.
    let p50 = |record: &RunRecord| record.consensus_ms.p50.expect("blocks were committed");
    assert!(p50(&other.record) > p50(&one.record) + 0.2);
    assert_eq!(json(&run_with(&fair, false).record), json(&other.record));
}

#[test]
fn a_closed_loop_keeps_its_number_in_flight() {
    let mut plan = plan("raft");
    for phase in &mut plan.load {
        phase.load = LoadPlan::Closed { in_flight: 200 };
    }
    let record = run(&plan).record;
    assert_eq!(record.verdict, Verdict::Pass, "{:?}", record.reasons);
    assert_eq!(record.backlog.max, 200);
    // Little's law: N = X R, of all that is answered.
    let answered = (record.load.finalised + record.load.rejected) as f64;
    let mean = record.finality_ms.mean.expect("replies came");
    let in_flight = answered / record.load.measured_seconds * mean / 1_000.0;
    assert!((in_flight - 200.0).abs() < 4.0, "X R = {in_flight}");
}

#[test]
fn no_load_is_told_as_a_failure() {
    let mut plan = plan("raft");
    plan.load = vec![phase(SECOND, 0, true)];
    let record = run(&plan).record;
    assert_eq!(record.verdict, Verdict::Unsustained);
    assert!(
        record.reasons[0].contains("no transaction became final"),
        "{:?}",
        record.reasons
    );
}

#[test]
fn a_committee_that_goes_down_as_a_whole_comes_back() {
    for protocol in PROTOCOLS {
        let mut plan = plan(protocol);
        plan.load = vec![phase(10 * SECOND, 1_000, true)];
        plan.faults = (0..4).map(|id| crash(id, 3 * SECOND, 4 * SECOND)).collect();
        plan.drain_ns = 40 * SECOND;
        let record = run(&plan).record;
        assert_eq!(record.violations, [], "{protocol}");
        assert_eq!(record.load.expired, 0, "{protocol}: {:?}", record.load);
    }
}

#[test]
fn a_replica_far_behind_takes_over_a_ledger() {
    // Cut off for longer than bodies are kept, with and without sharing.
    for protocol in PROTOCOLS {
        let mut plan = plan(protocol);
        plan.load = vec![phase(10 * SECOND, 1_500, true)];
        plan.limits.retain_blocks = 16;
        plan.faults = vec![FaultPlan {
            at_ns: 3 * SECOND,
            until_ns: 7 * SECOND,
            kind: FaultKind::Isolate(vec![3]),
        }];
        plan.drain_ns = 30 * SECOND;
        let (shared, apart) = (run_with(&plan, true).record, run_with(&plan, false).record);
        assert_eq!(shared.violations, [], "{protocol}");
        assert_eq!(shared.load.expired, 0, "{protocol}: {:?}", shared.load);
        assert_eq!(json(&shared), json(&apart), "{protocol}");
    }
}

#[test]
fn a_slow_replica_stops_nobody() {
    for protocol in PROTOCOLS {
        let mut plan = plan(protocol);
        plan.batch.max_wait_ns = 2 * MS;
        plan.machine.cores = 2;
        plan.load = vec![phase(10 * SECOND, 3_000, true)];
        plan.faults = vec![FaultPlan {
            at_ns: 2 * SECOND,
            until_ns: 6 * SECOND,
            kind: FaultKind::SlowMachine {
                replicas: vec![3],
                factor_milli: 30_000,
            },
        }];
        plan.drain_ns = 40 * SECOND;
        let record = run(&plan).record;
        assert_eq!(record.violations, [], "{protocol}");
        assert_eq!(record.load.expired, 0, "{protocol}: {:?}", record.load);
    }
}

#[test]
fn no_queue_stays_full_after_partitions() {
    for way in [
        Dissemination::InProposal,
        Dissemination::ClientsToAll,
        Dissemination::Workers,
        Dissemination::Broadcast,
    ] {
        for protocol in PROTOCOLS {
            let mut plan = plan(protocol);
            plan.dissemination = way;
            plan.mempool_max_txs = 2_000;
            plan.load = vec![
                phase(8 * SECOND, 1_500, false),
                phase(10 * SECOND, 1_500, false),
                phase(6 * SECOND, 1_500, true),
            ];
            let halves = FaultKind::Partition(vec![vec![0, 1], vec![2, 3]]);
            plan.faults = vec![FaultPlan {
                at_ns: 2 * SECOND,
                until_ns: 6 * SECOND,
                kind: halves,
            }];
            plan.drain_ns = 30 * SECOND;
            let record = run(&plan).record;
            assert_eq!(record.violations, [], "{protocol} {way:?}");
            assert_eq!(record.load.shed, 0, "{protocol} {way:?}");
        }
    }
}

/// Blocks that spread by gossip are timed at the replicas; elsewhere there is
/// nothing to time.
#[test]
fn blocks_of_gossip_are_timed() {
    let mut plan = plan("nakamoto");
    let set = [("block_interval", "1s"), ("filler_bytes", "1_000_000")];
    let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
    plan.protocol.params.extend(set);
    plan.network.overhead_ns = 20 * support::MS;
    // 1 MB at 80 Mbit/s: 100 ms out of the slowest line.
    plan.committee[0].up_bps = 80_000_000;
    plan.load = vec![phase(60 * SECOND, 5, true)];
    plan.drain_ns = 60 * SECOND;
    let spread = run(&plan).record.propagation_ms.expect("gossip");
    assert!(spread.each.count > 3 * 30, "{spread:?}");
    // An announcement, a question and the block: 20 ms each at least.
    assert!(spread.half.p50 > Some(60.0), "{spread:?}");
    assert!(spread.nine_tenths.max > Some(160.0), "{spread:?}");
    assert!(run(&support::plan("pbft")).record.propagation_ms.is_none());
}
