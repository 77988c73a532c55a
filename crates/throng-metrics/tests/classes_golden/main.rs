//! Measures of a classifier against scikit-learn, scipy and other peers.
#![allow(clippy::unwrap_used)]

mod golden;
mod recipe;

use golden::{Averages, Columns, Judged, golden};
use serde_json::Value;
use throng_metrics::classes::{
    BinStrategy, Bootstrap, ByClass, ClassificationReport, ConfusionMatrix, Scores,
    average_precision_score, average_precision_score_multilabel, average_precision_score_ovr,
    brier_score_loss, calibration_curve, classification_report, classification_report_multilabel,
    classification_report_of, confusion_matrix, delong_test, expected_calibration_error,
    expected_calibration_error_binary, fit_temperature, log_loss, mcnemar_test,
    precision_recall_curve, roc_auc_score, roc_auc_score_multilabel, roc_auc_score_ovr, roc_curve,
    softmax,
};
use throng_metrics::{mean_absolute_error, mean_squared_error, r2_score};

const NAMES: [&str; 5] = ["no", "yes", "maybe, with a long name", "vielleicht", "可能"];

/// Sums of some tens of numbers up to 1, in another order.
const SUMS: f64 = 1e-12;
/// What scikit-learn adds or subtracts in `f32`.
const SINGLE: f64 = 1e-6;

#[track_caller]
fn near(found: f64, wanted: f64, tolerance: f64, what: &str) {
    let off = (found - wanted).abs();
    assert!(
        off <= tolerance * wanted.abs().max(1.0),
        "{what}: {found}, not {wanted}"
    );
}

#[track_caller]
fn near_option(found: Option<f64>, wanted: Option<f64>, tolerance: f64, what: &str) {
    match (found, wanted) {
        (Some(found), Some(wanted)) => near(found, wanted, tolerance, what),
        _ => assert_eq!(found, wanted, "{what}"),
    }
}

#[track_caller]
fn near_all(found: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(
        found.len(),
        wanted.len(),
        "{what}: {found:?}, not {wanted:?}"
    );
    for (at, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
        near(found, wanted, SUMS, &format!("{what} {at}"));
    }
}

#[track_caller]
fn near_averages(found: &ByClass, wanted: &Averages, what: &str) {
    assert_eq!(found.per_class.len(), wanted.per_class.len(), "{what}");
    for (&found, &wanted) in found.per_class.iter().zip(&wanted.per_class) {
        near_option(found, wanted, SUMS, what);
    }
    near_option(found.macro_avg, wanted.macro_avg, SUMS, what);
    near_option(found.weighted_avg, wanted.weighted_avg, SUMS, what);
}

/// The same keys, the same lists, and near numbers.
#[track_caller]
fn near_json(found: &Value, wanted: &Value, what: &str) {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            let keys =
                |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(found), keys(wanted), "{what}");
            for (key, found) in found {
                near_json(found, &wanted[key], &format!("{what}, {key}"));
            }
        }
        (Value::Number(found), Value::Number(wanted)) => {
            near(
                found.as_f64().unwrap(),
                wanted.as_f64().unwrap(),
                SUMS,
                what,
            );
        }
        _ => panic!("{what}: {found}, not {wanted}"),
    }
}

#[track_caller]
fn same_report(found: &ClassificationReport, report: &Value, text: &str, what: &str) {
    near_json(&serde_json::to_value(found).unwrap(), report, what);
    assert_eq!(found.to_string(), text, "{what}");
}

#[track_caller]
fn same_matrix(found: &ConfusionMatrix, wanted: &Judged, what: &str) {
    let rows: Vec<Vec<f64>> = found.rows().map(<[f64]>::to_vec).collect();
    assert_eq!(Some(rows), wanted.confusion_matrix, "{what}");
    near_option(
        Some(found.balanced_accuracy_score()),
        wanted.balanced_accuracy_score,
        SUMS,
        what,
    );
    near_option(
        Some(found.matthews_corrcoef()),
        wanted.matthews_corrcoef,
        SUMS,
        what,
    );
}

