//! Reading scheduled faults, with replicas named by index or region.

use super::diagnostic::Problem;
use super::keys::{FAULT, MAX_FAULTS};
use super::moment;
use super::network::plain;
use super::section::{Reported, Section};
use super::suggest::instead;
use super::tree::{Entry, Node, Value, shorten};
use super::unit::Unit;
use crate::plan::{Byzantine, Clock, FaultKind, FaultPlan, RegionPlan};
use crate::registry::ProtocolEntry;

/// What faults are checked against.
pub(crate) struct Scene<'a> {
    /// Unless it could not be read.
    pub(crate) protocol: Option<&'a ProtocolEntry>,
    pub(crate) committee: &'a [RegionPlan],
    /// Region index of every replica.
    pub(crate) seats: Vec<u32>,
    pub(crate) horizon_ns: u64,
    /// The days of the load.
    pub(crate) days: &'a [Clock],
}

impl Scene<'_> {
    /// How many replicas there are.
    fn replicas(&self) -> u32 {
        self.committee.iter().map(|region| region.replicas).sum()
    }
}

/// Reads all faults.
pub(crate) fn read(root: &Section<'_>, scene: &Scene<'_>) -> Result<Vec<FaultPlan>, Reported> {
    let mut faults = Vec::new();
    let mut failed = None;
    for node in root.bounded("faults", MAX_FAULTS)? {
        match fault(node, root, scene, &faults) {
            Ok(fault) => faults.push(fault),
            Err(reported) => failed = Some(reported),
        }
    }
    failed.map_or(Ok(faults), Err)
}

fn fault(
    node: &Node,
    root: &Section<'_>,
    scene: &Scene<'_>,
    earlier: &[FaultPlan],
) -> Result<FaultPlan, Reported> {
    let section = Section::open(node, &FAULT, root.sink)?;
    let (at, chosen) = (moment::read(&section, "at", scene.days), section.chosen());
    let kind = chosen.and_then(|entry| kind(&section, entry, scene));
    let (at_ns, chosen) = (at?, chosen?);
    if at_ns >= scene.horizon_ns {
        let span = section
            .entry("at")
            .map_or(section.span, |entry| entry.value.span);
        let end = Unit::Duration.format(scene.horizon_ns);
        let problem = Problem::new(span, format!("the run ends at {end}, before this fault"));
        return Err(
            section.report(problem.hint("the run is all phases of `load` and then `drain`"))
        );
    }
    let until_ns = until(&section, at_ns, scene)?;
    let kind = kind?;
    one_second(&section, chosen, (&kind, at_ns, until_ns), earlier)?;
    if let FaultKind::Restart(replicas) = &kind {
        let (end, down) = (
            section.entry("for").or(section.entry("until")),
            crashed(earlier, at_ns),
        );
        if let Some(end) = end {
            let message = format!("a restart has no `{}`", end.key);
            return Err(section.report(Problem::new(end.key_span, message)));
        }
        if let Some(up) = replicas.iter().find(|replica| !down.contains(replica)) {
            let message = format!("replica {up} is not down at this time");
            let hint = "a `crash` without an end must stand before its `restart`";
            return Err(section.report(Problem::new(chosen.value.span, message).hint(hint)));
        }
        return Ok(FaultPlan {
            at_ns,
            until_ns: at_ns,
            kind,
        });
    }
    Ok(FaultPlan {
        at_ns,
        until_ns,
        kind,
    })
}

