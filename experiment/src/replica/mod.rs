//! A replica: one protocol instance and the host around it.
//!
//! The host owns what every protocol needs and none should repeat: intake of
//! client transactions, bodies and their verification, the disk, execution,
//! replies and state transfer. It reads no wall clock and knows no protocol
//! by name.

mod bodies;
mod env;
mod execution;
mod intake;
mod transfer;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use groma_consensus_models::adversary::{Behaviour, Deviation};
use groma_consensus_models::{
    Batch, BatchId, Block, Committee, Digest, Height, Message, Params, Proof, Protocol, Recovery,
    ReplicaId, ReplicaSet, Setup, TimerId, Token,
};
use groma_ledger::{Hash, State};
use groma_sim::{Context, Lane, NodeId, Span, Time};

use crate::cluster::Process;
use crate::disk::{Disk, Ledger, Write};
use crate::mempool::{BatchRule, Mempool};
use crate::observe::Observation;
use crate::plan::Lanes;
use crate::wire::{BlockOutcome, Wire};
use crate::world::{Map, World};

use self::bodies::{Fetch, Waiting};
use self::env::HostEnv;
pub use self::env::Traffic;
use self::transfer::Transfer;

/// The context that a replica's handlers receive.
pub(crate) type Ctx<'c, P> = Context<'c, Process<P>>;

/// Keys of the host's own timers; a protocol's timers keep their 32-bit ids.
const BATCH_TIMER: u64 = 1 << 40;
const FETCH_TIMER: u64 = 2 << 40;
const TRANSFER_TIMER: u64 = 3 << 40;
const OFFER_TIMER: u64 = 4 << 40;

/// What a replica is made from.
#[derive(Clone, Debug)]
pub struct ReplicaSetup {
    /// This replica.
    pub me: ReplicaId,
    /// The committee.
    pub committee: Committee,
    /// The protocol's parameters.
    pub params: Rc<Params>,
    /// How this replica deviates from the protocol; empty for a correct one.
    pub deviations: Rc<[Deviation]>,
    /// When a batch is closed.
    pub batch: BatchRule,
    /// Longest wait of a batch's first transaction.
    pub batch_wait: Span,
    /// Transactions held before shedding.
    pub mempool_limit: u32,
    /// Executed heights for which bodies are kept.
    pub retain: u64,
}

/// One replica.
#[derive(Debug)]
pub struct Replica<P: Protocol> {
    protocol: P,
    host: Host<P>,
}

/// A replica but for its protocol.
#[derive(Debug)]
struct Host<P: Protocol> {
    setup: ReplicaSetup,
    world: Rc<World>,
    pool: Mempool,
    /// Batches that this replica formed and that have not committed.
    own: Map<BatchId, u32>,
    batches_formed: u64,
    restarts: u64,
    /// Bodies that this replica holds and has verified.
    held: Map<BatchId, ()>,
    /// Batches of executed heights, to forget old bodies.
    aged: VecDeque<(Height, BatchId)>,
    /// Client transactions received as copies (`clients-to-all`).
    copies: Map<(u32, u64), ()>,
    /// The same by time of arrival, to forget old ones.
    copied: VecDeque<(Time, (u32, u64))>,
    /// Batches handed over by their handle, to be ordered once held.
    forwarded: Vec<Batch>,
    /// Batches offered to others, with the replicas that hold them.
    offers: BTreeMap<BatchId, (Batch, ReplicaSet)>,
    waiting: VecDeque<Waiting<P::Message>>,
    fetches: Vec<Fetch>,
    /// Committed blocks that wait for execution.
    commits: VecDeque<Block>,
    committed: Height,
    executing: bool,
    state: State,
    root: Hash,
    executed: Height,
    body_bytes: u64,
    disk: Disk<P::Record>,
    transfer: Option<Transfer>,
    traffic: Traffic,
    /// Why the blocks are final that the protocol commits now.
    proof: Option<Rc<Proof>>,
}

impl<P: Protocol> Replica<P> {
    /// A replica at genesis.
    #[must_use]
    pub fn new(setup: ReplicaSetup, world: Rc<World>, genesis: State, root: Hash) -> Self {
        let ledger = Ledger {
            block: Block::default(),
            state: genesis,
            root,
            body_bytes: 0,
        };
        let host = Host {
            pool: Mempool::new(setup.batch, setup.mempool_limit),
            own: Map::default(),
            batches_formed: 0,
            restarts: 0,
            held: Map::default(),
            aged: VecDeque::new(),
            copies: Map::default(),
            copied: VecDeque::new(),
            forwarded: Vec::new(),
            offers: BTreeMap::new(),
            waiting: VecDeque::new(),
            fetches: Vec::new(),
            commits: VecDeque::new(),
            committed: Height(0),
            executing: false,
            state: ledger.state.clone(),
            root,
            executed: Height(0),
            body_bytes: 0,
            disk: Disk::new(ledger),
            transfer: None,
            traffic: Traffic::default(),
            proof: None,
            setup,
            world,
        };
        let protocol = host.recover();
        Self { protocol, host }
    }

