//! Precision, recall and F1 of every class.

use std::collections::BTreeSet;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::check::{check_classes, check_rows, check_some, check_weights, weight};
use super::tally::{Figures, Tally, ZeroDivision};
use crate::error::MetricError;

/// Names that the averages have.
const AVERAGES: [&str; 5] = [
    "accuracy",
    "micro avg",
    "macro avg",
    "weighted avg",
    "samples avg",
];

/// Precision, recall, F1 and support of every class, and their averages, equal to scikit-learn's `classification_report`.
///
/// Displayed it is scikit-learn's text with two digits; as JSON it is scikit-learn's `output_dict`, with the classes'
/// names as keys.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassificationReport {
    /// Each class by its name.
    pub classes: Vec<(String, Figures)>,
    /// The share of right rows; none for columns that are true by themselves, and where some classes are left out.
    pub accuracy: Option<f64>,
    /// All classes as one; where there is an accuracy, that is it, and this is none.
    pub micro_avg: Option<Figures>,
    /// The mean over the classes.
    pub macro_avg: Figures,
    /// The mean over the classes by their support.
    pub weighted_avg: Figures,
    /// The mean over the rows, for columns that are true by themselves.
    pub samples_avg: Option<Figures>,
    /// How many figures of the classes were 0 / 0, and are given as 0.
    pub zero_division: ZeroDivision,
    /// Whether rows had weights: without, supports are shown as whole numbers.
    weighted: bool,
}

/// Reports on predictions of one class a row.
///
/// `truth` and `predicted` \[n\] in `0..k`, `names` \[k\], `weights` \[n\]. A class of which there are neither rows nor
/// predictions is reported with zeros, as in scikit-learn with `labels=range(k)`.
///
/// # Errors
/// [`MetricError::Empty`] without rows, [`MetricError::Length`] if the arguments differ in length,
/// [`MetricError::ClassRange`], [`MetricError::Name`] for a name that is there twice or is an average's,
/// [`MetricError::Weight`] and [`MetricError::NoWeight`].
pub fn classification_report(
    truth: &[u32],
    predicted: &[u32],
    names: &[impl AsRef<str>],
    weights: Option<&[f64]>,
) -> Result<ClassificationReport, MetricError> {
    let all: Vec<u32> = (0..names.len() as u32).collect();
    classification_report_of(&all, truth, predicted, names, weights)
}

/// Reports on some classes only, in the order of `labels`: scikit-learn's argument of that name.
///
/// Arguments as of [`classification_report()`]. If a class that occurs is left out, the micro average takes the place of the accuracy.
///
/// # Errors
/// As [`classification_report()`]; [`MetricError::Empty`] without labels.
pub fn classification_report_of(
    labels: &[u32],
    truth: &[u32],
    predicted: &[u32],
    names: &[impl AsRef<str>],
    weights: Option<&[f64]>,
) -> Result<ClassificationReport, MetricError> {
    check_some("truth", truth.len())?;
    check_some("labels", labels.len())?;
    check_rows("predicted", predicted.len(), truth.len())?;
    check_classes("truth", truth, names.len())?;
    check_classes("predicted", predicted, names.len())?;
    check_classes("labels", labels, names.len())?;
    check_weights(weights, truth.len())?;
    let tallies = Tally::of_classes(truth, predicted, names.len(), weights);
    let chosen: BTreeSet<u32> = labels.iter().copied().collect();
    let all_are_chosen = truth
        .iter()
        .chain(predicted)
        .all(|class| chosen.contains(class));
    let tallies: Vec<Tally> = labels
        .iter()
        .map(|&label| tallies[label as usize])
        .collect();
    let names = labels.iter().map(|&label| names[label as usize].as_ref());
    let mut report = ClassificationReport::of(&tallies, names, weights.is_some())?;
    let micro = Tally::sum(&tallies).figures();
    if all_are_chosen {
        report.accuracy = Some(micro.precision);
    } else {
        report.micro_avg = Some(micro);
    }
    Ok(report)
}

