//! Greedy k-means++ seeding.

use std::ops::Range;

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::kmeans_batch::{KMeansShape, check_rows};
use crate::matrix::{Matrix, Values};
use crate::memory::{MemoryPlan, Sizes};
use crate::philox::{Philox, stream};
use crate::{cpu, gpu};

/// One seeding over some rows of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansSeeding {
    /// Its rows. Seedings may share rows.
    pub rows: Range<usize>,
    /// Centres.
    pub k: usize,
    /// What decides the draws.
    pub seed: u64,
    /// The weight of each of its rows, from 0 up; all 1 without. A row of weight 0 is never a centre.
    pub weights: Option<Vec<f32>>,
}

/// What one tile of the kernel holds; reached at k = e^14, over a million.
const MOST_TRIALS: usize = 16;

/// What is said of the work.
pub(crate) const WHAT: &str = "k-means++";

/// Candidates of a step for k centres: 2 + floor(ln k), as in scikit-learn; at most 16. The first centre has one.
pub(crate) fn trials(k: usize) -> usize {
    (2 + (k as f64).ln() as usize).min(MOST_TRIALS)
}

impl KMeansSeeding {
    /// Its shape.
    pub fn shape(&self) -> KMeansShape {
        KMeansShape {
            rows: self.rows.len(),
            k: self.k,
            has_weights: self.weights.is_some(),
        }
    }

    /// Multiply-adds of all its steps.
    fn work(&self, d: usize) -> usize {
        let candidates = 1 + self.k.saturating_sub(1) * self.trials();
        self.rows.len().saturating_mul(candidates).saturating_mul(d)
    }

    /// Candidates of a step.
    pub(crate) fn trials(&self) -> usize {
        trials(self.k)
    }

    /// The random word of a candidate of a step, the same on every device.
    pub(crate) fn word(&self, step: usize, trial: usize) -> u32 {
        let counter = [trial as u32, step as u32, 0, stream::PLUS_PLUS];
        Philox::new(self.seed).words(counter)[0]
    }
}

impl Compute {
    /// What [`kmeans_plus_plus_batch`] takes for seedings of these `shapes` over rows of `d` features: for each row
    /// 4 bytes, as many for each of 2 + ln k candidates, and for its weight on a GPU; as many seedings together as the
    /// cap allows, on the CPU up to 256 MiB.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn plan_kmeans_plus_plus(
        &self,
        shapes: &[KMeansShape],
        d: usize,
    ) -> Result<MemoryPlan, ComputeError> {
        Ok(match self.engine() {
            Engine::Cpu(_) => cpu::kmeans_plus_plus::batches(self.ledger(), d, shapes)?.plan(),
            Engine::Gpu(context) => gpu::kmeans_plus_plus::batches(context, d, shapes)?.plan(),
        })
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
    let seeding = KMeansSeeding {
        rows: 0..x.rows(),
        k,
        seed,
        weights: None,
    };
    let mut centres = kmeans_plus_plus_batch(x, &[seeding])?;
    Ok(centres.pop().unwrap_or_default())
}

/// Many seedings as by [`kmeans_plus_plus`], together, each with its own rows (counted from its first one), k, seed
/// and weights; draws and potentials are by weight. What a seeding chooses does not depend on the others.
///
/// # Errors
/// [`ComputeError::Rows`], [`ComputeError::NoClusters`], [`ComputeError::TooManyClusters`] (also for rows without any
/// weight), [`ComputeError::Shape`], [`ComputeError::NotFinite`] and [`ComputeError::Weight`] for a seeding that does
/// not fit, [`ComputeError::Cancelled`], and the device's.
pub fn kmeans_plus_plus_batch(
    x: &Matrix,
    seedings: &[KMeansSeeding],
) -> Result<Vec<Vec<u32>>, ComputeError> {
    for seeding in seedings {
        check_rows(x, &seeding.rows, seeding.k, seeding.weights.as_deref())?;
    }
    let work = seedings.iter().map(|seeding| seeding.work(x.cols()));
    let meter = x.compute().meter(WHAT, work.fold(0, usize::saturating_add));
    let centres = match (x.compute().engine(), x.values()) {
        (Engine::Cpu(threads), Values::Host(values)) => {
            let shapes: Vec<_> = seedings.iter().map(KMeansSeeding::shape).collect();
            let ledger = x.compute().ledger();
            let batches = cpu::kmeans_plus_plus::batches(ledger, x.cols(), &shapes)?;
            let _charge = ledger.charge(WHAT, batches.plan().peak())?;
            let d = x.cols();
            threads.run(|| cpu::kmeans_plus_plus::seed_all(values, d, seedings, &batches, &meter))
        }
        (Engine::Gpu(context), Values::Device(rows)) => {
            let context = context.metered(meter.clone());
            gpu::kmeans_plus_plus::seed_all(&context, rows, seedings)?
        }
        _ => return Err(ComputeError::DifferentDevices),
    };
    meter.finish()?;
    Ok(centres)
}
