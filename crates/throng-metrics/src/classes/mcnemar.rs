//! Whether one classifier is right more often than another.

use serde::Serialize;

use super::check::check_rows;
use crate::error::MetricError;

/// Rows that only one of two classifiers has right, and the test of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct McNemar {
    /// Rows that only the first has right.
    pub only_a: usize,
    /// Rows that only the second has right.
    pub only_b: usize,
    /// The chance of numbers at least as unlike if neither is better.
    pub p_value: f64,
}

/// McNemar's exact test (McNemar, 1947): the two-sided binomial test of the rows on which the classifiers differ.
///
/// `truth`, `a` and `b` \[n\] are the true classes and two classifiers' predictions of the same rows, which must be
/// independent of each other.
///
/// # Errors
/// [`MetricError::Length`] if the arguments differ in length.
pub fn mcnemar_test(truth: &[u32], a: &[u32], b: &[u32]) -> Result<McNemar, MetricError> {
    check_rows("a", a.len(), truth.len())?;
    check_rows("b", b.len(), truth.len())?;
    let only = |right: &[u32], wrong: &[u32]| {
        let rows = truth.iter().zip(right.iter().zip(wrong));
        rows.filter(|(truth, (right, wrong))| truth == right && truth != wrong)
            .count()
    };
    let (only_a, only_b) = (only(a, b), only(b, a));
    let (least, all) = (only_a.min(only_b), only_a + only_b);
    let p_value = if only_a == only_b {
        1.0
    } else {
        (2.0 * binomial_tail(least, all)).min(1.0)
    };
    Ok(McNemar {
        only_a,
        only_b,
        p_value,
    })
}

/// The chance of at most `k` heads in `n` throws of a fair coin.
fn binomial_tail(k: usize, n: usize) -> f64 {
    let ln_gamma = |x: usize| libm::lgamma(x as f64 + 1.0);
    let halves = n as f64 * std::f64::consts::LN_2;
    let first = (ln_gamma(n) - ln_gamma(k) - ln_gamma(n - k) - halves).exp();
    let (mut term, mut sum) = (1.0, 0.0);
    // From the largest term down; the rest is below a rounding of the sum.
    for heads in (0..=k).rev() {
        sum += term;
        term *= heads as f64 / (n - heads + 1) as f64;
        if term < 1e-18 * sum {
            break;
        }
    }
    first * sum
}
