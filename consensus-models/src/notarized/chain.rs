//! Blocks and notarizations: taking them in, voting, committing, and getting
//! what was missed ([`Sync`](crate::chain::Sync)'s steps as timers and
//! messages). Which notarized chains are final, the rules say.

use std::collections::BTreeSet;
use std::sync::Arc;

use smallvec::SmallVec;

use super::message::{Blocks, Cert, Choice, Message, Proof, Proposal, Record};
use super::{FETCH_TIMER, Notarized, Rules, WINDOW};
use crate::block::{Batch, BatchId, Block, Height};
use crate::chain::{Answer, BlockRef, Link, Linked, Step};
use crate::committee::ReplicaId;
use crate::protocol::{Env, Work};
use crate::tally::Counted;

impl<R: Rules> Notarized<R> {
    /// The block at the end of the chain to be extended.
    pub(super) fn tip_at(&self) -> BlockRef {
        self.tip.block().unwrap_or_default()
    }

    /// The best notarized chain known: its end and the dummies of all views up
    /// to `view`, as far as they follow each other.
    pub(super) fn proof(&self) -> Proof {
        let mut next = self.tip_at().view + 1;
        let contiguous = self.dummies.range(next..).map_while(|(&view, cert)| {
            let follows = view == next;
            next += 1;
            follows.then(|| Arc::clone(cert))
        });
        Proof {
            dummies: contiguous.collect(),
            tip: Arc::clone(&self.tip),
        }
    }

