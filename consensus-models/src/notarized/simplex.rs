//! Simplex: iterations that a notarization ends, of the leader's block or, after
//! a timeout, of a dummy block; final when a quorum did not time out (Chan,
//! Pass, 2023).

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use super::{
    Cert, Choice, IDLE_TIMER, Message, Notarized, Proposal, Record, Rules, VIEW_TIMER, WINDOW,
    config,
};
use crate::block::{BlockId, Height};
use crate::chain::BlockRef;
use crate::committee::{ReplicaId, ReplicaSet};
use crate::params::{ParamSpec, Params};
use crate::protocol::{Env, TimerId, Work};

/// A replica of Simplex.
pub type Simplex = Notarized<SimplexRules>;

/// The rules of Simplex.
#[derive(Debug)]
pub struct SimplexRules {
    /// Three delays.
    timeout: Duration,
    idle_interval: Duration,
    iteration: u64,
    /// Votes for dummy blocks that are not notarized yet.
    dummy_votes: BTreeMap<u64, ReplicaSet>,
    /// Who did not time out in an iteration.
    finals: BTreeMap<u64, ReplicaSet>,
    /// The highest block known to be final.
    head: BlockRef,
    idling: bool,
    idle_over: bool,
}

impl Simplex {
    /// The notarized block of an iteration.
    fn block_of(&self, iteration: u64) -> Option<(&BlockRef, &Arc<Cert>)> {
        let edge = |height, id| BlockRef {
            view: iteration,
            height: Height(height),
            id: BlockId(id),
        };
        let range = (
            Bound::Included(edge(0, 0)),
            Bound::Included(edge(u64::MAX, u64::MAX)),
        );
        self.certs.range(range).next()
    }

    /// Goes to the iteration that the notarized chain leads to, if it is later.
    fn advance<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let tip = self.tip_at().view;
        let mut next = tip + 1;
        while self.dummies.contains_key(&next) {
            next += 1;
        }
        let left = self.rules.iteration;
        if next <= left {
            return;
        }
        self.rules.iteration = next;
        let cert = self.dummies.get(&(next - 1)).unwrap_or(&self.tip);
        env.broadcast(Message::Notarized(Arc::clone(cert)));
        if tip >= left && self.given_up < tip {
            let record = Record::Final(Arc::clone(&self.tip));
            self.persist(record, Some(Choice::Final(tip)), env);
        }
        for failed in left.max(tip + 1)..next {
            self.leader_failed(self.leader_of(failed), env);
        }
        self.entered(env);
    }

    fn entered<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let rules = &mut self.rules;
        env.set_timer(VIEW_TIMER, rules.timeout);
        rules.idle_over = false;
        if std::mem::take(&mut rules.idling) {
            env.cancel_timer(IDLE_TIMER);
        }
        rules.dummy_votes = rules.dummy_votes.split_off(&rules.iteration);
        let old = rules.iteration.saturating_sub(WINDOW).max(self.floor);
        rules.finals = rules.finals.split_off(&old);
        self.votes.forget_up_to(old);
    }

    /// The iteration takes too long: a vote for its dummy block; afterwards all
    /// that was said in it again, for who may not have heard it.
    fn on_timeout<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let iteration = self.rules.iteration;
        env.set_timer(VIEW_TIMER, self.rules.timeout);
        let dummy = Choice::Dummy(iteration);
        let proof = Arc::new(self.proof());
        if self.given_up < iteration {
            self.given_up = iteration;
            return self.persist(Record::Dummy(proof), Some(dummy), env);
        }
        env.broadcast(Message::Chain(proof));
        if let Some(vote) = self.vote.filter(|vote| vote.view == iteration) {
            self.say(Choice::Block(vote), env);
        }
        self.say(dummy, env);
        // A crash may have made it forget that it counted them.
        if let Some(vote) = self.vote {
            self.on_vote(self.me, vote, env);
        }
        self.on_dummy_vote(self.me, iteration, env);
    }

    fn on_dummy_vote<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, view: u64, env: &mut E) {
        let iteration = self.rules.iteration;
        if view < iteration || view > iteration + WINDOW || self.dummies.contains_key(&view) {
            return;
        }
        let voters = self.rules.dummy_votes.entry(view).or_default();
        if !voters.insert(from) {
            return;
        }
        if from != self.me {
            env.work(Work::Verify);
        }
        if voters.len() >= self.committee.quorum() {
            let voters = self.rules.dummy_votes.remove(&view).unwrap_or_default();
            let (n, form) = (self.committee.n(), self.config.certificates);
            let cert = Arc::new(Cert::new(Choice::Dummy(view), voters, n, form));
            self.notarized(&cert, env);
        }
    }

    fn on_final<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, view: u64, env: &mut E) {
        let iteration = self.rules.iteration;
        let near = view <= iteration + WINDOW && view + WINDOW >= iteration;
        if !near || view <= self.floor.max(self.rules.head.view) {
            return;
        }
        if self.rules.finals.entry(view).or_default().insert(from) && from != self.me {
            env.work(Work::Verify);
        }
        self.finalize(view);
    }

    /// A notarized block that a quorum did not time out on is final.
    fn finalize(&mut self, view: u64) {
        let said = self.rules.finals.get(&view).map_or(0, ReplicaSet::len);
        if said < self.committee.quorum() || view <= self.rules.head.view {
            return;
        }
        if let Some((&at, _)) = self.block_of(view) {
            self.rules.head = at;
        }
    }
}

