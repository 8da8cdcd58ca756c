//! How the process ends: the exit codes of the contract.

use std::fmt::Display;
use std::process::ExitCode;

use crate::output;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As it should.
    Fine,
    /// A target missed, a load not sustained, an invariant broken, and the
    /// scenario does not expect it so.
    Missed,
    /// Bad input or unwritable output.
    Input,
    /// A failure of Groma itself.
    Internal,
    /// Ctrl-C.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Fine => 0,
            Exit::Missed => 1,
            Exit::Input => 2,
            Exit::Internal => 3,
            Exit::Interrupted => 130,
        })
    }
}

/// Why a verb could not do its work, to be told on stderr.
#[derive(Debug)]
pub struct Problem {
    exit: Exit,
    text: String,
}

impl Problem {
    /// The user's mistake: bad input, unwritable output.
    pub fn input(text: impl Display) -> Self {
        Self {
            exit: Exit::Input,
            text: text.to_string(),
        }
    }

    /// Groma's own.
    pub fn internal(text: impl Display) -> Self {
        Self {
            exit: Exit::Internal,
            text: text.to_string(),
        }
    }

    /// Several mistakes, told one after the other; `None` when there are none.
    pub fn all(problems: Vec<Self>) -> Option<Self> {
        let exit = problems.first()?.exit;
        let texts: Vec<&str> = problems
            .iter()
            .map(|problem| problem.text.trim_end())
            .collect();
        Some(Self {
            exit,
            text: texts.join("\n\n"),
        })
    }

    /// Tells it and says how the process ends.
    pub fn tell(self) -> Exit {
        output::say(self.text.trim_end());
        self.exit
    }
}

/// Help and version go to stdout and are fine; wrong usage goes to stderr.
pub fn usage(error: &clap::Error) -> Exit {
    // A closed pipe at the other end is the reader's choice, not a failure.
    let _ = error.print();
    if error.use_stderr() {
        Exit::Input
    } else {
        Exit::Fine
    }
}
