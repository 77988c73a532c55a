//! The kernels on the CPU, one file a kernel, twins of `gpu/`: blocked for the caches, on all threads,
//! with the widest vectors there are. Tasks are cut by sizes alone and added in order, so results do not
//! depend on the number of threads.

pub mod ceiling_copy;
pub mod ceiling_fma;
pub mod kmeans_assign;
pub mod kmeans_plus_plus;
pub mod kmeans_update;
mod nearest;
pub mod pairwise_distances;
mod rows_scale;
pub mod silhouette;
mod simd;
mod tile;

pub use simd::lanes;

use crate::error::ComputeError;

/// Where the kernels' threads come from.
#[derive(Debug)]
pub struct Threads(Option<rayon::ThreadPool>);

impl Threads {
    /// The program's own threads, as many as there are cores (or `RAYON_NUM_THREADS`).
    pub fn shared() -> Self {
        Self(None)
    }

    /// `threads` threads of our own; 0 is as many as there are cores.
    pub fn new(threads: usize) -> Result<Self, ComputeError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map(|pool| Self(Some(pool)))
            .map_err(|error| ComputeError::Threads {
                threads,
                message: error.to_string(),
            })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match &self.0 {
            Some(pool) => pool.current_num_threads(),
            None => rayon::current_num_threads(),
        }
    }

    /// Runs `work` on them.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}
