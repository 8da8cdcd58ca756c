//! Who wins where: a table a figure, designs down and settings across.

use maud::{Markup, html};

use super::parts::runs_of;
use crate::chart::heat::plain;
use crate::compare::{Comparison, Scenario};
use crate::grid::{Cell, Grid, Table, grid};
use crate::metric::Better;

/// One section, when a scenario's runs make a grid; else nothing.
pub fn sections(comparison: &Comparison) -> Markup {
    let grids = grids(comparison);
    if grids.is_empty() {
        return html! {};
    }
    html! {
        section id="grid" {
            h2 { "Who wins where" }
            p.note {
                "★ marks the best of each column among the runs that sustain their load (within 0.5 % counts as equal, of goodput 2 %); the darker a cell, the further it is from the best, up to ten times. "
                "Struck figures are of runs that do not sustain their load: they are not ranked."
            }
            @for (scenario, grid) in &grids {
                @if comparison.scenarios.len() > 1 { h3 style="margin-top:1.2rem" { (scenario.name) } }
                div.two { @for table in &grid.tables { (one(grid, table)) } }
            }
        }
    }
}

fn grids(comparison: &Comparison) -> Vec<(&Scenario, Grid)> {
    let of = |scenario| Some((scenario, grid(runs_of(comparison, scenario))?));
    comparison.scenarios.iter().filter_map(of).collect()
}

fn one(grid: &Grid, table: &Table) -> Markup {
    let leaders = grid.leaders(table);
    let unit = match table.scale.suffix {
        "" => String::new(),
        suffix => format!(", {suffix}"),
    };
    let way = match table.metric.better {
        Better::Higher => "more is better",
        Better::Lower => "less is better",
        Better::Neither => "",
    };
    html! {
        div {
            h4 { (table.metric.name) (unit) " " span.muted style="font-weight:400" { (way) } }
            div.scroll { table.grid {
                thead { tr {
                    th { (grid.down.name.replace('_', " ")) }
                    @for name in &grid.columns { th.num { (name) } }
                } }
                tbody { @for (name, row) in grid.down.values.iter().zip(&table.cells) {
                    tr {
                        th.name { (plain(name)) }
                        @for cell in row { (figure(table, cell.as_ref())) }
                    }
                } }
            } }
            @if !leaders.is_empty() { p.note { "Best: " (leaders) "." } }
        }
    }
}

fn figure(table: &Table, cell: Option<&Cell>) -> Markup {
    let Some(cell) = cell else {
        return html! { td.num { "–" } };
    };
    let number = table.scale.number(cell.value);
    // Pale enough that the figure can be read upon it.
    let shade = format!("background:rgba(191,82,18,{:.2})", 0.35 * cell.behind);
    let style = (cell.ranks && !cell.best && cell.behind > 0.01).then_some(shade);
    html! {
        td.num.best[cell.best] style=[style] {
            @if cell.ranks { (number) } @else { s.muted title="does not sustain its load" { (number) } }
        }
    }
}
