//! Capacity: the highest load that a design sustains, found by running it.
//!
//! `interval` searches over a closure and knows no runs; `shape` turns a plan
//! and a load into a probe; `criterion` judges the runs of a probe; `files`
//! keeps certificates. What stands here joins them: a pure function of the
//! plans and the options, whatever the number of threads.

mod criterion;
pub mod files;
pub mod interval;
pub mod shape;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::bottleneck;
use crate::certificate::{CITY_TPS, Certificate, Probe, SCHEMA, Step};
use crate::plan::Plan;
use crate::registry::{Registry, RunOptions};
use crate::result::{Percentiles, RunRecord, RunResult};
use crate::store::BUILD;
use crate::sweep::{self, Ended};
use interval::{Found, Load, Rules};
use shape::Length;

/// The lowest load that a search asks, in transactions per second.
const FLOOR_TPS: f64 = 1.0;

const SECONDS_A_DAY: f64 = 86_400.0;
const DAYS_A_YEAR: f64 = 365.0;

/// What a search may be asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Relative width at which it stops: 0.01 for 1 %.
    pub width: f64,
    /// The highest load that it asks, in transactions per second.
    pub ceiling_tps: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 0.01,
            ceiling_tps: 100_000.0,
        }
    }
}

/// Why a search has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// The plan has no capacity to search for: a user's mistake, with a hint.
    Refused(String),
    /// A stop was asked for.
    Stopped,
    /// The simulator itself failed: a bug, never a property of the plan.
    Failed(String),
}

/// Told after every probe, on the thread that made it: the probe and the runs
/// of its seeds.
pub type Told<'a> = &'a (dyn Fn(&Probe, &[RunResult]) + Sync);

/// Why these plans cannot be searched, if they cannot.
///
/// # Errors
/// The user's mistake, with a hint.
pub fn check(plans: &[Plan]) -> Result<(), String> {
    plans.iter().find_map(shape::refusal).map_or(Ok(()), Err)
}

/// Finds the capacity of one design. `seeds` are its plans, equal but for the
/// seed (see [`shape::by_seed`]); all of them run under every load, on the
/// threads of the rayon pool that this is called in.
///
/// # Errors
/// When there is no answer.
pub fn search(
    seeds: &[Plan],
    options: &Options,
    registry: &Registry,
    run: &RunOptions<'_>,
    told: Told<'_>,
) -> Result<Certificate, Abandoned> {
    check(seeds).map_err(Abandoned::Refused)?;
    let Some(base) = seeds.first() else {
        return Err(Abandoned::Refused("no plan, no capacity".to_owned()));
    };
    let ceiling = Load::from_tps(options.ceiling_tps.max(FLOOR_TPS));
    let rules = Rules {
        start: Load(shape::mean_mtps(base)).min(ceiling),
        floor: Load::from_tps(FLOOR_TPS),
        ceiling,
        width: options.width,
    };
    let mut probes = Vec::new();
    let mut speakers: BTreeMap<(bool, Load), RunRecord> = BTreeMap::new();
    let found = interval::find(&rules, |step, load| {
        let results = runs(seeds, step, load, registry, run)?;
        let records: Vec<&RunRecord> = results.iter().map(|result| &result.record).collect();
        let judged = criterion::judge(step, load.tps(), &records);
        told(&judged.probe, &results);
        speakers.insert((step == Step::Confirm, load), judged.speaker.clone());
        probes.push(judged.probe);
        Ok(judged.answer)
    })?;
    Ok(certificate(seeds, options, &found, probes, &speakers))
}

/// Finds the capacities of many designs on `threads` threads: designs side by
/// side, and the seeds of each.
///
/// # Errors
/// When the threads cannot be started.
pub fn search_all(
    designs: &[Vec<Plan>],
    threads: usize,
    each: &(dyn Fn(usize, &[Plan]) + Sync),
) -> Result<(), String> {
    let pool = pool(threads)?;
    pool.install(|| {
        designs
            .par_iter()
            .enumerate()
            .with_max_len(1)
            .for_each(|(index, seeds)| each(index, seeds));
    });
    Ok(())
}

/// Threads for searches.
///
/// # Errors
/// When they cannot be started.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool, String> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .build()
        .map_err(|error| format!("cannot start {threads} threads: {error}"))
}

