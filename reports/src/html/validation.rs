//! The page of a validation: how many rows are inside their tolerance, by how
//! much each is off, and what each set reproduces.

use groma_experiment::validation::sensitivity::Moved;
use groma_experiment::validation::{Claim, Outcome, Set, Tolerance};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{POLICY, SORT, STYLE, inks};
use crate::chart::ink::Ink;
use crate::chart::{agreement, errors};
use crate::validation::{
    ClassTally, SetMoves, Tally, by_class, error, figure, name, pass, sentence, sets_moved,
    tolerance,
};

/// A set with what became of its rows.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The set.
    pub set: &'static Set,
    /// Its outcomes.
    pub outcomes: &'a [Outcome],
}

/// Renders the page, with what predictions rest on where that was tried. Equal
/// outcomes give equal bytes.
#[must_use]
pub fn render(parts: &[Part<'_>], claims: &[Claim], moved: Option<&[Moved]>) -> String {
    let body = sections(parts, claims, moved);
    let charts = body.0.matches("<svg class=\"chart\"").count();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content="groma";
                title { "Groma: validation" }
                style { (PreEscaped(STYLE)) (PreEscaped(inks())) }
            }
            body data-charts=(charts) {
                (body)
                script { (PreEscaped(SORT)) }
            }
        }
    };
    page.into_string()
}

