//! What may stand in a scenario, as lines for a person: the open sets with
//! their sources. Decides nothing.

use groma_consensus_models::{FaultModel, ParamKind, ParamSpec};

use crate::library::Listing;
use crate::registry::Registry;
use crate::scenario;

/// The protocols of a registry; each is followed by its parameters, whose names
/// are indented.
#[must_use]
pub fn protocols(registry: &Registry) -> Vec<Listing> {
    let mut lines = Vec::new();
    for entry in registry.entries() {
        let tolerates = match entry.fault_model {
            FaultModel::Byzantine => "Byzantine faults, n >= 3f + 1",
            FaultModel::Crash => "crash faults, n >= 2f + 1",
            FaultModel::HonestMajority => {
                "Byzantine faults, less than half of the lottery, by probability"
            }
        };
        lines.push(line(
            entry.name.to_owned(),
            tolerates.to_owned(),
            entry.source,
        ));
        lines.extend(entry.params.iter().map(parameter));
    }
    lines.extend(registry.unbuilt().map(|missing| {
        let summary = format!("not built: --features {}", missing.feature);
        line(missing.name.to_owned(), summary, missing.source)
    }));
    lines
}

/// The workloads.
#[must_use]
pub fn workloads() -> Vec<Listing> {
    let entries = groma_workloads::WORKLOADS.iter();
    entries
        .map(|entry| {
            line(
                entry.name.to_owned(),
                entry.summary.to_owned(),
                entry.source,
            )
        })
        .collect()
}

/// What a day of the city may name: patterns of hours, months and occasions, and the rate
/// of each workload.
#[must_use]
pub fn calendars() -> Vec<Listing> {
    use groma_workloads::calendar::{MONTHS, OCCASIONS, PATTERNS};
    let mut lines = Vec::new();
    for pattern in PATTERNS {
        let peak = (0..24).max_by_key(|&hour| pattern.hours[hour]).unwrap_or(0);
        let summary = format!(
            "hours: most at {peak} h, x{:.1}",
            pattern.weight(None, peak)
        );
        lines.push(line(pattern.name.to_owned(), summary, pattern.source));
    }
    for month in MONTHS {
        let summary = format!("month: dates 1 to 31, strikes {}", month.of.join(", "));
        lines.push(line(month.name.to_owned(), summary, month.source));
    }
    for occasion in OCCASIONS {
        let of = occasion.of.unwrap_or("all workloads");
        lines.push(line(
            occasion.name.to_owned(),
            format!("event: strikes {of}"),
            occasion.source,
        ));
    }
    for rate in groma_workloads::rates::RATES {
        let summary = format!(
            "catalogue: {:.5} per inhabitant and day, hours {}",
            rate.per_day(),
            rate.pattern
        );
        lines.push(line(rate.workload.to_owned(), summary, rate.source));
    }
    lines
}

/// Published curves.
#[must_use]
pub fn curves() -> Vec<Listing> {
    let curves = groma_workloads::curves::CURVES.iter();
    curves
        .map(|curve| {
            let summary = format!(
                "{} s, mean {:.0} TPS, peak {:.0} TPS",
                curve.seconds,
                curve.mean().as_tps(),
                curve.peak().as_tps()
            );
            line(curve.name.to_owned(), summary, curve.source)
        })
        .collect()
}

/// The kinds of faults.
#[must_use]
pub fn faults() -> Vec<Listing> {
    scenario::fault_kinds()
        .map(|(name, help)| line(name.to_owned(), help.to_owned(), ""))
        .collect()
}

/// The acceptance tests.
#[must_use]
pub fn profiles() -> Vec<Listing> {
    scenario::profile_kinds()
        .map(|(name, help)| line(name.to_owned(), help.to_owned(), "docs/sources.md CAICT"))
        .collect()
}

fn line(name: String, summary: String, source: &str) -> Listing {
    Listing {
        name,
        source: source.to_owned(),
        summary,
    }
}

fn parameter(spec: &ParamSpec) -> Listing {
    let range = match spec.kind {
        ParamKind::Duration { min, max } => format!("{min:?} to {max:?}"),
        ParamKind::Integer { min, max } => format!("{min} to {max}"),
        ParamKind::Choice(words) => words.join(" | "),
        ParamKind::Flag => "true | false".to_owned(),
    };
    line(
        format!("  {}", spec.name),
        format!("{} (default {}; {range})", spec.help, spec.default),
        "",
    )
}
