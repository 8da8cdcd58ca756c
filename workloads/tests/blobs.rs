//! Blobs against the ledger: one size, nothing refused, no balance moved.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, build, town};

#[test]
fn blobs_are_all_alike_and_change_no_balance() {
    let mut run = Run::new(build("blobs", &town(20_000)), 1);
    for _ in 0..10 {
        let block = run.draw(500);
        assert!(block.iter().all(|signed| signed.wire_bytes == 512));
        run.apply(&block);
        run.city.workload().check(&run.state).unwrap();
    }
    assert!(
        run.share(|_, outcome| outcome == "applied") > 0.999,
        "{:?}",
        run.tally
    );
}

#[test]
fn the_law_notices_money_that_came_from_elsewhere() {
    common::assert_money_is_counted("blobs", &town(1_000));
}
