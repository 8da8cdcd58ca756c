//! What binds: the resources of a run by how busy they were, from its record
//! alone. A resource that is full limits the load. One that is used in turns, as
//! the links of proposers that take them, is never full on average: it shows by
//! how long messages wait for it. When none does, the protocol's round trips bind.

use serde::{Deserialize, Serialize};

use crate::result::{RunRecord, Verdict};

/// Above this share a resource is called binding: queues grow without bound as
/// a server nears its capacity, and the rest is lost to the swing of arrivals.
pub const BINDING_SHARE: f64 = 0.85;

/// A mean wait of this share of the median finality is a queue that binds: a
/// message waits for it several times on its transaction's path.
const BINDING_WAIT: f64 = 0.02;

/// One resource and how busy it was over the measured time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// `replica shenzhen-0 egress`, `execution lane of replica 2`.
    pub name: String,
    /// `cpu`, `egress`, `ingress`, `lane` or `disk`.
    pub kind: String,
    /// Busy share of its capacity.
    pub used: f64,
    /// Mean wait in its queue; null where it is not measured.
    pub wait_ms: Option<f64>,
}

/// The busiest resource of each kind and role, busiest first.
#[must_use]
pub fn resources(record: &RunRecord) -> Vec<Resource> {
    let mut found: Vec<Resource> = Vec::new();
    for role in ["replica", "gateway"] {
        let machines = || {
            record
                .machines
                .iter()
                .filter(|machine| machine.role == role)
        };
        type Reading = fn(&crate::result::MachineRecord) -> (f64, Option<f64>);
        let kinds: [(&str, Reading); 3] = [
            ("cpu", |machine| (machine.cpu, None)),
            ("egress", |machine| (machine.egress, machine.egress_wait_ms)),
            ("ingress", |machine| {
                (machine.ingress, machine.ingress_wait_ms)
            }),
        ];
        for (kind, read) in kinds {
            let busiest = machines().max_by(|a, b| read(a).0.total_cmp(&read(b).0));
            found.extend(busiest.map(|machine| Resource {
                name: format!("{role} {} {kind}", machine.id),
                kind: kind.to_owned(),
                used: read(machine).0,
                wait_ms: read(machine).1,
            }));
        }
    }
    for lane in &record.lanes {
        let disk = lane.lane == "storage";
        found.push(Resource {
            name: if disk {
                format!("disk of replica {}", lane.busiest)
            } else {
                format!("{} lane of replica {}", lane.lane, lane.busiest)
            },
            kind: if disk { "disk" } else { "lane" }.to_owned(),
            used: lane.busy_max,
            wait_ms: lane.wait_ms_busiest,
        });
    }
    found.sort_by(|a, b| b.used.total_cmp(&a.used));
    found
}

/// What binds, in a few words: `replica shenzhen-0 egress 97 %`, or that no
/// resource does.
#[must_use]
pub fn binds(record: &RunRecord) -> String {
    let load = &record.load;
    if load.finalised + load.rejected == 0 {
        return "nothing became final: no quorum, or no time".to_owned();
    }
    let resources = resources(record);
    let Some(first) = resources.first() else {
        return "nothing was measured".to_owned();
    };
    let percent = |resource: &Resource| (resource.used * 100.0).floor();
    if first.used >= BINDING_SHARE {
        return format!("{} {:.0} %", first.name, percent(first));
    }
    if let Some((queue, wait_ms)) = longest_queue(&resources, record) {
        return format!(
            "{} by turns: {:.0} % on average, with waits of {wait_ms:.1} ms",
            queue.name,
            percent(queue)
        );
    }
    if outwaits(record) {
        return "clients' patience with a replica that does not answer".to_owned();
    }
    let busiest = format!("the busiest: {} {:.0} %", first.name, percent(first));
    match record.verdict {
        Verdict::Pass => format!("nothing at this load ({busiest})"),
        _ => format!("no resource is full ({busiest}); round trips or limits of queues"),
    }
}

/// The resource with the longest mean wait, where that is worth mentioning.
fn longest_queue<'a>(resources: &'a [Resource], record: &RunRecord) -> Option<(&'a Resource, f64)> {
    let typical_ms = record.finality_ms.p50?;
    resources
        .iter()
        .filter_map(|resource| Some((resource, resource.wait_ms?)))
        .filter(|(_, wait_ms)| *wait_ms >= BINDING_WAIT * typical_ms)
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Whether more than one transaction in a hundred was sent again after the
/// clients' patience, and so sets the p99.
fn outwaits(record: &RunRecord) -> bool {
    let patience_ms = record.plan.client.resend_after_ns as f64 / 1e6;
    let resent = record.load.resent * 100 >= record.load.offered;
    let late = |p99: f64| p99 >= patience_ms;
    resent && patience_ms > 0.0 && record.finality_ms.p99.is_some_and(late)
}
