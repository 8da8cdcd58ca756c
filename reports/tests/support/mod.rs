//! Runs that look like real ones, for tests and for looking at the page:
//! invented figures, consistent with each other.
#![allow(clippy::unwrap_used, dead_code, unused_imports)]

mod certificates;
mod parts;
mod service;

use std::collections::BTreeMap;
use std::path::Path;

use groma_experiment::plan::{FaultKind, FaultPlan, Plan};
use groma_experiment::result::{
    BacklogRecord, HostRecord, LoadRecord, MeantRecord, Percentiles, RunRecord, SCHEMA, STAGES,
    StageRecord, Verdict, Violation, Window,
};
use groma_experiment::store::LoadedRun;
use hdrhistogram::Histogram;

pub use certificates::{certificate, four, surface};
pub use parts::{SECOND, plan};
use parts::{checks, machines, messages, targets};

/// What distinguishes one invented run from another.
#[derive(Clone, Debug)]
pub struct Shape {
    pub protocol: &'static str,
    pub seed: u64,
    /// Median latency, in milliseconds.
    pub p50: f64,
    /// Tail length: p99 is about `p50 * tail`.
    pub tail: f64,
    /// Share of the offered load that gets through.
    pub through: f64,
    pub verdict: Verdict,
    pub windows: u64,
}

impl Shape {
    pub fn new(protocol: &'static str, p50: f64, tail: f64) -> Self {
        Self {
            protocol,
            seed: 1,
            p50,
            tail,
            through: 1.0,
            verdict: Verdict::Pass,
            windows: 80,
        }
    }
}

/// A small fixed generator (xorshift), so that the picture is the same
/// everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn near(&mut self, value: f64, share: f64) -> f64 {
        value * (1.0 + share * (self.unit() + self.unit() - 1.0))
    }
}

/// The example of the pictures: three protocols under faults, asked about in
/// Chinese.
pub fn example() -> Vec<LoadedRun> {
    let mut hotstuff = Shape::new("hotstuff", 212.0, 2.1);
    hotstuff.seed = 1;
    let mut raft = Shape::new("raft", 96.0, 1.9);
    raft.through = 0.93;
    raft.verdict = Verdict::Unsustained;
    let pbft = Shape::new("pbft", 148.0, 5.6);
    [hotstuff, pbft, raft]
        .into_iter()
        .map(|shape| {
            let mut plan = plan(
                "city-credit-peak",
                "月末高峰时，三座城市的 16 个副本能否以每秒一万笔的速度清算应收账款？ (Do 16 replicas in three cities clear 10k TPS of receivables at the month-end peak?)",
                &[("protocol", shape.protocol)],
                &shape,
            );
            plan.faults = faults(&plan);
            run(plan, &shape)
        })
        .collect()
}

fn faults(plan: &Plan) -> Vec<FaultPlan> {
    vec![
        FaultPlan {
            at_ns: 25 * SECOND,
            until_ns: 31 * SECOND,
            kind: FaultKind::Isolate(vec![8, 9, 10, 11]),
        },
        FaultPlan {
            at_ns: 44 * SECOND,
            until_ns: 50 * SECOND,
            kind: FaultKind::SlowLink {
                replicas: vec![12, 13, 14, 15],
                added_ns: 80_000_000,
            },
        },
        FaultPlan {
            at_ns: 60 * SECOND,
            until_ns: plan.horizon_ns(),
            kind: FaultKind::Crash(vec![0]),
        },
    ]
}

/// Many runs of one scenario, for budgets.
pub fn sweep(count: u64) -> Vec<LoadedRun> {
    let protocols = ["pbft", "hotstuff", "raft"];
    (0..count)
        .map(|index| {
            let mut shape = Shape::new(
                protocols[(index % 3) as usize],
                80.0 + (index * 37 % 211) as f64,
                1.5 + (index % 7) as f64 * 0.4,
            );
            shape.seed = index / 3 + 1;
            shape.windows = 600;
            if index % 11 == 5 {
                shape.through = 0.8;
                shape.verdict = Verdict::Unsustained;
            }
            let seed = shape.seed.to_string();
            let plan = plan(
                "sweep",
                "How wide is the spread over seeds?",
                &[("protocol", shape.protocol), ("seed", &seed)],
                &shape,
            );
            run(plan, &shape)
        })
        .collect()
}

/// Two protocols under five loads; the last one is too much.
pub fn loads() -> Vec<LoadedRun> {
    let mut all = Vec::new();
    for protocol in ["hotstuff", "pbft"] {
        for (index, tps) in [4_000, 7_000, 9_000, 10_500, 12_000]
            .into_iter()
            .enumerate()
        {
            let mut shape = Shape::new(protocol, 120.0 + 15.0 * (index * index) as f64, 2.0);
            if index == 4 {
                shape.verdict = Verdict::Unsustained;
                shape.through = 0.8;
                shape.p50 = 1_900.0;
            }
            let value = tps.to_string();
            let plan = plan(
                "loads",
                "Where does latency begin to climb?",
                &[("load.1.tps", &value), ("protocol", protocol)],
                &shape,
            );
            let mut made = run(plan, &shape);
            made.record.load.offered_tps = f64::from(tps);
            made.record.load.goodput_tps = f64::from(tps) * shape.through;
            all.push(made);
        }
    }
    all
}

