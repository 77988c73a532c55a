//! `throng train` and `predict`; the training itself is held to PyTorch in crates/throng-bert/tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use std::fs;

use common::train::{lines, model, table, train};
use common::{Place, list};
use serde_json::Value;

#[test]
fn a_trained_head_tells_praise_from_complaints() {
    let place = Place::new();
    place.write("t.csv", table(160));
    let ran = train(&place, &["--tune", "head", "--split-by", "user", "--json"]).ok();
    let outcome = ran.json();
    assert_eq!(
        outcome["labels"],
        serde_json::json!(["complaint", "praise"])
    );
    let rows = |name: &str| outcome[name].as_u64().unwrap();
    assert_eq!(rows("n_train") + rows("n_validation"), 160);
    assert!(
        outcome["report"]["roc_auc_score"].as_f64().unwrap() > 0.95,
        "{outcome}"
    );
    assert_eq!(
        (&outcome["ended"], &outcome["skipped"]),
        (&"whole".into(), &Value::Array(vec![]))
    );
    let files = [
        "calibration.json",
        "config.json",
        "events.out.tfevents.throng",
        "metrics.jsonl",
        "model.safetensors",
        "report.html",
        "report.json",
        "throng.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    assert_eq!(list(&place.path("m")), files);
    assert_eq!(place.list(), ["m", "t.csv"]);
    let metrics = lines(&place.path("m/metrics.jsonl"));
    let steps = metrics
        .iter()
        .filter(|line| line.get("step").is_some())
        .count() as u64;
    assert_eq!(Some(steps), outcome["steps"].as_u64());
    assert_eq!(metrics.len() as u64 - steps, 10);

    place.write("new.txt", "a perfect hat\nso unhappy with the coat\n\n");
    let args = [
        "predict", "--model", "m", "--input", "new.txt", "--out", "p.jsonl",
    ];
    place.run(args).ok();
    let found = lines(&place.path("p.jsonl"));
    assert_eq!(found.len(), 3);
    assert_eq!(
        (&found[0]["label"], &found[1]["label"]),
        (&"praise".into(), &"complaint".into())
    );
    for line in &found {
        let sum: f64 = ["praise", "complaint"]
            .iter()
            .map(|label| line["probabilities"][label].as_f64().unwrap())
            .sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
    let again = place.run(args).failed(2);
    assert!(again.contains("add --force"), "{again}");

    // The same command gives the same bytes.
    let bytes = |name: &str| fs::read(place.path(name)).unwrap();
    let before = bytes("m/model.safetensors");
    train(
        &place,
        &["--tune", "head", "--split-by", "user", "--force", "--quiet"],
    )
    .ok();
    assert!(bytes("m/model.safetensors") == before);
}

#[test]
fn labels_and_numbers_are_learnt_too() {
    let place = Place::new();
    place.write("t.csv", table(96));
    let more = [
        "--task", "labels", "--label", "tags", "--epochs", "4", "--json",
    ];
    let outcome = train(&place, &more).ok().json();
    assert_eq!(outcome["labels"], serde_json::json!(["good", "seen"]));
    place.write("new.txt", "a perfect hat\n");
    let predict = |out: &str| {
        place
            .run([
                "predict", "--model", "m", "--input", "new.txt", "--out", out,
            ])
            .ok();
        lines(&place.path(out)).remove(0)
    };
    assert!(
        predict("p.jsonl")["label"]
            .as_array()
            .unwrap()
            .contains(&"seen".into())
    );
    let more = [
        "--task", "number", "--label", "stars", "--epochs", "30", "--lr", "5e-3", "--force",
        "--json",
    ];
    let outcome = train(&place, &more).ok().json();
    assert!(
        outcome["report"]["r2_score"].as_f64().unwrap() > 0.5,
        "{outcome}"
    );
    let stars = predict("n.jsonl")["label"].as_f64().unwrap();
    assert!((2.5..7.0).contains(&stars), "{stars}");

    // Numbers that are 0 and 1 only are numbers still.
    place.write("t.csv", table(96).replace(",4.5,", ",0,"));
    let more = [
        "--task",
        "number",
        "--label",
        "stars",
        "--epochs",
        "8",
        "--lr",
        "5e-3",
        "--early-stop",
        "mean_absolute_error",
        "--force",
        "--json",
    ];
    let outcome = train(&place, &more).ok().json();
    let error = outcome["report"]["mean_absolute_error"].as_f64().unwrap();
    assert!(error < 0.5, "{outcome}");
}

#[test]
fn bad_input_is_one_line_and_leaves_nothing() {
    let place = Place::new();
    place.write("t.csv", table(40));
    place.write("empty.csv", "words,kind\n,praise\n ,complaint\n");
    place.write("once.csv", "words,kind\na,x\nb,x\nc,y\n");
    place.write("one.csv", "words,kind\na,x\nb,x\n");
    let before = place.list();
    for (more, words) in [
        (
            vec!["--data", "empty.csv"],
            "empty.csv: --text: no row has both a text and a label",
        ),
        (
            vec!["--data", "once.csv"],
            "once.csv: --label: \"y\" is on one row only",
        ),
        (
            vec!["--data", "one.csv"],
            "one.csv: --label: all 2 rows are \"x\"",
        ),
        (vec!["--data", "none.csv"], "none.csv: no such file"),
        (
            vec!["--text", "nothing"],
            "has no column nothing (for text)",
        ),
        (
            vec!["--label", "words", "--task", "number"],
            "which is no number",
        ),
        (
            vec!["--tune", "last:9"],
            "the last 9 layers, the model has 6",
        ),
        (vec!["--tune", "lora:0"], "a rank of 0"),
        (vec!["--tune", "some"], "give full, head, last:N or lora:R"),
        (vec!["--loss", "bce"], "is none of SingleLabel"),
        (
            vec!["--class-weights", "1,2,3"],
            "3 class weights, the model has 2 classes",
        ),
        (
            vec!["--class-weights", "heavy"],
            "--class-weights: \"heavy\" is neither balanced nor numbers",
        ),
        (
            vec!["--holdout", "0"],
            "--holdout: of 40 rows, 0 are left to judge by",
        ),
        (vec!["--early-stop", "luck"], "give one of roc_auc_score"),
        (
            vec!["--early-stop", "r2_score"],
            "--early-stop: r2_score is no score of this task; give one of roc_auc_score",
        ),
        (vec!["--adversarial", "0.1"], "cached features does not see"),
        (
            vec!["--tune", "full", "--augment", "crop=2"],
            "augment: crop is 2",
        ),
        (vec!["--augment", "flip=1"], "give truncate, crop, mask"),
        (vec!["--augment", "crop=0.5"], "sees one form alone"),
        (vec!["--lr", "0"], "learning_rate is 0"),
        (vec!["--model", "nowhere"], "nowhere/config.json"),
    ] {
        // A later value of an option replaces an earlier one only if the option is not given twice.
        let mut args = vec!["train"];
        let model = model();
        for (name, value) in [
            ("--data", "t.csv"),
            ("--text", "words"),
            ("--label", "kind"),
            ("--model", &model),
            ("--out", "m"),
        ] {
            if !more.contains(&name) {
                args.extend([name, value]);
            }
        }
        args.extend(&more);
        let line = place.run(args).failed_after_notes(2);
        assert!(line.contains(words), "{line}");
        assert_eq!(place.list(), before, "{line}");
    }
    // A loss that is not finite is the run's failure, not the input's.
    let line =
        train(&place, &["--lr", "1e38", "--warmup", "0", "--epochs", "20"]).failed_after_notes(1);
    assert!(line.contains("not finite at step"), "{line}");
    assert!(!place.path("m").exists());
}

#[test]
fn every_option_of_training_is_taken() {
    let place = Place::new();
    place.write("t.csv", table(64));
    let more = [
        "--tune",
        "lora:4:query,key",
        "--oversample",
        "--class-weights",
        "balanced",
        "--augment",
        "crop=0.8,mask=0.1",
        "--adversarial",
        "0.1",
        "--label-smoothing",
        "0.1",
        "--batch",
        "8",
        "--accumulate",
        "2",
        "--schedule",
        "cosine",
        "--lr",
        "5e-3",
        "--early-stop",
        "f1_score",
        "--patience",
        "2",
        "--epochs",
        "40",
        "--json",
    ];
    let outcome = train(&place, &more).ok().json();
    assert_eq!(
        (&outcome["ended"], &outcome["score"], &outcome["tune"]),
        (
            &"early".into(),
            &"f1_score".into(),
            &"lora:4:query,key".into()
        )
    );
    let number = |name: &str| outcome[name].as_u64().unwrap();
    assert_eq!(number("epochs"), number("best_epoch") + 2);
    assert!(
        outcome["report"]["f1_score"].as_f64().unwrap() > 0.9,
        "{outcome}"
    );
    // Two batches of 8 make a step, and the rate falls as a cosine does.
    let metrics = lines(&place.path("m/metrics.jsonl"));
    let steps: Vec<&Value> = metrics
        .iter()
        .filter(|line| line.get("step").is_some())
        .collect();
    assert_eq!(steps.len() as u64, number("steps"));
    assert!(number("steps") <= number("epochs") * 64_u64.div_ceil(16));
    for name in ["lora:x", "lora:4:keys"] {
        let line = train(&place, &["--tune", name, "--force"]).failed(2);
        assert!(line.contains("--tune"), "{line}");
    }
}

/// New words for the same classes, learnt without losing the old ones.
#[test]
fn a_classifier_is_trained_on_with_replay() {
    let place = Place::new();
    place.write("t.csv", table(160));
    train(&place, &["--tune", "head", "--quiet"]).ok();
    let mut new = "words,kind\n".to_owned();
    for row in 0..80 {
        let (start, kind) = match row % 2 {
            0 => ("the parcel came early", "praise"),
            _ => ("the parcel came late", "complaint"),
        };
        new += &format!("{start} on day {row},{kind}\n");
    }
    place.write("new.csv", new);
    let args = [
        "train", "--data", "new.csv", "--text", "words", "--label", "kind", "--model", "m",
        "--out", "n", "--tune", "head", "--epochs", "30", "--replay", "t.csv", "--json",
    ];
    let outcome = place.run(args).ok().json();
    let auc = |when: &str, which: &str| {
        outcome["online"][when][which]["roc_auc_score"]
            .as_f64()
            .unwrap()
    };
    assert!(auc("before", "old") > 0.95, "{outcome}");
    assert!(auc("before", "new") < auc("after", "new"), "{outcome}");
    assert!(auc("after", "new") > 0.95, "{outcome}");
    assert!(auc("after", "old") > 0.95, "{outcome}");
    assert!(outcome["online"]["replayed"].as_u64().unwrap() > 40);

    place.write("other.csv", "words,kind\na,praise\nb,neither\n");
    let line = place
        .run([
            "train",
            "--data",
            "other.csv",
            "--text",
            "words",
            "--label",
            "kind",
            "--model",
            "m",
            "--out",
            "o",
            "--replay",
            "t.csv",
        ])
        .failed_after_notes(2);
    assert!(
        line.contains("\"neither\"") && line.contains("none of the known labels"),
        "{line}"
    );
    assert!(!place.path("o").exists());
}
