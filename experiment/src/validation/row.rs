//! One row: which figure of which runs, what was published, and how far the two
//! may lie apart.

use serde::Serialize;

use super::Reading;
use super::oracle::Path;
use crate::plan::Plan;

/// A figure to be reproduced.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Name within its set.
    pub id: &'static str,
    /// What is compared, for readers; the unit stands last.
    pub metric: &'static str,
    /// The values that `vary:` gives the plans that it reads: path and value as
    /// written. Empty: every plan of the scenario.
    pub at: &'static [(&'static str, &'static str)],
    /// What is read from those runs.
    pub figure: Figure,
    /// What it is compared with.
    pub published: Published,
    /// How far the two may lie apart.
    pub tolerance: Tolerance,
    /// What of it was known when what bears on it was settled.
    pub prior: Prior,
    /// Whether it takes a few seconds at most.
    pub fast: bool,
}

/// What of a row was known when prices and model were settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prior {
    /// Nothing, as far as is recorded.
    Blind,
    /// A choice that may have brought it nearer to the published figure was made after
    /// a run of it had been seen.
    Seen,
    /// Prices or sizes were fitted on it.
    Fitted,
}

/// What a row reads.
#[derive(Clone, Copy, Debug)]
pub enum Figure {
    /// The figure at a path of the one run that the row reads.
    At(&'static str),
    /// One figure of the one run over another, times `scale`.
    Ratio {
        /// Path of the part.
        part: &'static str,
        /// Path of the whole.
        whole: &'static str,
        /// To the row's unit.
        scale: f64,
    },
    /// The slope of the straight line of least squares through all of its runs,
    /// of a sum of figures over another figure, times `scale`.
    Slope {
        /// Paths whose figures are added.
        y: &'static [&'static str],
        /// Path of the other figure.
        x: &'static str,
        /// From units of y over units of x to the row's unit.
        scale: f64,
    },
}

/// What a row is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Published {
    /// A number that stands in the source.
    Value(f64),
    /// A number that stands in the source and that a closed form gives as well, so
    /// that it says nothing of the system it was read from.
    Form(f64),
    /// A law over other figures of the same run.
    Law(fn(&Reading) -> Option<f64>),
    /// What a Monte Carlo that shares nothing with the simulator says.
    Oracle(Path),
}

/// How far predicted and published may lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// By this share of the published figure.
    Relative(f64),
    /// Not at all.
    Exact,
    /// Below by this share at most, and never above.
    Below(f64),
    /// Any distance: the row is printed and not judged.
    Printed,
}

impl Tolerance {
    /// Whether a relative error is within it; `None` when it judges nothing.
    #[must_use]
    pub fn allows(self, error: f64) -> Option<bool> {
        // What arithmetic on floats may leave of two equal numbers.
        const DUST: f64 = 1e-9;
        match self {
            Self::Relative(share) => Some(error.abs() <= share + DUST),
            Self::Exact => Some(error.abs() <= DUST),
            Self::Below(share) => Some(error <= DUST && error >= -share - DUST),
            Self::Printed => None,
        }
    }

    /// `relative`, `exact`, `below` (never above) or `printed` (not judged).
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Relative(_) => "relative",
            Self::Exact => "exact",
            Self::Below(_) => "below",
            Self::Printed => "printed",
        }
    }

    /// The share, where there is one.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        match self {
            Self::Relative(share) | Self::Below(share) => Some(share),
            Self::Exact => Some(0.0),
            Self::Printed => None,
        }
    }
}

impl Serialize for Tolerance {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.share().serialize(to)
    }
}

/// Predicted against published.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// The published figure; `None` where a law could not be evaluated.
    pub published: Option<f64>,
    /// The simulator's; `None` where the run gave none or broke an invariant.
    pub predicted: Option<f64>,
    /// (predicted - published) / published.
    pub error: Option<f64>,
    /// The relative tolerance; null where the row is printed and not judged.
    pub tolerance: Tolerance,
    /// Whether the error is within it; null where the row is not judged.
    pub pass: Option<bool>,
}

impl Row {
    /// Whether the row reads the run of a plan.
    #[must_use]
    pub fn reads(&self, plan: &Plan) -> bool {
        let given = |(path, value): &(&str, &str)| {
            let written = plan.variation.get(*path);
            written.is_some_and(|written| written == value)
        };
        self.at.iter().all(given)
    }

