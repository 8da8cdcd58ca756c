//! H, deployments on AWS: 3-chain HotStuff, Narwhal-Tusk and Mysticeti.
//!
//! Their "consensus latency" runs from a block's creation to its commit at the
//! earliest replica. End to end, the first two sample transactions from the
//! client's send to the commit at the earliest replica, which is `commit_ms`;
//! Mysticeti lets every validator time what it commits, so that the mean of its
//! figure lies near a client that hears f + 1 of them, `finality_ms`. The other of
//! the two is printed beside it. No tolerance stood for HotStuff's goodput, so it is
//! printed too.

use crate::validation::{Class, Figure, Prior, Published, Row, Set, Tolerance};

type At = &'static [(&'static str, &'static str)];

const fn row(
    id: &'static str,
    (metric, path): (&'static str, &'static str),
    at: At,
    published: f64,
    share: f64,
) -> Row {
    Row {
        id,
        metric,
        at,
        figure: Figure::At(path),
        published: Published::Value(published),
        tolerance: Tolerance::Relative(share),
        prior: Prior::Blind,
        fast: false,
    }
}

const fn printed(row: Row) -> Row {
    Row {
        tolerance: Tolerance::Printed,
        ..row
    }
}

/// Part of the gate, so rows that are missed are none of these, nor those of Mysticeti
/// that hang on whether a leader's timeout falls into the measured stretch.
const fn fast(row: Row) -> Row {
    Row { fast: true, ..row }
}

const GOODPUT: (&str, &str) = ("goodput, TPS", "load.goodput_tps");
const CONSENSUS: (&str, &str) = (
    "block created to its first commit, mean, ms",
    "consensus_ms.mean",
);
const COMMIT: (&str, &str) = ("client to the first commit, mean, ms", "commit_ms.mean");
const FINAL: (&str, &str) = ("client to f + 1 replies, mean, ms", "finality_ms.mean");
const FINAL_P50: (&str, &str) = ("client to f + 1 replies, median, ms", "finality_ms.p50");
const FINAL_P90: (&str, &str) = (
    "client to f + 1 replies, 90th percentile, ms",
    "finality_ms.p90",
);

const TEN: (&str, &str) = (
    "committee",
    "{us-east-1: 2, eu-north-1: 2, ap-southeast-2: 2, us-west-1: 2, ap-northeast-1: 2}",
);
const TWENTY: (&str, &str) = (
    "committee",
    "{us-east-1: 4, eu-north-1: 4, ap-southeast-2: 4, us-west-1: 4, ap-northeast-1: 4}",
);
const A: At = &[
    TEN,
    (
        "load",
        "[{for: 5s, tps: 30_000, arrivals: even, measure: false}, {for: 20s, tps: 30_000, arrivals: even}, {for: 3s, tps: 30_000, arrivals: even, measure: false}]",
    ),
];
const B: At = &[
    TEN,
    (
        "load",
        "[{for: 5s, tps: 60_000, arrivals: even, measure: false}, {for: 20s, tps: 60_000, arrivals: even}, {for: 3s, tps: 60_000, arrivals: even, measure: false}]",
    ),
];
const C: At = &[
    TWENTY,
    (
        "load",
        "[{for: 5s, tps: 40_000, arrivals: even, measure: false}, {for: 20s, tps: 40_000, arrivals: even}, {for: 3s, tps: 40_000, arrivals: even, measure: false}]",
    ),
];

/// 3-chain HotStuff.
pub(super) const HOTSTUFF: Set = Set {
    id: "h2",
    title: "3-chain HotStuff on AWS, five regions, m5d.8xlarge, 512 B, payloads of 500 kB",
    source: "asonnino/hotstuff branch 3-chain, data of danielxiangzl/Ditto",
    class: Class::Measured,
    scenario: include_str!("../../../../scenarios/validation/h2.yaml"),
    beside: false,
    rows: &[
        printed(row("a-goodput", GOODPUT, A, 30_000.0, 0.15)),
        row("a-consensus", CONSENSUS, A, 589.0, 0.15),
        row("a-commit", COMMIT, A, 1_100.0, 0.25),
        printed(row("a-final", FINAL, A, 1_100.0, 0.25)),
        printed(row("b-goodput", GOODPUT, B, 59_800.0, 0.15)),
        row("b-consensus", CONSENSUS, B, 697.0, 0.15),
        row("b-commit", COMMIT, B, 1_433.0, 0.25),
        printed(row("b-final", FINAL, B, 1_433.0, 0.25)),
        printed(row("c-goodput", GOODPUT, C, 39_900.0, 0.15)),
        row("c-consensus", CONSENSUS, C, 574.0, 0.15),
        row("c-commit", COMMIT, C, 1_225.0, 0.25),
        printed(row("c-final", FINAL, C, 1_225.0, 0.25)),
    ],
};

/// Narwhal-Tusk.
pub(super) const TUSK: Set = Set {
    id: "h4",
    title: "Narwhal-Tusk on AWS, five regions, n = 10, m5d.8xlarge, 512 B, 100k TPS offered",
    source: "asonnino/narwhal v0.2.0",
    class: Class::Measured,
    scenario: include_str!("../../../../scenarios/validation/h4.yaml"),
    beside: false,
    rows: &[
        fast(row("a-goodput", GOODPUT, &[], 93_000.0, 0.10)),
        row("a-commit", COMMIT, &[], 3_017.0, 0.25),
        printed(row("a-final", FINAL, &[], 3_017.0, 0.25)),
    ],
};

/// Mysticeti.
pub(super) const MYSTICETI: Set = Set {
    id: "h6",
    title: "Mysticeti on AWS, six regions, n = 49, m5d.8xlarge, 512 B, 10k TPS offered",
    source: "asonnino/mysticeti @ 885ae9f5",
    class: Class::Measured,
    scenario: include_str!("../../../../scenarios/validation/h6.yaml"),
    beside: false,
    rows: &[
        fast(row("a-goodput", GOODPUT, &[], 10_000.0, 0.20)),
        row("a-final", FINAL, &[], 339.0, 0.20),
        fast(row("a-final-p50", FINAL_P50, &[], 366.0, 0.20)),
        row("a-final-p90", FINAL_P90, &[], 481.0, 0.20),
        printed(row("a-commit", COMMIT, &[], 339.0, 0.20)),
    ],
};
