//! `report.html`: one file that needs nothing else, for the screen in light and
//! dark and for A4 paper. Every figure comes spelt from the comparison.

mod closing;
mod machines;
mod matrix;
mod opening;
mod parts;
mod plan;
mod runs;
mod sides;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::chart::ink;
use crate::compare::Comparison;

const STYLE: &str = include_str!("style.css");
const SORT: &str = include_str!("sort.js");

/// Nothing is fetched: the browser itself is told to refuse it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// Renders the page. Equal comparisons give equal bytes.
#[must_use]
pub fn render(comparison: &Comparison) -> String {
    let body = sections(comparison);
    let charts = body.0.matches("<svg class=\"chart\"").count();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content="groma";
                title { "Groma: " (comparison.title()) }
                style { (PreEscaped(STYLE)) (PreEscaped(inks())) }
            }
            // How many charts there must be, for whoever checks the page.
            body data-charts=(charts) { (body) script { (PreEscaped(SORT)) } }
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

fn sections(comparison: &Comparison) -> Markup {
    if comparison.runs.is_empty() {
        return html! { main { section.hero { h1 { "No runs" } p { "No finished run was found." } } } };
    }
    html! {
        nav.bar aria-label="Sections" { div {
            b { "Groma" }
            a href="#answer" { "Answer" }
            a href="#verdicts" { "Verdicts" }
            a href="#figures" { "Figures" }
            a href="#sides" { "Side by side" }
            a href="#runs" { "Each run" }
            a href="#checks" { "Checks" }
            a href="#plan" { "Plan" }
            a href="#again" { "Reproduce" }
            a href="#words" { "Words" }
        } }
        main {
            (opening::hero(comparison))
            (opening::verdicts(comparison))
            (matrix::figures(comparison))
            (sides::sections(comparison))
            (runs::section(comparison))
            (matrix::checks(comparison))
            (plan::section(comparison))
            (closing::again(comparison))
            (closing::words())
        }
        footer {
            "Made by Groma from "
            @if comparison.runs.len() == 1 { "one run" } @else { (comparison.runs.len()) " runs" }
            ". Figures are exact and equal on every machine, but for those of the host."
        }
    }
}
