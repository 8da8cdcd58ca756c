//! Random faults over many seeds, and validators that stay down.

use std::time::Duration;

use groma_consensus_models::narwhal::{Bullshark, Tusk};
use groma_consensus_models::testing::battery::{
    Met, equal_seeds_give_equal_runs, loss_for_ever, members_down_for_ever, random_faults,
};
use groma_consensus_models::testing::{Cluster, Config, Fate, Trial, batch};
use groma_consensus_models::{Protocol, ReplicaId};

/// Every other seed keeps so little that laggards need transfers.
fn adapt<P: Protocol>(trial: Trial) -> Trial {
    let trial = match trial.config.seed % 5 {
        0 => trial.set::<P>("certificates", "aggregate"),
        1 => trial.set::<P>("idle_interval", "200ms"),
        _ => trial,
    };
    if trial.config.seed % 2 == 1 {
        return trial;
    }
    trial
        .set::<P>("gc_depth", "6")
        .set::<P>("retain", "2")
        .set::<P>("checkpoint_interval", "2")
        .set::<P>("fetch_vertices", "7")
        .set::<P>("remember", "40")
        .set::<P>("idle_interval", "150ms")
}

fn faults<P: Protocol>(n: u32, seeds: u64) -> Met {
    random_faults::<P>(n, seeds, adapt::<P>)
}

fn met_transfers(met: Met) {
    assert!(met.transfers > 0 || std::env::var_os("GROMA_SEED").is_some());
}

#[test]
fn random_faults_tusk() {
    met_transfers(faults::<Tusk>(4, 200));
}

#[test]
fn random_faults_bullshark() {
    met_transfers(faults::<Bullshark>(4, 200));
}

#[test]
fn random_faults_in_other_committees() {
    for n in [1, 2, 3] {
        faults::<Tusk>(n, 12);
        faults::<Bullshark>(n, 12);
    }
    faults::<Tusk>(7, 10);
    faults::<Bullshark>(7, 10);
    faults::<Tusk>(16, 2);
    faults::<Bullshark>(16, 2);
}

fn down<P: Protocol>() {
    let patterns: [(u32, &[u32]); 8] = [
        (4, &[0]),
        (4, &[1]),
        (4, &[2]),
        (4, &[3]),
        (7, &[1, 2]),
        (7, &[0, 3]),
        (7, &[2, 6]),
        (10, &[0, 3, 7]),
    ];
    for (n, down) in patterns {
        let config = Config::random::<P>(n, 11);
        members_down_for_ever::<P>(config, down, Duration::from_secs(25));
    }
}

#[test]
fn f_validators_may_be_down_for_ever() {
    down::<Tusk>();
    down::<Bullshark>();
}

#[test]
fn loss_is_survived() {
    for seed in 0..10 {
        let end = Duration::from_secs(60);
        loss_for_ever::<Tusk>(Config::random::<Tusk>(4, seed), end);
        loss_for_ever::<Bullshark>(Config::random::<Bullshark>(4, seed), end);
    }
}

#[test]
fn equal_seeds() {
    equal_seeds_give_equal_runs::<Tusk>(&adapt::<Tusk>(Trial::new::<Tusk>(4, 6)));
    equal_seeds_give_equal_runs::<Bullshark>(&adapt::<Bullshark>(Trial::new::<Bullshark>(4, 6)));
}

fn large<P: Protocol>(n: u32) {
    let mut cluster = Cluster::<P>::new(Config::random::<P>(n, 3));
    for id in 0..4 {
        cluster.request(ReplicaId(id * (n / 4)), batch(u64::from(id) + 1));
    }
    let end = Duration::from_secs(10);
    let done = cluster.run_until(end, Cluster::is_complete).unwrap();
    assert!(done, "{} n = {n}: {}", P::NAME, cluster.describe());
}

#[test]
fn large_committees() {
    large::<Tusk>(64);
    large::<Bullshark>(128);
}

/// One validator is so slow that its certificates never are among the first.
fn slow<P: Protocol>() {
    let d = Duration::from_millis(20);
    let config = Config::lockstep::<P>(4, d).set::<P>("max_header_delay", "0s");
    let mut cluster = Cluster::<P>::new(config);
    cluster.set_filter(Box::new(move |_, from, _, _| match from.0 {
        3 => Fate::Delay(6 * d),
        _ => Fate::Pass,
    }));
    for id in 0..100 {
        let at = Duration::from_millis(50) * id;
        cluster.request_at(at, ReplicaId(id % 4), batch(u64::from(id) + 1));
    }
    let end = Duration::from_secs(8);
    let done = cluster.run_until(end, Cluster::is_complete).unwrap();
    assert!(done, "{}: {}", P::NAME, cluster.describe());
}

#[test]
fn the_batches_of_a_slow_validator_are_ordered_too() {
    slow::<Tusk>();
    slow::<Bullshark>();
}
