//! Guides whose every command is run here: what follows a command in the guide
//! is what it prints, and a picture is what it writes.
//!
//! `GROMA_GUIDES=write cargo test -p groma --test guides` puts the output of this
//! build into them.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// A folder with what the guides name: the scenarios, the rules, `groma`, and
/// the build before the change, which is this one.
fn place() -> TempDir {
    let place = TempDir::new().unwrap();
    for folder in ["scenarios", "docs"] {
        symlink(root().join(folder), place.path().join(folder)).unwrap();
    }
    for name in ["groma", "groma-before"] {
        symlink(env!("CARGO_BIN_EXE_groma"), place.path().join(name)).unwrap();
    }
    place
}

/// Runs a block of commands as a reader would, and returns what it prints.
fn run(place: &Path, block: &str) -> String {
    let path = format!("{}:{}", place.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", block])
        .current_dir(place)
        .env("PATH", path)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    // A gate that is red ends with 1: that is what the guide shows.
    let code = output.status.code();
    assert!(code == Some(0) || code == Some(1), "{block}\n{said}");
    assert!(!said.contains("error:"), "{block}\n{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect::<String>()
}

/// The guide with the output of this build behind its commands: in a block
/// without a language that comes next.
fn played(guide: &str, place: &Path) -> String {
    let (mut out, mut printed) = (String::new(), None);
    let mut lines = guide.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if line != "```sh" && line != "```" {
            // Words between a command and a block part them.
            printed = printed.filter(|_: &String| line.is_empty());
            continue;
        }
        let mut block = String::new();
        for line in lines.by_ref().take_while(|line| *line != "```") {
            block.push_str(line);
            block.push('\n');
        }
        if line == "```sh" {
            printed = Some(run(place, &block));
        } else if let Some(printed) = printed.take() {
            block = format!("{}\n", printed.trim_matches('\n'));
        }
        out.push_str(&block);
        out.push_str("```\n");
    }
    out
}

fn check(name: &str, pictures: &[&str]) {
    let folder = root().join("docs/guides");
    let write = std::env::var("GROMA_GUIDES").is_ok_and(|value| value == "write");
    let place = place();
    let guide = fs::read_to_string(folder.join(name)).unwrap();
    let played = played(&guide, place.path());
    if write {
        fs::write(folder.join(name), &played).unwrap();
    } else {
        assert_eq!(
            guide, played,
            "the guide {name} shows what is no longer printed"
        );
    }
    for picture in pictures {
        let made = place.path().join(picture);
        if write {
            fs::copy(&made, folder.join(picture)).unwrap();
        }
        let (made, shown) = (
            fs::read(&made).unwrap(),
            fs::read(folder.join(picture)).unwrap(),
        );
        assert!(
            made == shown,
            "the picture {picture} is no longer what is drawn"
        );
    }
}

#[test]
fn the_engineers_guide() {
    check("engineer.md", &["engineer-base.svg", "engineer-head.svg"]);
}

#[test]
fn the_architects_guide() {
    check("architect.md", &[]);
}

#[test]
fn the_researchers_guide() {
    check("researcher.md", &[]);
}
