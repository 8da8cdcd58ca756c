//! `groma compare`: what changed from base to head, and whether rules allow it.

use std::fs;
use std::path::Path;

use groma_experiment::store::read_results;
use groma_reports::difference::plans::Field;
use groma_reports::difference::rule::{Origin, Rule};
use groma_reports::difference::{self, Alone, Difference, Input, Refusal};
use groma_reports::html;

use crate::args::{CompareArgs, Document};
use crate::exit::{Exit, Problem};
use crate::{Done, output};

/// Places and fields that a refusal names; the rest is counted.
const NAMED: usize = 5;

/// Compares, writes the comparison, and says whether the rules were kept.
pub fn compare(args: &CompareArgs) -> Done {
    let rules = rules(args)?;
    let (base, head) = (input(&args.base)?, input(&args.head)?);
    let mut difference =
        Difference::between(base, head, args.allow_different).map_err(|why| refused(&why))?;
    difference.judge(&rules);
    let text = document(&difference, args.format);
    match &args.out {
        Some(path) => {
            output::write_document(path, &text)?;
            output::say(&difference.headline());
        }
        None => output::print(&text)?,
    }
    // The comparison was told; a rule that judges nothing must not pass for a gate.
    let idle = difference.idle(&rules);
    if !idle.is_empty() {
        let problems = idle.iter().map(|rule| {
            Problem::input(format!(
"error: rule `{}` applies to nothing here\n  hint: either no side has that figure, or it needs what is missing: words need equal seeds, `changed` and `worse` over seeds need three a side",
                rule.text
            ))
        });
        return Problem::all(problems.collect()).map_or(Ok(Exit::Fine), Err);
    }
    Ok(if difference.failed() > 0 {
        Exit::Missed
    } else {
        Exit::Fine
    })
}

fn document(difference: &Difference, format: Document) -> String {
    match format {
        Document::Text => difference::text(difference),
        Document::Markdown => difference::markdown(difference),
        Document::Json => difference::json(difference),
        Document::Junit => difference::junit(difference),
        Document::Html => html::difference::render(difference),
    }
}

/// The rules of the arguments, then those of the file; everything that is wrong
/// with any of them is told at once.
fn rules(args: &CompareArgs) -> Result<Vec<Rule>, Problem> {
    let (mut rules, mut wrong) = (Vec::new(), Vec::new());
    for (index, text) in args.fail_on.iter().enumerate() {
        let origin = Origin {
            name: "--fail-on",
            line: index + 1,
        };
        match Rule::read(text, origin) {
            Ok(rule) => rules.push(rule),
            Err(error) => wrong.push(*error),
        }
    }
    if let Some(path) = &args.rules {
        let name = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|error| Problem::input(format!("error: cannot read {name}: {error}")))?;
        match Rule::read_file(&text, &name) {
            Ok(found) => rules.extend(found),
            Err(errors) => wrong.extend(errors),
        }
    }
    match Problem::all(wrong.iter().map(Problem::input).collect()) {
        Some(problem) => Err(problem),
        None => Ok(rules),
    }
}

fn input(path: &Path) -> Result<Input, Problem> {
    let results = read_results(path).map_err(|why| Problem::input(format!("error: {why}")))?;
    Ok(Input {
        name: path.display().to_string(),
        results,
    })
}

fn refused(why: &Refusal) -> Problem {
    Problem::input(match why {
        Refusal::NothingInCommon(alone) => nothing_in_common(alone),
        Refusal::Plans(plans) => other_plans(plans),
    })
}

fn nothing_in_common(alone: &[Alone]) -> String {
    let mut text = "error: base and head have no run in common\n".to_owned();
    let line = |alone: &Alone| format!("  {} only: {}\n", alone.side.word(), alone.place);
    text.extend(alone.iter().take(2 * NAMED).map(line));
    text.push_str(&more(alone.len(), 2 * NAMED));
    text + "  hint: runs are partners by scenario name and varied values; --allow-different lets one scenario meet another"
}

fn other_plans(plans: &[(String, Vec<Field>)]) -> String {
    let mut text = "error: plans differ, so a change could be the plan's\n".to_owned();
    for (place, fields) in plans.iter().take(NAMED) {
        text.push_str(&format!("  {place}\n"));
        let line = |field: &Field| format!("    {field}\n");
        text.extend(fields.iter().take(NAMED).map(line));
        text.push_str(&more(fields.len(), NAMED));
    }
    text.push_str(&more(plans.len(), NAMED));
    text + "  hint: --allow-different compares them all the same"
}

fn more(all: usize, told: usize) -> String {
    match all.saturating_sub(told) {
        0 => String::new(),
        rest => format!("  and {rest} more\n"),
    }
}
