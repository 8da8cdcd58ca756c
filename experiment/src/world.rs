//! What the replicas of one run share in memory: batch bodies by name, and
//! executions by content.
//!
//! Sharing saves wall-clock time and changes no result: modelled costs are
//! charged to every replica, and an execution is found only by an equal parent
//! root and an equal block. A replica whose state diverged misses the cache
//! and executes for itself. A sampled audit executes again without the cache.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use groma_consensus_models::{Batch, BatchId, Block, BlockId, Height, mix};
use groma_ledger::{
    BlockInput, Execution, Executor, Hash, Outcome, Parallel, Reason, Serial, State,
};
use groma_sim::Time;
use hashbrown::HashMap;

use crate::cost::Prices;
use crate::plan::{Dissemination, Lanes, Plan, RepliesPer, TransactionCrypto};
use crate::wire::{BatchBody, BlockOutcome, Framing, GatewayId, Ticket, Ticketed, TxResult};

/// A map with a fixed hash seed; its iteration order is never used.
pub type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// One execution in `AUDIT_EVERY` heights is repeated without sharing.
const AUDIT_EVERY: u64 = 64;

/// Of so many heights one is looked at for how its transactions wait for one another.
const CONTENTION_EVERY: u64 = 32;

/// A block with fewer transactions says nothing of it.
const CONTENTION_LEAST: usize = 16;

/// Executions kept for replicas that are behind; one that is further behind
/// executes for itself.
const KEPT_EXECUTIONS: usize = 64;

/// An executed block and the state after it.
#[derive(Clone, Debug)]
pub struct Executed {
    /// What it says to the world.
    pub outcome: Rc<BlockOutcome>,
    /// The state after it.
    pub state: State,
}

/// Which transactions of a gateway were applied: one bit a ticket.
#[derive(Debug, Default)]
pub struct Applied(Vec<Vec<u64>>);

impl Applied {
    /// Marks a ticket; `false` when it was marked before.
    pub fn mark(&mut self, gateway: GatewayId, ticket: Ticket) -> bool {
        let (word, bit) = ((ticket.0 / 64) as usize, 1_u64 << (ticket.0 % 64));
        let gateway = gateway.0 as usize;
        if self.0.len() <= gateway {
            self.0.resize_with(gateway + 1, Vec::new);
        }
        let words = &mut self.0[gateway];
        if words.len() <= word {
            words.resize(word + 1, 0);
        }
        let fresh = words[word] & bit == 0;
        words[word] |= bit;
        fresh
    }

    /// Whether a ticket is marked.
    #[must_use]
    pub fn contains(&self, gateway: GatewayId, ticket: Ticket) -> bool {
        self.0
            .get(gateway.0 as usize)
            .and_then(|words| words.get((ticket.0 / 64) as usize))
            .is_some_and(|word| word & (1 << (ticket.0 % 64)) != 0)
    }
}

struct Cached {
    executed: Executed,
    uses: u32,
}

/// The shared part of a run.
pub struct World {
    /// Prices of counted work.
    pub prices: Prices,
    /// How bodies travel.
    pub dissemination: Dissemination,
    /// Replicas.
    pub replicas: u32,
    /// Gateways.
    pub gateways: u32,
    /// Bytes of one reply.
    pub reply_bytes: u64,
    /// What one message of replies answers.
    pub replies: RepliesPer,
    /// How bytes become bytes on the wire.
    pub framing: Framing,
    /// Whether the signatures of transactions are verified.
    pub signatures: TransactionCrypto,
    /// How a replica's work shares the cores.
    pub lanes: Lanes,
    sharing: bool,
    /// Heights for which bodies are kept after their first execution.
    retain: u64,
    bodies: RefCell<Map<BatchId, Rc<BatchBody>>>,
    /// Batches by the height of their first execution, to forget old bodies.
    aged: RefCell<std::collections::VecDeque<(Height, BatchId)>>,
    executions: RefCell<Map<(Hash, BlockId), Cached>>,
    order: RefCell<std::collections::VecDeque<(Hash, BlockId)>>,
    applied: RefCell<Applied>,
    /// The lowest height that executed each batch: 24 bytes a batch, for the
    /// whole run, because a protocol may remember less.
    ordered: RefCell<Map<BatchId, Height>>,
    highest: Cell<Height>,
    /// The last sampled block.
    sample: RefCell<Option<Sample>>,
    audited: Cell<Height>,
    audits: Cell<u64>,
    /// Transactions looked at but for one a block, and how many of them were in the
    /// largest group of their block but for its first.
    chains: Cell<(u64, u64)>,
    divergences: RefCell<Vec<String>>,
}

/// A block as its first executor saw it.
struct Sample {
    /// The root of its parent, and the block.
    key: (Hash, BlockId),
    root: Hash,
    outcomes: Vec<Outcome>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("World")
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}

