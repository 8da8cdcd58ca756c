//! Scripted tests: explicit steps and the trace that they must give, as text.
//!
//! A script is a text file. A line that begins with `>` is a command, one with
//! `#` is a comment; the lines under a command are the trace that it must
//! print. [`check`] runs the commands and compares; with `UPDATE_EXPECT=1` in
//! the environment it rewrites the file instead, and the reviewer reads the
//! difference.
//!
//! | command | what it does |
//! |---|---|
//! | `cluster n=3 seed=1 disk=auto PARAM=VALUE ...` | builds and starts n replicas; with `disk=manual` writes wait for `flush` |
//! | `request rI ID [BYTES]` | a batch is requested at a replica; 2,000 bytes unless said |
//! | `deliver SELECT` | delivers the selected messages that are in flight now |
//! | `drop SELECT` | loses them |
//! | `settle` | delivers until nothing is in flight |
//! | `fire rI TIMER` | a timer expires; the clock moves to its deadline |
//! | `wait SPAN` | the clock moves, nothing else |
//! | `flush rI` | the waiting writes of a replica become durable |
//! | `isolate rI ...` / `heal` | messages from and to these replicas are lost when sent / no longer |
//! | `crash rI` / `restart rI` | loses what is not durable / comes back |
//! | `transfer rI [rJ]` | the asked state transfer ends, from the named peer or from another |
//! | `state` | one line per replica |
//! | `quiet COMMAND` | the same without its trace |
//!
//! `SELECT` is `all`, or any of `#NUMBER`, `kind=KIND`, `from=rI`, `to=rI`,
//! all of which must match. Blocks execute, and are durably executed, at once.

mod stage;

use std::fmt::Write;
use std::path::Path;

use crate::protocol::Protocol;
use stage::Stage;

/// Runs the script in `path` (relative to the crate that is tested) and
/// compares the trace.
///
/// # Panics
/// When the trace differs, the file cannot be read, or a command is wrong.
pub fn check<P: Protocol>(path: impl AsRef<Path>) {
    let path = path.as_ref();
    let script = std::fs::read_to_string(path)
        .unwrap_or_else(|why| panic!("cannot read {}: {why}", path.display()));
    let found = run::<P>(&script);
    if found == script {
        return;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|flag| flag == "1") {
        std::fs::write(path, found)
            .unwrap_or_else(|why| panic!("cannot write {}: {why}", path.display()));
        return;
    }
    panic!(
        "{}: the trace differs (UPDATE_EXPECT=1 rewrites it)\n{}",
        path.display(),
        first_difference(&script, &found)
    );
}

/// Runs a script and returns it with the traces that its commands print.
///
/// # Panics
/// When a command is wrong or a law is broken.
#[must_use]
pub fn run<P: Protocol>(script: &str) -> String {
    let mut stage: Option<Stage<P>> = None;
    let mut text = String::new();
    for line in script.lines() {
        if line.starts_with('#') {
            // A comment is set off by one blank line, but not from another.
            let joined = text.lines().last().is_none_or(|last| last.starts_with('#'));
            if !joined {
                text.push('\n');
            }
            writeln!(text, "{line}").expect("a String takes all that is written");
        }
        let Some(command) = line.strip_prefix('>') else {
            continue;
        };
        let command = command.trim();
        writeln!(text, "> {command}").expect("a String takes all that is written");
        let (quiet, words) = match command.strip_prefix("quiet ") {
            Some(rest) => (true, rest),
            None => (false, command),
        };
        let words: Vec<&str> = words.split_whitespace().collect();
        let trace = match (words.as_slice(), &mut stage) {
            (["cluster", options @ ..], _) => stage.insert(Stage::new(options)).start(),
            (words, Some(stage)) => stage.command(words),
            (_, None) => panic!("a script begins with > cluster"),
        };
        if !quiet {
            text.push_str(&trace);
        }
    }
    text
}

fn first_difference(expected: &str, found: &str) -> String {
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let same = expected
        .iter()
        .zip(&found)
        .take_while(|(left, right)| left == right)
        .count();
    let mut text = String::new();
    for line in &expected[same.saturating_sub(3)..same] {
        writeln!(text, "  {line}").expect("a String takes all that is written");
    }
    for (sign, lines) in [('-', &expected), ('+', &found)] {
        for line in lines.iter().skip(same).take(8) {
            writeln!(text, "{sign} {line}").expect("a String takes all that is written");
        }
    }
    text
}
