//! Reports as JSON.

use serde::Serialize;

use crate::{Report, ReportError};

/// The report as one line of JSON, ending in a newline: the content of the page, with every figure unrounded.
///
/// Field names are those of [`Report`]; a figure that is not finite is `null`, and is read back as NaN.
///
/// # Errors
/// [`ReportError::Json`] if the serialiser fails.
pub fn json(report: &Report) -> Result<String, ReportError> {
    line(report)
}

/// Anything as one line of JSON.
pub(crate) fn line(report: &impl Serialize) -> Result<String, ReportError> {
    let mut text = serde_json::to_string(report)?;
    text.push('\n');
    Ok(text)
}
