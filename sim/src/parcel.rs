//! The payloads under way, held once however many copies travel.
//!
//! Labels (size, copies) and contents are kept apart, so that a handler can
//! read its message while it sends others: contents sent by a handler wait in
//! [`Labels::fresh`] until it returns.

/// No index: the end of a list, or nothing there.
pub(crate) const NONE: u32 = u32::MAX;

/// What the engine knows of a payload.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Label {
    /// Bytes on the wire.
    pub(crate) bytes: u64,
    /// Nanoseconds that the sender's egress takes to transmit it.
    pub(crate) transmit: u64,
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
    pub(crate) fn accept(&mut self, content: M, bytes: u64, transmit: u64, copies: u32) -> u32 {
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
                (self.labels.len() - 1) as u32
            }
        };
        self.fresh.push((parcel, content));
        parcel
    }

    #[inline]
    pub(crate) fn label(&self, parcel: u32) -> Label {
        self.labels[parcel as usize]
    }

    /// One copy has come to its end.
    #[inline]
    pub(crate) fn release(&mut self, parcel: u32) {
        let copies = &mut self.labels[parcel as usize].copies;
        *copies -= 1;
        if *copies == 0 {
            self.dead.push(parcel);
        }
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

    /// Takes in what was sent since the last call and drops what has no
    /// copies left.
    #[inline]
    pub(crate) fn settle(&mut self, labels: &mut Labels<M>) {
        for (parcel, content) in labels.fresh.drain(..) {
            let place = parcel as usize;
            if place >= self.0.len() {
                self.0.resize_with(place + 1, || None);
            }
            self.0[place] = Some(content);
        }
        for parcel in labels.dead.drain(..) {
            self.0[parcel as usize] = None;
            labels.free.push(parcel);
        }
    }
}
