//! Traces: what is read, what is refused and where, and the arrivals that they become.

#![allow(clippy::unwrap_used)]

use core::time::Duration;

use groma_workloads::arrivals::{Arrivals, Law, MilliTps, Phase, expected_count};
use groma_workloads::trace::{Asked, Trace};
use groma_workloads::{Arrival, City, Mix, Stretch, Workload, WorkloadSetup, table};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn rows(text: &str) -> (Vec<u64>, Vec<Asked>) {
    match Trace::read(text).unwrap() {
        Trace::Rows(rows) => (rows.times_ns.to_vec(), rows.asked),
        Trace::Rates(rates) => panic!("{rates:?}"),
    }
}

fn arrivals(stretches: Vec<Stretch>) -> Vec<Arrival> {
    Arrivals::new(stretches, ChaCha8Rng::seed_from_u64(1))
        .unwrap()
        .collect()
}

#[test]
fn a_row_is_a_transaction_with_what_was_asked() {
    let text =
        "# from a city\ntime,type,key\n0.5,payments,17\n510ms, ycsb-a ,\n\n0.75 s,,3\n0.1min,,\n";
    let (times, asked) = rows(text);
    assert_eq!(times, [0, 10_000_000, 250_000_000, 5_500_000_000]);
    let expected = [
        (Some("payments"), Some(17)),
        (Some("ycsb-a"), None),
        (None, Some(3)),
        (None, None),
    ];
    let expected = expected.map(|(workload, key)| Asked { workload, key });
    assert_eq!(asked, expected);
    let span = Trace::read(text).unwrap().span();
    assert_eq!(span, Duration::from_secs(6));
}

#[test]
fn a_header_may_name_the_unit() {
    for (header, unit) in [("time_ns", 1), ("time_us", 1_000), ("time_ms", 1_000_000)] {
        let (times, _) = rows(&format!("{header}\n100\n103\n1s\n"));
        assert_eq!(times, [0, 3 * unit, 1_000_000_000 - 100 * unit]);
    }
    // A time since 1970 in seconds and nine digits is exact.
    let (times, _) = rows("time\n1610375400.000000001\n1610375400.123456789\n");
    assert_eq!(times, [0, 123_456_788]);
}

#[test]
fn a_row_is_a_second_with_its_rate() {
    let trace = Trace::read("rate\n2\n0\n1.5\n").unwrap();
    assert_eq!(
        trace,
        Trace::Rates(vec![MilliTps(2_000), MilliTps(0), MilliTps(1_500)])
    );
    assert_eq!(trace.span(), Duration::from_secs(3));
    let stretch = trace.stretch(Law::Even, true);
    assert_eq!(expected_count(std::slice::from_ref(&stretch)), Ok(4));
    let at: Vec<u128> = arrivals(vec![stretch])
        .iter()
        .map(|arrival| arrival.at.as_millis())
        .collect();
    assert_eq!(at, [0, 500, 2_000, 2_666]);
}

#[test]
fn faults_say_where_they_are_and_what_would_be_right() {
    let faults = [
        (
            "",
            "line 1, column 1: neither a time nor a rate (columns are time, type and key, or rate alone)",
        ),
        ("time\n", "line 1, column 1: the trace is empty"),
        ("rate\n0\n", "line 1, column 1: the trace is empty"),
        ("key\n1\n", "line 1, column 1: neither a time nor a rate"),
        (
            "time,size\n1,2\n",
            "line 1, column 6: unknown column \"size\"",
        ),
        (
            "timestamp\n1\n",
            "line 1, column 1: unknown column \"timestamp\"",
        ),
        (
            "time,time_ms\n1,2\n",
            "line 1, column 6: a second column \"time_ms\"",
        ),
        (
            "time,rate\n1,2\n",
            "line 1, column 6: a rate beside other columns",
        ),
        (
            "time,key\n1,2\n2\n",
            "line 3, column 1: 1 fields, the header has 2",
        ),
        (
            "time\n1\nsoon\n",
            "line 3, column 1: \"soon\" is no time (a time is a number of seconds",
        ),
        ("time\n-1\n", "line 2, column 1: \"-1\" is no time"),
        ("time\n1e3\n", "line 2, column 1: \"1e3\" is no time"),
        ("time\n1h\n", "line 2, column 1: \"1h\" is no time"),
        ("time\n.5\n", "line 2, column 1: \".5\" is no time"),
        (
            "time\n99999999999999\n",
            "line 2, column 1: \"99999999999999\" is no time",
        ),
        (
            "time\n2\n1\n",
            "line 3, column 1: \"1\" is before the row above (sort the rows by time)",
        ),
        (
            "time\n3\n4\n3.5\n",
            "line 4, column 1: \"3.5\" is before the row above",
        ),
        (
            "time\n0\n1000000min\n",
            "line 3, column 1: longer than a year",
        ),
        (
            "time,type\n1,tulips\n",
            "line 2, column 3: \"tulips\" is no workload (a type is",
        ),
        (
            "time,type,key\n1,payments,-2\n",
            "line 2, column 12: \"-2\" is no key (a key is",
        ),
        (
            "rate\n1\nmany\n",
            "line 3, column 1: \"many\" is no rate (a rate is",
        ),
        (
            "rate\n1000000001\n",
            "line 2, column 1: \"1000000001\" is no rate",
        ),
        (
            "# one\n\ntime\n# two\n1\n\nx\n",
            "line 7, column 1: \"x\" is no time",
        ),
        (
            "time,key\r\n1,2\r\n\r\n3,x\r\n",
            "line 4, column 3: \"x\" is no key",
        ),
    ];
    for (text, expected) in faults {
        let found = Trace::read(text).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{text:?}: {found}");
    }
}