    /// Compares, given the runs of the row's set.
    #[must_use]
    pub fn judge(&self, runs: &[Reading]) -> Judgement {
        let mine: Vec<&Reading> = runs.iter().filter(|run| self.reads(run.plan())).collect();
        let sound = !mine.is_empty() && !mine.iter().any(|run| run.is_broken());
        let predicted = if sound { self.figure.read(&mine) } else { None };
        let published = match (self.published, mine.first()) {
            (Published::Value(value) | Published::Form(value), _) => Some(value),
            (Published::Law(law), Some(run)) => law(run),
            (Published::Oracle(path), Some(run)) => path.of_plan(run.plan()),
            (_, None) => None,
        };
        compare(published, predicted, self.tolerance)
    }
}

fn compare(published: Option<f64>, predicted: Option<f64>, tolerance: Tolerance) -> Judgement {
    let error = published
        .zip(predicted)
        .map(|(published, predicted)| (predicted - published) / published)
        .filter(|error| error.is_finite());
    // A figure that could not be had is outside of every tolerance.
    let pass = match error {
        Some(error) => tolerance.allows(error),
        None => tolerance.share().map(|_| false),
    };
    Judgement {
        published,
        predicted,
        error,
        tolerance,
        pass,
    }
}

impl Figure {
    fn read(self, runs: &[&Reading]) -> Option<f64> {
        match (self, runs) {
            (Self::At(path), [run]) => run.get(path),
            // Several runs have no one figure: the row does not say which.
            (Self::At(_), _) => None,
            (Self::Ratio { part, whole, scale }, [run]) => {
                Some(run.get(part)? / run.get(whole)? * scale)
            }
            (Self::Ratio { .. }, _) => None,
            (Self::Slope { y, x, scale }, _) => {
                let points = runs.iter().map(|run| {
                    let parts: Option<Vec<f64>> = y.iter().map(|path| run.get(path)).collect();
                    Some((run.get(x)?, parts?.iter().sum()))
                });
                let points: Vec<(f64, f64)> = points.collect::<Option<_>>()?;
                slope(&points).map(|slope| slope * scale)
            }
        }
    }
}

/// The slope of the line of least squares; `None` of fewer than two places.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x_mean, y_mean) = (mean(|point| point.0), mean(|point| point.1));
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points {
        above += (x - x_mean) * (y - y_mean);
        below += (x - x_mean) * (x - x_mean);
    }
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_judge_the_side_that_they_name() {
        for (tolerance, error, allowed) in [
            (Tolerance::Relative(0.05), 0.05, Some(true)),
            (Tolerance::Relative(0.05), -0.05, Some(true)),
            (Tolerance::Relative(0.05), 0.0501, Some(false)),
            (Tolerance::Relative(0.05), -0.0501, Some(false)),
            (Tolerance::Exact, 0.0, Some(true)),
            (Tolerance::Exact, 1e-6, Some(false)),
            (Tolerance::Below(0.03), -0.03, Some(true)),
            (Tolerance::Below(0.03), -0.031, Some(false)),
            (Tolerance::Below(0.03), 1e-6, Some(false)),
            (Tolerance::Printed, 9.0, None),
        ] {
            assert_eq!(tolerance.allows(error), allowed, "{tolerance:?} {error}");
        }
    }

    #[test]
    fn errors_are_relative_to_what_was_published() {
        let judged = compare(Some(80.0), Some(84.0), Tolerance::Relative(0.05));
        assert_eq!((judged.error, judged.pass), (Some(0.05), Some(true)));
        let judged = compare(Some(80.0), Some(75.0), Tolerance::Below(0.05));
        assert_eq!((judged.error, judged.pass), (Some(-0.0625), Some(false)));
    }

    #[test]
    fn a_figure_that_is_not_there_fails_unless_it_is_only_printed() {
        assert_eq!(compare(Some(1.0), None, Tolerance::Exact).pass, Some(false));
        assert_eq!(compare(None, Some(1.0), Tolerance::Exact).pass, Some(false));
        assert_eq!(compare(Some(1.0), None, Tolerance::Printed).pass, None);
        let of_nothing = compare(Some(0.0), Some(1.0), Tolerance::Relative(0.1));
        assert_eq!((of_nothing.error, of_nothing.pass), (None, Some(false)));
    }

    #[test]
    fn a_slope_is_that_of_the_line_of_least_squares() {
        assert_eq!(slope(&[(0.0, 1.0), (2.0, 5.0)]), Some(2.0));
        let bent = slope(&[(0.0, 0.0), (1.0, 1.0), (2.0, 5.0)]);
        assert_eq!(bent, Some(2.5));
        assert_eq!(slope(&[(1.0, 1.0), (1.0, 3.0)]), None);
        assert_eq!(slope(&[]), None);
    }
}
