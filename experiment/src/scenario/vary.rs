//! `--set` and `vary`: changes to the tree before it is read.

use std::collections::BTreeSet;

use super::diagnostic::Problem;
use super::keys::{MAX_AXES, MAX_PLANS};
use super::path::{Path, set};
use super::section::Sink;
use super::source::{Sources, Span};
use super::tree::{Entry, Node, Value, shorten};
use super::yaml;

/// Paths that `vary` may not touch: runs are paired by them.
const FIXED: [&str; 3] = ["name", "why", "vary"];

/// Puts the `--set` arguments into the tree, in order. An argument that sets
/// what `vary` varies replaces the variation.
pub(crate) fn apply_sets(
    root: &mut Node,
    sets: &[(String, String)],
    sources: &mut Sources,
    sink: &Sink,
) {
    for (path, value) in sets {
        let id = sources.add("--set", format!("{path}={value}"));
        let span = Span {
            source: id,
            start: 0,
            end: path.len(),
        };
        let done = Path::parse(path, span).and_then(|path| {
            let value = yaml::parse(sources, id, span.end + 1)?;
            replace_variation(root, &path)?;
            set(root, &path, value)
        });
        if let Err(problem) = done {
            sink.report(problem);
        }
    }
}

/// Drops the variations that `path` sets, and refuses one that would undo it.
fn replace_variation(root: &mut Node, path: &Path) -> Result<(), Problem> {
    let Value::Map(entries) = &mut root.value else {
        return Ok(());
    };
    let Some(vary) = entries.iter_mut().find(|entry| entry.key == "vary") else {
        return Ok(());
    };
    let Value::Map(varied) = &mut vary.value.value else {
        return Ok(());
    };
    let parsed = |entry: &Entry| Path::parse(&entry.key, entry.key_span);
    varied.retain(|entry| !parsed(entry).is_ok_and(|varied| path.covers(&varied)));
    for entry in varied {
        let whole = parsed(entry)?;
        if whole.covers(path) {
            let problem = Problem::new(
                path.span,
                format!("`vary` replaces `{}` as a whole", entry.key),
            );
            let hint = format!("set the whole of it, or --set 'vary.{}=[...]'", entry.key);
            return Err(problem.hint(hint));
        }
    }
    Ok(())
}

/// A path with the values that it takes.
struct Axis {
    name: String,
    path: Path,
    values: Vec<Node>,
}

/// A tree for one plan, with its variation: path and value as written.
pub(crate) struct Variant {
    pub(crate) root: Node,
    pub(crate) variation: Vec<(String, String)>,
}

impl Variant {
    /// Which plan it is, in words.
    pub(crate) fn note(&self) -> String {
        let values: Vec<String> = self
            .variation
            .iter()
            .map(|(path, value)| format!("{} = {}", shorten(path), shorten(value)))
            .collect();
        format!("in the plan with {}", values.join(", "))
    }
}

/// The axes of a scenario.
pub(crate) struct Variants {
    base: Node,
    axes: Vec<Axis>,
}

impl Variants {
    /// Takes `vary` out of the tree.
    pub(crate) fn of(mut root: Node, sink: &Sink) -> Self {
        let mut axes = Vec::new();
        if let Value::Map(entries) = &mut root.value
            && let Some(index) = entries.iter().position(|entry| entry.key == "vary")
        {
            let vary = entries.remove(index);
            match read_axes(&vary) {
                Ok(found) => axes = found,
                Err(problem) => {
                    sink.report(problem);
                }
            }
        }
        Self { base: root, axes }
    }

    /// How many plans there are.
    pub(crate) fn count(&self) -> usize {
        self.axes.iter().map(|axis| axis.values.len()).product()
    }

    /// The tree of one plan; the first axis changes slowest.
    pub(crate) fn get(&self, index: usize) -> Result<Variant, Problem> {
        let mut variant = Variant {
            root: self.base.clone(),
            variation: Vec::new(),
        };
        let mut stride = self.count();
        for axis in &self.axes {
            stride /= axis.values.len();
            let value = &axis.values[index / stride % axis.values.len()];
            set(&mut variant.root, &axis.path, value.clone())?;
            variant.variation.push((axis.name.clone(), value.flow()));
        }
        Ok(variant)
    }
}

fn read_axes(vary: &Entry) -> Result<Vec<Axis>, Problem> {
    let entries: &[Entry] = match &vary.value.value {
        Value::Null => &[],
        Value::Map(entries) => entries,
        _ => {
            let message = format!("`vary` is a map, but here stands {}", vary.value.found());
            let problem = Problem::new(vary.value.span, message);
            return Err(problem.hint("vary: { protocol: [pbft, hotstuff], seed: [1, 2, 3] }"));
        }
    };
    if entries.len() > MAX_AXES {
        let message = format!("`vary` names {} paths", entries.len());
        return Err(Problem::new(vary.key_span, message).expected(format!("at most {MAX_AXES}")));
    }
    let mut axes: Vec<Axis> = Vec::new();
    for entry in entries {
        let axis = axis(entry)?;
        if let Some(other) = axes.iter().find(|other| axis.path.covers(&other.path)) {
            let message = format!(
                "`{}` replaces `{}`, which stands before it",
                axis.name, other.name
            );
            let hint = "give the whole first and its parts after it";
            return Err(Problem::new(entry.key_span, message).hint(hint));
        }
        axes.push(axis);
    }
    let plans = axes
        .iter()
        .try_fold(1_usize, |plans, axis| plans.checked_mul(axis.values.len()));
    match plans {
        Some(plans) if plans <= MAX_PLANS => Ok(axes),
        Some(many) => Err(too_many(vary.key_span, &many.to_string())),
        None => Err(too_many(vary.key_span, "too many")),
    }
}

fn too_many(span: Span, plans: &str) -> Problem {
    Problem::new(span, format!("`vary` makes {plans} plans"))
        .expected(format!("at most {MAX_PLANS} plans in one scenario"))
}

fn axis(entry: &Entry) -> Result<Axis, Problem> {
    let path = Path::parse(&entry.key, entry.key_span)?;
    let name = shorten(&entry.key);
    if FIXED.contains(&path.parts[0].0.as_str()) {
        let message = format!("`{name}` cannot vary: runs are paired by it");
        return Err(Problem::new(entry.key_span, message));
    }
    let values = match &entry.value.value {
        Value::List(values) if !values.is_empty() => values,
        _ => {
            let message = format!(
                "`{name}` takes a list of values, but here stands {}",
                entry.value.found()
            );
            let hint = entry
                .value
                .text()
                .map(|text| format!("write [{}]", shorten(text)));
            return Err(Problem::new(entry.value.span, message)
                .expected("at least one value")
                .maybe_hint(hint));
        }
    };
    if values.len() > MAX_PLANS {
        return Err(too_many(entry.key_span, &values.len().to_string()));
    }
    let mut seen = BTreeSet::new();
    for value in values {
        // Runs are paired by the value as written, so that is what must differ.
        if !seen.insert(value.flow()) {
            let message = format!("the value {} is given twice", shorten(&value.flow()));
            return Err(Problem::new(value.span, message));
        }
    }
    Ok(Axis {
        name: entry.key.clone(),
        path,
        values: values.clone(),
    })
}
