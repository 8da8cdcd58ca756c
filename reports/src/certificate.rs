//! Capacity certificates in words: the console's sentences and probe table, the
//! table of several designs, and the CSV. Charts of them live elsewhere.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use groma_experiment::certificate::{Certificate, Probe, Step};
use groma_experiment::plan::{FaultKind, Plan, TargetPlan};

use crate::describe;
use crate::format::{Unit, printable, span, written};

/// Everything that the console says of these certificates: sentences and probes
/// of a single one, a table of several with the sentences below it.
#[must_use]
pub fn console(certificates: &[Certificate]) -> String {
    match certificates {
        [] => "no certificates\n".to_owned(),
        [only] => format!("{}\n{}", sentences(only), probes(only)),
        several => {
            let all: Vec<String> = several.iter().map(sentences).collect();
            format!("{}\n{}", table(several), all.join("\n"))
        }
    }
}

/// One certificate as sentences.
#[must_use]
pub fn sentences(certificate: &Certificate) -> String {
    let mut out = format!("{}\n", printable(&heading(certificate)));
    for line in lines(certificate) {
        out.push_str(&format!("  {}\n", printable(&line)));
    }
    out
}

fn heading(certificate: &Certificate) -> String {
    if certificate.variation.is_empty() {
        return certificate.name.clone();
    }
    format!("{}: {}", certificate.name, certificate.label)
}

/// The sentences of a certificate, the answer first.
#[must_use]
pub fn lines(certificate: &Certificate) -> Vec<String> {
    let mut lines = vec![answer(certificate)];
    lines.extend(failure(certificate));
    if !certificate.binds.is_empty() && !certificate.violated() {
        lines.push(format!("binds: {}", certificate.binds));
    }
    lines.extend(certificate.headroom_to_10k.map(|headroom| {
        format!(
            "headroom against 10,000 TPS: {}",
            times(certificate, headroom)
        )
    }));
    lines.extend(certificate.demand.map(|demand| {
        format!(
            "{} of the scenario's own load, whose mean is {}, peak hour {}, worst second {}",
            times(certificate, demand.times),
            Unit::Tps.spell(demand.mean_tps),
            Unit::Tps.spell(demand.peak_hour_tps),
            Unit::Tps.spell(demand.worst_second_tps),
        )
    }));
    if let (Some(stored), Some(sent)) = (
        certificate.storage_bytes_per_year,
        certificate.network_bytes_per_day,
    ) {
        lines.push(format!(
            "around the clock at that load: {} of bodies a year and replica, {} a day sent by all machines",
            Unit::Bytes.spell(stored),
            Unit::Bytes.spell(sent)
        ));
    }
    lines
}

/// `sustains 11,200 TPS with p99 <= 1 s (measured 812 ms), 1 of 4 replicas down`.
#[must_use]
pub fn answer(certificate: &Certificate) -> String {
    let under = circumstances(&certificate.plan);
    if certificate.violated() {
        return format!(
            "VIOLATED: an invariant broke{under}; a design that breaks one has no capacity"
        );
    }
    let Some(tps) = certificate.sustained_tps else {
        return format!("sustains no load{}{under}", bounds(certificate));
    };
    format!("sustains {}{}{under}", rate(tps), bounds(certificate))
}

/// ` with p99 <= 1 s (measured 812 ms)`: what was asked of a load, and what it
/// gave.
fn bounds(certificate: &Certificate) -> String {
    let bound = |target: &TargetPlan| {
        let measured = measured(certificate, &target.metric);
        let measured = measured.map(|value| format!(" (measured {})", Unit::Millis.spell(value)));
        let name = target
            .metric
            .replace("finality_ms_", "")
            .replace("_ms_", " ");
        let bound = Unit::Millis.spell(target.target);
        format!("{name} <= {bound}{}", measured.unwrap_or_default())
    };
    let bounds: Vec<String> = certificate.target.iter().map(bound).collect();
    match (bounds.is_empty(), certificate.finality_ms.p99) {
        (false, _) => format!(" with {}", bounds.join(" and ")),
        (true, Some(p99)) => format!(", p99 {} (no target)", Unit::Millis.spell(p99)),
        (true, None) => String::new(),
    }
}

