//! Proof of authority: P. Szilágyi, "EIP-225: Clique proof-of-authority
//! consensus protocol", 2017.
//!
//! The signers are the members. At height h it is signer h mod n's turn: its
//! block weighs 2 and is signed at once; others may sign too, after a random
//! wiggle, with weight 1. Of any n / 2 + 1 consecutive blocks a signer may sign
//! one. Votes that change the set of signers are out of scope.

use std::cmp::Reverse;
use std::time::Duration;

use super::header::{Draft, Header};
use super::rule::{Branch, Rule};
use crate::block::Height;
use crate::committee::ReplicaId;
use crate::params::ParamSpec;
use crate::protocol::{Setup, Work};
use crate::wire::SIGNATURE_BYTES;

/// Weight of a block signed in turn.
const IN_TURN: u64 = 2;
/// Weight of one signed out of turn.
const OUT_OF_TURN: u64 = 1;

/// A block may be dated so far ahead of the receiver's clock.
const MAX_AHEAD: Duration = Duration::from_secs(15);

/// The rule of proof of authority at one signer.
#[derive(Debug)]
pub struct Authority {
    me: ReplicaId,
    n: u64,
    period: Duration,
    epoch: u64,
    wiggle: Duration,
    confirmations: u64,
    by_rank: bool,
    /// Date of the block that is planned.
    dated: Duration,
}

impl Authority {
    /// Consecutive blocks of which a signer may sign one.
    fn limit(&self) -> usize {
        (self.n / 2 + 1) as usize
    }

    fn in_turn(&self, height: Height) -> ReplicaId {
        ReplicaId((height.0 % self.n) as u32)
    }

    fn weight(&self, height: Height, signer: ReplicaId) -> u64 {
        if self.in_turn(height) == signer {
            IN_TURN
        } else {
            OUT_OF_TURN
        }
    }

    /// Whether `signer` signed one of the last blocks of the branch.
    fn signed_lately(&self, branch: &Branch<'_>, signer: ReplicaId) -> bool {
        let recent = branch.downwards().take(self.limit() - 1);
        recent
            .take_while(|header| header.height() > Height(0))
            .any(|header| header.maker == signer)
    }

    /// Blocks since `header`'s signer was last in turn.
    fn since_turn(&self, header: &Header) -> u64 {
        (header.height().0 + self.n - u64::from(header.maker.0)) % self.n
    }
}

impl Rule for Authority {
    const NAME: &'static str = "clique";
    const SOURCE: &'static str =
        "Szilágyi, EIP-225: Clique proof-of-authority consensus protocol, 2017";
    const SEAL: &'static [Work] = &[Work::Sign];
    const VERIFY: &'static [Work] = &[Work::Verify];

    fn params() -> Vec<ParamSpec> {
        vec![
            ParamSpec::span("period", 1, "15s", "least time between two blocks"),
            ParamSpec::integer(
                "epoch",
                (1, 1_000_000_000),
                "30_000",
                "blocks after which a header lists all signers",
            ),
            ParamSpec::span(
                "wiggle",
                0,
                "500ms",
                "delay out of turn: random, up to so much for each of n / 2 + 1 signers",
            ),
            ParamSpec::choice(
                "ties",
                &["eip-3436", "first-seen"],
                "eip-3436",
                "which of two branches of equal weight is followed",
            ),
            ParamSpec::integer(
                "confirmations",
                (0, 10_000),
                "0",
                "blocks, itself counted, under which a block is final; 0: n / 2 + 1",
            ),
            ParamSpec::integer(
                "max_block_bytes",
                (1, 1_000_000_000),
                "1_000_000",
                "bytes of bodies in one block, unless a single batch is larger",
            ),
        ]
    }

    fn new(setup: &Setup<'_>) -> Self {
        let params = setup.params;
        let n = u64::from(setup.committee.n());
        Self {
            me: setup.me,
            n,
            period: params.duration("period"),
            epoch: params.integer("epoch"),
            wiggle: params.duration("wiggle"),
            confirmations: match params.integer("confirmations") {
                0 => n / 2 + 1,
                set => set,
            },
            by_rank: params.choice("ties") == "eip-3436",
            dated: Duration::ZERO,
        }
    }

    fn confirmations(&self) -> u64 {
        self.confirmations
    }

    fn interval(&self) -> Duration {
        self.period
    }

    /// Each block may take the longest wiggle, and two may get lost.
    fn silence(&self) -> Duration {
        let blocks = u32::try_from(self.confirmations + 2).unwrap_or(u32::MAX);
        let longest = self.period + self.wiggle * self.limit() as u32;
        longest.saturating_mul(blocks) + Duration::from_secs(20)
    }

    fn genesis_weight(&self) -> u64 {
        OUT_OF_TURN
    }

    fn seal_bytes(&self, height: Height) -> u32 {
        // A checkpoint lists the signers: 20 bytes each.
        let list = height.0.is_multiple_of(self.epoch);
        SIGNATURE_BYTES + if list { 20 * self.n as u32 } else { 0 }
    }

    fn plan(
        &mut self,
        branch: &Branch<'_>,
        _made: u64,
        now: Duration,
        word: u64,
    ) -> Option<Duration> {
        if self.signed_lately(branch, self.me) {
            return None;
        }
        let height = branch.parent.height().next();
        // The date is that of the turn: a wiggle does not shift later blocks.
        self.dated = (branch.parent.draft.created + self.period).max(now);
        let mut wait = self.dated - now;
        if self.in_turn(height) != self.me {
            let most = (self.wiggle * self.limit() as u32).as_nanos();
            let most = u64::try_from(most).unwrap_or(u64::MAX);
            wait += Duration::from_nanos(word.checked_rem(most).unwrap_or(0));
        }
        Some(wait)
    }

    fn draft(&mut self, branch: &Branch<'_>, _made: u64, _now: Duration) -> Option<Draft> {
        let height = branch.parent.height().next();
        Some(Draft {
            view: height.0,
            created: self.dated,
            weight: self.weight(height, self.me),
            anchor: Duration::ZERO,
        })
    }

    fn check(
        &self,
        header: &Header,
        branch: &Branch<'_>,
        now: Duration,
    ) -> Result<(), &'static str> {
        if header.draft.created < branch.parent.draft.created + self.period {
            return Err("block before its period is over");
        }
        if self.signed_lately(branch, header.maker) {
            return Err("signer signed too lately");
        }
        self.check_alone(header, now)
    }

    fn check_alone(&self, header: &Header, now: Duration) -> Result<(), &'static str> {
        let height = header.height();
        if header.draft.view != height.0 || header.draft.weight != self.weight(height, header.maker)
        {
            return Err("wrong difficulty");
        }
        if u64::from(header.maker.0) >= self.n {
            return Err("unknown signer");
        }
        if header.draft.created > now + MAX_AHEAD {
            return Err("block from the future");
        }
        Ok(())
    }

    /// EIP-3436: the shorter branch, then the signer whose turn is longer ago,
    /// then the lower name. With the first seen, signers that have all signed
    /// one of several equal branches may wait for each other for ever.
    fn wins_tie(&self, new: &Header, old: &Header) -> bool {
        let rank = |header: &Header| {
            let since = self.since_turn(header);
            (header.height(), Reverse(since), header.id())
        };
        self.by_rank && rank(new) < rank(old)
    }

    fn expected(&self, tip: &Header) -> Option<ReplicaId> {
        Some(self.in_turn(tip.height().next()))
    }
}
