//! The reason why, in words: the console's tables of what binds, where the time
//! went, and what would change it. The page draws the same document.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use groma_experiment::path::Band;
use groma_experiment::why::{WhatIf, Why};

use crate::format::{Unit, printable, signed_percent};

/// Everything that the console says of one plan.
#[must_use]
pub fn console(why: &Why) -> String {
    let mut out = format!("{}\n", printable(&heading(why)));
    for line in lines(why) {
        out.push_str(&format!("  {}\n", printable(&line)));
    }
    out.push_str("\nHow busy, and what could be carried if nothing else bound\n");
    out.push_str(&resources(why));
    out.push_str(&bounds(why));
    if !why.path.bands.is_empty() {
        out.push_str("\nWhere the time goes, ms (in queues)\n");
        out.push_str(&parts(&why.path.bands));
        out.push_str(&hops(&why.path.bands));
    }
    out.push_str("\nWhat if: the same plan with one thing changed, run again\n");
    out.push_str(&what_ifs(why));
    out
}

/// `city: pbft`.
#[must_use]
pub fn heading(why: &Why) -> String {
    if why.variation.is_empty() {
        why.name.clone()
    } else {
        format!("{}: {}", why.name, why.label)
    }
}

/// The answer in sentences.
#[must_use]
pub fn lines(why: &Why) -> Vec<String> {
    let spell =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| Unit::Millis.spell(ms));
    let mut lines = vec![format!(
        "at {} offered: {} goodput, p50 {}, p99 {} ({})",
        Unit::Tps.spell(why.offered_tps),
        Unit::Tps.spell(why.goodput_tps),
        spell(why.finality_ms.p50),
        spell(why.finality_ms.p99),
        why.verdict.as_str()
    )];
    if let Some(width) = why.capacity_width {
        lines.push(match why.capacity_tps {
            Some(tps) => format!(
                "sustains up to {} (to within {})",
                Unit::Tps.spell(tps),
                Unit::Share.spell(width)
            ),
            None => "sustains no load that was tried".to_owned(),
        });
    }
    lines.push(format!("binds: {}", why.binds));
    lines
}

fn grid(head: &[&str]) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(rule));
    table.set_header(head.iter().copied());
    table
}

fn finish(mut table: Table, text_columns: &[usize], columns: usize) -> String {
    for index in (0..columns).filter(|index| !text_columns.contains(index)) {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}

/// Busier than this is worth a line on the console.
const WORTH_SHARE: f64 = 0.01;

fn resources(why: &Why) -> String {
    let mut table = grid(&["resource", "busy", "wait", "full at"]);
    for resource in why
        .resources
        .iter()
        .filter(|resource| resource.used >= WORTH_SHARE)
    {
        table.add_row([
            printable(&resource.name),
            Unit::Share.spell(resource.used),
            resource
                .wait_ms
                .map_or_else(|| "–".to_owned(), |ms| Unit::Millis.spell(ms)),
            Unit::Tps.spell(why.goodput_tps / resource.used),
        ]);
    }
    finish(table, &[0], 4)
}

fn bounds(why: &Why) -> String {
    if why.bounds.is_empty() {
        return String::new();
    }
    let mut table = grid(&["closed form", "at most", "="]);
    for bound in &why.bounds {
        table.add_row([
            bound.name.clone(),
            Unit::Tps.spell(bound.tps),
            bound.formula.clone(),
        ]);
    }
    finish(table, &[0, 2], 3)
}

fn parts(bands: &[Band]) -> String {
    let mut head = vec!["part".to_owned()];
    head.extend(bands.iter().map(|band| band.name.clone()));
    let heads: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut table = grid(&heads);
    for part in groma_experiment::path::Part::ALL {
        let cells: Vec<Option<(f64, f64)>> = bands
            .iter()
            .map(|band| {
                let row = band.rows.iter().find(|row| row.part == part);
                row.map(|row| (row.ms, row.queued_ms))
            })
            .collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        let mut line = vec![part.name().to_owned()];
        line.extend(cells.into_iter().map(|cell| match cell {
            Some((ms, queued)) if queued >= 0.01 => format!("{ms:.2} ({queued:.2})"),
            Some((ms, _)) => format!("{ms:.2}"),
            None => "–".to_owned(),
        }));
        table.add_row(line);
    }
    let mut sum = vec!["finality".to_owned()];
    sum.extend(bands.iter().map(|band| format!("{:.2}", band.finality_ms)));
    table.add_row(sum);
    finish(table, &[0], bands.len() + 1)
}

/// Stretches that a printed path shows at the most.
const HOPS: usize = 24;

/// The path of one transaction of the last band, after its block's creation.
fn hops(bands: &[Band]) -> String {
    let Some(band) = bands.iter().rev().find(|band| !band.hops.is_empty()) else {
        return String::new();
    };
    let mut longest: Vec<usize> = (0..band.hops.len()).collect();
    longest.sort_by(|a, b| band.hops[*b].ms.total_cmp(&band.hops[*a].ms));
    longest.truncate(HOPS);
    longest.sort_unstable();
    let mut out = format!(
        "\nOne transaction of the {}, from its block's creation (the {} longest of {} stretches)\n",
        band.name,
        longest.len(),
        band.hops.len()
    );
    let mut table = grid(&["at, ms", "ms", "part", "where", "what"]);
    for hop in longest.into_iter().map(|index| &band.hops[index]) {
        let part = if hop.queued {
            format!("{}, queue", hop.part.name())
        } else {
            hop.part.name().to_owned()
        };
        table.add_row([
            format!("{:.2}", hop.from_ms),
            format!("{:.2}", hop.ms),
            part,
            printable(&hop.node),
            printable(&hop.what),
        ]);
    }
    out.push_str(&finish(table, &[2, 3, 4], 5));
    out
}

fn what_ifs(why: &Why) -> String {
    let searched = why.capacity_width.is_some();
    let mut head = vec!["change", "p50", "p99", "p99 by"];
    if searched {
        head.extend(["sustains", "by"]);
    } else {
        head.push("goodput");
    }
    head.push("what");
    let mut table = grid(&head);
    for what_if in ranked(why) {
        table.add_row(what_if_row(what_if, searched));
    }
    finish(table, &[0, head.len() - 1], head.len())
}

/// The changes, the most telling first.
#[must_use]
pub fn ranked(why: &Why) -> Vec<&WhatIf> {
    let mut all: Vec<&WhatIf> = why.what_ifs.iter().collect();
    let gain = |what_if: &WhatIf| {
        let faster = -what_if.p99_change.unwrap_or(0.0);
        (what_if.capacity_change.unwrap_or(0.0), faster)
    };
    all.sort_by(|a, b| {
        let (a, b) = (gain(a), gain(b));
        b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    all
}

fn what_if_row(what_if: &WhatIf, searched: bool) -> Vec<String> {
    let ms = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| Unit::Millis.spell(ms));
    let by = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), signed_percent);
    let mut row = vec![
        what_if.name.clone(),
        ms(what_if.finality_ms_p50),
        ms(what_if.finality_ms_p99),
        by(what_if.p99_change),
    ];
    if searched {
        let tps = what_if.capacity_tps;
        row.push(tps.map_or_else(|| "–".to_owned(), |tps| Unit::Tps.spell(tps)));
        row.push(by(what_if.capacity_change));
    } else {
        row.push(Unit::Tps.spell(what_if.goodput_tps));
    }
    row.push(what_if.change.clone());
    row
}
