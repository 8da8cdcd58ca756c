//! Subjects that differ in their seed alone, taken together: medians, intervals,
//! and whether a change is more than one seed's luck.

use super::change::{Change, Turn, share};
use super::statistics::{Sample, interval, median, smallest, test};
use super::subject::{Quantity, Subject};
use crate::attack;

/// Rate of false alarms that a verdict over seeds keeps to.
pub const LEVEL: f64 = 0.05;

/// Fewer seeds a side say nothing about chance.
pub const ENOUGH: usize = 3;

/// The figures that a verdict over seeds is made of. They are few, so that five
/// seeds a side can find a change in one of them: 2 of 252 ways to deal ten
/// runs are the most extreme, and six figures use up 12 of the 12.6 that the
/// level allows.
pub const JUDGED: [&str; 6] = [
    "load.goodput_tps",
    "finality_ms.p50",
    "finality_ms.p99",
    "per_tx.messages",
    "per_tx.bytes",
    "per_tx.cpu_ms",
];

/// A scenario and variation over its seeds.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name in every document, without a seed.
    pub place: String,
    /// Whether both sides have the same seeds.
    pub paired: bool,
    /// Whether figures of one seed are exact.
    pub exact: bool,
    /// Whether the sides differ in their Byzantine replicas.
    pub attacked: bool,
    /// Seeds of the base and of the head.
    pub seeds: [usize; 2],
    /// Whether there are enough seeds for a test.
    pub tested: bool,
    /// The smallest chance that so many seeds can give.
    pub smallest: f64,
    /// Seeds a side that the test needs to find anything.
    pub needed: usize,
    /// A figure each, those first that make the verdict.
    pub estimates: Vec<Estimate>,
}

/// A figure over the seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The medians of both sides and the change: of paired seeds, the median of
    /// their relative changes.
    pub change: Change,
    /// Where the change lies with 95 %, by resampling seeds.
    pub interval: Option<(f64, f64)>,
    /// Whether the figure is one of [`JUDGED`].
    pub judged: bool,
    /// The chance of so large a change if nothing differs: of a judged figure,
    /// in any judged figure of any group; else in this one alone.
    pub chance: Option<f64>,
    /// Runs of each side in which the figure does not apply.
    pub missing: [usize; 2],
}

impl Estimate {
    /// Whether the change is more than chance.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.chance.is_some_and(|chance| chance <= LEVEL)
    }
}

impl Group {
    /// Takes subjects of one variation together; of paired seeds, both sides
    /// are in the same order.
    pub(super) fn of(base: &[&Subject], head: &[&Subject], paired: bool) -> Self {
        let seeds = [base.len(), head.len()];
        let tested = seeds.iter().all(|count| *count >= ENOUGH);
        let first = base[0];
        let mut estimates: Vec<Estimate> = (0..first.figures.len())
            .filter_map(|place| estimate(place, base, head, paired))
            .collect();
        // A stable sort: both kinds keep the order of the catalogue.
        estimates.sort_by_key(|estimate| !estimate.judged);
        let mut group = Self {
            place: format!("{}: {}", crate::format::printable(&first.name), first.label),
            paired,
            exact: base.iter().chain(head).all(|subject| subject.is_exact()),
            attacked: attack::differ(&first.plan, &head[0].plan),
            seeds,
            tested,
            smallest: smallest(paired, seeds[0], seeds[1]),
            needed: needed(paired, 1),
            estimates,
        };
        if tested {
            group.judge(base, head);
        }
        group
    }

