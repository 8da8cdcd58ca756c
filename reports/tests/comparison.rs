//! The comparison and its two plain renderings.
#![allow(clippy::unwrap_used)]

mod support;

use groma_experiment::result::Verdict;
use groma_reports::console::{Style, table};
use groma_reports::{Comparison, summary};
use support::{Shape, example, plan, run, sweep, violated};

#[test]
fn console_of_the_example() {
    insta::assert_snapshot!(table(&Comparison::of(example()), Style::default()));
}

#[test]
fn summary_of_the_example() {
    insta::assert_snapshot!(summary::csv(&Comparison::of(example())));
}
