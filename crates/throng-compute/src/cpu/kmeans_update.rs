//! Sums and counts of the rows of each cluster; twin of `wgsl/kmeans/update.wgsl`.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::simd::dispatch;
use crate::plan;

/// Sums [k, d] in f64 and counts `[k]` of the rows by label. The rows are cut into tasks by the sizes
/// alone, and the tasks are added in order.
pub fn update(x: &[f32], features: usize, labels: &[u32], k: usize) -> (Vec<f64>, Vec<u32>) {
    let task_rows = plan::cpu_update_rows(labels.len(), k, features);
    let parts: Vec<(Vec<f64>, Vec<u32>)> = x
        .par_chunks(task_rows * features)
        .zip(labels.par_chunks(task_rows))
        .map(|(x, labels)| {
            dispatch(Task {
                x,
                features,
                labels,
                k,
            })
        })
        .collect();
    let mut parts = parts.into_iter();
    let (mut sums, mut counts) = parts
        .next()
        .unwrap_or_else(|| (vec![0.0; k * features], vec![0; k]));
    for (part_sums, part_counts) in parts {
        sums.iter_mut()
            .zip(part_sums)
            .for_each(|(sum, part)| *sum += part);
        counts
            .iter_mut()
            .zip(part_counts)
            .for_each(|(sum, part)| *sum += part);
    }
    (sums, counts)
}

struct Task<'a> {
    x: &'a [f32],
    features: usize,
    labels: &'a [u32],
    k: usize,
}

impl WithSimd for Task<'_> {
    type Output = (Vec<f64>, Vec<u32>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let mut sums = vec![0.0_f64; self.k * self.features];
        let mut counts = vec![0; self.k];
        for (row, &label) in self.x.chunks_exact(self.features).zip(self.labels) {
            let label = label as usize;
            counts[label] += 1;
            let sum = &mut sums[label * self.features..][..self.features];
            for (sum, &value) in sum.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        (sums, counts)
    }
}
