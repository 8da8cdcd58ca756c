//! How blocks spread over a network of peers: when how many replicas held one.

use std::collections::BTreeMap;

use groma_consensus_models::BlockId;
use groma_sim::Time;
use hdrhistogram::Histogram;

use crate::plan::Plan;
use crate::recorder::{count, fine};
use crate::result::{Percentiles, PropagationRecord};

/// Blocks that are followed at once; the oldest is given up beyond that.
const MAX_OPEN: usize = 4_096;

/// The blocks under way and what was measured of the others.
#[derive(Debug)]
pub struct Propagation {
    replicas: u32,
    /// Holders so far, by time of creation and name.
    open: BTreeMap<(Time, BlockId), u32>,
    each: Histogram<u64>,
    half: Histogram<u64>,
    nine_tenths: Histogram<u64>,
}

impl Propagation {
    /// Nothing has spread yet.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            replicas: plan.replicas(),
            open: BTreeMap::new(),
            each: fine(),
            half: fine(),
            nine_tenths: fine(),
        }
    }

    /// One more replica holds a block, which was created then and counts as so many.
    pub fn held(&mut self, at: Time, id: BlockId, (created, weight): (Time, u64)) {
        let holders = self.open.entry((created, id)).or_default();
        *holders += 1;
        let holders = *holders;
        // The first holder made it.
        if holders > 1 {
            count(&mut self.each, created, at, weight);
        }
        if holders == self.replicas.div_ceil(2) {
            count(&mut self.half, created, at, weight);
        }
        if holders == (self.replicas * 9).div_ceil(10) {
            count(&mut self.nine_tenths, created, at, weight);
        }
        if holders == self.replicas {
            self.open.remove(&(created, id));
        } else if self.open.len() > MAX_OPEN {
            self.open.pop_first();
        }
    }

    /// What was measured; nothing where no block spread by gossip.
    #[must_use]
    pub fn finish(&self) -> Option<PropagationRecord> {
        (!self.each.is_empty()).then(|| PropagationRecord {
            each: Percentiles::of(&self.each),
            half: Percentiles::of(&self.half),
            nine_tenths: Percentiles::of(&self.nine_tenths),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_timed_at_every_replica_at_half_of_them_and_at_nine_tenths() {
        let mut spread = Propagation {
            replicas: 10,
            open: BTreeMap::new(),
            each: fine(),
            half: fine(),
            nine_tenths: fine(),
        };
        assert!(spread.finish().is_none());
        for ms in 0..10 {
            let at = Time::from_nanos((100 + ms) * 1_000_000);
            spread.held(at, BlockId(7), (Time::from_nanos(100_000_000), 1));
        }
        let found = spread.finish().expect("it spread");
        // A histogram keeps three digits.
        let close = |found: Option<f64>, ms: f64| {
            let found = found.expect("something was counted");
            assert!((found - ms).abs() < 0.01, "{found} for {ms}");
        };
        assert_eq!((found.each.count, found.half.count), (9, 1));
        close(found.each.mean, 5.0);
        close(found.half.p50, 4.0);
        close(found.nine_tenths.p50, 8.0);
        assert!(spread.open.is_empty());
    }
}
