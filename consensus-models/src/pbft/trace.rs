//! Short forms of messages and records for traces.
//!
//! `h` is a height, `v` a view, `r` a replica, `b` a batch; four hex digits
//! name a block.

use std::fmt::{self, Debug, Formatter};

use super::durable::Record;
use super::message::{Certificate, Content, Message, NewView, StableProof, Status, ViewChange};
use crate::block::{BatchId, Block, BlockId};
use crate::committee::ReplicaSet;
use crate::protocol::Message as _;

fn join(out: &mut Formatter<'_>, words: impl Iterator<Item = String>) -> fmt::Result {
    write!(out, "[{}]", words.collect::<Vec<_>>().join(" "))
}

fn signers(out: &mut Formatter<'_>, set: &ReplicaSet) -> fmt::Result {
    join(out, set.iter().map(|id| format!("r{}", id.0)))
}

fn batches(ids: impl Iterator<Item = BatchId>) -> String {
    let names: Vec<String> = ids.map(|id| format!("b{}", id.0)).collect();
    format!("[{}]", names.join(" "))
}

fn name(digest: BlockId) -> String {
    format!("{:04x}", digest.0 & 0xffff)
}

fn block(block: &Block) -> String {
    format!(
        "h{}/v{}{}",
        block.height.0,
        block.view,
        batches(block.batches.iter().map(|batch| batch.id))
    )
}

fn stable(out: &mut Formatter<'_>, proof: &StableProof) -> fmt::Result {
    write!(out, "stable h{}", proof.checkpoint.height.0)
}

fn certificate(certificate: &Certificate) -> String {
    format!("v{}:{}", certificate.view, block(&certificate.block))
}

fn view_change(out: &mut Formatter<'_>, change: &ViewChange) -> fmt::Result {
    write!(out, " v{} ", change.view)?;
    stable(out, &change.stable)?;
    out.write_str(" prepared ")?;
    join(out, change.prepared.iter().map(certificate))
}

fn new_view(out: &mut Formatter<'_>, opening: &NewView) -> fmt::Result {
    write!(out, " v{} from ", opening.view)?;
    let from = opening.changes.iter();
    join(out, from.map(|change| format!("r{}", change.replica.0)))?;
    out.write_str(" blocks ")?;
    join(out, opening.blocks.iter().map(|again| block(again)))
}

fn status(out: &mut Formatter<'_>, status: &Status) -> fmt::Result {
    let waits = if status.active { "" } else { " waiting" };
    let probe = if status.probe { " probe" } else { "" };
    write!(
        out,
        " v{}{waits} stable h{} committed h{} accepted {:b} prepared {:b}{probe}",
        status.view, status.stable.0, status.committed.0, status.accepted, status.prepared
    )
}

impl Debug for Message {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(self.kind())?;
        match &self.content {
            Content::PrePrepare(proposal) => {
                let named = name(proposal.digest);
                write!(
                    out,
                    " v{} {} {named}",
                    proposal.view,
                    block(&proposal.block)
                )
            }
            Content::Prepare(vote) | Content::Commit(vote) => {
                let named = name(vote.digest);
                write!(out, " v{} h{} {named}", vote.view, vote.height.0)
            }
            Content::Checkpoint(claim) => write!(out, " h{}", claim.height.0),
            Content::ViewChange(change) => view_change(out, change),
            Content::NewView(opening) => new_view(out, opening),
            Content::Status(place) => status(out, place),
            Content::Stable(proof) => {
                write!(out, " h{} by ", proof.checkpoint.height.0)?;
                signers(out, &proof.signers)
            }
            Content::Committed(proof) => {
                write!(out, " {} by ", certificate(proof))?;
                signers(out, &proof.signers)
            }
            Content::Recall(ids) | Content::Recalled(ids) => {
                write!(out, " {}", batches(ids.iter().copied()))
            }
        }
    }
}

impl Debug for Record {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::View(view) => write!(out, "view v{view}"),
            Self::Prepared(proof) => write!(out, "prepared {}", certificate(proof)),
            Self::Decided(proof) => write!(out, "decided {}", certificate(proof)),
            Self::Stable(proof) => stable(out, proof),
        }
    }
}
