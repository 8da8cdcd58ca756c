//! Results on disk: one folder a run, written whole or not at all.
//!
//! `run.json` is exact; `host.json` is noisy; `windows.csv` has a row per
//! second of virtual time; `latency.hlog` is an HdrHistogram interval log with
//! tagged whole-run histograms and one untagged finality interval per second;
//! `trail.csv` has the running fingerprint every 65,536 deliveries.

mod results;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{
    IntervalLogIterator, IntervalLogWriterBuilder, LogEntry, Tag,
};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializer};

use crate::result::{HostRecord, RunRecord, RunResult, TrailMark, Window};

pub use results::{RUNS_SCHEMA, Recorded, Results, read_results};

/// Digest of the build: equal when all result-affecting sources and the lock
/// file are.
pub const BUILD: &str = env!("GROMA_BUILD");

/// A run as it stands on disk.
#[derive(Clone, Debug)]
pub struct LoadedRun {
    /// The exact record.
    pub record: RunRecord,
    /// The noisy figures.
    pub host: HostRecord,
    /// One row per second.
    pub windows: Vec<Window>,
    /// Whole-run histograms by name, in microseconds.
    pub histograms: BTreeMap<String, Histogram<u64>>,
    /// The fingerprint along the way; empty in runs of builds that kept none.
    pub trail: Vec<TrailMark>,
}

impl From<&RunResult> for LoadedRun {
    fn from(result: &RunResult) -> Self {
        Self {
            record: result.record.clone(),
            host: result.host.clone(),
            windows: result.windows.clone(),
            histograms: result.histograms.clone(),
            trail: result.trail.clone(),
        }
    }
}

/// The folder of a run below the output folder.
#[must_use]
pub fn run_folder(out: &Path, key: &str) -> PathBuf {
    out.join("runs").join(key)
}

/// Writes a finished run below `out`: into a temporary folder first, which then
/// takes its name, so that a run is there whole or not at all. What another
/// build left under that name goes only once the new run stands there. A run
/// that another process finished meanwhile stays: its exact bytes are ours.
///
/// # Errors
/// Whatever the file system says; what stood under the run's name still does.
pub fn write_run(out: &Path, result: &RunResult) -> io::Result<PathBuf> {
    let runs = out.join("runs");
    let key = &result.record.key;
    let temporary = temporary(&runs, key, "new");
    fs::create_dir_all(&temporary)?;
    let written = write_files(&temporary, result).and_then(|()| {
        let _turn = take_turn(&runs)?;
        match finished(out, key, &result.host.build) {
            Some(_) => fs::remove_dir_all(&temporary),
            None => replace(&temporary, &run_folder(out, key)),
        }
    });
    if written.is_err() {
        let _ = fs::remove_dir_all(&temporary);
    }
    written.map(|()| run_folder(out, key))
}

/// One process at a time exchanges folders. Where the file system has no locks
/// they go without: only two processes that replace one outdated run at the
/// same moment could then meet.
fn take_turn(runs: &Path) -> io::Result<fs::File> {
    let lock = fs::File::create(runs.join(".lock"))?;
    let _ = lock.lock();
    Ok(lock)
}

/// Gives `folder` the place of `target`, or leaves `target` as it was.
fn replace(folder: &Path, target: &Path) -> io::Result<()> {
    if !target.exists() {
        return fs::rename(folder, target);
    }
    let runs = target.parent().unwrap_or(target);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let old = temporary(runs, &name, "old");
    fs::rename(target, &old)?;
    if let Err(error) = fs::rename(folder, target) {
        fs::rename(&old, target)?;
        return Err(error);
    }
    // It may hold what its owner wrote and we may not remove. The run stands.
    let _ = remove(&old);
    Ok(())
}

/// A hidden name beside `name` that says which process uses it.
#[must_use]
pub fn temporary(folder: &Path, name: &str, role: &str) -> PathBuf {
    folder.join(format!(".{name}-{role}-{}", std::process::id()))
}

/// The process that a [`temporary`] name belongs to.
fn owner(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    let (rest, process) = name.strip_prefix('.')?.rsplit_once('-')?;
    let (_, role) = rest.rsplit_once('-')?;
    let ours = ["new", "old"].contains(&role);
    process.parse().ok().filter(|_| ours)
}

