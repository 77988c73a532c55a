//! Measures of a classifier: what is refused, what is not defined, and rules that hold for any rows.
#![allow(clippy::unwrap_used)]

use throng_metrics::MetricError;
use throng_metrics::classes::{
    BinStrategy, Bootstrap, ClassReport, Scores, average_precision_score, brier_score_loss,
    calibration_curve, classification_report, confusion_matrix, delong_test, fit_temperature,
    log_loss, mcnemar_test, precision_recall_curve, roc_auc_score, roc_auc_score_ovr, roc_curve,
    softmax,
};
use throng_metrics::{mean_squared_error, r2_score};

/// Numbers from 0 to 1 that look random: a linear congruential generator.
fn uniform(count: usize, mut state: u64) -> Vec<f64> {
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        })
        .collect()
}

/// Rows of two classes with scores that tell something.
fn rows(n: usize) -> (Vec<bool>, Vec<f64>) {
    let truth: Vec<bool> = uniform(n, 1).iter().map(|&u| u < 0.3).collect();
    let noise = uniform(n, 2);
    let scores = truth
        .iter()
        .zip(noise)
        .map(|(&is, u)| 0.7 * u + 0.3 * f64::from(is));
    let scores = scores.collect();
    (truth, scores)
}

fn message<T>(result: Result<T, MetricError>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn scores(values: &[f64], columns: usize) -> Scores {
    Scores::new(values.to_vec(), columns).unwrap()
}

/// The chance that a row of the class has the higher score, by all pairs.
#[test]
fn the_area_is_the_share_of_pairs_in_order() {
    for (n, levels) in [(200, 1e9), (200, 7.0), (37, 2.0)] {
        let (truth, raw) = rows(n);
        let values: Vec<f64> = raw.iter().map(|s| (s * levels).floor()).collect();
        let weights: Vec<f64> = uniform(n, 3).iter().map(|u| (u * 4.0).floor()).collect();
        let (mut sum, mut all) = (0.0, 0.0);
        for i in (0..n).filter(|&i| truth[i]) {
            for j in (0..n).filter(|&j| !truth[j]) {
                let pair = weights[i] * weights[j];
                all += pair;
                sum += pair
                    * (f64::from(values[i] > values[j]) + 0.5 * f64::from(values[i] == values[j]));
            }
        }
        let area = roc_auc_score(&truth, &values, Some(&weights))
            .unwrap()
            .unwrap();
        assert!((area - sum / all).abs() < 1e-12, "{area} {}", sum / all);
    }
}

#[test]
fn a_weight_of_two_is_a_row_twice() {
    let (truth, p) = rows(50);
    let twice: Vec<usize> = (0..50).flat_map(|row| vec![row; row % 3]).collect();
    let weights: Vec<f64> = (0..50).map(|row| f64::from(row % 3)).collect();
    let weights = Some(weights.as_slice());
    let truth_twice: Vec<bool> = twice.iter().map(|&row| truth[row]).collect();
    let p_twice: Vec<f64> = twice.iter().map(|&row| p[row]).collect();
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");

    let area = |truth: &[bool], p: &[f64], w| roc_auc_score(truth, p, w).unwrap().unwrap();
    near(
        area(&truth, &p, weights),
        area(&truth_twice, &p_twice, None),
    );
    let precision = |truth: &[bool], p: &[f64], w| average_precision_score(truth, p, w).unwrap();
    near(
        precision(&truth, &p, weights),
        precision(&truth_twice, &p_twice, None),
    );
    let curve = |truth: &[bool], p: &[f64], w| {
        calibration_curve(truth, p, 5, BinStrategy::Uniform, w).unwrap()
    };
    let (a, b) = (
        curve(&truth, &p, weights),
        curve(&truth_twice, &p_twice, None),
    );
    assert_eq!(a.count, b.count);
    for (a, b) in a
        .prob_true
        .iter()
        .chain(&a.prob_pred)
        .zip(b.prob_true.iter().chain(&b.prob_pred))
    {
        near(*a, *b);
    }
    let logits = |p: &[f64]| scores(&p.iter().map(|p| 8.0 * p - 3.0).collect::<Vec<_>>(), 1);
    let classes = |truth: &[bool]| truth.iter().map(|&is| u32::from(is)).collect::<Vec<_>>();
    near(
        fit_temperature(&classes(&truth), &logits(&p), weights).unwrap(),
        fit_temperature(&classes(&truth_twice), &logits(&p_twice), None).unwrap(),
    );
}

/// Only the ratio of weights matters.
#[test]
fn weights_may_be_tiny_and_huge() {
    let (truth, p) = rows(40);
    let weights: Vec<f64> = uniform(40, 5);
    let figures = |unit: f64| {
        let weights: Vec<f64> = weights.iter().map(|w| w * unit).collect();
        let weights = Some(weights.as_slice());
        let area = roc_auc_score(&truth, &p, weights).unwrap().unwrap();
        [area, average_precision_score(&truth, &p, weights).unwrap()]
    };
    for unit in [1e-250, 1e250] {
        for (found, wanted) in figures(unit).into_iter().zip(figures(1.0)) {
            assert!((found - wanted).abs() < 1e-12, "{unit:e}: {found} {wanted}");
        }
    }
}

/// One class only: the area is not defined, and what is defined has scikit-learn's value.
#[test]
fn one_class_only() {
    for class in [false, true] {
        let (truth, p) = ([class; 3], [0.2, 0.9, 0.4]);
        assert_eq!(roc_auc_score(&truth, &p, None).unwrap(), None);
        assert_eq!(roc_curve(&truth, &p, None).unwrap(), None);
        let precision = average_precision_score(&truth, &p, None).unwrap();
        assert_eq!(precision, f64::from(class));
        let recall = precision_recall_curve(&truth, &p, None).unwrap().recall;
        if !class {
            assert_eq!(recall, [1.0, 1.0, 1.0, 0.0]);
        }
        // Rows of the other class that weigh nothing are not there.
        let truth = [class, class, !class];
        let weights = Some([1.0, 2.0, 0.0].as_slice());
        assert_eq!(roc_auc_score(&truth, &p, weights).unwrap(), None);

        let classes = [u32::from(class); 3];
        let report = ClassReport::params()
            .judge(&classes, &scores(&p, 1))
            .unwrap();
        let json = serde_json::to_value(&report).unwrap();
        assert!(json["roc_auc_score"].is_null());
        assert!(json["log_loss"].is_number());
        assert!(report.to_string().contains("roc_auc_score  not defined"));
        assert_eq!(report.zero_division.recall, 1);
    }
}

#[test]
fn wrong_scores_are_refused_with_the_row() {
    let truth = [true, false];
    let nan = [0.5, f64::NAN];
    let refusal = "scores: row 1, column 0 is NaN; scores are finite";
    assert_eq!(message(roc_auc_score(&truth, &nan, None)), refusal);
    assert_eq!(
        message(average_precision_score(&truth, &nan, None)),
        refusal
    );
    assert_eq!(message(delong_test(&truth, &[0.5; 2], &nan)), refusal);
    let curve = |p: &[f64]| calibration_curve(&truth, p, 5, BinStrategy::Uniform, None);
    assert_eq!(message(curve(&nan)), refusal);
    assert_eq!(
        message(curve(&[0.5, 1.5])),
        "scores: row 1, column 0 is 1.5, which is no probability; give a softmax or a sigmoid"
    );
    let three = scores(&[0.2, 0.3, 0.5, 0.3, 0.3, 0.5], 3);
    let refusal = "scores: row 1 sums to 1.1, not to 1; give a softmax over the classes";
    assert_eq!(message(log_loss(&[0, 1], &three, None)), refusal);
    assert_eq!(message(brier_score_loss(&[0, 1], &three, None)), refusal);
    assert_eq!(message(roc_auc_score_ovr(&[0, 1], &three, None)), refusal);
    assert_eq!(
        message(ClassReport::params().judge(&[0, 1], &three)),
        refusal
    );
    let negative = scores(&[0.5, 0.5, 1.25, -0.25], 2);
    assert_eq!(
        message(log_loss(&[0, 1], &negative, None)),
        "scores: row 1, column 0 is 1.25, which is no probability; give a softmax or a sigmoid"
    );
    // Sums off by what single precision leaves are right in single precision only.
    let off = [0.3_f32, 0.7001];
    assert!(log_loss(&[0], &Scores::of_f32(&off, 2).unwrap(), None).is_ok());
    assert!(log_loss(&[0], &scores(&off.map(f64::from), 2), None).is_err());
}

#[test]
fn wrong_rows_classes_and_weights_are_refused() {
    let p = scores(&[0.5, 0.5], 1);
    assert_eq!(
        message(log_loss(&[0, 1, 1], &p, None)),
        "truth: 3 given, but 2 are needed, one for each row"
    );
    assert_eq!(
        message(log_loss(&[0, 2], &p, None)),
        "truth: row 1 is of class 2, but there are 2 classes; classes run from 0"
    );
    let weighted = |weights: &[f64]| message(log_loss(&[0, 1], &p, Some(weights)));
    assert_eq!(
        weighted(&[1.0]),
        "weights: 1 given, but 2 are needed, one for each row"
    );
    let wrong = "weights: row 1 weighs -1; weights are finite and not negative";
    assert_eq!(weighted(&[1.0, -1.0]), wrong);
    assert_eq!(weighted(&[1.0, f64::NAN]), wrong.replace("-1", "NaN"));
    assert_eq!(
        weighted(&[0.0; 2]),
        "weights: every row weighs 0; give at least one a weight"
    );
    assert_eq!(
        message(roc_auc_score(&[], &[], None)),
        "truth: is empty; give at least one row"
    );
    assert_eq!(
        message(confusion_matrix(&[0], &[3], 3, None)),
        "predicted: row 0 is of class 3, but there are 3 classes; classes run from 0"
    );
    let named = |names: &[&str]| message(classification_report(&[0], &[0], names, None));
    assert_eq!(
        named(&["a", "a"]),
        "names: \"a\" names two classes; give each class a name of its own"
    );
    assert_eq!(
        named(&["accuracy"]),
        "names: \"accuracy\" is an average of the report; give each class a name of its own"
    );
    assert_eq!(
        message(mean_squared_error(&[1.0], &[f64::INFINITY], None)),
        "predicted: row 0 is inf; values are finite"
    );
    assert_eq!(r2_score(&[1.0], &[1.5], None).unwrap(), None);
    assert!(mcnemar_test(&[0], &[0], &[]).is_err());
}

#[test]
fn wrong_settings_are_refused() {
    let (truth, p) = rows(20);
    let curve = calibration_curve(&truth, &p, 0, BinStrategy::Uniform, None);
    assert_eq!(message(curve), "bins: is 0; at least 1 is needed");
    for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            softmax(&scores(&[1.0], 1), temperature),
            Err(MetricError::Setting {
                setting: "temperature",
                ..
            })
        ));
    }
    let bootstrap = Bootstrap {
        resamples: 0,
        ..Bootstrap::default()
    };
    assert_eq!(
        message(bootstrap.roc_auc(&truth, &p, None)),
        "resamples: is 0; at least 1 is needed"
    );
    for confidence in [0.0, 1.0, f64::NAN] {
        let bootstrap = Bootstrap {
            confidence,
            ..Bootstrap::default()
        };
        assert!(bootstrap.roc_auc(&truth, &p, None).is_err());
    }
    let params = ClassReport::params().threshold(1.5);
    assert_eq!(
        message(params.judge(&[0], &scores(&[0.5], 1))),
        "threshold: is 1.5; a probability from 0 to 1 is needed"
    );
    let params = ClassReport::params().threshold(0.5);
    assert!(params.judge(&[0], &scores(&[0.5, 0.25, 0.25], 3)).is_err());
    let params = ClassReport::params().names(&["one"]);
    assert_eq!(
        message(params.judge(&[0], &scores(&[0.5], 1))),
        "names: 1 given, but 2 are needed, one for each class"
    );
}

