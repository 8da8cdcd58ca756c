//! What a plan's load asks for in true time: mean, peak hour, worst second, and what a
//! year of such days leaves on the disks. Runs nothing; it only counts, and draws a sample of
//! transactions for their sizes.

use std::sync::Arc;
use std::time::Duration;

use groma_ledger::{
    BlockInput, Executor, Genesis, Parallel, Serial, SignedTransaction, State, Transaction,
};
use groma_sim::Streams;
use groma_workloads::steps::Step;
use groma_workloads::{City, Mix, Workload, WorkloadEntry, WorkloadSetup};
use serde::Serialize;

use crate::certificate::CITY_TPS;
use crate::plan::{Arrivals, LoadPlan, PhasePlan, Plan, WorkloadShare};
use crate::verdict::round4;

/// The schema of [`Demand`].
pub const SCHEMA: &str = "groma.demand/1";

const SECOND_NS: u64 = 1_000_000_000;
const HOUR_NS: u64 = 3_600 * SECOND_NS;
const YEAR_SECONDS: f64 = 365.0 * 86_400.0;
/// Transactions drawn of each workload for their sizes, in blocks of so many.
const SAMPLE: usize = 6_000;
const BLOCK: usize = 500;
/// What is due by the clock is drawn of so many seconds.
const CLOCK_SECONDS: u64 = 600;
/// People of the city in which the sample is drawn: sizes do not depend on it.
const SAMPLE_PEOPLE: u64 = 100_000;
/// What the standard normal exceeds once in 86,400 draws: a worst second a day.
const ONCE_A_DAY: f64 = 4.235;

/// The demand of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Demand {
    /// `groma.demand/1`.
    pub schema: String,
    /// The scenario.
    pub name: String,
    /// What varies in this plan.
    pub label: String,
    /// Inhabitants.
    pub population: u64,
    /// True time that the load stands for, in seconds.
    pub seconds: f64,
    /// Transactions per second, on average over that time.
    pub mean_tps: f64,
    /// The same over the hour in which most come; the mean where it is shorter.
    pub peak_hour_tps: f64,
    /// The same over the second in which most are expected.
    pub worst_second_tps: f64,
    /// What chance adds to it where arrivals are independent: so many come in some second
    /// of a day whose every second is like that one (Poisson); null for others.
    pub worst_second_once_a_day: Option<f64>,
    /// The three over [`CITY_TPS`].
    pub share_of_10k: Shares,
    /// Mean transactions per second in each hour of the true time.
    pub hours_tps: Vec<f64>,
    /// What is asked for, by workload.
    pub workloads: Vec<WorkloadDemand>,
    /// What 365 days like this are.
    pub per_year: Year,
}

/// Shares of 10,000 transactions per second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shares {
    /// Of the mean.
    pub mean: f64,
    /// Of the peak hour.
    pub peak_hour: f64,
    /// Of the worst second.
    pub worst_second: f64,
}

/// One workload's part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkloadDemand {
    /// Its name.
    pub workload: String,
    /// Transactions per second, on average.
    pub mean_tps: f64,
    /// Bytes of a transaction on the wire, on average over a sample.
    pub bytes_per_tx: f64,
    /// Records that a transaction adds to the state, on average over a sample.
    pub records_per_tx: f64,
    /// The share of a block of 500 in its largest group by shared keys, at most over a
    /// sample: what the parallel executor does not take apart.
    pub contention: f64,
}

/// A year of the mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Year {
    /// Transactions.
    pub transactions: f64,
    /// Records added to the state.
    pub records: f64,
    /// Bytes of transactions, once.
    pub bytes: f64,
}

/// Rates alone, for those who compare with a capacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Transactions per second, on average.
    pub mean_tps: f64,
    /// In the hour in which most come.
    pub peak_hour_tps: f64,
    /// In the second in which most are expected.
    pub worst_second_tps: f64,
}

/// The rates of a plan's load in true time; `None` for a closed loop, which asks for
/// nothing of itself.
#[must_use]
pub fn rates(plan: &Plan) -> Option<Rates> {
    Curve::of(plan).map(|curve| curve.rates())
}

