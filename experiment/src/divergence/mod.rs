//! The first event in which two runs differ.
//!
//! Runs keep their fingerprint every 65,536 deliveries, so that two trails say
//! in which window of deliveries the runs part. The deliveries of that window
//! alone are made again (or read from a file that another build exported) and
//! compared one by one. This file compares; it runs nothing.

pub mod export;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::Serialize;

use crate::result::{TRAIL_STEP, TrailMark};

pub use export::{Extract, Header, extract};

/// One delivery of a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// How many deliveries of the run came before it.
    pub number: u64,
    /// When it came, in virtual nanoseconds.
    pub at_ns: u64,
    /// The node that sent it.
    pub from: u32,
    /// The sender's own sequence: with `from`, its name.
    pub sequence: u64,
    /// The node that received it.
    pub to: u32,
    /// What it is.
    pub kind: Cow<'static, str>,
    /// Bytes on the wire; 0 for what a node hands itself.
    pub bytes: u64,
    /// What the handler that sent it was handling, if that came within the
    /// window. It explains and is not compared.
    pub after: Option<Cow<'static, str>>,
}

impl Delivery {
    fn is_same_as(&self, other: &Self) -> bool {
        (self.from, self.sequence, self.to) == (other.from, other.sequence, other.to)
            && self.kind == other.kind
    }
}

/// What may differ between two deliveries of the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// The instant.
    Time,
    /// The sending node.
    Sender,
    /// The sender's sequence.
    Sequence,
    /// The receiving node.
    Receiver,
    /// What it is.
    Kind,
    /// Bytes on the wire.
    Bytes,
}

impl Field {
    /// The field in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Sender => "sender",
            Self::Sequence => "sequence",
            Self::Receiver => "receiver",
            Self::Kind => "kind",
            Self::Bytes => "bytes",
        }
    }
}

/// Where an event of one side stands on the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// At the same place.
    Here,
    /// Further on in the window.
    Later {
        /// Its number there.
        number: u64,
        /// Its time there less its time here, in nanoseconds.
        by_ns: i64,
    },
    /// Nowhere in the window.
    Absent,
}

/// One side of a divergence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// What came there; `None` when the run was over.
    pub event: Option<Delivery>,
    /// What became of it on the other side; absent when there is no event.
    pub fate: Fate,
    /// What came next, the event itself first.
    pub then: Vec<Delivery>,
}

/// The first event in which two runs differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// Deliveries that both runs had alike before it.
    pub number: u64,
    /// Which fields differ; none when one run was over.
    pub fields: Vec<Field>,
    /// The base's side.
    pub base: Side,
    /// The head's side.
    pub head: Side,
    /// The last common deliveries before it.
    pub before: Vec<Delivery>,
    /// What its sender had done on one side only, when the event is the same
    /// but for its sequence.
    pub surplus: Option<Surplus>,
}

/// A sender's sequence counts all that it causes: messages, timers, work that
/// ends later. One that is ahead has done more before, and what it sent then is
/// where the runs really part, though it came later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Surplus {
    /// Whether the base is ahead, and not the head.
    pub in_base: bool,
    /// By how many events.
    pub count: u64,
    /// Those of them that come within the window, in the order of the sequence.
    pub came: Vec<Delivery>,
}

/// The window of deliveries in which two trails part: `None` when they end with
/// the same fingerprint after the same deliveries.
#[must_use]
pub fn first_window(base: &[TrailMark], head: &[TrailMark]) -> Option<u64> {
    let agrees = |(a, b): (&TrailMark, &TrailMark)| {
        (a.deliveries, &a.fingerprint) == (b.deliveries, &b.fingerprint)
    };
    let common = base.iter().zip(head).take_while(|&pair| agrees(pair));
    let alike = common.count();
    if alike == base.len() && alike == head.len() {
        return None;
    }
    let before = alike.checked_sub(1).map_or(0, |last| base[last].deliveries);
    Some(before / TRAIL_STEP)
}

