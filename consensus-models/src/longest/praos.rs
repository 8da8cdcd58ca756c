//! Proof of stake by slots: B. David, P. Gaži, A. Kiayias, A. Russell,
//! "Ouroboros Praos", EUROCRYPT 2018.
//!
//! Time is cut into slots. In each of them a node leads with probability
//! 1 - (1 - f)^s, where s is its part of the stake: some slots have no leader,
//! some have several. The draw stands for a verifiable random function: a hash
//! of nonce, slot and node, of which only the node itself makes use before it
//! has shown the proof in a header.

use std::time::Duration;

use super::header::{Draft, Header};
use super::rule::{Branch, Rule};
use crate::block::{Height, mix};
use crate::committee::ReplicaId;
use crate::params::ParamSpec;
use crate::protocol::{Setup, Work};
use crate::wire::{DIGEST_BYTES, SIGNATURE_BYTES};

/// Slots looked through at once for one to lead.
const LOOK_AHEAD: u64 = 10_000;

/// Proof and output of the verifiable random function.
const VRF_BYTES: u32 = SIGNATURE_BYTES + DIGEST_BYTES;

/// The rule of Praos at one node.
#[derive(Debug)]
pub struct Stake {
    me: ReplicaId,
    slot: Duration,
    confirmations: u64,
    active_slots: u64,
    nonce: u64,
    /// A draw below this leads: for node 0, and for the others.
    thresholds: [u64; 2],
    /// The slots last looked through: the first, and the found one.
    looked: (u64, u64),
    /// The last slot in which it had its turn, used or not.
    tried: u64,
}

impl Stake {
    /// A uniform word from nonce, slot and node.
    fn draw(&self, slot: u64, node: ReplicaId) -> u64 {
        let words = [slot, u64::from(node.0), 0x7673_6d74, 1];
        words.into_iter().fold(mix(0x7072_616f, self.nonce), mix)
    }

    fn leads(&self, slot: u64, node: ReplicaId) -> bool {
        let threshold = self.thresholds[usize::from(node.0 > 0)];
        self.draw(slot, node) < threshold
    }

    fn slot_at(&self, now: Duration) -> u64 {
        u64::try_from(now.as_nanos() / self.slot.as_nanos()).unwrap_or(u64::MAX)
    }

