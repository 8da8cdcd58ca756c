//! How a run comes back from its faults: the commits of new heights around each
//! fault, and the backlog after it.

use groma_sim::Time;

use crate::plan::{FaultPlan, Plan};
use crate::result::RecoveryRecord;

/// How long after a heal the commits still count as its aftermath.
const AFTERMATH_NS: u64 = 1_000_000_000;

/// A backlog swings by about its root: so many of them are no backlog left.
const SWING: f64 = 3.0;

/// The commits that followed one fault.
#[derive(Clone, Debug)]
pub struct Aftermath {
    at: Time,
    /// Until when the time between commits counts.
    until: Time,
    first: Option<Time>,
    last: Time,
    longest_ns: u64,
}

/// Watches commits of new heights.
#[derive(Clone, Debug)]
pub struct Commits(Vec<Aftermath>);

impl Commits {
    /// Nothing has committed yet.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let end = plan.load_end_ns();
        let watch = |fault: &FaultPlan| Aftermath {
            at: Time::from_nanos(fault.at_ns),
            until: Time::from_nanos(fault.until_ns.saturating_add(AFTERMATH_NS).min(end)),
            first: None,
            last: Time::from_nanos(fault.at_ns),
            longest_ns: 0,
        };
        Self(plan.faults.iter().map(watch).collect())
    }

    /// The first commit of a new height.
    pub fn committed(&mut self, at: Time) {
        for fault in &mut self.0 {
            if at < fault.at {
                continue;
            }
            fault.first.get_or_insert(at);
            if fault.last < fault.until {
                fault.longest_ns = fault.longest_ns.max(at.as_nanos() - fault.last.as_nanos());
            }
            fault.last = at;
        }
    }
}

/// One record a fault. `unfinished_at` holds (instant, unfinished, offered) of
/// each sample in order.
#[must_use]
pub fn records(
    plan: &Plan,
    commits: &Commits,
    unfinished_at: &[(Time, u64, u64)],
) -> Vec<RecoveryRecord> {
    let ms = |ns: u64| (ns as f64 / 1_000.0).round() / 1_000.0;
    let record = |(index, (fault, seen)): (usize, (&FaultPlan, &Aftermath))| RecoveryRecord {
        fault: index,
        first_commit_ms: seen.first.map(|first| ms(first.as_nanos() - fault.at_ns)),
        longest_gap_ms: seen.first.map(|_| ms(seen.longest_ns)),
        drain_ms: drained(fault, unfinished_at).map(ms),
    };
    plan.faults
        .iter()
        .zip(&commits.0)
        .enumerate()
        .map(record)
        .collect()
}

/// From the heal to the first sample whose backlog is that before the strike.
fn drained(fault: &FaultPlan, unfinished_at: &[(Time, u64, u64)]) -> Option<u64> {
    let before = unfinished_at
        .iter()
        .take_while(|(at, ..)| at.as_nanos() <= fault.at_ns)
        .last()
        .map_or(0, |&(_, open, _)| open);
    let enough = before as f64 + SWING * (before as f64).sqrt();
    unfinished_at
        .iter()
        .find(|(at, open, _)| at.as_nanos() >= fault.until_ns && *open as f64 <= enough)
        .map(|(at, ..)| at.as_nanos() - fault.until_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::FaultKind;

    fn sample(second: u64, open: u64) -> (Time, u64, u64) {
        (Time::from_nanos(second * 1_000_000_000), open, 0)
    }

    #[test]
    fn a_backlog_is_drained_when_it_is_what_it_was() {
        let fault = FaultPlan {
            at_ns: 2_500_000_000,
            until_ns: 4_200_000_000,
            kind: FaultKind::Crash(vec![0]),
        };
        let samples = [(1, 90), (2, 100), (3, 900), (4, 1_900), (5, 131), (6, 130)];
        let samples: Vec<_> = samples.map(|(second, open)| sample(second, open)).into();
        assert_eq!(drained(&fault, &samples), Some(1_800_000_000));
        assert_eq!(drained(&fault, &samples[..5]), None);
    }

    #[test]
    fn gaps_count_from_the_strike_to_a_second_after_the_heal() {
        let at = |ms: u64| Time::from_nanos(ms * 1_000_000);
        let mut commits = Commits(vec![Aftermath {
            at: at(100),
            until: at(1_200),
            first: None,
            last: at(100),
            longest_ns: 0,
        }]);
        for ms in [50, 90, 150, 650, 1_150, 1_950, 5_000] {
            commits.committed(at(ms));
        }
        let seen = &commits.0[0];
        assert_eq!(seen.first, Some(at(150)));
        // The gap from 1,150 begins before the end, the one from 1,950 after it.
        assert_eq!(seen.longest_ns, 800_000_000);
    }
}
