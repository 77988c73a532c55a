//! Ctrl-C in the middle of the work.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::train::{model, table, train};
use common::{Place, list, npy_f32, throng, uniform};

/// Starts work that would take hours, waits until it is under way, and presses Ctrl-C `times`.
fn stopped(place: &Place, args: &[&str], times: usize) -> (i32, String) {
    let mut child = throng()
        .current_dir(place.path("."))
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    stderr.read_line(&mut first).unwrap();
    assert!(first.starts_with("device: "), "{first}");
    std::thread::sleep(Duration::from_millis(400));
    assert!(
        child.try_wait().unwrap().is_none(),
        "the work ended by itself"
    );
    for _ in 0..times {
        // The shell's own kill: a bare machine has no program of that name.
        let kill = Command::new("sh")
            .args(["-c", &format!("kill -INT {}", child.id())])
            .status()
            .unwrap();
        assert!(kill.success());
        std::thread::sleep(Duration::from_millis(2));
    }
    let code = wait(&mut child);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let mut stdout = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    assert_eq!(stdout, "");
    (code, rest)
}

fn wait(child: &mut Child) -> i32 {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().expect("ended by a signal");
        }
        if start.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("did not stop within 30 seconds");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

const LINE: &str = "throng: stopped by Ctrl-C; no unfinished output is left\n";

const CLUSTER: [&str; 13] = [
    "cluster",
    "--input",
    "x.npy",
    "--out",
    "o",
    "--k",
    "64",
    "--n-init",
    "1000000",
    "--tol",
    "0",
    "--max-iter",
    "1000000",
];

fn place() -> Place {
    let place = Place::new();
    place.write("x.npy", npy_f32(&uniform(20_000 * 16, 2), &[20_000, 16]));
    place
}

#[test]
fn a_fit_stops_and_leaves_nothing() {
    let place = place();
    for times in [1, 2] {
        let (code, rest) = stopped(&place, &CLUSTER, times);
        assert_eq!((code, rest.as_str()), (130, LINE), "pressed {times} times");
        assert_eq!(place.list(), ["x.npy"]);
    }
}

#[test]
fn an_earlier_result_outlives_a_stopped_run() {
    let place = place();
    let mut first = CLUSTER;
    first[6] = "2";
    first[8] = "1";
    first[12] = "3";
    place.run(first).ok();
    let before = std::fs::read(place.path("o/labels.npy")).unwrap();
    let mut again = CLUSTER.to_vec();
    again.push("--force");
    let (code, rest) = stopped(&place, &again, 1);
    assert_eq!((code, rest.as_str()), (130, LINE));
    assert_eq!(std::fs::read(place.path("o/labels.npy")).unwrap(), before);
    assert_eq!(
        list(&place.path("o")),
        ["centroids.npy", "labels.npy", "result.json", "throng.json"]
    );
}

#[test]
fn distances_stop_and_leave_nothing() {
    let place = Place::new();
    // 60,000 squared are 14 GB in 215 blocks: it stops after a few of them.
    place.write("a.npy", npy_f32(&uniform(60_000 * 64, 3), &[60_000, 64]));
    let args = ["distances", "--input", "a.npy", "--out", "d.npy"];
    let (code, rest) = stopped(&place, &args, 1);
    assert_eq!((code, rest.as_str()), (130, LINE));
    assert_eq!(place.list(), ["a.npy"]);
}

#[test]
fn embedding_and_predicting_stop_and_leave_what_was_there() {
    let place = Place::new();
    // A quarter of an hour's work.
    place.write("t.csv", table(60_000));
    let model = model();
    let embed = [
        "embed", "--model", &model, "--input", "t.csv", "--column", "words", "--out", "e.npy",
    ];
    let (code, rest) = stopped(&place, &embed, 1);
    assert_eq!((code, rest.as_str()), (130, LINE));
    assert_eq!(place.list(), ["t.csv"]);

    let many = std::fs::read(place.path("t.csv")).unwrap();
    place.write("t.csv", table(64));
    train(&place, &["--quiet"]).ok();
    let predict = [
        "predict", "--model", "m", "--input", "t.csv", "--text", "words", "--out", "p.jsonl",
    ];
    place.run(predict).ok();
    let before = std::fs::read(place.path("p.jsonl")).unwrap();
    std::fs::write(place.path("t.csv"), many).unwrap();
    let again = [&predict[..], &["--force"]].concat();
    let (code, rest) = stopped(&place, &again, 1);
    assert_eq!((code, rest.as_str()), (130, LINE));
    assert_eq!(place.list(), ["m", "p.jsonl", "t.csv"]);
    assert_eq!(std::fs::read(place.path("p.jsonl")).unwrap(), before);
}
