//! The log: an own block is durable, with what it refers to, before it is sent,
//! so no restart makes a member say two things in a round.
//!
//! A commit needs no record of its own. The log and the peers give back the
//! DAG, the DAG gives back the order; the log only says where to take it up.

use std::collections::VecDeque;
use std::sync::Arc;

use super::config::Config;
use super::dag::Dag;
use super::message::{DagBlock, Point, Record};
use super::{Env, Height, Mysticeti, ReplicaId};
use crate::pool::Pool;
use crate::protocol::Recovery;

/// What a log gives back.
pub(super) struct Recovered {
    pub(super) dag: Dag,
    pub(super) base: Point,
    pub(super) proposed: u64,
    pub(super) own: Option<Arc<DagBlock>>,
    pub(super) pool: Pool,
}

impl Recovered {
    pub(super) fn new(config: &Config, me: ReplicaId, recovery: &Recovery<'_, Record>) -> Self {
        let base = base(recovery);
        let floor = base.round.saturating_sub(config.gc_depth);
        let retain = config.checkpoint_interval.max(config.retain);
        let mut found = Self {
            dag: Dag::new(config.slots, floor),
            base,
            proposed: 0,
            own: None,
            pool: Pool::new(retain, config.leader_timeout),
        };
        for record in recovery.records {
            match record {
                Record::Own { learnt, block, .. } => {
                    learnt.iter().for_each(|block| found.block(me, block));
                    found.block(me, block);
                }
                Record::Base {
                    blocks,
                    proposed,
                    recent,
                    ..
                } => {
                    found.proposed = found.proposed.max(*proposed);
                    blocks.iter().for_each(|block| found.block(me, block));
                    for &(height, id) in recent.iter() {
                        found.pool.remember(height, id);
                    }
                }
            }
        }
        // They are on the log already.
        let _ = found.dag.take_learnt();
        found
    }

    fn block(&mut self, me: ReplicaId, block: &Arc<DagBlock>) {
        let at = block.at();
        if at.author == me {
            // The clients may count on this replica for its batches.
            for &batch in &block.batches {
                self.pool.add(batch, block.created);
            }
            if at.round > self.own.as_ref().map_or(0, |own| own.at().round) {
                self.own = Some(Arc::clone(block));
            }
            self.proposed = self.proposed.max(at.round);
        }
        self.dag.restore(Arc::clone(block));
    }
}

/// The latest point on the log that the ledger has not fallen behind.
fn base(recovery: &Recovery<'_, Record>) -> Point {
    let points = recovery.records.iter().flat_map(|record| match record {
        Record::Own { committed, .. } => std::slice::from_ref(committed),
        Record::Base { points, .. } => points,
    });
    points
        .filter(|point| point.height <= recovery.applied)
        .max_by_key(|point| point.height)
        .copied()
        .unwrap_or_default()
}

impl Mysticeti {
    /// Compacts the log. Points since the checkpoint before stay on it:
    /// `executed` does not say that the ledger is durable.
    pub(super) fn compact<E: Env<Self> + ?Sized>(&mut self, executed: Height, env: &mut E) {
        let before = executed.0.saturating_sub(self.config.checkpoint_interval);
        while self.points.len() > 1 && self.points[1].height.0 <= before {
            self.points.pop_front();
        }
        let oldest = self.points.front().map_or(0, |point| point.round);
        let floor = self.floor_under(oldest);
        let rows = self.dag.rows_from(floor + 1);
        let nodes = rows.flat_map(|(_, row)| row.nodes());
        let mut blocks: Vec<_> = nodes.map(|node| Arc::clone(&node.block)).collect();
        if self.pace.writing {
            // Its own record is replaced with the rest of the log.
            blocks.extend(self.pace.own.clone());
        }
        // All of them are among the blocks written now.
        let _ = self.dag.take_learnt();
        let record = Record::Base {
            points: VecDeque::clone(&self.points).into(),
            blocks,
            proposed: self.pace.proposed,
            recent: self.pool.recent().collect(),
        };
        let bytes = record.bytes();
        let token = self.outbox.push(None);
        env.rewrite(vec![record], bytes, token);
    }
}
