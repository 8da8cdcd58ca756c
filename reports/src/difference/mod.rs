//! Base against head: what changed from one set of results to another, figure
//! by figure. Every document of `groma compare` is made from [`Difference`],
//! so that they cannot disagree.
//!
//! Figures of a simulation are exact, so one pair of runs tells by equality.
//! Anything else is noisy and is judged over seeds, by tests; so are runs whose
//! seeds the two sides do not share. What the host measured is advice.

pub mod change;
pub mod group;
mod judge;
mod pairing;
pub mod plans;
pub mod rule;
pub mod statistics;
pub mod subject;

mod json;
mod junit;
mod markdown;
mod phrase;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use groma_experiment::result::HostRecord;
use groma_experiment::store::Results;

use self::change::{Change, Turn, changes};
use self::group::{ENOUGH, Group};
use self::pairing::{Cohorts, Pairing};
use self::plans::{Field, differing};
use self::subject::Subject;
use crate::attack;
use crate::format::printable;
use crate::metric::Better;

pub use self::json::json;
pub use self::judge::{Ruling, State};
pub use self::junit::junit;
pub use self::markdown::markdown;
pub use self::pairing::Side;
pub(crate) use self::phrase::{brief, counted, manner, probability, rest, verdict, within};
pub use self::text::text;

/// One side as it is handed in.
#[derive(Clone, Debug)]
pub struct Input {
    /// What the user calls it.
    pub name: String,
    /// What was found there.
    pub results: Results,
}

/// What changed from base to head.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Names of the base and of the head.
    pub names: [String; 2],
    /// What a reader must know before any figure.
    pub notes: Vec<String>,
    /// Runs and certificates that stand on both sides.
    pub pairs: Vec<Pair>,
    /// What is taken together over seeds.
    pub groups: Vec<Group>,
    /// What stands on one side only.
    pub alone: Vec<Alone>,
    /// What the host measured, head over base: advice, never a verdict.
    pub host: Vec<Advice>,
    /// How the rules were kept; empty before [`Difference::judge`].
    pub rulings: Vec<Ruling>,
}

/// A run or a certificate on both sides.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Its name in every document.
    pub place: String,
    /// Hashes of both plans.
    pub keys: [String; 2],
    /// Whether its figures are exact.
    pub exact: bool,
    /// Whether a group speaks for it.
    pub grouped: bool,
    /// Whether the plans differ in their Byzantine replicas.
    pub attacked: bool,
    /// What is compared word by word.
    pub words: Vec<Word>,
    /// How bad the outcome of each side is; 0 is what the scenario expects.
    pub severity: [u8; 2],
    /// Every figure that applies.
    pub changes: Vec<Change>,
}

/// A word on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As rules call it.
    pub name: &'static str,
    /// At the base.
    pub base: String,
    /// At the head.
    pub head: String,
}

impl Word {
    /// Whether it changed.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.base != self.head
    }
}

impl Pair {
    /// The figures that are not equal.
    pub fn changed(&self) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(|change| change.turn != Turn::Equal)
    }

    /// Those of them that have a good side or tell what an attack costs, where the
    /// sides differ in that, and these first; and the others.
    pub(crate) fn told(&self) -> (Vec<&Change>, Vec<&Change>) {
        let costs = |change: &&Change| self.attacked && attack::is_cost(change.quantity.id);
        let (mut told, rest): (Vec<&Change>, Vec<&Change>) = self.changed().partition(costs);
        let (sided, other): (Vec<&Change>, Vec<&Change>) = rest
            .into_iter()
            .partition(|change| change.quantity.better != Better::Neither);
        told.extend(sided);
        (told, other)
    }

    /// Whether nothing at all changed.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.changed().next().is_none() && !self.words.iter().any(Word::has_changed)
    }
}

/// A run or a certificate on one side only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alone {
    /// Where it is.
    pub side: Side,
    /// Its name.
    pub place: String,
    /// Hash of its plan.
    pub key: String,
}

/// A noisy figure of the host over all pairs.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// What was measured.
    pub name: &'static str,
    /// Median of head over base.
    pub ratio: f64,
    /// Pairs that it is the median of.
    pub pairs: usize,
}

/// Why two sides are not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing of the base stands at the head too.
    NothingInCommon(Vec<Alone>),
    /// Plans differ: by place, the fields.
    Plans(Vec<(String, Vec<Field>)>),
}

