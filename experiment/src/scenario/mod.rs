//! Scenario in, plans out: a YAML file that may omit becomes plans that hide
//! nothing.
//!
//! The way of a scenario: `yaml` makes a tree that knows its places, `vary`
//! puts `--set` arguments and variations into it, and `assemble` reads each
//! resulting tree by the tables of `keys`. A mistake becomes a [`Diagnostic`]
//! with file, line, column, the line itself and a hint; nothing here panics on
//! what a user wrote. Nothing here knows how a plan is run.

use std::path::Path;

use crate::plan::Plan;
use crate::registry::Registry;

mod assemble;
mod catalogue;
mod day;
mod diagnostic;
mod fault;
mod file;
// Tables read as tables, one key a line.
#[rustfmt::skip]
mod keys;
mod links;
mod load;
mod moment;
mod network;
mod path;
mod people;
mod protocol;
mod schema;
#[cfg(test)]
mod schema_tests;
mod section;
mod shape;
pub(crate) mod source;
mod suggest;
pub(crate) mod tree;
mod unit;
mod vary;
pub(crate) mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Excerpt};
pub use schema::schema;
pub use suggest::nearest;

/// A duration as scenarios write it, `200ms` or `1.5s`, in nanoseconds.
///
/// # Errors
/// A sentence with an example.
pub fn duration_ns(text: &str) -> Result<u64, String> {
    let unit = unit::Unit::Duration;
    unit.parse(text)
        .map_err(|_| format!("expected {}, as in {}", unit.what(), unit.examples()))
}

/// A commented scenario, for `groma new`.
pub const STARTER: &str = include_str!("starter.yaml");

/// A scenario file: the question that plans answer.
#[derive(Clone, Copy, Debug)]
pub struct Scenario;

impl Scenario {
    /// Reads a scenario file and makes its plans, in the order of `vary`: the
    /// first path changes slowest. `sets` are `--set` arguments: path and
    /// value, applied in order.
    ///
    /// # Errors
    /// Everything that is wrong with the file or the arguments.
    pub fn load(
        path: &Path,
        sets: &[(String, String)],
        registry: &Registry,
    ) -> Result<Vec<Plan>, Diagnostics> {
        let name = path.display().to_string();
        let text = file::read(path).map_err(|why| file::diagnostic(&name, &why))?;
        Self::parse(&name, &text, path.parent(), sets, registry)
    }

    /// The same for a text. `beside` is the folder in which networks, machines
    /// and price lists are looked up before the built-in ones.
    ///
    /// # Errors
    /// Everything that is wrong with the text or the arguments.
    pub fn parse(
        name: &str,
        text: &str,
        beside: Option<&Path>,
        sets: &[(String, String)],
        registry: &Registry,
    ) -> Result<Vec<Plan>, Diagnostics> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut sources = source::Sources::default();
        let id = sources.add(name, text);
        let sink = section::Sink::default();
        if text.len() > yaml::MAX_BYTES {
            let why = file::Unreadable::TooLarge;
            return Err(file::diagnostic(name, &why).into());
        }
        let mut root = yaml::parse(&sources, id, 0)
            .map_err(|problem| Diagnostics::of(vec![problem], &sources))?;
        if matches!(root.value, tree::Value::Null) {
            let hint = "`groma new FILE` writes a starter scenario";
            let empty = diagnostic::Problem::new(root.span, "the scenario is empty").hint(hint);
            return Err(Diagnostics::of(vec![empty], &sources));
        }
        vary::apply_sets(&mut root, sets, &mut sources, &sink);
        let variants = vary::Variants::of(root, &sink);
        let catalogue = catalogue::Catalogue::new(sources, beside);
        let plans = expand(&variants, &catalogue, registry, &sink);
        let problems = sink.take();
        if problems.is_empty() {
            return Ok(plans);
        }
        Err(Diagnostics::of(problems, &catalogue.sources.borrow()))
    }
}

/// Reads the plans one by one; stops after the first that has a problem, since
/// its siblings would mostly repeat it.
fn expand(
    variants: &vary::Variants,
    catalogue: &catalogue::Catalogue,
    registry: &Registry,
    sink: &section::Sink,
) -> Vec<Plan> {
    let mut plans = Vec::with_capacity(variants.count());
    for index in 0..variants.count() {
        let variant = match variants.get(index) {
            Ok(variant) => variant,
            Err(problem) => {
                sink.report(problem);
                break;
            }
        };
        match assemble::plan(&variant.root, &variant.variation, catalogue, registry, sink) {
            Ok(plan) if sink.is_empty() => plans.push(plan),
            _ => {
                if index > 0 {
                    sink.note(&variant.note());
                }
                break;
            }
        }
    }
    plans
}

/// Where the figures of a library entry come from, when some of them were
/// changed in the scenario.
fn origin(item: &catalogue::Item, source: &str) -> String {
    match &item.like {
        Some(base) => format!("{source} ({base}, changed in the scenario)"),
        None => source.to_owned(),
    }
}

/// The kinds of faults with one line about each, in the order of the schema.
pub(crate) fn fault_kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    kinds(&keys::FAULT)
}

/// The acceptance tests, in the same form.
pub(crate) fn profile_kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    kinds(&keys::PROFILE)
}

fn kinds(table: &'static shape::Table) -> impl Iterator<Item = (&'static str, &'static str)> {
    let kinds = table
        .keys
        .iter()
        .filter(|key| table.one_of.contains(&key.name));
    kinds.map(|key| (key.name, key.help))
}
