//! Scripts with expected traces, one test each.

use groma_consensus_models::tendermint::Tendermint;
use groma_consensus_models::testing::script;

fn check(name: &str) {
    script::check::<Tendermint>(format!("tests/scripts/tendermint/{name}.txt"));
}

#[test]
fn normal_case() {
    check("normal-case");
}

#[test]
fn next_round() {
    check("next-round");
}

#[test]
fn lock() {
    check("lock");
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
fn transfer() {
    check("transfer");
}
