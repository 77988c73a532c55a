//! Where the centroids start.

use throng_compute::{KMeansSeeding, Philox, kmeans_parallel_batch, kmeans_plus_plus_batch};
use throng_metrics::{Frame, Framed};

use crate::error::ClusterError;
use crate::fits::Fit;
use crate::params::Init;

/// The first centroids [k, d] of every restart of some fits, one after the other, in the frame of the rows.
pub(crate) fn starts(
    fits: &[Fit],
    frame: &Frame,
    x: &Framed,
) -> Result<Vec<Vec<f32>>, ClusterError> {
    let (n, d) = (x.matrix.rows(), x.matrix.cols());
    let plus_plus = seedings(fits, &Init::KMeansPlusPlus, n);
    let parallel = seedings(fits, &Init::KMeansParallel, n);
    let mut plus_plus = kmeans_plus_plus_batch(&x.matrix, &plus_plus)?.into_iter();
    let mut parallel = kmeans_parallel_batch(&x.matrix, &parallel)?.into_iter();
    let gather = |rows: Vec<u32>| -> Vec<f32> {
        let values = rows
            .into_iter()
            .flat_map(|row| &x.rows[row as usize * d..][..d]);
        values.copied().collect()
    };
    let mut starts = Vec::new();
    for fit in fits {
        let count = fit.restarts();
        match &fit.params.init {
            Init::Given(centroids) => starts.push(frame.enter(centroids.clone())?),
            Init::Random => starts.extend(random_rows(fit, n).map(gather)),
            Init::KMeansPlusPlus => starts.extend(plus_plus.by_ref().take(count).map(gather)),
            Init::KMeansParallel => starts.extend(parallel.by_ref().take(count).map(gather)),
        }
    }
    Ok(starts)
}

/// The seedings of the restarts of those fits that start as `init`.
fn seedings(fits: &[Fit], init: &Init, n: usize) -> Vec<KMeansSeeding> {
    let chosen = fits.iter().filter(|fit| fit.params.init == *init);
    let each = chosen.flat_map(|fit| {
        fit.seeds().map(|seed| KMeansSeeding {
            rows: 0..n,
            k: fit.params.k,
            seed,
            weights: fit.weights.clone(),
        })
    });
    each.collect()
}

/// k different rows with weight for each restart; where there are fewer, some start together.
fn random_rows(fit: &Fit, n: usize) -> impl Iterator<Item = Vec<u32>> {
    let (k, rows) = (fit.params.k, fit.drawable(n));
    fit.seeds().map(move |seed| {
        let drawn = Philox::new(seed).rows(rows.len(), k.min(rows.len()));
        let drawn = drawn.into_iter().cycle().take(k);
        drawn.map(|at| rows[at]).collect()
    })
}
