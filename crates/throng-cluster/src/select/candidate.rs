//! The figures of one k.

use serde::{Deserialize, Serialize};
use throng_metrics::{
    Balance, balance, calinski_harabasz_score, davies_bouldin_score, silhouette_score,
};

use super::params::SearchParams;
use super::refit::Refits;
use super::sample;
use crate::error::ClusterError;
use crate::kmeans::KMeans;
use throng_metrics::Framed;

/// The figures of one k. With the cosine, of rows scaled to length 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Clusters.
    pub k: usize,
    /// The sum of squared distances to the centroids.
    pub inertia: f64,
    /// Mean silhouette, -1 to 1.
    pub silhouette_score: f64,
    /// Variance ratio; higher is better.
    pub calinski_harabasz_score: f64,
    /// Spread over separation; lower is better.
    pub davies_bouldin_score: f64,
    /// How even the sizes are.
    pub balance: Balance,
    /// Mean adjusted Rand index between the clusters and those of the refits, at most 1.
    pub stability: f64,
    /// The standard error of `stability`.
    pub stability_error: f64,
    /// Over the refits, the mean Jaccard index of the cluster that is found again worst, 0 to 1.
    pub recovery: f64,
    /// The density between the two clusters that are least apart, over the lower of their peaks, from 0. 1 if there is
    /// no dip.
    pub valley: f64,
}

/// Measures a fitted model.
pub(super) fn measure(
    x: &Framed,
    model: KMeans,
    refits: Refits,
    params: &SearchParams,
) -> Result<(Candidate, KMeans), ClusterError> {
    let rows = sample::silhouette_rows(model.labels(), model.k(), params);
    let (some, labels) = sample::take(x, model.labels(), &rows)?;
    let figures = Candidate {
        k: model.k(),
        inertia: model.inertia(),
        silhouette_score: silhouette_score(&some, &labels, params.params.metric.silhouette())?,
        calinski_harabasz_score: calinski_harabasz_score(&x.matrix, model.labels())?,
        davies_bouldin_score: davies_bouldin_score(&x.matrix, model.labels())?,
        balance: balance(model.counts()),
        stability: refits.stability,
        stability_error: refits.stability_error,
        recovery: refits.recovery,
        valley: refits.valley,
    };
    Ok((figures, model))
}
