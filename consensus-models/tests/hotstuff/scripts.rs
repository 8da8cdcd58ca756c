//! Scripts with expected traces, one test each.

use groma_consensus_models::hotstuff::HotStuff;
use groma_consensus_models::testing::script;

fn check(name: &str) {
    script::check::<HotStuff>(format!("tests/scripts/hotstuff/{name}.txt"));
}

#[test]
fn fetch() {
    check("fetch");
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
fn stable_leader() {
    check("stable-leader");
}

#[test]
fn three_chain() {
    check("three-chain");
}

#[test]
fn transfer() {
    check("transfer");
}

#[test]
fn two_chain() {
    check("two-chain");
}
