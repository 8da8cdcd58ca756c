//! The Byzantine replicas of a plan: who they are and what they do when, in the
//! words of the consensus models, and what they are counted as. Decides nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::adversary::{Behaviour, Deviation};
use groma_consensus_models::{FaultModel, ReplicaId, ReplicaSet};

use crate::plan::{Byzantine, FaultKind, Plan};

fn members(ids: &[u32]) -> impl Iterator<Item = ReplicaId> {
    ids.iter().map(|&id| ReplicaId(id))
}

fn set(ids: &[u32]) -> ReplicaSet {
    members(ids).collect()
}

/// Who behaves how, in the order of the plan's faults.
fn byzantine(plan: &Plan) -> impl Iterator<Item = (&[u32], &Byzantine)> {
    plan.faults.iter().filter_map(|fault| match &fault.kind {
        FaultKind::Byzantine {
            replicas,
            behaviour,
        } => Some((replicas.as_slice(), behaviour)),
        _ => None,
    })
}

/// Replicas that deviate at some time. What they do is not measured, before that
/// time neither.
#[must_use]
pub fn faulty(plan: &Plan) -> ReplicaSet {
    byzantine(plan)
        .flat_map(|(replicas, _)| members(replicas))
        .collect()
}

/// Those of them whose own chain is nobody's guarantee: two instances, a false
/// state, a branch of its own. What the others commit and execute is checked like
/// anybody's. In a lottery, whoever keeps to itself may be alone with its branch.
#[must_use]
pub fn lying(plan: &Plan, model: FaultModel) -> ReplicaSet {
    let lies = |behaviour: &Byzantine| match behaviour {
        Byzantine::Equivocate
        | Byzantine::Twins { .. }
        | Byzantine::WrongRoot
        | Byzantine::Selfish => true,
        Byzantine::Silent
        | Byzantine::Late { .. }
        | Byzantine::Withhold { .. }
        | Byzantine::Fork => model == FaultModel::HonestMajority,
        Byzantine::Lazy | Byzantine::Flood { .. } => false,
    };
    byzantine(plan)
        .filter(|(_, behaviour)| lies(behaviour))
        .flat_map(|(replicas, _)| members(replicas))
        .collect()
}

/// What `me` does when.
#[must_use]
pub fn deviations(plan: &Plan, me: ReplicaId) -> Vec<Deviation> {
    let mut found = Vec::new();
    for fault in &plan.faults {
        let FaultKind::Byzantine {
            replicas,
            behaviour,
        } = &fault.kind
        else {
            continue;
        };
        if !replicas.contains(&me.0) {
            continue;
        }
        let until = if fault.until_ns < plan.horizon_ns() {
            Duration::from_nanos(fault.until_ns)
        } else {
            Duration::MAX
        };
        found.push(Deviation {
            from: Duration::from_nanos(fault.at_ns),
            until,
            behaviour: modelled(plan, replicas, behaviour),
        });
    }
    found
}

/// A plan's behaviour of these replicas, as the models have it.
fn modelled(plan: &Plan, replicas: &[u32], behaviour: &Byzantine) -> Behaviour {
    match behaviour {
        Byzantine::Silent => Behaviour::Silent,
        Byzantine::Late { by_ns } => Behaviour::Late(Duration::from_nanos(*by_ns)),
        Byzantine::Withhold { reach } => Behaviour::Withhold(*reach),
        Byzantine::Lazy => Behaviour::Lazy,
        Byzantine::Flood { copies } => Behaviour::Flood(*copies),
        Byzantine::WrongRoot => Behaviour::WrongRoot,
        Byzantine::Fork => Behaviour::Fork,
        Byzantine::Equivocate => equivocate(plan),
        Byzantine::Twins { side } => Behaviour::Twins {
            twins: set(replicas),
            side: set(side),
        },
        Byzantine::Selfish => Behaviour::Selfish,
    }
}

/// What the behaviours of a plan are counted as, in the order of its faults,
/// with those who behave so.
#[must_use]
pub fn deeds(plan: &Plan) -> Vec<(&'static str, &Byzantine, &[u32])> {
    byzantine(plan)
        .map(|(replicas, behaviour)| {
            let deed = modelled(plan, replicas, behaviour).deed();
            (deed, behaviour, replicas)
        })
        .collect()
}

/// Committed blocks that Byzantine replicas proposed are counted as this.
pub const BLOCKS: &str = "adversary-blocks";

/// Counts of all that the plan's Byzantine replicas may do, before any of it is
/// done: what never happens is a zero in the record. Empty without such replicas.
#[must_use]
pub fn undone(plan: &Plan) -> BTreeMap<&'static str, u64> {
    let deeds = deeds(plan);
    let blocks = (!deeds.is_empty()).then_some(BLOCKS);
    let deeds = deeds.into_iter().map(|(deed, ..)| deed);
    deeds.chain(blocks).map(|what| (what, 0)).collect()
}

/// All that equivocate do it together, and tell every other correct replica the
/// second story.
fn equivocate(plan: &Plan) -> Behaviour {
    let together = byzantine(plan).filter(|(_, behaviour)| **behaviour == Byzantine::Equivocate);
    let bad = faulty(plan);
    let correct = (0..plan.replicas())
        .map(ReplicaId)
        .filter(|id| !bad.contains(*id));
    Behaviour::Equivocate {
        accomplices: together
            .flat_map(|(replicas, _)| members(replicas))
            .collect(),
        side: correct.skip(1).step_by(2).collect(),
    }
}

/// The correct replicas that twins keep apart: those of the second instances'
/// side, and the rest.
#[must_use]
pub fn sides(plan: &Plan, replicas: &[u32], side: &[u32]) -> [Vec<u32>; 2] {
    let correct = (0..plan.replicas()).filter(|id| !replicas.contains(id));
    let (second, first) = correct.partition(|id| side.contains(id));
    [second, first]
}
