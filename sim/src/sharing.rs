//! Max-min fair sharing of the interfaces, in the fluid model of flows: the
//! option beside the first-in-first-out servers of `machine.rs`.
//!
//! The messages of one pair of machines leave one after the other, as on a TCP
//! connection; the connections share every egress and ingress so that none can
//! have more without another of the same or less having less (Bertsekas and
//! Gallager, "Data Networks", section 6.5.2). Rates change whenever a connection
//! begins or ends to carry something; both ends of a flow have one rate at a time,
//! so the time of flight does not blur them. A message arrives one propagation
//! after its last bit has left.
//!
//! All arithmetic is in integers: rates in bits per second, what is left of a
//! message in billionths of a bit, so that a rate times nanoseconds needs no
//! division. Rates are rounded down, completions up.

use crate::machine::Machine;
use crate::time::{Span, Time};
use std::collections::VecDeque;

/// Billionths of a bit in a byte.
const FRACTIONS: u128 = 8 * 1_000_000_000;

/// How the messages of a machine share its interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Message after message, in the order in which they come.
    #[default]
    Fifo,
    /// All connections at once, max-min fair.
    MaxMin,
}

/// A message on its way through the interfaces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cargo {
    pub(crate) order: u64,
    /// The event whose handler sent it, for journals.
    pub(crate) cause: u64,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) parcel: u32,
    pub(crate) bytes: u64,
    /// When it left its sender.
    pub(crate) at: Time,
    /// When the connection began to carry it.
    pub(crate) out: Time,
    /// How long it flies, or `None` if it is lost.
    pub(crate) trip: Option<Span>,
    /// Whether later messages may overtake it.
    pub(crate) loose: bool,
}

/// A connection: messages from one machine to another.
#[derive(Debug)]
struct Line {
    /// The interfaces that it passes: egress and ingress, or the egress twice where
    /// everything on it is lost on the way.
    ends: [usize; 2],
    cargo: VecDeque<Cargo>,
    /// Of the first message.
    left: u128,
    rate: u64,
    /// The interface that holds it to this rate.
    bound: usize,
}

/// An interface, as the flows see it.
#[derive(Clone, Debug, Default)]
struct Port {
    /// Bits per second; 0 if nothing holds flows here.
    rate: u64,
    /// What passed so far, in billionths of a bit.
    passed: u128,
    /// What the allocation at hand has left, and for how many lines.
    room: u64,
    unfrozen: u64,
    /// The positions in `active` of the lines that pass.
    lines: Vec<u32>,
}

/// All connections of a run. Egress of machine m is port 2m, ingress 2m + 1.
#[derive(Debug)]
pub(crate) struct Flows {
    pub(crate) sharing: Sharing,
    /// The order of the event at which flows change next; 0 if there is none.
    pub(crate) wake: u64,
    /// Whether that event is due at the clock, because a message came.
    pub(crate) changed: bool,
    pub(crate) last_order: u64,
    ports: Vec<Port>,
    /// By sender, then by receiver: the line plus one. A row stays empty until its
    /// machine sends.
    rows: Vec<Vec<u32>>,
    lines: Vec<Line>,
    /// The lines that carry something.
    active: Vec<u32>,
    settled: Time,
}

impl Flows {
    /// No flows yet. `rates` are the bits per second of egress and ingress.
    pub(crate) fn new(
        sharing: Sharing,
        rates: impl Iterator<Item = (u64, u64)>,
        last_order: u64,
    ) -> Self {
        let port = |rate| Port {
            rate,
            ..Port::default()
        };
        let ports: Vec<Port> = match sharing {
            Sharing::Fifo => Vec::new(),
            Sharing::MaxMin => rates
                .flat_map(|(out, into)| [port(out), port(into)])
                .collect(),
        };
        Self {
            sharing,
            wake: 0,
            changed: false,
            last_order,
            rows: vec![Vec::new(); ports.len() / 2],
            ports,
            lines: Vec::new(),
            active: Vec::new(),
            settled: Time::ZERO,
        }
    }

    /// Whether this pair of machines shares anything at all.
    #[inline]
    pub(crate) fn hold(&self, from: usize, to: usize) -> bool {
        self.sharing == Sharing::MaxMin
            && (self.ports[2 * from].rate > 0 || self.ports[2 * to + 1].rate > 0)
    }

