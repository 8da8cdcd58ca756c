//! The built binary, a folder of its own for each test, and tiny scenarios.

// Each test file uses a part of it.
#![allow(dead_code)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs in milliseconds, and passes.
pub const TINY: &str = "\
name: tiny
seed: 1
committee: { lab: 4 }
network: lan
protocol: pbft
workload: transfers
population: 1_000
load: [{ for: 1s, tps: 100, arrivals: even }]
drain: 2s
";

/// Twice what one core can verify.
pub const OVERLOAD: &str = "\
name: overload
seed: 1
committee: { lab: 4 }
network: lan
machine: { like: server-8c, cores: 1 }
costs: { like: reference, verify_batch: 10ms }
protocol: pbft
workload: transfers
population: 1_000
load: [{ for: 2s, tps: 200, arrivals: even }]
drain: 1s
";

/// A core that verifies some 400 transactions a second.
pub const SMALL: &str = "\
name: small
seed: 1
committee: { lab: 4 }
network: lan
machine: { like: server-8c, cores: 1 }
costs: { like: reference, verify_batch: 2ms }
protocol: raft
workload: transfers
population: 1_000
load: [{ for: 1s, tps: 50, measure: false }, { for: 3s, tps: 100 }]
drain: 2s
target: { finality_p99: 500ms }
";

/// A folder in which `groma` is called.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// A place with one scenario.
    pub fn with(name: &str, text: &str) -> Self {
        let place = Self::new();
        place.write(name, text);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: impl AsRef<Path>) -> String {
        let path = self.0.path().join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_groma"));
        command.args(args).current_dir(self.0.path());
        command
    }

    /// Calls it and waits for its end.
    pub fn groma(&self, args: &[&str]) -> Said {
        Said::from(self.command(args).output().unwrap())
    }

    /// The folders of the runs below `out`, sorted; no hidden ones.
    pub fn runs(&self, out: &str) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = names(&self.path(out).join("runs"))
            .into_iter()
            .filter(|name| !name.starts_with('.'))
            .map(|name| self.path(out).join("runs").join(name))
            .collect();
        folders.sort();
        folders
    }

    /// The only run below `out`.
    pub fn run(&self, out: &str) -> PathBuf {
        let runs = self.runs(out);
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }
}

/// The names in a folder; none when there is no folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// What a call said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    /// Asserts the exit code and that nothing panicked.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert!(!self.err.contains("panicked"), "{self:?}");
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Asserts that stderr holds all of `parts`.
    #[track_caller]
    pub fn tells(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "no {part:?} in {}", self.err);
        }
        self
    }
}

/// A JSON document.
pub fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|why| panic!("{why}: {text}"))
}
