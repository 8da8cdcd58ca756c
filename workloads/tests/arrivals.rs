//! Properties of the intended times: counts, order, moments, ramps, limits.

#![allow(clippy::unwrap_used)]

use core::time::Duration;

use groma_workloads::arrivals::{
    Arrival, Arrivals, Law, LoadFault, MilliTps, Phase, expected_count,
};
use groma_workloads::{Replay, Stretch};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn tps(rate: f64) -> MilliTps {
    MilliTps::from_tps(rate).unwrap()
}

fn all(phases: &[Phase], seed: u64) -> Vec<Arrival> {
    Arrivals::new(phases.to_vec(), ChaCha8Rng::seed_from_u64(seed))
        .unwrap()
        .collect()
}

fn ramp(span: Duration, from: f64, to: f64) -> Phase {
    Phase {
        span,
        law: Law::Even,
        from: tps(from),
        to: tps(to),
        measured: true,
    }
}

fn even(span: Duration, rate: f64) -> Phase {
    Phase::constant(span, tps(rate), Law::Even)
}

#[test]
fn a_fractional_rate_loses_nothing() {
    let phases = [even(secs(10), 5_000.5), even(secs(10), 5_000.25)];
    let times = all(&phases, 1);
    assert_eq!(
        times.iter().filter(|arrival| arrival.phase == 0).count(),
        50_005
    );
    // 50,002.5 more: the half arrival makes the next whole one.
    assert_eq!(times.len(), 100_008);
    assert_eq!(expected_count(&phases), Ok(100_008));
}

#[test]
fn a_fraction_is_carried_through_a_pause() {
    let phases = [even(secs(1), 1.5), even(secs(100), 0.0), even(secs(2), 1.0)];
    let at: Vec<u128> = all(&phases, 1)
        .iter()
        .map(|arrival| arrival.at.as_millis())
        .collect();
    // Load 0 and 1 in the first phase; load 2 half a second into the third, load 3 one second
    // later.
    assert_eq!(at, [0, 666, 101_500, 102_500]);
}

#[test]
fn even_arrivals_are_evenly_spaced() {
    let times = all(&[even(secs(3), 7.0)], 1);
    assert_eq!(times.len(), 21);
    for (k, arrival) in times.iter().enumerate() {
        assert_eq!(
            arrival.at.as_nanos(),
            (k as u128 * 1_000_000_000).div_ceil(7)
        );
    }
}

#[test]
fn a_ramp_follows_its_integral() {
    // L(t) = 500 t^2 per second squared, so the k-th arrival is due at sqrt(k / 500).
    let times = all(&[ramp(secs(10), 0.0, 10_000.0)], 1);
    assert_eq!(times.len(), 50_000);
    for (k, arrival) in times.iter().enumerate() {
        let exact = (k as f64 / 500.0).sqrt();
        assert!(
            (arrival.at.as_secs_f64() - exact).abs() < 2e-9,
            "{k}: {arrival:?} {exact}"
        );
    }
    // And downwards, mirrored: t = 10 - sqrt(100 - k / 500).
    for (k, arrival) in all(&[ramp(secs(10), 10_000.0, 0.0)], 1).iter().enumerate() {
        let exact = 10.0 - (100.0 - k as f64 / 500.0).sqrt();
        assert!(
            (arrival.at.as_secs_f64() - exact).abs() < 3e-9,
            "{k}: {arrival:?} {exact}"
        );
    }
}

#[test]
fn a_ramp_in_pieces_equals_the_ramp() {
    let entire = all(&[ramp(secs(8), 100.0, 900.0)], 1);
    let pieces: Vec<Phase> = (0..8)
        .map(|i| ramp(secs(1), 100.0 * f64::from(i + 1), 100.0 * f64::from(i + 2)))
        .collect();
    let joined = all(&pieces, 1);
    assert_eq!(entire.len(), joined.len());
    for (one, other) in entire.iter().zip(&joined) {
        assert!(
            one.at.abs_diff(other.at) <= Duration::from_nanos(1),
            "{one:?} {other:?}"
        );
    }
}

#[test]
fn poisson_has_the_moments_of_poisson() {
    // 2,000 windows of mean 50: the mean is within 4 standard errors, the variance equals it within
    // 15 %.
    let windows = 2_000;
    let times = all(
        &[Phase::constant(secs(windows), tps(50.0), Law::Poisson)],
        7,
    );
    let mut counts = vec![0.0_f64; windows as usize];
    for arrival in &times {
        counts[arrival.at.as_secs() as usize] += 1.0;
    }
    let mean = counts.iter().sum::<f64>() / windows as f64;
    let variance = counts
        .iter()
        .map(|count| (count - mean).powi(2))
        .sum::<f64>()
        / windows as f64;
    assert!(
        (mean - 50.0).abs() < 4.0 * (50.0_f64 / windows as f64).sqrt(),
        "{mean}"
    );
    assert!((variance / mean - 1.0).abs() < 0.15, "{variance}");
}

