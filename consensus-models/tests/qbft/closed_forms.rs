//! Message counts and latencies at a constant one-way delay and free CPU.

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::qbft::Qbft;
use groma_consensus_models::testing::Config;
use groma_consensus_models::testing::steady::{self, Steady};

const D: Duration = Duration::from_millis(10);

fn steady(config: Config) -> Steady {
    steady::steady::<Qbft>(config, D / 2, 20 * D, 120 * D)
}

#[test]
fn a_block_costs_a_proposal_and_two_votes_of_everyone_to_everyone() {
    for n in [4, 7, 16, 64] {
        let seen = steady(Config::lockstep::<Qbft>(n, D));
        let others = u64::from(n - 1);
        let (n, blocks) = (u64::from(n), seen.heights);
        assert_eq!(seen.blocks, blocks);
        let expected = BTreeMap::from([
            ("proposal", blocks * others),
            ("prepare", blocks * n * others),
            ("commit", blocks * n * others),
        ]);
        assert_eq!(seen.sent, expected, "n = {n}");
        // Proposal, prepares, commits: everyone decides at the same time.
        assert_eq!(seen.first_and_last(), (3_000, 3_000), "n = {n}");
    }
}

#[test]
fn the_page_states_what_is_measured() {
    let rows = [4, 16, 64].map(|n| steady(Config::lockstep::<Qbft>(n, D)).row(n));
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocols/qbft.md");
    steady::check_page(page, "qbft", steady::HEAD, &rows);
}
