//! What the citizens of each region saw: the same load as the recorder counts,
//! parted by the gateways' regions.

use groma_sim::NodeId;
use hdrhistogram::Histogram;

use crate::layout::Layout;
use crate::plan::Plan;
use crate::recorder::fine;
use crate::result::{Percentiles, RegionRecord};

/// One region's tally.
#[derive(Debug)]
pub struct Region {
    /// Its counts.
    pub row: RegionRecord,
    /// Its finality latencies, in microseconds.
    pub finality: Histogram<u64>,
}

/// All regions with gateways.
#[derive(Debug)]
pub struct Regions {
    /// The first gateway's node.
    first: u32,
    /// The region of each gateway.
    of_gateway: Vec<u32>,
    regions: Vec<Region>,
}

impl Regions {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(plan: &Plan, layout: &Layout) -> Self {
        let region = |part: &crate::plan::RegionPlan| Region {
            row: RegionRecord {
                region: part.region.clone(),
                offered: 0,
                finalised: 0,
                rejected: 0,
                shed: 0,
                finality_ms: Percentiles::default(),
            },
            finality: fine(),
        };
        Self {
            first: plan.replicas(),
            of_gateway: layout.gateway_regions.clone(),
            regions: plan.committee.iter().map(region).collect(),
        }
    }

    /// The region of a gateway's node.
    pub fn of(&mut self, node: NodeId) -> &mut Region {
        let gateway = (node.0 - self.first) as usize;
        &mut self.regions[self.of_gateway[gateway] as usize]
    }

    /// The records, in the order of the committee; a region without load has
    /// none.
    #[must_use]
    pub fn finish(self) -> Vec<RegionRecord> {
        let close = |mut region: Region| {
            region.row.finality_ms = Percentiles::of(&region.finality);
            region.row
        };
        let seen = self
            .regions
            .into_iter()
            .filter(|region| region.row.offered > 0);
        seen.map(close).collect()
    }
}
