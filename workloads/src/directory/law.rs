//! The law of the directory, checked by a full scan of its requests.
//!
//! - One agency asks another for what that has published, and not taken out of use.
//! - What is approved, or came further, has both agreements; nothing else has. Each was given by an
//!   account of the owner, or of the supervisor.
//! - Only what was approved is delivered, and what is acknowledged is what was delivered; what is
//!   disputed is something else.
//! - Only what was acknowledged is rated, with one to five stars.

use groma_ledger::State;
use groma_ledger::directory::{Entries, OWNER, Request, RequestId, Requests, Stage};
use groma_ledger::roles::Seats;

use crate::checks::Checks;
use crate::workload::Breach;

const ASKED: &str = "one agency asks another for what it has published";
const AGREED: &str = "owner and supervisor have both agreed to what is approved";
const SAME: &str = "what is acknowledged is what was delivered";
const RATED: &str = "what is rated was acknowledged";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(agencies: Seats, supervisor: Seats, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    state.for_each::<Requests>(|id, request| {
        let detail = || format!("{id:?}: {request:?}");
        checks.hold(ASKED, is_asked(agencies, state, id, &request), detail);
        let approved = !matches!(request.stage, Stage::Open | Stage::Denied);
        let may = |place, by| match place {
            OWNER => agencies.holder(by) == Some(request.entry.owner.into()),
            _ => supervisor.holder(by).is_some(),
        };
        let agreed = request.is_agreed() == approved && request.signatures.are_by(may);
        checks.hold(AGREED, agreed, detail);
        checks.hold(SAME, is_received(&request), detail);
        let rated = request
            .stars
            .is_none_or(|stars| request.stage == Stage::Acked && (1..=5).contains(&stars));
        checks.hold(RATED, rated, detail);
    });
    checks.result()
}

fn is_asked(agencies: Seats, state: &State, id: RequestId, request: &Request) -> bool {
    let other = agencies
        .holder(id.requester)
        .is_some_and(|agency| agency != u32::from(request.entry.owner));
    let published = state.get::<Entries>(&request.entry).is_some_and(|entry| {
        let open = entry.published_ns <= request.asked_ns;
        let gone = |deprecated_ns| deprecated_ns < request.asked_ns;
        open && !entry.deprecated_ns.is_some_and(gone)
    });
    other && published
}

fn is_received(request: &Request) -> bool {
    let Request {
        delivered,
        received,
        ..
    } = request;
    match request.stage {
        Stage::Open | Stage::Denied | Stage::Approved => delivered.is_none() && received.is_none(),
        Stage::Delivered => delivered.is_some() && received.is_none(),
        Stage::Acked => delivered.is_some() && received == delivered,
        Stage::Disputed => delivered.is_some() && received.is_some() && received != delivered,
    }
}
