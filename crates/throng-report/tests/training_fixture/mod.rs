//! Made-up training reports of each task. Figures, curves and tables of the classes are those of a simulated classifier,
//! so that they agree with each other; intervals are only about as wide as they should be.
#![allow(dead_code)]

use std::collections::BTreeMap;

use throng_report::training::{
    Best, Calibration, Cautions, Class, ClassificationReport, Curves, Epoch, Figures, Interval,
    Measure, Mistake, PrecisionRecallCurve, Regression, Reliability, RocCurve, Setting, Step,
    Summary, Task, TrainingReport, Truncated,
};

use crate::fixture::Lcg;

const TEXTS: [&str; 8] = [
    "Beautiful color but it runs so small that I could not get it over my shoulders, and I usually wear an XS in this brand. The fabric is lovely, though, and the embroidery is even better than in the pictures, so I am sad to send it back. Maybe one day they will make it in a cut for people with arms.",
    "I wanted to love this dress. I did not.",
    "Not for me",
    "Gorgeous in the picture; itchy in real life. Still wear it all the time!",
    "色はとてもきれいですが、サイズが小さすぎました。",
    "Great quality, will be returning",
    "My daughter says I look like a lampshade. Five stars.",
    "The sweater pilled after one wash and the seams came apart, but the shop refunded me at once.",
];

/// A classifier that knows something: true classes, and logits a bit too large.
struct Simulated {
    truth: Vec<usize>,
    logits: Vec<Vec<f64>>,
}

impl Simulated {
    /// `n` texts of classes with these shares; neighbouring classes are harder to tell apart.
    fn new(n: usize, shares: &[f64], skill: f64, seed: u64) -> Self {
        let mut random = Lcg(seed);
        let (mut truth, mut logits) = (Vec::new(), Vec::new());
        for _ in 0..n {
            let mut draw = f64::from(random.next()) * shares.iter().sum::<f64>();
            let class = shares.iter().position(|share| {
                draw -= share;
                draw < 0.0
            });
            let class = class.unwrap_or(0);
            let row = (0..shares.len()).map(|other| {
                let near = match other.abs_diff(class) {
                    0 => skill,
                    1 => 0.45 * skill,
                    _ => 0.0,
                };
                1.7 * (near + shares[other].max(1e-3).ln() * 0.5 + f64::from(random.bell()))
            });
            logits.push(row.collect());
            truth.push(class);
        }
        Self { truth, logits }
    }

    fn probabilities(&self, temperature: f64) -> Vec<Vec<f64>> {
        let softmax = |row: &Vec<f64>| {
            let raised: Vec<f64> = row.iter().map(|z| (z / temperature).exp()).collect();
            let sum: f64 = raised.iter().sum();
            raised.into_iter().map(|p| p / sum).collect()
        };
        self.logits.iter().map(softmax).collect()
    }

    fn predicted(&self) -> Vec<usize> {
        let most = |row: &Vec<f64>| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        self.logits
            .iter()
            .map(|row| most(row).unwrap_or(0))
            .collect()
    }
}

/// The temperature of the least log loss, of a few.
fn temperature(log_loss: impl Fn(f64) -> Option<f64>) -> f64 {
    let all = (6..60).map(|i| f64::from(i) / 20.0);
    let losses = all.map(|t| (t, log_loss(t).unwrap_or(f64::INFINITY)));
    losses
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(1.0, |(t, _)| t)
}

