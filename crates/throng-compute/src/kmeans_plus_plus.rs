//! Greedy k-means++ seeding.

use crate::device::Engine;
use crate::error::ComputeError;
use crate::matrix::{Matrix, Values, check_k};
use crate::philox::{Philox, stream};
use crate::{cpu, gpu};

/// The random numbers of one seeding, drawn beforehand so that a device needs nothing from the host.
pub(crate) struct Draws {
    /// Candidates a step: 2 + floor(ln k), as in scikit-learn; at most [`Draws::MOST_TRIALS`].
    pub trials: usize,
    /// The row of the first centre.
    pub first: usize,
    /// In [0, 1): [k - 1, trials].
    pub uniforms: Vec<f32>,
}

impl Draws {
    /// What one tile of the kernel holds; reached at k = e^14, over a million.
    pub const MOST_TRIALS: usize = 16;

    /// [`Philox`] gives a word for each trial of each step: the first row is floor(word n / 2^32), the other numbers
    /// are the words' upper 24 bits over 2^24.
    pub fn new(rows: usize, k: usize, seed: u64) -> Self {
        let philox = Philox::new(seed);
        let word = |step, trial| philox.words([trial, step, 0, stream::PLUS_PLUS])[0];
        let trials = (2 + (k as f64).ln() as usize).min(Self::MOST_TRIALS);
        let first = ((u64::from(word(0, 0)) * rows as u64) >> 32) as usize;
        let steps = (1..k as u32).flat_map(|step| (0..trials as u32).map(move |at| (step, at)));
        let uniforms = steps
            .map(|(step, trial)| (word(step, trial) >> 8) as f32 / (1 << 24) as f32)
            .collect();
        Self {
            trials,
            first,
            uniforms,
        }
    }

    /// The numbers of a step after the first.
    pub fn step(&self, step: usize) -> &[f32] {
        &self.uniforms[(step - 1) * self.trials..][..self.trials]
    }
}

/// The rows `[k]` of `x` [n, d] that greedy k-means++ chooses as first centres, in order: the first one
/// uniformly, each further one as the best of 2 + ln k rows drawn with probability in proportion to their
/// squared distance to the nearest centre so far (Arthur and Vassilvitskii 2007, as scikit-learn does it).
/// Rows repeat only where there are fewer than k distinct ones.
///
/// # Errors
/// [`ComputeError::NoClusters`], [`ComputeError::TooManyClusters`], and the device's.
pub fn kmeans_plus_plus(x: &Matrix, k: usize, seed: u64) -> Result<Vec<u32>, ComputeError> {
    check_k(k, x.rows())?;
    let draws = Draws::new(x.rows(), k, seed);
    match (x.compute().engine(), x.values()) {
        (Engine::Cpu(threads), Values::Host(values)) => {
            Ok(threads.run(|| cpu::kmeans_plus_plus::seed(values, x.cols(), k, &draws)))
        }
        (Engine::Gpu(context), Values::Device(rows)) => {
            gpu::kmeans_plus_plus::seed(context, rows, k, &draws)
        }
        _ => Err(ComputeError::DifferentDevices),
    }
}
