//! How much of each workload can run side by side: of a block of 2,000 transactions in the city, how many
//! must run one after the other because they share keys. The figures stand in docs/workloads/README.md.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Run, build};
use groma_ledger::{BlockInput, Parallel};
use groma_workloads::WorkloadSetup;
use groma_workloads::people::SHENZHEN;

/// The longest chain of four blocks, at 5,000 transactions per second, rounded up.
const CHAINS: &[(&str, usize)] = &[
    ("addresses", 900),
    ("blobs", 1),
    ("components", 20),
    ("credit", 20),
    ("donations", 2_000),
    ("donations-sharded", 300),
    ("evidence", 10),
    ("identity", 15),
    ("invoices", 700),
    ("medical", 40),
    ("payments", 2),
    ("receivables", 5),
    ("red-packets", 10),
    ("remittances", 40),
    ("traceability", 120),
];

#[test]
fn chains_are_about_as_long_as_the_page_says() {
    for &(name, most) in CHAINS {
        let setup = WorkloadSetup::of_city(SHENZHEN).unwrap();
        let mut run = Run::new(build(name, &setup), 1);
        let longest = (0..4).map(|_| {
            let block = run.draw(2_000);
            let chain = Parallel::largest_group(&BlockInput {
                height: 1,
                timestamp_ns: 1,
                transactions: &block,
            });
            run.apply(&block);
            chain
        });
        let longest = longest.max().unwrap();
        assert!(longest <= most && 2 * longest >= most, "{name}: {longest}");
    }
}
