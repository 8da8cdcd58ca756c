//! The page of a demand: what a load asks for in true time, as a curve and as figures.

use groma_experiment::demand::Demand;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{POLICY, STYLE, inks};
use crate::chart::axis::Scale;
use crate::chart::ink::Ink;
use crate::chart::time::{Line, Look, Panel, TimeChart};
use crate::demand::{HEAD, heading, lines, rows};

const HOUR: f64 = 3_600.0;

/// Renders the page. Equal demands give equal bytes.
#[must_use]
pub fn render(demands: &[Demand]) -> String {
    let body = html! { @for demand in demands { (section(demand)) } };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content="groma";
                title { "Groma: demand" }
                style { (PreEscaped(STYLE)) (PreEscaped(inks())) }
            }
            body { nav.bar aria-label="Sections" { div { b { "Groma" } } } main { (body) } }
        }
    };
    page.into_string()
}

fn section(demand: &Demand) -> Markup {
    html! {
        section {
            h2 { "Demand: " (heading(demand)) }
            ul { @for line in lines(demand) { li { (line) } } }
            @if demand.hours_tps.len() > 1 {
                figure { (PreEscaped(curve(demand))) figcaption { "Mean rate in each hour of true time" } }
            }
            p.note { "Bytes and records of a transaction are means over a sample that was drawn and executed. \"In one group\" is the share of a block of 500 that the parallel executor does not take apart, because it shares keys." }
            table {
                thead { tr { @for head in HEAD { th { (head) } } } }
                tbody { @for row in rows(demand) { tr {
                    td { (row[0]) }
                    @for cell in &row[1..] { td.num { (cell) } }
                } } }
            }
        }
    }
}

fn curve(demand: &Demand) -> String {
    let hours = demand.hours_tps.iter().enumerate();
    let points = hours
        .flat_map(|(hour, &tps)| {
            let from = hour as f64 * HOUR;
            [(from, Some(tps)), (from + HOUR, Some(tps))]
        })
        .collect();
    let most = demand.hours_tps.iter().copied().fold(0.0, f64::max);
    let chart = TimeChart {
        title: format!("Demand of {} by hour", demand.name),
        seconds: demand.hours_tps.len() as f64 * HOUR,
        days: Vec::new(),
        spans: Vec::new(),
        panels: vec![Panel {
            title: "Transactions per second".to_owned(),
            height: 180,
            scale: Scale::linear(most),
            mark: Some((demand.mean_tps, "mean".to_owned())),
            lines: vec![Line {
                ink: Ink::Series(0),
                look: Look::Area,
                points,
            }],
        }],
    };
    chart.draw()
}
