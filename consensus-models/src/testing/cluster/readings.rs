//! What a test may read from a [`Cluster`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Cluster, Commit, Config};
use crate::block::{BatchId, Block, Height};
use crate::committee::ReplicaId;
use crate::protocol::Protocol;

impl<P: Protocol> Cluster<P> {
    /// The virtual clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The world.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The instance at `id`, unless it is down.
    #[must_use]
    pub fn replica(&self, id: ReplicaId) -> Option<&P> {
        self.hosts[id.index()].protocol.as_ref()
    }

    /// The durable log of `id`.
    #[must_use]
    pub fn log(&self, id: ReplicaId) -> &[P::Record] {
        self.hosts[id.index()].durable_records()
    }

    /// The height that the ledger of `id` has executed.
    #[must_use]
    pub fn executed(&self, id: ReplicaId) -> Height {
        self.hosts[id.index()].ledger.executed.height
    }

    /// The leader that the live replica in the highest view believes in.
    #[must_use]
    pub fn leader(&self) -> Option<ReplicaId> {
        let live = self.hosts.iter().filter_map(|host| host.protocol.as_ref());
        let (_, leader) = live
            .filter_map(|protocol| Some((protocol.view(), protocol.leader()?)))
            .max_by_key(|(view, _)| *view)?;
        Some(leader)
    }

    /// Commits of `id` in the order in which it made them, all of its lives.
    #[must_use]
    pub fn commits(&self, id: ReplicaId) -> &[Commit] {
        &self.commits[id.index()]
    }

    /// The committed chain, as far as any replica has shown it.
    pub fn chain(&self) -> impl Iterator<Item = &Block> {
        self.checker.chain()
    }

    /// Whether some replica committed the batch.
    #[must_use]
    pub fn is_committed(&self, batch: BatchId) -> bool {
        self.checker.is_committed(batch)
    }

    /// Requested batches that no replica has committed.
    #[must_use]
    pub fn missing(&self) -> Vec<BatchId> {
        self.checker.missing().collect()
    }

    /// Whether every requested batch is executed at every live replica.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let Some(height) = self.checker.complete_at() else {
            return false;
        };
        self.pending_submissions == 0
            && self.hosts.iter().all(|host| {
                host.protocol.is_none()
                    || self.faulty.contains(&host.me)
                    || host.ledger.executed.height >= height
            })
    }

    /// Messages sent since the start or the last [`Self::forget_counts`], by
    /// kind; forwarded batches are not among them.
    #[must_use]
    pub fn sent(&self) -> &BTreeMap<&'static str, u64> {
        &self.sent
    }

    /// Bytes of these messages, bodies not included.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    /// Messages refused, by reason.
    #[must_use]
    pub fn rejected(&self) -> &BTreeMap<&'static str, u64> {
        &self.rejected
    }

    /// What the protocol counted itself, over all replicas and their lives.
    #[must_use]
    pub fn counted(&self) -> &BTreeMap<&'static str, u64> {
        &self.counted
    }

    /// State transfers served.
    #[must_use]
    pub fn transfers(&self) -> u64 {
        self.transfers
    }

    /// Batches committed again at a later height.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.checker.repeated()
    }

    /// Counts messages from zero again.
    pub fn forget_counts(&mut self) {
        self.sent.clear();
        self.sent_bytes = 0;
        self.rejected.clear();
        self.counted.clear();
    }

    /// One line per replica for failure reports.
    #[must_use]
    pub fn describe(&self) -> String {
        let missing = self.missing();
        let mut text = format!(
            "at {:?}, {} batches missing, such as {:?}\n",
            self.now,
            missing.len(),
            missing.first()
        );
        for host in &self.hosts {
            let state = match &host.protocol {
                None => "down".to_owned(),
                Some(protocol) => format!(
                    "view {} leader {:?}",
                    protocol.view(),
                    protocol.leader().map(|id| id.0)
                ),
            };
            text.push_str(&format!(
                "r{} {state}, executed {}, durable {}, transfer {:?}\n",
                host.me.0,
                host.ledger.executed.height.0,
                host.ledger.durable.height.0,
                host.transfer
            ));
        }
        text
    }
}
