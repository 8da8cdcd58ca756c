//! How far a sweep is: a bar on a terminal, a line per finished run elsewhere.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use groma_experiment::plan::Plan;
use groma_experiment::registry::Control;
use groma_experiment::result::RunResult;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// Shows progress on stderr.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    over: AtomicBool,
}

impl Progress {
    /// For plans with so much virtual time in all, in milliseconds.
    pub fn new(plans: &[&Plan], quiet: bool) -> Self {
        let total: u64 = plans.iter().map(|plan| plan.horizon_ns() / 1_000_000).sum();
        let bar = (!quiet && output::is_lively()).then(|| {
            let bar = ProgressBar::new(total);
            let style = "{bar:32} {percent:>3} % of virtual time, {msg}, {eta} left";
            bar.set_style(
                ProgressStyle::with_template(style).expect("the template is well formed"),
            );
            bar.set_message(format!("0 of {} runs", plans.len()));
            bar
        });
        Self {
            bar,
            quiet,
            over: AtomicBool::new(false),
        }
    }

    /// Follows the control until [`Progress::finish`]; run on a thread of its own.
    pub fn follow(&self, control: &Control) {
        let Some(bar) = &self.bar else { return };
        while !self.over.load(Ordering::Relaxed) {
            bar.set_position(control.simulated_ms.load(Ordering::Relaxed));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// A run has ended.
    pub fn ended(&self, result: &RunResult, done: usize, total: usize) {
        let record = &result.record;
        let line = format!(
            "{done}/{total} {}: {}, {:.0} TPS, p99 {}, {:.1} s of wall clock",
            record.plan.label(),
            record.verdict.as_str(),
            record.load.goodput_tps,
            record
                .finality_ms
                .p99
                .map_or_else(|| "-".to_owned(), |p99| format!("{p99:.0} ms")),
            result.host.wall_seconds
        );
        self.say(&line);
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{done} of {total} runs"));
        }
    }

    /// A message that stays.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None if !self.quiet => output::say(line),
            None => {}
        }
    }

    /// All is done; the bar goes.
    pub fn finish(&self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
