//! PBFT with one replica that lies.

use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::pbft::{Content, Message, NewView, Pbft, PrePrepare, Vote};
use groma_consensus_models::testing::{
    Between, Cluster, Config, Fate, Filter, SplitMix64, batch, for_seeds,
};
use groma_consensus_models::{Block, BlockId, Protocol, ReplicaId};

const LIMIT: Duration = Duration::from_secs(120);

fn config(n: u32, seed: u64) -> Config {
    Config::random::<Pbft>(n, seed)
        .set::<Pbft>("checkpoint_interval", "4")
        .set::<Pbft>("retransmit", "200ms")
        .set::<Pbft>("view_timeout", "1s")
}

/// A cluster in which `liar` sends what `filter` makes of its messages;
/// 20 batches are requested at the others within two seconds.
fn cluster(config: Config, liar: ReplicaId, filter: Filter<Message>) -> Cluster<Pbft> {
    let n = config.n;
    let mut cluster = Cluster::<Pbft>::new(config);
    cluster.set_faulty(liar);
    cluster.set_filter(filter);
    for id in 1..=20_u32 {
        let home = ReplicaId((liar.0 + 1 + id % (n - 1)) % n);
        let at = Duration::from_millis(100) * id;
        cluster.request_at(at, home, batch(u64::from(id)));
    }
    cluster
}

fn finish(mut cluster: Cluster<Pbft>) -> Cluster<Pbft> {
    let done = cluster.run_until(LIMIT, Cluster::is_complete).unwrap();
    assert!(done, "no progress: {}", cluster.describe());
    cluster
}

fn views(cluster: &Cluster<Pbft>) -> Vec<u64> {
    let members = (0..cluster.config().n).map(ReplicaId);
    members
        .map(|id| cluster.replica(id).unwrap().view())
        .collect()
}

/// The same proposal with another time: another block.
fn forged(proposal: &PrePrepare) -> Message {
    let block = Block {
        created: proposal.block.created + Duration::from_millis(1),
        ..(*proposal.block).clone()
    };
    let content = Content::PrePrepare(PrePrepare {
        view: proposal.view,
        digest: block.id(),
        block: Arc::new(block),
    });
    Message { content, auth: 64 }
}

#[test]
fn a_primary_that_proposes_two_blocks_for_a_height_loses_its_view() {
    for_seeds(40, |seed| {
        let liar = ReplicaId(0);
        let filter: Filter<Message> =
            Box::new(move |_, from, to, message| match &message.content {
                Content::PrePrepare(proposal) if from == liar && to.0 >= 2 => {
                    Fate::Replace(forged(proposal))
                }
                _ => Fate::Pass,
            });
        let cluster = finish(cluster(config(4, seed), liar, filter));
        assert!(views(&cluster)[1..].iter().all(|&view| view >= 1));
    });
}

#[test]
fn a_second_pre_prepare_for_a_height_is_refused() {
    let liar = ReplicaId(0);
    let mut seen = 0;
    let filter: Filter<Message> = Box::new(move |now, from, to, message| match &message.content {
        // Votes are lost at first, so that the primary repeats itself.
        Content::Prepare(_) | Content::Commit(_) if now < Duration::from_secs(1) => Fate::Drop,
        Content::PrePrepare(proposal) if from == liar && to.0 == 1 => {
            seen += 1;
            if seen == 1 {
                Fate::Pass
            } else {
                Fate::Replace(forged(proposal))
            }
        }
        _ => Fate::Pass,
    });
    let config = Config::lockstep::<Pbft>(4, Duration::from_millis(10))
        .set::<Pbft>("retransmit", "100ms")
        .set::<Pbft>("view_timeout", "2s");
    let cluster = finish(cluster(config, liar, filter));
    assert!(cluster.rejected()["conflicting pre-prepare"] > 0);
}

#[test]
fn a_primary_that_ignores_a_replica_keeps_its_view() {
    let liar = ReplicaId(0);
    let filter: Filter<Message> = Box::new(move |_, from, to, _| {
        if from == liar && to.0 == 3 {
            Fate::Drop
        } else {
            Fate::Pass
        }
    });
    let cluster = finish(cluster(config(4, 7), liar, filter));
    assert_eq!(views(&cluster)[1..3], [0, 0]);
}

#[test]
fn votes_for_blocks_that_do_not_exist_change_nothing() {
    for_seeds(40, |seed| {
        let liar = ReplicaId(3);
        let mut rng = SplitMix64::fork(seed, 9);
        let filter: Filter<Message> = Box::new(move |_, from, _, message| {
            let lie = |vote: &Vote, rng: &mut SplitMix64| {
                let mut vote = *vote;
                vote.digest = BlockId(rng.word());
                vote.height.0 += rng.below(12);
                vote
            };
            let content = match &message.content {
                Content::Prepare(vote) if from == liar => Content::Prepare(lie(vote, &mut rng)),
                Content::Commit(vote) if from == liar => Content::Commit(lie(vote, &mut rng)),
                _ => return Fate::Pass,
            };
            Fate::Replace(Message { content, auth: 64 })
        });
        let cluster = finish(cluster(config(4, seed), liar, filter));
        assert_eq!(views(&cluster)[..3], [0, 0, 0]);
    });
}

#[test]
fn a_new_view_that_leaves_out_a_prepared_block_is_refused() {
    // r0 is slow to send commits, so that blocks prepare and do not commit;
    // r1, the next primary, leaves them out.
    let liar = ReplicaId(1);
    let filter: Filter<Message> = Box::new(move |now, from, _, message| match &message.content {
        Content::Commit(_) if now < Duration::from_secs(3) => Fate::Drop,
        Content::NewView(opening) if from == liar && !opening.blocks.is_empty() => {
            let content = Content::NewView(Arc::new(NewView {
                blocks: Vec::new(),
                ..(**opening).clone()
            }));
            Fate::Replace(Message { content, auth: 64 })
        }
        _ => Fate::Pass,
    });
    let cluster = finish(cluster(config(4, 3), liar, filter));
    assert!(cluster.rejected()["invalid new view"] > 0);
    assert!(views(&cluster)[2] >= 2);
}

#[test]
fn random_lies_break_no_agreement() {
    for_seeds(60, |seed| {
        let n = if seed % 3 == 0 { 7 } else { 4 };
        let liar = ReplicaId(seed as u32 % n);
        let mut rng = SplitMix64::fork(seed, 77);
        let filter: Filter<Message> = Box::new(move |now, from, _, message| {
            // The network is rough too, and everyone is at peace later.
            if now > Duration::from_secs(30) {
                return Fate::Pass;
            }
            if rng.chance(30) {
                return Fate::Drop;
            }
            if from != liar {
                return Fate::Pass;
            }
            match (&message.content, rng.below(4)) {
                (_, 0) => Fate::Drop,
                (_, 1) => Fate::Delay(Duration::from_millis(rng.below(3_000))),
                (Content::PrePrepare(proposal), 2) => Fate::Replace(forged(proposal)),
                (Content::Commit(vote), 2) => Fate::Replace(Message {
                    content: Content::Commit(Vote {
                        digest: BlockId(rng.word()),
                        ..*vote
                    }),
                    auth: 64,
                }),
                _ => Fate::Pass,
            }
        });
        let mut config = config(n, seed);
        config.delay = Between(Duration::from_millis(1), Duration::from_millis(150));
        finish(cluster(config, liar, filter));
    });
}
