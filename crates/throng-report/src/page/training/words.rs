//! What the figures of a classifier are called and mean.

use crate::format::{capital, clean, figure};
use crate::training::{Class, Measure, Task, TrainingReport};

/// What is known of a measure.
pub(super) struct Known {
    /// Its name in scikit-learn.
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// What it says, in half a sentence.
    pub(super) meaning: &'static str,
    /// Whether less is better.
    pub(super) loss: bool,
    /// Whether it goes to 1 at most and differs by hundredths.
    pub(super) share: bool,
    /// Why it may be undefined.
    why: &'static str,
}

const fn share(
    name: &'static str,
    label: &'static str,
    meaning: &'static str,
    why: &'static str,
) -> Known {
    Known {
        name,
        label,
        meaning,
        loss: false,
        share: true,
        why,
    }
}

const fn loss(
    name: &'static str,
    label: &'static str,
    meaning: &'static str,
    why: &'static str,
) -> Known {
    Known {
        name,
        label,
        meaning,
        loss: true,
        share: false,
        why,
    }
}

const NO_TEXT: &str = "no text was held out";
const ONE_SIDED: &str = "a class has none of the held-out texts, or all of them";
const NOT_FINITE: &str = "it is not a finite number";

const PEOPLE: [&str; 2] = ["Matthews", "Brier"];

/// In the order in which they are shown.
const MEASURES: [Known; 14] = [
    share(
        "roc_auc_score",
        "ROC AUC",
        "the chance that a text of the class scores above another text; 0.5 is guessing",
        ONE_SIDED,
    ),
    share(
        "average_precision_score",
        "Average precision",
        "the precision at each threshold, weighted by the recall gained there",
        "no held-out text is of the class",
    ),
    share(
        "f1_score",
        "F1",
        "the harmonic mean of precision and recall",
        "a class is neither true nor predicted of any text",
    ),
    share(
        "accuracy_score",
        "Accuracy",
        "the share of texts that are right",
        NO_TEXT,
    ),
    share(
        "balanced_accuracy_score",
        "Balanced accuracy",
        "the mean recall of the classes",
        NO_TEXT,
    ),
    share(
        "matthews_corrcoef",
        "Matthews correlation",
        "the correlation of truth and prediction; 0 is chance",
        "all texts are, or are predicted to be, of one class",
    ),
    share(
        "r2_score",
        "R²",
        "the share of the variance that is explained; 0 is the mean for every text",
        "it takes two texts or more",
    ),
    loss(
        "mean_absolute_error",
        "Mean absolute error",
        "how far predictions are off, in the unit of the numbers",
        NO_TEXT,
    ),
    loss(
        "mean_squared_error",
        "Mean squared error",
        "the mean square of how far predictions are off",
        NO_TEXT,
    ),
    loss(
        "log_loss",
        "Log loss",
        "the mean of −ln of the true class’s probability",
        NO_TEXT,
    ),
    loss(
        "brier_score_loss",
        "Brier score",
        "the mean squared difference of probability and truth",
        NO_TEXT,
    ),
    loss(
        "expected_calibration_error",
        "Calibration error",
        "how far probabilities are from shares",
        NO_TEXT,
    ),
    loss(
        "validation_loss",
        "Validation loss",
        "the loss of the held-out texts",
        NOT_FINITE,
    ),
    loss(
        "loss",
        "Training loss",
        "the loss of the training texts",
        NOT_FINITE,
    ),
];

/// What is known of a measure of this name, if anything.
pub(super) fn known(name: &str) -> Option<&'static Known> {
    MEASURES.iter().find(|known| known.name == name)
}

/// A measure's name for people.
pub(super) fn label(name: &str) -> String {
    match known(name) {
        Some(known) => known.label.to_owned(),
        None => capital(&clean(&name.replace('_', " "))),
    }
}

/// The label within a sentence.
pub(super) fn inside(name: &str) -> String {
    let label = label(name);
    let named = PEOPLE.iter().any(|person| label.starts_with(person));
    let mut characters = label.chars();
    match (characters.next(), characters.next()) {
        // ROC, F1 and R² stay as they are, and so do people's names.
        (Some(first), Some(second)) if second.is_lowercase() && !named => {
            first.to_lowercase().chain(label.chars().skip(1)).collect()
        }
        _ => label,
    }
}

/// The measures in the order in which they are shown: those that are known, then the others by name.
pub(super) fn ordered<'a, T>(
    measures: impl IntoIterator<Item = (&'a String, T)>,
) -> Vec<(&'a str, T)> {
    let mut all: Vec<(&str, T)> = measures
        .into_iter()
        .map(|(name, measure)| (name.as_str(), measure))
        .collect();
    let place = |name: &str| MEASURES.iter().position(|known| known.name == name);
    all.sort_by_key(|(name, _)| place(name).unwrap_or(MEASURES.len()));
    all
}

/// A figure, or that there is none.
pub(super) fn said(value: Option<f64>) -> String {
    match defined(value) {
        Some(value) => figure(value),
        None => "undefined".to_owned(),
    }
}