impl World {
    /// An empty world for a plan with so many gateways; `sharing` says whether
    /// executions are shared.
    #[must_use]
    pub fn new(plan: &Plan, gateways: u32, sharing: bool) -> Self {
        Self {
            prices: Prices::new(&plan.costs, &plan.machine),
            dissemination: plan.dissemination,
            replicas: plan.replicas(),
            gateways,
            reply_bytes: u64::from(plan.client.reply_bytes),
            replies: plan.client.replies,
            framing: Framing::new(plan.network.mtu_bytes),
            signatures: plan.crypto.transactions,
            lanes: plan.machine.lanes,
            sharing,
            retain: u64::from(plan.limits.retain_blocks),
            bodies: RefCell::default(),
            aged: RefCell::default(),
            executions: RefCell::default(),
            order: RefCell::default(),
            applied: RefCell::default(),
            ordered: RefCell::default(),
            highest: Cell::new(Height(0)),
            sample: RefCell::default(),
            audited: Cell::new(Height(0)),
            audits: Cell::new(0),
            chains: Cell::new((0, 0)),
            divergences: RefCell::default(),
        }
    }

    /// Registers a freshly formed batch.
    pub fn publish(&self, body: Rc<BatchBody>) {
        self.bodies.borrow_mut().insert(body.batch.id, body);
    }

    /// The body of a batch, while anyone may still need it.
    #[must_use]
    pub fn body(&self, id: BatchId) -> Option<Rc<BatchBody>> {
        self.bodies.borrow().get(&id).cloned()
    }

    /// Executions repeated without sharing so far.
    #[must_use]
    pub fn audits(&self) -> u64 {
        self.audits.get()
    }

    /// Audits that found another result and were not told of yet.
    #[must_use]
    pub fn divergences(&self) -> Vec<String> {
        self.divergences.take()
    }

    /// Executes `block` on `parent`, or finds that it was done before.
    ///
    /// # Panics
    /// When a body is missing: the caller holds all of them.
    #[must_use]
    pub fn execute(&self, parent: &State, parent_root: Hash, block: &Block) -> Executed {
        let key = (parent_root, block.id());
        self.audit(parent, key, block);
        if self.sharing
            && let Some(found) = self.find(key)
        {
            return found;
        }
        let txs = self.transactions(block);
        let execution = run(parent, block, &txs);
        self.watch_contention(block, &txs);
        if is_sampled(block) && block.height > self.highest.get() {
            let sample = Sample {
                key,
                root: execution.root,
                outcomes: execution.outcomes.clone(),
            };
            *self.sample.borrow_mut() = Some(sample);
        }
        let executed = self.conclude(block, &txs, execution);
        self.grow_old(block);
        if self.sharing && self.replicas > 1 {
            self.keep(key, executed.clone());
        }
        executed
    }

    /// Looks at how the transactions of one block in so many wait for one another.
    fn watch_contention(&self, block: &Block, txs: &[(Time, Ticketed)]) {
        let first = block.height > self.highest.get();
        if !first
            || txs.len() < CONTENTION_LEAST
            || !block.height.0.is_multiple_of(CONTENTION_EVERY)
        {
            return;
        }
        let transactions: Vec<_> = txs.iter().map(|(_, tx)| tx.tx.clone()).collect();
        let largest = Parallel::largest_group(&BlockInput {
            height: block.height.0,
            timestamp_ns: 0,
            transactions: &transactions,
        });
        let (seen, chained) = self.chains.get();
        self.chains
            .set((seen + txs.len() as u64 - 1, chained + largest as u64 - 1));
    }

    /// The share of transactions that wait for one another, over the blocks looked at.
    #[must_use]
    pub fn contention(&self) -> Option<f64> {
        let (seen, chained) = self.chains.get();
        (seen > 0).then(|| chained as f64 / seen as f64)
    }

    fn find(&self, key: (Hash, BlockId)) -> Option<Executed> {
        let mut executions = self.executions.borrow_mut();
        let cached = executions.get_mut(&key)?;
        cached.uses += 1;
        if cached.uses < self.replicas {
            return Some(cached.executed.clone());
        }
        // The last replica has come for it; holding the state any longer would
        // only pin old pages.
        executions.remove(&key).map(|cached| cached.executed)
    }

    fn keep(&self, key: (Hash, BlockId), executed: Executed) {
        self.executions
            .borrow_mut()
            .insert(key, Cached { executed, uses: 1 });
        let mut order = self.order.borrow_mut();
        order.push_back(key);
        if order.len() > KEPT_EXECUTIONS
            && let Some(old) = order.pop_front()
        {
            self.executions.borrow_mut().remove(&old);
        }
    }

    fn transactions(&self, block: &Block) -> Vec<(Time, Ticketed)> {
        let bodies = self.bodies.borrow();
        let mut txs = Vec::with_capacity(usize::try_from(block.txs()).unwrap_or(0));
        for batch in self.fresh(block) {
            let body = bodies
                .get(&batch.id)
                .expect("the host executes a block only when its bodies are kept");
            txs.extend(body.txs.iter().map(|tx| (body.closed, tx.clone())));
        }
        txs
    }

