//! One window of a run's deliveries: made again by the run's own plan, written
//! to a file and read back, so that two builds can be compared though neither
//! can run the other's code.
//!
//! The file is JSON lines: a header, then one object a delivery.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use groma_sim::{Entry, EventId, Time};
use serde::{Deserialize, Serialize};

use super::{Delivery, bounds};
use crate::plan::Plan;
use crate::registry::{ProtocolEntry, RunOptions};
use crate::result::{TRAIL_STEP, TrailMark};
use crate::store::BUILD;
use crate::tap::{Cast, FinalTx, Tap};

/// Schema name in every export.
pub const SCHEMA: &str = "groma.deliveries/1";

/// What an export says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// Number of the window, from 0.
    pub window: u64,
    /// Digest of the build that made it.
    pub build: String,
    /// The plan's key.
    pub key: String,
    /// The plan's label.
    pub label: String,
    /// The fingerprint before the window; that of window 0 is empty.
    pub start: TrailMark,
    /// The fingerprint after it.
    pub end: TrailMark,
    /// Names of the nodes, by number.
    pub nodes: Vec<String>,
}

/// A window of deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extract {
    /// Where it is from.
    pub header: Header,
    /// The deliveries in order.
    pub deliveries: Vec<Delivery>,
}

/// Runs a plan again and keeps the deliveries of one window. `trail`, that of
/// an earlier run of the plan, says when the window is; without one the plan
/// runs twice. A wrong one gives an extract that does not fit it.
///
/// # Errors
/// A sentence when the run was stopped or over before the window.
pub fn extract(
    entry: &ProtocolEntry,
    plan: &Plan,
    options: &RunOptions<'_>,
    window: u64,
    trail: &[TrailMark],
) -> Result<Extract, String> {
    const STOPPED: &str = "the run was stopped";
    let over =
        |deliveries| format!("no window {window}: the run ends after {deliveries} deliveries");
    let own = match trail {
        [] => entry.run(plan, options).ok_or(STOPPED)?.trail,
        trail => trail.to_vec(),
    };
    let known = bounds(&own, window);
    let (start, end) = known.ok_or_else(|| over(own.last().map_or(0, |mark| mark.deliveries)))?;
    let mut collector = Collector::new(window, &start, &end);
    let result = entry
        .run_tapped(plan, options, &mut collector)
        .ok_or(STOPPED)?;
    let found = bounds(&result.trail, window);
    let (start, end) = found.ok_or_else(|| over(result.record.deliveries))?;
    Ok(Extract {
        header: Header {
            schema: SCHEMA.to_owned(),
            window,
            build: BUILD.to_owned(),
            key: plan.key(),
            label: plan.label(),
            start,
            end,
            nodes: collector.nodes,
        },
        deliveries: collector.deliveries,
    })
}

/// Keeps the deliveries of one window.
struct Collector {
    /// Numbers of the deliveries.
    numbers: Range<u64>,
    /// When they come.
    time: (Time, Time),
    nodes: Vec<String>,
    deliveries: Vec<Delivery>,
    /// What came, by its event, and what was sent meanwhile: what its sender
    /// was handling.
    came: BTreeMap<EventId, &'static str>,
    sent: BTreeMap<EventId, &'static str>,
}

impl Collector {
    fn new(window: u64, start: &TrailMark, end: &TrailMark) -> Self {
        let first = window * TRAIL_STEP;
        // Several deliveries may share the last instant.
        let until = end.at_ns.saturating_add(1);
        Self {
            numbers: first..first + TRAIL_STEP,
            time: (Time::from_nanos(start.at_ns), Time::from_nanos(until)),
            nodes: Vec::new(),
            deliveries: Vec::new(),
            came: BTreeMap::new(),
            sent: BTreeMap::new(),
        }
    }

    fn deliver(&mut self, entry: &Entry) {
        let &Entry::Delivered {
            event,
            at,
            to,
            bytes,
            what,
            number,
        } = entry
        else {
            return;
        };
        self.came.insert(event, what);
        let after = self.sent.remove(&event).map(Cow::Borrowed);
        // Deliveries of the first and the last instant may lie outside.
        if let (Some(from), true) = (event.source(), self.numbers.contains(&number)) {
            self.deliveries.push(Delivery {
                number,
                at_ns: at.as_nanos(),
                from: from.0,
                sequence: event.sequence(),
                to: to.0,
                kind: Cow::Borrowed(what),
                bytes,
                after,
            });
        }
    }
}

