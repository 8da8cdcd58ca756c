//! The decision rule on small DAGs, as in the figures of the paper: direct and
//! indirect commits and skips, what stays undecided, several leaders a round,
//! leaders that equivocate.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::dag::Inserted;
use super::super::message::DagBlock;
use super::*;
use crate::committee::{Committee, FaultModel, ReplicaId};

/// A DAG of four members drawn line by line. A block is named by a round, the
/// letter of its author and, for a second one, a prime: `2b'`.
struct Drawing {
    slots: Slots,
    dag: Dag,
    names: BTreeMap<String, Ref>,
}

impl Drawing {
    fn new(leaders: u32) -> Self {
        let slots = Slots {
            committee: Committee::new(4, FaultModel::Byzantine),
            leaders,
        };
        let members = slots.committee.members();
        let names = members.map(|id| (name(0, id), Ref::genesis(id)));
        Self {
            slots,
            dag: Dag::new(slots, 0),
            names: names.collect(),
        }
    }

    /// A block on these parents, such as `"0a 0b 0c"`.
    fn block(&mut self, name: &str, parents: &str) {
        let (digits, author) = name.split_at(name.find(char::is_alphabetic).expect("an author"));
        let author = ReplicaId(u32::from(author.as_bytes()[0] - b'a'));
        let parents = parents.split_whitespace().map(|name| self.names[name]);
        let created = Duration::from_millis(u64::from(name.ends_with('\'')));
        let round = digits.parse().expect("a round");
        let batches = SmallVec::new();
        let block = DagBlock::new(round, author, created, batches, parents.collect());
        self.names.insert(name.to_owned(), block.at());
        assert_eq!(self.dag.restore(Arc::new(block)), Inserted::Accepted);
    }

    /// A round in which each of `authors` refers to the blocks of `parents` in
    /// the round before.
    fn round(&mut self, round: u64, authors: &str, parents: &str) {
        let parents = parents.chars().map(|id| format!("{}{id}", round - 1));
        let parents = parents.collect::<Vec<_>>().join(" ");
        for author in authors.chars() {
            self.block(&format!("{round}{author}"), &parents);
        }
    }

    /// What the slots from round 1 on come to, until the first undecided one.
    fn taken(&self) -> Vec<String> {
        let mut committer = Committer::new(self.slots, 1);
        committer.decide(&self.dag);
        let mut taken = Vec::new();
        while let Some((slot, decision)) = committer.take() {
            let leader = name(slot.0, self.slots.leader(slot.0, slot.1));
            taken.push(match decision {
                Decision::Skip => format!("-{leader}"),
                Decision::Commit(at) => {
                    let found = self.names.iter().find(|(_, known)| **known == at);
                    found.expect("drawn").0.clone()
                }
            });
        }
        taken
    }
}

fn name(round: u64, id: ReplicaId) -> String {
    format!("{round}{}", char::from(b'a' + id.0 as u8))
}

const ALL: &str = "abcd";

// With one leader, those of rounds 1 to 8 are b, c, d, a, b, c, d, a.

#[test]
fn a_quorum_of_certificates_commits() {
    let mut drawing = Drawing::new(1);
    drawing.round(1, ALL, ALL);
    drawing.round(2, ALL, ALL);
    assert!(drawing.taken().is_empty());
    drawing.round(3, "ab", ALL);
    assert!(drawing.taken().is_empty());
    drawing.round(3, "c", ALL);
    assert_eq!(drawing.taken(), ["1b"]);
}

#[test]
fn votes_without_certificates_commit_nothing() {
    // Each block of round 3 sees two of the three votes only.
    let mut drawing = Drawing::new(1);
    drawing.round(1, ALL, ALL);
    drawing.round(2, "abc", ALL);
    drawing.round(2, "d", "acd");
    drawing.block("3a", "2a 2b 2d");
    drawing.block("3b", "2b 2c 2d");
    drawing.block("3c", "2c 2a 2d");
    drawing.block("3d", "2d 2a 2b");
    assert!(drawing.taken().is_empty());
}

#[test]
fn a_quorum_of_blames_skips() {
    let mut drawing = Drawing::new(1);
    drawing.round(1, ALL, ALL);
    drawing.round(2, "ab", "acd");
    assert!(drawing.taken().is_empty());
    drawing.round(2, "c", "acd");
    assert_eq!(drawing.taken(), ["-1b"]);
}

#[test]
fn a_leader_without_a_block_is_skipped() {
    let mut drawing = Drawing::new(1);
    drawing.round(1, "acd", "acd");
    drawing.round(2, "acd", "acd");
    drawing.round(3, "acd", "acd");
    drawing.round(4, "acd", "acd");
    assert_eq!(drawing.taken(), ["-1b", "2c"]);
}

/// Round 1's leader b has three votes, and one block of round 3 certifies it;
/// the others see only two of the votes.
fn one_certificate() -> Drawing {
    let mut drawing = Drawing::new(1);
    drawing.round(1, ALL, ALL);
    drawing.round(2, "abc", ALL);
    drawing.round(2, "d", "acd");
    drawing.block("3a", "2a 2b 2c");
    drawing.block("3b", "2b 2a 2d");
    drawing.block("3c", "2c 2a 2d");
    drawing.block("3d", "2d 2b 2c");
    drawing
}