/// Removes what killed processes left below `out`: temporary files and folders
/// whose process is not `alive`. What cannot be removed stays; it is in nobody's
/// way.
pub fn clean(out: &Path, alive: impl Fn(u32) -> bool) {
    for folder in [out.to_owned(), out.join("runs"), out.join("capacity")] {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if owner(&path).is_some_and(|process| !alive(process)) {
                let _ = remove(&path);
            }
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

fn write_files(folder: &Path, result: &RunResult) -> io::Result<()> {
    write_json(&folder.join("run.json"), &result.record)?;
    write_windows(&folder.join("windows.csv"), &result.windows)?;
    write_latency(&folder.join("latency.hlog"), result)?;
    write_trail(&folder.join("trail.csv"), &result.trail)?;
    write_json(&folder.join("host.json"), &result.host)
}

pub(crate) fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    text.push('\n');
    write_durably(path, text.as_bytes())
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

const COLUMNS: &str = "start_s,measured,offered,finalised,rejected,shed,backlog,blocks,\
finality_ms_p50,finality_ms_p99,finality_ms_max,cpu,egress_max,ingress_max\n";

fn write_windows(path: &Path, windows: &[Window]) -> io::Result<()> {
    let cell = |value: Option<f64>| value.map(|number| number.to_string()).unwrap_or_default();
    let mut text = COLUMNS.to_owned();
    for row in windows {
        text.push_str(&format!(
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
            row.start_s,
            row.measured,
            row.offered,
            row.finalised,
            row.rejected,
            row.shed,
            row.backlog,
            row.blocks,
            cell(row.finality_ms_p50),
            cell(row.finality_ms_p99),
            cell(row.finality_ms_max),
            row.cpu,
            row.egress_max,
            row.ingress_max
        ));
    }
    write_durably(path, text.as_bytes())
}

fn write_latency(path: &Path, result: &RunResult) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let failed = |why: &dyn std::fmt::Debug| io::Error::other(format!("latency log: {why:?}"));
    let mut log = IntervalLogWriterBuilder::new()
        .begin_log_with(&mut bytes, &mut serializer)
        .map_err(|why| failed(&why))?;
    let whole = Duration::from_secs_f64(result.record.virtual_seconds);
    for (name, histogram) in &result.histograms {
        log.write_histogram(histogram, Duration::ZERO, whole, Tag::new(name))
            .map_err(|why| failed(&why))?;
    }
    for (row, histogram) in result.windows.iter().zip(&result.window_histograms) {
        let start = Duration::from_secs(row.start_s);
        log.write_histogram(histogram, start, Duration::from_secs(1), None)
            .map_err(|why| failed(&why))?;
    }
    drop(log);
    write_durably(path, &bytes)
}

const TRAIL_COLUMNS: &str = "deliveries,at_ns,fingerprint\n";

fn write_trail(path: &Path, trail: &[TrailMark]) -> io::Result<()> {
    let mut text = TRAIL_COLUMNS.to_owned();
    for mark in trail {
        text.push_str(&format!(
            "{},{},{}\n",
            mark.deliveries, mark.at_ns, mark.fingerprint
        ));
    }
    write_durably(path, text.as_bytes())
}

/// Builds before the trail wrote none: that is no damage.
fn read_trail(path: &Path) -> Result<Vec<TrailMark>, String> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = read_text(path)?;
    let Some(rows) = text.strip_prefix(TRAIL_COLUMNS) else {
        return Err(damaged(path, &"the columns are not those of this version"));
    };
    let mark = |line: &str| {
        let mut cells = line.split(',');
        Some(TrailMark {
            deliveries: cells.next()?.parse().ok()?,
            at_ns: cells.next()?.parse().ok()?,
            fingerprint: cells.next().filter(|text| text.len() == 32)?.to_owned(),
        })
    };
    let marks = rows.lines().enumerate().map(|(index, line)| {
        mark(line).ok_or_else(|| damaged(path, &format!("line {}: not a mark", index + 2)))
    });
    marks.collect()
}

/// The run with this key below `out`, when it is whole and made by this build.
#[must_use]
pub fn finished(out: &Path, key: &str, build: &str) -> Option<LoadedRun> {
    let run = read_run(&run_folder(out, key)).ok()?;
    (run.host.build == build && run.record.key == key).then_some(run)
}

/// Whether a run with this key, made by this build, stands whole below `out`.
#[must_use]
pub fn is_finished(out: &Path, key: &str, build: &str) -> bool {
    finished(out, key, build).is_some()
}

/// Reads a run's folder.
///
/// # Errors
/// A sentence that names the file and says what is wrong with it.
pub fn read_run(folder: &Path) -> Result<LoadedRun, String> {
    let log = folder.join("latency.hlog");
    let record: RunRecord = read_json(&folder.join("run.json"))?;
    let host = read_json(&folder.join("host.json"))?;
    let windows = read_windows(&folder.join("windows.csv"))?;
    let latency = read_latency(&log)?;
    check_latency(&record, &windows, &latency).map_err(|why| damaged(&log, &why))?;
    Ok(LoadedRun {
        record,
        host,
        windows,
        histograms: latency.whole,
        trail: read_trail(&folder.join("trail.csv"))?,
    })
}

