//! Malachite's consensus core, unmodified: `arc-malachitebft-core-consensus`,
//! Circle's and Informal Systems' Tendermint in Rust, driven in virtual time.
//!
//! It takes inputs and yields effects. The shell of heights does for it what an
//! engine would: it delivers messages, keeps timers, writes its log before what
//! it publishes leaves, carries decisions to replicas that lag. Nothing of it is
//! replaced; whatever it counts as work is charged.

mod context;
mod message;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use arc_malachitebft_core_consensus::{
    Effect, Error, Input, LivenessMsg, LocallyProposedValue, Params as CoreParams, Resumable,
    Resume, SignedConsensusMsg, State, ValuePayload, process,
};
use arc_malachitebft_core_types::{
    LinearTimeouts, Proposal as _, Round, SignedMessage, ThresholdParams, Timeout, TimeoutKind,
    VoteExtensionPolicy,
};

pub use context::{Address, City, Height, Id, Value, Vote};
pub use message::Word;

use crate::block::{Block, BlockId};
use crate::committee::{ReplicaId, ReplicaSet};
use crate::heights::{Action, Actions, Core, Decision, Heights, Place, Say as _, block_bytes};
use crate::params::{ParamSpec, Params};
use crate::protocol::Work;
use context::{Null, Validators};

/// A replica that runs malachite.
pub type Malachite = Heights<Rounds>;

/// Inputs of heights to come that malachite may hold; the shell holds them
/// itself.
const QUEUE: usize = 16;

/// One height of malachite.
pub struct Rounds {
    place: Place,
    timeouts: LinearTimeouts,
    state: State<City>,
    /// Blocks that were proposed.
    blocks: BTreeMap<BlockId, Arc<Block>>,
    /// Entries of its log since the last write.
    log: Vec<Input<City>>,
    /// Entries from before a crash.
    replay: Vec<Input<City>>,
    /// What it said and has not heard itself say: not durable yet.
    unsaid: BTreeSet<u64>,
    /// A decision that waits for that: malachite counts its own vote when it
    /// makes it, and the vote must be durable and said all the same.
    decision: Option<Decision>,
}

impl fmt::Debug for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rounds")
            .field("height", &self.place.height)
            .field("round", &self.state.round())
            .finish_non_exhaustive()
    }
}

/// What one input led to.
struct Step<'a> {
    timeouts: LinearTimeouts,
    blocks: &'a BTreeMap<BlockId, Arc<Block>>,
    log: &'a mut Vec<Input<City>>,
    out: &'a mut Actions<Word>,
    proposer: ReplicaId,
    unsaid: &'a mut BTreeSet<u64>,
    decision: &'a mut Option<Decision>,
}

impl Rounds {
    fn feed(&mut self, input: Input<City>, out: &mut Actions<Word>) {
        let mut step = Step {
            timeouts: self.timeouts,
            blocks: &self.blocks,
            log: &mut self.log,
            out,
            proposer: self
                .place
                .proposer(self.state.round().as_u32().unwrap_or(0)),
            unsaid: &mut self.unsaid,
            decision: &mut self.decision,
        };
        let state = &mut self.state;
        let metrics = ();
        let result: Result<(), Error<City>> = process!(input: input, state: state, metrics: &metrics, with: effect => step.perform(effect));
        if result.is_err() {
            out.push(Action::Reject("malachite refused an input"));
        }
        self.conclude(out);
    }

    /// Hands over the decision once nothing of this replica's is unsaid.
    fn conclude(&mut self, out: &mut Actions<Word>) {
        if self.unsaid.is_empty()
            && let Some(decision) = self.decision.take()
        {
            out.push(Action::Decide(decision));
        }
    }
}