impl Difference {
    /// Compares two sides. Plans that differ in more than the seed are refused,
    /// unless `allow_different`: a change might be the plan's. So are scenarios of
    /// other names.
    ///
    /// # Errors
    /// Why the sides are not compared.
    pub fn between(base: Input, head: Input, allow_different: bool) -> Result<Self, Refusal> {
        let names = [printable(&base.name), printable(&head.name)];
        let [base, head] = [base, head].map(|side| Subject::all(side.results));
        let builds = [&base, &head].map(|side| builds(side));
        let pairing = Pairing::of(base, head, allow_different);
        let alone: Vec<Alone> = pairing.alone.iter().map(alone).collect();
        if pairing.pairs.is_empty() && pairing.cohorts.is_empty() {
            return Err(Refusal::NothingInCommon(alone));
        }
        let plans = differing_plans(&pairing);
        if !plans.is_empty() && !allow_different {
            return Err(Refusal::Plans(plans));
        }
        let (groups, grouped) = groups(&pairing);
        let pairs = pairing.pairs.iter().zip(grouped);
        Ok(Self {
            names,
            notes: notes(&builds, &plans, &pairing),
            host: host(&pairing.pairs),
            pairs: pairs.map(|(pair, grouped)| paired(pair, grouped)).collect(),
            groups,
            alone,
            rulings: Vec::new(),
        })
    }

    /// How many pairs are equal, of how many.
    #[must_use]
    pub fn equal(&self) -> (usize, usize) {
        let equal = self.pairs.iter().filter(|pair| pair.is_equal()).count();
        (equal, self.pairs.len())
    }

    /// The first thing to read: what changed, in one sentence.
    #[must_use]
    pub fn headline(&self) -> String {
        let mut parts = Vec::new();
        let (equal, all) = self.equal();
        match (equal, all) {
            (_, 0) => {}
            (1, 1) => parts.push("The pair is equal".to_owned()),
            (0, 1) => parts.push("The pair differs".to_owned()),
            (equal, all) if equal == all => parts.push(format!("All {all} pairs are equal")),
            (0, all) => parts.push(format!("All {all} pairs differ")),
            (equal, all) => parts.push(format!("{} of {all} pairs differ", all - equal)),
        }
        if !self.groups.is_empty() {
            let changed = self
                .groups
                .iter()
                .filter(|group| group.has_changed())
                .count();
            let told = self.groups.iter().filter(|group| group.can_tell()).count();
            let untold = self.groups.len() - told;
            if told > 0 {
                parts.push(format!(
                    "over seeds, {changed} of {} changed by more than chance",
                    counted(told, "group")
                ));
            }
            if untold > 0 {
                parts.push(format!(
                    "{} not tested: too few seeds",
                    counted(untold, "group")
                ));
            }
        }
        if !self.alone.is_empty() {
            parts.push(format!(
                "{} without a partner",
                counted(self.alone.len(), "run")
            ));
        }
        parts.extend(self.kept());
        let text = parts.join("; ");
        let mut letters = text.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string());
        format!("{}{}.", first.unwrap_or_default(), letters.as_str())
    }

    /// How the rules were kept, where there are any.
    fn kept(&self) -> Option<String> {
        let rules = |state: State| -> BTreeSet<&str> {
            let of = |ruling: &&Ruling| ruling.state == state;
            self.rulings
                .iter()
                .filter(of)
                .map(|ruling| ruling.rule.as_str())
                .collect()
        };
        let (broken, passed) = (rules(State::Failed), rules(State::Passed));
        let all = counted(broken.union(&passed).count(), "rule");
        match (broken.len(), passed.len()) {
            (0, 0) => None,
            (0, _) => Some(format!("{all} kept")),
            (broken, _) => {
                let places = counted(self.failed(), "place");
                Some(format!("{broken} of {all} broken, in {places}"))
            }
        }
    }

    /// Rulings that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.rulings
            .iter()
            .filter(|ruling| ruling.state == State::Failed)
            .count()
    }
}

fn paired((base, head): &(Subject, Subject), grouped: bool) -> Pair {
    let words = base.words.iter().zip(&head.words);
    let exact = base.is_exact() && head.is_exact();
    Pair {
        place: base.place(),
        keys: [base.key.clone(), head.key.clone()],
        exact,
        grouped,
        attacked: attack::differ(&base.plan, &head.plan),
        words: words
            .map(|((name, base), (_, head))| Word {
                name,
                base: printable(base),
                head: printable(head),
            })
            .collect(),
        severity: [base.severity, head.severity],
        changes: changes(base, head),
    }
}

fn alone((side, subject): &(Side, Subject)) -> Alone {
    Alone {
        side: *side,
        place: subject.place(),
        key: subject.key.clone(),
    }
}

