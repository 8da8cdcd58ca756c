//! Small pieces of the page that all sections share.

use groma_experiment::result::Verdict;
use maud::{Markup, PreEscaped, html};

use crate::chart::ink::Ink;
use crate::compare::{Cell, Comparison, Outcome, Run, Scenario};
use crate::subset::lines;

/// A run's colour: its place among those of its scenario that have lines of
/// their own; all others share one.
pub fn ink_of(comparison: &Comparison, run: &Run) -> Ink {
    comparison
        .scenarios
        .iter()
        .find(|scenario| scenario.runs.contains(&(run.number - 1)))
        .and_then(|scenario| {
            lines(runs_of(comparison, scenario))
                .iter()
                .position(|line| line.number == run.number)
        })
        .map_or(Ink::Muted, Ink::Series)
}

/// A run's number in its colour.
pub fn badge(comparison: &Comparison, run: &Run) -> Markup {
    let name = ink_of(comparison, run).name();
    html! { span.badge style={ "background:var(--" (name) ")" } { (run.number) } }
}

/// A long word that may break after its dots and dashes.
pub fn breakable(word: &str) -> Markup {
    html! {
        @for part in word.split_inclusive(['.', '_', '-', '/']) { (part) wbr; }
    }
}

/// A run's number and name.
pub fn name(comparison: &Comparison, run: &Run) -> Markup {
    html! { (badge(comparison, run)) span.name { (run.label) } }
}

/// The class of an outcome.
pub fn tone(outcome: Outcome) -> &'static str {
    match (outcome.as_expected, outcome.verdict) {
        (true, _) => "good",
        (false, Verdict::Missed | Verdict::Pass) => "warn",
        (false, Verdict::Unsustained | Verdict::Violated) => "bad",
    }
}

/// An outcome as a word, a sign and a colour.
pub fn chip(outcome: Outcome) -> Markup {
    let sign = if outcome.as_expected { "✓" } else { "✗" };
    html! { span class={ "chip " (tone(outcome)) } { (sign) " " (outcome.text()) } }
}

/// The runs of a scenario.
pub fn runs_of<'a>(comparison: &'a Comparison, scenario: &Scenario) -> &'a [Run] {
    &comparison.runs[scenario.runs.clone()]
}

/// A figure's exact value and place in `run.json`, for a program that reads the
/// page.
pub fn exact(id: &str, run: &Run, value: Option<f64>, text: &Markup) -> Markup {
    let value = value.map(|value| value.to_string());
    html! {
        td.num data-metric=[value.as_ref().map(|_| id)] data-run=[value.as_ref().map(|_| run.key())] data-value=[value.as_ref()] { (text) }
    }
}

/// A figure of the comparison, marked where it is the best.
pub fn figure_cell(id: &str, run: &Run, cell: &Cell, distance: bool) -> Markup {
    let value = cell.value.map(|value| value.to_string());
    html! {
        td.num.best[cell.best] data-metric=[value.as_ref().map(|_| id)] data-run=[value.as_ref().map(|_| run.key())] data-value=[value.as_ref()] title=[cell.best.then_some("best of the runs that sustain their load")] {
            (cell.number)
            @if distance { span.off { @if let Some(behind) = &cell.behind { (behind) } } }
        }
    }
}

/// A bar of a table: its share of the longest.
pub fn meter(share: f64) -> Markup {
    let width = format!("{:.1}%", share.clamp(0.0, 1.0) * 100.0);
    html! { td.meter { i style={ "width:" (width) } {} } }
}

/// How a legend shows a colour.
#[derive(Clone, Copy)]
pub enum Key {
    Line,
    Thin,
    Pale,
    Box,
}

/// A legend.
pub fn legend(entries: &[(Ink, Key, Markup)]) -> Markup {
    html! {
        ul.legend {
            @for (ink, key, text) in entries {
                li {
                    @let shape = match key {
                        Key::Line => "",
                        Key::Thin => "thin ",
                        Key::Pale => "pale ",
                        Key::Box => "box ",
                    };
                    span class={ "key " (shape) "c-" (ink.name()) } {}
                    span { (text) }
                }
            }
        }
    }
}

/// A chart with its heading, legend and caption.
pub fn figure(heading: &str, legend: &Markup, svg: &str, caption: &Markup) -> Markup {
    framed(heading, legend, &html! { (PreEscaped(svg)) }, caption)
}

/// The same around a picture that stands in something else.
pub fn framed(heading: &str, legend: &Markup, picture: &Markup, caption: &Markup) -> Markup {
    html! {
        figure.plot {
            h4 { (heading) }
            (legend)
            (picture)
            figcaption { (caption) }
        }
    }
}

/// The language of a text that someone wrote, where it is plainly Chinese, so
/// that a browser chooses the right shapes of shared characters.
pub fn language(text: &str) -> Option<&'static str> {
    let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let kana = |c: char| ('\u{3040}'..='\u{30ff}').contains(&c);
    (text.chars().any(han) && !text.chars().any(kana)).then_some("zh-Hans")
}
