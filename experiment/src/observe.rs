//! What nodes say of themselves. The loop hands each observation to the
//! checker, then to the recorder; protocols never see them.

use std::rc::Rc;

use groma_consensus_models::{BatchId, BlockId, Height, Proof, ReplicaId};
use groma_ledger::{Hash, Outcome, State};
use groma_sim::Time;
use groma_workloads::Intent;
use smallvec::SmallVec;

use crate::wire::{BlockOutcome, GatewayId, Ticket};

/// One observation, stamped by the simulation with a time and a node.
#[derive(Clone, Debug)]
pub enum Observation {
    /// A gateway submitted a transaction.
    Offered {
        /// When it was meant to be sent.
        intended: Time,
        /// Its kind, such as `invoice.issue`.
        kind: &'static str,
        /// What its author means by it.
        meant: Intent,
    },
    /// A gateway sent a transaction again.
    Resent {
        /// When it was meant to be sent.
        intended: Time,
    },
    /// A full queue refused a transaction.
    Shed {
        /// When it was meant to be sent.
        intended: Time,
    },
    /// A transaction is final at its client.
    Final(FinalTx),
    /// A replica committed a height.
    Committed {
        /// The replica.
        replica: ReplicaId,
        /// The height.
        height: Height,
        /// The block's content name.
        id: BlockId,
        /// When its proposer created it.
        created: Time,
        /// Who proposed it.
        proposer: ReplicaId,
        /// The certificate that it was committed by, where the protocol has one.
        proof: Option<Rc<Proof>>,
        /// Its batches.
        batches: SmallVec<[BatchId; 4]>,
    },
    /// A replica executed a height.
    Executed {
        /// The replica.
        replica: ReplicaId,
        /// What the execution says.
        outcome: Rc<BlockOutcome>,
        /// The state after it.
        state: State,
    },
    /// A replica's ledger jumped to a height by a state transfer.
    Transferred {
        /// The replica.
        replica: ReplicaId,
        /// The height.
        height: Height,
        /// The root of the state that it took over.
        root: Hash,
    },
    /// A replica came back with its ledger at a height.
    Restarted {
        /// The replica.
        replica: ReplicaId,
        /// The durable height.
        height: Height,
    },
    /// A protocol counted something.
    Counted {
        /// What.
        what: &'static str,
        /// How much.
        by: u64,
    },
    /// A replica holds a whole block that spreads by gossip, its maker first.
    Held {
        /// The block's content name.
        id: BlockId,
        /// When its maker created it.
        created: Time,
    },
    /// A protocol refused a message.
    Refused {
        /// Why.
        why: &'static str,
    },
}

impl Observation {
    /// The replica whose chain this tells of, if it tells of one.
    #[must_use]
    pub fn chain_of(&self) -> Option<ReplicaId> {
        match self {
            Self::Committed { replica, .. }
            | Self::Executed { replica, .. }
            | Self::Transferred { replica, .. }
            | Self::Restarted { replica, .. } => Some(*replica),
            _ => None,
        }
    }
}

/// A final transaction with the times of its path.
#[derive(Clone, Copy, Debug)]
pub struct FinalTx {
    /// Who submitted it.
    pub gateway: GatewayId,
    /// The submitter's number.
    pub ticket: Ticket,
    /// When it was meant to be sent.
    pub intended: Time,
    /// When the batching replica received it.
    pub arrived: Time,
    /// When its batch was closed.
    pub closed: Time,
    /// When the block that orders it was created.
    pub created: Time,
    /// Height of that block.
    pub height: Height,
    /// What the replies say of it: `BlockOutcome::reply`.
    pub reply: u64,
    /// When the reply that completed finality left its replica.
    pub answered: Time,
    /// Applied or refused.
    pub outcome: Outcome,
    /// What its author means by it.
    pub meant: Intent,
}