#[test]
fn a_day_of_seconds_is_the_limit() {
    let day = format!("rate\n{}", "1\n".repeat(86_400));
    let trace = Trace::read(&day).unwrap();
    assert_eq!(
        expected_count(&[trace.stretch(Law::Even, true)]),
        Ok(86_400)
    );
    let more = Trace::read(&format!("{day}1\n")).unwrap_err();
    assert_eq!(
        (more.line, more.problem.as_str()),
        (86_402, "more than 86400 seconds")
    );
}

#[test]
fn a_replay_stands_between_phases_and_takes_nothing_from_them() {
    let trace = Trace::read("time\n10\n10\n10.25\n11.5\n").unwrap();
    let even = |seconds, rate| {
        let span = Duration::from_secs(seconds);
        Stretch::from(Phase::constant(span, MilliTps(rate), Law::Even))
    };
    let load = vec![
        even(1, 1_500),
        trace.stretch(Law::Even, false),
        even(1, 1_500),
    ];
    assert_eq!(expected_count(&load), Ok(7));
    let found: Vec<_> = arrivals(load)
        .iter()
        .map(|arrival| {
            (
                arrival.at.as_millis(),
                arrival.phase,
                arrival.row,
                arrival.measured,
            )
        })
        .collect();
    let expected = [
        (0, 0, None, true),
        (666, 0, None, true),
        (1_000, 1, Some(0), false),
        (1_000, 1, Some(1), false),
        (1_250, 1, Some(2), false),
        (2_500, 1, Some(3), false),
        // Half an arrival was left over before the replay.
        (3_333, 2, None, true),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_row_chooses_the_part_of_a_mix_and_a_key_the_entity() {
    let setup = WorkloadSetup::of_city(50_000).unwrap();
    let part = |name| (1.0, (table::find(name).unwrap().build)(&setup));
    let mix: Box<dyn Workload> =
        Box::new(Mix::new(vec![part("payments"), part("ycsb-c")]).unwrap());
    let mut city = City::new(mix, ChaCha8Rng::seed_from_u64(1));
    let text =
        "time,type,key\n0,payments,7\n1,ycsb-c,7\n2,payments,7\n3,payments,8\n4,payments,\n5,,\n";
    let (times, asked) = rows(text);
    let drawn: Vec<_> = times
        .iter()
        .zip(&asked)
        .map(|(at, asked)| city.next_asked(Duration::from_nanos(*at), asked).unwrap().0)
        .collect();
    let kinds: Vec<&str> = drawn.iter().map(|transaction| transaction.kind()).collect();
    assert_eq!(kinds[..2], ["payment.transfer", "keyvalue.read"]);
    let who = |row: usize| (drawn[row].sender, drawn[row].body.clone());
    assert_eq!(who(0), who(2), "equal keys draw alike");
    assert_ne!(who(0), who(3));
    assert_ne!(who(0), who(4));
    assert!(drawn[0].nonce < drawn[2].nonce);
    let other = Asked {
        workload: Some("credit"),
        key: None,
    };
    assert_eq!(city.next_asked(Duration::from_secs(6), &other), None);
}

proptest! {
    #[test]
    fn any_times_come_back_as_arrivals(gaps in proptest::collection::vec(0..3_000_000_000_u64, 1..50)) {
        let times = gaps.iter().scan(5_u64, |sum, gap| {
            *sum += gap;
            Some(*sum)
        });
        let times: Vec<u64> = times.collect();
        let lines = times.iter().map(|ns| format!("{}.{:09}\n", ns / 1_000_000_000, ns % 1_000_000_000));
        let text = format!("time\n{}", lines.collect::<String>());
        let trace = Trace::read(&text).unwrap();
        let found: Vec<u64> = arrivals(vec![trace.stretch(Law::Even, true)])
            .iter()
            .map(|arrival| arrival.at.as_nanos() as u64 + times[0])
            .collect();
        prop_assert_eq!(found, times);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[time,rky0-9.ms\n# ]{0,60}") {
        if let Err(fault) = Trace::read(&text) {
            prop_assert!(fault.line >= 1 && fault.column >= 1);
        }
    }
}
