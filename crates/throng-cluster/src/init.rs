//! Where the centroids start.

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use throng_compute::kmeans_plus_plus;

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
        Init::Random => {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            index::sample(&mut rng, x.matrix.rows(), k).into_vec()
        }
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
