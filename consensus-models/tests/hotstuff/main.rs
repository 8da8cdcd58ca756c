//! Chained HotStuff on the test benches: scripts with expected traces, closed
//! forms, random faults, Byzantine leaders.
#![allow(clippy::unwrap_used)]

mod adversary;
mod byzantine;
mod closed_forms;
mod faults;
mod scripts;

use groma_consensus_models::hotstuff::HotStuff;
use groma_consensus_models::testing::Config;

/// Every combination of commit rule and leader mode.
const VARIANTS: [(&str, &str); 4] = [
    ("three-chain", "rotating"),
    ("three-chain", "stable"),
    ("two-chain", "rotating"),
    ("two-chain", "stable"),
];

/// Sets the variant.
fn with(config: Config, (rule, leader): (&str, &str)) -> Config {
    config
        .set::<HotStuff>("commit_rule", rule)
        .set::<HotStuff>("leader", leader)
}