/// Runs one load under every seed, in the order of the seeds.
fn runs(
    seeds: &[Plan],
    step: Step,
    load: Load,
    registry: &Registry,
    run: &RunOptions<'_>,
) -> Result<Vec<RunResult>, Abandoned> {
    let length = match step {
        Step::Bracket | Step::Bisect => Length::Short,
        Step::Confirm => Length::Long,
    };
    let one =
        |plan: &Plan| match sweep::run_one(&shape::with_load(plan, load, length), run, registry) {
            Ended::Finished(result) => Ok(*result),
            Ended::Stopped => Err(Abandoned::Stopped),
            Ended::Failed(why) => Err(Abandoned::Failed(format!(
                "{} at {} TPS failed: {why}",
                plan.label(),
                load.tps()
            ))),
        };
    seeds.par_iter().with_max_len(1).map(one).collect()
}

fn certificate(
    seeds: &[Plan],
    options: &Options,
    found: &Found,
    probes: Vec<Probe>,
    speakers: &BTreeMap<(bool, Load), RunRecord>,
) -> Certificate {
    let base = &seeds[0];
    let plain = shape::without_seed(base);
    // A long run speaks before a short one of the same load.
    let speaker = |load: Load| {
        speakers
            .get(&(true, load))
            .or_else(|| speakers.get(&(false, load)))
    };
    let stopped = found.broken.or(found.failed);
    let passed = found.passed.filter(|_| found.broken.is_none());
    let confirmed = passed.and_then(speaker);
    let limit = stopped.and_then(speaker).or(confirmed);
    let told = probes
        .iter()
        .rev()
        .find(|probe| stopped.is_some_and(|load| probe.offered_tps == load.tps()));
    let sustained_tps = passed.map(Load::tps);
    Certificate {
        schema: SCHEMA.to_owned(),
        name: base.name.clone(),
        label: plain.label(),
        key: base.key(),
        build: BUILD.to_owned(),
        seeds: seeds.iter().map(|plan| plan.seed).collect(),
        variation: plain.variation,
        width: options.width,
        ceiling_tps: options.ceiling_tps,
        target: shape::with_load(base, Load(1_000), Length::Short).targets,
        sustained_tps,
        failed_tps: stopped.map(Load::tps),
        failed_because: told.map(|probe| probe.because.clone()).unwrap_or_default(),
        binds: limit.map(bottleneck::binds).unwrap_or_default(),
        resources: limit.map(bottleneck::resources).unwrap_or_default(),
        headroom_to_10k: sustained_tps.map(|tps| round4(tps / CITY_TPS)),
        goodput_tps: median_goodput(&probes, sustained_tps),
        finality_ms: confirmed.map_or_else(Percentiles::default, |run| run.finality_ms.clone()),
        storage_bytes_per_year: confirmed.and_then(storage_bytes_per_year),
        network_bytes_per_day: confirmed.and_then(network_bytes_per_day),
        probes,
        plan: base.clone(),
    }
}

fn median_goodput(probes: &[Probe], sustained_tps: Option<f64>) -> Option<f64> {
    let mut confirming = probes.iter().filter(|probe| probe.step == Step::Confirm);
    confirming
        .find(|probe| Some(probe.offered_tps) == sustained_tps)
        .map(|probe| probe.goodput_tps)
}

/// Bodies alone, as executed: an index, a state and a log come on top of them.
fn storage_bytes_per_year(run: &RunRecord) -> Option<f64> {
    let storage = &run.storage;
    let bytes_per_tx = storage.block_bytes as f64 / storage.executed_txs as f64;
    let executed_a_year = run.load.offered_tps * SECONDS_A_DAY * DAYS_A_YEAR;
    (storage.executed_txs > 0).then(|| (bytes_per_tx * executed_a_year).round())
}

fn network_bytes_per_day(run: &RunRecord) -> Option<f64> {
    let sent: u64 = run
        .machines
        .iter()
        .map(|machine| machine.egress_bytes)
        .sum();
    let seconds = run.load.measured_seconds;
    (seconds > 0.0).then(|| (sent as f64 / seconds * SECONDS_A_DAY).round())
}

fn round4(value: f64) -> f64 {
    crate::verdict::round4(value)
}
