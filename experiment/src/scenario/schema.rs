//! The JSON Schema of the scenario file, for editors: drawn from the same
//! tables as the reader.

use groma_consensus_models::{ParamKind, ParamSpec};
use groma_workloads::WORKLOADS;
use serde_json::{Map, Value, json};

use super::keys::SCENARIO;
use super::protocol::{ATTACK, MISTAKE, WEIGHT};
use super::shape::{Key, Need, Number, Shape, Table};
use super::unit::Unit;
use crate::library;
use crate::registry::Registry;

/// The JSON Schema (draft 2020-12) of a scenario, with the protocols of this
/// registry and their parameters.
#[must_use]
pub fn schema(registry: &Registry) -> Value {
    let mut root = object(&SCENARIO, registry);
    let mut out = Map::new();
    out.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    out.insert("title".to_owned(), json!("Groma scenario"));
    // Keys that `vary` gives need not stand in the file itself.
    if let Some(root) = root.as_object_mut() {
        let needed = root.remove("required").unwrap_or(json!([]));
        out.append(root);
        out.insert("if".to_owned(), json!({ "not": { "required": ["vary"] } }));
        out.insert("then".to_owned(), json!({ "required": needed }));
        out.insert("else".to_owned(), json!({ "required": ["name"] }));
    }
    Value::Object(out)
}

fn object(table: &Table, registry: &Registry) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        properties.insert(key.name.to_owned(), property(key, registry));
    }
    let required: Vec<&str> = table
        .keys
        .iter()
        .filter(|key| matches!(key.need, Need::Required))
        .map(|key| key.name)
        .collect();
    let mut out = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    if !required.is_empty() {
        out["required"] = json!(required);
    }
    if !table.one_of.is_empty() {
        let choices: Vec<Value> = table
            .one_of
            .iter()
            .map(|name| json!({ "required": [name] }))
            .collect();
        out["oneOf"] = json!(choices);
    }
    out
}

fn property(key: &Key, registry: &Registry) -> Value {
    let mut out = shape(key.shape, registry);
    out["description"] = json!(key.help);
    if let Need::Default(text) = key.need {
        out["default"] = default(key.shape, text);
    }
    out
}

/// A default as a value of its own type.
fn default(shape: Shape, text: &str) -> Value {
    match shape {
        Shape::Flag => json!(text == "true"),
        Shape::Number(Number {
            unit: unit @ Unit::Count,
            ..
        })
        | Shape::NumberOrMap(Number { unit, .. }) => {
            unit.parse(text).map_or(json!(text), |value| json!(value))
        }
        _ => json!(text),
    }
}

fn shape(shape: Shape, registry: &Registry) -> Value {
    match shape {
        Shape::Name => json!({ "type": "string", "pattern": "^[a-z0-9-]{1,64}$" }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::Number(bounds) => number(bounds),
        Shape::Moment(bounds) => {
            let clock = json!({ "type": "string", "pattern": super::moment::PATTERN });
            any([number(bounds), clock])
        }
        Shape::NumberOrMap(bounds) => any([
            number(bounds),
            json!({
                "type": "object",
                "minProperties": 1,
                "additionalProperties": number(bounds),
            }),
        ]),
        Shape::Object(table) => object(table, registry),
        Shape::WordOr(words, table) => any([json!({ "enum": words }), object(table, registry)]),
        Shape::List(item) => json!({ "type": "array", "items": self::shape(*item, registry) }),
        Shape::Map(value) => json!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": self::shape(*value, registry),
        }),
        Shape::Shelf(shelf) => {
            let names: Vec<&str> = library::names(shelf.folder()).collect();
            let mut inline = object(shelf.table(), registry);
            // With `like`, every key may be left out.
            let needed = inline
                .as_object_mut()
                .map(|keys| (keys.remove("required"), keys.remove("oneOf")));
            if let Some((required, one_of)) = needed {
                let mut alone = Map::new();
                alone.extend(required.map(|keys| ("required".to_owned(), keys)));
                alone.extend(one_of.map(|keys| ("oneOf".to_owned(), keys)));
                inline["anyOf"] = json!([{ "required": ["like"] }, alone]);
            }
            let name =
                json!({ "type": "string", "pattern": "^[a-z0-9-]{1,64}$", "examples": names });
            any([name, inline])
        }
        Shape::Protocol => protocol(registry),
        Shape::Workload => workload(),
        Shape::Replicas => json!({
            "type": "array",
            "minItems": 1,
            "items": any([json!({ "type": "integer", "minimum": 0 }), json!({ "type": "string" })]),
        }),
        Shape::Vary => json!({
            "type": "object",
            "additionalProperties": { "type": "array", "minItems": 1 },
        }),
    }
}

