//! What a load asks for, in words: the console's tables of a demand. The curve of a day
//! is drawn with characters, so that a terminal shows it.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use groma_experiment::demand::Demand;

use crate::format::{Unit, count, printable};

/// Everything that the console says of one plan.
#[must_use]
pub fn console(demand: &Demand) -> String {
    let mut out = format!("{}\n", printable(&heading(demand)));
    for line in lines(demand) {
        out.push_str(&format!("  {}\n", printable(&line)));
    }
    if demand.hours_tps.len() > 1 {
        out.push_str("\nBy hour of true time\n");
        out.push_str(&hours(&demand.hours_tps));
    }
    out.push_str("\nBy workload\n");
    out.push_str(&workloads(demand));
    out
}

/// `city-day`, with what varies.
#[must_use]
pub fn heading(demand: &Demand) -> String {
    if demand.label.is_empty() || demand.label == demand.name {
        demand.name.clone()
    } else {
        format!("{}: {}", demand.name, demand.label)
    }
}

/// The answer in sentences.
#[must_use]
pub fn lines(demand: &Demand) -> Vec<String> {
    let share = |share: f64| Unit::Share.spell(share);
    let tps = |tps: f64| Unit::Tps.spell(tps);
    let shares = demand.share_of_10k;
    vec![
        format!(
            "{} inhabitants, {} of true time",
            count(demand.population),
            Unit::Seconds.spell(demand.seconds)
        ),
        format!(
            "mean {}: {} of 10,000 TPS",
            tps(demand.mean_tps),
            share(shares.mean)
        ),
        format!(
            "peak hour {}: {} of 10,000 TPS",
            tps(demand.peak_hour_tps),
            share(shares.peak_hour)
        ),
        format!(
            "worst second {} expected: {} of 10,000 TPS{}",
            tps(demand.worst_second_tps),
            share(shares.worst_second),
            demand
                .worst_second_once_a_day
                .map_or_else(String::new, |most| format!(
                    "; by chance up to {} in some second of such a day",
                    count(most as u64)
                ))
        ),
        format!(
            "365 days like this: {} transactions, {} new records, {} of transactions",
            count(demand.per_year.transactions as u64),
            count(demand.per_year.records as u64),
            Unit::Bytes.spell(demand.per_year.bytes)
        ),
    ]
}

/// A bar of so many characters at most.
const WIDTH: f64 = 50.0;

fn hours(tps: &[f64]) -> String {
    let most = tps.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let scale = Unit::Tps.scale(most);
    let mut out = String::new();
    for (hour, &rate) in tps.iter().enumerate() {
        let bar = "█".repeat((rate / most * WIDTH).round() as usize);
        out.push_str(&format!(
            "  {:>3} h  {:>9}  {bar}\n",
            hour,
            scale.number(rate)
        ));
    }
    out
}

fn workloads(demand: &Demand) -> String {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(rule));
    table.set_header(HEAD);
    for row in rows(demand) {
        table.add_row(row);
    }
    for index in 1..HEAD.len() {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}

/// The heads of [`rows`].
pub const HEAD: [&str; 6] = [
    "workload",
    "mean",
    "share",
    "bytes each",
    "records each",
    "in one group",
];

/// A row for each workload.
#[must_use]
pub fn rows(demand: &Demand) -> Vec<[String; 6]> {
    let total: f64 = demand.workloads.iter().map(|part| part.mean_tps).sum();
    let parts = demand.workloads.iter();
    parts
        .map(|part| {
            [
                part.workload.clone(),
                Unit::Tps.spell(part.mean_tps),
                Unit::Share.spell(part.mean_tps / total.max(f64::MIN_POSITIVE)),
                Unit::Bytes.spell(part.bytes_per_tx),
                format!("{:.2}", part.records_per_tx),
                Unit::Share.spell(part.contention),
            ]
        })
        .collect()
}
