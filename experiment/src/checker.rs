//! Invariants, checked on every run, apart from the thing that is checked.
//!
//! A check counts the comparisons that it really made; a broken one becomes a
//! [`Violation`] with the command that shows it again.

use std::collections::BTreeMap;
use std::rc::Rc;

use groma_consensus_models::{BatchId, Height, Liveness, ReplicaId};
use groma_ledger::{Hash, State};
use groma_sim::{Span, Time};
use groma_workloads::Intent;

use crate::feed::Feed;
use crate::heights::{Committed, Heights, Seen};
use crate::observe::{FinalTx, Observation};
use crate::plan::{FaultKind, FaultPlan, Plan};
use crate::result::{Checks, Violation};
use crate::wire::{BlockOutcome, GatewayId};
use crate::world::{Applied, World};

/// Violations of one check kept in full; the rest are only counted.
const MAX_VIOLATIONS: usize = 5;

/// The checker of one run.
#[derive(Debug)]
pub struct Checker {
    world: Rc<World>,
    replay: String,
    heights: Heights,
    last: Vec<Height>,
    highest_executed: Height,
    applied: Applied,
    /// What clients hold of heights that no correct replica has executed yet.
    held: BTreeMap<Height, Vec<(Time, GatewayId, u64)>>,
    /// What was compared last: the transactions of a block come together.
    compared: Option<(GatewayId, Height)>,
    checks: Checks,
    violations: Vec<Violation>,
    violated: u64,
    last_progress: Time,
    disturbances: Vec<(Time, Time)>,
    /// Blocks must go on committing within this span while transactions wait
    /// and no more replicas are out than the protocol tolerates.
    silence: Span,
}

impl Checker {
    /// A checker at time zero. `tolerated` is the protocol's f, `liveness` what
    /// it promises.
    #[must_use]
    pub fn new(plan: &Plan, tolerated: u32, liveness: &Liveness, world: Rc<World>) -> Self {
        Self {
            world,
            replay: format!("groma run runs/{}/run.json", plan.key()),
            heights: Heights::default(),
            last: vec![Height(0); plan.replicas() as usize],
            highest_executed: Height(0),
            applied: Applied::default(),
            held: BTreeMap::new(),
            compared: None,
            checks: Checks::default(),
            violations: Vec::new(),
            violated: 0,
            last_progress: Time::ZERO,
            disturbances: disturbances(plan, tolerated, &liveness.needs),
            silence: Span::from(liveness.silence),
        }
    }

    /// What was compared, and what broke: the counts, the first violations and
    /// the number of all violations.
    #[must_use]
    pub fn finish(mut self) -> (Checks, Vec<Violation>, u64) {
        self.checks.audit = self.world.audits();
        let unheard = std::mem::take(&mut self.held);
        for (height, gateways) in unheard {
            for (at, gateway, held) in gateways {
                let detail = format!(
                    "height {}: gateway {} holds the answer {held:016x}, which no correct replica gave",
                    height.0, gateway.0
                );
                self.checks.finality += 1;
                self.violate("finality", at, detail);
            }
        }
        self.audited(self.last_progress);
        (self.checks, self.violations, self.violated)
    }

