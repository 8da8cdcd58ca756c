//! A small deterministic network of replicas for property tests.
//!
//! Virtual time, delays from a seed, loss, partitions, crashes, a disk that
//! forgets what is not durable, a ledger that is a running digest. CPU is
//! free and bodies are always held. Events are ordered by (time, source,
//! sequence of that source). It is not the simulator: it exists to break
//! protocols in milliseconds and to measure closed forms exactly.

mod config;
mod network;
mod readings;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use super::checker::Checker;
use super::fault::Fault;
use super::host::{Applied, Host};
use super::rng::SplitMix64;
use crate::block::{Batch, Block};
use crate::committee::{Committee, ReplicaId};
use crate::protocol::{Protocol, TimerId};

pub use config::{Between, Config, Fate, Filter};

/// A commit as one replica made it.
#[derive(Clone, Debug)]
pub struct Commit {
    /// When.
    pub at: Duration,
    /// What.
    pub block: Block,
}

enum Event<P: Protocol> {
    Message(ReplicaId, Rc<P::Message>),
    Request(Batch),
    Timer(TimerId, u64),
    Durable,
    Execute,
    LedgerDurable(Applied),
    Transfer(u64),
    Fault(Fault),
    Submit(Batch),
}

/// Order of events; the source of scheduled faults and submissions is
/// [`WORLD`].
type Key = (Duration, u32, u64);

const WORLD: u32 = u32::MAX;

/// A running cluster.
pub struct Cluster<P: Protocol> {
    config: Config,
    now: Duration,
    hosts: Vec<Host<P>>,
    events: BTreeMap<Key, (u32, u32, Event<P>)>,
    sequence: Vec<u64>,
    disk_free: Vec<Duration>,
    rng: SplitMix64,
    filter: Option<Filter<P::Message>>,
    faulty: BTreeSet<ReplicaId>,
    side: Vec<bool>,
    cuts: BTreeSet<(ReplicaId, ReplicaId)>,
    loss_permille: u32,
    torn_permille: u32,
    /// Where each requested batch lives outside the protocol's own memory.
    homes: BTreeMap<Batch, ReplicaId>,
    pending_submissions: u32,
    checker: Checker,
    violation: Option<String>,
    sent: BTreeMap<&'static str, u64>,
    sent_bytes: u64,
    rejected: BTreeMap<&'static str, u64>,
    counted: BTreeMap<&'static str, u64>,
    transfers: u64,
    commits: Vec<Vec<Commit>>,
}

