//! Counters by number, each from zero.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// One counter per key that was ever asked for. Keys are looked up and never iterated, so the order
/// of the map can reach no result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    next: HashMap<u64, u32, BuildHasherDefault<Mixer>>,
}

impl Counters {
    /// The count of `key` so far, which goes up by one.
    pub(crate) fn take(&mut self, key: u64) -> u64 {
        let next = self.next.entry(key).or_insert(0);
        let count = *next;
        *next += 1;
        u64::from(count)
    }
}

/// Hashes one number by a multiplication and a shift: keys are our own, so nobody can aim at
/// collisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