    /// A message joins those of its pair of machines.
    pub(crate) fn board(&mut self, from: usize, to: usize, cargo: Cargo) {
        // What is lost leaves its sender and meets nobody: all of it is one line more.
        let machines = self.rows.len();
        let (to, ingress) = match cargo.trip {
            Some(_) => (to, 2 * to + 1),
            None => (machines, 2 * from),
        };
        let row = &mut self.rows[from];
        if row.is_empty() {
            row.resize(machines + 1, 0);
        }
        if row[to] == 0 {
            self.lines.push(Line {
                ends: [2 * from, ingress],
                cargo: VecDeque::new(),
                left: 0,
                rate: 0,
                bound: 2 * from,
            });
            row[to] = self.lines.len() as u32;
        }
        let index = row[to] - 1;
        let line = &mut self.lines[index as usize];
        if line.cargo.is_empty() {
            line.left = u128::from(cargo.bytes) * FRACTIONS;
            line.rate = 0;
            self.active.push(index);
        }
        line.cargo.push_back(cargo);
    }

    /// Lets the flows run up to `now` at their rates, and tells the machines.
    pub(crate) fn settle(&mut self, now: Time, machines: &mut [Machine]) {
        let span = now.saturating_since(self.settled);
        self.settled = now;
        if span.is_zero() {
            return;
        }
        for &index in &self.active {
            let line = &mut self.lines[index as usize];
            let moved = line.moved(span);
            line.left -= moved;
            for port in line.passes() {
                self.ports[port].passed += moved;
            }
            let wait = line.wait(span, self.ports[line.bound].rate);
            machines[line.bound / 2].nic(line.bound % 2 == 1).wait += wait;
        }
        for (index, port) in self.ports.iter().enumerate() {
            if port.rate > 0 {
                let busy = port.passed / u128::from(port.rate);
                let busy = u64::try_from(busy).unwrap_or(u64::MAX);
                machines[index / 2].nic(index % 2 == 1).busy = Span::from_nanos(busy);
            }
        }
    }

    /// Takes a message whose last bit has left; the next of its pair begins.
    pub(crate) fn landed(&mut self) -> Option<Cargo> {
        let lines = &mut self.lines;
        let done = |index: &u32| lines[*index as usize].left == 0;
        let place = self.active.iter().position(done)?;
        let line = &mut lines[self.active[place] as usize];
        let cargo = line.cargo.pop_front().expect("an active line has cargo");
        match line.cargo.front_mut() {
            Some(next) => {
                next.out = self.settled;
                line.left = u128::from(next.bytes) * FRACTIONS;
            }
            None => {
                self.active.swap_remove(place);
            }
        }
        Some(cargo)
    }

    /// Gives every flow its rate. Returns how long until the first of them ends.
    pub(crate) fn allocate(&mut self) -> Option<Span> {
        let Self {
            ports,
            lines,
            active,
            ..
        } = self;
        for port in ports.iter_mut() {
            port.lines.clear();
            port.room = port.rate;
        }
        for (place, &index) in (0..).zip(active.iter()) {
            let line = &mut lines[index as usize];
            line.rate = 0;
            for end in line.passes() {
                if ports[end].rate > 0 {
                    ports[end].lines.push(place);
                }
            }
        }
        let mut live: Vec<usize> = (0..ports.len())
            .filter(|&port| !ports[port].lines.is_empty())
            .collect();
        for &port in &live {
            ports[port].unfrozen = ports[port].lines.len() as u64;
        }
        // The port with the least for each of its flows holds them to it; what
        // they leave elsewhere is for the others.
        while let Some(&tight) = live
            .iter()
            .min_by_key(|&&port| (ports[port].room / ports[port].unfrozen, port))
        {
            let share = (ports[tight].room / ports[tight].unfrozen).max(1);
            let held = std::mem::take(&mut ports[tight].lines);
            for &place in &held {
                let line = &mut lines[active[place as usize] as usize];
                if line.rate > 0 {
                    continue;
                }
                (line.rate, line.bound) = (share, tight);
                for end in line.passes() {
                    let port = &mut ports[end];
                    port.room = port.room.saturating_sub(share);
                    port.unfrozen = port.unfrozen.saturating_sub(1);
                }
            }
            ports[tight].lines = held;
            live.retain(|&port| ports[port].unfrozen > 0);
        }
        let ends = active.iter().map(|&index| lines[index as usize].ends_in());
        ends.min()
    }

