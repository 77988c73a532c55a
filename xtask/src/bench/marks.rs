//! What must hold, collected so that the tables are printed first.

use anyhow::{Result, bail};

/// What was missed.
#[derive(Debug, Default)]
pub struct Marks(Vec<String>);

impl Marks {
    /// `figure` is at least `mark`.
    pub fn at_least(&mut self, what: &str, figure: f64, mark: f64) {
        if figure.is_nan() || figure < mark {
            self.miss(format!("{what}: {figure:.2}, the mark is {mark}"));
        }
    }

    /// `figure` is at most `mark`.
    pub fn at_most(&mut self, what: &str, figure: f64, mark: f64) {
        if figure.is_nan() || figure > mark {
            self.miss(format!("{what}: {figure:.3}, the mark is {mark}"));
        }
    }

    /// Something else that must not be.
    pub fn miss(&mut self, what: String) {
        self.0.push(what);
    }

    /// # Errors
    /// If anything was missed: all of it.
    pub fn finish(self) -> Result<()> {
        if !self.0.is_empty() {
            bail!("missed: {}", self.0.join("; "));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_missed_mark_is_named() {
        let mut marks = Marks::default();
        marks.at_least("speed", 2.0, 2.0);
        marks.at_most("memory", 0.1, 0.1);
        assert!(Marks::default().finish().is_ok());
        marks.at_least("slow", 1.9, 2.0);
        marks.at_most("large", 0.2, 0.1);
        marks.at_least("unknown", f64::NAN, 2.0);
        let error = marks.finish().unwrap_err().to_string();
        assert_eq!(
            error,
            "missed: slow: 1.90, the mark is 2; large: 0.200, the mark is 0.1; unknown: NaN, the mark is 2"
        );
    }
}
