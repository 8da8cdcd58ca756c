//! V5b, a delay added to every link: the slope of HotStuff's latency. An idle leader's
//! wait was set after a first run, whose slope was 9.0 % low.

use crate::validation::{Class, Figure, Prior, Published, Row, Set, Tolerance};

const fn point(id: &'static str, at: &'static [(&'static str, &'static str)], ms: f64) -> Row {
    Row {
        id,
        metric: "latency at the client, mean, ms",
        at,
        figure: Figure::At("finality_ms.mean"),
        published: Published::Value(ms),
        tolerance: Tolerance::Printed,
        prior: Prior::Seen,
        fast: true,
    }
}

/// Bamboo's three-chain HotStuff.
pub(super) const SET: Set = Set {
    id: "v5b",
    title: "Three-chain HotStuff with a delay added to every link between replicas, n = 4, low load",
    source: "Bamboo @ 2e52d372, arXiv:2103.00777",
    class: Class::Measured,
    scenario: include_str!("../../../../scenarios/validation/v5b.yaml"),
    beside: false,
    rows: &[
        Row {
            id: "slope",
            metric: "latency per added delay, ms per ms",
            at: &[],
            figure: Figure::Slope {
                y: &["finality_ms.mean"],
                x: "plan.network.links.0.constant.ns",
                scale: 1e6,
            },
            published: Published::Value(11.7),
            tolerance: Tolerance::Relative(0.08),
            prior: Prior::Seen,
            fast: true,
        },
        // Its machines and its own overhead are not stated, so the points
        // themselves are printed only.
        point("0ms", &[("network.law.constant", "0.25ms")], 12.0),
        point("5ms", &[("network.law.constant", "5.25ms")], 69.8),
        point("10ms", &[("network.law.constant", "10.25ms")], 129.1),
    ],
};
