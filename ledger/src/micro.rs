//! The micro benchmarks of BLOCKBENCH (docs/sources.md BLOCKBENCH): one layer at a time.
//!
//! [`MicroTx::Nothing`] costs what consensus and the ledger cost by themselves; [`MicroTx::Sort`] sorts
//! n..1 by the quicksort of the original; [`MicroTx::Write`] and [`MicroTx::Scan`] move pairs of a key of
//! 20 bytes and a value of 100. All of it is really done. A sort leaves its checksum under its sender,
//! where nobody else waits for it.

use crate::access::Access;
use crate::account::AccountId;
use crate::hash::TxId;
use crate::receipt::Reason;
use crate::record::{Context, Rule, Table, Touches};
use borsh::{BorshDeserialize, BorshSerialize};

/// What may be asked.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum MicroTx {
    /// Nothing.
    Nothing,
    /// Sorts the numbers from `size` down to 1.
    Sort {
        /// How many, 1 to [`SORT_LIMIT`].
        size: u32,
    },
    /// Writes pairs in a row.
    Write {
        /// The number of the first key.
        first: u64,
        /// How many, 1 to [`PAIRS_LIMIT`].
        count: u16,
    },
    /// Reads pairs in a row, which must be there.
    Scan {
        /// The number of the first key.
        first: u64,
        /// How many, 1 to [`PAIRS_LIMIT`].
        count: u16,
    },
}

/// The largest sort: a second of work or less.
pub const SORT_LIMIT: u32 = 10_000_000;
/// The most pairs of one transaction.
pub const PAIRS_LIMIT: u16 = 1_000;

/// A key: its number in 20 decimal digits.
pub type PairKey = [u8; 20];
/// A value: its key, then the id of its writer over and over.
pub type PairValue = [u8; 100];

/// The key of a number.
pub fn key(number: u64) -> PairKey {
    let mut key = [b'0'; 20];
    let mut rest = number;
    for digit in key.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    key
}

/// What a transaction writes under a key.
pub fn value(key: &PairKey, writer: TxId) -> PairValue {
    let mut value = [0; 100];
    let (head, tail) = value.split_at_mut(key.len());
    head.copy_from_slice(key);
    for part in tail.chunks_mut(writer.0.len()) {
        part.copy_from_slice(&writer.0[..part.len()]);
    }
    value
}

/// Pairs by key.
pub struct Pairs;

impl Table for Pairs {
    const ID: u8 = 208;
    const NAME: &'static str = "micro_pairs";
    type Key = PairKey;
    type Value = PairValue;
}

/// What a sender's last sort came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct Sorted {
    /// How many numbers.
    pub size: u32,
    /// The sum of each number times its place from 1.
    pub checksum: u64,
    /// How often the sender has sorted.
    pub runs: u64,
}

/// Sorts by sender.
pub struct Sorts;

impl Table for Sorts {
    const ID: u8 = 209;
    const NAME: &'static str = "micro_sorts";
    type Key = AccountId;
    type Value = Sorted;
}

fn pairs(first: u64, count: u16) -> impl Iterator<Item = PairKey> {
    let numbers = 0..u64::from(count.min(PAIRS_LIMIT));
    numbers.map(move |step| key(first.wrapping_add(step)))
}

