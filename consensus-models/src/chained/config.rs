//! Parameters that chained protocols share, and the arithmetic of views and terms.
//!
//! A *term* is the span of views that one leader may lead. With a rotating
//! leader a term is one view; with a stable leader it is so long that only
//! timeouts end it. A certificate on a block of view v leads to view v + 1; a
//! timeout certificate of term t leads to the first view of term t + 1. All
//! other rules are the same for both modes.

use std::time::Duration;

use super::{Leaders, Rules};
use crate::backoff::Backoff;
use crate::committee::{Committee, ReplicaId, hashed_turn};
use crate::params::{ParamSpec, Params};
use crate::wire::Certificates;

/// Views that a stable leader leads unless timeouts end its term before: at a
/// thousand views a second, eleven days.
const STABLE_TERM: u64 = 1_000_000_000;

/// Rounds of the committee in which a drawn leader's turn is looked for: all but
/// one in e to the eighth come within them.
const MOST_TURNS: u64 = 8;

/// Views, terms and leaders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Views {
    committee: Committee,
    leaders: Leaders,
    per_term: u64,
}

impl Views {
    pub(super) fn new(committee: Committee, leaders: Leaders) -> Self {
        Self {
            committee,
            leaders,
            per_term: match leaders {
                Leaders::Stable => STABLE_TERM,
                Leaders::Rotating | Leaders::Hashed => 1,
            },
        }
    }

    /// The term that `view` belongs to.
    pub(super) fn term(&self, view: u64) -> u64 {
        view / self.per_term
    }

    /// The first view of `term`.
    pub(super) fn first_of(&self, term: u64) -> u64 {
        term.saturating_mul(self.per_term)
    }

    /// The view to which a timeout certificate of `term` leads.
    pub(super) fn after_term(&self, term: u64) -> u64 {
        self.first_of(term.saturating_add(1))
    }

    /// Views from `view` until `replica` leads; `None` when that is up to
    /// timeouts.
    pub(super) fn until_turn(&self, replica: ReplicaId, view: u64) -> Option<u64> {
        let n = u64::from(self.committee.n());
        if self.leaders == Leaders::Hashed {
            let mut turns = 0..MOST_TURNS * n;
            return turns.find(|turns| self.leader(view.saturating_add(*turns)) == replica);
        }
        let turns = (u64::from(replica.0) + n - self.term(view) % n) % n;
        (turns == 0 || self.per_term == 1).then_some(turns)
    }

    /// The replica that proposes in `view`.
    pub(super) fn leader(&self, view: u64) -> ReplicaId {
        let term = self.term(view);
        self.committee.round_robin(match self.leaders {
            Leaders::Hashed => hashed_turn(term),
            Leaders::Rotating | Leaders::Stable => term,
        })
    }
}

/// The checked parameters in the form in which the protocol uses them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config<R> {
    pub(super) rules: R,
    pub(super) views: Views,
    pub(super) view_timeout: Duration,
    pub(super) backoff: Backoff,
    pub(super) idle_interval: Duration,
    pub(super) min_block_delay: Duration,
    pub(super) max_batches: usize,
    pub(super) request_timeout: Duration,
    pub(super) own_turn: u64,
    pub(super) certificates: Certificates,
    pub(super) retain: u64,
    pub(super) fetch_blocks: u32,
    pub(super) fetch_delay: Duration,
    pub(super) checkpoint_interval: u64,
}

impl<R: Rules> Config<R> {
    pub(super) fn new(params: &Params, committee: Committee) -> Self {
        let view_timeout = params.duration(R::VIEW_TIMEOUT);
        let checkpoint_interval = params.integer("checkpoint_interval");
        let idle = params.duration("idle_interval");
        let idle = if idle.is_zero() {
            view_timeout / 4
        } else {
            idle
        };
        let rules = R::new(params);
        Self {
            rules,
            views: Views::new(committee, rules.leaders()),
            view_timeout,
            backoff: Backoff {
                first: view_timeout,
                permille: params.integer("timeout_factor"),
                max: params.duration("max_timeout").max(view_timeout),
            },
            // A leader that waits longer than this would be timed out.
            idle_interval: idle.min(view_timeout / 2),
            min_block_delay: params.duration("min_block_delay"),
            max_batches: params.integer("max_batches") as usize,
            request_timeout: params.duration("request_timeout"),
            own_turn: params.integer("own_turn"),
            certificates: Certificates::read(params.choice("certificates")),
            // What a compaction leaves on the log must be at hand.
            retain: params.integer("retain").max(2 * checkpoint_interval),
            fetch_blocks: params.integer("fetch_blocks") as u32,
            fetch_delay: params.duration("fetch_delay"),
            checkpoint_interval,
        }
    }
}

