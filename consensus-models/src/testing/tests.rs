//! The benches must catch a protocol that breaks the law; a careless one
//! shows that they do.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::block::{Batch, Block, Digest, Height};
use crate::committee::{FaultModel, ReplicaId};
use crate::params::ParamSpec;
use crate::protocol::{Body, Env, Message, Protocol, Recovery, Setup, TimerId, Token};
use std::time::Duration;

/// Who gets a batch commits it at the next height and shows it to the others,
/// who do the same. Right as long as nothing happens at the same time.
struct Careless {
    next: Height,
}

#[derive(Clone, Debug)]
struct Show(Block);

impl Message for Show {
    fn size(&self) -> u32 {
        64
    }

    fn bodies(&self, visit: &mut dyn FnMut(&Batch, Body)) {
        for batch in &self.0.batches {
            visit(batch, Body::Carried);
        }
    }

    fn kind(&self) -> &'static str {
        "show"
    }
}

impl Protocol for Careless {
    type Message = Show;
    type Record = ();

    const NAME: &'static str = "careless";
    const SOURCE: &'static str = "none";
    const FAULT_MODEL: FaultModel = FaultModel::Crash;

    fn params() -> Vec<ParamSpec> {
        Vec::new()
    }

    fn new(_setup: &Setup<'_>, recovery: &Recovery<'_, ()>) -> Self {
        Self {
            next: recovery.applied.next(),
        }
    }

    fn start<E: Env<Self> + ?Sized>(&mut self, _env: &mut E) {}

    fn message<E: Env<Self> + ?Sized>(&mut self, _from: ReplicaId, message: &Show, env: &mut E) {
        self.next = message.0.height.next();
        env.commit(message.0.clone());
    }

    fn timer<E: Env<Self> + ?Sized>(&mut self, _timer: TimerId, _env: &mut E) {}

    fn request<E: Env<Self> + ?Sized>(&mut self, batch: Batch, env: &mut E) {
        let block = Block {
            height: self.next,
            created: env.now(),
            batches: smallvec::smallvec![batch],
            ..Block::default()
        };
        self.next = self.next.next();
        env.broadcast(Show(block.clone()));
        env.commit(block);
    }

    fn persisted<E: Env<Self> + ?Sized>(&mut self, _done: Token, _env: &mut E) {}

    fn executed<E: Env<Self> + ?Sized>(&mut self, _at: Height, _digest: Digest, _env: &mut E) {}

    fn transferred<E: Env<Self> + ?Sized>(
        &mut self,
        _height: Height,
        _digest: Digest,
        _block: &Block,
        _env: &mut E,
    ) {
    }

    fn leader(&self) -> Option<ReplicaId> {
        None
    }

    fn view(&self) -> u64 {
        0
    }
}

const D: Duration = Duration::from_millis(10);
const SECOND: Duration = Duration::from_secs(1);

fn cluster() -> Cluster<Careless> {
    Cluster::new(Config::lockstep::<Careless>(3, D))
}

#[test]
fn a_lonely_batch_is_executed_everywhere_after_one_delay() {
    let mut cluster = cluster();
    cluster.request(ReplicaId(1), batch(1));
    assert_eq!(cluster.run_until(SECOND, Cluster::is_complete), Ok(true));
    assert_eq!(cluster.now(), D);
    assert_eq!(cluster.sent()["show"], 2);
    assert_eq!(cluster.commits(ReplicaId(0))[0].at, D);
}

#[test]
fn two_blocks_at_one_height_are_no_agreement() {
    let mut cluster = cluster();
    cluster.request(ReplicaId(0), batch(1));
    cluster.request(ReplicaId(1), batch(2));
    let why = cluster.run_until(SECOND, |_| false).unwrap_err();
    assert!(why.contains("no agreement"), "{why}");
}

