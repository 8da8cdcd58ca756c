//! Reading a network: laws of latency between the regions of a committee.

use super::catalogue::Item;
use super::diagnostic::Problem;
use super::keys::{LAW, MAX_LINKS, MAX_NETWORK_REGIONS, NETWORK};
use super::section::{Reported, Section, Sink, read_number};
use super::shape::{Number, Shape};
use super::source::Span;
use super::suggest::instead;
use super::tree::{Entry, Node, Value, shorten};
use super::{links, unit};
use crate::plan::{LatencyPlan, NetworkPlan, RegionPlan, SharingPlan, TransportPlan};

/// Round trip within a region where nothing else is said, halved: 0.2 ms, the
/// middle of the 0.147 to 0.25 ms measured within AWS regions.
const INTRA_ONE_WAY: u64 = 100_000;

/// TCP as Linux has it: ten segments of 1,460 B at first (RFC 6928), at least 200 ms
/// beyond a round trip until a timeout.
const fn tcp(most_bytes: u64) -> TransportPlan {
    TransportPlan::Tcp {
        initial_bytes: 14_600,
        most_bytes,
        patience_ns: 200_000_000,
    }
}

/// A cell of a matrix: any latency up to a minute.
const CELL: Number = Number {
    unit: unit::Unit::Milliseconds,
    min: 0,
    max: 60_000_000_000,
    zero: None,
};

/// Median one-way latency of a link, with its 90th percentile where known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Latency {
    pub(crate) p50: u64,
    pub(crate) p90: Option<u64>,
}

impl Latency {
    fn plan(self) -> LatencyPlan {
        match self.p90 {
            Some(p90_ns) if p90_ns > self.p50 && self.p50 > 0 => LatencyPlan::LogNormal {
                p50_ns: self.p50,
                p90_ns,
            },
            _ => LatencyPlan::Constant { ns: self.p50 },
        }
    }
}

/// A region asked for by the committee.
pub(crate) struct Wanted<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) replicas: u32,
}

