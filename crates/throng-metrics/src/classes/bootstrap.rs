//! How far a figure could be off because of the rows that happened to be there.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::calibration::percentile;
use super::check::{check_classes, check_rows, check_some, check_weights, weight};
use super::ranked::Ranked;
use super::tally::Tally;
use crate::error::MetricError;

/// How rows are drawn again for an interval: as many rows as there are, with replacement (Efron, 1979).
///
/// The same rows, settings and seed give the same interval, on any number of threads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How often all rows are drawn, at least 1.
    pub resamples: usize,
    /// Where the draws begin.
    pub seed: u64,
    /// The share of resamples within the interval, above 0 and below 1.
    pub confidence: f64,
    /// Whether as many rows of each class are drawn as there are of it.
    pub stratified: bool,
}

impl Default for Bootstrap {
    /// 2,000 resamples from the seed 0, 95%, not stratified.
    fn default() -> Self {
        Self {
            resamples: 2_000,
            seed: 0,
            confidence: 0.95,
            stratified: false,
        }
    }
}

/// A percentile interval of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The share of resamples between the ends.
    pub confidence: f64,
    /// Resamples for which the figure was defined; the others do not count.
    pub resamples: usize,
}

impl Bootstrap {
    /// The interval of any figure that can be computed from weights of the rows.
    ///
    /// `classes` \[n\] are the strata; `measure` is given how often each row was drawn, \[n\], times its weight if it has
    /// one, and gives none where the figure is not defined. None if it never is.
    ///
    /// # Errors
    /// [`MetricError::Setting`] for a setting out of its range, [`MetricError::Empty`] without rows,
    /// [`MetricError::Length`] if there is not one weight a row, [`MetricError::Weight`] and [`MetricError::NoWeight`].
    pub fn interval<C: Copy + Ord + Sync>(
        &self,
        classes: &[C],
        weights: Option<&[f64]>,
        measure: impl Fn(&[f64]) -> Option<f64> + Sync,
    ) -> Result<Option<Interval>, MetricError> {
        self.check()?;
        check_some("truth", classes.len())?;
        check_weights(weights, classes.len())?;
        let mut rows: Vec<usize> = (0..classes.len()).collect();
        let strata: Vec<&[usize]> = if self.stratified {
            rows.sort_by_key(|&row| classes[row]);
            rows.chunk_by(|&a, &b| classes[a] == classes[b]).collect()
        } else {
            vec![&rows]
        };
        let mut found: Vec<f64> = (0..self.resamples as u64)
            .into_par_iter()
            .map_init(
                || vec![0.0; classes.len()],
                |drawn, resample| {
                    // A stream for each resample: threads do not matter.
                    let mut random = ChaCha8Rng::seed_from_u64(self.seed);
                    random.set_stream(resample);
                    drawn.fill(0.0);
                    for stratum in &strata {
                        for _ in 0..stratum.len() {
                            let row = stratum[random.random_range(0..stratum.len())];
                            drawn[row] += weight(weights, row);
                        }
                    }
                    measure(drawn)
                },
            )
            .flatten_iter()
            .collect();
        if found.is_empty() {
            return Ok(None);
        }
        found.sort_unstable_by(f64::total_cmp);
        let outside = (1.0 - self.confidence) / 2.0 * 100.0;
        Ok(Some(Interval {
            low: percentile(&found, outside),
            high: percentile(&found, 100.0 - outside),
            confidence: self.confidence,
            resamples: found.len(),
        }))
    }

    /// The interval of [`roc_auc_score`](super::roc_auc_score()), whose arguments and errors it has.
    ///
    /// # Errors
    /// As there, and as [`Bootstrap::interval`].
    pub fn roc_auc(
        &self,
        truth: &[bool],
        scores: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<Option<Interval>, MetricError> {
        let ranked = Ranked::new(truth, scores)?;
        self.interval(truth, weights, |drawn| ranked.roc_auc(Some(drawn)))
    }

    /// The interval of [`average_precision_score`](super::average_precision_score()), whose arguments and errors it has.
    /// Resamples without rows of the class do not count.
    ///
    /// # Errors
    /// As there, and as [`Bootstrap::interval`].
    pub fn average_precision(
        &self,
        truth: &[bool],
        scores: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<Option<Interval>, MetricError> {
        let ranked = Ranked::new(truth, scores)?;
        self.interval(truth, weights, |drawn| {
            let some = truth.iter().zip(drawn).any(|(&is, &w)| is && w > 0.0);
            some.then(|| ranked.average_precision(Some(drawn)))
        })
    }

    /// The interval of the difference of two areas under the ROC curve of the same rows, that of `a` less that of `b`. The
    /// rows are drawn once for both.
    ///
    /// `truth`, `a`, `b` and `weights` \[n\], as of [`roc_auc_score`](super::roc_auc_score()).
    ///
    /// # Errors
    /// As there, and as [`Bootstrap::interval`].
    pub fn roc_auc_difference(
        &self,
        truth: &[bool],
        a: &[f64],
        b: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<Option<Interval>, MetricError> {
        let (a, b) = (Ranked::new(truth, a)?, Ranked::new(truth, b)?);
        self.interval(truth, weights, |drawn| {
            Some(a.roc_auc(Some(drawn))? - b.roc_auc(Some(drawn))?)
        })
    }

    /// The interval of F1: of the class 1 of two, or the mean over more classes.
    ///
    /// `truth` and `predicted` \[n\] in `0..classes`, `weights` \[n\]. As in [`classification_report`](super::classification_report()),
    /// a class that a resample lacks has F1 0.
    ///
    /// # Errors
    /// [`MetricError::Length`] if the arguments differ in length, [`MetricError::ClassRange`]; as [`Bootstrap::interval`].
    pub fn f1(
        &self,
        truth: &[u32],
        predicted: &[u32],
        classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<Option<Interval>, MetricError> {
        check_rows("predicted", predicted.len(), truth.len())?;
        check_classes("truth", truth, classes)?;
        check_classes("predicted", predicted, classes)?;
        self.interval(truth, weights, |drawn| {
            Some(f1(&Tally::of_classes(
                truth,
                predicted,
                classes,
                Some(drawn),
            )))
        })
    }

    fn check(&self) -> Result<(), MetricError> {
        if self.resamples == 0 {
            return Err(MetricError::Setting {
                setting: "resamples",
                value: 0.0,
                needed: "at least 1 is needed",
            });
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(MetricError::Setting {
                setting: "confidence",
                value: self.confidence,
                needed: "a share above 0 and below 1 is needed",
            });
        }
        Ok(())
    }
}

/// F1 of the class 1 of two, or the mean over more classes.
pub(crate) fn f1(tallies: &[Tally]) -> f64 {
    match tallies {
        [_, one] => one.figures().f1_score,
        _ => mean_f1(tallies),
    }
}

/// The mean of F1 over the classes.
pub(crate) fn mean_f1(tallies: &[Tally]) -> f64 {
    let all = tallies.iter().map(|tally| tally.figures().f1_score);
    all.sum::<f64>() / tallies.len() as f64
}