    pub(super) fn on_proposal<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        proposal: &Arc<Proposal>,
        env: &mut E,
    ) {
        let at = proposal.at();
        if self.tree.get(&at).is_some() || at.height <= self.tree.committed() {
            return;
        }
        if let Err(why) = self.check_form(from, proposal) {
            return env.reject(why);
        }
        env.work(Work::Hash(proposal.bytes()));
        env.work(Work::Verify);
        for cert in proposal.parent.certs() {
            self.learn(cert, env);
        }
        if self.tree.has_rival(&at) && !self.sync.wants(&at) {
            return env.reject("second proposal of a view");
        }
        self.seen = self.seen.max(at.view);
        self.suspects[from.index()] = false;
        self.tree.insert(Arc::clone(proposal));
        self.consider_vote(proposal, env);
    }

    /// Checks what a correct leader's proposal cannot fail.
    fn check_form(&self, from: ReplicaId, proposal: &Proposal) -> Result<(), &'static str> {
        let block = &proposal.block;
        let parent = proposal.parent();
        if block.proposer != from || self.leader_of(block.view) != from {
            return Err("proposal by a replica that does not lead");
        }
        if block.height != parent.height.next() || block.view <= parent.view {
            return Err("proposal that does not fit its parent");
        }
        if !proposal.parent.certs().all(|cert| self.has_quorum(cert)) {
            return Err("notarization without a quorum");
        }
        R::admits(self, proposal)
    }

    fn has_quorum(&self, cert: &Cert) -> bool {
        cert.choice == Choice::Block(BlockRef::default())
            || cert.signers.len() >= self.committee.quorum()
    }

    /// Votes for a block, once its parent is here.
    pub(super) fn consider_vote<E: Env<Self> + ?Sized>(
        &mut self,
        proposal: &Arc<Proposal>,
        env: &mut E,
    ) {
        let parent = proposal.parent();
        if self.tree.get(&parent).is_none() && !self.tree.is_root(&parent) {
            self.deferred = Some(Arc::clone(proposal));
            return;
        }
        let at = proposal.at();
        let voted = self.vote.map_or(0, |vote| vote.view);
        if at.view <= voted || !R::may_vote(self, proposal) {
            return;
        }
        if proposal.block.created < self.tree.created(&parent) {
            return env.reject("block older than its parent");
        }
        self.vote = Some(at);
        let record = Record::Vote(Arc::clone(proposal));
        self.persist(record, Some(Choice::Block(at)), env);
    }

    pub(super) fn vote_deferred<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if let Some(proposal) = self.deferred.take() {
            self.consider_vote(&proposal, env);
        }
    }

    /// A vote for a block arrived.
    pub(super) fn on_vote<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        at: BlockRef,
        env: &mut E,
    ) {
        let view = R::view(self);
        let near = at.view <= view + WINDOW && at.view + WINDOW >= view;
        let known = at.view <= self.floor || self.certs.contains_key(&at);
        if !near || known || self.votes.has(from, at.view, at) {
            return;
        }
        if from != self.me {
            env.work(Work::Verify);
        }
        match self.votes.add(from, at.view, at, self.committee.quorum()) {
            Counted::Open | Counted::Useless => {}
            Counted::Equivocation => env.reject("equivocating vote"),
            Counted::Quorum(voters) => {
                let (n, form) = (self.committee.n(), self.config.certificates);
                let cert = Arc::new(Cert::new(Choice::Block(at), voters, n, form));
                self.notarized(&cert, env);
            }
        }
    }

    /// Takes note of a notarization from elsewhere.
    pub(super) fn learn<E: Env<Self> + ?Sized>(&mut self, cert: &Arc<Cert>, env: &mut E) {
        let known = match cert.choice {
            Choice::Block(at) => at.view <= self.floor || self.certs.contains_key(&at),
            Choice::Dummy(view) => {
                let far = view > R::view(self) + WINDOW;
                far || view <= self.tip_at().view || self.dummies.contains_key(&view)
            }
            Choice::Final(_) => true,
        };
        if known {
            return;
        }
        if !self.has_quorum(cert) {
            return env.reject("notarization without a quorum");
        }
        env.work(self.config.certificates.verify(cert.signers.len()));
        self.notarized(cert, env);
    }

    /// Takes note of all notarizations of a chain.
    pub(super) fn learn_chain<E: Env<Self> + ?Sized>(&mut self, proof: &Proof, env: &mut E) {
        if proof.leads_to().is_none() {
            return env.reject("chain with a gap");
        }
        for cert in proof.certs() {
            self.learn(cert, env);
        }
    }

    /// A notarization that is new and in order.
    pub(super) fn notarized<E: Env<Self> + ?Sized>(&mut self, cert: &Arc<Cert>, env: &mut E) {
        match cert.choice {
            Choice::Block(at) => {
                self.certs.insert(at, Arc::clone(cert));
                if R::rank(&at) > R::rank(&self.tip_at()) {
                    self.tip = Arc::clone(cert);
                    self.dummies = self.dummies.split_off(&(at.view + 1));
                }
            }
            Choice::Dummy(view) => {
                self.dummies.insert(view, Arc::clone(cert));
            }
            Choice::Final(_) => {}
        }
        R::certified(self, cert, env);
    }

    /// Commits what is final and whole.
    pub(super) fn commit_final<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        if self.sync.is_transferring() {
            return;
        }
        let Some(head) = R::final_head(self) else {
            return;
        };
        if head.height <= self.tree.committed() || self.tree.link(head) != Link::Whole {
            return;
        }
        let mut branch: SmallVec<[Arc<Proposal>; 4]> =
            self.tree.branch(head).map(Arc::clone).collect();
        branch.reverse();
        if let Some(cert) = self.certs.get(&head) {
            env.prove(crate::protocol::Proof {
                kind: "notarization",
                view: head.view,
                signers: cert.signers.clone(),
            });
        }
        for proposal in branch {
            self.tree.commit(&proposal);
            self.pool.committed(&proposal.block);
            env.commit(proposal.block.clone());
        }
        self.forget_up_to(head.view);
    }

    fn forget_up_to(&mut self, view: u64) {
        self.floor = self.floor.max(view);
        let floor = self.floor;
        self.certs.retain(|at, _| at.view >= floor);
        self.votes.forget_up_to(floor);
    }

    /// Builds, sends and takes in the own proposal of `view`.
    pub(super) fn propose<E: Env<Self> + ?Sized>(
        &mut self,
        view: u64,
        parent: Proof,
        batches: SmallVec<[Batch; 4]>,
        env: &mut E,
    ) {
        let at = parent.at();
        let block = Block {
            height: at.height.next(),
            view,
            proposer: self.me,
            created: env.now().max(self.tree.created(&at)),
            batches,
        };
        let proposal = Arc::new(Proposal::new(block, parent));
        self.proposed = view;
        self.seen = self.seen.max(view);
        env.count("blocks-made", 1);
        env.work(Work::Hash(proposal.bytes()));
        env.work(Work::Sign);
        env.broadcast(Message::Proposal(Arc::clone(&proposal)));
        self.tree.insert(Arc::clone(&proposal));
        self.consider_vote(&proposal, env);
    }

    /// Whether this replica may propose in `view` on the chain that it knows.
    pub(super) fn can_propose(&self, view: u64) -> bool {
        let mine = self.leader_of(view) == self.me && self.proposed < view;
        let free = !self.sync.is_transferring();
        mine && free && self.tree.link(self.tip_at()) == Link::Whole
    }

    /// Pending batches that are not on the branch to be extended.
    pub(super) fn next_batches(&self) -> SmallVec<[Batch; 4]> {
        if self.pool.is_empty() {
            return SmallVec::new();
        }
        let taken = self.batches_on(self.tip_at());
        self.pool.select(&taken, self.config.max_batches)
    }

    /// Batches of the uncommitted blocks up to `tip`.
    pub(super) fn batches_on(&self, tip: BlockRef) -> BTreeSet<BatchId> {
        let blocks = self.tree.branch(tip).map(|proposal| &proposal.block);
        blocks
            .flat_map(|block| block.batches.iter().map(|batch| batch.id))
            .collect()
    }

    /// Sees to it that the branch of the tip gets whole; `from` knows it.
    pub(super) fn follow<E: Env<Self> + ?Sized>(&mut self, from: ReplicaId, env: &mut E) {
        let step = self.sync.follow(&self.tree, self.tip_at(), from);
        self.take_step(step, env);
    }

    fn take_step<E: Env<Self> + ?Sized>(&mut self, step: Step, env: &mut E) {
        let above = self.tree.committed();
        let request = |at| Message::BlockRequest { at, above };
        step.take(FETCH_TIMER, request, env);
    }

    pub(super) fn on_fetch_timer<E: Env<Self> + ?Sized>(&mut self, env: &mut E) {
        let step = self.sync.due(|| env.rand());
        self.take_step(step, env);
    }

    pub(super) fn on_block_request<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        at: BlockRef,
        above: Height,
        env: &mut E,
    ) {
        let most = self.config.fetch_blocks;
        if let Some(answer) = self.sync.serve(&self.tree, at, above, most) {
            env.send(from, Message::BlockResponse(Arc::new(answer)));
        }
    }

    pub(super) fn on_block_response<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        answer: &Blocks,
        env: &mut E,
    ) {
        let (tip, tree) = (self.tip.block().unwrap_or_default(), &mut self.tree);
        let charge = |block: &Proposal| env.work(Work::Hash(block.bytes()));
        match self.sync.answered(tree, tip, from, answer, charge) {
            Answer::Useless => {}
            Answer::Wrong => env.reject("blocks that were not asked for"),
            Answer::Pruned(height) => {
                env.cancel_timer(FETCH_TIMER);
                env.transfer(from, height);
            }
            Answer::Grew(step) => self.take_step(step, env),
        }
    }

    /// The ledger stands at a later height.
    pub(super) fn on_transferred(&mut self, block: &Block) {
        self.sync.transferred(block.height);
        if block.height > self.tree.committed() {
            self.tree.transfer(block);
            self.pool.committed(block);
            self.forget_up_to(block.view);
        }
    }
}
