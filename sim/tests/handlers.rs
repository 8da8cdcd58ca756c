//! When handlers run and when their effects leave, checked by hand: lanes,
//! cores, timers, posts.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::*;
use groma_sim::{NodeId, Span};

#[test]
fn a_message_takes_the_latency_of_its_link() {
    let ping = Puppet::new(|event, ctx| {
        if *event == Event::Start {
            ctx.send(NodeId(1), Note(1), 100);
        }
    });
    let pong = Puppet::new(|event, ctx| {
        if let Event::Message(from, number) = event {
            ctx.send(*from, Note(number + 1), 100);
        }
    });
    let log = play(setup(2, FREE, Span::micros(50), vec![]), vec![ping, pong]);
    assert_eq!(
        log,
        [
            "50us 1 Message(NodeId(0), 1)",
            "100us 0 Message(NodeId(1), 2)"
        ]
    );
}
