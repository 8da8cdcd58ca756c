//! Commonware's simplex as the oracle of ours: equal kinds, equal delays, and one
//! kind of message more, which decides nothing that was not decided.

use std::collections::BTreeMap;
use std::time::Duration;

use commonware_simplex::measure;
use groma_consensus_models::simplex::Simplex;
use groma_consensus_models::testing::Config;
use groma_consensus_models::testing::steady::{Steady, steady};

const D: Duration = Duration::from_millis(10);

fn ours(n: u32) -> Steady {
    steady::<Simplex>(Config::lockstep::<Simplex>(n, D), D / 2, 20 * D, 120 * D)
}

#[test]
fn what_ours_sends_is_what_theirs_sends_but_for_the_proof_of_the_end() {
    for n in [4, 7, 16] {
        let (theirs, ours) = (measure(n, D, 10, 50), ours(n));
        assert_eq!((theirs.blocks, ours.heights), (50, 60));
        let others = u64::from(n - 1);
        let all = u64::from(n) * others;
        let expected = BTreeMap::from([
            ("body", 50 * others),
            ("notarize", 50 * all),
            ("notarization", 50 * all),
            ("finalize", 50 * all),
            ("finalization", 50 * all),
        ]);
        assert_eq!(theirs.sent, expected, "n = {n}");
        let per_block = |kind| ours.sent[kind] / ours.heights;
        let pairs = [
            ("body", "proposal"),
            ("notarize", "vote"),
            ("notarization", "notarized"),
            ("finalize", "finalize"),
        ];
        for (theirs_kind, ours_kind) in pairs {
            assert_eq!(
                theirs.sent[theirs_kind] / 50,
                per_block(ours_kind),
                "{ours_kind}"
            );
        }
        assert_eq!(
            theirs.messages_per_block(),
            ours.messages_per_height() + all
        );
    }
}

#[test]
fn both_decide_after_three_delays_and_propose_every_two() {
    for n in [4, 7, 16] {
        let theirs = measure(n, D, 10, 50);
        assert_eq!(ours(n).first_and_last(), (3_000, 3_000));
        // Each poll of their runtime takes a nanosecond.
        for (took, delays) in [
            (theirs.first_commit, 3),
            (theirs.last_commit, 3),
            (theirs.interval, 2),
        ] {
            let over = took
                .checked_sub(delays * D)
                .expect("not before the last message");
            assert!(over < Duration::from_micros(1), "{took:?} for {delays} d");
        }
    }
}

#[test]
fn two_runs_are_equal() {
    assert_eq!(measure(7, D, 5, 20), measure(7, D, 5, 20));
}