#[test]
fn poisson_follows_a_ramp() {
    let phase = Phase {
        law: Law::Poisson,
        ..ramp(secs(100), 0.0, 2_000.0)
    };
    let times = all(&[phase], 3);
    assert!((times.len() as f64 - 100_000.0).abs() < 4.0 * 100_000.0_f64.sqrt());
    // A quarter of the load falls in the first half.
    let early = times.iter().filter(|arrival| arrival.at < secs(50)).count() as f64;
    assert!((early / times.len() as f64 - 0.25).abs() < 0.01, "{early}");
}

#[test]
fn a_seed_is_the_only_source_of_chance() {
    let phases = [Phase::constant(secs(2), tps(100.0), Law::Poisson)];
    assert_eq!(all(&phases, 5), all(&phases, 5));
    assert_ne!(all(&phases, 5), all(&phases, 6));
    let first: Vec<u128> = all(&phases, 5)
        .iter()
        .take(3)
        .map(|arrival| arrival.at.as_nanos())
        .collect();
    assert_eq!(first, GOLDEN_POISSON);
}

const GOLDEN_POISSON: [u128; 3] = [16_032_089, 19_384_292, 21_411_097];

#[test]
fn bursts_come_on_top_of_the_even_rate() {
    let law = Law::Burst {
        size: 3,
        every: secs(2),
    };
    let phases = [Phase::constant(secs(5), tps(1.0), law), even(secs(1), 1.0)];
    let seconds: Vec<u64> = all(&phases, 1)
        .iter()
        .map(|arrival| arrival.at.as_secs())
        .collect();
    assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 2, 2, 2, 3, 4, 4, 4, 4, 5]);
    assert_eq!(expected_count(&phases), Ok(15));
    let only_bursts = [Phase::constant(secs(5), MilliTps::ZERO, law)];
    assert_eq!(all(&only_bursts, 1).len(), 9);
}

#[test]
fn arrivals_say_whether_they_are_measured() {
    let warm_up = Phase {
        measured: false,
        ..even(secs(1), 10.0)
    };
    let times = all(&[warm_up, even(secs(1), 20.0)], 1);
    assert_eq!(times.iter().filter(|arrival| !arrival.measured).count(), 10);
    assert_eq!(times.iter().filter(|arrival| arrival.measured).count(), 20);
    assert!(
        times
            .iter()
            .all(|arrival| arrival.measured == (arrival.phase == 1))
    );
}

