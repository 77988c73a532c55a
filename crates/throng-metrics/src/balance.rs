//! How evenly the rows spread over the clusters.

use serde::{Deserialize, Serialize};

/// How evenly the rows spread over the clusters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// Shannon entropy of the shares over its maximum ln k: 1 for equal sizes (and for k = 1), near 0 when one
    /// cluster has almost everything.
    pub entropy: f64,
    /// Share of the rows in the smallest cluster, 0 to 1.
    pub smallest_share: f64,
    /// Share of the rows in the largest cluster, 0 to 1.
    pub largest_share: f64,
}

/// Measures the balance of cluster sizes `counts` \[k\]; empty clusters count.
///
/// Without any row all three figures are 0.
pub fn balance(counts: &[u32]) -> Balance {
    let total: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    if total == 0.0 {
        return Balance {
            entropy: 0.0,
            smallest_share: 0.0,
            largest_share: 0.0,
        };
    }
    let shares = || counts.iter().map(|&count| f64::from(count) / total);
    let entropy: f64 = shares()
        .filter(|&share| share > 0.0)
        .map(|share| -share * share.ln())
        .sum();
    Balance {
        entropy: if counts.len() == 1 {
            1.0
        } else {
            entropy / (counts.len() as f64).ln()
        },
        smallest_share: shares().fold(1.0, f64::min),
        largest_share: shares().fold(0.0, f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::balance;

    #[test]
    fn equal_sizes_are_in_balance() {
        let equal = balance(&[5, 5, 5, 5]);
        assert!((equal.entropy - 1.0).abs() < 1e-15);
        assert_eq!((equal.smallest_share, equal.largest_share), (0.25, 0.25));
        assert_eq!(balance(&[9]).entropy, 1.0);
    }

    #[test]
    fn entropy_is_that_of_the_formula() {
        // H(1/2, 1/4, 1/4) = 1.5 bits, of log2(3) at most.
        let uneven = balance(&[2, 1, 1]);
        assert!((uneven.entropy - 1.5 / 3.0_f64.log2()).abs() < 1e-15);
        assert_eq!((uneven.smallest_share, uneven.largest_share), (0.25, 0.5));
    }

    #[test]
    fn empty_clusters_count_against_balance() {
        let one_empty = balance(&[4, 0]);
        assert_eq!((one_empty.entropy, one_empty.smallest_share), (0.0, 0.0));
        assert_eq!(balance(&[]).entropy, 0.0);
        assert_eq!(balance(&[0, 0]).largest_share, 0.0);
    }
}
