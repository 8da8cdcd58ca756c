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
    /// Folders of runs by their keys, as a shell in the page's folder takes them;
    /// a run that has none here is in `runs/KEY` there.
    pub folders: BTreeMap<String, String>,
}

impl Findings {
    /// The command that runs a run's plan again, given in the page's folder.
    #[must_use]
    pub fn command(&self, key: &str) -> String {
        match self.folders.get(key) {
            Some(folder) => format!("groma run {folder}/run.json"),
            None => format!("groma run runs/{key}/run.json"),
        }
    }

    /// The command of a run's violation, given in the page's folder. What is not
    /// the replay of a run's own record stays as it is.
    #[must_use]
    pub fn replay(&self, key: &str, recorded: &str) -> String {
        let own = format!("runs/{key}/run.json");
        if recorded.starts_with("groma run ") && recorded.ends_with(&own) {
            self.command(key)
        } else {
            recorded.to_owned()
        }
    }
}
