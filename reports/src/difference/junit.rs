//! The comparison for a build server: a test suite for each rule, a test case
//! for each place where it was judged.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Difference, Ruling, State};

/// Renders it.
///
/// # Panics
/// Never: the document is written into memory.
#[must_use]
pub fn junit(difference: &Difference) -> String {
    let mut report = Report::new("groma compare");
    let mut suites: Vec<TestSuite> = Vec::new();
    for ruling in &difference.rulings {
        let known = suites
            .iter()
            .position(|suite| suite.name.as_str() == ruling.rule);
        let place = known.unwrap_or_else(|| {
            suites.push(TestSuite::new(&ruling.rule));
            suites.len() - 1
        });
        suites[place].add_test_case(case(ruling));
    }
    report.add_test_suites(suites);
    report.to_string().expect("memory takes every document")
}

fn case(ruling: &Ruling) -> TestCase {
    let mut status = match ruling.state {
        State::Passed => TestCaseStatus::success(),
        State::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        State::Skipped => TestCaseStatus::skipped(),
    };
    status.set_message(&ruling.seen);
    if ruling.state == State::Failed {
        status.set_type(&ruling.rule);
        status.set_description(format!("{}: {}", ruling.place, ruling.seen));
    }
    let mut case = TestCase::new(&ruling.place, status);
    case.set_classname(&ruling.rule);
    if ruling.state == State::Passed {
        case.set_system_out(&ruling.seen);
    }
    case
}
