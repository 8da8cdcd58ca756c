//! Small random plans with random faults: no invariant may break, and what the
//! clients wait for must come once the faults have healed. `GROMA_SEEDS` sets
//! the number of seeds a protocol (12 unless set), `GROMA_SEED` replays one.

mod support;

use groma_consensus_models::mix;
use groma_experiment::plan::{
    CryptoMode, Dissemination, FaultKind, FaultPlan, Plan, WorkloadShare,
};
use groma_experiment::registry::Registry;
use support::{LOTTERIES, MS, PROTOCOLS, SECOND, phase, plan, run};

/// A stream of words from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(0x7377_6172_6d00, self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)) % sides
    }
}

fn arbitrary(protocol: &str, seed: u64) -> Plan {
    let mut dice = Dice(seed.wrapping_mul(1_000_003));
    let mut plan = plan(protocol);
    plan.seed = seed;
    for region in &mut plan.committee {
        region.replicas = 1 + u32::try_from(dice.roll(3)).expect("small");
    }
    if plan.replicas() < 4 {
        plan.committee[0].replicas += 1;
    }
    plan.load = vec![phase(8 * SECOND, 50 + dice.roll(400), true)];
    plan.drain_ns = 60 * SECOND;
    plan.batch.max_txs = 1 + u32::try_from(dice.roll(200)).expect("small");
    plan.batch.max_wait_ns = [1, 5, 20, 50][dice.roll(4) as usize] * MS;
    plan.limits.retain_blocks = 4 + u32::try_from(dice.roll(500)).expect("small");
    plan.replicas_per_machine = 1 + u32::try_from(dice.roll(2)).expect("small");
    plan.dissemination = [
        Dissemination::InProposal,
        Dissemination::ClientsToAll,
        Dissemination::Workers,
        Dissemination::Broadcast,
    ][dice.roll(4) as usize];
    plan.crypto.mode = [CryptoMode::Modelled, CryptoMode::Real][usize::from(dice.roll(20) == 0)];
    let kinds = ["payments", "invoices", "credit"];
    plan.workload.mix = kinds
        .iter()
        .map(|name| WorkloadShare {
            workload: (*name).to_owned(),
            share_milli: 1 + dice.roll(1_000) as u32,
        })
        .collect();
    plan.faults = (0..dice.roll(4))
        .map(|_| fault(&mut dice, plan.replicas()))
        .collect();
    plan.faults.sort_by_key(|fault| fault.at_ns);
    plan
}

/// A fault that heals before the load ends.
fn fault(dice: &mut Dice, n: u32) -> FaultPlan {
    let at_ns = SECOND + dice.roll(4_000) * MS;
    let until_ns = at_ns + (100 + dice.roll(2_500)) * MS;
    let one = |dice: &mut Dice| vec![dice.roll(u64::from(n)) as u32];
    let kind = match dice.roll(9) {
        6 => FaultKind::Crash((0..n).collect()),
        7 => FaultKind::Crash((0..n.div_ceil(2)).collect()),
        8 => FaultKind::SlowMachine {
            replicas: one(dice),
            factor_milli: 2_000 + dice.roll(100_000) as u32,
        },
        0 | 1 => FaultKind::Crash(one(dice)),
        2 => FaultKind::Isolate(one(dice)),
        3 => {
            let cut = 1 + dice.roll(u64::from(n) - 1) as u32;
            FaultKind::Partition(vec![(0..cut).collect(), (cut..n).collect()])
        }
        4 => FaultKind::Loss {
            replicas: one(dice),
            ppm: 1_000 + dice.roll(100_000) as u32,
        },
        _ => FaultKind::SlowLink {
            replicas: one(dice),
            added_ns: dice.roll(300) * MS,
        },
    };
    FaultPlan {
        at_ns,
        until_ns,
        kind,
    }
}

fn seeds() -> std::ops::Range<u64> {
    let read = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    match read("GROMA_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..read("GROMA_SEEDS").unwrap_or(12),
    }
}

fn swarm(protocol: &str) {
    for seed in seeds() {
        let plan = arbitrary(protocol, seed);
        let record = run(&plan).record;
        let name = protocol.replace('-', "_");
        let replay =
            format!("GROMA_SEED={seed} cargo test -p groma-experiment --test swarm {name}");
        assert_eq!(record.violations, [], "{replay}\n{:?}", plan.faults);
        assert_eq!(
            record.load.expired, 0,
            "{replay}\n{:?}\n{:?}",
            plan.faults, record.load
        );
    }
}

/// One test a protocol.
macro_rules! swarms {
    ($($test:ident $protocol:literal)*) => {
        const SWARMED: &[&str] = &[$($protocol),*];
        $(
            #[test]
            fn $test() {
                swarm($protocol);
            }
        )*
    };
}

swarms! {
    primary_backup_survives_the_swarm "primary-backup"
    raft_survives_the_swarm "raft"
    pbft_survives_the_swarm "pbft"
    qbft_survives_the_swarm "qbft"
    tendermint_survives_the_swarm "tendermint"
    hotstuff_survives_the_swarm "hotstuff"
    hotstuff_2_survives_the_swarm "hotstuff-2"
    jolteon_survives_the_swarm "jolteon"
    streamlet_survives_the_swarm "streamlet"
    simplex_survives_the_swarm "simplex"
    narwhal_tusk_survives_the_swarm "narwhal-tusk"
    narwhal_bullshark_survives_the_swarm "narwhal-bullshark"
    mysticeti_survives_the_swarm "mysticeti"
    nakamoto_survives_the_swarm "nakamoto"
    clique_survives_the_swarm "clique"
    praos_survives_the_swarm "praos"
}

#[test]
fn no_protocol_is_left_out() {
    let all: Vec<&str> = PROTOCOLS.iter().chain(&LOTTERIES).copied().collect();
    assert_eq!(SWARMED, all);
    let registry = Registry::standard();
    let known: Vec<&str> = registry.entries().iter().map(|entry| entry.name).collect();
    assert_eq!(known[..all.len()], all[..]);
}
