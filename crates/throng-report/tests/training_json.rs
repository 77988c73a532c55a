//! The JSON of a training report holds what the page shows, unrounded, under scikit-learn's names, and is read back.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod same;
mod training_fixture;

use same::same;
use serde_json::Value;
use throng_report::training::{TrainingReport, html, json};
use training_fixture::{binary, multiclass, multilabel, regression};

fn value(report: &TrainingReport) -> Value {
    serde_json::from_str(&json(report).unwrap()).unwrap()
}

#[test]
fn every_kind_is_read_back_whole() {
    for report in [binary(), multiclass(6), multilabel(), regression()] {
        let text = json(&report).unwrap();
        assert!(text.ends_with("}\n") && text.matches('\n').count() == 1);
        let back: TrainingReport = serde_json::from_str(&text).unwrap();
        assert!(same(&value(&report), &value(&back)));
        assert_eq!(html(&back), html(&report));
        let mut other = back.clone();
        other.mistakes[1].truth.push('!');
        assert!(
            !same(&value(&report), &value(&other)),
            "the comparison is blind"
        );
    }
}

#[test]
fn names_are_scikit_learns() {
    let report = binary();
    let value = value(&report);
    let at = |path: &str| {
        value
            .pointer(path)
            .unwrap_or_else(|| panic!("no {path}"))
            .clone()
    };
    let auc = report.curves[0].roc_auc_score.unwrap();
    assert_eq!(at("/task"), "binary");
    assert_eq!(at("/measures/roc_auc_score/value"), auc);
    assert_eq!(at("/measures/roc_auc_score/baseline"), 0.5);
    assert_eq!(at("/measures/roc_auc_score/interval/low"), auc - 0.0093);
    assert_eq!(at("/curves/0/roc_auc_score"), auc);
    for path in [
        "/measures/average_precision_score/value",
        "/measures/log_loss/value",
        "/measures/brier_score_loss/value",
        "/classification_report/classes/1/precision",
        "/classification_report/classes/1/recall",
        "/classification_report/classes/1/f1-score",
        "/curves/0/roc_curve/fpr/1",
        "/curves/0/roc_curve/tpr/1",
        "/curves/0/precision_recall_curve/precision/0",
        "/curves/0/precision_recall_curve/recall/0",
        "/calibration/before/prob_true/0",
        "/calibration/before/prob_pred/0",
        "/calibration/after/expected_calibration_error",
        "/calibration/temperature",
    ] {
        assert!(at(path).is_number(), "{path}");
    }
    assert_eq!(at("/classification_report/averages/0/name"), "macro avg");
    assert_eq!(at("/confusion_matrix/1/0"), report.confusion_matrix[1][0]);
}

#[test]
fn parts_that_there_are_not_are_absent() {
    let value = value(&regression());
    for part in [
        "classes",
        "classification_report",
        "curves",
        "calibration",
        "confusion_matrix",
    ] {
        assert!(value.get(part).is_none(), "{part}");
    }
    let back: TrainingReport = serde_json::from_str("{\"title\": \"little\"}").unwrap();
    let little = TrainingReport {
        title: "little".to_owned(),
        ..TrainingReport::default()
    };
    assert_eq!(back, little);
}

#[test]
fn what_is_undefined_is_null() {
    let mut report = multiclass(6);
    report.steps[3].loss = f64::NAN;
    report.calibration.as_mut().unwrap().before.prob_true[0] = f64::INFINITY;
    let value = value(&report);
    assert!(value["steps"][3]["loss"].is_null());
    assert!(value["measures"]["roc_auc_score"]["value"].is_null());
    assert!(value["classification_report"]["classes"][5]["f1-score"].is_null());
    let back: TrainingReport = serde_json::from_value(value).unwrap();
    assert!(back.steps[3].loss.is_nan());
    assert!(back.calibration.unwrap().before.prob_true[0].is_nan());
    assert_eq!(back.measures["roc_auc_score"].value, None);
}

#[test]
fn hostile_texts_come_back_as_they_were() {
    let mut report = binary();
    let nasty = "</script>\"\\\u{0}<b>=cmd()\u{202e}\n";
    report.mistakes[0].text = nasty.to_owned();
    report.classes[0].name = nasty.to_owned();
    let back: TrainingReport = serde_json::from_str(&json(&report).unwrap()).unwrap();
    assert_eq!(back.mistakes[0].text, nasty);
    assert_eq!(back.classes[0].name, nasty);
}