/// ROC and precision-recall curve of one class, by counting at every score.
fn curves(class: &str, truth: &[bool], scores: &[f64]) -> Curves {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let positives = truth.iter().filter(|is| **is).count() as f64;
    let negatives = truth.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return Curves {
            class: class.to_owned(),
            base_rate: positives / truth.len() as f64,
            ..Curves::default()
        };
    }
    let (mut hits, mut alarms, mut area, mut average) = (0.0, 0.0, 0.0, 0.0);
    let mut roc = RocCurve {
        fpr: vec![0.0],
        tpr: vec![0.0],
    };
    let mut pr = PrecisionRecallCurve {
        precision: vec![1.0],
        recall: vec![0.0],
    };
    let every = order.len().div_ceil(400);
    for (i, &row) in order.iter().enumerate() {
        if truth[row] {
            hits += 1.0;
            average += hits / (hits + alarms) / positives;
        } else {
            alarms += 1.0;
            area += hits / positives / negatives;
        }
        if i % every == 0 || i + 1 == order.len() {
            roc.fpr.push(alarms / negatives);
            roc.tpr.push(hits / positives);
            pr.precision.push(hits / (hits + alarms));
            pr.recall.push(hits / positives);
        }
    }
    pr.precision.reverse();
    pr.recall.reverse();
    Curves {
        class: class.to_owned(),
        base_rate: positives / truth.len() as f64,
        roc_auc_score: Some(area),
        average_precision_score: Some(average),
        roc_curve: Some(roc),
        precision_recall_curve: Some(pr),
    }
}

fn reliability(truth: &[bool], probabilities: &[f64]) -> Reliability {
    const BINS: usize = 10;
    let mut sums = vec![(0.0, 0.0, 0_u64); BINS];
    for (&is, &p) in truth.iter().zip(probabilities) {
        let bin = &mut sums[((p * BINS as f64) as usize).min(BINS - 1)];
        *bin = (bin.0 + p, bin.1 + f64::from(is), bin.2 + 1);
    }
    sums.retain(|bin| bin.2 > 0);
    let n = truth.len() as f64;
    let pairs = || truth.iter().zip(probabilities);
    let loss = pairs().map(|(&is, &p)| -(if is { p } else { 1.0 - p }).max(1e-15).ln());
    Reliability {
        prob_pred: sums.iter().map(|bin| bin.0 / bin.2 as f64).collect(),
        prob_true: sums.iter().map(|bin| bin.1 / bin.2 as f64).collect(),
        count: sums.iter().map(|bin| bin.2).collect(),
        expected_calibration_error: Some(sums.iter().map(|bin| (bin.0 - bin.1).abs() / n).sum()),
        brier_score_loss: Some(
            pairs()
                .map(|(&is, &p)| (p - f64::from(is)).powi(2))
                .sum::<f64>()
                / n,
        ),
        log_loss: Some(loss.sum::<f64>() / n),
    }
}

fn figures(name: &str, right: u64, predicted: u64, truth: u64) -> Figures {
    let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    Figures {
        name: name.to_owned(),
        precision: share(right, predicted),
        recall: share(right, truth),
        f1_score: share(2 * right, predicted + truth),
        support: truth,
    }
}

/// The mean over the classes by these weights, an undefined figure being 0.
fn average(name: &str, classes: &[Figures], weight: fn(&Figures) -> f64) -> Figures {
    let total: f64 = classes.iter().map(weight).sum();
    let mean = |of: fn(&Figures) -> Option<f64>| {
        let all = classes
            .iter()
            .map(|one| weight(one) * of(one).unwrap_or(0.0));
        Some(all.sum::<f64>() / total)
    };
    Figures {
        name: name.to_owned(),
        precision: mean(|one| one.precision),
        recall: mean(|one| one.recall),
        f1_score: mean(|one| one.f1_score),
        support: classes.iter().map(|one| one.support).sum(),
    }
}

fn averages(classes: &[Figures]) -> Vec<Figures> {
    vec![
        average("macro avg", classes, |_| 1.0),
        average("weighted avg", classes, |one| one.support as f64),
    ]
}

fn measure(value: f64, half: f64, baseline: f64) -> Measure {
    Measure {
        value: Some(value),
        why: None,
        interval: (half > 0.0).then_some(Interval {
            low: value - half,
            high: value + half,
        }),
        baseline: Some(baseline),
    }
}

