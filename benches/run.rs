//! Whole runs: how many times faster than real time, and how many events a
//! second. Throughput is virtual time (n = 4) or events (n = 64) per iteration.

#[path = "../experiment/tests/support/mod.rs"]
mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use groma_experiment::plan::{CryptoMode, Plan};
use support::{SECOND, phase, plan, run};

/// Four replicas, 10,000 payments a second for two seconds.
fn four(protocol: &str, mode: CryptoMode) -> Plan {
    let mut plan = plan(protocol);
    plan.population = 1_000_000;
    plan.batch.max_txs = 1_000;
    plan.crypto.mode = mode;
    plan.load = vec![phase(2 * SECOND, 10_000, true)];
    plan
}

/// Sixty-four replicas, batches of up to a thousand transactions.
fn sixty_four(protocol: &str) -> Plan {
    let mut plan = four(protocol, CryptoMode::Modelled);
    for (region, replicas) in plan.committee.iter_mut().zip([32, 16, 16]) {
        region.replicas = replicas;
    }
    plan.load = vec![phase(SECOND / 2, 10_000, true)];
    plan
}

fn whole_runs(c: &mut Criterion) {
    let mut group = c.benchmark_group("n = 4, 10,000 TPS, virtual ns");
    group.sample_size(10);
    for protocol in support::PROTOCOLS {
        let plan = four(protocol, CryptoMode::Modelled);
        let virtual_s = run(&plan).record.virtual_seconds;
        group.throughput(Throughput::Elements((virtual_s * 1e9) as u64));
        group.bench_function(format!("{protocol}, modelled"), |b| {
            b.iter(|| black_box(run(&plan)))
        });
    }
    let plan = four("pbft", CryptoMode::Real);
    group.bench_function("pbft, real signatures", |b| {
        b.iter(|| black_box(run(&plan)))
    });
    group.finish();

    let mut group = c.benchmark_group("n = 64, 10,000 TPS, events");
    group.sample_size(10);
    for protocol in support::PROTOCOLS {
        let plan = sixty_four(protocol);
        group.throughput(Throughput::Elements(run(&plan).host.events));
        group.bench_function(protocol, |b| b.iter(|| black_box(run(&plan))));
    }
    group.finish();
}

criterion_group!(benches, whole_runs);
criterion_main!(benches);
