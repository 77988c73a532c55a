//! The kernels that are examined: a device's, or in tests a device's with a fault.

use std::ops::ControlFlow;

use super::rows::Rows;
use crate::device::Compute;
use crate::error::ComputeError;
use crate::kmeans_batch::{KMeansFit, KMeansProblem, kmeans_batch};
use crate::kmeans_plus_plus::kmeans_plus_plus;
use crate::lloyd::{AssignStats, ClusterSums, Lloyd};
use crate::neighbors::{NeighborMetric, Neighbors, top_k};
use crate::pairwise::{PairwiseMetric, pairwise};
use crate::silhouette::{SilhouetteMetric, silhouette};

/// What one step of k-means gives.
#[derive(Debug)]
pub struct Step {
    pub labels: Vec<u32>,
    pub distances: Vec<f32>,
    pub stats: AssignStats,
    pub sums: ClusterSums,
}

pub trait Kernels {
    fn pairwise(
        &self,
        a: &Rows,
        b: &Rows,
        metric: PairwiseMetric,
    ) -> Result<Vec<f32>, ComputeError>;

    fn step(&self, x: &Rows, centroids: &Rows) -> Result<Step, ComputeError>;

    fn plus_plus(&self, x: &Rows, k: usize, seed: u64) -> Result<Vec<u32>, ComputeError>;

    fn fit(&self, x: &Rows, problems: &[KMeansProblem]) -> Result<Vec<KMeansFit>, ComputeError>;

    fn top_k(
        &self,
        queries: &Rows,
        items: &Rows,
        k: usize,
        metric: NeighborMetric,
    ) -> Result<Neighbors, ComputeError>;

    fn silhouette(
        &self,
        x: &Rows,
        labels: &[u32],
        k: usize,
        metric: SilhouetteMetric,
    ) -> Result<Vec<f32>, ComputeError>;
}

impl Kernels for Compute {
    fn pairwise(
        &self,
        a: &Rows,
        b: &Rows,
        metric: PairwiseMetric,
    ) -> Result<Vec<f32>, ComputeError> {
        let a = self.matrix(&a.values, a.n(), a.d)?;
        let b = self.matrix(&b.values, b.n(), b.d)?;
        pairwise(&a, &b, metric)?.to_vec()
    }

    fn step(&self, x: &Rows, centroids: &Rows) -> Result<Step, ComputeError> {
        let x = self.matrix(&x.values, x.n(), x.d)?;
        let mut lloyd = Lloyd::new(&x, centroids.n())?;
        let (stats, sums) = lloyd.step(&centroids.values)?;
        Ok(Step {
            labels: lloyd.labels()?,
            distances: lloyd.distances()?,
            stats,
            sums,
        })
    }

    fn plus_plus(&self, x: &Rows, k: usize, seed: u64) -> Result<Vec<u32>, ComputeError> {
        kmeans_plus_plus(&self.matrix(&x.values, x.n(), x.d)?, k, seed)
    }

    fn fit(&self, x: &Rows, problems: &[KMeansProblem]) -> Result<Vec<KMeansFit>, ComputeError> {
        let x = self.matrix(&x.values, x.n(), x.d)?;
        let fits = kmeans_batch(&x, problems, &mut |_| ControlFlow::Continue(()))?;
        fits.ok_or(ComputeError::Cancelled { what: "k-means" })
    }

    fn top_k(
        &self,
        queries: &Rows,
        items: &Rows,
        k: usize,
        metric: NeighborMetric,
    ) -> Result<Neighbors, ComputeError> {
        let queries = self.matrix(&queries.values, queries.n(), queries.d)?;
        let items = self.matrix(&items.values, items.n(), items.d)?;
        top_k(&queries, &items, k, metric, &[])
    }

    fn silhouette(
        &self,
        x: &Rows,
        labels: &[u32],
        k: usize,
        metric: SilhouetteMetric,
    ) -> Result<Vec<f32>, ComputeError> {
        silhouette(&self.matrix(&x.values, x.n(), x.d)?, labels, k, metric)
    }
}