    fn judge(&mut self, base: &[&Subject], head: &[&Subject]) {
        let sample = |estimate: &Estimate| {
            let [base, head] = values(estimate.change.quantity, base, head)?;
            Some(if self.paired {
                Sample::Paired(
                    base.iter()
                        .zip(&head)
                        .map(|(base, head)| head - base)
                        .collect(),
                )
            } else {
                Sample::Apart(base, head)
            })
        };
        let (places, samples): (Vec<usize>, Vec<Sample>) = self
            .estimates
            .iter()
            .enumerate()
            .filter_map(|(place, estimate)| Some((place, sample(estimate)?)))
            .unzip();
        for (place, chance) in places.iter().zip(test(&samples)) {
            self.estimates[*place].chance = Some(chance.alone);
        }
        // Those that make the verdict come first, and share one rate of alarms.
        let judged = places
            .iter()
            .filter(|place| self.estimates[**place].judged)
            .count();
        for (place, chance) in places.iter().zip(test(&samples[..judged])) {
            self.estimates[*place].chance = Some(chance.of_any);
        }
    }

    /// Allows for the other groups of the comparison: each is a further chance
    /// of a false alarm.
    pub(super) fn allow_for(&mut self, groups: usize) {
        for estimate in self.estimates.iter_mut().filter(|estimate| estimate.judged) {
            estimate.chance = estimate
                .chance
                .map(|chance| (chance * groups as f64).min(1.0));
        }
        self.smallest = (self.smallest * groups as f64).min(1.0);
        self.needed = needed(self.paired, groups);
    }

    /// Whether any judged figure changed by more than chance.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.estimates
            .iter()
            .any(|estimate| estimate.judged && estimate.is_shown())
    }

    /// Whether the test could find a change at all.
    #[must_use]
    pub fn can_tell(&self) -> bool {
        self.tested && self.smallest <= LEVEL
    }
}

/// The least seeds a side with which one of so many groups can be told from
/// chance.
fn needed(paired: bool, groups: usize) -> usize {
    const MANY: usize = 30;
    let tells = |seeds: &usize| smallest(paired, *seeds, *seeds) * groups as f64 <= LEVEL;
    (ENOUGH..MANY).find(tells).unwrap_or(MANY)
}

/// A figure of all subjects, where every one of them has it.
fn values(quantity: Quantity, base: &[&Subject], head: &[&Subject]) -> Option<[Vec<f64>; 2]> {
    let side = |subjects: &[&Subject]| -> Option<Vec<f64>> {
        subjects
            .iter()
            .map(|subject| figure(subject, quantity))
            .collect()
    };
    Some([side(base)?, side(head)?])
}

fn figure(subject: &Subject, quantity: Quantity) -> Option<f64> {
    let found = subject
        .figures
        .iter()
        .find(|(other, _)| other.id == quantity.id)?;
    found.1
}

fn estimate(place: usize, base: &[&Subject], head: &[&Subject], paired: bool) -> Option<Estimate> {
    let quantity = base[0].figures[place].0;
    let known = |subjects: &[&Subject]| -> Vec<f64> {
        subjects
            .iter()
            .filter_map(|subject| subject.figures[place].1)
            .collect()
    };
    let [left, right] = [known(base), known(head)];
    if left.is_empty() && right.is_empty() {
        return None;
    }
    let missing = [base.len() - left.len(), head.len() - right.len()];
    let whole = missing == [0, 0];
    let size = |base: &[f64], head: &[f64]| {
        if paired {
            let shares: Vec<f64> = base
                .iter()
                .zip(head)
                .map(|(base, head)| share(*base, *head))
                .collect();
            median(&shares)
        } else {
            Some(share(median(base)?, median(head)?))
        }
    };
    let mut change = Change::of(quantity, median(&left), median(&right));
    if whole {
        change.share = size(&left, &right);
    }
    if whole && paired {
        let steps: Vec<f64> = left
            .iter()
            .zip(&right)
            .map(|(base, head)| head - base)
            .collect();
        change.turn = Turn::of(quantity.better, Some(0.0), median(&steps));
    }
    let enough = whole && left.len().min(right.len()) >= ENOUGH;
    Some(Estimate {
        change,
        interval: if enough {
            interval([&left, &right], paired, size)
        } else {
            None
        },
        judged: JUDGED.contains(&quantity.id),
        chance: None,
        missing,
    })
}
