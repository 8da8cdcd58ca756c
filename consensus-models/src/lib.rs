//! Sans-IO consensus protocols.
//!
//! A protocol is a state machine over messages, timers and opaque batch
//! handles. It knows quorums and views; it does not know clocks, transports,
//! disks or transactions. Everything it does to the world goes through the
//! generic sink [`Env`], so the same code runs in the simulator, on sockets
//! and in the scripted tests.

pub mod block;
pub mod committee;
pub mod hotstuff;
pub mod params;
pub mod pbft;
pub mod protocol;
pub mod raft;
pub mod testing;

pub use block::{Batch, BatchId, Block, BlockId, Digest, Height, mix};
pub use committee::{Committee, FaultModel, ReplicaId, ReplicaSet};
pub use params::{ParamKind, ParamSpec, ParamValue, Params};
pub use protocol::{Body, Env, Message, Protocol, Recovery, Setup, TimerId, Token, Work};
