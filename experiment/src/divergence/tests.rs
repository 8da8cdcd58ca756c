//! Trails and windows made by hand: where the first difference is found.

#![allow(clippy::unwrap_used)]

use super::*;

fn mark(deliveries: u64, print: &str) -> TrailMark {
    TrailMark {
        deliveries,
        at_ns: deliveries * 10,
        fingerprint: print.to_owned(),
    }
}

fn delivery(number: u64, at_ns: u64, from: u32, sequence: u64) -> Delivery {
    Delivery {
        number,
        at_ns,
        from,
        sequence,
        to: 1,
        kind: Cow::Borrowed("vote"),
        bytes: 100,
        after: (number.is_multiple_of(2)).then_some(Cow::Borrowed("timer")),
    }
}

/// Ten votes, one a microsecond.
fn votes() -> Vec<Delivery> {
    (0..10).map(|n| delivery(n, 1_000 * n, 0, n)).collect()
}

const STEP: u64 = TRAIL_STEP;

#[test]
fn equal_trails_have_no_window_that_differs() {
    let trail = [mark(STEP, "a"), mark(STEP + 5, "b")];
    assert_eq!(first_window(&trail, &trail), None);
    assert_eq!(first_window(&[], &[]), None);
}

#[test]
fn the_window_after_the_last_common_mark_differs() {
    let base = [
        mark(STEP, "a"),
        mark(2 * STEP, "b"),
        mark(2 * STEP + 9, "c"),
    ];
    let early = [
        mark(STEP, "x"),
        mark(2 * STEP, "y"),
        mark(2 * STEP + 9, "z"),
    ];
    let middle = [
        mark(STEP, "a"),
        mark(2 * STEP, "y"),
        mark(2 * STEP + 9, "z"),
    ];
    let late = [
        mark(STEP, "a"),
        mark(2 * STEP, "b"),
        mark(2 * STEP + 9, "z"),
    ];
    assert_eq!(first_window(&base, &early), Some(0));
    assert_eq!(first_window(&base, &middle), Some(1));
    assert_eq!(first_window(&base, &late), Some(2));
    assert_eq!(first_window(&[mark(7, "a")], &[mark(8, "b")]), Some(0));
}

#[test]
fn a_run_that_ends_earlier_differs_in_the_window_of_its_end() {
    let short = [mark(STEP, "a"), mark(STEP + 9, "b")];
    let long = [
        mark(STEP, "a"),
        mark(2 * STEP, "c"),
        mark(2 * STEP + 1, "d"),
    ];
    assert_eq!(first_window(&short, &long), Some(1));
    // It may end exactly at a mark.
    let exact = [mark(STEP, "a"), mark(STEP, "a")];
    assert_eq!(first_window(&exact, &long), Some(1));
    assert_eq!(first_window(&long, &exact), Some(1));
    let (start, end) = bounds(&exact, 1).unwrap();
    assert_eq!((start.deliveries, end.deliveries), (STEP, STEP));
}

#[test]
fn a_window_lies_between_its_marks() {
    let trail = [
        mark(STEP, "a"),
        mark(2 * STEP, "b"),
        mark(2 * STEP + 9, "c"),
    ];
    let of = |window| {
        let (start, end) = bounds(&trail, window)?;
        Some((
            start.deliveries,
            start.fingerprint,
            end.deliveries,
            end.fingerprint,
        ))
    };
    let text = str::to_owned;
    assert_eq!(of(0), Some((0, text(""), STEP, text("a"))));
    assert_eq!(of(1), Some((STEP, text("a"), 2 * STEP, text("b"))));
    assert_eq!(of(2), Some((2 * STEP, text("b"), 2 * STEP + 9, text("c"))));
    assert_eq!(of(3), None);
}

#[test]
fn equal_windows_do_not_differ() {
    assert_eq!(compare(&votes(), &votes(), 3), None);
    assert_eq!(compare(&[], &[], 3), None);
}

#[test]
fn a_later_time_is_named_with_its_neighbours() {
    let mut head = votes();
    head[4].at_ns += 7;
    let found = compare(&votes(), &head, 2).unwrap();
    assert_eq!(
        (found.number, found.fields.as_slice()),
        (4, [Field::Time].as_slice())
    );
    assert_eq!((found.base.fate, found.head.fate), (Fate::Here, Fate::Here));
    let numbers = |list: &[Delivery]| list.iter().map(|d| d.number).collect::<Vec<_>>();
    assert_eq!(numbers(&found.before), [2, 3]);
    assert_eq!(numbers(&found.base.then), [4, 5]);
    assert_eq!(numbers(&found.head.then), [4, 5]);
}

