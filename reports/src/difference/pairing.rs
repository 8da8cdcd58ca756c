//! Who is compared with whom: runs of one scenario with the same varied values
//! and seed are a pair; where the sides share no seed, they are cohorts. What
//! fits nothing is named, never dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::subject::{Kind, Subject};
use crate::load::natural;

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What is compared against.
    Base,
    /// What is judged.
    Head,
}

impl Side {
    /// `base` or `head`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Head => "head",
        }
    }
}

/// Subjects of one scenario and variation whose seeds the sides do not share.
#[derive(Debug)]
pub(super) struct Cohorts {
    pub(super) base: Vec<Subject>,
    pub(super) head: Vec<Subject>,
}

/// Everything of both sides, put together.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    pub(super) pairs: Vec<(Subject, Subject)>,
    pub(super) cohorts: Vec<Cohorts>,
    pub(super) alone: Vec<(Side, Subject)>,
}

/// What a subject is compared as, but for its seed.
type Design = (Kind, String, BTreeMap<String, String>);

fn design(subject: &Subject) -> Design {
    (
        subject.kind,
        subject.name.clone(),
        subject.variation.clone(),
    )
}

/// What a partner is known by: seed, mode, and hash of the plan.
type Known = (Option<u64>, String, String);

/// Ever looser ways to know a partner by. A folder may hold several plans of
/// one scenario (other `--set`), and a testbed's run beside its simulation.
const WAYS: [fn(&Subject) -> Known; 3] = [
    |subject| (subject.seed, subject.mode.clone(), subject.key.clone()),
    |subject| (subject.seed, subject.mode.clone(), String::new()),
    |subject| (subject.seed, String::new(), String::new()),
];

impl Pairing {
    /// Puts both sides together; nothing depends on the order of files. Where
    /// `other_names` are allowed, one scenario of the base meets one of the head
    /// whatever they are called.
    pub(super) fn of(base: Vec<Subject>, head: Vec<Subject>, other_names: bool) -> Self {
        let anonymous = other_names && only_name(&base) && only_name(&head);
        let design = |subject: &Subject| {
            let (kind, name, variation) = design(subject);
            (
                kind,
                if anonymous { String::new() } else { name },
                variation,
            )
        };
        let mut designs: BTreeMap<Design, [Vec<Subject>; 2]> = BTreeMap::new();
        for (side, subjects) in [base, head].into_iter().enumerate() {
            for subject in subjects {
                designs.entry(design(&subject)).or_default()[side].push(subject);
            }
        }
        let mut pairing = Self::default();
        for sides in designs.into_values() {
            pairing.add(sides);
        }
        let order = |a: &Subject, b: &Subject| {
            natural(&a.name, &b.name)
                .then_with(|| natural(&a.label, &b.label))
                .then_with(|| a.seed.cmp(&b.seed))
        };
        pairing.pairs.sort_by(|a, b| order(&a.0, &b.0));
        pairing
            .cohorts
            .sort_by(|a, b| order(&a.base[0], &b.base[0]));
        pairing.alone.sort_by(|a, b| order(&a.1, &b.1));
        pairing
    }

    fn add(&mut self, [mut base, mut head]: [Vec<Subject>; 2]) {
        let before = self.pairs.len();
        for way in WAYS {
            self.pairs.extend(partners(&mut base, &mut head, way));
        }
        let paired = self.pairs.len() > before;
        if !paired && !base.is_empty() && !head.is_empty() && differ_in_seed(&base, &head) {
            self.cohorts.push(Cohorts { base, head });
            return;
        }
        let alone = |side: Side| move |subject: Subject| (side, subject);
        self.alone.extend(base.into_iter().map(alone(Side::Base)));
        self.alone.extend(head.into_iter().map(alone(Side::Head)));
    }
}

/// Whether all of them are of one scenario.
fn only_name(subjects: &[Subject]) -> bool {
    let names: BTreeSet<&str> = subjects
        .iter()
        .map(|subject| subject.name.as_str())
        .collect();
    names.len() == 1
}

/// Takes out those that are the only ones of their side to be known by one
/// name: of two that share it, nobody could say which is meant.
fn partners<K: Ord>(
    base: &mut Vec<Subject>,
    head: &mut Vec<Subject>,
    way: impl Fn(&Subject) -> K,
) -> Vec<(Subject, Subject)> {
    let mut places: BTreeMap<K, [Vec<usize>; 2]> = BTreeMap::new();
    for (side, subjects) in [&*base, &*head].into_iter().enumerate() {
        for (place, subject) in subjects.iter().enumerate() {
            places.entry(way(subject)).or_default()[side].push(place);
        }
    }
    let only = |[left, right]: &[Vec<usize>; 2]| match (left.as_slice(), right.as_slice()) {
        ([left], [right]) => Some([*left, *right]),
        _ => None,
    };
    let pairs: Vec<[usize; 2]> = places.values().filter_map(only).collect();
    let lefts = take(base, pairs.iter().map(|pair| pair[0]));
    let rights = take(head, pairs.iter().map(|pair| pair[1]));
    lefts.into_iter().zip(rights).collect()
}

/// Takes out the subjects at some places, in the order of the places given.
fn take(subjects: &mut Vec<Subject>, places: impl Iterator<Item = usize>) -> Vec<Subject> {
    let mut slots: Vec<Option<Subject>> = subjects.drain(..).map(Some).collect();
    let taken = places
        .map(|place| slots[place].take().expect("each place is taken once"))
        .collect();
    subjects.extend(slots.into_iter().flatten());
    taken
}

/// Whether all of them are told apart by their seeds alone.
fn differ_in_seed(base: &[Subject], head: &[Subject]) -> bool {
    let all = || base.iter().chain(head);
    let seeds: BTreeSet<_> = all().map(|subject| subject.seed).collect();
    seeds.len() == all().count()
}