#[test]
fn logits_without_a_best_temperature_are_refused() {
    let none = |truth: &[u32], logits: &[f64], columns| {
        message(fit_temperature(truth, &scores(logits, columns), None))
    };
    assert!(none(&[0, 1], &[2.0, 1.0, 0.0, 9.0], 2).contains("largest one in every row"));
    assert!(none(&[0, 1], &[1.0, 2.0, 3.0, 3.0], 2).contains("do not go with the true class"));
    assert!(none(&[0, 1], &[1.0, 1.0, 3.0, 3.0], 2).contains("all equal"));
    assert!(none(&[0, 1], &[0.0, 0.0], 1).contains("all equal"));
    assert!(none(&[1, 1, 1, 0], &[1e-310; 4], 1).contains("too little"));
    assert!(
        none(
            &[0, 0, 1],
            &[1e308, -1e308, 1e308, -1e308, 1e308, -1e308],
            2
        )
        .contains("too much")
    );
}

/// Three rows right and one wrong by the same logit z: the best sigmoid says 3/4, so z / T = ln 3.
#[test]
fn a_temperature_that_can_be_worked_out() {
    for z in [1e-3, 1.0, 700.0, 1e200] {
        let temperature = fit_temperature(&[1, 1, 1, 0], &scores(&[z; 4], 1), None).unwrap();
        assert!(
            (temperature / (z / 3.0_f64.ln()) - 1.0).abs() < 1e-12,
            "{z} {temperature}"
        );
        let p = softmax(&scores(&[z; 4], 1), temperature).unwrap();
        assert!((p.values()[0] - 0.75).abs() < 1e-12);
    }
    // One row in a million is wrong.
    let (n, weights) = (2, [999_999.0, 1.0]);
    let logits = scores(&vec![3.0; n], 1);
    let temperature = fit_temperature(&[1, 0], &logits, Some(&weights)).unwrap();
    assert!(
        (temperature * 999_999.0_f64.ln() / 3.0 - 1.0).abs() < 1e-12,
        "{temperature}"
    );
}

