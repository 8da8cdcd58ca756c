//! `report.html`: one file that needs nothing else, for the screen in light and
//! dark and for A4 paper. Every figure comes spelt from the comparison.

mod attack;
mod capacity;
mod closing;
pub mod demand;
pub mod difference;
mod executive;
mod grid;
mod lens;
mod machines;
mod matrix;
mod opening;
mod parts;
mod plan;
mod runs;
mod service;
mod sides;
pub mod validation;
mod why;
mod zoom;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::capacity::families;
use crate::chart::ink;
use crate::compare::Comparison;
use crate::findings::Findings;

const STYLE: &str = include_str!("style.css");
const SORT: &str = include_str!("sort.js");

/// Nothing is fetched: the browser itself is told to refuse it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// Renders the page of runs alone. Equal comparisons give equal bytes.
#[must_use]
pub fn render(comparison: &Comparison) -> String {
    render_with(comparison, &Findings::default())
}

/// Renders the page of runs and what was found besides.
#[must_use]
pub fn render_with(comparison: &Comparison, findings: &Findings) -> String {
    let body = sections(comparison, findings);
    let charts = body.0.matches("<svg class=\"chart\"").count();
    let zooms = body.0.contains("class=\"zoomable\"");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content="groma";
                title { "Groma: " (title(comparison, findings)) }
                style { @if zooms { (PreEscaped(zoom::style())) } (PreEscaped(STYLE)) (PreEscaped(inks())) }
            }
            // How many charts there must be, for whoever checks the page.
            body data-charts=(charts) {
                (body)
                script { (PreEscaped(SORT)) }
                @if zooms { (zoom::scripts(comparison)) }
            }
        }
    };
    page.into_string()
}

/// The classes that charts use for their colours.
fn inks() -> String {
    ink::names()
        .map(|name| {
            format!(".f-{name}{{fill:var(--{name})}}.s-{name}{{stroke:var(--{name})}}.c-{name}{{color:var(--{name})}}")
        })
        .collect()
}

fn title(comparison: &Comparison, findings: &Findings) -> String {
    let families = families(&findings.certificates);
    match (families.as_slice(), comparison.runs.is_empty()) {
        ([only], true) => only.name.clone(),
        (several, true) if !several.is_empty() => {
            format!("capacity of {} scenarios", several.len())
        }
        _ => comparison.title(),
    }
}

/// The sections of the page, for the bar at its top.
fn places(
    runs: Option<&OfRuns>,
    certificates: bool,
    whys: bool,
) -> Vec<(&'static str, &'static str)> {
    let mut places = Vec::new();
    if certificates {
        places.extend([("capacity", "Capacity"), ("probes", "Probes")]);
    }
    if whys {
        places.push(("why", "Why"));
    }
    if let Some(runs) = runs {
        places.extend([("answer", "Answer"), ("verdicts", "Verdicts")]);
        places.extend((!runs.attacks.0.is_empty()).then_some(("attack", "Attack")));
        places.extend((!runs.winners.0.is_empty()).then_some(("grid", "Who wins")));
        places.extend([
            ("figures", "Figures"),
            ("sides", "Side by side"),
            ("runs", "Each run"),
            ("lens", "Other tools"),
            ("checks", "Checks"),
            ("plan", "Plan"),
            ("again", "Reproduce"),
        ]);
    }
    places.push(("words", "Words"));
    places
}

/// Sections of the runs that are only there when they have something to say.
struct OfRuns {
    attacks: Markup,
    winners: Markup,
}

fn sections(comparison: &Comparison, findings: &Findings) -> Markup {
    let families = families(&findings.certificates);
    let runs = (!comparison.runs.is_empty()).then(|| OfRuns {
        attacks: attack::section(comparison),
        winners: grid::sections(comparison),
    });
    if runs.is_none() && families.is_empty() && findings.whys.is_empty() {
        return html! { main { section.hero { h1 { "No runs" } p { "No finished run was found." } } } };
    }
    html! {
        nav.bar aria-label="Sections" { div {
            b { "Groma" }
            @for (id, text) in places(runs.as_ref(), !families.is_empty(), !findings.whys.is_empty()) { a href={ "#" (id) } { (text) } }
        } }
        main {
            @if !families.is_empty() {
                (executive::section(&families))
                (capacity::section(&families))
            }
            @if !findings.whys.is_empty() { (why::section(&findings.whys)) }
            @if let Some(some) = &runs { (of_runs(comparison, findings, some)) }
            (closing::words())
        }
        (made_from(comparison.runs.len(), findings.certificates.len()))
    }
}

fn of_runs(comparison: &Comparison, findings: &Findings, some: &OfRuns) -> Markup {
    html! {
        (opening::hero(comparison))
        (opening::verdicts(comparison))
        (some.attacks)
        (some.winners)
        (matrix::figures(comparison))
        (sides::sections(comparison))
        (runs::section(comparison))
        (lens::section(comparison, &findings.second_runs))
        (matrix::checks(comparison, findings))
        (plan::section(comparison))
        (closing::again(comparison, findings))
    }
}

fn made_from(runs: usize, certificates: usize) -> Markup {
    let of = |number: usize, one: &str| match number {
        0 => None,
        1 => Some(format!("one {one}")),
        many => Some(format!("{many} {one}s")),
    };
    let parts: Vec<String> = of(runs, "run")
        .into_iter()
        .chain(of(certificates, "certificate"))
        .collect();
    html! {
        footer {
            "Made by Groma from " (parts.join(" and "))
            ". Figures are exact and equal on every machine, but for those of the host."
        }
    }
}
