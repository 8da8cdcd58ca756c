//! Random faults over many seeds, nodes that stay down, plain loss.

use std::time::Duration;

use groma_consensus_models::longest::{Clique, Nakamoto, Praos};
use groma_consensus_models::testing::{Cluster, Config, Fault, Trial, batch, battery, for_seeds};
use groma_consensus_models::{Protocol, ReplicaId};

/// A chain with a block about every 500 ms (delays are below 50 ms) and so many
/// confirmations that the branches of a partition of 40 s, which is longer than
/// one lasts in a trial, are not final.
pub trait Quick: Protocol {
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

pub fn quick<P: Quick>(mut config: Config) -> Config {
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
    if P::NAME == "clique" {
        // A partition lets half the signers sign a branch of n / 2 blocks.
        let k = (2 * trial.config.n).max(12);
        trial = trial.set::<P>("confirmations", &k.to_string());
    }
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
    for (n, seeds) in [(4, 200), (7, 30), (16, 5), (1, 10), (2, 10), (3, 10)] {
        let met = battery::random_faults::<P>(n, seeds, adapt::<P>);
        // A pool forgets nothing that a branch could still bring back; only
        // who took over a ledger does not know what is in it.
        assert!(met.repeated == 0 || met.transfers > 0, "n = {n}: {met:?}");
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

/// A node is down until its peers no longer keep what it lacks, and one after
/// another do others.
fn transfers<P: Quick>() {
    let mut transfers = 0;
    for_seeds(10, |seed| {
        let config = adapt::<P>(Trial::new::<P>(4, seed)).config;
        let config = config
            .set::<P>("retain", "8")
            .set::<P>("checkpoint_interval", "4")
            .set::<P>("confirmations", "12");
        let mut cluster = Cluster::<P>::new(config);
        let second = Duration::from_secs(1);
        for id in 0..4 {
            let down = ReplicaId((seed as u32 + id) % 4);
            cluster.fault_at(second * (5 + 50 * id), Fault::Crash(down));
            cluster.fault_at(second * (45 + 50 * id), Fault::Restart(down));
        }
        for id in 0..200 {
            let home = ReplicaId(id % 4);
            cluster.request_at(second * id, home, batch(u64::from(id) + 1));
        }
        let done = cluster.run_until(second * 300, Cluster::is_complete);
        match done {
            Ok(true) => transfers += cluster.transfers(),
            Ok(false) => panic!("{} seed {seed}: {}", P::NAME, cluster.describe()),
            Err(why) => panic!("{} seed {seed}: {why}", P::NAME),
        }
    });
    assert!(transfers >= 10, "{} met {transfers} transfers", P::NAME);
}

#[test]
fn who_was_down_for_long_takes_over_a_ledger() {
    transfers::<Nakamoto>();
    transfers::<Clique>();
    transfers::<Praos>();
}

/// Half the block rate, and Clique out of turn, still commit in time.
fn down_for_ever<P: Quick>() {
    for (n, down) in [
        (4, vec![0]),
        (4, vec![1]),
        (4, vec![2]),
        (4, vec![3]),
        (7, vec![0, 1, 2]),
        (7, vec![1, 3, 6]),
        (3, vec![0]),
        (3, vec![1]),
        (5, vec![0, 2]),
    ] {
        let config = quick::<P>(Config::random::<P>(n, 11));
        battery::members_down_for_ever::<P>(config, &down, Duration::from_secs(120));
    }
}

#[test]
fn a_minority_may_be_down_for_ever() {
    down_for_ever::<Nakamoto>();
    down_for_ever::<Clique>();
    down_for_ever::<Praos>();
}

fn loss<P: Quick>() {
    for_seeds(10, |seed| {
        let config = adapt::<P>(Trial::new::<P>(4, seed)).config;
        battery::loss_for_ever::<P>(config, Duration::from_secs(120));
    });
}

#[test]
fn loss_is_survived_for_ever() {
    loss::<Nakamoto>();
    loss::<Clique>();
    loss::<Praos>();
}

#[test]
fn equal_seeds_give_equal_runs() {
    for seed in [5, 6] {
        battery::equal_seeds_give_equal_runs::<Nakamoto>(&adapt::<Nakamoto>(
            Trial::new::<Nakamoto>(4, seed),
        ));
        battery::equal_seeds_give_equal_runs::<Clique>(&adapt::<Clique>(Trial::new::<Clique>(
            4, seed,
        )));
        battery::equal_seeds_give_equal_runs::<Praos>(&adapt::<Praos>(Trial::new::<Praos>(
            4, seed,
        )));
    }
}

fn large<P: Quick>(n: u32) {
    // A graph of 128 nodes is some hops wide: slower blocks keep forks few.
    let config = quick::<P>(Config::random::<P>(n, 3));
    let config = match P::NAME {
        "nakamoto" => config.set::<P>("block_interval", "3s"),
        "praos" => config.set::<P>("slot", "600ms"),
        _ => config.set::<P>("period", "3s"),
    };
    let config = config.set::<P>("confirmations", "8");
    let mut cluster = Cluster::<P>::new(config);
    for id in 0..5 {
        cluster.request(ReplicaId(id * 7), batch(u64::from(id) + 1));
    }
    let done = cluster.run_until(Duration::from_secs(120), Cluster::is_complete);
    assert_eq!(done, Ok(true), "{} n = {n}", P::NAME);
}

#[test]
fn large_committees_order_batches() {
    for n in [64, 128] {
        large::<Nakamoto>(n);
        large::<Clique>(n);
        large::<Praos>(n);
    }
}
