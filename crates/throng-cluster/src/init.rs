//! Where the centroids start.

use throng_compute::{Philox, kmeans_plus_plus};

use crate::error::ClusterError;
use crate::params::Init;
use throng_metrics::{Frame, Framed};

/// The first centroids [k, d], in the frame of the rows.
pub(crate) fn initial_centroids(
    init: &Init,
    frame: &Frame,
    x: &Framed,
    k: usize,
    seed: u64,
) -> Result<Vec<f32>, ClusterError> {
    let d = x.matrix.cols();
    let chosen: Vec<usize> = match init {
        Init::Given(centroids) => return Ok(frame.enter(centroids.clone())?),
        Init::Random => Philox::new(seed).rows(x.matrix.rows(), k),
        Init::KMeansPlusPlus => kmeans_plus_plus(&x.matrix, k, seed)?
            .into_iter()
            .map(|row| row as usize)
            .collect(),
    };
    Ok(chosen
        .into_iter()
        .flat_map(|row| &x.rows[row * d..][..d])
        .copied()
        .collect())
}
