//! 1 / |x| of each row; twin of `wgsl/rows/scale.wgsl`.

use rayon::prelude::*;

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
    x.par_chunks_exact(features)
        .zip(scales)
        .flat_map_iter(|(row, scale)| row.iter().map(move |value| value * scale))
        .collect()
}
