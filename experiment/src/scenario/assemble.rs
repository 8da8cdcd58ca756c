//! From a tree to a plan: every section read, every value present.

use std::collections::BTreeMap;

use super::catalogue::{Catalogue, Item};
use super::diagnostic::Problem;
use super::keys::{CHECKS, COSTS, EXPECT, MACHINE, MAX_REGIONS, MAX_REPLICAS, SCENARIO};
use super::network::Wanted;
use super::people::{self, People};
use super::section::{Reported, Section, Sink, read_number, read_text};
use super::shape::{Need, Shape};
use super::tree::{Node, Value};
use super::{fault, load, network, origin, protocol};
use crate::plan::{
    BatchPlan, ClientPlace, ClientPlan, CostPlan, CryptoMode, CryptoPlan, Dissemination, Expect,
    FaultPlan, Lanes, LimitPlan, MachinePlan, NetworkPlan, PhasePlan, Plan, RegionPlan, RepliesPer,
    Scheme, Seating, SubmitTo, TargetPlan, TransactionCrypto,
};
use crate::registry::{ProtocolEntry, Registry};
use crate::seats::seats;

/// Reads one plan. Sections are all read before the first failure returns, so
/// that one look shows all that is wrong.
pub(crate) fn plan(
    root: &Node,
    variation: &[(String, String)],
    catalogue: &Catalogue,
    registry: &Registry,
    sink: &Sink,
) -> Result<Plan, Reported> {
    let section = Section::open(root, &SCENARIO, sink)?;
    let (name, why) = (section.text("name"), section.text("why"));
    let (seed, people) = (section.number("seed"), people::read(&section));
    let scale = section.number("scale");
    let machine = item(&section, "machine", catalogue).and_then(|item| machine(&item, sink));
    let costs = item(&section, "costs", catalogue).and_then(|item| costs(&item, sink));
    let replicas_per_machine = section.small("replicas_per_machine");
    let protocol = section.node("protocol");
    let protocol = protocol.and_then(|node| protocol::protocol(node, registry, sink));
    let workload = section.node("workload");
    let workload = workload.and_then(|node| protocol::workload(node, sink));
    let mempool = section.section("mempool");
    let (batch, mempool) = (
        batch(&section),
        mempool.and_then(|inner| inner.small("max_txs")),
    );
    let (crypto, client) = (crypto(&section), client(&section));
    let (dissemination, expect) = (dissemination(&section), expect(&section));
    let (targets, limits) = (targets(&section), limits(&section));
    let seating = seating(&section);
    let order = (seating.as_ref().ok().copied(), seed.as_ref().ok().copied());
    let ordered = protocol.as_ref().ok();
    let known = ordered.and_then(|protocol| registry.find(&protocol.name));
    let city = load::City {
        population: people.as_ref().ok().map(People::all),
        workload: workload.as_ref().ok(),
        scale_milli: scale?,
        beside: catalogue.folder(),
        apart: Vec::new(),
    };
    let course = course(&section, catalogue, &city, order, known);
    let (people, mut course) = (people?, course?);
    people.settle(&section, &mut course.committee)?;
    let (expect, breaks) = expect?;
    Ok(Plan {
        name: name?.to_owned(),
        why: why?.trim().to_owned(),
        variation: variation.iter().cloned().collect::<BTreeMap<_, _>>(),
        seed: seed?,
        committee: course.committee,
        seating: seating?,
        network: course.network,
        machine: machine?,
        replicas_per_machine: replicas_per_machine?,
        costs: costs?,
        protocol: protocol?,
        batch: batch?,
        mempool_max_txs: mempool?,
        workload: workload?.standing_apart(course.apart),
        population: people.all(),
        scale_milli: scale?,
        load: course.load,
        faults: course.faults,
        drain_ns: course.drain_ns,
        crypto: crypto?,
        dissemination: dissemination?,
        client: client?,
        targets: targets?,
        expect,
        breaks,
        limits: limits?,
    })
}