fn sections(parts: &[Part<'_>], claims: &[Claim], moved: Option<&[Moved]>) -> Markup {
    let outcomes: Vec<Outcome> = parts
        .iter()
        .flat_map(|part| part.outcomes.iter().cloned())
        .collect();
    let tally = Tally::of(&outcomes);
    let tone = if tally.is_good() { "good" } else { "bad" };
    html! {
        nav.bar aria-label="Sections" { div {
            b { "Groma" }
            a href="#answer" { "Answer" }
            a href="#errors" { "Errors" }
            a href="#agreement" { "Agreement" }
            a href="#sets" { "Rows" }
            @if moved.is_some() { a href="#sensitivity" { "Sensitivity" } }
            a href="#claims" { "Claims" }
        } }
        main {
            section.hero id="answer" {
                h1 { "Predicted against published" }
                p class={ "answer " (tone) } { (sentence(&outcomes)) "." }
                p.note { "Tolerances stood before any run. Prices are fitted at most on rows marked (fit), one list a testbed; rows marked (seen) had been run before a choice was made that may have brought them nearer. A NIC sends one message after the other (FIFO) in every row." }
                (classes(&outcomes))
            }
            section id="errors" {
                h2 { "Error of each row" }
                (PreEscaped(errors::draw("Error of each row against its tolerance", &lines(&outcomes))))
            }
            section id="agreement" {
                h2 { "Predicted over published" }
                p.note { "On the line both are equal. Colours tell the sets apart; hollow dots are printed and not judged; rows outside their tolerance are named." }
                (PreEscaped(agreement::draw("Predicted over published", &dots(parts))))
            }
            section id="sets" {
                h2 { "Rows" }
                @for part in parts { (of_set(part)) }
            }
            @if let Some(moved) = moved { (sensitivity(moved)) }
            section id="claims" {
                h2 { "Claims without conditions" }
                p.note { "Said without what would let anyone reproduce them, so they are printed as claims and judge nothing." }
                ul.list { @for claim in claims { li { b { (claim.system) } ": " (claim.claim) } } }
            }
        }
        footer { "Made by Groma. Figures of simulations are exact and equal on every machine." }
    }
}

/// The count by what rows are compared with.
fn classes(outcomes: &[Outcome]) -> Markup {
    html! {
        table.lists id="classes" {
            thead { tr { @for head in ClassTally::HEAD { th { (head) } } } }
            tbody { @for tally in by_class(outcomes) {
                tr { @for cell in tally.cells() { td { (cell) } } }
            } }
        }
        p.note { "A closed form or a Monte Carlo shows that the simulator does what it says; only rows measured on machines show that what it says is so." }
    }
}

fn lines(outcomes: &[Outcome]) -> Vec<errors::Line> {
    let line = |outcome: &Outcome| {
        let judgement = &outcome.judgement;
        errors::Line {
            label: outcome.id.clone(),
            band: match judgement.tolerance {
                Tolerance::Relative(share) => Some((-share * 100.0, share * 100.0)),
                Tolerance::Below(share) => Some((-share * 100.0, 0.0)),
                Tolerance::Exact => Some((0.0, 0.0)),
                Tolerance::Printed => None,
            },
            error: judgement.error.map(|error| error * 100.0),
            inside: judgement.pass,
            text: error(judgement.error),
        }
    };
    outcomes.iter().map(line).collect()
}

fn dots(parts: &[Part<'_>]) -> Vec<agreement::Dot> {
    let mut dots = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        for outcome in part.outcomes {
            let judgement = &outcome.judgement;
            let (Some(published), Some(predicted)) = (judgement.published, judgement.predicted)
            else {
                continue;
            };
            if published > 0.0 && predicted > 0.0 {
                let missed = judgement.pass == Some(false);
                dots.push(agreement::Dot {
                    label: if missed {
                        outcome.id.clone()
                    } else {
                        String::new()
                    },
                    ink: Ink::Series(index),
                    full: judgement.pass.is_some(),
                    published,
                    predicted,
                });
            }
        }
    }
    dots
}

fn of_set(part: &Part<'_>) -> Markup {
    html! {
        h3 style="margin-top:1.4rem" { (part.set.title) }
        p.note { (part.set.source) ". Scenario: " code { "scenarios/validation/" (part.set.id) ".yaml" } }
        table.lists {
            thead { tr {
                th { "Row" } th { "Metric" } th.num { "published" } th.num { "predicted" }
                th.num { "error" } th.num { "tolerance" } th { "pass" }
            } }
            tbody { @for outcome in part.outcomes { (row(outcome)) } }
        }
    }
}

/// What the predictions rest on.
fn sensitivity(moved: &[Moved]) -> Markup {
    html! {
        section id="sensitivity" {
            h2 { "What the predictions rest on" }
            p.note { "Each line turns one number by a tenth, up and down, and runs everything again: by how many % does the prediction move? A figure that hardly moves does not depend on how well that number is known; one that moves by half of the turn or more is marked. What a set has nothing of is not in its table." }
            @for set in sets_moved(moved) { (moves(&set)) }
        }
    }
}

fn moves(set: &SetMoves) -> Markup {
    // A tenth of a knob that moves a figure by this much is most of it.
    const MUCH: f64 = 0.05;
    html! {
        table.lists {
            thead { tr {
                th { (set.set) }
                @for (name, _) in &set.rows { th.num { (name) } }
            } }
            tbody {
                tr { td { "predicted" } @for (_, figure) in &set.rows { td.num { (figure) } } }
                @for (knob, changes) in &set.knobs {
                    tr {
                        td { (knob) " +10 % / -10 %" }
                        @for change in changes {
                            td class=(if change.size() >= MUCH { "num bad" } else { "num" }) { (change.cell()) }
                        }
                    }
                }
            }
        }
        @if !set.still.is_empty() { p.note { (set.rest()) } }
    }
}

fn row(outcome: &Outcome) -> Markup {
    let judgement = &outcome.judgement;
    let tone = match judgement.pass {
        Some(true) => "good",
        Some(false) => "bad",
        None => "muted",
    };
    html! {
        tr {
            td { (name(outcome)) }
            td { (outcome.metric) }
            td.num { (figure(judgement.published)) }
            td.num { (figure(judgement.predicted)) }
            td class={ "num " (tone) } { (error(judgement.error)) }
            td.num { (tolerance(judgement.tolerance)) }
            td class=(tone) { (pass(outcome)) }
        }
    }
}