/// The demand of a plan; `None` for a closed loop.
///
/// # Panics
/// When the plan names a workload that does not exist: a plan comes from a checked
/// scenario.
#[must_use]
pub fn demand(plan: &Plan) -> Option<Demand> {
    let curve = Curve::of(plan)?;
    let rates = curve.rates();
    let share = |tps: f64| round4(tps / CITY_TPS);
    let workloads = workloads(plan, &curve);
    let year = |per_tx: fn(&WorkloadDemand) -> f64| {
        let each = |part: &WorkloadDemand| part.mean_tps * per_tx(part);
        (workloads.iter().map(each).sum::<f64>() * YEAR_SECONDS).round()
    };
    let worst = rates.worst_second_tps;
    let chance = ONCE_A_DAY * worst.sqrt() + (ONCE_A_DAY * ONCE_A_DAY - 1.0) / 6.0;
    Some(Demand {
        schema: SCHEMA.to_owned(),
        name: plan.name.clone(),
        label: plan.label(),
        population: plan.population,
        seconds: curve.seconds(),
        mean_tps: rates.mean_tps,
        peak_hour_tps: rates.peak_hour_tps,
        worst_second_tps: worst,
        worst_second_once_a_day: curve.by_chance.then(|| (worst + chance).ceil()),
        share_of_10k: Shares {
            mean: share(rates.mean_tps),
            peak_hour: share(rates.peak_hour_tps),
            worst_second: share(worst),
        },
        hours_tps: curve.hours(),
        per_year: Year {
            transactions: (rates.mean_tps * YEAR_SECONDS).round(),
            records: year(|part| part.records_per_tx),
            bytes: year(|part| part.bytes_per_tx),
        },
        workloads,
    })
}

/// The expected number of transactions over true time: from each instant to the next,
/// the rates at both ends.
struct Curve {
    /// Begin and end in nanoseconds of true time, and the count up to the begin.
    pieces: Vec<Piece>,
    /// The most that come at one instant.
    bursts: f64,
    /// What comes by the clock, on top of every phase.
    clock_tps: f64,
    /// Whether arrivals are independent of one another.
    by_chance: bool,
}

#[derive(Clone, Copy)]
struct Piece {
    begin: u64,
    end: u64,
    before: f64,
    from_tps: f64,
    to_tps: f64,
}

impl Piece {
    /// How many have come by an instant of this piece.
    fn until(&self, at: u64) -> f64 {
        let (into, span) = (at - self.begin, self.end - self.begin);
        let rate = self.from_tps + (self.to_tps - self.from_tps) * into as f64 / span as f64 / 2.0;
        self.before + rate * into as f64 / SECOND_NS as f64
    }
}

impl Curve {
    /// The measured phases of a plan; `None` when there is a closed loop among them.
    fn of(plan: &Plan) -> Option<Self> {
        let mut curve = Self {
            pieces: Vec::new(),
            bursts: 0.0,
            clock_tps: plan.workload.mix.iter().map(by_clock).sum(),
            by_chance: true,
        };
        for phase in plan.load.iter().filter(|phase| phase.measure) {
            curve.add(phase)?;
        }
        Some(curve)
    }

    fn end(&self) -> (u64, f64) {
        self.pieces
            .last()
            .map_or((0, 0.0), |piece| (piece.end, piece.until(piece.end)))
    }

    fn push(&mut self, span: u64, from_tps: f64, to_tps: f64) {
        let (begin, before) = self.end();
        if span > 0 {
            self.pieces.push(Piece {
                begin,
                end: begin + span,
                before,
                from_tps: from_tps + self.clock_tps,
                to_tps: to_tps + self.clock_tps,
            });
        }
    }

    fn add(&mut self, phase: &PhasePlan) -> Option<()> {
        match &phase.load {
            LoadPlan::Closed { .. } => None,
            LoadPlan::Open {
                from_mtps,
                to_mtps,
                arrivals,
            } => {
                let (from, to) = (*from_mtps as f64 / 1e3, *to_mtps as f64 / 1e3);
                self.by_chance &= *arrivals == Arrivals::Poisson;
                if let Arrivals::Burst { every_ns } = arrivals {
                    let size = from.max(to) * *every_ns as f64 / SECOND_NS as f64;
                    self.bursts = self.bursts.max(size);
                }
                self.push(phase.stands_for_ns, from, to);
                Some(())
            }
            LoadPlan::Replay { times_ns, .. } => {
                self.by_chance = false;
                // Second by second.
                let mut counts = vec![0_u32; phase.for_ns.div_ceil(SECOND_NS) as usize];
                for at in times_ns {
                    counts[(at / SECOND_NS) as usize] += 1;
                }
                for count in counts {
                    self.push(SECOND_NS, f64::from(count), f64::from(count));
                }
                Some(())
            }
        }
    }

    fn rates(&self) -> Rates {
        Rates {
            mean_tps: round4(self.mean()),
            peak_hour_tps: round4(self.most_within(HOUR_NS)),
            worst_second_tps: round4(self.most_within(SECOND_NS).max(self.bursts)),
        }
    }

