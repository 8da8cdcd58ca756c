//! V0 where chance decides more than delays: Tusk's coin, and who makes the blocks
//! of a lottery. Tolerances are three to six standard errors of simulation and
//! Monte Carlo together.

use super::v0::QUORUM_MS;
use crate::validation::oracle::{Lottery, Path, Weave};
use crate::validation::{Class, Figure, Prior, Published, Row, Set, Tolerance};

const SOURCE: &str = "independent Monte Carlo of who makes what when";

/// The values that a row's runs are given.
type At = &'static [(&'static str, &'static str)];

const fn row(
    id: &'static str,
    metric: &'static str,
    at: At,
    (figure, path): (Figure, Path),
    tolerance: f64,
) -> Row {
    Row {
        id,
        metric,
        at,
        figure,
        published: Published::Oracle(path),
        tolerance: Tolerance::Relative(tolerance),
        prior: Prior::Blind,
        fast: false,
    }
}

/// Standard errors of both sides together are 0.3 % at most; the sets say why.
const fn latency(id: &'static str, at: At, path: Path) -> Row {
    let figure = Figure::At("beside.quorum_ms_mean");
    row(id, QUORUM_MS, at, (figure, path), 0.01)
}

const fn stale(id: &'static str, at: At, lottery: Lottery, tolerance: f64) -> Row {
    let figure = Figure::Ratio {
        part: "counts.blocks-stale",
        whole: "counts.blocks-made",
        scale: 100.0,
    };
    let metric = "stale blocks of those made, %";
    row(id, metric, at, (figure, Path::Stale(lottery)), tolerance)
}

/// Tusk without any wait. One leader in nine lacks votes, so a leader's time has a
/// standard deviation of 21 ms: the mean of the simulator's leaders has a standard error
/// of 0.17 %, that of the 40,000 drawn 0.11 %.
pub(super) const TUSK: Set = Set {
    id: "v0-tusk",
    title: "Tusk at one-way delays Normal(10 ms, 1 ms) drawn for each message, n = 7, 16,000 leaders",
    source: SOURCE,
    class: Class::MonteCarlo,
    scenario: include_str!("../../../../scenarios/validation/v0-tusk.yaml"),
    beside: true,
    rows: &[latency("quorum", &[], Path::Graph(Weave::Coin))],
};

const NAKAMOTO: At = &[(
    "protocol",
    "{nakamoto: {block_interval: 100ms, difficulty_window: 1_000_000, confirmations: 6, peers: 4, relay: compact, max_batches: 1, request_timeout: 24h}}",
)];
const WORK: Lottery = Lottery::Work { interval_ms: 100 };

const PRAOS: At = &[(
    "protocol",
    "{praos: {slot: 5ms, active_slots: 50, confirmations: 6, peers: 4, relay: compact, max_batches: 1, request_timeout: 24h}}",
)];
const SLOTS: Lottery = Lottery::Slots {
    slot_ms: 5,
    active: 50,
};

/// A block each ten delays. The mean of 160,000 exponential intervals has a standard
/// error of 0.25 %, that of the 500,000 drawn 0.14 %; 12,500 and 39,000 stale blocks
/// have 0.9 % and 0.5 %.
pub(super) const LOTTERIES: Set = Set {
    id: "v0-lotteries",
    title: "Lotteries with a block each 100 ms at one-way delays Normal(10 ms, 1 ms), n = 5, k = 6, 160,000 blocks",
    source: SOURCE,
    class: Class::MonteCarlo,
    scenario: include_str!("../../../../scenarios/validation/v0-lotteries.yaml"),
    beside: true,
    rows: &[
        latency("nakamoto", NAKAMOTO, Path::Deep(WORK, 6)),
        stale("nakamoto-stale", NAKAMOTO, WORK, 0.04),
        latency("praos", PRAOS, Path::Deep(SLOTS, 6)),
        stale("praos-stale", PRAOS, SLOTS, 0.04),
    ],
};

const TURNS: Lottery = Lottery::Turns {
    period_ms: 10,
    wiggle_ms: 10,
};

/// Late turns come in spells. Runs of 50,000 blocks have a standard deviation of 0.34 %
/// in time and 0.2 % in stale blocks: a quarter and a seventh of a percent here, half
/// of that for the 500,000 drawn.
pub(super) const CLIQUE: Set = Set {
    id: "v0-turns",
    title: "Clique with a period of 10 ms at one-way delays Normal(10 ms, 1 ms), n = 7, k = 12, 100,000 blocks",
    source: SOURCE,
    class: Class::MonteCarlo,
    scenario: include_str!("../../../../scenarios/validation/v0-turns.yaml"),
    beside: true,
    rows: &[
        latency("clique", &[], Path::Deep(TURNS, 12)),
        stale("clique-stale", &[], TURNS, 0.01),
    ],
};