    fn start_of(&self, slot: u64) -> Duration {
        let nanos = self.slot.as_nanos() * u128::from(slot);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// 2^64 (1 - (1 - f)^s) with f and s per thousand and per million.
fn threshold(active_slots: u64, millionths: u64) -> u64 {
    let empty = 1.0 - active_slots as f64 / 1000.0;
    let leads = 1.0 - libm::pow(empty, millionths as f64 / 1e6);
    // A float to an integer saturates.
    libm::round(leads * 18_446_744_073_709_551_616.0) as u64
}

impl Rule for Stake {
    const NAME: &'static str = "praos";
    const SOURCE: &'static str = "David, Gaži, Kiayias, Russell, Ouroboros Praos: An \
        adaptively-secure, semi-synchronous proof-of-stake blockchain, EUROCRYPT 2018";
    /// The proof of the draw, and the block's signature.
    const SEAL: &'static [Work] = &[Work::Sign, Work::Sign];
    const VERIFY: &'static [Work] = &[Work::Verify, Work::Verify];

    fn params() -> Vec<ParamSpec> {
        vec![
            ParamSpec::span("slot", 1, "1s", "length of a slot"),
            ParamSpec::integer(
                "active_slots",
                (1, 1000),
                "50",
                "slots with a leader, per thousand: the paper's f",
            ),
            ParamSpec::integer(
                "first_stake",
                (0, 1000),
                "0",
                "part of the stake that node 0 holds, per thousand; 0: all hold the same",
            ),
            ParamSpec::integer(
                "nonce",
                (0, u64::MAX),
                "1",
                "seed of the lottery: the epoch's nonce, the same in all epochs",
            ),
            ParamSpec::integer(
                "confirmations",
                (1, 10_000),
                "36",
                "blocks, itself counted, under which a block is final: the paper's k, plus 1",
            ),
            ParamSpec::integer(
                "max_block_bytes",
                (1, 1_000_000_000),
                "90_112",
                "bytes of bodies in one block, unless a single batch is larger",
            ),
        ]
    }

    fn new(setup: &Setup<'_>) -> Self {
        let params = setup.params;
        let active_slots = params.integer("active_slots");
        let n = u64::from(setup.committee.n());
        let equal = 1_000_000 / n;
        let (first, others) = match params.integer("first_stake") {
            0 => (equal, equal),
            first if n == 1 => (first * 1000, 0),
            first => (first * 1000, (1_000_000 - first * 1000) / (n - 1)),
        };
        Self {
            me: setup.me,
            slot: params.duration("slot"),
            confirmations: params.integer("confirmations"),
            active_slots,
            nonce: params.integer("nonce"),
            thresholds: [first, others].map(|stake| threshold(active_slots, stake)),
            looked: (1, 0),
            tried: 0,
        }
    }

    fn confirmations(&self) -> u64 {
        self.confirmations
    }

    fn interval(&self) -> Duration {
        self.slot * 1000 / self.active_slots as u32
    }

    fn seal_bytes(&self, _height: Height) -> u32 {
        VRF_BYTES + SIGNATURE_BYTES
    }

    fn genesis_weight(&self) -> u64 {
        1
    }

    /// The schedule does not depend on the branch: the wait is for the next
    /// slot that begins from now on, that this node leads, and in which it has
    /// made no block yet.
    fn plan(
        &mut self,
        _branch: &Branch<'_>,
        made: u64,
        now: Duration,
        _word: u64,
    ) -> Option<Duration> {
        let begun = self.slot_at(now);
        let at_start = self.start_of(begun) == now;
        let first = (begun + u64::from(!at_start)).max(made.max(self.tried) + 1);
        if first < self.looked.0 || first > self.looked.1 {
            let mut slots = first..first + LOOK_AHEAD;
            let next = slots.find(|&slot| self.leads(slot, self.me));
            // Without one it looks on when those are over.
            self.looked = (first, next.unwrap_or(first + LOOK_AHEAD));
        }
        Some(self.start_of(self.looked.1).saturating_sub(now))
    }

    fn draft(&mut self, branch: &Branch<'_>, made: u64, now: Duration) -> Option<Draft> {
        let slot = self.slot_at(now);
        self.tried = slot;
        let free = slot > made && slot > branch.parent.draft.view;
        (free && self.leads(slot, self.me)).then_some(Draft {
            view: slot,
            created: now,
            weight: 1,
            anchor: Duration::ZERO,
        })
    }

    fn check(
        &self,
        header: &Header,
        _branch: &Branch<'_>,
        now: Duration,
    ) -> Result<(), &'static str> {
        self.check_alone(header, now)
    }

    fn check_alone(&self, header: &Header, now: Duration) -> Result<(), &'static str> {
        let draft = &header.draft;
        if !self.leads(draft.view, header.maker) {
            return Err("maker does not lead the slot");
        }
        if draft.weight != 1 || self.slot_at(draft.created) != draft.view {
            return Err("block that does not fit its slot");
        }
        // Clocks may differ a little.
        if draft.view > self.slot_at(now) + 1 {
            return Err("block from the future");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committee::{Committee, FaultModel};
    use crate::params::{ParamValue, Params};

    fn rule(n: u32, first_stake: u64) -> Stake {
        let mut params = Params::defaults(&Stake::params());
        let value = ParamValue::Integer(first_stake);
        params.0.insert("first_stake".to_owned(), value);
        Stake::new(&Setup {
            me: ReplicaId(0),
            committee: Committee::new(n, FaultModel::HonestMajority),
            params: &params,
            deviations: &[],
        })
    }

    /// Slots with a leader, and slots led by node 0, per thousand.
    fn shares(n: u32, first_stake: u64) -> (u64, u64) {
        let rule = rule(n, first_stake);
        let slots = 100_000;
        let any = (1..=slots).filter(|&slot| (0..n).any(|id| rule.leads(slot, ReplicaId(id))));
        let first = (1..=slots).filter(|&slot| rule.leads(slot, ReplicaId(0)));
        (any.count() as u64 / 100, first.count() as u64 / 100)
    }

    #[test]
    fn the_share_of_active_slots_is_f_whatever_the_stakes() {
        for n in [1, 4, 64] {
            let (any, _) = shares(n, 0);
            assert!((47..=53).contains(&any), "n = {n}: {any}");
        }
        // Half the stake leads with probability 1 - (1 - f)^(1/2).
        let (any, first) = shares(5, 500);
        assert!((47..=53).contains(&any), "{any}");
        assert!((24..=27).contains(&first), "{first}");
    }

    #[test]
    fn a_certain_winner_leads_every_slot() {
        assert_eq!(threshold(1000, 1_000_000), u64::MAX);
        assert_eq!(threshold(50, 0), 0);
    }
}
