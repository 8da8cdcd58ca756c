//! Scripts with expected traces; timers: 0 repeats and reminds, 1 fetches.

use groma_consensus_models::primary_backup::PrimaryBackup;
use groma_consensus_models::testing::script;

fn check(name: &str) {
    script::check::<PrimaryBackup>(format!("tests/scripts/primary_backup/{name}.txt"));
}

#[test]
fn majority() {
    check("majority");
}

#[test]
fn single_sequencer() {
    check("single-sequencer");
}

#[test]
fn promises() {
    check("promises");
}

#[test]
fn primary_restart() {
    check("primary-restart");
}

#[test]
fn fetch() {
    check("fetch");
}

#[test]
fn transfer() {
    check("transfer");
}
