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

/// Two of four run twice: agreement breaks within a second.
const TWINS: &str = "name: twins
seed: 1
committee: { here: 4 }
network: lan
workload: payments
population: 1000
protocol: pbft
load:
  - { for: 2s, tps: 100 }
faults:
  - { at: 0s, twins: { replicas: [0, 1], side: [3] } }
drain: 2s
expect: violated
";

/// The command of a broken invariant holds where it is printed: on the console in
/// the folder of the call, in a page and in `run.json` in the folder that each is of.
#[test]
fn a_broken_invariant_is_shown_again_from_every_document() {
    let place = Place::with("twins.yaml", TWINS);
    let said = place
        .groma(&["run", "twins.yaml", "--out", "first"])
        .ends(0);
    let run = place.run("first");
    let key = run.file_name().unwrap().to_string_lossy().into_owned();
    let told = format!("groma run first/runs/{key}/run.json");
    assert!(said.out.contains(&told), "{}", said.out);
    let own = format!("groma run runs/{key}/run.json");
    let record = place.read(run.join("run.json"));
    assert!(record.contains(&format!("\"{own}\"")), "{own}");
    assert!(
        place
            .read("first/report.html")
            .contains(&format!("<code>{own}</code>"))
    );

    std::fs::create_dir(place.path("pages")).unwrap();
    let args = ["report", "first", "--out", "pages/page.html"];
    place.groma(&args).ends(0);
    let file = format!("../first/runs/{key}/run.json");
    let page = place.read("pages/page.html");
    assert!(page.contains(&format!("<code>groma run {file}</code>")));
    for (folder, file) in [("pages", file), ("first", format!("runs/{key}/run.json"))] {
        let again = place.path("again").display().to_string();
        let mut command = place.command(&["run", &file, "--no-sharing", "--out", &again]);
        let status = command.current_dir(place.path(folder)).output().unwrap();
        assert_eq!(status.status.code(), Some(0), "{file}");
        assert!(place.read(place.run("again").join("run.json")) == record);
    }
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
