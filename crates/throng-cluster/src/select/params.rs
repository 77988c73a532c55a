//! What to search, and how thoroughly.

use std::ops::RangeInclusive;

use crate::error::ClusterError;
use crate::kmeans::KMeans;
use crate::params::{Init, KMeansParams};

/// What to search, and how thoroughly.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchParams {
    /// The numbers of clusters to try, from 2 or above to n - 1 or below.
    pub range: RangeInclusive<usize>,
    /// The parameters of every fit; its k and seed are set by the search.
    pub params: KMeansParams,
    /// The seed of fits and samples.
    pub seed: u64,
    /// Refits to bootstrap samples for each k; at least 2.
    pub bootstraps: usize,
    /// Restarts of each refit; at least 1.
    pub refit_n_init: usize,
    /// Refits see at most this many rows, a seeded sample; at least 2.
    pub panel_rows: usize,
    /// Silhouettes are exact up to this many rows, above it of a seeded sample; at least 3.
    pub silhouette_rows: usize,
}

impl SearchParams {
    /// A search of `range` with 10 refits a k on at most 10,000 rows, and silhouettes of at most 20,000.
    pub fn new(range: RangeInclusive<usize>) -> Self {
        Self {
            params: KMeans::params(*range.start()),
            range,
            seed: 0,
            bootstraps: 10,
            refit_n_init: 3,
            panel_rows: 10_000,
            silhouette_rows: 20_000,
        }
    }

    /// Checks the parameters against n rows.
    pub(crate) fn check(&self, rows: usize) -> Result<(), ClusterError> {
        let (first, last) = (*self.range.start(), *self.range.end());
        if first < 2 || first > last || last >= rows {
            return Err(ClusterError::Range { first, last, rows });
        }
        if matches!(self.params.init, Init::Given(_)) {
            return Err(ClusterError::Parameter {
                name: "init",
                value: "given centroids".into(),
                rule: "a search over k starts from k-means++ or random rows",
            });
        }
        let at_least = |name, value: usize, least, rule| {
            if value >= least {
                return Ok(());
            }
            Err(ClusterError::Parameter {
                name,
                value: value.to_string(),
                rule,
            })
        };
        at_least("bootstraps", self.bootstraps, 2, "it is at least 2")?;
        at_least("refit_n_init", self.refit_n_init, 1, "it is at least 1")?;
        at_least(
            "panel_rows",
            self.panel_rows,
            last + 1,
            "it is more than the largest k",
        )?;
        at_least(
            "silhouette_rows",
            self.silhouette_rows,
            2 * last + 1,
            "it is more than twice the largest k",
        )?;
        self.params.clone().k(first).check(rows, 1)
    }
}

/// The numbers of clusters to try when nothing is said: 2 to 12, less for very few rows; none below 3 rows.
pub fn auto_range(rows: usize) -> Option<RangeInclusive<usize>> {
    (rows >= 3).then(|| 2..=12.min(rows - 1))
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The k at work.
    pub k: usize,
    /// Fits done.
    pub done: usize,
    /// Fits in all.
    pub total: usize,
}
