//! V7, an ideal network with random delays: PBFT.

use crate::validation::oracle::Path;
use crate::validation::{Class, Figure, Prior, Published, Row, Set, Tolerance};

const METRIC: &str = "proposal to decision at n - f replicas, ms";

const fn row(
    id: &'static str,
    at: &'static [(&'static str, &'static str)],
    published: Published,
) -> Row {
    Row {
        id,
        metric: METRIC,
        at,
        figure: Figure::At("beside.quorum_ms_mean"),
        published,
        tolerance: Tolerance::Relative(0.02),
        prior: Prior::Blind,
        fast: false,
    }
}

const fn fast(row: Row) -> Row {
    Row { fast: true, ..row }
}

const FOUR: &[(&str, &str)] = &[("committee", "{site: 4}")];
const SIXTEEN: &[(&str, &str)] = &[("committee", "{site: 16}")];

/// PBFT at Normal(250 ms, 50 ms).
pub(super) const SET: Set = Set {
    id: "v7",
    title: "PBFT on an ideal network: one-way delays Normal(250 ms, 50 ms) cut at 0, free CPU",
    source: "csienslab/BFT-Simulator @ a848a1d0, measured (n = 4: 720 ms, sd 28 in 5 runs; its Monte Carlo 735 ms)",
    class: Class::Simulated,
    scenario: include_str!("../../../../scenarios/validation/v7.yaml"),
    beside: false,
    rows: &[
        fast(row("n4", FOUR, Published::Value(735.0))),
        row("n16", SIXTEEN, Published::Value(793.2)),
        fast(row(
            "n4-oracle",
            FOUR,
            Published::Oracle(Path::TwoRounds {
                apart: false,
                shown: false,
            }),
        )),
        row(
            "n16-oracle",
            SIXTEEN,
            Published::Oracle(Path::TwoRounds {
                apart: false,
                shown: false,
            }),
        ),
    ],
};
