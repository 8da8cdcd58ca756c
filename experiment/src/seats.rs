//! Who sits where: the region of every replica id. Knows no machines.

use groma_consensus_models::mix;

use crate::plan::{RegionPlan, Seating};

/// Keeps the draw of an order apart from other uses of the seed.
const SALT: u64 = 0x7365_6174;

/// Region index of every replica id, in order of ids.
#[must_use]
pub fn seats(committee: &[RegionPlan], seating: Seating, seed: u64) -> Vec<u32> {
    let mut seats: Vec<(u64, u32)> = Vec::new();
    for (region, part) in (0..).zip(committee) {
        for index in 0..part.replicas {
            let rank = match seating {
                Seating::ByRegion => 0,
                Seating::Interleaved => u64::from(index),
                Seating::Shuffled => mix(mix(SALT, seed), seats.len() as u64),
            };
            seats.push((rank, region));
        }
    }
    // Stable, so that equal ranks stay in the order of the regions.
    seats.sort_by_key(|&(rank, _)| rank);
    seats.into_iter().map(|(_, region)| region).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committee(replicas: &[u32]) -> Vec<RegionPlan> {
        let part = |&replicas: &u32| RegionPlan {
            region: "x".to_owned(),
            replicas,
            up_bps: 0,
            down_bps: 0,
            people: 0,
        };
        replicas.iter().map(part).collect()
    }

    #[test]
    fn regions_sit_together_or_take_turns() {
        let parts = committee(&[3, 1, 2]);
        let by_region = seats(&parts, Seating::ByRegion, 1);
        assert_eq!(by_region, [0, 0, 0, 1, 2, 2]);
        let turns = seats(&parts, Seating::Interleaved, 1);
        assert_eq!(turns, [0, 1, 2, 0, 2, 0]);
    }

    #[test]
    fn a_shuffle_follows_the_seed_and_loses_nobody() {
        let parts = committee(&[20, 20]);
        let drawn = |seed| seats(&parts, Seating::Shuffled, seed);
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert_eq!(drawn(1).iter().filter(|&&region| region == 0).count(), 20);
    }
}
