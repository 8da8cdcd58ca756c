//! A gateway: the host that submits for the citizens of a region and hears
//! the replies. Open loop by default: it never waits for a reply to send.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use groma_consensus_models::{Height, Protocol, ReplicaId, ReplicaSet, mix};
use groma_ledger::SignedTransaction;
use groma_sim::{Context, NodeId, Span, Time};
use groma_workloads::Intent;
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

use crate::cluster::Process;
use crate::feed::{Feed, Intended};
use crate::observe::{FinalTx, Observation};
use crate::wire::{BlockOutcome, Framing, GatewayId, Ticket, Ticketed, Wire};
use crate::world::Map;

type Ctx<'c, P> = Context<'c, Process<P>>;

const ARRIVE_TIMER: u64 = 1;
const RESEND_TIMER: u64 = 2;
const CLOSED_TIMER: u64 = 3;

/// A closed loop asks again so long after a refusal.
const CLOSED_PAUSE: Span = Span::from_nanos(100_000_000);

/// Heights whose replies are remembered, so that a late reply of a slower
/// replica does not count anew.
const REMEMBERED_HEIGHTS: usize = 4_096;

/// A closed-loop phase: so many in flight between two times.
#[derive(Clone, Copy, Debug)]
pub struct ClosedPhase {
    /// Start.
    pub from: Time,
    /// End.
    pub until: Time,
    /// This gateway's share of the transactions in flight.
    pub in_flight: u32,
}

/// What a gateway is made from.
#[derive(Clone, Debug)]
pub struct GatewaySetup {
    /// This gateway.
    pub me: GatewayId,
    /// Replicas in order of preference: those of its own region first.
    pub replicas: Vec<ReplicaId>,
    /// How many of them are in its own region.
    pub local: usize,
    /// Equal replies that make a result final.
    pub replies_needed: u32,
    /// Send to every replica, not only to the one that batches.
    pub to_all: bool,
    /// The committee's first replica batches all that is submitted.
    pub to_first: bool,
    /// How bytes become bytes on the wire.
    pub framing: Framing,
    /// Send again after this long without finality; zero: never.
    pub resend_after: Span,
    /// Closed-loop phases, in order.
    pub closed: Vec<ClosedPhase>,
}

#[derive(Debug)]
struct Pending {
    tx: Arc<SignedTransaction>,
    intended: Time,
    sent: Time,
    /// Index into `replicas` of the one that was to batch it.
    owner: usize,
    /// Sent to a second replica: the first may still order it, so that a
    /// refusal of the second is not the end.
    resent: bool,
    meant: Intent,
}

/// Replies to one height.
#[derive(Debug)]
enum Replies {
    Counting(SmallVec<[(u64, ReplicaSet); 1]>),
    Done,
}

/// A gateway.
#[derive(Debug)]
pub struct Gateway {
    setup: GatewaySetup,
    feed: Rc<RefCell<Feed>>,
    next_ticket: u64,
    pending: Map<u64, Pending>,
    replies: BTreeMap<Height, Replies>,
    resends: VecDeque<(Time, u64)>,
    last_heard: Vec<Time>,
    suspected: Vec<bool>,
}

impl Gateway {
    /// A gateway that has sent nothing yet.
    #[must_use]
    pub fn new(setup: GatewaySetup, feed: Rc<RefCell<Feed>>) -> Self {
        let replicas = setup.replicas.len();
        Self {
            setup,
            feed,
            next_ticket: 0,
            pending: Map::default(),
            replies: BTreeMap::new(),
            resends: VecDeque::new(),
            last_heard: vec![Time::ZERO; replicas],
            suspected: vec![false; replicas],
        }
    }

