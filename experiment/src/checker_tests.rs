//! The checks, each seen to hold and seen to fail.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use groma_consensus_models::{Batch, Block, BlockId, Proof, ReplicaSet};
use groma_ledger::payment::Payment;
use groma_ledger::{AccountId, Body, Genesis, Keyring, SignedTransaction, Transaction};
use groma_sim::Streams;
use groma_workloads::{City, WorkloadSetup};

use super::*;
use crate::feed::Homes;
use crate::registry::Registry;
use crate::scenario::Scenario;
use crate::wire::{BatchBody, Ticket, Ticketed};

const TEXT: &str = "
name: checked
seed: 1
committee: { shenzhen: 4 }
protocol: pbft
workload: payments
load: [{ for: 60s, tps: 10 }]
";

/// A checker of four replicas, and the world of its run.
struct Bench {
    checker: Checker,
    world: Rc<World>,
}

impl Bench {
    fn new() -> Self {
        let plan = Scenario::parse("checked.yaml", TEXT, None, &[], &Registry::standard())
            .unwrap()
            .remove(0);
        let world = Rc::new(World::new(&plan, 1, true));
        let liveness = Liveness {
            silence: Duration::from_secs(5),
            needs: Vec::new(),
        };
        Self {
            checker: Checker::new(&plan, 1, &liveness, world.clone()),
            world,
        }
    }

    fn commit(&mut self, replica: u32, height: u64, id: u64, batches: &[u64], signers: &[u32]) {
        let mut set = ReplicaSet::default();
        for &id in signers {
            set.insert(ReplicaId(id));
        }
        let proof = Proof {
            kind: "commit",
            view: height,
            signers: set,
        };
        self.checker.check(
            Time::ZERO,
            &Observation::Committed {
                replica: ReplicaId(replica),
                height: Height(height),
                id: BlockId(id),
                created: Time::ZERO,
                proposer: ReplicaId(0),
                proof: Some(Rc::new(proof)),
                batches: batches.iter().map(|&id| BatchId(id)).collect(),
            },
        );
    }

    fn execute(&mut self, replica: u32, height: u64, root: u8, tickets: &[u64]) {
        let outcome = BlockOutcome {
            height: Height(height),
            root: Hash([root; 32]),
            reply: 0,
            created: Time::ZERO,
            results: Vec::new(),
            applied: tickets
                .iter()
                .map(|&at| (GatewayId(0), Ticket(at)))
                .collect(),
            txs: tickets.len() as u64,
            work: tickets.len() as u64,
            bytes: 0,
            touched: 0,
        };
        self.checker.check(
            Time::ZERO,
            &Observation::Executed {
                replica: ReplicaId(replica),
                outcome: Rc::new(outcome),
                state: State::genesis(&Genesis::default()),
            },
        );
    }

    /// The checks that broke, with what was said of them.
    fn broken(self) -> Vec<(String, String)> {
        let (_, violations, count) = self.checker.finish();
        assert_eq!(violations.len() as u64, count);
        let said = violations.into_iter();
        said.map(|broken| (broken.check, broken.detail)).collect()
    }
}

fn said(check: &str, detail: &str) -> Vec<(String, String)> {
    vec![(check.to_owned(), detail.to_owned())]
}

#[test]
fn agreement_names_both_blocks_and_who_signed_both() {
    let mut bench = Bench::new();
    bench.commit(0, 1, 10, &[], &[0, 1, 2]);
    bench.commit(1, 1, 10, &[], &[0, 1, 3]);
    bench.commit(3, 1, 11, &[], &[1, 2, 3]);
    let detail = "height 1: replica 0 block 000000000000000a by a commit certificate of view 1 \
                  signed by [0, 1, 2]; replica 3 block 000000000000000b by a commit certificate \
                  of view 1 signed by [1, 2, 3]; both signed by [1, 2]";
    assert_eq!(bench.checker.checks.agreement, 2);
    assert_eq!(bench.broken(), said("agreement", detail));
}

#[test]
fn a_replica_that_comes_long_after_the_others_is_compared_all_the_same() {
    let mut bench = Bench::new();
    let last = crate::heights::RECENT as u64 + 300;
    for height in 1..=last {
        bench.commit(0, height, height, &[], &[0, 1, 2]);
        bench.execute(0, height, 1, &[]);
    }
    bench.commit(3, 1, 1, &[], &[]);
    bench.commit(3, 2, 77, &[], &[0, 1, 3]);
    bench.execute(3, 1, 1, &[]);
    bench.execute(3, 2, 9, &[]);
    let checks = &bench.checker.checks;
    assert_eq!((checks.agreement, checks.state_root), (2, 2));
    let agreement = "height 2: block 0000000000000002, whose certificate is not kept so long; \
                     replica 3 block 000000000000004d by a commit certificate of view 2 signed by \
                     [0, 1, 3]";
    let root = format!(
        "height 2: replica 3 has root {}, another 0101010101010101",
        Hash([9; 32])
    );
    let both = [said("agreement", agreement), said("state_root", &root)].concat();
    assert_eq!(bench.broken(), both);
}

