//! The report on the training of a classifier.
//!
//! ```
//! use throng_report::training::{Epoch, Task, TrainingReport, html, json};
//!
//! let epoch = |epoch, loss, validation_loss| Epoch { epoch, step: 250 * epoch, loss, validation_loss: Some(validation_loss), ..Epoch::default() };
//! let report = TrainingReport {
//!     title: "Buys again within 90 days".to_owned(),
//!     task: Task::Binary,
//!     epochs: vec![epoch(1, 0.61, 0.55), epoch(2, 0.48, 0.49)],
//!     ..TrainingReport::default()
//! };
//! assert!(html(&report).contains("<h1><bdi>Buys again within 90 days</bdi></h1>"));
//! let back: TrainingReport = serde_json::from_str(&json(&report)?)?;
//! assert_eq!(back, report);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use crate::model::training::{
    Best, Calibration, Cautions, Class, ClassificationReport, Curves, Epoch, Figures, Interval,
    Measure, Mistake, PrecisionRecallCurve, Regression, Reliability, RocCurve, Setting, Step,
    Summary, Task, TrainingReport, Truncated,
};
pub use crate::page::training::html;

use crate::ReportError;

/// The report as one line of JSON, ending in a newline: the content of the page and more, with every figure unrounded.
///
/// Field names are those of [`TrainingReport`]; a figure that is not finite is `null`.
///
/// # Errors
/// [`ReportError::Json`] if the serialiser fails.
pub fn json(report: &TrainingReport) -> Result<String, ReportError> {
    crate::json::line(report)
}
