//! The contract between a protocol and its host.
//!
//! A protocol is driven by its host through [`Protocol`]'s methods and acts
//! through the generic sink [`Env`] that each of them receives. It owns no
//! clock, no socket, no disk and no randomness.
//!
//! What the host does for every protocol, so that none repeats it:
//! - **Bodies travel.** A message names the batches that it carries or refers
//!   to ([`Message::bodies`]); the host charges carried bodies to the network,
//!   verifies them, and delivers the message only once it holds all of them.
//!   A protocol may therefore vote for whatever it is handed.
//! - **Execution.** Committed blocks are executed in height order; the digest
//!   of the state comes back through [`Protocol::executed`].
//! - **State transfer.** [`Env::transfer`] brings this replica's ledger to a
//!   later height from a peer; [`Protocol::transferred`] says when.
//! - **The disk.** [`Env::persist`] appends a record to a write-ahead log; the
//!   record survives a crash only once [`Protocol::persisted`] was called for
//!   its token. After a crash the host builds the replica anew from
//!   [`Recovery`].

use std::fmt::Debug;
use std::time::Duration;

use crate::adversary::Deviation;
use crate::block::{Batch, Block, BlockId, Digest, Height};
use crate::committee::{Committee, FaultModel, ReplicaId, ReplicaSet};
use crate::params::{ParamSpec, Params};

/// How a message relates to a batch's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// The message is the batch's vehicle (a proposal): under `in-proposal`
    /// dissemination the body's bytes cross the network with it.
    Carried,
    /// The message only names the batch (a new-view certificate): a receiver
    /// that lacks the body fetches it before the message is delivered.
    Referenced,
}

/// What crosses the network between protocol instances.
pub trait Message: Clone + Debug {
    /// Bytes on the wire without bodies: headers, digests, handles,
    /// signatures and certificates. Each implementation states its sum.
    fn size(&self) -> u32;

    /// Calls `visit` for every batch whose body the receiver must hold before
    /// it may process the message.
    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body));

    /// Short stable name, for traces and message counts: `"pre-prepare"`.
    fn kind(&self) -> &'static str;

    /// The height of the chain that the message shows its sender to have, where
    /// protocols gossip blocks: what a selfish miner keeps back.
    fn offers(&self) -> Option<Height> {
        None
    }

    /// The part of such a message that shows nothing above `height`, where it
    /// has parts.
    fn up_to(&self, _height: Height) -> Option<Self> {
        None
    }
}

/// A countable piece of CPU work; a price list turns it into time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// One signature made.
    Sign,
    /// One signature verified.
    Verify,
    /// So many signatures verified together, spread over the cores.
    VerifyBatch(u32),
    /// So many bytes hashed.
    Hash(u32),
}

/// Names a timer of a protocol; setting the same name replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub u32);

/// Names a write to the disk, chosen by the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What a protocol instance is made from.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// This replica.
    pub me: ReplicaId,
    /// The committee, with the protocol's own [`Protocol::FAULT_MODEL`].
    pub committee: Committee,
    /// Checked parameters.
    pub params: &'a Params,
    /// How this replica deviates from the protocol; empty for a correct one.
    /// Protocols never look: [`crate::adversary::Member`] does.
    pub deviations: &'a [Deviation],
}

/// What survives a crash.
#[derive(Clone, Debug)]
pub struct Recovery<'a, R> {
    /// Highest height whose block the ledger has durably executed; the host
    /// expects the next commit at `applied + 1`.
    pub applied: Height,
    /// Digest of the state at `applied`.
    pub digest: Digest,
    /// The durable records of the write-ahead log in the order of
    /// [`Env::persist`], as last compacted by [`Env::rewrite`].
    pub records: &'a [R],
}

/// Why a block is final: the certificate that a replica commits by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What was signed: `"commit"`, `"precommit"`, `"finalize"`.
    pub kind: &'static str,
    /// In which view, round or term.
    pub view: u64,
    /// Who signed.
    pub signers: ReplicaSet,
}

/// What a protocol promises about progress, for whoever watches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// The longest time without a commit, while batches wait and no more than
    /// f members are out, that is no sign of a fault.
    pub silence: Duration,
    /// Members without whom nothing commits, however many others are up: a
    /// fixed primary.
    pub needs: Vec<ReplicaId>,
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(20),
            needs: Vec::new(),
        }
    }
}