#[test]
fn two_classes() {
    let golden = golden().binary;
    assert_eq!(golden.len(), 14);
    for (seed, case) in golden.iter().enumerate() {
        let what = case.name.as_str();
        let has = |flag: &str| case.flags.iter().any(|f| f == flag);
        let (truth, p) = recipe::binary(seed, case);
        let weights = recipe::weights(seed, case.n, has("weighted"));
        let weights = weights.as_deref();
        let (scores, tolerance) = if has("single") {
            (Scores::of_f32(&recipe::single(&p), 1), SINGLE)
        } else {
            (Scores::new(p, 1), SUMS)
        };
        let scores = scores.unwrap();
        let p = scores.values();
        let classes: Vec<u32> = truth.iter().map(|&is| u32::from(is)).collect();

        near_option(
            roc_auc_score(&truth, p, weights).unwrap(),
            case.roc_auc_score,
            SUMS,
            what,
        );
        let precision = average_precision_score(&truth, p, weights).unwrap();
        near(precision, case.average_precision_score, SUMS, what);
        near(
            log_loss(&classes, &scores, weights).unwrap(),
            case.log_loss,
            tolerance,
            what,
        );
        let brier = brier_score_loss(&classes, &scores, weights).unwrap();
        near(brier, case.brier_score_loss, tolerance, what);

        let curve = roc_curve(&truth, p, weights).unwrap();
        assert_eq!(curve.is_some(), case.roc_curve.is_some(), "{what}");
        if let (Some(curve), Some(wanted)) = (curve, &case.roc_curve) {
            let finite = |at: usize| wanted[at].iter().map(|v| v.unwrap_or(f64::INFINITY));
            near_all(&curve.fpr, &finite(0).collect::<Vec<_>>(), what);
            near_all(&curve.tpr, &finite(1).collect::<Vec<_>>(), what);
            assert_eq!(curve.thresholds[0], f64::INFINITY, "{what}");
            near_all(
                &curve.thresholds[1..],
                &finite(2).skip(1).collect::<Vec<_>>(),
                what,
            );
        }
        let curve = precision_recall_curve(&truth, p, weights).unwrap();
        near_all(&curve.precision, &case.precision_recall_curve[0], what);
        near_all(&curve.recall, &case.precision_recall_curve[1], what);
        near_all(&curve.thresholds, &case.precision_recall_curve[2], what);

        let strategies = [BinStrategy::Uniform, BinStrategy::Quantile];
        for (strategy, wanted) in strategies
            .into_iter()
            .zip(case.calibration_curves.iter().flatten())
        {
            let curve = calibration_curve(&truth, p, 7, strategy, None).unwrap();
            near_all(&curve.prob_true, &wanted[0], what);
            near_all(&curve.prob_pred, &wanted[1], what);
        }
        if let Some(wanted) = case.expected_calibration_error {
            let error = expected_calibration_error_binary(&truth, p, 7, None).unwrap();
            near(error, wanted, SUMS, what);
        }

        let predicted = scores.predict(0.5);
        let report = classification_report(&classes, &predicted, &NAMES[..2], weights).unwrap();
        same_report(&report, &case.judged.report, &case.judged.text, what);
        let matrix = confusion_matrix(&classes, &predicted, 2, weights).unwrap();
        same_matrix(&matrix, &case.judged, what);
    }
}

#[test]
fn several_classes() {
    let golden = golden().multiclass;
    assert_eq!(golden.len(), 12);
    assert_eq!(golden.iter().filter(|case| case.some.is_some()).count(), 10);
    assert_eq!(
        golden
            .iter()
            .filter(|case| case.expected_calibration_error.is_some())
            .count(),
        8
    );
    for (seed, case) in golden.iter().enumerate() {
        let what = case.name.as_str();
        let (seed, k) = (20 + seed, case.k);
        let (truth, p) = recipe::classes(seed, case);
        let weights = recipe::weights(seed, case.n, case.has("weighted"));
        let weights = weights.as_deref();
        let (scores, tolerance) = if case.has("single") {
            (Scores::of_f32(&recipe::single(&p), k), SINGLE)
        } else {
            (Scores::new(p, k), SUMS)
        };
        let scores = scores.unwrap();

        let areas = roc_auc_score_ovr(&truth, &scores, weights).unwrap();
        near_averages(&areas, &case.roc_auc_score, what);
        let precisions = average_precision_score_ovr(&truth, &scores, weights).unwrap();
        near_averages(&precisions, &case.average_precision_score, what);
        let loss = log_loss(&truth, &scores, weights).unwrap();
        near_option(Some(loss), case.log_loss, tolerance, what);
        let brier = brier_score_loss(&truth, &scores, weights).unwrap();
        near_option(Some(brier), case.brier_score_loss, tolerance, what);
        if let Some(wanted) = case.expected_calibration_error {
            let error = expected_calibration_error(&truth, &scores, 10, None).unwrap();
            near(error, wanted, SUMS, what);
        }

        let predicted = scores.predict(0.5);
        let report = classification_report(&truth, &predicted, &NAMES[..k], weights).unwrap();
        same_report(&report, &case.judged.report, &case.judged.text, what);
        let matrix = confusion_matrix(&truth, &predicted, k, weights).unwrap();
        same_matrix(&matrix, &case.judged, what);
        if let Some(some) = &case.some {
            let names = &NAMES[..k];
            let report =
                classification_report_of(&some.labels, &truth, &predicted, names, weights).unwrap();
            same_report(&report, &some.report, &some.text, what);
        }
    }
}

