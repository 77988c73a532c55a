//! The road from a log to clusters, by command, on a log small enough for a quick pretraining.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use common::{Place, list, read_f32};

const USERS: usize = 60;

/// Sixty users in two manners: buyers of shoes in the morning, readers of books at night.
fn log() -> String {
    log_with(',', "\n")
}

fn log_with(comma: char, end: &str) -> String {
    let names = ["user", "time", "action", "item", "price", "title"];
    let mut text = names.join(&comma.to_string()) + end;
    for user in 0..USERS {
        let (start, items, actions) = if user % 2 == 0 {
            (7, "shoe", ["view", "cart", "purchase"])
        } else {
            (20, "book", ["view", "view", "search"])
        };
        for event in 0..9 {
            let item = (user * 7 + event * 5) % 6;
            let fields = [
                format!("u{user:03}"),
                format!(
                    "2024-03-{:02}T{:02}:{:02}:00Z",
                    1 + event / 3 + user % 5,
                    start + user % 3,
                    10 * (event % 3) + user % 10
                ),
                actions[event % 3].to_owned(),
                format!("{items}{item}"),
                (5 + item).to_string(),
                format!("\"A \"\"{items}\"\", number {item};\nin two lines\""),
            ];
            write!(text, "{}{end}", fields.join(&comma.to_string())).unwrap();
        }
    }
    text
}

/// Segments the log in the folder, on the CPU.
fn segment(place: &Place, log: &str, out: &str, more: &[&str]) -> common::Ran {
    let mut args = vec!["segment", log, "--out", out];
    args.extend(more);
    place.run(args)
}

/// The user and cluster columns of clusters.csv.
fn clusters(folder: &Path) -> BTreeMap<String, String> {
    table(
        &folder.join("clusters.csv"),
        "user,cluster,distance,silhouette",
    )
}

fn table(path: &Path, header: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(header));
    let mut previous = String::new();
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(fields.len(), header.split(',').count(), "{line}");
            assert!(fields[2].parse::<f64>().unwrap() >= 0.0);
            for silhouette in &fields[3..] {
                assert!(silhouette.parse::<f64>().unwrap().abs() <= 1.0);
            }
            assert!(fields[0] > previous.as_str(), "not ordered by user id");
            previous = fields[0].to_owned();
            (fields[0].to_owned(), fields[1].to_owned())
        })
        .collect()
}

#[test]
fn a_log_becomes_judged_clusters() {
    let place = Place::new();
    place.write("log.csv", log());
    let ran = segment(&place, "log.csv", "o", &["--k", "2", "--json"]).ok();
    let result = ran.json();
    assert_eq!(
        list(&place.path("o")),
        [
            "bundle",
            "clusters.csv",
            "clusters.json",
            "dropped.csv",
            "embeddings.npy",
            "report.html",
            "throng.json"
        ]
    );
    assert_eq!(result["k"], 2);
    let silhouette = result["silhouette_score"].as_f64().unwrap();
    assert!((-1.0..=1.0).contains(&silhouette));

    let clusters = clusters(&place.path("o"));
    assert_eq!(clusters.len(), USERS);
    for (user, cluster) in &clusters {
        let odd = user[1..].parse::<usize>().unwrap() % 2 == 1;
        assert_eq!(*cluster == clusters["u001"], odd, "{user}");
    }
    let (shape, embeddings) = read_f32(&place.path("o/embeddings.npy"));
    assert_eq!(shape[0], USERS);
    assert!(embeddings.iter().all(|value| value.is_finite()));
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("o/clusters.json")).unwrap()).unwrap();
    assert!(json.is_object());
    let report = fs::read_to_string(place.path("o/report.html")).unwrap();
    assert!(report.starts_with("<!DOCTYPE html>"), "{}", &report[..100]);
    assert!(report.trim_end().ends_with("</html>"));

    // What was guessed is said.
    let said = ran.stderr();
    for column in ["user", "time", "action", "item"] {
        assert!(said.contains(column), "{said}");
    }

    // Users put into the clusters they came from land there again.
    place
        .run([
            "assign",
            "log.csv",
            "--bundle",
            "o/bundle",
            "--out",
            "again.csv",
        ])
        .ok();
    assert_eq!(
        table(&place.path("again.csv"), "user,cluster,distance"),
        clusters
    );
}