#[test]
fn delongs_test_needs_rows_of_both_classes() {
    let error = delong_test(&[true, false, false], &[0.1; 3], &[0.2; 3]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "truth: has 1 true and 2 other rows; the test needs at least 2 of each"
    );
    // Scores that differ nowhere in order: a difference of 0 with a standard error of 0.
    let (truth, a) = rows(40);
    let b: Vec<f64> = a.iter().map(|a| 2.0 * a).collect();
    let test = delong_test(&truth, &a, &b).unwrap();
    assert_eq!((test.difference, test.z, test.p_value), (0.0, None, None));
}

#[test]
fn intervals_do_not_depend_on_threads_but_on_the_seed() {
    let (truth, p) = rows(300);
    let bootstrap = Bootstrap {
        resamples: 200,
        ..Bootstrap::default()
    };
    let in_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| bootstrap.roc_auc(&truth, &p, None))
            .unwrap()
            .unwrap()
    };
    let alone = in_threads(1);
    assert_eq!(alone, in_threads(5));
    let other = Bootstrap {
        seed: 1,
        ..bootstrap
    };
    assert_ne!(other.roc_auc(&truth, &p, None).unwrap().unwrap(), alone);
    let area = roc_auc_score(&truth, &p, None).unwrap().unwrap();
    assert!(alone.low < area && area < alone.high);
}

