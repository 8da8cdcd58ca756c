//! Links between events, from a journal, and the walk back along them.

use std::collections::VecDeque;

use groma_sim::{Entry, EventId, Lane, Span, Time};
use smallvec::SmallVec;

use super::Part;
use crate::world::Map;

/// Links of one generation; two are remembered.
const GENERATION: usize = 2_000_000;

/// A walk of more steps than this is no path but a mistake.
const MAX_STEPS: usize = 10_000;

/// How an event came about.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Only its handler is known.
    Unknown,
    Message {
        cause: EventId,
        at: Time,
        out: Time,
        transmit: Span,
        first_bit: Time,
    },
    Post {
        cause: EventId,
        at: Time,
    },
    Timer {
        cause: EventId,
        at: Time,
    },
}

/// What is known of one event.
#[derive(Clone, Copy, Debug)]
struct Link {
    way: Way,
    /// When it came to its node.
    came: Time,
    /// When its handler began.
    ran: Time,
    node: u32,
    lane: Lane,
    what: &'static str,
}

/// A stretch of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: Time,
    pub(super) until: Time,
    pub(super) part: Part,
    /// Whether it is waiting for what others use, not work or flight.
    pub(super) queue: bool,
    /// Where it was: at the sender for its outgoing link, else at the receiver.
    pub(super) node: u32,
    pub(super) what: &'static str,
}

/// The path of a walk, latest stretch first.
pub(super) type Stretches = SmallVec<[Stretch; 32]>;

/// The events of the recent past.
#[derive(Debug, Default)]
pub(super) struct Chain {
    recent: Map<EventId, Link>,
    older: Map<EventId, Link>,
    replicas: u32,
    /// Handlers of gateways in the current slice: node, start, event.
    answers: VecDeque<(u32, Time, EventId)>,
}

impl Chain {
    pub(super) fn new(replicas: u32) -> Self {
        Self {
            replicas,
            ..Self::default()
        }
    }

    /// Takes the entries of a slice in; forgets the gateways' handlers of the
    /// slice before.
    pub(super) fn take(&mut self, entries: Vec<Entry>) {
        self.answers.clear();
        for entry in entries {
            self.note(entry);
        }
        if self.recent.len() > GENERATION {
            self.older = std::mem::take(&mut self.recent);
        }
    }

    fn link(&mut self, event: EventId) -> &mut Link {
        let older = &mut self.older;
        self.recent.entry(event).or_insert_with(|| {
            older.remove(&event).unwrap_or(Link {
                way: Way::Unknown,
                came: Time::ZERO,
                ran: Time::ZERO,
                node: 0,
                lane: Lane::Consensus,
                what: "",
            })
        })
    }

    fn note(&mut self, entry: Entry) {
        match entry {
            Entry::Delivered { event, at, .. } | Entry::Expired { event, at, .. } => {
                self.link(event).came = at;
            }
            Entry::Ran {
                event,
                node,
                lane,
                from,
                what,
                ..
            } => {
                let link = self.link(event);
                (link.ran, link.node, link.lane, link.what) = (from, node.0, lane, what);
                if node.0 >= self.replicas {
                    self.answers.push_back((node.0, from, event));
                }
            }
            Entry::Sent {
                event,
                cause,
                at,
                out,
                transmit,
                first_bit: Some(first_bit),
                ..
            } => {
                self.link(event).way = Way::Message {
                    cause,
                    at,
                    out,
                    transmit,
                    first_bit,
                };
            }
            Entry::Posted { event, cause, at } => self.link(event).way = Way::Post { cause, at },
            Entry::Armed {
                event, cause, at, ..
            } => self.link(event).way = Way::Timer { cause, at },
            Entry::Sent { .. } | Entry::Spent { .. } | Entry::Struck { .. } => {}
        }
    }

