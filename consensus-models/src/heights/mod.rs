//! One height after the other: the shell around protocols that decide a block
//! by rounds of votes (Tendermint, QBFT).
//!
//! A [`Core`] decides one height. The shell owns what is the same for all of
//! them: the batches to propose, the start of each height, the write-ahead log
//! (nothing is said before it is durable), the spread of messages over a mesh
//! or by gossip, and decisions for replicas that lag.
//!
//! This file is the state and the dispatch; it knows no rule of a core.

mod catch_up;
mod config;
mod core;
mod forward;
mod message;
mod spread;
mod storage;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use self::core::{Action, Actions, Core, Decision, Place, Say};
pub(crate) use self::core::{Ballots, Cast};
pub use self::message::{Message, Record};
pub(crate) use self::message::{VOTE_BYTES, block_bytes};

use self::catch_up::CatchUp;
use self::config::Config;
use self::spread::Spread;
use crate::block::{Batch, Block, Digest, Height};
use crate::committee::{Committee, FaultModel, ReplicaId};
use crate::outbox::Outbox;
use crate::params::{ParamSpec, Params};
use crate::pool::Pool;
use crate::protocol::{Env, Liveness, Proof, Protocol, Recovery, Setup, TimerId, Token, Work};

/// The wait of an idle chain, or for the block interval, is over.
const START_TIMER: TimerId = TimerId(1);
/// Batches may be due for forwarding.
const RETRY_TIMER: TimerId = TimerId(2);
/// Nothing may have moved for long.
const REPEAT_TIMER: TimerId = TimerId(3);
/// Decisions that others have are to be asked for.
const FETCH_TIMER: TimerId = TimerId(4);
/// The core's timers come after this.
const CORE_TIMERS: u32 = 16;
/// Kinds of timers that a core may have.
const CORE_KINDS: usize = 4;

/// What may be done once a record is durable.
#[derive(Debug)]
enum Due<M> {
    /// Broadcast it, and hear it.
    Say(Arc<M>),
    /// Nothing.
    Nothing,
}

/// Something that this replica said in the current height.
#[derive(Debug)]
struct Said<C: Core> {
    say: Arc<C::Say>,
    saved: C::Saved,
    /// Whether it is on the disk, and so may be repeated.
    durable: bool,
}

/// A replica that decides one height after the other.
#[derive(Debug)]
pub struct Heights<C: Core> {
    me: ReplicaId,
    committee: Committee,
    config: Config,
    core_config: C::Config,
    /// The height to decide, and its core.
    place: Place,
    core: C,
    /// Whether the core was started; an idle chain waits.
    started: bool,
    /// Whether an idle chain has waited long enough.
    idle_over: bool,
    /// Earliest start of the height.
    not_before: Duration,
    /// The rounds for which the core's timers are armed.
    armed: [u32; CORE_KINDS],
    /// What this replica said in this height, for those who missed it.
    said: Vec<Said<C>>,
    /// What it said, before a crash, in heights that it has yet to decide
    /// again: the log may reach further than the ledger and the decisions.
    promised: BTreeMap<Height, Vec<Said<C>>>,
    pool: Pool,
    outbox: Outbox<Due<C::Say>>,
    spread: Spread,
    catch_up: CatchUp<C::Say>,
    /// Highest height that the ledger has executed.
    executed: Height,
    /// Where this replica proposed last: what comes now is too late for it.
    proposed: Option<(Height, u32)>,
    /// Where REPEAT found the replica last.
    seen_at: (Height, u32),
    /// Whether the retry timer is armed.
    retrying: bool,
    /// Decisions from the log, to be committed again at the start.
    again: Vec<Arc<Decision>>,
}