/// The world as a protocol sees it. Effects leave when the work charged so far
/// in the current call is done.
pub trait Env<P: Protocol> {
    /// This replica's clock: time since the run began.
    fn now(&self) -> Duration;
    /// A random word from this replica's own stream.
    fn rand(&mut self) -> u64;
    /// Sends to one other replica. Sending to oneself is a bug and panics.
    fn send(&mut self, to: ReplicaId, message: P::Message);
    /// Sends to every other replica (not to oneself); one shared payload.
    fn broadcast(&mut self, message: P::Message);
    /// Sends to the given replicas; one shared payload.
    fn multicast(&mut self, to: &[ReplicaId], message: P::Message);
    /// Hands a batch, body included, to another replica, where it arrives
    /// through [`Protocol::request`].
    fn forward(&mut self, to: ReplicaId, batch: Batch);
    /// Arms a timer; the same id replaces it.
    fn set_timer(&mut self, timer: TimerId, after: Duration);
    /// Disarms a timer; nothing happens when it is not armed.
    fn cancel_timer(&mut self, timer: TimerId);
    /// Charges CPU work to this replica.
    fn work(&mut self, work: Work);
    /// Appends `record` (`bytes` on disk) to the write-ahead log.
    /// [`Protocol::persisted`] follows once it is durable. Records become
    /// durable in order.
    fn persist(&mut self, record: P::Record, bytes: u32, done: Token);
    /// Replaces the whole write-ahead log by `records` (`bytes` on disk in
    /// all), atomically once durable; [`Protocol::persisted`] follows. This is
    /// how a log is compacted at a checkpoint.
    fn rewrite(&mut self, records: Vec<P::Record>, bytes: u32, done: Token);
    /// Commits the next height. Irrevocable; heights are contiguous from
    /// `Recovery::applied + 1` (or from the transferred height + 1).
    fn commit(&mut self, block: Block);
    /// Shows the certificate by which the commits that follow in this call are
    /// final, for whoever must say how two blocks of a height could be.
    fn prove(&mut self, _proof: Proof) {}
    /// Asks the host to bring the ledger to at least `height` with a state
    /// snapshot from `from` (or another peer, should that fail). A second call
    /// replaces the first. [`Protocol::transferred`] follows.
    fn transfer(&mut self, from: ReplicaId, height: Height);
    /// Reports a message that was refused, for counts and traces.
    fn reject(&mut self, why: &'static str);
    /// Counts what only the protocol can know and a report should show, such
    /// as blocks that a longer chain made stale: `what` in `kebab-case` with
    /// its unit last (`"energy-joule"`). Changes nothing else.
    fn count(&mut self, what: &'static str, by: u64);
    /// Says that this replica holds a whole block that spreads by gossip, of
    /// which its maker is the first: how long others take is measured. Changes
    /// nothing else.
    fn hold(&mut self, id: BlockId, created: Duration) {
        let _ = (id, created);
    }
}

/// A consensus protocol instance at one replica.
pub trait Protocol: Sized + 'static {
    /// What its instances say to each other.
    type Message: Message + 'static;
    /// What it writes to its write-ahead log.
    type Record: Clone + Debug + 'static;

    /// Name in scenarios: `[a-z0-9-]+`.
    const NAME: &'static str;
    /// One line with the paper: author, title, year.
    const SOURCE: &'static str;
    /// What its quorums tolerate.
    const FAULT_MODEL: FaultModel;
    /// Whether blocks are gossiped as found, so that they can be kept back:
    /// [`Message::offers`] tells them.
    const GOSSIPS: bool = false;
    /// Whether a leader chooses the block that it proposes on, so that it may look
    /// for a fork ([`Protocol::fork`]).
    const CHAINS: bool = false;

    /// The parameters that a scenario may set.
    fn params() -> Vec<ParamSpec>;

    /// What it promises about progress with these parameters.
    #[must_use]
    fn liveness(_committee: Committee, _params: &Params) -> Liveness {
        Liveness::default()
    }

    /// A fresh instance (`recovery.records` empty, `applied` 0) or one that
    /// comes back after a crash.
    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Self::Record>) -> Self;

    /// Begins, at time zero or after a restart.
    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E);

    /// A message arrived; its bodies are held and verified.
    fn message<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        message: &Self::Message,
        env: &mut E,
    );

    /// An armed timer expired.
    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E);

    /// A batch wants to be ordered: formed at this replica, or forwarded to
    /// it. The protocol keeps the handle until it commits, and proposes or
    /// forwards it as its leader rule says.
    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E);

    /// A write to the disk is durable.
    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E);

    /// The ledger executed the block at `height`; `digest` names its state.
    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, digest: Digest, env: &mut E);

    /// A requested state transfer has brought the ledger to `height` (at least
    /// the one asked for) with the state `digest`; the next commit is
    /// `height + 1`. `block` is the last block that the snapshot includes.
    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        digest: Digest,
        block: &Block,
        env: &mut E,
    );

    /// The replica that this one believes will propose next, where it knows.
    fn leader(&self) -> Option<ReplicaId>;

    /// The current view, round or term, for traces and reports.
    fn view(&self) -> u64;

    /// What a Byzantine leader says in place of the proposal that this instance
    /// has just made, to undo blocks of others: the same batches on the oldest
    /// block that correct members would still vote to extend. The instance takes
    /// note of it. `None` where the protocol leaves no such choice, and for every
    /// other message.
    fn fork(&mut self, _proposal: &Self::Message) -> Option<Self::Message> {
        None
    }
}