impl Rules for SimplexRules {
    const NAME: &'static str = "simplex";
    const SOURCE: &'static str =
        "B. Y. Chan, R. Pass, Simplex Consensus: A Simple and Fast Consensus Protocol, TCC 2023";

    fn params() -> Vec<ParamSpec> {
        let mut specs = config::specs("400ms");
        specs.push(ParamSpec::span(
            "idle_interval",
            0,
            "0s",
            "wait before an empty block when nothing is pending; 0s: delta",
        ));
        specs
    }

    fn new(params: &Params) -> Self {
        let delta = params.duration("delta");
        let idle = params.duration("idle_interval");
        let idle = if idle.is_zero() { delta } else { idle };
        Self {
            timeout: 3 * delta,
            // A leader that waits longer than this would be timed out.
            idle_interval: idle.min(delta),
            iteration: 1,
            dummy_votes: BTreeMap::new(),
            finals: BTreeMap::new(),
            head: BlockRef::default(),
            idling: false,
            idle_over: false,
        }
    }

    fn rank(at: &BlockRef) -> (u64, u64) {
        (at.view, at.height.0)
    }

    fn start<E: Env<Simplex> + ?Sized>(node: &mut Simplex, env: &mut E) {
        node.rules.iteration = node.proof().leads_to().unwrap_or(1);
        if node.recovered {
            // It may have proposed in this iteration before it stopped.
            node.proposed = node.rules.iteration;
        }
        node.entered(env);
    }

    fn view(node: &Simplex) -> u64 {
        node.rules.iteration
    }

    fn next_proposal(node: &Simplex) -> u64 {
        let made = node.seen >= node.rules.iteration || node.given_up >= node.rules.iteration;
        node.rules.iteration + u64::from(made)
    }

    fn ahead(node: &Simplex) -> u64 {
        u64::from(node.tree.has_payload())
    }

    fn admits(_: &Simplex, proposal: &Proposal) -> Result<(), &'static str> {
        if proposal.parent.leads_to() != Some(proposal.block.view) {
            return Err("proposal without evidence of its iteration");
        }
        Ok(())
    }

    fn may_vote(node: &Simplex, proposal: &Proposal) -> bool {
        proposal.block.view == node.rules.iteration
    }

    fn other_vote<E: Env<Simplex> + ?Sized>(
        node: &mut Simplex,
        from: ReplicaId,
        choice: Choice,
        env: &mut E,
    ) {
        match choice {
            Choice::Dummy(view) => node.on_dummy_vote(from, view, env),
            Choice::Final(view) => node.on_final(from, view, env),
            Choice::Block(at) => node.on_vote(from, at, env),
        }
    }

    fn certified<E: Env<Simplex> + ?Sized>(node: &mut Simplex, cert: &Arc<Cert>, env: &mut E) {
        if let Some(at) = cert.block() {
            node.finalize(at.view);
        }
        node.advance(env);
    }

    fn final_head(node: &Simplex) -> Option<BlockRef> {
        let head = node.rules.head;
        (head.height > node.tree.committed()).then_some(head)
    }

    fn heard<E: Env<Simplex> + ?Sized>(
        node: &mut Simplex,
        from: ReplicaId,
        message: &Message,
        env: &mut E,
    ) {
        // Who repeats itself in an earlier iteration has missed something.
        if let Message::Chain(proof) = message
            && proof.leads_to() < Some(node.rules.iteration)
        {
            env.send(from, Message::Chain(Arc::new(node.proof())));
        }
    }

    fn timer<E: Env<Simplex> + ?Sized>(node: &mut Simplex, timer: TimerId, env: &mut E) {
        if timer == VIEW_TIMER {
            return node.on_timeout(env);
        }
        assert!(timer == IDLE_TIMER, "timer {timer:?} is never armed");
        node.rules.idling = false;
        node.rules.idle_over = true;
    }

    fn try_propose<E: Env<Simplex> + ?Sized>(node: &mut Simplex, env: &mut E) {
        let iteration = node.rules.iteration;
        if node.given_up >= iteration || !node.can_propose(iteration) {
            return;
        }
        let parent = node.proof();
        if parent.leads_to() != Some(iteration) {
            return;
        }
        let batches = node.next_batches();
        if batches.is_empty() && !node.rules.idle_over {
            if !std::mem::replace(&mut node.rules.idling, true) {
                env.set_timer(IDLE_TIMER, node.rules.idle_interval);
            }
            return;
        }
        node.propose(iteration, parent, batches, env);
    }
}