/// Who stands where, and what happens to them when: the parts of a plan that
/// are checked against each other.
struct Course {
    network: NetworkPlan,
    committee: Vec<RegionPlan>,
    load: Vec<PhasePlan>,
    apart: Vec<String>,
    drain_ns: u64,
    faults: Vec<FaultPlan>,
}

fn course(
    section: &Section<'_>,
    catalogue: &Catalogue,
    city: &load::City<'_>,
    order: (Option<Seating>, Option<u64>),
    protocol: Option<&ProtocolEntry>,
) -> Result<Course, Reported> {
    let places = places(section, catalogue);
    let (load, drain_ns) = (load::read(section, city), section.number("drain"));
    let (load, drain_ns, (network, committee)) = (load?, drain_ns?, places?);
    // Where the order could not be read, any will do to check the faults.
    let (seating, seed) = (order.0.unwrap_or(Seating::ByRegion), order.1.unwrap_or(0));
    let scene = fault::Scene {
        protocol,
        committee: &committee,
        seats: seats(&committee, seating, seed),
        horizon_ns: load.length_ns() + drain_ns,
        days: &load.days,
    };
    Ok(Course {
        faults: fault::read(section, &scene)?,
        network,
        committee,
        load: load.phases,
        apart: load.apart,
        drain_ns,
    })
}

/// The committee's regions and the latencies between them.
fn places(
    section: &Section<'_>,
    catalogue: &Catalogue,
) -> Result<(NetworkPlan, Vec<RegionPlan>), Reported> {
    let item = item(section, "network", catalogue);
    let node = section.node("committee")?;
    let Shape::Map(Shape::Number(bounds)) = SCENARIO.key("committee").shape else {
        panic!("`committee` is declared as a map of numbers");
    };
    let entries = match &node.value {
        Value::Map(entries) if !entries.is_empty() => entries,
        _ => {
            let message = format!("a committee cannot be {}", node.found());
            let problem = Problem::new(node.span, message);
            return Err(
                section.report(problem.expected("replicas by region, such as { shenzhen: 4 }"))
            );
        }
    };
    if entries.len() > MAX_REGIONS {
        let problem = Problem::new(
            node.span,
            format!("a committee of {} regions", entries.len()),
        );
        return Err(section.report(problem.expected(format!("at most {MAX_REGIONS}"))));
    }
    let mut wanted = Vec::new();
    let mut failed = None;
    for entry in entries {
        match read_number(&entry.value, *bounds, &entry.key) {
            Ok(replicas) => wanted.push(Wanted {
                entry,
                replicas: u32::try_from(replicas).expect("the bounds of `committee` fit 32 bits"),
            }),
            Err(problem) => failed = Some(section.report(problem)),
        }
    }
    let total: u64 = wanted.iter().map(|wanted| u64::from(wanted.replicas)).sum();
    if total > MAX_REPLICAS {
        let problem = Problem::new(node.span, format!("the committee has {total} replicas"));
        failed = Some(section.report(problem.expected(format!("at most {MAX_REPLICAS}"))));
    }
    if let Some(reported) = failed {
        return Err(reported);
    }
    network::read(&item?, &wanted, section.sink)
}

/// The entry of a shelf that the scenario names, gives inline, or leaves to the
/// default.
fn item(section: &Section<'_>, key: &str, catalogue: &Catalogue) -> Result<Item, Reported> {
    let declared = SCENARIO.key(key);
    let Shape::Shelf(shelf) = declared.shape else {
        panic!("`{key}` is declared as a shelf");
    };
    match (section.entry(key), declared.need) {
        (Some(entry), _) if matches!(entry.value.value, Value::Scalar { .. } | Value::Map(_)) => {
            catalogue.item(shelf, &entry.value, section.sink)
        }
        (Some(entry), _) => {
            let message = format!("a {} cannot be {}", shelf.noun(), entry.value.found());
            let problem = Problem::new(entry.value.span, message);
            Err(section.report(problem.expected("a name, or the keys of its file")))
        }
        (None, Need::Default(name)) => {
            catalogue.by_default(shelf, name, section.span, section.sink)
        }
        (None, _) => panic!("`{key}` has a default"),
    }
}

