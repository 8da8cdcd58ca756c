//! What an envelope costs: sealing and opening 1 and 4 KiB for one, two and four recipients.
//!
//! Throughput is in bytes of payload. Opening costs the same for any number of recipients.

#![allow(missing_docs, clippy::unwrap_used)]

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use groma_ledger::envelope::{KeyPair, seal};

const CONTEXT: &[u8] = b"record 7";

fn envelopes(criterion: &mut Criterion) {
    let pairs: Vec<_> = (0..4).map(|byte| KeyPair::derive(&[byte; 32])).collect();
    let all: Vec<_> = pairs.iter().map(KeyPair::public).collect();
    let mut group = criterion.benchmark_group("envelope");
    for bytes in [1_024, 4_096] {
        let payload = vec![7; bytes];
        group.throughput(Throughput::Bytes(bytes as u64));
        for recipients in [1, 2, 4] {
            let to = &all[..recipients];
            let id = BenchmarkId::new(format!("seal/{bytes}"), recipients);
            group.bench_function(id, |bencher| {
                bencher.iter(|| seal(black_box(&payload), CONTEXT, to, &[9; 32]).unwrap());
            });
        }
        let sealed = seal(&payload, CONTEXT, &all, &[9; 32]).unwrap();
        group.bench_function(format!("open/{bytes}"), |bencher| {
            bencher.iter(|| black_box(&sealed).open(1, &pairs[1], CONTEXT).unwrap());
        });
        group.bench_function(format!("add_recipient/{bytes}"), |bencher| {
            bencher.iter(|| {
                let mut copy = sealed.clone();
                copy.add_recipient(1, &pairs[1], CONTEXT, &all[0], &[8; 32])
                    .unwrap();
                copy
            });
        });
    }
    group.finish();
}

criterion_group!(benches, envelopes);
criterion_main!(benches);
