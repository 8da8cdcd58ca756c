//! The law of contracts, checked by a full scan of their tables.
//!
//! - Two to four different parties were invited, once anybody was; each has signed for itself, and nobody
//!   else has signed.
//! - What is complete was signed by all of them, after it was drafted.
//! - What was exported was complete by then, and says what the contract says; a party or the drafter
//!   exported it.

use groma_ledger::State;
use groma_ledger::contract::{Contract, Contracts, Export, Exports, PARTIES, Stage};

use crate::checks::Checks;
use crate::workload::Breach;

const PARTIES_LAW: &str = "two to four different parties sign, and nobody else";
const COMPLETE: &str = "what is complete was signed by all";
const EXPORTED: &str = "what is exported was complete, and says what the contract says";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    state.for_each::<Contracts>(|id, contract| {
        let detail = || format!("{id:?}: {contract:?}");
        checks.hold(PARTIES_LAW, are_parties(&contract), detail);
        if let Stage::Complete { at_ns } = contract.stage {
            let all = contract.signatures.are_all_of(contract.parties.len());
            checks.hold(COMPLETE, all && contract.drafted_ns <= at_ns, detail);
        }
    });
    state.for_each::<Exports>(|_, export| {
        let contract = state.get::<Contracts>(&export.contract);
        let sound = contract.is_some_and(|contract| is_copy(&export, &contract));
        checks.hold(EXPORTED, sound, || format!("{export:?}"));
    });
    checks.result()
}

fn are_parties(contract: &Contract) -> bool {
    let parties = &contract.parties;
    let apart = (1..parties.len()).all(|place| !parties[..place].contains(&parties[place]));
    let own = |place: u8, by| parties.get(usize::from(place)) == Some(&by);
    let invited = match contract.stage {
        Stage::Drafted => parties.is_empty(),
        Stage::Revoked => parties.is_empty() || PARTIES.contains(&parties.len()),
        Stage::Open | Stage::Complete { .. } => PARTIES.contains(&parties.len()),
    };
    apart && invited && contract.signatures.are_by(own)
}

fn is_copy(export: &Export, contract: &Contract) -> bool {
    let at_ns = export.complete_ns;
    contract.stage == Stage::Complete { at_ns }
        && at_ns <= export.at_ns
        && contract.digest == export.digest
        && contract.concerns(export.contract, export.by)
}
