//! Random faults over many seeds, nodes that stay down, plain loss.

use std::time::Duration;

use groma_consensus_models::Protocol;
use groma_consensus_models::longest::{Clique, Nakamoto, Praos};
use groma_consensus_models::testing::{Config, Trial, battery};

/// A chain with a block about every 500 ms (delays are below 50 ms) and so many
/// confirmations that the branches of a partition of 40 s, which is longer than
/// one lasts in a trial, are not final.
trait Quick: Protocol {
    const PARAMS: &'static [(&'static str, &'static str)];
}

impl Quick for Nakamoto {
    const PARAMS: &'static [(&'static str, &'static str)] = &[
        ("block_interval", "500ms"),
        ("difficulty_window", "50"),
        ("confirmations", "30"),
    ];
}

impl Quick for Clique {
    const PARAMS: &'static [(&'static str, &'static str)] = &[
        ("period", "500ms"),
        ("wiggle", "200ms"),
        ("confirmations", "12"),
    ];
}

impl Quick for Praos {
    const PARAMS: &'static [(&'static str, &'static str)] = &[
        ("slot", "100ms"),
        ("active_slots", "200"),
        ("confirmations", "30"),
    ];
}

fn quick<P: Quick>(mut config: Config) -> Config {
    for (name, value) in P::PARAMS {
        config = config.set::<P>(name, value);
    }
    config
        .set::<P>("request_timeout", "2s")
        .set::<P>("fetch_timeout", "300ms")
}

fn adapt<P: Quick>(mut trial: Trial) -> Trial {
    let seed = trial.config.seed;
    trial.config = quick::<P>(trial.config);
    trial.recover_within = Duration::from_secs(120);
    trial = trial
        .set::<P>("relay", ["full", "compact"][(seed % 2) as usize])
        .set::<P>("peers", ["2", "8"][(seed / 2 % 2) as usize]);
    if P::NAME == "praos" {
        trial = trial.set::<P>("nonce", &seed.to_string());
    }
    if seed.is_multiple_of(3) {
        trial = trial
            .set::<P>("retain", "8")
            .set::<P>("checkpoint_interval", "4")
            .set::<P>("fetch_blocks", "5");
    }
    trial
}

fn faults<P: Quick>() {
    let met = battery::random_faults::<P>(4, 200, adapt::<P>);
    println!("{} {met:?}", P::NAME);
    battery::random_faults::<P>(7, 30, adapt::<P>);
    battery::random_faults::<P>(16, 5, adapt::<P>);
    for n in 1..=3 {
        battery::random_faults::<P>(n, 10, adapt::<P>);
    }
}

#[test]
fn nakamoto_survives_random_faults() {
    faults::<Nakamoto>();
}

#[test]
fn clique_survives_random_faults() {
    faults::<Clique>();
}

#[test]
fn praos_survives_random_faults() {
    faults::<Praos>();
}
