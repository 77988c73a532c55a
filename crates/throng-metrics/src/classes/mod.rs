//! Measures of a classifier, with scikit-learn's names and values.
//!
//! True and predicted classes are numbers from 0; [`relabel`](crate::relabel()) turns other integers into them. Where a row
//! may be of several classes or of none (multi-label), truth is a `bool` for each row and class. Every measure takes
//! weights of the rows, scikit-learn's `sample_weight`.
//!
//! ```
//! use throng_metrics::classes::{Scores, classification_report, log_loss, roc_auc_score};
//!
//! let truth = [false, false, true, true];
//! assert_eq!(roc_auc_score(&truth, &[0.1, 0.4, 0.35, 0.8], None)?, Some(0.75));
//!
//! let probabilities = Scores::new(vec![0.9, 0.1, 0.2, 0.8], 2)?;
//! assert!((log_loss(&[0, 1], &probabilities, None)? - 0.164252).abs() < 1e-6);
//!
//! let report = classification_report(&[0, 1], &probabilities.predict(0.5), &["stays", "leaves"], None)?;
//! assert_eq!(report.accuracy, Some(1.0));
//! println!("{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod averages;
mod bootstrap;
mod brier;
mod calibration;
pub(crate) mod check;
mod class_report;
mod classification_report;
mod confusion;
mod delong;
mod log_loss;
mod mcnemar;
mod precision_recall;
mod ranked;
mod roc;
mod scores;
mod tally;
mod temperature;
mod thin;

pub use averages::ByClass;
pub use bootstrap::{Bootstrap, Interval};
pub use brier::brier_score_loss;
pub use calibration::{
    BinStrategy, CalibrationCurve, calibration_curve, expected_calibration_error,
    expected_calibration_error_binary,
};
pub use class_report::{ClassReport, ClassReportParams, Intervals, Task};
pub use classification_report::{
    ClassificationReport, classification_report, classification_report_multilabel,
    classification_report_of,
};
pub use confusion::{ConfusionMatrix, confusion_matrix};
pub use delong::{DeLong, delong_test};
pub use log_loss::log_loss;
pub use mcnemar::{McNemar, mcnemar_test};
pub use precision_recall::{
    PrecisionRecallCurve, average_precision_score, average_precision_score_multilabel,
    average_precision_score_ovr, precision_recall_curve,
};
pub use roc::{RocCurve, roc_auc_score, roc_auc_score_multilabel, roc_auc_score_ovr, roc_curve};
pub use scores::Scores;
pub use tally::{Figures, ZeroDivision};
pub use temperature::{fit_temperature, softmax};
