//! The tables of what must be reproduced, a file a source; tolerances stood
//! before any run.

mod chance;
mod h;
mod v0;
mod v1;
mod v2;
mod v5;
mod v5b;
mod v7;
mod v8;

use super::{Claim, Set};

/// Every set, in printed order.
pub(super) const ALL: &[Set] = &[
    v0::MESSAGES,
    v0::LATENCY,
    v0::RANDOM,
    v0::PATHS,
    chance::TUSK,
    chance::LOTTERIES,
    chance::CLIQUE,
    v0::LITTLE,
    v0::EGRESS,
    v0::MD1,
    v1::FAR,
    v1::NEAR,
    v1::FAR_PHANTOM,
    v1::NEAR_PHANTOM,
    v2::SET,
    v5::HOTSTUFF,
    v5::STREAMLET,
    v5b::SET,
    v7::SET,
    v8::SPREAD,
    v8::TEN_MINUTES,
    v8::MINUTE,
    v8::TEN_SECONDS,
    h::HOTSTUFF,
    h::TUSK,
    h::MYSTICETI,
];

/// What was said without its conditions.
pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        system: "TUSI",
        claim: "more than 10k TPS",
    },
    Claim {
        system: "Ant",
        claim: "25k TPS and 1e9 transactions a day",
    },
    Claim {
        system: "FISCO BCOS",
        claim: "20k TPS, more than 100k TPS",
    },
    Claim {
        system: "ChainMaker",
        claim: "100k TPS, 240k TPS",
    },
    Claim {
        system: "JD Chain",
        claim: "20k TPS",
    },
    Claim {
        system: "WeChat Pay and NetsUnion",
        claim: "peaks of payments",
    },
];
