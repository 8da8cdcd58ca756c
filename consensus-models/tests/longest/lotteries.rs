//! What chance makes of the chains: stale blocks, intervals after a retarget,
//! empty slots, energy; each against the figure that a formula gives, over many
//! blocks of one seed.

use std::time::Duration;

use groma_consensus_models::longest::{Nakamoto, Praos};
use groma_consensus_models::testing::{Cluster, Config, Fault, batch};
use groma_consensus_models::{Committee, FaultModel, Protocol, ReplicaId};

const SECOND: Duration = Duration::from_secs(1);

fn count<P: Protocol>(cluster: &Cluster<P>, what: &str) -> f64 {
    cluster.counted().get(what).copied().unwrap_or_default() as f64
}

fn run<P: Protocol>(config: Config, until: Duration) -> Cluster<P> {
    let mut cluster = Cluster::<P>::new(config);
    assert!(!cluster.run_until(until, |_| false).unwrap());
    cluster
}

#[track_caller]
fn close(found: f64, expected: f64, error: f64) {
    let off = (found / expected - 1.0).abs();
    assert!(off < error, "found {found}, expected {expected}");
}

/// Another miner finds a block before it hears of this one: with n equal
/// miners on a full mesh, 1 - exp(-(n - 1) / n delay / interval). 7,000 blocks
/// have a deviation of about 6 % of it.
#[test]
fn the_stale_rate_follows_delay_over_interval() {
    let n = 5;
    for (relay, delay_ms) in [("compact", 50), ("full", 16)] {
        let config = Config::lockstep::<Nakamoto>(n, Duration::from_millis(delay_ms))
            .set::<Nakamoto>("block_interval", "1s")
            .set::<Nakamoto>("confirmations", "12")
            .set::<Nakamoto>("relay", relay);
        let cluster = run::<Nakamoto>(config, SECOND * 7000);
        let hops = if relay == "full" { 3.0 } else { 1.0 };
        let delay = delay_ms as f64 / 1000.0 * hops;
        let expected = 1.0 - (-delay * f64::from(n - 1) / f64::from(n)).exp();
        let made = count(&cluster, "blocks-made");
        close(made, 7000.0, 0.05);
        close(count(&cluster, "blocks-stale") / made, expected, 0.15);
        // A node leaves a branch only when a rival is made.
        assert!(count(&cluster, "reorganisations") >= count(&cluster, "blocks-stale"));
    }
}

/// The first 16 of 20 nodes mine: with shares p on a full mesh, a block of miner
/// i meets a rival with rate (1 - p_i) / interval, so 1 - exp of that over all i.
/// The largest shares are .289, .196, .159 and .133; the squares of all sum to
/// 0.1736.
#[test]
fn pools_mine_by_their_shares_and_the_rest_only_relays() {
    let delay = Duration::from_millis(50);
    let config = Config::lockstep::<Nakamoto>(20, delay)
        .set::<Nakamoto>("block_interval", "1s")
        .set::<Nakamoto>("confirmations", "12")
        .set::<Nakamoto>("relay", "compact")
        .set::<Nakamoto>("peers", "19")
        .set::<Nakamoto>("miners", "pools");
    let cluster = run::<Nakamoto>(config, SECOND * 5000);
    let made = count(&cluster, "blocks-made");
    close(made, 5000.0, 0.05);
    close(
        count(&cluster, "blocks-stale") / made,
        0.05 * (1.0 - 0.1736),
        0.2,
    );
    let chain: Vec<_> = cluster.chain().collect();
    let share = |id: u32| {
        let own = chain.iter().filter(|block| block.proposer.0 == id).count();
        own as f64 / chain.len() as f64
    };
    close(share(0), 0.289, 0.08);
    close(share(3), 0.133, 0.12);
    assert!((16..20).all(|id| share(id) == 0.0));
}

#[test]
fn retargeting_brings_the_interval_back_when_miners_leave() {
    let n = 8;
    let config = Config::lockstep::<Nakamoto>(n, Duration::from_millis(1))
        .set::<Nakamoto>("block_interval", "1s")
        .set::<Nakamoto>("difficulty_window", "200");
    let mut config = config;
    config.max_down = 6;
    let mut cluster = Cluster::<Nakamoto>::new(config);
    for id in 2..n {
        cluster.fault(Fault::Crash(ReplicaId(id)));
    }
    let done = cluster.run_until(SECOND * 10_000, |_| false);
    assert!(!done.unwrap());
    let chain: Vec<_> = cluster.chain().collect();
    let span = |from: usize, to: usize| {
        let span = chain[to].created - chain[from].created;
        span.as_secs_f64() / (to - from) as f64
    };
    // A quarter of the rate is left: four times the interval, for one window.
    close(span(0, 199), 4.0, 0.2);
    // The mean of the inverse of a window's length is W / (W - 1) of that of
    // its mean: with W = 200, half a percent.
    close(span(200, chain.len() - 1), 1.005, 0.04);
    assert!(chain.len() > 8000);
}