fn measured(certificate: &Certificate, metric: &str) -> Option<f64> {
    let of = &certificate.finality_ms;
    match metric.strip_prefix("finality_ms_")? {
        "mean" => of.mean,
        "p50" => of.p50,
        "p90" => of.p90,
        "p99" => of.p99,
        "p999" => of.p999,
        "max" => of.max,
        _ => None,
    }
}

fn failure(certificate: &Certificate) -> Option<String> {
    match certificate.failed_tps {
        Some(tps) if certificate.violated() => {
            Some(format!("at {}: {}", rate(tps), certificate.failed_because))
        }
        Some(tps) => Some(format!(
            "fails at {}: {}",
            rate(tps),
            certificate.failed_because
        )),
        None => Some(format!(
            "fails nowhere up to {}, where the search ends: --up-to takes it further",
            rate(certificate.ceiling_tps)
        )),
    }
}

fn rate(tps: f64) -> String {
    format!("{} TPS", written(tps))
}

/// `×2.35`: how many times a load is sustained, at least where the search ended at its
/// limit.
#[must_use]
pub fn times(certificate: &Certificate, times: f64) -> String {
    let least = match certificate.failed_tps {
        Some(_) => "",
        None => "at least ",
    };
    format!("{least}×{}", written(round_to(times, 100.0)))
}

fn round_to(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

/// `, 1 of 4 replicas down`: the faults under which the load is carried.
fn circumstances(plan: &Plan) -> String {
    let down = |kind: &FaultKind| match kind {
        FaultKind::Crash(ids) => Some(ids.clone()),
        _ => None,
    };
    let mut crashed = Vec::new();
    let mut rest = Vec::new();
    for fault in &plan.faults {
        match down(&fault.kind) {
            Some(ids) if fault.until_ns >= plan.horizon_ns() => crashed.extend(ids),
            Some(ids) => rest.push(format!(
                "{} of {} replicas down for {}",
                ids.len(),
                plan.replicas(),
                span(fault.until_ns - fault.at_ns)
            )),
            None => rest.push(describe::fault_label(plan, fault)),
        }
    }
    crashed.sort_unstable();
    crashed.dedup();
    let mut parts = Vec::new();
    if !crashed.is_empty() {
        parts.push(format!(
            "{} of {} replicas down",
            crashed.len(),
            plan.replicas()
        ));
    }
    parts.extend(rest);
    parts.iter().map(|part| format!(", {part}")).collect()
}

/// Every probe in its order.
#[must_use]
pub fn probes(certificate: &Certificate) -> String {
    let mut table = plain_table(&["step", "TPS", "for", "goodput", "p50", "p99", "", "why"]);
    for probe in &certificate.probes {
        table.add_row([
            step(probe).to_owned(),
            written(probe.offered_tps),
            format!("{} s", written(round_to(probe.measured_seconds, 10.0))),
            written(probe.goodput_tps.round()),
            latency(probe.finality_ms_p50),
            latency(probe.finality_ms_p99),
            mark(certificate, probe),
            printable(&probe.because),
        ]);
    }
    align(&mut table, 1..6);
    table.trim_fmt() + "\n"
}

fn step(probe: &Probe) -> &'static str {
    match probe.step {
        Step::Bracket => "bracket",
        Step::Bisect => "bisect",
        Step::Confirm => "confirm",
    }
}

/// `✓`, and of how many seeds when they disagree.
fn mark(certificate: &Certificate, probe: &Probe) -> String {
    let sign = if probe.passed { '✓' } else { '✗' };
    let (passed, all) = (probe.passed_seeds as usize, certificate.seeds.len());
    if passed == 0 || passed == all {
        return sign.to_string();
    }
    format!("{sign} {passed} of {all} seeds")
}

