//! The world of a cluster: delays, disks, and the hook over its messages.

use std::time::Duration;

use super::super::rng::SplitMix64;
use crate::adversary::Deviation;
use crate::committee::{Committee, ReplicaId};
use crate::params::Params;
use crate::protocol::Protocol;

/// A span of time drawn uniformly, bounds included.
#[derive(Clone, Copy, Debug)]
pub struct Between(pub Duration, pub Duration);

impl Between {
    /// Always the same span: nothing is drawn.
    #[must_use]
    pub fn exactly(span: Duration) -> Self {
        Self(span, span)
    }

    pub(super) fn draw(self, rng: &mut SplitMix64) -> Duration {
        if self.0 == self.1 {
            return self.0;
        }
        let width = u64::try_from((self.1 - self.0).as_nanos()).unwrap_or(u64::MAX - 1);
        self.0 + Duration::from_nanos(rng.below(width + 1))
    }
}

/// The world of a cluster. Public fields: change what a test needs.
#[derive(Clone, Debug)]
pub struct Config {
    /// Members.
    pub n: u32,
    /// Everything random follows from it.
    pub seed: u64,
    /// The protocol's parameters.
    pub params: Params,
    /// One-way delay of a message.
    pub delay: Between,
    /// Messages that arrive twice, per thousand.
    pub duplicate_permille: u32,
    /// Time from [`crate::Env::persist`] to durable; writes stay in order.
    pub disk: Between,
    /// Time to execute a block.
    pub execution: Between,
    /// Time from executed to durably executed.
    pub ledger_disk: Between,
    /// Time that a state transfer takes.
    pub snapshot: Between,
    /// Most replicas down at once: faults beyond it do nothing.
    pub max_down: u32,
    /// Byzantine members, where the protocol is a [`crate::adversary::Member`]:
    /// they are excused from the checks.
    pub adversaries: Vec<(ReplicaId, Deviation)>,
}

impl Config {
    /// A rough network: delays from 1 to 50 ms (so messages overtake each
    /// other), 1 % duplicates, slow disks. `max_down` is the protocol's f.
    #[must_use]
    pub fn random<P: Protocol>(n: u32, seed: u64) -> Self {
        let ms = Duration::from_millis;
        Self {
            n,
            seed,
            params: Params::defaults(&P::params()),
            delay: Between(ms(1), ms(50)),
            duplicate_permille: 10,
            disk: Between(ms(0), ms(5)),
            execution: Between(ms(0), ms(5)),
            ledger_disk: Between(ms(0), ms(20)),
            snapshot: Between(ms(20), ms(200)),
            max_down: Committee::new(n, P::FAULT_MODEL).f(),
            adversaries: Vec::new(),
        }
    }

    /// Constant delay `d`, no cost of disk and execution: message counts and
    /// latencies come out as closed forms say.
    #[must_use]
    pub fn lockstep<P: Protocol>(n: u32, d: Duration) -> Self {
        let free = Between::exactly(Duration::ZERO);
        Self {
            delay: Between::exactly(d),
            duplicate_permille: 0,
            disk: free,
            execution: free,
            ledger_disk: free,
            snapshot: Between::exactly(d),
            ..Self::random::<P>(n, 0)
        }
    }

    /// Sets a parameter, written as in a scenario.
    ///
    /// # Panics
    /// When the protocol declares no such parameter or refuses the value.
    #[must_use]
    pub fn set<P: Protocol>(mut self, name: &str, value: &str) -> Self {
        let specs = P::params();
        let spec = specs
            .iter()
            .find(|spec| spec.name == name)
            .unwrap_or_else(|| panic!("{} has no parameter {name}", P::NAME));
        let value = spec
            .parse(value)
            .unwrap_or_else(|why| panic!("parameter {name}: {why}"));
        self.params.0.insert(name.to_owned(), value);
        self
    }
}

/// What a [`Filter`] does with a message.
#[derive(Debug)]
pub enum Fate<M> {
    /// It goes its way.
    Pass,
    /// It is lost.
    Drop,
    /// It takes so much longer.
    Delay(Duration),
    /// The receiver sees this one.
    Replace(M),
}

/// Sees every message when it is sent (time, sender, receiver, message): the
/// hook for Byzantine senders and for hand-made schedules.
pub type Filter<M> = Box<dyn FnMut(Duration, ReplicaId, ReplicaId, &M) -> Fate<M>>;
