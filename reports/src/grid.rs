//! Who wins where: the runs of a sweep over two varied values as tables, a row
//! a design and a column a setting, with the best of each column marked.
//!
//! Only sweeps of that shape have one; runs that differ in their seed besides
//! are taken together by their median.

use std::collections::{BTreeMap, BTreeSet};

use crate::capacity::Axis;
use crate::chart::heat::plain;
use crate::compare::{Run, ranks};
use crate::difference::statistics::median;
use crate::format::Scale;
use crate::metric::{Better, FINER, METRICS, Metric};
use crate::spread::SEED;

/// The path that lies down the side whenever it is varied.
const PROTOCOL: &str = "protocol";
/// Fewer cells need no table of their own.
const ENOUGH: usize = 6;
/// Columns that fit a page.
const WIDE: usize = 8;
/// Figures as near to the best as this, as a share of it, are as good; of
/// goodput more, as arrivals at the ends of the measured time are luck.
fn equal(metric: &Metric) -> f64 {
    match metric.better {
        Better::Higher => 0.02,
        Better::Lower | Better::Neither => 0.005,
    }
}

/// What is tabled, in this order, where it applies.
const SHOWN: [&str; 7] = [
    "finality_ms.p99",
    "finality_ms.p50",
    "load.goodput_tps",
    "per_tx.messages",
    "per_tx.bytes",
    "per_tx.cpu_ms",
    "per_tx.energy_joule",
];

/// The tables of one scenario.
#[derive(Clone, Debug)]
pub struct Grid {
    /// What differs from row to row.
    pub down: Axis,
    /// What differs from column to column.
    pub across: Axis,
    /// The columns by short names: `n = 16` where they differ in the size of
    /// the committee, else the values.
    pub columns: Vec<String>,
    /// One table a figure.
    pub tables: Vec<Table>,
}

/// One figure over both values.
#[derive(Clone, Debug)]
pub struct Table {
    /// The figure.
    pub metric: &'static Metric,
    /// The unit that its cells share.
    pub scale: Scale,
    /// By row and column; `None` where there is no run or no such figure.
    pub cells: Vec<Vec<Option<Cell>>>,
}

/// One design under one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The figure: the median over seeds.
    pub value: f64,
    /// Whether all of its runs sustain their load; others are not ranked.
    pub ranks: bool,
    /// Whether it is the best of its column.
    pub best: bool,
    /// How far it is from the best of its column, from 0 to 1 at ten times as
    /// bad: for a shade.
    pub behind: f64,
}

/// The grid of a scenario's runs; `None` when they do not vary over exactly
/// two values besides the seed.
#[must_use]
pub fn grid(runs: &[Run]) -> Option<Grid> {
    let variations = || runs.iter().map(|run| &run.source.record.plan.variation);
    let paths: BTreeSet<&String> = variations().flat_map(BTreeMap::keys).collect();
    let mut axes: Vec<Axis> = paths
        .into_iter()
        // Seeds are taken together, they are no axis.
        .filter(|path| *path != SEED)
        .map(|path| Axis::of(path, variations()))
        .filter(|axis| axis.values.len() > 1)
        .collect();
    if axes.len() != 2 {
        return None;
    }
    axes.sort_by_key(|axis| (axis.path == PROTOCOL, axis.values.len()));
    let down = axes.pop()?;
    let across = axes.pop()?;
    if across.values.len() > WIDE || down.values.len() * across.values.len() < ENOUGH {
        return None;
    }
    let places = places(runs, &down, &across)?;
    let tables: Vec<Table> = SHOWN
        .iter()
        .filter_map(|id| METRICS.iter().chain(FINER).find(|metric| metric.id == *id))
        .filter_map(|metric| table(metric, runs, &places))
        .collect();
    let columns = columns(runs, &across, &places);
    (!tables.is_empty()).then_some(Grid {
        down,
        across,
        columns,
        tables,
    })
}