    /// The world that is checked.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    fn violate(&mut self, check: &str, at: Time, detail: String) {
        self.violated += 1;
        let alike = self.violations.iter().filter(|kept| kept.check == check);
        if alike.count() < MAX_VIOLATIONS {
            self.violations.push(Violation {
                check: check.to_owned(),
                at_ns: at.as_nanos(),
                detail,
                replay: self.replay.clone(),
            });
        }
    }

    fn committed(&mut self, at: Time, height: Height, made: Committed, batches: &[BatchId]) {
        let replica = made.replica;
        let last = self.last[replica.index()];
        if height > last {
            self.checks.contiguous += 1;
            if height != last.next() {
                self.violate(
                    "contiguous",
                    at,
                    format!(
                        "replica {} committed height {} after {}",
                        replica.0, height.0, last.0
                    ),
                );
            }
            self.last[replica.index()] = height;
        }
        let seen = self.heights.commit(height, made);
        if seen != Seen::First {
            self.checks.agreement += 1;
            return self.judge("agreement", at, seen);
        }
        for &batch in batches {
            self.checks.validity += 1;
            if !self.world.was_formed(batch) {
                self.violate(
                    "validity",
                    at,
                    format!(
                        "height {}: batch {:016x} was formed by no replica",
                        height.0, batch.0
                    ),
                );
            }
        }
    }

    /// Executions that were repeated and came out otherwise.
    fn audited(&mut self, at: Time) {
        for detail in self.world.divergences() {
            self.violate("audit", at, detail);
        }
    }

    fn executed(&mut self, at: Time, replica: ReplicaId, outcome: &BlockOutcome) {
        self.audited(at);
        self.compare_root(at, replica, outcome.height, outcome.root);
        self.answer(at, outcome);
        if outcome.height <= self.highest_executed {
            return;
        }
        self.highest_executed = outcome.height;
        if outcome.txs > 0 {
            self.last_progress = self.last_progress.max(at);
        }
        for &(gateway, ticket) in &outcome.applied {
            self.checks.exactly_once += 1;
            if !self.applied.mark(gateway, ticket) {
                self.violate(
                    "exactly_once",
                    at,
                    format!(
                        "height {}: transaction {} of gateway {} was applied before",
                        outcome.height.0, ticket.0, gateway.0
                    ),
                );
            }
        }
    }

    /// Something said of a height a second time breaks a check unless it is equal.
    fn judge(&mut self, check: &str, at: Time, seen: Seen) {
        if let Seen::Different(detail) = seen {
            self.violate(check, at, detail);
        }
    }

    /// A correct replica answers for a height.
    fn answer(&mut self, at: Time, outcome: &BlockOutcome) {
        let height = outcome.height;
        let seen = self.heights.answer(height, outcome.reply);
        if seen != Seen::First {
            self.checks.finality += 1;
            return self.judge("finality", at, seen);
        }
        for (_, gateway, reply) in self.held.remove(&height).unwrap_or_default() {
            self.compare_answer(at, gateway, height, (reply, outcome.reply));
        }
    }

    /// What no order of the ledger allows was refused.
    fn check_intrusion(&mut self, at: Time, tx: &FinalTx) {
        if tx.meant != Intent::Intrusion {
            return;
        }
        self.checks.intrusion += 1;
        if tx.outcome.is_applied() {
            let detail = format!(
                "height {}: transaction {} of gateway {} is an intrusion and was applied",
                tx.height.0, tx.ticket.0, tx.gateway.0
            );
            self.violate("intrusion", at, detail);
        }
    }

    /// A client holds an answer as final.
    fn finalised(&mut self, at: Time, tx: &FinalTx) {
        self.check_intrusion(at, tx);
        if self.compared == Some((tx.gateway, tx.height)) {
            return;
        }
        self.compared = Some((tx.gateway, tx.height));
        match self.heights.answered(tx.height) {
            Some(answer) => self.compare_answer(at, tx.gateway, tx.height, (tx.reply, answer)),
            None => {
                let held = self.held.entry(tx.height).or_default();
                held.push((at, tx.gateway, tx.reply));
            }
        }
    }

    fn compare_answer(
        &mut self,
        at: Time,
        gateway: GatewayId,
        height: Height,
        (held, answer): (u64, u64),
    ) {
        self.checks.finality += 1;
        if held != answer {
            self.violate(
                "finality",
                at,
                format!(
                    "height {}: gateway {} holds the answer {held:016x}, correct replicas say \
                     {answer:016x}",
                    height.0, gateway.0
                ),
            );
        }
    }

    fn compare_root(&mut self, at: Time, replica: ReplicaId, height: Height, root: Hash) {
        let seen = self.heights.root(height, replica, root);
        if seen != Seen::First {
            self.checks.state_root += 1;
            self.judge("state_root", at, seen);
        }
    }

    /// Compares what a node said with what others said.
    pub fn check(&mut self, at: Time, observation: &Observation) {
        match observation {
            Observation::Committed {
                replica,
                height,
                id,
                proof,
                batches,
                ..
            } => {
                let made = Committed {
                    replica: *replica,
                    id: *id,
                    proof: proof.clone(),
                };
                self.committed(at, *height, made, batches);
            }
            Observation::Executed {
                replica, outcome, ..
            } => self.executed(at, *replica, outcome),
            Observation::Transferred {
                replica,
                height,
                root,
            } => {
                self.last[replica.index()] = self.last[replica.index()].max(*height);
                self.compare_root(at, *replica, *height, *root);
            }
            Observation::Final(tx) => self.finalised(at, tx),
            Observation::Restarted { replica, height } => self.last[replica.index()] = *height,
            _ => {}
        }
    }

    /// Checks the workload's laws in a state.
    pub fn check_laws(&mut self, at: Time, feed: &Feed, state: &State) {
        match feed.check(state) {
            Ok(comparisons) => self.checks.conservation += comparisons,
            Err(breach) => self.violate("conservation", at, breach.to_string()),
        }
    }

    /// Called once a second of virtual time: while transactions wait, blocks
    /// must go on committing, unless a fault excuses it.
    pub fn check_progress(&mut self, now: Time, unfinished: u64) {
        let excused = now.as_nanos() < self.silence.as_nanos()
            || self
                .disturbances
                .iter()
                .any(|&(from, until)| from <= now && now < until + self.silence);
        if unfinished == 0 || excused {
            return;
        }
        self.checks.progress += 1;
        if self.last_progress + self.silence < now {
            self.violate(
                "progress",
                now,
                format!(
                    "{unfinished} transactions wait and nothing was executed since {}",
                    self.last_progress
                ),
            );
            // Said once a stall, not once a second.
            self.last_progress = now;
        }
    }

    /// Checks that two counts which must be equal are.
    pub fn check_balance(&mut self, at: Time, what: &str, left: u64, right: u64) {
        self.checks.balance += 1;
        if left != right {
            self.violate("balance", at, format!("{what}: {left} is not {right}"));
        }
    }
}

