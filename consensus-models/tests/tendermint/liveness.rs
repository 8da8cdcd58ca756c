//! What it promises about progress.

use std::time::Duration;

use groma_consensus_models::tendermint::Tendermint;
use groma_consensus_models::{Committee, Params, Protocol as _};

#[test]
fn silence_outlasts_the_rounds_of_proposers_that_are_down() {
    let params = Params::defaults(&Tendermint::params());
    for (n, seconds) in [(4, 20), (16, 69), (64, 781)] {
        let committee = Committee::new(n, Tendermint::FAULT_MODEL);
        let liveness = Tendermint::liveness(committee, &params);
        assert_eq!(liveness.silence, Duration::from_secs(seconds), "n = {n}");
    }
}
