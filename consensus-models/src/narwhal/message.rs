//! What validators say to each other, with the size of every message, and what
//! they write to their logs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use crate::block::{Batch, Height, mix};
use crate::committee::{Committee, ReplicaId, ReplicaSet};
use crate::dag::{CommitState, Vertex, VertexRef};
use crate::protocol::{Body, Message as WireMessage};
use crate::wire::{
    Certificates, ENVELOPE_BYTES, INDEX_BYTES, NUMBER_BYTES, RECORD_BYTES, SIGNATURE_BYTES,
};

/// What one validator proposes in one round.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// Round, author and digest.
    pub at: VertexRef,
    /// The author's clock.
    pub created: Duration,
    /// First the links to certificates of the round before, by author; then
    /// weak links to late certificates of earlier rounds.
    pub parents: Vec<VertexRef>,
    /// How many of them are of the round before.
    pub strong: u32,
    /// Handles of the author's batches.
    pub batches: SmallVec<[Batch; 4]>,
}

impl Header {
    /// A header and its name.
    #[must_use]
    pub fn new(
        author: ReplicaId,
        round: u64,
        created: Duration,
        parents: Vec<VertexRef>,
        strong: u32,
        batches: SmallVec<[Batch; 4]>,
    ) -> Self {
        let nanos = u64::try_from(created.as_nanos()).unwrap_or(u64::MAX);
        let mut id = mix(mix(mix(0x6e61_7277, round), u64::from(author.0)), nanos);
        for parent in &parents {
            id = mix(id, parent.id);
        }
        for batch in &batches {
            id = mix(id, batch.id.0);
        }
        let at = VertexRef { round, author, id };
        Self {
            at,
            created,
            parents,
            strong,
            batches,
        }
    }

    fn links(&self) -> &[VertexRef] {
        &self.parents[..self.strong as usize]
    }

    /// Whether it links to the certificate of `author` in the round before.
    pub(super) fn links_to(&self, author: ReplicaId) -> bool {
        let found = self.links().binary_search_by_key(&author, |at| at.author);
        found.is_ok()
    }

    /// A quorum of links to the round before, by distinct authors; weak ones
    /// to earlier rounds.
    pub(super) fn is_well_formed(&self, committee: &Committee) -> bool {
        let round = self.at.round;
        if round == 0 || self.at.author.0 >= committee.n() {
            return false;
        }
        if self.strong as usize > self.parents.len() {
            return false;
        }
        let links = self.links();
        let needed = if round == 1 { 0 } else { committee.quorum() };
        links.len() as u32 >= needed
            && links
                .iter()
                .all(|at| at.round + 1 == round && at.author.0 < committee.n())
            && links.is_sorted_by(|left, right| left.author < right.author)
            && self.parents[links.len()..]
                .iter()
                .all(|at| at.round + 1 < round)
    }

    /// Bytes without bodies: digest, round and author; time and three counts;
    /// the links; the handles; the author's signature.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        VertexRef::BYTES
            + NUMBER_BYTES
            + 3 * INDEX_BYTES
            + self.parents.len() as u32 * VertexRef::BYTES
            + self.batches.len() as u32 * Batch::HANDLE_BYTES
            + SIGNATURE_BYTES
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} [", self.at)?;
        for (index, batch) in self.batches.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}b{}", batch.id.0)?;
        }
        write!(f, "] on")?;
        for parent in &self.parents {
            write!(f, " {}.{}", parent.round, parent.author.0)?;
        }
        Ok(())
    }
}

/// A header that a quorum voted for: a vertex of the graph.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What was voted for.
    pub header: Arc<Header>,
    /// Who voted, the author included.
    pub signers: ReplicaSet,
    bytes: u32,
}

impl Certificate {
    pub(super) fn new(
        header: Arc<Header>,
        signers: ReplicaSet,
        n: u32,
        form: Certificates,
    ) -> Self {
        let bytes = header.bytes() + form.bytes(n, &signers);
        Self {
            header,
            signers,
            bytes,
        }
    }

    pub(super) fn is_well_formed(&self, committee: &Committee) -> bool {
        self.signers.len() >= committee.quorum() && self.header.is_well_formed(committee)
    }

    /// Bytes without bodies: the header and the proof of the quorum.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        self.bytes
    }
}

impl Vertex for Certificate {
    fn at(&self) -> VertexRef {
        self.header.at
    }
    fn parents(&self) -> &[VertexRef] {
        &self.header.parents
    }
    fn batches(&self) -> &[Batch] {
        &self.header.batches
    }
    fn created(&self) -> Duration {
        self.header.created
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C({:?})", self.header)
    }
}

/// Certificates for a validator that lacks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vertices {
    /// Oldest first.
    pub vertices: Vec<Arc<Certificate>>,
    /// Set when the sender no longer keeps what was asked for: the height that
    /// it has executed.
    pub pruned: Option<Height>,
}

