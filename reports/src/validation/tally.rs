//! How many judged rows are inside their tolerance: of all, and by what they are
//! compared with, where rows that were seen before a choice, and rows on which prices
//! were fitted, stand apart.

use groma_experiment::validation::{self, Class, Outcome};
use serde::Serialize;

use super::share;
use crate::difference::statistics::median;

/// Judged rows of the whole validation that are not among these outcomes, and how many
/// there are in all: what a subset says nothing of.
#[must_use]
pub fn left_out(outcomes: &[Outcome]) -> (usize, usize) {
    let all: Vec<String> = validation::judged().collect();
    let run = |name: &&String| outcomes.iter().any(|one| one.id == **name);
    let left = all.iter().filter(|name| !run(name)).count();
    (left, all.len())
}

/// The count of all outcomes in a sentence, which says so where they are a subset.
#[must_use]
pub fn sentence(outcomes: &[Outcome]) -> String {
    let said = Tally::of(outcomes).sentence();
    match left_out(outcomes) {
        (0, _) => said,
        (left, all) => format!("{said}; {left} of the {all} judged rows of the whole were not run"),
    }
}

/// The count that every form states.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tally {
    /// Rows that are judged.
    pub judged: usize,
    /// Those inside their tolerance.
    pub inside: usize,
    /// The median of their absolute errors.
    pub median_error: Option<f64>,
}

impl Tally {
    /// Counts.
    #[must_use]
    pub fn of(outcomes: &[Outcome]) -> Self {
        Self::over(outcomes.iter())
    }

    fn over<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Self {
        let judged: Vec<&Outcome> = outcomes
            .filter(|one| one.judgement.pass.is_some())
            .collect();
        let mut errors: Vec<f64> = judged
            .iter()
            .filter_map(|one| one.judgement.error)
            .map(f64::abs)
            .collect();
        errors.sort_by(f64::total_cmp);
        let inside = judged.iter().filter(|one| one.judgement.pass == Some(true));
        Self {
            judged: judged.len(),
            inside: inside.count(),
            median_error: median(&errors),
        }
    }

    /// Whether no judged row is outside.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.inside == self.judged
    }

    /// The count in a sentence.
    fn sentence(&self) -> String {
        let median = self.median_error.map_or_else(String::new, |error| {
            format!(", median error {}", share(error))
        });
        format!(
            "{} of {} judged rows inside their tolerance{median}",
            self.inside, self.judged
        )
    }

    /// The count in a cell.
    #[must_use]
    pub fn cell(&self) -> String {
        match self.median_error {
            _ if self.judged == 0 => "-".to_owned(),
            Some(error) => format!("{} of {}, {}", self.inside, self.judged, share(error)),
            None => format!("{} of {}", self.inside, self.judged),
        }
    }
}

/// The count of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassTally {
    /// What its rows are compared with.
    pub class: Class,
    /// All of its rows.
    #[serde(flatten)]
    pub all: Tally,
    /// Those on which nothing was fitted, and that were not seen before a choice.
    pub blind: Tally,
    /// Those that were seen before a choice was made.
    pub seen: Tally,
    /// Those on which prices were fitted.
    pub fit: Tally,
}

impl ClassTally {
    /// Heads of the columns of [`ClassTally::cells`].
    pub const HEAD: [&'static str; 5] = [
        "inside of judged, median error",
        "all",
        "blind",
        "seen",
        "fit",
    ];

    /// Its cells in a table.
    #[must_use]
    pub fn cells(&self) -> [String; 5] {
        [
            self.class.words().to_owned(),
            self.all.cell(),
            self.blind.cell(),
            self.seen.cell(),
            self.fit.cell(),
        ]
    }
}

/// The count of every class of which rows are judged.
#[must_use]
pub fn by_class(outcomes: &[Outcome]) -> Vec<ClassTally> {
    let of_class = |class: Class| {
        let mine = || outcomes.iter().filter(move |one| one.class == class);
        ClassTally {
            class,
            all: Tally::over(mine()),
            blind: Tally::over(mine().filter(|one| !one.fit && !one.seen)),
            seen: Tally::over(mine().filter(|one| one.seen)),
            fit: Tally::over(mine().filter(|one| one.fit)),
        }
    };
    let tallies = Class::ALL.into_iter().map(of_class);
    tallies.filter(|tally| tally.all.judged > 0).collect()
}