    /// Consensus traffic that this replica sent.
    #[must_use]
    pub fn traffic(&self) -> &Traffic {
        &self.host.traffic
    }

    /// The protocol's view, round or term.
    #[must_use]
    pub fn view(&self) -> u64 {
        self.protocol.view()
    }

    /// The state after the last executed block, with its height and root.
    #[must_use]
    pub fn ledger(&self) -> (Height, &State, Hash) {
        (self.host.executed, &self.host.state, self.host.root)
    }

    /// Which lane serves a message.
    #[must_use]
    pub fn lane(&self, message: &Wire<P::Message>) -> Lane {
        self.host.shared(Self::own_lane(message))
    }

    fn own_lane(message: &Wire<P::Message>) -> Lane {
        match message {
            Wire::Submit { .. } => Lane::Intake,
            Wire::Forward(_) | Wire::Offer(_) | Wire::Body(_) => Lane::Verify,
            Wire::Consensus(message) => {
                let mut plain = true;
                message.bodies(&mut |_, _| plain = false);
                if plain { Lane::Consensus } else { Lane::Verify }
            }
            Wire::Execute | Wire::Answer(_) => Lane::Execution,
            Wire::Flush | Wire::Flushed => Lane::Storage,
            _ => Lane::Consensus,
        }
    }

    /// Which lane serves a timer.
    #[must_use]
    pub fn timer_lane(&self, key: u64) -> Lane {
        self.host.shared(if key == BATCH_TIMER {
            Lane::Intake
        } else {
            Lane::Consensus
        })
    }

    /// What a timer is, in a word.
    #[must_use]
    pub fn describe_timer(key: u64) -> &'static str {
        match key {
            BATCH_TIMER => "batch timer",
            FETCH_TIMER => "fetch timer",
            OFFER_TIMER => "offer timer",
            TRANSFER_TIMER => "transfer timer",
            _ => "protocol timer",
        }
    }

    /// Begins, at time zero.
    pub fn on_start(&mut self, ctx: &mut Ctx<'_, P>) {
        self.protocol.start(&mut HostEnv::new(&mut self.host, ctx));
    }

    /// A message or post arrived.
    pub fn on_message(&mut self, from: NodeId, message: &Wire<P::Message>, ctx: &mut Ctx<'_, P>) {
        let sender = ReplicaId(from.0);
        if let Some(bytes) = self.host.received_bytes(message) {
            ctx.spend_on("message", self.host.world.prices.message(bytes));
        }
        match message {
            Wire::Consensus(inner) => {
                let mut plain = true;
                inner.bodies(&mut |_, _| plain = false);
                if plain {
                    self.deliver(sender, inner, ctx);
                } else if self.host.receive_bodies(sender, inner, ctx) {
                    ctx.post(Wire::Verified(sender, inner.clone()));
                }
            }
            Wire::Verified(sender, inner) => self.deliver(*sender, inner, ctx),
            Wire::Request(batch) => self
                .protocol
                .request(*batch, &mut HostEnv::new(&mut self.host, ctx)),
            Wire::Submit { owner, txs } => self.host.intake(*owner, txs, from, ctx),
            Wire::Forward(body) => self.host.take_forward(sender, body, ctx),
            Wire::Offer(body) => self.host.take_offer(sender, body, ctx),
            Wire::Ack(id) => self.host.take_ack(sender, *id, ctx),
            Wire::Fetch(id) => self.host.serve_body(sender, *id, ctx),
            Wire::Body(body) => self.host.take_fetched(body, ctx),
            Wire::Want(height, body_bytes) => {
                self.host.serve_snapshot(sender, *height, *body_bytes, ctx)
            }
            Wire::Snapshot(snapshot) => {
                if self.host.install(snapshot, ctx) {
                    self.protocol.transferred(
                        snapshot.block.height,
                        Digest(snapshot.root.short()),
                        &snapshot.block,
                        &mut HostEnv::new(&mut self.host, ctx),
                    );
                }
            }
            Wire::Execute => self.host.execute(ctx),
            Wire::Answer(outcome) => self.host.answer(outcome, ctx),
            Wire::Flush => self.host.flush(ctx),
            Wire::Flushed => self.host.flushed(ctx),
            Wire::Durable => self.durable(ctx),
            Wire::Refuse(_) | Wire::Reply(..) => {}
        }
    }

    fn deliver(&mut self, from: ReplicaId, message: &P::Message, ctx: &mut Ctx<'_, P>) {
        self.protocol
            .message(from, message, &mut HostEnv::new(&mut self.host, ctx));
    }

    /// A timer expired.
    pub fn on_timer(&mut self, key: u64, ctx: &mut Ctx<'_, P>) {
        match key {
            BATCH_TIMER => self.host.close_batches(true, ctx),
            FETCH_TIMER => self.host.fetch_again(ctx),
            OFFER_TIMER => self.host.offer_again(ctx),
            TRANSFER_TIMER => self.host.want_again(ctx),
            _ => {
                let timer =
                    TimerId(u32::try_from(key).expect("a protocol's timer ids have 32 bits"));
                self.protocol
                    .timer(timer, &mut HostEnv::new(&mut self.host, ctx));
            }
        }
    }

    /// Volatile state is gone.
    pub fn on_crash(&mut self) {
        self.host.crash();
    }

    /// Back again, from what the disk holds.
    pub fn on_restart(&mut self, ctx: &mut Ctx<'_, P>) {
        self.protocol = self.host.recover();
        ctx.emit(Observation::Restarted {
            replica: self.host.setup.me,
            height: self.host.executed,
        });
        self.protocol.start(&mut HostEnv::new(&mut self.host, ctx));
    }

    /// Makes the oldest flushed group durable and tells whom it concerns.
    fn durable(&mut self, ctx: &mut Ctx<'_, P>) {
        for write in self.host.disk.flushed() {
            match write {
                Write::Record(record, token) => {
                    self.host.disk.append(record);
                    self.persisted(token, ctx);
                }
                Write::Rewrite(records, token) => {
                    self.host.disk.replace_log(records);
                    self.persisted(token, ctx);
                }
                Write::Block(ledger, outcome) => self.block_durable(*ledger, &outcome, ctx),
                Write::Snapshot(ledger) => self.host.disk.advance(*ledger),
                Write::Body(id) => self.host.disk.keep_body(id),
            }
        }
    }

    fn persisted(&mut self, token: Token, ctx: &mut Ctx<'_, P>) {
        self.protocol
            .persisted(token, &mut HostEnv::new(&mut self.host, ctx));
    }

    fn block_durable(&mut self, ledger: Ledger, outcome: &Rc<BlockOutcome>, ctx: &mut Ctx<'_, P>) {
        self.host.disk.advance(ledger);
        if outcome.txs > 0 {
            ctx.post(Wire::Answer(outcome.clone()));
        }
        self.protocol.executed(
            outcome.height,
            outcome.digest(),
            &mut HostEnv::new(&mut self.host, ctx),
        );
    }
}

