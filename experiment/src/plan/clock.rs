//! Days in a load and their clocks: which instant of a run is nine o'clock.
//!
//! A plan holds phases and no calendar. The reader of a scenario knows where a day begins;
//! of a plan alone, a compressed day is told by its phases, one of which ends at every
//! full hour of true time.

use super::load::PhasePlan;

const HOUR_NS: u64 = 3_600_000_000_000;
/// A day, in nanoseconds.
pub const DAY_NS: u64 = 24 * HOUR_NS;
/// A compressed day plays nothing longer than this in its own time.
const BRIEF_NS: u64 = HOUR_NS / 6;

/// The clock of one day of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Instants of the day, since midnight, with those of the run at which they are
    /// played, in order. Between two of them time passes evenly.
    knots: Vec<(u64, u64)>,
}

impl Clock {
    /// The clock of the day whose phases begin with `first`; `None` where they do not
    /// come to a day.
    #[must_use]
    pub fn of(load: &[PhasePlan], first: usize) -> Option<Self> {
        let before = load.get(..first)?.iter().map(|phase| phase.for_ns);
        let (mut time, mut played) = (0_u64, before.sum());
        let mut knots = vec![(0, played)];
        for phase in &load[first..] {
            time = time.saturating_add(phase.stands_for_ns);
            played += phase.for_ns;
            knots.push((time, played));
            if time >= DAY_NS {
                break;
            }
        }
        (time == DAY_NS).then_some(Self { knots })
    }

    /// The clocks of the compressed days of a load, in order.
    #[must_use]
    pub fn compressed(load: &[PhasePlan]) -> Vec<Self> {
        let mut ends = vec![0_u64];
        for phase in load {
            let end = ends[ends.len() - 1].saturating_add(phase.stands_for_ns);
            ends.push(end);
        }
        let (mut clocks, mut place) = (Vec::new(), 0);
        while place < load.len() {
            let clock = is_compressed(&ends, load, place)
                .then(|| Self::of(load, place))
                .flatten();
            place += clock.as_ref().map_or(1, |clock| clock.knots.len() - 1);
            clocks.extend(clock);
        }
        clocks
    }

    /// The instant of the run at which one of the day is played, in nanoseconds.
    #[must_use]
    pub fn played(&self, of_day_ns: u64) -> u64 {
        let at = of_day_ns.min(DAY_NS);
        let next = self.knots.partition_point(|&(time, _)| time < at).max(1);
        let ((from, start), (to, end)) = (self.knots[next - 1], self.knots[next]);
        let share =
            u128::from(at - from) * u128::from(end - start) / u128::from((to - from).max(1));
        start + u64::try_from(share).unwrap_or(u64::MAX)
    }

    /// Instants of the day, since midnight, with those of the run at which they are
    /// played: straight lines lie between them.
    #[must_use]
    pub fn knots(&self) -> &[(u64, u64)] {
        &self.knots
    }

    /// How long the day is played, in nanoseconds.
    #[must_use]
    pub fn length_ns(&self) -> u64 {
        self.played(DAY_NS) - self.played(0)
    }
}

/// Whether a compressed day begins at a place: a phase ends at every full hour, some are
/// compressed, and those that are not are brief.
fn is_compressed(ends: &[u64], load: &[PhasePlan], first: usize) -> bool {
    let end_of = |hour: u64| {
        ends.binary_search(&ends[first].checked_add(hour * HOUR_NS)?)
            .ok()
    };
    let Some(last) = (1..=24).try_fold(first, |_, hour| end_of(hour)) else {
        return false;
    };
    let phases = &load[first..last];
    let compressed = |phase: &PhasePlan| phase.stands_for_ns > phase.for_ns;
    let fits = |phase: &PhasePlan| compressed(phase) || phase.stands_for_ns <= BRIEF_NS;
    phases.iter().all(fits) && phases.iter().any(compressed)
}

#[cfg(test)]
mod tests {
    use super::super::load::{Arrivals, LoadPlan};
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn phase(for_s: u64, stands_for_s: u64) -> PhasePlan {
        PhasePlan {
            for_ns: for_s * SECOND,
            load: LoadPlan::Open {
                from_mtps: 1_000,
                to_mtps: 1_000,
                arrivals: Arrivals::Even,
            },
            measure: true,
            stands_for_ns: stands_for_s * SECOND,
            mix: Vec::new(),
        }
    }

    /// Hours of a minute; ten minutes from nine on are played in their own time.
    fn day() -> Vec<PhasePlan> {
        let mut day = vec![phase(60, 3_600); 9];
        day.extend([phase(600, 600), phase(50, 3_000)]);
        day.extend(vec![phase(60, 3_600); 14]);
        day
    }

    #[test]
    fn an_hour_is_played_where_its_phase_is() {
        let clocks = Clock::compressed(&day());
        let [clock] = clocks.as_slice() else {
            panic!("one day: {clocks:?}");
        };
        let played =
            |hour: u64, minute: u64| clock.played((hour * 60 + minute) * 60 * SECOND) / SECOND;
        assert_eq!((played(0, 0), played(9, 0)), (0, 540));
        assert_eq!((played(8, 30), played(9, 5)), (510, 540 + 300));
        assert_eq!((played(9, 10), played(10, 0)), (1_140, 1_190));
        assert_eq!((played(24, 0), played(99, 0)), (2_030, 2_030));
        assert_eq!(clock.length_ns(), 2_030 * SECOND);
    }

    #[test]
    fn a_day_is_found_behind_other_phases_and_more_than_once() {
        let mut load = vec![phase(10, 10)];
        load.extend(day());
        load.push(phase(3_600, 3_600));
        load.extend(day());
        let clocks = Clock::compressed(&load);
        let begin: Vec<u64> = clocks
            .iter()
            .map(|clock| clock.played(0) / SECOND)
            .collect();
        assert_eq!(begin, [10, 10 + 2_030 + 3_600]);
        assert_eq!(Clock::of(&load, 1).as_ref(), clocks.first());
    }

    #[test]
    fn hours_in_true_time_are_no_compressed_day_but_can_be_one() {
        let hours = vec![phase(3_600, 3_600); 24];
        assert!(Clock::compressed(&hours).is_empty());
        let clock = Clock::of(&hours, 0).expect("a day");
        assert_eq!(clock.played(9 * HOUR_NS), 9 * HOUR_NS);
        assert_eq!(Clock::of(&hours, 1), None);
        assert_eq!(Clock::of(&hours, 99), None);
        assert!(Clock::compressed(&[phase(60, 3_600), phase(60, 7_200)]).is_empty());
    }
}
