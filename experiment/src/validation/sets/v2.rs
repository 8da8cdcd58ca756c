//! V2, PBFT (Themis) under the Phantom simulator: free CPU, so that links alone
//! count.

use crate::validation::{Class, Figure, Prior, Published, Row, Set, Tolerance};

const FOUR: &[(&str, &str)] = &[
    ("committee", "{site: 4}"),
    (
        "load",
        "[{for: 0.5s, in_flight: 2800, measure: false}, {for: 2s, in_flight: 2800}]",
    ),
];
const THIRTY_TWO: &[(&str, &str)] = &[
    ("committee", "{site: 32}"),
    (
        "load",
        "[{for: 0.5s, in_flight: 800, measure: false}, {for: 2s, in_flight: 800}]",
    ),
];

const fn row(
    id: &'static str,
    metric: &'static str,
    at: &'static [(&'static str, &'static str)],
    figure: &'static str,
    value: f64,
    share: f64,
) -> Row {
    Row {
        id,
        metric,
        at,
        figure: Figure::At(figure),
        published: Published::Value(value),
        tolerance: Tolerance::Relative(share),
        prior: Prior::Blind,
        fast: false,
    }
}

const fn fast(row: Row) -> Row {
    Row { fast: true, ..row }
}

const GOODPUT: &str = "goodput, tx/s";
const LATENCY: &str = "latency at the client, mean, ms";
const TPS: &str = "load.goodput_tps";
const MS: &str = "finality_ms.mean";

/// PBFT at one client host.
pub(super) const SET: Set = Set {
    id: "v2",
    title: "PBFT (Themis) under Phantom: 1 ms, 10 Gibit/s, requests and replies of 1,024 B, one client host",
    source: "Themis under Phantom, tabulated in Delphi-BFT/tool @ d4b501e9",
    class: Class::Simulated,
    scenario: include_str!("../../../../scenarios/validation/v2.yaml"),
    beside: false,
    rows: &[
        fast(row("n4-goodput", GOODPUT, FOUR, TPS, 293_000.0, 0.08)),
        fast(row("n4-latency", LATENCY, FOUR, MS, 9.0, 0.12)),
        row("n32-goodput", GOODPUT, THIRTY_TWO, TPS, 36_050.0, 0.08),
        row("n32-latency", LATENCY, THIRTY_TWO, MS, 22.25, 0.12),
    ],
};