    fn seconds(&self) -> f64 {
        self.end().0 as f64 / SECOND_NS as f64
    }

    fn mean(&self) -> f64 {
        let (_, count) = self.end();
        count / self.seconds().max(f64::MIN_POSITIVE)
    }

    /// How many have come by an instant.
    fn until(&self, at: u64) -> f64 {
        let after = self.pieces.partition_point(|piece| piece.end <= at);
        match self.pieces.get(after) {
            Some(piece) => piece.until(at),
            None => self.end().1,
        }
    }

    /// The highest mean rate over a window of this length: it begins or ends where a
    /// piece does, or lies about the top of a ramp.
    fn most_within(&self, window: u64) -> f64 {
        let (end, count) = self.end();
        if end <= window {
            return count * SECOND_NS as f64 / end.max(1) as f64;
        }
        let edges = self
            .pieces
            .iter()
            .flat_map(|piece| [piece.begin, piece.end]);
        let windows = edges.flat_map(|at| {
            [
                at.min(end - window),
                at.saturating_sub(window),
                at.saturating_sub(window / 2).min(end - window),
            ]
        });
        let rates = windows.map(|from| {
            (self.until(from + window) - self.until(from)) * SECOND_NS as f64 / window as f64
        });
        rates.fold(0.0, f64::max)
    }

    fn hours(&self) -> Vec<f64> {
        let (end, _) = self.end();
        let hours = end.div_ceil(HOUR_NS);
        (0..hours)
            .map(|hour| {
                let (from, to) = (hour * HOUR_NS, ((hour + 1) * HOUR_NS).min(end));
                round4((self.until(to) - self.until(from)) * SECOND_NS as f64 / (to - from) as f64)
            })
            .collect()
    }
}

/// Mean rates of the parts of the mix over true time, and then of the steps that stand apart, in
/// transactions per second, without what comes by the clock.
fn parts(plan: &Plan, curve: &Curve) -> Vec<f64> {
    let usual = plan.workload.usual_shares();
    let mut counts = vec![0.0; usual.len()];
    for phase in plan.load.iter().filter(|phase| phase.measure) {
        let mut txs = phase.load.expected(phase.stands_for_ns).unwrap_or(0.0);
        if let LoadPlan::Replay { parts, .. } = &phase.load {
            // What names its part is not drawn by the shares.
            for &part in parts.iter().filter(|&&part| part > 0) {
                counts[part as usize - 1] += 1.0;
                txs -= 1.0;
            }
        }
        let rates = match phase.mix.is_empty() {
            true => &usual,
            false => &phase.mix,
        };
        let all = rates.iter().sum::<u64>().max(1) as f64;
        for (count, &rate) in counts.iter_mut().zip(rates) {
            *count += txs * rate as f64 / all;
        }
    }
    let seconds = curve.seconds().max(f64::MIN_POSITIVE);
    counts.into_iter().map(|count| count / seconds).collect()
}

/// What a workload has due by the clock, in transactions per second.
fn by_clock(part: &WorkloadShare) -> f64 {
    entry(&part.workload).by_clock.as_tps()
}

fn entry(workload: &str) -> &'static WorkloadEntry {
    groma_workloads::table::find(workload).expect("a plan's workloads are checked")
}

