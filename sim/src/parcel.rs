//! The payloads under way, held once however many copies travel.
//!
//! Labels (size, copies) and contents are kept apart, so that a handler can
//! read its message while it sends others: contents sent by a handler wait in
//! [`Labels::fresh`] until it returns.

use crate::time::Span;

/// No index: the end of a list, or nothing there.
pub(crate) const NONE: u32 = u32::MAX;

/// Bits of an index inside an event.
pub(crate) const INDEX_BITS: u32 = 28;

/// The index of the last entry of a pool with so many.
///
/// # Panics
/// If events could not tell it: a quarter of a billion things pending at once
/// are a run without limits.
pub(crate) fn last_index(count: usize) -> u32 {
    assert!(
        count <= 1 << INDEX_BITS,
        "{count} things are pending at once"
    );
    (count - 1) as u32
}

/// What the engine knows of a payload.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Label {
    /// Bytes on the wire.
    pub(crate) bytes: u64,
    /// How long the sender's egress takes to transmit it.
    pub(crate) transmit: Span,
    copies: u32,
}

#[derive(Debug)]
pub(crate) struct Labels<M> {
    labels: Vec<Label>,
    free: Vec<u32>,
    /// Contents that are not yet in the hold.
    fresh: Vec<(u32, M)>,
    /// Parcels without copies whose contents are still held.
    dead: Vec<u32>,
}

/// The contents of parcels, by index.
#[derive(Debug)]
pub(crate) struct Hold<M>(Vec<Option<M>>);

impl<M> Labels<M> {
    pub(crate) const fn new() -> Self {
        Self {
            labels: Vec::new(),
            free: Vec::new(),
            fresh: Vec::new(),
            dead: Vec::new(),
        }
    }

    /// Accepts a payload of which `copies` (at least one) will travel.
    #[inline]
    pub(crate) fn accept(&mut self, content: M, bytes: u64, transmit: Span, copies: u32) -> u32 {
        let label = Label {
            bytes,
            transmit,
            copies,
        };
        let parcel = match self.free.pop() {
            Some(parcel) => {
                self.labels[parcel as usize] = label;
                parcel
            }
            None => {
                self.labels.push(label);
                last_index(self.labels.len())
            }
        };
        self.fresh.push((parcel, content));
        parcel
    }

    #[inline]
    pub(crate) fn label(&self, parcel: u32) -> Label {
        self.labels[parcel as usize]
    }

    /// One copy has come to its end; true if it was the last, and the
    /// caller must have the hold dispose of the content.
    #[inline]
    #[must_use]
    pub(crate) fn release(&mut self, parcel: u32) -> bool {
        let copies = &mut self.labels[parcel as usize].copies;
        *copies -= 1;
        *copies == 0
    }

    /// One copy has come to its end where the hold is out of reach.
    #[cold]
    pub(crate) fn release_later(&mut self, parcel: u32) {
        if self.release(parcel) {
            self.dead.push(parcel);
        }
    }

    /// Whether the hold has contents to take in or to dispose of.
    #[inline]
    pub(crate) fn is_settled(&self) -> bool {
        self.fresh.is_empty() && self.dead.is_empty()
    }

    pub(crate) fn memory(&self) -> usize {
        self.labels.capacity() * size_of::<Label>()
            + (self.free.capacity() + self.dead.capacity()) * size_of::<u32>()
            + self.fresh.capacity() * size_of::<(u32, M)>()
    }

    /// How many parcels are under way.
    pub(crate) fn held(&self) -> usize {
        self.labels.len() - self.free.len()
    }
}

impl<M> Hold<M> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The content of a parcel under way.
    #[inline]
    pub(crate) fn content(&self, parcel: u32) -> &M {
        self.0[parcel as usize]
            .as_ref()
            .expect("a parcel under way has its content in the hold")
    }

    pub(crate) fn memory(&self) -> usize {
        self.0.capacity() * size_of::<Option<M>>()
    }

    /// Whether a parcel's content is here; reads it.
    #[inline]
    pub(crate) fn holds(&self, parcel: u32) -> bool {
        self.0[parcel as usize].is_some()
    }

    /// One copy of a parcel has come to its end.
    #[inline]
    pub(crate) fn release(&mut self, labels: &mut Labels<M>, parcel: u32) {
        if labels.release(parcel) {
            self.0[parcel as usize] = None;
            labels.free.push(parcel);
        }
    }

    /// Takes in what was sent since the last call and disposes of what was
    /// released out of reach.
    #[inline(always)]
    pub(crate) fn settle(&mut self, labels: &mut Labels<M>) {
        while let Some((parcel, content)) = labels.fresh.pop() {
            let place = parcel as usize;
            if place >= self.0.len() {
                self.0.resize_with(place + 1, || None);
            }
            self.0[place] = Some(content);
        }
        while let Some(parcel) = labels.dead.pop() {
            self.0[parcel as usize] = None;
            labels.free.push(parcel);
        }
    }
}
