//! What a replica writes to its disk, when it waits for it, and what it still
//! knows after a crash.
//!
//! One write per height: the prepared certificate, before the commit that
//! claims it. Prepares are not written. A restarted replica has forgotten which
//! pre-prepares it accepted in its last view, so it sends no prepare in that
//! view up to the highest height at which it may have sent one
//! ([`Amnesia::upto`]); it knows its view and that height because it writes a
//! view before it votes in it, and prepares only up to the high watermark of
//! the *durable* stable checkpoint. A restarted primary asks for the next view
//! instead of proposing again.
//!
//! With `durable: false` commits do not wait, as in the paper, whose replicas
//! do not lose their memory. A replica that restarts so may have forgotten
//! prepared certificates that a view change needs: it only listens until a
//! checkpoint at or above [`Amnesia::upto`] is stable, when nothing that it
//! forgot can matter any more.

use std::collections::VecDeque;

use super::Pbft;
use super::log::Saved;
use super::message::{Certificate, Checkpoint, StableProof};
use crate::block::Height;
use crate::protocol::{Env, Recovery, Token};

/// Bytes of a record that holds a view.
const VIEW_BYTES: u32 = 24;

/// An entry of the write-ahead log.
#[derive(Clone)]
pub enum Record {
    /// The replica may vote in this view, or asked for it.
    View(u64),
    /// A height prepared.
    Prepared(Certificate),
    /// A height committed; kept below a stable checkpoint, because the ledger's
    /// disk may trail behind the checkpoints that its replica announced.
    Decided(Certificate),
    /// A stable checkpoint.
    Stable(StableProof),
}

/// A write that is on its way to the disk.
#[derive(Clone, Copy, Debug)]
enum Write {
    View(u64),
    Prepared(u64, Height),
    Stable(Height),
}

/// What a restarted replica may have said and no longer knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amnesia {
    /// The last view in which it may have voted.
    pub(super) view: u64,
    /// The highest height for which it may have voted.
    pub(super) upto: Height,
    /// Where the ledger stood: at a checkpoint, the claim is repeated, since
    /// it may have been lost with the crash.
    pub(super) applied: Checkpoint,
}

/// The disk as the replica sees it.
#[derive(Debug, Default)]
pub(super) struct Disk {
    writes: VecDeque<Write>,
    /// Token of the front of `writes`.
    first: u64,
    /// Highest view that is durable.
    pub(super) view: Option<u64>,
    /// Stable checkpoint that is durable.
    pub(super) stable: Height,
}

impl Disk {
    fn queue(&mut self, write: Write) -> Token {
        self.writes.push_back(write);
        Token(self.first + self.writes.len() as u64 - 1)
    }
}

impl Pbft {
    /// Takes up what the log of an earlier life holds.
    pub(super) fn recover(&mut self, recovery: &Recovery<'_, Record>) {
        self.committed = recovery.applied;
        for record in recovery.records {
            match record {
                Record::View(view) => self.disk.view = self.disk.view.max(Some(*view)),
                Record::Stable(proof)
                    if proof.checkpoint.height > self.stable.checkpoint.height =>
                {
                    self.stable = proof.clone();
                    self.log.advance(proof.checkpoint.height);
                }
                Record::Stable(_) => {}
                Record::Prepared(certificate) if self.log.holds(certificate.height()) => {
                    self.accepted = self.accepted.max(certificate.height());
                    let slot = self.log.slot_mut(certificate.height());
                    slot.certificate = Some(certificate.clone());
                }
                Record::Decided(certificate) if self.log.holds(certificate.height()) => {
                    self.accepted = self.accepted.max(certificate.height());
                    let slot = self.log.slot_mut(certificate.height());
                    slot.decided = Some(certificate.clone());
                }
                Record::Prepared(_) | Record::Decided(_) => {}
            }
        }
        self.disk.stable = self.stable.checkpoint.height;
        self.seen = self.accepted.max(self.committed);
        let Some(view) = self.disk.view else {
            // Nothing was sent before the first view was durable.
            return;
        };
        self.view = view;
        self.amnesia = Some(Amnesia {
            view,
            upto: self.log.high(),
            applied: Checkpoint {
                height: recovery.applied,
                digest: recovery.digest,
            },
        });
        // Votes of the last view still teach, whether it ever opened here.
        self.installed = view;
        self.primary = self.committee.round_robin(view);
        self.active = view == 0 && self.primary != self.me;
        self.restore(view);
    }

