//! Sums and counts of the rows of each cluster; twin of `wgsl/kmeans/update.wgsl`.

use pulp::{Simd, WithSimd};

use super::simd::dispatch;

/// Features that are summed in registers at a time.
const WIDTH: usize = 64;

/// Sums [k, d] and counts `[k]` of rows by label.
#[derive(Debug, Clone)]
pub struct Sums {
    /// Sums of the rows of each cluster.
    pub values: Vec<f64>,
    /// Rows of each cluster.
    pub counts: Vec<u32>,
}

impl Sums {
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

    /// Cluster by cluster, so that its sums are read and written once for all its rows.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Some(features) = self.x.len().checked_div(self.labels.len()) else {
            return;
        };
        let (order, ends) = by_label(self.labels, self.sums.counts.len());
        let mut first = 0;
        for (label, end) in ends.into_iter().enumerate() {
            let members = &order[first..end];
            first = end;
            self.sums.counts[label] += members.len() as u32;
            let sums = &mut self.sums.values[label * features..][..features];
            let (wide, rest) = sums.as_chunks_mut::<WIDTH>();
            let at = features - rest.len();
            for (index, sums) in wide.iter_mut().enumerate() {
                let mut in_registers = *sums;
                for &row in members {
                    let values = &self.x[row as usize * features + index * WIDTH..][..WIDTH];
                    for (sum, &value) in in_registers.iter_mut().zip(values) {
                        *sum += f64::from(value);
                    }
                }
                *sums = in_registers;
            }
            for &row in members {
                let values = &self.x[row as usize * features + at..][..rest.len()];
                for (sum, &value) in rest.iter_mut().zip(values) {
                    *sum += f64::from(value);
                }
            }
        }
    }
}

/// The rows sorted by label, those of a label in order, and where each label's rows end.
fn by_label(labels: &[u32], k: usize) -> (Vec<u32>, Vec<usize>) {
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
    (order, ends)
}
