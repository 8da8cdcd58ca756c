//! The page of a comparison of two sides, in the style of the report: the
//! verdict, the rules, what changed, and what did not.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::parts::breakable;
use super::{POLICY, SORT, STYLE};
use crate::difference::change::{Change, Turn};
use crate::difference::group::{Estimate, Group};
use crate::difference::{Difference, Pair, Ruling, State, Word};
use crate::difference::{manner, probability, rest, verdict, within};
use crate::format::unbroken;

/// Pairs whose tables stand open; more would bury the answer.
const OPEN: usize = 3;

/// Renders the page. Equal comparisons give equal bytes.
#[must_use]
pub fn render(difference: &Difference) -> String {
    let [base, head] = &difference.names;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content="groma";
                title { "Groma: " (head) " against " (base) }
                style { (PreEscaped(STYLE)) }
            }
            body data-charts="0" {
                (sections(difference))
                script { (PreEscaped(SORT)) }
            }
        }
    };
    page.into_string()
}

fn sections(difference: &Difference) -> Markup {
    html! {
        nav.bar aria-label="Sections" { div {
            b { "Groma" }
            a href="#answer" { "Answer" }
            @if !difference.rulings.is_empty() { a href="#rules" { "Rules" } }
            @if !difference.groups.is_empty() { a href="#seeds" { "Over seeds" } }
            @if !difference.pairs.is_empty() { a href="#pairs" { "Pairs" } }
        } }
        main {
            (hero(difference))
            (rules(difference))
            (groups(difference))
            @if !difference.pairs.is_empty() { (pairs(difference)) }
        }
        footer { "Made by Groma. Figures of simulations are exact; what the host measured is not, and is no part of any verdict." }
    }
}

fn hero(difference: &Difference) -> Markup {
    let [base, head] = &difference.names;
    let (equal, all) = difference.equal();
    let tone = match (difference.failed(), equal == all) {
        (0, true) => "good",
        (0, false) => "warn",
        _ => "bad",
    };
    html! {
        section.hero id="answer" {
            h1 { (breakable(head)) " against " (breakable(base)) }
            p class={ "answer " (tone) } { (unbroken(&difference.headline())) }
            ul.tiles {
                @if all > 0 { li { span { "pairs that are equal" } b { (equal) " of " (all) } } }
                @if !difference.rulings.is_empty() {
                    li { span { "rulings that failed" } b { (difference.failed()) " of " (difference.rulings.len()) } }
                }
                @for advice in &difference.host {
                    li { span { (advice.name) ", noisy" } b { "× " (format!("{:.2}", advice.ratio)) } span { "head over base" } }
                }
            }
            @if !difference.notes.is_empty() {
                ul.list { @for note in &difference.notes { li { (unbroken(note)) } } }
            }
            @if !difference.alone.is_empty() {
                h3 style="margin-top:1rem" { "Without a partner, not compared" }
                ul.list { @for alone in &difference.alone {
                    li { (alone.side.word()) " only: " (alone.place) " " code { (alone.key) } }
                } }
            }
        }
    }
}

fn rules(difference: &Difference) -> Markup {
    let rulings = &difference.rulings;
    let failed = || {
        rulings
            .iter()
            .filter(|ruling| ruling.state == State::Failed)
    };
    let others: Vec<&Ruling> = rulings
        .iter()
        .filter(|ruling| ruling.state != State::Failed)
        .collect();
    html! {
        @if !rulings.is_empty() {
            section id="rules" {
                h2 { "Rules" }
                @if failed().next().is_some() { (ruled(&failed().collect::<Vec<_>>())) }
                @if !others.is_empty() {
                    details.data {
                        summary { (others.len()) " rulings kept or skipped" }
                        (ruled(&others))
                    }
                }
            }
        }
    }
}

fn ruled(rulings: &[&Ruling]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "Rule" } th { "Where" } th { "Seen" } th {} } }
            tbody { @for ruling in rulings { tr {
                td { code { (ruling.rule) } }
                td.name { (ruling.place) }
                td.name { (unbroken(&ruling.seen)) }
                td { (chip(ruling.state)) }
            } } }
        } }
    }
}

fn chip(state: State) -> Markup {
    let (tone, sign) = match state {
        State::Passed => ("good", "✓"),
        State::Failed => ("bad", "✗"),
        State::Skipped => ("muted", "–"),
    };
    html! { span class={ "chip " (tone) } { (sign) " " (state.word()) } }
}

