//! What a machine can check of ARCHITECTURE.md and STYLE.md: edges between
//! rooms, homes of third-party crates, sizes, and banned calls.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms, and the rooms that each may know outside its tests.
const EDGES: &[(&str, &[&str])] = &[
    ("sim", &[]),
    ("ledger", &[]),
    ("consensus-models", &[]),
    ("workloads", &["ledger"]),
    (
        "experiment",
        &["sim", "ledger", "consensus-models", "workloads"],
    ),
    ("reports", &["experiment"]),
    ("cli", &["experiment", "reports"]),
    (
        "benches",
        &[
            "sim",
            "ledger",
            "consensus-models",
            "workloads",
            "experiment",
        ],
    ),
    (
        "examples/own-protocol",
        &["cli", "experiment", "consensus-models"],
    ),
];

/// Third-party crates that one room alone may use outside its tests; `csv` is read in one and written
/// in another.
const HOMES: &[(&str, &str)] = &[
    ("arc-malachitebft-core-consensus", "consensus-models"),
    ("arc-malachitebft-core-types", "consensus-models"),
    ("raft", "consensus-models"),
    ("borsh", "ledger"),
    ("ed25519-dalek", "ledger"),
    ("petgraph", "sim"),
    ("rand_chacha", "sim"),
    ("serde-saphyr", "experiment"),
    ("strsim", "experiment"),
    ("base64", "experiment"),
    ("parquet", "reports"),
    ("plotters", "reports"),
    ("maud", "reports"),
    ("comfy-table", "reports"),
    ("csv", "reports workloads"),
    ("quick-junit", "reports"),
    ("prost", "reports"),
    ("clap", "cli"),
    ("indicatif", "cli"),
    ("ctrlc", "cli"),
    ("mimalloc", "cli"),
    ("chacha20poly1305", "ledger"),
    ("hpke", "ledger"),
];

/// Calls that only the rooms after them may make.
const BANNED: &[(&str, &[&str])] = &[
    ("Instant::now", &["cli", "benches"]),
    ("SystemTime::now", &["cli"]),
    ("thread_rng", &[]),
    ("rand::rng()", &[]),
    ("from_os_rng", &[]),
    ("std::collections::HashMap", &[]),
    ("std::collections::HashSet", &[]),
    ("thread::sleep", &["cli"]),
];

const MAX_FILE: usize = 600;
const MAX_FUNCTION: usize = 70;
/// A test that plays a whole script may be longer.
const MAX_TEST_FUNCTION: usize = 150;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Every Rust file below the rooms: path from the root, and text.
fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    for (room, _) in EDGES {
        walk(&root.join(room), &mut found);
    }
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            let text = fs::read_to_string(&path).unwrap();
            (name, text)
        })
        .collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            walk(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// Names under `[dependencies]` of a room, and under all its dependency tables.
fn dependencies(room: &str) -> (Vec<String>, Vec<String>) {
    let text = fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap();
    let (mut plain, mut all, mut table) = (Vec::new(), Vec::new(), "");
    for line in text.lines() {
        if let Some(header) = line.trim().strip_prefix('[') {
            table = header.trim_end_matches(']');
            continue;
        }
        let Some(name) = line
            .split(['.', '=', ' '])
            .next()
            .filter(|name| !name.is_empty())
        else {
            continue;
        };
        if table.ends_with("dependencies") && !name.starts_with('#') {
            all.push(name.to_owned());
            if table == "dependencies" {
                plain.push(name.to_owned());
            }
        }
    }
    (plain, all)
}

fn package(room: &str) -> String {
    match room {
        "cli" => "groma".to_owned(),
        _ => format!("groma-{room}"),
    }
}

#[test]
fn rooms_know_only_whom_they_may() {
    for (room, may) in EDGES {
        let (plain, all) = dependencies(room);
        let names = if *room == "benches" { all } else { plain };
        for name in names
            .iter()
            .filter(|name| *name == "groma" || name.starts_with("groma-"))
        {
            assert!(
                may.iter().any(|other| package(other) == *name),
                "{room} must not know {name}"
            );
        }
    }
}

#[test]
fn each_third_party_crate_has_one_home() {
    for (room, _) in EDGES {
        let (plain, _) = dependencies(room);
        for (dependency, home) in HOMES {
            let has = plain.iter().any(|name| name == dependency);
            assert!(
                !has || home.split(' ').any(|home| room == &home),
                "{dependency} lives in {home}, not in {room}"
            );
        }
    }
}

#[test]
fn every_member_is_checked() {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = text
        .split("\nmembers = [")
        .nth(1)
        .unwrap()
        .split(']')
        .next()
        .unwrap();
    let members: Vec<&str> = members
        .split(',')
        .map(|name| name.trim().trim_matches('"'))
        .collect();
    for member in members.iter().filter(|name| !name.is_empty()) {
        assert!(
            EDGES.iter().any(|(room, _)| room == member),
            "{member} is in no line of EDGES"
        );
    }
}

/// Fails with all that was found, so that one run shows everything.
#[track_caller]
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut problems = Vec::new();
    for (name, text) in sources() {
        let lines = text.lines().count();
        if lines > MAX_FILE {
            problems.push(format!("{name} has {lines} lines, {MAX_FILE} are allowed"));
        }
        let head = text.lines().find(|line| !line.starts_with("#!["));
        if !head.is_some_and(|line| line.starts_with("//!")) {
            problems.push(format!("{name} does not begin with //!"));
        }
    }
    none(&problems);
}

