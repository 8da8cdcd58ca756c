//! The state machine of one height, as the shell around it sees it.
//!
//! A core turns proposals, votes and timeouts into what it wants to say and,
//! at last, a decision. It knows rounds and quorums; it does not know disks,
//! pools, other heights or how messages travel.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use crate::block::{Batch, Block, BlockId, Height};
use crate::committee::{Committee, ReplicaId, ReplicaSet};
use crate::params::{ParamSpec, Params};
use crate::protocol::{Body, Work};

/// Something that a core says to all others, and hears from itself too once it
/// is durable.
pub trait Say: Clone + Debug {
    /// The height that it belongs to.
    fn height(&self) -> Height;
    /// The round that it belongs to.
    fn round(&self) -> u32;
    /// Bytes on the wire without bodies, signature included.
    fn size(&self) -> u32;
    /// The batches whose bodies a receiver must hold.
    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body));
    /// Short stable name.
    fn kind(&self) -> &'static str;
    /// A name of its content, so that gossip knows what was seen.
    fn digest(&self) -> u64;
}

/// What a core is made from.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// This replica.
    pub me: ReplicaId,
    /// The committee.
    pub committee: Committee,
    /// The height to decide.
    pub height: Height,
    /// When the block below was made: timestamps never fall.
    pub after: Duration,
}

impl Place {
    /// Who proposes in a round: round robin over heights and rounds.
    #[must_use]
    pub fn proposer(&self, round: u32) -> ReplicaId {
        self.committee.round_robin(self.height.0 + u64::from(round))
    }

    /// Whether a block may stand at this height.
    #[must_use]
    pub fn fits(&self, block: &Block) -> bool {
        block.height == self.height && block.created >= self.after
    }
}

/// A decision with those who vouch for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What was decided.
    pub block: Arc<Block>,
    /// Whose votes decided it: a quorum.
    pub signers: ReplicaSet,
}

/// What a core wants of its shell.
#[derive(Clone, Debug)]
pub enum Action<M> {
    /// Broadcast this, once it is durable.
    Say(M),
    /// Wake me for this round; a later one of the same kind replaces it.
    Timer {
        /// Which of the core's timers.
        kind: u32,
        /// The round.
        round: u32,
        /// From now.
        after: Duration,
    },
    /// Give me a block to propose.
    Want,
    /// The round's proposer did not bring a decision.
    Failed(ReplicaId),
    /// The height is decided.
    Decide(Decision),
    /// Charge this.
    Work(Work),
    /// A message is refused.
    Reject(&'static str),
}

/// What a core wants, in order.
pub type Actions<M> = Vec<Action<M>>;

/// The state machine of one height.
pub trait Core: Debug + Sized + 'static {
    /// What its instances say.
    type Say: Say + 'static;
    /// What is written with something said, so that a restarted core breaks no
    /// promise: all promises so far, or what is new since the last time.
    type Saved: Clone + Debug + 'static;
    /// Its parameters, read once.
    type Config: Clone + Debug;

    /// Name in scenarios.
    const NAME: &'static str;
    /// The paper.
    const SOURCE: &'static str;

    /// Parameters of its own, beside those of the shell.
    fn params() -> Vec<ParamSpec>;
    /// Reads them.
    fn config(params: &Params) -> Self::Config;

    /// A core for one height: fresh, or after a crash with what was written with
    /// everything said in it, in order.
    fn new(place: Place, config: &Self::Config, saved: &[Self::Saved]) -> Self;
    /// Begins, in round zero or where the promises say.
    fn start(&mut self, out: &mut Actions<Self::Say>);
    /// A message of this height arrived, possibly this replica's own, possibly
    /// again. The core charges the check of what is new.
    fn hear(&mut self, from: ReplicaId, say: &Self::Say, out: &mut Actions<Self::Say>);
    /// A timer went off.
    fn timer(&mut self, kind: u32, round: u32, out: &mut Actions<Self::Say>);
    /// The block asked for by [`Action::Want`].
    fn propose(&mut self, block: Arc<Block>, out: &mut Actions<Self::Say>);

    /// The current round.
    fn round(&self) -> u32;
    /// Whether the current round's proposal was seen.
    fn has_proposal(&self) -> bool;
    /// What to write with something said.
    fn saved(&mut self) -> Self::Saved;
    /// Bytes of a [`Core::Saved`] on the disk.
    fn saved_bytes(saved: &Self::Saved) -> u32;
}

/// Votes of one step of one round: one each, for a block or for none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ballots {
    all: ReplicaSet,
    choices: Vec<(Option<BlockId>, ReplicaSet)>,
}

/// What became of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cast {
    /// It counts.
    Fresh,
    /// It was counted before.
    Known,
    /// The voter had voted for something else.
    Equivocation,
}

impl Ballots {
    pub(crate) fn add(&mut self, from: ReplicaId, choice: Option<BlockId>) -> Cast {
        let found = self.choices.iter_mut().find(|known| known.0 == choice);
        if self.all.contains(from) {
            let same = found.is_some_and(|known| known.1.contains(from));
            return if same {
                Cast::Known
            } else {
                Cast::Equivocation
            };
        }
        self.all.insert(from);
        match found {
            Some(known) => {
                known.1.insert(from);
            }
            None => {
                let mut voters = ReplicaSet::new();
                voters.insert(from);
                self.choices.push((choice, voters));
            }
        }
        Cast::Fresh
    }

    /// Voters for this choice.
    pub(crate) fn of(&self, choice: Option<BlockId>) -> u32 {
        self.voters(choice).map_or(0, ReplicaSet::len)
    }

    /// Who voted for this choice.
    pub(crate) fn voters(&self, choice: Option<BlockId>) -> Option<&ReplicaSet> {
        let found = self.choices.iter().find(|known| known.0 == choice);
        found.map(|known| &known.1)
    }

    /// Voters for whatever.
    pub(crate) fn len(&self) -> u32 {
        self.all.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voter_counts_once_whatever_it_says() {
        let mut ballots = Ballots::default();
        let (a, b) = (Some(BlockId(1)), Some(BlockId(2)));
        assert_eq!(ballots.add(ReplicaId(0), a), Cast::Fresh);
        assert_eq!(ballots.add(ReplicaId(0), a), Cast::Known);
        assert_eq!(ballots.add(ReplicaId(0), b), Cast::Equivocation);
        assert_eq!(ballots.add(ReplicaId(0), None), Cast::Equivocation);
        assert_eq!(ballots.add(ReplicaId(1), None), Cast::Fresh);
        assert_eq!((ballots.of(a), ballots.of(b), ballots.of(None)), (1, 0, 1));
        assert_eq!(ballots.len(), 2);
    }
}