/// A figure that can be shown.
pub(super) fn defined(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// Why a measure is undefined.
pub(super) fn why(name: &str, measure: &Measure) -> String {
    match &measure.why {
        Some(why) => clean(why),
        None if measure.value.is_some() => NOT_FINITE.to_owned(),
        None => known(name).map_or(NOT_FINITE, |known| known.why).to_owned(),
    }
}

/// Both ends of an interval, or nothing.
pub(super) fn interval(measure: &Measure) -> Option<String> {
    let interval = measure.interval?;
    (interval.low.is_finite() && interval.high.is_finite())
        .then(|| format!("{} – {}", figure(interval.low), figure(interval.high)))
}

/// What a measure has to beat.
pub(super) fn baseline(task: Task) -> &'static str {
    match task {
        Task::Regression => "the mean for every text",
        Task::Multilabel => "the same answer for every text",
        Task::Binary | Task::Multiclass => "the majority class for every text",
    }
}

/// A measure against its baseline: only a difference that the interval shows is called one.
pub(super) fn against(name: &str, measure: &Measure) -> Option<&'static str> {
    let (low, high) = (measure.interval?.low, measure.interval?.high);
    let baseline = defined(measure.baseline)?;
    let (better, worse) = if known(name)?.loss {
        (high < baseline, low > baseline)
    } else {
        (low > baseline, high < baseline)
    };
    Some(if better {
        "clearly better than"
    } else if worse {
        "clearly worse than"
    } else if low.is_finite() && high.is_finite() {
        "not clearly different from"
    } else {
        return None;
    })
}

/// What was tuned, from the command's word.
pub(super) fn tuning(tuning: &str) -> String {
    let layers = |n: &str| n.parse::<u64>().ok();
    match tuning.split_once(':') {
        None if tuning == "full" => "all of its layers".to_owned(),
        None if tuning == "head" => "only its head, on features computed once".to_owned(),
        Some(("last", n)) if layers(n).is_some() => match layers(n) {
            Some(1) => "its last layer and its head".to_owned(),
            _ => format!("its last {n} layers and its head"),
        },
        Some(("lora", r)) if layers(r).is_some() => {
            format!("low-rank adapters (LoRA) of rank {r} and its head")
        }
        _ => clean(tuning),
    }
}

/// The class with most training texts.
pub(super) fn majority(report: &TrainingReport) -> Option<&Class> {
    let most = report.classes.iter().map(|class| class.training).max()?;
    report
        .classes
        .iter()
        .find(|class| class.training == most && most > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Interval;

    #[test]
    fn names_are_for_people() {
        assert_eq!(label("roc_auc_score"), "ROC AUC");
        assert_eq!(inside("roc_auc_score"), "ROC AUC");
        assert_eq!(inside("average_precision_score"), "average precision");
        assert_eq!(inside("r2_score"), "R²");
        assert_eq!(inside("matthews_corrcoef"), "Matthews correlation");
        assert_eq!(label("my_own_score"), "My own score");
        assert_eq!(tuning("last:1"), "its last layer and its head");
        assert_eq!(
            tuning("lora:8"),
            "low-rank adapters (LoRA) of rank 8 and its head"
        );
        assert_eq!(tuning("last:<b>"), "last:<b>");
    }

    #[test]
    fn known_measures_come_first() {
        let names = ["zeta", "accuracy_score", "roc_auc_score", "alpha"].map(str::to_owned);
        let mut sorted = names.to_vec();
        sorted.sort();
        let shown = ordered(sorted.iter().map(|name| (name, ())));
        let shown: Vec<&str> = shown.iter().map(|(name, ())| *name).collect();
        assert_eq!(shown, ["roc_auc_score", "accuracy_score", "alpha", "zeta"]);
    }

    #[test]
    fn only_a_shown_difference_is_called_one() {
        let measure = |low, high| Measure {
            value: Some(0.5),
            interval: Some(Interval { low, high }),
            baseline: Some(0.5),
            why: None,
        };
        let cases = [
            ("roc_auc_score", 0.51, 0.6, Some("clearly better than")),
            ("roc_auc_score", 0.4, 0.49, Some("clearly worse than")),
            (
                "roc_auc_score",
                0.5,
                0.6,
                Some("not clearly different from"),
            ),
            ("log_loss", 0.4, 0.49, Some("clearly better than")),
            ("log_loss", 0.51, 0.6, Some("clearly worse than")),
            ("roc_auc_score", f64::NAN, f64::NAN, None),
            ("unheard_of", 0.51, 0.6, None),
        ];
        for (name, low, high, words) in cases {
            assert_eq!(against(name, &measure(low, high)), words, "{name} {low}");
        }
    }

    #[test]
    fn undefined_figures_have_a_reason() {
        let mut measure = Measure::default();
        assert_eq!(said(measure.value), "undefined");
        assert_eq!(why("roc_auc_score", &measure), ONE_SIDED);
        measure.value = Some(f64::NAN);
        assert_eq!(said(measure.value), "undefined");
        assert_eq!(why("roc_auc_score", &measure), NOT_FINITE);
        measure.why = Some("training broke off".to_owned());
        assert_eq!(why("roc_auc_score", &measure), "training broke off");
    }
}
