//! 1 / |x| of each row; twin of `wgsl/rows/scale.wgsl`.

use rayon::prelude::*;
use throng_shaders::Metric;

/// 1 / |x| of each row, 0 for a row of zeros; by way of the largest magnitude, so that squares neither
/// overflow nor vanish.
pub fn scales(x: &[f32], features: usize) -> Vec<f32> {
    x.par_chunks_exact(features).map(scale).collect()
}

fn scale(row: &[f32]) -> f32 {
    let largest = row.iter().fold(0.0_f32, |largest, v| largest.max(v.abs()));
    if largest < f32::MIN_POSITIVE {
        return 0.0;
    }
    let sum: f32 = row.iter().map(|v| (v / largest) * (v / largest)).sum();
    1.0 / (largest * sum.sqrt())
}

/// The rows times their scales.
pub fn unit_rows(x: &[f32], features: usize, scales: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    out.par_chunks_exact_mut(features)
        .zip(x.par_chunks_exact(features))
        .zip(scales)
        .for_each(|((out, row), scale)| {
            let pairs = out.iter_mut().zip(row);
            pairs.for_each(|(out, value)| *out = value * scale);
        });
    out
}

/// Values of the scales and the unit rows of so many rows, where the metric wants them.
pub fn count(rows: usize, features: usize, metric: Metric) -> usize {
    match metric {
        Metric::Cosine => rows.saturating_mul(features + 1),
        _ => 0,
    }
}
