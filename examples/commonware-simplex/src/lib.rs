//! Commonware's simplex, as published, driven in virtual time: n engines on
//! their deterministic runtime, joined by a network of ours whose every one-way
//! delay is `d`. It says what a block costs, in the words of
//! `groma_consensus_models::testing::steady`, so that both stand side by side.
//!
//! It knows nothing of Groma's simulator: CPU is free, and no byte takes time.

mod application;
mod network;

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use commonware_consensus::simplex::config::{Config, Floor, ForwardPolicy, SkipPolicy};
use commonware_consensus::simplex::elector::RoundRobin;
use commonware_consensus::simplex::{Engine, scheme::ed25519};
use commonware_consensus::types::{Epoch, ViewDelta};
use commonware_cryptography::{Sha256, Signer as _, ed25519::PrivateKey, sha256};
use commonware_parallel::Sequential;
use commonware_runtime::buffer::paged::CacheRef;
use commonware_runtime::{Clock as _, Runner as _, Supervisor as _, deterministic};
use commonware_utils::channel::mpsc;
use commonware_utils::ordered::Set;

use application::{Application, Ledger};
use network::{Channel, Network};

pub(crate) type Scheme = ed25519::Scheme;
pub(crate) type Digest = sha256::Digest;

const EPOCH: Epoch = Epoch::new(1);

/// What blocks cost in the steady state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Finalized blocks in the measured views.
    pub blocks: u64,
    /// Messages by kind that belong to those views.
    pub sent: BTreeMap<&'static str, u64>,
    /// Their encoded bytes; a block's body, which is the application's, is a digest.
    pub bytes: u64,
    /// Time from a block's proposal to its finalization at the first and at the
    /// last replica: medians over the blocks.
    pub first_commit: Duration,
    /// See `first_commit`.
    pub last_commit: Duration,
    /// Median time between the proposals of two blocks.
    pub interval: Duration,
}

impl Measured {
    /// Messages of all kinds per block, rounded.
    #[must_use]
    pub fn messages_per_block(&self) -> u64 {
        let all: u64 = self.sent.values().sum();
        (all + self.blocks / 2) / self.blocks.max(1)
    }
}

/// Runs `n` replicas at one-way delay `d` until all have finalized `warm +
/// measured` views, and measures those after the first `warm`.
///
/// # Panics
/// When the committee cannot be formed, or two replicas finalize different
/// blocks of a view.
#[must_use]
pub fn measure(n: u32, d: Duration, warm: u64, measured: u64) -> Measured {
    // A poll of the runtime takes a cycle of virtual time: the smallest there is.
    let config = deterministic::Config::default().with_cycle(Duration::from_nanos(1));
    deterministic::Runner::new(config).start(move |context| async move {
        let keys: Vec<_> = (0..u64::from(n)).map(PrivateKey::from_seed).collect();
        let members = Set::from_iter_dedup(keys.iter().map(PrivateKey::public_key));
        let (sender, mut parcels) = mpsc::unbounded_channel();
        let network = Network::new(members.clone(), sender, d);
        let ledger = Ledger::new(n, warm..warm + measured);
        for key in &keys {
            let me = key.public_key();
            let application = Application::new(
                me.clone(),
                context.child("application"),
                ledger.clone(),
                network.clone(),
            );
            network.join(&me, application.clone());
            let engine = Engine::new(
                context.child("engine"),
                engine_config(key, &members, &application, &network, d),
            );
            let channel = |channel| network.channel(&me, channel, context.child("channel"));
            // The handle may go: the task lives as long as the runtime.
            drop(engine.start(
                channel(Channel::Vote),
                channel(Channel::Certificate),
                channel(Channel::Resolver),
            ));
        }
        // The root task is the network: equal delays make the order of sending
        // that of delivery.
        while !ledger.is_complete() {
            let parcel = parcels.recv().await.expect("the network holds a sender");
            context.sleep_until(parcel.due).await;
            ledger.count(&parcel);
            network.deliver(parcel);
        }
        network.close();
        ledger.measured()
    })
}

fn engine_config(
    key: &PrivateKey,
    members: &Set<commonware_cryptography::ed25519::PublicKey>,
    application: &Application,
    network: &Network,
    d: Duration,
) -> Config<Scheme, RoundRobin, Network, Digest, Application, Application, Application, Sequential>
{
    let nonzero = |value| NonZeroUsize::new(value).expect("a constant above zero");
    Config {
        scheme: Scheme::signer(b"groma", members.clone(), key.clone())
            .expect("the key is of the committee"),
        elector: RoundRobin::<Sha256>::default(),
        blocker: network.clone(),
        automaton: application.clone(),
        relay: application.clone(),
        reporter: application.clone(),
        track_historical_votes: false,
        strategy: Sequential,
        partition: key.public_key().to_string(),
        mailbox_size: nonzero(4096),
        epoch: EPOCH,
        floor: Floor::Genesis(application::genesis()),
        replay_buffer: nonzero(1 << 20),
        write_buffer: nonzero(1 << 20),
        page_cache: CacheRef::new(NonZeroU16::MIN.saturating_add(4083), nonzero(64)),
        leader_timeout: d * 20,
        certification_timeout: d * 30,
        timeout_retry: d * 100,
        view_retention: ViewDelta::new(10),
        skip: SkipPolicy::Disabled,
        fetch_timeout: commonware_utils::NonZeroDuration::new_panic(d * 10),
        fetch_retry_delay: d,
        forward: ForwardPolicy::Disabled,
    }
}
