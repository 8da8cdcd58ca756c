//! The deliveries of a window of two runs: by running their plans again here,
//! or by asking the build that made them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use groma_experiment::divergence::Extract;
use groma_experiment::registry::Registry;
use groma_experiment::store::{self, BUILD};

use super::pair::Folder;
use crate::exit::Problem;
use crate::trace::Source;

/// Builds other than this one that are to run a side.
pub struct Binaries<'a> {
    pub base: Option<&'a Path>,
    pub head: Option<&'a Path>,
}

/// Both sides' deliveries of a window, proven to be those of the folders.
pub fn both(
    base: &Folder,
    head: &Folder,
    window: u64,
    binaries: &Binaries<'_>,
    registry: &Registry,
) -> Result<(Extract, Extract), Problem> {
    let side = |name, folder, binary| Side {
        name,
        folder,
        binary,
    };
    let ours = side("base", base, binaries.base);
    let theirs = side("head", head, binaries.head);
    // The runs do not know each other; half the time is saved.
    std::thread::scope(|scope| {
        let theirs = scope.spawn(|| theirs.extract(window, registry));
        let ours = ours.extract(window, registry);
        let theirs = theirs
            .join()
            .unwrap_or_else(|_| Err(Problem::internal("error: the head's run failed")));
        Ok((ours?, theirs?))
    })
}

/// One of the two.
struct Side<'a> {
    name: &'static str,
    folder: &'a Folder,
    binary: Option<&'a Path>,
}

impl Side<'_> {
    fn extract(&self, window: u64, registry: &Registry) -> Result<Extract, Problem> {
        let run = &self.folder.run;
        let extract = match self.binary {
            Some(binary) => self.ask(binary, window)?,
            None => {
                let plan = run.record.plan.clone();
                Source::new(plan, run.trail.clone(), registry)?.extract(window)?
            }
        };
        match extract.fits(&run.trail) {
            true => Ok(extract),
            false => Err(self.unfit(&extract, window)),
        }
    }

    /// Lets another build export the window into a file of its own.
    fn ask(&self, binary: &Path, window: u64) -> Result<Extract, Problem> {
        let problem = |why: String| {
            Problem::input(format!(
                "error: --{}-binary {}: {why}",
                self.name,
                binary.display()
            ))
        };
        let folder = std::env::temp_dir();
        let name = format!("groma-{}.deliveries", self.name);
        let file = store::temporary(&folder, &name, "new");
        let output = Command::new(binary)
            .arg("trace")
            .arg(&self.folder.path)
            .args(["--format", "deliveries", "--window", &window.to_string()])
            .arg("--out")
            .arg(&file)
            .stdin(Stdio::null())
            .output()
            .map_err(|why| problem(why.to_string()))?;
        let text = fs::read_to_string(&file);
        let _ = fs::remove_file(&file);
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(problem(format!(
                "it could not export:\n{}",
                said.trim_end()
            )));
        }
        let text = text.map_err(|why| problem(why.to_string()))?;
        Extract::from_text(&text).map_err(problem)
    }

    /// The plan gives other deliveries than it gave when the folder was made.
    fn unfit(&self, extract: &Extract, window: u64) -> Problem {
        let (name, path) = (self.name, self.folder.path.display());
        let made_by = &self.folder.run.host.build;
        let why = if *made_by == extract.header.build {
            "though the build is the same: its files were changed, or this is a fault of Groma"
                .to_owned()
        } else {
            format!("it was made by build {made_by}")
        };
        let with = match self.binary {
            Some(binary) => format!("{} (build {})", binary.display(), extract.header.build),
            None => format!("this build ({BUILD})"),
        };
        Problem::input(format!(
            "error: the {name}, {path}: {with} makes other deliveries of its plan; {why}\n  \
             hint: --{name}-binary GROMA names the binary that made it; or let that export the window:\n    \
             GROMA trace {path} --window {window} --out {name}.deliveries\n  \
             do so for both sides, then: groma diff base.deliveries head.deliveries"
        ))
    }
}
