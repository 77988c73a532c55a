//! The kernels on the CPU, one file a kernel, twins of `gpu/`: blocked for the caches, on all threads,
//! with the widest vectors there are. Tasks are cut by sizes alone and added in order, so results do not
//! depend on the number of threads.

pub mod bits;
pub mod ceiling_copy;
pub mod ceiling_fma;
pub mod kmeans_assign;
pub mod kmeans_batch;
mod kmeans_bounds;
mod kmeans_candidates;
mod kmeans_changes;
pub mod kmeans_parallel;
mod kmeans_part;
pub mod kmeans_plus_plus;
mod kmeans_tile;
pub mod kmeans_update;
mod nearest;
pub mod neighbors;
mod neighbors_pool;
pub mod pairwise_distances;
#[cfg(target_arch = "x86_64")]
mod quantized;
#[cfg(not(target_arch = "x86_64"))]
#[path = "quantized_none.rs"]
mod quantized;
pub mod radius;
pub mod rows_finite;
mod rows_scale;
pub mod rows_scatter;
pub mod silhouette;
pub mod silhouette_simplified;
mod simd;
mod tile;

pub use simd::lanes;

use std::sync::Arc;

use crate::error::ComputeError;

/// Where the kernels' threads come from. Cloning it gives the same threads.
#[derive(Debug, Clone)]
pub struct Threads(Arc<Option<rayon::ThreadPool>>);

impl Threads {
    /// The program's own threads, as many as there are cores (or `RAYON_NUM_THREADS`).
    pub fn shared() -> Self {
        Self(Arc::new(None))
    }

    /// `threads` threads of our own; 0 is as many as there are cores.
    pub fn new(threads: usize) -> Result<Self, ComputeError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map(|pool| Self(Arc::new(Some(pool))))
            .map_err(|error| ComputeError::Threads {
                threads,
                message: error.to_string(),
            })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match &*self.0 {
            Some(pool) => pool.current_num_threads(),
            None => rayon::current_num_threads(),
        }
    }

    /// Runs `work` on them.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &*self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Whether both come from one [`Compute`](crate::Compute).
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
