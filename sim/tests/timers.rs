//! Timers: replacing, moving, cancelling, and what they cost.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::*;
use groma_sim::{Context, Span, Time};

/// Does this at the start, and nothing later.
fn alone(act: fn(&mut Context<'_, Puppet>)) -> Vec<String> {
    let node = Puppet::new(move |event, ctx| {
        if *event == Event::Start {
            act(ctx);
        }
    });
    play(setup(1, cores(2), Span::ZERO, vec![]), vec![node])
}

#[test]
fn timers_fire_once_in_order_of_time() {
    let log = alone(|ctx| {
        ctx.set_timer(1, Span::micros(30));
        ctx.set_timer(2, Span::micros(20));
        ctx.set_timer_at(3, us(10));
    });
    assert_eq!(
        log,
        ["10us 0 Timer(3)", "20us 0 Timer(2)", "30us 0 Timer(1)"]
    );
}

#[test]
fn the_same_key_replaces_to_later_and_to_earlier() {
    let log = alone(|ctx| {
        ctx.set_timer(1, Span::micros(10));
        ctx.set_timer(1, Span::micros(20));
        ctx.set_timer(2, Span::micros(20));
        ctx.set_timer(2, Span::micros(10));
        ctx.set_timer(3, Span::micros(10));
        ctx.set_timer(3, Span::micros(5));
        ctx.set_timer(3, Span::micros(30));
    });
    assert_eq!(
        log,
        ["10us 0 Timer(2)", "20us 0 Timer(1)", "30us 0 Timer(3)"]
    );
}

#[test]
fn a_cancelled_timer_is_silent_and_can_be_set_again() {
    let log = alone(|ctx| {
        ctx.set_timer(1, Span::micros(10));
        ctx.cancel_timer(1);
        ctx.set_timer(2, Span::micros(10));
        ctx.cancel_timer(2);
        ctx.set_timer(2, Span::micros(15));
        ctx.cancel_timer(7);
    });
    assert_eq!(log, ["15us 0 Timer(2)"]);
}

#[test]
fn a_timer_counts_from_the_handlers_clock() {
    let log = alone(|ctx| {
        ctx.spend(Span::micros(10));
        ctx.set_timer(1, Span::micros(10));
        ctx.set_timer_at(2, Time::ZERO);
    });
    assert_eq!(log, ["10us 0 Timer(2)", "20us 0 Timer(1)"]);
}

/// Timer 1 expires at 10 us but its lane is busy until 50 us; the message that
/// runs at 50 us, before it, cancels or resets it.
#[test]
fn a_timer_that_waits_for_its_lane_can_still_be_stopped() {
    let node = |reset: bool| {
        Puppet::new(move |event, ctx| match event {
            Event::Start => {
                ctx.post(Note(5));
                ctx.set_timer(1, Span::micros(10));
                ctx.set_timer(1_002, Span::micros(20));
                ctx.spend(Span::micros(50));
            }
            Event::Message(..) if reset => ctx.set_timer(1, Span::micros(100)),
            Event::Message(..) => ctx.cancel_timer(1),
            _ => {}
        })
    };
    let run = |reset| play(setup(1, cores(2), Span::ZERO, vec![]), vec![node(reset)]);
    let common = ["20us 0 Timer(1002)", "50us 0 Message(NodeId(0), 5)"];
    assert_eq!(run(false), common);
    assert_eq!(run(true)[..2], common);
    assert_eq!(run(true)[2..], ["150us 0 Timer(1)"]);
}

/// A view timer of 1 ms that is reset every 10 us, a hundred times a period,
/// costs about one event a period beside the ticks that reset it.
#[test]
fn resetting_a_timer_to_later_costs_no_event_each() {
    let node = Puppet::new(|event, ctx| match event {
        Event::Start | Event::Timer(2) => {
            ctx.set_timer(1, Span::millis(1));
            if ctx.now() < us(100_000) {
                ctx.set_timer(2, Span::micros(10));
            }
        }
        _ => {}
    });
    let setup = setup(1, FREE, Span::ZERO, vec![]);
    let (log, simulation) = play_on(setup, vec![node]);
    assert_eq!(log.last().unwrap(), "101ms 0 Timer(1)");
    assert_eq!(
        log.iter().filter(|line| line.contains("Timer(1)")).count(),
        1
    );
    let ticks = 10_000;
    assert!(simulation.events() < ticks + 110, "{}", simulation.events());
}

/// Many keys at once, set, moved and cancelled in turns, against a model.
#[test]
fn a_thousand_keys_keep_apart() {
    let node = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            for key in 0..1_000 {
                ctx.set_timer(key, Span::micros(1 + key));
            }
            for key in (0..1_000).step_by(3) {
                ctx.cancel_timer(key);
            }
            for key in (0..1_000).step_by(5) {
                ctx.set_timer(key, Span::micros(5_000 + key));
            }
        }
    });
    let log = play(setup(1, FREE, Span::ZERO, vec![]), vec![node]);
    let fires = |key: u64| match (key % 5, key % 3) {
        (0, _) => Some(Span::micros(5_000 + key)),
        (_, 0) => None,
        _ => Some(Span::micros(1 + key)),
    };
    let mut expected: Vec<(Span, u64)> = (0..1_000)
        .filter_map(|key| Some((fires(key)?, key)))
        .collect();
    expected.sort_unstable();
    let expected: Vec<String> = expected
        .iter()
        .map(|(at, key)| format!("{at} 0 Timer({key})"))
        .collect();
    assert_eq!(log, expected);
}
