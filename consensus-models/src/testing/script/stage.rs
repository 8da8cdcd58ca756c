//! The stage of a script: replicas, messages in flight, and the commands.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::rc::Rc;
use std::time::Duration;

use super::super::checker::Checker;
use super::super::cluster::Config;
use super::super::effect::{Effect, Recorder};
use super::super::host::Host;
use super::super::property::batch;
use crate::block::{Batch, Block};
use crate::committee::{Committee, ReplicaId};
use crate::params::{Params, parse_duration};
use crate::protocol::{Message, Protocol, TimerId};

/// What is in flight: a message or a forwarded batch.
enum Parcel<M> {
    Message(Rc<M>),
    Batch(Batch),
}

struct Flight<M> {
    from: ReplicaId,
    to: ReplicaId,
    parcel: Parcel<M>,
}

impl<M: Message> Flight<M> {
    fn kind(&self) -> &'static str {
        match &self.parcel {
            Parcel::Message(message) => message.kind(),
            Parcel::Batch(_) => "forward",
        }
    }
}

pub(super) struct Stage<P: Protocol> {
    now: Duration,
    hosts: Vec<Host<P>>,
    flights: BTreeMap<u64, Flight<P::Message>>,
    next_flight: u64,
    isolated: BTreeSet<ReplicaId>,
    manual_disk: bool,
    checker: Checker,
    trace: String,
}

impl<P: Protocol> Stage<P> {
    /// Builds from `n=4 seed=1 disk=manual param=value`.
    pub(super) fn new(options: &[&str]) -> Self {
        let specs = P::params();
        let mut params = Params::defaults(&specs);
        let (mut n, mut seed, mut manual_disk) = (4, 1, false);
        for option in options {
            let (name, value) = option
                .split_once('=')
                .unwrap_or_else(|| panic!("{option} is not name=value"));
            match name {
                "n" => n = number(value) as u32,
                "seed" => seed = number(value),
                "disk" => manual_disk = value == "manual",
                _ => {
                    let spec = specs
                        .iter()
                        .find(|spec| spec.name == name)
                        .unwrap_or_else(|| panic!("{} has no parameter {name}", P::NAME));
                    let value = spec
                        .parse(value)
                        .unwrap_or_else(|why| panic!("parameter {name}: {why}"));
                    params.0.insert(name.to_owned(), value);
                }
            }
        }
        let committee = Committee::new(n, P::FAULT_MODEL);
        let config = Config {
            params,
            ..Config::random::<P>(n, seed)
        };
        Self {
            now: Duration::ZERO,
            hosts: committee
                .members()
                .map(|id| Host::new(id, committee, &config))
                .collect(),
            flights: BTreeMap::new(),
            next_flight: 1,
            isolated: BTreeSet::new(),
            manual_disk,
            checker: Checker::default(),
            trace: String::new(),
        }
    }

    /// Starts all replicas; returns the trace.
    pub(super) fn start(&mut self) -> String {
        for id in 0..self.hosts.len() {
            self.boot(ReplicaId(id as u32));
        }
        std::mem::take(&mut self.trace)
    }

    /// Runs one command; returns the trace.
    pub(super) fn command(&mut self, words: &[&str]) -> String {
        match words {
            ["request", at, id] => self.request(self.replica(at), batch(number(id))),
            ["request", at, id, bytes] => {
                let bytes = number(bytes) as u32;
                let batch = Batch {
                    bytes,
                    ..batch(number(id))
                };
                self.request(self.replica(at), batch);
            }
            ["deliver", select @ ..] => {
                for flight in self.select(select) {
                    self.deliver(flight);
                }
            }
            ["drop", select @ ..] => {
                for flight in self.select(select) {
                    self.flights.remove(&flight);
                }
            }
            ["settle"] => self.settle(),
            ["fire", at, timer] => self.fire(self.replica(at), TimerId(number(timer) as u32)),
            ["wait", span] => {
                self.now += parse_duration(span).unwrap_or_else(|why| panic!("{why}"))
            }
            ["flush", at] => {
                let id = self.replica(at);
                while self.write_once(id) {}
                self.execute_all();
            }
            ["isolate", ids @ ..] => {
                for id in ids {
                    self.isolated.insert(self.replica(id));
                }
            }
            ["heal"] => self.isolated.clear(),
            ["crash", at] => {
                let id = self.replica(at);
                self.hosts[id.index()].crash();
            }
            ["restart", at] => self.boot(self.replica(at)),
            ["transfer", at] => self.transfer(self.replica(at), None),
            ["transfer", at, from] => {
                self.transfer(self.replica(at), Some(self.replica(from)));
            }
            ["state"] => self.state(),
            other => panic!("unknown command {other:?}"),
        }
        std::mem::take(&mut self.trace)
    }

