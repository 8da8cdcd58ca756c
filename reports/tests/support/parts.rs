//! The parts of an invented run that do not depend on its shape.

use std::collections::BTreeMap;

use groma_experiment::plan::{
    Arrivals, BatchPlan, ClientPlace, ClientPlan, CostPlan, CryptoMode, CryptoPlan, Dissemination,
    Expect, Lanes, LatencyPlan, LimitPlan, LoadPlan, MachinePlan, NetworkPlan, PhasePlan, Plan,
    ProtocolPlan, RegionPlan, RepliesPer, Scheme, SubmitTo, TargetPlan, TransactionCrypto,
    WorkloadPlan, WorkloadShare,
};
use groma_experiment::result::{
    Checks, LoadRecord, MachineRecord, PerBlock, Percentiles, StorageRecord, TargetRecord,
};

use super::{Dice, Shape};

pub const SECOND: u64 = 1_000_000_000;

fn region(name: &str, replicas: u32) -> RegionPlan {
    RegionPlan {
        region: name.to_owned(),
        replicas,
        up_bps: 0,
        down_bps: 0,
        people: 0,
    }
}

fn network() -> NetworkPlan {
    let ms = |one_way: u64| LatencyPlan::LogNormal {
        p50_ns: one_way * 1_000_000,
        p90_ns: one_way * 1_200_000,
    };
    let near = LatencyPlan::Constant { ns: 250_000 };
    NetworkPlan {
        name: "china-cities".to_owned(),
        source: "measured round trips between cloud regions, 2024".to_owned(),
        links: vec![
            near.clone(),
            ms(14),
            ms(19),
            ms(14),
            near.clone(),
            ms(13),
            ms(19),
            ms(13),
            near,
        ],
        jitter_ns: 200_000,
        loss_ppm: 10,
        overhead_ns: 0,
        transport: groma_experiment::plan::TransportPlan::Unlimited,
        sharing: groma_experiment::plan::SharingPlan::Fifo,
        mtu_bytes: 0,
    }
}

fn costs() -> CostPlan {
    CostPlan {
        name: "reference".to_owned(),
        source: "groma calibrate on the reference core".to_owned(),
        sign_ns: 14_000,
        verify_ns: 38_000,
        verify_batch_ns: 17_500,
        hash_ns: 180,
        hash_byte_ps: 560,
        message_ns: 2_000,
        message_byte_ps: 250,
        admit_ns: 900,
        execute_ns: 1_600,
        root_ns: 700,
    }
}

fn phase(seconds: u64, tps: u64, measure: bool) -> PhasePlan {
    PhasePlan {
        for_ns: seconds * SECOND,
        load: LoadPlan::Open {
            from_mtps: tps * 1_000,
            to_mtps: tps * 1_000,
            arrivals: Arrivals::Poisson,
        },
        measure,
        stands_for_ns: seconds * SECOND,
        mix: Vec::new(),
    }
}

pub fn plan(name: &str, why: &str, variation: &[(&str, &str)], shape: &Shape) -> Plan {
    Plan {
        name: name.to_owned(),
        why: why.to_owned(),
        variation: variation
            .iter()
            .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()))
            .collect(),
        seed: shape.seed,
        committee: vec![
            region("shenzhen", 8),
            region("shanghai", 4),
            region("beijing", 4),
        ],
        network: network(),
        machine: MachinePlan {
            name: "server-8c".to_owned(),
            source: "common cloud instance, 8 cores, 1 Gbit/s".to_owned(),
            cores: 8,
            egress_bps: 1_000_000_000,
            ingress_bps: 1_000_000_000,
            fsync_ns: 500_000,
            disk_bytes_per_s: 500_000_000,
            lanes: Lanes::Parted,
        },
        replicas_per_machine: 1,
        costs: costs(),
        protocol: ProtocolPlan {
            name: shape.protocol.to_owned(),
            params: BTreeMap::from([("view_timeout".to_owned(), "2s".to_owned())]),
        },
        batch: BatchPlan {
            max_txs: 1_000,
            max_bytes: 1 << 20,
            max_wait_ns: 20_000_000,
        },
        mempool_max_txs: 50_000,
        workload: WorkloadPlan {
            apart: Vec::new(),
            mix: [("invoices", 600), ("receivables", 300), ("evidence", 100)]
                .map(|(workload, share_milli)| WorkloadShare {
                    workload: workload.to_owned(),
                    share_milli,
                })
                .to_vec(),
        },
        population: 17_800_000,
        scale_milli: 1_000,
        load: vec![
            phase(10, 6_000, false),
            phase(shape.windows.saturating_sub(20), 11_000, true),
        ],
        faults: Vec::new(),
        drain_ns: 10 * SECOND,
        crypto: CryptoPlan {
            scheme: Scheme::Ed25519,
            mode: CryptoMode::Modelled,
            keys: 256,
            transactions: TransactionCrypto::Signed,
        },
        seating: groma_experiment::plan::Seating::ByRegion,
        dissemination: Dissemination::InProposal,
        client: ClientPlan {
            gateways_per_region: 1,
            gateway_bps: 10_000_000_000,
            reply_bytes: 96,
            resend_after_ns: 4 * SECOND,
            request_bytes: 0,
            place: ClientPlace::InRegions,
            submit_to: SubmitTo::Spread,
            replies: RepliesPer::Block,
        },
        targets: vec![
            TargetPlan {
                metric: "goodput_tps".to_owned(),
                target: 10_000.0,
                at_least: true,
            },
            TargetPlan {
                metric: "finality_ms_p99".to_owned(),
                target: 1_000.0,
                at_least: false,
            },
        ],
        expect: Expect::Sustained,
        breaks: Vec::new(),
        limits: LimitPlan {
            max_events: 5_000_000_000,
            retain_blocks: 256,
        },
    }
}

