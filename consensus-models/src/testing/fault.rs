//! Faults of a random network, and schedules of them drawn from a seed.

use std::time::Duration;

use super::rng::SplitMix64;
use crate::committee::ReplicaId;

/// One change of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The replica stops and loses what is not durable.
    Crash(ReplicaId),
    /// The replica that leads, as the live replica in the highest view
    /// believes, stops; nothing happens when it is unknown or already down.
    CrashLeader,
    /// The replica stops, loses what is not durable, and is back at once.
    Bounce(ReplicaId),
    /// From now on, so many times in a thousand that a replica says something
    /// while writes of its own are not durable, it bounces at once. This is
    /// what finds a vote that is told before it is kept.
    Torn(u32),
    /// All replicas stop at once, whatever the cluster tolerates.
    Outage,
    /// The replica comes back, should it be down.
    Restart(ReplicaId),
    /// Every replica that is down comes back.
    RestartAll,
    /// Messages cross only within `side` and within the rest.
    Partition(Vec<ReplicaId>),
    /// Messages from the first to the second are lost; the way back works.
    Cut(ReplicaId, ReplicaId),
    /// From now on so many messages in a thousand are lost.
    Loss(u32),
    /// No partition, no cut, no loss, no torn writes. Crashed replicas stay
    /// down.
    Heal,
}

/// What [`schedule`] may draw.
#[derive(Clone, Copy, Debug)]
pub struct FaultPlan {
    /// Members.
    pub n: u32,
    /// Whether now and then all replicas crash at once.
    pub outages: bool,
    /// Mean time between two faults.
    pub every: Duration,
    /// No fault after this; all is healed and restarted here.
    pub until: Duration,
}

/// Draws faults up to `plan.until`, where everything is healed and restarted.
#[must_use]
pub fn schedule(plan: &FaultPlan, rng: &mut SplitMix64) -> Vec<(Duration, Fault)> {
    let mut faults = Vec::new();
    let mut at = Duration::ZERO;
    let mean = u64::try_from(plan.every.as_nanos()).unwrap_or(u64::MAX / 4);
    loop {
        at += Duration::from_nanos(rng.below(2 * mean) + 1);
        if at >= plan.until {
            break;
        }
        faults.push((at, draw(plan, rng)));
    }
    faults.push((plan.until, Fault::Heal));
    faults.push((plan.until, Fault::RestartAll));
    faults
}

fn draw(plan: &FaultPlan, rng: &mut SplitMix64) -> Fault {
    let someone = |rng: &mut SplitMix64| ReplicaId(rng.below(u64::from(plan.n)) as u32);
    match rng.below(20) {
        0..=2 => Fault::Crash(someone(rng)),
        3 => Fault::Bounce(someone(rng)),
        4..=6 => Fault::CrashLeader,
        7..=9 => Fault::Restart(someone(rng)),
        10..=11 => Fault::RestartAll,
        12..=14 => Fault::Partition(
            (0..plan.n)
                .map(ReplicaId)
                .filter(|_| rng.chance(400))
                .collect(),
        ),
        15..=16 if plan.n > 1 => {
            let from = someone(rng);
            let step = 1 + rng.below(u64::from(plan.n) - 1) as u32;
            Fault::Cut(from, ReplicaId((from.0 + step) % plan.n))
        }
        17 if plan.outages => Fault::Outage,
        17 => Fault::Torn(rng.below(100) as u32),
        18 => Fault::Loss(rng.below(300) as u32),
        _ => Fault::Heal,
    }
}