fn any<const N: usize>(choices: [Value; N]) -> Value {
    json!({ "anyOf": choices.as_slice() })
}

/// A number, or a text with a unit, or the word for zero.
fn number(bounds: Number) -> Value {
    let mut choices = Vec::new();
    let scale = match bounds.unit {
        Unit::Count => Some(1.0),
        Unit::Decimal => Some(1e3),
        Unit::Milliseconds | Unit::Share => Some(1e6),
        Unit::Size => Some(1.0),
        _ => None,
    };
    match (bounds.unit, scale) {
        (Unit::Count, _) => choices.push(json!({
            "type": "integer", "minimum": bounds.min, "maximum": bounds.max,
        })),
        (_, Some(scale)) => choices.push(json!({
            "type": "number", "minimum": bounds.min as f64 / scale, "maximum": bounds.max as f64 / scale,
        })),
        _ => {}
    }
    // Underscored numbers are texts to a JSON Schema.
    let grouped = matches!(bounds.unit, Unit::Count | Unit::Decimal);
    if grouped {
        choices.push(json!({ "type": "string", "pattern": "^[0-9][0-9_]*(\\.[0-9]+)?$" }));
    }
    if let Some(pattern) = bounds.unit.pattern() {
        choices.push(json!({ "type": "string", "pattern": pattern }));
    }
    if scale.is_none() && bounds.min == 0 {
        choices.push(json!({ "const": 0 }));
    }
    if let Some(word) = bounds.zero {
        choices.push(json!({ "const": word }));
    }
    if choices.len() == 1 {
        return choices.remove(0);
    }
    json!({ "anyOf": choices })
}

fn protocol(registry: &Registry) -> Value {
    let names: Vec<&str> = registry.entries().iter().map(|entry| entry.name).collect();
    let mut properties = Map::new();
    for entry in registry.entries() {
        let params: Map<String, Value> = entry
            .params
            .iter()
            .map(|spec| (spec.name.to_owned(), parameter(spec)))
            .collect();
        properties.insert(
            entry.name.to_owned(),
            json!({
                "type": ["object", "null"],
                "description": entry.source,
                "additionalProperties": false,
                "properties": params,
            }),
        );
    }
    any([
        json!({ "enum": names }),
        json!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
            "properties": properties,
        }),
    ])
}

fn parameter(spec: &ParamSpec) -> Value {
    let mut out = match spec.kind {
        ParamKind::Duration { .. } => json!({
            "type": "string", "pattern": "^[0-9][0-9_]*(\\.[0-9]+)?(ns|us|ms|s|m|h)$",
        }),
        ParamKind::Integer { min, max } => number(Number {
            unit: Unit::Count,
            min,
            max,
            zero: None,
        }),
        ParamKind::Choice(words) => json!({ "enum": words }),
        ParamKind::Flag => json!({ "type": "boolean" }),
    };
    out["description"] = json!(spec.help);
    out["default"] = match spec.kind {
        ParamKind::Integer { .. } => spec
            .default
            .replace('_', "")
            .parse::<u64>()
            .map_or(json!(spec.default), |value| json!(value)),
        ParamKind::Flag => json!(spec.default == "true"),
        _ => json!(spec.default),
    };
    out
}

fn workload() -> Value {
    let names: Vec<&str> = WORKLOADS.iter().map(|entry| entry.name).collect();
    let parts: Map<String, Value> = WORKLOADS
        .iter()
        .map(|entry| {
            let mut weight = number(WEIGHT);
            weight["description"] = json!(entry.summary);
            (entry.name.to_owned(), weight)
        })
        .collect();
    let share = |bounds, what: &str, usual: &str| {
        let mut share = number(bounds);
        share["description"] = json!(what);
        share["default"] = json!(usual);
        share
    };
    any([
        json!({ "enum": names }),
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["mix"],
            "properties": {
                "mix": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": false,
                    "properties": parts,
                },
                "attack": share(ATTACK, "Share of the transactions by which somebody cheats, where a workload has attackers.", "0.5%"),
                "mistake": share(MISTAKE, "Share of the transactions by which somebody errs, where a workload has mistakes.", "2.1%"),
            },
        }),
    ])
}
