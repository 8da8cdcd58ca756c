//! The micro benchmarks of BLOCKBENCH (docs/sources.md BLOCKBENCH): "donothing", "cpuheavy", "ioheavy".
//!
//! Laws: a sort's checksum is that of sorted numbers; a value belongs to its key and was written by one
//! transaction. Nothing has no law, because it leaves nothing.

use core::time::Duration;

use groma_ledger::micro::{MicroTx, PairValue, Pairs, Sorts, key, value};
use groma_ledger::{Body, Genesis, State, TxId};
use rand::Rng;

use crate::benchmarks::Clients;
use crate::checks::Checks;
use crate::cycle::Cycle;
use crate::parents::Parents;
use crate::population::{Weighted, below};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// Numbers of one sort (the smallest size of BLOCKBENCH).
const SORTED: u32 = 10_000;
/// Pairs of one transaction (estimate: the original moves all in one call, which no block here holds).
const PAIRS: u16 = 100;
/// Ranges of pairs that may be written: a million keys (BLOCKBENCH: 0.8 to 12.8 million).
const RANGES: u64 = 10_000;
/// Ranges that exist at genesis, so that there is something to scan during the first lag.
const STOCK: u64 = 16;
/// Ranges remembered for scans.
const REMEMBERED: usize = 1 << 10;
/// Writes and scans, which the original runs one after the other (estimate: in equal parts).
const MIX: Weighted<2> = Weighted::new([1, 1]);

/// The workload "donothing".
#[derive(Debug)]
pub(crate) struct DoNothing(Clients);

impl DoNothing {
    /// Calls of the citizens of a city.
    pub(crate) fn new(setup: &WorkloadSetup) -> Self {
        Self(Clients::new(setup))
    }
}

impl Cycle for DoNothing {
    const NAME: &'static str = "donothing";

    fn genesis(&self, genesis: &mut Genesis) {
        self.0.open(genesis);
    }

    fn honest(&mut self, _now: Duration, rng: &mut dyn Rng) -> Draft {
        Draft::sized(self.0.draw(rng), Body::Micro(MicroTx::Nothing), 0)
    }

    fn check(&self, _state: &State) -> Result<u64, Breach> {
        Ok(0)
    }
}

/// The workload "cpuheavy".
#[derive(Debug)]
pub(crate) struct CpuHeavy(Clients);

impl CpuHeavy {
    /// Sorts of the citizens of a city.
    pub(crate) fn new(setup: &WorkloadSetup) -> Self {
        Self(Clients::new(setup))
    }
}

const ORDERED: &str = "a sort's checksum is that of sorted numbers";

impl Cycle for CpuHeavy {
    const NAME: &'static str = "cpuheavy";

    fn genesis(&self, genesis: &mut Genesis) {
        self.0.open(genesis);
    }

    fn honest(&mut self, _now: Duration, rng: &mut dyn Rng) -> Draft {
        let body = Body::Micro(MicroTx::Sort { size: SORTED });
        Draft::sized(self.0.draw(rng), body, 0)
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        let mut checks = Checks::default();
        state.for_each::<Sorts>(|sender, sorted| {
            // Number by place of 1..n in order: the sum of squares.
            let n = u128::from(sorted.size);
            let expected = (n * (n + 1) * (2 * n + 1) / 6) as u64;
            let holds = sorted.checksum == expected && sorted.runs > 0;
            checks.hold(ORDERED, holds, || format!("{sender:?}: {sorted:?}"));
        });
        checks.result()
    }
}

/// The workload "ioheavy".
#[derive(Debug)]
pub(crate) struct IoHeavy {
    clients: Clients,
    written: Parents<u64>,
}

impl IoHeavy {
    /// Writes and scans of the citizens of a city.
    pub(crate) fn new(setup: &WorkloadSetup) -> Self {
        let mut written = Parents::new(setup.lag, REMEMBERED);
        (0..STOCK).for_each(|range| written.stock(range));
        Self {
            clients: Clients::new(setup),
            written,
        }
    }

    fn write(&mut self, now: Duration, rng: &mut dyn Rng) -> MicroTx {
        let range = below(rng, RANGES);
        self.written.push(now, range);
        MicroTx::Write {
            first: first(range),
            count: PAIRS,
        }
    }

    fn scan(&self, now: Duration, rng: &mut dyn Rng) -> Option<MicroTx> {
        let range = *self.written.look(now, rng)?;
        Some(MicroTx::Scan {
            first: first(range),
            count: PAIRS,
        })
    }
}

/// The number of the first key of a range.
fn first(range: u64) -> u64 {
    range * u64::from(PAIRS)
}

const OWN: &str = "a value belongs to its key and has one writer";

impl Cycle for IoHeavy {
    const NAME: &'static str = "ioheavy";

    fn genesis(&self, genesis: &mut Genesis) {
        self.clients.open(genesis);
        for number in 0..first(STOCK) {
            let key = key(number);
            genesis.put::<Pairs>(&key, &value(&key, TxId([0; 32])));
        }
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        let drawn = match MIX.draw(rng) {
            0 => None,
            _ => self.scan(now, rng),
        };
        let tx = drawn.unwrap_or_else(|| self.write(now, rng));
        // Keys and values follow from their numbers, as in the original: they are not on the wire.
        Draft::sized(self.clients.draw(rng), Body::Micro(tx), 0)
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        let mut checks = Checks::default();
        state.for_each::<Pairs>(|key, found| {
            checks.hold(OWN, found == value(&key, writer(&found)), || {
                format!("{}", String::from_utf8_lossy(&key))
            });
        });
        checks.result()
    }
}

/// Who a value says has written it.
fn writer(value: &PairValue) -> TxId {
    let (_, after) = value.split_at(value.len() - 80);
    TxId(*after.first_chunk().expect("80 bytes hold 32"))
}
