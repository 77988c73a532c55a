//! Lloyd's algorithm, one step at a time.

use crate::cpu::kmeans_assign::Want;
use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::matrix::{Matrix, Values, check_finite, check_k};
use crate::memory::{Charge, MemoryPlan};
use crate::watch::Meter;
use crate::{cpu, gpu};

/// One k-means problem over a matrix: the labels and distances of its rows stay on the device.
///
/// Sums, counts and inertia of parts of the rows, on whatever machines, add up to those of all. The division of the
/// sums by the counts, empty clusters and stopping are the caller's; [`kmeans_batch`](crate::kmeans_batch()) does all
/// of it on the device.
#[derive(Debug)]
pub struct Lloyd {
    x: Matrix,
    k: usize,
    is_assigned: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    Host {
        assigned: Box<cpu::kmeans_assign::Assigned>,
        /// For it, and for what a step takes.
        _charge: Charge,
    },
    Device(Box<gpu::kmeans_batch::Single>),
}

/// What an assignment changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AssignStats {
    /// Rows whose label differs from the assignment before; at the first one all.
    pub changed: usize,
    /// The sum of the rows' squared distances to their centroids.
    pub inertia: f64,
}

/// Sums and counts of the rows by label.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterSums {
    /// Sums of the rows of each cluster, [k, d].
    pub sums: Vec<f64>,
    /// Rows of each cluster, `[k]`; 0 for an empty one.
    pub counts: Vec<u32>,
}

/// What is said of it.
const WHAT: &str = "Lloyd's iteration";

/// Every step tells its inertia.
const WANT: Want = Want::Distances;

impl Compute {
    /// What a [`Lloyd`] of [n, d] and `k` clusters takes, a step included: on a GPU as a problem of
    /// [`Compute::plan_kmeans_batch`]; on the CPU labels, distances and bounds of distances, codes of the rows (a byte
    /// for each value and 16 for each row of 96 features or more, 8 for each row of 32 to 95) where the processor has
    /// products of bytes or of bfloat16, the centroids, and the sums of blocks of rows by cluster, up to 64 MiB.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`], and the device's where it binds less.
    pub fn plan_lloyd(&self, n: usize, d: usize, k: usize) -> Result<MemoryPlan, ComputeError> {
        let plan = match self.engine() {
            Engine::Cpu(_) => cpu::kmeans_assign::plan(n, d, k),
            Engine::Gpu(context) => gpu::kmeans_batch::single(context, n, d, k)?,
        };
        self.ledger().check(WHAT, plan)
    }
}

impl Lloyd {
    /// A problem of `k` clusters over `x` [n, d], nothing assigned yet.
    ///
    /// # Errors
    /// [`ComputeError::NoClusters`], [`ComputeError::TooManyClusters`], and the device's where it has not
    /// the memory.
    pub fn new(x: &Matrix, k: usize) -> Result<Self, ComputeError> {
        check_k(k, x.rows())?;
        let plan = x.compute().plan_lloyd(x.rows(), x.cols(), k)?;
        let state = match (x.compute().engine(), x.values()) {
            (Engine::Gpu(context), Values::Device(rows)) => {
                State::Device(Box::new(gpu::kmeans_batch::Single::new(context, rows, k)?))
            }
            _ => State::Host {
                assigned: Box::new(cpu::kmeans_assign::Assigned::new(x.rows())),
                _charge: x.compute().ledger().charge(WHAT, plan.peak())?,
            },
        };
        Ok(Self {
            x: x.clone(),
            k,
            is_assigned: false,
            state,
        })
    }

