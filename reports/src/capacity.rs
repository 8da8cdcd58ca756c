//! Certificates taken together: which designs clear a city's load, in one
//! sentence, and how capacity lies over the values that were varied. Pure:
//! certificates in, figures and sentences out.

use std::collections::{BTreeMap, BTreeSet};

use groma_experiment::certificate::{CITY_TPS, Certificate};
use groma_experiment::plan::TargetPlan;

use crate::compare::bound;
use crate::format::{Unit, printable};
use crate::load::natural;
use crate::metric::Metric;

/// A fall to less than this share of the neighbour is a cliff.
pub const CLIFF: f64 = 0.5;

/// The certificates of one scenario.
#[derive(Clone, Debug)]
pub struct Family<'a> {
    /// The scenario's name.
    pub name: String,
    /// The question that it asks.
    pub why: String,
    /// The answer, in one sentence.
    pub answer: String,
    /// Whether any design clears a city's load.
    pub clears: bool,
    /// Its designs in reading order.
    pub designs: Vec<Design<'a>>,
    /// Capacity over one or two varied values.
    pub surface: Option<Surface>,
}

/// One certificate with its name.
#[derive(Clone, Debug)]
pub struct Design<'a> {
    /// Its name within the family.
    pub label: String,
    /// What it was read from.
    pub certificate: &'a Certificate,
}

impl Design<'_> {
    /// Whether it sustains a city's load.
    #[must_use]
    pub fn clears(&self) -> bool {
        self.certificate
            .sustained_tps
            .is_some_and(|tps| tps >= CITY_TPS)
    }

    /// Whether the search ended at its own limit below a city's load, so that
    /// nobody knows.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.certificate.failed_tps.is_none()
            && self.certificate.sustained_tps.is_some()
            && !self.clears()
    }

    /// `11,200 TPS`, `at least 4,000 TPS` where the search ended at its limit, or
    /// that no load was sustained.
    #[must_use]
    pub fn sustained(&self) -> String {
        if self.certificate.violated() {
            return "an invariant broke".to_owned();
        }
        let least = match self.certificate.failed_tps {
            None => "at least ",
            Some(_) => "",
        };
        self.certificate.sustained_tps.map_or_else(
            || "no load".to_owned(),
            |tps| format!("{least}{}", Unit::Tps.spell(tps)),
        )
    }
}

/// Groups certificates by scenario, in reading order; exact repetitions and
/// later searches for the same key stand once.
#[must_use]
pub fn families(certificates: &[Certificate]) -> Vec<Family<'_>> {
    let mut sorted: Vec<&Certificate> = certificates.iter().collect();
    sorted.sort_by(|a, b| {
        natural(&a.name, &b.name)
            .then_with(|| natural(&a.label, &b.label))
            .then_with(|| a.key.cmp(&b.key))
            .then_with(|| a.build.cmp(&b.build))
    });
    sorted.dedup_by(|later, earlier| later == earlier);
    let mut families: Vec<Vec<&Certificate>> = Vec::new();
    for certificate in sorted {
        match families.last_mut() {
            Some(last) if last[0].name == certificate.name => last.push(certificate),
            _ => families.push(vec![certificate]),
        }
    }
    families.into_iter().map(family).collect()
}

fn family(certificates: Vec<&Certificate>) -> Family<'_> {
    let surface = surface(&certificates);
    let first = certificates[0];
    let designs: Vec<Design<'_>> = certificates
        .iter()
        .map(|certificate| Design {
            label: label(certificate),
            certificate,
        })
        .collect();
    Family {
        name: printable(&first.name),
        why: printable(&first.plan.why),
        answer: answer(&designs),
        clears: designs.iter().any(Design::clears),
        designs,
        surface,
    }
}

/// The varied values, or the protocol where nothing was varied.
fn label(certificate: &Certificate) -> String {
    let plain = certificate.variation.is_empty();
    printable(if plain {
        &certificate.plan.protocol.name
    } else {
        &certificate.label
    })
}

