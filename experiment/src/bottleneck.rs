//! What binds: the resources of a run by how busy they were, from its record
//! alone. A resource that is full limits the load; when none is, the protocol's
//! round trips do.

use serde::{Deserialize, Serialize};

use crate::result::RunRecord;

/// Above this share a resource is called binding: queues grow without bound as
/// a server nears its capacity, and the rest is lost to the swing of arrivals.
pub const BINDING_SHARE: f64 = 0.85;

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
    let percent =
        |resource: &Resource| format!("{} {:.0} %", resource.name, (resource.used * 100.0).floor());
    match resources(record).first() {
        Some(first) if first.used >= BINDING_SHARE => percent(first),
        Some(first) => format!(
            "no resource is full (the busiest: {}); round trips or queues' limits bind",
            percent(first)
        ),
        None => "nothing was measured".to_owned(),
    }
}
