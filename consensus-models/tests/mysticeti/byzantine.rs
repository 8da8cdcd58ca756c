//! Byzantine authors: they equivocate, withhold, refer to too little, claim
//! rounds that do not exist and lie to those who ask.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::mysticeti::{DagBlock, Message, Mysticeti, Ref, Response};
use groma_consensus_models::testing::{
    Cluster, Config, Fate, FaultPlan, SplitMix64, batch, fault, for_seeds,
};
use groma_consensus_models::{BlockId, Height, ReplicaId};

/// What the first f members do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sin {
    /// Different blocks to different peers.
    Equivocate,
    /// Blocks to one peer only, and no answers.
    Withhold,
    /// Blocks that refer to less than a quorum.
    TooFewParents,
    /// Blocks of rounds far ahead on parents that do not exist.
    FarAhead,
    /// Answers that all is forgotten.
    Forgotten,
    /// One of these by chance.
    Mixed,
}

const SINS: [Sin; 6] = [
    Sin::Equivocate,
    Sin::Withhold,
    Sin::TooFewParents,
    Sin::FarAhead,
    Sin::Forgotten,
    Sin::Mixed,
];

fn twin(block: &DagBlock) -> DagBlock {
    let created = block.created + Duration::from_nanos(1);
    let (at, parents) = (block.at(), block.parents.clone());
    DagBlock::new(
        at.round,
        at.author,
        created,
        [].into_iter().collect(),
        parents,
    )
}

fn starved(block: &DagBlock) -> DagBlock {
    let (at, batches) = (block.at(), block.batches.clone());
    let parents = block.parents.iter().take(2).copied().collect();
    DagBlock::new(at.round, at.author, block.created, batches, parents)
}

fn far_ahead(block: &DagBlock, by: u64) -> DagBlock {
    let (at, batches) = (block.at(), block.batches.clone());
    let parents = block.parents.iter().map(|parent| Ref {
        round: parent.round + by,
        id: BlockId(parent.id.0 ^ 1),
        ..*parent
    });
    DagBlock::new(
        at.round + by,
        at.author,
        block.created,
        batches,
        parents.collect(),
    )
}

fn meddle(sin: Sin, to: ReplicaId, message: &Message, rng: &mut SplitMix64) -> Fate<Message> {
    let replace = |block| Fate::Replace(Message::Block(Arc::new(block)));
    match (sin, message) {
        (Sin::Mixed, _) => {
            let sin = SINS[rng.below(5) as usize];
            meddle(sin, to, message, rng)
        }
        (Sin::Equivocate, Message::Block(block)) if to.0.is_multiple_of(2) => replace(twin(block)),
        (Sin::Withhold, Message::Block(_)) if to.0 != 3 => Fate::Drop,
        (Sin::Withhold, Message::Response(_)) => Fate::Drop,
        (Sin::TooFewParents, Message::Block(block)) => replace(starved(block)),
        (Sin::FarAhead, Message::Block(block)) => {
            let by = [20, 1_000_000][rng.below(2) as usize];
            replace(far_ahead(block, by))
        }
        (Sin::Forgotten, Message::Response(_)) => {
            Fate::Replace(Message::Response(Arc::new(Response {
                blocks: Vec::new(),
                more: false,
                floor: u64::MAX,
                executed: Height(1_000_000),
            })))
        }
        _ => Fate::Pass,
    }
}

fn run(n: u32, seed: u64, sin: Sin) -> Cluster<Mysticeti> {
    let leaders = ["1", "2", "4"][(seed % 3) as usize];
    let config = Config::random::<Mysticeti>(n, seed).set::<Mysticeti>("leaders", leaders);
    let mut cluster = Cluster::<Mysticeti>::new(config);
    let f = (n - 1) / 3;
    for id in 0..f {
        cluster.set_faulty(ReplicaId(id));
    }
    let mut dice = SplitMix64::fork(seed, 77);
    cluster.set_filter(Box::new(move |_, from, to, message| {
        if from.0 < f {
            meddle(sin, to, message, &mut dice)
        } else {
            Fate::Pass
        }
    }));
    let until = Duration::from_secs(6);
    let mut rng = SplitMix64::fork(seed, 78);
    let plan = FaultPlan {
        n,
        outages: false,
        every: Duration::from_secs(1),
        until,
    };
    for (at, fault) in fault::schedule(&plan, &mut rng) {
        // Correct ones stop and come back too: agreement does not depend on
        // how many are up.
        cluster.fault_at(at, fault);
    }
    for id in 0..60 {
        let at = Duration::from_nanos(rng.below(until.as_nanos() as u64));
        cluster.request_at(at, ReplicaId(id % n), batch(u64::from(id) + 1));
    }
    match cluster.run_until(until + Duration::from_secs(60), Cluster::is_complete) {
        Ok(true) => cluster,
        Ok(false) => panic!("{sin:?} seed {seed}: no progress: {}", cluster.describe()),
        Err(why) => panic!("{sin:?} seed {seed}: {why}"),
    }
}

#[test]
fn byzantine_authors_break_neither_agreement_nor_progress() {
    let mut rejected = BTreeMap::<&str, u64>::new();
    for sin in SINS {
        for_seeds(20, |seed| {
            for n in [4, 7] {
                for (why, count) in run(n, seed, sin).rejected() {
                    *rejected.entry(why).or_default() += count;
                }
            }
        });
    }
    if std::env::var_os("GROMA_SEED").is_none() {
        let seen: Vec<_> = rejected.into_keys().collect();
        assert_eq!(
            seen,
            [
                "block without a quorum of parents",
                "second block of a round"
            ]
        );
    }
}

/// n = 4 in lockstep under this sin of member 0.
fn lockstep(sin: Sin) -> Cluster<Mysticeti> {
    let d = Duration::from_millis(10);
    let mut cluster = Cluster::<Mysticeti>::new(Config::lockstep::<Mysticeti>(4, d));
    cluster.set_faulty(ReplicaId(0));
    let mut dice = SplitMix64::fork(1, 77);
    cluster.set_filter(Box::new(move |_, from, to, message| {
        if from.0 == 0 {
            meddle(sin, to, message, &mut dice)
        } else {
            Fate::Pass
        }
    }));
    for id in 1..=50 {
        cluster.request_at(d * id, ReplicaId(1 + id % 3), batch(u64::from(id)));
    }
    let done = cluster.run_until(Duration::from_secs(60), Cluster::is_complete);
    assert!(done.unwrap(), "{sin:?}: {}", cluster.describe());
    cluster
}

#[test]
fn blocks_of_an_author_that_withholds_are_fetched_from_who_has_them() {
    let cluster = lockstep(Sin::Withhold);
    assert!(cluster.sent()["block-request"] > 0);
    assert!(cluster.sent()["block-response"] > 0);
    assert!(cluster.rejected().is_empty());
}

#[test]
fn a_leader_that_equivocates_is_skipped_or_has_one_block_committed() {
    let cluster = lockstep(Sin::Equivocate);
    let mut rounds: Vec<_> = cluster
        .chain()
        .map(|block| (block.view, block.proposer))
        .collect();
    let all = rounds.len();
    rounds.dedup();
    assert_eq!(rounds.len(), all);
}

#[test]
fn an_author_that_refers_to_too_little_leads_nothing() {
    let cluster = lockstep(Sin::TooFewParents);
    let refused = cluster.rejected()["block without a quorum of parents"];
    assert_eq!(refused, cluster.rejected().values().sum::<u64>());
    let mut chain = cluster.chain();
    assert!(chain.all(|block| block.proposer != ReplicaId(0)));
}
