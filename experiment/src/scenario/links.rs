//! A network given as a graph: shortest paths between its regions.
//!
//! A plan holds one law per pair of regions, so the paths are found here once.
//! The length of a path is the sum of its medians. Where links have a 90th
//! percentile, the distances from median to percentile are added as the root
//! of the sum of squares, as for independent links.

use super::diagnostic::Problem;
use super::keys::LINK;
use super::network::{Latency, plain};
use super::section::{Reported, Section};
use super::tree::{Node, shorten};

/// Regions and routers at most; the search takes their cube.
const MAX_PLACES: usize = 256;

/// A path: its median, and the sum of the squared spreads of its links.
#[derive(Clone, Copy)]
struct Reach {
    p50: u64,
    spread_squared: u128,
}

/// All-pairs shortest paths (Floyd 1962) between the first `names`.
pub(crate) fn shortest(
    links: &[Node],
    names: &[&str],
    network: &Section<'_>,
) -> Result<Vec<Vec<Latency>>, Reported> {
    let mut places: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let mut edges = Vec::new();
    for node in links {
        edges.push(edge(node, &mut places, network)?);
        if places.len() > MAX_PLACES {
            let problem = Problem::new(node.span, "too many regions and routers");
            return Err(network.report(problem.expected(format!("at most {MAX_PLACES}"))));
        }
    }
    let paths = search(places.len(), &edges);
    let mut rows = Vec::new();
    for from in 0..names.len() {
        let mut row = Vec::new();
        for to in 0..names.len() {
            let Some(reach) = paths[from][to] else {
                let (from, to) = (names[from], names[to]);
                let span = network
                    .entry("links")
                    .map_or(network.span, |entry| entry.key_span);
                let message = format!("no links lead from `{from}` to `{to}`");
                return Err(network.report(Problem::new(span, message)));
            };
            let spread = u64::try_from(reach.spread_squared.isqrt()).unwrap_or(u64::MAX);
            row.push(Latency {
                p50: reach.p50,
                p90: (spread > 0).then(|| reach.p50.saturating_add(spread)),
            });
        }
        rows.push(row);
    }
    Ok(rows)
}

/// One link: its ends by index, and its reach.
fn edge(
    node: &Node,
    places: &mut Vec<String>,
    network: &Section<'_>,
) -> Result<(usize, usize, Reach), Reported> {
    let link = Section::open(node, &LINK, network.sink)?;
    let p90 = link.maybe_number("p90");
    let (chosen, between) = (link.chosen(), link.list("between"));
    let key = chosen?.key.as_str();
    let halve = if key == "rtt" { 2 } else { 1 };
    let p50 = link.number(key)? / halve;
    let p90 = p90?.map_or(p50, |p90| p90 / halve);
    if p90 < p50 {
        let span = link
            .entry("p90")
            .map_or(link.span, |entry| entry.value.span);
        return Err(network.report(Problem::new(span, "`p90` lies below the median")));
    }
    let [a, b] = between? else {
        let span = link
            .entry("between")
            .map_or(link.span, |entry| entry.value.span);
        let problem = Problem::new(span, "a link has two ends");
        return Err(network.report(problem.hint("between: [shenzhen, shanghai]")));
    };
    let mut end = |node: &Node| -> Result<usize, Reported> {
        let name = node.text().map(plain).filter(|name| !name.is_empty());
        let Some(name) = name else {
            let message = format!("an end of a link cannot be {}", node.found());
            return Err(network.report(Problem::new(node.span, message)));
        };
        Ok(places
            .iter()
            .position(|known| *known == name)
            .unwrap_or_else(|| {
                places.push(name);
                places.len() - 1
            }))
    };
    let (from, to) = (end(a)?, end(b)?);
    if from == to {
        let name = shorten(b.text().unwrap_or(""));
        return Err(network.report(Problem::new(
            b.span,
            format!("a link from `{name}` to itself"),
        )));
    }
    let spread = u128::from(p90 - p50);
    let reach = Reach {
        p50,
        spread_squared: spread * spread,
    };
    Ok((from, to, reach))
}

fn search(count: usize, edges: &[(usize, usize, Reach)]) -> Vec<Vec<Option<Reach>>> {
    let mut paths: Vec<Vec<Option<Reach>>> = vec![vec![None; count]; count];
    for (place, row) in paths.iter_mut().enumerate() {
        row[place] = Some(Reach {
            p50: 0,
            spread_squared: 0,
        });
    }
    let shorter = |new: Reach, old: Option<Reach>| old.is_none_or(|old| new.p50 < old.p50);
    for &(a, b, reach) in edges {
        if shorter(reach, paths[a][b]) {
            (paths[a][b], paths[b][a]) = (Some(reach), Some(reach));
        }
    }
    for via in 0..count {
        let onward = paths[via].clone();
        for row in &mut paths {
            let Some(first) = row[via] else {
                continue;
            };
            for (reach, second) in row.iter_mut().zip(&onward) {
                let Some(second) = second else {
                    continue;
                };
                let joined = Reach {
                    p50: first.p50.saturating_add(second.p50),
                    spread_squared: first.spread_squared.saturating_add(second.spread_squared),
                };
                if shorter(joined, *reach) {
                    *reach = Some(joined);
                }
            }
        }
    }
    paths
}
