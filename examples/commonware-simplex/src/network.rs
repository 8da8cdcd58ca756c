//! A network whose every one-way delay is the same: senders put parcels into
//! one queue, the root task takes them out when they are due, and each member
//! has a queue a channel. Nothing is lost, nothing is throttled.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use commonware_actor::{Feedback, Unreliable};
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{
    BlockedSubscription, Blocker, CheckedSender, LimitedSender, Message, Receiver, Recipients,
};
use commonware_runtime::{Clock as _, IoBuf, IoBufs, deterministic};
use commonware_utils::channel::{mpsc, ring};
use commonware_utils::ordered::Set;

use crate::application::Application;

/// What a parcel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    Vote,
    Certificate,
    Resolver,
    /// Bodies of blocks, which are the application's.
    Body,
}

/// A message under way.
pub(crate) struct Parcel {
    pub(crate) due: SystemTime,
    pub(crate) channel: Channel,
    pub(crate) to: PublicKey,
    pub(crate) from: PublicKey,
    pub(crate) bytes: IoBuf,
}

type Queues = BTreeMap<(Channel, PublicKey), mpsc::UnboundedSender<(PublicKey, IoBuf)>>;

/// The network, shared by all members.
#[derive(Clone)]
pub(crate) struct Network {
    members: Set<PublicKey>,
    parcels: mpsc::UnboundedSender<Parcel>,
    delay: Duration,
    queues: Arc<Mutex<Queues>>,
    applications: Arc<Mutex<BTreeMap<PublicKey, Application>>>,
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("no holder of the lock panics")
}

impl Network {
    pub(crate) fn new(
        members: Set<PublicKey>,
        parcels: mpsc::UnboundedSender<Parcel>,
        delay: Duration,
    ) -> Self {
        Self {
            members,
            parcels,
            delay,
            queues: Arc::default(),
            applications: Arc::default(),
        }
    }

    /// Bodies for `member` go to `application`.
    pub(crate) fn join(&self, member: &PublicKey, application: Application) {
        lock(&self.applications).insert(member.clone(), application);
    }

    /// Lets all members go: they hold the network, and it holds them.
    pub(crate) fn close(&self) {
        lock(&self.applications).clear();
        lock(&self.queues).clear();
    }

    /// The two ends of `channel` at `member`.
    pub(crate) fn channel(
        &self,
        member: &PublicKey,
        channel: Channel,
        context: deterministic::Context,
    ) -> (Outbound, Inbound) {
        let (sender, queue) = mpsc::unbounded_channel();
        lock(&self.queues).insert((channel, member.clone()), sender);
        let outbound = Outbound {
            network: self.clone(),
            from: member.clone(),
            channel,
            context: Arc::new(context),
        };
        (outbound, Inbound { queue })
    }

    /// Sends `bytes` to all but the sender, at `now`.
    pub(crate) fn broadcast(
        &self,
        from: &PublicKey,
        channel: Channel,
        bytes: &IoBuf,
        now: SystemTime,
    ) {
        for to in self.members.iter().filter(|to| *to != from) {
            self.send(from, to, channel, bytes.clone(), now);
        }
    }

    fn send(
        &self,
        from: &PublicKey,
        to: &PublicKey,
        channel: Channel,
        bytes: IoBuf,
        now: SystemTime,
    ) {
        let parcel = Parcel {
            due: now + self.delay,
            channel,
            to: to.clone(),
            from: from.clone(),
            bytes,
        };
        // Only the end of the run closes the queue.
        let _ = self.parcels.send(parcel);
    }

    pub(crate) fn deliver(&self, parcel: Parcel) {
        if parcel.channel == Channel::Body {
            let application = lock(&self.applications).get(&parcel.to).cloned();
            application.expect("every member joins").body(&parcel.bytes);
            return;
        }
        if let Some(queue) = lock(&self.queues).get(&(parcel.channel, parcel.to)) {
            let _ = queue.send((parcel.from, parcel.bytes));
        }
    }
}

/// Nobody is blocked: all are honest here, and a test sees if one is accused.
impl Blocker for Network {
    type PublicKey = PublicKey;

    fn block(&mut self, peer: PublicKey) -> Feedback {
        panic!("an honest member was blocked: {peer}");
    }

    fn blocked(&mut self) -> BlockedSubscription<PublicKey> {
        ring::channel(NonZeroUsize::MIN).1
    }
}

/// The sending end of a channel.
#[derive(Clone)]
pub(crate) struct Outbound {
    network: Network,
    from: PublicKey,
    channel: Channel,
    context: Arc<deterministic::Context>,
}

/// One message to known recipients.
pub(crate) struct Addressed<'a> {
    outbound: &'a Outbound,
    to: Vec<PublicKey>,
}

impl LimitedSender for Outbound {
    type PublicKey = PublicKey;
    type Checked<'a> = Addressed<'a>;

    fn check(&mut self, recipients: Recipients<PublicKey>) -> Result<Addressed<'_>, SystemTime> {
        let to = match recipients {
            Recipients::All => self.network.members.iter().cloned().collect(),
            Recipients::Some(some) => some,
            Recipients::One(one) => vec![one],
        };
        let to = to.into_iter().filter(|to| *to != self.from).collect();
        Ok(Addressed { outbound: self, to })
    }
}

impl CheckedSender for Addressed<'_> {
    type PublicKey = PublicKey;

    fn recipients(&self) -> Vec<PublicKey> {
        self.to.clone()
    }

    fn send(self, message: impl Into<IoBufs> + Send, _priority: bool) -> Unreliable<Feedback> {
        let bytes = message.into().coalesce();
        let Outbound {
            network,
            from,
            channel,
            context,
        } = self.outbound;
        for to in &self.to {
            network.send(from, to, *channel, bytes.clone(), context.current());
        }
        Unreliable::Outcome(Feedback::Ok)
    }
}

/// The receiving end of a channel.
pub(crate) struct Inbound {
    queue: mpsc::UnboundedReceiver<(PublicKey, IoBuf)>,
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbound")
    }
}

impl Receiver for Inbound {
    type Error = Infallible;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Message<PublicKey>, Infallible> {
        Ok(self
            .queue
            .recv()
            .await
            .expect("the network outlives its members"))
    }

    fn capacity(&self) -> NonZeroUsize {
        // The engine makes room for so many at once; the queue itself has no bound.
        NonZeroUsize::new(4_096).expect("a constant above zero")
    }
}
