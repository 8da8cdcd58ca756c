//! A report on paper: the page, printed by a Chromium that is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use groma_experiment::store;

use crate::exit::Problem;

/// Names under which a Chromium is installed, the first that starts wins.
const NAMES: [&str; 7] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/// A page of 200 runs prints in seconds; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(180);

/// A browser that can print.
#[derive(Debug)]
pub struct Printer(PathBuf);

impl Printer {
    /// The browser that `CHROMIUM` names, or the first that is installed.
    pub fn find() -> Result<Self, Problem> {
        let hint = "install Chromium, or name one: CHROMIUM=/path/to/chromium; or print the page from any browser";
        if let Some(named) = std::env::var_os("CHROMIUM").filter(|name| !name.is_empty()) {
            return if starts(Path::new(&named)) {
                Ok(Self(named.into()))
            } else {
                Err(Problem::input(format!(
                    "error: CHROMIUM names {}, which does not start\n  hint: {hint}",
                    Path::new(&named).display()
                )))
            };
        }
        let installed = NAMES.iter().find(|name| starts(Path::new(name)));
        installed.map(|name| Self(name.into())).ok_or_else(|| {
            Problem::input(format!(
                "error: no Chromium is installed, and nothing else can print the PDF\n  hint: {hint}"
            ))
        })
    }

    /// Prints a page, whole or not at all.
    pub fn print(&self, page: &Path, pdf: &Path) -> Result<(), Problem> {
        let refuse = |why: &dyn std::fmt::Display| {
            Problem::input(format!("error: cannot print {}: {why}", pdf.display()))
        };
        let page = page.canonicalize().map_err(|error| refuse(&error))?;
        let folder = match pdf.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize().map_err(|error| refuse(&error))?;
        // The profile holds what the browser writes besides; it goes with it.
        let profile = store::temporary(&folder, "chromium", "new");
        fs::create_dir_all(&profile).map_err(|error| refuse(&error))?;
        let printed = profile.join("page.pdf");
        let done = self
            .start(&page, &printed, &profile)
            .and_then(wait)
            .and_then(|log| match fs::rename(&printed, pdf) {
                Ok(()) => Ok(()),
                Err(error) => Err(format!("{error}; the browser says: {}", last(&log))),
            });
        let _ = fs::remove_dir_all(&profile);
        done.map_err(|why| refuse(&why))
    }

    fn start(&self, page: &Path, pdf: &Path, profile: &Path) -> Result<(Child, PathBuf), String> {
        let log = profile.join("log");
        let said = fs::File::create(&log).map_err(|error| error.to_string())?;
        let with = |flag: &str, path: &Path| {
            let mut argument = std::ffi::OsString::from(flag);
            argument.push(path);
            argument
        };
        let mut command = Command::new(&self.0);
        command
            .args(["--headless", "--disable-gpu", "--no-first-run"])
            .args(["--disable-background-networking", "--no-pdf-header-footer"])
            .arg(with("--user-data-dir=", profile))
            .arg(with("--print-to-pdf=", pdf));
        // As root Chromium refuses to start with its sandbox; the page is our
        // own and asks for nothing.
        if is_root() {
            command.arg("--no-sandbox");
        }
        let child = command
            .arg(page)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .map_err(|error| format!("{}: {error}", self.0.display()))?;
        Ok((child, log))
    }
}

fn starts(name: &Path) -> bool {
    Command::new(name)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Waits for the browser and returns what it said; ends it when it hangs.
fn wait((mut child, log): (Child, PathBuf)) -> Result<String, String> {
    let started = Instant::now();
    loop {
        let ended = child.try_wait().map_err(|error| error.to_string())?;
        if ended.is_some() {
            return Ok(fs::read_to_string(log).unwrap_or_default());
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("the browser hung for {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn last(log: &str) -> &str {
    log.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("nothing")
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