pub fn targets(plan: &Plan, load: &LoadRecord, finality: &Percentiles) -> Vec<TargetRecord> {
    plan.targets
        .iter()
        .map(|target| {
            let measured = match target.metric.as_str() {
                "goodput_tps" => Some(load.goodput_tps),
                _ => finality.p99,
            };
            TargetRecord {
                metric: target.metric.clone(),
                target: target.target,
                at_least: target.at_least,
                measured,
                met: measured.is_some_and(|value| {
                    if target.at_least {
                        value >= target.target
                    } else {
                        value <= target.target
                    }
                }),
            }
        })
        .collect()
}

pub fn messages(protocol: &str) -> BTreeMap<String, u64> {
    let kinds: &[(&str, u64)] = match protocol {
        "raft" => &[("append", 21_450), ("append-reply", 21_441), ("vote", 30)],
        "pbft" => &[
            ("pre-prepare", 21_450),
            ("prepare", 321_750),
            ("commit", 343_200),
            ("checkpoint", 2_145),
        ],
        _ => &[
            ("proposal", 21_450),
            ("vote", 21_420),
            ("timeout", 480),
            ("new-view", 31),
        ],
    };
    kinds
        .iter()
        .map(|(kind, count)| ((*kind).to_owned(), *count))
        .collect()
}

pub fn machines(plan: &Plan, dice: &mut Dice) -> Vec<MachineRecord> {
    let mut all = Vec::new();
    for region in &plan.committee {
        for index in 0..region.replicas {
            let leader = all.is_empty();
            all.push(MachineRecord {
                id: format!("{}-{index}", region.region),
                role: "replica".to_owned(),
                region: region.region.clone(),
                cpu: dice.near(0.52, 0.15),
                egress: dice.near(if leader { 0.78 } else { 0.21 }, 0.2),
                ingress: dice.near(0.28, 0.2),
                egress_bytes: 5_230_000_000,
                ingress_bytes: 2_110_000_000,
                egress_wait_ms: None,
                ingress_wait_ms: None,
            });
        }
    }
    for region in &plan.committee {
        all.push(MachineRecord {
            id: format!("{}-gateway-0", region.region),
            role: "gateway".to_owned(),
            region: region.region.clone(),
            cpu: 0.0,
            egress: dice.near(0.03, 0.2),
            ingress: dice.near(0.06, 0.2),
            egress_bytes: 410_000_000,
            ingress_bytes: 730_000_000,
            egress_wait_ms: None,
            ingress_wait_ms: None,
        });
    }
    all
}

pub fn checks() -> Checks {
    Checks {
        agreement: 21_450,
        contiguous: 22_880,
        validity: 22_880,
        exactly_once: 660_120,
        finality: 1_320,
        state_root: 21_450,
        conservation: 240,
        progress: 3,
        balance: 2,
        audit: 44,
        uncompared: 0,
    }
}

pub fn per_block(shape: &Shape) -> PerBlock {
    PerBlock {
        txs: 467.25,
        messages: if shape.protocol == "pbft" {
            480.4
        } else {
            30.2
        },
        bytes: 3_412_345.5,
    }
}

pub fn storage(finalised: u64) -> StorageRecord {
    StorageRecord {
        block_bytes: finalised * 412,
        records_written: finalised * 3,
        executed_txs: finalised,
        contention: None,
    }
}
