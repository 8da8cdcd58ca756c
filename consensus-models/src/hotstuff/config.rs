//! Parameters of chained HotStuff, and the arithmetic of views and terms.
//!
//! A *term* is the span of views that one leader may lead. With a rotating
//! leader a term is one view; with a stable leader it is so long that only
//! timeouts end it. A certificate on a block of view v leads to view v + 1; a
//! timeout certificate of term t leads to the first view of term t + 1. All
//! other rules are the same for both modes.

use std::time::Duration;

use super::message::Certificates;
use super::safety::CommitRule;
use crate::committee::{Committee, ReplicaId};
use crate::params::{ParamKind, ParamSpec, Params};

/// Views that a stable leader leads unless timeouts end its term before: at a
/// thousand views a second, eleven days.
const STABLE_TERM: u64 = 1_000_000_000;

/// Views, terms and leaders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Views {
    committee: Committee,
    per_term: u64,
}

impl Views {
    pub(super) fn new(committee: Committee, stable: bool) -> Self {
        Self {
            committee,
            per_term: if stable { STABLE_TERM } else { 1 },
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
        let turns = (u64::from(replica.0) + n - self.term(view) % n) % n;
        (turns == 0 || self.per_term == 1).then_some(turns)
    }

    /// The replica that proposes in `view`.
    pub(super) fn leader(&self, view: u64) -> ReplicaId {
        self.committee.round_robin(self.term(view))
    }
}

/// The checked parameters in the form in which the protocol uses them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config {
    pub(super) rule: CommitRule,
    pub(super) views: Views,
    pub(super) view_timeout: Duration,
    pub(super) timeout_permille: u64,
    pub(super) max_timeout: Duration,
    pub(super) idle_interval: Duration,
    pub(super) max_batches: usize,
    pub(super) request_timeout: Duration,
    pub(super) own_turn: u64,
    pub(super) certificates: Certificates,
    pub(super) retain: u64,
    pub(super) fetch_blocks: u32,
    pub(super) fetch_delay: Duration,
    pub(super) checkpoint_interval: u64,
}

impl Config {
    pub(super) fn new(params: &Params, committee: Committee) -> Self {
        let view_timeout = params.duration("view_timeout");
        let checkpoint_interval = params.integer("checkpoint_interval");
        let idle = params.duration("idle_interval");
        let idle = if idle.is_zero() {
            view_timeout / 4
        } else {
            idle
        };
        Self {
            rule: match params.choice("commit_rule") {
                "two-chain" => CommitRule::TwoChain,
                _ => CommitRule::ThreeChain,
            },
            views: Views::new(committee, params.choice("leader") == "stable"),
            view_timeout,
            timeout_permille: params.integer("timeout_factor"),
            max_timeout: params.duration("max_timeout").max(view_timeout),
            // A leader that waits longer than this would be timed out.
            idle_interval: idle.min(view_timeout / 2),
            max_batches: params.integer("max_batches") as usize,
            request_timeout: params.duration("request_timeout"),
            own_turn: params.integer("own_turn"),
            certificates: match params.choice("certificates") {
                "aggregate" => Certificates::Aggregate,
                _ => Certificates::Signatures,
            },
            // What a compaction leaves on the log must be at hand.
            retain: params.integer("retain").max(2 * checkpoint_interval),
            fetch_blocks: params.integer("fetch_blocks") as u32,
            fetch_delay: params.duration("fetch_delay"),
            checkpoint_interval,
        }
    }

    /// The time that a view may take after so many timed-out terms in a row.
    pub(super) fn timeout_after(&self, timeouts: u32) -> Duration {
        let max = self.max_timeout.as_nanos();
        let mut span = self.view_timeout.as_nanos();
        for _ in 0..timeouts {
            if span >= max {
                break;
            }
            span = span * u128::from(self.timeout_permille) / 1000;
            if self.timeout_permille <= 1000 {
                break;
            }
        }
        let nanos = u64::try_from(span.min(max)).unwrap_or(u64::MAX);
        Duration::from_nanos(nanos)
    }
}

