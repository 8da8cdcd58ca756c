//! `groma list`: what may stand in a scenario.

use groma_experiment::library::{self, Listing};
use groma_experiment::listing;
use groma_experiment::registry::Registry;

use crate::args::Table;
use crate::exit::Exit;
use crate::{Done, output};

/// Prints one table, a line an entry.
pub fn list(what: Table, registry: &Registry) -> Done {
    let entries = match what {
        Table::Protocols => listing::protocols(registry),
        Table::Workloads => listing::workloads(),
        Table::Networks => library::networks(),
        Table::Machines => library::machines(),
        Table::Costs => library::costs(),
        Table::Faults => listing::faults(),
        Table::Calendars => listing::calendars(),
        Table::Curves => listing::curves(),
        Table::Profiles => listing::profiles(),
    };
    let width = entries
        .iter()
        .map(|entry| entry.name.chars().count())
        .max()
        .unwrap_or(0);
    let text: String = entries.iter().map(|entry| line(entry, width)).collect();
    output::print(&text)?;
    Ok(Exit::Fine)
}

fn line(entry: &Listing, width: usize) -> String {
    let source = if entry.source.is_empty() {
        String::new()
    } else {
        format!(" [{}]", entry.source)
    };
    format!("{:width$}  {}{source}\n", entry.name, entry.summary)
}
