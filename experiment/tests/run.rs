//! Whole runs of every protocol on one small plan: sustained, checked, equal
//! however they are executed.

mod support;

use groma_experiment::result::Verdict;
use support::{plan, run};

#[test]
fn raft_clears_a_small_load() {
    let result = run(&plan("raft"));
    println!("{}", serde_json::to_string_pretty(&result.record).expect("a record is JSON"));
    println!("{:?}", result.host);
    assert_eq!(result.record.verdict, Verdict::Pass, "{:?}", result.record.reasons);
}
