//! The running fingerprint over all deliveries: equal runs have equal ones,
//! and different runs different ones but for a chance of about 2^-128. It is
//! no cryptographic hash.

/// Odd constants from the binary expansions of the square roots of 2, 3, 5
/// and 7.
const K: [u64; 4] = [
    0x6a09_e667_f3bc_c909,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
];

/// Two independent 64-bit chains, each a bijection of its state for every
/// word absorbed, so that a difference once in never cancels by itself.
#[derive(Clone, Debug)]
pub(crate) struct Fingerprint {
    low: u64,
    high: u64,
}

impl Fingerprint {
    pub(crate) const fn new() -> Self {
        Self {
            low: K[0],
            high: K[1],
        }
    }

    /// Absorbs one delivery. The products of the fields do not depend on the
    /// chain, so only one multiplication per delivery is waited for.
    #[inline]
    pub(crate) fn absorb(&mut self, time: u64, order: u64, target: u32, bytes: u64) {
        let place = bytes.rotate_left(32) ^ u64::from(target);
        let when = time.wrapping_mul(K[2]);
        let who = order.wrapping_mul(K[3]).rotate_left(29);
        let what = place.wrapping_mul(K[1]).rotate_left(47);
        let left = when ^ who ^ what;
        let right = when.rotate_left(37).wrapping_add(who).wrapping_sub(what);
        self.low = (self.low.rotate_left(23) ^ left).wrapping_mul(K[0]);
        self.high = (self.high.rotate_left(41) ^ right).wrapping_mul(K[3]);
    }

    pub(crate) fn value(&self) -> u128 {
        let high = crate::rng::mix(self.high ^ self.low.rotate_left(32));
        (u128::from(high) << 64) | u128::from(crate::rng::mix(self.low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(deliveries: &[(u64, u64, u32, u64)]) -> u128 {
        let mut fingerprint = Fingerprint::new();
        for &(time, order, target, bytes) in deliveries {
            fingerprint.absorb(time, order, target, bytes);
        }
        fingerprint.value()
    }

    #[test]
    fn every_field_and_the_sequence_count() {
        let (a, b) = ((5, 1 << 40, 2, 100), (6, 2 << 40, 3, 100));
        let mut seen = vec![
            of(&[a, b]),
            of(&[b, a]),
            of(&[a]),
            of(&[]),
            of(&[a, a]),
            of(&[(5, 1 << 40, 2, 101)]),
            of(&[(5, 1 << 40, 3, 100)]),
            of(&[(5, (1 << 40) + 1, 2, 100)]),
            of(&[(4, 1 << 40, 2, 100)]),
            of(&[(0, 0, 0, 0)]),
        ];
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }
}
