//! Streamlet on the test benches: scripts with expected traces, closed forms,
//! random faults, Byzantine replicas.
#![allow(clippy::unwrap_used)]

#[path = "../notarized/adversary.rs"]
mod adversary;
mod byzantine;
mod closed_forms;
#[path = "../notarized/faults.rs"]
mod faults;
mod scripts;

use groma_consensus_models::streamlet::Streamlet as Node;
use groma_consensus_models::testing::Trial;

/// What its trials set besides what all of the family do: some seeds echo everything.
fn adapt_more(trial: Trial) -> Trial {
    if trial.config.seed.is_multiple_of(4) {
        trial.set::<Node>("echo", "true")
    } else {
        trial
    }
}
