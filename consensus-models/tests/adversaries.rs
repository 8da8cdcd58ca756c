//! Byzantine members over every protocol: up to f of them nothing breaks and
//! all is done; beyond f the checker sees it.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use groma_consensus_models::adversary::{Behaviour, Deviation, Member};
use groma_consensus_models::testing::{Cluster, Commit, Config, Fault, batch, for_seeds};
use groma_consensus_models::{
    Committee, FaultModel, Protocol, ReplicaId, ReplicaSet, hotstuff, hotstuff2, jolteon, longest,
    mysticeti, narwhal, pbft, primary_backup, qbft, raft, simplex, streamlet, tendermint,
};

fn set(ids: impl IntoIterator<Item = u32>) -> ReplicaSet {
    ids.into_iter().map(ReplicaId).collect()
}

/// A cluster with these Byzantine members under a steady load at the others.
fn cluster<P: Protocol>(
    n: u32,
    seed: u64,
    adversaries: Vec<(ReplicaId, Deviation)>,
) -> Cluster<Member<P>> {
    let config = Config {
        adversaries,
        max_down: 0,
        ..Config::random::<Member<P>>(n, seed)
    };
    let mut cluster = Cluster::new(config);
    for id in 1..=30 {
        let at = Duration::from_millis(300 * id);
        cluster.request_at(at, ReplicaId(id as u32 % n), batch(id));
    }
    cluster
}

fn all(
    members: impl IntoIterator<Item = u32>,
    behaviour: &Behaviour,
) -> Vec<(ReplicaId, Deviation)> {
    let members = members.into_iter();
    members
        .map(|id| (ReplicaId(id), Deviation::always(behaviour.clone())))
        .collect()
}

/// The behaviours that members may have who know no more than messages.
fn behaviours(n: u32, bad: &[u32], seed: u64) -> Vec<Behaviour> {
    let side = (0..n).filter(|id| !bad.contains(id) && (u64::from(*id) + seed).is_multiple_of(2));
    vec![
        Behaviour::Silent,
        Behaviour::Late(Duration::from_millis(50 + 137 * (seed % 7))),
        Behaviour::Withhold(1 + seed as u32 % 2),
        Behaviour::Lazy,
        Behaviour::Flood(3),
        Behaviour::WrongRoot,
        Behaviour::Fork,
        Behaviour::Equivocate {
            accomplices: set(bad.iter().copied()),
            side: set(side.clone()),
        },
        Behaviour::Twins {
            twins: set(bad.iter().copied()),
            side: set(side),
        },
    ]
}

/// With f members that behave so, all correct ones commit everything.
fn survives<P: Protocol>(n: u32, seeds: u64) {
    let f = Committee::new(n, P::FAULT_MODEL).f();
    assert!(f > 0);
    for_seeds(seeds, |seed| {
        let first = seed as u32 % n;
        let bad: Vec<u32> = (0..f).map(|step| (first + step) % n).collect();
        for behaviour in behaviours(n, &bad, seed) {
            if P::FAULT_MODEL == FaultModel::Crash
                && !matches!(
                    behaviour,
                    Behaviour::Silent | Behaviour::Late(_) | Behaviour::Lazy
                )
            {
                continue;
            }
            let mut cluster = cluster::<P>(n, seed, all(bad.clone(), &behaviour));
            let done = cluster.run_until(Duration::from_secs(120), Cluster::is_complete);
            match done {
                Ok(true) => {}
                Ok(false) => panic!(
                    "{} n = {n} seed {seed}: no progress under {behaviour:?} of {bad:?}: {}",
                    P::NAME,
                    cluster.describe()
                ),
                Err(why) => panic!(
                    "{} n = {n} seed {seed}: {behaviour:?} of {bad:?}: {why}",
                    P::NAME
                ),
            }
        }
    });
}

macro_rules! survive {
    ($($name:ident: $protocol:ty, $n:expr;)*) => {$(
        #[test]
        fn $name() {
            for n in $n {
                survives::<$protocol>(n, 6);
            }
        }
    )*};
}

survive! {
    raft_survives: raft::Raft, [3, 5];
    pbft_survives: pbft::Pbft, [4, 7];
    qbft_survives: qbft::Qbft, [4, 7];
    tendermint_survives: tendermint::Tendermint, [4, 7];
    hotstuff_survives: hotstuff::HotStuff, [4, 7];
    hotstuff2_survives: hotstuff2::HotStuff2, [4, 7];
    jolteon_survives: jolteon::Jolteon, [4, 7];
    streamlet_survives: streamlet::Streamlet, [4, 7];
    simplex_survives: simplex::Simplex, [4, 7];
    tusk_survives: narwhal::Tusk, [4, 7];
    bullshark_survives: narwhal::Bullshark, [4, 7];
    mysticeti_survives: mysticeti::Mysticeti, [4, 7];
}

