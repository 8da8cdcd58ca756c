//! Scripts with expected traces, one test each.

use groma_consensus_models::testing::script;

use crate::Node;

fn check(name: &str) {
    script::check::<Node>(format!("tests/scripts/simplex/{name}.txt"));
}

#[test]
fn normal() {
    check("normal");
}

#[test]
fn leader_crash() {
    check("leader-crash");
}

#[test]
fn promises() {
    check("promises");
}

#[test]
fn fetch() {
    check("fetch");
}

#[test]
fn transfer() {
    check("transfer");
}