fn machine(item: &Item, sink: &Sink) -> Result<MachinePlan, Reported> {
    let section = Section::open(&item.node, &MACHINE, sink)?;
    let (cores, nic, source) = (
        section.small("cores"),
        section.number("nic"),
        section.text("source"),
    );
    let (egress, ingress) = (
        section.maybe_number("egress"),
        section.maybe_number("ingress"),
    );
    section.node("disk")?;
    let disk = section.section("disk")?;
    let (fsync, write) = (disk.number("fsync"), disk.number("write"));
    let lanes = section.text("lanes");
    let nic = nic?;
    Ok(MachinePlan {
        name: item.name.clone(),
        source: origin(item, source?),
        cores: cores?,
        egress_bps: egress?.unwrap_or(nic),
        ingress_bps: ingress?.unwrap_or(nic),
        fsync_ns: fsync?,
        disk_bytes_per_s: write?,
        lanes: match lanes? {
            "one-loop" => Lanes::OneLoop,
            _ => Lanes::Parted,
        },
    })
}

fn costs(item: &Item, sink: &Sink) -> Result<CostPlan, Reported> {
    let section = Section::open(&item.node, &COSTS, sink)?;
    let source = section.text("source");
    let prices = [
        "sign",
        "verify",
        "verify_batch",
        "hash",
        "hash_byte",
        "message",
        "message_byte",
        "admit",
        "execute",
        "root",
    ]
    .map(|key| section.number(key));
    let [
        sign,
        verify,
        verify_batch,
        hash,
        hash_byte,
        message,
        message_byte,
        admit,
        execute,
        root,
    ] = prices;
    Ok(CostPlan {
        name: item.name.clone(),
        source: origin(item, source?),
        sign_ns: sign?,
        verify_ns: verify?,
        verify_batch_ns: verify_batch?,
        hash_ns: hash?,
        hash_byte_ps: hash_byte?,
        message_ns: message?,
        message_byte_ps: message_byte?,
        admit_ns: admit?,
        execute_ns: execute?,
        root_ns: root?,
    })
}

fn batch(section: &Section<'_>) -> Result<BatchPlan, Reported> {
    let inner = section.section("batch")?;
    let (max_txs, max_bytes, max_wait) = (
        inner.small("max_txs"),
        inner.small("max_bytes"),
        inner.number("max_wait"),
    );
    Ok(BatchPlan {
        max_txs: max_txs?,
        max_bytes: max_bytes?,
        max_wait_ns: max_wait?,
    })
}

fn crypto(section: &Section<'_>) -> Result<CryptoPlan, Reported> {
    let inner = section.section("crypto")?;
    let (scheme, mode, keys) = (
        inner.text("scheme"),
        inner.text("mode"),
        inner.small("keys"),
    );
    let transactions = inner.text("transactions");
    scheme?;
    Ok(CryptoPlan {
        scheme: Scheme::Ed25519,
        mode: match mode? {
            "real" => CryptoMode::Real,
            _ => CryptoMode::Modelled,
        },
        keys: keys?,
        transactions: match transactions? {
            "unsigned" => TransactionCrypto::Unsigned,
            _ => TransactionCrypto::Signed,
        },
    })
}

fn client(section: &Section<'_>) -> Result<ClientPlan, Reported> {
    let inner = section.section("client")?;
    let gateways = inner.small("gateways_per_region");
    let (bandwidth, reply, resend) = (
        inner.number("bandwidth"),
        inner.small("reply_bytes"),
        inner.number("resend_after"),
    );
    let (request, one_way) = (inner.small("request_bytes"), inner.maybe_number("one_way"));
    let (submit_to, replies) = (inner.text("submit_to"), inner.text("replies"));
    Ok(ClientPlan {
        gateways_per_region: gateways?,
        gateway_bps: bandwidth?,
        reply_bytes: reply?,
        resend_after_ns: resend?,
        request_bytes: request?,
        place: match one_way? {
            Some(one_way_ns) => ClientPlace::Apart { one_way_ns },
            None => ClientPlace::InRegions,
        },
        submit_to: match submit_to? {
            "first" => SubmitTo::First,
            _ => SubmitTo::Spread,
        },
        replies: match replies? {
            "transaction" => RepliesPer::Transaction,
            _ => RepliesPer::Block,
        },
    })
}

