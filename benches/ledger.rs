//! What the ledger costs: encoding, signatures, and blocks with their state root.
//!
//! Blocks are of payments among a million accounts that hold and have sent
//! something already, and of the credit and invoice workloads. Throughput
//! is in transactions.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use core::hint::black_box;
use core::time::Duration;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use groma_ledger::payment::Payment;
use groma_ledger::{
    AccountId, BlockInput, Body, Executor, Genesis, Keyring, Parallel, Serial, SignedTransaction,
    State, Transaction,
};
use groma_workloads::{City, Mix, WORKLOADS, Workload, WorkloadSetup};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ACCOUNTS: u64 = 1_000_000;

type Block = Vec<Arc<SignedTransaction>>;

fn transfer(sender: u64, nonce: u64, to: u64) -> Transaction {
    let payment = Payment::Transfer {
        to: AccountId(to),
        amount: 1,
    };
    Transaction {
        sender: AccountId(sender),
        nonce,
        filler: 84,
        body: Body::Payment(payment),
    }
}

fn encoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(1));
    let transaction = transfer(123_456, 7, 654_321);
    let mut bytes = Vec::with_capacity(256);
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            bytes.clear();
            black_box(&transaction).encode(&mut bytes);
        });
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| Transaction::decode(black_box(&bytes)).unwrap());
    });
    group.bench_function("id", |bencher| {
        bencher.iter(|| black_box(&transaction).id());
    });
    group.finish();
}

fn signatures(criterion: &mut Criterion) {
    let ring = Keyring::derive(1, 64);
    let mut group = criterion.benchmark_group("ledger");
    group.sample_size(10);
    group.throughput(Throughput::Elements(1));
    group.bench_function("sign", |bencher| {
        bencher.iter(|| ring.sign(transfer(5, 0, 6)));
    });
    group.bench_function("verify/1", |bencher| {
        let fresh = || ring.sign(transfer(5, 0, 6));
        bencher.iter_batched(
            fresh,
            |signed| assert!(ring.verify(&signed)),
            BatchSize::SmallInput,
        );
    });
    for size in [64, 256, 1_024] {
        group.throughput(Throughput::Elements(size));
        let fresh = || -> Block {
            let one = |n| Arc::new(ring.sign(transfer(n, 0, n + 1)));
            (0..size).map(one).collect()
        };
        group.bench_function(format!("verify/{size}"), |bencher| {
            bencher.iter_batched(
                fresh,
                |block| ring.verify_batch(&block),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// Executes block after block, each on what the last one made.
fn blocks(
    criterion: &mut Criterion,
    name: &str,
    executor: &dyn Executor,
    size: usize,
    mut state: State,
    mut next: impl FnMut() -> Transaction,
) {
    let ring = Keyring::priced();
    let (mut height, mut touched) = (0, 0);
    let mut group = criterion.benchmark_group("ledger");
    group.sample_size(20);
    group.throughput(Throughput::Elements(size as u64));
    group.bench_function(format!("{name}/{size}"), |bencher| {
        bencher.iter_batched(
            || -> Block { (0..size).map(|_| Arc::new(ring.sign(next()))).collect() },
            |block| {
                height += 1;
                let input = BlockInput {
                    height,
                    timestamp_ns: height,
                    transactions: &block,
                };
                let execution = executor.execute(&state, &input);
                state = execution.state;
                touched += execution.touched;
                block
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
    if height > 0 {
        let each = touched as f64 / (height * size as u64) as f64;
        println!("ledger/{name}/{size} writes {each:.1} keys a transaction\n");
    }
}

/// Random payments; the nonce is the count of all, so each sender's rises.
fn payments() -> impl FnMut() -> Transaction {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut nonce = 0;
    move || {
        nonce += 1;
        let (from, to) = (rng.random_range(0..ACCOUNTS), rng.random_range(0..ACCOUNTS));
        transfer(from, nonce, to)
    }
}

/// A million accounts of which most are no longer as they were at genesis.
fn used_accounts() -> State {
    let mut state = State::genesis(&Genesis::new(ACCOUNTS, 1_000_000));
    let ring = Keyring::priced();
    for start in (0..ACCOUNTS).step_by(100_000) {
        let one = |id| Arc::new(ring.sign(transfer(id, 0, (id + 1) % ACCOUNTS)));
        let transactions: Block = (start..start + 100_000).map(one).collect();
        let input = BlockInput {
            height: 0,
            timestamp_ns: 0,
            transactions: &transactions,
        };
        state = Serial.execute(&state, &input).state;
    }
    state
}

fn execution(criterion: &mut Criterion) {
    let used = used_accounts();
    let executors: [(&str, &dyn Executor); 2] = [("serial", &Serial), ("parallel", &Parallel)];
    for (name, executor) in executors {
        for size in [1_000, 10_000] {
            let name = format!("payments_{name}");
            blocks(criterion, &name, executor, size, used.clone(), payments());
        }
    }
    let setup = WorkloadSetup::of_city(ACCOUNTS).unwrap();
    for entry in WORKLOADS {
        let name = format!("city_{}", entry.name);
        city(criterion, &name, (entry.build)(&setup), &Serial, 1_000);
    }
    city(criterion, "city_day", Box::new(day(&setup)), &Serial, 1_000);
    // A hot sum on one counter or sixteen: what conflicts leave of the cores.
    for entry in WORKLOADS
        .iter()
        .filter(|entry| entry.name.starts_with("donations"))
    {
        let name = format!("city_parallel_{}", entry.name);
        city(criterion, &name, (entry.build)(&setup), &Parallel, 10_000);
    }
}

/// A working day of a city, in percent (W15, as in `scenarios/cities/city-day.yaml`).
fn day(setup: &WorkloadSetup) -> Mix {
    const DAY: [(&str, f64); 14] = [
        ("payments", 60.0),
        ("invoices", 18.0),
        ("credit", 10.0),
        ("traceability", 5.0),
        ("evidence", 4.0),
        ("contracts", 1.5),
        ("directory", 0.188),
        ("receivables", 0.188),
        ("drafts", 0.188),
        ("mortgages", 0.188),
        ("donations", 0.187),
        ("medical", 0.187),
        ("remittances", 0.187),
        ("addresses", 0.187),
    ];
    let parts = DAY.map(|(name, share)| {
        let entry = WORKLOADS.iter().find(|entry| entry.name == name).unwrap();
        (share, (entry.build)(setup))
    });
    Mix::new(parts.into()).unwrap()
}

/// Blocks of a workload, in a city of a million.
fn city(
    criterion: &mut Criterion,
    name: &str,
    workload: Box<dyn Workload>,
    executor: &dyn Executor,
    size: usize,
) {
    let mut genesis = Genesis::default();
    workload.genesis(&mut genesis);
    let state = State::genesis(&genesis);
    let mut city = City::new(workload, ChaCha8Rng::seed_from_u64(1));
    let mut now = Duration::ZERO;
    let next = || {
        now += Duration::from_micros(100);
        city.next(now)
    };
    blocks(criterion, name, executor, size, state, next);
}

criterion_group!(benches, encoding, signatures, execution);
criterion_main!(benches);
