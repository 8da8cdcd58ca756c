//! Core time by node, lane, handler and step: a profile of virtual time.

use std::collections::BTreeMap;

use groma_sim::{Entry, Time};

use super::LANES;
use crate::tap::{Cast, FinalTx, Tap};

/// What core time was spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stack {
    /// The node.
    pub node: u32,
    /// Its lane.
    pub lane: &'static str,
    /// What was handled.
    pub handler: &'static str,
    /// The step of the handling.
    pub step: &'static str,
}

/// A tap that adds up core time, over any length of time.
#[derive(Debug)]
pub struct Profile {
    window: (Time, Time),
    /// Who takes part.
    pub cast: Cast,
    /// Core time in nanoseconds by what it was spent on.
    pub cpu_ns: BTreeMap<Stack, u64>,
    /// Steps of the handler that runs: its own entry comes after them.
    steps: Vec<(&'static str, u64)>,
}

impl Profile {
    /// A profile from one instant to before another.
    #[must_use]
    pub fn new(from_ns: u64, until_ns: u64) -> Self {
        Self {
            window: (Time::from_nanos(from_ns), Time::from_nanos(until_ns)),
            cast: Cast::default(),
            cpu_ns: BTreeMap::new(),
            steps: Vec::new(),
        }
    }
}

impl Tap for Profile {
    fn window(&self) -> (Time, Time) {
        self.window
    }

    fn begin(&mut self, cast: &Cast) {
        self.cast = cast.clone();
    }

    fn take(&mut self, entries: Vec<Entry>, _finals: &[(Time, FinalTx)]) {
        for entry in entries {
            match entry {
                Entry::Spent { what, cpu, .. } if !cpu.is_zero() => {
                    self.steps.push((what, cpu.as_nanos()));
                }
                Entry::Ran {
                    node, lane, what, ..
                } => {
                    for (step, cpu) in self.steps.drain(..) {
                        let stack = Stack {
                            node: node.0,
                            lane: LANES[lane.index()],
                            handler: what,
                            step,
                        };
                        *self.cpu_ns.entry(stack).or_default() += cpu;
                    }
                }
                _ => {}
            }
        }
    }

    fn is_done(&self, now: Time) -> bool {
        now >= self.window.1
    }
}
