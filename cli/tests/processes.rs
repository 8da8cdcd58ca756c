//! A run in a world of other processes: Ctrl-C, and two at a time.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use support::{Place, SMALL, Said, TINY, json, names};

fn spawn(place: &Place, args: &[&str]) -> Child {
    let mut command = place.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

#[test]
fn ctrl_c_keeps_what_has_finished_and_a_second_call_goes_on() {
    let text = TINY
        .replace("tps: 100", "tps: 2000")
        .replace("for: 1s", "for: 2s");
    let place = Place::with(
        "tiny.yaml",
        &format!("{text}vary: {{ seed: [1, 2, 3, 4, 5, 6, 7, 8] }}\n"),
    );
    let args = ["run", "tiny.yaml", "--threads", "1"];
    let child = spawn(&place, &args);
    while place.runs("results/tiny").is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
    interrupt(&child);
    let said = Said::from(child.wait_with_output().unwrap()).ends(130);
    said.tells(&["interrupted", "finished runs are kept", "goes on from here"]);

    let kept = place.runs("results/tiny");
    assert!((1..8).contains(&kept.len()), "{kept:?}");
    let times = || {
        kept.iter().map(|run| {
            fs::metadata(run.join("run.json"))
                .unwrap()
                .modified()
                .unwrap()
        })
    };
    let before: Vec<_> = times().collect();
    assert!(
        place.path("results/tiny/report.html").exists(),
        "the report is of what has finished"
    );

    let said = place.groma(&args).ends(0);
    said.tells(&[&format!("{} finished before and reused", kept.len())]);
    assert_eq!(place.runs("results/tiny").len(), 8);
    assert!(before == times().collect::<Vec<_>>());
}

#[test]
fn ctrl_c_abandons_a_long_run() {
    let text = TINY.replace("for: 1s", "for: 100000s");
    let place = Place::with("long.yaml", &text.replace("tiny", "long"));
    place.write("tiny.yaml", TINY);
    let child = spawn(
        &place,
        &[
            "run",
            "long.yaml",
            "tiny.yaml",
            "--threads",
            "2",
            "--out",
            "out",
        ],
    );
    while place.runs("out").is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
    interrupt(&child);
    let said = Said::from(child.wait_with_output().unwrap()).ends(130);
    said.tells(&["1 finished runs are kept, 1 are not"]);
    assert_eq!(place.runs("out").len(), 1);
}

#[test]
fn two_processes_share_a_folder() {
    let place = Place::with("tiny.yaml", &format!("{TINY}vary: {{ seed: [1, 2, 3] }}\n"));
    let args = ["run", "tiny.yaml", "--format", "json", "--quiet"];
    let both = || {
        for child in [spawn(&place, &args), spawn(&place, &args)] {
            let said = Said::from(child.wait_with_output().unwrap()).ends(0);
            assert_eq!(json(&said.out)["runs"].as_array().unwrap().len(), 3);
        }
        assert_eq!(place.runs("results/tiny").len(), 3);
        place.groma(&["report", "results/tiny"]).ends(0);
        let left = names(&place.path("results/tiny/runs"));
        assert!(
            !left
                .iter()
                .any(|name| name.contains("-new-") || name.contains("-old-")),
            "{left:?}"
        );
    };
    both();
    // And when both replace what another build left.
    for run in place.runs("results/tiny") {
        let host = place
            .read(run.join("host.json"))
            .replace("\"build\": \"", "\"build\": \"0");
        fs::write(run.join("host.json"), host).unwrap();
    }
    both();
}

#[test]
fn ctrl_c_keeps_the_certificates_that_are_finished() {
    let place = Place::with(
        "small.yaml",
        &format!("{SMALL}vary: {{ batch.max_txs: [10, 20, 30, 40, 50, 60, 70, 80] }}\n"),
    );
    let args = ["capacity", "small.yaml", "--threads", "1", "--width", "10%"];
    let child = spawn(&place, &args);
    let folder = place.path("results/small/capacity");
    let finished = || {
        let files = names(&folder).into_iter();
        files.filter(|name| !name.starts_with('.')).count()
    };
    while finished() == 0 {
        std::thread::sleep(Duration::from_millis(2));
    }
    interrupt(&child);
    let said = Said::from(child.wait_with_output().unwrap()).ends(130);
    said.tells(&[
        "interrupted",
        "certificates are kept",
        "begin anew with the same command",
    ]);
    let kept = finished();
    assert!((1..8).contains(&kept), "{kept} certificates");
    let rest = place.groma(&args).ends(0);
    rest.tells(&[&format!("{kept} certificates stand already")]);
    assert_eq!(finished(), 8);
}