impl<C: Core> Heights<C> {
    /// Starts the height when there is a reason to.
    fn try_start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.started || self.catch_up.is_transferring() {
            return;
        }
        let now = env.now();
        if now < self.not_before {
            env.set_timer(START_TIMER, self.not_before - now);
            return;
        }
        if self.pool.is_empty() && !self.idle_over {
            env.set_timer(START_TIMER, self.config.idle_interval);
            return;
        }
        self.start_height(env);
    }

    /// Begins a height, or goes on in it with what was said before a crash.
    fn begin<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.said.is_empty() {
            self.try_start(env);
        } else {
            self.start_height(env);
            self.say_again(env);
        }
    }

    fn start_height<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.started = true;
        env.cancel_timer(START_TIMER);
        env.set_timer(REPEAT_TIMER, self.config.retransmit);
        let mut actions = Vec::new();
        self.core.start(&mut actions);
        self.act(actions, env);
    }

    /// Does what the core wants.
    fn act<E: Env<Self> + ?Sized>(&mut self, actions: Actions<C::Say>, env: &mut E) {
        for action in actions {
            match action {
                Action::Say(say) => self.say(say, env),
                Action::Timer { kind, round, after } => {
                    self.armed[kind as usize] = round;
                    env.set_timer(TimerId(CORE_TIMERS + kind), after);
                }
                Action::Want => self.propose(env),
                Action::Failed(proposer) => {
                    if self.pool.leader_failed(proposer) {
                        self.forward_due(env);
                    }
                }
                Action::Decide(decision) => {
                    // What the core wanted besides is of a height that is over.
                    return self.decided(Arc::new(decision), env);
                }
                Action::Work(work) => env.work(work),
                Action::Reject(why) => env.reject(why),
            }
        }
    }

    fn propose<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        self.proposed = Some((self.place.height, self.core.round()));
        let batches = self
            .pool
            .select(&std::collections::BTreeSet::new(), self.config.max_batches);
        let block = Arc::new(Block {
            height: self.place.height,
            view: u64::from(self.core.round()),
            proposer: self.me,
            created: env.now().max(self.place.after),
            batches,
        });
        env.work(Work::Hash(block_bytes(block.batches.len())));
        let mut actions = Vec::new();
        self.core.propose(block, &mut actions);
        self.act(actions, env);
    }

    fn say<E: Env<Self> + ?Sized>(&mut self, say: C::Say, env: &mut E) {
        // A core that was restored derives again what it said before the crash.
        let digest = say.digest();
        if self.said.iter().any(|said| said.say.digest() == digest) {
            return;
        }
        env.work(Work::Sign);
        let say = Arc::new(say);
        let saved = self.core.saved();
        self.said.push(Said {
            say: Arc::clone(&say),
            saved: saved.clone(),
            durable: false,
        });
        self.persist(
            Record::Said {
                say: Arc::clone(&say),
                saved,
            },
            Due::Say(say),
            env,
        );
    }

    /// A message of this height, this replica's own ones included.
    fn hear<E: Env<Self> + ?Sized>(&mut self, origin: ReplicaId, say: &C::Say, env: &mut E) {
        if self.catch_up.is_transferring() {
            // The ledger is about to be elsewhere.
            return;
        }
        if !self.started {
            self.start_height(env);
        }
        let mut actions = Vec::new();
        self.core.hear(origin, say, &mut actions);
        self.act(actions, env);
    }

    /// The height is decided, here or elsewhere.
    fn decided<E: Env<Self> + ?Sized>(&mut self, decision: Arc<Decision>, env: &mut E) {
        self.persist(Record::Decided(Arc::clone(&decision)), Due::Nothing, env);
        self.commit(&decision, env);
        self.next_height(decision.block.height, decision.block.created, env);
    }

    fn commit<E: Env<Self> + ?Sized>(&mut self, decision: &Arc<Decision>, env: &mut E) {
        self.pool.committed(&decision.block);
        self.catch_up.keep(Arc::clone(decision), self.config.retain);
        env.prove(Proof {
            kind: "commit",
            view: decision.block.view,
            signers: decision.signers.clone(),
        });
        env.commit(Block::clone(&decision.block));
    }

    /// Goes on above a decided height.
    fn next_height<E: Env<Self> + ?Sized>(
        &mut self,
        decided: Height,
        created: Duration,
        env: &mut E,
    ) {
        for kind in 0..CORE_KINDS as u32 {
            env.cancel_timer(TimerId(CORE_TIMERS + kind));
        }
        self.place = Place {
            height: decided.next(),
            after: created,
            ..self.place
        };
        self.promised = self.promised.split_off(&self.place.height);
        self.said = self.promised.remove(&self.place.height).unwrap_or_default();
        let saved = saved(&self.said);
        self.core = C::new(self.place, &self.core_config, &saved);
        self.started = false;
        self.idle_over = false;
        // A block from the future, by a proposer that lies, holds nobody up.
        self.not_before = created.min(env.now()) + self.config.block_interval;
        self.begin(env);
        self.hear_early(env);
    }
}

