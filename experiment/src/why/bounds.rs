//! Closed forms: what a resource could carry if nothing else were in its way.
//! From the plan, and from what the run says of a mean transaction (its bytes
//! and the records that it writes).

use serde::{Deserialize, Serialize};

use crate::plan::{Dissemination, Lanes, Plan, RepliesPer, TransactionCrypto};
use crate::result::RunRecord;
use crate::wire::{Framing, TX_NAME_BYTES};

/// One bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// What would bind: `egress of one proposer`.
    pub name: String,
    /// No more than so many transactions per second.
    pub tps: f64,
    /// How it comes about, with the figures.
    pub formula: String,
}

/// What the run says of a mean transaction.
struct Mean {
    /// Bytes of its body.
    bytes: f64,
    /// Records that it writes.
    records: f64,
    /// Executions of a payment that it is worth.
    work: f64,
}

/// The bounds of a plan, lowest first; a resource without a limit has none.
pub(super) fn of(plan: &Plan, record: &RunRecord) -> Vec<Bound> {
    let executed = record.storage.executed_txs;
    if executed == 0 {
        return Vec::new();
    }
    let mean = Mean {
        bytes: record.storage.block_bytes as f64 / executed as f64,
        records: record.storage.records_written as f64 / executed as f64,
        work: 1.0 + record.storage.extra_executions as f64 / executed as f64,
    };
    let mut bounds = links(plan, &mean);
    bounds.extend(cpu(plan, &mean));
    bounds.extend(disk(plan, &mean));
    bounds.extend(round_trips(plan, record));
    bounds.retain(|bound| bound.tps.is_finite());
    bounds.sort_by(|a, b| a.tps.total_cmp(&b.tps));
    bounds
}

fn bound(name: &str, tps: f64, formula: String) -> Bound {
    Bound {
        name: name.to_owned(),
        tps: tps.round(),
        formula,
    }
}

fn links(plan: &Plan, mean: &Mean) -> Vec<Bound> {
    let n = f64::from(plan.replicas());
    let reply = match plan.client.replies {
        RepliesPer::Block => f64::from(plan.client.reply_bytes),
        RepliesPer::Transaction => {
            let framing = Framing::new(plan.network.mtu_bytes);
            framing.wire(u64::from(plan.client.reply_bytes)) as f64
        }
    };
    let (body, carried) = match plan.dissemination {
        Dissemination::InProposal => (mean.bytes, "B"),
        Dissemination::ClientsToAll => (TX_NAME_BYTES as f64, "names of B"),
        Dissemination::Workers | Dissemination::Broadcast => {
            (mean.bytes, "B, by whoever forms the batch,")
        }
    };
    let rate = |bps: u64| bps as f64 / 8.0;
    let mut found = Vec::new();
    if plan.machine.egress_bps > 0 {
        let egress = rate(plan.machine.egress_bps);
        let apart = [Dissemination::Workers, Dissemination::Broadcast];
        if !apart.contains(&plan.dissemination) {
            found.push(bound(
                "egress, if one replica proposes all",
                egress / ((n - 1.0) * body + reply),
                format!(
                    "{egress:.0} B/s / ({:.0} x {body:.0} {carried} + {reply:.0} B reply)",
                    n - 1.0
                ),
            ));
        }
        found.push(bound(
            "egress, if replicas propose in turn",
            egress / ((n - 1.0) / n * body + reply),
            format!(
                "{egress:.0} B/s / ({:.2} x {body:.0} {carried} + {reply:.0} B reply)",
                (n - 1.0) / n
            ),
        ));
    }
    if plan.machine.ingress_bps > 0 {
        let ingress = rate(plan.machine.ingress_bps);
        found.push(bound(
            "ingress of a replica",
            ingress / mean.bytes,
            format!("{ingress:.0} B/s / {:.0} B", mean.bytes),
        ));
    }
    if plan.client.gateway_bps > 0 {
        let regions = plan
            .committee
            .iter()
            .filter(|part| part.replicas > 0)
            .count();
        let gateways = regions as f64 * f64::from(plan.client.gateways_per_region);
        let ingress = gateways * rate(plan.client.gateway_bps);
        found.push(bound(
            "ingress of the gateways",
            ingress / (n * reply),
            format!("{ingress:.0} B/s / ({n:.0} replicas x {reply:.0} B reply)"),
        ));
    }
    found
}

fn cpu(plan: &Plan, mean: &Mean) -> Vec<Bound> {
    let costs = &plan.costs;
    let cores = match (plan.machine.cores, plan.machine.lanes) {
        (0, _) => return Vec::new(),
        (cores, Lanes::Parted) => f64::from(cores),
        // One loop keeps one core busy, whatever the machine has.
        (_, Lanes::OneLoop) => 1.0,
    };
    let n = f64::from(plan.replicas());
    let per_byte = (costs.hash_byte_ps + costs.message_byte_ps) as f64 / 1_000.0;
    let verify = match plan.crypto.transactions {
        TransactionCrypto::Signed => costs.verify_batch_ns as f64,
        TransactionCrypto::Unsigned => 0.0,
    };
    // Where clients send to all, every replica admits everything.
    let share = match plan.dissemination {
        Dissemination::ClientsToAll => 1.0,
        Dissemination::InProposal | Dissemination::Workers | Dissemination::Broadcast => n,
    };
    let admit = (costs.admit_ns + costs.message_ns) as f64 / share;
    let execute = mean.work * costs.execute_ns as f64;
    let root = mean.records * costs.root_ns as f64;
    let all = verify + admit + execute + root + per_byte * mean.bytes;
    let serial = execute + root / cores;
    let per_second = |ns: f64| if ns > 0.0 { 1e9 / ns } else { f64::INFINITY };
    vec![
        bound(
            "CPU of a replica",
            cores * per_second(all),
            format!(
                "{cores:.0} cores / {:.2} us: signature {:.2}, execution and root {:.2}, bytes {:.2}, intake {:.2}",
                all / 1e3,
                verify / 1e3,
                (execute + root) / 1e3,
                per_byte * mean.bytes / 1e3,
                admit / 1e3
            ),
        ),
        bound(
            "execution, one after another",
            per_second(serial),
            format!(
                "1 s / {:.2} us: execution {:.2}, root over {cores:.0} cores {:.2}",
                serial / 1e3,
                execute / 1e3,
                root / cores / 1e3
            ),
        ),
    ]
}

fn disk(plan: &Plan, mean: &Mean) -> Option<Bound> {
    let rate = plan.machine.disk_bytes_per_s;
    (rate > 0).then(|| {
        bound(
            "disk of a replica",
            rate as f64 / mean.bytes,
            format!("{rate} B/s / {:.0} B, flushes grouped", mean.bytes),
        )
    })
}

/// A protocol that orders blocks one after another; pipelined ones do more.
fn round_trips(plan: &Plan, record: &RunRecord) -> Option<Bound> {
    let consensus_ms = record.consensus_ms.p50?;
    let txs = plan.batch.max_txs;
    (consensus_ms > 0.0).then(|| {
        bound(
            "round trips, one full batch at a time",
            f64::from(txs) / consensus_ms * 1e3,
            format!("{txs} transactions / {consensus_ms:.1} ms of consensus"),
        )
    })
}
