//! The training of classifiers: against PyTorch (tests/golden/training.py), what each way to tune changes, and what
//! happens when something goes wrong.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use throng_bert::{
    Augment, BertConfig, BertError, Checkpoints, Ended, Examples, LoraModule, LoraParams, Loss,
    Schedule, SequenceClassifier, Targets, Task, TokenSequence, TrainEpoch, TrainParams, TrainStep,
    TrainWatch, Tuning,
};
use throng_compute::Compute;

use crate::recipe::{hash32, weights};
use crate::safetensors::{Tensors, from_bytes, to_bytes};
use crate::software;

const ROWS: usize = 80;
const COLUMNS: usize = 16;
const LABELS: usize = 3;

#[derive(Deserialize)]
struct Golden {
    config: serde_json::Value,
    tensors: BTreeMap<String, Vec<usize>>,
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    tuning: String,
    task: String,
    loss: String,
    schedule: String,
    steps: usize,
    batch: usize,
    accumulation: usize,
    rate: f64,
    warm_up: f64,
    decay: f32,
    norm: f64,
    weights: Option<Vec<f32>>,
    smoothing: f32,
    adversarial: f64,
    losses: Vec<f64>,
    norms: Vec<f64>,
    logits: Vec<f64>,
}

impl Golden {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/training.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    fn tensors(&self) -> Tensors {
        let shrunk = |(name, shape): (&String, &Vec<usize>)| {
            let one = if name.ends_with("LayerNorm.weight") {
                1.0
            } else {
                0.0
            };
            let values = weights(name, shape.iter().product(), 16);
            let values = values.iter().map(|v| (v - one) * 0.25 + one).collect();
            (name.clone(), (shape.clone(), values))
        };
        self.tensors.iter().map(shrunk).collect()
    }

    fn open(&self, task: Task, compute: &Compute) -> SequenceClassifier {
        self.open_with(task, compute, &json!({}))
    }

    fn open_with(
        &self,
        task: Task,
        compute: &Compute,
        more: &serde_json::Value,
    ) -> SequenceClassifier {
        let folder = tempfile::tempdir().unwrap();
        let mut config = self.config.clone();
        let object = config.as_object_mut().unwrap();
        object.insert(
            "problem_type".to_owned(),
            serde_json::to_value(task).unwrap(),
        );
        object.insert(
            "id2label".to_owned(),
            json!({"0": "none", "1": "some", "2": "many"}),
        );
        object.extend(more.as_object().unwrap().clone());
        fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        fs::write(
            folder.path().join("model.safetensors"),
            to_bytes(&self.tensors()),
        )
        .unwrap();
        SequenceClassifier::open(folder.path(), compute).unwrap()
    }

    fn config(&self) -> BertConfig {
        serde_json::from_value(self.config.clone()).unwrap()
    }
}

fn sequences(config: &BertConfig) -> Vec<TokenSequence> {
    let row = |row: usize| {
        let length = 1 + hash32("length", row) as usize % COLUMNS;
        let places = row * COLUMNS..row * COLUMNS + length;
        TokenSequence {
            ids: places
                .clone()
                .map(|i| 1 + hash32("ids", i) % (config.vocab_size as u32 - 1))
                .collect(),
            segments: places.map(|i| (hash32("segments", i) % 2) as u8).collect(),
        }
    };
    (0..ROWS).map(row).collect()
}

fn targets(task: &str) -> (Task, Targets) {
    let values = |of: &dyn Fn(u32) -> f32| Targets::Values {
        values: (0..ROWS * LABELS).map(|i| of(hash32(task, i))).collect(),
        labels: LABELS,
    };
    match task {
        "classes" => {
            let class = |row| hash32("class", row) % LABELS as u32;
            (
                Task::SingleLabel,
                Targets::Classes((0..ROWS).map(class).collect()),
            )
        }
        "labels" => (Task::MultiLabel, values(&|v| (v % 2) as f32)),
        _ => (
            Task::Regression,
            values(&|v| (f64::from(v) / 4_294_967_296.0) as f32),
        ),
    }
}

