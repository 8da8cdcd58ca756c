//! What stands around an engine: blocks that are digests, whose bodies travel
//! apart, a vote only for a body at hand, and a ledger of what was sent and
//! finalized when.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use commonware_actor::Feedback;
use commonware_codec::{Decode as _, DecodeExt as _};
use commonware_consensus::simplex::Plan;
use commonware_consensus::simplex::types::{Activity, Certificate, Context, Vote};
use commonware_consensus::{Automaton, CertifiableAutomaton, Relay, Reporter, Viewable as _};
use commonware_cryptography::ed25519::PublicKey;
use commonware_cryptography::{Hasher as _, Sha256};
use commonware_runtime::{Clock as _, IoBuf, deterministic};
use commonware_utils::channel::oneshot;

use crate::network::{Channel, Network, Parcel};
use crate::{Digest, Measured, Scheme};

pub(crate) fn genesis() -> Digest {
    Sha256::hash(&[b"genesis"])
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("no holder of the lock panics")
}

/// When each view's block was proposed and finalized, and what was sent for it.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Mutex<Books>>);

struct Books {
    n: u32,
    /// Views that are measured: above the first, up to the last.
    views: Range<u64>,
    proposed: BTreeMap<u64, SystemTime>,
    /// By view: the block, and when each replica finalized it.
    finalized: BTreeMap<u64, (Digest, BTreeMap<PublicKey, SystemTime>)>,
    sent: BTreeMap<&'static str, u64>,
    bytes: u64,
    /// Views of the bodies on their way.
    bodies: BTreeMap<Digest, u64>,
}

impl Ledger {
    pub(crate) fn new(n: u32, views: Range<u64>) -> Self {
        Self(Arc::new(Mutex::new(Books {
            n,
            views,
            proposed: BTreeMap::new(),
            finalized: BTreeMap::new(),
            sent: BTreeMap::new(),
            bytes: 0,
            bodies: BTreeMap::new(),
        })))
    }

    /// Whether all have finalized a view after the measured ones, so that what
    /// belongs to these was sent.
    pub(crate) fn is_complete(&self) -> bool {
        let books = lock(&self.0);
        let last = books.finalized.get(&(books.views.end + 5));
        last.is_some_and(|(_, at)| at.len() == books.n as usize)
    }

    /// Counts a message to the view that it belongs to.
    pub(crate) fn count(&self, parcel: &Parcel) {
        let mut books = lock(&self.0);
        let members = books.n as usize;
        let (kind, view) = match parcel.channel {
            Channel::Vote => {
                let vote = Vote::<Scheme, Digest>::decode(parcel.bytes.clone()).expect("own code");
                let kind = match vote {
                    Vote::Notarize(_) => "notarize",
                    Vote::Nullify(_) => "nullify",
                    Vote::Finalize(_) => "finalize",
                };
                (kind, vote.view().get())
            }
            Channel::Certificate => {
                let certificate =
                    Certificate::<Scheme, Digest>::decode_cfg(parcel.bytes.clone(), &members)
                        .expect("own code");
                let kind = match certificate {
                    Certificate::Notarization(_) => "notarization",
                    Certificate::Nullification(_) => "nullification",
                    Certificate::Finalization(_) => "finalization",
                };
                (kind, certificate.view().get())
            }
            // A request names no view here; none is needed while nobody lags.
            Channel::Resolver => ("resolver", books.views.end),
            Channel::Body => {
                let body = Digest::decode(parcel.bytes.clone()).expect("own code");
                ("body", books.bodies.get(&body).copied().unwrap_or_default())
            }
        };
        if view > books.views.start && view <= books.views.end {
            *books.sent.entry(kind).or_default() += 1;
            books.bytes += parcel.bytes.len() as u64;
        }
    }