#[test]
fn the_highest_rates_and_longest_spans_do_not_overflow() {
    let burst = [
        even(Duration::from_micros(1), 1e9),
        ramp(Duration::from_micros(2), 1e9, 0.0),
    ];
    let times = all(&burst, 1);
    assert_eq!(times.len(), 2_000);
    assert!(times.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let year = secs(366 * 86_400);
    let long = ramp(year, 1e9, 0.001);
    assert!(expected_count(&[long]).unwrap() > 1 << 53);
    assert_eq!(
        Arrivals::new(vec![long], ChaCha8Rng::seed_from_u64(1))
            .unwrap()
            .take(100)
            .count(),
        100
    );
    let slow = [ramp(year, 0.0, 0.001)];
    let times = all(&slow, 1);
    assert_eq!(times.len() as u128, expected_count(&slow).unwrap());
    assert!(times.last().unwrap().at <= year);
}

#[test]
fn bad_loads_are_refused() {
    let refused =
        |phases: &[Phase]| Arrivals::new(phases.to_vec(), ChaCha8Rng::seed_from_u64(1)).err();
    assert_eq!(refused(&[]), Some(LoadFault::Phases));
    assert_eq!(refused(&[even(Duration::ZERO, 1.0)]), Some(LoadFault::Span));
    assert_eq!(
        refused(&[even(secs(400 * 86_400), 1.0)]),
        Some(LoadFault::Span)
    );
    assert_eq!(refused(&[even(secs(1), 0.0)]), Some(LoadFault::Empty));
    assert_eq!(
        refused(&vec![even(secs(366 * 86_400), 1.0); 600]),
        Some(LoadFault::TooLong)
    );
    let no_burst = Law::Burst {
        size: 0,
        every: secs(1),
    };
    assert_eq!(
        refused(&[Phase::constant(secs(1), tps(1.0), no_burst)]),
        Some(LoadFault::Burst)
    );
    let endless = Law::Burst {
        size: 1,
        every: Duration::ZERO,
    };
    assert_eq!(
        refused(&[Phase::constant(secs(1), tps(1.0), endless)]),
        Some(LoadFault::Burst)
    );
    for rate in [-1.0, f64::NAN, f64::INFINITY, 1e12] {
        assert_eq!(MilliTps::from_tps(rate), Err(LoadFault::Rate));
    }
}

#[test]
fn a_curve_counts_as_one_and_draws_as_its_phases() {
    let phases = [
        even(secs(1), 3.5),
        ramp(secs(2), 3.5, 9.0),
        even(secs(1), 0.25),
    ];
    let apart = all(&phases, 1);
    let load = vec![
        Stretch::Curve(phases.into()),
        Stretch::Phase(even(secs(1), 2.0)),
    ];
    let joined: Vec<Arrival> = Arrivals::new(load, ChaCha8Rng::seed_from_u64(1))
        .unwrap()
        .collect();
    for (one, other) in apart.iter().zip(&joined) {
        assert_eq!((one.at, 0), (other.at, other.phase));
    }
    assert_eq!(joined.len(), apart.len() + 2);
    assert!(
        joined[apart.len()..]
            .iter()
            .all(|arrival| arrival.phase == 1)
    );
}

#[test]
fn bad_stretches_are_refused() {
    let refused = |stretch| Arrivals::new(vec![stretch], ChaCha8Rng::seed_from_u64(1)).err();
    let replay = |span, times: &[u64]| {
        Stretch::Replay(Replay {
            span,
            times_ns: times.into(),
            measured: true,
        })
    };
    assert_eq!(refused(Stretch::Curve(Vec::new())), Some(LoadFault::Phases));
    let long = vec![even(secs(1), 1.0); 100_001];
    assert_eq!(refused(Stretch::Curve(long)), Some(LoadFault::Phases));
    assert_eq!(refused(replay(secs(1), &[])), Some(LoadFault::Empty));
    assert_eq!(refused(replay(Duration::ZERO, &[0])), Some(LoadFault::Span));
    assert_eq!(refused(replay(secs(1), &[5, 4])), Some(LoadFault::Times));
    let late = [1_000_000_000];
    assert_eq!(refused(replay(secs(1), &late)), Some(LoadFault::Times));
}

fn any_phase() -> impl Strategy<Value = Phase> {
    let rate = || prop_oneof![Just(0_u64), 1..5_000_000_u64];
    (
        1..3_000_000_000_u64,
        rate(),
        rate(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(span, from, to, flat, measured)| Phase {
            span: Duration::from_nanos(span),
            law: Law::Even,
            from: MilliTps(from),
            to: MilliTps(if flat { from } else { to }),
            measured,
        })
}

/// The load of the phases up to `at`, in arrivals.
fn load_until(phases: &[Phase], at: Duration) -> f64 {
    let mut began = Duration::ZERO;
    let mut load = 0.0;
    for phase in phases {
        let inside = at.saturating_sub(began).min(phase.span).as_secs_f64();
        let rise = (phase.to.as_tps() - phase.from.as_tps()) / phase.span.as_secs_f64();
        load += phase.from.as_tps() * inside + rise * inside * inside / 2.0;
        began += phase.span;
    }
    load
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn even_counts_are_exact_and_times_monotone(
        phases in proptest::collection::vec(any_phase(), 1..6),
    ) {
        prop_assume!(phases.iter().any(|phase| phase.from.0 + phase.to.0 > 0));
        let times = all(&phases, 1);
        prop_assert_eq!(times.len() as u128, expected_count(&phases).unwrap());
        prop_assert!(times.windows(2).all(|pair| pair[0].at <= pair[1].at));
        for (k, arrival) in times.iter().enumerate() {
            // One nanosecond of the highest rate here is 5e-6 arrivals.
            let load = load_until(&phases, arrival.at);
            prop_assert!((load - k as f64).abs() < 2e-5, "{} is due at load {}", k, load);
        }
    }

    #[test]
    fn every_law_keeps_the_order(
        phases in proptest::collection::vec(any_phase(), 1..4),
        seed: u64,
        size in 1..9_u32,
    ) {
        prop_assume!(phases.iter().any(|phase| phase.from.0 + phase.to.0 > 0));
        let every = Duration::from_millis(100);
        let laws = [Law::Poisson, Law::Burst { size, every }, Law::Even];
        let mixed: Vec<Phase> = phases.iter().zip(laws).map(|(phase, law)| Phase { law, ..*phase }).collect();
        prop_assume!(mixed.iter().any(|phase| phase.from.0 + phase.to.0 > 0));
        let times = all(&mixed, seed);
        prop_assert!(times.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }
}