impl Case {
    fn params(&self, task: Task) -> TrainParams {
        let tuning = match self.tuning.as_str() {
            "full" => Tuning::Full,
            "head" => Tuning::Head,
            "last" => Tuning::Last(1),
            _ => Tuning::Lora(LoraParams {
                rank: 4,
                alpha: 8.0,
                ..LoraParams::default()
            }),
        };
        let loss = match (task, self.loss.as_str()) {
            (Task::SingleLabel, "squares") => Loss::MeanSquaredError,
            (Task::SingleLabel, _) => Loss::CrossEntropy {
                class_weights: self.weights.clone(),
                label_smoothing: self.smoothing,
            },
            (task, _) => Loss::of(task),
        };
        TrainParams {
            loss,
            epochs: self.steps * self.batch * self.accumulation / ROWS,
            batch_size: self.batch,
            accumulation: self.accumulation,
            learning_rate: self.rate,
            schedule: match self.schedule.as_str() {
                "linear" => Schedule::Linear,
                "cosine" => Schedule::Cosine,
                _ => Schedule::Constant,
            },
            warm_up: self.warm_up,
            weight_decay: self.decay,
            max_grad_norm: self.norm,
            adversarial: self.adversarial,
            shuffle: false,
            seed: 7,
            ..TrainParams::new(tuning, task)
        }
    }
}

/// Keeps what it hears. Scores are given, and end with the last of them.
#[derive(Default)]
struct Heard {
    steps: Vec<TrainStep>,
    losses: Vec<f64>,
    validation: Vec<(Vec<f32>, Option<f64>)>,
    scores: Vec<f64>,
    stop_at: Option<usize>,
}

