//! V8, public chains: how Bitcoin's blocks spread, and how many become stale.

use crate::validation::{Class, Figure, Prior, Published, Row, Set, Tolerance};

const fn spread(id: &'static str, metric: &'static str, path: &'static str, ms: f64) -> Row {
    Row {
        id,
        metric,
        at: &[],
        figure: Figure::At(path),
        published: Published::Value(ms),
        tolerance: Tolerance::Relative(0.15),
        prior: Prior::Blind,
        fast: false,
    }
}

/// Bitcoin of 2015 in SimBlock.
pub(super) const SPREAD: Set = Set {
    id: "v8-simblock",
    title: "A full block of 535 kB over 600 nodes of Bitcoin, 2015, relayed whole",
    source: "SimBlock @ 5fc7f9f7 (100 blocks; Bitcoin measured 2014-16: median 3.3 to 8.7 s)",
    class: Class::Simulated,
    scenario: include_str!("../../../../scenarios/validation/v8-simblock.yaml"),
    beside: false,
    rows: &[
        // How many blocks are made was settled after runs of fewer, of which the
        // median jumps between two humps.
        Row {
            prior: Prior::Seen,
            ..spread(
                "half",
                "created to half of the nodes, median of the blocks, ms",
                "propagation_ms.half.p50",
                5_410.0,
            )
        },
        spread(
            "half-mean",
            "created to half of the nodes, mean of the blocks, ms",
            "propagation_ms.half.mean",
            6_900.0,
        ),
        spread(
            "nine-tenths",
            "created to nine tenths of the nodes, median of the blocks, ms",
            "propagation_ms.nine_tenths.p50",
            9_440.0,
        ),
    ],
};

const SOURCE: &str = "Gervais et al., On the Security and Performance of Proof of Work Blockchains, CCS 2016, table of block intervals";

const fn stale(percent: f64, median_ms: f64) -> [Row; 2] {
    [
        Row {
            id: "rate",
            metric: "stale blocks of those made, %",
            at: &[],
            figure: Figure::Ratio {
                part: "counts.blocks-stale",
                whole: "counts.blocks-made",
                scale: 100.0,
            },
            published: Published::Value(percent),
            tolerance: Tolerance::Relative(0.35),
            prior: Prior::Blind,
            fast: false,
        },
        // The block's size was chosen for it.
        Row {
            id: "median",
            metric: "created to another node, median, ms",
            at: &[],
            figure: Figure::At("propagation_ms.each.p50"),
            published: Published::Value(median_ms),
            tolerance: Tolerance::Printed,
            prior: Prior::Fitted,
            fast: false,
        },
    ]
}

/// A block every ten minutes.
pub(super) const TEN_MINUTES: Set = Set {
    id: "v8-stale-10m",
    title: "Stale blocks of Bitcoin's 16 pools, one in 10 minutes, median propagation 14.7 s",
    source: SOURCE,
    class: Class::Simulated,
    scenario: include_str!("../../../../scenarios/validation/v8-stale-10m.yaml"),
    beside: false,
    rows: &stale(1.51, 14_700.0),
};

/// A block a minute.
pub(super) const MINUTE: Set = Set {
    id: "v8-stale-1m",
    title: "The same, one a minute, median propagation 2.08 s",
    source: SOURCE,
    class: Class::Simulated,
    scenario: include_str!("../../../../scenarios/validation/v8-stale-1m.yaml"),
    beside: false,
    rows: &stale(2.15, 2_080.0),
};

/// A block every ten seconds.
pub(super) const TEN_SECONDS: Set = Set {
    id: "v8-stale-10s",
    title: "The same, one in 10 seconds, median propagation 1.00 s",
    source: SOURCE,
    class: Class::Simulated,
    scenario: include_str!("../../../../scenarios/validation/v8-stale-10s.yaml"),
    beside: false,
    rows: &stale(4.77, 1_000.0),
};