/// A message between primaries.
#[derive(Clone)]
pub enum Message {
    /// A validator proposes a vertex.
    Header(Arc<Header>),
    /// A vote, to the header's author.
    Vote(VertexRef),
    /// The author shows that its header is certified.
    Certificate(Arc<Certificate>),
    /// Asks for certificates.
    VertexRequest {
        /// These are missing.
        wants: Arc<[VertexRef]>,
        /// And their ancestors of rounds above this one.
        above: u64,
    },
    /// Answers it.
    Vertices(Arc<Vertices>),
    /// Asks for the commit state after a height.
    StateRequest(Height),
    /// Answers it.
    State(Arc<CommitState>),
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(header) => write!(f, "header {header:?}"),
            Self::Vote(at) => write!(f, "vote {at:?}"),
            Self::Certificate(certificate) => write!(f, "certificate {:?}", certificate.at()),
            Self::VertexRequest { wants, above } => write!(f, "want {wants:?} above {above}"),
            Self::Vertices(answer) => {
                let names: Vec<_> = answer.vertices.iter().map(|vertex| vertex.at()).collect();
                match answer.pruned {
                    Some(executed) => write!(f, "pruned, executed h{}", executed.0),
                    None => write!(f, "vertices {names:?}"),
                }
            }
            Self::StateRequest(height) => write!(f, "state after h{}?", height.0),
            Self::State(state) => write!(
                f,
                "state after h{}: round {}, {} delivered, {} batches",
                state.height.0,
                state.round,
                state.delivered.len(),
                state.batches.len()
            ),
        }
    }
}

impl WireMessage for Message {
    fn size(&self) -> u32 {
        ENVELOPE_BYTES
            + match self {
                Self::Header(header) => header.bytes(),
                Self::Vote(_) => VertexRef::BYTES + SIGNATURE_BYTES,
                Self::Certificate(certificate) => certificate.bytes(),
                Self::VertexRequest { wants, .. } => {
                    NUMBER_BYTES + wants.len() as u32 * VertexRef::BYTES
                }
                Self::Vertices(answer) => {
                    let vertices = answer.vertices.iter().map(|vertex| vertex.bytes());
                    NUMBER_BYTES + vertices.sum::<u32>()
                }
                Self::StateRequest(_) => NUMBER_BYTES,
                Self::State(state) => state.bytes(),
            }
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        match self {
            Self::Header(header) => {
                for batch in &header.batches {
                    visit(batch, Body::Carried);
                }
            }
            Self::Certificate(certificate) => {
                for batch in certificate.batches() {
                    visit(batch, Body::Referenced);
                }
            }
            Self::Vertices(answer) => {
                for batch in answer.vertices.iter().flat_map(|vertex| vertex.batches()) {
                    visit(batch, Body::Referenced);
                }
            }
            Self::Vote(_) | Self::VertexRequest { .. } | Self::StateRequest(_) | Self::State(_) => {
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::Vote(_) => "vote",
            Self::Certificate(_) => "certificate",
            Self::VertexRequest { .. } => "vertex-request",
            Self::Vertices(_) => "vertices",
            Self::StateRequest(_) => "state-request",
            Self::State(_) => "state",
        }
    }
}

/// A record of the write-ahead log.
#[derive(Clone)]
pub enum Record {
    /// An own header. Durable before it is sent.
    Header(Arc<Header>),
    /// A vote. Durable before it is sent.
    Vote(VertexRef),
    /// A vertex of the graph, after its parents.
    Vertex(Arc<Certificate>),
    /// After a compaction: where the order continues.
    State(Arc<CommitState>),
}

impl Record {
    /// Bytes on the disk: a kind, a length and a checksum (`RECORD_BYTES`), then
    /// the fields as on the wire.
    pub(super) fn bytes(&self) -> u32 {
        RECORD_BYTES
            + match self {
                Self::Header(header) => header.bytes(),
                Self::Vote(_) => VertexRef::BYTES,
                Self::Vertex(certificate) => certificate.bytes(),
                Self::State(state) => state.bytes(),
            }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(header) => write!(f, "header {header:?}"),
            Self::Vote(at) => write!(f, "vote {at:?}"),
            Self::Vertex(certificate) => write!(f, "certificate {:?}", certificate.at()),
            Self::State(state) => write!(f, "state after h{}", state.height.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::batch;

    #[test]
    fn sizes_are_the_documented_sums() {
        assert!(size_of::<Message>() <= 64, "{}", size_of::<Message>());
        let batches = [batch(1), batch(2)].into_iter().collect();
        let parents = vec![VertexRef::default(); 3];
        let header = Header::new(ReplicaId(1), 1, Duration::ZERO, parents, 3, batches);
        assert_eq!(header.bytes(), 44 + 8 + 12 + 3 * 44 + 2 * 40 + 64);
        let header = Arc::new(header);
        let mut signers = ReplicaSet::new();
        for id in 0..3 {
            signers.insert(ReplicaId(id));
        }
        let form = Certificates::Signatures;
        let certificate = Certificate::new(Arc::clone(&header), signers, 4, form);
        assert_eq!(certificate.bytes(), header.bytes() + 1 + 3 * 64);
        assert_eq!(Message::Header(header).size(), 8 + 340);
        assert_eq!(Message::Vote(VertexRef::default()).size(), 8 + 44 + 64);
        let mut carried = 0;
        Message::Certificate(Arc::new(certificate)).bodies(&mut |_, body| {
            assert_eq!(body, Body::Referenced);
            carried += 1;
        });
        assert_eq!(carried, 2);
    }
}
