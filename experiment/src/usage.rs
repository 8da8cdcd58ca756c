//! Use of machines and lanes over the measured time, from readings of the
//! simulation to shares of capacity.

use groma_sim::{Lane, LaneUse, MachineUse, Span};

use crate::result::LaneRecord;
use crate::verdict::round4;

/// Use of a machine over some time.
#[derive(Clone, Debug, Default)]
pub struct MachineTotals {
    length_ns: u64,
    cpu_ns: u64,
    egress_ns: u64,
    ingress_ns: u64,
    /// Bytes sent.
    pub egress_bytes: u64,
    /// Bytes received.
    pub ingress_bytes: u64,
    egress: Waits,
    ingress: Waits,
}

/// Waits of so many messages or jobs, all together.
#[derive(Clone, Copy, Debug, Default)]
struct Waits {
    count: u64,
    wait_ns: u64,
}

impl Waits {
    fn between(before: (u64, Span), after: (u64, Span)) -> Self {
        Self {
            count: after.0.saturating_sub(before.0),
            wait_ns: after.1.saturating_sub(before.1).as_nanos(),
        }
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.wait_ns += other.wait_ns;
    }

    /// The mean in milliseconds, to the microsecond; `None` of nothing.
    fn mean_ms(self) -> Option<f64> {
        let micros = |ns: f64| (ns / 1_000.0).round() / 1_000.0;
        (self.count > 0).then(|| micros(self.wait_ns as f64 / self.count as f64))
    }
}

/// Use as shares of capacity.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Busy core time over available core time.
    pub cpu: f64,
    /// Busy share of the outgoing link.
    pub egress: f64,
    /// Busy share of the incoming link.
    pub ingress: f64,
}

impl MachineTotals {
    /// Use between two readings that lie `length_ns` apart.
    #[must_use]
    pub fn between(before: &MachineUse, after: &MachineUse, length_ns: u64) -> Self {
        Self {
            length_ns,
            cpu_ns: after
                .cpu_busy
                .as_nanos()
                .saturating_sub(before.cpu_busy.as_nanos()),
            egress_ns: after
                .egress_busy
                .as_nanos()
                .saturating_sub(before.egress_busy.as_nanos()),
            ingress_ns: after
                .ingress_busy
                .as_nanos()
                .saturating_sub(before.ingress_busy.as_nanos()),
            egress_bytes: after.egress_bytes.saturating_sub(before.egress_bytes),
            ingress_bytes: after.ingress_bytes.saturating_sub(before.ingress_bytes),
            egress: Waits::between(
                (before.egress_messages, before.egress_wait),
                (after.egress_messages, after.egress_wait),
            ),
            ingress: Waits::between(
                (before.ingress_messages, before.ingress_wait),
                (after.ingress_messages, after.ingress_wait),
            ),
        }
    }

    /// Adds another stretch of time.
    pub fn add(&mut self, other: &Self) {
        self.length_ns += other.length_ns;
        self.cpu_ns += other.cpu_ns;
        self.egress_ns += other.egress_ns;
        self.ingress_ns += other.ingress_ns;
        self.egress_bytes += other.egress_bytes;
        self.ingress_bytes += other.ingress_bytes;
        self.egress.add(other.egress);
        self.ingress.add(other.ingress);
    }

    /// Mean wait of a message for the outgoing and the incoming link.
    #[must_use]
    pub fn waits_ms(&self) -> (Option<f64>, Option<f64>) {
        (self.egress.mean_ms(), self.ingress.mean_ms())
    }

    /// Shares of a machine with so many cores.
    #[must_use]
    pub fn shares(&self, cores: u32) -> Shares {
        let of = |busy: u64, capacity: u64| {
            if capacity == 0 {
                0.0
            } else {
                busy as f64 / capacity as f64
            }
        };
        Shares {
            cpu: of(self.cpu_ns, self.length_ns * u64::from(cores)),
            egress: of(self.egress_ns, self.length_ns),
            ingress: of(self.ingress_ns, self.length_ns),
        }
    }
}

/// Use of one lane of one replica over some time.
#[derive(Clone, Copy, Debug, Default)]
pub struct LaneTotals {
    length_ns: u64,
    busy_ns: u64,
    jobs: Waits,
}

impl LaneTotals {
    /// Adds what lies between two readings that lie `length_ns` apart.
    pub fn add(&mut self, before: &LaneUse, after: &LaneUse, length_ns: u64) {
        self.length_ns += length_ns;
        self.busy_ns += after.busy.saturating_sub(before.busy).as_nanos();
        self.jobs.add(Waits::between(
            (before.jobs, before.wait),
            (after.jobs, after.wait),
        ));
    }

    fn busy(&self) -> f64 {
        match self.length_ns {
            0 => 0.0,
            length => self.busy_ns as f64 / length as f64,
        }
    }
}

/// A row a lane, over all replicas; none where nothing was measured.
#[must_use]
pub fn lanes(totals: &[[LaneTotals; Lane::COUNT]]) -> Vec<LaneRecord> {
    let measured = totals.iter().flatten().any(|lane| lane.length_ns > 0);
    let rows = Lane::ALL.iter().filter(|_| measured).filter_map(|lane| {
        let of = |replica: &[LaneTotals; Lane::COUNT]| replica[lane.index()];
        let mut all = Waits::default();
        totals.iter().for_each(|replica| all.add(of(replica).jobs));
        // The first of equals, so that the row is stable.
        let (busiest, most) = (0_u32..)
            .zip(totals)
            .map(|(id, replica)| (id, of(replica)))
            .reduce(|best, next| {
                if next.1.busy_ns > best.1.busy_ns {
                    next
                } else {
                    best
                }
            })?;
        let mean = totals.iter().map(|replica| of(replica).busy()).sum::<f64>();
        Some(LaneRecord {
            lane: lane.name().to_owned(),
            busy_mean: round4(mean / totals.len() as f64),
            busy_max: round4(most.busy()),
            busiest,
            wait_ms_mean: all.mean_ms(),
            wait_ms_busiest: most.jobs.mean_ms(),
        })
    });
    rows.collect()
}

/// Jobs of every lane over all replicas, with their mean wait in nanoseconds;
/// lanes without a job are left out.
pub fn waits(
    totals: &[[LaneTotals; Lane::COUNT]],
) -> impl Iterator<Item = (&'static str, u64, f64)> + '_ {
    Lane::ALL.iter().filter_map(move |lane| {
        let mut all = Waits::default();
        for replica in totals {
            all.add(replica[lane.index()].jobs);
        }
        let mean = all.wait_ns as f64 / all.count as f64;
        (all.count > 0).then(|| (lane.name(), all.count, mean))
    })
}
