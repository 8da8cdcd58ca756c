//! V5, Byzantine leaders that fork: Bamboo's chain growth rate and block interval.

use crate::validation::{Class, Figure, Prior, Published, Row, Set, Tolerance};
use Published::{Form, Value};

type At = &'static [(&'static str, &'static str)];

/// Blocks on the chain by blocks proposed.
const fn growth(id: &'static str, at: At, published: Published, tolerance: Tolerance) -> Row {
    Row {
        id,
        metric: "chain growth rate",
        at,
        figure: Figure::Ratio {
            part: "heights",
            whole: "counts.blocks-settled",
            scale: 1.0,
        },
        published,
        tolerance,
        prior: Prior::Blind,
        fast: true,
    }
}

/// Views from a block's proposal to its commit, mean.
const fn interval(id: &'static str, at: At, published: Published) -> Row {
    Row {
        id,
        metric: "block interval, views",
        at,
        figure: Figure::Ratio {
            part: "counts.views-to-commit",
            whole: "heights",
            scale: 1.0,
        },
        published,
        tolerance: Tolerance::Relative(0.08),
        prior: Prior::Blind,
        fast: true,
    }
}

const NONE: At = &[("faults", "[]")];
const TWO: At = &[("faults", "[{at: 0s, fork: [1, 2]}]")];
const FOUR: At = &[("faults", "[{at: 0s, fork: [1, 2, 3, 4]}]")];
const SIX: At = &[("faults", "[{at: 0s, fork: [1, 2, 3, 4, 5, 6]}]")];
const EIGHT: At = &[("faults", "[{at: 0s, fork: [1, 2, 3, 4, 5, 6, 7, 8]}]")];
const TEN: At = &[(
    "faults",
    "[{at: 0s, fork: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}]",
)];

const SOURCE: &str = "Bamboo @ 2e52d372, arXiv:2103.00777";
const SHARE: Tolerance = Tolerance::Relative(0.03);

/// Three-chain HotStuff.
pub(super) const HOTSTUFF: Set = Set {
    id: "v5-hotstuff",
    title: "Three-chain HotStuff, n = 32, b leaders that fork: free CPU, infinite bandwidth",
    source: SOURCE,
    class: Class::Simulated,
    scenario: include_str!("../../../../scenarios/validation/v5-hotstuff.yaml"),
    beside: false,
    rows: &[
        growth("growth-0", NONE, Form(1.0), SHARE),
        growth("growth-2", TWO, Value(0.873), SHARE),
        growth("growth-4", FOUR, Value(0.766), SHARE),
        growth("growth-6", SIX, Value(0.658), SHARE),
        growth("growth-8", EIGHT, Value(0.562), SHARE),
        growth("growth-10", TEN, Value(0.476), SHARE),
        interval("interval-0", NONE, Form(3.0)),
        interval("interval-2", TWO, Value(3.231)),
        interval("interval-4", FOUR, Value(3.491)),
        interval("interval-6", SIX, Value(3.859)),
        interval("interval-8", EIGHT, Value(4.324)),
        interval("interval-10", TEN, Value(5.086)),
    ],
};

/// Streamlet, whose voters take no fork: its leaders propose honestly, so that every row
/// is an identity.
pub(super) const STREAMLET: Set = Set {
    id: "v5-streamlet",
    title: "Streamlet, n = 32, b leaders that would fork",
    source: SOURCE,
    class: Class::ClosedForm,
    scenario: include_str!("../../../../scenarios/validation/v5-streamlet.yaml"),
    beside: false,
    rows: &[
        growth("growth-0", NONE, Form(1.0), Tolerance::Exact),
        growth("growth-2", TWO, Form(1.0), Tolerance::Exact),
        growth("growth-4", FOUR, Form(1.0), Tolerance::Exact),
        growth("growth-6", SIX, Form(1.0), Tolerance::Exact),
        growth("growth-8", EIGHT, Form(1.0), Tolerance::Exact),
        growth("growth-10", TEN, Form(1.0), Tolerance::Exact),
    ],
};
