//! PBFT under random loads and faults: agreement always, progress after.
//!
//! `GROMA_SEEDS=N` runs N seeds a test, `GROMA_SEED=S` replays one.

use std::time::Duration;

use groma_consensus_models::pbft::Pbft;
use groma_consensus_models::testing::{
    Between, Cluster, Config, Fault, SplitMix64, Trial, batch, for_seeds,
};
use groma_consensus_models::{Protocol, ReplicaId};

/// A trial with short checkpoint intervals, so that truncation and state
/// transfer happen.
fn trial(n: u32, seed: u64) -> Trial {
    Trial::new::<Pbft>(n, seed)
        .set::<Pbft>("checkpoint_interval", "4")
        .set::<Pbft>("retransmit", "300ms")
        .set::<Pbft>("view_timeout", "1s")
        .set::<Pbft>("max_batches", "2")
        .set::<Pbft>("pipeline", "4")
}

#[test]
fn four_replicas_survive_crashes_partitions_and_loss() {
    for_seeds(200, |seed| {
        let _ = trial(4, seed).run::<Pbft>();
    });
}

#[test]
fn seven_replicas_survive_crashes_partitions_and_loss() {
    for_seeds(60, |seed| {
        let _ = trial(7, seed).run::<Pbft>();
    });
}

#[test]
fn everything_may_go_down_at_once() {
    for_seeds(80, |seed| {
        let mut trial = trial(4, seed);
        trial.outages = true;
        let _ = trial.run::<Pbft>();
    });
}

/// A log that is slow while the ledger is fast: a commit that did not wait for
/// the log would be executed here and forgotten everywhere else.
fn slow_log(mut trial: Trial) -> Trial {
    let none = Between::exactly(Duration::ZERO);
    trial.config.disk = Between(Duration::ZERO, Duration::from_millis(400));
    trial.config.execution = none;
    trial.config.ledger_disk = none;
    trial.outages = true;
    trial
}

#[test]
fn a_slow_log_forgets_nothing_that_mattered() {
    for_seeds(80, |seed| {
        let mut trial = slow_log(trial(4, seed));
        trial.batches = 200;
        trial.fault_every = Duration::from_millis(400);
        let _ = trial.run::<Pbft>();
    });
}

#[test]
fn faults_fall_between_any_two_messages() {
    for_seeds(60, |seed| {
        let mut trial = slow_log(trial(if seed % 4 == 0 { 7 } else { 4 }, seed));
        trial.config.disk = Between(Duration::ZERO, Duration::from_millis(80));
        trial.torn_permille = 20;
        trial.batches = 150;
        trial.fault_every = Duration::from_millis(120);
        trial.faults_until = Duration::from_secs(15);
        let _ = trial.run::<Pbft>();
    });
}

#[test]
fn a_heavy_load_survives_too() {
    for_seeds(30, |seed| {
        let mut trial = trial(4, seed);
        trial.batches = 600;
        trial.recover_within = Duration::from_secs(120);
        let _ = trial.run::<Pbft>();
    });
}

/// 60 batches over six seconds at the replicas that stay up.
fn load(cluster: &mut Cluster<Pbft>, homes: &[u32]) {
    for id in 1..=60_u32 {
        let home = ReplicaId(homes[id as usize % homes.len()]);
        cluster.request_at(Duration::from_millis(100) * id, home, batch(u64::from(id)));
    }
}

fn assert_completes(cluster: &mut Cluster<Pbft>) {
    let done = cluster.run_until(Duration::from_secs(60), Cluster::is_complete);
    assert_eq!(done, Ok(true), "{}", cluster.describe());
}

#[test]
fn f_replicas_may_be_down_for_ever_the_primaries_first() {
    for_seeds(20, |seed| {
        for n in [4, 7, 10] {
            let mut cluster = Cluster::<Pbft>::new(trial(n, seed).config);
            let f = (n - 1) / 3;
            for id in 0..f {
                let at = Duration::from_millis(1_000 + 700 * u64::from(id));
                cluster.fault_at(at, Fault::Crash(ReplicaId(id)));
            }
            let homes: Vec<u32> = (f..n).collect();
            load(&mut cluster, &homes);
            assert_completes(&mut cluster);
        }
    });
}