    /// The batches of a block that no lower height has executed: a protocol may
    /// order a batch twice, for instance after a state transfer, and a replica
    /// executes it once.
    pub fn fresh<'a>(&self, block: &'a Block) -> impl Iterator<Item = &'a Batch> {
        let ordered = self.ordered.borrow();
        let fresh: Vec<&Batch> = block
            .batches
            .iter()
            .enumerate()
            .filter(|(index, batch)| {
                let below = ordered
                    .get(&batch.id)
                    .is_some_and(|first| *first < block.height);
                !below && !block.batches[..*index].contains(batch)
            })
            .map(|(_, batch)| batch)
            .collect();
        fresh.into_iter()
    }

    /// Whether some replica formed this batch.
    #[must_use]
    pub fn was_formed(&self, id: BatchId) -> bool {
        self.bodies.borrow().contains_key(&id) || self.was_executed(id)
    }

    /// Whether some replica has executed this batch.
    #[must_use]
    pub fn was_executed(&self, id: BatchId) -> bool {
        self.ordered.borrow().contains_key(&id)
    }

    /// At a sample of the heights the second replica to come executes for
    /// itself, from its own state, and the result is compared with the first's:
    /// what it would have taken from the cache is what it would have computed.
    /// Replicas whose chains have parted took nothing from one another.
    fn audit(&self, parent: &State, key: (Hash, BlockId), block: &Block) {
        let second = block.height <= self.highest.get() && block.height > self.audited.get();
        if !second || !is_sampled(block) {
            return;
        }
        let sample = self.sample.borrow();
        let Some(first) = sample.as_ref().filter(|first| first.key == key) else {
            return;
        };
        self.audited.set(block.height);
        self.audits.set(self.audits.get() + 1);
        let again = run(parent, block, &self.transactions(block));
        if again.root != first.root || again.outcomes != first.outcomes {
            self.divergences.borrow_mut().push(format!(
                "height {}: two replicas executed it for themselves, roots {} and {}",
                block.height.0, first.root, again.root
            ));
        }
    }

    fn conclude(&self, block: &Block, txs: &[(Time, Ticketed)], execution: Execution) -> Executed {
        let mut applied = self.applied.borrow_mut();
        let mut results = vec![Vec::new(); self.gateways as usize];
        let mut newly = Vec::with_capacity(txs.len());
        let mut reply = execution.root.short();
        let (mut bytes, mut work) = (0, 0);
        for ((closed, tx), &outcome) in txs.iter().zip(&execution.outcomes) {
            reply = mix(reply, outcome_word(outcome));
            bytes += u64::from(tx.tx.wire_bytes);
            work += tx.tx.transaction.body.rule().weight();
            let outcome = match outcome {
                Outcome::Applied => {
                    newly.push((tx.gateway, tx.ticket));
                    applied.mark(tx.gateway, tx.ticket);
                    outcome
                }
                // A transaction that was sent twice: a replica answers with
                // what it said the first time, as PBFT's reply cache does.
                Outcome::Rejected(Reason::Duplicate) if applied.contains(tx.gateway, tx.ticket) => {
                    Outcome::Applied
                }
                Outcome::Rejected(_) => outcome,
            };
            results[tx.gateway.0 as usize].push(TxResult {
                ticket: tx.ticket,
                outcome,
                arrived: tx.arrived,
                closed: *closed,
            });
        }
        let outcome = BlockOutcome {
            height: block.height,
            root: execution.root,
            reply,
            created: Time::from_duration(block.created),
            results,
            applied: newly,
            txs: txs.len() as u64,
            work,
            bytes,
            touched: execution.touched,
        };
        Executed {
            outcome: Rc::new(outcome),
            state: execution.state,
        }
    }

    fn grow_old(&self, block: &Block) {
        if block.height <= self.highest.get() {
            return;
        }
        self.highest.set(block.height);
        let mut ordered = self.ordered.borrow_mut();
        for batch in &block.batches {
            ordered.entry(batch.id).or_insert(block.height);
        }
        let mut aged = self.aged.borrow_mut();
        aged.extend(block.batches.iter().map(|batch| (block.height, batch.id)));
        let mut bodies = self.bodies.borrow_mut();
        while let Some(&(height, id)) = aged.front() {
            if height.0 + self.retain >= block.height.0 {
                break;
            }
            bodies.remove(&id);
            aged.pop_front();
        }
    }
}

fn run(parent: &State, block: &Block, txs: &[(Time, Ticketed)]) -> Execution {
    let transactions: Vec<_> = txs.iter().map(|(_, tx)| tx.tx.clone()).collect();
    Serial.execute(
        parent,
        &BlockInput {
            height: block.height.0,
            timestamp_ns: u64::try_from(block.created.as_nanos()).unwrap_or(u64::MAX),
            transactions: &transactions,
        },
    )
}

/// Whether a block is among those that are executed twice.
fn is_sampled(block: &Block) -> bool {
    !block.batches.is_empty() && block.height.0.is_multiple_of(AUDIT_EVERY)
}

fn outcome_word(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Applied => 1,
        Outcome::Rejected(reason) => 2 + reason as u64,
    }
}
