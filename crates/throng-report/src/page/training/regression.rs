//! Predicted against true numbers.

use maud::{Markup, html};

use super::titled;
use crate::format::{count, figure};
use crate::page::chart::{Axis, Chart};
use crate::training::{Regression, TrainingReport};

/// Most points drawn; a browser stays quick, and more would only cover each other.
const MOST: usize = 3000;
const SIGN: u32 = 0;

pub(super) fn section(report: &TrainingReport) -> Option<Markup> {
    let regression = report.regression.as_ref()?;
    let points = sample(regression);
    if points.is_empty() {
        return None;
    }
    let shown_of = regression.shown_of.max(points.len() as u64);
    Some(titled(
        "regression",
        "Predicted against true numbers",
        html! {
            p {
                "Each mark is a held-out text. On the dashed line the prediction is exact; above it, it is too high, below it too low."
            }
            div.panels { (scatter(&points)) }
            p.quiet { (count(points.len() as u64)) " of " (count(shown_of)) " texts shown" }
        },
    ))
}

/// At most [`MOST`] of the finite points, evenly taken: true and predicted.
fn sample(regression: &Regression) -> Vec<(f64, f64)> {
    let pairs = regression.truth.iter().zip(&regression.predicted);
    let points: Vec<(f64, f64)> = pairs
        .map(|(truth, predicted)| (*truth, *predicted))
        .filter(|(truth, predicted)| truth.is_finite() && predicted.is_finite())
        .collect();
    let step = points.len().div_ceil(MOST).max(1);
    points.into_iter().step_by(step).collect()
}

/// Both axes are the same, so that the line of equality is a diagonal.
fn scatter(points: &[(f64, f64)]) -> Markup {
    let (low, high) = points
        .iter()
        .flat_map(|(truth, predicted)| [*truth, *predicted])
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    let axis = |name| {
        // One number alone has no range.
        let high = if high > low { high } else { low + 1.0 };
        Axis::covering(name, low, high, 6)
    };
    let (from, to) = axis("").range();
    let chart = Chart::square("plot-regression", axis("true"), axis("predicted"));
    let ends = |of: fn(&(f64, f64)) -> f64| {
        let values = || points.iter().map(of);
        format!(
            "from {} to {}",
            figure(values().fold(f64::INFINITY, f64::min)),
            figure(values().fold(f64::NEG_INFINITY, f64::max))
        )
    };
    let description = format!(
        "{} texts. True numbers {}, predicted ones {}.",
        count(points.len() as u64),
        ends(|point| point.0),
        ends(|point| point.1)
    );
    chart.draw(
        "Predicted by true number",
        &description,
        html! {
            g.cloud { (chart.dots(SIGN, points.iter().copied())) }
            (chart.dashed((from, from), (to, to)))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_points_are_thinned_and_bad_ones_left_out() {
        let mut regression = Regression {
            truth: (0..10_000).map(f64::from).collect(),
            predicted: vec![1.0; 10_000],
            shown_of: 10_000,
        };
        regression.predicted[0] = f64::NAN;
        let points = sample(&regression);
        assert_eq!((points.len(), points[0]), (2500, (1.0, 1.0)));
    }
}
