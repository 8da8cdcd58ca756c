//! Many runs over the cores. Each run is single-threaded and pure; a sweep
//! only decides which runs go when, and hands each result over as it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use crate::plan::{LoadPlan, PhasePlan, Plan};
use crate::registry::{Control, Registry, RunOptions};
use crate::result::RunResult;

/// What became of one plan.
#[derive(Debug)]
pub enum Ended {
    /// It ran.
    Finished(Box<RunResult>),
    /// It was abandoned, or never begun, because a stop was asked for.
    Stopped,
    /// The simulator itself failed: a bug, never a property of the plan.
    Failed(String),
}

/// Runs `plans` on `threads` threads, the costliest first. `around` is given
/// each plan's index and the run itself, on the worker's thread, so that the
/// caller can time it and keep its result at once.
///
/// # Errors
/// When the threads cannot be started.
pub fn run_all(
    plans: &[Plan],
    threads: usize,
    options: &RunOptions<'_>,
    registry: &Registry,
    around: &(dyn Fn(usize, &dyn Fn() -> Ended) + Sync),
) -> Result<(), String> {
    let mut order: Vec<usize> = (0..plans.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(cost(&plans[index])), index));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .build()
        .map_err(|error| format!("cannot start {threads} threads: {error}"))?;
    pool.in_place_scope_fifo(|scope| {
        for index in order {
            let plan = &plans[index];
            scope.spawn_fifo(move |_| around(index, &|| run_one(plan, options, registry)));
        }
    });
    Ok(())
}

/// Runs one plan on this thread.
pub(crate) fn run_one(plan: &Plan, options: &RunOptions<'_>, registry: &Registry) -> Ended {
    if options.control.is_some_and(stopped) {
        return Ended::Stopped;
    }
    let Some(entry) = registry.find(&plan.protocol.name) else {
        return Ended::Failed(format!(
            "protocol {} is not in this build",
            plan.protocol.name
        ));
    };
    match catch_unwind(AssertUnwindSafe(|| entry.run(plan, options))) {
        Ok(Some(result)) => Ended::Finished(Box::new(result)),
        Ok(None) => Ended::Stopped,
        Err(panic) => Ended::Failed(message(&*panic)),
    }
}

fn stopped(control: &Control) -> bool {
    control.stop.load(Ordering::Relaxed)
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a message".to_owned())
}

/// A rough cost of a run, to start long ones first: messages grow with the
/// square of the committee, transactions with the load.
fn cost(plan: &Plan) -> u64 {
    let n = u64::from(plan.replicas());
    let txs: u64 = plan.load.iter().map(offered).fold(0, u64::saturating_add);
    txs.saturating_add(n * n * (plan.horizon_ns() / 1_000_000_000))
}

fn offered(phase: &PhasePlan) -> u64 {
    if let LoadPlan::Closed { in_flight } = phase.load {
        // A guess: ten replies a second to each in flight.
        return (u64::from(in_flight) * 10).saturating_mul(phase.for_ns / 1_000_000_000);
    }
    let expected = phase.load.expected(phase.for_ns);
    expected.map_or(0, |txs| txs as u64)
}
