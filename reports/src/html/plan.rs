//! The plan in words: what all runs of a scenario share, once, and what tells
//! them apart, as a table.

use std::collections::BTreeSet;

use groma_experiment::plan::{
    ClientPlace, CryptoMode, Lanes, LoadPlan, PhasePlan, Plan, RepliesPer, Scheme, SubmitTo,
    TransactionCrypto,
};
use maud::{Markup, html};

use super::parts::{name, runs_of};
use crate::compare::{Comparison, Run, Scenario, bound};
use crate::describe::{
    dissemination, expectation, fault_text, latency, phase, seating, share, sharing, transport,
};
use crate::format::{bit_rate, count, exact, size, span, unbroken};

/// Columns of differences that fit a page; more are left to `run.json`.
const COLUMNS: usize = 6;

/// One value of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fact {
    heading: &'static str,
    name: String,
    value: String,
}

/// The plans of all scenarios.
pub fn section(comparison: &Comparison) -> Markup {
    html! {
        section id="plan" {
            h2 { "Plan" }
            p.note { "A plan hides nothing: these values, with the build, decide every exact figure of this report." }
            @for scenario in &comparison.scenarios {
                @if comparison.scenarios.len() > 1 { h3 style="margin-top:1rem" { (scenario.name) } }
                (one(comparison, scenario))
            }
        }
    }
}