impl<P: Protocol> Cluster<P> {
    /// Builds and starts all replicas at time zero.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let n = config.n;
        let committee = Committee::new(n, P::FAULT_MODEL);
        let hosts = (0..n)
            .map(|id| Host::new(ReplicaId(id), committee, &config))
            .collect();
        let mut cluster = Self {
            rng: SplitMix64::fork(config.seed, 0),
            faulty: config.adversaries.iter().map(|(id, _)| *id).collect(),
            config,
            now: Duration::ZERO,
            hosts,
            events: BTreeMap::new(),
            sequence: vec![0; n as usize + 1],
            disk_free: vec![Duration::ZERO; n as usize],
            filter: None,
            side: vec![false; n as usize],
            cuts: BTreeSet::new(),
            loss_permille: 0,
            torn_permille: 0,
            homes: BTreeMap::new(),
            pending_submissions: 0,
            checker: Checker::default(),
            violation: None,
            sent: BTreeMap::new(),
            sent_bytes: 0,
            rejected: BTreeMap::new(),
            counted: BTreeMap::new(),
            transfers: 0,
            commits: vec![Vec::new(); n as usize],
        };
        for id in committee.members() {
            cluster.boot(id);
        }
        cluster
    }

    /// Puts a [`Filter`] over all messages.
    pub fn set_filter(&mut self, filter: Filter<P::Message>) {
        self.filter = Some(filter);
    }

    /// Excuses a replica from the checks, because a filter makes it Byzantine.
    pub fn set_faulty(&mut self, id: ReplicaId) {
        self.faulty.insert(id);
    }

    /// Schedules a fault.
    pub fn fault_at(&mut self, at: Duration, fault: Fault) {
        self.push(at, WORLD, 0, Event::Fault(fault));
    }

    /// Schedules a request at `id`, or at the next live replica should it be
    /// down. A crash of that replica before the batch commits hands the batch
    /// to another one, as clients do.
    pub fn request_at(&mut self, at: Duration, id: ReplicaId, batch: Batch) {
        self.pending_submissions += 1;
        self.push(at, WORLD, id.0, Event::Submit(batch));
    }

    /// Requests a batch at `id` now.
    pub fn request(&mut self, id: ReplicaId, batch: Batch) {
        self.pending_submissions += 1;
        self.submit(id, batch);
    }

    /// Applies a fault now.
    pub fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Crash(id) => self.crash(id),
            Fault::Bounce(id) => {
                self.crash(id);
                self.restart(id);
            }
            Fault::CrashLeader => {
                if let Some(id) = self.leader() {
                    self.crash(id);
                }
            }
            Fault::Outage => {
                for id in 0..self.config.n {
                    self.stop(ReplicaId(id));
                }
            }
            Fault::Restart(id) => self.restart(id),
            Fault::RestartAll => {
                for id in 0..self.config.n {
                    self.restart(ReplicaId(id));
                }
            }
            Fault::Partition(side) => {
                for id in 0..self.config.n {
                    self.side[id as usize] = side.contains(&ReplicaId(id));
                }
            }
            Fault::Cut(from, to) => {
                self.cuts.insert((from, to));
            }
            Fault::Loss(permille) => self.loss_permille = permille,
            Fault::Torn(permille) => self.torn_permille = permille,
            Fault::Heal => {
                self.side.fill(false);
                self.cuts.clear();
                self.loss_permille = 0;
                self.torn_permille = 0;
            }
        }
    }

    /// Processes one event; `false` when there is none.
    ///
    /// # Errors
    /// The first broken law.
    pub fn step(&mut self) -> Result<bool, String> {
        let Some(((at, _, _), (to, life, event))) = self.events.pop_first() else {
            return Ok(false);
        };
        self.now = at;
        self.handle(ReplicaId(to), life, event);
        match self.violation.take() {
            Some(why) => Err(why),
            None => Ok(true),
        }
    }

    /// Runs until `done` or until the clock passes `limit`; says whether it
    /// was `done`.
    ///
    /// # Errors
    /// The first broken law.
    pub fn run_until(
        &mut self,
        limit: Duration,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Result<bool, String> {
        loop {
            if done(self) {
                return Ok(true);
            }
            let next = self.events.first_key_value().map(|((at, _, _), _)| *at);
            match next {
                Some(at) if at <= limit => self.step()?,
                _ => {
                    self.now = self.now.max(limit);
                    return Ok(false);
                }
            };
        }
    }

    fn boot(&mut self, id: ReplicaId) {
        let effects = self.hosts[id.index()].boot(self.now);
        self.apply(id, effects);
    }

    fn crash(&mut self, id: ReplicaId) {
        let down = self.hosts.iter().filter(|host| host.protocol.is_none());
        if (down.count() as u32) < self.config.max_down {
            self.stop(id);
        }
    }

    fn stop(&mut self, id: ReplicaId) {
        if self.hosts[id.index()].protocol.is_none() {
            return;
        }
        self.hosts[id.index()].crash();
        let lost: Vec<Batch> = self
            .homes
            .iter()
            .filter(|&(batch, &home)| home == id && !self.checker.is_committed(batch.id))
            .map(|(&batch, _)| batch)
            .collect();
        for batch in lost {
            self.pending_submissions += 1;
            let after = self.config.delay.draw(&mut self.rng);
            self.push(self.now + after, WORLD, id.0, Event::Submit(batch));
        }
    }

    fn restart(&mut self, id: ReplicaId) {
        if self.hosts[id.index()].protocol.is_none() {
            self.boot(id);
        }
    }

    fn submit(&mut self, id: ReplicaId, batch: Batch) {
        let up = (0..self.config.n)
            .map(|step| ReplicaId((id.0 + step) % self.config.n))
            .find(|id| self.hosts[id.index()].protocol.is_some() && !self.faulty.contains(id));
        self.checker.requested(batch.id);
        let Some(id) = up else {
            let later = self.now + Duration::from_millis(100);
            self.push(later, WORLD, id.0, Event::Submit(batch));
            return;
        };
        self.pending_submissions -= 1;
        self.homes.insert(batch, id);
        self.call(id, |protocol, env| protocol.request(batch, env));
    }

    fn call(
        &mut self,
        id: ReplicaId,
        act: impl FnOnce(&mut P, &mut super::effect::Recorder<'_, P>),
    ) {
        let effects = self.hosts[id.index()].call(self.now, act);
        self.apply(id, effects);
    }

    fn handle(&mut self, to: ReplicaId, life: u32, event: Event<P>) {
        match event {
            Event::Fault(fault) => return self.fault(fault),
            Event::Submit(batch) => return self.submit(to, batch),
            _ => {}
        }
        let now = self.now;
        let host = &mut self.hosts[to.index()];
        if host.protocol.is_none() {
            return;
        }
        match event {
            // What crosses the network arrives in whatever life finds it.
            Event::Message(from, message) => {
                self.call(to, |protocol, env| protocol.message(from, &message, env));
            }
            Event::Request(batch) => self.call(to, |protocol, env| protocol.request(batch, env)),
            _ if host.life != life => {}
            Event::Timer(timer, generation) => {
                if host
                    .timers
                    .get(&timer)
                    .is_some_and(|armed| armed.1 == generation)
                {
                    host.timers.remove(&timer);
                    self.call(to, |protocol, env| protocol.timer(timer, env));
                }
            }
            Event::Durable => {
                if let Some((_, effects)) = host.settle_write(now) {
                    self.apply(to, effects);
                }
            }
            Event::Execute => self.execute(to),
            Event::LedgerDurable(applied) => host.ledger.keep(applied),
            Event::Transfer(generation) => self.transfer(to, generation),
            Event::Fault(_) | Event::Submit(_) => {}
        }
    }

    fn execute(&mut self, id: ReplicaId) {
        let host = &mut self.hosts[id.index()];
        let Some(applied) = host.ledger.execute() else {
            return;
        };
        let life = host.life;
        let more = !host.ledger.queue.is_empty();
        if more {
            let at = self.now + self.config.execution.draw(&mut self.rng);
            self.push_own(at, id, life, Event::Execute);
        }
        let at = self.now + self.config.ledger_disk.draw(&mut self.rng);
        self.push_own(at, id, life, Event::LedgerDurable(applied.clone()));
        self.call(id, |protocol, env| {
            protocol.executed(applied.height, applied.digest, env);
        });
    }

    /// Serves the transfer from the named peer, else from any other that can,
    /// else tries again later.
    fn transfer(&mut self, id: ReplicaId, generation: u64) {
        let Some((from, height, _)) = self.hosts[id.index()]
            .transfer
            .filter(|asked| asked.2 == generation)
        else {
            return;
        };
        let state = (0..self.config.n)
            .map(|step| ReplicaId((from.0 + step) % self.config.n))
            .filter(|peer| {
                let up = self.hosts[peer.index()].protocol.is_some();
                let reached = *peer == id || (self.open(*peer, id) && self.open(id, *peer));
                up && reached && !self.faulty.contains(peer)
            })
            .map(|peer| &self.hosts[peer.index()].ledger.executed)
            .find(|state| state.height >= height)
            .cloned();
        match state {
            Some(state) => {
                self.transfers += 1;
                let (_, effects) = self.hosts[id.index()].finish_transfer(state, self.now);
                self.apply(id, effects);
            }
            None => self.push_transfer(id, generation),
        }
    }

    fn push_transfer(&mut self, id: ReplicaId, generation: u64) {
        let at = self.now + self.config.snapshot.draw(&mut self.rng);
        let life = self.hosts[id.index()].life;
        self.push_own(at, id, life, Event::Transfer(generation));
    }
}
