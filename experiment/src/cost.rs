//! Prices: counted work in, time out.
//!
//! Protocols and the ledger count; this is the only place where a count
//! becomes a span of time. Integer arithmetic throughout.

use groma_consensus_models::Work;
use groma_sim::{Context, Node, Span};

use crate::plan::{CostPlan, MachinePlan};

/// The price list of a run, with the disk's prices from the machine.
#[derive(Clone, Debug)]
pub struct Prices {
    list: CostPlan,
    fsync_ns: u64,
    disk_bytes_per_s: u64,
}

impl Prices {
    /// The prices of a plan.
    #[must_use]
    pub fn new(list: &CostPlan, machine: &MachinePlan) -> Self {
        Self {
            list: list.clone(),
            fsync_ns: machine.fsync_ns,
            disk_bytes_per_s: machine.disk_bytes_per_s,
        }
    }

    /// Handling one message of so many bytes, sent or received.
    #[must_use]
    pub fn message(&self, bytes: u64) -> Span {
        Span::from_nanos(self.list.message_ns + bytes * self.list.message_byte_ps / 1_000)
    }

    /// Handling so many messages of so many bytes in all.
    #[must_use]
    pub fn messages(&self, count: u64, bytes: u64) -> Span {
        let fixed = count * self.list.message_ns;
        Span::from_nanos(fixed + bytes * self.list.message_byte_ps / 1_000)
    }

    /// Hashing so many bytes.
    #[must_use]
    pub fn hash(&self, bytes: u64) -> Span {
        Span::from_nanos(self.list.hash_ns + bytes * self.list.hash_byte_ps / 1_000)
    }

    /// Decoding and admitting one transaction.
    #[must_use]
    pub fn admit(&self) -> Span {
        Span::from_nanos(self.list.admit_ns)
    }

    /// One signature verified in a batch.
    #[must_use]
    pub fn verify_in_batch(&self) -> Span {
        Span::from_nanos(self.list.verify_batch_ns)
    }

    /// Executing what so many payments are worth, one after another.
    #[must_use]
    pub fn execute(&self, payments: u64) -> Span {
        Span::from_nanos(payments * self.list.execute_ns)
    }

    /// Hashing one touched record into the state root.
    #[must_use]
    pub fn root(&self) -> Span {
        Span::from_nanos(self.list.root_ns)
    }

    /// One flush of so many appended bytes.
    #[must_use]
    pub fn flush(&self, bytes: u64) -> Span {
        let transfer = if self.disk_bytes_per_s == 0 {
            0
        } else {
            u128::from(bytes) * 1_000_000_000 / u128::from(self.disk_bytes_per_s)
        };
        Span::from_nanos(
            self.fsync_ns
                .saturating_add(u64::try_from(transfer).unwrap_or(u64::MAX)),
        )
    }

    /// Charges a piece of protocol work to the handler that counts it.
    pub fn charge<N: Node>(&self, work: Work, ctx: &mut Context<'_, N>) {
        match work {
            Work::Sign => ctx.spend_on("sign", Span::from_nanos(self.list.sign_ns)),
            Work::Verify => ctx.spend_on("verify", Span::from_nanos(self.list.verify_ns)),
            Work::VerifyBatch(count) => {
                ctx.spend_parallel_on("verify", count, self.verify_in_batch())
            }
            Work::Hash(bytes) => ctx.spend_on("hash", self.hash(u64::from(bytes))),
        }
    }
}
