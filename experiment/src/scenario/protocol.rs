//! Reading the protocol with its parameters, and the workload with its mix.
//! Both are open sets: names come from their tables of constructors.

use std::collections::BTreeMap;

use groma_consensus_models::{ParamKind, ParamSpec, ParamValue};
use groma_workloads::WORKLOADS;
use groma_workloads::workload::{ATTACK_PPM, MISTAKE_PPM};

use super::diagnostic::Problem;
use super::section::{Reported, Sink, read_number};
use super::shape::Number;
use super::suggest::{did_you_mean, instead, list};
use super::tree::{Entry, Node, Value, shorten};
use super::unit::Unit;
use crate::plan::{ProtocolPlan, WorkloadPlan, WorkloadShare};
use crate::registry::Registry;

/// Weights of a mix, in thousandths.
pub(crate) const WEIGHT: Number = Number {
    unit: Unit::Decimal,
    min: 1,
    max: 1_000_000_000,
    zero: None,
};

/// By which somebody cheats, in millionths: a workload's attacks stand among few of its steps.
pub(crate) const ATTACK: Number = Number {
    unit: Unit::Share,
    min: 0,
    max: 50_000,
    zero: None,
};

/// By which somebody errs, in millionths.
pub(crate) const MISTAKE: Number = Number {
    unit: Unit::Share,
    min: 0,
    max: 500_000,
    zero: None,
};

/// Reads `pbft` or `{ pbft: { view_timeout: 2s } }`.
pub(crate) fn protocol(
    node: &Node,
    registry: &Registry,
    sink: &Sink,
) -> Result<ProtocolPlan, Reported> {
    let (name, span, params) = match &node.value {
        Value::Scalar { text, .. } => (text, node.span, None),
        Value::Map(entries) => match entries.as_slice() {
            [only] => (&only.key, only.key_span, Some(&only.value)),
            _ => return Err(sink.report(one_protocol(node))),
        },
        _ => return Err(sink.report(one_protocol(node))),
    };
    let Some(entry) = registry.find(name) else {
        if let Some(missing) = registry.unbuilt().find(|missing| missing.name == name) {
            let message = format!("protocol `{}` is not in this build", missing.name);
            // All of them: the next name may lack another.
            let features: Vec<&str> = registry.unbuilt().map(|one| one.feature).collect();
            let hint = format!(
                "build it in:  cargo build --release --features {}",
                features.join(",")
            );
            return Err(sink.report(Problem::new(span, message).hint(hint)));
        }
        let message = format!("there is no protocol `{}`", shorten(name));
        let known: Vec<&str> = registry.entries().iter().map(|entry| entry.name).collect();
        return Err(sink.report(instead(Problem::new(span, message), name, &known)));
    };
    let given: &[Entry] = match params.map(|params| &params.value) {
        None | Some(Value::Null) => &[],
        Some(Value::Map(given)) => given,
        Some(_) => {
            let message = format!("the parameters of `{name}` are a map");
            let names = list(entry.params.iter().map(|spec| spec.name));
            let span = params.map_or(span, |params| params.span);
            return Err(sink.report(Problem::new(span, message).expected(format!("keys: {names}"))));
        }
    };
    Ok(ProtocolPlan {
        name: name.clone(),
        params: parameters(name, &entry.params, given, sink)?,
    })
}

fn one_protocol(node: &Node) -> Problem {
    Problem::new(node.span, format!("a protocol cannot be {}", node.found()))
        .expected("one name, such as pbft, or one name with parameters, such as { pbft: { view_timeout: 2s } }")
        .hint("to compare several, vary it:  vary: { protocol: [pbft, hotstuff] }")
}

/// Every declared parameter: as given, or its default.
fn parameters(
    protocol: &str,
    specs: &[ParamSpec],
    given: &[Entry],
    sink: &Sink,
) -> Result<BTreeMap<String, String>, Reported> {
    let known: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
    let mut failed = None;
    for entry in given {
        if sink.is_full() {
            break;
        }
        if !known.contains(&entry.key.as_str()) {
            let message = format!(
                "protocol `{protocol}` has no parameter `{}`",
                shorten(&entry.key)
            );
            let problem = instead(Problem::new(entry.key_span, message), &entry.key, &known);
            failed = Some(sink.report(problem));
        }
    }
    let mut params = BTreeMap::new();
    for spec in specs {
        let entry = given.iter().find(|entry| entry.key == spec.name);
        let text = match entry {
            None => spec.default,
            Some(entry) => entry.value.text().unwrap_or(""),
        };
        match spec.parse(text) {
            Ok(value) => {
                params.insert(spec.name.to_owned(), written(&value));
            }
            Err(why) => {
                let span = entry.map_or_else(
                    || panic!("default of parameter `{}` is well-formed: {why}", spec.name),
                    |entry| entry.value.span,
                );
                let message = format!("parameter `{}` of `{protocol}`: {why}", spec.name);
                let hint = match spec.kind {
                    ParamKind::Choice(words) => did_you_mean(text, words.iter().copied()),
                    _ => None,
                };
                let hint =
                    hint.unwrap_or_else(|| format!("{} (default {})", spec.help, spec.default));
                failed = Some(sink.report(Problem::new(span, message).hint(hint)));
            }
        }
    }
    failed.map_or(Ok(params), Err)
}

