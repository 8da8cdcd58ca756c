//! Nonces that need no memory of everybody who ever sent.
//!
//! A sender's nonce is the second in which it sends, or one more than its last nonce if that is
//! larger. So nonces still rise from one transaction to the next, and a sender needs to be
//! remembered only while its last nonce is not behind the clock: at most those of the current
//! second, and the few that send more than once a second all the time. Memory is flat over virtual
//! time however large the city is.
//!
//! The ledger tells a sender's newest 128 nonces apart, so a transaction may come up to 127 s
//! behind a later one of the same sender.

use core::time::Duration;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::counters::Mixer;

/// The next nonce of each sender that is ahead of the clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nonces {
    second: u64,
    next: HashMap<u64, u64, BuildHasherDefault<Mixer>>,
}

impl Nonces {
    /// The nonce of a sender's transaction at `now`, which never decreases from call to call.
    pub(crate) fn take(&mut self, sender: u64, now: Duration) -> u64 {
        let second = now.as_secs();
        if second > self.second {
            self.second = second;
            // Each entry is judged by itself, so the order of the map can reach no result.
            self.next.retain(|_, next| *next > second);
        }
        let next = self.next.entry(sender).or_insert(0);
        let nonce = second.max(*next);
        *next = nonce + 1;
        nonce
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_rise_and_memory_is_flat() {
        let mut nonces = Nonces::default();
        let mut last = std::collections::BTreeMap::new();
        for k in 0..200_000_u64 {
            // A busy sender every millisecond, 100,000 rare ones in between, 1,000 per second.
            let now = Duration::from_millis(k / 2);
            let sender = if k % 2 == 0 {
                0
            } else {
                1 + k * 7919 % 100_000
            };
            let nonce = nonces.take(sender, now);
            let before = last.insert(sender, nonce);
            assert!(
                before.is_none_or(|before| before < nonce),
                "sender {sender}: {before:?}, then {nonce}"
            );
            assert!(nonce == k / 2 || nonce == now.as_secs(), "{nonce}");
            assert!(nonces.next.len() <= 1_001);
        }
    }
}