#[test]
fn a_stratum_keeps_its_rows() {
    let classes = [4, 7, 4, 4, 7, 9];
    let bootstrap = Bootstrap {
        resamples: 100,
        stratified: true,
        ..Bootstrap::default()
    };
    let all_kept = |drawn: &[f64]| {
        let of = |class| {
            (0..6)
                .filter(|&row| classes[row] == class)
                .map(|row| drawn[row])
                .sum::<f64>()
        };
        Some(f64::from((of(4), of(7), of(9)) == (3.0, 2.0, 1.0)))
    };
    let interval = bootstrap
        .interval(&classes, None, all_kept)
        .unwrap()
        .unwrap();
    assert_eq!((interval.low, interval.high), (1.0, 1.0));
    let loose = Bootstrap {
        stratified: false,
        ..bootstrap
    };
    assert_eq!(
        loose
            .interval(&classes, None, all_kept)
            .unwrap()
            .unwrap()
            .low,
        0.0
    );

    // A class of one row: without strata a third of the resamples lack it and do not count.
    let (truth, p) = (
        [true, false, false, false, false],
        [0.9, 0.1, 0.2, 0.3, 0.95],
    );
    let counted = |bootstrap: &Bootstrap| {
        let interval = bootstrap.roc_auc(&truth, &p, None).unwrap();
        interval.unwrap().resamples
    };
    assert_eq!(counted(&bootstrap), 100);
    assert!((50..85).contains(&counted(&loose)), "{}", counted(&loose));
    assert_eq!(loose.roc_auc(&[true; 5], &p, None).unwrap(), None);
}

#[test]
fn thinned_curves_keep_their_ends_and_areas() {
    let (truth, p) = rows(20_000);
    let area = |x: &[f64], y: &[f64]| {
        let steps = x.windows(2).zip(y.windows(2));
        steps
            .map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0)
            .sum::<f64>()
    };
    let roc = roc_curve(&truth, &p, None).unwrap().unwrap();
    let thin = roc.thinned(200);
    assert!(roc.fpr.len() > 1_000);
    assert_eq!(
        [thin.fpr.len(), thin.tpr.len(), thin.thresholds.len()],
        [200; 3]
    );
    assert_eq!(
        (thin.fpr[0], thin.tpr[0], thin.thresholds[0]),
        (0.0, 0.0, f64::INFINITY)
    );
    assert_eq!((thin.fpr[199], thin.tpr[199]), (1.0, 1.0));
    // A picture of 1,000 points a side shows no difference.
    assert!((area(&thin.fpr, &thin.tpr) - area(&roc.fpr, &roc.tpr)).abs() < 1e-3);
    let whole = roc_auc_score(&truth, &p, None).unwrap().unwrap();
    assert!((area(&roc.fpr, &roc.tpr) - whole).abs() < 1e-12);

    let curve = precision_recall_curve(&truth, &p, None).unwrap();
    let thin = curve.thinned(200);
    assert_eq!(
        [
            thin.precision.len(),
            thin.recall.len(),
            thin.thresholds.len()
        ],
        [200, 200, 199]
    );
    assert_eq!(
        (thin.precision[199], thin.recall[199], thin.recall[0]),
        (1.0, 0.0, 1.0)
    );
    let off = area(&thin.recall, &thin.precision) - area(&curve.recall, &curve.precision);
    assert!(off.abs() < 1e-3, "{off}");
}

