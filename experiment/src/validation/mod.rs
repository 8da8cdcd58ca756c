//! Published results and closed forms that the simulator must reproduce.
//!
//! A [`Set`] is one scenario with the rows that are read from its runs; the
//! tables are in `sets`. Judging is a pure function of rows and runs: nothing
//! here runs a plan, prints, or widens a tolerance.

mod class;
pub mod oracle;
mod reading;
mod row;
pub mod sensitivity;
mod sets;

use serde::Serialize;

pub use class::Class;
pub use reading::Reading;
pub use row::{Figure, Judgement, Prior, Published, Row, Tolerance};

use crate::plan::Plan;
use crate::registry::Registry;
use crate::scenario::{Diagnostics, Scenario, nearest};

/// Rows that one scenario answers.
#[derive(Clone, Copy, Debug)]
pub struct Set {
    /// Name, in front of the names of its rows.
    pub id: &'static str,
    /// What is reproduced.
    pub title: &'static str,
    /// Who published it, and where.
    pub source: &'static str,
    /// What its published figures are.
    pub class: Class,
    /// The scenario's text.
    pub scenario: &'static str,
    /// The rows in order.
    pub rows: &'static [Row],
    /// Whether it checks the simulator by ourselves alone: it is run by its name or
    /// beside the Monte Carlo, and is no part of what was published.
    pub beside: bool,
}

/// Something that was said without the conditions under which it was measured.
/// It cannot be reproduced, so it is printed as a claim.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Claim {
    /// Whose system.
    pub system: &'static str,
    /// What is said of it.
    pub claim: &'static str,
}

/// Every set, in the order in which they are printed.
#[must_use]
pub fn all() -> &'static [Set] {
    sets::ALL
}

/// Full names of all judged rows of what was published: the whole validation.
pub fn judged() -> impl Iterator<Item = String> {
    let published = all().iter().filter(|set| !set.beside);
    published.flat_map(|set| {
        let judged = set.rows.iter();
        let judged = judged.filter(|row| row.tolerance != Tolerance::Printed);
        judged.map(|row| format!("{}-{}", set.id, row.id))
    })
}

/// Every claim without conditions.
#[must_use]
pub fn claims() -> &'static [Claim] {
    sets::CLAIMS
}

/// A set, and those of its rows that were asked for.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The set.
    pub set: &'static Set,
    /// The rows.
    pub rows: Vec<&'static Row>,
}

impl Chosen {
    /// The full name of a row.
    #[must_use]
    pub fn name(&self, row: &Row) -> String {
        format!("{}-{}", self.set.id, row.id)
    }

    /// The plans that these rows read, in the order of the scenario.
    ///
    /// # Errors
    /// What is wrong with the scenario; a test reads all of them.
    pub fn plans(&self, registry: &Registry) -> Result<Vec<Plan>, Diagnostics> {
        let name = format!("scenarios/validation/{}.yaml", self.set.id);
        let plans = Scenario::parse(&name, self.set.scenario, None, &[], registry)?;
        let is_read = |plan: &Plan| self.rows.iter().any(|row| row.reads(plan));
        Ok(plans.into_iter().filter(is_read).collect())
    }

    /// What became of the rows; `runs` are readings of [`Chosen::plans`].
    #[must_use]
    pub fn judge(&self, runs: &[Reading]) -> Vec<Outcome> {
        let judged = self.rows.iter().map(|row| Outcome {
            id: self.name(row),
            set: self.set.id,
            source: self.set.source,
            metric: row.metric,
            class: self.set.class_of(row),
            judgement: row.judge(runs),
            tolerance_kind: row.tolerance.kind(),
            fit: row.prior == Prior::Fitted,
            seen: row.prior == Prior::Seen,
        });
        judged.collect()
    }
}

/// A row with what was predicted.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Full name of the row.
    pub id: String,
    /// Name of its set, which is that of its scenario.
    pub set: &'static str,
    /// Where the published figure stands.
    pub source: &'static str,
    /// What is compared, unit last.
    pub metric: &'static str,
    /// What it is compared with.
    pub class: Class,
    /// The comparison.
    #[serde(flatten)]
    pub judgement: Judgement,
    /// How the tolerance is meant: [`Tolerance::kind`].
    pub tolerance_kind: &'static str,
    /// Whether the price list was fitted on this row.
    pub fit: bool,
    /// Whether a choice that bears on this row was made after a run of it.
    pub seen: bool,
}

/// The sets and rows of these names; all of them when there is no name. A name
/// is that of a row or the beginning of several, up to a hyphen: `v1`,
/// `v0-messages`, `v1-n4-goodput`.
///
/// # Errors
/// A sentence with a hint, when a name means nothing or nothing is left.
pub fn choose(only: &[String], which: Which) -> Result<Vec<Chosen>, String> {
    for name in only {
        if !all().iter().any(|set| means(name, set)) {
            return Err(unknown(name));
        }
    }
    let wanted = |set: &Set, row: &Row| {
        let name = format!("{}-{}", set.id, row.id);
        let named = only.iter().any(|word| begins(&name, word));
        let asked = only.is_empty() && (!set.beside || which == Which::Oracle);
        (asked || named) && which.takes(row)
    };
    let mut chosen = Vec::new();
    for set in all() {
        let rows: Vec<&Row> = set.rows.iter().filter(|row| wanted(set, row)).collect();
        if !rows.is_empty() {
            chosen.push(Chosen { set, rows });
        }
    }
    if chosen.is_empty() {
        return Err(nothing_left(only, which));
    }
    Ok(chosen)
}

/// That these names and this choice have no row in common, and what has.
fn nothing_left(only: &[String], which: Which) -> String {
    let sets = all()
        .iter()
        .filter(|set| set.rows.iter().any(|row| which.takes(row)));
    let sets: Vec<&str> = sets.map(|set| set.id).collect();
    format!(
        "no row of {} is {}\n  hint: by its name alone all of its rows are run; such rows are in {}",
        only.join(", "),
        which.describe(),
        sets.join(", ")
    )
}

/// Which rows are wanted, whatever their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// Every row.
    #[default]
    All,
    /// Those that the gate runs: some of every class that take a few seconds.
    Fast,
    /// Those that an independent Monte Carlo predicts too.
    Oracle,
}

impl Which {
    fn takes(self, row: &Row) -> bool {
        match self {
            Self::All => true,
            Self::Fast => row.fast,
            Self::Oracle => matches!(row.published, Published::Oracle(_)),
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::All => "known",
            Self::Fast => "in the fast subset",
            Self::Oracle => "one that a Monte Carlo predicts",
        }
    }
}

fn begins(name: &str, word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let rest = name.strip_prefix(word.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn means(word: &str, set: &Set) -> bool {
    let mut rows = set.rows.iter();
    rows.any(|row| begins(&format!("{}-{}", set.id, row.id), word))
}

fn unknown(word: &str) -> String {
    let rows: Vec<String> = all()
        .iter()
        .flat_map(|set| {
            let rows = set.rows.iter();
            rows.map(|row| format!("{}-{}", set.id, row.id))
        })
        .collect();
    let sets = all().iter().map(|set| set.id);
    let near = nearest(word, sets.clone().chain(rows.iter().map(String::as_str)));
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the sets are {}", sets.collect::<Vec<_>>().join(", ")),
    };
    format!("no set or row of the validation is called `{word}`\n  hint: {hint}")
}
