//! What "near" means.

use clap::ValueEnum;
use throng::cluster::Metric;

/// The metric of clusters.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lower")]
pub enum ClusterMetric {
    /// Squared Euclidean distance
    SqEuclidean,
    /// 1 - cosine similarity
    Cosine,
}

impl From<ClusterMetric> for Metric {
    fn from(metric: ClusterMetric) -> Self {
        match metric {
            ClusterMetric::SqEuclidean => Self::SqEuclidean,
            ClusterMetric::Cosine => Self::Cosine,
        }
    }
}
