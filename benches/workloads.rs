//! What it costs to make load: arrivals, draws, transactions of every workload, and the checking of
//! a law.

#![allow(missing_docs, clippy::unwrap_used)]

use core::hint::black_box;
use core::time::Duration;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use groma_ledger::{BlockInput, Executor, Genesis, Serial, SignedTransaction, State};
use groma_workloads::population::{Sampler, Scatter, Skew};
use groma_workloads::{
    Arrivals, City, Law, MilliTps, Mix, Phase, WORKLOADS, Workload, WorkloadSetup,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Times one step of something that goes on without end.
fn step<T>(criterion: &mut Criterion, name: &str, mut next: impl FnMut() -> T) {
    let mut group = criterion.benchmark_group("workloads");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| bencher.iter(|| black_box(next())));
    group.finish();
}

fn arrivals(criterion: &mut Criterion) {
    let rate = MilliTps(10_000_000);
    let day = Duration::from_secs(86_400);
    let flat = |law| Phase::constant(day, rate, law);
    let ramp = Phase {
        from: MilliTps::ZERO,
        ..flat(Law::Even)
    };
    let phases = [
        ("arrival/even", flat(Law::Even)),
        ("arrival/ramp", ramp),
        ("arrival/poisson", flat(Law::Poisson)),
    ];
    for (name, phase) in phases {
        let mut arrivals = Arrivals::new(vec![phase; 10], ChaCha8Rng::seed_from_u64(1)).unwrap();
        step(criterion, name, || arrivals.next().unwrap());
    }
}

fn draws(criterion: &mut Criterion) {
    let skews = [
        ("draw/zipf", Skew::Zipf { theta: 1.1 }),
        (
            "draw/hot_set",
            Skew::HotSet {
                fraction: 0.01,
                share: 0.6,
            },
        ),
    ];
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (name, skew) in skews {
        let sampler = Sampler::new(1_000_000_000, skew).unwrap();
        step(criterion, name, || sampler.draw(&mut rng));
    }
    let scatter = Scatter::new(17_800_000, 1).unwrap();
    let mut rank = 0;
    step(criterion, "draw/scatter", || {
        rank = (rank + 1) % 17_800_000;
        scatter.identity(rank)
    });
}

/// A clock that gives 10,000 transactions a second.
fn ticking(mut city: City<ChaCha8Rng>) -> impl FnMut() -> groma_ledger::Transaction {
    let mut now = Duration::ZERO;
    move || {
        now += Duration::from_micros(100);
        city.next(now)
    }
}

fn transactions(criterion: &mut Criterion) {
    let setup = WorkloadSetup::of_city(17_800_000).unwrap();
    for entry in WORKLOADS {
        let city = City::new((entry.build)(&setup), ChaCha8Rng::seed_from_u64(1));
        step(
            criterion,
            &format!("transaction/{}", entry.name),
            ticking(city),
        );
    }
    let parts = WORKLOADS
        .iter()
        .map(|entry| (1.0, (entry.build)(&setup)))
        .collect();
    let mix: Box<dyn Workload> = Box::new(Mix::new(parts).unwrap());
    let city = City::new(mix, ChaCha8Rng::seed_from_u64(1));
    step(criterion, "transaction/mix", ticking(city));
}

/// Execution and law of blocks of 1,000, to be divided by that number.
fn ledger(criterion: &mut Criterion) {
    let setup = WorkloadSetup::of_city(17_800_000).unwrap();
    for entry in WORKLOADS {
        let workload = (entry.build)(&setup);
        let mut genesis = Genesis::default();
        workload.genesis(&mut genesis);
        let mut group = criterion.benchmark_group("workloads");
        group.sample_size(10);
        group.bench_function(format!("genesis/{}", entry.name), |bencher| {
            bencher.iter(|| State::genesis(&genesis));
        });
        let mut state = State::genesis(&genesis);
        let mut next = ticking(City::new(workload, ChaCha8Rng::seed_from_u64(1)));
        let mut height = 0;
        group.bench_function(format!("block_of_1000/{}", entry.name), |bencher| {
            bencher.iter_batched(
                || -> Vec<_> {
                    (0..1_000)
                        .map(|_| Arc::new(SignedTransaction::new(next(), None)))
                        .collect()
                },
                |transactions| {
                    height += 1;
                    let timestamp_ns = height * 100_000_000;
                    let block = BlockInput {
                        height,
                        timestamp_ns,
                        transactions: &transactions,
                    };
                    state = Serial.execute(&state, &block).state;
                },
                criterion::BatchSize::PerIteration,
            );
        });
        let law = (entry.build)(&setup);
        group.bench_function(format!("law/{}", entry.name), |bencher| {
            bencher.iter(|| law.check(&state))
        });
        group.finish();
    }
}

criterion_group!(benches, arrivals, draws, transactions, ledger);
criterion_main!(benches);