/// Pairs that differ in their seed alone, where they are enough, and all
/// cohorts; and of each pair, whether it is in a group.
fn groups(pairing: &Pairing) -> (Vec<Group>, Vec<bool>) {
    type Members<'a> = Vec<(usize, &'a (Subject, Subject))>;
    let mut variations: BTreeMap<_, Members<'_>> = BTreeMap::new();
    for (place, pair) in pairing.pairs.iter().enumerate() {
        let (base, head) = pair;
        if base.seed.is_some() {
            let variation = (&base.name, &base.variation, &base.mode, &head.mode);
            variations.entry(variation).or_default().push((place, pair));
        }
    }
    let mut grouped = vec![false; pairing.pairs.len()];
    let mut found = Vec::new();
    for members in variations
        .into_values()
        .filter(|members| members.len() >= ENOUGH)
    {
        let base: Vec<&Subject> = members.iter().map(|(_, pair)| &pair.0).collect();
        let head: Vec<&Subject> = members.iter().map(|(_, pair)| &pair.1).collect();
        found.push((members[0].0, Group::of(&base, &head, true)));
        for (place, _) in &members {
            grouped[*place] = true;
        }
    }
    // In the order of the pairs.
    found.sort_by_key(|(place, _)| *place);
    let mut groups: Vec<Group> = found.into_iter().map(|(_, group)| group).collect();
    for Cohorts { base, head } in &pairing.cohorts {
        let base: Vec<&Subject> = base.iter().collect();
        let head: Vec<&Subject> = head.iter().collect();
        groups.push(Group::of(&base, &head, false));
    }
    let tested = groups.iter().filter(|group| group.tested).count();
    groups.iter_mut().for_each(|group| group.allow_for(tested));
    (groups, grouped)
}

/// The plans of partners that differ, by place. Cohorts are held to the first
/// plan of their base.
fn differing_plans(pairing: &Pairing) -> Vec<(String, Vec<Field>)> {
    let pairs = pairing.pairs.iter().map(|(base, head)| (base, head));
    let cohorts = pairing.cohorts.iter().flat_map(|cohorts| {
        let first = &cohorts.base[0];
        cohorts
            .base
            .iter()
            .chain(&cohorts.head)
            .map(move |other| (first, other))
    });
    pairs
        .chain(cohorts)
        .map(|(base, head)| (head.place(), differing(&base.plan, &head.plan)))
        .filter(|(_, fields)| !fields.is_empty())
        .collect()
}

fn builds(side: &[Subject]) -> BTreeSet<String> {
    side.iter()
        .filter_map(|subject| subject.build.clone())
        .collect()
}

fn notes(
    builds: &[BTreeSet<String>; 2],
    plans: &[(String, Vec<Field>)],
    pairing: &Pairing,
) -> Vec<String> {
    let mut notes = Vec::new();
    let [base, head] = builds;
    if !base.is_empty() && !head.is_empty() && base != head {
        let short = |builds: &BTreeSet<String>| -> String {
            let names: Vec<String> = builds
                .iter()
                .map(|build| build.chars().take(8).collect())
                .collect();
            names.join(", ")
        };
        notes.push(format!(
            "the builds differ (base {}, head {}), so a change may be the code's",
            short(base),
            short(head)
        ));
    }
    let mut fields: BTreeMap<&Field, usize> = BTreeMap::new();
    for field in plans.iter().flat_map(|(_, fields)| fields) {
        *fields.entry(field).or_default() += 1;
    }
    const SHOWN: usize = 6;
    for (field, runs) in fields.iter().take(SHOWN) {
        let runs = counted(*runs, "run");
        notes.push(format!(
            "the plans differ, as allowed: {} ({runs})",
            printable(&field.to_string())
        ));
    }
    if let Some(more) = fields.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        notes.push(format!(
            "the plans differ, as allowed, in {} more",
            counted(more, "field")
        ));
    }
    let noisy = pairing
        .pairs
        .iter()
        .filter(|(base, head)| !(base.is_exact() && head.is_exact()));
    if noisy.count() > 0 {
        notes.push("runs that were not simulated are noisy: only their groups over seeds can tell a change from chance".to_owned());
    }
    notes
}

fn host(pairs: &[(Subject, Subject)]) -> Vec<Advice> {
    type Reading = fn(&HostRecord) -> f64;
    let readings: [(&'static str, Reading); 3] = [
        ("wall clock", |host| host.wall_seconds),
        ("events per second", |host| host.events_per_second),
        ("peak memory", |host| host.peak_rss_bytes as f64),
    ];
    let advice = |(name, reading): (&'static str, Reading)| {
        let ratios: Vec<f64> = pairs
            .iter()
            .filter_map(|(base, head)| {
                let ratio = reading(head.host.as_ref()?) / reading(base.host.as_ref()?);
                (ratio.is_finite() && ratio > 0.0).then_some(ratio)
            })
            .collect();
        Some(Advice {
            name,
            ratio: statistics::median(&ratios)?,
            pairs: ratios.len(),
        })
    };
    readings.into_iter().filter_map(advice).collect()
}
