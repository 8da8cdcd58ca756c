//! What a user gets for a faulty scenario: the whole corpus as one snapshot,
//! so that a change of words shows everywhere that it shows.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use groma_experiment::registry::Registry;
use groma_experiment::scenario::{Diagnostics, Scenario};

fn corpus(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn errors_of(name: &str, text: &str, sets: &[(&str, &str)]) -> Diagnostics {
    let sets: Vec<(String, String)> = sets
        .iter()
        .map(|&(path, value)| (path.to_owned(), value.to_owned()))
        .collect();
    match Scenario::parse(name, text, None, &sets, &Registry::standard()) {
        Ok(plans) => panic!("{name} is refused, but made {} plans", plans.len()),
        Err(errors) => errors,
    }
}

#[test]
fn every_fault_is_shown_with_its_place() {
    let mut shown = String::new();
    for path in corpus("bad") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let errors = errors_of(name, &fs::read_to_string(&path).unwrap(), &[]);
        for error in errors.iter() {
            assert!(error.line > 0 && error.column > 0, "{name}: {error}");
        }
        shown.push_str(&format!("{errors}\n{}\n", "-".repeat(72)));
    }
    insta::assert_snapshot!("corpus", shown);
}

#[test]
fn set_arguments_are_named() {
    let text = fs::read_to_string(corpus("good").pop().unwrap()).unwrap();
    let cases: &[&[(&str, &str)]] = &[
        &[("seed", "x")],
        &[("polulation", "5")],
        &[("load.0.tps", "-1")],
        &[("load.7.tps", "1")],
        &[("load", "[]")],
        &[("seed.more", "1")],
        &[("", "1")],
        &[("a..b", "1")],
        &[("why", "a: b: c")],
        &[("why", "*nothing")],
        &[("network", "lann"), ("protocol", "rafd")],
        &[("protocol.raft.x", "1")],
        &[("protocol.pbft.nonsense", "1")],
        &[("machine.coers", "4")],
        &[
            ("vary", "{ protocol: [pbft, raft] }"),
            ("protocol.pbft.x", "1"),
        ],
    ];
    let mut shown = String::new();
    for sets in cases {
        shown.push_str(&format!(
            "{}\n{}\n",
            errors_of("wan.yaml", &text, sets),
            "-".repeat(72)
        ));
    }
    insta::assert_snapshot!("sets", shown);
}

#[test]
fn files_that_are_no_scenarios_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("binary.yaml"), b"name: x\nseed: \xff\xfe\x00garbage").unwrap();
    fs::write(at("huge.yaml"), vec![b'#'; (4 << 20) + 1]).unwrap();
    fs::create_dir(at("folder.yaml")).unwrap();
    fs::create_dir(at("networks")).unwrap();
    fs::write(
        at("networks/broken.yaml"),
        "regions: [a, b]\nrtt_ms: [[1, 2], [3, x]]\n",
    )
    .unwrap();
    fs::write(at("networks/ring.yaml"), "like: ring\n").unwrap();
    fs::write(at("networks/binary.yaml"), b"\xff").unwrap();
    let good = "name: x\nseed: 1\nprotocol: pbft\nworkload: payments\ncommittee: { a: 1 }\nload: [{ for: 1s, tps: 1 }]\n";
    for network in ["broken", "ring", "binary", "missing"] {
        fs::write(
            at(&format!("uses-{network}.yaml")),
            format!("{good}network: {network}\n"),
        )
        .unwrap();
    }
    let mut shown = String::new();
    for name in [
        "binary.yaml",
        "huge.yaml",
        "folder.yaml",
        "missing.yaml",
        "uses-broken.yaml",
        "uses-ring.yaml",
        "uses-binary.yaml",
        "uses-missing.yaml",
    ] {
        let errors = Scenario::load(&at(name), &[], &Registry::standard()).unwrap_err();
        shown.push_str(&format!("{errors}\n{}\n", "-".repeat(72)));
    }
    let shown = shown.replace(folder.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!("files", shown);
}

#[test]
fn a_bomb_of_any_size_is_refused() {
    let mut nested = "a: ".to_owned();
    nested.push_str(&"[".repeat(100_000));
    assert!(
        errors_of("deep", &nested, &[])
            .to_string()
            .contains("nested too deeply")
    );
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert!(
        errors_of("bomb", &bomb, &[])
            .to_string()
            .contains("aliases repeat too much")
    );
}

/// Files that hold too much of something are refused before they cost time.
#[test]
fn excess_is_refused() {
    let base = "name: x\nseed: 1\nprotocol: pbft\nworkload: payments\nnetwork: lan\n";
    let many = |count: usize, one: &dyn Fn(usize) -> String| -> String {
        (0..count)
            .map(|index| format!("{}, ", one(index)))
            .collect()
    };
    let committee = "committee: { a: 1, b: 1 }\n";
    let load = "load: [{ for: 1s, tps: 1 }]\n";
    let keys: String = (0..50_000).map(|key| format!("key{key}: 1\n")).collect();
    let rows = |name: &str, rows: &str| format!("{base}{committee}{load}{name}: [{rows}]\n");
    let regions = many(10_000, &|index| format!("r{index}"));
    let links = many(300, &|index| {
        format!("{{ between: [a, s{index}], rtt: 1ms }}")
    });
    let graph = |regions: &str, links: &str| {
        let base = base.replace("network: lan\n", "");
        format!("{base}{committee}{load}network: {{ regions: [{regions}], links: [{links}] }}\n")
    };
    for (text, part) in [
        (
            format!("{base}{committee}{load}{keys}"),
            "has no key `key0`",
        ),
        (
            format!(
                "{base}{load}committee: {{ {} }}\n",
                many(4_096, &|index| format!("r{index}: 1"))
            ),
            "4096 regions",
        ),
        (
            format!(
                "{base}{committee}load: [{}]\n",
                many(20_000, &|_| "{ for: 1s, tps: 1 }".into())
            ),
            "20000 entries",
        ),
        (
            rows("faults", &many(2_000, &|_| "{ at: 0s, crash: [0] }".into())),
            "2000 entries",
        ),
        (
            format!(
                "{base}{committee}{load}vary: {{ seed: [{}] }}\n",
                many(50_000, &|seed| seed.to_string())
            ),
            "50000 plans",
        ),
        (
            format!(
                "{base}{committee}{load}vary: {{ {} }}\n",
                many(5_000, &|path| format!("p{path}: [1]"))
            ),
            "5000 paths",
        ),
        (
            format!(
                "{base}{committee}{load}why: [{}]\n",
                many(700_000, &|_| "1".into())
            ),
            "holds too much",
        ),
        (
            graph(&regions, "{ between: [a, b], rtt: 1ms }"),
            "10000 entries",
        ),
        (graph("a, b", &links), "too many regions and routers"),
    ] {
        let shown = errors_of("much.yaml", &text, &[]).to_string();
        assert!(
            shown.contains(part),
            "{part}: {}",
            &shown[..shown.len().min(400)]
        );
    }
}
