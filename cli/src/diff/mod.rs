//! `groma diff`: the first event in which two runs differ.

mod exported;
mod pair;

use std::path::PathBuf;

use groma_experiment::divergence::{self, Divergence, Extract};
use groma_experiment::registry::Registry;
use groma_reports::difference::plans::Field;
use groma_reports::divergence as words;
use serde_json::json;

use self::exported::Binaries;
use self::pair::{Folder, Named, Sides};
use crate::args::Format;
use crate::exit::{Exit, Problem};
use crate::{Done, output};

/// Arguments of `groma diff`.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// A run's folder, an output folder, or deliveries that `groma trace` wrote
    pub base: PathBuf,
    /// What to compare it with; from another build: deliveries, or --head-binary
    pub head: PathBuf,
    /// Which run, by its key or a part of its label, when there are several
    #[arg(long, value_name = "KEY|LABEL")]
    pub run: Option<String>,
    /// Events to show before and after the first that differs
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub context: u16,
    /// The groma that made the base, when it was another build
    #[arg(long, value_name = "GROMA")]
    pub base_binary: Option<PathBuf>,
    /// The groma that made the head, when it was another build
    #[arg(long, value_name = "GROMA")]
    pub head_binary: Option<PathBuf>,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// What a comparison came to.
struct Answer {
    changes: Vec<Field>,
    found: Option<(Divergence, Extract, Extract)>,
    /// What it says of equal runs.
    equal: String,
}

/// Compares two runs.
pub fn diff(args: &DiffArgs, registry: &Registry) -> Done {
    let answer = match pair::read(args)? {
        Sides::Runs(base, head) => runs(args, &base, &head, registry)?,
        Sides::Files(base, head) => files(args, *base, *head)?,
        Sides::Equal(equal) => Answer {
            changes: Vec::new(),
            found: None,
            equal,
        },
    };
    tell(args, &answer)?;
    Ok(Exit::Fine)
}

/// Two runs' folders: their trails name the window.
fn runs(
    args: &DiffArgs,
    base: &Folder,
    head: &Folder,
    registry: &Registry,
) -> Result<Answer, Problem> {
    let changes = words::changes(&base.run.record.plan, &head.run.record.plan);
    for side in [base, head] {
        if side.run.trail.is_empty() {
            return Err(Problem::input(format!(
                "error: {}: kept no fingerprints along its way\n  hint: `groma run` its run.json makes the run anew",
                side.path.display()
            )));
        }
    }
    let Some(window) = divergence::first_window(&base.run.trail, &head.run.trail) else {
        let record = &base.run.record;
        return Ok(Answer {
            changes,
            found: None,
            equal: pair::sameness(record),
        });
    };
    let binaries = Binaries {
        base: args.base_binary.as_deref(),
        head: args.head_binary.as_deref(),
    };
    let (base, head) = exported::both(base, head, window, &binaries, registry)?;
    compared(args, changes, base, head)
}

/// Two files, or a file and a run's folder.
fn files(args: &DiffArgs, base: Named, head: Named) -> Result<Answer, Problem> {
    let (a, b) = (&base.extract.header, &head.extract.header);
    if a.window != b.window {
        return Err(Problem::input(format!(
            "error: window {} of {} and window {} of {}: the same window is compared",
            a.window, base.name, b.window, head.name
        )));
    }
    if a.start.fingerprint != b.start.fingerprint {
        return Err(Problem::input(format!(
            "error: the runs differ before window {}\n  hint: export an earlier one: groma trace RUN --window {} --out FILE.deliveries",
            a.window,
            a.window / 2
        )));
    }
    compared(args, Vec::new(), base.extract, head.extract)
}

fn compared(
    args: &DiffArgs,
    changes: Vec<Field>,
    base: Extract,
    head: Extract,
) -> Result<Answer, Problem> {
    let context = usize::from(args.context);
    let found = divergence::compare(&base.deliveries, &head.deliveries, context);
    if found.is_none() && base.header.end.fingerprint != head.header.end.fingerprint {
        return Err(Problem::internal(format!(
            "error: the fingerprints of window {} differ, its deliveries do not",
            base.header.window
        )));
    }
    let equal = format!(
        "no difference: the {} deliveries of window {} are the same\n",
        base.deliveries.len(),
        base.header.window
    );
    Ok(Answer {
        changes,
        found: found.map(|found| (found, base, head)),
        equal,
    })
}

fn tell(args: &DiffArgs, answer: &Answer) -> Result<(), Problem> {
    if args.format == Format::Json {
        let found = answer.found.as_ref();
        let change =
            |field: &Field| json!({ "path": field.path, "base": field.base, "head": field.head });
        let document = json!({
            "schema": "groma.diff/1",
            "equal": found.is_none(),
            "plans": answer.changes.iter().map(change).collect::<Vec<_>>(),
            "window": found.map(|(_, base, _)| base.header.window),
            "builds": found.map(|(_, base, head)| [&base.header.build, &head.header.build]),
            "nodes": found.map(|(_, base, _)| &base.header.nodes),
            "divergence": found.map(|(divergence, ..)| divergence),
        });
        return output::print(&format!("{document}\n"));
    }
    let mut text = String::new();
    if !answer.changes.is_empty() {
        text.push_str(&words::plans(&answer.changes));
    }
    match &answer.found {
        None => text.push_str(&answer.equal),
        Some((found, base, head)) => {
            if base.header.build != head.header.build {
                text.push_str("the builds differ\n");
            }
            text.push_str(&words::text(found, base, head));
        }
    }
    output::print(&text)
}