/// The parameters that a scenario may set.
pub(super) fn specs() -> Vec<ParamSpec> {
    [rule_specs(), time_specs(), keeping_specs()].concat()
}

fn spec(
    name: &'static str,
    kind: ParamKind,
    default: &'static str,
    help: &'static str,
) -> ParamSpec {
    ParamSpec {
        name,
        kind,
        default,
        help,
    }
}

/// From `min` milliseconds to an hour.
fn span(min: u64) -> ParamKind {
    ParamKind::Duration {
        min: Duration::from_millis(min),
        max: Duration::from_secs(3600),
    }
}

fn integer(min: u64, max: u64) -> ParamKind {
    ParamKind::Integer { min, max }
}

fn rule_specs() -> Vec<ParamSpec> {
    vec![
        spec(
            "commit_rule",
            ParamKind::Choice(&["three-chain", "two-chain"]),
            "three-chain",
            "certified blocks of consecutive views that commit the first of them",
        ),
        spec(
            "leader",
            ParamKind::Choice(&["rotating", "stable"]),
            "rotating",
            "a new leader every view, or only after a timeout",
        ),
        spec(
            "certificates",
            ParamKind::Choice(&["signatures", "aggregate"]),
            "signatures",
            "a list of signatures, or one aggregate that costs one verification",
        ),
        spec(
            "max_batches",
            integer(1, 100_000),
            "64",
            "most batches in one block",
        ),
    ]
}

fn time_specs() -> Vec<ParamSpec> {
    vec![
        spec(
            "view_timeout",
            span(1),
            "1s",
            "time that a view may take before its leader is given up",
        ),
        spec(
            "timeout_factor",
            integer(1000, 10_000),
            "1500",
            "permille by which each timeout in a row lengthens the next",
        ),
        spec(
            "max_timeout",
            span(1),
            "30s",
            "longest view_timeout after back-off",
        ),
        spec(
            "idle_interval",
            span(0),
            "0s",
            "wait before an empty block when nothing is pending; 0s: a quarter of view_timeout",
        ),
        spec(
            "request_timeout",
            span(1),
            "2s",
            "time after which an uncommitted batch is forwarded again",
        ),
        spec(
            "own_turn",
            integer(0, 1_000_000),
            "0",
            "a rotating leader whose turn comes within so many views keeps its batches for it",
        ),
        spec(
            "fetch_delay",
            span(0),
            "50ms",
            "wait for a missing block, which may only be late, before asking for it",
        ),
    ]
}

fn keeping_specs() -> Vec<ParamSpec> {
    vec![
        spec(
            "retain",
            integer(8, 1_000_000),
            "512",
            "committed heights kept for replicas that lag, at least two checkpoint intervals",
        ),
        spec(
            "fetch_blocks",
            integer(1, 10_000),
            "32",
            "most blocks in one answer to a replica that lags",
        ),
        spec(
            "checkpoint_interval",
            integer(1, 1_000_000),
            "64",
            "executed heights between two compactions of the log",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committee::FaultModel;

    fn config(set: &[(&str, &str)]) -> Config {
        let specs = specs();
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
    fn timeouts_back_off_to_their_bound() {
        let config = config(&[("timeout_factor", "2000"), ("max_timeout", "5s")]);
        let seconds = |timeouts| config.timeout_after(timeouts).as_secs();
        assert_eq!([0, 1, 2, 3, 4000].map(seconds), [1, 2, 4, 5, 5]);
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
        let rotating = Views::new(committee, false);
        assert_eq!((rotating.term(7), rotating.after_term(7)), (7, 8));
        assert_eq!(rotating.leader(7), ReplicaId(3));
        assert_eq!(rotating.until_turn(ReplicaId(2), 7), Some(3));
        let stable = Views::new(committee, true);
        assert_eq!(stable.until_turn(ReplicaId(2), 7), None);
        assert_eq!(stable.until_turn(ReplicaId(0), 7), Some(0));
        assert_eq!((stable.term(7), stable.leader(7)), (0, ReplicaId(0)));
        assert_eq!(stable.leader(stable.after_term(0)), ReplicaId(1));
    }
}
