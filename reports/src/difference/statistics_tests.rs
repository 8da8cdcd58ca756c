//! The tests against a library's, closed forms, and the rate of false alarms.

use proptest::prelude::*;
use statrs::stats_tests::Alternative;
use statrs::stats_tests::mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu};

use super::*;

fn alone(sample: Sample) -> f64 {
    test(&[sample])[0].alone
}

fn numbers(values: &[i32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

#[test]
fn ranks_share_ties() {
    assert_eq!(ranks(&numbers(&[30, 10, 20, 10])), [4.0, 1.5, 3.0, 1.5]);
    assert!(ranks(&[]).is_empty());
}

#[test]
fn the_most_extreme_sample_has_the_smallest_chance() {
    let paired = Sample::Paired(numbers(&[1, 2, 3, 4, 5, 6]));
    assert_eq!(alone(paired), 2.0 / 64.0);
    assert_eq!(smallest(true, 6, 6), 2.0 / 64.0);
    let apart = Sample::Apart(numbers(&[1, 2, 3, 4, 5]), numbers(&[6, 7, 8, 9, 10]));
    assert_eq!(alone(apart), 2.0 / 252.0);
    assert_eq!(smallest(false, 5, 5), 2.0 / 252.0);
}

#[test]
fn signed_ranks_agree_with_the_published_table() {
    // Wilcoxon's table: with 8 pairs, a smaller rank sum of 3 has a two-sided
    // chance of 10 in 256.
    let differences = numbers(&[1, 2, -3, 4, 5, 6, 7, 8]);
    assert_eq!(alone(Sample::Paired(differences)), 10.0 / 256.0);
}

#[test]
fn nothing_that_is_equal_has_changed() {
    let equal = Sample::Paired(vec![0.0; 8]);
    let changed = Sample::Paired(numbers(&[1, 2, 3, 4, 5, 6, 7, 8]));
    let chances = test(&[equal, changed]);
    assert_eq!(chances[0].of_any, 1.0);
    assert_eq!(chances[1].of_any, 2.0 / 256.0);
}

#[test]
fn many_seeds_are_sampled() {
    let far = Sample::Paired((1..=40).map(f64::from).collect());
    assert_eq!(alone(far), 1.0 / RELABELINGS as f64);
    let low: Vec<f64> = (0..30).map(f64::from).collect();
    let same = Sample::Apart(low.clone(), low);
    assert!(alone(same) > 0.9);
}

#[test]
fn a_median_has_an_interval() {
    assert_eq!(median(&[3.0, 1.0, 2.0, 10.0]), Some(2.5));
    assert_eq!(median(&[]), None);
    let difference = |base: &[f64], head: &[f64]| Some(median(head)? - median(base)?);
    let (base, head) = (numbers(&[1, 2, 3, 4, 5]), numbers(&[11, 12, 13, 14, 15]));
    assert_eq!(
        interval([&base, &head], true, difference),
        Some((10.0, 10.0))
    );
    let (low, high) = interval([&base, &head], false, difference).expect("both sides have values");
    assert!(
        (6.0..10.0).contains(&low) && (10.0..=14.0).contains(&high),
        "{low} {high}"
    );
    assert_eq!(interval([&base, &head], true, |_, _| None), None);
}

/// Draws of one law: how often would its own seeds be called changed?
#[test]
fn false_alarms_keep_to_the_level() {
    let mut dice = Dice::new();
    let mut draw = |figures: usize, seeds: usize| -> Vec<Vec<f64>> {
        let mut rows = vec![Vec::new(); figures];
        for _ in 0..seeds {
            // Figures of one run hang together, as those of real runs do.
            let common = dice.below(1_000) as f64;
            for row in &mut rows {
                row.push(common + dice.below(500) as f64);
            }
        }
        rows
    };
    let (mut apart, mut paired) = (0, 0);
    let rounds = 2_000;
    for _ in 0..rounds {
        let (base, head) = (draw(12, 5), draw(12, 5));
        let samples: Vec<Sample> = base
            .into_iter()
            .zip(head)
            .map(|(base, head)| Sample::Apart(base, head))
            .collect();
        apart += i32::from(test(&samples).iter().any(|chance| chance.of_any <= 0.05));
        let (base, head) = (draw(12, 7), draw(12, 7));
        let samples: Vec<Sample> = base
            .iter()
            .zip(&head)
            .map(|(base, head)| {
                base.iter()
                    .zip(head)
                    .map(|(base, head)| head - base)
                    .collect()
            })
            .map(Sample::Paired)
            .collect();
        paired += i32::from(test(&samples).iter().any(|chance| chance.of_any <= 0.05));
    }
    for alarms in [apart, paired] {
        // No more than the level, and not so few that the test is blind.
        assert!(
            (rounds / 100..=rounds / 20).contains(&alarms),
            "{alarms} of {rounds}"
        );
    }
}

#[test]
fn what_really_differs_is_found() {
    let mut dice = Dice::new();
    let mut found = 0;
    for _ in 0..200 {
        let mut draw = |shift: f64| -> Vec<f64> {
            (0..5)
                .map(|_| 1_000.0 + dice.below(100) as f64 + shift)
                .collect()
        };
        // As many figures as a verdict is made of, here independent.
        let noise: Vec<Sample> = (1..6)
            .map(|_| Sample::Apart(draw(0.0), draw(0.0)))
            .collect();
        let mut samples = vec![Sample::Apart(draw(0.0), draw(120.0))];
        samples.extend(noise);
        found += u32::from(test(&samples)[0].of_any <= 0.05);
    }
    assert_eq!(found, 200);
}

proptest! {
    #[test]
    fn rank_sums_agree_with_a_library(
        values in proptest::collection::btree_set(-1_000_i32..1_000, 4..14),
        cut in 1_usize..7,
        turn in any::<u64>(),
    ) {
        let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let size = values.len();
        values.rotate_left((turn % size as u64) as usize);
        // The library (statrs 0.19.1) gives the complement of the chance unless
        // the first sample is the larger one.
        let (head, base) = values.split_at(cut.min((size - 1) / 2));
        let (_, expected) = mannwhitneyu(
            base, head, MannWhitneyUMethod::Exact, Alternative::TwoSided,
        ).expect("no ties");
        let found = alone(Sample::Apart(base.to_vec(), head.to_vec()));
        prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    fn sides_may_be_exchanged(
        base in proptest::collection::vec(0_i32..20, 2..7),
        head in proptest::collection::vec(0_i32..20, 2..7),
    ) {
        let (base, head) = (numbers(&base), numbers(&head));
        let one = alone(Sample::Apart(base.clone(), head.clone()));
        let other = alone(Sample::Apart(head, base));
        prop_assert!((one - other).abs() < 1e-12);
    }

    #[test]
    fn the_chance_of_any_is_no_less_than_of_one(
        rows in proptest::collection::vec(proptest::collection::vec(-9_i32..10, 6), 1..6),
    ) {
        let samples: Vec<Sample> = rows.iter().map(|row| Sample::Paired(numbers(row))).collect();
        for chance in test(&samples) {
            prop_assert!(chance.alone <= chance.of_any + 1e-12);
            prop_assert!(chance.alone > 0.0 && chance.of_any <= 1.0);
        }
    }

    #[test]
    fn an_interval_lies_within_its_sample(
        values in proptest::collection::vec(-1_000_i32..1_000, 1..12),
    ) {
        let values = numbers(&values);
        let of = |values: &[f64], _: &[f64]| median(values);
        let (low, high) = interval([&values, &values], true, of).expect("there are values");
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(least <= low && low <= high && high <= most);
    }
}