/// A window's bounds in a trail: the marks before its first delivery and after
/// its last. `None` when the run was over before it; an empty one when it was
/// over just there.
#[must_use]
pub fn bounds(trail: &[TrailMark], window: u64) -> Option<(TrailMark, TrailMark)> {
    let first = window * TRAIL_STEP;
    let start = match window {
        0 => origin(),
        _ => trail.iter().find(|mark| mark.deliveries == first)?.clone(),
    };
    let after = trail.iter().find(|mark| mark.deliveries > first);
    let end = after.unwrap_or(&start).clone();
    Some((start, end))
}

/// Before the first delivery there is nothing to have a fingerprint of.
fn origin() -> TrailMark {
    TrailMark {
        deliveries: 0,
        at_ns: 0,
        fingerprint: String::new(),
    }
}

/// Compares the deliveries of one window, and shows so many around the first
/// difference. `None` when they are the same.
#[must_use]
pub fn compare(base: &[Delivery], head: &[Delivery], context: usize) -> Option<Divergence> {
    let same = |(a, b): &(&Delivery, &Delivery)| fields(Some(a), Some(b)).is_empty();
    let alike = base.iter().zip(head).take_while(same).count();
    if alike == base.len() && alike == head.len() {
        return None;
    }
    let first = base.get(alike).or(head.get(alike))?;
    let (ours, theirs) = (&base[alike..], &head[alike..]);
    Some(Divergence {
        number: first.number,
        fields: fields(ours.first(), theirs.first()),
        base: side(ours, theirs, context),
        head: side(theirs, ours, context),
        before: base[alike.saturating_sub(context)..alike].to_vec(),
        surplus: surplus(ours, theirs),
    })
}

fn surplus(base: &[Delivery], head: &[Delivery]) -> Option<Surplus> {
    let (a, b) = (base.first()?, head.first()?);
    if fields(Some(a), Some(b)) != [Field::Sequence] {
        return None;
    }
    let in_base = a.sequence > b.sequence;
    let (ahead, from) = if in_base {
        (base, a.from)
    } else {
        (head, b.from)
    };
    let more = a.sequence.min(b.sequence)..a.sequence.max(b.sequence);
    let theirs = |event: &&Delivery| event.from == from && more.contains(&event.sequence);
    let mut came: Vec<Delivery> = ahead.iter().filter(theirs).cloned().collect();
    came.sort_by_key(|event| event.sequence);
    Some(Surplus {
        in_base,
        count: more.end - more.start,
        came,
    })
}

fn side(own: &[Delivery], other: &[Delivery], context: usize) -> Side {
    let fate = own.first().map_or(Fate::Absent, |event| fate(event, other));
    Side {
        event: own.first().cloned(),
        fate,
        then: own.iter().take(context.max(1)).cloned().collect(),
    }
}

fn fate(event: &Delivery, other: &[Delivery]) -> Fate {
    let place = other.iter().position(|there| there.is_same_as(event));
    match place {
        None => Fate::Absent,
        Some(0) => Fate::Here,
        Some(place) => Fate::Later {
            number: other[place].number,
            by_ns: other[place].at_ns.cast_signed() - event.at_ns.cast_signed(),
        },
    }
}

fn fields(base: Option<&Delivery>, head: Option<&Delivery>) -> Vec<Field> {
    let (Some(a), Some(b)) = (base, head) else {
        return Vec::new();
    };
    let differs = [
        (Field::Time, a.at_ns != b.at_ns),
        (Field::Sender, a.from != b.from),
        (Field::Sequence, a.sequence != b.sequence),
        (Field::Receiver, a.to != b.to),
        (Field::Kind, a.kind != b.kind),
        (Field::Bytes, a.bytes != b.bytes),
    ];
    let found = differs.into_iter().filter(|(_, differs)| *differs);
    found.map(|(field, _)| field).collect()
}
