//! Whether two plans ask for the same: the first fields that differ, by path.
//! Words that only explain a plan, and the seed, which tells runs apart, are no
//! difference.

use groma_experiment::plan::Plan;
use serde_json::Value;

/// Fields of a plan that explain it, name it or tell it apart.
const ASIDE: [&str; 4] = ["why", "variation", "seed", "name"];

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// As in `batch.max_wait_ns`.
    pub path: String,
    /// Its value at the base; `nothing` where it is not there.
    pub base: String,
    /// At the head.
    pub head: String,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} -> {}", self.path, self.base, self.head)
    }
}

/// The fields in which two plans differ, in the order of their paths.
#[must_use]
pub fn differing(base: &Plan, head: &Plan) -> Vec<Field> {
    let tree = |plan: &Plan| {
        serde_json::to_value(plan).expect("a plan has only string keys and finite numbers")
    };
    let mut found = Vec::new();
    walk("", &tree(base), &tree(head), &mut found);
    found
}

fn walk(path: &str, base: &Value, head: &Value, found: &mut Vec<Field>) {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match (base, head) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys.into_iter().filter(|key| !aside(path, key)) {
                let side = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or(Value::Null)
                };
                walk(&below(key), &side(left), &side(right), found);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            for place in 0..left.len().max(right.len()) {
                let side = |list: &[Value]| list.get(place).cloned().unwrap_or(Value::Null);
                walk(&below(&place.to_string()), &side(left), &side(right), found);
            }
        }
        _ if base == head => {}
        _ => found.push(Field {
            path: path.to_owned(),
            base: brief(base),
            head: brief(head),
        }),
    }
}

/// A protocol, a parameter or a region may be called as it likes: only the
/// plan's own words and those of its named parts stand aside.
fn aside(path: &str, key: &str) -> bool {
    match path {
        "" => ASIDE.contains(&key),
        "network" | "machine" | "costs" => key == "source" || key == "name",
        _ => false,
    }
}

/// A value in a few letters.
fn brief(value: &Value) -> String {
    const LETTERS: usize = 40;
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= LETTERS {
        return text;
    }
    let head: String = text.chars().take(LETTERS - 3).collect();
    format!("{head}...")
}