#[test]
fn requests_at_one_replica_only_still_replace_a_dead_primary() {
    for_seeds(20, |seed| {
        let mut cluster = Cluster::<Pbft>::new(trial(4, seed).config);
        cluster.fault_at(Duration::ZERO, Fault::Crash(ReplicaId(0)));
        load(&mut cluster, &[2]);
        assert_completes(&mut cluster);
    });
}

#[test]
fn replicas_that_trust_their_memory_survive_one_restart_at_a_time() {
    for_seeds(40, |seed| {
        let config = trial(4, seed).set::<Pbft>("durable", "false").config;
        let mut cluster = Cluster::<Pbft>::new(config);
        // The second crash comes when the first one's checkpoints have passed.
        for (at, id) in [(1_000, seed % 4), (4_500, (seed + 1) % 4)] {
            let id = ReplicaId(id as u32);
            cluster.fault_at(Duration::from_millis(at), Fault::Crash(id));
            cluster.fault_at(Duration::from_millis(at + 200), Fault::Restart(id));
        }
        load(&mut cluster, &[0, 1, 2, 3]);
        assert_completes(&mut cluster);
    });
}

#[test]
fn replicas_that_lose_their_memory_too_often_stop_rather_than_disagree() {
    for_seeds(80, |seed| {
        let trial = slow_log(trial(4, seed)).set::<Pbft>("durable", "false");
        let mut rng = SplitMix64::fork(seed, 5);
        let mut cluster = Cluster::<Pbft>::new(trial.config);
        for step in 1..=12_u64 {
            let at = Duration::from_millis(400 * step + rng.below(400));
            let fault = match rng.below(3) {
                0 => Fault::Crash(ReplicaId(rng.below(4) as u32)),
                1 => Fault::CrashLeader,
                _ => Fault::Outage,
            };
            cluster.fault_at(at, fault);
            cluster.fault_at(at + Duration::from_millis(50), Fault::RestartAll);
        }
        load(&mut cluster, &[0, 1, 2, 3]);
        // An error is a broken law; progress is not owed.
        let limit = Duration::from_secs(20);
        cluster.run_until(limit, |_| false).unwrap();
    });
}

#[test]
fn macs_change_the_bytes_and_nothing_else() {
    let run = |auth: &str| {
        let config = Config::lockstep::<Pbft>(4, Duration::from_millis(10));
        let mut cluster = Cluster::<Pbft>::new(config.set::<Pbft>("auth", auth));
        load(&mut cluster, &[0, 1]);
        assert_completes(&mut cluster);
        (cluster.sent().clone(), cluster.sent_bytes())
    };
    let ((signed, signed_bytes), (hashed, hashed_bytes)) = (run("signatures"), run("macs"));
    assert_eq!(signed, hashed);
    let messages: u64 = signed.values().sum();
    assert_eq!(signed_bytes - hashed_bytes, messages * (64 - 3 * 8));
}

#[test]
fn a_replica_that_left_its_view_alone_still_serves_its_clients() {
    let ms = Duration::from_millis;
    let config = Config::lockstep::<Pbft>(4, ms(10)).set::<Pbft>("view_timeout", "500ms");
    let mut cluster = Cluster::<Pbft>::new(config);
    cluster.fault_at(ms(100), Fault::Partition(vec![ReplicaId(3)]));
    cluster.fault_at(ms(2_000), Fault::Heal);
    // Only r3 has a request in the meantime, and only r3 gives up the view.
    cluster.request_at(ms(300), ReplicaId(3), batch(1));
    for id in 2..=40_u32 {
        cluster.request_at(ms(2_000) + ms(100) * id, ReplicaId(0), batch(u64::from(id)));
    }
    cluster.request_at(ms(5_010), ReplicaId(3), batch(41));
    assert_completes(&mut cluster);
    assert_eq!(cluster.replica(ReplicaId(3)).unwrap().view(), 1);
    assert_eq!(cluster.replica(ReplicaId(0)).unwrap().view(), 0);
    let late = cluster.commits(ReplicaId(3)).iter();
    let served = late.filter(|commit| commit.block.batches[0] == batch(41));
    let at: Vec<Duration> = served.map(|commit| commit.at).collect();
    // A delay to the primary, then three as ever.
    assert_eq!(at, [ms(5_050)]);
}
