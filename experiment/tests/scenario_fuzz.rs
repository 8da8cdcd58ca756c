//! Whatever a file holds, reading it ends with plans or with errors that show
//! their place; it never panics.

#![allow(clippy::unwrap_used)]

use groma_experiment::registry::Registry;
use groma_experiment::scenario::Scenario;
use proptest::prelude::*;

const FULL: &str = include_str!("corpus/good/full.yaml");
const GRAPH: &str = include_str!("corpus/good/graph.yaml");

/// Pieces that mean something to the reader, so that a mutation gets far.
const PIECES: [&str; 34] = [
    "0",
    "-1",
    "1e12",
    "1e999",
    ".inf",
    "~",
    "",
    "x",
    "深圳",
    "[",
    "]",
    "{",
    "}",
    ": ",
    ", ",
    "\n",
    "  ",
    "- ",
    "&a ",
    "*a",
    "<<: *a",
    "\"",
    "'",
    "#",
    "\t",
    "\0",
    "99999999999999999999999",
    "0s",
    "5ms",
    "vary: { seed: [1] }\n",
    "like: full",
    "infinite",
    "9.999999999999999999999999999999999999999999",
    "_",
];

fn read(text: &str, sets: &[(String, String)]) {
    match Scenario::parse("fuzz.yaml", text, None, sets, &Registry::standard()) {
        Ok(plans) => assert!(!plans.is_empty()),
        Err(errors) => {
            assert!(errors.iter().count() > 0);
            for error in errors.iter() {
                assert!(error.line > 0, "{error}");
            }
            assert!(!errors.to_string().is_empty());
        }
    }
}

/// Cuts at a character's boundary.
fn at(text: &str, share: f64) -> usize {
    let mut at = (text.len() as f64 * share) as usize;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_scenarios_never_panic(
        full in any::<bool>(),
        edits in prop::collection::vec((0.0..1.0, 0_usize..12, prop::sample::select(&PIECES[..])), 1..4),
    ) {
        let mut text = if full { FULL } else { GRAPH }.to_owned();
        for (share, cut, piece) in edits {
            let start = at(&text, share);
            let mut end = (start + cut).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, piece);
        }
        read(&text, &[]);
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,80}") {
        read(&text, &[]);
    }

    #[test]
    fn any_argument_is_answered(
        path in "(load|faults|batch|network|protocol|vary|committee|[a-z]{0,5})(\\.(0|1|tps|like|[a-z]{0,4})){0,3}",
        value in prop::sample::select(&PIECES[..]),
    ) {
        read(FULL, &[(path, value.to_owned())]);
    }
}
