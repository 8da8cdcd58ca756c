//! Scripts with expected traces; timer 0 is the crate's tick.

use groma_consensus_models::testing::script;
use groma_consensus_models::tikv_raft::TikvRaft;

fn check(name: &str) {
    script::check::<TikvRaft>(format!("tests/scripts/tikv_raft/{name}.txt"));
}

#[test]
fn election_and_a_block() {
    check("normal");
}

#[test]
fn promises() {
    check("promises");
}
