//! What the workload tests share: a city driven through the ledger block by block.

#![allow(clippy::unwrap_used, dead_code)]

pub mod forge;

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use groma_ledger::{
    AccountId, BlockInput, Execution, Executor, Genesis, Outcome, Parallel, Serial,
    SignedTransaction, State,
};
use groma_workloads::table;
use groma_workloads::workload::Workload;
use groma_workloads::{City, Intent, WorkloadSetup};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The standard benchmarks: nobody cheats or errs in them.
pub const BENCHMARKS: &[&str] = &[
    "cpuheavy",
    "donothing",
    "dota",
    "fifa",
    "ioheavy",
    "nasdaq",
    "smallbank",
    "smallbank-blockbench",
    "smallbank-hotspot",
    "tpcc",
    "transfers",
    "twitter",
    "uber",
    "ycsb-a",
    "ycsb-b",
    "ycsb-c",
    "ycsb-d",
    "ycsb-e",
    "ycsb-f",
    "youtube",
];

/// A workload by name, for a town.
pub fn build(name: &str, setup: &WorkloadSetup) -> Box<dyn Workload> {
    (table::find(name).unwrap().build)(setup)
}

/// A small town with a short lag, so that whole life cycles fit in a test.
pub fn town(citizens: u64) -> WorkloadSetup {
    let city = WorkloadSetup::of_city(citizens).unwrap();
    WorkloadSetup {
        lag: Duration::from_millis(500),
        stock: 2_000,
        ..city
    }
}

/// The first state of a workload.
pub fn genesis(workload: &dyn Workload) -> State {
    let mut genesis = Genesis::default();
    workload.genesis(&mut genesis);
    State::genesis(&genesis)
}

/// How often each kind met each outcome.
pub type Tally = BTreeMap<(&'static str, &'static str), u64>;

/// A city and the ledger that it writes to.
pub struct Run {
    pub city: City<ChaCha8Rng>,
    pub state: State,
    pub tally: Tally,
    /// What was meant by each transaction of the last block drawn.
    pub meant: Vec<Intent>,
    height: u64,
    drawn: u64,
}

/// Transactions per second of every test run.
pub const TPS: u64 = 5_000;

impl Run {
    pub fn new(workload: Box<dyn Workload>, seed: u64) -> Self {
        let state = genesis(workload.as_ref());
        let city = City::new(workload, ChaCha8Rng::seed_from_u64(seed));
        Self {
            city,
            state,
            tally: Tally::new(),
            meant: Vec::new(),
            height: 0,
            drawn: 0,
        }
    }

    /// Draws the next block of `size` transactions at 5,000 per second, and what is due by the clock
    /// on top.
    pub fn draw(&mut self, size: u64) -> Vec<Arc<SignedTransaction>> {
        self.meant.clear();
        let mut block = Vec::new();
        for _ in 0..size {
            let now = Duration::from_nanos(self.drawn * 1_000_000_000 / TPS);
            self.drawn += 1;
            while let Some((_, due)) = self.city.due_before(now) {
                self.meant.push(Intent::Honest);
                block.push(Arc::new(SignedTransaction::new(due, None)));
            }
            let (transaction, meant) = self.city.next_meant(now);
            self.meant.push(meant);
            block.push(Arc::new(SignedTransaction::new(transaction, None)));
        }
        block
    }

    /// Executes a block and counts its outcomes.
    pub fn apply(&mut self, block: &[Arc<SignedTransaction>]) -> Execution {
        self.height += 1;
        let timestamp_ns = self.drawn * 1_000_000_000 / TPS;
        let input = BlockInput {
            height: self.height,
            timestamp_ns,
            transactions: block,
        };
        let execution = Serial.execute(&self.state, &input);
        let parallel = Parallel.execute(&self.state, &input);
        assert_eq!(
            execution.root, parallel.root,
            "Parallel gives the root of Serial"
        );
        assert_eq!(
            execution.outcomes, parallel.outcomes,
            "Parallel gives the outcomes of Serial"
        );
        for (signed, outcome) in block.iter().zip(&execution.outcomes) {
            let outcome = match outcome {
                Outcome::Applied => "applied",
                Outcome::Rejected(reason) => reason.as_str(),
            };
            *self
                .tally
                .entry((signed.transaction.kind(), outcome))
                .or_default() += 1;
        }
        self.state = execution.state.clone();
        execution
    }