impl Step<'_> {
    /// Does what an effect asks for.
    fn perform(&mut self, effect: Effect<City>) -> Result<Resume<City>, Error<City>> {
        Ok(match effect {
            Effect::ScheduleTimeout(timeout, resume) => {
                self.schedule(timeout);
                resume.resume_with(())
            }
            Effect::PublishConsensusMsg(message, resume) => {
                self.say(Word::Consensus(message));
                resume.resume_with(())
            }
            Effect::PublishLivenessMsg(message, resume) => {
                self.say(match message {
                    LivenessMsg::Vote(vote) => Word::Consensus(SignedConsensusMsg::Vote(vote)),
                    LivenessMsg::PolkaCertificate(certificate) => Word::Polka(certificate),
                    LivenessMsg::SkipRoundCertificate(certificate) => Word::Round(certificate),
                });
                resume.resume_with(())
            }
            Effect::GetValue(_, _, _, resume) => {
                self.out.push(Action::Want);
                resume.resume_with(())
            }
            Effect::Decide(certificate, _, resume) => {
                let block = self.blocks.get(&BlockId(certificate.value_id.0));
                let mut signers = ReplicaSet::new();
                for signature in &certificate.commit_signatures {
                    signers.insert(signature.address.replica());
                }
                *self.decision = block.map(|block| Decision {
                    block: Arc::clone(block),
                    signers,
                });
                resume.resume_with(())
            }
            Effect::WalAppend(_, input, resume) => {
                self.log.push(input);
                resume.resume_with(())
            }
            Effect::StartRound(_, round, _, _, resume) => {
                if round.as_u32().is_some_and(|round| round > 0) {
                    self.out.push(Action::Failed(self.proposer));
                }
                resume.resume_with(())
            }
            other => return self.crypto(other),
        })
    }

    /// Effects about signatures, and those that need no deed of ours.
    fn crypto(&mut self, effect: Effect<City>) -> Result<Resume<City>, Error<City>> {
        let mut work = |work| self.out.push(Action::Work(work));
        Ok(match effect {
            // The shell charges a signature for whatever is said.
            Effect::SignVote(vote, resume) => resume.resume_with(SignedMessage::new(vote, Null)),
            Effect::SignProposal(proposal, resume) => {
                resume.resume_with(SignedMessage::new(proposal, Null))
            }
            Effect::VerifySignature(_, _, resume) => {
                work(Work::Verify);
                resume.resume_with(true)
            }
            Effect::VerifyCommitCertificate(certificate, _, _, resume) => {
                work(Work::VerifyBatch(certificate.commit_signatures.len() as u32));
                resume.resume_with(Ok(()))
            }
            Effect::VerifyExtendedCommitCertificate(_, _, _, _, resume) => {
                resume.resume_with(Ok(()))
            }
            Effect::VerifyPolkaCertificate(certificate, _, _, resume) => {
                work(Work::VerifyBatch(certificate.polka_signatures.len() as u32));
                resume.resume_with(Ok(()))
            }
            Effect::VerifyRoundCertificate(certificate, _, _, resume) => {
                work(Work::VerifyBatch(certificate.round_signatures.len() as u32));
                resume.resume_with(Ok(()))
            }
            Effect::ExtendVote(_, _, _, _, resume) => resume.resume_with(None),
            Effect::VerifyVoteExtension(_, _, _, _, _, _, resume) => resume.resume_with(Ok(())),
            // A stale timer is ignored by malachite itself; the shell repeats
            // what was said; a height ends with its decision.
            _ => Resume::Continue,
        })
    }

    fn say(&mut self, word: Word) {
        self.unsaid.insert(word.digest());
        self.out.push(Action::Say(word));
    }

    fn schedule(&mut self, timeout: Timeout) {
        if let Some(kind) = kind(timeout.kind) {
            self.out.push(Action::Timer {
                kind,
                round: timeout.round.as_u32().unwrap_or(0),
                after: self.timeouts.duration_for(timeout),
            });
        }
    }
}

/// Our number for a kind of timeout.
fn kind(kind: TimeoutKind) -> Option<u32> {
    match kind {
        TimeoutKind::Propose => Some(0),
        TimeoutKind::Prevote => Some(1),
        TimeoutKind::Precommit => Some(2),
        TimeoutKind::Rebroadcast => Some(3),
        // Only with a target time, which is never set.
        TimeoutKind::FinalizeHeight(_) => None,
    }
}

impl Core for Rounds {
    type Say = Word;
    type Saved = Arc<[Input<City>]>;
    type Config = LinearTimeouts;

    const NAME: &'static str = "malachite";
    const SOURCE: &'static str =
        "arc-malachitebft-core-consensus 0.8, unmodified: Tendermint in production";

    fn params() -> Vec<ParamSpec> {
        crate::tendermint::Rounds::params()
    }

    fn failed_rounds(params: &Params, rounds: u32) -> std::time::Duration {
        crate::tendermint::Rounds::failed_rounds(params, rounds)
    }

