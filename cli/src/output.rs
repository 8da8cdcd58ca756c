//! Where results and messages go, and the output folder.

use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;

use groma_experiment::store;

use crate::exit::Problem;
use crate::host;

/// Prints a result on stdout. A closed pipe is the reader's choice and ends the
/// output, not the program; any other failure loses a result and is told.
pub fn print(text: &str) -> Result<(), Problem> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Problem::input(format!(
            "error: cannot write to stdout: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Says a line on stderr. Nobody is left to hear that it could not be said.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Whether stderr may show colour and a progress bar.
pub fn is_lively() -> bool {
    std::io::stderr().is_terminal() && !no_colour()
}

/// Whether stdout may show colour.
pub fn is_colourful() -> bool {
    std::io::stdout().is_terminal() && !no_colour()
}

fn no_colour() -> bool {
    let is = |name: &str, ask: fn(&OsStr) -> bool| {
        std::env::var_os(name).is_some_and(|value| ask(&value))
    };
    is("NO_COLOR", |value| !value.is_empty()) || is("TERM", |value| value == "dumb")
}

/// Makes the output folder and proves that it can be written, before hours of
/// work are spent on results that cannot be kept. Removes what killed
/// processes left there.
pub fn prepare(folder: &Path) -> Result<(), Problem> {
    probe(folder).map_err(|error| {
        Problem::input(format!(
            "error: cannot write results into {}: {error}\n  hint: name another folder with --out",
            folder.display()
        ))
    })?;
    store::clean(folder, host::is_alive);
    Ok(())
}

/// Makes a folder for documents alone.
pub fn make_folder(folder: &Path) -> Result<(), Problem> {
    fs::create_dir_all(folder).map_err(|error| {
        let folder = folder.display();
        Problem::input(format!("error: cannot make the folder {folder}: {error}"))
    })
}

fn probe(folder: &Path) -> std::io::Result<()> {
    let runs = folder.join("runs");
    fs::create_dir_all(&runs)?;
    for name in ["report.html", "summary.csv"] {
        if folder.join(name).is_dir() {
            return Err(std::io::Error::other(format!("{name} is a folder")));
        }
    }
    for place in [folder, &runs] {
        let probe = store::temporary(place, "probe", "new");
        // More than a disk block, so that a full disk shows.
        let written = fs::write(&probe, vec![b'.'; 65_536]);
        let removed = fs::remove_file(&probe);
        written.and(removed)?;
    }
    Ok(())
}

/// Writes a document whole or not at all.
pub fn write_document(path: &Path, text: &str) -> Result<(), Problem> {
    write_bytes(path, text.as_bytes())
}

/// Writes a file whole or not at all.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let refuse = |error: std::io::Error| {
        Problem::input(format!("error: cannot write {}: {error}", path.display()))
    };
    // A device such as /dev/full cannot be replaced by a rename.
    let plain = path.metadata().map_or(true, |facts| facts.is_file());
    if !plain {
        return fs::write(path, bytes).map_err(refuse);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(Path::new(""));
    let temporary = store::temporary(folder, &name, "new");
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|error| {
            let _ = fs::remove_file(&temporary);
            refuse(error)
        })
}

/// A path as a shell takes it.
#[must_use]
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |symbol: char| symbol.is_ascii_alphanumeric() || "/._-+=:@%".contains(symbol);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
