//! Why a design sustains what it does: how busy each resource is with the
//! closed-form bound beside it, where the time of a transaction goes, and what
//! would change if the design did. What-ifs are no model: each is the same plan
//! with one thing changed, run and searched again.

mod bounds;
mod change;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use self::bounds::Bound;
use crate::bottleneck::{self, Resource};
use crate::capacity::{self, Abandoned};
use crate::certificate::Certificate;
use crate::path::{PathSummary, Tracer};
use crate::plan::Plan;
use crate::registry::{Registry, RunOptions};
use crate::result::{Percentiles, RunRecord, Verdict};
use crate::store::BUILD;
use crate::sweep::{self, Ended};

/// Schema name in every `why.json`.
pub const SCHEMA: &str = "groma.why/1";

/// The answer for one plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// [`SCHEMA`].
    pub schema: String,
    /// Scenario name.
    pub name: String,
    /// The plan's label.
    pub label: String,
    /// Hash of the plan: names the document.
    pub key: String,
    /// Digest of the build that ran it.
    pub build: String,
    /// Varied values, path -> value as written.
    pub variation: BTreeMap<String, String>,
    /// The verdict at the plan's own load.
    pub verdict: Verdict,
    /// Offered at the plan's own load, in transactions per second.
    pub offered_tps: f64,
    /// Goodput there.
    pub goodput_tps: f64,
    /// Finality there.
    pub finality_ms: Percentiles,
    /// What binds, in a few words: at the load that first failed where a
    /// capacity was searched for, else at the plan's own load.
    pub binds: String,
    /// How busy the resources are at the plan's own load, busiest first.
    pub resources: Vec<Resource>,
    /// Closed forms: what each resource could carry if it alone bound.
    pub bounds: Vec<Bound>,
    /// Where the time goes at the plan's own load.
    pub path: PathSummary,
    /// Relative width of the capacities; null where none were searched for.
    pub capacity_width: Option<f64>,
    /// Highest sustained load of the plan as it is; null where none was
    /// searched for or none is sustained.
    pub capacity_tps: Option<f64>,
    /// One change each.
    pub what_ifs: Vec<WhatIf>,
}

/// The plan with one thing changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhatIf {
    /// `2x bandwidth`.
    pub name: String,
    /// What exactly: `egress and ingress 1 -> 2 Gbit/s`.
    pub change: String,
    /// Finality at the plan's own load.
    pub finality_ms_p50: Option<f64>,
    /// The same.
    pub finality_ms_p99: Option<f64>,
    /// Goodput at the plan's own load.
    pub goodput_tps: f64,
    /// Highest load that short probes pass.
    pub capacity_tps: Option<f64>,
    /// Its distance from that of the plan as it is, as a share.
    pub capacity_change: Option<f64>,
    /// Distance of the p99 from the plan's own, as a share.
    pub p99_change: Option<f64>,
}

/// What one plan came to: its run, and its capacity by short probes.
struct Found {
    record: RunRecord,
    capacity_tps: Option<f64>,
}

/// Explains a plan, on the threads of the rayon pool that this is called in.
/// `capacities` says how finely to search, or `None` for runs at the plan's own
/// load alone. `told` hears the name of each part as it ends.
///
/// # Errors
/// When a run was stopped or failed, or the plan has no capacity to search for.
pub fn explain(
    plan: &Plan,
    capacities: Option<&capacity::Options>,
    registry: &Registry,
    run: &RunOptions<'_>,
    told: &(dyn Fn(&str) + Sync),
) -> Result<Why, Abandoned> {
    let changes = change::all(plan);
    let seeds = std::slice::from_ref(plan);
    let certify = || {
        let searched = |options| capacity::search(seeds, options, registry, run, &|_, _| {});
        let certificate = capacities.map(searched).transpose();
        told("capacity");
        certificate
    };
    let trace = || {
        let path = follow(plan, registry, run);
        told("critical path");
        path
    };
    let (traced, certificate) = rayon::join(trace, certify);
    let certificate = certificate?;
    let (path, record) = traced?;
    // What-ifs are compared with each other: each is searched around the known
    // capacity, by short probes, the plan as it is too.
    let near = certificate.as_ref().map(|found| {
        let known = found.sustained_tps.or(found.failed_tps);
        known.unwrap_or(1.0)
    });
    let search = capacities.zip(near);
    // The plan as it is has run already, under the tracer.
    let mut designs = vec![("as it is", plan, Some(record))];
    designs.extend(
        changes
            .iter()
            .map(|change| (change.name, &change.plan, None)),
    );
    let one = |(name, plan, record): (&str, &Plan, Option<RunRecord>)| {
        let found = measure(plan, record, search, registry, run);
        told(name);
        found
    };
    let found: Result<Vec<Found>, Abandoned> =
        designs.into_par_iter().with_max_len(1).map(one).collect();
    Ok(conclude(
        plan,
        capacities,
        (path, certificate),
        &changes,
        &found?,
    ))
}