impl TrainWatch for Heard {
    fn step(&mut self, step: &TrainStep) -> ControlFlow<()> {
        self.steps.push(*step);
        match self.stop_at {
            Some(at) if at == step.step => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn epoch(&mut self, epoch: &TrainEpoch<'_>) -> Result<f64, BertError> {
        self.losses.push(epoch.loss);
        self.validation
            .push((epoch.logits.to_vec(), epoch.validation_loss));
        let last = self.scores.last().copied().unwrap_or(0.0);
        Ok(self.scores.get(epoch.epoch - 1).copied().unwrap_or(last))
    }
}

fn logits(classifier: &SequenceClassifier, sequences: &[TokenSequence]) -> Vec<f32> {
    classifier
        .logits(sequences, &mut |_| ControlFlow::Continue(()))
        .unwrap()
}

/// Every tensor, by its name in the file.
fn saved(classifier: &SequenceClassifier) -> Tensors {
    let folder = tempfile::tempdir().unwrap();
    classifier.save(folder.path()).unwrap();
    from_bytes(&fs::read(folder.path().join("model.safetensors")).unwrap())
}

/// PyTorch's loss, gradient norm and, at the end, scores. Figures there are of f64; Adam divides by the size of gradients
/// that are all but zero, so single weights may go another way, and losses may differ in the fourth digit.
fn follows_pytorch(compute: &Compute, names: &[&str]) {
    let golden = Golden::read();
    let sequences = sequences(&golden.config());
    for name in names {
        let case = &golden.cases[*name];
        let (task, targets) = targets(&case.task);
        let mut classifier = golden.open(task, compute);
        let mut heard = Heard::default();
        let examples = Examples {
            sequences: &sequences,
            targets: &targets,
        };
        let report = classifier
            .train(examples, None, &case.params(task), None, &mut heard)
            .unwrap();
        assert_eq!(
            (report.steps, report.ended),
            (case.steps, Ended::Whole),
            "{name}"
        );
        assert!(report.skipped.is_empty());
        for (step, heard) in heard.steps.iter().enumerate() {
            for (what, found, want) in [
                ("loss", heard.loss, case.losses[step]),
                ("norm", heard.grad_norm, case.norms[step]),
            ] {
                let off = (found - want).abs() / want;
                assert!(
                    off <= 1e-3,
                    "{name}, {what} of step {}: {found}, not {want}",
                    step + 1
                );
            }
        }
        for (found, want) in logits(&classifier, &sequences).iter().zip(&case.logits) {
            assert!(
                (f64::from(*found) - want).abs() < 2e-3,
                "{name}: {found}, not {want}"
            );
        }
    }
}

#[test]
fn training_follows_pytorch_on_the_cpu() {
    let names = [
        "full",
        "head",
        "lora",
        "last",
        "adversarial",
        "labels",
        "numbers",
    ];
    follows_pytorch(&Compute::cpu(), &names);
}

#[test]
fn training_follows_pytorch_on_the_software_adapter() {
    follows_pytorch(&software(), &["full", "head", "lora"]);
}

/// Names of tensors that differ.
fn changed(before: &Tensors, after: &Tensors) -> Vec<String> {
    assert!(before.keys().eq(after.keys()));
    let differs = |name: &&String| before[*name] != after[*name];
    before.keys().filter(differs).cloned().collect()
}

/// Whether a tensor of this name is trained.
type IsTrained<'a> = &'a dyn Fn(&str) -> bool;

#[test]
fn each_tuning_changes_what_it_says_and_nothing_else() {
    let golden = Golden::read();
    let sequences = sequences(&golden.config());
    let (task, targets) = targets("classes");
    let examples = Examples {
        sequences: &sequences,
        targets: &targets,
    };
    let is_of_head = |name: &str| name.starts_with("classifier.") || name.contains("pooler.");
    let is_of_last = |name: &str| is_of_head(name) || name.contains("encoder.layer.1.");
    let is_adapted = |name: &str| {
        is_of_head(name) || name.ends_with("query.weight") || name.ends_with("value.weight")
    };
    let is_named = |name: &str| {
        let named = [
            "key.weight",
            "attention.output.dense.weight",
            "layer.0.output.dense.weight",
            "layer.1.output.dense.weight",
        ];
        is_of_head(name) || named.iter().any(|end| name.ends_with(end))
    };
    let lora = Tuning::Lora(LoraParams::default());
    let named = Tuning::Lora(LoraParams {
        modules: vec![
            LoraModule::Key,
            LoraModule::AttentionOutput,
            LoraModule::Output,
        ],
        ..LoraParams::default()
    });
    let tunings: [(Tuning, IsTrained<'_>); 5] = [
        (Tuning::Full, &|_| true),
        (Tuning::Head, &is_of_head),
        (Tuning::Last(1), &is_of_last),
        (lora, &is_adapted),
        (named, &is_named),
    ];
    for (tuning, is_trained) in tunings {
        for adversarial in [0.0, 0.1] {
            if tuning == Tuning::Head && adversarial > 0.0 {
                continue;
            }
            let mut classifier = golden.open(task, &Compute::cpu());
            let before = saved(&classifier);
            let params = TrainParams {
                epochs: 1,
                adversarial,
                learning_rate: 1e-2,
                ..TrainParams::new(tuning.clone(), task)
            };
            let report = classifier
                .train(examples, None, &params, None, &mut Heard::default())
                .unwrap();
            let after = saved(&classifier);
            let trained: Vec<String> = before.keys().filter(|n| is_trained(n)).cloned().collect();
            assert_eq!(changed(&before, &after), trained, "{tuning:?}");
            let of = |names: &[String]| names.iter().map(|n| before[n].1.len()).sum::<usize>();
            let expected = match &tuning {
                // A [from, rank] and B [rank, to] of each matrix.
                Tuning::Lora(lora) => {
                    let (head, adapted): (Vec<_>, Vec<_>) =
                        trained.iter().cloned().partition(|name| is_of_head(name));
                    let changes = adapted
                        .iter()
                        .map(|name| before[name].0.iter().sum::<usize>());
                    of(&head) + changes.sum::<usize>() * lora.rank
                }
                _ => of(&trained),
            };
            assert_eq!(report.trained, expected, "{tuning:?}");
            // What was merged and saved is what was trained, and it can be trained again.
            let more = classifier.train(
                examples,
                None,
                &TrainParams {
                    epochs: 1,
                    ..TrainParams::new(Tuning::Full, task)
                },
                None,
                &mut Heard::default(),
            );
            assert_eq!(
                more.unwrap().trained,
                of(&before.keys().cloned().collect::<Vec<_>>())
            );
        }
    }
}

#[test]
fn the_best_epoch_is_kept_and_training_ends_early() {
    let golden = Golden::read();
    let sequences = sequences(&golden.config());
    let (task, targets) = targets("classes");
    let examples = Examples {
        sequences: &sequences,
        targets: &targets,
    };
    let mut classifier = golden.open(task, &Compute::cpu());
    let params = TrainParams {
        epochs: 9,
        patience: Some(3),
        learning_rate: 1e-3,
        ..TrainParams::new(Tuning::Full, task)
    };
    let mut heard = Heard {
        scores: vec![0.1, f64::NAN, 0.5, 0.5, 0.2, 0.4, 0.9],
        ..Heard::default()
    };
    let report = classifier
        .train(examples, Some(examples), &params, None, &mut heard)
        .unwrap();
    assert_eq!(
        (report.epochs, report.best_epoch, report.best_score),
        (6, Some(3), Some(0.5))
    );
    assert_eq!(report.ended, Ended::Early);
    let (best, loss) = &heard.validation[2];
    assert_eq!(&logits(&classifier, &sequences), best);
    assert!(loss.unwrap().is_finite() && best != &heard.validation[5].0);
    // Without validation the end is kept, whatever the score.
    let mut heard = Heard {
        scores: vec![0.9, 0.1],
        ..Heard::default()
    };
    let params = TrainParams {
        epochs: 2,
        ..params
    };
    let report = classifier
        .train(examples, None, &params, None, &mut heard)
        .unwrap();
    assert_eq!((report.best_epoch, report.ended), (Some(2), Ended::Whole));
    assert!(
        heard
            .validation
            .iter()
            .all(|(logits, loss)| logits.is_empty() && loss.is_none())
    );
}

/// With dropout, which must be drawn again as it was.
#[test]
fn a_killed_training_goes_on_as_if_nothing_had_happened() {
    let golden = Golden::read();
    let sequences = sequences(&golden.config());
    let (task, targets) = targets("classes");
    let examples = Examples {
        sequences: &sequences,
        targets: &targets,
    };
    let dropout = json!({"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1});
    for tuning in [
        Tuning::Full,
        Tuning::Lora(LoraParams::default()),
        Tuning::Head,
    ] {
        let changes = Augment {
            merge: 0.5,
            reorder: 3,
            mask: 0.2,
            ..Augment::default()
        };
        let is_changed = tuning != Tuning::Head;
        let params = TrainParams {
            epochs: 3,
            learning_rate: 1e-3,
            augment: if is_changed {
                changes
            } else {
                Augment::default()
            },
            mask_token: Some(4),
            ..TrainParams::new(tuning.clone(), task)
        };
        let scores = vec![f64::NAN, 0.2, 0.7];
        let mut whole = Heard {
            scores: scores.clone(),
            ..Heard::default()
        };
        let open = || golden.open_with(task, &Compute::cpu(), &dropout);
        let mut classifier = open();
        let report = classifier
            .train(examples, Some(examples), &params, None, &mut whole)
            .unwrap();
        let want = saved(&classifier);
        if is_changed {
            let plain = TrainParams {
                augment: Augment::default(),
                ..params.clone()
            };
            let mut heard = Heard::default();
            open()
                .train(examples, None, &plain, None, &mut heard)
                .unwrap();
            let same = heard
                .steps
                .iter()
                .zip(&whole.steps)
                .filter(|(a, b)| a.loss == b.loss);
            assert_eq!(same.count(), 0, "{tuning:?}");
        }

        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints {
            folder: folder.path().join("checkpoint"),
            every: 3,
            resume: true,
        };
        // Stopped in the middle of an epoch, and once more; then it ends, and goes on from there to the same model.
        let mut steps = Vec::new();
        for stop_at in [2, 8, usize::MAX, usize::MAX] {
            let mut heard = Heard {
                scores: scores.clone(),
                stop_at: Some(stop_at),
                ..Heard::default()
            };
            let mut classifier = open();
            let resumed = classifier
                .train(
                    examples,
                    Some(examples),
                    &params,
                    Some(&checkpoints),
                    &mut heard,
                )
                .unwrap();
            steps.extend(heard.steps);
            if stop_at == usize::MAX {
                assert_eq!(resumed, report, "{tuning:?}");
                assert_eq!(saved(&classifier), want, "{tuning:?}");
                assert!(checkpoints.folder.exists());
            } else {
                assert_eq!(resumed.ended, Ended::Stopped);
                assert!(checkpoints.folder.exists());
                // What a kill may leave beside it.
                for beside in ["checkpoint.old", "checkpoint.new"] {
                    let beside = folder.path().join(beside);
                    std::fs::create_dir(&beside).unwrap();
                    std::fs::write(beside.join("model.bpk"), "half").unwrap();
                }
                let other = TrainParams {
                    batch_size: 5,
                    ..params.clone()
                };
                let refused = open().train(
                    examples,
                    None,
                    &other,
                    Some(&checkpoints),
                    &mut Heard::default(),
                );
                assert!(
                    refused
                        .unwrap_err()
                        .to_string()
                        .contains("other data or settings")
                );
            }
        }
        assert_eq!(steps, whole.steps, "{tuning:?}");
        checkpoints.clear().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_loss_that_is_not_finite_leaves_the_model_as_it_was() {
    let golden = Golden::read();
    let sequences = sequences(&golden.config());
    let (task, targets) = targets("classes");
    let examples = Examples {
        sequences: &sequences,
        targets: &targets,
    };
    let mut classifier = golden.open(task, &Compute::cpu());
    let before = saved(&classifier);
    let params = TrainParams {
        epochs: 20,
        learning_rate: 1e30,
        warm_up: 0.0,
        ..TrainParams::new(Tuning::Full, task)
    };
    let mut heard = Heard::default();
    let error = classifier
        .train(examples, None, &params, None, &mut heard)
        .unwrap_err();
    assert!(
        matches!(
            error,
            BertError::LossNotFinite {
                learning_rate: 1e30,
                ..
            }
        ),
        "{error}"
    );
    let skipped: Vec<bool> = heard.steps.iter().map(|step| step.is_skipped).collect();
    assert!(!skipped[0] && skipped.iter().any(|&skipped| skipped));
    assert_eq!(saved(&classifier), before);
}

/// One row whose squared error overflows: its step is left out, and the others are taken.
#[test]
fn training_goes_on_behind_a_step_that_was_left_out() {
    let golden = Golden::read();
    let sequences = sequences(&golden.config());
    let (task, targets) = targets("numbers");
    let Targets::Values { mut values, labels } = targets else {
        panic!("no numbers");
    };
    values[0] = 1e30;
    let targets = Targets::Values { values, labels };
    let examples = Examples {
        sequences: &sequences,
        targets: &targets,
    };
    let params = TrainParams {
        epochs: 1,
        batch_size: 1,
        ..TrainParams::new(Tuning::Full, task)
    };
    let mut classifier = golden.open(task, &Compute::cpu());
    let before = saved(&classifier);
    let mut heard = Heard::default();
    let report = classifier
        .train(examples, None, &params, None, &mut heard)
        .unwrap();
    assert_eq!((report.steps, report.skipped.len()), (ROWS, 1));
    for step in &heard.steps {
        let is_skipped = report.skipped.contains(&step.step);
        assert_eq!(step.is_skipped, is_skipped);
        assert_eq!(
            step.loss.is_finite() && step.grad_norm.is_finite(),
            !is_skipped
        );
    }
    let after = saved(&classifier);
    assert_eq!(changed(&before, &after).len(), before.len());
    assert!(
        after
            .values()
            .all(|(_, values)| values.iter().all(|v| v.is_finite()))
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let golden = Golden::read();
    let sequences = sequences(&golden.config());
    let (task, targets) = targets("classes");
    let mut classifier = golden.open(task, &Compute::cpu());
    let mut refused =
        |sequences: &[TokenSequence], targets: &Targets, params: &TrainParams, words: &str| {
            let examples = Examples { sequences, targets };
            let error = classifier
                .train(examples, None, params, None, &mut Heard::default())
                .unwrap_err()
                .to_string();
            assert!(error.contains(words), "{error}");
        };
    let plain = TrainParams::new(Tuning::Full, task);
    refused(
        &sequences[..3],
        &targets,
        &plain,
        "3 sequences but 80 targets",
    );
    refused(&[], &Targets::Classes(Vec::new()), &plain, "no sequence");
    refused(
        &sequences[..1],
        &Targets::Classes(vec![3]),
        &plain,
        "class 3, the model has 3",
    );
    let values = Targets::Values {
        values: vec![0.0; 3],
        labels: 3,
    };
    refused(
        &sequences[..1],
        &values,
        &plain,
        "are not those of SingleLabel",
    );
    for (params, words) in [
        (
            TrainParams {
                epochs: 0,
                ..plain.clone()
            },
            "epochs is 0",
        ),
        (
            TrainParams {
                batch_size: 0,
                ..plain.clone()
            },
            "batch_size is 0",
        ),
        (
            TrainParams {
                learning_rate: f64::NAN,
                ..plain.clone()
            },
            "learning_rate is NaN",
        ),
        (
            TrainParams {
                warm_up: 1.5,
                ..plain.clone()
            },
            "warm_up is 1.5",
        ),
        (
            TrainParams {
                tuning: Tuning::Last(3),
                ..plain.clone()
            },
            "the last 3 layers, the model has 2",
        ),
        (
            TrainParams {
                loss: Loss::BinaryCrossEntropy,
                ..plain.clone()
            },
            "is none of SingleLabel",
        ),
        (
            TrainParams {
                augment: Augment {
                    mask: 0.1,
                    ..Augment::default()
                },
                ..plain.clone()
            },
            "no mask token",
        ),
        (
            TrainParams {
                augment: Augment {
                    crop: 0.0,
                    ..Augment::default()
                },
                ..plain.clone()
            },
            "augment: crop is 0",
        ),
        (
            TrainParams {
                loss: Loss::CrossEntropy {
                    class_weights: Some(vec![1.0, 2.0]),
                    label_smoothing: 0.0,
                },
                ..plain.clone()
            },
            "2 class weights, the model has 3 classes",
        ),
        (
            TrainParams {
                tuning: Tuning::Lora(LoraParams {
                    rank: 0,
                    ..LoraParams::default()
                }),
                ..plain.clone()
            },
            "a rank of 0",
        ),
    ] {
        refused(&sequences, &targets, &params, words);
    }
}