fn named<const N: usize>(measures: [(&str, Measure); N]) -> BTreeMap<String, Measure> {
    let measures = measures.into_iter();
    measures.map(|(name, one)| (name.to_owned(), one)).collect()
}

fn settings() -> Vec<Setting> {
    let settings = [
        (
            "learning rate",
            "2e-5, warm-up over 10% of the steps, then linear decay",
        ),
        ("batch size", "16"),
        ("weight decay", "0.01, not on bias and LayerNorm"),
        ("gradient clipping", "norm 1.0"),
        (
            "early stopping",
            "after 2 epochs without a better average precision",
        ),
        ("seed", "7"),
    ];
    let setting = |(name, value): (&str, &str)| Setting {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    settings.into_iter().map(setting).collect()
}

/// A falling loss with noise, and a learning rate that warms up and decays.
fn steps(n: u64, from: f64, to: f64, seed: u64) -> Vec<Step> {
    let mut random = Lcg(seed);
    (1..=n)
        .map(|step| {
            let part = step as f64 / n as f64;
            let noise = 1.0 + 0.18 * f64::from(random.bell());
            let warm = (part / 0.1).min((1.0 - part) / 0.9);
            Step {
                step,
                loss: (to + (from - to) * (-5.0 * part).exp()) * noise.max(0.2),
                learning_rate: 2e-5 * warm,
            }
        })
        .collect()
}

/// Epochs whose last is worse than the third.
fn epochs(steps: &[Step], measure: &str, top: f64, n: u64) -> Vec<Epoch> {
    let each = steps.len() as u64 / n;
    let end = steps.len() - each as usize;
    let least = 1.2 * steps[end..].iter().map(|step| step.loss).sum::<f64>() / each as f64;
    (1..=n)
        .map(|epoch| {
            let behind = (epoch as f64 - 3.0).abs();
            let of: Vec<f64> = steps
                .iter()
                .filter(|step| step.step > (epoch - 1) * each && step.step <= epoch * each)
                .map(|step| step.loss)
                .collect();
            let mean = of.iter().sum::<f64>() / of.len() as f64;
            Epoch {
                epoch,
                step: epoch * each,
                loss: mean,
                validation_loss: Some(least * (1.0 + 0.09 * behind * behind)),
                measures: BTreeMap::from([(measure.to_owned(), Some(top - 0.011 * behind))]),
            }
        })
        .collect()
}

fn mistakes(truth: &[&str], predicted: &[&str], probability: bool) -> Vec<Mistake> {
    let one = |(i, text): (usize, &&str)| Mistake {
        text: (*text).to_owned(),
        truth: truth[i % truth.len()].to_owned(),
        predicted: predicted[i % predicted.len()].to_owned(),
        probability: probability.then(|| 0.999_71 - 0.011 * (i * i) as f64 / 2.0),
    };
    TEXTS.iter().enumerate().map(one).collect()
}

fn report(title: &str, task: Task) -> TrainingReport {
    TrainingReport {
        title: title.to_owned(),
        task,
        summary: Summary {
            sources: vec!["reviews.parquet".to_owned()],
            model: "all-MiniLM-L6-v2, 6 layers of 384".to_owned(),
            tuning: "lora:8".to_owned(),
            trained_parameters: Some(148_226),
            parameters: Some(22_861_058),
            training_texts: 4000,
            held_out_texts: 4000,
            split: "Texts of the same customer are all on one side, and the sides were drawn with the seed 7".to_owned(),
            epochs: 5,
            planned_epochs: 8,
            steps: 1250,
            seconds: 1417.3,
            device: "CPU, 2 threads (no GPU found)".to_owned(),
            stopped: Some("the measure had not become better for two epochs".to_owned()),
            settings: settings(),
        },
        cautions: Cautions {
            skipped_steps: 2,
            truncated: Some(Truncated {
                count: 412,
                of: 8000,
                max_length: 128,
            }),
        },
        notes: vec![
            "The held-out texts also chose the epoch and the temperature, so figures are a little too good".to_owned(),
            "The same texts, settings, seed and device give the same model".to_owned(),
        ],
        ..TrainingReport::default()
    }
}

/// Held-out texts of each class, and four thousand times the shares to train on.
fn class_counts(names: &[&str], shares: &[f64], truth: &[usize]) -> Vec<Class> {
    let total: f64 = shares.iter().sum();
    let one = |(i, name): (usize, &&str)| Class {
        name: (*name).to_owned(),
        training: (4000.0 * shares[i] / total).round() as u64,
        held_out: truth.iter().filter(|class| **class == i).count() as u64,
    };
    names.iter().enumerate().map(one).collect()
}

/// One of two classes.
pub fn binary() -> TrainingReport {
    let names = ["not recommended", "recommended"];
    let shares = [0.18, 0.82];
    let simulated = Simulated::new(4000, &shares, 2.1, 11);
    let one = |temperature: f64| -> Vec<f64> {
        let rows = simulated.probabilities(temperature);
        rows.iter().map(|row| row[1]).collect()
    };
    let is: Vec<bool> = simulated.truth.iter().map(|class| *class == 1).collect();
    let curves = curves(names[1], &is, &one(1.0));
    let mut report = report("Would she recommend it?", Task::Binary);
    let before = reliability(&is, &one(1.0));
    class_parts(&mut report, &names, &shares, &simulated);
    report.steps = steps(1250, 0.66, 0.27, 3);
    let accuracy = report.measures["accuracy_score"].clone();
    report.measures = named([
        ("accuracy_score", accuracy),
        (
            "roc_auc_score",
            measure(curves.roc_auc_score.unwrap_or(0.0), 0.0093, 0.5),
        ),
        (
            "average_precision_score",
            measure(
                curves.average_precision_score.unwrap_or(0.0),
                0.0051,
                curves.base_rate,
            ),
        ),
        ("f1_score", measure(0.9239, 0.006, 0.901)),
        ("balanced_accuracy_score", measure(0.7926, 0.0, 0.5)),
        ("matthews_corrcoef", measure(0.584, 0.0, 0.0)),
        (
            "log_loss",
            measure(before.log_loss.unwrap_or(0.0), 0.0, 0.4714),
        ),
        (
            "brier_score_loss",
            measure(before.brier_score_loss.unwrap_or(0.0), 0.0, 0.1476),
        ),
        (
            "expected_calibration_error",
            Measure {
                value: before.expected_calibration_error,
                ..Measure::default()
            },
        ),
    ]);
    report.best = Some(Best {
        epoch: 3,
        measure: "average_precision_score".to_owned(),
        value: curves.average_precision_score,
    });
    report.epochs = epochs(
        &report.steps,
        "average_precision_score",
        curves.average_precision_score.unwrap_or(0.0),
        5,
    );
    report.curves = vec![curves];
    let scaling = temperature(|t| reliability(&is, &one(t)).log_loss);
    report.calibration = Some(Calibration {
        of: "the class “recommended”".to_owned(),
        temperature: Some(scaling),
        why: None,
        before,
        after: Some(reliability(&is, &one(scaling))),
    });
    report.mistakes = mistakes(&names, &["recommended", "not recommended"], true);
    report
}

/// Of texts of several classes: report, matrix, accuracy and counts.
fn class_parts(report: &mut TrainingReport, names: &[&str], shares: &[f64], simulated: &Simulated) {
    let k = names.len();
    let mut matrix = vec![vec![0_u64; k]; k];
    for (&truth, predicted) in simulated.truth.iter().zip(simulated.predicted()) {
        matrix[truth][predicted] += 1;
    }
    let rows: Vec<Figures> = (0..k)
        .map(|i| {
            let predicted = matrix.iter().map(|row| row[i]).sum();
            figures(names[i], matrix[i][i], predicted, matrix[i].iter().sum())
        })
        .collect();
    let n = simulated.truth.len() as f64;
    let right: u64 = (0..k).map(|i| matrix[i][i]).sum();
    report.classes = class_counts(names, shares, &simulated.truth);
    let most = report.classes.iter().max_by_key(|class| class.training);
    let most = most.map_or(0, |class| class.held_out) as f64 / n;
    report.measures = named([("accuracy_score", measure(right as f64 / n, 0.009, most))]);
    report.classification_report = Some(ClassificationReport {
        averages: averages(&rows),
        classes: rows,
    });
    report.confusion_matrix = matrix;
}

/// One of `k` classes, the last of which is not among the held-out texts.
pub fn multiclass(k: usize) -> TrainingReport {
    const NAMES: [&str; 20] = [
        "Dresses",
        "Knits",
        "Blouses",
        "Sweaters",
        "Pants",
        "Jeans",
        "Fine gauge",
        "Skirts",
        "Jackets",
        "Lounge",
        "Swim",
        "Outerwear",
        "Shorts",
        "Sleep",
        "Legwear",
        "Intimates",
        "Layering",
        "Trend",
        "Casual bottoms",
        "Chemises",
    ];
    let names: Vec<String> = (0..k)
        .map(|i| {
            NAMES
                .get(i)
                .map_or_else(|| format!("Class {i}"), |&name| name.to_owned())
        })
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut shares: Vec<f64> = (0..k).map(|i| 1.0 / (i + 1) as f64).collect();
    shares[k - 1] = 0.0;
    let simulated = Simulated::new(4000, &shares, 3.2, 5);
    let mut report = report("Which department is a review about?", Task::Multiclass);
    class_parts(&mut report, &names, &shares, &simulated);
    report.classes[k - 1].training = 3;
    report.steps = steps(1250, 2.2, 0.6, 3);
    report.epochs = epochs(&report.steps, "f1_score", 0.71, 5);
    report.best = Some(Best {
        epoch: 3,
        measure: "f1_score".to_owned(),
        value: Some(0.71),
    });
    let probabilities = simulated.probabilities(1.0);
    report.curves = (0..k)
        .map(|class| {
            let is: Vec<bool> = simulated
                .truth
                .iter()
                .map(|truth| *truth == class)
                .collect();
            let scores: Vec<f64> = probabilities.iter().map(|row| row[class]).collect();
            curves(names[class], &is, &scores)
        })
        .collect();
    let f1 = report
        .classification_report
        .as_ref()
        .and_then(|all| all.averages[0].f1_score);
    let more = named([
        ("f1_score", measure(f1.unwrap_or(0.0), 0.017, 0.04)),
        (
            "roc_auc_score",
            Measure {
                baseline: Some(0.5),
                ..Measure::default()
            },
        ),
    ]);
    report.measures.extend(more);
    let predicted = simulated.predicted();
    let right: Vec<bool> = predicted
        .iter()
        .zip(&simulated.truth)
        .map(|(a, b)| a == b)
        .collect();
    let surest = |temperature: f64| -> Vec<f64> {
        let rows = simulated.probabilities(temperature);
        rows.iter()
            .zip(&predicted)
            .map(|(row, class)| row[*class])
            .collect()
    };
    let scaling = temperature(|t| reliability(&right, &surest(t)).log_loss);
    report.calibration = Some(Calibration {
        of: "the predicted class".to_owned(),
        temperature: Some(scaling),
        why: None,
        before: reliability(&right, &surest(1.0)),
        after: Some(reliability(&right, &surest(scaling))),
    });
    report.mistakes = mistakes(&names[..k - 1], &names[1..k], true);
    report
}

/// Any of four labels, one of which is never predicted.
pub fn multilabel() -> TrainingReport {
    let labels = [
        ("size", 0.31),
        ("fabric", 0.22),
        ("colour", 0.12),
        ("delivery", 0.02),
    ];
    let mut report = report("What do reviews complain about?", Task::Multilabel);
    let mut rows = Vec::new();
    for (i, (name, share)) in labels.into_iter().enumerate() {
        let simulated = Simulated::new(4000, &[1.0 - share, share], 2.4, 40 + i as u64);
        let is: Vec<bool> = simulated.truth.iter().map(|class| *class == 1).collect();
        let p: Vec<f64> = simulated
            .probabilities(1.0)
            .iter()
            .map(|row| row[1])
            .collect();
        let threshold = if i == 3 { 1.1 } else { 0.5 };
        let count = |of: fn(bool, bool) -> bool| {
            let pairs = is.iter().zip(&p);
            pairs.filter(|(is, p)| of(**is, **p >= threshold)).count() as u64
        };
        let (right, predicted) = (count(|is, found| is && found), count(|_, found| found));
        let truth = count(|is, _| is);
        rows.push(figures(name, right, predicted, truth));
        report.curves.push(curves(name, &is, &p));
        report.classes.push(Class {
            name: name.to_owned(),
            training: (4000.0 * share) as u64,
            held_out: truth,
        });
    }
    let mut averages = averages(&rows);
    averages.insert(0, average("micro avg", &rows, |one| one.support as f64));
    averages.push(average("samples avg", &rows, |_| 1.0));
    report.classification_report = Some(ClassificationReport {
        averages,
        classes: rows,
    });
    report.steps = steps(1250, 0.5, 0.2, 3);
    report.epochs = epochs(&report.steps, "roc_auc_score", 0.93, 5);
    report.best = Some(Best {
        epoch: 3,
        measure: "roc_auc_score".to_owned(),
        value: Some(0.93),
    });
    report.measures = named([
        ("roc_auc_score", measure(0.931, 0.008, 0.5)),
        ("accuracy_score", measure(0.702, 0.0, 0.51)),
    ]);
    report.mistakes = mistakes(&["size, fabric", "none", "colour"], &["none", "size"], true);
    report
}

/// A number.
pub fn regression() -> TrainingReport {
    let mut random = Lcg(9);
    let mut report = report("How many stars?", Task::Regression);
    let mut pairs = Regression::default();
    for _ in 0..5000 {
        let truth = 1.0 + 4.0 * f64::from(random.next()).powf(0.4);
        pairs.truth.push(truth);
        pairs
            .predicted
            .push(0.7 * truth + 1.2 + 0.5 * f64::from(random.bell()));
    }
    let mean = pairs.truth.iter().sum::<f64>() / 5000.0;
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        let both = pairs.truth.iter().zip(&pairs.predicted);
        both.map(|(truth, predicted)| of(*truth, *predicted)).sum()
    };
    let error = sum(&|truth, predicted| (truth - predicted).powi(2));
    let spread = sum(&|truth, _| (truth - mean).powi(2));
    report.measures = named([
        (
            "mean_squared_error",
            measure(error / 5000.0, 0.011, spread / 5000.0),
        ),
        (
            "mean_absolute_error",
            measure(
                sum(&|truth, predicted| (truth - predicted).abs()) / 5000.0,
                0.009,
                sum(&|truth, _| (truth - mean).abs()) / 5000.0,
            ),
        ),
        ("r2_score", measure(1.0 - error / spread, 0.014, 0.0)),
    ]);
    pairs.shown_of = 5000;
    report.regression = Some(pairs);
    report.steps = steps(1250, 1.6, 0.3, 3);
    report.epochs = epochs(&report.steps, "r2_score", 0.71, 5);
    report.best = Some(Best {
        epoch: 3,
        measure: "validation_loss".to_owned(),
        value: Some(0.37),
    });
    report.mistakes = mistakes(&["1", "5"], &["4.87", "1.62"], false);
    report
}