/// What a test makes wrong.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Distance,
    Label,
    RowDistance,
    Inertia,
    Sum,
    Count,
    Seed,
    Fit,
    Centroid,
    Neighbor,
    Score,
    Silhouette,
    TooBig,
    Lost,
}

/// A device with one value of one kernel wrong, or that fails.
#[cfg(test)]
pub struct Faulty(pub Compute, pub Fault);

#[cfg(test)]
impl Faulty {
    fn fails(&self) -> Result<(), ComputeError> {
        let during = "a test".to_owned();
        match self.1 {
            Fault::TooBig => Err(ComputeError::TooBig {
                what: "a test",
                bytes: 2,
                limit: 1,
            }),
            Fault::Lost => Err(ComputeError::DeviceLost { during }),
            _ => Ok(()),
        }
    }
}

/// Changes the value in the middle by a thousandth, or a tenth where it is small.
#[cfg(test)]
fn nudge(values: &mut [f32]) {
    let middle = values.len() / 2;
    values[middle] += 1e-3 * values[middle].abs().max(100.0);
}

#[cfg(test)]
impl Kernels for Faulty {
    fn pairwise(
        &self,
        a: &Rows,
        b: &Rows,
        metric: PairwiseMetric,
    ) -> Result<Vec<f32>, ComputeError> {
        self.fails()?;
        let mut distances = self.0.pairwise(a, b, metric)?;
        if self.1 == Fault::Distance {
            nudge(&mut distances);
        }
        Ok(distances)
    }

    fn step(&self, x: &Rows, centroids: &Rows) -> Result<Step, ComputeError> {
        self.fails()?;
        let mut step = Kernels::step(&self.0, x, centroids)?;
        let middle = step.labels.len() / 2;
        match self.1 {
            Fault::Label => step.labels[middle] += 1,
            Fault::RowDistance => nudge(&mut step.distances),
            Fault::Inertia => step.stats.inertia = 1.001 * step.stats.inertia + 1e-3,
            Fault::Sum => step.sums.sums[0] += 1e-3 * step.sums.sums[0].abs().max(100.0),
            Fault::Count => step.sums.counts[0] += 1,
            _ => {}
        }
        Ok(step)
    }

    fn plus_plus(&self, x: &Rows, k: usize, seed: u64) -> Result<Vec<u32>, ComputeError> {
        self.fails()?;
        let mut chosen = self.0.plus_plus(x, k, seed)?;
        if self.1 == Fault::Seed {
            chosen[k - 1] = chosen[0];
        }
        Ok(chosen)
    }

    fn fit(&self, x: &Rows, problems: &[KMeansProblem]) -> Result<Vec<KMeansFit>, ComputeError> {
        self.fails()?;
        let mut fits = self.0.fit(x, problems)?;
        match self.1 {
            Fault::Fit => fits[0].labels[0] ^= 1,
            Fault::Centroid => nudge(&mut fits[0].centroids),
            _ => {}
        }
        Ok(fits)
    }

    fn top_k(
        &self,
        queries: &Rows,
        items: &Rows,
        k: usize,
        metric: NeighborMetric,
    ) -> Result<Neighbors, ComputeError> {
        self.fails()?;
        let mut found = self.0.top_k(queries, items, k, metric)?;
        match self.1 {
            Fault::Neighbor => found.indices[0] = (found.indices[0] + 1) % items.n() as u32,
            Fault::Score => nudge(&mut found.scores),
            _ => {}
        }
        Ok(found)
    }

    fn silhouette(
        &self,
        x: &Rows,
        labels: &[u32],
        k: usize,
        metric: SilhouetteMetric,
    ) -> Result<Vec<f32>, ComputeError> {
        self.fails()?;
        let mut silhouettes = self.0.silhouette(x, labels, k, metric)?;
        if self.1 == Fault::Silhouette {
            nudge(&mut silhouettes);
        }
        Ok(silhouettes)
    }
}
