//! Scripts with expected traces, one test each.

use groma_consensus_models::hotstuff2::HotStuff2;
use groma_consensus_models::jolteon::Jolteon;
use groma_consensus_models::testing::script;

fn jolteon(name: &str) {
    script::check::<Jolteon>(format!("tests/scripts/jolteon/{name}.txt"));
}

fn hotstuff2(name: &str) {
    script::check::<HotStuff2>(format!("tests/scripts/hotstuff-2/{name}.txt"));
}

#[test]
fn jolteon_normal() {
    jolteon("normal");
}

#[test]
fn jolteon_leader_crash() {
    jolteon("leader-crash");
}

#[test]
fn jolteon_promises() {
    jolteon("promises");
}

#[test]
fn jolteon_transfer() {
    jolteon("transfer");
}

#[test]
fn hotstuff_2_normal() {
    hotstuff2("normal");
}

#[test]
fn hotstuff_2_leader_crash() {
    hotstuff2("leader-crash");
}

#[test]
fn hotstuff_2_promises() {
    hotstuff2("promises");
}

#[test]
fn hotstuff_2_transfer() {
    hotstuff2("transfer");
}
