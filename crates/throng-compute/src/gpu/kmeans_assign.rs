//! Each row's nearest centroid.

use throng_shaders::{KmeansAssignParams, Metric};

use super::buffers::Buffer;
use super::context::{Context, Job};
use super::kmeans_update;
use super::rows::Rows;
use crate::error::ComputeError;
use crate::memory::{MemoryPlan, words};
use crate::plan::Tile;

/// The labels and distances of a matrix's rows.
#[derive(Debug)]
pub struct Assignment {
    rows: usize,
    k: usize,
    tile: Tile,
    labels: Buffer,
    distances: Buffer,
    changed: Buffer,
    inertia: Buffer,
}

/// What is held while rows are assigned and added up.
pub fn plan(
    context: &Context,
    rows: usize,
    features: usize,
    k: usize,
) -> Result<MemoryPlan, ComputeError> {
    let blocks = rows.div_ceil(Tile::for_columns(k).rows());
    let size = k.saturating_mul(features);
    // Labels and distances; changes and inertia.
    let held = words(2 * rows + 2 * blocks);
    let update = words(kmeans_update::held(context, rows, features, k)?);
    let most = words(size).max(update) + context.transfer(words(size));
    Ok(MemoryPlan {
        output: 0,
        scratch: held + most.max(context.transfer(words(rows))),
        parts: 1,
    })
}

impl Assignment {
    /// Nothing assigned yet.
    pub fn new(context: &Context, x: &Rows, k: usize) -> Result<Self, ComputeError> {
        let tile = Tile::for_columns(k);
        let blocks = x.rows.div_ceil(tile.rows());
        Ok(Self {
            rows: x.rows,
            k,
            tile,
            labels: context.storage_of("labels", &vec![u32::MAX; x.rows])?,
            distances: context.storage("distances", x.rows)?,
            changed: context.storage("counts of changes", blocks)?,
            inertia: context.storage("sums of distances", blocks)?,
        })
    }

    /// Assigns; returns how many labels changed, and the inertia.
    pub fn assign(
        &mut self,
        context: &Context,
        x: &Rows,
        centroids: &[f32],
    ) -> Result<(usize, f64), ComputeError> {
        let centroids = context.storage_of("centroids", centroids)?;
        for part in &x.parts {
            context.run(&Job {
                metric: Some(Metric::SqEuclidean),
                constants: &self.tile.constants(),
                params: KmeansAssignParams {
                    rows: part.rows as u32,
                    features: x.cols as u32,
                    k: self.k as u32,
                    row_offset: part.first as u32,
                },
                buffers: &[
                    (2, &part.buffer),
                    (3, &centroids),
                    (4, &self.labels),
                    (5, &self.distances),
                    (6, &self.changed),
                    (7, &self.inertia),
                ],
                groups: part.rows.div_ceil(self.tile.rows()),
                work: self.tile.rows() * self.k.next_multiple_of(self.tile.columns()) * x.cols,
                rounds: self.tile.rounds(self.k, x.cols),
            })?;
        }
        let blocks = self.rows.div_ceil(self.tile.rows());
        let changed: Vec<u32> = context.read("counts of changes", &self.changed, blocks)?;
        let inertia: Vec<f32> = context.read("sums of distances", &self.inertia, blocks)?;
        Ok((
            changed.iter().map(|&changed| changed as usize).sum(),
            inertia.iter().map(|&inertia| f64::from(inertia)).sum(),
        ))
    }

    /// The last labels.
    pub fn labels(&self, context: &Context) -> Result<Vec<u32>, ComputeError> {
        context.read("labels", &self.labels, self.rows)
    }

    /// The rows' squared distances to their centroids.
    pub fn distances(&self, context: &Context) -> Result<Vec<f32>, ComputeError> {
        context.read("distances", &self.distances, self.rows)
    }

    /// The last labels, on the device.
    pub fn labels_buffer(&self) -> &Buffer {
        &self.labels
    }
}
