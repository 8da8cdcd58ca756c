//! The calendar by hand: weights are of mean one, hours are compressed and bursts are not, and means
//! over a day stay means over a day.

#![allow(clippy::unwrap_used)]

use core::time::Duration;

use groma_workloads::arrivals::MilliTps;
use groma_workloads::calendar::{
    Day, Event, HOURS, Leg, MONTHS, OCCASIONS, Occasion, PATTERNS, Part, Pattern, Strike,
};
use groma_workloads::{rates, steps};

const HOUR: u64 = 3_600;

fn part(name: &str, tps: u64) -> Part {
    Part {
        mean: MilliTps(tps * 1_000),
        pattern: *Pattern::find(name).unwrap(),
        date: 1.0,
    }
}

fn day(parts: Vec<Part>, strikes: Vec<Strike>, compress: u32) -> Day {
    Day {
        parts,
        weekday: None,
        strikes,
        compress,
    }
}

fn played(legs: &[Leg]) -> Duration {
    legs.iter().map(|leg| leg.span).sum()
}

/// The transactions of true time, and how long that is.
fn truth(legs: &[Leg]) -> (f64, Duration) {
    let txs =
        |leg: &Leg| (leg.from.as_tps() + leg.to.as_tps()) / 2.0 * leg.stands_for.as_secs_f64();
    let length = legs.iter().map(|leg| leg.stands_for).sum();
    (legs.iter().map(txs).sum(), length)
}

#[test]
fn weights_have_the_mean_one() {
    for pattern in PATTERNS {
        let sum: f64 = (0..HOURS).map(|hour| pattern.weight(None, hour)).sum();
        assert!((sum - 24.0).abs() < 1e-9, "{}: {sum}", pattern.name);
        let week: f64 = (0..7).map(|day| pattern.weight(Some(day), 12)).sum();
        let noon = 7.0 * pattern.weight(None, 12);
        assert!((week - noon).abs() < 1e-9, "{}", pattern.name);
        assert!(!pattern.source.is_empty());
    }
    // The catalogue's anchors: 12.8 % of the metro's day from 8 to 9, weekends at three fourths.
    let metro = Pattern::find("metro").unwrap();
    assert!((metro.weight(None, 8) / 24.0 - 0.128).abs() < 0.000_5);
    let ratio = metro.weight(Some(5), 8) / metro.weight(Some(0), 8);
    assert!((ratio - 4.42 / 5.90).abs() < 0.001);
    // Zhejiang: 23 % of all signatures on weekends.
    let esign = Pattern::find("esign").unwrap();
    let weekend = (esign.weight(Some(5), 9) + esign.weight(Some(6), 9)) / 7.0;
    assert!((weekend / esign.weight(None, 9) - 0.23).abs() < 0.001);
    for month in MONTHS {
        let sum: f64 = (1..=31).map(|date| month.weight(date)).sum();
        assert!((sum - 31.0).abs() < 1e-9, "{}: {sum}", month.name);
        assert!(
            month.weight(30) > 2.4 && !month.of.is_empty(),
            "{}",
            month.name
        );
    }
    assert!(OCCASIONS.iter().all(|occasion| !occasion.events.is_empty()));
}

#[test]
fn a_day_in_24_minutes_keeps_its_rates_and_its_mean() {
    let parts = vec![part("metro", 100), part("office", 50)];
    let legs = day(parts, vec![], 60).legs();
    assert_eq!(legs.len(), 24);
    assert_eq!(played(&legs), Duration::from_secs(24 * 60));
    let (txs, length) = truth(&legs);
    assert_eq!(length, Duration::from_secs(24 * HOUR));
    assert!((txs / length.as_secs_f64() - 150.0).abs() < 0.001);
    let eight = &legs[8];
    assert_eq!(eight.span, Duration::from_secs(60));
    assert_eq!(eight.from, eight.to);
    let metro = 100.0 * Pattern::find("metro").unwrap().weight(None, 8);
    assert!((eight.parts[0].as_tps() - metro).abs() < 0.001);
    assert!((eight.parts[0].0 + eight.parts[1].0).abs_diff(eight.from.0) <= 1);
}

