//! What protocols on a directed acyclic graph of vertices share.
//!
//! A *vertex* is what one author says in one round: batches, and links to
//! vertices of earlier rounds. `store` keeps them, `room` holds those whose
//! parents are missing, `commits` turns committed leaders into blocks, `fetch`
//! says when to ask whom for what is missing. Nothing here knows how a vertex
//! is agreed on or who leads a round.

mod commits;
mod fetch;
mod room;
mod store;

use std::fmt;
use std::time::Duration;

pub use commits::CommitState;
pub(crate) use commits::{Commits, Keep};
pub(crate) use fetch::{Fetch, Next};
pub(crate) use room::Room;
pub(crate) use store::Dag;

use crate::block::Batch;
use crate::committee::ReplicaId;
use crate::wire::{DIGEST_BYTES, INDEX_BYTES, NUMBER_BYTES};

/// Names a vertex. Ordered by round, then author: the order in which the
/// vertices of one leader are delivered.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VertexRef {
    /// Round, from 1. Round 0 is the genesis, which has no vertices.
    pub round: u64,
    /// Who made it.
    pub author: ReplicaId,
    /// Digest of its content.
    pub id: u64,
}

impl VertexRef {
    /// Bytes on the wire: a round, an index and a digest.
    pub const BYTES: u32 = NUMBER_BYTES + INDEX_BYTES + DIGEST_BYTES;
}

impl fmt::Debug for VertexRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.id & 0xffff;
        write!(f, "{}.{}#{short:04x}", self.round, self.author.0)
    }
}

/// What one author says in one round.
pub trait Vertex: fmt::Debug {
    /// Its name.
    fn at(&self) -> VertexRef;
    /// Vertices of earlier rounds that it links to.
    fn parents(&self) -> &[VertexRef];
    /// What it orders.
    fn batches(&self) -> &[Batch];
    /// The author's clock when it was made.
    fn created(&self) -> Duration;
}

#[cfg(test)]
pub(crate) mod tests {
    //! A bare vertex for the tests of this folder.

    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct Bare(
        pub(crate) VertexRef,
        pub(crate) Vec<VertexRef>,
        pub(crate) Vec<Batch>,
    );

    impl Vertex for Bare {
        fn at(&self) -> VertexRef {
            self.0
        }
        fn parents(&self) -> &[VertexRef] {
            &self.1
        }
        fn batches(&self) -> &[Batch] {
            &self.2
        }
        fn created(&self) -> Duration {
            Duration::from_millis(self.0.round)
        }
    }

    pub(crate) fn at(round: u64, author: u32) -> VertexRef {
        VertexRef {
            round,
            author: ReplicaId(author),
            id: round * 1000 + u64::from(author),
        }
    }

    pub(crate) fn bare(round: u64, author: u32, parents: &[u32], batch: u64) -> Arc<Bare> {
        let parents = parents
            .iter()
            .map(|&author| at(round - 1, author))
            .collect();
        let batches = (batch > 0).then(|| crate::testing::batch(batch));
        Arc::new(Bare(
            at(round, author),
            parents,
            batches.into_iter().collect(),
        ))
    }
}
