//! Who buys again? A behaviour BERT is pretrained on what users did before a day and fine-tuned to tell who buys on it or
//! after it, each fifth of the users by a model of the others, beside a logistic regression on recency, frequency, spend,
//! different items and tenure. Nothing from the day on is seen by vocabulary, pretraining or scaling.
//! `cargo run --release -p throng-examples --example buys-again [LOG [DAY [MODELS]]]`
//!
//! Without arguments: a small generated log, and its first of October.

use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::PathBuf;

use chrono::{NaiveDate, NaiveTime};
use throng::bert::{
    BertError, Examples, SequenceClassifier, Targets, Task, TokenSequence, TrainEpoch, TrainParams,
    TrainStep, TrainWatch, Tuning,
};
use throng::demo::Demo;
use throng::events::{BuysWithin, CutOff, EventLog, Outcomes, Purchases, read, user_folds};
use throng::metrics::classes::{delong_test, roc_auc_score};
use throng::prelude::*;
use throng::{Behaviour, BehaviourParams};

const DAY: f64 = 86_400_000.0;
const FOLDS: usize = 5;
const COLUMNS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = match arguments.next() {
        Some(path) => PathBuf::from(path),
        None => generated()?,
    };
    let day: NaiveDate = arguments
        .next()
        .unwrap_or("2025-10-01".to_owned())
        .parse()?;
    let models: u64 = arguments.next().unwrap_or("1".to_owned()).parse()?;
    let cut = day.and_time(NaiveTime::MIN).and_utc().timestamp_millis();

    let compute = Compute::auto();
    let clean = CleanOptions {
        min_events: 1,
        ..CleanOptions::default()
    };
    let whole = read(
        &[Source::Path(path)],
        &ReadOptions::default(),
        &clean,
        &mut |_| ControlFlow::Continue(()),
    )?;
    let whole = whole.log;
    let question = BuysWithin {
        cut_off: CutOff::At(cut),
        horizon: None,
        observed: None,
    };
    let outcomes = question.label(&whole, &Purchases::of(&whole))?;
    let early = whole.before(cut);
    // The examples are the early log's users, in its order.
    let names = outcomes.users(&whole);
    assert!(names.iter().eq(&early.users), "an example without history");
    let truth: Vec<bool> = outcomes
        .examples
        .iter()
        .map(|example| example.label)
        .collect();
    println!(
        "{} users before the day, {:.1}% buy on or after it; {}",
        truth.len(),
        100.0 * outcomes.positive(),
        compute.describe()
    );

    let columns = five_columns(&early, cut);
    let classes = outcomes.classes();
    let mut sequence = Vec::new();
    for model in 0..models {
        let folds = user_folds(&names, &classes, FOLDS, 0)?;
        let behaviour = Behaviour::pretrain(
            &early,
            &BehaviourParams::default(),
            model,
            &compute,
            &mut Silent,
        )?;
        let tokens = behaviour.sequences(&early, Some(cut));
        let mut scores = vec![0.0; truth.len()];
        let mut linear = vec![0.0; truth.len()];
        for fold in 0..FOLDS {
            let (held, learnt): (Vec<usize>, Vec<usize>) =
                (0..truth.len()).partition(|&row| folds[row] == fold);
            let found = fine_tuned(&behaviour, &tokens, &outcomes, &learnt, &held, model)?;
            let weights = logistic(&columns, &truth, &learnt);
            for (&row, score) in held.iter().zip(found) {
                scores[row] = score;
                linear[row] = product(&weights, &columns[row]);
            }
        }
        sequence.push(scores);
        report(model as usize + 1, &truth, &linear, &mean(&sequence))?;
    }
    Ok(())
}

/// Areas under the ROC curve, and what the sequence adds: the sum of both scores, each scaled to variance 1.
fn report(
    models: usize,
    truth: &[bool],
    linear: &[f64],
    scores: &[f64],
) -> Result<(), Box<dyn std::error::Error>> {
    let (a, b) = (scaled(linear), scaled(scores));
    let both: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
    println!(
        "| scores, mean of {models} models | ROC AUC | less that of the regression | 95% interval (DeLong) |"
    );
    println!("|---|---|---|---|");
    for (name, scores) in [
        ("logistic regression, 5 columns", &a),
        ("sequence model", &b),
        ("both", &both),
    ] {
        let area = roc_auc_score(truth, scores, None)?.unwrap_or(f64::NAN);
        let test = delong_test(truth, scores, &a)?;
        let [low, high] = test.interval;
        println!(
            "| {name} | {area:.4} | {:+.4} | {low:+.4} to {high:+.4} |",
            test.difference
        );
    }
    Ok(())
}