#[test]
fn a_spike_is_played_in_its_own_time() {
    let spike = Event::Spike {
        at: Duration::from_secs(9 * HOUR),
        rise: Duration::ZERO,
        times: 6.0,
        decay: Duration::from_secs(120),
    };
    let strikes = vec![Strike {
        event: spike,
        parts: vec![],
    }];
    let legs = day(vec![part("flat", 100)], strikes, 60).legs();
    // Ten minutes of the spike in true time, the rest in a sixtieth.
    let rest = 24 * HOUR - 600;
    assert_eq!(played(&legs), Duration::from_secs(600 + rest / 60));
    let first = legs
        .iter()
        .position(|leg| leg.from > MilliTps(100_000))
        .unwrap();
    assert_eq!(legs[first].from, MilliTps(700_000));
    assert_eq!(legs[first].span, Duration::from_secs(30));
    let left = 100.0 + 600.0 * (-0.25_f64).exp();
    assert!((legs[first].to.as_tps() - left).abs() < 0.01);
    // The area under it is its height times its decay, drawn in ramps within a per cent.
    let (txs, _) = truth(&legs);
    let area = txs - 100.0 * (24 * HOUR) as f64;
    assert!((area / (600.0 * 120.0) - 1.0).abs() < 0.01, "{area}");
}

#[test]
fn a_slow_spike_is_compressed_after_ten_minutes_and_midnight_ends_the_day() {
    let spike = Event::Spike {
        at: Duration::from_secs(22 * HOUR),
        rise: Duration::ZERO,
        times: 3.0,
        decay: Duration::from_secs(HOUR),
    };
    let strikes = vec![Strike {
        event: spike,
        parts: vec![],
    }];
    let legs = day(vec![part("flat", 100)], strikes, 60).legs();
    let rest = 24 * HOUR - 600;
    assert_eq!(played(&legs), Duration::from_secs(600 + rest / 60));
    let last = legs.last().unwrap();
    let left = 100.0 + 300.0 * (-2.0_f64).exp();
    assert!((last.to.as_tps() - left).abs() < 0.01);
}

#[test]
fn a_batch_strikes_its_own_part() {
    let batch = Event::Batch {
        at: Duration::from_secs(9 * HOUR),
        txs: 2_000,
        within: Duration::from_secs(10),
    };
    let strikes = vec![Strike {
        event: batch,
        parts: vec![1],
    }];
    let parts = vec![part("flat", 100), part("night", 10)];
    let legs = day(parts, strikes, 60).legs();
    let struck: Vec<&Leg> = legs
        .iter()
        .filter(|leg| leg.from > MilliTps(299_999))
        .collect();
    assert_eq!(struck.len(), 1, "{struck:?}");
    assert_eq!(struck[0].span, Duration::from_secs(10));
    assert_eq!(struck[0].parts, [MilliTps(100_000), MilliTps(200_000)]);
}

/// The highest rate of a day of an occasion over its mean, and when it is reached.
fn peak(occasion: &str, parts: Vec<Part>) -> (f64, Duration) {
    let occasion = Occasion::find(occasion).unwrap();
    let strikes = occasion.events.iter().map(|&event| Strike {
        event,
        parts: vec![],
    });
    let legs = day(parts, strikes.collect(), 60).legs();
    let (txs, length) = truth(&legs);
    let mean = txs / length.as_secs_f64();
    let mut at = Duration::ZERO;
    let mut peak = (0.0_f64, at);
    for leg in &legs {
        if leg.from.as_tps() > peak.0 * mean {
            peak = (leg.from.as_tps() / mean, at);
        }
        at += leg.stands_for;
    }
    peak
}

