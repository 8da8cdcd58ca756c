//! Scripts with expected traces, one test each.

use groma_consensus_models::Protocol;
use groma_consensus_models::longest::{Clique, Nakamoto, Praos};
use groma_consensus_models::testing::script;

fn check<P: Protocol>(name: &str) {
    script::check::<P>(format!("tests/scripts/longest/{name}.txt"));
}

#[test]
fn clique_tie() {
    check::<Clique>("clique-tie");
}

#[test]
fn clique_turns() {
    check::<Clique>("clique-turns");
}

#[test]
fn nakamoto_compact() {
    check::<Nakamoto>("nakamoto-compact");
}

#[test]
fn nakamoto_disk() {
    check::<Nakamoto>("nakamoto-disk");
}

#[test]
fn nakamoto_fetch() {
    check::<Nakamoto>("nakamoto-fetch");
}

#[test]
fn nakamoto_normal() {
    check::<Nakamoto>("nakamoto-normal");
}

#[test]
fn nakamoto_reorganisation() {
    check::<Nakamoto>("nakamoto-reorganisation");
}

#[test]
fn nakamoto_transfer() {
    check::<Nakamoto>("nakamoto-transfer");
}

#[test]
fn nakamoto_orphan() {
    check::<Nakamoto>("nakamoto-orphan");
}

#[test]
fn praos_slots() {
    check::<Praos>("praos-slots");
}
