//! What a record holds that was never written.
//!
//! A benchmark is loaded with a million records of random contents. Here the contents follow from the
//! record's number, and so cost no memory before they change. Knows no kind.

/// A number below `range` that follows from a record's number; each `salt` gives other ones, and all
/// come about alike. `range` is at most 2^32.
pub fn spread(number: u64, salt: u64, range: u64) -> u64 {
    // The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    let mut bits = number
        .wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    ((bits >> 32) * range) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_come_about_alike() {
        for salt in 0..3 {
            let mut counts = [0_u32; 10];
            for number in 0..100_000 {
                counts[spread(number, salt, 10) as usize] += 1;
            }
            let expected = 9_500..10_500;
            assert!(
                counts.iter().all(|count| expected.contains(count)),
                "{counts:?}"
            );
        }
        assert_ne!(spread(1, 0, 1 << 32), spread(1, 1, 1 << 32));
        assert!(spread(u64::MAX, u64::MAX, 1 << 32) < 1 << 32);
    }
}