fn groups(difference: &Difference) -> Markup {
    html! {
        @if !difference.groups.is_empty() {
            section id="seeds" {
                h2 { "Over seeds" }
                p.note {
                    "Runs that differ in their seed alone, taken together. The figures marked * make the verdict: p is the chance, "
                    "if nothing differs, that any of them in any group changes as much; of other figures, that this one does."
                }
                @for group in &difference.groups { (of_group(group)) }
            }
        }
    }
}

fn of_group(group: &Group) -> Markup {
    let (judged, others): (Vec<&Estimate>, Vec<&Estimate>) = group
        .estimates
        .iter()
        .filter(|estimate| estimate.judged || estimate.change.turn != Turn::Equal)
        .partition(|estimate| estimate.judged);
    html! {
        h3 style="margin-top:1.2rem" { (group.place) }
        p.note { (unbroken(&manner(group))) "; " (unbroken(&verdict(group))) "." }
        (estimates(&judged))
        @if !others.is_empty() {
            details.data {
                summary { (others.len()) " other figures whose medians changed" }
                (estimates(&others))
            }
        }
    }
}

fn estimates(estimates: &[&Estimate]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th { "Figure" } th.num { "Base" } th.num { "Head" } th.num { "Change" } th.num { "95 % within" } th.num { "p" } th {}
            } }
            tbody { @for estimate in estimates { tr {
                td { (estimate.change.quantity.name) @if estimate.judged { " *" } }
                (figures(&estimate.change))
                td.num { (within(estimate)) }
                td.num { @if let Some(chance) = estimate.chance { (probability(chance)) } }
                td.nowrap {
                    @if estimate.is_shown() { (turned(estimate.change.turn)) }
                    @else if estimate.chance.is_some() { span.muted { "chance" } }
                }
            } } }
        } }
    }
}

fn pairs(difference: &Difference) -> Markup {
    let (equal, changed): (Vec<&Pair>, Vec<&Pair>) =
        difference.pairs.iter().partition(|pair| pair.is_equal());
    html! {
        section id="pairs" {
            h2 { "Pairs" }
            p.note { "Runs of the same scenario, values and seed. Only what changed is shown; the bar shows changes up to ±50 %, to the right where they are better." }
            @if changed.is_empty() { p { "Nothing changed in any pair." } }
            @for (index, pair) in changed.iter().enumerate() {
                details open[index < OPEN] {
                    summary { b { (pair.place) } ": " (rest(pair)) }
                    (words(&pair.words))
                    (of_pair(pair))
                }
            }
            @if !equal.is_empty() {
                details.data {
                    summary { (equal.len()) " equal" }
                    ul.list { @for pair in equal { li { (pair.place) " " code { (pair.keys[1]) } } } }
                }
            }
        }
    }
}

fn words(words: &[Word]) -> Markup {
    html! {
        @for word in words.iter().filter(|word| word.has_changed()) {
            p { (word.name.replace('_', " ")) ": " code { (breakable(&word.base)) } " → " code { (breakable(&word.head)) } }
        }
    }
}

fn of_pair(pair: &Pair) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "Figure" } th.num { "Base" } th.num { "Head" } th.num { "Change" } th { } } }
            tbody { @for change in pair.changed() { tr {
                td { (change.quantity.name) }
                (figures(change))
                td.nowrap { (turned(change.turn)) }
            } } }
        } }
    }
}

fn figures(change: &Change) -> Markup {
    let spelled = change.spelled();
    let share = change
        .share
        .filter(|share| share.is_finite())
        .unwrap_or(0.0);
    let width = format!("{:.1}%", (share.abs() * 100.0).min(50.0));
    let side = match change.turn {
        Turn::Better => "good",
        Turn::Worse => "bad",
        Turn::Equal | Turn::Other => "",
    };
    html! {
        td.num { (spelled.base) }
        td.num { (spelled.head) }
        td.num { span.margin { (spelled.change) i { @if !side.is_empty() { u class=(side) style={ "width:" (width) } {} } } } }
    }
}

fn turned(turn: Turn) -> Markup {
    match turn {
        Turn::Better => html! { span.good { "✓ better" } },
        Turn::Worse => html! { span.bad { "✗ worse" } },
        Turn::Equal | Turn::Other => html! { span.muted { (turn.word()) } },
    }
}