#[test]
fn heights_follow_one_another_unless_the_ledger_was_taken_over() {
    let mut bench = Bench::new();
    bench.commit(0, 1, 10, &[], &[]);
    bench.commit(0, 3, 12, &[], &[]);
    let taken_over = Observation::Transferred {
        replica: ReplicaId(1),
        height: Height(4),
        root: Hash([0; 32]),
    };
    bench.checker.check(Time::ZERO, &taken_over);
    bench.commit(1, 5, 14, &[], &[]);
    let detail = "replica 0 committed height 3 after 1";
    assert_eq!(bench.broken(), said("contiguous", detail));
}

#[test]
fn a_batch_that_nobody_formed_is_not_valid() {
    let mut bench = Bench::new();
    let body = batch(7, Vec::new());
    bench.world.publish(Rc::new(body));
    bench.commit(0, 1, 10, &[7, 8], &[]);
    let detail = "height 1: batch 0000000000000008 was formed by no replica";
    assert_eq!(bench.checker.checks.validity, 2);
    assert_eq!(bench.broken(), said("validity", detail));
}

#[test]
fn a_transaction_is_applied_once() {
    let mut bench = Bench::new();
    bench.execute(0, 1, 1, &[0, 1]);
    // Others execute the same block.
    bench.execute(1, 1, 1, &[0, 1]);
    bench.execute(0, 2, 2, &[2, 1]);
    let detail = "height 2: transaction 1 of gateway 0 was applied before";
    assert_eq!(bench.checker.checks.exactly_once, 4);
    assert_eq!(bench.broken(), said("exactly_once", detail));
}

#[test]
fn states_of_one_height_have_one_root() {
    let mut bench = Bench::new();
    bench.commit(0, 1, 10, &[], &[]);
    bench.execute(0, 1, 1, &[]);
    bench.execute(1, 1, 1, &[]);
    bench.execute(2, 1, 2, &[]);
    let detail = format!(
        "height 1: replica 2 has root {}, another {}",
        Hash([2; 32]),
        Hash([1; 32])
    );
    assert_eq!(bench.broken(), said("state_root", &detail));
}

/// An honest transaction that a client holds as applied.
fn held(height: u64, ticket: u64, reply: u64) -> FinalTx {
    FinalTx {
        gateway: GatewayId(0),
        ticket: Ticket(ticket),
        intended: Time::ZERO,
        arrived: Time::ZERO,
        closed: Time::ZERO,
        created: Time::ZERO,
        height: Height(height),
        reply,
        answered: Time::ZERO,
        outcome: groma_ledger::Outcome::Applied,
        meant: groma_workloads::Intent::Honest,
    }
}

#[test]
fn what_a_client_holds_is_what_correct_replicas_say() {
    let hold = |height, ticket, reply| Observation::Final(held(height, ticket, reply));
    let mut bench = Bench::new();
    bench.execute(0, 1, 1, &[0, 1]);
    bench.checker.check(Time::ZERO, &hold(1, 0, 0));
    // The same block: compared once.
    bench.checker.check(Time::ZERO, &hold(1, 1, 0));
    // Whoever lies may be the first to answer.
    bench.checker.check(Time::ZERO, &hold(2, 2, 9));
    bench.execute(0, 2, 2, &[2]);
    // Another replica says the same of the first height.
    bench.execute(1, 1, 1, &[0, 1]);
    assert_eq!(bench.checker.checks.finality, 3);
    let detail = "height 2: gateway 0 holds the answer 0000000000000009, correct replicas say \
                  0000000000000000";
    assert_eq!(bench.broken(), said("finality", detail));
}

#[test]
fn an_intrusion_that_is_applied_is_a_violation() {
    use groma_ledger::{Outcome, Reason};
    use groma_workloads::Intent;
    let mut bench = Bench::new();
    bench.execute(0, 1, 1, &[0, 1, 2, 3]);
    let refused = Outcome::Rejected(Reason::NoConsent);
    for (ticket, outcome, meant) in [
        (0, Outcome::Applied, Intent::Honest),
        // It overtook what it attacks.
        (1, Outcome::Applied, Intent::Attack),
        (2, refused, Intent::Intrusion),
        (3, Outcome::Applied, Intent::Intrusion),
    ] {
        let tx = FinalTx {
            outcome,
            meant,
            ..held(1, ticket, 0)
        };
        bench.checker.check(Time::ZERO, &Observation::Final(tx));
    }
    assert_eq!(bench.checker.checks.intrusion, 2);
    let detail = "height 1: transaction 3 of gateway 0 is an intrusion and was applied";
    assert_eq!(bench.broken(), said("intrusion", detail));
}