impl Rule for MicroTx {
    fn kind(&self) -> &'static str {
        match self {
            MicroTx::Nothing => "micro.nothing",
            MicroTx::Sort { .. } => "micro.sort",
            MicroTx::Write { .. } => "micro.write",
            MicroTx::Scan { .. } => "micro.scan",
        }
    }

    fn touches(&self, context: &Context, touches: &mut Touches) {
        match *self {
            MicroTx::Nothing => {}
            MicroTx::Sort { .. } => touches.write::<Sorts>(&context.sender),
            MicroTx::Write { first, count } => {
                pairs(first, count).for_each(|key| touches.write::<Pairs>(&key));
            }
            MicroTx::Scan { first, count } => {
                pairs(first, count).for_each(|key| touches.read::<Pairs>(&key));
            }
        }
    }

    /// As measured on a core on which a payment takes 0.8 us: 72 us for 10,000 numbers, by n log n;
    /// 0.8 us to read a pair, and three times that to write one, beside its root.
    fn weight(&self) -> u64 {
        match *self {
            MicroTx::Nothing => 1,
            MicroTx::Sort { size } if size == 0 || size > SORT_LIMIT => 1,
            MicroTx::Sort { size } => 1 + u64::from(size) * u64::from(size.ilog2()) / 1_450,
            MicroTx::Write { count, .. } => 3 * u64::from(count.clamp(1, PAIRS_LIMIT)),
            MicroTx::Scan { count, .. } => u64::from(count.clamp(1, PAIRS_LIMIT)),
        }
    }

    fn apply(&self, context: &Context, access: &mut Access<'_>) -> Result<(), Reason> {
        match *self {
            MicroTx::Nothing => Ok(()),
            MicroTx::Sort { size } => {
                if size == 0 || size > SORT_LIMIT {
                    return Err(Reason::Malformed);
                }
                let before = access.load::<Sorts>(&context.sender).unwrap_or_default();
                let after = Sorted {
                    size,
                    checksum: sort(size),
                    runs: before.runs + 1,
                };
                access.put::<Sorts>(context.sender, after);
                Ok(())
            }
            MicroTx::Write { first, count } => {
                check_range(first, count)?;
                for key in pairs(first, count) {
                    access.put::<Pairs>(key, value(&key, context.id));
                }
                Ok(())
            }
            MicroTx::Scan { first, count } => {
                check_range(first, count)?;
                let found = pairs(first, count).all(|key| access.get::<Pairs>(&key).is_some());
                found.then_some(()).ok_or(Reason::Dependency)
            }
        }
    }
}

fn check_range(first: u64, count: u16) -> Result<(), Reason> {
    let fits = first.checked_add(u64::from(count)).is_some();
    if count == 0 || count > PAIRS_LIMIT || !fits {
        return Err(Reason::Malformed);
    }
    Ok(())
}

/// Sorts `size..1` and sums what came out by place.
fn sort(size: u32) -> u64 {
    let mut numbers: Vec<u32> = (1..=size).rev().collect();
    quicksort(&mut numbers);
    let placed = (1_u64..).zip(&numbers);
    placed.fold(0, |sum, (place, number)| {
        sum.wrapping_add(place.wrapping_mul(u64::from(*number)))
    })
}

/// The quicksort of the contract: the pivot is in the middle, the halves meet. On n..1 it is balanced,
/// and so goes no deeper than the logarithm of n.
fn quicksort(numbers: &mut [u32]) {
    let Some(last) = numbers.len().checked_sub(1).filter(|last| *last > 0) else {
        return;
    };
    let pivot = numbers[last / 2];
    // `right` is one past the place of the contract's, which may fall below zero.
    let (mut left, mut right) = (0, last + 1);
    while left < right {
        while numbers[left] < pivot {
            left += 1;
        }
        while pivot < numbers[right - 1] {
            right -= 1;
        }
        if left < right {
            numbers.swap(left, right - 1);
            left += 1;
            right -= 1;
        }
    }
    quicksort(&mut numbers[..right]);
    quicksort(&mut numbers[left..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quicksort_sorts() {
        let mut seed = 1_u64;
        for size in 0..200_u32 {
            let mut numbers: Vec<u32> = (0..size)
                .map(|_| {
                    seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                    (seed >> 33) as u32 % 50
                })
                .collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            quicksort(&mut numbers);
            assert_eq!(numbers, expected);
        }
    }

    #[test]
    fn a_key_is_its_number_and_a_value_begins_with_its_key() {
        assert_eq!(&key(0), b"00000000000000000000");
        assert_eq!(&key(u64::MAX), b"18446744073709551615");
        let value = value(&key(7), TxId([9; 32]));
        assert_eq!(value[..20], key(7));
        assert_eq!(value[20..], [9; 80]);
    }
}