#[test]
fn a_later_leader_commits_what_is_certified_in_its_history() {
    let mut drawing = one_certificate();
    assert!(drawing.taken().is_empty());
    // The leader of round 4, a, refers to the certificate 3a.
    drawing.round(4, ALL, "abc");
    drawing.round(5, ALL, ALL);
    assert!(drawing.taken().is_empty());
    drawing.round(6, ALL, ALL);
    assert_eq!(drawing.taken(), ["1b"]);
    // 2c has three votes, but no block of round 4 sees all of them: 5b, once
    // committed, skips it. Nobody refers to 3d.
    drawing.round(7, ALL, ALL);
    assert_eq!(drawing.taken(), ["1b", "-2c", "-3d", "4a", "5b"]);
}

#[test]
fn a_later_leader_skips_what_is_not_certified_in_its_history() {
    let mut drawing = one_certificate();
    drawing.round(4, ALL, "bcd");
    drawing.round(5, ALL, ALL);
    drawing.round(6, ALL, ALL);
    assert_eq!(drawing.taken(), ["-1b"]);
    drawing.round(7, ALL, ALL);
    assert_eq!(drawing.taken()[2..], ["3d", "4a", "5b"]);
}

#[test]
fn a_skipped_leader_is_no_anchor() {
    // Round 4's leader a has no block; 5b is the next and sees 3a.
    let mut drawing = one_certificate();
    drawing.round(4, "bcd", "abc");
    drawing.round(5, "bcd", "bcd");
    drawing.round(6, "bcd", "bcd");
    assert!(drawing.taken().is_empty());
    drawing.round(7, "bcd", "bcd");
    let taken = drawing.taken();
    assert_eq!(taken[0], "1b");
    assert!(taken.contains(&"-4a".to_owned()), "{taken:?}");
    assert!(taken.contains(&"5b".to_owned()), "{taken:?}");
}

#[test]
fn an_undecided_anchor_decides_nothing() {
    // Round 4's leader a stays undecided, as 1b was, though 5b is committed:
    // 1b may follow no leader after the undecided one.
    let mut drawing = one_certificate();
    drawing.round(4, ALL, "abc");
    drawing.round(5, "bcd", ALL);
    drawing.round(5, "a", "bcd");
    drawing.block("6b", "5b 5a 5c");
    drawing.block("6c", "5c 5a 5b");
    drawing.block("6d", "5d 5a 5b");
    drawing.round(7, "bcd", "bcd");
    let mut committer = Committer::new(drawing.slots, 1);
    committer.decide(&drawing.dag);
    let later = committer.decided.get(&(5, 0));
    assert_eq!(later, Some(&Decision::Commit(drawing.names["5b"])));
    assert_eq!(committer.decided.get(&(4, 0)), None);
    assert!(drawing.taken().is_empty());
}

#[test]
fn every_leader_of_a_round_commits_in_its_turn() {
    let mut drawing = Drawing::new(2);
    for round in 1..=4 {
        drawing.round(round, ALL, ALL);
    }
    // Rounds 1 and 2: slots of c and d, then of a and b.
    assert_eq!(drawing.taken(), ["1c", "1d", "2a", "2b"]);
}

#[test]
fn an_undecided_leader_holds_up_the_others_of_its_round() {
    let mut drawing = Drawing::new(2);
    drawing.round(1, ALL, ALL);
    drawing.round(2, "ab", ALL);
    drawing.round(2, "cd", "abd");
    drawing.round(3, ALL, ALL);
    // 1c has two votes and two blames; 1d is certified by all.
    let mut committer = Committer::new(drawing.slots, 1);
    committer.decide(&drawing.dag);
    assert_eq!(
        committer.decided.get(&(1, 1)),
        Some(&Decision::Commit(drawing.names["1d"]))
    );
    assert_eq!(committer.take(), None);
}

#[test]
fn one_of_two_blocks_of_a_leader_commits() {
    // Three of four vote for the second block that b made.
    let mut drawing = Drawing::new(1);
    drawing.round(1, ALL, ALL);
    drawing.block("1b'", "0b 0a 0c 0d");
    drawing.block("2a", "1a 1b 1c");
    for author in ["2b", "2c", "2d"] {
        drawing.block(author, "1a 1b' 1c");
    }
    drawing.round(3, ALL, "bcd");
    assert_eq!(drawing.taken(), ["1b'"]);
}

#[test]
fn split_votes_for_two_blocks_of_a_leader_neither_commit_nor_skip() {
    let mut drawing = Drawing::new(1);
    drawing.round(1, ALL, ALL);
    drawing.block("1b'", "0b 0a 0c 0d");
    drawing.block("2a", "1a 1b 1c");
    drawing.block("2b", "1a 1b 1c");
    drawing.block("2c", "1a 1b' 1c");
    drawing.block("2d", "1a 1b' 1c");
    drawing.round(3, ALL, ALL);
    assert!(drawing.taken().is_empty());
    // The leader of round 4 ends it: nothing is certified.
    drawing.round(4, ALL, ALL);
    drawing.round(5, ALL, ALL);
    drawing.round(6, ALL, ALL);
    assert_eq!(drawing.taken()[..2], ["-1b", "2c"]);
}

#[test]
fn two_blocks_of_one_voter_count_once() {
    // b blames in both of its blocks, and only a does so too.
    let mut drawing = Drawing::new(1);
    drawing.round(1, ALL, ALL);
    drawing.block("2a", "1a 1c 1d");
    drawing.block("2b", "1a 1c 1d");
    drawing.block("2b'", "1a 1c 1d");
    assert!(drawing.taken().is_empty());
    drawing.block("2d", "1a 1c 1d");
    assert_eq!(drawing.taken(), ["-1b"]);
}