#[test]
fn columns_that_are_true_by_themselves() {
    let golden = golden().multilabel;
    assert_eq!(golden.len(), 4);
    for (seed, case) in golden.iter().enumerate() {
        let what = case.name.as_str();
        let (seed, k) = (40 + seed, case.k);
        let (truth, p) = recipe::columns(seed, case);
        let weights = recipe::weights(seed, case.n, case.has("weighted"));
        let weights = weights.as_deref();
        let predicted: Vec<bool> = p.iter().map(|&p| p >= 0.5).collect();
        let scores = Scores::new(p, k).unwrap();
        let areas = roc_auc_score_multilabel(&truth, &scores, weights).unwrap();
        near_averages(&areas, &case.roc_auc_score, what);
        let precisions = average_precision_score_multilabel(&truth, &scores, weights).unwrap();
        near_averages(&precisions, &case.average_precision_score, what);
        let names = &NAMES[..k];
        let report = classification_report_multilabel(&truth, &predicted, names, weights).unwrap();
        same_report(&report, &case.judged.report, &case.judged.text, what);
    }
}

#[test]
fn temperatures() {
    let golden = golden().temperature;
    assert_eq!(golden.len(), 3);
    for (seed, case) in golden.iter().enumerate() {
        let what = format!("temperature {seed}");
        let (seed, k) = (50 + seed, case.k);
        let (truth, logits) = recipe::logits(seed, case.n, k, case.signal);
        let weights = recipe::weights(seed, case.n, case.weighted);
        let weights = weights.as_deref();
        let logits = Scores::new(logits, k).unwrap();
        let temperature = fit_temperature(&truth, &logits, weights).unwrap();
        // A minimiser sees the loss only, which is flat to 1e-16 over 1e-8 around the least.
        near(temperature, case.temperature, 1e-6, &what);
        let loss = |t: f64| log_loss(&truth, &softmax(&logits, t).unwrap(), weights).unwrap();
        near(loss(temperature), case.log_loss, SUMS, &what);
        assert!(loss(temperature) < loss(temperature * 1.01));
        assert!(loss(temperature) < loss(temperature * 0.99));
        if k == 2 {
            let one = logits.iter().map(|row| row[1] - row[0]).collect();
            let one = Scores::new(one, 1).unwrap();
            near(
                fit_temperature(&truth, &one, weights).unwrap(),
                temperature,
                SUMS,
                &what,
            );
            let (p, both) = (softmax(&one, 1.7).unwrap(), softmax(&logits, 1.7).unwrap());
            near_all(p.values(), &both.column(1), &what);
        }
    }
}

#[test]
fn delongs_test() {
    let golden = golden().delong;
    assert_eq!(golden.len(), 3);
    for (seed, case) in golden.iter().enumerate() {
        let what = format!("delong {seed}");
        let (truth, a, b) = recipe::two_scores(60 + seed, case.n, case.levels);
        let test = delong_test(&truth, &a, &b).unwrap();
        near(test.auc_a, case.auc_a, SUMS, &what);
        near(test.auc_b, case.auc_b, SUMS, &what);
        near(test.standard_error, case.standard_error, SUMS, &what);
        near_option(test.z, Some(case.z), 1e-10, &what);
        near_option(test.p_value, Some(case.p_value), 1e-10, &what);
        let [low, high] = test.interval;
        near((low + high) / 2.0, case.auc_a - case.auc_b, SUMS, &what);
        near(
            high - low,
            2.0 * 1.959_963_984_540_054 * case.standard_error,
            SUMS,
            &what,
        );
    }
}