#[test]
fn a_gap_is_caught_where_it_is_committed() {
    let mut cluster = cluster();
    cluster.fault(Fault::Cut(ReplicaId(0), ReplicaId(2)));
    cluster.request(ReplicaId(0), batch(1));
    cluster.fault(Fault::Heal);
    cluster.request(ReplicaId(0), batch(2));
    let why = cluster.run_until(SECOND, |_| false).unwrap_err();
    assert!(
        why.contains("r2 commits height 2 where 1 was next"),
        "{why}"
    );
}

#[test]
fn an_invented_batch_is_not_valid() {
    let block = Block {
        height: Height(1),
        batches: smallvec::smallvec![batch(666)],
        ..Block::default()
    };
    let why = checker::Checker::default()
        .committed(ReplicaId(0), &block)
        .unwrap_err();
    assert!(why.contains("no validity"), "{why}");
}

#[test]
fn a_filter_can_forge_what_one_replica_says() {
    let mut cluster = cluster();
    cluster.set_filter(Box::new(|_, _, to, Show(block)| {
        if to != ReplicaId(2) {
            return Fate::Pass;
        }
        let mut forged = block.clone();
        forged.view = 9;
        Fate::Replace(Show(forged))
    }));
    cluster.request(ReplicaId(0), batch(1));
    let why = cluster.run_until(SECOND, |_| false).unwrap_err();
    assert!(why.contains("no agreement: r2"), "{why}");
}

#[test]
fn a_lost_message_is_no_progress() {
    let mut cluster = cluster();
    cluster.fault(Fault::Partition(vec![ReplicaId(0)]));
    cluster.request(ReplicaId(0), batch(1));
    assert_eq!(cluster.run_until(SECOND, Cluster::is_complete), Ok(false));
    assert_eq!(cluster.now(), SECOND);
}

#[test]
fn a_crash_loses_what_was_not_durable_and_the_batch_moves() {
    let mut config = Config::lockstep::<Careless>(3, D);
    config.ledger_disk = Between::exactly(SECOND);
    let mut cluster = Cluster::<Careless>::new(config);
    cluster.fault(Fault::Partition(vec![ReplicaId(0)]));
    cluster.request(ReplicaId(0), batch(1));
    cluster.run_until(2 * D, |_| false).unwrap();
    assert_eq!(cluster.executed(ReplicaId(0)), Height(1));
    cluster.fault(Fault::Bounce(ReplicaId(0)));
    assert_eq!(cluster.executed(ReplicaId(0)), Height(0));
}

#[test]
fn one_seed_gives_one_run() {
    let run = |seed| {
        let mut cluster = Cluster::<Careless>::new(Config::random::<Careless>(3, seed));
        cluster.request(ReplicaId(0), batch(1));
        cluster.run_until(SECOND, |_| false).unwrap();
        cluster.commits(ReplicaId(2))[0].at
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_script_prints_what_its_commands_do() {
    let text = "\
# Two replicas.
> cluster n=2
> request r0 7
> settle
> state
";
    let found = script::run::<Careless>(text);
    let expected = "\
# Two replicas.
> cluster n=2
r0 starts
r1 starts
> request r0 7
r0 <- request b7
  -> r1 #1 Show(Block { height: Height(1), view: 0, proposer: ReplicaId(0), created: 0ns, \
batches: [Batch { id: BatchId(7), txs: 10, bytes: 2000 }] })
  commit h1 view 0 by r0 [b7]
r0 executed h1
> settle
r1 <- r0 #1 Show(Block { height: Height(1), view: 0, proposer: ReplicaId(0), created: 0ns, \
batches: [Batch { id: BatchId(7), txs: 10, bytes: 2000 }] })
  commit h1 view 0 by r0 [b7]
r1 executed h1
> state
r0 view 0 leader unknown executed h1 log 0 records
r1 view 0 leader unknown executed h1 log 0 records
";
    assert_eq!(found, expected);
    assert_eq!(script::run::<Careless>(expected), expected);
}
