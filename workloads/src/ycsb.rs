//! YCSB (docs/sources.md YCSB): the core workloads A to F on a key-value store, one space each.
//!
//! Records are drawn by Zipf 0.99 over a million, scattered over the key space; D prefers what was
//! inserted last, among what one lag has made ready. Inserted records are numbered upwards from the
//! loaded ones, and E scans the loaded ones only.
//!
//! Law: the versions of all records come to the number of writes, and the digests of all records to the
//! digest of all writes, so that no write is lost, and none counts twice.

use core::time::Duration;
use std::collections::VecDeque;

use groma_ledger::keyvalue::{KeyValueTallies, KeyValueTx, Operation, Rows, Spaces};
use groma_ledger::transaction::ENVELOPE_BYTES;
use groma_ledger::{Body, Genesis, State};
use rand::Rng;

use crate::benchmarks::Clients;
use crate::checks::Checks;
use crate::cycle::Cycle;
use crate::population::{Sampler, Scatter, Skew, Weighted, below};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// Records loaded (the catalogue; BLOCKBENCH has as many in A and 10,000 elsewhere).
const RECORDS: u64 = 1_000_000;
/// The exponent of YCSB.
const SKEW: Skew = Skew::Zipf { theta: 0.99 };
/// The longest scan of E; all lengths are as likely.
const LONGEST_SCAN: u64 = 100;
/// Bytes of an envelope, an operation, and a key ("user" and 19 digits).
const KEY_BYTES: usize = ENVELOPE_BYTES as usize + 1 + 23;
/// Bytes of a field, of which a record has ten; an update writes one.
const FIELD_BYTES: usize = 100;

/// Read, update, insert, scan, read-modify-write, in per cent.
const fn mix(letter: char) -> [u32; 5] {
    match letter {
        'a' => [50, 50, 0, 0, 0],
        'b' => [95, 5, 0, 0, 0],
        'c' => [100, 0, 0, 0, 0],
        'd' => [95, 0, 5, 0, 0],
        'e' => [0, 0, 5, 95, 0],
        'f' => [50, 0, 0, 0, 50],
        _ => panic!("YCSB has the workloads a to f"),
    }
}

const fn name(letter: char) -> &'static str {
    match letter {
        'a' => "ycsb-a",
        'b' => "ycsb-b",
        'c' => "ycsb-c",
        'd' => "ycsb-d",
        'e' => "ycsb-e",
        'f' => "ycsb-f",
        _ => panic!("YCSB has the workloads a to f"),
    }
}

/// Inserts of which the earlier ones are ready.
#[derive(Debug)]
struct Inserted {
    lag: Duration,
    /// When each that is not ready yet will be: as many as are sent in one lag.
    waiting: VecDeque<Duration>,
    all: u64,
}

impl Inserted {
    /// The number of the next insert.
    fn take(&mut self, now: Duration) -> u64 {
        self.waiting.push_back(now.saturating_add(self.lag));
        self.all += 1;
        self.all - 1
    }

    /// How many are ready.
    fn ready(&mut self, now: Duration) -> u64 {
        while self.waiting.front().is_some_and(|ready| *ready <= now) {
            self.waiting.pop_front();
        }
        self.all - self.waiting.len() as u64
    }
}

/// The workload "ycsb-" and its letter.
#[derive(Debug)]
pub(crate) struct Ycsb<const LETTER: char> {
    clients: Clients,
    ranks: Sampler,
    scatter: Scatter,
    inserted: Inserted,
}

impl<const LETTER: char> Ycsb<LETTER> {
    const MIX: Weighted<5> = Weighted::new(mix(LETTER));
    const SPACE: u8 = LETTER as u8;

    /// A store that the citizens of a city use.
    pub(crate) fn new(setup: &WorkloadSetup) -> Self {
        Self {
            clients: Clients::new(setup),
            ranks: Sampler::new(RECORDS, SKEW).expect("there are records"),
            scatter: Scatter::new(RECORDS, 192).expect("there are records"),
            inserted: Inserted {
                lag: setup.lag,
                waiting: VecDeque::new(),
                all: 0,
            },
        }
    }

    fn record(&self, rng: &mut dyn Rng) -> u64 {
        self.scatter.identity(self.ranks.draw(rng))
    }

    /// The newest is the most popular.
    fn latest(&mut self, now: Duration, rng: &mut dyn Rng) -> u64 {
        RECORDS + self.inserted.ready(now) - 1 - self.ranks.draw(rng)
    }

    /// An operation, and the bytes that it has besides its key.
    fn operation(&mut self, now: Duration, rng: &mut dyn Rng) -> (Operation, usize) {
        match Self::MIX.draw(rng) {
            0 => {
                let number = if LETTER == 'd' {
                    self.latest(now, rng)
                } else {
                    self.record(rng)
                };
                (Operation::Read { number }, 0)
            }
            1 => {
                let number = self.record(rng);
                (Operation::Update { number }, FIELD_BYTES)
            }
            2 => {
                let number = RECORDS + self.inserted.take(now);
                (Operation::Insert { number }, 10 * FIELD_BYTES)
            }
            3 => {
                let from = self.record(rng);
                let count = 1 + below(rng, LONGEST_SCAN) as u16;
                (Operation::Scan { from, count }, size_of::<u16>())
            }
            _ => {
                let number = self.record(rng);
                (Operation::ReadModifyWrite { number }, FIELD_BYTES)
            }
        }
    }
}

impl<const LETTER: char> Cycle for Ycsb<LETTER> {
    const NAME: &'static str = name(LETTER);

    fn genesis(&self, genesis: &mut Genesis) {
        self.clients.open(genesis);
        genesis.put::<Spaces>(&Self::SPACE, &RECORDS);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let (operation, document) = self.operation(now, rng);
        let space = Self::SPACE;
        let body = Body::KeyValue(KeyValueTx { space, operation });
        Draft::sized(self.clients.draw(rng), body, KEY_BYTES + document)
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        check(Self::SPACE, state)
    }
}

const COUNTED: &str = "versions come to the number of writes";
const KEPT: &str = "digests come to the digest of all writes";
const INSERTED: &str = "records beyond those loaded come to the number of inserts";
const WRITTEN: &str = "a record that is kept was written";

/// Scans one space; the number of comparisons, or the first breach.
fn check(space: u8, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let (mut rows, mut tallies) = ([0_u128; 3], [0_u128; 3]);
    let mut seen = false;
    state.for_each::<Rows>(|key, row| {
        if key.space == space {
            seen = true;
            rows[0] += u128::from(row.version);
            rows[1] ^= row.history;
            rows[2] += u128::from(key.number >= RECORDS);
            checks.hold(WRITTEN, row.version > 0, || format!("{key:?}"));
        }
    });
    state.for_each::<KeyValueTallies>(|(_, of), written| {
        if of == space {
            seen = true;
            tallies[0] += u128::from(written.writes);
            tallies[1] ^= written.history;
            tallies[2] += u128::from(written.inserts);
        }
    });
    if seen {
        let laws = [COUNTED, KEPT, INSERTED];
        for (law, (found, expected)) in laws.into_iter().zip(rows.into_iter().zip(tallies)) {
            checks.hold(law, found == expected, || {
                format!("records say {found}, and their writers {expected}")
            });
        }
    }
    checks.result()
}