    /// What a port has passed since the flows were settled last, as busy time.
    pub(crate) fn busy_since(&self, machine: usize, ingress: bool, now: Time) -> Span {
        let port = 2 * machine + usize::from(ingress);
        let (span, rate) = (
            now.saturating_since(self.settled),
            self.ports.get(port).map_or(0, |port| port.rate),
        );
        if span.is_zero() || rate == 0 {
            return Span::ZERO;
        }
        let lines = self.active.iter().map(|&index| &self.lines[index as usize]);
        let moved: u128 = lines
            .filter(|line| line.ends.contains(&port))
            .map(|line| line.moved(span))
            .sum();
        Span::from_nanos(u64::try_from(moved / u128::from(rate)).unwrap_or(u64::MAX))
    }

    pub(crate) fn memory(&self) -> usize {
        let queued: usize = self.lines.iter().map(|line| line.cargo.capacity()).sum();
        queued * size_of::<Cargo>() + self.lines.capacity() * size_of::<Line>()
    }
}

impl Line {
    /// The interfaces that it passes, each once.
    fn passes(&self) -> impl Iterator<Item = usize> + use<> {
        let [out, into] = self.ends;
        [out].into_iter().chain((into != out).then_some(into))
    }

    /// How much moves in this span at the rate at hand.
    fn moved(&self, span: Span) -> u128 {
        let most = u128::from(self.rate) * u128::from(span.as_nanos());
        most.min(self.left)
    }

    /// How long until the first message has left.
    fn ends_in(&self) -> Span {
        let nanos = self.left.div_ceil(u128::from(self.rate.max(1)));
        Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// What its messages wait in this span: those behind the first one all of it,
    /// the first one the part for which it does not have the interface.
    fn wait(&self, span: Span, whole: u64) -> Span {
        let behind = span * (self.cargo.len() as u64 - 1);
        let whole = u128::from(whole.max(1));
        let own = u128::from(span.as_nanos()) * u128::from(self.rate).min(whole) / whole;
        let own = Span::from_nanos(u64::try_from(own).unwrap_or(u64::MAX));
        behind + span.saturating_sub(own)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    const MACHINES: usize = 5;

    fn cargo() -> Cargo {
        Cargo {
            order: 0,
            cause: 0,
            from: 0,
            to: 0,
            parcel: 0,
            bytes: 1_000,
            at: Time::ZERO,
            out: Time::ZERO,
            trip: None,
            loose: false,
        }
    }

    proptest! {
        /// What max-min fairness means: no port passes more than it can, and every
        /// flow has a port that is full (up to a bit per second a flow, which
        /// rounding leaves) and in which no other flow has more.
        #[test]
        fn every_flow_has_a_full_port_in_which_none_has_more(
            rates in prop::collection::vec((0_u64..2_000, 0_u64..2_000), MACHINES),
            pairs in prop::collection::vec((0..MACHINES, 0..MACHINES), 1..20),
        ) {
            let mut flows = Flows::new(Sharing::MaxMin, rates.into_iter(), 0);
            for (from, to) in pairs {
                if from != to && flows.hold(from, to) {
                    flows.board(from, to, cargo());
                }
            }
            flows.allocate();
            let lines: Vec<&Line> = flows.active.iter().map(|&line| &flows.lines[line as usize]).collect();
            for (index, port) in flows.ports.iter().enumerate().filter(|(_, port)| port.rate > 0) {
                let here = lines.iter().filter(|line| line.ends.contains(&index));
                let (sum, count) = here.fold((0, 0), |(sum, count), line| (sum + line.rate, count + 1));
                // Every flow has at least one bit per second.
                prop_assert!(sum <= port.rate.max(count));
            }
            for line in &lines {
                let full = line.ends.iter().any(|&end| {
                    let here: Vec<u64> = lines.iter().filter(|other| other.ends.contains(&end)).map(|other| other.rate).collect();
                    let port = flows.ports[end].rate;
                    port > 0
                        && here.iter().sum::<u64>() + here.len() as u64 > port
                        && here.iter().all(|rate| *rate <= line.rate + here.len() as u64)
                });
                prop_assert!(full, "{line:?} could have more");
            }
        }
    }
}
