//! `throng texts`: what it writes of a log whose outcomes are plain, and what it refuses. How behaviour is told and labelled
//! is tested in crates/throng-events.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use std::fmt::Write as _;
use std::fs;

use common::train::{lines, model};
use common::{Place, Ran};

/// Users who look at things for five days in March; every second one buys on the eighth, and once more on the twentieth.
fn log(later: &str) -> String {
    let mut text = "user,time,action,item,title\n".to_owned();
    for user in 0..40 {
        let things = match user % 2 {
            0 => ["red dress", "blue coat", "silk scarf"],
            _ => ["oak table", "tin lamp", "wool rug"],
        };
        for day in 1..6 {
            let thing = things[(user + day) % 3];
            writeln!(
                text,
                "u{user},2024-03-0{day}T10:00:00Z,view,{thing},{thing}"
            )
            .unwrap();
        }
        for day in ["08", "20"] {
            let action = if user % 2 == 0 { "purchase" } else { "view" };
            writeln!(
                text,
                "u{user},2024-03-{day}T10:00:00Z,{action},{later},{later}"
            )
            .unwrap();
        }
    }
    text
}

fn texts(place: &Place, more: &[&str]) -> Ran {
    let model = model();
    let mut args = vec!["texts", "log.csv", "--model", &model, "--out", "t.csv"];
    args.extend(more);
    place.run(args)
}

/// The rows of a table whose texts have no quotes.
fn rows(place: &Place) -> Vec<Vec<String>> {
    let table = fs::read_to_string(place.path("t.csv")).unwrap();
    let row = |line: &str| {
        let (start, end) = line.split_once('"').unwrap_or((line, ""));
        match end.split_once('"') {
            Some((text, label)) => {
                let mut fields: Vec<String> =
                    start.split_terminator(',').map(str::to_owned).collect();
                fields.push(text.to_owned());
                fields.extend(label.split(',').skip(1).map(str::to_owned));
                fields
            }
            None => line.split(',').map(str::to_owned).collect(),
        }
    };
    table.lines().map(row).collect()
}

const BUYS: [&str; 5] = ["--label", "buys-again", "--at", "2024-03-06", "--json"];

#[test]
fn who_buys_again_is_told_and_learnt_without_what_came_after() {
    let place = Place::new();
    place.write("log.csv", log("gold ring"));
    let outcome = texts(&place, &BUYS).ok().json();
    assert_eq!(
        (&outcome["n"], &outcome["positive"]),
        (&40.into(), &20.into())
    );
    let table = rows(&place);
    assert_eq!(table[0], ["user", "time", "text", "label"]);
    assert_eq!(table.len(), 41);
    for row in &table[1..] {
        let number: usize = row[0][1..].parse().unwrap();
        assert_eq!(row[1], "2024-03-06T00:00:00Z");
        assert!(row[2].contains(["dress", "table"][number % 2]), "{row:?}");
        assert_eq!(row[3], ["1", "0"][number % 2], "{row:?}");
    }
    let before = fs::read(place.path("t.csv")).unwrap();
    place.write("log.csv", log("lead pipe"));
    texts(&place, &[&BUYS[..], &["--force"]].concat()).ok();
    assert!(fs::read(place.path("t.csv")).unwrap() == before);

    let model = model();
    let args = [
        "train",
        "--data",
        "t.csv",
        "--text",
        "text",
        "--label",
        "label",
        "--split-by",
        "user",
        "--model",
        &model,
        "--out",
        "m",
        "--json",
    ];
    let outcome = place.run(args).ok().json();
    assert!(
        outcome["report"]["roc_auc_score"].as_f64().unwrap() > 0.95,
        "{outcome}"
    );

    // The same users without labels, to be asked about.
    texts(&place, &["--force", "--at", "2024-03-06"]).ok();
    assert_eq!(rows(&place)[0], ["user", "time", "text"]);
    let args = [
        "predict", "--model", "m", "--input", "t.csv", "--text", "text", "--out", "p.jsonl",
    ];
    place.run(args).ok();
    for (row, line) in rows(&place)[1..].iter().zip(lines(&place.path("p.jsonl"))) {
        let number: usize = row[0][1..].parse().unwrap();
        assert_eq!(line["label"], ["1", "0"][number % 2], "{row:?}");
    }
}

#[test]
fn windows_sessions_languages_and_lengths() {
    let place = Place::new();
    place.write("log.csv", log("gold ring"));
    // Bought on the eighth, and on no day from the ninth to the nineteenth.
    for (at, within, positive) in [("2024-03-06", "3", 20), ("2024-03-09", "10", 0)] {
        let more = [
            "--label",
            "buys-again",
            "--at",
            at,
            "--within",
            within,
            "--force",
            "--json",
        ];
        assert_eq!(texts(&place, &more).ok().json()["positive"], positive);
    }
    // A day's view is a session; one of a purchase alone has no history, and the last day is not seen to its end.
    let more = ["--label", "session-buys", "--force", "--json"];
    let outcome = texts(&place, &more).ok().json();
    assert_eq!(
        (&outcome["n"], &outcome["positive"]),
        (&220.into(), &0.into())
    );

    texts(&place, &["--language", "chinese", "--force"]).ok();
    let chinese = rows(&place);
    assert!(
        chinese[1][2].contains('浏') || chinese[1][2].contains('看'),
        "{chinese:?}"
    );
    // Fewer tokens tell the newest.
    texts(
        &place,
        &["--at", "2024-03-06", "--max-length", "16", "--force"],
    )
    .ok();
    let short = rows(&place);
    assert!(short[1][2].contains("silk scarf"), "{:?}", short[1]);
    assert!(!short[1][2].contains("blue coat"), "{:?}", short[1]);
}

#[test]
fn what_cannot_be_told_is_said_in_a_line() {
    let place = Place::new();
    place.write("log.csv", log("gold ring"));
    let before = place.list();
    for (more, words) in [
        (&["--label", "buys-again"][..], "--at <TIME>"),
        (&["--at", "soon"], "--at: time \"soon\" is no time"),
        (&["--within", "3"], "--at <TIME>"),
        (&["--at", "1999-01-01"], "no user or session is left"),
        (
            &["--label", "session-buys", "--at", "2024-03-06"],
            "--at is for users",
        ),
        (&["--gap", "0"], "--gap 0: give a number above 0"),
        (&["--max-length", "2"], "the least is 3"),
        (
            &[&BUYS[..4], &["--within", "0"]].concat(),
            "--within 0: give",
        ),
        (
            &[&BUYS[..4], &["--min-events", "2"]].concat(),
            "give labels away",
        ),
    ] {
        let line = texts(&place, more).failed_after_notes(2);
        assert!(line.contains(words), "{line}");
        assert_eq!(place.list(), before, "{line}");
    }
    place.write(
        "log.csv",
        "user,time,action\na,2024-03-01,view\nb,2024-03-01,cart\n",
    );
    let line = texts(&place, &BUYS).failed_after_notes(2);
    assert!(line.contains("purchase"), "{line}");
    assert_eq!(place.list(), before);
}
