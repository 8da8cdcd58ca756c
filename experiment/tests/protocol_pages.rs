//! The tables in `docs/protocols/` against the simulator: a page's messages per
//! block and delays to commit, measured on the test bench of the protocols, are
//! what whole runs count too, with gateways, bodies and a ledger around them.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use groma_consensus_models::testing::steady::HEAD;
use groma_experiment::plan::{LatencyPlan, Plan, RegionPlan};
use groma_experiment::registry::Registry;
use groma_experiment::result::RunRecord;
use support::{MS, SECOND, phase, plan, run};

/// One way, between any two machines.
const D: u64 = 10 * MS;

/// A row of a page's table: messages a block, first commit in delays.
struct Row {
    messages: f64,
    first: f64,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocols")
}

/// The measured rows of a protocol's page by n; none when its table has columns
/// of its own.
fn rows(name: &str) -> BTreeMap<u32, Row> {
    let path = folder().join(format!("{name}.md"));
    let page = std::fs::read_to_string(&path)
        .unwrap_or_else(|why| panic!("{name} has no page: {}: {why}", path.display()));
    let open = format!("<!-- measured: {name} -->\n");
    let (_, after) = page
        .split_once(&open)
        .unwrap_or_else(|| panic!("{name}: no table"));
    let (table, _) = after.split_once("<!-- end -->").expect("the table ends");
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim_matches('|').split('|');
        inner.map(|cell| cell.trim().to_owned()).collect()
    };
    let mut lines = table.lines().filter(|line| line.starts_with('|'));
    if lines.next().map(cells) != Some(HEAD.map(str::to_owned).to_vec()) {
        return BTreeMap::new();
    }
    lines
        .skip(1)
        .map(|line| {
            let cells = cells(line);
            let number = |index: usize| cells[index].parse::<f64>().expect("a number");
            let row = Row {
                messages: number(1),
                first: number(3),
            };
            (number(0) as u32, row)
        })
        .collect()
}

/// Parameters that are to a page's delay what those of its table are to its own.
fn own(protocol: &str) -> BTreeMap<String, String> {
    let set: &[(&str, &str)] = match protocol {
        // Twice the delay.
        "streamlet" => &[("delta", "20ms")],
        // No header waits for more to order.
        "narwhal-tusk" | "narwhal-bullshark" => &[("max_header_delay", "1ms")],
        _ => &[],
    };
    let set = set.iter();
    set.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// One city of machines that cost nothing, every pair of them `D` apart, and
/// batches enough that no block is empty.
fn ideal(protocol: &str, n: u32) -> Plan {
    let mut plan = plan(protocol);
    plan.protocol.params = own(protocol);
    plan.committee = vec![RegionPlan {
        region: "city".to_owned(),
        replicas: n,
        up_bps: 0,
        down_bps: 0,
        people: 0,
    }];
    plan.network.links = vec![LatencyPlan::Constant { ns: D }];
    plan.network.jitter_ns = 0;
    let machine = &mut plan.machine;
    (machine.cores, machine.egress_bps, machine.ingress_bps) = (0, 0, 0);
    (machine.fsync_ns, machine.disk_bytes_per_s) = (0, 0);
    let costs = &mut plan.costs;
    (costs.sign_ns, costs.verify_ns, costs.verify_batch_ns) = (0, 0, 0);
    (costs.hash_ns, costs.hash_byte_ps) = (0, 0);
    (costs.message_ns, costs.message_byte_ps) = (0, 0);
    (costs.admit_ns, costs.execute_ns, costs.root_ns) = (0, 0, 0);
    plan.batch.max_txs = 4;
    plan.batch.max_wait_ns = 5 * MS;
    plan.load = vec![
        phase(2 * SECOND, 1_000, false),
        phase(8 * SECOND, 1_000, true),
    ];
    plan.drain_ns = 2 * SECOND;
    plan
}

fn messages_per_height(record: &RunRecord) -> f64 {
    record.messages.values().sum::<u64>() as f64 / record.heights as f64
}

#[test]
fn every_page_states_what_whole_runs_count() {
    let registry = Registry::standard();
    let mut own_tables = Vec::new();
    for entry in registry.entries() {
        let rows = rows(entry.name);
        if rows.is_empty() {
            own_tables.push(entry.name);
        }
        for (n, row) in rows.into_iter().filter(|(n, _)| *n <= 16) {
            let record = run(&ideal(entry.name, n)).record;
            let messages = messages_per_height(&record);
            // Two blocks may be under way at the ends.
            let slack = 0.03 + 2.0 / record.heights as f64;
            assert!(
                (messages - row.messages).abs() <= slack * row.messages,
                "{} of {n}: {messages:.1} messages a block, its page says {}; {:?}",
                entry.name,
                row.messages,
                record.messages
            );
            let first = record.consensus_ms.p50.expect("blocks committed") * MS as f64 / D as f64;
            assert!(
                (first - row.first).abs() <= 0.2,
                "{} of {n}: commits after {first:.2} d, its page says {}",
                entry.name,
                row.first
            );
        }
    }
    // Chains by lottery count what their own tests check.
    assert_eq!(own_tables, ["nakamoto", "clique", "praos"]);
}

#[test]
fn every_protocol_has_a_page_and_the_index_names_it() {
    let index = std::fs::read_to_string(folder().join("README.md")).expect("there is an index");
    let registry = Registry::standard();
    let built = registry.entries().iter().map(|entry| entry.name);
    for name in built.chain(registry.unbuilt().map(|missing| missing.name)) {
        assert!(folder().join(format!("{name}.md")).exists(), "{name}.md");
        assert!(
            index.contains(&format!("({name}.md)")),
            "the index lacks {name}"
        );
    }
}
