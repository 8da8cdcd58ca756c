//! Sans-IO consensus protocols.
//!
//! A protocol is a state machine over messages, timers and opaque batch
//! handles. It knows quorums and views; it does not know clocks, transports,
//! disks or transactions. Everything it does to the world goes through the
//! generic sink [`Env`], so the same code runs in the simulator, on sockets
//! and in the scripted tests.

pub mod adversary;
mod backoff;
pub mod block;
pub mod chain;
pub mod chained;
pub mod committee;
pub mod dag;
mod gossip;
pub mod heights;
pub mod longest;
#[cfg(feature = "malachite")]
pub mod malachite;
pub mod mysticeti;
pub mod narwhal;
pub mod notarized;
mod outbox;
pub mod params;
pub mod pbft;
mod pool;
pub mod primary_backup;
pub mod protocol;
pub mod qbft;
pub mod raft;
mod tally;
pub mod tendermint;
pub mod testing;
#[cfg(feature = "tikv-raft")]
pub mod tikv_raft;
mod wire;

pub use chained::{hotstuff, hotstuff2, jolteon};
pub use notarized::{simplex, streamlet};

pub use block::{Batch, BatchId, Block, BlockId, Digest, Height, mix};
pub use committee::{Committee, FaultModel, ReplicaId, ReplicaSet};
pub use params::{ParamKind, ParamSpec, ParamValue, Params};
pub use protocol::{
    Body, Env, Liveness, Message, Proof, Protocol, Recovery, Setup, TimerId, Token, Work,
};