/// A row a design.
#[must_use]
pub fn table(certificates: &[Certificate]) -> String {
    let mut table = plain_table(&[
        "design",
        "sustains\nTPS",
        "fails\nTPS",
        "p99",
        "of 10k",
        "why it fails",
    ]);
    for certificate in certificates {
        let tps = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), written);
        table.add_row([
            printable(&certificate.label),
            tps(certificate.sustained_tps),
            tps(certificate.failed_tps),
            latency(certificate.finality_ms.p99),
            certificate.headroom_to_10k.map_or_else(
                || "–".to_owned(),
                |headroom| format!("×{}", written(round_to(headroom, 100.0))),
            ),
            printable(&certificate.failed_because),
        ]);
    }
    align(&mut table, 1..5);
    table.trim_fmt() + "\n"
}

fn latency(ms: Option<f64>) -> String {
    ms.map_or_else(|| "–".to_owned(), |ms| Unit::Millis.spell(ms))
}

fn plain_table(head: &[&str]) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(rule).bottom_border(rule));
    table.set_header(head.iter().copied());
    table
}

fn align(table: &mut Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// A row a certificate, as exact as the files.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn csv(certificates: &[Certificate]) -> String {
    const FIGURES: [&str; 13] = [
        "sustained_tps",
        "failed_tps",
        "failed_because",
        "binds",
        "goodput_tps",
        "finality_ms_p50",
        "finality_ms_p99",
        "headroom_to_10k",
        "storage_bytes_per_year",
        "network_bytes_per_day",
        "seeds",
        "probes",
        "key",
    ];
    let mut paths: Vec<&String> = certificates
        .iter()
        .flat_map(|certificate| certificate.variation.keys())
        .collect();
    paths.sort();
    paths.dedup();
    let mut head = vec!["name".to_owned()];
    head.extend(paths.iter().map(|path| (*path).clone()));
    head.extend(FIGURES.map(str::to_owned));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(&head)
        .expect("memory takes every record");
    for certificate in certificates {
        let value = |path: &&String| {
            certificate
                .variation
                .get(*path)
                .cloned()
                .unwrap_or_default()
        };
        let mut row = vec![certificate.name.clone()];
        row.extend(paths.iter().map(value));
        row.extend(figures(certificate));
        writer
            .write_record(&row)
            .expect("every row has the columns of the head");
    }
    let bytes = writer.into_inner().expect("memory takes every record");
    String::from_utf8(bytes).expect("every field is text")
}

fn figures(certificate: &Certificate) -> [String; 13] {
    let cell = |value: Option<f64>| value.map(|number| number.to_string()).unwrap_or_default();
    [
        cell(certificate.sustained_tps),
        cell(certificate.failed_tps),
        certificate.failed_because.clone(),
        certificate.binds.clone(),
        cell(certificate.goodput_tps),
        cell(certificate.finality_ms.p50),
        cell(certificate.finality_ms.p99),
        cell(certificate.headroom_to_10k),
        cell(certificate.storage_bytes_per_year),
        cell(certificate.network_bytes_per_day),
        certificate.seeds.len().to_string(),
        certificate.probes.len().to_string(),
        certificate.key.clone(),
    ]
}

/// One probe in a line, as it is made.
#[must_use]
pub fn probe(probe: &Probe) -> String {
    let sign = if probe.passed { '✓' } else { '✗' };
    let told = match probe.because.as_str() {
        "" => format!("p99 {}", latency(probe.finality_ms_p99)),
        because => because.to_owned(),
    };
    printable(&format!(
        "{sign} {:8} {} for {} s: {told}",
        step(probe),
        rate(probe.offered_tps),
        written(round_to(probe.measured_seconds, 10.0))
    ))
}
