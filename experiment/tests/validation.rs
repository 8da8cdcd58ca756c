//! The tables of the validation: every row finds its runs, and names are names.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use groma_experiment::plan::{Plan, SharingPlan};
use groma_experiment::registry::Registry;
use groma_experiment::validation::{
    Chosen, Class, Figure, Published, Tolerance, Which, all, choose,
};

#[test]
fn every_row_reads_the_runs_that_it_needs() {
    let registry = Registry::standard();
    let every = [Which::All, Which::Oracle].map(|which| choose(&[], which).unwrap());
    for part in every.into_iter().flatten() {
        let plans = part
            .plans(&registry)
            .unwrap_or_else(|problems| panic!("{problems}"));
        // As the page says.
        let fifo = |plan: &Plan| plan.network.sharing == SharingPlan::Fifo;
        assert!(plans.iter().all(fifo), "{}", part.set.id);
        for row in &part.rows {
            let read = plans.iter().filter(|plan| row.reads(plan)).count();
            let name = part.name(row);
            match row.figure {
                Figure::At(path) => assert_eq!(read, 1, "{name} reads {path} of {read} runs"),
                Figure::Ratio { part, .. } => {
                    assert_eq!(read, 1, "{name} reads {part} of {read} runs");
                }
                Figure::Slope { .. } => assert!(read >= 2, "{name} has {read} points"),
            }
        }
    }
}

#[test]
fn names_are_unique_and_rows_say_what_they_are() {
    let mut names = BTreeSet::new();
    for set in all() {
        assert!(
            !set.title.is_empty() && !set.source.is_empty(),
            "{}",
            set.id
        );
        for row in set.rows {
            assert!(
                names.insert(format!("{}-{}", set.id, row.id)),
                "{}-{} stands twice",
                set.id,
                row.id
            );
            assert!(row.metric.len() > 5, "{}", row.id);
            if let Published::Value(value) = row.published {
                assert!(value > 0.0, "{}-{}", set.id, row.id);
            }
            if let Tolerance::Relative(share) | Tolerance::Below(share) = row.tolerance {
                assert!((0.001..=0.5).contains(&share), "{}-{}", set.id, row.id);
            }
        }
    }
}

#[test]
fn a_name_chooses_a_row_or_all_that_it_begins() {
    let chosen = |name: &str| {
        let parts = choose(&[name.to_owned()], Which::All).unwrap();
        let count: usize = parts.iter().map(|part| part.rows.len()).sum();
        (parts.len(), count)
    };
    assert_eq!(chosen("v7"), (1, 4));
    assert_eq!(chosen("V7"), (1, 4));
    // `v1` is no beginning of `v1b`: a name ends where a hyphen stands.
    assert_eq!(chosen("v1"), (2, 10));
    assert_eq!(chosen("v1-n4"), (1, 2));
    assert_eq!(chosen("v1-n4-goodput"), (1, 1));
    // Something of every class is part of the gate.
    let fast = choose(&[], Which::Fast).unwrap();
    for class in Class::ALL {
        let is_of = |part: &Chosen| part.rows.iter().any(|row| part.set.class_of(row) == class);
        assert!(fast.iter().any(is_of), "{class:?}");
    }
    let oracles = choose(&[], Which::Oracle).unwrap();
    assert!(oracles.iter().all(|part| {
        let mut rows = part.rows.iter();
        rows.all(|row| matches!(row.published, Published::Oracle(_)))
    }));
}