#[test]
fn the_form_of_the_file_does_not_matter() {
    let place = Place::new();
    place.write("plain.csv", log());
    // A byte order mark and Windows line ends; line breaks in quotes are content.
    place.write("windows.csv", format!("\u{feff}{}", log_with(',', "\r\n")));
    place.write("semicolons.csv", log_with(';', "\n"));
    place.write("tabs.csv", log_with('\t', "\n"));
    for name in ["plain", "windows", "semicolons", "tabs"] {
        segment(&place, &format!("{name}.csv"), name, &["--k", "2"]).ok();
        assert_eq!(
            clusters(&place.path(name)),
            clusters(&place.path("plain")),
            "{name}"
        );
    }
    // The same file twice: the same bytes.
    segment(&place, "plain.csv", "twice", &["--k", "2"]).ok();
    for file in ["clusters.csv", "embeddings.npy", "dropped.csv"] {
        assert_eq!(
            fs::read(place.path("twice").join(file)).unwrap(),
            fs::read(place.path("plain").join(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn rows_that_do_not_parse_are_counted_and_kept_for_reading() {
    let place = Place::new();
    let mut text = log();
    text.push_str("u000,yesterday,view,shoe1,5,x\n");
    place.write("log.csv", &text);
    segment(&place, "log.csv", "o", &["--k", "2"]).ok();
    let dropped = fs::read_to_string(place.path("o/dropped.csv")).unwrap();
    assert_eq!(dropped.lines().count(), 2, "{dropped}");
    let line = text.lines().count().to_string();
    let row = dropped.lines().nth(1).unwrap();
    assert!(row.contains(&line) && row.contains("unparsed"), "{row}");
}

#[test]
fn a_model_is_pretrained_once_and_used_again() {
    let place = Place::new();
    place.write("log.csv", log());
    let result = place
        .run([
            "pretrain",
            "log.csv",
            "--out",
            "model",
            "--layers",
            "1",
            "--hidden",
            "16",
            "--heads",
            "2",
            "--epochs",
            "2",
            "--max-length",
            "24",
            "--json",
        ])
        .ok()
        .json();
    assert!(result["loss"].as_f64().unwrap().is_finite(), "{result}");
    let config: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("model/config.json")).unwrap()).unwrap();
    assert_eq!(config["num_hidden_layers"], 1);
    assert_eq!(config["hidden_size"], 16);
    assert_eq!(config["num_attention_heads"], 2);
    segment(&place, "log.csv", "o", &["--k", "2", "--encoder", "model"]).ok();
    let (shape, _) = read_f32(&place.path("o/embeddings.npy"));
    assert_eq!(shape[0], USERS);
    segment(&place, "log.csv", "p", &["--encoder", "absent"]).failed_with(
        2,
        "--encoder absent: there is no config.json in it; give a model of throng pretrain",
    );
    place
        .run([
            "assign", "log.csv", "--bundle", "model", "--out", "a.csv",
        ])
        .failed_with(
            2,
            "--bundle model: there is no bundle.json in it; give the folder bundle of throng segment",
        );
    let line = place
        .run([
            "pretrain", "log.csv", "--out", "bad", "--hidden", "16", "--heads", "3",
        ])
        .failed_after_notes(2);
    assert!(line.contains("heads"), "{line}");
    assert_eq!(place.list(), ["log.csv", "model", "o"]);
}

#[test]
fn a_demo_finds_its_cohorts() {
    let place = Place::new();
    let result = place
        .run(["demo", "--users", "300", "--out", "demo", "--json"])
        .ok()
        .json();
    // So small a shop tells little: better than chance is all that is asked here.
    let score = result["adjusted_rand_score"].as_f64().unwrap();
    assert!(score > 0.1 && score <= 1.0, "{result}");
    assert!(result["baseline_adjusted_rand_score"].is_f64(), "{result}");
    assert!(result["k"].as_u64().unwrap() >= 2);
    assert!(result["seconds"].as_f64().unwrap() > 0.0);
    assert!(result["device"].as_str().unwrap().starts_with("cpu"));
    let report = Path::new(result["report"].as_str().unwrap()).to_owned();
    assert!(place.path(report.to_str().unwrap()).is_file(), "{report:?}");
    place
        .run(["demo", "--users", "300", "--out", "demo"])
        .failed_with(
            2,
            "demo: holds an earlier result; add --force to replace it",
        );
}

#[cfg(unix)]
#[test]
fn ctrl_c_while_segmenting_leaves_nothing() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let place = Place::new();
    // Enough users that pretraining takes a while.
    let mut text = String::from("user,time,action,item\n");
    for user in 0..4000 {
        for event in 0..30 {
            writeln!(
                text,
                "u{user},2024-03-{:02}T{:02}:00:00Z,view,i{}",
                1 + event,
                user % 24,
                (user * 31 + event * 17) % 500
            )
            .unwrap();
        }
    }
    place.write("log.csv", text);
    for pause in [300, 4000] {
        let mut child = common::throng()
            .current_dir(place.path("."))
            .args(["segment", "log.csv", "--out", "o"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        assert!(
            child.try_wait().unwrap().is_none(),
            "the work ended by itself"
        );
        let kill = Command::new("sh")
            .args(["-c", &format!("kill -INT {}", child.id())])
            .status()
            .unwrap();
        assert!(kill.success());
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if start.elapsed() > Duration::from_secs(30) {
                child.kill().unwrap();
                panic!("did not stop within 30 seconds");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{stderr}");
        assert_eq!(
            stderr.lines().last(),
            Some("throng: stopped by Ctrl-C; no unfinished output is left"),
            "{stderr}"
        );
        assert_eq!(place.list(), ["log.csv"]);
    }
}