    /// The reply by which a gateway's node learnt at `at` what had left its
    /// replica at `answered`.
    pub(super) fn reply(&self, node: u32, at: Time, answered: Time) -> Option<EventId> {
        let left = |event: &EventId| match self.known(*event).map(|link| link.way) {
            Some(Way::Message { at, .. }) => at == answered,
            _ => false,
        };
        self.answers
            .iter()
            .filter(|&&(gateway, from, _)| gateway == node && from == at)
            .map(|&(_, _, event)| event)
            .find(left)
    }

    fn known(&self, event: EventId) -> Option<&Link> {
        self.recent.get(&event).or_else(|| self.older.get(&event))
    }

    /// Walks back from the handler of `event`, in which the path ends at `end`,
    /// to `floor`; what the past does not reach is untraced.
    pub(super) fn walk(&self, event: EventId, end: Time, floor: Time) -> Stretches {
        let mut path = Stretches::new();
        let (mut event, mut at) = (event, end);
        for _ in 0..MAX_STEPS {
            let Some(link) = self.known(event) else { break };
            let Some((cause, left)) = self.step(event, link, at, &mut path) else {
                break;
            };
            (event, at) = (cause, left);
            if at <= floor {
                break;
            }
        }
        clip(&mut path, end, floor);
        path
    }

    /// One event back: its handler until `at`, its wait for a lane, and its way.
    /// Returns its cause and when it left there.
    fn step(
        &self,
        event: EventId,
        link: &Link,
        at: Time,
        path: &mut Stretches,
    ) -> Option<(EventId, Time)> {
        let mut at_node = |node: u32, from: Time, until: Time, part: Part, queue: bool| {
            path.push(Stretch {
                from,
                until,
                part,
                queue,
                node,
                what: link.what,
            });
        };
        let mut add = |from: Time, until: Time, part: Part, queue: bool| {
            at_node(link.node, from, until, part, queue);
        };
        let to_gateway = link.node >= self.replicas;
        let part = match link.lane {
            _ if to_gateway => Part::ClientIngress,
            Lane::Consensus => Part::Consensus,
            Lane::Execution => Part::Execution,
            Lane::Storage => Part::Storage,
            Lane::Intake => Part::Batch,
            Lane::Verify => Part::Verify,
        };
        add(link.ran, at, part, false);
        add(link.came, link.ran, part, true);
        match link.way {
            Way::Unknown => None,
            Way::Post { cause, at } => Some((cause, at)),
            Way::Timer { cause, at } => {
                add(at, link.came, Part::Timer, false);
                Some((cause, at))
            }
            Way::Message {
                cause,
                at,
                out,
                transmit,
                first_bit,
            } => {
                let sender = event.source().map_or(link.node, |sender| sender.0);
                let from_gateway = sender >= self.replicas;
                let (egress, flight, ingress) = match (from_gateway, to_gateway) {
                    (true, _) => (Part::ClientLink, Part::ClientLink, Part::ClientLink),
                    (_, true) => (Part::Reply, Part::Reply, Part::ClientIngress),
                    _ => (Part::Egress, Part::Propagation, Part::Ingress),
                };
                let (sent, landed) = (out + transmit, first_bit + transmit);
                add(landed, link.came, ingress, true);
                add(sent, landed, flight, false);
                at_node(sender, out, sent, egress, false);
                at_node(sender, at, out, egress, true);
                Some((cause, at))
            }
        }
    }
}

/// Cuts what lies before `floor` and drops what is empty; what is missing
/// between `floor` and the earliest stretch becomes untraced.
fn clip(path: &mut Stretches, end: Time, floor: Time) {
    path.retain(|stretch| {
        stretch.from = stretch.from.max(floor);
        stretch.until > stretch.from
    });
    let reached = path.iter().map(|stretch| stretch.from).min().unwrap_or(end);
    if reached > floor {
        path.push(Stretch {
            from: floor,
            until: reached,
            part: Part::Untraced,
            queue: false,
            node: 0,
            what: "",
        });
    }
}
