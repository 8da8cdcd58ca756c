//! How to get the same figures again, what the host did, and what the words
//! mean.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::parts::name;
use crate::compare::Comparison;
use crate::findings::Findings;
use crate::format::{Unit, count};

/// How to reproduce every run.
pub fn again(comparison: &Comparison, findings: &Findings) -> Markup {
    let builds: BTreeSet<&str> = comparison
        .runs
        .iter()
        .map(|run| run.source.host.build.as_str())
        .collect();
    let first = comparison.runs.first().map_or("KEY", |run| run.key());
    let command = findings.command(first);
    html! {
        section id="again" {
            h2 { "How to reproduce" }
            p.note {
                "Each " code { "run.json" } " holds its whole plan. From the folder of this report, one run again, with the same build:"
            }
            pre { code { (command) " --out again" } }
            p.note {
                "The key names the plan, the fingerprint the order of all deliveries: if the key, the build and the fingerprint are the same, so is every exact figure."
                @if builds.len() > 1 { " " b.bad { "The runs come from different builds, so differences between them may be the code's." } }
            }
            div.scroll { table.runs {
                thead { tr {
                    th { "Run" } th { "Key" } th { "Fingerprint" } th { "Build" }
                } }
                tbody { @for run in &comparison.runs { tr {
                    td { (name(comparison, run)) }
                    td { code { (run.key()) } }
                    td { code { (run.source.record.fingerprint) } }
                    td { code { (short(&run.source.host.build)) } }
                } } }
            } }
            h3 style="margin-top:1.2rem" { "The host (noisy: never compare these as results)" }
            p.note { "Wall clock and memory of the machine that ran the simulation; they differ from one time to the next." }
            div.scroll { table.runs {
                thead { tr {
                    th { "Run" } th.num { "wall, s" } th.num { "virtual, s" } th.num { "times real time" }
                    th.num { "events" } th.num { "events/s" } th.num { "peak memory" } th { "Processor, threads" }
                } }
                tbody { @for run in &comparison.runs { (host(comparison, run)) } }
            } }
        }
    }
}

fn host(comparison: &Comparison, run: &crate::compare::Run) -> Markup {
    let host = &run.source.host;
    let speed = host.virtual_seconds / host.wall_seconds;
    let plain = |value: f64| Unit::Mean.scale(value).number(value);
    html! {
        tr {
            td { (name(comparison, run)) }
            td.num { (plain(host.wall_seconds)) }
            td.num { (plain(host.virtual_seconds)) }
            td.num { (plain(speed)) }
            td.num { (count(host.events)) }
            td.num { (plain(host.events_per_second)) }
            td.num { (Unit::Bytes.spell(host.peak_rss_bytes as f64)) }
            td { (host.cpu_model) ", " (host.threads) }
        }
    }
}

fn short(build: &str) -> String {
    build.chars().take(16).collect()
}

const WORDS: [(&str, &str); 14] = [
    (
        "offered load",
        "Transactions intended per second of measured time: submitted and shed together. The load is open: it does not wait for replies.",
    ),
    (
        "goodput, TPS",
        "Transactions applied whose finality falls in the measured time, per second of it. Refused transactions do not count. While a backlog of earlier time is worked off, it exceeds the offered load.",
    ),
    (
        "finality latency",
        "From the intended send time of a transaction to the moment at which the client holds enough equal replies. Waiting before sending counts too.",
    ),
    (
        "commit, consensus",
        "Commit latency ends at the first correct replica's commit; consensus latency runs from a block's creation to its first commit.",
    ),
    (
        "stages",
        "submit: to a replica; batch: to the close of its batch; order: to the block that orders it; consensus: to the first commit; execute: to execution at the replica whose reply completes finality; reply: to the client.",
    ),
    (
        "p50, p99, p99.9",
        "The value that 50 %, 99 % or 99.9 % of the transactions do not exceed, from one histogram of them all; percentiles are never averaged.",
    ),
    (
        "sustained",
        "At least 99 % of what was offered ends final or refused by a rule, the backlog does not grow, and p99 is within its target.",
    ),
    (
        "refused, shed, expired",
        "Refused by a rule of the ledger (an answer); refused by a full queue; not final before the end. All stay in the denominator.",
    ),
    (
        "backlog",
        "Transactions intended, but neither final nor refused nor shed, at the end of a second.",
    ),
    (
        "verdict",
        "pass: sustained and every target met; missed: sustained, but a target missed; unsustained; violated: an invariant broke.",
    ),
    (
        "egress, ingress",
        "Busy share of a machine's outgoing or incoming link. A link serves messages in order of arrival (FIFO) unless the plan says max-min fair, replies to clients included.",
    ),
    (
        "CPU",
        "Busy core time over available core time. The work is counted by the real code and priced by the price list of the plan.",
    ),
    (
        "warm-up, drain",
        "Time whose transactions count in no summary figure; after the load has ended, what is unfinished may still become final.",
    ),
    (
        "exact, noisy",
        "Counts and virtual times are equal on every machine; wall clock and memory are not, and stand apart.",
    ),
];

/// The words of this page.
pub fn words() -> Markup {
    html! {
        section id="words" {
            h2 { "Words" }
            dl.words {
                @for (word, meaning) in WORDS { div { dt { (word) } dd { (meaning) } } }
            }
        }
    }
}