/// What was written with what was said.
fn saved<C: Core>(said: &[Said<C>]) -> Vec<C::Saved> {
    said.iter().map(|said| said.saved.clone()).collect()
}

impl<C: Core> Protocol for Heights<C> {
    type Message = Message<C>;
    type Record = Record<C>;

    const NAME: &'static str = C::NAME;
    const SOURCE: &'static str = C::SOURCE;
    const FAULT_MODEL: FaultModel = FaultModel::Byzantine;

    fn params() -> Vec<ParamSpec> {
        [C::params(), config::specs()].concat()
    }

    /// f members that are down may be the proposers of f rounds in a row, and a
    /// round more passes before all others are in the same one.
    fn liveness(committee: Committee, params: &Params) -> Liveness {
        let failed = C::failed_rounds(params, committee.f() + 1);
        let usual = Liveness::default();
        Liveness {
            silence: usual.silence.max(failed.saturating_mul(2)),
            ..usual
        }
    }

    fn new(setup: &Setup<'_>, recovery: &Recovery<'_, Record<C>>) -> Self {
        Self::recover(setup, recovery)
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        env.set_timer(REPEAT_TIMER, self.config.retransmit);
        for decision in std::mem::take(&mut self.again) {
            env.commit(Block::clone(&decision.block));
        }
        self.begin(env);
    }

    fn message<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        message: &Message<C>,
        env: &mut E,
    ) {
        match message {
            Message::Core(origin, say) => self.on_core(from, *origin, say, env),
            Message::Want(height) => self.on_want(from, *height, env),
            Message::Decisions {
                decisions,
                executed,
            } => self.on_decisions(from, decisions, *executed, env),
        }
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, timer: TimerId, env: &mut E) {
        match timer {
            START_TIMER => {
                self.idle_over = true;
                self.try_start(env);
            }
            RETRY_TIMER => self.on_retry_timer(env),
            REPEAT_TIMER => self.on_repeat_timer(env),
            FETCH_TIMER => self.on_fetch_timer(env),
            TimerId(core) => {
                let kind = core - CORE_TIMERS;
                let mut actions = Vec::new();
                let round = self.armed[kind as usize];
                self.core.timer(kind, round, &mut actions);
                self.act(actions, env);
            }
        }
    }

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        self.on_request(batch, env);
        self.try_start(env);
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, done: Token, env: &mut E) {
        self.written(done, env);
    }

    fn executed<E: Env<Self> + ?Sized>(&mut self, height: Height, _digest: Digest, env: &mut E) {
        self.executed = self.executed.max(height);
        if height.0.is_multiple_of(self.config.checkpoint_interval) {
            self.compact(height, env);
        }
    }

    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        height: Height,
        _digest: Digest,
        block: &Block,
        env: &mut E,
    ) {
        self.on_transferred(height, block, env);
    }

    fn leader(&self) -> Option<ReplicaId> {
        Some(self.place.proposer(self.core.round()))
    }

    fn view(&self) -> u64 {
        // As the turns go: the leader is the view modulo n.
        self.place.height.0 + u64::from(self.core.round())
    }
}