fn one(comparison: &Comparison, scenario: &Scenario) -> Markup {
    let runs = runs_of(comparison, scenario);
    let plans: Vec<Vec<Fact>> = runs
        .iter()
        .map(|run| facts(&run.source.record.plan))
        .collect();
    let Some(first) = plans.first() else {
        return html! {};
    };
    let shared: Vec<&Fact> = first
        .iter()
        .filter(|fact| plans.iter().all(|plan| plan.contains(fact)))
        .collect();
    let mut headings: Vec<&str> = shared.iter().map(|fact| fact.heading).collect();
    headings.dedup();
    html! {
        @if runs.len() > 1 { (differences(comparison, runs, &plans, &shared)) }
        details open {
            summary { @if runs.len() > 1 { "What all runs share" } @else { "The whole plan" } }
            div.plan {
                @for heading in headings {
                    div {
                        h4 { (heading) }
                        dl.pairs {
                            @for fact in shared.iter().filter(|fact| fact.heading == heading) {
                                dt { (fact.name) } dd { (unbroken(&fact.value)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn differences(
    comparison: &Comparison,
    runs: &[Run],
    plans: &[Vec<Fact>],
    shared: &[&Fact],
) -> Markup {
    let mut seen = BTreeSet::new();
    let names: Vec<(&str, &str)> = plans
        .iter()
        .flatten()
        .filter(|fact| !shared.contains(fact))
        .map(|fact| (fact.heading, fact.name.as_str()))
        .filter(|place| seen.insert(*place))
        .collect();
    let value = |plan: &[Fact], place: (&str, &str)| {
        plan.iter()
            .filter(|fact| (fact.heading, fact.name.as_str()) == place)
            .map(|fact| fact.value.clone())
            .collect::<Vec<_>>()
            .join("; ")
    };
    html! {
        @if names.is_empty() {
            p.note { "The plans of these runs are equal." }
        } @else {
            h4 style="margin-top:.6rem" { "What tells the runs apart" }
            table {
                thead { tr { th { "Run" } @for (heading, name) in names.iter().take(COLUMNS) { th { (heading) ": " (name) } } } }
                tbody { @for (run, plan) in runs.iter().zip(plans) { tr {
                    td { (self::name(comparison, run)) }
                    @for place in names.iter().take(COLUMNS) {
                        @let text = value(plan, *place);
                        td.name { @if text.is_empty() { "–" } @else { (text) } }
                    }
                } } }
            }
            @if names.len() > COLUMNS {
                p.note { (names.len() - COLUMNS) " further differences are in each run's " code { "run.json" } "." }
            }
        }
    }
}

fn facts(plan: &Plan) -> Vec<Fact> {
    let mut list = List {
        heading: "",
        facts: Vec::new(),
    };
    committee(&mut list, plan);
    protocol(&mut list, plan);
    load(&mut list, plan);
    network(&mut list, plan);
    machine(&mut list, plan);
    costs(&mut list, plan);
    clients(&mut list, plan);
    list.facts
}

struct List {
    heading: &'static str,
    facts: Vec<Fact>,
}

impl List {
    fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.facts.push(Fact {
            heading: self.heading,
            name: name.into(),
            value: value.into(),
        });
    }
}

fn committee(list: &mut List, plan: &Plan) {
    list.heading = "Committee";
    let regions: Vec<String> = plan
        .committee
        .iter()
        .map(|region| format!("{} {}", region.region, region.replicas))
        .collect();
    list.add(
        "replicas",
        format!("{}: {}", plan.replicas(), regions.join(", ")),
    );
    list.add("seats", seating(plan.seating));
    list.add("on a machine", count(u64::from(plan.replicas_per_machine)));
    list.add("seed", plan.seed.to_string());
    list.add("expected", expectation(plan));
}

fn protocol(list: &mut List, plan: &Plan) {
    list.heading = "Protocol and batches";
    list.add("protocol", plan.protocol.name.clone());
    for (name, value) in &plan.protocol.params {
        list.add(name.clone(), value.clone());
    }
    list.add(
        "batch",
        format!(
            "closes at {} transactions, {} or {}",
            count(u64::from(plan.batch.max_txs)),
            size(u64::from(plan.batch.max_bytes)),
            span(plan.batch.max_wait_ns)
        ),
    );
    list.add(
        "mempool",
        format!(
            "{} transactions a replica",
            count(u64::from(plan.mempool_max_txs))
        ),
    );
    list.add("bodies", dissemination(plan.dissemination));
}

fn load(list: &mut List, plan: &Plan) {
    list.heading = "Load, faults and targets";
    let parts = &plan.workload.mix;
    let whole: u64 = parts.iter().map(|part| u64::from(part.share_milli)).sum();
    let mix: Vec<String> = parts
        .iter()
        .map(|part| match parts.len() {
            1 => part.workload.clone(),
            _ => {
                let milli = u64::from(part.share_milli) * 1_000 / whole.max(1);
                format!("{} {}", part.workload, share(milli as u32))
            }
        })
        .collect();
    list.add("workload", mix.join(", "));
    let settled = plan.committee.iter().filter(|region| region.people > 0);
    let people: Vec<String> = settled
        .map(|region| format!("{} {}", region.region, count(region.people)))
        .collect();
    list.add(
        "population",
        match people.len() {
            0 => count(plan.population),
            _ => format!("{}: {}", count(plan.population), people.join(", ")),
        },
    );
    if plan.scale_milli != 1_000 {
        list.add("scale", exact(plan.scale_milli, 1_000));
    }
    phases(list, plan);
    list.add("drain", span(plan.drain_ns));
    for (index, fault) in plan.faults.iter().enumerate() {
        list.add(format!("fault {}", index + 1), fault_text(plan, fault));
    }
    for target in &plan.targets {
        let (name, bound) = bound(&target.metric, target.target, target.at_least);
        list.add(name, bound);
    }
}

/// More phases than this are those of a calendar or a curve, and are told together.
const TOLD: usize = 12;

fn phases(list: &mut List, plan: &Plan) {
    if plan.load.len() <= TOLD {
        for (index, entry) in plan.load.iter().enumerate() {
            list.add(format!("phase {}", index + 1), phase(entry));
        }
        return;
    }
    let sum = |of: fn(&PhasePlan) -> u64| plan.load.iter().map(of).sum::<u64>();
    let (played, truth) = (sum(|phase| phase.for_ns), sum(|phase| phase.stands_for_ns));
    let rates = plan.load.iter().filter_map(|phase| match phase.load {
        LoadPlan::Open {
            from_mtps, to_mtps, ..
        } => Some((from_mtps.min(to_mtps), from_mtps.max(to_mtps))),
        _ => None,
    });
    let (least, most) = rates.fold((u64::MAX, 0), |(least, most), (low, high)| {
        (least.min(low), most.max(high))
    });
    let mut text = format!("{} phases in {}", plan.load.len(), span(played));
    if truth != played {
        text.push_str(&format!(", which stand for {}", span(truth)));
    }
    if most > 0 {
        text.push_str(&format!(
            "; {} to {} TPS",
            exact(least, 1_000),
            exact(most, 1_000)
        ));
    }
    list.add("load", text);
}

fn network(list: &mut List, plan: &Plan) {
    list.heading = "Network";
    list.add("network", plan.network.name.clone());
    list.add("source", plan.network.source.clone());
    let regions = plan.committee.len();
    for from in 0..regions {
        for to in from..regions {
            let law = |a: usize, b: usize| plan.network.links.get(a * regions + b).map(latency);
            let (Some(there), Some(back)) = (law(from, to), law(to, from)) else {
                continue;
            };
            let (a, b) = (&plan.committee[from].region, &plan.committee[to].region);
            if from == to {
                list.add(format!("within {a}"), there);
            } else if there == back {
                list.add(format!("{a} – {b}"), there);
            } else {
                list.add(format!("{a} → {b}"), there);
                list.add(format!("{b} → {a}"), back);
            }
        }
    }
    list.add(
        "jitter",
        format!("{} a message", span(plan.network.jitter_ns)),
    );
    list.add("transport", transport(plan.network.transport));
    list.add("interfaces", sharing(plan.network.sharing));
    list.add(
        "loss",
        format!(
            "{} in a million messages",
            count(u64::from(plan.network.loss_ppm))
        ),
    );
    list.add(
        "frames",
        match plan.network.mtu_bytes {
            0 => "one a message".to_owned(),
            bytes => format!("one a packet of {}", size(u64::from(bytes))),
        },
    );
}

fn machine(list: &mut List, plan: &Plan) {
    list.heading = "Machine";
    let machine = &plan.machine;
    list.add("machine", machine.name.clone());
    list.add("source", machine.source.clone());
    list.add(
        "cores",
        match machine.cores {
            0 => "CPU is free".to_owned(),
            cores => cores.to_string(),
        },
    );
    list.add(
        "lanes",
        match machine.lanes {
            Lanes::Parted => "intake, verification, consensus and execution side by side",
            Lanes::OneLoop => "one event loop",
        }
        .to_owned(),
    );
    list.add("egress", bit_rate(machine.egress_bps));
    list.add("ingress", bit_rate(machine.ingress_bps));
    list.add("flush", span(machine.fsync_ns));
    list.add(
        "disk",
        match machine.disk_bytes_per_s {
            0 => "unlimited".to_owned(),
            rate => format!("{} MB/s", exact(rate, 1_000_000)),
        },
    );
}

fn costs(list: &mut List, plan: &Plan) {
    list.heading = "Price list";
    let costs = &plan.costs;
    list.add("prices", costs.name.clone());
    list.add("source", costs.source.clone());
    list.add("sign", span(costs.sign_ns));
    list.add(
        "verify",
        format!(
            "{}; in a batch {}",
            span(costs.verify_ns),
            span(costs.verify_batch_ns)
        ),
    );
    let with_bytes =
        |fixed: u64, ps: u64| format!("{} and {} ns a byte", span(fixed), exact(ps, 1_000));
    list.add("hash", with_bytes(costs.hash_ns, costs.hash_byte_ps));
    list.add(
        "message",
        with_bytes(costs.message_ns, costs.message_byte_ps),
    );
    list.add(
        "transaction",
        format!(
            "admit {}, execute {}, {} a record of the root",
            span(costs.admit_ns),
            span(costs.execute_ns),
            span(costs.root_ns)
        ),
    );
}

fn reply(plan: &Plan) -> String {
    let bytes = size(u64::from(plan.client.reply_bytes));
    match plan.client.replies {
        RepliesPer::Block => format!("{bytes}, those of a block together"),
        RepliesPer::Transaction => format!("{bytes}, each by itself"),
    }
}

fn clients(list: &mut List, plan: &Plan) {
    list.heading = "Clients and limits";
    list.add(
        "gateways",
        format!(
            "{} a region, {} each",
            plan.client.gateways_per_region,
            bit_rate(plan.client.gateway_bps)
        ),
    );
    list.add(
        "place",
        match plan.client.place {
            ClientPlace::InRegions => "in the regions".to_owned(),
            ClientPlace::Apart { one_way_ns } => {
                format!("{} from every replica, one way", span(one_way_ns))
            }
        },
    );
    list.add(
        "request",
        match plan.client.request_bytes {
            0 => "as the workload has it".to_owned(),
            bytes => size(u64::from(bytes)),
        },
    );
    list.add(
        "batched by",
        match plan.client.submit_to {
            SubmitTo::Spread => "the replicas of the region",
            SubmitTo::First => "the first replica",
        }
        .to_owned(),
    );
    list.add("reply", reply(plan));
    list.add(
        "resend",
        match plan.client.resend_after_ns {
            0 => "never".to_owned(),
            ns => format!("after {}", span(ns)),
        },
    );
    let Scheme::Ed25519 = plan.crypto.scheme;
    let mode = match plan.crypto.mode {
        CryptoMode::Real => "computed",
        CryptoMode::Modelled => "priced, not computed",
    };
    list.add(
        "signatures",
        format!(
            "Ed25519, {mode}; {} keys; transactions are {}",
            count(u64::from(plan.crypto.keys)),
            match plan.crypto.transactions {
                TransactionCrypto::Signed => "signed",
                TransactionCrypto::Unsigned => "not signed",
            }
        ),
    );
    list.add(
        "limits",
        format!(
            "{} events, {} blocks kept",
            count(plan.limits.max_events),
            count(u64::from(plan.limits.retain_blocks))
        ),
    );
}