fn limits(section: &Section<'_>) -> Result<LimitPlan, Reported> {
    let inner = section.section("limits")?;
    let (max_events, retain_blocks) = (inner.number("max_events"), inner.small("retain_blocks"));
    Ok(LimitPlan {
        max_events: max_events?,
        retain_blocks: retain_blocks?,
    })
}

fn dissemination(section: &Section<'_>) -> Result<Dissemination, Reported> {
    Ok(match section.text("dissemination")? {
        "in-proposal" => Dissemination::InProposal,
        "clients-to-all" => Dissemination::ClientsToAll,
        "workers" => Dissemination::Workers,
        _ => Dissemination::Broadcast,
    })
}

fn seating(section: &Section<'_>) -> Result<Seating, Reported> {
    Ok(match section.text("seating")? {
        "by-region" => Seating::ByRegion,
        "interleaved" => Seating::Interleaved,
        _ => Seating::Shuffled,
    })
}

/// The verdict, and the checks that must find a violation.
fn expect(section: &Section<'_>) -> Result<(Expect, Vec<String>), Reported> {
    let Some(entry) = section.entry("expect") else {
        return Ok((Expect::Sustained, Vec::new()));
    };
    match entry.value.text() {
        Some("sustained") => return Ok((Expect::Sustained, Vec::new())),
        Some("unsustained") => return Ok((Expect::Unsustained, Vec::new())),
        Some("violated") => return Ok((Expect::Violated, Vec::new())),
        None if matches!(entry.value.value, Value::Map(_)) => {}
        _ => {
            let message = format!("`expect` cannot be {}", entry.value.found());
            let problem = Problem::new(entry.value.span, message);
            let words = "sustained, unsustained, violated, or { violated: [CHECK, ...] }";
            return Err(section.report(problem.expected(words)));
        }
    }
    let named = Section::open(&entry.value, &EXPECT, section.sink)?;
    named.chosen()?;
    let checks = named.list("violated")?.iter().map(|node| {
        read_text(node, Shape::Choice(CHECKS), "violated")
            .map_err(|problem| section.report(problem))
    });
    let checks: Vec<&str> = checks.collect::<Result<_, _>>()?;
    Ok((
        Expect::Violated,
        checks.into_iter().map(str::to_owned).collect(),
    ))
}

/// Targets as metrics of the result: `finality_p99: 1s` is `finality_ms_p99`
/// of at most 1,000.
fn targets(section: &Section<'_>) -> Result<Vec<TargetPlan>, Reported> {
    let inner = section.section("target")?;
    let mut targets = Vec::new();
    let mut failed = None;
    for entry in inner.entries() {
        // An unknown key was reported when the section was opened.
        let known = super::keys::TARGET.names().any(|name| name == entry.key);
        let bound = if known {
            inner.number(&entry.key)
        } else {
            continue;
        };
        let bound = match bound {
            Ok(bound) => bound,
            Err(reported) => {
                failed = Some(reported);
                continue;
            }
        };
        targets.push(match entry.key.split_once('_') {
            Some((latency @ ("finality" | "commit" | "consensus"), figure)) => TargetPlan {
                metric: format!("{latency}_ms_{figure}"),
                target: bound as f64 / 1e6,
                at_least: false,
            },
            _ if entry.key == "success" => TargetPlan {
                metric: entry.key.clone(),
                target: bound as f64 / 1e6,
                at_least: true,
            },
            _ => TargetPlan {
                metric: entry.key.clone(),
                target: bound as f64 / 1e3,
                at_least: true,
            },
        });
    }
    let asked = targets.iter().any(|target| target.metric == "success");
    if let (false, Some(mark)) = (asked, load::pass_mark(section)) {
        targets.push(TargetPlan {
            metric: "success".to_owned(),
            target: mark as f64 / 1e6,
            at_least: true,
        });
    }
    failed.map_or(Ok(targets), Err)
}
