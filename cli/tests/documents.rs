//! `groma report --pdf`, on paper where a Chromium is installed and a clear word
//! where none is; `--parquet`.

#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;

use support::{Place, Said, TINY, names};

fn place() -> Place {
    let place = Place::with("tiny.yaml", TINY);
    place.groma(&["run", "tiny.yaml", "--quiet"]).ends(0);
    place
}

/// Whether the browser that `groma` would take is here.
fn printable() -> bool {
    let named = std::env::var("CHROMIUM").ok();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut candidates = named.as_deref().into_iter().chain(names);
    candidates.any(|name| {
        let output = Command::new(name).arg("--version").output();
        output.is_ok_and(|output| output.status.success())
    })
}

#[test]
fn a_report_is_printed_on_a4() {
    if !printable() {
        eprintln!("SKIPPED: no Chromium is installed");
        return;
    }
    let place = place();
    place
        .groma(&["report", "results/tiny", "--pdf", "report.pdf"])
        .ends(0)
        .tells(&["report: report.html", "PDF: report.pdf"]);
    let pdf = std::fs::read(place.path("report.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    let text = String::from_utf8_lossy(&pdf);
    let boxes: Vec<&str> = text
        .split("/MediaBox")
        .skip(1)
        .map(|rest| rest.trim_start().split(']').next().unwrap())
        .collect();
    assert!(!boxes.is_empty());
    for size in boxes {
        let sides: Vec<f64> = size
            .trim_start_matches('[')
            .split_whitespace()
            .map(|side| side.parse().unwrap())
            .collect();
        let [_, _, width, height] = sides.as_slice() else {
            panic!("{size}")
        };
        assert_eq!((width.round(), height.round()), (595.0, 842.0));
    }
    let left = names(&place.path(""));
    assert!(
        !left.iter().any(|name| name.contains("chromium")),
        "{left:?}"
    );
    // A folder that is not there is the user's mistake.
    place
        .groma(&["report", "results/tiny", "--pdf", "no/such/report.pdf"])
        .ends(2)
        .tells(&["no/such/report.pdf"]);
}

#[test]
fn tables_are_written_where_the_build_can() {
    let place = place();
    let args = ["report", "results/tiny", "--parquet", "tables"];
    if !cfg!(feature = "parquet") {
        place.groma(&args).ends(2).tells(&["no Parquet", "hint"]);
        return;
    }
    place.groma(&args).ends(0).tells(&[
        "table: tables/runs.parquet",
        "table: tables/windows.parquet",
    ]);
    for name in ["tables/runs.parquet", "tables/windows.parquet"] {
        let bytes = std::fs::read(place.path(name)).unwrap();
        assert!(
            bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"),
            "{name}"
        );
    }
    place.write("file", "");
    place
        .groma(&["report", "results/tiny", "--parquet", "file"])
        .ends(2)
        .tells(&["cannot write into file"]);
}

#[test]
fn without_a_browser_it_says_so() {
    let place = place();
    let with = |name: &str, value: &str| {
        let mut command = place.command(&["report", "results/tiny", "--pdf", "report.pdf"]);
        command.env_remove("CHROMIUM").env(name, value);
        Said::from(command.output().unwrap())
    };
    with("PATH", "/nowhere")
        .ends(2)
        .tells(&["no Chromium", "hint"]);
    with("CHROMIUM", "/no/such/browser").ends(2).tells(&[
        "/no/such/browser",
        "does not start",
        "hint",
    ]);
    assert!(!place.path("report.pdf").exists());
}
