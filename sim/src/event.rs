//! How an event says in 24 bytes who caused it, whom it concerns and what it
//! is. The queue reads none of this but the order.

use crate::parcel::INDEX_BITS;

/// The low bits of an order hold the source's own sequence, enough for 10^12
/// events from one source; the high bits hold the source.
pub(crate) const SEQUENCE_BITS: u32 = 40;

/// The order that precedes a source's first event. Source 0 is the schedule of
/// faults, which therefore come before all else at their instant; then come
/// nodes, then machines, then the sharing of interfaces.
pub(crate) const fn order_before_first(source: u32) -> u64 {
    (source as u64) << SEQUENCE_BITS
}

/// The source of the node with this index.
pub(crate) const fn node_source(node: u32) -> u32 {
    node + 1
}

/// The index of the node that caused the event with this order.
pub(crate) const fn node_of(order: u64) -> u32 {
    (order >> SEQUENCE_BITS) as u32 - 1
}

/// The source of the event with this order.
pub(crate) const fn source_of(order: u64) -> u32 {
    (order >> SEQUENCE_BITS) as u32
}

/// What an event or a job is, in the high bits of its `what`; the low bits
/// hold an index whose meaning depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The last bit of a parcel has come to the target over the network, to a
    /// machine with infinite ingress.
    Deliver,
    /// A parcel is handed to the target: its last bit has passed the ingress,
    /// or it never left the machine.
    Hand,
    /// The first bit of a parcel has come to the target's ingress.
    Arrive,
    /// A bundle of the target's effects leaves.
    Depart,
    /// A timer of the target comes up.
    Timer,
    /// A lane of the target is free for the next job.
    Lane,
    /// A core of the target machine is free for a waiting lane.
    Core,
    /// A fault strikes (index) or heals (target 1).
    Fault,
    /// Connections share the interfaces anew.
    Share,
    /// The target starts, or restarts.
    Start,
    Restart,
}

impl Kind {
    const ALL: [Kind; 16] = [
        Kind::Deliver,
        Kind::Hand,
        Kind::Arrive,
        Kind::Depart,
        Kind::Timer,
        Kind::Lane,
        Kind::Core,
        Kind::Fault,
        Kind::Share,
        Kind::Start,
        Kind::Restart,
        // The rest only makes the table as long as four bits can index.
        Kind::Restart,
        Kind::Restart,
        Kind::Restart,
        Kind::Restart,
        Kind::Restart,
    ];

    #[inline]
    pub(crate) const fn of(self, index: u32) -> u32 {
        debug_assert!(index >> INDEX_BITS == 0);
        ((self as u32) << INDEX_BITS) | index
    }

    #[inline]
    pub(crate) const fn split(what: u32) -> (Kind, u32) {
        let kind = Kind::ALL[(what >> INDEX_BITS) as usize];
        (kind, what & ((1 << INDEX_BITS) - 1))
    }
}