fn workloads(plan: &Plan, curve: &Curve) -> Vec<WorkloadDemand> {
    let rates = parts(plan, curve);
    let mix = plan.workload.mix.iter().zip(rates.iter().copied());
    let steps = plan.workload.steps();
    mix.map(|(part, own_tps)| {
        let apart = steps.iter().copied().zip(&rates[plan.workload.mix.len()..]);
        let apart: Vec<(&'static Step, f64)> = apart
            .filter(|(step, _)| step.workload() == part.workload)
            .map(|(step, &tps)| (step, tps))
            .collect();
        let people_tps = own_tps + apart.iter().map(|(_, tps)| tps).sum::<f64>();
        let clock_tps = by_clock(part);
        let mean_tps = people_tps + clock_tps;
        let sample = sample(plan, &part.workload, own_tps, &apart);
        let mean = |of: fn(&Drawn) -> f64| {
            let both = people_tps * of(&sample.people) + clock_tps * of(&sample.clock);
            round4(both / mean_tps.max(f64::MIN_POSITIVE))
        };
        WorkloadDemand {
            workload: part.workload.clone(),
            mean_tps: round4(mean_tps),
            bytes_per_tx: mean(|drawn| drawn.bytes_per_tx),
            records_per_tx: mean(|drawn| drawn.records_per_tx),
            contention: round4(sample.contention),
        }
    })
    .collect()
}

/// A sample of one workload.
struct Sample {
    /// What people do.
    people: Drawn,
    /// What comes by the clock.
    clock: Drawn,
    contention: f64,
}

/// Means over what was drawn; zero where nothing was.
struct Drawn {
    bytes_per_tx: f64,
    records_per_tx: f64,
}

/// Draws and executes a sample of one workload.
fn sample(plan: &Plan, workload: &str, own_tps: f64, apart: &[(&'static Step, f64)]) -> Sample {
    let people = plan.population.min(SAMPLE_PEOPLE);
    let setup = WorkloadSetup::of_city(people).expect("a plan's population is checked");
    let workload = in_proportion((entry(workload).build)(&setup), own_tps, apart);
    let mut genesis = Genesis::default();
    workload.genesis(&mut genesis);
    let mut ledger = Ledger::new(State::genesis(&genesis), plan.client.request_bytes);
    let mut city = City::new(workload, Streams::new(plan.seed).stream("city", 0));
    let mut contention = 0.0_f64;
    for block in 0..SAMPLE / BLOCK {
        // A second each, so that follow-ups find their parents.
        let now = Duration::from_secs(block as u64);
        let transactions = (0..BLOCK).map(|_| city.next(now)).collect();
        contention = contention.max(ledger.apply(now, transactions));
    }
    let people = ledger.drawn();
    // By the clock nothing depends on what people do, nor they on it.
    let until = Duration::from_secs(CLOCK_SECONDS);
    let due = std::iter::from_fn(|| city.due_before(until)).map(|(_, due)| due);
    ledger.apply(until, due.collect());
    Sample {
        people,
        clock: ledger.drawn(),
        contention,
    }
}

/// A workload whose steps that stand apart have the shares that the load gives them.
fn in_proportion(
    workload: Box<dyn Workload>,
    own_tps: f64,
    apart: &[(&'static Step, f64)],
) -> Box<dyn Workload> {
    let (steps, rates): (Vec<_>, Vec<_>) = apart.iter().copied().unzip();
    let all = own_tps + rates.iter().sum::<f64>();
    if steps.is_empty() || all <= 0.0 {
        return workload;
    }
    let shares = std::iter::once(own_tps).chain(rates).map(|tps| tps / all);
    let spells = [(Duration::MAX, shares.collect())];
    let mix = Mix::with_steps(vec![workload], &steps, &spells);
    Box::new(mix.expect("rates that come to something are shares"))
}

/// What a sample is executed on.
struct Ledger {
    state: State,
    /// Bytes of one request; 0: those of the workload's transactions.
    request_bytes: u32,
    height: u64,
    /// Since the last count.
    txs: u64,
    bytes: u64,
    /// At the last count.
    records: u64,
}

impl Ledger {
    fn new(state: State, request_bytes: u32) -> Self {
        Self {
            records: records(&state),
            state,
            request_bytes,
            height: 0,
            txs: 0,
            bytes: 0,
        }
    }

    /// Executes a block; the share of it in its largest group by shared keys.
    fn apply(&mut self, now: Duration, transactions: Vec<Transaction>) -> f64 {
        let signed = |transaction| Arc::new(SignedTransaction::new(transaction, None));
        let transactions: Vec<_> = transactions.into_iter().map(signed).collect();
        let bytes = transactions.iter().map(|tx| match self.request_bytes {
            0 => u64::from(tx.wire_bytes),
            fixed => u64::from(fixed),
        });
        self.bytes += bytes.sum::<u64>();
        self.txs += transactions.len() as u64;
        self.height += 1;
        let input = BlockInput {
            height: self.height,
            timestamp_ns: u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
            transactions: &transactions,
        };
        let longest = Parallel::largest_group(&input) as f64;
        self.state = Serial.execute(&self.state, &input).state;
        longest / transactions.len().max(1) as f64
    }

    /// What was drawn since the last count.
    fn drawn(&mut self) -> Drawn {
        let added = records(&self.state) - self.records;
        self.records += added;
        let txs = (self.txs as f64).max(1.0);
        let (bytes, _) = (
            std::mem::take(&mut self.bytes),
            std::mem::take(&mut self.txs),
        );
        Drawn {
            bytes_per_tx: bytes as f64 / txs,
            records_per_tx: added as f64 / txs,
        }
    }
}

fn records(state: &State) -> u64 {
    state.audit().records.values().sum()
}
