//! The first event in which two runs differ, in words and columns.

use std::fmt::Write as _;

use groma_experiment::divergence::{Delivery, Divergence, Extract, Fate, Side, Surplus};
use groma_experiment::plan::Plan;

use crate::difference::plans::{Field, differing};
use crate::format::count;

/// Where two plans differ: what a comparison would call a difference, and the
/// seed, which changes every event.
#[must_use]
pub fn changes(base: &Plan, head: &Plan) -> Vec<Field> {
    let mut fields = differing(base, head);
    if base.seed != head.seed {
        fields.push(Field {
            path: "seed".to_owned(),
            base: base.seed.to_string(),
            head: head.seed.to_string(),
        });
    }
    fields
}

/// The same, a line a value.
#[must_use]
pub fn plans(changes: &[Field]) -> String {
    let mut text = "the plans differ:\n".to_owned();
    for change in changes {
        let _ = writeln!(text, "  {change}");
    }
    text
}

/// The first event that differs, and what stands around it.
#[must_use]
pub fn text(found: &Divergence, base: &Extract, head: &Extract) -> String {
    let mut text = format!(
        "the first {} deliveries are the same; the next differs (window {}):\n",
        count(found.number),
        base.header.window
    );
    for (name, side, extract) in [("base", &found.base, base), ("head", &found.head, head)] {
        let event = side.event.as_ref().map_or_else(
            || "the run was over".to_owned(),
            |event| sentence(event, extract),
        );
        let _ = writeln!(text, "  {name}: {event}");
    }
    match &found.surplus {
        Some(surplus) => {
            let extract = if surplus.in_base { base } else { head };
            text.push_str(&ahead(surplus, found, extract));
        }
        None => {
            let _ = writeln!(text, "{}", difference(found));
            text.push_str(&fates(found));
        }
    }
    text.push_str("\naround it (= both, < base, > head):\n");
    text.push_str(&table(found, base, head));
    text
}

fn sentence(event: &Delivery, extract: &Extract) -> String {
    let at = seconds(event.at_ns);
    let node = extract.node(event.to);
    let after = match &event.after {
        Some(after) => format!(", sent on {after:?}"),
        None => String::new(),
    };
    if event.bytes == 0 && event.from == event.to {
        return format!(
            "at {at} {node} hands itself {:?} (its event {}{after})",
            event.kind, event.sequence
        );
    }
    format!(
        "at {at} {node} receives {:?}, {} B, from {} (its event {}{after})",
        event.kind,
        count(event.bytes),
        extract.node(event.from),
        event.sequence
    )
}

/// Seconds to the nanosecond: two events may be as close as that.
fn seconds(ns: u64) -> String {
    format!("{}.{:09} s", ns / 1_000_000_000, ns % 1_000_000_000)
}

fn milliseconds(ns: u64) -> String {
    format!("{}.{:06} ms", ns / 1_000_000, ns % 1_000_000)
}

fn difference(found: &Divergence) -> String {
    if found.fields.is_empty() {
        return "one run was over here, the other went on".to_owned();
    }
    let fields: Vec<&str> = found.fields.iter().map(|field| field.name()).collect();
    match found.base.fate {
        Fate::Here => {
            let mut text = format!("the same event, with another {}", fields.join(", "));
            if let (Some(a), Some(b)) = (&found.base.event, &found.head.event)
                && a.at_ns != b.at_ns
            {
                let word = if b.at_ns > a.at_ns {
                    "later"
                } else {
                    "earlier"
                };
                let by = milliseconds(a.at_ns.abs_diff(b.at_ns));
                let _ = write!(text, ": {by} {word} in the head");
            }
            text
        }
        _ => format!("another event: {} differ", fields.join(", ")),
    }
}

/// Lines of the surplus that are shown.
const MOST_SURPLUS: usize = 8;

/// The same event, but its sender had done more before it on one side.
fn ahead(surplus: &Surplus, found: &Divergence, extract: &Extract) -> String {
    let (own, other) = match surplus.in_base {
        true => ("base", "head"),
        false => ("head", "base"),
    };
    let sender = found.base.event.as_ref().map_or(0, |event| event.from);
    let mut text = format!(
        "the same event, but in the {own} {} had caused {} more by then than in the {other}\n",
        extract.node(sender),
        match surplus.count {
            1 => "one event".to_owned(),
            count => format!("{count} events"),
        },
    );
    for event in surplus.came.iter().take(MOST_SURPLUS) {
        let _ = writeln!(text, "  {own} only: {}", sentence(event, extract));
    }
    let rest = surplus.came.len().saturating_sub(MOST_SURPLUS);
    if rest > 0 {
        let _ = writeln!(text, "  and {rest} more that came");
    }
    text
}

/// What became of each side's event on the other side.
fn fates(found: &Divergence) -> String {
    let mut text = String::new();
    let sides: [(&str, &str, &Side); 2] =
        [("base", "head", &found.base), ("head", "base", &found.head)];
    for (own, other, side) in sides {
        if side.event.is_none() {
            continue;
        }
        let _ = match side.fate {
            Fate::Here => continue,
            Fate::Absent => writeln!(
                text,
                "the {own}'s event does not come in this window of the {other}"
            ),
            Fate::Later { number, by_ns } => {
                let word = if by_ns < 0 { "earlier" } else { "later" };
                let by = match by_ns {
                    0 => "at the same time".to_owned(),
                    by => format!("{} {word}", milliseconds(by.unsigned_abs())),
                };
                writeln!(
                    text,
                    "the {own}'s event comes in the {other} as delivery {}, {by}",
                    count(number)
                )
            }
        };
    }
    text
}

const HEADS: [&str; 8] = [
    "", "delivery", "time", "to", "what", "bytes", "from", "sent on",
];

fn table(found: &Divergence, base: &Extract, head: &Extract) -> String {
    let cells = |mark: &str, event: &Delivery, extract: &Extract| {
        [
            mark.to_owned(),
            event.number.to_string(),
            seconds(event.at_ns),
            extract.node(event.to),
            event.kind.to_string(),
            event.bytes.to_string(),
            format!("{} #{}", extract.node(event.from), event.sequence),
            event.after.as_deref().unwrap_or_default().to_owned(),
        ]
    };
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(found.before.iter().map(|event| cells("=", event, base)));
    rows.extend(found.base.then.iter().map(|event| cells("<", event, base)));
    rows.extend(found.head.then.iter().map(|event| cells(">", event, head)));
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| {
            let cell = |row: &[String; 8]| row[column].chars().count();
            rows.iter().map(cell).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Numbers stand to the right.
            let _ = match column {
                1 | 5 => write!(line, "{cell:>width$}  "),
                _ => write!(line, "{cell:<width$}  "),
            };
        }
        let _ = writeln!(text, "  {}", line.trim_end());
    }
    text
}