    /// Writes the view that this replica is about to enter or to ask for.
    pub(super) fn persist_view<E: Env<Self> + ?Sized>(&mut self, view: u64, env: &mut E) {
        let token = self.disk.queue(Write::View(view));
        env.persist(Record::View(view), VIEW_BYTES, token);
    }

    /// Writes a prepared certificate.
    pub(super) fn persist_prepared<E: Env<Self> + ?Sized>(
        &mut self,
        certificate: Certificate,
        env: &mut E,
    ) {
        let write = Write::Prepared(certificate.view, certificate.height());
        let token = self.disk.queue(write);
        let bytes = certificate.record_size();
        env.persist(Record::Prepared(certificate), bytes, token);
    }

    /// Rewrites the log at a new stable checkpoint.
    pub(super) fn persist_stable<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let mut records = vec![Record::View(self.view), Record::Stable(self.stable.clone())];
        let mut bytes = VIEW_BYTES + self.stable.record_size();
        for decided in self.log.retained() {
            bytes += decided.record_size();
            records.push(Record::Decided(decided.clone()));
        }
        for certificate in self.log.certificates() {
            bytes += certificate.record_size();
            records.push(Record::Prepared(certificate.clone()));
        }
        let token = self.disk.queue(Write::Stable(self.log.low()));
        env.rewrite(records, bytes, token);
    }

    /// All writes up to `done` are durable.
    pub(super) fn on_persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        while self.disk.first <= done.0
            && let Some(write) = self.disk.writes.pop_front()
        {
            self.disk.first += 1;
            match write {
                Write::View(view) => {
                    self.disk.view = self.disk.view.max(Some(view));
                    if view == self.view {
                        self.view_is_durable(env);
                    }
                }
                Write::Prepared(view, height) => self.prepared_is_durable(view, height, env),
                Write::Stable(height) => {
                    self.disk.stable = height;
                    self.revisit(env);
                }
            }
        }
    }

    /// Whether this replica only listens (see the module on `durable: false`).
    pub(super) fn is_muted(&self) -> bool {
        !self.settings.durable
            && self
                .amnesia
                .is_some_and(|amnesia| self.log.low() < amnesia.upto)
    }

    /// Whether this replica takes part in its view.
    pub(super) fn may_vote(&self) -> bool {
        self.active && self.disk.view == Some(self.view) && !self.is_muted()
    }

    /// Whether it may send a prepare or pre-prepare for a height of its view.
    pub(super) fn may_prepare(&self, height: Height) -> bool {
        let remembers = self.amnesia.is_none_or(|amnesia| {
            amnesia.view != self.view || height > amnesia.upto || self.holds_own(height)
        });
        remembers && self.is_between_watermarks(height) && self.may_vote()
    }

    /// Whether votes for the height may be sent. The high watermark follows
    /// the checkpoint on the disk, so that it bounds them after a restart too.
    pub(super) fn is_between_watermarks(&self, height: Height) -> bool {
        height > self.log.low() && height.0 <= self.disk.stable.0 + self.settings.log_size
    }

    /// Whether the height had prepared in this view before the crash: then
    /// the vote can only be repeated.
    fn holds_own(&self, height: Height) -> bool {
        let certificate = self.log.slot(height).certificate.as_ref();
        certificate.is_some_and(|certificate| certificate.view == self.view)
    }

    /// Accepts again what had prepared in `view` before the crash.
    pub(super) fn restore(&mut self, view: u64) {
        for height in self.log.window() {
            let slot = self.log.slot_mut(height);
            let Some(certificate) = &slot.certificate else {
                continue;
            };
            if certificate.view == view && slot.block.is_none() {
                slot.block = Some(certificate.block.clone());
                slot.digest = certificate.digest;
                slot.prepares
                    .restore(certificate.digest, &certificate.signers);
                slot.prepared = true;
                slot.saved = Saved::Yes;
            }
        }
    }
}
