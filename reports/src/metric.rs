//! The catalogue of figures: what each is called, its unit, which way is
//! better, and where it stands in `run.json`. The console, the CSV and the
//! HTML list these and no others.

use groma_experiment::adversary;
use groma_experiment::result::{MachineRecord, RunRecord};

use crate::format::Unit;

/// Which way a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// It describes the run; neither way is better by itself.
    Neither,
}

/// The heading under which a figure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// What was asked for and what was done.
    Load,
    /// How long it took.
    Latency,
    /// How the replicas agreed.
    Consensus,
    /// What it needed.
    Resources,
    /// What was compared to find mistakes.
    Checks,
}

impl Group {
    /// All but the checks, in reading order.
    pub const FIGURES: [Self; 4] = [Self::Load, Self::Latency, Self::Consensus, Self::Resources];

    /// The heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Load => "Load and throughput",
            Self::Latency => "Latency",
            Self::Consensus => "Consensus",
            Self::Resources => "Machines and growth",
            Self::Checks => "Comparisons made",
        }
    }
}

/// One figure of a run.
#[derive(Debug)]
pub struct Metric {
    /// Path in `run.json`; `max:role.cpu` is the largest over the machines of
    /// that role. A figure that is derived from several has no path there.
    pub id: &'static str,
    /// Full name.
    pub name: &'static str,
    /// Name for a narrow column.
    pub short: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// Where it stands.
    pub group: Group,
    /// Reads it; `None` where it does not apply.
    pub value: fn(&RunRecord) -> Option<f64>,
}

/// The figures that come first, where there is no room for all.
pub const KEY: [&str; 8] = [
    "load.offered_tps",
    "load.goodput_tps",
    "finality_ms.p50",
    "finality_ms.p99",
    "finality_ms.p999",
    "backlog.end",
    "max:replica.cpu",
    "max:replica.egress",
];

impl Metric {
    /// The metric that a target names: `goodput_tps` is `load.goodput_tps`,
    /// `finality_ms_p99` and `finality_p99` are `finality_ms.p99`.
    #[must_use]
    pub fn of_target(name: &str) -> Option<&'static Self> {
        METRICS.iter().find(|metric| {
            let flat = metric.id.replace('.', "_");
            flat == name
                || flat.replace("_ms_", "_") == name
                || metric
                    .id
                    .split_once('.')
                    .is_some_and(|(_, last)| last == name)
        })
    }
}

fn largest(record: &RunRecord, role: &str, of: fn(&MachineRecord) -> f64) -> Option<f64> {
    record
        .machines
        .iter()
        .filter(|machine| machine.role == role)
        .map(of)
        .max_by(f64::total_cmp)
}

