//! One replica's host: its protocol instance, disk, ledger and timers.
//!
//! Knows nothing of networks and delays: whoever drives it says when a write
//! is durable, a block executed, a timer due.

use super::cluster::Config;
use crate::adversary::Deviation;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::effect::{Effect, Recorder};
use super::rng::SplitMix64;
use crate::block::{Block, Digest, Height, mix};
use crate::committee::{Committee, ReplicaId};
use crate::params::Params;
use crate::protocol::{Protocol, Recovery, Setup, TimerId, Token};

/// A state of the ledger: the height, its digest and the last block.
#[derive(Clone, Debug, Default)]
pub(super) struct Applied {
    pub(super) height: Height,
    pub(super) digest: Digest,
    pub(super) block: Block,
}

/// The ledger of one replica. `executed` is lost in a crash, `durable` is not.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) durable: Applied,
    pub(super) executed: Applied,
    pub(super) queue: VecDeque<Block>,
}

impl Ledger {
    /// The height that the next commit must have.
    pub(super) fn expected(&self) -> Height {
        Height(self.executed.height.0 + self.queue.len() as u64 + 1)
    }

    /// Executes the oldest committed block.
    pub(super) fn execute(&mut self) -> Option<Applied> {
        let block = self.queue.pop_front()?;
        self.executed = Applied {
            height: block.height,
            digest: Digest(mix(self.executed.digest.0, block.id().0)),
            block,
        };
        Some(self.executed.clone())
    }

    /// The state at `applied` has reached the disk.
    pub(super) fn keep(&mut self, applied: Applied) {
        if applied.height > self.durable.height {
            self.durable = applied;
        }
    }
}

/// A write on its way to the disk.
#[derive(Debug)]
enum Write<R> {
    Append(R),
    Rewrite(Vec<R>),
}

/// The write-ahead log of one replica. A crash loses what is not durable.
#[derive(Debug)]
pub(super) struct Disk<R> {
    durable: Vec<R>,
    waiting: VecDeque<(Write<R>, Token)>,
}

impl<R> Disk<R> {
    /// The oldest write becomes durable.
    fn settle(&mut self) -> Option<Token> {
        let (write, token) = self.waiting.pop_front()?;
        match write {
            Write::Append(record) => self.durable.push(record),
            Write::Rewrite(records) => self.durable = records,
        }
        Some(token)
    }
}

/// A replica and what its host keeps for it.
pub(super) struct Host<P: Protocol> {
    pub(super) me: ReplicaId,
    committee: Committee,
    params: Params,
    deviations: Vec<Deviation>,
    /// `None` while crashed.
    pub(super) protocol: Option<P>,
    /// Counts restarts, so that events of an earlier life are ignored.
    pub(super) life: u32,
    pub(super) ledger: Ledger,
    disk: Disk<P::Record>,
    /// Deadline and generation of each armed timer.
    pub(super) timers: BTreeMap<TimerId, (Duration, u64)>,
    timer_generation: u64,
    /// The state transfer asked for last, with its generation.
    pub(super) transfer: Option<(ReplicaId, Height, u64)>,
    transfer_generation: u64,
    rng: SplitMix64,
}

impl<P: Protocol> Host<P> {
    pub(super) fn new(me: ReplicaId, committee: Committee, config: &Config) -> Self {
        let own = config.adversaries.iter().filter(|(id, _)| *id == me);
        Self {
            me,
            committee,
            params: config.params.clone(),
            deviations: own.map(|(_, deviation)| deviation.clone()).collect(),
            protocol: None,
            life: 0,
            ledger: Ledger::default(),
            disk: Disk {
                durable: Vec::new(),
                waiting: VecDeque::new(),
            },
            timers: BTreeMap::new(),
            timer_generation: 0,
            transfer: None,
            transfer_generation: 0,
            rng: SplitMix64::fork(config.seed, u64::from(me.0) + 1),
        }
    }