/// The plan with one thing changed.
struct Change {
    name: &'static str,
    text: String,
    plan: Plan,
}

/// Runs a plan and follows its transactions.
fn follow(
    plan: &Plan,
    registry: &Registry,
    run: &RunOptions<'_>,
) -> Result<(PathSummary, RunRecord), Abandoned> {
    let entry = registry.find(&plan.protocol.name).ok_or_else(|| {
        Abandoned::Failed(format!(
            "protocol {} is not in this build",
            plan.protocol.name
        ))
    })?;
    let mut tracer = Tracer::new(plan);
    match entry.run_tapped(plan, run, &mut tracer) {
        Some(result) => Ok((tracer.finish(), result.record)),
        None => Err(Abandoned::Stopped),
    }
}

/// Runs a plan, unless its record is there, and searches around the capacity.
fn measure(
    plan: &Plan,
    record: Option<RunRecord>,
    search: Option<(&capacity::Options, f64)>,
    registry: &Registry,
    run: &RunOptions<'_>,
) -> Result<Found, Abandoned> {
    let record = match record {
        Some(record) => record,
        None => match sweep::run_one(plan, run, registry) {
            Ended::Finished(result) => result.record,
            Ended::Stopped => return Err(Abandoned::Stopped),
            Ended::Failed(why) => return Err(Abandoned::Failed(why)),
        },
    };
    let capacity_tps = match search {
        Some((options, near)) => capacity::nearby(plan, near, options, registry, run)?,
        None => None,
    };
    Ok(Found {
        record,
        capacity_tps,
    })
}

fn conclude(
    plan: &Plan,
    capacities: Option<&capacity::Options>,
    (path, certificate): (PathSummary, Option<Certificate>),
    changes: &[Change],
    found: &[Found],
) -> Why {
    let (base, variants) = found.split_first().expect("the plan as it is comes first");
    let record = &base.record;
    let what_ifs = changes.iter().zip(variants).map(|(change, found)| WhatIf {
        name: change.name.to_owned(),
        change: change.text.clone(),
        finality_ms_p50: found.record.finality_ms.p50,
        finality_ms_p99: found.record.finality_ms.p99,
        goodput_tps: found.record.load.goodput_tps,
        capacity_tps: found.capacity_tps,
        capacity_change: relative(base.capacity_tps, found.capacity_tps),
        p99_change: relative(record.finality_ms.p99, found.record.finality_ms.p99),
    });
    let binds = match &certificate {
        Some(found) => found.binds.clone(),
        None => bottleneck::binds(record),
    };
    Why {
        schema: SCHEMA.to_owned(),
        name: plan.name.clone(),
        label: plan.label(),
        key: plan.key(),
        build: BUILD.to_owned(),
        variation: plan.variation.clone(),
        verdict: record.verdict,
        offered_tps: record.load.offered_tps,
        goodput_tps: record.load.goodput_tps,
        finality_ms: record.finality_ms.clone(),
        binds,
        resources: bottleneck::resources(record),
        bounds: bounds::of(plan, record),
        path,
        capacity_width: capacities.map(|options| options.width),
        capacity_tps: certificate.and_then(|found| found.sustained_tps),
        what_ifs: what_ifs.collect(),
    }
}

/// How far `value` is from `base`, as a share of it.
fn relative(base: Option<f64>, value: Option<f64>) -> Option<f64> {
    match (base, value) {
        (Some(base), Some(value)) if base > 0.0 => Some(crate::verdict::round4(value / base - 1.0)),
        _ => None,
    }
}
