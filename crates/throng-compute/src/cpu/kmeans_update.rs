//! Sums and counts of the rows of each cluster; twin of `wgsl/kmeans/batch_partials.wgsl`.

use pulp::{Simd, WithSimd};

use super::simd::dispatch;

/// Sums [k, d] and counts `[k]` of rows by label.
#[derive(Debug, Clone)]
pub struct Sums {
    /// Sums of the rows of each cluster.
    pub values: Vec<f64>,
    /// Rows of each cluster.
    pub counts: Vec<u32>,
}

impl Sums {
    /// Values of 32 bits that sums of `k` clusters take.
    pub fn count(k: usize, features: usize) -> usize {
        k.saturating_mul(2 * features + 1)
    }

    /// Of no rows.
    pub fn new(k: usize, features: usize) -> Self {
        Self {
            values: vec![0.0; k * features],
            counts: vec![0; k],
        }
    }

    /// Adds the rows of `x` to the sums of their labels, in order.
    pub fn add(&mut self, x: &[f32], labels: &[u32]) {
        dispatch(Add {
            sums: self,
            x,
            labels,
        });
    }

    /// Adds one row to the sums of `label`.
    #[inline(always)]
    pub fn add_row(&mut self, label: usize, row: &[f32]) {
        self.counts[label] += 1;
        let sums = &mut self.values[label * row.len()..][..row.len()];
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }

    /// The sum of `parts`, in order.
    pub fn total(parts: Vec<Self>, k: usize, features: usize) -> Self {
        let mut parts = parts.into_iter();
        let mut total = parts.next().unwrap_or_else(|| Self::new(k, features));
        for part in parts {
            for (sum, part) in total.values.iter_mut().zip(part.values) {
                *sum += part;
            }
            for (count, part) in total.counts.iter_mut().zip(part.counts) {
                *count += part;
            }
        }
        total
    }
}

struct Add<'a> {
    sums: &'a mut Sums,
    x: &'a [f32],
    labels: &'a [u32],
}

impl WithSimd for Add<'_> {
    type Output = ();

    /// Cluster by cluster, so that its sums are in the cache for all its rows.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Some(features) = self.x.len().checked_div(self.labels.len()) else {
            return;
        };
        for &row in &by_label(self.labels, self.sums.counts.len()) {
            let row = row as usize;
            let label = self.labels[row] as usize;
            self.sums
                .add_row(label, &self.x[row * features..][..features]);
        }
    }
}

/// The rows sorted by label, those of a label in order.
pub fn by_label(labels: &[u32], k: usize) -> Vec<u32> {
    let mut ends = vec![0; k];
    for &label in labels {
        ends[label as usize] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        // Where the label begins, until its rows are placed.
        sum += std::mem::replace(end, sum);
    }
    let mut order = vec![0; labels.len()];
    for (row, &label) in labels.iter().enumerate() {
        let place = &mut ends[label as usize];
        order[*place] = row as u32;
        *place += 1;
    }
    order
}
