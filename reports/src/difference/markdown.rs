//! The comparison as a comment on a pull request: the verdict first, the tables
//! folded away.

use super::change::{Change, Turn};
use super::group::{Estimate, Group};
use super::judge::State;
use super::text::word;
use super::{Difference, Pair, manner, probability, rest, verdict, within};
use crate::attack;

/// Broken rules that are listed; a comment has a limit.
const LISTED: usize = 20;

/// Pairs whose tables are shown.
const SHOWN: usize = 16;

/// Renders it.
#[must_use]
pub fn markdown(difference: &Difference) -> String {
    let sign = if difference.failed() > 0 {
        "❌"
    } else {
        "✅"
    };
    let [base, head] = &difference.names;
    let mut out = format!(
        "### {sign} Groma: `{}` against `{}`\n\n{}\n",
        code(head),
        code(base),
        escaped(&difference.headline())
    );
    for note in &difference.notes {
        out.push_str(&format!("\n> {}\n", escaped(note)));
    }
    out.push_str(&rules(difference));
    for group in &difference.groups {
        out.push_str(&of_group(group));
    }
    let changed: Vec<&Pair> = difference
        .pairs
        .iter()
        .filter(|pair| !pair.is_equal())
        .collect();
    for pair in changed.iter().take(SHOWN) {
        out.push_str(&of_pair(pair));
    }
    if let Some(more) = changed.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        out.push_str(&format!("\nPairs that differ and are not shown: {more}.\n"));
    }
    out.push_str(&alone(difference));
    out.push_str(&advice(difference));
    out
}

fn rules(difference: &Difference) -> String {
    let broken: Vec<_> = difference
        .rulings
        .iter()
        .filter(|ruling| ruling.state == State::Failed)
        .collect();
    if broken.is_empty() {
        return String::new();
    }
    let mut out = "\n| broken rule | where | seen |\n|---|---|---|\n".to_owned();
    for ruling in broken.iter().take(LISTED) {
        out.push_str(&format!(
            "| `{}` | {} | {} |\n",
            code(&ruling.rule),
            escaped(&ruling.place),
            escaped(&ruling.seen)
        ));
    }
    if let Some(more) = broken.len().checked_sub(LISTED).filter(|more| *more > 0) {
        out.push_str(&format!("\nand {more} more.\n"));
    }
    out
}

fn of_pair(pair: &Pair) -> String {
    let mut out = format!(
        "\n<details><summary>{}: {}</summary>\n",
        escaped(&pair.place),
        escaped(&rest(pair))
    );
    let words = pair.words.iter().filter(|word| word.has_changed());
    for (index, word) in words.enumerate() {
        if index == 0 {
            out.push('\n');
        }
        out.push_str(&format!(
            "- {}: `{}` → `{}`\n",
            word.name.replace('_', " "),
            code(&word.base),
            code(&word.head)
        ));
    }
    let (told, other) = pair.told();
    if !told.is_empty() {
        out.push_str("\n| figure | base | head | change | |\n|---|---:|---:|---:|---|\n");
    }
    for change in told {
        out.push_str(&format!("{} {} |\n", cells(change), mark(change.turn)));
    }
    if !other.is_empty() {
        out.push_str(&format!(
            "\nand {} more that have no good side.\n",
            other.len()
        ));
    }
    out.push_str("\n</details>\n");
    out
}

fn of_group(group: &Group) -> String {
    let open = if group.has_changed() { " open" } else { "" };
    let mut out = format!(
        "\n<details{open}><summary>{}: {}; {}</summary>\n\n| figure | base | head | change | 95 % within | p | |\n|---|---:|---:|---:|---:|---:|---|\n",
        escaped(&group.place),
        manner(group),
        verdict(group)
    );
    let told = |estimate: &&Estimate| {
        let costs = group.attacked && attack::is_cost(estimate.change.quantity.id);
        estimate.judged || costs || estimate.is_shown()
    };
    for estimate in group.estimates.iter().filter(told) {
        let star = if estimate.judged { " *" } else { "" };
        let verdict = if estimate.is_shown() {
            mark(estimate.change.turn)
        } else {
            String::new()
        };
        let row = cells(&estimate.change).replacen(" |", &format!("{star} |"), 1);
        let chance = estimate.chance.map_or_else(String::new, probability);
        out.push_str(&format!(
            "{row} {} | {chance} | {verdict} |\n",
            within(estimate)
        ));
    }
    out.push_str("\n</details>\n");
    out
}

fn cells(change: &Change) -> String {
    let spelled = change.spelled();
    format!(
        "| {} | {} | {} | {} |",
        escaped(change.quantity.name),
        spelled.base,
        spelled.head,
        spelled.change
    )
}

fn mark(turn: Turn) -> String {
    let sign = match turn {
        Turn::Worse => "🔺 ",
        Turn::Better => "✓ ",
        Turn::Equal | Turn::Other => "",
    };
    format!("{sign}{}", word(turn))
}

fn alone(difference: &Difference) -> String {
    let line =
        |alone: &super::Alone| format!("- {} only: {}\n", alone.side.word(), escaped(&alone.place));
    let lines: String = difference.alone.iter().map(line).collect();
    if lines.is_empty() {
        lines
    } else {
        format!("\nWithout a partner, not compared:\n\n{lines}")
    }
}

fn advice(difference: &Difference) -> String {
    let parts: Vec<String> = difference
        .host
        .iter()
        .map(|advice| format!("{} ×{:.2}", advice.name, advice.ratio))
        .collect();
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "\n<sub>The host, noisy, head over base: {}.</sub>\n",
        parts.join(", ")
    )
}

/// Text that stays text, in a table too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '@' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out
}

/// Text within backquotes.
fn code(text: &str) -> String {
    text.replace('`', "'").replace('|', "\\|")
}