/// A second instance is of one kind at a time, and twins of one time are one attack.
fn one_second(
    section: &Section<'_>,
    chosen: &Entry,
    (kind, at_ns, until_ns): (&FaultKind, u64, u64),
    earlier: &[FaultPlan],
) -> Result<(), Reported> {
    let Some((here, apart)) = doubled(kind) else {
        return Ok(());
    };
    let overlaps = |fault: &&FaultPlan| fault.at_ns < until_ns && at_ns < fault.until_ns;
    for (there, also_apart) in earlier
        .iter()
        .filter(overlaps)
        .filter_map(|f| doubled(&f.kind))
    {
        let problem = |message: String| Problem::new(chosen.value.span, message);
        if apart && also_apart {
            let problem = problem("earlier twins run at the same time".to_owned());
            let hint = "name all twins of one time in one entry, or end one before the other";
            return Err(section.report(problem.hint(hint)));
        }
        let both = there.iter().find(|id| here.contains(id));
        if let (true, Some(both)) = (apart != also_apart, both) {
            let problem = problem(format!("replica {both} equivocates and is a twin at once"));
            let hint = "both need its second instance: end one before the other";
            return Err(section.report(problem.hint(hint)));
        }
    }
    Ok(())
}

/// Replicas with a second instance, and whether it lives in a network of its own.
fn doubled(kind: &FaultKind) -> Option<(&[u32], bool)> {
    match kind {
        FaultKind::Byzantine {
            replicas,
            behaviour,
        } => match behaviour {
            Byzantine::Twins { .. } => Some((replicas, true)),
            Byzantine::Equivocate => Some((replicas, false)),
            _ => None,
        },
        _ => None,
    }
}

/// When the fault ends: never beyond the horizon.
fn until(section: &Section<'_>, at_ns: u64, scene: &Scene<'_>) -> Result<u64, Reported> {
    let horizon_ns = scene.horizon_ns;
    let end = moment::maybe(section, "until", scene.days);
    let (span, end) = (section.maybe_number("for"), end);
    match (span?, end?) {
        (None, None) => Ok(horizon_ns),
        (Some(span), None) => Ok(at_ns.saturating_add(span).min(horizon_ns)),
        (None, Some(end)) if end > at_ns => Ok(end.min(horizon_ns)),
        (None, Some(_)) => {
            let span = section
                .entry("until")
                .map_or(section.span, |entry| entry.value.span);
            let strikes = Unit::Duration.format(at_ns);
            let message = format!("the fault ends before it strikes at {strikes}");
            Err(section.report(Problem::new(span, message).hint("`for` counts from the strike")))
        }
        (Some(_), Some(_)) => {
            let span = section
                .entry("until")
                .map_or(section.span, |entry| entry.key_span);
            Err(section.report(Problem::new(span, "a fault has either `for` or `until`")))
        }
    }
}

/// Replicas that an earlier entry crashed and nothing has restarted by `at_ns`.
fn crashed(earlier: &[FaultPlan], at_ns: u64) -> Vec<u32> {
    earlier
        .iter()
        .filter(|fault| fault.at_ns <= at_ns && at_ns < fault.until_ns)
        .filter_map(|fault| match &fault.kind {
            FaultKind::Crash(replicas) => Some(replicas.clone()),
            _ => None,
        })
        .flatten()
        .collect()
}

fn kind(section: &Section<'_>, chosen: &Entry, scene: &Scene<'_>) -> Result<FaultKind, Reported> {
    let here = || replicas(&chosen.value, &chosen.key, section, scene);
    Ok(match chosen.key.as_str() {
        "crash" => FaultKind::Crash(here()?),
        "restart" => FaultKind::Restart(here()?),
        "isolate" => FaultKind::Isolate(here()?),
        "partition" => partition(section, chosen, scene)?,
        "slow_link" => {
            let inner = section.section("slow_link")?;
            let (replicas, added) = (inside(&inner, scene), inner.number("added"));
            FaultKind::SlowLink {
                replicas: replicas?,
                added_ns: added?,
            }
        }
        "slow_machine" => {
            let inner = section.section("slow_machine")?;
            let (replicas, factor) = (inside(&inner, scene), inner.small("factor"));
            FaultKind::SlowMachine {
                replicas: replicas?,
                factor_milli: factor?,
            }
        }
        "loss" => {
            let inner = section.section("loss")?;
            let (replicas, share) = (inside(&inner, scene), inner.small("share"));
            FaultKind::Loss {
                replicas: replicas?,
                ppm: share?,
            }
        }
        _ => byzantine(section, chosen, scene)?,
    })
}

