//! Where the centroids start.

use throng_compute::{KMeansSeeding, Philox, kmeans_plus_plus_batch};
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
    let n = x.matrix.rows();
    let mut seedings = Vec::new();
    for fit in fits
        .iter()
        .filter(|fit| fit.params.init == Init::KMeansPlusPlus)
    {
        seedings.extend(fit.seeds().map(|seed| KMeansSeeding {
            rows: 0..n,
            k: fit.params.k,
            seed,
            weights: fit.weights.clone(),
        }));
    }
    let mut seeded = kmeans_plus_plus_batch(&x.matrix, &seedings)?.into_iter();

    let d = x.matrix.cols();
    let take = |row: usize| &x.rows[row * d..][..d];
    let mut starts = Vec::new();
    for fit in fits {
        let k = fit.params.k;
        match &fit.params.init {
            Init::Given(centroids) => starts.push(frame.enter(centroids.clone())?),
            Init::Random => {
                let rows = fit.drawable(n);
                starts.extend(fit.seeds().map(|seed| {
                    let drawn = Philox::new(seed).rows(rows.len(), k.min(rows.len()));
                    // Where there are fewer rows than clusters, some start together.
                    let drawn = drawn.into_iter().cycle().take(k);
                    drawn.flat_map(|at| take(rows[at])).copied().collect()
                }));
            }
            Init::KMeansPlusPlus => {
                starts.extend(seeded.by_ref().take(fit.restarts()).map(|rows| {
                    let rows = rows.into_iter().map(|row| row as usize);
                    rows.flat_map(take).copied().collect()
                }));
            }
        }
    }
    Ok(starts)
}