    pub(crate) fn measured(&self) -> Measured {
        let books = lock(&self.0);
        let views = books.views.start + 1..=books.views.end;
        let (mut first, mut last, mut between) = (Vec::new(), Vec::new(), Vec::new());
        for view in views {
            let Some((_, at)) = books.finalized.get(&view) else {
                continue;
            };
            let proposed = books.proposed[&view];
            let took = |at: &SystemTime| since(*at, proposed);
            first.extend(at.values().map(took).min());
            last.extend(at.values().map(took).max());
            between.extend(books.proposed.get(&(view + 1)).map(took));
        }
        Measured {
            blocks: first.len() as u64,
            sent: books.sent.clone(),
            bytes: books.bytes,
            first_commit: median(first),
            last_commit: median(last),
            interval: median(between),
        }
    }
}

fn since(later: SystemTime, earlier: SystemTime) -> Duration {
    later
        .duration_since(earlier)
        .expect("virtual time runs forward")
}

fn median(mut of: Vec<Duration>) -> Duration {
    of.sort_unstable();
    of[of.len() / 2]
}

/// Bodies at hand, and votes that wait for one.
#[derive(Default)]
struct Bodies {
    held: BTreeSet<Digest>,
    waiting: BTreeMap<Digest, Vec<oneshot::Sender<bool>>>,
}

/// The application of one replica.
#[derive(Clone)]
pub(crate) struct Application {
    me: PublicKey,
    context: Arc<deterministic::Context>,
    ledger: Ledger,
    network: Network,
    bodies: Arc<Mutex<Bodies>>,
}

impl Application {
    pub(crate) fn new(
        me: PublicKey,
        context: deterministic::Context,
        ledger: Ledger,
        network: Network,
    ) -> Self {
        Self {
            me,
            context: Arc::new(context),
            ledger,
            network,
            bodies: Arc::default(),
        }
    }

    /// A body came: who waits for it may vote.
    pub(crate) fn body(&self, bytes: &IoBuf) {
        let body = Digest::decode(bytes.clone()).expect("own code");
        let mut bodies = lock(&self.bodies);
        bodies.held.insert(body);
        for vote in bodies.waiting.remove(&body).unwrap_or_default() {
            // Who no longer waits has left the view.
            let _ = vote.send(true);
        }
    }
}

impl Automaton for Application {
    type Context = Context<Digest, PublicKey>;
    type Digest = Digest;

    async fn propose(&mut self, context: Self::Context) -> oneshot::Receiver<Digest> {
        let (answer, receiver) = oneshot::channel();
        let view = context.round.view().get();
        let block = Sha256::hash(&[&view.to_be_bytes(), context.parent.1.as_ref()]);
        let mut books = lock(&self.ledger.0);
        books.proposed.insert(view, self.context.current());
        books.bodies.insert(block, view);
        let _ = answer.send(block);
        receiver
    }

    async fn verify(&mut self, _: Self::Context, block: Digest) -> oneshot::Receiver<bool> {
        let (answer, receiver) = oneshot::channel();
        let mut bodies = lock(&self.bodies);
        if bodies.held.contains(&block) {
            let _ = answer.send(true);
        } else {
            bodies.waiting.entry(block).or_default().push(answer);
        }
        receiver
    }
}

impl CertifiableAutomaton for Application {}

impl Relay for Application {
    type Digest = Digest;
    type PublicKey = PublicKey;
    type Plan = Plan<PublicKey>;

    fn broadcast(&mut self, block: Digest, plan: Plan<PublicKey>) -> Feedback {
        if let Plan::Propose { .. } = plan {
            let body = IoBuf::from(block.as_ref().to_vec());
            let now = self.context.current();
            self.network.broadcast(&self.me, Channel::Body, &body, now);
        }
        Feedback::Ok
    }
}

impl Reporter for Application {
    type Activity = Activity<Scheme, Digest>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        if let Activity::Finalization(finalization) = activity {
            let mut books = lock(&self.ledger.0);
            let (block, at) = books
                .finalized
                .entry(finalization.view().get())
                .or_insert_with(|| (finalization.proposal.payload, BTreeMap::new()));
            assert_eq!(*block, finalization.proposal.payload, "agreement");
            at.entry(self.me.clone())
                .or_insert_with(|| self.context.current());
        }
        Feedback::Ok
    }
}
