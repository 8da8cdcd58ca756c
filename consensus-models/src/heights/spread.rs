//! How messages spread: straight to everyone, or passed on over a peer graph.

use std::sync::Arc;

use super::config::Config;
use super::core::{Core, Say};
use super::{Heights, Message};
use crate::block::mix;
use crate::committee::ReplicaId;
use crate::gossip::{Degrees, Peers, Seen};
use crate::protocol::Env;

/// Messages of which gossip remembers that they passed; a few heights of a
/// committee of a hundred.
const REMEMBERED: usize = 8_192;

/// With gossip: the neighbours, and what passed.
#[derive(Debug)]
pub(super) struct Spread(Option<(Peers, Seen<u64>)>);

impl Spread {
    pub(super) fn new(me: ReplicaId, n: u32, config: &Config) -> Self {
        let graph = || {
            (
                Peers::new(me, n, Degrees::Fixed(config.peers), 0, 0),
                Seen::new(REMEMBERED),
            )
        };
        Self(config.gossip.then(graph))
    }

    /// Notes a message; `false` when gossip had passed it on before.
    fn is_news(&mut self, origin: ReplicaId, digest: u64) -> bool {
        match &mut self.0 {
            None => true,
            Some((_, seen)) => seen.insert(mix(digest, u64::from(origin.0))),
        }
    }
}

impl<C: Core> Heights<C> {
    /// Sends what this replica says on its way.
    pub(super) fn broadcast<E: Env<Self> + ?Sized>(&mut self, say: &Arc<C::Say>, env: &mut E) {
        self.spread.is_news(self.me, say.digest());
        let message = Message::Core(self.me, Arc::clone(say));
        match &self.spread.0 {
            None => env.broadcast(message),
            Some((peers, _)) => env.multicast(peers.all(), message),
        }
    }

    /// A core's message arrived, from its author or passed on.
    pub(super) fn on_core<E: Env<Self> + ?Sized>(
        &mut self,
        from: ReplicaId,
        origin: ReplicaId,
        say: &Arc<C::Say>,
        env: &mut E,
    ) {
        if origin == self.me {
            return;
        }
        let news = self.spread.is_news(origin, say.digest());
        match &self.spread.0 {
            None if origin != from => return env.reject("message in another's name"),
            Some((peers, _)) if news => {
                let others: Vec<ReplicaId> = peers
                    .but(from)
                    .into_iter()
                    .filter(|peer| *peer != origin)
                    .collect();
                env.multicast(&others, Message::Core(origin, Arc::clone(say)));
            }
            _ => {}
        }
        let height = say.height();
        if height == self.place.height && !self.catch_up.is_transferring() {
            self.hear(origin, say, env);
        } else if height > self.place.height {
            self.catch_up.early(self.place.height, origin, say);
            self.catch_up.shown(height, origin);
            self.want_later(env);
        }
    }
}
