//! From entries of a journal to handlers, messages and moments.

use std::collections::BTreeMap;

use groma_sim::{Entry, EventId, Time};

use super::{Flight, Handler, Moment, Step, Trace, Wire};

/// Puts entries together. What an entry belongs to may lie outside the stretch:
/// a message may come that left before it.
pub(super) fn gather(entries: &[Entry], faults: &[String]) -> Trace {
    let mut gathered = Gathered::default();
    for entry in entries {
        gathered.add(entry, faults);
    }
    gathered.trace
}

#[derive(Default)]
struct Gathered {
    trace: Trace,
    /// Steps of the handler that runs: its own entry comes after them.
    steps: Vec<Step>,
    /// Where flights stand in the trace, by event.
    under_way: BTreeMap<EventId, usize>,
    /// When the events came that wait for their handlers.
    waiting: BTreeMap<EventId, Time>,
}

impl Gathered {
    fn add(&mut self, entry: &Entry, faults: &[String]) {
        match entry {
            Entry::Delivered { .. } => self.deliver(entry),
            Entry::Expired {
                event,
                at,
                node,
                what,
            } => {
                self.waiting.insert(*event, *at);
                self.trace.moments.push(Moment {
                    at_ns: at.as_nanos(),
                    node: Some(node.0),
                    what: (*what).to_owned(),
                });
            }
            Entry::Ran { .. } => self.run(entry),
            Entry::Spent {
                what,
                from,
                until,
                cpu,
                ..
            } => self.steps.push(Step {
                what,
                from_ns: from.as_nanos(),
                until_ns: until.as_nanos(),
                cpu_ns: cpu.as_nanos(),
            }),
            Entry::Sent { .. } | Entry::Posted { .. } => self.depart(entry),
            Entry::Armed { .. } => {}
            Entry::Struck { fault, at, heals } => {
                let name = faults.get(*fault).map_or("fault", String::as_str);
                let over = if *heals { ": over" } else { "" };
                self.trace.moments.push(Moment {
                    at_ns: at.as_nanos(),
                    node: None,
                    what: format!("{name}{over}"),
                });
            }
        }
    }

    fn deliver(&mut self, entry: &Entry) {
        let Entry::Delivered {
            event, at, what, ..
        } = entry
        else {
            return;
        };
        self.waiting.insert(*event, *at);
        if let Some(place) = self.under_way.remove(event) {
            let flight = &mut self.trace.flights[place];
            flight.what = Some(what);
            flight.came_ns = Some(at.as_nanos());
        }
    }

    fn run(&mut self, entry: &Entry) {
        let Entry::Ran {
            event,
            node,
            lane,
            from,
            until,
            what,
        } = entry
        else {
            return;
        };
        self.trace.handlers.push(Handler {
            event: event.word(),
            node: node.0,
            lane: lane.index(),
            what,
            came_ns: self.waiting.remove(event).map(Time::as_nanos),
            from_ns: from.as_nanos(),
            until_ns: until.as_nanos(),
            steps: std::mem::take(&mut self.steps),
        });
    }

    fn depart(&mut self, entry: &Entry) {
        let (event, cause, at, to, bytes, wire) = match entry {
            Entry::Sent {
                event,
                cause,
                to,
                bytes,
                at,
                out,
                transmit,
                first_bit,
            } => {
                let wire = Wire {
                    out_ns: out.as_nanos(),
                    transmit_ns: transmit.as_nanos(),
                    first_bit_ns: first_bit.map(Time::as_nanos),
                };
                (event, cause, at, Some(*to), *bytes, Some(wire))
            }
            Entry::Posted { event, cause, at } => (event, cause, at, event.source(), 0, None),
            _ => return,
        };
        // The schedule of faults sends nothing.
        let (Some(from), Some(to)) = (event.source(), to) else {
            return;
        };
        self.under_way.insert(*event, self.trace.flights.len());
        self.trace.flights.push(Flight {
            event: event.word(),
            cause: cause.word(),
            from: from.0,
            to: to.0,
            what: None,
            bytes,
            sent_ns: at.as_nanos(),
            wire,
            came_ns: None,
        });
    }
}

/// When an entry was made, as far as the entry says.
pub(super) fn instant(entry: &Entry) -> Time {
    match entry {
        Entry::Delivered { at, .. }
        | Entry::Expired { at, .. }
        | Entry::Sent { at, .. }
        | Entry::Posted { at, .. }
        | Entry::Armed { at, .. }
        | Entry::Struck { at, .. } => *at,
        Entry::Ran { from, .. } | Entry::Spent { from, .. } => *from,
    }
}