    fn replica(&self, word: &str) -> ReplicaId {
        let id = word
            .strip_prefix('r')
            .unwrap_or_else(|| panic!("{word} is no replica; r0 is one"));
        let id = ReplicaId(number(id) as u32);
        assert!(id.index() < self.hosts.len(), "{word} is no member");
        id
    }

    fn select(&self, words: &[&str]) -> Vec<u64> {
        let picked: Vec<u64> = self
            .flights
            .iter()
            .filter(|(number_of, flight)| {
                words.iter().all(|word| match word.split_once('=') {
                    Some(("kind", kind)) => flight.kind() == kind,
                    Some(("from", id)) => flight.from == self.replica(id),
                    Some(("to", id)) => flight.to == self.replica(id),
                    None if *word == "all" => true,
                    _ => match word.strip_prefix('#') {
                        Some(id) => **number_of == number(id),
                        None => panic!("{word} selects nothing"),
                    },
                })
            })
            .map(|(&number_of, _)| number_of)
            .collect();
        assert!(!words.is_empty(), "deliver and drop need a selection");
        assert!(!picked.is_empty(), "nothing in flight is {words:?}");
        picked
    }

    fn settle(&mut self) {
        for _ in 0..10_000 {
            let Some(&flight) = self.flights.keys().next() else {
                return;
            };
            self.deliver(flight);
        }
        panic!("still busy after 10000 deliveries");
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.trace, "{line}").expect("a String takes all that is written");
    }

    fn boot(&mut self, id: ReplicaId) {
        self.line(format_args!("r{} starts", id.0));
        let effects = self.hosts[id.index()].boot(self.now);
        self.apply(id, effects);
        self.automatic();
    }

    fn call(&mut self, id: ReplicaId, act: impl FnOnce(&mut P, &mut Recorder<'_, P>)) {
        let effects = self.hosts[id.index()].call(self.now, act);
        self.apply(id, effects);
    }

    fn request(&mut self, id: ReplicaId, batch: Batch) {
        self.checker.requested(batch.id);
        self.line(format_args!("r{} <- request b{}", id.0, batch.id.0));
        self.call(id, |protocol, env| protocol.request(batch, env));
        self.automatic();
    }

    fn deliver(&mut self, number_of: u64) {
        let flight = self
            .flights
            .remove(&number_of)
            .expect("picked from the map");
        let (from, to) = (flight.from, flight.to);
        if self.hosts[to.index()].protocol.is_none() {
            self.line(format_args!("r{} is down: #{number_of} is lost", to.0));
            return;
        }
        match flight.parcel {
            Parcel::Message(message) => {
                self.line(format_args!(
                    "r{} <- r{} #{number_of} {message:?}",
                    to.0, from.0
                ));
                self.call(to, |protocol, env| protocol.message(from, &message, env));
            }
            Parcel::Batch(batch) => {
                self.line(format_args!(
                    "r{} <- r{} #{number_of} forward b{}",
                    to.0, from.0, batch.id.0
                ));
                self.call(to, |protocol, env| protocol.request(batch, env));
            }
        }
        self.automatic();
    }

    fn fire(&mut self, id: ReplicaId, timer: TimerId) {
        let (deadline, _) = self.hosts[id.index()]
            .timers
            .remove(&timer)
            .unwrap_or_else(|| panic!("r{} has no timer {} armed", id.0, timer.0));
        self.now = self.now.max(deadline);
        let now = self.now;
        self.line(format_args!("r{} timer {} at {now:?}", id.0, timer.0));
        self.call(id, |protocol, env| protocol.timer(timer, env));
        self.automatic();
    }

    fn transfer(&mut self, id: ReplicaId, from: Option<ReplicaId>) {
        let (asked, height, _) = self.hosts[id.index()]
            .transfer
            .unwrap_or_else(|| panic!("r{} asked for no transfer", id.0));
        let state = match from {
            Some(peer) => self.hosts[peer.index()].ledger.executed.clone(),
            None => {
                let peers = std::iter::once(&self.hosts[asked.index()]).chain(&self.hosts);
                peers
                    .map(|host| &host.ledger.executed)
                    .find(|state| state.height >= height)
                    .cloned()
                    .unwrap_or_default()
            }
        };
        assert!(
            state.height >= height,
            "nobody has executed height {}",
            height.0
        );
        let (height, effects) = self.hosts[id.index()].finish_transfer(state, self.now);
        self.line(format_args!("r{} transferred to h{}", id.0, height.0));
        self.apply(id, effects);
        self.automatic();
    }

    fn state(&mut self) {
        for index in 0..self.hosts.len() {
            let host = &self.hosts[index];
            let line = match &host.protocol {
                None => format!("r{index} down"),
                Some(protocol) => format!(
                    "r{index} view {} leader {} executed h{} log {} records",
                    protocol.view(),
                    protocol
                        .leader()
                        .map_or("unknown".to_owned(), |id| format!("r{}", id.0)),
                    host.ledger.executed.height.0,
                    host.durable_records().len()
                ),
            };
            self.line(format_args!("{line}"));
        }
    }

    /// Disk (unless manual) and execution, until both are idle everywhere.
    fn automatic(&mut self) {
        loop {
            let mut busy = false;
            if !self.manual_disk {
                for index in 0..self.hosts.len() {
                    busy |= self.write_once(ReplicaId(index as u32));
                }
            }
            busy |= self.execute_all();
            if !busy {
                return;
            }
        }
    }

    fn write_once(&mut self, id: ReplicaId) -> bool {
        let now = self.now;
        let host = &mut self.hosts[id.index()];
        if host.protocol.is_none() {
            return false;
        }
        let Some((token, effects)) = host.settle_write(now) else {
            return false;
        };
        self.line(format_args!("r{} persisted {}", id.0, token.0));
        self.apply(id, effects);
        true
    }

    fn execute_all(&mut self) -> bool {
        let mut busy = false;
        for index in 0..self.hosts.len() {
            let id = ReplicaId(index as u32);
            while let Some(applied) = self.hosts[index].ledger.execute() {
                busy = true;
                self.hosts[index].ledger.keep(applied.clone());
                self.line(format_args!("r{index} executed h{}", applied.height.0));
                self.call(id, |protocol, env| {
                    protocol.executed(applied.height, applied.digest, env);
                });
            }
        }
        busy
    }

    fn apply(&mut self, id: ReplicaId, effects: Vec<Effect<P>>) {
        for effect in effects {
            match effect {
                Effect::Send(to, message) => {
                    let text = format!("{message:?}");
                    self.post(id, to, Parcel::Message(message), &text);
                }
                Effect::Forward(to, batch) => {
                    let text = format!("forward b{}", batch.id.0);
                    self.post(id, to, Parcel::Batch(batch), &text);
                }
                Effect::SetTimer(timer, after) => {
                    self.hosts[id.index()].arm(timer, self.now + after);
                    self.line(format_args!("  timer {} in {after:?}", timer.0));
                }
                Effect::CancelTimer(timer) => {
                    if self.hosts[id.index()].timers.remove(&timer).is_some() {
                        self.line(format_args!("  timer {} off", timer.0));
                    }
                }
                Effect::Persist(record, token) => {
                    self.line(format_args!("  persist {} {record:?}", token.0));
                    self.hosts[id.index()].append(record, token);
                }
                Effect::Rewrite(records, token) => {
                    self.line(format_args!("  rewrite {} {records:?}", token.0));
                    self.hosts[id.index()].rewrite(records, token);
                }
                Effect::Commit(block) => self.commit(id, block),
                Effect::Transfer(from, height) => {
                    self.line(format_args!("  transfer h{} from r{}", height.0, from.0));
                    self.hosts[id.index()].ask_transfer(from, height);
                }
                Effect::Reject(why) => self.line(format_args!("  reject {why}")),
                Effect::Count(what, by) => self.line(format_args!("  count {what} {by}")),
                Effect::Work(_) => {}
            }
        }
    }

    fn post(&mut self, from: ReplicaId, to: ReplicaId, parcel: Parcel<P::Message>, text: &str) {
        if self.isolated.contains(&from) || self.isolated.contains(&to) {
            self.line(format_args!("  -> r{} lost {text}", to.0));
            return;
        }
        let number_of = self.next_flight;
        self.next_flight += 1;
        self.line(format_args!("  -> r{} #{number_of} {text}", to.0));
        self.flights.insert(number_of, Flight { from, to, parcel });
    }

    fn commit(&mut self, id: ReplicaId, block: Block) {
        let batches: Vec<String> = block
            .batches
            .iter()
            .map(|batch| format!("b{}", batch.id.0))
            .collect();
        self.line(format_args!(
            "  commit h{} view {} by r{} [{}]",
            block.height.0,
            block.view,
            block.proposer.0,
            batches.join(" ")
        ));
        self.checker
            .committed(id, &block)
            .and_then(|()| self.hosts[id.index()].commit(block))
            .unwrap_or_else(|why| panic!("{why}; so far:\n{}", self.trace));
    }
}

fn number(word: &str) -> u64 {
    let digits = word.trim_start_matches('b');
    digits
        .parse()
        .unwrap_or_else(|_| panic!("{word} is no number"))
}