#[test]
fn every_field_is_compared() {
    type Change = (Field, fn(&mut Delivery));
    let changes: [Change; 6] = [
        (Field::Time, |d| d.at_ns += 1),
        (Field::Sender, |d| d.from += 1),
        (Field::Sequence, |d| d.sequence += 100),
        (Field::Receiver, |d| d.to += 1),
        (Field::Kind, |d| d.kind = Cow::Borrowed("proposal")),
        (Field::Bytes, |d| d.bytes += 1),
    ];
    for (field, change) in changes {
        let mut head = votes();
        change(&mut head[0]);
        let found = compare(&votes(), &head, 5).unwrap();
        assert_eq!((found.number, found.fields), (0, vec![field]));
    }
}

#[test]
fn what_explains_an_event_is_not_compared() {
    let mut head = votes();
    head[0].after = None;
    assert_eq!(compare(&votes(), &head, 5), None);
}

#[test]
fn two_that_changed_places_find_each_other() {
    let base = [delivery(0, 10, 0, 1), delivery(1, 12, 2, 1)];
    let head = [delivery(0, 12, 2, 1), delivery(1, 13, 0, 1)];
    let found = compare(&base, &head, 5).unwrap();
    assert_eq!(
        found.base.fate,
        Fate::Later {
            number: 1,
            by_ns: 3
        }
    );
    assert_eq!(
        found.head.fate,
        Fate::Later {
            number: 1,
            by_ns: 0
        }
    );
}

#[test]
fn a_sequence_that_is_ahead_says_what_was_sent_before() {
    let (same, vote) = (delivery(0, 10, 0, 3), delivery(1, 20, 0, 2));
    let head = [delivery(0, 10, 0, 1), delivery(1, 30, 4, 1)];
    for in_base in [true, false] {
        let ahead = [same.clone(), vote.clone(), delivery(2, 21, 5, 2)];
        let (a, b): (&[Delivery], &[Delivery]) = match in_base {
            true => (&ahead, &head),
            false => (&head, &ahead),
        };
        let surplus = compare(a, b, 5).unwrap().surplus.unwrap();
        let came = vec![vote.clone()];
        assert_eq!(
            surplus,
            Surplus {
                in_base,
                count: 2,
                came
            }
        );
    }
}

#[test]
fn one_that_the_other_never_had_is_absent() {
    let mut head = votes();
    head.insert(3, delivery(3, 2_500, 5, 1));
    let found = compare(&votes(), &head, 5).unwrap();
    assert_eq!((found.number, found.head.fate), (3, Fate::Absent));
    assert!(matches!(found.base.fate, Fate::Later { .. }), "{found:?}");
}

#[test]
fn a_run_that_is_a_beginning_of_the_other_has_no_event_there() {
    let base = votes();
    for (a, b) in [(&base[..6], &base[..]), (&base[..], &base[..6])] {
        let found = compare(a, b, 5).unwrap();
        assert_eq!((found.number, found.fields.len()), (6, 0));
        assert_eq!(found.base.event.is_some(), a.len() > 6);
        assert_eq!(found.head.event.is_some(), b.len() > 6);
    }
}

fn exported() -> Extract {
    Extract {
        header: Header {
            schema: export::SCHEMA.to_owned(),
            window: 0,
            build: "b".to_owned(),
            key: "k".to_owned(),
            label: "l".to_owned(),
            start: mark(0, ""),
            end: mark(10, "f"),
            nodes: vec!["replica 0 (lab)".to_owned()],
        },
        deliveries: votes(),
    }
}

#[test]
fn an_export_is_read_back_as_it_was() {
    let extract = exported();
    assert_eq!(Extract::from_text(&extract.to_text()).unwrap(), extract);
    assert_eq!(extract.node(0), "replica 0 (lab)");
    assert_eq!(extract.node(9), "node 9");
    assert!(extract.fits(&[mark(10, "f")]));
    assert!(!extract.fits(&[mark(10, "g")]));
}

#[test]
fn a_damaged_export_is_refused_with_its_line() {
    let text = exported().to_text();
    let refused = |text: &str| Extract::from_text(text).unwrap_err();
    assert!(refused("").contains("line 1"));
    assert!(refused(&text.replace("deliveries/1", "deliveries/9")).contains("deliveries/9"));
    assert!(refused(&text.replace("\"number\":3,", "")).contains("line 5"));
    let cut = &text[..text.trim_end().rfind('\n').unwrap()];
    assert!(refused(cut).contains("9 of 10"));
}
