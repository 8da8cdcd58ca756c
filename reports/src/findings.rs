//! What a page shows besides its runs: documents that other verbs wrote next
//! to them. Knows no files; whoever reads them fills it in.

use std::collections::BTreeMap;

use groma_experiment::certificate::Certificate;
use groma_experiment::why::Why;

use crate::lens::SecondRuns;

/// Documents beside the runs; none of them need be there.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Capacity certificates.
    pub certificates: Vec<Certificate>,
    /// What `groma why` found.
    pub whys: Vec<Why>,
    /// Runs of the same plans under the loads of other tools, by the key of the
    /// run that they belong to.
    pub second_runs: BTreeMap<String, SecondRuns>,
}
