//! Where two plans differ, value by value: a parameter is the most frequent
//! reason why two runs part.

use serde_json::Value;

use crate::plan::Plan;

/// One value that differs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PlanChange {
    /// Its path, as in `batch.max_wait_ns`.
    pub path: String,
    /// The base's value as JSON; empty when it has none.
    pub base: String,
    /// The head's.
    pub head: String,
}

/// The values in which two plans differ, in the order of their paths. What a
/// plan says of itself in words, and which verdict it expects, changes no event
/// and is left out.
///
/// # Panics
/// Never: a plan is JSON.
#[must_use]
pub fn changes(base: &Plan, head: &Plan) -> Vec<PlanChange> {
    let value = |plan: &Plan| serde_json::to_value(plan).expect("a plan is JSON");
    let mut found = Vec::new();
    walk("", Some(&value(base)), Some(&value(head)), &mut found);
    found.retain(|change| {
        let root = change.path.split(['.', '[']).next().unwrap_or_default();
        !["name", "why", "variation", "expect", "targets"].contains(&root)
            && !change.path.ends_with(".source")
    });
    found
}

fn walk(path: &str, base: Option<&Value>, head: Option<&Value>, found: &mut Vec<PlanChange>) {
    match (base, head) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let added = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(added) {
                let dot = if path.is_empty() { "" } else { "." };
                walk(&format!("{path}{dot}{key}"), a.get(key), b.get(key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                walk(
                    &format!("{path}[{index}]"),
                    a.get(index),
                    b.get(index),
                    found,
                );
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            let text = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
            found.push(PlanChange {
                path: path.to_owned(),
                base: text(a),
                head: text(b),
            });
        }
    }
}