/// One invented run.
pub fn run(plan: Plan, shape: &Shape) -> LoadedRun {
    let mut dice = Dice::new(shape.seed * 31 + shape.protocol.len() as u64);
    let windows = windows(&plan, shape, &mut dice);
    let histograms = histograms(shape, &mut dice);
    let finality = Percentiles::of(&histograms["finality"]);
    let load = load(&windows, shape);
    let mean = finality.mean.unwrap_or(0.0);
    let shares = [0.06, 0.11, 0.14, 0.49, 0.12, 0.08];
    let stages_ms = STAGES
        .iter()
        .zip(shares)
        .map(|(stage, share)| {
            let value = dice.near(mean * share, 0.2);
            let record = StageRecord {
                mean: Some(milli(value)),
                p50: Some(milli(value * 0.9)),
                p99: Some(milli(value * 2.6)),
            };
            ((*stage).to_owned(), record)
        })
        .collect();
    let targets = targets(&plan, &load, &finality);
    let missed = shape.verdict == Verdict::Pass && targets.iter().any(|target| !target.met);
    let record = RunRecord {
        schema: SCHEMA.to_owned(),
        mode: "sim".to_owned(),
        name: plan.name.clone(),
        key: plan.key(),
        fingerprint: format!(
            "{:032x}",
            u128::from(shape.seed) * 0x9E37_79B9_7F4A_7C15_F39C
        ),
        verdict: if missed {
            Verdict::Missed
        } else {
            shape.verdict
        },
        reasons: reasons(shape, &load),
        targets,
        consensus_ms: Percentiles::of(&histograms["consensus"]),
        commit_ms: Percentiles::of(&histograms["commit"]),
        finality_ms: finality.clone(),
        stages_ms,
        per_block: parts::per_block(shape),
        messages: messages(shape.protocol),
        blocks: 1_412,
        heights: 1_430,
        views: 1_433,
        state_root: "5f3a9c01".repeat(8),
        machines: machines(&plan, &mut dice),
        lanes: service::lanes(&mut dice),
        regions: service::regions(&plan, &load, &finality),
        recoveries: service::recoveries(&plan),
        checks: checks(),
        violations: Vec::new(),
        backlog: backlog(&windows),
        storage: parts::storage(load.finalised),
        refusals: BTreeMap::from([("stale-view".to_owned(), 37)]),
        counts: BTreeMap::new(),
        propagation_ms: None,
        deliveries: 12_345_678,
        virtual_seconds: plan.horizon_ns() as f64 / 1e9,
        load,
        plan,
    };
    LoadedRun {
        host: host(&record),
        record,
        windows,
        histograms,
        trail: Vec::new(),
    }
}

/// The same run with a broken invariant.
pub fn violated(mut run: LoadedRun) -> LoadedRun {
    run.record.verdict = Verdict::Violated;
    run.record.reasons = vec!["agreement broke at height 812".to_owned()];
    run.record.violations = vec![Violation {
        check: "agreement".to_owned(),
        at_ns: 26_125_000_000,
        detail: "height 812: replica 3 committed 9a41…, replica 8 committed 07ce…".to_owned(),
        replay: format!(
            "groma run scenarios/ci/split.yaml --set seed={}",
            run.record.plan.seed
        ),
    }];
    run
}

