//! How users are clustered.

use clap::{Args, ValueEnum};
use serde::Serialize;

use throng::Clusters;

use super::{ClusterMetric, K};

/// How to cluster.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[value(rename_all = "lower")]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    KMeans,
}

/// How rows are clustered.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Clusters")]
pub struct Clustering {
    /// How to cluster
    #[arg(long, value_enum, default_value = "kmeans")]
    pub algorithm: Algorithm,
    /// Clusters: a number, the best of a range (both ends included), or the best of a range that
    /// suits the data
    #[arg(
        long,
        value_name = "N|A..B|auto",
        default_value = "auto",
        allow_hyphen_values = true
    )]
    pub k: K,
    /// What near means
    #[arg(long, value_enum, default_value = "sqeuclidean")]
    pub metric: ClusterMetric,
}

impl Clustering {
    /// How many clusters, as the library says it.
    pub fn clusters(&self) -> Clusters {
        match self.k {
            K::Fixed(k) => Clusters::Exactly(k),
            K::Range(low, high) => Clusters::Among(low..=high),
            K::Auto => Clusters::Auto,
        }
    }
}
