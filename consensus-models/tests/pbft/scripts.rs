//! PBFT step by step: scripts with expected traces in `tests/scripts/pbft`.
//! `UPDATE_EXPECT=1` rewrites the traces.

use groma_consensus_models::pbft::Pbft;
use groma_consensus_models::testing::script::check;

#[test]
fn normal_case() {
    check::<Pbft>("tests/scripts/pbft/normal.txt");
}

#[test]
fn view_change_after_a_crash_of_the_primary() {
    check::<Pbft>("tests/scripts/pbft/view_change.txt");
}

#[test]
fn new_view_with_a_null_request() {
    check::<Pbft>("tests/scripts/pbft/null_request.txt");
}

#[test]
fn checkpoint_and_truncation() {
    check::<Pbft>("tests/scripts/pbft/checkpoint.txt");
}

#[test]
fn state_transfer() {
    check::<Pbft>("tests/scripts/pbft/transfer.txt");
}

#[test]
fn restart_of_a_backup_and_of_the_primary() {
    check::<Pbft>("tests/scripts/pbft/restart.txt");
}

#[test]
fn lost_messages_are_repeated() {
    check::<Pbft>("tests/scripts/pbft/loss.txt");
}
