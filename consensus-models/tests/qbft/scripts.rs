//! Scripts with expected traces, one test each.

use groma_consensus_models::qbft::Qbft;
use groma_consensus_models::testing::script;

fn check(name: &str) {
    script::check::<Qbft>(format!("tests/scripts/qbft/{name}.txt"));
}

#[test]
fn normal_case() {
    check("normal-case");
}

#[test]
fn round_change() {
    check("round-change");
}

#[test]
fn promises() {
    check("promises");
}

#[test]
fn laggard() {
    check("laggard");
}

#[test]
fn remembered() {
    check("remembered");
}
