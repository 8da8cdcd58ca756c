//! V1 and V1b, libhotstuff as it ran on AWS: one price list for both. The first list
//! was replaced after these scenarios had been run with it, so rows on which nothing was
//! fitted count as seen.

use crate::validation::{Class, Figure, Prior, Published, Row, Set, Tolerance};
use Prior::{Blind, Fitted, Seen};

const SOURCE: &str =
    "libhotstuff on AWS c5.4xlarge, arXiv:1803.05069, tabulated in Delphi-BFT/tool @ d4b501e9";

const FOUR: &[(&str, &str)] = &[("committee", "{site: 4}")];
const SIXTEEN: &[(&str, &str)] = &[("committee", "{site: 16}")];
const THIRTY_TWO: &[(&str, &str)] = &[("committee", "{site: 32}")];
const SIXTY_FOUR: &[(&str, &str)] = &[("committee", "{site: 64}")];

/// A row of goodput, on which prices may have been fitted.
const fn goodput(
    id: &'static str,
    at: &'static [(&'static str, &'static str)],
    tps: f64,
    share: f64,
    prior: Prior,
) -> Row {
    Row {
        id,
        metric: "goodput, tx/s",
        at,
        figure: Figure::At("load.goodput_tps"),
        published: Published::Value(tps),
        tolerance: Tolerance::Relative(share),
        prior,
        fast: false,
    }
}

const fn latency(
    id: &'static str,
    at: &'static [(&'static str, &'static str)],
    ms: f64,
    tolerance: Tolerance,
    prior: Prior,
) -> Row {
    Row {
        id,
        metric: "latency at the client, mean, ms",
        at,
        figure: Figure::At("finality_ms.mean"),
        published: Published::Value(ms),
        tolerance,
        prior,
        fast: false,
    }
}

const fn fast(row: Row) -> Row {
    Row { fast: true, ..row }
}

/// 10 ms apart, without payload.
pub(super) const FAR: Set = Set {
    id: "v1",
    title: "libhotstuff, 10 ms one way, blocks of 400 commands without payload, 1,600 in flight",
    source: SOURCE,
    class: Class::Measured,
    scenario: include_str!("../../../../scenarios/validation/v1.yaml"),
    beside: false,
    rows: &[
        fast(goodput("n4-goodput", FOUR, 19_174.0, 0.05, Fitted)),
        fast(latency(
            "n4-latency",
            FOUR,
            84.18,
            Tolerance::Relative(0.05),
            Fitted,
        )),
        fast(goodput("n16-goodput", SIXTEEN, 18_617.0, 0.05, Seen)),
        fast(latency(
            "n16-latency",
            SIXTEEN,
            86.64,
            Tolerance::Relative(0.05),
            Seen,
        )),
        goodput("n64-goodput", SIXTY_FOUR, 17_499.0, 0.05, Seen),
        latency(
            "n64-latency",
            SIXTY_FOUR,
            92.45,
            Tolerance::Relative(0.05),
            Seen,
        ),
    ],
};

const PHANTOM: &str = "the same system under the Phantom simulator (free CPU), tabulated in Delphi-BFT/tool @ d4b501e9";

/// 10 ms apart, as Phantom simulated it.
pub(super) const FAR_PHANTOM: Set = Set {
    id: "v1-phantom",
    title: "HotStuff under Phantom with free CPU, 10 ms one way: 400 commands each 20 ms at every n",
    source: PHANTOM,
    class: Class::Simulated,
    scenario: include_str!("../../../../scenarios/validation/v1-phantom.yaml"),
    beside: false,
    rows: &[
        goodput("n4-goodput", FOUR, 20_000.0, 0.05, Blind),
        goodput("n16-goodput", SIXTEEN, 20_000.0, 0.05, Blind),
        goodput("n64-goodput", SIXTY_FOUR, 20_000.0, 0.05, Blind),
        latency(
            "n64-latency",
            SIXTY_FOUR,
            80.0,
            Tolerance::Relative(0.05),
            Blind,
        ),
    ],
};

/// 1 ms apart with payload, as Phantom simulated it.
pub(super) const NEAR_PHANTOM: Set = Set {
    id: "v1b-phantom",
    title: "HotStuff under Phantom with free CPU, 1 ms one way, requests and replies of 1,024 B, 2,800 in flight",
    source: PHANTOM,
    class: Class::Simulated,
    scenario: include_str!("../../../../scenarios/validation/v1b-phantom.yaml"),
    beside: false,
    rows: &[
        goodput("n4-goodput", FOUR, 200_000.0, 0.15, Blind),
        goodput("n32-goodput", THIRTY_TWO, 75_800.0, 0.20, Blind),
    ],
};

/// 1 ms apart, with payload.
pub(super) const NEAR: Set = Set {
    id: "v1b",
    title: "libhotstuff, 1 ms one way, requests and replies of 1,024 B",
    source: SOURCE,
    class: Class::Measured,
    scenario: include_str!("../../../../scenarios/validation/v1b.yaml"),
    beside: false,
    rows: &[
        goodput("n4-goodput", FOUR, 114_830.0, 0.15, Fitted),
        latency("n4-latency", FOUR, 19.36, Tolerance::Printed, Seen),
        fast(goodput("n32-goodput", THIRTY_TWO, 61_390.0, 0.20, Seen)),
        latency("n32-latency", THIRTY_TWO, 39.28, Tolerance::Printed, Seen),
    ],
};
