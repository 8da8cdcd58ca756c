//! Where results and messages go, and the output folder.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use crate::exit::Problem;

/// Prints a result on stdout. A closed pipe ends the output, not the program.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
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
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Makes the output folder and proves that it can be written, before hours of
/// work are spent on results that cannot be kept.
pub fn prepare(folder: &Path) -> Result<(), Problem> {
    let refuse = |error: std::io::Error| {
        Problem::input(format!(
            "error: cannot write results into {}: {error}\n  hint: name another folder with --out",
            folder.display()
        ))
    };
    fs::create_dir_all(folder.join("runs")).map_err(refuse)?;
    for (name, probe) in [("report.html", false), ("summary.csv", false), (".groma-probe", true)] {
        let path = folder.join(name);
        if path.is_dir() {
            let taken = std::io::Error::other(format!("{name} is a folder"));
            return Err(refuse(taken));
        }
        if probe {
            let own = folder.join(format!("{name}-{}", std::process::id()));
            // More than a disk block, so that a full disk shows.
            fs::write(&own, vec![b'.'; 65_536]).and_then(|()| fs::remove_file(&own)).map_err(|error| {
                let _ = fs::remove_file(&own);
                refuse(error)
            })?;
        }
    }
    Ok(())
}

/// Writes a document whole or not at all.
pub fn write_document(path: &Path, text: &str) -> Result<(), Problem> {
    let refuse = |error: std::io::Error| Problem::input(format!("error: cannot write {}: {error}", path.display()));
    // A device such as /dev/full cannot be replaced by a rename.
    let plain = path.metadata().map_or(true, |facts| facts.is_file());
    if !plain {
        return fs::write(path, text).map_err(refuse);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}-{}", std::process::id()));
    fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path)).map_err(|error| {
        let _ = fs::remove_file(&temporary);
        refuse(error)
    })
}
