//! What "near" means.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use throng_metrics::{Frame, SilhouetteMetric};

use crate::error::ClusterError;

/// What "near" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// Squared Euclidean distance: ordinary k-means.
    #[default]
    SqEuclidean,
    /// 1 - cosine similarity: spherical k-means (Dhillon and Modha, 2001). Rows and centroids are scaled to length 1.
    Cosine,
}

impl Metric {
    /// The silhouette's distance for this metric: Euclidean (as is usual for k-means), or cosine.
    pub fn silhouette(self) -> SilhouetteMetric {
        match self {
            Self::SqEuclidean => SilhouetteMetric::Euclidean,
            Self::Cosine => SilhouetteMetric::Cosine,
        }
    }

    /// The frame in which rows [n, d] are clustered.
    pub(crate) fn frame(self, rows: &[f32], d: usize) -> Frame {
        match self {
            Self::SqEuclidean => Frame::of(rows, d),
            Self::Cosine => Frame::of_directions(d),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SqEuclidean => "sqeuclidean",
            Self::Cosine => "cosine",
        })
    }
}

impl FromStr for Metric {
    type Err = ClusterError;

    fn from_str(name: &str) -> Result<Self, ClusterError> {
        match name {
            "sqeuclidean" => Ok(Self::SqEuclidean),
            "cosine" => Ok(Self::Cosine),
            _ => Err(ClusterError::Parameter {
                name: "metric",
                value: format!("'{name}'"),
                rule: "use sqeuclidean or cosine",
            }),
        }
    }
}
