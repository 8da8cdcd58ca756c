//! Effects that leave later than the instant at which their handler started:
//! everything that a handler does between two advances of its clock is one
//! bundle, and one event in the queue.

use crate::parcel::{NONE, last_index};

/// Something that a handler does to the world.
#[derive(Debug)]
pub(crate) enum Effect<O> {
    /// One copy to one node.
    Send { to: u32, parcel: u32 },
    /// One copy to each of the bundle's `targets[start..end]`.
    Multicast { parcel: u32, start: u32, end: u32 },
    /// To the node itself.
    Post { parcel: u32 },
    /// To the observer.
    Emit(O),
}

#[derive(Debug)]
pub(crate) struct Bundle<O> {
    /// The life of the node that it belongs to; a crash voids it.
    pub(crate) life: u32,
    /// The order of the event whose handler does this.
    pub(crate) cause: u64,
    pub(crate) effects: Vec<Effect<O>>,
    pub(crate) targets: Vec<u32>,
}

/// All bundles that wait for their time. Emptied ones keep their buffers.
#[derive(Debug)]
pub(crate) struct Bundles<O> {
    bundles: Vec<Bundle<O>>,
    free: Vec<u32>,
}

impl<O> Bundles<O> {
    pub(crate) const fn new() -> Self {
        Self {
            bundles: Vec::new(),
            free: Vec::new(),
        }
    }

    pub(crate) fn open(&mut self, life: u32, cause: u64) -> u32 {
        let index = self.free.pop().unwrap_or(NONE);
        if let Some(bundle) = self.bundles.get_mut(index as usize) {
            bundle.life = life;
            bundle.cause = cause;
            return index;
        }
        self.bundles.push(Bundle {
            life,
            cause,
            effects: Vec::new(),
            targets: Vec::new(),
        });
        last_index(self.bundles.len())
    }

    pub(crate) fn memory(&self) -> usize {
        let buffers = self.bundles.iter().map(|bundle| {
            bundle.effects.capacity() * size_of::<Effect<O>>()
                + bundle.targets.capacity() * size_of::<u32>()
        });
        self.bundles.capacity() * size_of::<Bundle<O>>() + buffers.sum::<usize>()
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> &mut Bundle<O> {
        &mut self.bundles[index as usize]
    }

    /// Takes a bundle out to be carried out; its place stays reserved until
    /// [`Bundles::close`] brings the buffers back.
    pub(crate) fn take(&mut self, index: u32) -> Bundle<O> {
        let empty = Bundle {
            life: 0,
            cause: 0,
            effects: Vec::new(),
            targets: Vec::new(),
        };
        std::mem::replace(&mut self.bundles[index as usize], empty)
    }

    pub(crate) fn close(&mut self, index: u32, mut bundle: Bundle<O>) {
        bundle.effects.clear();
        bundle.targets.clear();
        self.bundles[index as usize] = bundle;
        self.free.push(index);
    }
}
