//! The schema and the reader agree: whatever the reader takes, the schema takes
//! too, and keys that the reader refuses, the schema refuses.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::tree::{Node, Value};
use super::{STARTER, Scenario, schema, source, yaml};
use crate::registry::Registry;

/// A YAML value as an editor sees it (YAML 1.2 core schema).
fn json_of(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Scalar { text, plain: false } => json!(text),
        Value::Scalar { text, .. } => match text.as_str() {
            "true" => json!(true),
            "false" => json!(false),
            _ => text
                .parse::<u64>()
                .map(Json::from)
                .or_else(|_| text.parse::<f64>().map(Json::from))
                .unwrap_or_else(|_| json!(text)),
        },
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json_of(&entry.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

fn parsed(text: &str) -> Json {
    let mut sources = source::Sources::default();
    let id = sources.add("test", text);
    json_of(&yaml::parse(&sources, id, 0).unwrap())
}

/// The part of JSON Schema that the schema uses. A pattern is checked by its
/// first and last letters only: the suffixes are tested with the units.
fn valid(schema: &Json, value: &Json) -> bool {
    let keyword = |name: &str| schema.get(name);
    let all = |name: &str| keyword(name).and_then(Json::as_array);
    let types = match keyword("type") {
        None => vec![],
        Some(Json::Array(types)) => types.clone(),
        Some(one) => vec![one.clone()],
    };
    let is = |kind: &Json| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    };
    let number = |name: &str| keyword(name).and_then(Json::as_f64);
    let bounded = value.as_f64().is_none_or(|value| {
        number("minimum").is_none_or(|min| value >= min)
            && number("maximum").is_none_or(|max| value <= max)
    });
    let sized = value
        .as_array()
        .is_none_or(|items| items.len() as f64 >= number("minItems").unwrap_or(0.0))
        && value.as_object().is_none_or(|map| {
            let length = map.len() as f64;
            length >= number("minProperties").unwrap_or(0.0)
                && length <= number("maxProperties").unwrap_or(1e9)
        });
    let digits = keyword("pattern")
        .and_then(Json::as_str)
        .is_some_and(|pattern| pattern.starts_with("^[0-9]["));
    let patterned = !digits
        || value
            .as_str()
            .is_none_or(|text| text.starts_with(|first: char| first.is_ascii_digit()));
    let shaped = types.is_empty() || types.iter().any(is);
    let chosen = all("enum").is_none_or(|words| words.contains(value))
        && keyword("const").is_none_or(|only| only == value)
        && all("anyOf").is_none_or(|any| any.iter().any(|one| valid(one, value)))
        && all("oneOf")
            .is_none_or(|one_of| one_of.iter().filter(|one| valid(one, value)).count() == 1)
        && keyword("not").is_none_or(|not| !valid(not, value));
    let conditional = keyword("if").is_none_or(|condition| {
        let branch = if valid(condition, value) {
            "then"
        } else {
            "else"
        };
        keyword(branch).is_none_or(|branch| valid(branch, value))
    });
    shaped && bounded && sized && patterned && chosen && conditional && parts(schema, value)
}

fn parts(schema: &Json, value: &Json) -> bool {
    let items = match (schema.get("items"), value.as_array()) {
        (Some(item), Some(values)) => values.iter().all(|value| valid(item, value)),
        _ => true,
    };
    let Some(map) = value.as_object() else {
        return items;
    };
    let required = schema.get("required").and_then(Json::as_array);
    let complete = required.is_none_or(|keys| {
        keys.iter()
            .all(|key| map.contains_key(key.as_str().unwrap()))
    });
    let known = map.iter().all(|(key, value)| {
        match (
            schema.get("properties").and_then(|all| all.get(key)),
            schema.get("additionalProperties"),
        ) {
            (Some(property), _) => valid(property, value),
            (None, None) => true,
            (None, Some(Json::Bool(free))) => *free,
            (None, Some(other)) => valid(other, value),
        }
    });
    items && complete && known
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            files.push(path);
        }
    }
    files
}

#[test]
fn what_the_reader_takes_the_schema_takes() {
    let schema = schema(&Registry::standard());
    assert!(valid(&schema, &parsed(STARTER)));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = yaml_files(&here.join("tests/corpus/good"));
    // Merge keys are a matter of YAML, which editors resolve by themselves.
    files.retain(|path| !path.ends_with("anchors.yaml"));
    files.extend(
        yaml_files(&here.join("../scenarios"))
            .into_iter()
            .filter(|path| {
                let folder = path.parent().unwrap().file_name().unwrap();
                !["networks", "machines", "costs"]
                    .iter()
                    .any(|shelf| folder == *shelf)
            }),
    );
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        assert!(valid(&schema, &parsed(&text)), "{}", path.display());
    }
}

#[test]
fn the_schema_takes_every_file_of_the_library() {
    let schema = schema(&Registry::standard());
    for key in ["network", "machine", "costs"] {
        let shelf = if key == "costs" {
            key.to_owned()
        } else {
            format!("{key}s")
        };
        let inline = &schema["properties"][key]["anyOf"][1];
        for name in crate::library::names(&shelf) {
            let text = crate::library::text(&shelf, name).unwrap();
            assert!(valid(inline, &parsed(text)), "{shelf}/{name}");
        }
    }
}

#[test]
fn what_the_schema_refuses_by_key_the_reader_refuses() {
    let schema = schema(&Registry::standard());
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/bad");
    for name in [
        "unknown-key",
        "missing-seed",
        "wrong-type-text",
        "unknown-protocol",
        "unknown-parameter",
        "batch-zero",
        "fault-two",
        "phase-no-rate",
        "phase-open-and-closed",
        "expect-word",
        "mix-unknown",
        "mix-attack",
        "target-unknown",
        "machine-incomplete",
        "network-two-kinds",
        "tps-huge",
        "fault-unknown",
        "vary-empty",
    ] {
        let text = fs::read_to_string(corpus.join(format!("{name}.yaml"))).unwrap();
        assert!(!valid(&schema, &parsed(&text)), "{name}");
        assert!(Scenario::parse(name, &text, None, &[], &Registry::standard()).is_err());
    }
}