/// Replicas that do not keep to the protocol.
fn byzantine(
    section: &Section<'_>,
    chosen: &Entry,
    scene: &Scene<'_>,
) -> Result<FaultKind, Reported> {
    let idle = scene
        .protocol
        .and_then(|protocol| match chosen.key.as_str() {
            "selfish" if !protocol.gossips => Some((
                format!("there is nothing to keep back in {}", protocol.name),
                "selfish mining needs a longest chain: nakamoto, praos, clique",
            )),
            "fork" if !protocol.chains => Some((
                format!("leaders of {} choose no block to propose on", protocol.name),
                "a fork needs a chain with leaders: hotstuff, and others that leave it no votes",
            )),
            _ => None,
        });
    if let Some((message, hint)) = idle {
        return Err(section.report(Problem::new(chosen.key_span, message).hint(hint)));
    }
    let here = || replicas(&chosen.value, &chosen.key, section, scene);
    let within = || section.section(chosen.key.as_str());
    let (replicas, behaviour) = match chosen.key.as_str() {
        "silent" => (here()?, Byzantine::Silent),
        "lazy" => (here()?, Byzantine::Lazy),
        "wrong_root" => (here()?, Byzantine::WrongRoot),
        "fork" => (here()?, Byzantine::Fork),
        "equivocate" => (here()?, Byzantine::Equivocate),
        "selfish" => (here()?, Byzantine::Selfish),
        "late" => {
            let inner = within()?;
            let (replicas, by) = (inside(&inner, scene), inner.number("by"));
            (replicas?, Byzantine::Late { by_ns: by? })
        }
        "withhold" => {
            let inner = within()?;
            let (replicas, reach) = (inside(&inner, scene), inner.small("reach"));
            let (replicas, reach) = (replicas?, reach?);
            if reach >= scene.replicas() - 1 {
                let span = inner.entry("reach").map_or(inner.span, |at| at.value.span);
                let message = format!("a reach of {reach} withholds nothing");
                let others = scene.replicas() - 1;
                let hint = format!("there are {others} other replicas: the reach is below that");
                return Err(inner.report(Problem::new(span, message).hint(hint)));
            }
            (replicas, Byzantine::Withhold { reach })
        }
        "flood" => {
            let inner = within()?;
            let (replicas, copies) = (inside(&inner, scene), inner.small("copies"));
            (replicas?, Byzantine::Flood { copies: copies? })
        }
        _ => twins(&within()?, scene)?,
    };
    Ok(FaultKind::Byzantine {
        replicas,
        behaviour,
    })
}

fn twins(inner: &Section<'_>, scene: &Scene<'_>) -> Result<(Vec<u32>, Byzantine), Reported> {
    let node = inner.node("side");
    let side = node.and_then(|node| replicas(node, "side", inner, scene));
    let (doubled, side) = (inside(inner, scene)?, side?);
    if let Some(both) = side.iter().find(|id| doubled.contains(id)) {
        let message = format!("replica {both} runs twice, so it is on both sides");
        let problem = Problem::new(inner.node("side")?.span, message);
        return Err(inner.report(problem.hint("`side` lists correct replicas")));
    }
    if side.len() + doubled.len() == scene.replicas() as usize {
        let message = "every correct replica is on this side, so nobody is on the other";
        let problem = Problem::new(inner.node("side")?.span, message);
        return Err(inner.report(problem.hint("leave some correct replicas out of `side`")));
    }
    Ok((doubled, Byzantine::Twins { side }))
}

/// The replicas under the key `replicas`.
fn inside(inner: &Section<'_>, scene: &Scene<'_>) -> Result<Vec<u32>, Reported> {
    replicas(inner.node("replicas")?, "replicas", inner, scene)
}