impl Tap for Collector {
    fn window(&self) -> (Time, Time) {
        self.time
    }

    fn begin(&mut self, cast: &Cast) {
        self.nodes.clone_from(&cast.nodes);
    }

    fn take(&mut self, entries: Vec<Entry>, _finals: &[(Time, FinalTx)]) {
        for entry in entries {
            match entry {
                Entry::Delivered { .. } => self.deliver(&entry),
                Entry::Expired { event, what, .. } => {
                    self.came.insert(event, what);
                }
                Entry::Sent { event, cause, .. } | Entry::Posted { event, cause, .. } => {
                    if let Some(what) = self.came.get(&cause) {
                        self.sent.insert(event, what);
                    }
                }
                _ => {}
            }
        }
    }

    fn is_done(&self, now: Time) -> bool {
        now >= self.time.1
    }
}

/// A delivery as a line of a file: short keys would save little and cost
/// every reader a look at the manual.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    number: u64,
    time_ns: u64,
    from: u32,
    sequence: u64,
    to: u32,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    bytes: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    after: Option<Cow<'a, str>>,
}

impl Extract {
    /// The text of the file.
    ///
    /// # Panics
    /// Never: all keys are strings.
    #[must_use]
    pub fn to_text(&self) -> String {
        let why = "all keys are strings";
        let mut text = serde_json::to_string(&self.header).expect(why);
        text.push('\n');
        for delivery in &self.deliveries {
            let line = Line {
                number: delivery.number,
                time_ns: delivery.at_ns,
                from: delivery.from,
                sequence: delivery.sequence,
                to: delivery.to,
                kind: Cow::Borrowed(&delivery.kind),
                bytes: delivery.bytes,
                after: delivery.after.as_deref().map(Cow::Borrowed),
            };
            let _ = writeln!(text, "{}", serde_json::to_string(&line).expect(why));
        }
        text
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// A sentence that names the line.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let header: Header = serde_json::from_str(lines.next().unwrap_or_default())
            .map_err(|error| format!("line 1: not the header of exported deliveries: {error}"))?;
        if header.schema != SCHEMA {
            let schema = &header.schema;
            return Err(format!("line 1: schema {schema}, {SCHEMA} is read here"));
        }
        let mut deliveries = Vec::new();
        for (index, line) in lines.enumerate() {
            let line: Line<'_> = serde_json::from_str(line)
                .map_err(|error| format!("line {}: not a delivery: {error}", index + 2))?;
            deliveries.push(Delivery {
                number: line.number,
                at_ns: line.time_ns,
                from: line.from,
                sequence: line.sequence,
                to: line.to,
                kind: Cow::Owned(line.kind.into_owned()),
                bytes: line.bytes,
                after: line.after.map(|after| Cow::Owned(after.into_owned())),
            });
        }
        let expected = header
            .end
            .deliveries
            .saturating_sub(header.start.deliveries);
        if deliveries.len() as u64 != expected {
            let found = deliveries.len();
            return Err(format!("{found} of {expected} deliveries: the file is cut"));
        }
        Ok(Self { header, deliveries })
    }

    /// The name of a node.
    #[must_use]
    pub fn node(&self, node: u32) -> String {
        let name = self.header.nodes.get(node as usize);
        name.map_or_else(|| format!("node {node}"), Clone::clone)
    }

    /// Whether the fingerprints before and after the window are those of a
    /// trail. If not, another build made the trail.
    #[must_use]
    pub fn fits(&self, trail: &[TrailMark]) -> bool {
        let same = |a: &TrailMark, b: &TrailMark| {
            (a.deliveries, &a.fingerprint) == (b.deliveries, &b.fingerprint)
        };
        bounds(trail, self.header.window).is_some_and(|(start, end)| {
            same(&start, &self.header.start) && same(&end, &self.header.end)
        })
    }
}