/// What a load must meet besides being sustained: `p99 at most 1 s`.
#[must_use]
pub fn criterion(targets: &[TargetPlan]) -> String {
    let parts: Vec<String> = targets
        .iter()
        .filter(|target| !target.metric.contains("goodput"))
        .map(|target| {
            let (name, bound) = bound(&target.metric, target.target, target.at_least);
            let short =
                Metric::of_target(&target.metric).map_or(name, |known| known.short.to_owned());
            format!("{short} {bound}")
        })
        .collect();
    parts.join(" and ")
}

fn answer(designs: &[Design<'_>]) -> String {
    let first = &designs[0].certificate.target;
    let alike = designs
        .iter()
        .all(|design| design.certificate.target == *first);
    let with = match criterion(first) {
        text if text.is_empty() || !alike => String::new(),
        text => format!(" with {text}"),
    };
    let city = Unit::Tps.spell(CITY_TPS);
    match designs {
        [only] => alone(only, &with, &city),
        _ => together(designs, &with, &city),
    }
}

fn alone(design: &Design<'_>, with: &str, city: &str) -> String {
    let label = &design.label;
    if design.certificate.violated() {
        return format!("No: an invariant breaks with {label}; no capacity outweighs that.");
    }
    let Some(tps) = design.certificate.sustained_tps else {
        return format!("No: {label} sustains no load that was tried{with}.");
    };
    let (word, ratio) = if design.clears() {
        let times = Unit::Mean.spell(tps / CITY_TPS);
        ("Yes", format!("{times} times the {city} of a city"))
    } else {
        let share = Unit::Share.spell(tps / CITY_TPS);
        let word = if design.is_open() { "Unknown" } else { "No" };
        (word, format!("{share} of the {city} of a city"))
    };
    format!(
        "{word}: {label} sustains {}{with}, {ratio}.",
        design.sustained()
    )
}

fn together(designs: &[Design<'_>], with: &str, city: &str) -> String {
    let all = designs.len();
    let clear = designs.iter().filter(|design| design.clears()).count();
    let open = designs.iter().filter(|design| design.is_open()).count();
    let opening = match clear {
        0 if open > 0 => format!(
            "Unknown: the search ended at its limit below {city} in {open} of {all} designs, and no other clears it{with}"
        ),
        0 => format!("No: none of {all} designs clears {city}{with}"),
        1 => format!("Yes: 1 of {all} designs clears {city}{with}"),
        clear if clear == all => format!("Yes: all {all} designs clear {city}{with}"),
        clear => format!("Yes: {clear} of {all} designs clear {city}{with}"),
    };
    let broken = designs
        .iter()
        .filter(|design| design.certificate.violated())
        .count();
    let opening = match broken {
        0 => opening,
        broken => format!("{opening}; an invariant breaks in {broken} of them"),
    };
    let tps = |design: &Design<'_>| design.certificate.sustained_tps.unwrap_or(0.0);
    let most = designs
        .iter()
        .rev()
        .max_by(|a, b| tps(a).total_cmp(&tps(b)));
    let least = designs.iter().min_by(|a, b| tps(a).total_cmp(&tps(b)));
    match (most, least) {
        (Some(most), Some(least)) if tps(most) > tps(least) => format!(
            "{opening}; most: {} with {}, least: {} with {}.",
            most.label,
            most.sustained(),
            least.label,
            least.sustained()
        ),
        (Some(most), _) => format!("{opening}; each sustains {}.", most.sustained()),
        _ => format!("{opening}."),
    }
}

/// A varied path with its values in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The path's last part.
    pub name: String,
    /// The path.
    pub path: String,
    /// Its values, as written in the scenario.
    pub values: Vec<String>,
}

/// Capacity over varied values: rows over columns. With one varied value there
/// is one row and no `down`.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// What differs from row to row.
    pub down: Option<Axis>,
    /// What differs from column to column.
    pub across: Axis,
    /// Sustained load by row and column, 0 where no load was sustained; `None`
    /// where there is no certificate.
    pub cells: Vec<Vec<Option<f64>>>,
    /// Neighbouring cells, as (row, column), between which capacity falls off.
    pub cliffs: Vec<((usize, usize), (usize, usize))>,
}

