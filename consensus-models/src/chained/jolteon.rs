//! Jolteon: R. Gelashvili, L. Kokoris-Kogias, A. Sonnino, A. Spiegelman,
//! Z. Xiang, "Jolteon and Ditto: Network-Adaptive Efficient Consensus with
//! Asynchronous Fallback", FC 2022 (arXiv:2106.10362), section 3: the rules.
//!
//! A round is a view. Two certified blocks of consecutive rounds commit the
//! first. There is no lock: a block whose parent is not of the round before
//! must carry a timeout certificate, and its parent must be as high as the
//! highest certificate that the signers of it had seen.

pub use super::{BlockRef, Blocks, Linked, Message, NewView, Proposal, Qc, Record, Tc, Timeout};

use super::{Ballot, Chained, CommitRule, Rules, shared};
use crate::params::{ParamSpec, Params};

/// A replica of Jolteon.
pub type Jolteon = Chained<JolteonRules>;

/// The rules of Jolteon.
#[derive(Clone, Copy, Debug)]
pub struct JolteonRules;

impl Rules for JolteonRules {
    const NAME: &'static str = "jolteon";
    const SOURCE: &'static str = "Gelashvili et al., Jolteon and Ditto: Network-Adaptive \
        Efficient Consensus with Asynchronous Fallback, FC 2022 (Jolteon)";
    const VIEW_TIMEOUT: &'static str = "round_timeout";

    fn params() -> Vec<ParamSpec> {
        let mut specs = shared();
        for spec in &mut specs {
            match spec.name {
                "view_timeout" => {
                    spec.name = Self::VIEW_TIMEOUT;
                    spec.help = "time that a round may take before its leader is given up";
                }
                "max_timeout" => spec.help = "longest round_timeout after back-off",
                "idle_interval" => {
                    spec.help = "wait before an empty block when nothing is pending; \
                        0s: a quarter of round_timeout";
                }
                _ => {}
            }
        }
        specs
    }

    fn new(_params: &Params) -> Self {
        Self
    }

    fn commit_rule(&self) -> CommitRule {
        CommitRule::TwoChain
    }

    fn lock(&self, _parent: u64, _grandparent: u64) -> u64 {
        0
    }

    fn permits(&self, ballot: &Ballot) -> bool {
        ballot.proves_itself()
    }
}