#[test]
fn mcnemars_test() {
    let golden = golden().mcnemar;
    assert_eq!(golden.len(), 5);
    for case in golden {
        let (a, b) = (case.only_a, case.only_b);
        let truth = vec![0; a + b + 4];
        // Four rows on which both are right or both are wrong.
        let right = |own: bool| (0..a + b).map(move |row| u32::from((row < a) != own));
        let first: Vec<u32> = right(true).chain([0, 0, 1, 1]).collect();
        let second: Vec<u32> = right(false).chain([0, 0, 1, 2]).collect();
        let test = mcnemar_test(&truth, &first, &second).unwrap();
        assert_eq!((test.only_a, test.only_b), (a, b));
        assert!(
            (test.p_value - case.p_value).abs() <= 1e-11 * case.p_value,
            "{test:?}"
        );
    }
}

#[test]
fn predicted_numbers() {
    let golden = golden().regression;
    assert_eq!(golden.len(), 5);
    for (seed, case) in golden.iter().enumerate() {
        let seed = 70 + seed;
        let (truth, predicted) = recipe::numbers(seed, case.n, &case.kind);
        let weights = recipe::weights(seed, case.n, case.kind == "weighted");
        let weights = weights.as_deref();
        let squared = mean_squared_error(&truth, &predicted, weights).unwrap();
        near(squared, case.mean_squared_error, SUMS, &case.kind);
        let absolute = mean_absolute_error(&truth, &predicted, weights).unwrap();
        near(absolute, case.mean_absolute_error, SUMS, &case.kind);
        let share = r2_score(&truth, &predicted, weights).unwrap();
        near_option(share, case.r2_score, SUMS, &case.kind);
    }
}

/// Two bootstraps of 20,000 draws: an end of either is off by a standard error of 2.7 sigma / sqrt(20,000), the interval is
/// 3.9 sigma wide; five standard errors of their difference are 0.034 of its width.
#[test]
fn intervals() {
    let golden = golden().intervals;
    assert_eq!(golden.len(), 1);
    for case in golden {
        let (truth, a, b) = recipe::two_scores(80, case.n, case.levels);
        let classes: Vec<u32> = truth.iter().map(|&is| u32::from(is)).collect();
        let predicted: Vec<u32> = a.iter().map(|&p| u32::from(p >= 0.5)).collect();
        let bootstrap = Bootstrap {
            resamples: 20_000,
            ..Bootstrap::default()
        };
        let found = [
            ("roc_auc_score", bootstrap.roc_auc(&truth, &a, None)),
            (
                "average_precision_score",
                bootstrap.average_precision(&truth, &a, None),
            ),
            ("f1_score", bootstrap.f1(&classes, &predicted, 2, None)),
            (
                "difference",
                bootstrap.roc_auc_difference(&truth, &a, &b, None),
            ),
        ];
        assert_eq!(found.len(), case.ends.len());
        for (name, interval) in found {
            let interval = interval.unwrap().unwrap();
            let [low, high] = case.ends[name];
            let bound = 0.034 * (high - low);
            assert!(
                (interval.low - low).abs() < bound,
                "{name}: {interval:?}, not {low}"
            );
            assert!(
                (interval.high - high).abs() < bound,
                "{name}: {interval:?}, not {high}"
            );
            assert_eq!((interval.resamples, interval.confidence), (20_000, 0.95));
        }
    }
}

/// The comparers refuse what is a little off.
#[test]
fn a_perturbed_value_is_caught() {
    let caught = |test: fn()| std::panic::catch_unwind(test).is_err();
    assert!(caught(|| near(0.5 + 1e-11, 0.5, SUMS, "")));
    assert!(caught(|| near(f64::NAN, 0.5, SUMS, "")));
    assert!(caught(|| near_option(Some(0.5), None, SUMS, "")));
    assert!(caught(|| near_json(
        &serde_json::json!({"a": 1.0}),
        &serde_json::json!({"b": 1.0}),
        ""
    )));
    assert!(caught(|| near_json(
        &serde_json::json!({"a": 1.0}),
        &serde_json::json!({"a": 1.1}),
        ""
    )));
    let wanted: fn() -> Columns = || golden().multiclass.swap_remove(0);
    let mut areas = ByClass {
        per_class: wanted().roc_auc_score.per_class,
        macro_avg: wanted().roc_auc_score.macro_avg,
        weighted_avg: wanted().roc_auc_score.weighted_avg,
    };
    near_averages(&areas, &wanted().roc_auc_score, "");
    areas.weighted_avg = areas.weighted_avg.map(|area| area + 1e-9);
    let off = std::panic::AssertUnwindSafe(|| near_averages(&areas, &wanted().roc_auc_score, ""));
    assert!(std::panic::catch_unwind(off).is_err());
}
