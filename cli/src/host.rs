//! What is said of the machine that simulates: noisy figures, kept apart from
//! the exact ones.

use std::fs;
use std::path::Path;
use std::time::Duration;

use groma_experiment::result::HostRecord;
use groma_experiment::store::BUILD;

/// Completes the host figures of a run.
pub fn describe(host: &mut HostRecord, wall: Duration, threads: usize) {
    let seconds = wall.as_secs_f64();
    host.wall_seconds = seconds;
    host.events_per_second = if seconds > 0.0 {
        (host.events as f64 / seconds).round()
    } else {
        0.0
    };
    host.peak_rss_bytes = peak_rss_bytes();
    host.cpu_model = cpu_model();
    host.threads = threads;
    host.build = BUILD.to_owned();
}

/// Largest resident set of this process so far; 0 where the system does not say.
fn peak_rss_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = kilobytes.and_then(|rest| rest.split_whitespace().next());
    number
        .and_then(|digits| digits.parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes * 1_024)
}

/// The processor's name; `unknown` where the system does not say.
fn cpu_model() -> String {
    let facts = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = facts
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(':'));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Whether a process of this machine runs. Where the system does not say, it
/// is taken to run.
pub fn is_alive(process: u32) -> bool {
    let processes = Path::new("/proc");
    !processes.join("self").exists() || processes.join(process.to_string()).exists()
}
