//! `throng evaluate classes` against the examples of scikit-learn's documentation.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use common::{Place, npy, npy_f32};

fn doubles(values: &[f64], shape: &[usize]) -> Vec<u8> {
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    npy("<f8", false, shape, &data)
}

/// The example of `roc_auc_score`, `average_precision_score` and `roc_curve`.
fn example() -> Place {
    let place = Place::new();
    place.labels("t.npy", &[0, 0, 1, 1]);
    place.write("p.npy", doubles(&[0.1, 0.4, 0.35, 0.8], &[4]));
    place
}

const ARGS: [&str; 6] = [
    "evaluate", "classes", "--truth", "t.npy", "--scores", "p.npy",
];

#[test]
fn the_measures_of_four_rows_are_known() {
    let place = example();
    let result = place
        .run(ARGS.iter().chain(&["--labels", "stays,leaves", "--json"]))
        .ok()
        .json();
    let near = |name: &str, expected: f64| {
        let got = result[name].as_f64().unwrap();
        assert!((got - expected).abs() < 1e-12, "{name}: {got} {expected}");
    };
    near("roc_auc_score", 0.75);
    near("average_precision_score", 0.5 + 0.5 * 2.0 / 3.0);
    let likelihood: f64 = 0.9 * 0.6 * 0.35 * 0.8;
    near("log_loss", -likelihood.ln() / 4.0);
    near("brier_score_loss", (0.01 + 0.16 + 0.4225 + 0.04) / 4.0);
    near("accuracy_score", 0.75);
    assert_eq!(
        result["confusion_matrix"],
        serde_json::json!([[2, 0], [1, 1]])
    );
    assert_eq!(result["classification_report"]["leaves"]["recall"], 0.5);
    assert_eq!(result["threshold"], 0.5);
    assert_eq!(result.get("intervals"), None);

    // Without --json it is the same object, laid out for people.
    let shown = place
        .run(ARGS.iter().chain(&["--labels", "stays,leaves"]))
        .ok()
        .stdout();
    assert!(shown.lines().count() > 10, "{shown}");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
        result
    );
}

#[test]
fn threshold_weights_and_intervals() {
    let place = example();
    place.write("w.npy", doubles(&[1.0, 1.0, 2.0, 0.0], &[4]));
    let args = [
        "--threshold",
        "0.35",
        "--weights",
        "w.npy",
        "--bootstrap",
        "50",
        "--seed",
        "3",
        "--json",
    ];
    let first = place.run(ARGS.iter().chain(&args)).ok();
    let result = first.json();
    // Row 3 has no weight: row 2 is above row 0 and below row 1.
    assert_eq!(result["roc_auc_score"], 0.5);
    assert_eq!(result["classification_report"]["1"]["support"], 2.0);
    assert_eq!(result["classification_report"]["1"]["recall"], 1.0);
    assert!(result["intervals"]["average_precision_score"]["low"].is_number());
    let again = place.run(ARGS.iter().chain(&args)).ok();
    assert_eq!(first.stdout(), again.stdout());
}

#[test]
fn several_classes_and_columns() {
    let place = Place::new();
    place.labels("t.npy", &[0, 2, 2]);
    let p = [0.5, 0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 0.25, 0.25];
    place.write("p.npy", npy_f32(&p, &[3, 3]));
    let result = place.run(ARGS.iter().chain(&["--json"])).ok().json();
    assert_eq!(result["task"], "multiclass");
    // No row is of class 1, so the mean of the areas is not defined.
    assert!(result["roc_auc_score"].is_null());
    assert_eq!(result["roc_auc_by_class"]["per_class"][0], 0.75);
    assert_eq!(result["zero_division"]["recall"], 1);

    place.write(
        "t.npy",
        npy("|b1", false, &[3, 3], &[1, 0, 0, 0, 0, 1, 1, 1, 1]),
    );
    let result = place.run(ARGS.iter().chain(&["--json"])).ok().json();
    assert_eq!(result["task"], "multilabel");
    assert_eq!(result.get("confusion_matrix"), None);
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let place = example();
    let refused = |args: &[&str], message: &str| {
        place.run(ARGS.iter().chain(args)).failed_with(2, message);
    };
    place.labels("t.npy", &[0, 1]);
    refused(
        &[],
        "t.npy: has 2 classes, but p.npy has 4 rows; give both the same rows",
    );
    place.labels("t.npy", &[0, 1, -1, 0]);
    refused(
        &[],
        "t.npy: row 2 is of class -1, but p.npy has 2 classes; number the classes from 0 to 1",
    );
    place.labels("t.npy", &[0, 1, 1, 0]);
    place.write("w.npy", doubles(&[1.0], &[1]));
    refused(
        &["--weights", "w.npy"],
        "w.npy: has 1 weights, but p.npy has 4 rows; give both the same rows",
    );
    refused(
        &["--labels", "a,b,c"],
        "p.npy: names: 3 given, but 2 are needed, one for each class",
    );
    refused(
        &["--threshold", "2"],
        "p.npy: threshold: is 2; a probability from 0 to 1 is needed",
    );
    place.write("p.npy", doubles(&[0.5, 0.5, 1.5, 0.5], &[4]));
    refused(
        &[],
        "p.npy: scores: row 2, column 0 is 1.5, which is no probability; give a softmax or a sigmoid",
    );
    place.write("p.npy", doubles(&[0.5, f64::NAN, 0.5, 0.5], &[4]));
    refused(
        &[],
        "p.npy: scores: row 1, column 0 is NaN; scores are finite",
    );
    place.write(
        "p.npy",
        doubles(&[0.5, 0.5, 0.5, 0.5, 0.75, 0.5, 0.5, 0.5], &[4, 2]),
    );
    refused(
        &[],
        "p.npy: scores: row 2 sums to 1.25, not to 1; give a softmax over the classes",
    );
}
