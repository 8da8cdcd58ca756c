//! Scripts with expected traces; timers: 0 election, 1 heartbeat, 2 reminder.

use groma_consensus_models::raft::Raft;
use groma_consensus_models::testing::script::check;

#[test]
fn election() {
    check::<Raft>("tests/scripts/raft-election.txt");
}

#[test]
fn pre_vote() {
    check::<Raft>("tests/scripts/raft-pre-vote.txt");
}

#[test]
fn replication() {
    check::<Raft>("tests/scripts/raft-replication.txt");
}

#[test]
fn leader_crash() {
    check::<Raft>("tests/scripts/raft-leader-crash.txt");
}

#[test]
fn conflict_repair() {
    check::<Raft>("tests/scripts/raft-conflict-repair.txt");
}

#[test]
fn commit_rule() {
    check::<Raft>("tests/scripts/raft-commit-rule.txt");
}

#[test]
fn snapshot() {
    check::<Raft>("tests/scripts/raft-snapshot.txt");
}

#[test]
fn check_quorum() {
    check::<Raft>("tests/scripts/raft-check-quorum.txt");
}