macro_rules! metrics {
    ($(#[$what:meta])* $list:ident: $($group:ident $id:literal $name:literal $short:literal $unit:ident $better:ident $value:expr;)*) => {
        $(#[$what])*
        pub const $list: &[Metric] = &[$(Metric {
            id: $id,
            name: $name,
            short: $short,
            unit: Unit::$unit,
            better: Better::$better,
            group: Group::$group,
            value: $value,
        },)*];
    };
}

metrics! {
    /// Every figure, in reading order.
    METRICS:
    Load "load.offered_tps" "Offered load" "offered" Tps Neither |r| Some(r.load.offered_tps);
    Load "load.goodput_tps" "Goodput" "goodput" Tps Higher |r| Some(r.load.goodput_tps);
    Load "load.offered" "Offered" "offered" Count Neither |r| Some(r.load.offered as f64);
    Load "load.submitted" "Submitted" "submitted" Count Neither |r| Some(r.load.submitted as f64);
    Load "load.final" "Final and applied" "final" Count Higher |r| Some(r.load.finalised as f64);
    Load "load.rejected" "Refused by a rule" "refused" Count Neither |r| Some(r.load.rejected as f64);
    Load "load.attacks.offered" "Attacks" "attacks" Count Neither |r| Some(r.load.attacks?.offered as f64);
    Load "load.attacks.rejected" "Attacks refused" "att. refused" Count Neither |r| Some(r.load.attacks?.rejected as f64);
    Load "load.attacks.applied" "Attacks that took effect" "att. applied" Count Lower |r| Some(r.load.attacks?.applied as f64);
    Load "load.mistakes.offered" "Mistakes" "mistakes" Count Neither |r| Some(r.load.mistakes?.offered as f64);
    Load "load.mistakes.rejected" "Mistakes refused" "mist. refused" Count Neither |r| Some(r.load.mistakes?.rejected as f64);
    Load "load.mistakes.applied" "Mistakes that took effect" "mist. applied" Count Lower |r| Some(r.load.mistakes?.applied as f64);
    Load "load.shed" "Shed by a full queue" "shed" Count Lower |r| Some(r.load.shed as f64);
    Load "load.expired" "Expired unfinished" "expired" Count Lower |r| Some(r.load.expired as f64);
    Load "load.resent" "Sent again" "resent" Count Neither |r| Some(r.load.resent as f64);
    Load "backlog.middle" "Backlog, middle" "backlog mid" Count Neither |r| Some(r.backlog.middle as f64);
    Load "backlog.end" "Backlog, end" "backlog end" Count Lower |r| Some(r.backlog.end as f64);
    Load "backlog.max" "Backlog, largest" "backlog max" Count Lower |r| Some(r.backlog.max as f64);
    Latency "finality_ms.mean" "Finality, mean" "mean" Millis Lower |r| r.finality_ms.mean;
    Latency "finality_ms.p50" "Finality, p50" "p50" Millis Lower |r| r.finality_ms.p50;
    Latency "finality_ms.p90" "Finality, p90" "p90" Millis Lower |r| r.finality_ms.p90;
    Latency "finality_ms.p99" "Finality, p99" "p99" Millis Lower |r| r.finality_ms.p99;
    Latency "finality_ms.p999" "Finality, p99.9" "p99.9" Millis Lower |r| r.finality_ms.p999;
    Latency "finality_ms.max" "Finality, largest" "max" Millis Lower |r| r.finality_ms.max;
    Latency "commit_ms.p50" "Commit, p50" "commit p50" Millis Lower |r| r.commit_ms.p50;
    Latency "commit_ms.p99" "Commit, p99" "commit p99" Millis Lower |r| r.commit_ms.p99;
    Latency "consensus_ms.p50" "Consensus, p50" "cons. p50" Millis Lower |r| r.consensus_ms.p50;
    Latency "consensus_ms.p99" "Consensus, p99" "cons. p99" Millis Lower |r| r.consensus_ms.p99;
    Consensus "blocks" "Blocks with transactions" "blocks" Count Neither |r| Some(r.blocks as f64);
    Consensus "heights" "Committed heights" "heights" Count Neither |r| Some(r.heights as f64);
    Consensus "views" "Highest view, round or term" "views" Count Neither |r| Some(r.views as f64);
    Consensus "per_block.txs" "Transactions per block" "tx/block" Mean Neither |r| Some(r.per_block.txs);
    Consensus "per_block.messages" "Messages per block" "msg/block" Mean Neither |r| Some(r.per_block.messages);
    Consensus "per_block.bytes" "Bytes per block" "bytes/block" Bytes Neither |r| Some(r.per_block.bytes);
    Consensus "blocks_per_second" "Blocks with transactions per second" "blocks/s" Mean Neither |r| per_second(r, r.blocks).filter(|_| is_watched(r));
    Consensus "chain_growth" "Chain growth: blocks made that are on the chain" "chain growth" Share Higher |r| per_settled(r, |r| Some(r.heights as f64)).filter(|_| is_watched(r));
    Consensus "views_to_commit" "Views from a block's proposal to its commit" "views/commit" Mean Lower |r| counted(r, "views-to-commit").map(|views| views / (r.heights as f64).max(1.0));
    Consensus "adversary_blocks" "Adversary's share of the committed blocks" "adversary's blocks" Share Neither |r| adversary_share(r);
    Resources "max:replica.cpu" "CPU, busiest replica" "CPU" Share Neither |r| largest(r, "replica", |m| m.cpu);
    Resources "max:replica.egress" "Egress, busiest replica" "egress" Share Neither |r| largest(r, "replica", |m| m.egress);
    Resources "max:replica.ingress" "Ingress, busiest replica" "ingress" Share Neither |r| largest(r, "replica", |m| m.ingress);
    Resources "max:gateway.ingress" "Ingress, busiest gateway" "gateway in" Share Neither |r| largest(r, "gateway", |m| m.ingress);
    Resources "storage.block_bytes" "Committed bodies" "bodies" Bytes Neither |r| Some(r.storage.block_bytes as f64);
    Resources "storage.records_written" "Records written" "records" Count Neither |r| Some(r.storage.records_written as f64);
    Resources "storage.executed_txs" "Executed, refused ones included" "executed" Count Neither |r| Some(r.storage.executed_txs as f64);
    Resources "deliveries" "Messages delivered" "deliveries" Count Neither |r| Some(r.deliveries as f64);
    Checks "checks.agreement" "Replicas committed the same block at a height" "agreement" Count Neither |r| Some(r.checks.agreement as f64);
    Checks "checks.contiguous" "A replica's heights follow one another" "contiguous" Count Neither |r| Some(r.checks.contiguous as f64);
    Checks "checks.validity" "A committed batch holds submitted transactions" "validity" Count Neither |r| Some(r.checks.validity as f64);
    Checks "checks.exactly_once" "A transaction was applied at most once" "exactly once" Count Neither |r| Some(r.checks.exactly_once as f64);
    Checks "checks.state_root" "Replicas reached the same state at a height" "state root" Count Neither |r| Some(r.checks.state_root as f64);
    Checks "checks.finality" "What a client holds as final is what correct replicas executed" "finality" Count Neither |r| Some(r.checks.finality as f64);
    Checks "checks.conservation" "The workloads' laws hold in the state" "laws" Count Neither |r| Some(r.checks.conservation as f64);
    Checks "checks.intrusion" "What nobody was ever granted was refused" "intrusions" Count Neither |r| Some(r.checks.intrusion as f64);
    Checks "checks.progress" "Commits go on after faults have healed" "progress" Count Neither |r| Some(r.checks.progress as f64);
    Checks "checks.balance" "Every offered transaction is accounted for" "balance" Count Neither |r| Some(r.checks.balance as f64);
    Checks "checks.audit" "Shared executions repeated and found equal" "audit" Count Neither |r| Some(r.checks.audit as f64);
}

metrics! {
    /// Figures that only a comparison of two sides lists: the stages of a
    /// transaction's path, and what one transaction costs, which is derived
    /// from the record and so has no path in `run.json`.
    FINER:
    Latency "stages_ms.submit.p50" "Stage submit, p50" "submit p50" Millis Lower |r| r.stages_ms.get("submit").and_then(|stage| stage.p50);
    Latency "stages_ms.submit.p99" "Stage submit, p99" "submit p99" Millis Lower |r| r.stages_ms.get("submit").and_then(|stage| stage.p99);
    Latency "stages_ms.batch.p50" "Stage batch, p50" "batch p50" Millis Lower |r| r.stages_ms.get("batch").and_then(|stage| stage.p50);
    Latency "stages_ms.batch.p99" "Stage batch, p99" "batch p99" Millis Lower |r| r.stages_ms.get("batch").and_then(|stage| stage.p99);
    Latency "stages_ms.order.p50" "Stage order, p50" "order p50" Millis Lower |r| r.stages_ms.get("order").and_then(|stage| stage.p50);
    Latency "stages_ms.order.p99" "Stage order, p99" "order p99" Millis Lower |r| r.stages_ms.get("order").and_then(|stage| stage.p99);
    Latency "stages_ms.consensus.p50" "Stage consensus, p50" "consensus p50" Millis Lower |r| r.stages_ms.get("consensus").and_then(|stage| stage.p50);
    Latency "stages_ms.consensus.p99" "Stage consensus, p99" "consensus p99" Millis Lower |r| r.stages_ms.get("consensus").and_then(|stage| stage.p99);
    Latency "stages_ms.execute.p50" "Stage execute, p50" "execute p50" Millis Lower |r| r.stages_ms.get("execute").and_then(|stage| stage.p50);
    Latency "stages_ms.execute.p99" "Stage execute, p99" "execute p99" Millis Lower |r| r.stages_ms.get("execute").and_then(|stage| stage.p99);
    Latency "stages_ms.reply.p50" "Stage reply, p50" "reply p50" Millis Lower |r| r.stages_ms.get("reply").and_then(|stage| stage.p50);
    Latency "stages_ms.reply.p99" "Stage reply, p99" "reply p99" Millis Lower |r| r.stages_ms.get("reply").and_then(|stage| stage.p99);
    Consensus "per_tx.messages" "Messages per transaction" "msg/tx" Mean Lower |r| per_tx(r, r.per_block.messages);
    Consensus "per_tx.bytes" "Bytes per transaction" "bytes/tx" Bytes Lower |r| per_tx(r, r.per_block.bytes);
    Resources "per_tx.cpu_ms" "CPU per transaction, all replicas" "cpu/tx" Millis Lower |r| cpu_per_tx(r);
    Resources "per_tx.energy_joule" "Energy of mining per transaction" "energy/tx" Joules Lower |r| energy_per_tx(r);
}

/// A mean per block, per transaction of it.
fn per_tx(record: &RunRecord, per_block: f64) -> Option<f64> {
    (record.per_block.txs > 0.0).then(|| per_block / record.per_block.txs)
}

/// What a protocol counted.
fn counted(record: &RunRecord, what: &str) -> Option<f64> {
    record.counts.get(what).map(|&count| count as f64)
}

/// Per second of measured time.
fn per_second(record: &RunRecord, number: u64) -> Option<f64> {
    let seconds = record.load.measured_seconds;
    (seconds > 0.0).then(|| number as f64 / seconds)
}

/// Whether some replica is correct: blocks are seen where one commits them.
fn is_watched(record: &RunRecord) -> bool {
    let faulty = adversary::faulty(&record.plan).len();
    faulty < record.plan.replicas().max(1)
}

/// Committed blocks that Byzantine replicas proposed, of all.
fn adversary_share(record: &RunRecord) -> Option<f64> {
    if !is_watched(record) {
        return None;
    }
    // Builds that count from zero always have it; older ones left a zero out.
    let own = counted(record, adversary::BLOCKS)
        .or_else(|| (!adversary::faulty(&record.plan).is_empty()).then_some(0.0))?;
    Some(own / (record.heights as f64).max(1.0))
}

/// A figure per block whose fate is settled.
fn per_settled(record: &RunRecord, part: fn(&RunRecord) -> Option<f64>) -> Option<f64> {
    let settled = counted(record, "blocks-settled").filter(|&settled| settled > 0.0)?;
    Some(part(record)? / settled)
}

/// What a protocol counted as spent on proofs of work over the whole run, per
/// transaction executed in it.
fn energy_per_tx(record: &RunRecord) -> Option<f64> {
    let spent = *record.counts.get("energy-joule")? as f64;
    let done = record.storage.executed_txs;
    (done > 0).then(|| spent / done as f64)
}

/// Core milliseconds that all replicas together spend on a transaction.
fn cpu_per_tx(record: &RunRecord) -> Option<f64> {
    let cores = f64::from(record.plan.machine.cores);
    let replicas = record
        .machines
        .iter()
        .filter(|machine| machine.role == "replica");
    let busy: f64 = replicas.map(|machine| machine.cpu * cores).sum();
    let done = (record.load.finalised + record.load.rejected) as f64;
    (cores > 0.0 && done > 0.0).then(|| busy * record.load.measured_seconds * 1_000.0 / done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_find_their_metric() {
        let id = |name| Metric::of_target(name).map(|metric| metric.id);
        assert_eq!(id("goodput_tps"), Some("load.goodput_tps"));
        assert_eq!(id("finality_ms_p99"), Some("finality_ms.p99"));
        assert_eq!(id("finality_p99"), Some("finality_ms.p99"));
        assert_eq!(id("p99"), Some("finality_ms.p99"));
        assert_eq!(id("no_such"), None);
    }

    #[test]
    fn paths_are_unique() {
        let all = || METRICS.iter().chain(FINER);
        let mut ids: Vec<_> = all().map(|metric| metric.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all().count());
    }
}