impl<P: Protocol> Host<P> {
    /// Whether this replica deviates so now.
    fn deviates(&self, behaviour: &Behaviour, now: Time) -> bool {
        let now = now.since_start();
        let mut deviations = self.setup.deviations.iter();
        deviations.any(|deviation| deviation.is_active(now) && deviation.behaviour == *behaviour)
    }

    /// The lane that work of `lane` takes: one event loop has a single one, and
    /// the disk beside it.
    fn shared(&self, lane: Lane) -> Lane {
        match (self.world.lanes, lane) {
            (Lanes::OneLoop, Lane::Storage) | (Lanes::Parted, _) => lane,
            (Lanes::OneLoop, _) => Lane::Consensus,
        }
    }

    fn others(&self) -> impl Iterator<Item = ReplicaId> + use<P> {
        self.setup.committee.others(self.setup.me)
    }

    /// A protocol instance from what the disk holds.
    fn recover(&self) -> P {
        let ledger = self.disk.ledger();
        P::new(
            &Setup {
                me: self.setup.me,
                committee: self.setup.committee,
                params: &self.setup.params,
                deviations: &self.setup.deviations,
            },
            &Recovery {
                applied: ledger.block.height,
                digest: Digest(if ledger.block.height == Height(0) {
                    0
                } else {
                    ledger.root.short()
                }),
                records: self.disk.log(),
            },
        )
    }

    fn current_ledger(&self, block: Block) -> Ledger {
        Ledger {
            block,
            state: self.state.clone(),
            root: self.root,
            body_bytes: self.body_bytes,
        }
    }

    fn crash(&mut self) {
        self.disk.crash();
        let ledger = self.disk.ledger().clone();
        self.pool.clear();
        self.own.clear();
        self.restarts += 1;
        self.held.clone_from(self.disk.bodies());
        self.copies.clear();
        self.copied.clear();
        self.forwarded.clear();
        self.offers.clear();
        self.waiting.clear();
        self.fetches.clear();
        self.commits.clear();
        self.executing = false;
        self.committed = ledger.block.height;
        self.executed = ledger.block.height;
        self.state = ledger.state;
        self.root = ledger.root;
        self.body_bytes = ledger.body_bytes;
        self.transfer = None;
    }

    /// Queues a disk write and starts a flush when the disk is idle.
    fn write(&mut self, write: Write<P::Record>, bytes: u64, ctx: &mut Ctx<'_, P>) {
        if self.disk.write(write, bytes) {
            ctx.post(Wire::Flush);
        }
    }

    fn flush(&mut self, ctx: &mut Ctx<'_, P>) {
        let bytes = self.disk.begin();
        ctx.wait_on("flush", self.world.prices.flush(bytes));
        ctx.post(Wire::Durable);
        ctx.post(Wire::Flushed);
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_, P>) {
        if self.disk.end() {
            ctx.post(Wire::Flush);
        }
    }

    /// The next replica after `last` in ring order, not this one.
    fn next_peer(&self, last: ReplicaId) -> ReplicaId {
        let n = self.setup.committee.n();
        let next = ReplicaId((last.0 + 1) % n);
        if next == self.setup.me {
            ReplicaId((next.0 + 1) % n)
        } else {
            next
        }
    }
}
