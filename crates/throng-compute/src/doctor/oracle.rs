//! Plain f64 loops, and what 32-bit sums may be off from them.

use crate::pairwise::PairwiseMetric;
use crate::silhouette::SilhouetteMetric;

const EPS: f64 = f32::EPSILON as f64;

/// The relative error of a sum of `d` terms of one sign: one rounding a term and a few for the term itself,
/// twice, for orders of adding that are not ours.
pub fn rounding(d: usize) -> f64 {
    2.0 * (d + 4) as f64 * EPS
}

/// A distance, and what a kernel's may be off.
pub fn distance(a: &[f32], b: &[f32], metric: PairwiseMetric) -> (f64, f64) {
    let rounding = rounding(a.len());
    match metric {
        PairwiseMetric::SqEuclidean => (squared(a, b), rounding * squared(a, b)),
        PairwiseMetric::Euclidean => (squared(a, b).sqrt(), rounding * squared(a, b).sqrt()),
        PairwiseMetric::Cosine => (cosine(a, b), 4.0 * rounding),
        PairwiseMetric::Dot => {
            let magnitudes = pairs(a, b).map(|(x, y)| (x * y).abs());
            (dot(a, b), rounding * magnitudes.sum::<f64>())
        }
        PairwiseMetric::Manhattan => {
            let sum: f64 = pairs(a, b).map(|(x, y)| (x - y).abs()).sum();
            (sum, rounding * sum)
        }
        PairwiseMetric::Chebyshev => {
            let most = pairs(a, b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            (most, EPS * most)
        }
    }
}

/// |a - b|^2
pub fn squared(a: &[f32], b: &[f32]) -> f64 {
    pairs(a, b).map(|(x, y)| (x - y) * (x - y)).sum()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    pairs(a, b).map(|(x, y)| x * y).sum()
}

/// 1 where a row is zero.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms == 0.0 {
        1.0
    } else {
        1.0 - dot(a, b) / norms
    }
}

fn pairs(a: &[f32], b: &[f32]) -> impl Iterator<Item = (f64, f64)> {
    a.iter().zip(b).map(|(&x, &y)| (f64::from(x), f64::from(y)))
}

/// The silhouette of each row, by its definition.
pub fn silhouettes(x: &super::rows::Rows, labels: &[u32], metric: SilhouetteMetric) -> Vec<f64> {
    let metric = match metric {
        SilhouetteMetric::Euclidean => PairwiseMetric::Euclidean,
        SilhouetteMetric::SqEuclidean => PairwiseMetric::SqEuclidean,
        SilhouetteMetric::Cosine => PairwiseMetric::Cosine,
    };
    let k = labels.iter().max().map_or(0, |&most| most as usize + 1);
    let mut counts = vec![0.0; k];
    labels
        .iter()
        .for_each(|&label| counts[label as usize] += 1.0);
    let of_row = |i: usize| {
        let own = labels[i] as usize;
        if counts[own] == 1.0 {
            return 0.0;
        }
        let mut sums = vec![0.0; k];
        for (j, row) in x.iter().enumerate().filter(|&(j, _)| j != i) {
            sums[labels[j] as usize] += distance(x.row(i), row, metric).0;
        }
        let inner = sums[own] / (counts[own] - 1.0);
        let others = (0..k).filter(|&c| c != own && counts[c] > 0.0);
        let nearest = others.map(|c| sums[c] / counts[c]).fold(f64::MAX, f64::min);
        match inner.max(nearest) {
            0.0 => 0.0,
            larger => (nearest - inner) / larger,
        }
    };
    (0..labels.len()).map(of_row).collect()
}