/// Reads a network for the regions of a committee, which get the network's
/// spelling.
pub(crate) fn read(
    item: &Item,
    wanted: &[Wanted<'_>],
    sink: &Sink,
) -> Result<(NetworkPlan, Vec<RegionPlan>), Reported> {
    let section = Section::open(&item.node, &NETWORK, sink)?;
    let names = names(&section)?;
    let table = latencies(&section, &names);
    let intra = section.maybe_number("intra_rtt");
    let (jitter_ns, loss) = (section.number("jitter"), section.small("loss"));
    let (stretch, mtu) = (section.number("stretch"), section.small("mtu"));
    let (transport, max_window) = (section.text("transport"), section.number("max_window"));
    let (overhead, sharing) = (section.number("overhead"), section.text("sharing"));
    let (up, down) = (
        access(&section, "up", names.len()),
        access(&section, "down", names.len()),
    );
    let places = places(&names, wanted, &item.name, sink);
    let source = section.text("source")?;
    let (mut table, places) = (table?, places?);
    if let Some(rtt) = intra? {
        table.within = Some(rtt / 2);
    }
    let stretch = stretch?;
    let (up, down) = (up?, down?);
    let mut links = Vec::with_capacity(places.len() * places.len());
    for &from in &places {
        for &to in &places {
            let link = table.link(from, to);
            // Distance is what is stretched; a data centre stays as it is.
            links.push(if from == to {
                link
            } else {
                stretched(link, stretch)
            });
        }
    }
    let committee = places
        .iter()
        .zip(wanted)
        .map(|(&place, wanted)| RegionPlan {
            region: names
                .get(place)
                .map_or_else(|| wanted.entry.key.clone(), |(name, _)| name.clone()),
            replicas: wanted.replicas,
            up_bps: up.get(place).copied().unwrap_or(0),
            down_bps: down.get(place).copied().unwrap_or(0),
            people: 0,
        })
        .collect();
    let plan = NetworkPlan {
        name: item.name.clone(),
        source: super::origin(item, source),
        links,
        jitter_ns: jitter_ns?,
        loss_ppm: loss?,
        overhead_ns: overhead?,
        transport: match transport? {
            "tcp" => tcp(max_window?),
            _ => TransportPlan::Unlimited,
        },
        sharing: match sharing? {
            "max-min" => SharingPlan::MaxMin,
            _ => SharingPlan::Fifo,
        },
        mtu_bytes: mtu?,
    };
    Ok((plan, committee))
}

/// The bandwidths of the regions' access lines; none where left out.
fn access(section: &Section<'_>, key: &str, regions: usize) -> Result<Vec<u64>, Reported> {
    let nodes = section.list(key)?;
    if let (false, Some(entry)) = (
        nodes.is_empty() || nodes.len() == regions,
        section.entry(key),
    ) {
        let message = format!("`{key}` has {} entries", nodes.len());
        let problem = Problem::new(entry.key_span, message);
        return Err(section.report(problem.expected(format!("one for each of {regions} regions"))));
    }
    let Shape::List(Shape::Number(bounds)) = NETWORK.key(key).shape else {
        panic!("`{key}` is declared as a list of numbers");
    };
    let read = |node| read_number(node, *bounds, key).map_err(|problem| section.report(problem));
    nodes.iter().map(read).collect()
}

/// A law whose every draw is so many thousandths as long.
fn stretched(law: LatencyPlan, milli: u64) -> LatencyPlan {
    let longer = |ns: u64| {
        let ns = u128::from(ns) * u128::from(milli) / 1_000;
        u64::try_from(ns).expect("a minute times a hundred fits")
    };
    match law {
        LatencyPlan::Constant { ns } => LatencyPlan::Constant { ns: longer(ns) },
        LatencyPlan::Uniform { low_ns, high_ns } => LatencyPlan::Uniform {
            low_ns: longer(low_ns),
            high_ns: longer(high_ns),
        },
        LatencyPlan::Normal { mean_ns, sd_ns } => LatencyPlan::Normal {
            mean_ns: longer(mean_ns),
            sd_ns: longer(sd_ns),
        },
        LatencyPlan::LogNormal { p50_ns, p90_ns } => Latency {
            p50: longer(p50_ns),
            p90: Some(longer(p90_ns)),
        }
        .plan(),
        // The index has no unit: only the smallest value is a length.
        LatencyPlan::Pareto {
            min_ns,
            shape_milli,
        } => LatencyPlan::Pareto {
            min_ns: longer(min_ns),
            shape_milli,
        },
        LatencyPlan::PerMessage(each) => LatencyPlan::PerMessage(Box::new(stretched(*each, milli))),
    }
}

/// The latencies of a network, by index of region.
enum Between {
    Matrix(Vec<Vec<Latency>>, Option<Tail>),
    Everywhere(LatencyPlan),
}

struct Table {
    between: Between,
    /// One way within a region; the matrix's diagonal where `None`.
    within: Option<u64>,
}

impl Table {
    fn link(&self, from: usize, to: usize) -> LatencyPlan {
        if let (true, Some(ns)) = (from == to, self.within) {
            return LatencyPlan::Constant { ns };
        }
        match &self.between {
            Between::Matrix(rows, None) => rows[from][to].plan(),
            Between::Matrix(rows, Some(tail)) => tail.around(rows[from][to].p50),
            Between::Everywhere(law) => law.clone(),
        }
    }
}

/// Pareto around a mean: the smallest value lies `below` it, and the index
/// grows with it (SimBlock's model of the public network).
struct Tail {
    below: u64,
    shape_milli_per_ms: u64,
}

impl Tail {
    fn around(&self, mean: u64) -> LatencyPlan {
        let shape = u128::from(mean) * u128::from(self.shape_milli_per_ms) / 1_000_000;
        LatencyPlan::PerMessage(Box::new(LatencyPlan::Pareto {
            min_ns: mean - self.below,
            shape_milli: u64::try_from(shape).expect("a minute times 100 fits"),
        }))
    }
}

/// The regions' names with their places; empty when any name will do.
fn names(section: &Section<'_>) -> Result<Vec<(String, Span)>, Reported> {
    let mut names: Vec<(String, Span)> = Vec::new();
    for node in section.bounded("regions", MAX_NETWORK_REGIONS)? {
        let Some(name) = node.text().filter(|name| !plain(name).is_empty()) else {
            let problem = Problem::new(node.span, format!("a region cannot be {}", node.found()));
            return Err(section.report(problem.expected("a name")));
        };
        if names.iter().any(|(known, _)| plain(known) == plain(name)) {
            let name = shorten(name);
            return Err(section.report(Problem::new(
                node.span,
                format!("region `{name}` stands twice"),
            )));
        }
        names.push((name.to_owned(), node.span));
    }
    let law = section.entry("law").is_some();
    if names.is_empty() && !law {
        return Err(section.report(
            Problem::new(
                section.span,
                "a network without a `law` needs its `regions`",
            )
            .hint("regions: [shenzhen, shanghai]"),
        ));
    }
    Ok(names)
}

/// The index of each wanted region in the network.
fn places(
    names: &[(String, Span)],
    wanted: &[Wanted<'_>],
    network: &str,
    sink: &Sink,
) -> Result<Vec<usize>, Reported> {
    let mut places: Vec<usize> = Vec::new();
    let mut failed = None;
    for (index, want) in wanted.iter().enumerate() {
        let name = &want.entry.key;
        let place = if names.is_empty() {
            Some(index)
        } else {
            names
                .iter()
                .position(|(known, _)| plain(known) == plain(name))
        };
        let Some(place) = place else {
            let known: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("network `{network}` has no region `{}`", shorten(name));
            let problem = instead(Problem::new(want.entry.key_span, message), name, &known);
            failed = Some(sink.report(problem));
            continue;
        };
        if places.contains(&place) {
            let message = format!("region `{}` stands twice", shorten(name));
            failed = Some(sink.report(Problem::new(want.entry.key_span, message)));
        }
        places.push(place);
    }
    failed.map_or(Ok(places), Err)
}

/// A region's name without case, hyphens and the like, so that `HongKong`,
/// `hong-kong` and `HONG_KONG` are one.
pub(crate) fn plain(name: &str) -> String {
    name.chars()
        .filter(|symbol| symbol.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn latencies(section: &Section<'_>, names: &[(String, Span)]) -> Result<Table, Reported> {
    let chosen = section.chosen()?;
    for key in ["p90_ms", "tail"] {
        let entry = section.entry(key);
        if let (Some(entry), "law" | "links") = (entry, chosen.key.as_str()) {
            let message = format!(
                "`{key}` belongs to a matrix, but here stands `{}`",
                chosen.key
            );
            return Err(section.report(Problem::new(entry.key_span, message)));
        }
    }
    match chosen.key.as_str() {
        "law" => {
            let (law, within) = law(&chosen.value, section.sink)?;
            Ok(Table {
                between: Between::Everywhere(law),
                within: (!within).then_some(INTRA_ONE_WAY),
            })
        }
        "links" => {
            let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
            let rows = links::shortest(section.bounded("links", MAX_LINKS)?, &names, section)?;
            Ok(Table {
                between: Between::Matrix(rows, None),
                within: Some(INTRA_ONE_WAY),
            })
        }
        key => from_matrix(
            section,
            chosen,
            names.len(),
            if key == "rtt_ms" { 2 } else { 1 },
        ),
    }
}

fn from_matrix(
    section: &Section<'_>,
    chosen: &Entry,
    size: usize,
    halve: u64,
) -> Result<Table, Reported> {
    let medians = matrix(&chosen.value, &chosen.key, size, section.sink)?;
    let p90 = match section.entry("p90_ms") {
        Some(entry) => Some(matrix(&entry.value, "p90_ms", size, section.sink)?),
        None => None,
    };
    let mut rows = Vec::with_capacity(size);
    for (from, row) in medians.iter().enumerate() {
        let mut cells = Vec::with_capacity(size);
        for (to, &(p50, _)) in row.iter().enumerate() {
            let p90 = p90.as_ref().map(|rows| rows[from][to]);
            if let Some((p90, span)) = p90.filter(|&(p90, _)| p90 < p50) {
                let (p90, p50) = (CELL.unit.format(p90), CELL.unit.format(p50));
                let message = format!("the 90th percentile {p90} lies below the median {p50}");
                return Err(section.report(Problem::new(span, message)));
            }
            cells.push(Latency {
                p50: p50 / halve,
                p90: p90.map(|(p90, _)| p90 / halve),
            });
        }
        rows.push(cells);
    }
    let tail = match section.entry("tail") {
        Some(entry) => Some(tail(section, entry, &medians, halve)?),
        None => None,
    };
    Ok(Table {
        between: Between::Matrix(rows, tail),
        within: None,
    })
}

fn tail(
    section: &Section<'_>,
    entry: &Entry,
    medians: &[Vec<(u64, Span)>],
    halve: u64,
) -> Result<Tail, Reported> {
    let inner = section.section("tail")?;
    let (below, shape) = (inner.number("below_mean"), inner.number("shape_per_ms"));
    let tail = Tail {
        below: below?,
        shape_milli_per_ms: shape?,
    };
    for &(mean, span) in medians.iter().flatten() {
        let mean = mean / halve;
        let finite = u128::from(mean) * u128::from(tail.shape_milli_per_ms) > 1_000_000_000;
        if mean <= tail.below || !finite {
            let message = "this latency is too small for the network's `tail`";
            let why =
                "above `below_mean`, and with a tail index (latency times `shape_per_ms`) above 1";
            return Err(section.report(Problem::new(span, message).expected(why)));
        }
    }
    if let Some(p90) = section.entry("p90_ms") {
        let message = "a matrix has either `p90_ms` or a `tail`";
        return Err(section.report(Problem::new(p90.key_span.min(entry.key_span), message)));
    }
    Ok(tail)
}

/// A square of latencies in nanoseconds, with their places.
fn matrix(
    node: &Node,
    name: &str,
    size: usize,
    sink: &Sink,
) -> Result<Vec<Vec<(u64, Span)>>, Reported> {
    let rows = row(node, name, size, "rows", sink)?;
    let mut matrix = Vec::with_capacity(size);
    for cells in rows {
        let mut out = Vec::with_capacity(size);
        for cell in row(cells, name, size, "cells in a row", sink)? {
            let value = read_number(cell, CELL, name).map_err(|problem| sink.report(problem))?;
            out.push((value, cell.span));
        }
        matrix.push(out);
    }
    Ok(matrix)
}

fn row<'a>(
    node: &'a Node,
    name: &str,
    size: usize,
    what: &str,
    sink: &Sink,
) -> Result<&'a [Node], Reported> {
    match &node.value {
        Value::List(items) if items.len() == size => Ok(items),
        Value::List(items) => {
            let message = format!(
                "`{name}` has {} {what}, but there are {size} regions",
                items.len()
            );
            Err(sink.report(Problem::new(node.span, message)))
        }
        _ => {
            let message = format!(
                "`{name}` is a list of rows, but here stands {}",
                node.found()
            );
            Err(sink.report(Problem::new(node.span, message)))
        }
    }
}

/// One law for every pair.
/// A law, and whether it holds within a region too.
fn law(node: &Node, sink: &Sink) -> Result<(LatencyPlan, bool), Reported> {
    let section = Section::open(node, &LAW, sink)?;
    let (per_message, within) = (section.flag("per_message"), section.flag("within"));
    let chosen = section.chosen()?;
    let law = match chosen.key.as_str() {
        "constant" => LatencyPlan::Constant {
            ns: section.number("constant")?,
        },
        "uniform" => {
            let (low_ns, high_ns) = ordered(&section.section("uniform")?, "low", "high")?;
            LatencyPlan::Uniform { low_ns, high_ns }
        }
        "normal" => {
            let inner = section.section("normal")?;
            let (mean, sd) = (inner.number("mean"), inner.number("sd"));
            LatencyPlan::Normal {
                mean_ns: mean?,
                sd_ns: sd?,
            }
        }
        "log_normal" => {
            let (p50, p90) = ordered(&section.section("log_normal")?, "p50", "p90")?;
            Latency {
                p50,
                p90: Some(p90),
            }
            .plan()
        }
        _ => {
            let inner = section.section("pareto")?;
            let (min, shape) = (inner.number("min"), inner.number("shape"));
            LatencyPlan::Pareto {
                min_ns: min?,
                shape_milli: shape?,
            }
        }
    };
    let law = if per_message? {
        LatencyPlan::PerMessage(Box::new(law))
    } else {
        law
    };
    Ok((law, within?))
}

/// Two figures of which the second is not the smaller.
fn ordered(section: &Section<'_>, low: &str, high: &str) -> Result<(u64, u64), Reported> {
    let (a, b) = (section.number(low), section.number(high));
    let (a, b) = (a?, b?);
    if b < a {
        let span = section
            .entry(high)
            .map_or(section.span, |entry| entry.value.span);
        let message = format!("`{high}` lies below `{low}`");
        return Err(section.report(Problem::new(span, message)));
    }
    Ok((a, b))
}

/// What the table says a matrix holds is what [`CELL`] reads.
#[cfg(test)]
#[test]
fn the_table_and_the_reader_of_a_matrix_agree() {
    use super::shape::Shape;
    for key in ["rtt_ms", "one_way_ms", "p90_ms"] {
        let Shape::List(Shape::List(Shape::Number(number))) = NETWORK.key(key).shape else {
            panic!("`{key}` is declared as a matrix");
        };
        assert_eq!(
            (number.unit, number.min, number.max),
            (CELL.unit, CELL.min, CELL.max)
        );
    }
}