/// The parameters that all chained protocols have.
#[must_use]
pub fn shared() -> Vec<ParamSpec> {
    [block_specs(), time_specs(), keeping_specs()].concat()
}

fn block_specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::choice(
            "certificates",
            Certificates::WORDS,
            "signatures",
            Certificates::HELP,
        ),
        ParamSpec::integer(
            "max_batches",
            (1, 100_000),
            "64",
            "most batches in one block",
        ),
    ]
}

fn time_specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::span(
            "view_timeout",
            1,
            "1s",
            "time that a view may take before its leader is given up",
        ),
        ParamSpec::integer(
            "timeout_factor",
            (1000, 10_000),
            "1500",
            "permille by which each timeout in a row lengthens the next",
        ),
        ParamSpec::span(
            "max_timeout",
            1,
            "30s",
            "longest view_timeout after back-off",
        ),
        ParamSpec::span(
            "idle_interval",
            0,
            "0s",
            "wait before an empty block when nothing is pending; 0s: a quarter of view_timeout",
        ),
        ParamSpec::span(
            "min_block_delay",
            0,
            "0s",
            "time for which a leader hears nothing after its proposal, as where it sleeps",
        ),
        ParamSpec::span(
            "request_timeout",
            1,
            "2s",
            "time after which an uncommitted batch is forwarded again",
        ),
        ParamSpec::integer(
            "own_turn",
            (0, 1_000_000),
            "0",
            "a rotating leader whose turn comes within so many views keeps its batches for it",
        ),
        ParamSpec::span(
            "fetch_delay",
            0,
            "50ms",
            "wait for a missing block, which may only be late, before asking for it",
        ),
    ]
}

fn keeping_specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::integer(
            "retain",
            (8, 1_000_000),
            "512",
            "committed heights kept for replicas that lag, at least two checkpoint intervals",
        ),
        ParamSpec::integer(
            "fetch_blocks",
            (1, 10_000),
            "32",
            "most blocks in one answer to a replica that lags",
        ),
        ParamSpec::integer(
            "checkpoint_interval",
            (1, 1_000_000),
            "64",
            "executed heights between two compactions of the log",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::hotstuff::HotStuffRules;
    use super::*;
    use crate::committee::FaultModel;

    fn config(set: &[(&str, &str)]) -> Config<HotStuffRules> {
        let specs = HotStuffRules::params();
        let mut params = Params::defaults(&specs);
        for (name, value) in set {
            let spec = specs
                .iter()
                .find(|spec| spec.name == *name)
                .expect("declared");
            let value = spec.parse(value).expect("accepted");
            params.0.insert((*name).to_owned(), value);
        }
        Config::new(&params, Committee::new(4, FaultModel::Byzantine))
    }

    #[test]
    fn an_idle_leader_is_never_timed_out() {
        assert_eq!(config(&[]).idle_interval, Duration::from_millis(250));
        let slow = config(&[("idle_interval", "1m")]);
        assert_eq!(slow.idle_interval, Duration::from_millis(500));
    }

    #[test]
    fn terms_hold_the_views_of_one_leader() {
        let committee = Committee::new(4, FaultModel::Byzantine);
        let rotating = Views::new(committee, Leaders::Rotating);
        assert_eq!((rotating.term(7), rotating.after_term(7)), (7, 8));
        assert_eq!(rotating.leader(7), ReplicaId(3));
        assert_eq!(rotating.until_turn(ReplicaId(2), 7), Some(3));
        let stable = Views::new(committee, Leaders::Stable);
        assert_eq!(stable.until_turn(ReplicaId(2), 7), None);
        assert_eq!(stable.until_turn(ReplicaId(0), 7), Some(0));
        assert_eq!((stable.term(7), stable.leader(7)), (0, ReplicaId(0)));
        assert_eq!(stable.leader(stable.after_term(0)), ReplicaId(1));
    }
}
