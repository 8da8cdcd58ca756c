//! The city of a run: its workloads in their shares, its load, and the ledger's first
//! state.

use std::sync::Arc;
use std::time::Duration;

use groma_ledger::{Genesis, Keyring, State};
use groma_sim::Streams;
use groma_workloads::trace::Asked;
use groma_workloads::{Arrivals, City, Mix, Workload, WorkloadSetup};

use crate::feed::{Feed, Homes};
use crate::layout::{Layout, stretches};
use crate::plan::{CryptoMode, LoadPlan, PhasePlan, Plan, WorkloadShare};

/// The city of a plan and the ledger's first state.
pub(super) fn city(plan: &Plan, layout: &Layout) -> (Feed, State) {
    let usual = WorkloadSetup::of_city(plan.population).expect("a plan's population is checked");
    let setup = WorkloadSetup {
        attack_ppm: plan.workload.attack_ppm,
        mistake_ppm: plan.workload.mistake_ppm,
        ..usual
    };
    let workload: Box<dyn Workload> = Box::new(mix(plan, &setup));
    let keyring = Arc::new(match plan.crypto.mode {
        CryptoMode::Real => Keyring::derive(plan.seed, plan.crypto.keys),
        CryptoMode::Modelled => Keyring::priced(),
    });
    let mut genesis = Genesis::default();
    genesis.keyring = keyring.clone();
    workload.genesis(&mut genesis);
    let state = State::genesis(&genesis);
    let streams = Streams::new(plan.seed);
    // A load that is all closed loop offers nothing of itself.
    let offers = plan.load.iter().any(|phase| phase.load.offers());
    let arrivals = offers.then(|| {
        let stream = streams.stream("arrivals", 0);
        Arrivals::new(stretches(plan), stream).expect("a plan's load is checked")
    });
    let city = City::new(workload, streams.stream("city", 0));
    (
        Feed::new(
            city,
            (arrivals, Duration::from_nanos(plan.load_end_ns())),
            keyring,
            Homes::new(&layout.gateway_weights),
            plan.client.request_bytes,
            requests(plan),
        ),
        state,
    )
}

/// The workloads of a plan, with shares that change where the load says so.
fn mix(plan: &Plan, setup: &WorkloadSetup) -> Mix {
    let build = |part: &WorkloadShare| {
        let entry = groma_workloads::table::find(&part.workload);
        (entry.expect("a plan's workloads are checked").build)(setup)
    };
    let parts = plan.workload.mix.iter().map(build).collect();
    let usual = plan.workload.usual_shares();
    let mut spells = Vec::new();
    let mut until = Duration::ZERO;
    for phase in &plan.load {
        until += Duration::from_nanos(phase.for_ns);
        let shares = match phase.mix.as_slice() {
            [] if plan.workload.apart.is_empty() => {
                usual.iter().map(|&share| share as f64).collect()
            }
            [] => relative(&usual),
            rates => relative(rates),
        };
        spells.push((until, shares));
    }
    // After the load there is only the closed loop's last word.
    spells.dedup_by(|later, earlier| {
        let same = later.1 == earlier.1;
        if same {
            earlier.0 = later.0;
        }
        same
    });
    Mix::with_steps(parts, &plan.workload.steps(), &spells).expect("a plan's shares are checked")
}

/// Rates over the largest of them.
fn relative(rates: &[u64]) -> Vec<f64> {
    let largest = rates.iter().copied().max().unwrap_or(0).max(1);
    let share = |&rate: &u64| rate as f64 / largest as f64;
    rates.iter().map(share).collect()
}

/// What the rows of traces ask for, by phase.
fn requests(plan: &Plan) -> Vec<Vec<Asked>> {
    let name = |part: u32| {
        let place = part.checked_sub(1)? as usize;
        let entry = groma_workloads::table::find(&plan.workload.mix.get(place)?.workload)?;
        Some(entry.name)
    };
    let of = |phase: &PhasePlan| match &phase.load {
        LoadPlan::Replay { parts, keys, .. } => {
            let rows = parts.iter().zip(keys);
            let asked = |(&part, &key): (&u32, &u64)| Asked {
                workload: name(part),
                key: key.checked_sub(1),
            };
            rows.map(asked).collect()
        }
        _ => Vec::new(),
    };
    plan.load.iter().map(of).collect()
}
