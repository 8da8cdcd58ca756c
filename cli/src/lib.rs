//! The command line of Groma: the only place with arguments, the user's files,
//! the wall clock and exit codes.
//!
//! [`main_with`] is the whole tool over a table of protocols, so that an
//! outside crate can add its own protocol and get everything else:
//!
//! ```no_run
//! use groma_experiment::registry::Registry;
//!
//! fn main() -> std::process::ExitCode {
//!     groma::main_with(&Registry::standard()) // .with::<MyProtocol>()
//! }
//! ```

#![forbid(unsafe_code)]

mod args;
mod capacity;
mod compare;
mod demand;
mod diff;
mod exit;
mod findings;
mod host;
mod lens;
mod list;
mod output;
mod pdf;
mod progress;
mod report;
mod run;
mod scenario;
mod trace;
mod validate;
mod why;

use std::process::ExitCode;

use clap::Parser;
use groma_experiment::registry::Registry;

use crate::args::{Args, Verb};
use crate::exit::Exit;

/// Reads the arguments of the process, does what they ask, and says how it went.
#[must_use]
pub fn main_with(registry: &Registry) -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::usage(&error).into(),
    };
    let done = match args.verb {
        Verb::Run(args) => run::run(&args, registry),
        Verb::Capacity(args) => capacity::capacity(&args, registry),
        Verb::Why(args) => why::why(&args, registry),
        Verb::Validate(args) => validate::validate(&args, registry),
        Verb::Demand(args) => demand::show(&args, registry),
        Verb::Check { scenarios } => scenario::check(&scenarios, registry),
        Verb::New { file } => scenario::new(&file),
        Verb::Plan { scenario, set } => scenario::plan(&scenario, &set, registry),
        Verb::Report(args) => report::report(&args),
        Verb::Compare(args) => compare::compare(&args),
        Verb::Trace(args) => trace::trace(&args, registry),
        Verb::Diff(args) => diff::diff(&args, registry),
        Verb::List { what } => list::list(what, registry),
        Verb::Schema => scenario::schema(registry),
        Verb::Completions { shell } => args::completions(shell),
        Verb::Man => args::man(),
    };
    done.unwrap_or_else(|problem| problem.tell()).into()
}

/// What a verb comes to: how the process ends, or why it could not begin.
type Done = Result<Exit, exit::Problem>;