/// One spelling for each value, so that equal plans have equal keys.
fn written(value: &ParamValue) -> String {
    match value {
        ParamValue::Duration(span) => {
            let nanos = u64::try_from(span.as_nanos()).expect("a parsed duration fits 64 bits");
            match Unit::Duration.format(nanos) {
                // The days that a scenario may write are not all that a
                // parameter may be written in.
                text if text.ends_with('d') => format!("{}h", nanos / 3_600_000_000_000),
                text if text == "0" => "0ns".to_owned(),
                text => text,
            }
        }
        ParamValue::Integer(number) => number.to_string(),
        ParamValue::Choice(word) => word.clone(),
        ParamValue::Flag(flag) => flag.to_string(),
    }
}

/// Reads `invoices` or `{ mix: { invoices: 0.6, payments: 0.4 }, attack: 1%, mistake: 0% }`.
pub(crate) fn workload(node: &Node, sink: &Sink) -> Result<WorkloadPlan, Reported> {
    let shape = || "a name, such as payments, or { mix: { name: weight } }";
    let entries = match &node.value {
        Value::Scalar { text, .. } => {
            let share = named(text, node.span, sink).map(|workload| WorkloadShare {
                workload,
                share_milli: 1_000,
            });
            return Ok(WorkloadPlan::usual(vec![share?]));
        }
        Value::Map(entries) => entries.as_slice(),
        _ => {
            let message = format!("a workload cannot be {}", node.found());
            return Err(sink.report(Problem::new(node.span, message).expected(shape())));
        }
    };
    let is_known = |entry: &&Entry| ["mix", "attack", "mistake"].contains(&entry.key.as_str());
    let of = |key: &str| entries.iter().find(|entry| entry.key == key);
    let stranger = entries.iter().find(|entry| !is_known(entry));
    let (Some(parts), None) = (of("mix"), stranger) else {
        let culprit = stranger.or(entries.first());
        let span = culprit.map_or(node.span, |entry| entry.key_span);
        let problem = Problem::new(span, "this is no workload").expected(shape());
        return Err(sink.report(problem.hint("several workloads stand under `mix`")));
    };
    let ppm = |key: &str, bounds: Number, usual: u32| match of(key) {
        None => Ok(usual),
        Some(entry) => read_number(&entry.value, bounds, key)
            .map(|ppm| u32::try_from(ppm).expect("a share is bounded"))
            .map_err(|problem| sink.report(problem)),
    };
    let (attack, mistake) = (
        ppm("attack", ATTACK, ATTACK_PPM),
        ppm("mistake", MISTAKE, MISTAKE_PPM),
    );
    Ok(WorkloadPlan {
        mix: mix(&parts.value, sink)?,
        attack_ppm: attack?,
        mistake_ppm: mistake?,
        apart: Vec::new(),
    })
}

/// Reads names with weights.
fn mix(parts: &Node, sink: &Sink) -> Result<Vec<WorkloadShare>, Reported> {
    let entries: &[Entry] = match &parts.value {
        Value::Map(entries) if !entries.is_empty() => entries,
        _ => {
            let message = format!("a mix cannot be {}", parts.found());
            let problem = Problem::new(parts.span, message);
            return Err(
                sink.report(problem.expected("names with weights, such as { payments: 0.6 }"))
            );
        }
    };
    let mut mix = Vec::new();
    let mut failed = None;
    for entry in entries {
        if sink.is_full() {
            break;
        }
        let share =
            read_number(&entry.value, WEIGHT, &entry.key).map_err(|problem| sink.report(problem));
        match (named(&entry.key, entry.key_span, sink), share) {
            (Ok(workload), Ok(share)) => mix.push(WorkloadShare {
                workload,
                share_milli: u32::try_from(share).expect("a weight is bounded"),
            }),
            (Err(reported), _) | (_, Err(reported)) => failed = Some(reported),
        }
    }
    failed.map_or(Ok(mix), Err)
}

fn named(name: &str, span: super::source::Span, sink: &Sink) -> Result<String, Reported> {
    let known: Vec<&str> = WORKLOADS.iter().map(|entry| entry.name).collect();
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    let message = format!("there is no workload `{}`", shorten(name));
    Err(sink.report(instead(Problem::new(span, message), name, &known)))
}
