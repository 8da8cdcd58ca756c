//! What happens when a fault strikes or heals.

use crate::engine::Engine;
use crate::event::{Kind, order_before_first};
use crate::fault::{Fault, FaultKind};
use crate::journal::Entry;
use crate::node::{Lane, MachineId, Node, NodeId};
use crate::seat::Job;
use crate::simulation::Simulation;

/// Queues the beginning and the end of a fault. At one instant all beginnings
/// come before all ends, so that two crashes back to back are one.
pub(crate) fn schedule<M, O>(
    engine: &mut Engine<M, O>,
    number: usize,
    fault: &Fault,
    faults: usize,
) {
    let what = Kind::Fault.of(number as u32);
    let order = order_before_first(0) + 1 + number as u64;
    engine.push(fault.at, order, 0, what);
    if let (Some(until), false) = (fault.until, matches!(fault.kind, FaultKind::Restart(_))) {
        engine.push(until.max(fault.at), order + faults as u64, 1, what);
    }
}

impl<N: Node> Simulation<N> {
    /// Fault number `number` strikes, or heals.
    pub(crate) fn fault(&mut self, number: usize, heals: bool) {
        let kind = self.faults[number].kind.clone();
        let at = self.engine.clock;
        self.engine.note(|| Entry::Struck {
            fault: number,
            at,
            heals,
        });
        match (&kind, heals) {
            (FaultKind::Crash(nodes), false) => {
                for &node in nodes {
                    self.crashes.push((number, node));
                    if !self.engine.seats[node.index()].down {
                        self.crash(node);
                    }
                }
            }
            (FaultKind::Crash(nodes), true) => {
                for &node in nodes {
                    self.crashes.retain(|&crash| crash != (number, node));
                    self.restart_unless_held(node);
                }
            }
            (FaultKind::Restart(nodes), _) => {
                for &node in nodes {
                    self.crashes.retain(|&(_, crashed)| crashed != node);
                    self.restart_unless_held(node);
                }
            }
            (FaultKind::SlowMachine { machines, .. }, _) => {
                for &machine in machines {
                    self.set_speed(machine);
                }
            }
            (kind, false) => self.engine.disturbances.begin(number, kind),
            (_, true) => self.engine.disturbances.end(number),
        }
    }

    fn crash(&mut self, node: NodeId) {
        let engine = &mut self.engine;
        let now = engine.clock;
        let machine = engine.places[node.index()].machine();
        for lane in 0..Lane::COUNT as u32 {
            while let Some(job) = engine.dequeue(node.0, lane) {
                match Kind::split(job.what) {
                    (Kind::Hand, parcel) => {
                        engine.machines[machine].dropped += 1;
                        self.hold.release(&mut engine.labels, parcel);
                    }
                    (Kind::Timer, timer) => {
                        engine.timers.fire(timer, job.order);
                    }
                    _ => {}
                }
            }
            engine.lanes[node.index()][lane as usize].reset(now);
        }
        let seat = &mut engine.seats[node.index()];
        seat.down = true;
        seat.life += 1;
        seat.busy_until = now;
        let host = &mut engine.machines[machine];
        host.waiting.retain(|&(waiting, _)| waiting != node.0);
        host.abandon(node.0, now);
        host.wake = 0;
        engine.wake_machine(machine as u32);
        self.nodes[node.index()].on_crash(now);
    }

    fn restart_unless_held(&mut self, node: NodeId) {
        let held = self.crashes.iter().any(|&(_, crashed)| crashed == node);
        if held || !self.engine.seats[node.index()].down {
            return;
        }
        self.engine.seats[node.index()].down = false;
        let order = self.engine.next_order(node.0);
        let what = Kind::Restart.of(0);
        self.admit(node.0, Lane::Consensus, Job { order, what });
    }

    /// Sets a machine's speed to the product of the faults in force now.
    fn set_speed(&mut self, machine: MachineId) {
        let now = self.engine.clock;
        let in_force = self
            .faults
            .iter()
            .filter(|fault| fault.at <= now && fault.until.is_none_or(|until| now < until));
        let factor = in_force.fold(1_000_u64, |product, fault| match &fault.kind {
            FaultKind::SlowMachine {
                machines,
                factor_permille,
            } if machines.contains(&machine) => {
                product.saturating_mul(u64::from(*factor_permille)) / 1_000
            }
            _ => product,
        });
        self.engine.machines[machine.index()].factor_permille = factor;
    }
}
