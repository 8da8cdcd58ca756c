//! A small, complete plan that tests vary.

// Each test file uses a part of it.
#![allow(dead_code)]

use std::collections::BTreeMap;

use groma_experiment::plan::{
    Arrivals, BatchPlan, ClientPlace, ClientPlan, CostPlan, CryptoMode, CryptoPlan, Dissemination,
    Expect, FaultKind, FaultPlan, Lanes, LatencyPlan, LimitPlan, LoadPlan, MachinePlan,
    NetworkPlan, PhasePlan, Plan, ProtocolPlan, RegionPlan, RepliesPer, Scheme, SubmitTo,
    TransactionCrypto, WorkloadPlan, WorkloadShare,
};
use groma_experiment::registry::{Registry, RunOptions};
use groma_experiment::result::RunResult;

/// Every protocol with quorums that Groma brings.
pub const PROTOCOLS: [&str; 13] = [
    "primary-backup",
    "raft",
    "pbft",
    "qbft",
    "tendermint",
    "hotstuff",
    "hotstuff-2",
    "jolteon",
    "streamlet",
    "simplex",
    "narwhal-tusk",
    "narwhal-bullshark",
    "mysticeti",
];

/// The chains by lottery: their finality is a depth.
pub const LOTTERIES: [&str; 3] = ["nakamoto", "clique", "praos"];

/// Parameters under which a protocol finishes within a test's seconds: chains
/// by the clock make blocks in a fraction of one.
fn quick(protocol: &str) -> BTreeMap<String, String> {
    let set: &[(&str, &str)] = match protocol {
        "streamlet" => &[("delta", "30ms")],
        "nakamoto" => &[
            ("block_interval", "600ms"),
            ("confirmations", "20"),
            ("fetch_timeout", "1s"),
        ],
        "clique" => &[
            ("period", "400ms"),
            ("confirmations", "24"),
            ("fetch_timeout", "1s"),
        ],
        "praos" => &[
            ("slot", "100ms"),
            ("active_slots", "200"),
            ("confirmations", "10"),
            ("fetch_timeout", "1s"),
        ],
        _ => &[],
    };
    set.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub const SECOND: u64 = 1_000_000_000;
pub const MS: u64 = 1_000_000;

/// Four replicas in three cities, 2,000 payments a second for six seconds.
pub fn plan(protocol: &str) -> Plan {
    let one_way = [
        0,
        13 * MS,
        20 * MS,
        13 * MS,
        0,
        12 * MS,
        20 * MS,
        12 * MS,
        0,
    ];
    Plan {
        name: "test".to_owned(),
        why: "Does it run?".to_owned(),
        variation: BTreeMap::new(),
        seed: 1,
        committee: [("shenzhen", 2), ("shanghai", 1), ("beijing", 1)]
            .map(|(region, replicas)| RegionPlan {
                region: region.to_owned(),
                replicas,
                up_bps: 0,
                down_bps: 0,
                people: 0,
            })
            .to_vec(),
        network: NetworkPlan {
            name: "inline".to_owned(),
            source: "test".to_owned(),
            links: one_way
                .map(|ns| LatencyPlan::Constant {
                    ns: ns.max(MS / 10),
                })
                .to_vec(),
            jitter_ns: 50_000,
            loss_ppm: 0,
            overhead_ns: 0,
            transport: groma_experiment::plan::TransportPlan::Unlimited,
            sharing: groma_experiment::plan::SharingPlan::Fifo,
            mtu_bytes: 0,
        },
        machine: MachinePlan {
            name: "inline".to_owned(),
            source: "test".to_owned(),
            cores: 8,
            egress_bps: 10_000_000_000,
            ingress_bps: 10_000_000_000,
            fsync_ns: 150_000,
            disk_bytes_per_s: 1_000_000_000,
            lanes: Lanes::Parted,
        },
        replicas_per_machine: 1,
        costs: CostPlan {
            name: "inline".to_owned(),
            source: "test".to_owned(),
            sign_ns: 22_000,
            verify_ns: 46_000,
            verify_batch_ns: 17_000,
            hash_ns: 100,
            hash_byte_ps: 900,
            message_ns: 2_000,
            message_byte_ps: 200,
            admit_ns: 300,
            execute_ns: 500,
            root_ns: 1_300,
        },
        protocol: ProtocolPlan {
            name: protocol.to_owned(),
            params: quick(protocol),
        },
        batch: BatchPlan {
            max_txs: 500,
            max_bytes: 1 << 20,
            max_wait_ns: 20 * MS,
        },
        mempool_max_txs: 100_000,
        workload: WorkloadPlan {
            apart: Vec::new(),
            mix: vec![WorkloadShare {
                workload: "payments".to_owned(),
                share_milli: 1_000,
            }],
        },
        population: 100_000,
        scale_milli: 1_000,
        load: vec![
            phase(2 * SECOND, 2_000, false),
            phase(4 * SECOND, 2_000, true),
        ],
        faults: Vec::new(),
        drain_ns: 10 * SECOND,
        crypto: CryptoPlan {
            scheme: Scheme::Ed25519,
            mode: CryptoMode::Modelled,
            keys: 64,
            transactions: TransactionCrypto::Signed,
        },
        seating: groma_experiment::plan::Seating::ByRegion,
        dissemination: Dissemination::InProposal,
        client: ClientPlan {
            gateways_per_region: 1,
            gateway_bps: 10_000_000_000,
            reply_bytes: 256,
            resend_after_ns: 4 * SECOND,
            request_bytes: 0,
            place: ClientPlace::InRegions,
            submit_to: SubmitTo::Spread,
            replies: RepliesPer::Block,
        },
        targets: Vec::new(),
        expect: Expect::Sustained,
        breaks: Vec::new(),
        limits: LimitPlan {
            max_events: 1_000_000_000,
            retain_blocks: 512,
        },
    }
}

/// An open-loop Poisson phase.
pub fn phase(for_ns: u64, tps: u64, measure: bool) -> PhasePlan {
    let mtps = tps * 1_000;
    PhasePlan {
        for_ns,
        load: LoadPlan::Open {
            from_mtps: mtps,
            to_mtps: mtps,
            arrivals: Arrivals::Poisson,
        },
        measure,
        stands_for_ns: for_ns,
        mix: Vec::new(),
    }
}

/// Runs a plan with sharing on.
pub fn run(plan: &Plan) -> RunResult {
    run_with(plan, true)
}

/// Runs a plan.
pub fn run_with(plan: &Plan, sharing: bool) -> RunResult {
    let registry = Registry::standard();
    let entry = registry
        .find(&plan.protocol.name)
        .expect("a protocol that Groma brings");
    entry
        .run(
            plan,
            &RunOptions {
                sharing,
                control: None,
            },
        )
        .expect("nobody stops it")
}

/// A replica that is down between two instants.
pub fn crash(replica: u32, at_ns: u64, until_ns: u64) -> FaultPlan {
    FaultPlan {
        at_ns,
        until_ns,
        kind: FaultKind::Crash(vec![replica]),
    }
}
