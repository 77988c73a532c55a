//! The draws of k-means||; twin of `wgsl/kmeans/parallel_*.wgsl`.

use rayon::prelude::*;

use super::kmeans_assign::{Assigned, Want, assign};
use super::nearest::Columns;
use crate::error::ComputeError;
use crate::kmeans_batch::KMeansShape;
use crate::kmeans_parallel::{Candidates, Oversampling};
use crate::kmeans_plus_plus::KMeansSeeding;
use crate::memory::words;
use crate::philox::{Philox, stream};
use crate::watch::Meter;

/// Rows of a task.
const BLOCK_ROWS: usize = 4096;

/// Bytes of a seeding with so many new `candidates`: the nearest candidate of each row, and the nearest new one.
pub fn held(shape: &KMeansShape, features: usize, candidates: usize) -> u64 {
    let new = candidates.saturating_mul(features) + Columns::count(candidates, features);
    let assigned = Assigned::count(shape.rows, features, candidates);
    words(new.saturating_add(3 * shape.rows).saturating_add(assigned))
}

/// The state of one seeding.
pub struct Draws<'a> {
    x: &'a [f32],
    features: usize,
    seeding: &'a KMeansSeeding,
    meter: &'a Meter,
    rows: Vec<u32>,
    owners: Vec<u32>,
    nearest: Vec<f32>,
}

impl<'a> Draws<'a> {
    /// No candidates yet.
    pub fn new(
        x: &'a [f32],
        features: usize,
        seeding: &'a KMeansSeeding,
        meter: &'a Meter,
    ) -> Self {
        let rows = seeding.rows.len();
        Self {
            x: &x[seeding.rows.start * features..][..rows * features],
            features,
            seeding,
            meter,
            rows: Vec::new(),
            owners: vec![0; rows],
            nearest: vec![f32::MAX; rows],
        }
    }

    /// Some rows, [m, d].
    fn values(&self, rows: &[u32]) -> Vec<f32> {
        let d = self.features;
        let mut values = Vec::with_capacity(rows.len() * d);
        for &row in rows {
            values.extend_from_slice(&self.x[row as usize * d..][..d]);
        }
        values
    }

    fn weight(&self, row: usize) -> f32 {
        let weights = self.seeding.weights.as_ref();
        weights.map_or(1.0, |weights| weights[row])
    }
}

impl Oversampling for Draws<'_> {
    fn add(&mut self, rows: &[u32]) -> Result<f64, ComputeError> {
        let first = self.rows.len() as u32;
        let d = self.features;
        let new = self.values(rows);
        let mut assigned = Assigned::new(self.nearest.len());
        assign(self.x, d, &new, &mut assigned, Want::Distances, self.meter);
        self.meter.check()?;
        self.rows.extend(rows);
        let mut sum = 0.0;
        let Assigned {
            labels, distances, ..
        } = assigned;
        for (row, (label, distance)) in labels.into_iter().zip(distances).enumerate() {
            // Ties stay with the earlier candidate.
            if distance < self.nearest[row] {
                self.owners[row] = first + label;
                self.nearest[row] = distance;
            }
            sum += f64::from(self.weight(row)) * f64::from(self.nearest[row]);
        }
        Ok(sum)
    }

    fn draw(
        &mut self,
        round: u32,
        scale: f32,
        most: usize,
    ) -> Result<Option<Vec<u32>>, ComputeError> {
        let philox = Philox::new(self.seeding.seed);
        let is_drawn = |row: &u32| {
            let word = philox.words([*row, round, 0, stream::PARALLEL])[0];
            let chance = self.nearest[*row as usize] * self.weight(*row as usize);
            ((word >> 8) as f32 / (1 << 24) as f32) < chance * scale
        };
        let rows: Vec<u32> = (0..self.nearest.len() as u32)
            .into_par_iter()
            .with_min_len(BLOCK_ROWS)
            .filter(is_drawn)
            .collect();
        Ok((rows.len() <= most).then_some(rows))
    }

    fn weigh(&mut self) -> Result<Candidates, ComputeError> {
        let mut weights = vec![0.0_f64; self.rows.len()];
        for (row, &owner) in self.owners.iter().enumerate() {
            weights[owner as usize] += f64::from(self.weight(row));
        }
        Ok(Candidates {
            values: self.values(&self.rows),
            rows: std::mem::take(&mut self.rows),
            weights: weights.into_iter().map(|weight| weight as f32).collect(),
        })
    }
}
