//! Scripts with expected traces, one test each.

use groma_consensus_models::malachite::Malachite;
use groma_consensus_models::testing::script;

fn check(name: &str) {
    script::check::<Malachite>(format!("tests/scripts/malachite/{name}.txt"));
}

#[test]
fn normal_case() {
    check("normal-case");
}

#[test]
fn promises() {
    check("promises");
}

#[test]
fn last_vote() {
    check("last-vote");
}
