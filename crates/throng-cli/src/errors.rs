//! Which errors of the library are the user's to put right.

use std::path::Path;

use throng::Error;
use throng::bert::BertError;
use throng::cluster::ClusterError;
use throng::compute::ComputeError;
use throng::events::EventsError;
use throng::metrics::MetricError;

use crate::failure::Failure;

impl From<ComputeError> for Failure {
    fn from(error: ComputeError) -> Self {
        let message = error.to_string();
        match error {
            ComputeError::Cancelled { .. } => Self::stopped(),
            ComputeError::NotFinite { .. }
            | ComputeError::TooLarge { .. }
            | ComputeError::Shape { .. }
            | ComputeError::Range { .. }
            | ComputeError::Rows { .. }
            | ComputeError::Weight { .. }
            | ComputeError::Padding { .. }
            | ComputeError::NoColumns
            | ComputeError::NoClusters
            | ComputeError::TooManyClusters { .. }
            | ComputeError::TooFewClusters { .. }
            | ComputeError::Label { .. }
            | ComputeError::NoItems { .. }
            | ComputeError::Neighbors { .. }
            | ComputeError::PairOutOfRange { .. }
            | ComputeError::Radius { .. }
            | ComputeError::NoAdapter { .. }
            | ComputeError::TooBig { .. }
            | ComputeError::MemoryCap { .. }
            | ComputeError::UnknownName { .. } => Self::input(message),
            _ => Self::other(message),
        }
    }
}

impl From<MetricError> for Failure {
    fn from(error: MetricError) -> Self {
        match error {
            MetricError::Compute(error) => error.into(),
            error => Self::input(error.to_string()),
        }
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Cancelled => Self::stopped(),
            ClusterError::Compute(error) => error.into(),
            ClusterError::Metric(error) => error.into(),
            error => Self::input(error.to_string()),
        }
    }
}

impl From<EventsError> for Failure {
    fn from(error: EventsError) -> Self {
        match error {
            EventsError::Cancelled => Self::stopped(),
            EventsError::Write { file, source } => Self::writing(file.as_ref(), &source),
            EventsError::Io { file, source } => Self::reading(file.as_ref(), &source),
            error => Self::input(error.to_string()),
        }
    }
}

impl From<BertError> for Failure {
    fn from(error: BertError) -> Self {
        match error {
            BertError::Cancelled => Self::stopped(),
            BertError::Compute(error) => error.into(),
            BertError::LossNotFinite { .. } | BertError::Device(_) => {
                Self::other(error.to_string())
            }
            BertError::Unwritten { .. } => {
                Self::other(format!("{error}; free some space and run again"))
            }
            error => Self::input(error.to_string()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Cancelled => Self::stopped(),
            Error::Events(error) => error.into(),
            Error::Bert(error) => error.into(),
            Error::Cluster(error) => error.into(),
            Error::Metrics(error) => error.into(),
            Error::Compute(error) => error.into(),
            Error::Argument { name, problem } => Self::input(format!("--{name}: {problem}")),
            error => Self::input(error.to_string()),
        }
    }
}

/// Saving a result into `target` failed after the place had been found writable.
pub fn saving(target: &Path, error: Error) -> Failure {
    let problem = match error {
        Error::Folder { problem, .. } | Error::Bert(BertError::Unwritten { problem, .. }) => {
            problem
        }
        error => error.to_string(),
    };
    Failure::other(format!(
        "{}: cannot be written ({problem}); free some space and run again",
        target.display()
    ))
}