fn partition(
    section: &Section<'_>,
    chosen: &Entry,
    scene: &Scene<'_>,
) -> Result<FaultKind, Reported> {
    let mut groups: Vec<Vec<u32>> = Vec::new();
    for node in section.list("partition")? {
        let group = replicas(node, "a group of a partition", section, scene)?;
        if let Some(twice) = group
            .iter()
            .find(|id| groups.iter().flatten().any(|known| known == *id))
        {
            let message = format!("replica {twice} stands in two groups");
            return Err(section.report(Problem::new(node.span, message)));
        }
        groups.push(group);
    }
    let count = scene.replicas();
    let rest: Vec<u32> = (0..count)
        .filter(|id| !groups.iter().flatten().any(|known| known == id))
        .collect();
    if !rest.is_empty() {
        groups.push(rest);
    }
    if groups.len() < 2 {
        let problem = Problem::new(chosen.value.span, "a partition has at least two sides");
        return Err(section.report(problem.hint("partition: [[shanghai], [beijing, shenzhen]]")));
    }
    Ok(FaultKind::Partition(groups))
}

/// Reads a list of replicas: `0`, `shanghai`, or `shanghai-0`.
fn replicas(
    node: &Node,
    name: &str,
    section: &Section<'_>,
    scene: &Scene<'_>,
) -> Result<Vec<u32>, Reported> {
    let items = match &node.value {
        Value::List(items) if !items.is_empty() => items,
        _ => {
            let message = format!(
                "`{name}` is a list of replicas, but here stands {}",
                node.found()
            );
            let problem = Problem::new(node.span, message)
                .expected("at least one index or region, such as [0, shanghai]");
            let hint = node.text().map(|text| format!("write [{}]", shorten(text)));
            return Err(section.report(problem.maybe_hint(hint)));
        }
    };
    let mut ids = Vec::new();
    let mut failed = None;
    for item in items {
        match one(item, scene) {
            Ok(found) => ids.extend(found),
            Err(problem) => failed = Some(section.report(problem)),
        }
    }
    ids.sort_unstable();
    ids.dedup();
    failed.map_or(Ok(ids), Err)
}

fn one(node: &Node, scene: &Scene<'_>) -> Result<Vec<u32>, Problem> {
    let count = scene.replicas();
    let Some(text) = node.text() else {
        let message = format!("a replica cannot be {}", node.found());
        return Err(Problem::new(node.span, message).expected("an index or a region"));
    };
    if text.starts_with(|symbol: char| symbol.is_ascii_digit() || symbol == '-') {
        return match text.parse::<u32>() {
            Ok(index) if index < count => Ok(vec![index]),
            _ => {
                let message = format!("there is no replica {}", shorten(text));
                let last = count.saturating_sub(1);
                let expected =
                    format!("an index from 0 to {last}: the committee has {count} replicas");
                Err(Problem::new(node.span, message).expected(expected))
            }
        };
    }
    for (place, region) in (0..).zip(scene.committee) {
        let seats = (0..).zip(&scene.seats);
        let mut members = seats.filter(|&(_, &at)| at == place).map(|(id, _)| id);
        if plain(&region.region) == plain(text) {
            return Ok(members.collect());
        }
        let member = text
            .rsplit_once('-')
            .filter(|(head, _)| plain(head) == plain(&region.region));
        if let Some(index) = member.and_then(|(_, tail)| tail.parse::<usize>().ok()) {
            if let Some(id) = members.nth(index) {
                return Ok(vec![id]);
            }
            let message = format!(
                "region `{}` has {} replicas",
                region.region, region.replicas
            );
            return Err(Problem::new(node.span, message));
        }
    }
    let regions = scene.committee.iter();
    let known: Vec<&str> = regions.map(|region| region.region.as_str()).collect();
    let message = format!("the committee has no region `{}`", shorten(text));
    Err(instead(Problem::new(node.span, message), text, &known))
}