    /// Gives each row its nearest of `centroids` [k, d] by squared Euclidean distance, ties to the lowest
    /// index. Never holds an n x k matrix.
    ///
    /// # Errors
    /// [`ComputeError::Shape`], [`ComputeError::NotFinite`] and [`ComputeError::TooLarge`] for the
    /// centroids, [`ComputeError::Cancelled`], and the device's.
    pub fn assign(&mut self, centroids: &[f32]) -> Result<AssignStats, ComputeError> {
        self.check_centroids(centroids)?;
        let cols = self.x.cols();
        let meter = self.meter();
        let (changed, inertia) = match (&mut self.state, self.x.compute().engine(), self.x.values())
        {
            (State::Host { assigned, .. }, Engine::Cpu(threads), Values::Host(values)) => {
                let stats = threads.run(|| {
                    cpu::kmeans_assign::assign(values, cols, centroids, assigned, WANT, &meter)
                });
                (stats.changed, stats.inertia)
            }
            (State::Device(single), ..) => {
                single.measure(&meter);
                single.assign(centroids)?
            }
            _ => return Err(ComputeError::DifferentDevices),
        };
        meter.finish()?;
        self.is_assigned = true;
        Ok(AssignStats { changed, inertia })
    }

    /// [`Lloyd::assign`], and the sums and counts of the rows by their new labels, added in an order that
    /// the sizes alone decide.
    ///
    /// # Errors
    /// As [`Lloyd::assign`].
    pub fn step(&mut self, centroids: &[f32]) -> Result<(AssignStats, ClusterSums), ComputeError> {
        self.check_centroids(centroids)?;
        let cols = self.x.cols();
        let meter = self.meter();
        let ((changed, inertia), (sums, counts)) =
            match (&mut self.state, self.x.compute().engine(), self.x.values()) {
                (State::Host { assigned, .. }, Engine::Cpu(threads), Values::Host(values)) => {
                    let (stats, sums) = threads.run(|| {
                        cpu::kmeans_assign::step(values, cols, centroids, assigned, WANT, &meter)
                    });
                    let stats = (stats.changed, stats.inertia);
                    (stats, (sums.values, sums.counts))
                }
                (State::Device(single), ..) => {
                    single.measure(&meter);
                    (single.assign(centroids)?, single.sums()?)
                }
                _ => return Err(ComputeError::DifferentDevices),
            };
        meter.finish()?;
        self.is_assigned = true;
        let stats = AssignStats { changed, inertia };
        Ok((stats, ClusterSums { sums, counts }))
    }

    /// The last labels, `[n]`, each below k.
    ///
    /// # Errors
    /// [`ComputeError::NotAssigned`] before the first [`Lloyd::assign`], and the device's.
    pub fn labels(&self) -> Result<Vec<u32>, ComputeError> {
        self.check_assigned("labels")?;
        match &self.state {
            State::Host { assigned, .. } => Ok(assigned.labels.clone()),
            State::Device(single) => single.labels(),
        }
    }

    /// The rows' squared distances to the centroids they were last given, `[n]`.
    ///
    /// # Errors
    /// [`ComputeError::NotAssigned`] before the first [`Lloyd::assign`], and the device's.
    pub fn distances(&self) -> Result<Vec<f32>, ComputeError> {
        self.check_assigned("distances")?;
        match &self.state {
            State::Host { assigned, .. } => Ok(assigned.distances.clone()),
            State::Device(single) => single.distances(),
        }
    }

    /// What measures one iteration.
    fn meter(&self) -> Meter {
        let pairs = self.x.rows().saturating_mul(self.k);
        let work = pairs.saturating_mul(self.x.cols());
        self.x.compute().meter(WHAT, work)
    }

    fn check_centroids(&self, centroids: &[f32]) -> Result<(), ComputeError> {
        let cols = self.x.cols();
        if centroids.len() != self.k * cols {
            return Err(ComputeError::Shape {
                argument: "centroids",
                unit: "values",
                expected: self.k * cols,
                found: centroids.len(),
            });
        }
        check_finite("the centroids", centroids, cols)
    }

    fn check_assigned(&self, wanted: &'static str) -> Result<(), ComputeError> {
        if self.is_assigned {
            Ok(())
        } else {
            Err(ComputeError::NotAssigned { wanted })
        }
    }
}
