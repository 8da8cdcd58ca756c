//! Random faults over many seeds, and members that stay down.

use std::time::Duration;

use groma_consensus_models::ReplicaId;
use groma_consensus_models::mysticeti::Mysticeti;
use groma_consensus_models::testing::{Between, Cluster, Config, Trial, batch, battery, for_seeds};

/// Every other seed keeps so little that laggards need transfers; the number
/// of leaders differs from seed to seed.
fn adapt(trial: Trial) -> Trial {
    let seed = trial.config.seed;
    let batches = if seed.is_multiple_of(4) { 400 } else { 40 };
    let mut trial = Trial { batches, ..trial };
    if seed % 10 == 5 {
        // The ledger's disk lags far behind the log, though not by more than
        // what two checkpoints keep.
        trial.config.ledger_disk = Between(Duration::ZERO, Duration::from_millis(700));
    }
    let trial = trial.set::<Mysticeti>("leaders", ["2", "1", "3"][(seed % 3) as usize]);
    // Some hardly wait for leaders, so that votes are often split.
    let trial = match seed % 3 {
        0 => trial.set::<Mysticeti>("leader_timeout", "10ms"),
        _ => trial,
    };
    if !seed.is_multiple_of(2) {
        return trial;
    }
    trial
        .set::<Mysticeti>("gc_depth", "8")
        .set::<Mysticeti>("retain", "8")
        .set::<Mysticeti>("checkpoint_interval", "4")
        .set::<Mysticeti>("fetch_blocks", "10")
}

fn faults(n: u32, seeds: u64) -> battery::Met {
    battery::random_faults::<Mysticeti>(n, seeds, adapt)
}

fn replays() -> bool {
    std::env::var_os("GROMA_SEED").is_some()
}

#[test]
fn random_faults_of_four() {
    let met = faults(4, 200);
    assert!(met.transfers > 0 || replays(), "{met:?}");
}

#[test]
fn random_faults_of_seven_and_sixteen() {
    let met = faults(7, 40);
    assert!(met.transfers > 0 || replays(), "{met:?}");
    let _ = faults(16, 5);
}

#[test]
fn random_faults_of_one_to_three() {
    for n in 1..=3 {
        // Their f is 0: only outages of all members stop one.
        let _ = battery::random_faults::<Mysticeti>(n, 15, |trial| Trial {
            outages: true,
            ..adapt(trial)
        });
    }
}

#[test]
fn committees_of_64_and_128_order_a_few_batches() {
    for (n, batches) in [(64, 20), (128, 5)] {
        let config = Config::random::<Mysticeti>(n, 7);
        let mut cluster = Cluster::<Mysticeti>::new(config);
        for id in 1..=batches {
            let at = Duration::from_millis(20) * id;
            cluster.request_at(at, ReplicaId(id * 7 % n), batch(u64::from(id)));
        }
        let done = cluster.run_until(Duration::from_secs(5), Cluster::is_complete);
        assert!(done.unwrap(), "{}", cluster.describe());
    }
}

#[test]
fn f_members_may_be_down_for_ever() {
    for (n, down) in [
        (4, vec![0]),
        (4, vec![1]),
        (4, vec![2]),
        (4, vec![3]),
        (7, vec![1, 2]),
        (7, vec![0, 3]),
        (7, vec![2, 6]),
        (10, vec![0, 3, 7]),
    ] {
        for leaders in ["1", "2", "4"] {
            let config = Config::random::<Mysticeti>(n, 11).set::<Mysticeti>("leaders", leaders);
            battery::members_down_for_ever::<Mysticeti>(config, &down, Duration::from_secs(25));
        }
    }
}

#[test]
fn loss_is_survived_for_ever() {
    for_seeds(15, |seed| {
        let config = Config::random::<Mysticeti>(4, seed);
        battery::loss_for_ever::<Mysticeti>(config, Duration::from_secs(60));
    });
}

#[test]
fn equal_seeds_give_equal_runs() {
    battery::equal_seeds_give_equal_runs::<Mysticeti>(&adapt(Trial::new::<Mysticeti>(4, 6)));
}
