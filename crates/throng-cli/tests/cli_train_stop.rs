//! `throng train` that is killed, stopped, or out of disk, and goes on.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::events::events;
use common::train::{lines, model, table, train};
use common::{Place, Ran, list, throng};

const METRICS: &str = "metrics.jsonl";
const EVENTS: &str = "events.out.tfevents.throng";

/// The command line of [`train`].
fn args(model: &str) -> [&str; 12] {
    [
        "train", "--data", "t.csv", "--text", "words", "--label", "kind", "--model", model,
        "--out", "m", "--quiet",
    ]
}

/// A run whose first epoch has ended, and others have not.
fn started(place: &Place, more: &[&str]) -> Child {
    let mut command = throng();
    command.current_dir(place.path("."));
    command.args(args(&model())).args(more);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !place.path("m.run/checkpoint/progress.json").exists() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it was stopped"
        );
        assert!(start.elapsed() < Duration::from_secs(120));
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

/// What a whole run leaves, taken away again: the model, the lines of metrics, the charts of the page.
type Whole = (Vec<u8>, Vec<serde_json::Value>, Vec<String>);

fn whole(place: &Place, more: &[&str]) -> Whole {
    let mut all = vec!["--quiet"];
    all.extend(more);
    train(place, &all).ok();
    let model = fs::read(place.path("m/model.safetensors")).unwrap();
    let metrics = lines(&place.path("m").join(METRICS));
    compare_events(place, "m", &metrics);
    let charts = charts(place);
    assert!(charts.len() > 3);
    fs::remove_dir_all(place.path("m")).unwrap();
    (model, metrics, charts)
}

fn charts(place: &Place) -> Vec<String> {
    let page = fs::read_to_string(place.path("m/report.html")).unwrap();
    let charts = page.split("<svg").skip(1);
    charts
        .map(|rest| rest.split_once("</svg>").unwrap().0.to_owned())
        .collect()
}

/// The run went on to the end of the whole one.
fn compare_whole(place: &Place, (model, metrics, drawn): &Whole) {
    assert!(&fs::read(place.path("m/model.safetensors")).unwrap() == model);
    assert_eq!(&lines(&place.path("m").join(METRICS)), metrics);
    compare_events(place, "m", metrics);
    assert!(&charts(place) == drawn);
    // A kill leaves the folder that the run would have renamed.
    let mut left = place.list();
    left.retain(|name| !name.starts_with(".throng-"));
    assert_eq!(left, ["m", "t.csv"]);
}

/// There is an event for each line, with its numbers.
fn compare_events(place: &Place, folder: &str, metrics: &[serde_json::Value]) {
    let events = events(&place.path(folder).join(EVENTS));
    assert_eq!(events.len(), metrics.len());
    let mut last = 0;
    for ((step, values), line) in events.iter().zip(metrics) {
        let mut expected = Vec::new();
        if let Some(number) = line["step"].as_u64() {
            last = number;
            for name in ["loss", "grad_norm", "learning_rate"] {
                expected.push((format!("train/{name}"), &line[name]));
            }
        } else {
            expected.push(("train/epoch_loss".to_owned(), &line["loss"]));
            expected.push(("eval/loss".to_owned(), &line["validation_loss"]));
            let report = line["report"].as_object().unwrap();
            let numbers = report.iter().filter(|(_, value)| value.is_f64());
            expected.extend(numbers.map(|(name, value)| (format!("eval/{name}"), value)));
            assert!(values.contains_key("eval/roc_auc_score"), "{values:?}");
        }
        assert_eq!(*step, last);
        let expected = expected
            .into_iter()
            .map(|(name, value)| (name, value.as_f64().unwrap() as f32))
            .collect();
        assert_eq!(*values, expected);
    }
}

#[test]
fn a_killed_run_goes_on() {
    let place = Place::new();
    place.write("t.csv", table(400));
    let whole = whole(&place, &[]);

    let mut child = started(&place, &[]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!place.path("m").exists());
    // A kill in the middle of a write.
    for (name, half) in [(METRICS, &b"{\"step\": 1"[..]), (EVENTS, &[99, 0, 0])] {
        let path = place.path("m.run").join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend(half);
        fs::write(&path, bytes).unwrap();
    }

    let line = train(&place, &["--resume", "--batch", "8"]).failed_after_notes(2);
    assert!(line.contains("with other data or settings"), "{line}");
    train(&place, &["--resume", "--quiet"]).ok();
    compare_whole(&place, &whole);
}

#[test]
fn a_stopped_run_keeps_the_best_model_and_goes_on() {
    let place = Place::new();
    place.write("t.csv", table(400));
    let more = ["--epochs", "60"];
    let whole = whole(&place, &more);

    let child = started(&place, &more);
    let kill = format!("kill -INT {}", child.id());
    let kill = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(kill.success());
    let ran = Ran(child.wait_with_output().unwrap());
    let line = ran.failed(130);
    assert_eq!(line, "stopped by Ctrl-C; no unfinished output is left");
    assert_eq!(place.list(), ["m", "m.run", "t.csv"]);
    assert_eq!(list(&place.path("m.run")), ["checkpoint", EVENTS, METRICS]);
    // What there is can be used.
    place.write("new.txt", "a perfect hat\n");
    place
        .run([
            "predict", "--model", "m", "--input", "new.txt", "--out", "p.jsonl",
        ])
        .ok();
    let metrics = lines(&place.path("m").join(METRICS));
    assert!(metrics.len() < whole.1.len());
    assert_eq!(metrics, whole.1[..metrics.len()]);
    compare_events(&place, "m", &metrics);
    for name in ["new.txt", "p.jsonl"] {
        fs::remove_file(place.path(name)).unwrap();
    }

    let mut again = vec!["--resume", "--quiet"];
    again.extend(more);
    train(&place, &again).ok();
    compare_whole(&place, &whole);
}

/// Runs where no file may grow beyond so many bytes: as on a full disk, a write fails.
#[cfg(target_os = "linux")]
fn limited(place: &Place, bytes: u64) -> Ran {
    let blocks = bytes / 512;
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.env("THRONG_DEVICE", "cpu");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_throng")]);
    place.run_by(shell, args(&model()))
}

/// One after another: no room for the metrics, for a checkpoint, for the model.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_a_run_in_a_line_and_what_was_learnt_is_kept() {
    let place = Place::new();
    place.write("t.csv", table(200));
    let whole = whole(&place, &[]);
    for (bytes, file) in [(1 << 10, "m.run"), (100 << 10, "m.run/checkpoint.new/")] {
        let line = limited(&place, bytes).failed(1);
        assert!(
            line.starts_with(file) && line.contains("cannot be written"),
            "{line}"
        );
        assert_eq!(place.list(), ["t.csv"], "{line}");
    }
    let line = limited(&place, 20 << 20).failed(1);
    assert!(line.starts_with("m: cannot be written"), "{line}");
    assert_eq!(place.list(), ["m.run", "t.csv"]);
    assert_eq!(list(&place.path("m.run")), ["checkpoint", EVENTS, METRICS]);
    // Nothing is trained again.
    let outcome = train(&place, &["--resume", "--json"]).ok().json();
    assert_eq!(outcome["epochs_judged"].as_array().unwrap().len(), 0);
    compare_whole(&place, &whole);
}
