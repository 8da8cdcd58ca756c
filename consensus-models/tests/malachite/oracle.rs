//! Our Tendermint against malachite: the same messages, the same bytes, the same
//! latency on the happy path.

use std::time::Duration;

use groma_consensus_models::Protocol;
use groma_consensus_models::malachite::Malachite;
use groma_consensus_models::tendermint::Tendermint;
use groma_consensus_models::testing::Config;
use groma_consensus_models::testing::steady::{self, Steady};

const D: Duration = Duration::from_millis(10);

fn steady<P: Protocol>(n: u32) -> Steady {
    // No request at the instant of a delivery: their order would be luck.
    let every = Duration::from_micros(5_300);
    steady::steady::<P>(Config::lockstep::<P>(n, D), every, 20 * D, 120 * D)
}

#[test]
fn both_send_the_same_messages_and_decide_at_the_same_time() {
    for n in [4, 7, 16] {
        let (ours, theirs) = (steady::<Tendermint>(n), steady::<Malachite>(n));
        assert_eq!(ours.heights, theirs.heights, "n = {n}");
        assert_eq!(ours.sent, theirs.sent, "n = {n}");
        assert_eq!(ours.bytes, theirs.bytes, "n = {n}");
        assert_eq!(ours.first_and_last(), theirs.first_and_last(), "n = {n}");
    }
}

#[test]
fn the_page_states_what_is_measured() {
    let rows = [4, 16, 64].map(|n| steady::<Malachite>(n).row(n));
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/protocols/malachite.md"
    );
    steady::check_page(page, "malachite", steady::HEAD, &rows);
}
