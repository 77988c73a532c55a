//! What happens to a cluster that lost all its rows.

use crate::lloyd::Sums;

/// Gives every empty cluster the row farthest from its own centroid, taking that row out of the cluster it was in
/// (scikit-learn's rule). Ties go to the lowest row.
///
/// `rows` [n, d], `labels` \[n\], `centroids` [k, d]: those the labels were assigned by. Nothing happens if every row
/// lies on its centroid: then there are fewer distinct rows than clusters.
pub(crate) fn relocate_empty(sums: &mut Sums, rows: &[f32], labels: &[u32], centroids: &[f64]) {
    let empty: Vec<usize> = (0..sums.counts.len())
        .filter(|&j| sums.counts[j] == 0.0)
        .collect();
    if empty.is_empty() {
        return;
    }
    let d = sums.values.len() / sums.counts.len();
    let mut far: Vec<(f64, usize)> = rows
        .chunks_exact(d)
        .zip(labels)
        .enumerate()
        .map(|(row, (values, &label))| {
            // Of f32 centroids, as the device saw them: a row on its centroid is at 0 exactly.
            let own = &centroids[label as usize * d..][..d];
            let pairs = values.iter().zip(own);
            let squared = pairs
                .map(|(&v, &c)| (f64::from(v) - f64::from(c as f32)).powi(2))
                .sum();
            (squared, row)
        })
        .collect();
    far.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    if far[0].0 == 0.0 {
        return;
    }
    for (to, (_, row)) in empty.into_iter().zip(far) {
        let from = labels[row] as usize;
        for j in 0..d {
            let value = f64::from(rows[row * d + j]);
            sums.values[from * d + j] -= value;
            sums.values[to * d + j] = value;
        }
        sums.counts[to] = 1.0;
        sums.counts[from] -= 1.0;
    }
}