#[test]
fn a_stall_is_no_progress_unless_nothing_waits() {
    let at = |second: u64| Time::ZERO + Span::secs(second);
    let mut bench = Bench::new();
    bench.execute(0, 1, 1, &[0]);
    bench.checker.check_progress(at(4), 3);
    bench.checker.check_progress(at(9), 0);
    bench.checker.check_progress(at(10), 3);
    // Said once a stall.
    bench.checker.check_progress(at(11), 3);
    assert_eq!(bench.checker.checks.progress, 2);
    let detail = "3 transactions wait and nothing was executed since 0s";
    assert_eq!(bench.broken(), said("progress", detail));
}

#[test]
fn counts_that_must_be_equal_are_compared() {
    let mut bench = Bench::new();
    bench.checker.check_balance(Time::ZERO, "offered", 3, 3);
    bench.checker.check_balance(Time::ZERO, "offered", 4, 3);
    assert_eq!(bench.checker.checks.balance, 2);
    assert_eq!(bench.broken(), said("balance", "offered: 4 is not 3"));
}

/// A feed of payments, and the state in which a city of it begins.
fn city() -> (Feed, Genesis) {
    let setup = WorkloadSetup::of_city(100).unwrap();
    let entry = groma_workloads::table::find("payments").unwrap();
    let workload = (entry.build)(&setup);
    let mut genesis = Genesis::default();
    workload.genesis(&mut genesis);
    let city = City::new(workload, Streams::new(1).stream("city", 0));
    let keyring = Arc::new(Keyring::priced());
    (
        Feed::new(
            city,
            (None, Duration::ZERO),
            keyring,
            Homes::new(&[1]),
            0,
            Vec::new(),
        ),
        genesis,
    )
}

#[test]
fn money_that_nobody_had_breaks_the_law() {
    let (feed, mut genesis) = city();
    let mut bench = Bench::new();
    let honest = State::genesis(&genesis);
    bench.checker.check_laws(Time::ZERO, &feed, &honest);
    assert_eq!(bench.checker.checks.conservation, 1);
    genesis.balance += 1;
    let forged = State::genesis(&genesis);
    bench.checker.check_laws(Time::ZERO, &feed, &forged);
    let broken = bench.broken();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].0, "conservation");
    assert!(
        broken[0].1.starts_with("the sum of all balances"),
        "{broken:?}"
    );
}

fn batch(id: u64, txs: Vec<Ticketed>) -> BatchBody {
    BatchBody {
        batch: Batch {
            id: BatchId(id),
            txs: txs.len() as u32,
            bytes: 0,
        },
        origin: ReplicaId(0),
        closed: Time::ZERO,
        txs,
    }
}

#[test]
fn an_execution_that_two_replicas_see_differently_is_found_by_the_audit() {
    let (_, mut genesis) = city();
    let bench = Bench::new();
    let payment = Payment::Transfer {
        to: AccountId(1),
        amount: 5,
    };
    let transaction = Transaction {
        sender: AccountId(0),
        nonce: 1,
        filler: 0,
        body: Body::Payment(payment),
    };
    let ticketed = Ticketed {
        tx: Arc::new(SignedTransaction::new(transaction, None)),
        gateway: GatewayId(0),
        ticket: Ticket(0),
        intended: Time::ZERO,
        arrived: Time::ZERO,
    };
    let body = batch(7, vec![ticketed]);
    let block = Block {
        height: Height(64),
        view: 1,
        proposer: ReplicaId(0),
        created: Duration::ZERO,
        batches: [body.batch].into_iter().collect(),
    };
    bench.world.publish(Rc::new(body));
    let one = State::genesis(&genesis);
    let _ = bench.world.execute(&one, one.root(), &block);
    // A replica whose chain is another one executes the same block.
    genesis.balance += 1;
    let other = State::genesis(&genesis);
    let _ = bench.world.execute(&other, other.root(), &block);
    assert_eq!(bench.world.audits(), 0);
    // A replica whose state went astray behind an equal root.
    let _ = bench.world.execute(&other, one.root(), &block);
    let (checks, violations, _) = bench.checker.finish();
    assert_eq!(checks.audit, 1);
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].check, "audit");
    assert!(
        violations[0].replay.starts_with("groma run runs/"),
        "{violations:?}"
    );
}
