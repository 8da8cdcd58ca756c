//! Results on disk: one folder a run, written whole or not at all.
//!
//! `run.json` is exact; `host.json` is noisy; `windows.csv` has a row per
//! second of virtual time; `latency.hlog` is an HdrHistogram interval log with
//! tagged whole-run histograms and one untagged finality interval per second.

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

use crate::result::{HostRecord, RunRecord, RunResult, Window};

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
}

impl From<&RunResult> for LoadedRun {
    fn from(result: &RunResult) -> Self {
        Self {
            record: result.record.clone(),
            host: result.host.clone(),
            windows: result.windows.clone(),
            histograms: result.histograms.clone(),
        }
    }
}

/// The folder of a run below the output folder.
#[must_use]
pub fn run_folder(out: &Path, key: &str) -> PathBuf {
    out.join("runs").join(key)
}

/// Writes a finished run below `out`: into a temporary folder first, which then
/// takes its name, so that a run is there whole or not at all.
///
/// # Errors
/// Whatever the file system says; nothing is left under the run's name then.
pub fn write_run(out: &Path, result: &RunResult) -> io::Result<PathBuf> {
    let folder = run_folder(out, &result.record.key);
    let temporary = out
        .join("runs")
        .join(format!(".{}-{}", result.record.key, std::process::id()));
    fs::create_dir_all(&temporary)?;
    let written = write_files(&temporary, result).and_then(|()| {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::rename(&temporary, &folder)
    });
    if let Err(error) = written {
        let _ = fs::remove_dir_all(&temporary);
        // Another process that ran the same plan was faster: its bytes are ours.
        if !is_finished(out, &result.record.key, &result.host.build) {
            return Err(error);
        }
    }
    Ok(folder)
}

fn write_files(folder: &Path, result: &RunResult) -> io::Result<()> {
    write_json(&folder.join("run.json"), &result.record)?;
    write_json(&folder.join("host.json"), &result.host)?;
    write_windows(&folder.join("windows.csv"), &result.windows)?;
    write_latency(&folder.join("latency.hlog"), result)
}

fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    text.push('\n');
    let mut file = fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
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
    fs::write(path, text)
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
    fs::write(path, bytes)
}

/// Whether a run with this key, made by this build, stands below `out`.
#[must_use]
pub fn is_finished(out: &Path, key: &str, build: &str) -> bool {
    let folder = run_folder(out, key);
    let host = fs::read_to_string(folder.join("host.json")).ok();
    let host = host.and_then(|text| serde_json::from_str::<HostRecord>(&text).ok());
    host.is_some_and(|host| host.build == build) && folder.join("run.json").exists()
}

/// Reads a run's folder.
///
/// # Errors
/// A sentence that names the file and says what is wrong with it.
pub fn read_run(folder: &Path) -> Result<LoadedRun, String> {
    Ok(LoadedRun {
        record: read_json(&folder.join("run.json"))?,
        host: read_json(&folder.join("host.json"))?,
        windows: read_windows(&folder.join("windows.csv"))?,
        histograms: read_latency(&folder.join("latency.hlog"))?,
    })
}

/// Reads every run below an output folder, ordered by key.
///
/// # Errors
/// A sentence that names what cannot be read, or says that there is no run.
pub fn read_all(out: &Path) -> Result<Vec<LoadedRun>, String> {
    let runs = out.join("runs");
    let entries = fs::read_dir(&runs).map_err(|error| format!("{}: {error}", runs.display()))?;
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_run(path))
        .collect();
    folders.sort();
    if folders.is_empty() {
        return Err(format!("{}: no finished run", runs.display()));
    }
    folders.iter().map(|folder| read_run(folder)).collect()
}

fn is_run(folder: &Path) -> bool {
    let hidden = folder
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && folder.join("run.json").exists()
}

fn read_text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, String> {
    serde_json::from_str(&read_text(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_windows(path: &Path) -> Result<Vec<Window>, String> {
    let text = read_text(path)?;
    let mut lines = text.lines();
    if lines.next().map(str::trim_end) != Some(COLUMNS.trim_end()) {
        return Err(format!(
            "{}:1: the columns are not those of this version",
            path.display()
        ));
    }
    lines
        .enumerate()
        .map(|(index, line)| {
            parse_window(line).ok_or_else(|| {
                format!(
                    "{}:{}: not a row of figures: {line}",
                    path.display(),
                    index + 2
                )
            })
        })
        .collect()
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

fn read_latency(path: &Path) -> Result<BTreeMap<String, Histogram<u64>>, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut histograms = BTreeMap::new();
    let mut decoder = Deserializer::new();
    for entry in IntervalLogIterator::new(&bytes) {
        let entry = entry.map_err(|why| format!("{}: {why:?}", path.display()))?;
        let LogEntry::Interval(interval) = entry else {
            continue;
        };
        let Some(tag) = interval.tag() else { continue };
        let name = tag.as_str().to_owned();
        let packed = STANDARD
            .decode(interval.encoded_histogram())
            .map_err(|why| format!("{}: histogram {name}: {why}", path.display()))?;
        let histogram = decoder
            .deserialize(&mut packed.as_slice())
            .map_err(|why| format!("{}: histogram {name}: {why:?}", path.display()))?;
        histograms.insert(name, histogram);
    }
    Ok(histograms)
}
