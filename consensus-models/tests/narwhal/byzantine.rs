//! Validators that lie, by filters over what they send.

use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::narwhal::{
    Bullshark, BullsharkRule, Header, Message, Narwhal, Rule, Tusk, TuskRule,
};
use groma_consensus_models::testing::{Cluster, Config, Fate, Fault, batch};
use groma_consensus_models::{Protocol, ReplicaId, ReplicaSet};

const LIAR: ReplicaId = ReplicaId(1);

fn loaded<P: Protocol>() -> Cluster<P> {
    let mut cluster = Cluster::<P>::new(Config::random::<P>(4, 5));
    cluster.set_faulty(LIAR);
    for id in 0..40 {
        let home = [0, 2, 3][id as usize % 3];
        let at = Duration::from_millis(100) * id;
        cluster.request_at(at, ReplicaId(home), batch(u64::from(id) + 1));
    }
    cluster
}

fn finish<P: Protocol>(mut cluster: Cluster<P>) -> Cluster<P> {
    let end = Duration::from_secs(40);
    let done = cluster.run_until(end, Cluster::is_complete).unwrap();
    assert!(done, "{}: {}", P::NAME, cluster.describe());
    cluster
}

/// The same header a little later: another vertex of the round.
fn twin(header: &Header) -> Header {
    Header::new(
        header.at.author,
        header.at.round,
        header.created + Duration::from_nanos(1),
        header.parents.clone(),
        header.strong,
        header.batches.clone(),
    )
}

/// The liar sends one header to some and another to the others.
fn equivocate<R: Rule>() {
    let mut cluster = loaded::<Narwhal<R>>();
    cluster.set_filter(Box::new(|_, from, to, message| match message {
        Message::Header(header) if from == LIAR && to.0 > 1 => {
            Fate::Replace(Message::Header(Arc::new(twin(header))))
        }
        _ => Fate::Pass,
    }));
    finish(cluster);
}

#[test]
fn two_headers_of_a_round_are_not_both_certified() {
    equivocate::<BullsharkRule>();
    equivocate::<TuskRule>();
}

#[test]
fn a_second_header_of_a_round_gets_no_vote() {
    let mut cluster = loaded::<Bullshark>();
    let votes = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let seen = std::rc::Rc::clone(&votes);
    let mut last: Option<Arc<Header>> = None;
    cluster.set_filter(Box::new(move |_, from, to, message| match message {
        // Its vote for another becomes a second header, of the round before.
        Message::Vote(_) if from == LIAR => match &last {
            Some(header) => Fate::Replace(Message::Header(Arc::new(twin(header)))),
            None => Fate::Pass,
        },
        Message::Header(header) if from == LIAR => {
            last = Some(Arc::clone(header));
            Fate::Pass
        }
        Message::Vote(at) if to == LIAR => {
            seen.borrow_mut().push((from, *at));
            Fate::Pass
        }
        _ => Fate::Pass,
    }));
    let cluster = finish(cluster);
    assert!(cluster.rejected()["second header of a round"] > 10);
    let mut votes = votes.borrow().clone();
    votes.sort_unstable();
    votes.dedup();
    let slots = votes
        .windows(2)
        .filter(|pair| (pair[0].0, pair[0].1.round) == (pair[1].0, pair[1].1.round));
    assert_eq!(slots.count(), 0, "one vote per round and author");
}

#[test]
fn links_to_too_few_are_refused() {
    let mut cluster = loaded::<Tusk>();
    cluster.set_filter(Box::new(|_, from, _, message| match message {
        Message::Header(header) if from == LIAR && header.at.round > 1 => {
            let parents = header.parents[..2].to_vec();
            let Header {
                at,
                created,
                batches,
                ..
            } = (**header).clone();
            let forged = Header::new(at.author, at.round, created, parents, 2, batches);
            Fate::Replace(Message::Header(Arc::new(forged)))
        }
        _ => Fate::Pass,
    }));
    let cluster = finish(cluster);
    assert!(cluster.rejected()["malformed header"] > 10);
}

#[test]
fn a_silent_leader_costs_a_timeout_and_no_more() {
    let mut cluster = loaded::<Bullshark>();
    cluster.set_filter(Box::new(|_, from, _, message| match message {
        Message::Certificate(_) if from == LIAR => Fate::Drop,
        _ => Fate::Pass,
    }));
    finish(cluster);
}

#[test]
fn a_certificate_without_a_quorum_is_refused() {
    let mut cluster = loaded::<Bullshark>();
    cluster.set_filter(Box::new(|_, from, to, message| match message {
        Message::Certificate(certificate) if from == LIAR && to.0 > 1 => {
            let mut forged = (**certificate).clone();
            forged.header = Arc::new(twin(&certificate.header));
            forged.signers = ReplicaSet::new();
            for signer in [0, 1] {
                forged.signers.insert(ReplicaId(signer));
            }
            Fate::Replace(Message::Certificate(Arc::new(forged)))
        }
        _ => Fate::Pass,
    }));
    let cluster = finish(cluster);
    assert!(cluster.rejected()["malformed certificate"] > 10);
}

/// A peer that lies about the commit state to one that resumes.
#[test]
fn a_false_commit_state_is_not_adopted() {
    let mut config = Config::random::<Tusk>(4, 9);
    for (name, value) in [
        ("gc_depth", "4"),
        ("retain", "0"),
        ("checkpoint_interval", "1"),
    ] {
        config = config.set::<Tusk>(name, value);
    }
    let mut cluster = Cluster::<Tusk>::new(config);
    cluster.set_faulty(LIAR);
    let lies = std::rc::Rc::new(std::cell::Cell::new(0));
    let told = std::rc::Rc::clone(&lies);
    cluster.set_filter(Box::new(move |_, from, _, message| match message {
        Message::State(state) if from == LIAR => {
            told.set(told.get() + 1);
            let mut forged = (**state).clone();
            forged.delivered.clear();
            forged.batches.clear();
            Fate::Replace(Message::State(Arc::new(forged)))
        }
        // The lie comes first.
        Message::State(_) => Fate::Delay(Duration::from_millis(200)),
        _ => Fate::Pass,
    }));
    for second in [1, 6, 11] {
        let (down, up) = (Duration::from_secs(second), Duration::from_secs(second + 4));
        cluster.fault_at(down, Fault::Crash(ReplicaId(3)));
        cluster.fault_at(up, Fault::Restart(ReplicaId(3)));
    }
    for id in 0..160 {
        let at = Duration::from_millis(100) * id;
        cluster.request_at(at, ReplicaId(id % 2 * 2), batch(u64::from(id) + 1));
    }
    let cluster = finish(cluster);
    assert!(cluster.transfers() > 0 && lies.get() > 0);
}