#[cfg(feature = "malachite")]
survive! {
    malachite_survives: groma_consensus_models::malachite::Malachite, [4, 7];
}

#[cfg(feature = "tikv-raft")]
survive! {
    tikv_raft_survives: groma_consensus_models::tikv_raft::TikvRaft, [3, 5];
}

/// Whether the first `bad` members, behaving so, make two blocks of a height.
fn breaks<P: Protocol>(n: u32, bad: u32, seed: u64, parted: bool) -> bool {
    let correct: Vec<u32> = (bad..n).collect();
    let second = |id: &u32| (u64::from(*id) + seed).is_multiple_of(2);
    let side = set(correct.iter().copied().filter(second));
    let behaviour = if parted {
        Behaviour::Twins {
            twins: set(0..bad),
            side,
        }
    } else {
        Behaviour::Equivocate {
            accomplices: set(0..bad),
            side,
        }
    };
    let mut cluster = cluster::<P>(n, seed, all(0..bad, &behaviour));
    if parted {
        for from in &correct {
            for to in correct.iter().filter(|to| (*to + from) % 2 == 1) {
                cluster.fault(Fault::Cut(ReplicaId(*from), ReplicaId(*to)));
            }
        }
    }
    let done = cluster.run_until(Duration::from_secs(30), Cluster::is_complete);
    done.is_err_and(|why| why.contains("no agreement"))
}

/// With too many, two blocks of a height are committed within twenty seeds: by
/// twins who part the correct members, or by liars in a network that is whole. In a
/// chain whose leaders rotate, liars must lead as many views on end as a commit takes.
fn found<P: Protocol>(n: u32, bad: u32, parted: bool) {
    let found = (1..=20).find(|&seed| breaks::<P>(n, bad, seed, parted));
    assert!(found.is_some(), "{} withstands {bad} of {n}", P::NAME);
}

macro_rules! break_ {
    ($($name:ident: $protocol:ty, $n:expr, $bad:expr, $parted:expr;)*) => {$(
        #[test]
        fn $name() {
            found::<$protocol>($n, $bad, $parted);
        }
    )*};
}

break_! {
    twins_break_raft: raft::Raft, 3, 1, true;
    twins_break_pbft: pbft::Pbft, 4, 2, true;
    twins_break_qbft: qbft::Qbft, 4, 2, true;
    twins_break_tendermint: tendermint::Tendermint, 4, 2, true;
    twins_break_hotstuff: hotstuff::HotStuff, 4, 2, true;
    twins_break_hotstuff2: hotstuff2::HotStuff2, 4, 2, true;
    twins_break_jolteon: jolteon::Jolteon, 4, 2, true;
    twins_break_streamlet: streamlet::Streamlet, 4, 2, true;
    twins_break_simplex: simplex::Simplex, 4, 2, true;
    twins_break_tusk: narwhal::Tusk, 4, 2, true;
    twins_break_bullshark: narwhal::Bullshark, 4, 2, true;
    twins_break_mysticeti: mysticeti::Mysticeti, 4, 2, true;
    twins_break_primary_backup: primary_backup::PrimaryBackup, 3, 1, true;
    liars_break_pbft: pbft::Pbft, 4, 2, false;
    liars_break_qbft: qbft::Qbft, 4, 2, false;
    liars_break_tendermint: tendermint::Tendermint, 4, 2, false;
    four_liars_break_hotstuff: hotstuff::HotStuff, 7, 4, false;
    four_liars_break_hotstuff2: hotstuff2::HotStuff2, 7, 4, false;
    four_liars_break_jolteon: jolteon::Jolteon, 7, 4, false;
    liars_break_streamlet: streamlet::Streamlet, 4, 2, false;
    liars_break_simplex: simplex::Simplex, 4, 2, false;
    liars_break_tusk: narwhal::Tusk, 4, 2, false;
    liars_break_bullshark: narwhal::Bullshark, 4, 2, false;
    liars_break_mysticeti: mysticeti::Mysticeti, 4, 2, false;
}

/// The chain of a committee with forking leaders, as a correct member holds it:
/// views and makers of the blocks; and what was counted.
fn forked<P: Protocol>(
    n: u32,
    bad: impl IntoIterator<Item = u32>,
    set: &[(&str, &str)],
    views: u32,
) -> (Vec<(u64, u32)>, BTreeMap<&'static str, u64>) {
    let d = Duration::from_millis(10);
    let mut config = Config {
        adversaries: all(bad, &Behaviour::Fork),
        ..Config::lockstep::<Member<P>>(n, d)
    };
    for (name, value) in set {
        config = config.set::<Member<P>>(name, value);
    }
    let mut cluster = Cluster::<Member<P>>::new(config);
    for id in 1..=2 * views {
        cluster.request_at(d * id, ReplicaId(0), batch(u64::from(id)));
    }
    cluster.run_until(d * 2 * views, |_| false).unwrap();
    let commits = cluster.commits(ReplicaId(0)).iter();
    let chain = commits.map(|it| (it.block.view, it.block.proposer.0));
    (chain.collect(), cluster.counted().clone())
}