fn milli(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn reasons(shape: &Shape, load: &LoadRecord) -> Vec<String> {
    if shape.verdict != Verdict::Unsustained {
        return Vec::new();
    }
    let done = (load.finalised + load.rejected) as f64 / load.offered as f64 * 100.0;
    vec![format!(
        "final and rejected are {done:.1} % of offered, 99 % are needed"
    )]
}

fn windows(plan: &Plan, shape: &Shape, dice: &mut Dice) -> Vec<Window> {
    let load_end = plan.load_end_ns() / SECOND;
    let mut backlog = 0.0_f64;
    (0..shape.windows)
        .map(|second| {
            let within = second < load_end;
            let base = if second < 10 { 6_000.0 } else { 11_000.0 };
            let offered = if within { dice.near(base, 0.02) } else { 0.0 };
            let fault = plan.faults.iter().any(|fault| {
                let at = second * SECOND;
                fault.at_ns <= at && at < fault.until_ns && fault.until_ns < plan.horizon_ns()
            });
            let capacity = if fault {
                7_400.0
            } else {
                12_600.0 * shape.through
            };
            let waiting = backlog + offered;
            let done = waiting.min(dice.near(capacity, 0.03));
            backlog = waiting - done;
            let wait = 1_000.0 * backlog / capacity;
            let p50 = dice.near(shape.p50, 0.05) + wait;
            let some = done >= 1.0;
            Window {
                start_s: second,
                measured: (10..load_end).contains(&second),
                offered: offered as u64,
                finalised: (done * 0.985) as u64,
                rejected: (done * 0.015) as u64,
                shed: 0,
                backlog: backlog as u64,
                blocks: if some { 18 } else { 0 },
                finality_ms_p50: some.then(|| milli(p50)),
                finality_ms_p99: some.then(|| milli(dice.near(p50 * shape.tail, 0.12))),
                finality_ms_max: some.then(|| milli(p50 * shape.tail * 1.4)),
                cpu: if within { dice.near(0.52, 0.1) } else { 0.03 },
                egress_max: if within { dice.near(0.71, 0.12) } else { 0.02 },
                ingress_max: if within { dice.near(0.34, 0.15) } else { 0.02 },
            }
        })
        .collect()
}

fn load(windows: &[Window], shape: &Shape) -> LoadRecord {
    let measured: Vec<_> = windows.iter().filter(|window| window.measured).collect();
    let sum = |of: fn(&Window) -> u64| measured.iter().map(|window| of(window)).sum::<u64>();
    let offered = sum(|window| window.offered);
    let finalised = sum(|window| window.finalised).min(offered);
    let rejected = sum(|window| window.rejected).min(offered - finalised);
    let expired = offered - finalised - rejected;
    let seconds = measured.len().max(1) as f64;
    LoadRecord {
        offered,
        submitted: offered,
        finalised,
        rejected,
        shed: 0,
        expired,
        resent: if shape.through < 1.0 { 412 } else { 0 },
        rejected_by: BTreeMap::from([
            ("insufficient-funds".to_owned(), rejected / 2),
            ("dependency".to_owned(), rejected / 3),
            (
                "no-consent".to_owned(),
                rejected - rejected / 2 - rejected / 3,
            ),
        ]),
        attacks: Some(MeantRecord {
            offered: rejected / 3,
            rejected: rejected / 3 - (rejected / 3).min(1),
            applied: (rejected / 3).min(1),
        }),
        mistakes: Some(MeantRecord {
            offered: rejected / 2,
            rejected: rejected / 2,
            applied: 0,
        }),
        offered_by: BTreeMap::from([
            ("invoice.issue".to_owned(), offered / 2),
            ("invoice.settle".to_owned(), offered / 4),
            (
                "credit.query".to_owned(),
                offered - offered / 2 - offered / 4,
            ),
        ]),
        offered_tps: milli(offered as f64 / seconds),
        goodput_tps: milli(finalised as f64 / seconds),
        measured_seconds: seconds,
    }
}

fn backlog(windows: &[Window]) -> BacklogRecord {
    let measured: Vec<_> = windows.iter().filter(|window| window.measured).collect();
    let at = |index: usize| measured.get(index).map_or(0, |window| window.backlog);
    BacklogRecord {
        middle: at(measured.len() / 2),
        end: at(measured.len().saturating_sub(1)),
        offered_between: measured[measured.len() / 2..]
            .iter()
            .map(|w| w.offered)
            .sum(),
        max: windows
            .iter()
            .map(|window| window.backlog)
            .max()
            .unwrap_or(0),
    }
}

fn histograms(shape: &Shape, dice: &mut Dice) -> BTreeMap<String, Histogram<u64>> {
    let mut all = BTreeMap::new();
    for (name, factor) in [("finality", 1.0), ("commit", 0.86), ("consensus", 0.49)] {
        let mut histogram = Histogram::new(3).unwrap();
        for _ in 0..40_000 {
            // The sum of three dice is bell-shaped; its exponential has a tail.
            let bell = (dice.unit() + dice.unit() + dice.unit() - 1.5) / 0.5;
            let ms = shape.p50 * factor * (shape.tail.ln() / 2.2 * bell).exp();
            histogram.record((ms * 1_000.0) as u64).unwrap();
        }
        all.insert(name.to_owned(), histogram);
    }
    all
}

fn host(record: &RunRecord) -> HostRecord {
    HostRecord {
        wall_seconds: 3.91,
        virtual_seconds: record.virtual_seconds,
        events: 21_400_000,
        events_per_second: 5_473_145.0,
        peak_rss_bytes: 412_000_000,
        cpu_model: "An invented processor @ 2.5 GHz".to_owned(),
        threads: 2,
        build: "8d1f0c2ab97e4455".to_owned(),
    }
}

/// Writes a folder as the tool does, with the page in it.
pub fn write(folder: &Path, runs: &[LoadedRun], page: &str) {
    std::fs::create_dir_all(folder).unwrap();
    for run in runs {
        let place = folder.join("runs").join(&run.record.key);
        std::fs::create_dir_all(&place).unwrap();
        let text = serde_json::to_string_pretty(&run.record).unwrap();
        std::fs::write(place.join("run.json"), text).unwrap();
    }
    std::fs::write(folder.join("report.html"), page).unwrap();
}
