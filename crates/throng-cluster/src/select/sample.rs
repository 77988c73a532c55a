//! Seeded samples of rows.

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use throng_compute::Matrix;

use super::params::SearchParams;
use crate::error::ClusterError;
use throng_metrics::Framed;

/// `size` of `rows` rows, ascending; all of them if there are no more.
pub(super) fn rows(rows: usize, size: usize, seed: u64) -> Vec<u32> {
    if rows <= size {
        return (0..rows as u32).collect();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut chosen: Vec<u32> = index::sample(&mut rng, rows, size)
        .into_iter()
        .map(|row| row as u32)
        .collect();
    chosen.sort_unstable();
    chosen
}

/// The rows that silhouettes are taken of, ascending. Every cluster has one among them, so that there is something to
/// compare.
pub(super) fn silhouette_rows(labels: &[u32], k: usize, params: &SearchParams) -> Vec<u32> {
    let mut chosen = rows(labels.len(), params.silhouette_rows, params.seed);
    if chosen.len() < labels.len() {
        let mut missing = vec![true; k];
        for &row in &chosen {
            missing[labels[row as usize] as usize] = false;
        }
        for (row, &label) in labels.iter().enumerate() {
            if std::mem::take(&mut missing[label as usize]) {
                chosen.push(row as u32);
            }
        }
        chosen.sort_unstable();
    }
    chosen
}

/// Some rows with their labels, as a matrix of their own.
pub(super) fn take(
    x: &Framed,
    labels: &[u32],
    rows: &[u32],
) -> Result<(Matrix, Vec<u32>), ClusterError> {
    if rows.len() == labels.len() {
        return Ok((x.matrix.clone(), labels.to_vec()));
    }
    let d = x.matrix.cols();
    let matrix = x
        .matrix
        .compute()
        .matrix(&gather(&x.rows, d, rows), rows.len(), d)?;
    let labels = rows.iter().map(|&row| labels[row as usize]).collect();
    Ok((matrix, labels))
}

/// Copies rows, which may repeat, out of a matrix [n, d].
pub(super) fn gather(values: &[f32], d: usize, rows: &[u32]) -> Vec<f32> {
    let mut chosen = Vec::with_capacity(rows.len() * d);
    for &row in rows {
        chosen.extend_from_slice(&values[row as usize * d..][..d]);
    }
    chosen
}
