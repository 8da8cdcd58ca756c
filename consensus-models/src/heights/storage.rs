//! The write-ahead log: what is durable before it is said, and how a replica
//! comes back from it.
//!
//! A record of something said holds the core's promises with it, so the last
//! one of a height gives back all of them. They are kept until their height is
//! decided, also by a replica whose ledger fell behind them and which must fetch
//! its way back. Decisions are on the log too: should
//! all replicas stop at once, nobody else had them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::config::Config;
use super::core::{Core, Decision, Place, Say};
use super::{CORE_KINDS, CatchUp, Due, Heights, Message, Record, Said, Spread};
use crate::block::Height;
use crate::outbox::Outbox;
use crate::pool::Pool;
use crate::protocol::{Env, Recovery, Setup, Token};

impl<C: Core> Heights<C> {
    /// A replica from its log; an empty log makes a fresh one.
    pub(super) fn recover(setup: &Setup<'_>, recovery: &Recovery<'_, Record<C>>) -> Self {
        let config = Config::new(setup.params);
        let core_config = C::config(setup.params);
        let mut pool = Pool::new(config.retain, config.request_timeout);
        let (kept, again) = decisions(recovery, &mut pool);
        let last = kept.back();
        let place = Place {
            me: setup.me,
            committee: setup.committee,
            height: last
                .map_or(recovery.applied, |last| last.block.height)
                .next(),
            after: last.map_or(Duration::ZERO, |last| last.block.created),
        };
        let mut promised: BTreeMap<Height, Vec<Said<C>>> = BTreeMap::new();
        for record in recovery.records {
            if let Record::Said { say, saved } = record
                && say.height() >= place.height
            {
                promised.entry(say.height()).or_default().push(Said {
                    say: Arc::clone(say),
                    saved: saved.clone(),
                    durable: true,
                });
            }
        }
        let said = promised.remove(&place.height).unwrap_or_default();
        let saved = super::saved(&said);
        Self {
            me: setup.me,
            committee: setup.committee,
            core: C::new(place, &core_config, &saved),
            core_config,
            place,
            started: false,
            idle_over: false,
            not_before: Duration::ZERO,
            armed: [0; CORE_KINDS],
            said,
            promised,
            pool,
            outbox: Outbox::default(),
            spread: Spread::new(setup.me, setup.committee.n(), &config),
            catch_up: CatchUp::new(kept),
            executed: recovery.applied,
            proposed: None,
            seen_at: (Height(0), 0),
            retrying: false,
            again,
            config,
        }
    }

    /// Writes a record; `then` follows once it is durable.
    pub(super) fn persist<E: Env<Self> + ?Sized>(
        &mut self,
        record: Record<C>,
        then: Due<C::Say>,
        env: &mut E,
    ) {
        let token = self.outbox.push(then);
        let bytes = record.bytes();
        env.persist(record, bytes, token);
    }

    /// Says what waited for a write.
    pub(super) fn written<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        while let Some(due) = self.outbox.pop(done) {
            let Due::Say(say) = due else { continue };
            for said in self
                .said
                .iter_mut()
                .filter(|said| Arc::ptr_eq(&said.say, &say))
            {
                said.durable = true;
            }
            self.broadcast(&say, env);
            if say.height() == self.place.height {
                self.hear(self.me, &say, env);
            }
        }
    }

    /// Says everything of this height again: to everyone, also where messages
    /// are passed on, for whoever passed them on may have been cut off.
    pub(super) fn say_again<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let durable = self.said.iter().filter(|said| said.durable);
        let again: Vec<Arc<C::Say>> = durable.map(|said| Arc::clone(&said.say)).collect();
        for say in again {
            env.broadcast(Message::Core(self.me, Arc::clone(&say)));
            if say.height() == self.place.height {
                self.hear(self.me, &say, env);
            }
        }
    }

    /// Compacts the log at a checkpoint. Decisions since the checkpoint before
    /// stay on it: `executed` does not say that the ledger is durable.
    pub(super) fn compact<E: Env<Self> + ?Sized>(&mut self, executed: Height, env: &mut E) {
        let before = executed.0.saturating_sub(self.config.checkpoint_interval);
        let mut records = vec![Record::Recent(self.pool.recent().collect())];
        let decided = self.catch_up.above(Height(before));
        records.extend(decided.map(|decision| Record::Decided(Arc::clone(decision))));
        let said = self.said.iter().chain(self.promised.values().flatten());
        records.extend(said.map(|said| Record::Said {
            say: Arc::clone(&said.say),
            saved: said.saved.clone(),
        }));
        let bytes = records.iter().map(Record::bytes).sum();
        let token = self.outbox.push(Due::Nothing);
        env.rewrite(records, bytes, token);
    }
}

/// The decisions on a log, contiguous up to the last one, and those of them
/// that the ledger has not executed. Their batches are remembered.
fn decisions<C: Core>(
    recovery: &Recovery<'_, Record<C>>,
    pool: &mut Pool,
) -> (VecDeque<Arc<Decision>>, Vec<Arc<Decision>>) {
    let mut kept: VecDeque<Arc<Decision>> = VecDeque::new();
    for record in recovery.records {
        match record {
            Record::Recent(batches) => {
                for &(height, id) in batches.iter() {
                    pool.remember(height, id);
                }
            }
            Record::Decided(decision) => {
                let follows = kept
                    .back()
                    .is_none_or(|last| last.block.height.next() == decision.block.height);
                if !follows {
                    kept.clear();
                }
                pool.committed(&decision.block);
                kept.push_back(Arc::clone(decision));
            }
            Record::Said { .. } => {}
        }
    }
    // A ledger that was transferred further than the log reaches, or a gap
    // above it: the log's decisions are of no use.
    let first = kept.front().map(|first| first.block.height);
    let last = kept.back().map(|last| last.block.height);
    let joins = first.is_some_and(|first| first <= recovery.applied.next())
        && last.is_some_and(|last| last >= recovery.applied);
    if !joins {
        kept.clear();
    }
    let again = kept
        .iter()
        .filter(|decision| decision.block.height > recovery.applied);
    let again = again.cloned().collect();
    (kept, again)
}
