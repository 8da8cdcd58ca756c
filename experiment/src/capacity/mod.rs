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
use crate::certificate::{CITY_TPS, Certificate, Headroom, Probe, SCHEMA, Step};
use crate::plan::Plan;
use crate::registry::{Registry, RunOptions};
use crate::result::{Percentiles, RunRecord, RunResult};
use crate::store::BUILD;
use crate::sweep::{self, Ended};
use crate::verdict;
use interval::{Answer, Found, Load, Rules};
use shape::Length;

/// The lowest load that a search asks, in transactions per second.
const FLOOR_TPS: f64 = 1.0;

/// The first stride around a load that is known.
const STRIDE: f64 = 1.15;

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
    let rules = rules(Load(shape::mean_mtps(base)), options);
    let mut search = Search::new(seeds, registry, run, told);
    let found = interval::find(&rules, |step, load| search.ask(step, load))?;
    Ok(certificate(seeds, options, &found, search))
}

/// The highest load that short probes pass, looked for around `near_tps`, in
/// transactions per second; `None` where none does. For designs that differ in
/// one thing and are compared with each other: all are measured alike, and no
/// run is long.
///
/// # Errors
/// When there is no answer.
pub fn nearby(
    plan: &Plan,
    near_tps: f64,
    options: &Options,
    registry: &Registry,
    run: &RunOptions<'_>,
) -> Result<Option<f64>, Abandoned> {
    let seeds = std::slice::from_ref(plan);
    check(seeds).map_err(Abandoned::Refused)?;
    let rules = rules(Load::from_tps(near_tps), options);
    let mut search = Search::new(seeds, registry, run, &|_, _| {});
    let found = interval::find_near(&rules, STRIDE, |step, load| search.ask(step, load))?;
    Ok(found
        .passed
        .filter(|_| found.broken.is_none())
        .map(Load::tps))
}

fn rules(start: Load, options: &Options) -> Rules {
    let ceiling = Load::from_tps(options.ceiling_tps.max(FLOOR_TPS));
    Rules {
        start: start.min(ceiling),
        floor: Load::from_tps(FLOOR_TPS),
        ceiling,
        width: options.width,
    }
}

/// A search under way.
struct Search<'a> {
    seeds: &'a [Plan],
    registry: &'a Registry,
    run: &'a RunOptions<'a>,
    told: Told<'a>,
    probes: Vec<Probe>,
    /// What every run said, so that none is made twice.
    made: BTreeMap<(Load, Length), Made>,
}

#[derive(Clone)]
struct Made {
    probe: Probe,
    answer: Answer,
    undecided: bool,
    speaker: RunRecord,
}

impl<'a> Search<'a> {
    fn new(
        seeds: &'a [Plan],
        registry: &'a Registry,
        run: &'a RunOptions<'a>,
        told: Told<'a>,
    ) -> Self {
        Self {
            seeds,
            registry,
            run,
            told,
            probes: Vec::new(),
            made: BTreeMap::new(),
        }
    }

    /// Asks one load at the length of the step, and longer while that cannot
    /// tell.
    fn ask(&mut self, step: Step, load: Load) -> Result<Answer, Abandoned> {
        let mut length = match step {
            Step::Bracket | Step::Bisect => Length::Short,
            Step::Confirm => Length::Long,
        };
        loop {
            let made = self.make(step, load, length)?;
            let longer = length.longer(&self.seeds[0]).filter(|_| made.undecided);
            let Some(longer) = longer else {
                return Ok(made.answer);
            };
            length = longer;
        }
    }

    fn make(&mut self, step: Step, load: Load, length: Length) -> Result<Made, Abandoned> {
        if let Some(known) = self.made.get(&(load, length)) {
            let mut known = known.clone();
            known.probe.step = step;
            self.probes.push(known.probe.clone());
            return Ok(known);
        }
        let results = self.runs(load, length)?;
        let records: Vec<&RunRecord> = results.iter().map(|result| &result.record).collect();
        let judged = criterion::judge(step, load.tps(), &records);
        (self.told)(&judged.probe, &results);
        self.probes.push(judged.probe.clone());
        let made = Made {
            probe: judged.probe,
            answer: judged.answer,
            undecided: judged.undecided,
            speaker: judged.speaker.clone(),
        };
        self.made.insert((load, length), made.clone());
        Ok(made)
    }

    /// Runs one load under every seed, in the order of the seeds.
    fn runs(&self, load: Load, length: Length) -> Result<Vec<RunResult>, Abandoned> {
        let one = |plan: &Plan| {
            let probe = shape::with_load(plan, load, length);
            match sweep::run_one(&probe, self.run, self.registry) {
                Ended::Finished(result) => Ok(*result),
                Ended::Stopped => Err(Abandoned::Stopped),
                Ended::Failed(why) => Err(Abandoned::Failed(format!(
                    "{} at {} TPS failed: {why}",
                    plan.label(),
                    load.tps()
                ))),
            }
        };
        self.seeds.par_iter().with_max_len(1).map(one).collect()
    }

    /// The longest run of a load, which speaks for it.
    fn longest(&self, load: Load) -> Option<&Made> {
        let lengths = [Length::Longest, Length::Long, Length::Short];
        lengths
            .iter()
            .find_map(|length| self.made.get(&(load, *length)))
    }
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

fn certificate(
    seeds: &[Plan],
    options: &Options,
    found: &Found,
    search: Search<'_>,
) -> Certificate {
    let base = &seeds[0];
    let plain = shape::without_seed(base);
    let stopped = found.broken.or(found.failed);
    let passed = found.passed.filter(|_| found.broken.is_none());
    let confirmed = passed.and_then(|load| search.longest(load));
    let failed = stopped.and_then(|load| search.longest(load));
    let limit = failed.or(confirmed).map(|made| &made.speaker);
    let carried = confirmed.map(|made| &made.speaker);
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
        failed_because: failed
            .map(|made| made.probe.because.clone())
            .unwrap_or_default(),
        binds: limit.map(bottleneck::binds).unwrap_or_default(),
        resources: limit.map(bottleneck::resources).unwrap_or_default(),
        headroom_to_10k: sustained_tps.map(|tps| verdict::round4(tps / CITY_TPS)),
        demand: sustained_tps.and_then(|tps| headroom(base, tps)),
        goodput_tps: confirmed.map(|made| made.probe.goodput_tps),
        finality_ms: carried.map_or_else(Percentiles::default, |run| run.finality_ms.clone()),
        storage_bytes_per_year: carried.and_then(storage_bytes_per_year),
        network_bytes_per_day: carried.and_then(network_bytes_per_day),
        probes: search.probes.clone(),
        plan: base.clone(),
    }
}

/// A capacity against what the scenario's own load asks for in true time. Every probe is
/// that load times a factor, its peaks and bursts with it, so one factor says it all.
fn headroom(base: &Plan, sustained_tps: f64) -> Option<Headroom> {
    let demand = crate::demand::rates(base)?;
    let own = shape::mean_mtps(base).max(1) as f64 / 1e3;
    Some(Headroom {
        mean_tps: demand.mean_tps,
        peak_hour_tps: demand.peak_hour_tps,
        worst_second_tps: demand.worst_second_tps,
        times: verdict::round4(sustained_tps / own),
    })
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
    let load = &run.load;
    let played_tps = verdict::round4(load.offered as f64 / load.measured_seconds);
    // A rush that is played in its own time sends more than its share of the day.
    let of_the_day = load.offered_tps / played_tps;
    (played_tps > 0.0)
        .then(|| (sent as f64 / load.measured_seconds * SECONDS_A_DAY * of_the_day).round())
}