/// Names of the columns.
fn columns(runs: &[Run], across: &Axis, places: &Places) -> Vec<String> {
    let size = |column: usize| {
        let members = places.iter().flat_map(|row| &row[column]);
        let sizes: BTreeSet<u32> = members
            .map(|&index| runs[index].source.record.plan.replicas())
            .collect();
        (sizes.len() == 1).then(|| sizes.first().copied()).flatten()
    };
    let sizes: Vec<Option<u32>> = (0..across.values.len()).map(size).collect();
    let distinct: BTreeSet<u32> = sizes.iter().copied().flatten().collect();
    if across.path.starts_with("committee") && distinct.len() == sizes.len() {
        return sizes.iter().flatten().map(|n| format!("n = {n}")).collect();
    }
    let name = across.name.replace('_', " ");
    let values = across.values.iter();
    values
        .map(|value| format!("{name} {}", plain(value)))
        .collect()
}

/// The runs of every cell.
type Places = Vec<Vec<Vec<usize>>>;

fn places(runs: &[Run], down: &Axis, across: &Axis) -> Option<Places> {
    let mut places = vec![vec![Vec::new(); across.values.len()]; down.values.len()];
    for (index, run) in runs.iter().enumerate() {
        let variation = &run.source.record.plan.variation;
        places[down.place(variation)?][across.place(variation)?].push(index);
    }
    Some(places)
}

fn table(metric: &'static Metric, runs: &[Run], places: &Places) -> Option<Table> {
    let mut cells: Vec<Vec<Option<Cell>>> = places
        .iter()
        .map(|row| row.iter().map(|place| cell(metric, runs, place)).collect())
        .collect();
    for column in 0..places.first()?.len() {
        rank(metric, &mut cells, column);
    }
    let values = || cells.iter().flatten().flatten().map(|cell| cell.value);
    let largest = values().fold(0.0, f64::max);
    let smallest = values().fold(f64::INFINITY, f64::min);
    (smallest.is_finite() && largest > 0.0).then(|| Table {
        metric,
        scale: metric.unit.row_scale(smallest, largest),
        cells,
    })
}

fn cell(metric: &Metric, runs: &[Run], place: &[usize]) -> Option<Cell> {
    let values: Vec<f64> = place
        .iter()
        .filter_map(|&index| (metric.value)(&runs[index].source.record))
        .collect();
    let value = median(&values)?;
    Some(Cell {
        value,
        ranks: place.iter().all(|&index| ranks(&runs[index])),
        best: false,
        behind: 0.0,
    })
}

/// Marks the best of a column and shades the others.
fn rank(metric: &Metric, cells: &mut [Vec<Option<Cell>>], column: usize) {
    let ranked = cells.iter().filter_map(|row| row[column].as_ref());
    let values = ranked.filter(|cell| cell.ranks).map(|cell| cell.value);
    let best = match metric.better {
        Better::Higher => values.max_by(f64::total_cmp),
        Better::Lower | Better::Neither => values.min_by(f64::total_cmp),
    };
    let Some(best) = best.filter(|best| *best > 0.0) else {
        return;
    };
    for cell in cells.iter_mut().filter_map(|row| row[column].as_mut()) {
        cell.best = cell.ranks && (cell.value - best).abs() <= equal(metric) * best;
        let ratio = match metric.better {
            Better::Higher => best / cell.value.max(f64::MIN_POSITIVE),
            Better::Lower | Better::Neither => cell.value / best,
        };
        cell.behind = ratio.max(1.0).log10().min(1.0);
    }
    // Where all are about equal there is no best.
    let all = || cells.iter().filter_map(|row| row[column].as_ref());
    if all().filter(|cell| cell.ranks).all(|cell| cell.best) {
        for cell in cells.iter_mut().filter_map(|row| row[column].as_mut()) {
            cell.best = false;
        }
    }
}

impl Grid {
    /// Who leads in a table: `raft (n = 4, n = 16), pbft (n = 64)`; empty where
    /// nobody does.
    #[must_use]
    pub fn leaders(&self, table: &Table) -> String {
        let of_row = |row: &Vec<Option<Cell>>| -> Vec<String> {
            let cells = row.iter().zip(&self.columns);
            cells
                .filter(|(cell, _)| cell.as_ref().is_some_and(|cell| cell.best))
                .map(|(_, name)| name.clone())
                .collect()
        };
        let leaders: Vec<String> = self
            .down
            .values
            .iter()
            .zip(&table.cells)
            .map(|(name, row)| (plain(name), of_row(row)))
            .filter(|(_, places)| !places.is_empty())
            .map(|(name, places)| format!("{name} ({})", places.join(", ")))
            .collect();
        leaders.join(", ")
    }
}
