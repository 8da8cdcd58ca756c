//! Byzantine members over every protocol: up to f of them nothing breaks and
//! all is done; beyond f the checker sees it.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use groma_consensus_models::adversary::{Behaviour, Deviation, Member};
use groma_consensus_models::testing::{Cluster, Config, Fault, batch, for_seeds};
use groma_consensus_models::{
    Committee, FaultModel, Protocol, ReplicaId, ReplicaSet, hotstuff, hotstuff2, jolteon,
    mysticeti, narwhal, pbft, primary_backup, qbft, raft, simplex, streamlet, tendermint,
};

fn set(ids: impl IntoIterator<Item = u32>) -> ReplicaSet {
    let mut set = ReplicaSet::new();
    for id in ids {
        set.insert(ReplicaId(id));
    }
    set
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
    let side = (0..n).filter(|id| !bad.contains(id) && (u64::from(*id) + seed) % 2 == 0);
    vec![
        Behaviour::Silent,
        Behaviour::Late(Duration::from_millis(50 + 137 * (seed % 7))),
        Behaviour::Withhold(1 + seed as u32 % 2),
        Behaviour::Lazy,
        Behaviour::Flood(3),
        Behaviour::WrongRoot,
        Behaviour::Fork,
        Behaviour::Equivocate,
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

/// With one twin too many and the correct members parted, two blocks of a height
/// are committed within so many seeds.
fn breaks<P: Protocol>(n: u32, bad: u32, seeds: u64) {
    let found = (1..=seeds).find(|&seed| {
        let correct: Vec<u32> = (bad..n).collect();
        let side = correct
            .iter()
            .copied()
            .filter(|id| (u64::from(*id) + seed) % 2 == 0);
        let twins = Behaviour::Twins {
            twins: set(0..bad),
            side: set(side),
        };
        let mut cluster = cluster::<P>(n, seed, all(0..bad, &twins));
        for from in &correct {
            for to in correct.iter().filter(|to| (*to + from) % 2 == 1) {
                cluster.fault(Fault::Cut(ReplicaId(*from), ReplicaId(*to)));
            }
        }
        let done = cluster.run_until(Duration::from_secs(30), Cluster::is_complete);
        done.is_err_and(|why| why.contains("no agreement"))
    });
    assert!(found.is_some(), "{} withstands {bad} twins of {n}", P::NAME);
}

macro_rules! break_ {
    ($($name:ident: $protocol:ty, $n:expr, $bad:expr;)*) => {$(
        #[test]
        fn $name() {
            breaks::<$protocol>($n, $bad, 20);
        }
    )*};
}

break_! {
    twins_break_raft: raft::Raft, 3, 1;
    twins_break_pbft: pbft::Pbft, 4, 2;
    twins_break_qbft: qbft::Qbft, 4, 2;
    twins_break_tendermint: tendermint::Tendermint, 4, 2;
    twins_break_hotstuff: hotstuff::HotStuff, 4, 2;
    twins_break_hotstuff2: hotstuff2::HotStuff2, 4, 2;
    twins_break_jolteon: jolteon::Jolteon, 4, 2;
    twins_break_streamlet: streamlet::Streamlet, 4, 2;
    twins_break_simplex: simplex::Simplex, 4, 2;
    twins_break_tusk: narwhal::Tusk, 4, 2;
    twins_break_bullshark: narwhal::Bullshark, 4, 2;
    twins_break_mysticeti: mysticeti::Mysticeti, 4, 2;
    twins_break_primary_backup: primary_backup::PrimaryBackup, 3, 1;
}
