//! What can go wrong.

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The report could not be turned into JSON.
    #[error("report: could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}
