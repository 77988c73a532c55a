//! A batch of one problem, a step at a time.

use std::sync::Arc;

use super::{Batch, Room, Table};
use crate::error::ComputeError;
use crate::gpu::context::Context;
use crate::gpu::rows::Rows;
use crate::kmeans_batch::KMeansProblem;
use crate::watch::Meter;

/// The labels and distances of a matrix's rows.
#[derive(Debug)]
pub struct Single {
    batch: Batch,
    table: Table,
    /// From the first sums on.
    room: Option<Room>,
}

impl Single {
    /// Nothing assigned yet.
    pub fn new(context: &Context, x: &Arc<Rows>, k: usize) -> Result<Self, ComputeError> {
        let problem = KMeansProblem::new(0..x.rows, k, vec![0.0; k * x.cols]);
        let batch = Batch::new(context, x, &[&problem])?;
        Ok(Self {
            table: batch.table(&[0])?,
            batch,
            room: None,
        })
    }

    /// From now on `meter` measures the work.
    pub fn measure(&mut self, meter: &Meter) {
        self.batch.context = self.batch.context.metered(meter.clone());
    }

    /// Assigns; returns how many labels changed, and the inertia.
    pub fn assign(&self, centroids: &[f32]) -> Result<(usize, f64), ComputeError> {
        let context = &self.batch.context;
        context.write("centroids", &self.batch.centroids, centroids)?;
        context.write("counts of changes", &self.batch.changed, &[0_u32])?;
        self.batch.assign(&self.table, true)?;
        let inertia = self.batch.inertia(&self.table)?;
        let changed: Vec<u32> = context.read("counts of changes", &self.batch.changed, 1)?;
        Ok((changed[0] as usize, inertia[0]))
    }

    /// Sums [k, d] and counts `[k]` of the rows by label.
    pub fn sums(&mut self) -> Result<(Vec<f64>, Vec<u32>), ComputeError> {
        let (batch, d) = (&self.batch, self.batch.x.cols);
        let room = match self.room.take() {
            Some(room) => room,
            None => Room::new(&batch.context, &batch.sizes, d)?,
        };
        let room = self.room.insert(room);
        batch.sum_by_label(room, &self.table)?;
        let starts: Vec<[u32; 2]> =
            batch
                .context
                .read("clusters' places", &room.starts, batch.sizes.starts)?;
        let runs = starts.last().map_or(0, |&[_, end]| end as usize);
        let parts: Vec<[f32; 2]> =
            batch
                .context
                .read("sums of runs", &room.sums, runs * (d + 1))?;
        let mut sums = vec![0.0; batch.sizes.clusters * d];
        let mut counts = Vec::with_capacity(batch.sizes.clusters);
        for (sums, place) in sums.chunks_exact_mut(d).zip(starts.windows(2)) {
            let ([row, run], [row_end, run_end]) = (place[0], place[1]);
            counts.push(row_end - row);
            for run in run as usize..run_end as usize {
                let part = &parts[run * (d + 1)..][..d];
                for (sum, [high, low]) in sums.iter_mut().zip(part) {
                    *sum += f64::from(*high) + f64::from(*low);
                }
            }
        }
        Ok((sums, counts))
    }

    /// The last labels.
    pub fn labels(&self) -> Result<Vec<u32>, ComputeError> {
        let batch = &self.batch;
        batch
            .context
            .read("labels", &batch.labels, batch.sizes.rows)
    }

    /// The rows' squared distances to their centroids.
    pub fn distances(&self) -> Result<Vec<f32>, ComputeError> {
        let batch = &self.batch;
        batch
            .context
            .read("distances", &batch.distances, batch.sizes.rows)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use crate::device::{Compute, Engine};
    use crate::gpu::tuning::scattered;
    use crate::philox::Philox;

    /// How many rows of `x` products leave open with the centroids of `means`, of `d` features.
    fn open(x: &[f32], means: &[f32], d: usize) -> u32 {
        // Whatever adapter there is: on DX12 under wine a software one calls itself a GPU.
        let compute = Compute::software().or_else(|_| Compute::gpu()).unwrap();
        let Engine::Gpu(context) = compute.engine() else {
            panic!("no adapter");
        };
        let x = Arc::new(Rows::upload(context, x, d).unwrap());
        let single = Single::new(context, &x, means.len() / d).unwrap();
        single.assign(means).unwrap();
        let open: Vec<u32> = context
            .read("open rows", &single.batch.open_rows, 1)
            .unwrap();
        open[0]
    }

    #[test]
    fn products_settle_all_but_rows_far_from_the_origin() {
        let (rows, d, k) = (1_000, 16, 100);
        let random = Philox::new(7);
        let value = |at| (random.words([at, 0, 0, 0])[0] >> 8) as f32 / (1 << 24) as f32;
        let near: Vec<f32> = (0..rows * d).map(value).collect();
        let far: Vec<f32> = near.iter().map(|value| value + 1e4).collect();
        let (means, d) = ((k * d) as usize, d as usize);
        assert_eq!(open(&near, &near[..means], d), 0);
        // |x|^2 d eps is more than the distances.
        assert_eq!(open(&far, &far[..means], d), rows);
    }

    #[test]
    fn products_settle_the_rows_that_tuning_times() {
        let (rows, d, k) = (1_000, 64, 1_024);
        let values = scattered((rows + k) * d);
        assert_eq!(open(&values[..rows * d], &values[rows * d..], d), 0);
    }
}