    fn config(params: &Params) -> LinearTimeouts {
        let delta = params.duration("timeout_delta");
        let of = |name| params.duration(name);
        let default = LinearTimeouts::default();
        LinearTimeouts {
            propose: of("timeout_propose"),
            propose_delta: delta,
            prevote: of("timeout_prevote"),
            prevote_delta: delta,
            precommit: of("timeout_precommit"),
            precommit_delta: delta,
            rebroadcast: of("timeout_propose") + of("timeout_prevote") + of("timeout_precommit"),
            ..default
        }
    }

    fn new(place: Place, timeouts: &LinearTimeouts, saved: &[Arc<[Input<City>]>]) -> Self {
        let params = CoreParams {
            address: place.me.into(),
            threshold_params: ThresholdParams::default(),
            value_payload: ValuePayload::ProposalOnly,
            enabled: true,
        };
        let validators = Validators::new(place.committee.n());
        let height = Height(place.height.0);
        Self {
            place,
            timeouts: *timeouts,
            state: State::new(City, height, validators, params, QUEUE, QUEUE),
            blocks: BTreeMap::new(),
            log: Vec::new(),
            replay: saved
                .iter()
                .flat_map(|entries| entries.iter().cloned())
                .collect(),
            unsaid: BTreeSet::new(),
            decision: None,
        }
    }

    fn start(&mut self, out: &mut Actions<Word>) {
        let replay = std::mem::take(&mut self.replay);
        let restart = !replay.is_empty();
        for input in &replay {
            self.remember(input);
        }
        let validators = Validators::new(self.place.committee.n());
        let height = Height(self.place.height.0);
        self.state.index_wal_entries(&replay);
        self.feed(
            Input::StartHeight(
                height,
                validators,
                restart,
                None,
                VoteExtensionPolicy::Disabled,
            ),
            out,
        );
        for input in replay {
            self.feed(input, out);
        }
        self.state.reset_entries_index();
        // What was replayed is on the log already.
        if restart {
            self.log.clear();
        }
    }

    fn hear(&mut self, from: ReplicaId, word: &Word, out: &mut Actions<Word>) {
        // Malachite heard itself when it spoke; now it is durable.
        if from == self.place.me {
            self.unsaid.remove(&word.digest());
            return self.conclude(out);
        }
        if self.decision.is_some() {
            return;
        }
        let input = match word {
            Word::Consensus(SignedConsensusMsg::Vote(vote)) => Input::Vote(vote.clone()),
            Word::Consensus(SignedConsensusMsg::Proposal(proposal)) => {
                let block = &proposal.value().0;
                if !self.place.fits(block) {
                    out.push(Action::Reject("proposal that does not fit its height"));
                    return;
                }
                out.push(Action::Work(Work::Hash(block_bytes(block.batches.len()))));
                Input::Proposal(proposal.clone())
            }
            Word::Polka(certificate) => Input::PolkaCertificate(certificate.clone()),
            Word::Round(certificate) => Input::RoundCertificate(certificate.clone()),
        };
        self.remember(&input);
        self.feed(input, out);
    }

    fn timer(&mut self, number: u32, round: u32, out: &mut Actions<Word>) {
        let round = Round::new(round);
        let timeout = match number {
            0 => Timeout::propose(round),
            1 => Timeout::prevote(round),
            2 => Timeout::precommit(round),
            _ => Timeout::rebroadcast(round),
        };
        self.feed(Input::TimeoutElapsed(timeout), out);
    }

    fn propose(&mut self, block: Arc<Block>, out: &mut Actions<Word>) {
        self.blocks.insert(block.id(), Arc::clone(&block));
        let value = LocallyProposedValue::new(
            Height(self.place.height.0),
            self.state.round(),
            Value(block),
        );
        self.feed(Input::Propose(value), out);
    }

    fn round(&self) -> u32 {
        self.state.round().as_u32().unwrap_or(0)
    }

    fn has_proposal(&self) -> bool {
        !self.blocks.is_empty()
    }

    fn saved(&mut self) -> Arc<[Input<City>]> {
        std::mem::take(&mut self.log).into()
    }

    fn saved_bytes(saved: &Arc<[Input<City>]>) -> u32 {
        saved.iter().map(message::entry_bytes).sum()
    }
}

impl Rounds {
    /// Keeps the block of a proposal, to find it again by its name.
    fn remember(&mut self, input: &Input<City>) {
        let block = match input {
            Input::Proposal(proposal) => &proposal.value().0,
            Input::ProposedValue(value, _) => &value.value.0,
            _ => return,
        };
        self.blocks.insert(block.id(), Arc::clone(block));
    }
}