    /// Draws and executes `blocks` blocks of `size` transactions each.
    pub fn blocks(&mut self, blocks: u64, size: u64) {
        for _ in 0..blocks {
            let block = self.draw(size);
            self.apply(&block);
        }
    }

    /// The share of all transactions that satisfy `filter`.
    pub fn share(&self, filter: impl Fn(&str, &str) -> bool) -> f64 {
        let total: u64 = self.tally.values().sum();
        let matching = self
            .tally
            .iter()
            .filter(|((kind, outcome), _)| filter(kind, outcome));
        matching.map(|(_, count)| count).sum::<u64>() as f64 / total as f64
    }
}

/// Fails unless each group of kinds has its share of 40,000 transactions, within five deviations.
pub fn assert_shares(run: &Run, expected: &[(&[&str], f64)]) {
    for (kinds, share) in expected {
        let seen = run.share(|name, _| kinds.iter().any(|kind| name.ends_with(kind)));
        let error = (share * (1.0 - share) / 40_000.0_f64).sqrt();
        assert!(
            (seen - share).abs() < 5.0 * error,
            "{kinds:?}: {seen} and not {share}: {:?}",
            run.tally
        );
    }
}

/// A town in which nobody errs and nobody attacks.
pub fn honest() -> WorkloadSetup {
    WorkloadSetup {
        attack_ppm: 0,
        mistake_ppm: 0,
        ..town(50_000)
    }
}

/// A run in which nobody errs and nobody attacks: nothing may be refused. Then one with attacks alone:
/// each must be refused, for one of `reasons`, and nothing else is. Then one with the default share of
/// mistakes.
pub fn assert_refusals(name: &str, reasons: &[&str]) {
    let honest = honest();
    let mut run = Run::new(build(name, &honest), 2);
    run.blocks(20, 1_000);
    let refused = run.share(|_, outcome| outcome != "applied");
    assert_eq!(refused, 0.0, "{:?}", run.tally);

    let attacked = WorkloadSetup {
        attack_ppm: 5_000,
        ..honest
    };
    let mut run = Run::new(build(name, &attacked), 2);
    run.blocks(40, 1_000);
    let refused = run.share(|_, outcome| reasons.contains(&outcome));
    assert!(
        (0.0035..0.0062).contains(&refused),
        "{refused}: {:?}",
        run.tally
    );
    let other = run.share(|_, outcome| outcome != "applied" && !reasons.contains(&outcome));
    assert_eq!(other, 0.0, "{:?}", run.tally);
    for reason in reasons {
        let seen = run.share(|_, outcome| outcome == *reason);
        assert!(seen > 0.0, "no attack met {reason}: {:?}", run.tally);
    }
    assert!(run.city.workload().check(&run.state).is_ok());

    let mut run = Run::new(build(name, &town(50_000)), 2);
    run.blocks(20, 1_000);
    let refused = run.share(|_, outcome| outcome != "applied");
    assert!(
        (0.019..0.031).contains(&refused),
        "{refused}: {:?}",
        run.tally
    );
}

/// Small runs in small towns: `Parallel` gives the roots of `Serial`, and the law holds after every
/// block, however long the lag is in milliseconds.
pub fn assert_lawful(name: &str) {
    let config = ProptestConfig::with_cases(12);
    proptest!(config, |(citizens in 1..5_000_u64, seed: u64, lag in 0..400_u64)| {
        let setup = WorkloadSetup {
            lag: Duration::from_millis(lag),
            stock: 200,
            ..town(citizens)
        };
        assert_lawful_run(name, &setup, seed, (8, 500));
    });
}

/// One run of so many blocks of so many transactions: the law holds after every block.
pub fn assert_lawful_run(name: &str, setup: &WorkloadSetup, seed: u64, (blocks, size): (u64, u64)) {
    let mut run = Run::new(build(name, setup), seed);
    for _ in 0..blocks {
        run.blocks(1, size);
        run.city.workload().check(&run.state).unwrap();
    }
}

/// The law of money notices a cent that came from nowhere.
pub fn assert_money_is_counted(name: &str, setup: &WorkloadSetup) {
    let workload = build(name, setup);
    workload.check(&genesis(workload.as_ref())).unwrap();
    let mut forged = Genesis::default();
    workload.genesis(&mut forged);
    forged.balances.insert(AccountId(7), forged.balance + 1);
    let breach = workload.check(&State::genesis(&forged)).unwrap_err();
    assert_eq!(breach.law, "the sum of all balances is constant");
}
