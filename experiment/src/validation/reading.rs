//! A run as rows read it: any figure of its record, by path.

use serde_json::Value;

use crate::plan::Plan;
use crate::result::{RunResult, Verdict};

/// What rows read of a run.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The record, with the figures beside it under `beside`.
    value: Value,
    plan: Plan,
    broken: bool,
}

impl Reading {
    /// Reads a result.
    ///
    /// # Panics
    /// Never: a record holds only string keys and finite numbers.
    #[must_use]
    pub fn of(result: &RunResult) -> Self {
        let mut value = serde_json::to_value(&result.record).expect("a record is plain data");
        value["beside"] = serde_json::to_value(&result.beside).expect("figures are plain data");
        Self {
            value,
            plan: result.record.plan.clone(),
            broken: result.record.verdict == Verdict::Violated,
        }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether an invariant broke: then no figure of the run means anything.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// The number at a path such as `load.goodput_tps`. A part of a list is
    /// named by its place, or by its `id`, `lane` or `region`. Kinds of messages
    /// that were never sent count 0.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<f64> {
        let mut at = &self.value;
        for part in path.split('.') {
            let next = match at {
                Value::Array(items) => part
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .or_else(|| items.iter().find(|item| is_called(item, part))),
                _ => at.get(part),
            };
            match next {
                Some(next) => at = next,
                None if path.starts_with("messages.") => return Some(0.0),
                None => return None,
            }
        }
        at.as_f64()
    }
}

fn is_called(item: &Value, name: &str) -> bool {
    let keys = ["id", "lane", "region"];
    keys.iter()
        .any(|key| item.get(key).and_then(Value::as_str) == Some(name))
}
