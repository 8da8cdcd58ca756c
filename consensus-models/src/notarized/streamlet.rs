//! Streamlet: epochs by the clock, votes on the longest notarized chain, final
//! after three notarized blocks of consecutive epochs (Chan, Shi, 2020).

use std::sync::Arc;
use std::time::Duration;

use super::{Cert, Choice, Message, Notarized, Proposal, Rules, VIEW_TIMER, config};
use crate::chain::{BlockRef, Linked};
use crate::committee::ReplicaId;
use crate::gossip::Seen;
use crate::params::{ParamSpec, Params};
use crate::protocol::{Env, TimerId};

/// Messages that a replica remembers to have passed on.
const ECHOES: usize = 4096;

/// A replica of Streamlet.
pub type Streamlet = Notarized<StreamletRules>;

type Said = (ReplicaId, bool, Choice);

/// The rules of Streamlet.
#[derive(Debug)]
pub struct StreamletRules {
    /// Two delays: a proposal and the votes for it.
    length: Duration,
    epoch: u64,
    /// What was passed on, where everything is.
    echoed: Option<Seen<Said>>,
}

impl StreamletRules {
    fn epoch_at(&self, now: Duration) -> u64 {
        let epochs = now.as_nanos() / self.length.as_nanos().max(1);
        1 + u64::try_from(epochs).unwrap_or(u64::MAX - 1)
    }

    /// Time from `now` to the next epoch.
    fn rest(&self, now: Duration) -> Duration {
        let length = self.length.as_nanos().max(1);
        let rest = length - now.as_nanos() % length;
        Duration::from_nanos(u64::try_from(rest).unwrap_or(u64::MAX))
    }
}

impl Rules for StreamletRules {
    const NAME: &'static str = "streamlet";
    const SOURCE: &'static str =
        "B. Y. Chan, E. Shi, Streamlet: Textbook Streamlined Blockchains, AFT 2020";

    fn params() -> Vec<ParamSpec> {
        let mut specs = config::specs("200ms");
        specs.push(ParamSpec::flag(
            "echo",
            "false",
            "whether everyone passes on every proposal and vote that it hears of first",
        ));
        specs
    }

    fn new(params: &Params) -> Self {
        Self {
            length: 2 * params.duration("delta"),
            epoch: 0,
            echoed: params.flag("echo").then(|| Seen::new(ECHOES)),
        }
    }

    fn rank(at: &BlockRef) -> (u64, u64) {
        (at.height.0, at.view)
    }

    fn start<E: Env<Streamlet> + ?Sized>(node: &mut Streamlet, env: &mut E) {
        node.rules.epoch = node.rules.epoch_at(env.now());
        env.set_timer(VIEW_TIMER, node.rules.rest(env.now()));
        if node.rules.rest(env.now()) < node.rules.length {
            // It may have proposed in this epoch before it stopped.
            node.proposed = node.rules.epoch;
        }
    }

    fn view(node: &Streamlet) -> u64 {
        node.rules.epoch
    }

    fn next_proposal(node: &Streamlet) -> u64 {
        // Proposals are made when an epoch begins.
        node.rules.epoch + 1
    }

    fn ahead(_: &Streamlet) -> u64 {
        0
    }

    fn admits(node: &Streamlet, proposal: &Proposal) -> Result<(), &'static str> {
        if !proposal.parent.dummies.is_empty() {
            return Err("dummy blocks where there are none");
        }
        if proposal.block.view > node.rules.epoch + 1 {
            return Err("proposal of a later epoch");
        }
        Ok(())
    }

    fn may_vote(node: &Streamlet, proposal: &Proposal) -> bool {
        let longest = node.tip_at().height;
        proposal.block.view == node.rules.epoch && proposal.parent().height >= longest
    }

    fn other_vote<E: Env<Streamlet> + ?Sized>(
        _: &mut Streamlet,
        _: ReplicaId,
        _: Choice,
        env: &mut E,
    ) {
        env.reject("vote for no block");
    }

    fn certified<E: Env<Streamlet> + ?Sized>(_: &mut Streamlet, _: &Arc<Cert>, _: &mut E) {}

    fn final_head(node: &Streamlet) -> Option<BlockRef> {
        // A notarized block's ancestors are notarized: who voted saw it.
        node.certs.keys().rev().find_map(|last| {
            let middle = node.tree.get(last)?.parent();
            let first = node.tree.get(&middle)?.parent();
            let consecutive = first.view + 1 == middle.view && middle.view + 1 == last.view;
            consecutive.then_some(middle)
        })
    }

    fn heard<E: Env<Streamlet> + ?Sized>(
        node: &mut Streamlet,
        from: ReplicaId,
        message: &Message,
        env: &mut E,
    ) {
        let Some(echoed) = &mut node.rules.echoed else {
            return;
        };
        let said = match message {
            Message::Proposal(proposal) => (from, true, Choice::Block(proposal.at())),
            Message::Vote(choice) => (from, false, *choice),
            _ => return,
        };
        if echoed.insert(said) {
            let others = node.committee.others(node.me);
            let others: Vec<_> = others.filter(|&other| other != from).collect();
            let echo = Message::Echo(from, Arc::new(message.clone()));
            env.multicast(&others, echo);
        }
    }

    fn timer<E: Env<Streamlet> + ?Sized>(node: &mut Streamlet, timer: TimerId, env: &mut E) {
        assert!(timer == VIEW_TIMER, "timer {timer:?} is never armed");
        let last = node.rules.epoch;
        node.rules.epoch = node.rules.epoch_at(env.now());
        env.set_timer(VIEW_TIMER, node.rules.rest(env.now()));
        let far = last.saturating_sub(super::WINDOW);
        node.votes.forget_up_to(far.max(node.floor));
        if node.seen < last {
            node.leader_failed(node.leader_of(last), env);
        }
    }

    fn try_propose<E: Env<Streamlet> + ?Sized>(node: &mut Streamlet, env: &mut E) {
        let epoch = node.rules.epoch;
        if node.can_propose(epoch) {
            let (parent, batches) = (node.proof(), node.next_batches());
            node.propose(epoch, parent, batches, env);
        }
    }
}
