//! Published curves: their counts, and the arrivals that they become.

#![allow(clippy::unwrap_used)]

use groma_workloads::arrivals::{Arrivals, Law, LoadFault, MilliTps, expected_count};
use groma_workloads::curves::{self, CURVES};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[test]
fn the_published_figures_come_out() {
    let figures = |name: &str| {
        let curve = curves::find(name).unwrap();
        (curve.total(), curve.mean().0, curve.peak().0)
    };
    // 50 s of 13,296 and 70 s of 13,314.
    let dota = 50 * 13_296 + 70 * 13_314;
    assert_eq!(figures("dota"), (dota, 13_306_500, 13_314_000));
    let twitter = 89 * 5_700 + 143_199;
    assert_eq!(figures("twitter").0, twitter);
    assert_eq!(figures("twitter").2, 143_199_000);
    // Means from memory: 3,483 and 168.
    assert_eq!(figures("fifa").1 / 1_000, 3_483);
    assert_eq!(figures("gafam").1 / 1_000, 167);
    assert_eq!(
        figures("nasdaq-open"),
        (49_317 + 150 * 47, 313_150, 34_762_000)
    );
    assert_eq!(figures("uber").1, 855_000);
    assert_eq!(figures("youtube").0, 120 * 38_761);
    assert_eq!(curves::find("tulips").map(|curve| curve.name), None);
}

#[test]
fn curves_are_in_order_and_say_where_they_come_from() {
    assert!(CURVES.windows(2).all(|pair| pair[0].name < pair[1].name));
    for curve in CURVES {
        assert_eq!(curve.points[0].0, 0, "{}", curve.name);
        let seconds: Vec<u32> = curve.points.iter().map(|point| point.0).collect();
        assert!(
            seconds.windows(2).all(|pair| pair[0] < pair[1]),
            "{}",
            curve.name
        );
        assert!(
            seconds.iter().all(|second| *second <= curve.seconds),
            "{}",
            curve.name
        );
        assert!(!curve.source.is_empty());
    }
}

#[test]
fn the_rates_of_all_seconds_come_to_the_total() {
    for curve in CURVES {
        let sum: u64 = (0..curve.seconds)
            .map(|second| curve.rate_in(second).0)
            .sum();
        // Each second is rounded down by less than a thousandth.
        let missing = (curve.total() * 1_000).abs_diff(sum);
        assert!(
            missing <= u64::from(curve.seconds) + 500,
            "{}: {missing}",
            curve.name
        );
        assert_eq!(curve.rate_in(curve.seconds), MilliTps::ZERO);
    }
    let ico = curves::find("tenx-ico").unwrap();
    assert_eq!(ico.rate_in(57), MilliTps(500_000));
    assert_eq!(
        ico.rate_in(58),
        MilliTps(1_000_000),
        "between 500 and 1,500"
    );
    assert_eq!(ico.rate_in(619), MilliTps(500_000));
}

#[test]
fn every_second_of_a_curve_has_the_arrivals_that_were_published() {
    let curve = curves::find("nasdaq-open").unwrap();
    let stretch = curve.stretch(1.0, Law::Even, true).unwrap();
    let mut counts = vec![0_u32; 180];
    let arrivals = Arrivals::new(vec![stretch], ChaCha8Rng::seed_from_u64(1)).unwrap();
    for arrival in arrivals {
        assert_eq!(
            (arrival.phase, arrival.measured, arrival.row),
            (0, true, None)
        );
        counts[arrival.at.as_secs() as usize] += 1;
    }
    for (second, count) in (0..).zip(counts) {
        assert_eq!(MilliTps(u64::from(count) * 1_000), curve.rate_in(second));
    }
}

#[test]
fn scaled_curves_keep_their_totals() {
    for curve in CURVES {
        for scale in [0.1, 1.0, 2.5] {
            let stretch = curve.stretch(scale, Law::Even, true).unwrap();
            let count = expected_count(std::slice::from_ref(&stretch)).unwrap() as f64;
            let expected = curve.total() as f64 * scale;
            assert!((count - expected).abs() <= 2.0, "{}: {count}", curve.name);
            if expected < 100_000.0 {
                let arrivals = Arrivals::new(vec![stretch], ChaCha8Rng::seed_from_u64(1));
                assert_eq!(arrivals.unwrap().count() as f64, count, "{}", curve.name);
            }
        }
    }
    let uber = curves::find("uber").unwrap();
    for scale in [-1.0, f64::NAN, 1e12] {
        assert_eq!(uber.stretch(scale, Law::Even, true), Err(LoadFault::Rate));
    }
}

#[test]
fn a_poisson_curve_follows_its_rates() {
    let curve = curves::find("uber").unwrap();
    let stretch = curve.stretch(1.0, Law::Poisson, false).unwrap();
    let arrivals = Arrivals::new(vec![stretch], ChaCha8Rng::seed_from_u64(9)).unwrap();
    let count = arrivals
        .inspect(|arrival| assert!(!arrival.measured))
        .count();
    let expected = curve.total() as f64;
    assert!(
        (count as f64 - expected).abs() < 4.0 * expected.sqrt(),
        "{count}"
    );
}