/// Scores of `held` by a model of `learnt`.
fn fine_tuned(
    behaviour: &Behaviour,
    tokens: &[TokenSequence],
    outcomes: &Outcomes,
    learnt: &[usize],
    held: &[usize],
    seed: u64,
) -> Result<Vec<f64>, BertError> {
    let classes = outcomes.classes();
    let pick = |rows: &[usize]| {
        rows.iter()
            .map(|&row| tokens[row].clone())
            .collect::<Vec<_>>()
    };
    let labels = ["stays away", "buys again"];
    let mut model = SequenceClassifier::new(&behaviour.encoder, Task::SingleLabel, &labels, seed)?;
    let params = TrainParams {
        epochs: 4,
        batch_size: 32,
        learning_rate: 5e-4,
        weight_decay: 0.1,
        seed,
        ..TrainParams::new(Tuning::Full, Task::SingleLabel)
    };
    let targets = Targets::Classes(learnt.iter().map(|&row| classes[row]).collect());
    let examples = Examples {
        sequences: &pick(learnt),
        targets: &targets,
    };
    model.train(examples, None, &params, None, &mut Unheard)?;
    let logits = model.logits(&pick(held), &mut |_| ControlFlow::Continue(()))?;
    Ok(logits
        .chunks(2)
        .map(|pair| f64::from(pair[1] - pair[0]))
        .collect())
}

struct Unheard;

impl TrainWatch for Unheard {
    fn step(&mut self, _step: &TrainStep) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, _epoch: &TrainEpoch<'_>) -> Result<f64, BertError> {
        Ok(0.0)
    }
}

fn mean(models: &[Vec<f64>]) -> Vec<f64> {
    let scaled: Vec<Vec<f64>> = models.iter().map(|scores| scaled(scores)).collect();
    (0..models[0].len())
        .map(|row| scaled.iter().map(|scores| scores[row]).sum::<f64>())
        .collect()
}

/// To mean 0 and variance 1.
fn scaled(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    values
        .iter()
        .map(|v| (v - mean) / variance.sqrt().max(1e-12))
        .collect()
}

/// Days since the last event, visits, money, different items, days since the first event: logarithms.
fn five_columns(log: &EventLog, cut: i64) -> Vec<[f64; COLUMNS]> {
    let row = |user: usize| {
        let events = log.user(user);
        let mut visits: Vec<i64> = events
            .iter()
            .map(|e| e.session.map_or((e.time as f64 / DAY) as i64, i64::from))
            .collect();
        let mut items: Vec<u32> = events.iter().filter_map(|e| e.item).collect();
        visits.sort_unstable();
        visits.dedup();
        items.sort_unstable();
        items.dedup();
        let age = |time: Option<i64>| (cut - time.unwrap_or(cut)) as f64 / DAY;
        [
            age(events.last().map(|e| e.time)),
            visits.len() as f64,
            events.iter().filter_map(|e| e.value).sum::<f64>().max(0.0),
            items.len() as f64,
            age(events.first().map(|e| e.time)),
        ]
        .map(f64::ln_1p)
    };
    (0..log.users.len()).map(row).collect()
}

/// The weights of a logistic regression, the constant last, by Newton's method with a ridge of 1e-6.
fn logistic(columns: &[[f64; COLUMNS]], truth: &[bool], rows: &[usize]) -> [f64; COLUMNS + 1] {
    const N: usize = COLUMNS + 1;
    let mut weights = [0.0; N];
    for _ in 0..30 {
        let mut matrix = [[0.0; N + 1]; N];
        for &row in rows {
            let x: [f64; N] = std::array::from_fn(|i| columns[row].get(i).copied().unwrap_or(1.0));
            let p = 1.0 / (1.0 + (-product(&weights, &columns[row])).exp());
            let error = f64::from(u8::from(truth[row])) - p;
            for i in 0..N {
                for j in 0..N {
                    matrix[i][j] += p * (1.0 - p) * x[i] * x[j];
                }
                matrix[i][N] += error * x[i];
            }
        }
        for (i, row) in matrix.iter_mut().enumerate() {
            row[i] += 1e-6;
        }
        for (weight, step) in weights.iter_mut().zip(solved(matrix)) {
            *weight += step;
        }
    }
    weights
}

fn product(weights: &[f64; COLUMNS + 1], row: &[f64; COLUMNS]) -> f64 {
    row.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() + weights[COLUMNS]
}

/// A system of equations by Gauss and Jordan; the matrix is positive definite.
fn solved<const N: usize, const M: usize>(mut matrix: [[f64; M]; N]) -> [f64; N] {
    for pivot in 0..N {
        let scale = matrix[pivot][pivot];
        matrix[pivot].iter_mut().for_each(|v| *v /= scale);
        let line = matrix[pivot];
        for (i, row) in matrix.iter_mut().enumerate() {
            if i != pivot {
                let factor = row[pivot];
                row.iter_mut().zip(line).for_each(|(v, p)| *v -= factor * p);
            }
        }
    }
    std::array::from_fn(|i| matrix[i][N])
}

fn generated() -> std::io::Result<PathBuf> {
    let path = std::env::temp_dir().join("throng-buys-again.csv");
    Demo::generate(300, 2).write_csv(BufWriter::new(File::create(&path)?))?;
    Ok(path)
}
