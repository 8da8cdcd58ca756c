//! Message counts and latencies at a constant one-way delay and free CPU.

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::streamlet::Streamlet;
use groma_consensus_models::testing::Config;
use groma_consensus_models::testing::steady::{self, Steady};

const D: Duration = Duration::from_millis(10);

/// Epochs of 2 delta = 4 d.
fn config(n: u32) -> Config {
    Config::lockstep::<Streamlet>(n, D).set::<Streamlet>("delta", "20ms")
}

/// The measured time begins and ends when an epoch's messages are done.
fn steady(config: Config) -> Steady {
    let warm = 43 * D + D / 2;
    steady::steady::<Streamlet>(config, D / 2, warm, 120 * D)
}

#[test]
fn an_epoch_costs_a_proposal_and_a_vote_of_everyone_to_everyone() {
    for n in [4, 7, 16, 64] {
        let seen = steady(config(n));
        let others = u64::from(n - 1);
        let (n, blocks) = (u64::from(n), seen.heights);
        assert_eq!((seen.blocks, blocks), (30, 30));
        let expected =
            BTreeMap::from([("proposal", blocks * others), ("vote", blocks * n * others)]);
        assert_eq!(seen.sent, expected, "n = {n}");
        // The next block is notarized an epoch and two delays later.
        assert_eq!(seen.first_and_last(), (6_000, 6_000), "n = {n}");
    }
}

#[test]
fn everyone_echoes_everything_once() {
    for n in [4, 7, 16] {
        let seen = steady(config(n).set::<Streamlet>("echo", "true"));
        let (n, blocks) = (u64::from(n), seen.heights);
        // n + 1 messages a block; n - 1 receivers pass each on to n - 2.
        let echoes = blocks * (n + 1) * (n - 1) * (n - 2);
        assert_eq!(seen.sent["echo"], echoes, "n = {n}");
        let all = (n + 1) * (n - 1) * (n - 1);
        assert_eq!(seen.messages_per_height(), all, "n = {n}");
    }
}

#[test]
fn the_page_states_what_is_measured() {
    let rows = [4, 16, 64].map(|n| steady(config(n)).row(n));
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/protocols/streamlet.md"
    );
    steady::check_page(page, "streamlet", steady::HEAD, &rows);
}