/// The surface of certificates that vary over one or two paths; `None` for
/// others, and where two certificates would stand in one cell.
fn surface(certificates: &[&Certificate]) -> Option<Surface> {
    let paths: BTreeSet<&String> = certificates
        .iter()
        .flat_map(|certificate| certificate.variation.keys())
        .collect();
    let mut axes: Vec<Axis> = paths
        .into_iter()
        .map(|path| Axis::of(path, certificates.iter().map(|c| &c.variation)))
        .filter(|axis| axis.values.len() > 1)
        .collect();
    if axes.is_empty() || axes.len() > 2 {
        return None;
    }
    // The longer one lies across, where there is room.
    axes.sort_by_key(|axis| axis.values.len());
    let across = axes.pop()?;
    let down = axes.pop();
    let rows = down.as_ref().map_or(1, |axis| axis.values.len());
    let mut cells = vec![vec![None; across.values.len()]; rows];
    for certificate in certificates {
        let column = across.place(&certificate.variation)?;
        let row = match &down {
            Some(axis) => axis.place(&certificate.variation)?,
            None => 0,
        };
        let cell: &mut Option<f64> = &mut cells[row][column];
        if cell.is_some() {
            return None;
        }
        *cell = Some(certificate.sustained_tps.unwrap_or(0.0));
    }
    let cliffs = cliffs(&cells);
    Some(Surface {
        down,
        across,
        cells,
        cliffs,
    })
}

impl Axis {
    /// The values that a path takes in some variations, in natural order.
    pub(crate) fn of<'a>(
        path: &str,
        variations: impl Iterator<Item = &'a BTreeMap<String, String>>,
    ) -> Self {
        let mut values: Vec<String> = variations
            .filter_map(|variation| variation.get(path).cloned())
            .collect();
        values.sort_by(|a, b| natural(a, b));
        values.dedup();
        Self {
            name: path.rsplit('.').next().unwrap_or(path).to_owned(),
            path: path.to_owned(),
            values,
        }
    }

    /// Where on the axis a variation stands.
    pub(crate) fn place(&self, variation: &BTreeMap<String, String>) -> Option<usize> {
        let value = variation.get(&self.path)?;
        self.values.iter().position(|known| known == value)
    }
}

/// Neighbours of which one clears a city's load and the other does not, or one
/// sustains less than [`CLIFF`] of the other.
fn cliffs(cells: &[Vec<Option<f64>>]) -> Vec<((usize, usize), (usize, usize))> {
    let mut found = Vec::new();
    let falls = |a: f64, b: f64| {
        let (low, high) = (a.min(b), a.max(b));
        high > 0.0 && (low < CLIFF * high || (low < CITY_TPS && high >= CITY_TPS))
    };
    for (row, line) in cells.iter().enumerate() {
        for (column, cell) in line.iter().enumerate() {
            for other in [(row, column + 1), (row + 1, column)] {
                let neighbour = cells.get(other.0).and_then(|line| line.get(other.1));
                if let (Some(a), Some(Some(b))) = (cell, neighbour)
                    && falls(*a, *b)
                {
                    found.push(((row, column), other));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cliffs_are_where_the_city_is_lost_or_half_is() {
        let cells = vec![
            vec![Some(14_000.0), Some(12_000.0), Some(9_500.0)],
            vec![Some(9_000.0), Some(4_000.0), None],
        ];
        // Across: 12,000 to 9,500 loses the city; 9,000 to 4,000 is less than
        // half. Down: 14,000 to 9,000 and 12,000 to 4,000 lose the city.
        assert_eq!(
            cliffs(&cells),
            [
                ((0, 0), (1, 0)),
                ((0, 1), (0, 2)),
                ((0, 1), (1, 1)),
                ((1, 0), (1, 1)),
            ]
        );
        assert!(cliffs(&[vec![Some(0.0), Some(0.0)]]).is_empty());
    }
}