#[test]
fn a_report_of_each_task() {
    let keys = |report: &ClassReport| -> Vec<String> {
        let json = serde_json::to_value(report).unwrap();
        json.as_object().unwrap().keys().cloned().collect()
    };
    let bootstrap = Bootstrap {
        resamples: 50,
        ..Bootstrap::default()
    };
    let params = ClassReport::params()
        .names(&["stays", "leaves"])
        .bootstrap(bootstrap);
    let p = scores(&[0.1, 0.4, 0.35, 0.8], 1);
    let report = params.judge(&[0, 0, 1, 1], &p).unwrap();
    assert_eq!(report.roc_auc_score, Some(0.75));
    assert_eq!(report.accuracy_score, 0.75);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["task"], "binary");
    assert_eq!(
        json["confusion_matrix"],
        serde_json::json!([[2, 0], [1, 1]])
    );
    assert_eq!(json["classification_report"]["leaves"]["recall"], 0.5);
    assert!(json["intervals"]["f1_score"]["low"].is_number());
    let text = report.to_string();
    assert!(
        text.contains("      leaves       1.00      0.50      0.67         2\n"),
        "{text}"
    );
    assert!(
        text.contains("             roc_auc_score   0.7500  (95%: "),
        "{text}"
    );
    // Two columns are the same classifier.
    let both: Vec<f64> = p.values().iter().flat_map(|p| [1.0 - p, *p]).collect();
    let same = params.judge(&[0, 0, 1, 1], &scores(&both, 2)).unwrap();
    assert_eq!(same.roc_auc_score, report.roc_auc_score);
    assert_eq!(same.classification_report, report.classification_report);
    assert!((same.brier_score_loss.unwrap() - report.brier_score_loss.unwrap()).abs() < 1e-15);
    // A lower threshold finds the second row of the class, and one of the others.
    let lower = ClassReport::params()
        .threshold(0.35)
        .judge(&[0, 0, 1, 1], &p)
        .unwrap();
    assert_eq!(lower.classification_report.classes[1].1.recall, 1.0);
    assert_eq!(lower.threshold, Some(0.35));

    let three = scores(
        &[0.6, 0.2, 0.2, 0.1, 0.8, 0.1, 0.3, 0.3, 0.4, 0.5, 0.25, 0.25],
        3,
    );
    let params = ClassReport::params()
        .bootstrap(bootstrap)
        .weights(&[1.0, 2.0, 1.0, 1.0]);
    let report = params.judge(&[0, 1, 2, 0], &three).unwrap();
    assert_eq!(report.roc_auc_score, Some(1.0));
    assert_eq!(report.classes, ["0", "1", "2"]);
    let found = keys(&report);
    for name in [
        "roc_auc_score",
        "average_precision_score",
        "classification_report",
        "confusion_matrix",
        "log_loss",
        "brier_score_loss",
        "roc_auc_by_class",
        "intervals",
    ] {
        assert!(found.iter().any(|key| key == name), "{name}");
    }
    assert!(!found.iter().any(|key| key == "threshold"));

    let truth = [true, false, true, true, false, false];
    let columns = scores(&[0.9, 0.2, 0.4, 0.8, 0.6, 0.1], 2);
    let report = ClassReport::params()
        .bootstrap(bootstrap)
        .judge_multilabel(&truth, &columns)
        .unwrap();
    assert_eq!(report.accuracy_score, 1.0 / 3.0);
    assert_eq!(
        report.roc_auc_by_class.as_ref().unwrap().per_class,
        [Some(0.5), Some(1.0)]
    );
    assert_eq!(report.roc_auc_score, Some(0.75));
    let found = keys(&report);
    for absent in [
        "confusion_matrix",
        "log_loss",
        "brier_score_loss",
        "matthews_corrcoef",
    ] {
        assert!(!found.iter().any(|key| key == absent), "{absent}");
    }
    let text = report.to_string();
    assert!(text.contains("samples avg"), "{text}");
}
