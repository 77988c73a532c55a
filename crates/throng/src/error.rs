//! What can go wrong on the way from a log to clusters.

use std::path::{Path, PathBuf};

use throng_bert::BertError;
use throng_cluster::ClusterError;
use throng_compute::ComputeError;
use throng_events::EventsError;
use throng_metrics::MetricError;

/// An error of the pipeline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The log cannot be read.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// The model fails.
    #[error(transparent)]
    Bert(#[from] BertError),
    /// The clustering fails.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A measure fails.
    #[error(transparent)]
    Metrics(#[from] MetricError),
    /// The device fails.
    #[error(transparent)]
    Compute(#[from] ComputeError),
    /// Too few users are left to make groups of.
    #[error("{users} {} left after cleaning; groups need at least {needed}", if *users == 1 { "user is" } else { "users are" })]
    TooFewUsers {
        /// Users in the cleaned log.
        users: usize,
        /// Users needed.
        needed: usize,
    },
    /// An argument does not fit the rest.
    #[error("{name}: {problem}")]
    Argument {
        /// The argument.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A bundle or model folder is not what it should be.
    #[error("{}: {problem}", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The observer asked to stop.
    #[error("stopped on request")]
    Cancelled,
}

impl Error {
    /// Whether the work was stopped on request.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Cancelled
                | Self::Events(EventsError::Cancelled)
                | Self::Bert(BertError::Cancelled)
                | Self::Cluster(ClusterError::Cancelled)
        )
    }

    pub(crate) fn folder(path: &Path, problem: impl ToString) -> Self {
        Self::Folder {
            path: path.to_owned(),
            problem: problem.to_string(),
        }
    }
}
