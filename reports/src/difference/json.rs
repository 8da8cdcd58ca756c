//! The comparison for programs: every figure with every digit.

use serde_json::{Value, json};

use super::change::Change;
use super::group::{Estimate, Group, LEVEL};
use super::{Alone, Difference, Pair, Ruling};

/// Schema name in every document.
pub const SCHEMA: &str = "groma.compare/1";

/// Renders it.
#[must_use]
pub fn json(difference: &Difference) -> String {
    let (equal, _) = difference.equal();
    let document = json!({
        "schema": SCHEMA,
        "base": difference.names[0],
        "head": difference.names[1],
        "headline": difference.headline(),
        "notes": difference.notes,
        "equal_pairs": equal,
        "level": LEVEL,
        "pairs": list(&difference.pairs, pair),
        "groups": list(&difference.groups, group),
        "alone": list(&difference.alone, alone),
        "host": difference.host.iter().map(|advice| {
            json!({ "name": advice.name, "ratio": advice.ratio, "pairs": advice.pairs })
        }).collect::<Value>(),
        "rules": list(&difference.rulings, ruling),
        "failed": difference.failed(),
    });
    format!("{document:#}\n")
}

fn list<T>(items: &[T], one: fn(&T) -> Value) -> Value {
    items.iter().map(one).collect()
}

fn pair(pair: &Pair) -> Value {
    json!({
        "place": pair.place,
        "keys": { "base": pair.keys[0], "head": pair.keys[1] },
        "exact": pair.exact,
        "equal": pair.is_equal(),
        "words": pair.words.iter().map(|word| {
            json!({ "name": word.name, "base": word.base, "head": word.head, "changed": word.has_changed() })
        }).collect::<Value>(),
        "figures": list(&pair.changes, change),
    })
}

fn change(change: &Change) -> Value {
    json!({
        "metric": change.quantity.id,
        "base": change.base,
        "head": change.head,
        "change": change.share.filter(|share| share.is_finite()),
        "turn": change.turn.word(),
    })
}

fn group(group: &Group) -> Value {
    json!({
        "place": group.place,
        "paired": group.paired,
        "exact": group.exact,
        "seeds": { "base": group.seeds[0], "head": group.seeds[1] },
        "tested": group.tested,
        "smallest_p": group.smallest,
        "changed": group.has_changed(),
        "figures": list(&group.estimates, estimate),
    })
}

fn estimate(estimate: &Estimate) -> Value {
    let mut value = change(&estimate.change);
    value["judged"] = json!(estimate.judged);
    value["interval"] = json!(estimate.interval.map(|(low, high)| [low, high]));
    value["p"] = json!(estimate.chance);
    value["shown"] = json!(estimate.is_shown());
    value["missing"] = json!({ "base": estimate.missing[0], "head": estimate.missing[1] });
    value
}

fn alone(alone: &Alone) -> Value {
    json!({ "side": alone.side.word(), "place": alone.place, "key": alone.key })
}

fn ruling(ruling: &Ruling) -> Value {
    json!({
        "rule": ruling.rule,
        "place": ruling.place,
        "state": ruling.state.word(),
        "seen": ruling.seen,
    })
}