    /// Builds the instance from what is durable and starts it.
    pub(super) fn boot(&mut self, now: Duration) -> Vec<Effect<P>> {
        self.ledger.executed = self.ledger.durable.clone();
        self.protocol = Some(P::new(
            &Setup {
                me: self.me,
                committee: self.committee,
                params: &self.params,
                deviations: &self.deviations,
            },
            &Recovery {
                applied: self.ledger.durable.height,
                digest: self.ledger.durable.digest,
                records: &self.disk.durable,
            },
        ));
        self.call(now, |protocol, env| protocol.start(env))
    }

    /// Loses everything that is not durable.
    pub(super) fn crash(&mut self) {
        self.protocol = None;
        self.life += 1;
        self.ledger.executed = self.ledger.durable.clone();
        self.ledger.queue.clear();
        self.disk.waiting.clear();
        self.timers.clear();
        self.transfer = None;
    }

    /// Calls the instance, which must be up, and returns what it did.
    pub(super) fn call(
        &mut self,
        now: Duration,
        act: impl FnOnce(&mut P, &mut Recorder<'_, P>),
    ) -> Vec<Effect<P>> {
        let protocol = self.protocol.as_mut().expect("only called while it is up");
        let mut env = Recorder {
            me: self.me,
            n: self.committee.n(),
            now,
            rng: &mut self.rng,
            effects: Vec::new(),
        };
        act(protocol, &mut env);
        env.effects
    }

    /// Puts a record into the queue of the disk.
    pub(super) fn append(&mut self, record: P::Record, token: Token) {
        self.disk.waiting.push_back((Write::Append(record), token));
    }

    /// Puts a replacement of the log into the queue of the disk.
    pub(super) fn rewrite(&mut self, records: Vec<P::Record>, token: Token) {
        self.disk
            .waiting
            .push_back((Write::Rewrite(records), token));
    }

    /// The oldest write becomes durable, and the instance hears of it.
    /// `None` when nothing waits.
    pub(super) fn settle_write(&mut self, now: Duration) -> Option<(Token, Vec<Effect<P>>)> {
        let token = self.disk.settle()?;
        Some((
            token,
            self.call(now, |protocol, env| protocol.persisted(token, env)),
        ))
    }

    /// Whether a crash now would lose a write.
    pub(super) fn has_waiting_writes(&self) -> bool {
        !self.disk.waiting.is_empty()
    }

    /// Records on the durable log.
    pub(super) fn durable_records(&self) -> &[P::Record] {
        &self.disk.durable
    }

    /// Takes a committed block.
    ///
    /// # Errors
    /// When the block does not have the expected height.
    pub(super) fn commit(&mut self, block: Block) -> Result<(), String> {
        let expected = self.ledger.expected();
        if block.height != expected {
            return Err(format!(
                "r{} commits height {} where {} was next",
                self.me.0, block.height.0, expected.0
            ));
        }
        self.ledger.queue.push_back(block);
        Ok(())
    }

    /// Arms a timer; returns the generation that makes it due.
    pub(super) fn arm(&mut self, timer: TimerId, deadline: Duration) -> u64 {
        self.timer_generation += 1;
        self.timers.insert(timer, (deadline, self.timer_generation));
        self.timer_generation
    }

    /// Notes a state transfer; returns its generation.
    pub(super) fn ask_transfer(&mut self, from: ReplicaId, height: Height) -> u64 {
        self.transfer_generation += 1;
        self.transfer = Some((from, height, self.transfer_generation));
        self.transfer_generation
    }

    /// The asked transfer ends with `state` (durable at once), or with the
    /// ledger's own state when that is higher.
    pub(super) fn finish_transfer(
        &mut self,
        state: Applied,
        now: Duration,
    ) -> (Height, Vec<Effect<P>>) {
        self.transfer = None;
        if state.height > self.ledger.executed.height {
            self.ledger.executed = state;
        }
        self.ledger.queue.clear();
        let state = self.ledger.executed.clone();
        self.ledger.keep(state.clone());
        let effects = self.call(now, |protocol, env| {
            protocol.transferred(state.height, state.digest, &state.block, env);
        });
        (state.height, effects)
    }
}