/// Compares the log with what it belongs to: one that was cut between two of
/// its lines reads well and says too little.
fn check_latency(record: &RunRecord, windows: &[Window], log: &Latency) -> Result<(), String> {
    for stage in record.stages_ms.keys() {
        let name = format!("stage-{stage}");
        if !log.whole.contains_key(&name) {
            return Err(format!("histogram {name} is missing"));
        }
    }
    for (name, figures) in [
        ("finality", &record.finality_ms),
        ("commit", &record.commit_ms),
        ("consensus", &record.consensus_ms),
    ] {
        let (found, count) = (log.whole.get(name).map_or(0, Histogram::len), figures.count);
        if found != count {
            return Err(format!("histogram {name} holds {found} of {count} values"));
        }
    }
    if log.intervals != windows.len() {
        return Err(format!(
            "{} intervals for {} windows",
            log.intervals,
            windows.len()
        ));
    }
    Ok(())
}

fn damaged(path: &Path, why: &dyn std::fmt::Display) -> String {
    format!(
        "{}: damaged: {why}\n  hint: `groma run` of its scenario makes the run anew",
        path.display()
    )
}

/// The folders of the runs at `path`, ordered by key. `path` is an output
/// folder, its `runs`, or one run's own folder.
///
/// # Errors
/// A sentence that says why there is no run.
pub fn run_folders(path: &Path) -> Result<Vec<PathBuf>, String> {
    if is_run(path) {
        return Ok(vec![path.to_owned()]);
    }
    let below = path.join("runs");
    let runs = if below.is_dir() { &below } else { path };
    let entries = fs::read_dir(runs).map_err(|error| format!("{}: {error}", runs.display()))?;
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .filter(|folder| is_run(folder))
        .collect();
    folders.sort();
    if folders.is_empty() {
        return Err(format!("{}: no finished run", runs.display()));
    }
    Ok(folders)
}

fn is_run(folder: &Path) -> bool {
    folder.join("run.json").exists()
}

fn read_text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, String> {
    serde_json::from_str(&read_text(path)?).map_err(|error| damaged(path, &error))
}

fn read_windows(path: &Path) -> Result<Vec<Window>, String> {
    let text = read_text(path)?;
    let Some(rows) = text.strip_prefix(COLUMNS) else {
        return Err(damaged(path, &"the columns are not those of this version"));
    };
    if !text.ends_with('\n') {
        return Err(damaged(path, &"its last row is cut"));
    }
    let row = |(index, line)| {
        parse_window(line)
            .ok_or_else(|| damaged(path, &format!("line {}: not a row of figures", index + 2)))
    };
    rows.lines().enumerate().map(row).collect()
}

fn parse_window(line: &str) -> Option<Window> {
    let cells: Vec<&str> = line.split(',').collect();
    let &[
        start_s,
        measured,
        offered,
        finalised,
        rejected,
        shed,
        backlog,
        blocks,
        p50,
        p99,
        max,
        cpu,
        egress,
        ingress,
    ] = cells.as_slice()
    else {
        return None;
    };
    let optional = |cell: &str| {
        if cell.is_empty() {
            Some(None)
        } else {
            cell.parse().ok().map(Some)
        }
    };
    Some(Window {
        start_s: start_s.parse().ok()?,
        measured: measured.parse().ok()?,
        offered: offered.parse().ok()?,
        finalised: finalised.parse().ok()?,
        rejected: rejected.parse().ok()?,
        shed: shed.parse().ok()?,
        backlog: backlog.parse().ok()?,
        blocks: blocks.parse().ok()?,
        finality_ms_p50: optional(p50)?,
        finality_ms_p99: optional(p99)?,
        finality_ms_max: optional(max)?,
        cpu: cpu.parse().ok()?,
        egress_max: egress.parse().ok()?,
        ingress_max: ingress.parse().ok()?,
    })
}

/// An interval log.
struct Latency {
    /// The tagged histograms.
    whole: BTreeMap<String, Histogram<u64>>,
    /// The number of untagged ones.
    intervals: usize,
}

fn read_latency(path: &Path) -> Result<Latency, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if !bytes.ends_with(b"\n") {
        return Err(damaged(path, &"its last line is cut"));
    }
    let (mut whole, mut intervals) = (BTreeMap::new(), 0);
    let mut decoder = Deserializer::new();
    for entry in IntervalLogIterator::new(&bytes) {
        let entry = entry.map_err(|_| damaged(path, &"not an interval log"))?;
        let LogEntry::Interval(interval) = entry else {
            continue;
        };
        let Some(tag) = interval.tag() else {
            intervals += 1;
            continue;
        };
        let name = tag.as_str().to_owned();
        let unreadable = || damaged(path, &format!("histogram {name} cannot be decoded"));
        let packed = STANDARD
            .decode(interval.encoded_histogram())
            .map_err(|_| unreadable())?;
        let histogram = decoder
            .deserialize(&mut packed.as_slice())
            .map_err(|_| unreadable())?;
        whole.insert(name, histogram);
    }
    Ok(Latency { whole, intervals })
}
