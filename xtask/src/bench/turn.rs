//! One side's turn at a task.

use anyhow::{Context, Result};
use serde_json::Value;

/// What a turn took and found.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Of one iteration, or of the whole.
    pub seconds: f64,
    /// The inertia, the silhouette, or the mean distance.
    pub value: f64,
    /// What the work held at its peak beyond its input.
    bytes: Option<f64>,
}

impl Turn {
    /// Reads what a side prints.
    ///
    /// # Errors
    /// If a figure is missing.
    pub fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let figure = |name: &str| {
            value[name]
                .as_f64()
                .with_context(|| format!("no {name} in {text}"))
        };
        Ok(Self {
            seconds: figure("seconds")?,
            value: figure("value")?,
            bytes: value["bytes"].as_f64(),
        })
    }

    /// What the work held, where that was measured: a page at least, for memory that was there already and is
    /// used again is not seen to grow.
    pub fn bytes(&self) -> Option<f64> {
        self.bytes.map(|bytes| bytes.max(4096.0))
    }

    /// The one in the middle by time.
    ///
    /// # Errors
    /// If there is none.
    pub fn median(mut turns: Vec<Self>) -> Result<Self> {
        turns.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let middle = turns.get(turns.len() / 2);
        middle.cloned().context("no turn was taken")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_turn_in_the_middle_counts() {
        let turn = |seconds: f64| {
            let text = format!(r#"{{"seconds": {seconds}, "value": 1.0, "bytes": 5000}}"#);
            Turn::parse(&text).unwrap()
        };
        let turns = [3.0, 1.0, 2.0].map(turn).to_vec();
        let median = Turn::median(turns).unwrap();
        assert_eq!(median.seconds, 2.0);
        assert_eq!(median.bytes(), Some(5000.0));
        assert!(Turn::median(Vec::new()).is_err());
        let unmeasured = Turn::parse(r#"{"seconds": 2.0, "value": 1.0}"#).unwrap();
        assert_eq!(unmeasured.bytes(), None);
        assert!(Turn::parse("{}").is_err());
    }
}
