//! How much of the true day a played instant stands for. Where a calendar is
//! compressed, a second of an ordinary hour is played for a whole minute, and a second of
//! a rush for itself; a latency that is measured there counts for as many, and so does
//! what is offered and becomes final where a rate is meant.
//!
//! Knows nothing of calendars: a phase says how long it is played and how much true
//! time it stands for.

use groma_sim::Time;

use crate::plan::{PhasePlan, Plan};

/// What an instant of a load stands for, phase by phase.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Ends of stretches of one weight, with it, in order.
    until: Vec<(Time, u64)>,
}

impl Weights {
    /// The weights of a plan's load.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut until: Vec<(Time, u64)> = Vec::new();
        let mut end = 0;
        for phase in &plan.load {
            end += phase.for_ns;
            let (end, weight) = (Time::from_nanos(end), weight(phase));
            match until.last_mut() {
                Some((last, same)) if *same == weight => *last = end,
                _ => until.push((end, weight)),
            }
        }
        Self { until }
    }

    /// What the measured phases of a plan stand for, in nanoseconds.
    #[must_use]
    pub fn measured_ns(plan: &Plan) -> u128 {
        let measured = plan.load.iter().filter(|phase| phase.measure);
        measured
            .map(|phase| u128::from(weight(phase)) * u128::from(phase.for_ns))
            .sum()
    }

    /// So many of the true day are what is intended at an instant; 1 after the load.
    #[must_use]
    pub fn at(&self, at: Time) -> u64 {
        let place = self.until.partition_point(|&(end, _)| end <= at);
        self.until.get(place).map_or(1, |&(_, weight)| weight)
    }
}

/// True time over played time, to the nearest whole number, and never nothing.
fn weight(phase: &PhasePlan) -> u64 {
    let played = phase.for_ns.max(1);
    (phase.stands_for_ns.saturating_add(played / 2) / played).max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::registry::Registry;
    use crate::scenario::Scenario;

    /// Phases of so many seconds that stand for so many.
    fn weights(phases: &[(u64, u64)]) -> Weights {
        let text = "{ name: w, seed: 1, committee: { shenzhen: 4 }, protocol: pbft, workload: payments, load: [{ for: 1s, tps: 1 }] }";
        let plans = Scenario::parse("w.yaml", text, None, &[], &Registry::standard()).unwrap();
        let mut plan = plans.into_iter().next().unwrap();
        let like = plan.load.remove(0);
        let phase = |&(played, truth): &(u64, u64)| PhasePlan {
            for_ns: played * 1_000_000_000,
            stands_for_ns: truth * 1_000_000_000,
            ..like.clone()
        };
        plan.load = phases.iter().map(phase).collect();
        Weights::of(&plan)
    }

    #[test]
    fn a_phase_weighs_what_it_stands_for() {
        let found = weights(&[(10, 10), (60, 3_600), (5, 5), (7, 20), (3, 1)]);
        let at = |seconds: u64| found.at(Time::from_nanos(seconds * 1_000_000_000));
        // 20 for 7 is nearest to 3; what is played longer than it lasts weighs 1.
        let expected = [
            (0, 1),
            (9, 1),
            (10, 60),
            (69, 60),
            (70, 1),
            (75, 3),
            (82, 1),
            (90, 1),
        ];
        for (second, weight) in expected {
            assert_eq!(at(second), weight, "at {second} s");
        }
        assert_eq!(weights(&[(10, 10), (20, 20)]).until.len(), 1);
    }
}
