//! A stretch of a run, put together for those who draw it: handlers with their
//! steps, messages with their way, timers and faults.

mod gather;
pub mod profile;

use groma_sim::{Entry, Lane, Time};

pub use self::profile::Profile;
use crate::tap::{Cast, FinalTx, Tap};

/// The names of the lanes, by index.
pub const LANES: [&str; Lane::COUNT] = [
    Lane::Consensus.name(),
    Lane::Execution.name(),
    Lane::Storage.name(),
    Lane::Intake.name(),
    Lane::Verify.name(),
];

/// A stretch of a run. Times are virtual nanoseconds since its start.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Who takes part.
    pub cast: Cast,
    /// Where the stretch begins.
    pub from_ns: u64,
    /// Where it ends; earlier than asked for when it was cut.
    pub until_ns: u64,
    /// Whether there was more than was kept.
    pub cut: bool,
    /// Handlers, in the order in which they ran.
    pub handlers: Vec<Handler>,
    /// Messages and posts, in the order in which they left.
    pub flights: Vec<Flight>,
    /// Timers that came up, and faults.
    pub moments: Vec<Moment>,
}

/// A handler that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// The event that made it run, in one word.
    pub event: u64,
    /// The node.
    pub node: u32,
    /// Index of its lane in [`LANES`].
    pub lane: usize,
    /// What it handled.
    pub what: &'static str,
    /// When its event came, if within the stretch: it queued from then on.
    pub came_ns: Option<u64>,
    /// From when it ran.
    pub from_ns: u64,
    /// Until when it held its lane.
    pub until_ns: u64,
    /// What it worked on and waited for, in order.
    pub steps: Vec<Step>,
}

/// A part of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// On what.
    pub what: &'static str,
    /// From when.
    pub from_ns: u64,
    /// Until when.
    pub until_ns: u64,
    /// Core time over all cores; 0 for a wait.
    pub cpu_ns: u64,
}

/// A message or a post under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Its name, in one word.
    pub event: u64,
    /// The event whose handler sent it.
    pub cause: u64,
    /// The sender.
    pub from: u32,
    /// The receiver.
    pub to: u32,
    /// What it is; `None` when it did not come within the stretch.
    pub what: Option<&'static str>,
    /// Bytes on the wire; 0 for a post.
    pub bytes: u64,
    /// When the handler sent it.
    pub sent_ns: u64,
    /// Its way over the network; `None` for a post.
    pub wire: Option<Wire>,
    /// When it had come; `None` when it did not come within the stretch.
    pub came_ns: Option<u64>,
}

/// The way of a message over the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// When its first bit left.
    pub out_ns: u64,
    /// How long it took to transmit.
    pub transmit_ns: u64,
    /// When its first bit reached the receiver's machine; `None` if it was lost.
    pub first_bit_ns: Option<u64>,
}

/// Something that happened at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at_ns: u64,
    /// Where; `None` for a fault.
    pub node: Option<u32>,
    /// What.
    pub what: String,
}

/// A tap that keeps a stretch, up to a limit of entries.
#[derive(Debug)]
pub struct Stretch {
    from: Time,
    until: Time,
    limit: usize,
    faults: Vec<String>,
    cast: Cast,
    entries: Vec<Entry>,
    cut: bool,
}

impl Stretch {
    /// A stretch from one instant to before another, with so many entries at
    /// most. `faults` are the names of the plan's faults, in its order.
    #[must_use]
    pub fn new(faults: Vec<String>, from_ns: u64, until_ns: u64, limit: usize) -> Self {
        Self {
            from: Time::from_nanos(from_ns),
            until: Time::from_nanos(until_ns),
            limit,
            faults,
            cast: Cast::default(),
            entries: Vec::new(),
            cut: false,
        }
    }

    /// What was kept, put together.
    #[must_use]
    pub fn into_trace(self) -> Trace {
        let last = self.entries.last().map(gather::instant);
        let until = match (self.cut, last) {
            (true, Some(last)) => last,
            _ => self.until,
        };
        let mut trace = gather::gather(&self.entries, &self.faults);
        trace.cast = self.cast;
        trace.from_ns = self.from.as_nanos();
        trace.until_ns = until.as_nanos();
        trace.cut = self.cut;
        trace
    }
}

impl Tap for Stretch {
    fn window(&self) -> (Time, Time) {
        (self.from, self.until)
    }

    fn begin(&mut self, cast: &Cast) {
        self.cast = cast.clone();
    }

    fn take(&mut self, mut entries: Vec<Entry>, _finals: &[(Time, FinalTx)]) {
        let room = self.limit - self.entries.len();
        self.cut |= entries.len() > room;
        entries.truncate(room);
        self.entries.append(&mut entries);
    }

    fn is_done(&self, now: Time) -> bool {
        self.cut || now >= self.until
    }
}