/// Reports on columns, each of which is true or not by itself.
///
/// `truth` and `predicted` [n, k] row after row, `names` \[k\], `weights` \[n\].
///
/// # Errors
/// As [`classification_report()`].
pub fn classification_report_multilabel(
    truth: &[bool],
    predicted: &[bool],
    names: &[impl AsRef<str>],
    weights: Option<&[f64]>,
) -> Result<ClassificationReport, MetricError> {
    check_some("names", names.len())?;
    check_some("truth", truth.len())?;
    let columns = names.len();
    check_rows(
        "truth",
        truth.len(),
        truth.len().div_ceil(columns) * columns,
    )?;
    check_rows("predicted", predicted.len(), truth.len())?;
    check_weights(weights, truth.len() / columns)?;
    let tallies = Tally::of_columns(truth, predicted, columns, weights);
    let names = names.iter().map(AsRef::as_ref);
    let mut report = ClassificationReport::of(&tallies, names, weights.is_some())?;
    report.micro_avg = Some(Tally::sum(&tallies).figures());
    let rows = truth
        .chunks_exact(columns)
        .zip(predicted.chunks_exact(columns));
    let rows: Vec<Figures> = rows
        .enumerate()
        .map(|(row, (truth, predicted))| {
            let mut tally = Tally::default();
            for (&truth, &predicted) in truth.iter().zip(predicted) {
                tally.add(truth, predicted, 1.0);
            }
            // The support stands for the row's weight in the mean.
            Figures {
                support: weight(weights, row),
                ..tally.figures()
            }
        })
        .collect();
    report.samples_avg = Some(Figures {
        support: report.macro_avg.support,
        ..Figures::mean(&rows, |row| row.support)
    });
    Ok(report)
}

impl ClassificationReport {
    /// The classes, and the averages that there always are.
    fn of<'a>(
        tallies: &[Tally],
        names: impl Iterator<Item = &'a str>,
        weighted: bool,
    ) -> Result<Self, MetricError> {
        let figures: Vec<Figures> = tallies.iter().map(|tally| tally.figures()).collect();
        let mut taken: BTreeSet<&str> = AVERAGES.into();
        let mut classes = Vec::with_capacity(figures.len());
        for (name, &figures) in names.zip(&figures) {
            if !taken.insert(name) {
                return Err(MetricError::Name {
                    name: name.to_owned(),
                    problem: if AVERAGES.contains(&name) {
                        "is an average of the report"
                    } else {
                        "names two classes"
                    },
                });
            }
            classes.push((name.to_owned(), figures));
        }
        Ok(Self {
            classes,
            accuracy: None,
            micro_avg: None,
            macro_avg: Figures::mean(&figures, |_| 1.0),
            weighted_avg: Figures::mean(&figures, |class| class.support),
            samples_avg: None,
            zero_division: Tally::zero_division(tallies),
            weighted,
        })
    }

    /// The averages with their names, in scikit-learn's order.
    fn averages(&self) -> impl Iterator<Item = (&'static str, Figures)> {
        [
            ("micro avg", self.micro_avg),
            ("macro avg", Some(self.macro_avg)),
            ("weighted avg", Some(self.weighted_avg)),
            ("samples avg", self.samples_avg),
        ]
        .into_iter()
        .filter_map(|(name, figures)| Some((name, figures?)))
    }

    fn support(&self, support: f64) -> String {
        if self.weighted {
            format!("{support:?}")
        } else {
            format!("{support}")
        }
    }
}

impl fmt::Display for ClassificationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.classes.iter().map(|(name, _)| name.chars().count());
        let width = names.max().unwrap_or(0).max("weighted avg".len());
        let line = |f: &mut fmt::Formatter<'_>, name: &str, figures: &Figures| {
            let Figures {
                precision,
                recall,
                f1_score,
                support,
            } = figures;
            let support = self.support(*support);
            writeln!(
                f,
                "{name:>width$}  {precision:>9.2} {recall:>9.2} {f1_score:>9.2} {support:>9}"
            )
        };
        writeln!(
            f,
            "{:>width$}  {:>9} {:>9} {:>9} {:>9}\n",
            "", "precision", "recall", "f1-score", "support"
        )?;
        for (name, figures) in &self.classes {
            line(f, name, figures)?;
        }
        writeln!(f)?;
        if let Some(accuracy) = self.accuracy {
            let support = self.support(self.macro_avg.support);
            writeln!(
                f,
                "{:>width$}  {:>9} {:>9} {accuracy:>9.2} {support:>9}",
                "accuracy", "", ""
            )?;
        }
        for (name, figures) in self.averages() {
            line(f, name, &figures)?;
        }
        Ok(())
    }
}

impl Serialize for ClassificationReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, figures) in &self.classes {
            map.serialize_entry(name, figures)?;
        }
        if let Some(accuracy) = self.accuracy {
            map.serialize_entry("accuracy", &accuracy)?;
        }
        for (name, figures) in self.averages() {
            map.serialize_entry(name, &figures)?;
        }
        map.end()
    }
}