#[test]
fn functions_are_short() {
    let mut problems = Vec::new();
    for (name, text) in sources() {
        let most = if name.contains("/src/") {
            MAX_FUNCTION
        } else {
            MAX_TEST_FUNCTION
        };
        for (function, lines) in functions(&text) {
            if lines > most {
                problems.push(format!(
                    "{name}: {function} has {lines} lines, {most} are allowed"
                ));
            }
        }
    }
    none(&problems);
}

/// Functions by name with their lengths. The formatter closes a function at the
/// indentation at which it began, which makes this exact enough.
fn functions(text: &str) -> BTreeMap<String, usize> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = BTreeMap::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let words = code.split_once("fn ").filter(|(before, _)| {
            before
                .split_whitespace()
                .all(|word| word.starts_with("pub") || ["const", "async", "unsafe"].contains(&word))
        });
        let Some((_, rest)) = words else { continue };
        let indent = line.len() - code.len();
        // A method that a trait only declares has no body.
        let mut signature = lines[start..].iter().map(|line| line.trim_end());
        let last = signature.find(|line| line.ends_with(['{', '}', ';']));
        if last.is_some_and(|line| line.ends_with(';')) {
            continue;
        }
        let close = format!("{}}}", " ".repeat(indent));
        let Some(length) = lines[start..].iter().position(|line| *line == close) else {
            continue;
        };
        let name = rest.split(['(', '<']).next().unwrap_or(rest);
        found.insert(format!("{name} (line {})", start + 1), length + 1);
    }
    found
}

#[test]
fn nothing_reads_a_clock_or_entropy_where_it_must_not() {
    let mut problems = Vec::new();
    for (name, text) in sources() {
        if name == "cli/tests/tidy.rs" {
            continue;
        }
        for (call, rooms) in BANNED {
            // The standard maps draw their seed, unless a hasher is named.
            let fixed = call.starts_with("std::coll") && text.contains("BuildHasherDefault");
            let allowed = fixed
                || rooms
                    .iter()
                    .any(|room| name.starts_with(&format!("{room}/")));
            let mut lines = text.lines();
            let line =
                lines.position(|line| line.contains(call) && !line.trim_start().starts_with("//"));
            if let Some(line) = line.filter(|_| !allowed) {
                problems.push(format!("{name}:{} calls {call}", line + 1));
            }
        }
    }
    none(&problems);
}

#[test]
fn no_finished_work_is_marked_unfinished() {
    // Spelt in two parts, so that this file does not find itself.
    let marks = [
        ["to", "do!"],
        ["FIX", "ME"],
        ["TO", "DO:"],
        ["unimple", "mented!"],
    ]
    .map(|parts| parts.concat());
    let mut problems = Vec::new();
    for (name, text) in sources() {
        let found = marks.iter().filter(|mark| text.contains(mark.as_str()));
        problems.extend(found.map(|mark| format!("{name} holds {mark}")));
    }
    none(&problems);
}
