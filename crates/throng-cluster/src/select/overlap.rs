//! How much the clusters of two labelings overlap.

/// Jaccard indices [k, k] of every cluster of `a` (rows) with every cluster of `b` (columns); both \[n\] in `0..k`.
pub(super) fn jaccard(a: &[u32], b: &[u32], k: usize) -> Vec<f64> {
    let mut both = vec![0_u32; k * k];
    let (mut in_a, mut in_b) = (vec![0_u32; k], vec![0_u32; k]);
    for (&i, &j) in a.iter().zip(b) {
        both[i as usize * k + j as usize] += 1;
        in_a[i as usize] += 1;
        in_b[j as usize] += 1;
    }
    let mut indices = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..k {
            let shared = both[i * k + j];
            let either = in_a[i] + in_b[j] - shared;
            indices[i * k + j] = f64::from(shared) / f64::from(either.max(1));
        }
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::jaccard;

    #[test]
    fn overlaps_are_shared_over_either() {
        // Cluster 0 of a is {0, 1, 2}, of b {0, 1}; cluster 1 of a is {3}, of b {2, 3}.
        let indices = jaccard(&[0, 0, 0, 1], &[0, 0, 1, 1], 2);
        assert_eq!(indices, [2.0 / 3.0, 1.0 / 4.0, 0.0, 1.0 / 2.0]);
    }

    #[test]
    fn an_empty_cluster_overlaps_nothing() {
        assert_eq!(jaccard(&[0, 0], &[0, 0], 2), [1.0, 0.0, 0.0, 0.0]);
    }
}