#[test]
fn a_fork_undoes_the_two_blocks_that_a_three_chain_leaves_open() {
    let (chain, _) = forked::<hotstuff::HotStuff>(4, [1], &[], 50);
    assert!(chain.len() > 20);
    let kept = |view: u64| [1, 2].contains(&(view % 4));
    assert!(chain.iter().all(|(view, _)| kept(*view)), "{chain:?}");
}

/// A proposal must prove that it drops nothing, or show the certificate of the
/// view before: there is no fork that correct members would vote for.
#[test]
fn two_chain_protocols_leave_no_fork() {
    fn none<P: Protocol>(set: &[(&str, &str)], least: usize) {
        let (chain, counts) = forked::<P>(4, [1], set, 50);
        assert!(chain.len() > least, "{}: {chain:?}", P::NAME);
        assert!(!counts.contains_key("forked-proposals"), "{}", P::NAME);
    }
    none::<hotstuff2::HotStuff2>(&[], 40);
    none::<jolteon::Jolteon>(&[], 40);
    none::<streamlet::Streamlet>(&[("delta", "20ms")], 20);
}

/// Bamboo, arXiv:2103.00777: chain growth (committed blocks by proposed ones)
/// and block interval (views from proposal to commit) of three-chain HotStuff at
/// n = 32 with b forking leaders.
#[test]
fn forks_cost_what_bamboo_measured() {
    let published = [
        (0, 1.0, 3.0),
        (2, 0.873, 3.231),
        (4, 0.766, 3.491),
        (6, 0.658, 3.859),
        (8, 0.562, 4.324),
        (10, 0.476, 5.086),
    ];
    for (b, growth, interval) in published {
        let hashed = [("leader", "hashed")];
        let (chain, counts) = forked::<hotstuff::HotStuff>(32, 1..=b, &hashed, 3_000);
        let blocks = chain.len() as f64;
        let measured = blocks / counts["blocks-made"] as f64;
        assert!(
            (measured / growth - 1.0).abs() < 0.03,
            "b = {b}: {measured}"
        );
        let measured = counts["views-to-commit"] as f64 / blocks;
        assert!(
            (measured / interval - 1.0).abs() < 0.08,
            "b = {b}: {measured}"
        );
    }
}

/// The attacker's share of the chain when it keeps its blocks back, by its share
/// of the lottery; nobody else extends its branch in a race. Eyal, Sirer, FC 2014,
/// equation 8 with gamma = 0.
fn revenue(a: f64) -> f64 {
    (a * (1.0 - a).powi(2) * 4.0 * a - a.powi(3)) / (1.0 - a * (1.0 + (2.0 - a) * a))
}

/// The share of the chain that member 0 made, with so much of the lottery.
fn share<P: Protocol>(
    set: &[(&str, &str)],
    adversaries: Vec<(ReplicaId, Deviation)>,
    seconds: u64,
) -> f64 {
    let mut config = Config {
        adversaries,
        ..Config::lockstep::<Member<P>>(4, Duration::from_millis(1))
    };
    for (name, value) in set {
        config = config.set::<Member<P>>(name, value);
    }
    let mut cluster = Cluster::<Member<P>>::new(config);
    cluster
        .run_until(Duration::from_secs(seconds), |_| false)
        .unwrap();
    let commits = cluster.commits(ReplicaId(3));
    assert!(commits.len() > 1_000, "{} blocks", commits.len());
    let own = |it: &&Commit| it.block.proposer == ReplicaId(0);
    commits.iter().filter(own).count() as f64 / commits.len() as f64
}

fn selfish_mining_pays<P: Protocol>(power: &str, set: &[(&str, &str)], seconds: u64) {
    for (per_thousand, alpha) in [("300", 0.3), ("400", 0.4), ("450", 0.45)] {
        let set = [set, &[(power, per_thousand), ("confirmations", "200")]].concat();
        let honest = share::<P>(&set, Vec::new(), seconds);
        assert!((honest - alpha).abs() < 0.03, "{honest} of {alpha}");
        let selfish = share::<P>(&set, all([0], &Behaviour::Selfish), seconds);
        let expected = revenue(alpha);
        assert!(
            (selfish - expected).abs() < 0.04,
            "{selfish}, not {expected}, of {alpha}"
        );
    }
}

#[test]
fn selfish_mining_pays_what_the_paper_says() {
    // Far apart, so that nobody but the attacker makes a race.
    let work = [("block_interval", "50s"), ("difficulty_window", "1000000")];
    selfish_mining_pays::<longest::Nakamoto>("first_share", &work, 200_000);
    selfish_mining_pays::<longest::Praos>("first_stake", &[("active_slots", "20")], 200_000);
}
