//! Randomness as named streams derived from one seed.
//!
//! A stream is named by what it is for, so that drawing more from one never
//! shifts another. The named streams are ChaCha8; a node's own generator and
//! the per-message draws of the network are seeded from them and are smaller,
//! because there is one for every node and one draw for every message.
//! Nothing here reads entropy or a clock.

use rand::{Rng, SeedableRng, TryRng};
use rand_chacha::ChaCha8Rng;
use std::convert::Infallible;

/// The source of all randomness of a run.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of a run with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The stream with this name and index. Equal names and indices give
    /// equal streams; any difference gives an independent one.
    ///
    /// The 256-bit ChaCha key is (seed, hash of the name, index, a constant),
    /// so distinct uses have distinct keys unless two names collide in 64 bits.
    #[must_use]
    pub fn stream(&self, name: &str, index: u64) -> Stream {
        const DOMAIN: u64 = u64::from_le_bytes(*b"groma-01");
        let words = [self.seed, hash_name(name), index, DOMAIN];
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Stream(ChaCha8Rng::from_seed(key))
    }
}

/// A random stream; a value generator of the `rand` crates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream(ChaCha8Rng);

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(target);
        Ok(())
    }
}

/// A node's own generator: xoroshiro128++ (Blackman and Vigna 2021), seeded
/// from the stream `node`. It is 16 bytes where ChaCha8 keeps 320, so that it
/// shares a cache line with the rest of what the engine keeps for a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRng([u64; 2]);

impl NodeRng {
    /// The generator whose state is the next 16 bytes of `stream`.
    #[must_use]
    pub fn from_stream(stream: &mut Stream) -> Self {
        let mut state = [stream.next_u64(), stream.next_u64()];
        // The all-zero state is the generator's only fixed point.
        state[0] |= u64::from(state == [0; 2]);
        Self(state)
    }
}

impl TryRng for NodeRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next_u64() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let [a, b] = self.0;
        let drawn = a.wrapping_add(b).rotate_left(17).wrapping_add(a);
        let both = a ^ b;
        self.0 = [
            a.rotate_left(49) ^ both ^ (both << 21),
            both.rotate_left(28),
        ];
        Ok(drawn)
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        for bytes in target.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            bytes.copy_from_slice(&word[..bytes.len()]);
        }
        Ok(())
    }
}

/// Draws addressed by what they are for instead of by how many came before:
/// a keyed hash of a 64-bit name. The network draws a message's jitter and
/// loss this way, from the message's own sequence number, so that no order of
/// execution can change them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addressed {
    key: u64,
    whitener: u64,
}

impl Addressed {
    pub(crate) fn from_stream(stream: &mut Stream) -> Self {
        Self {
            key: stream.next_u64(),
            whitener: stream.next_u64(),
        }
    }

    /// The 64 bits that belong to the pair (`name`, `index`).
    #[inline]
    pub(crate) fn bits(self, name: u64, index: u64) -> u64 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let place = self.whitener ^ index.wrapping_mul(ODD);
        mix(mix(name ^ self.key).wrapping_add(place))
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014, variant 13 of
/// Stafford's constants): a bijection in which every input bit reaches every
/// output bit.
#[inline]
pub(crate) const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// FNV-1a over the bytes of a stream's name.
fn hash_name(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of the reference implementation from the state (1, 2).
    #[test]
    fn the_node_generator_is_xoroshiro() {
        let mut rng = NodeRng([1, 2]);
        assert_eq!(rng.next_u64(), 393_217);
        assert_eq!(rng.next_u64(), 669_327_710_093_319);
        assert_eq!(rng.next_u64(), 1_732_421_326_133_921_491);
    }

    /// Bits drawn by address are as even as drawn ones: each of 64 is set in
    /// half of 65,536 draws, whether names or indices follow each other.
    #[test]
    fn addressed_bits_are_even() {
        let addressed = Addressed::from_stream(&mut Streams::new(1).stream("test", 0));
        let by_name = |draw: u64| addressed.bits((7 << 40) + draw, 1);
        let by_index = |draw: u64| addressed.bits(7 << 40, draw);
        for bits in [&by_name as &dyn Fn(u64) -> u64, &by_index] {
            for bit in 0..64 {
                let set = (0..65_536).filter(|&draw| bits(draw) >> bit & 1 == 1);
                let count = set.count();
                // Five standard deviations of 128.
                assert!((32_128..33_408).contains(&count), "bit {bit}: {count}");
            }
        }
    }
}
