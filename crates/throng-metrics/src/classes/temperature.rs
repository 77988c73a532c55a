//! One number that makes a classifier as sure as it should be.

use super::check::{check_classes, check_rows, check_weights, weight};
use super::scores::Scores;
use crate::error::MetricError;

/// The temperature T of held-out logits (Guo et al., 2017): dividing logits by it makes the log loss of their softmax the
/// least. Above 1 the classifier was too sure. The predicted classes stay.
///
/// `truth` \[n\] in `0..k`, `logits` [n, k], or [n, 1] of the class 1 of two (whose softmax is the sigmoid), `weights` \[n\].
/// The loss is convex in 1 / T, and T is exact to about 1e-12 of itself.
///
/// # Errors
/// [`MetricError::NoTemperature`] where the loss falls without end: every row's own class has the largest logit (T to 0),
/// or logits tell nothing or worse than that (T to infinity); and for differences near the ends of `f64`.
/// [`MetricError::Length`] if the arguments differ in length,
/// [`MetricError::ClassRange`], [`MetricError::Weight`] and [`MetricError::NoWeight`].
pub fn fit_temperature(
    truth: &[u32],
    logits: &Scores,
    weights: Option<&[f64]>,
) -> Result<f64, MetricError> {
    check_rows("truth", truth.len(), logits.rows())?;
    check_classes("truth", truth, logits.classes())?;
    check_weights(weights, truth.len())?;
    let none = |problem| Err(MetricError::NoTemperature { problem });
    let rows: Vec<Row> = logits
        .iter()
        .zip(truth)
        .enumerate()
        .map(|(row, (logits, &class))| Row::new(logits, class, weight(weights, row)))
        .filter(|row| row.weight > 0.0)
        .collect();
    if rows.iter().all(|row| row.below.iter().all(|&z| z == 0.0)) {
        return none("those of a row are all equal");
    }
    if rows.iter().all(|row| row.own == 0.0) {
        return none("the true class has the largest one in every row");
    }
    if slope(&rows, 0.0).0 >= 0.0 {
        return none("larger ones do not go with the true class");
    }

    // The slope of the loss by 1 / T rises through 0 between these.
    let (mut low, mut high) = (0.0, 1.0 / rows.iter().map(Row::spread).fold(0.0, f64::max));
    while slope(&rows, high).0 < 0.0 {
        low = high;
        high *= 2.0;
    }
    // Newton's steps, halving instead where they leave the interval; an interval of doubles is soon used up.
    let mut inverse = 0.5 * (low + high);
    for _ in 0..200 {
        let (value, rise) = slope(&rows, inverse);
        if value < 0.0 {
            low = inverse;
        } else {
            high = inverse;
        }
        let newton = inverse - value / rise;
        let next = if low < newton && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        let step = (next - inverse).abs();
        inverse = next;
        if step <= 1e-14 * inverse {
            break;
        }
    }
    let temperature = 1.0 / inverse;
    if temperature.is_finite() && temperature > 0.0 {
        Ok(temperature)
    } else {
        none("those of a row differ by too much or too little to be computed with")
    }
}

/// Probabilities \[n, k\] of logits \[n, k\] at a temperature: the softmax of each row divided by it, or of one column the
/// sigmoid.
///
/// # Errors
/// [`MetricError::Setting`] unless the temperature is above 0 and finite.
pub fn softmax(logits: &Scores, temperature: f64) -> Result<Scores, MetricError> {
    if !(temperature.is_finite() && temperature > 0.0) {
        return Err(MetricError::Setting {
            setting: "temperature",
            value: temperature,
            needed: "a number above 0 is needed",
        });
    }
    let mut values = Vec::with_capacity(logits.values().len());
    for row in logits.iter() {
        if let [one] = row {
            values.push(1.0 / (1.0 + (-one / temperature).exp()));
            continue;
        }
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers = row.iter().map(|z| ((z - most) / temperature).exp());
        let total: f64 = powers.clone().sum();
        values.extend(powers.map(|power| power / total));
    }
    Scores::with_epsilon(values, logits.columns(), logits.epsilon())
}

/// A row's logits, less the largest of them.
struct Row {
    below: Vec<f64>,
    /// That of the true class.
    own: f64,
    weight: f64,
}

impl Row {
    fn new(logits: &[f64], class: u32, weight: f64) -> Self {
        let mut below = match logits {
            [one] => vec![0.0, *one],
            _ => logits.to_vec(),
        };
        let most = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        below.iter_mut().for_each(|z| *z -= most);
        Self {
            own: below[class as usize],
            below,
            weight,
        }
    }

    /// The largest logit less the smallest.
    fn spread(&self) -> f64 {
        -self.below.iter().copied().fold(0.0, f64::min)
    }
}

/// The first and second derivative of the total log loss by 1 / T.
fn slope(rows: &[Row], inverse: f64) -> (f64, f64) {
    let (mut first, mut second) = (0.0, 0.0);
    for row in rows {
        let [mut total, mut sum, mut squares] = [0.0; 3];
        for z in &row.below {
            let power = (z * inverse).exp();
            total += power;
            sum += power * z;
            squares += power * z * z;
        }
        let mean = sum / total;
        first += row.weight * (mean - row.own);
        second += row.weight * (squares / total - mean * mean);
    }
    (first, second)
}
