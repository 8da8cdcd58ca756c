//! Scripts with expected traces, one test each.

use groma_consensus_models::narwhal::{Bullshark, Tusk};
use groma_consensus_models::testing::script;

#[test]
fn a_round() {
    script::check::<Bullshark>("tests/scripts/narwhal/round.txt");
}

#[test]
fn bullshark_waits_for_its_leader() {
    script::check::<Bullshark>("tests/scripts/narwhal/leader-crash.txt");
}

#[test]
fn promises() {
    script::check::<Bullshark>("tests/scripts/narwhal/promises.txt");
}

#[test]
fn fetch() {
    script::check::<Tusk>("tests/scripts/narwhal/fetch.txt");
}

#[test]
fn transfer() {
    script::check::<Tusk>("tests/scripts/narwhal/transfer.txt");
}