#[test]
fn singles_day_is_as_steep_as_it_was_measured() {
    // 92,000 a second on a day of 1.17 bn, 6.8 times its mean (NetsUnion 2018); at 00:03:44 (2019).
    let (high, at) = peak("singles-day", vec![part("retail", 1_000)]);
    assert!((high - 92_000.0 * 86_400.0 / 1.17e9).abs() < 0.05, "{high}");
    assert_eq!(at, Duration::from_secs(224));
    // Beside offices, which sleep, it is lower, and never higher.
    let (mixed, _) = peak(
        "singles-day",
        vec![part("retail", 800), part("office", 200)],
    );
    assert!((4.0..high).contains(&mixed), "{mixed}");
    // 44,000 a second against a mean of 17,800.
    let (high, at) = peak("new-year", vec![part("retail", 1_000)]);
    assert!((high - 44.0 / 17.8).abs() < 0.02, "{high}");
    assert_eq!(at, Duration::ZERO);
}

#[test]
fn a_rush_multiplies_what_the_hour_has() {
    let rush = |hour: u64, rise: u64| Strike {
        event: Event::Spike {
            at: Duration::from_secs(hour * HOUR),
            rise: Duration::from_secs(rise),
            times: 3.0,
            decay: Duration::from_secs(300),
        },
        parts: vec![],
    };
    let parts = vec![part("retail", 100), part("office", 100)];
    let legs = day(parts.clone(), vec![rush(3, 0)], 60).legs();
    // At three in the morning offices are dark, and a rush does not wake them.
    assert!(
        legs.iter()
            .take(9)
            .all(|leg| leg.parts[1] == MilliTps::ZERO)
    );
    let retail = 100.0 * Pattern::find("retail").unwrap().weight(None, 3);
    assert!((legs[3].from.as_tps() - 4.0 * retail).abs() < 0.01);
    // It rises evenly from what there is, to its height.
    let legs = day(parts, vec![rush(3, 120)], 60).legs();
    assert_eq!(legs[3].span, Duration::from_secs(120));
    assert!((legs[3].from.as_tps() - retail).abs() < 0.01);
    assert!((legs[3].to.as_tps() - 4.0 * retail).abs() < 0.01);
    assert_eq!(legs[4].from, legs[3].to);
}

#[test]
fn a_bulk_is_of_the_days_own() {
    let bulk = |at: u64, share: f64, within: u64| Strike {
        event: Event::Bulk {
            at: Duration::from_secs(at * HOUR),
            share,
            within: Duration::from_secs(within),
        },
        parts: vec![1],
    };
    let parts = vec![part("flat", 100), part("office", 10)];
    let total = 10.0 * 24.0 * HOUR as f64;
    let legs = day(
        parts.clone(),
        vec![bulk(9, 0.05, 10), bulk(14, 0.05, 10)],
        60,
    )
    .legs();
    let (txs, _) = truth(&legs);
    assert!((txs / (11.0 * total) - 1.0).abs() < 1e-4, "{txs}");
    let brief: Vec<&Leg> = legs
        .iter()
        .filter(|leg| leg.span == leg.stands_for)
        .collect();
    assert_eq!(brief.len(), 2);
    for leg in brief {
        let office = 9.0 * Pattern::find("office").unwrap().weight(None, 9);
        let filed = leg.parts[1].as_tps() * 10.0 - office * 10.0;
        assert!((filed / (0.05 * total) - 1.0).abs() < 0.01, "{filed}");
    }
    // All of it at night: nothing is left for the office.
    let legs = day(parts, vec![bulk(1, 1.0, 4 * HOUR)], 60).legs();
    for (hour, leg) in legs.iter().enumerate() {
        let rate = if (1..5).contains(&hour) { 60_000 } else { 0 };
        assert_eq!(leg.parts[1], MilliTps(rate), "{hour}");
    }
}

#[test]
fn what_months_and_occasions_strike_is_there() {
    let months = MONTHS.iter().flat_map(|month| month.of).copied();
    let occasions = OCCASIONS.iter().filter_map(|occasion| occasion.of);
    for name in months.chain(occasions) {
        let there = steps::find(name).is_some() || rates::find(name).is_some();
        assert!(there, "{name}");
    }
}
