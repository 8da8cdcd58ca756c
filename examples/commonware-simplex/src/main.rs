//! Prints what a block costs in commonware's simplex and in Groma's, side by side.

use std::time::Duration;

use commonware_simplex::measure;
use groma_consensus_models::simplex::Simplex;
use groma_consensus_models::testing::Config;
use groma_consensus_models::testing::steady::steady;

const D: Duration = Duration::from_millis(10);

fn main() {
    println!("one-way delay {} ms, free CPU; per block\n", D.as_millis());
    println!("   n  code        messages  first commit    last commit     interval");
    for n in [4, 7, 16] {
        let theirs = measure(n, D, 10, 50);
        let delays = |span: Duration| span.as_secs_f64() / D.as_secs_f64();
        println!(
            "{n:>4}  commonware  {:>8}  {:>10.4} d  {:>11.4} d  {:>9.4} d",
            theirs.messages_per_block(),
            delays(theirs.first_commit),
            delays(theirs.last_commit),
            delays(theirs.interval),
        );
        let ours = steady::<Simplex>(Config::lockstep::<Simplex>(n, D), D / 2, 20 * D, 120 * D);
        let (first, last) = ours.first_and_last();
        println!(
            "      groma       {:>8}  {:>10.4} d  {:>11.4} d  {:>9.4} d",
            ours.messages_per_height(),
            first as f64 / 1e3,
            last as f64 / 1e3,
            120.0 / ours.heights as f64,
        );
        println!("      theirs by kind: {:?}", theirs.sent);
        println!("      ours by kind:   {:?}", ours.sent);
    }
}