#[test]
fn energy_is_that_of_all_miners_all_the_time() {
    let config = Config::lockstep::<Nakamoto>(4, Duration::from_millis(10))
        .set::<Nakamoto>("block_interval", "1s");
    let cluster = run::<Nakamoto>(config, SECOND * 1000);
    // 4 x 110 TH/s x 30 J/TH: 13.2 kW; the time since the last tip is open.
    close(count(&cluster, "energy-joule"), 13_200_000.0, 0.01);
}

#[test]
fn a_part_of_the_slots_is_empty_and_some_have_two_leaders() {
    let n = 10;
    let config = Config::lockstep::<Praos>(n, Duration::from_millis(10));
    let slots = 40_000;
    let cluster = run::<Praos>(config, SECOND * slots);
    let made = count(&cluster, "blocks-made");
    let stale = count(&cluster, "blocks-stale");
    // Blocks reach all within a slot: one block of each active slot stays.
    let kept = (made - stale) / f64::from(slots);
    close(kept, 0.05, 0.06);
    // Leaders are drawn independently.
    let each = 1.0 - (1.0_f64 - 0.05).powf(1.0 / f64::from(n));
    close(made / f64::from(slots), f64::from(n) * each, 0.06);
}

#[test]
fn batches_of_an_abandoned_branch_return_and_none_is_ordered_twice() {
    for seed in 1..=20 {
        let mut config = Config::lockstep::<Nakamoto>(4, Duration::from_millis(10))
            .set::<Nakamoto>("block_interval", "1s")
            .set::<Nakamoto>("confirmations", "40")
            .set::<Nakamoto>("request_timeout", "5s");
        config.seed = seed;
        let mut cluster = Cluster::<Nakamoto>::new(config);
        cluster.fault(Fault::Partition(vec![ReplicaId(0), ReplicaId(1)]));
        cluster.fault_at(SECOND * 20, Fault::Heal);
        for id in 1..=60 {
            let home = ReplicaId((id % 4) as u32);
            cluster.request_at(SECOND * id as u32 / 3, home, batch(id));
        }
        let done = cluster.run_until(SECOND * 300, Cluster::is_complete);
        assert!(done.unwrap(), "{}", cluster.describe());
        assert!(count(&cluster, "reorganised-blocks") >= 2.0, "seed {seed}");
        assert_eq!(cluster.repeated(), 0);
    }
}

/// The chance that a block is taken back falls with `confirmations`, and is
/// high when the interval is near the delay: the checker must see it.
#[test]
fn absurd_parameters_break_agreement_for_all_to_see() {
    let broken = |interval: &str, confirmations: &str| {
        let seeds = (1..=20).filter(|&seed| {
            let config = Config::random::<Nakamoto>(4, seed)
                .set::<Nakamoto>("block_interval", interval)
                .set::<Nakamoto>("confirmations", confirmations);
            let mut cluster = Cluster::<Nakamoto>::new(config);
            let outcome = cluster.run_until(SECOND * 20, |_| false);
            outcome.is_err_and(|why| why.contains("no agreement"))
        });
        seeds.count()
    };
    assert_eq!(broken("60ms", "1"), 20);
    let (two, four) = (broken("200ms", "2"), broken("200ms", "4"));
    assert!(two > four, "{two} {four}");
    assert_eq!(broken("1s", "12"), 0);
}

/// The promised silence is longer than what happens, half the nodes down or
/// not, and follows the parameters.
#[test]
fn silence_is_shorter_than_promised() {
    for seed in 1..=20 {
        let mut config = Config::random::<Nakamoto>(5, seed)
            .set::<Nakamoto>("block_interval", "1s")
            .set::<Nakamoto>("confirmations", "6");
        config.max_down = 2;
        let committee = Committee::new(5, FaultModel::HonestMajority);
        let promised = Nakamoto::liveness(committee, &config.params).silence;
        assert_eq!(promised, SECOND * 84);
        let mut cluster = Cluster::<Nakamoto>::new(config);
        cluster.fault(Fault::Crash(ReplicaId(0)));
        cluster.fault(Fault::Crash(ReplicaId(1)));
        assert!(!cluster.run_until(SECOND * 600, |_| false).unwrap());
        let mut last = Duration::ZERO;
        for commit in cluster.commits(ReplicaId(2)) {
            assert!(commit.at - last < promised, "seed {seed}");
            last = commit.at;
        }
        assert!(last > SECOND * 500);
    }
}
