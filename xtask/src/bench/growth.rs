//! How the time grows with the work: the slope of its logarithm over three decades.

use anyhow::{Context, Result};
use serde_json::Value;

use super::marks::Marks;
use super::sides::Sides;
use super::table::line;

/// A slope at most this.
const SLOPE: f64 = 1.05;

/// A kernel's growth.
#[derive(Debug, PartialEq)]
pub struct Growth {
    kernel: String,
    slope: f64,
    /// The least and the most work, in multiply-adds, with their seconds.
    ends: [(f64, f64); 2],
}

/// Measures every kernel.
///
/// # Errors
/// If a kernel fails.
pub fn measure(sides: &Sides) -> Result<Vec<Growth>> {
    parse(&sides.growth()?)
}

fn parse(text: &str) -> Result<Vec<Growth>> {
    let kernels: Value = serde_json::from_str(text)?;
    let kernels = kernels.as_object().context("no kernels")?;
    let growth = |(kernel, points): (&String, &Value)| {
        let points: Vec<(f64, f64)> = serde_json::from_value(points.clone())?;
        let ends = [points.first(), points.last()].map(|point| point.copied());
        let [Some(first), Some(last)] = ends else {
            anyhow::bail!("no points of {kernel}");
        };
        Ok(Growth {
            kernel: kernel.clone(),
            slope: slope(&points),
            ends: [first, last],
        })
    };
    kernels.iter().map(growth).collect()
}

/// The least-squares slope of log seconds against log work.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let logs: Vec<_> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let mean_x = logs.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = logs.iter().map(|(_, y)| y).sum::<f64>() / count;
    let both = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y));
    let square = logs.iter().map(|(x, _)| (x - mean_x).powi(2));
    both.sum::<f64>() / square.sum::<f64>()
}

/// Holds the slopes to their mark.
pub fn hold(growth: &[Growth], marks: &mut Marks) {
    for Growth { kernel, slope, .. } in growth {
        marks.at_most(&format!("{kernel}, slope of growth"), *slope, SLOPE);
    }
}

/// The table, for docs/benchmarks.md.
pub fn table(growth: &[Growth]) -> String {
    let mut text =
        "| growth of time with work, CPU | from | to | slope, mark 1.05 |\n|---|---:|---:|---:|\n"
            .to_owned();
    for Growth {
        kernel,
        slope,
        ends,
    } in growth
    {
        let [first, last] = ends
            .map(|(work, seconds)| format!("{:.3} ms for {:.3} GFLOP", 1e3 * seconds, 2e-9 * work));
        text += &line(&[kernel.clone(), first, last, format!("{slope:.3}")]);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_slope_is_the_power_of_the_work() {
        let points = |power: f64| [1e3, 1e4, 1e6].map(|work: f64| (work, 3.0 * work.powf(power)));
        for power in [0.5, 1.0, 2.0] {
            assert!((slope(&points(power)) - power).abs() < 1e-12);
        }
    }

    #[test]
    fn growth_that_is_too_steep_is_missed() {
        let text = |last: f64| format!(r#"{{"lloyd": [[1e3, 1.0], [1e6, {last}]]}}"#);
        let held = |last: f64| {
            let mut marks = Marks::default();
            hold(&parse(&text(last)).unwrap(), &mut marks);
            marks.finish()
        };
        held(1e3).unwrap();
        // A slope of 1.1.
        assert!(held(1995.3).unwrap_err().to_string().contains("1.100"));
        assert!(parse(r#"{"lloyd": []}"#).is_err());
        assert!(table(&parse(&text(1e3)).unwrap()).contains("| lloyd |"));
    }
}