    /// Transactions sent and not final.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.pending.len()
    }

    /// Intended times of what is not final.
    pub fn unfinished_intended(&self) -> Vec<Time> {
        self.pending
            .values()
            .map(|pending| pending.intended)
            .collect()
    }

    /// What a timer is, in a word.
    #[must_use]
    pub fn describe_timer(key: u64) -> &'static str {
        match key {
            ARRIVE_TIMER => "arrival",
            RESEND_TIMER => "resend timer",
            _ => "closed loop",
        }
    }

    /// Begins, at time zero.
    pub fn on_start<P: Protocol>(&mut self, ctx: &mut Ctx<'_, P>) {
        self.arm_arrival(ctx);
        if let Some(first) = self.setup.closed.first() {
            ctx.set_timer_at(CLOSED_TIMER, first.from);
        }
    }

    /// A timer expired.
    pub fn on_timer<P: Protocol>(&mut self, key: u64, ctx: &mut Ctx<'_, P>) {
        match key {
            ARRIVE_TIMER => self.send_due(ctx),
            RESEND_TIMER => self.resend_due(ctx),
            _ => self.open_closed_loop(ctx),
        }
    }

    /// A message arrived.
    pub fn on_message<P: Protocol>(
        &mut self,
        from: NodeId,
        message: &Wire<P::Message>,
        ctx: &mut Ctx<'_, P>,
    ) {
        match message {
            Wire::Reply(outcome, left) => self.hear(ReplicaId(from.0), outcome, *left, ctx),
            Wire::Refuse(tickets) => {
                for ticket in tickets {
                    self.refused(ticket.0, ctx);
                }
            }
            _ => {}
        }
    }

    /// A full queue refused a transaction: it is shed, unless another replica may
    /// still order it. A closed loop replaces it after a pause.
    fn refused<P: Protocol>(&mut self, ticket: u64, ctx: &mut Ctx<'_, P>) {
        if self
            .pending
            .get(&ticket)
            .is_none_or(|pending| pending.resent)
        {
            return;
        }
        if let Some(pending) = self.pending.remove(&ticket) {
            let intended = pending.intended;
            ctx.emit(Observation::Shed { intended });
            if self.current_closed(ctx.now()).is_some() {
                ctx.set_timer(CLOSED_TIMER, CLOSED_PAUSE);
            }
        }
    }

    fn arm_arrival<P: Protocol>(&mut self, ctx: &mut Ctx<'_, P>) {
        if let Some(at) = self.feed.borrow_mut().next_at(self.setup.me) {
            ctx.set_timer_at(ARRIVE_TIMER, at);
        }
    }

    fn send_due<P: Protocol>(&mut self, ctx: &mut Ctx<'_, P>) {
        let now = ctx.now();
        loop {
            let due = self.feed.borrow_mut().take_due(self.setup.me, now);
            let Some(intended) = due else { break };
            self.submit(intended, ctx);
        }
        self.arm_arrival(ctx);
    }

    fn submit<P: Protocol>(&mut self, asked: Intended, ctx: &mut Ctx<'_, P>) {
        let Intended {
            at: intended,
            tx,
            meant,
        } = asked;
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        ctx.emit(Observation::Offered {
            intended,
            kind: tx.transaction.kind(),
            meant,
        });
        let owner = self.healthy(self.home(&tx));
        self.pending.insert(
            ticket,
            Pending {
                tx,
                intended,
                sent: ctx.now(),
                owner,
                resent: false,
                meant,
            },
        );
        self.transmit(ticket, ctx);
    }

    /// The replica, in order of preference, that is to batch a transaction.
    fn home(&self, tx: &SignedTransaction) -> usize {
        if self.setup.to_first {
            let first = |&id: &ReplicaId| id == ReplicaId(0);
            return self.setup.replicas.iter().position(first).unwrap_or(0);
        }
        mix(0x6f77_6e65, tx.transaction.sender.0) as usize % self.setup.local.max(1)
    }

    /// The first replica from `start` on, in order of preference, that is not
    /// suspected; `start` itself when all are.
    fn healthy(&self, start: usize) -> usize {
        let n = self.setup.replicas.len();
        (0..n)
            .map(|step| (start + step) % n)
            .find(|&index| !self.suspected[index])
            .unwrap_or(start)
    }

    fn transmit<P: Protocol>(&mut self, ticket: u64, ctx: &mut Ctx<'_, P>) {
        let pending = &self.pending[&ticket];
        let owner = self.setup.replicas[pending.owner];
        let bytes = self.setup.framing.wire(u64::from(pending.tx.wire_bytes));
        let tx = Ticketed {
            tx: pending.tx.clone(),
            gateway: self.setup.me,
            ticket: Ticket(ticket),
            intended: pending.intended,
            arrived: Time::ZERO,
        };
        let message = Wire::Submit {
            owner,
            txs: smallvec![tx],
        };
        if self.setup.to_all {
            let all: SmallVec<[NodeId; 128]> =
                self.setup.replicas.iter().map(|id| NodeId(id.0)).collect();
            ctx.multicast(&all, message, bytes);
        } else {
            ctx.send(NodeId(owner.0), message, bytes);
        }
        if self.setup.resend_after > Span::ZERO {
            if self.resends.is_empty() {
                ctx.set_timer(RESEND_TIMER, self.setup.resend_after);
            }
            self.resends
                .push_back((ctx.now() + self.setup.resend_after, ticket));
        }
    }

    fn resend_due<P: Protocol>(&mut self, ctx: &mut Ctx<'_, P>) {
        while let Some(&(due, ticket)) = self.resends.front() {
            if due > ctx.now() {
                ctx.set_timer_at(RESEND_TIMER, due);
                break;
            }
            self.resends.pop_front();
            let n = self.setup.replicas.len();
            let Some(pending) = self.pending.get_mut(&ticket) else {
                continue;
            };
            if self.last_heard[pending.owner] <= pending.sent {
                self.suspected[pending.owner] = true;
            }
            let next = (pending.owner + 1) % n;
            let (intended, now) = (pending.intended, ctx.now());
            let owner = self.healthy(next);
            if let Some(pending) = self.pending.get_mut(&ticket) {
                pending.owner = owner;
                pending.sent = now;
                pending.resent = true;
            }
            ctx.emit(Observation::Resent { intended });
            self.transmit(ticket, ctx);
        }
    }

    /// A replica says what came of a block.
    fn hear<P: Protocol>(
        &mut self,
        from: ReplicaId,
        outcome: &Rc<BlockOutcome>,
        left: Time,
        ctx: &mut Ctx<'_, P>,
    ) {
        if let Some(index) = self.setup.replicas.iter().position(|&id| id == from) {
            self.last_heard[index] = ctx.now();
            self.suspected[index] = false;
        }
        let needed = self.setup.replies_needed;
        let entry = self
            .replies
            .entry(outcome.height)
            .or_insert_with(|| Replies::Counting(SmallVec::new()));
        let Replies::Counting(counts) = entry else {
            return;
        };
        let position = counts
            .iter()
            .position(|(reply, _)| *reply == outcome.reply)
            .unwrap_or_else(|| {
                counts.push((outcome.reply, ReplicaSet::new()));
                counts.len() - 1
            });
        counts[position].1.insert(from);
        if counts[position].1.len() < needed {
            return;
        }
        *entry = Replies::Done;
        if self.replies.len() > REMEMBERED_HEIGHTS {
            self.replies.pop_first();
        }
        self.conclude(outcome, left, ctx);
    }

    fn conclude<P: Protocol>(
        &mut self,
        outcome: &Rc<BlockOutcome>,
        answered: Time,
        ctx: &mut Ctx<'_, P>,
    ) {
        for result in &outcome.results[self.setup.me.0 as usize] {
            let Some(pending) = self.pending.remove(&result.ticket.0) else {
                continue;
            };
            ctx.emit(Observation::Final(FinalTx {
                gateway: self.setup.me,
                ticket: result.ticket,
                intended: pending.intended,
                arrived: result.arrived,
                closed: result.closed,
                created: outcome.created,
                height: outcome.height,
                reply: outcome.reply,
                answered,
                outcome: result.outcome,
                meant: pending.meant,
            }));
            self.replace_in_closed_loop(ctx);
        }
    }

    fn current_closed(&self, now: Time) -> Option<ClosedPhase> {
        self.setup
            .closed
            .iter()
            .find(|phase| phase.from <= now && now < phase.until)
            .copied()
    }

    fn open_closed_loop<P: Protocol>(&mut self, ctx: &mut Ctx<'_, P>) {
        let now = ctx.now();
        if let Some(phase) = self.current_closed(now) {
            let missing = u64::from(phase.in_flight).saturating_sub(self.pending.len() as u64);
            for _ in 0..missing {
                let asked = self.feed.borrow_mut().draw_now(now);
                self.submit(asked, ctx);
            }
        }
        if let Some(next) = self.setup.closed.iter().find(|phase| phase.from > now) {
            ctx.set_timer_at(CLOSED_TIMER, next.from);
        }
    }

    fn replace_in_closed_loop<P: Protocol>(&mut self, ctx: &mut Ctx<'_, P>) {
        let now = ctx.now();
        if let Some(phase) = self.current_closed(now)
            && (self.pending.len() as u64) < u64::from(phase.in_flight)
        {
            let asked = self.feed.borrow_mut().draw_now(now);
            self.submit(asked, ctx);
        }
    }
}
