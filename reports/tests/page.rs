//! The page: what it holds, how big it is, and that it is the same every time.
#![allow(clippy::unwrap_used)]

mod support;

use groma_reports::{Comparison, html};
use support::{example, sweep};

/// Writes the example where `GROMA_EXAMPLE` says, for the browser test and for
/// looking at it.
#[test]
fn writes_the_example_when_asked() {
    let Some(folder) = std::env::var_os("GROMA_EXAMPLE") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    for (name, runs) in [("three", example()), ("many", sweep(200))] {
        let page = html::render(&Comparison::of(runs.clone()));
        support::write(&folder.join(name), &runs, &page);
    }
}
