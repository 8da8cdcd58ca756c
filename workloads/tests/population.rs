//! Skewed draws against their closed forms, and golden draws that pin the streams.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use groma_workloads::population::{Chance, MAX_ENTITIES, Sampler, Scatter, Skew, SkewFault, below};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn ranks(entities: u64, skew: Skew, seed: u64, draws: usize) -> Vec<u64> {
    let sampler = Sampler::new(entities, skew).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..draws).map(|_| sampler.draw(&mut rng)).collect()
}

#[test]
fn zipf_frequencies_match_the_law() {
    for theta in [0.5, 0.99, 1.0, 1.1, 2.0] {
        let (entities, draws) = (1_000_u64, 400_000);
        let mut seen = vec![0.0_f64; entities as usize];
        for rank in ranks(entities, Skew::Zipf { theta }, 11, draws) {
            seen[rank as usize] += 1.0;
        }
        let weight = |rank: usize| ((rank + 1) as f64).powf(-theta);
        let total: f64 = (0..entities as usize).map(weight).sum();
        // Chi-squared over all cells that expect at least 50 draws: mean m, standard deviation
        // sqrt(2 m).
        let cells: Vec<f64> = (0..entities as usize)
            .map(|rank| (seen[rank], weight(rank) / total * draws as f64))
            .filter(|(_, expected)| *expected >= 50.0)
            .map(|(seen, expected)| (seen - expected).powi(2) / expected)
            .collect();
        let chi: f64 = cells.iter().sum();
        let m = cells.len() as f64;
        assert!(
            (chi - m).abs() < 5.0 * (2.0 * m).sqrt(),
            "theta {theta}: chi-squared {chi} over {m} cells"
        );
    }
}

#[test]
fn zipf_over_a_billion_entities_has_the_right_head() {
    let draws = 200_000;
    let seen = ranks(1_000_000_000, Skew::Zipf { theta: 0.99 }, 3, draws);
    // Sum of k^-0.99 for k <= 1e9 by Euler-Maclaurin: (1e9^0.01 - 1) / 0.01 + 0.5 + 0.577... - 0.5,
    // about 23.6.
    let n = 1e9_f64;
    let total = (n.powf(0.01) - 1.0) / 0.01 + 0.577_9;
    let first = seen.iter().filter(|rank| **rank == 0).count() as f64 / draws as f64;
    assert!(
        (first * total - 1.0).abs() < 0.05,
        "{first} against {}",
        1.0 / total
    );
    assert!(
        seen.iter().any(|rank| *rank > 100_000_000),
        "the tail is reached"
    );
}

#[test]
fn a_hot_set_receives_its_share() {
    let seen = ranks(
        10_000,
        Skew::HotSet {
            fraction: 0.01,
            share: 0.6,
        },
        5,
        200_000,
    );
    let hot = seen.iter().filter(|rank| **rank < 100).count() as f64 / seen.len() as f64;
    assert!((hot - 0.6).abs() < 0.005, "{hot}");
    assert!(seen.iter().all(|rank| *rank < 10_000));
}

#[test]
fn uniform_draws_have_uniform_moments() {
    let seen = ranks(1_000, Skew::Uniform, 9, 200_000);
    let mean = seen.iter().sum::<u64>() as f64 / seen.len() as f64;
    assert!((mean - 499.5).abs() < 3.0, "{mean}");
}

#[test]
fn golden_draws() {
    let draw = |skew| -> [u64; 4] { ranks(1_000_000_000, skew, 42, 4).try_into().unwrap() };
    let scatter = Scatter::new(1_000_000_000, 42).unwrap();
    let drawn = [
        draw(Skew::Uniform),
        draw(Skew::Zipf { theta: 0.99 }),
        draw(Skew::Zipf { theta: 1.1 }),
        draw(Skew::HotSet {
            fraction: 0.01,
            share: 0.6,
        }),
        [0, 1, 2, 3].map(|rank| scatter.identity(rank)),
    ];
    assert_eq!(drawn, GOLDEN);
}

const GOLDEN: [[u64; 4]; 5] = [
    [681896192, 950275407, 427516402, 627360521],
    [804, 1, 190733, 2666],
    [14, 0, 623, 29],
    [950772653, 6273605, 1499588, 8038727],
    [714754600, 798783099, 93497737, 972132899],
];

#[test]
fn bad_parameters_are_refused() {
    assert_eq!(
        Sampler::new(0, Skew::Uniform).err(),
        Some(SkewFault::Entities)
    );
    assert_eq!(
        Sampler::new(MAX_ENTITIES + 1, Skew::Uniform).err(),
        Some(SkewFault::Entities)
    );
    for theta in [0.0, -1.0, 11.0, f64::NAN] {
        assert_eq!(
            Sampler::new(10, Skew::Zipf { theta }).err(),
            Some(SkewFault::Theta)
        );
    }
    for (fraction, share) in [
        (0.0, 0.5),
        (1.0, 0.5),
        (f64::NAN, 0.5),
        (0.5, 1.1),
        (0.5, -0.1),
    ] {
        assert_eq!(
            Sampler::new(10, Skew::HotSet { fraction, share }).err(),
            Some(SkewFault::HotSet)
        );
    }
    assert_eq!(Scatter::new(0, 1).err(), Some(SkewFault::Entities));
}

#[test]
fn popular_entities_are_not_neighbours() {
    let scatter = Scatter::new(17_800_000, 1).unwrap();
    let mut hot: Vec<u64> = (0..1_000).map(|rank| scatter.identity(rank)).collect();
    hot.sort_unstable();
    let close = hot.windows(2).filter(|pair| pair[1] - pair[0] < 64).count();
    assert!(
        close < 20,
        "{close} of 1,000 share a page with the next one"
    );
}

#[test]
fn chances_at_the_ends() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    assert!((0..1_000).all(|_| !Chance::new(0.0).draw(&mut rng)));
    assert!((0..1_000).all(|_| Chance::new(1.0).draw(&mut rng)));
    let half = (0..100_000)
        .filter(|_| Chance::new(0.5).draw(&mut rng))
        .count();
    assert!((49_000..51_000).contains(&half), "{half}");
}

proptest! {
    #[test]
    fn scatter_is_a_bijection(entities in 1..5_000_u64, salt: u64) {
        let scatter = Scatter::new(entities, salt).unwrap();
        let seen: BTreeSet<u64> = (0..entities).map(|rank| scatter.identity(rank)).collect();
        prop_assert_eq!(seen.len() as u64, entities);
        prop_assert!(seen.into_iter().all(|identity| identity < entities));
    }

    #[test]
    fn draws_stay_in_the_set(entities in 1..MAX_ENTITIES, theta in 0.01..10.0_f64, seed: u64) {
        for skew in [Skew::Uniform, Skew::Zipf { theta }, Skew::HotSet { fraction: 0.1, share: 0.9 }] {
            for rank in ranks(entities, skew, seed, 20) {
                prop_assert!(rank < entities);
            }
        }
    }

    #[test]
    fn below_is_below(limit in 1..u64::MAX, seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        prop_assert!(below(&mut rng, limit) < limit);
    }
}