/// When the plan's faults may stop progress: while more than f replicas, or one
/// without which nothing goes on, are down or cut off, or while another kind of
/// fault lasts. The start of every
/// fault excuses a leader change right after it.
fn disturbances(plan: &Plan, tolerated: u32, needs: &[ReplicaId]) -> Vec<(Time, Time)> {
    let mut excused = Vec::new();
    let mut out: Vec<(u32, u64, u64)> = Vec::new();
    for fault in &plan.faults {
        excused.push((fault.at_ns, fault.at_ns));
        match &fault.kind {
            FaultKind::Crash(ids) => {
                out.extend(
                    ids.iter()
                        .map(|&id| (id, fault.at_ns, restart(plan, id, fault))),
                );
            }
            // Clients must not wait for the correct ones longer than if these
            // were down.
            FaultKind::Isolate(ids) | FaultKind::Byzantine { replicas: ids, .. } => {
                out.extend(ids.iter().map(|&id| (id, fault.at_ns, fault.until_ns)));
            }
            FaultKind::Restart(_) => {}
            _ => excused.push((fault.at_ns, fault.until_ns)),
        }
    }
    for &(id, from, until) in &out {
        if needs.contains(&ReplicaId(id)) {
            excused.push((from, until));
        }
    }
    // More than f are out from some start to some end: check at each start.
    for &(_, at, _) in &out {
        let here: Vec<_> = out
            .iter()
            .filter(|(_, from, until)| *from <= at && at < *until)
            .collect();
        let mut ids: Vec<u32> = here.iter().map(|(id, ..)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > tolerated as usize {
            // Until so many are back that f or fewer are out.
            let mut ends: Vec<u64> = here.iter().map(|(.., until)| *until).collect();
            ends.sort_unstable();
            let back = ends[ends.len() - 1 - tolerated as usize];
            excused.push((at, back));
        }
    }
    let time = |(from, until): (u64, u64)| (Time::from_nanos(from), Time::from_nanos(until));
    excused.into_iter().map(time).collect()
}

/// When a crashed replica is back: at the fault's end, or restarted before it.
fn restart(plan: &Plan, id: u32, crash: &FaultPlan) -> u64 {
    let again = plan.faults.iter().filter(|fault| {
        let names = matches!(&fault.kind, FaultKind::Restart(ids) if ids.contains(&id));
        names && fault.at_ns >= crash.at_ns
    });
    again
        .map(|fault| fault.at_ns)
        .fold(crash.until_ns, u64::min)
}

#[cfg(test)]
#[path = "checker_tests.rs"]
mod tests;
