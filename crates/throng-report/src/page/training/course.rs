//! How training went: losses, learning rate and the measure that decided.

mod losses;
mod table;

use maud::{Markup, html};

use super::titled;
use super::words::{defined, known, label, ordered};
use crate::format::{count, figure, power};
use crate::page::chart::{Axis, Chart};
use crate::page::parts::{fold, wide};
use crate::training::{Epoch, TrainingReport};

/// The least that the axis of a share spans, so that small differences look small.
const SPAN: f64 = 0.1;

/// Why an epoch's figures may differ from those of the model that was kept of it.
const UNSCALED: &str = "Epochs are judged before temperature scaling; the kept model’s figures are of the probabilities after it.";

pub(super) fn section(report: &TrainingReport) -> Option<Markup> {
    let charts: Vec<Markup> = [
        losses::chart(report),
        decided(report).and_then(|name| measure(report, name)),
        rates(report),
    ]
    .into_iter()
    .flatten()
    .collect();
    if charts.is_empty() && report.epochs.is_empty() {
        return None;
    }
    Some(titled(
        "course",
        "How training went",
        html! {
            @if !charts.is_empty() { div.panels { @for chart in &charts { (chart) } } }
            @if !report.epochs.is_empty() {
                @if is_scaled(report) { p { (UNSCALED) } }
                (fold("All epochs as a table", wide("All epochs as a table", table::table(report))))
            }
        },
    ))
}

/// Whether the kept model's figures are of other probabilities than its epoch's.
fn is_scaled(report: &TrainingReport) -> bool {
    let calibration = report.calibration.as_ref();
    calibration.is_some_and(|calibration| calibration.after.is_some())
}

/// The epoch whose model was kept.
fn kept(report: &TrainingReport) -> Option<&Epoch> {
    let best = report.best.as_ref()?;
    report.epochs.iter().find(|epoch| epoch.epoch == best.epoch)
}

/// The measure to show by epoch: the one that decided, or the first there is.
fn decided(report: &TrainingReport) -> Option<&str> {
    let has = |name: &str| {
        let values = report
            .epochs
            .iter()
            .filter_map(|e| defined(*e.measures.get(name)?));
        values.count() > 1
    };
    let best = report.best.as_ref().map(|best| best.measure.as_str());
    let names = report.epochs.iter().flat_map(|epoch| epoch.measures.keys());
    best.filter(|name| has(name)).or_else(|| {
        let all = ordered(names.map(|name| (name, ())));
        all.into_iter()
            .map(|(name, ())| name)
            .find(|name| has(name))
    })
}

fn measure(report: &TrainingReport, name: &str) -> Option<Markup> {
    let points: Vec<(f64, f64)> = report
        .epochs
        .iter()
        .filter_map(|epoch| Some((epoch.epoch as f64, defined(*epoch.measures.get(name)?)?)))
        .collect();
    let (first, last) = (report.epochs.first()?.epoch, report.epochs.last()?.epoch);
    let low = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if known(name).is_some_and(|known| known.share) {
        let more = ((SPAN - (high - low)) / 2.0).max(0.0);
        let high = (high + more).min(1.0_f64.max(high));
        ((high - SPAN).min(low), high)
    } else {
        (low.min(0.0), high.max(0.0))
    };
    let chart = Chart::wide(
        "plot-measure",
        Axis::whole("epoch", first, last, 8),
        Axis::covering("", low, high, 4),
    );
    let title = format!("{} by epoch", label(name));
    let best = kept(report).map(|epoch| {
        let value = defined(epoch.measures.get(name).copied().flatten());
        let value = value.map(|value| format!(": {}", figure(value)));
        (
            epoch.epoch as f64,
            format!("epoch {} kept{}", epoch.epoch, value.unwrap_or_default()),
        )
    });
    Some(chart.draw(
        &title,
        each("", "epoch", &points).trim(),
        html! {
            @if let Some((epoch, words)) = &best { (chart.upright(*epoch, words)) }
            (chart.points(points.iter().copied(), |at| best.as_ref().is_some_and(|(epoch, _)| *epoch == at)))
        },
    ))
}

/// The values of a few points in words.
fn each(what: &str, unit: &str, points: &[(f64, f64)]) -> String {
    const MOST: usize = 20;
    if points.is_empty() {
        return String::new();
    }
    let step = points.len().div_ceil(MOST);
    let words = points
        .iter()
        .step_by(step)
        .map(|(at, value)| format!("{} at {unit} {}", figure(*value), count(*at as u64)));
    format!(" {what} {}.", words.collect::<Vec<_>>().join("; "))
}

fn rates(report: &TrainingReport) -> Option<Markup> {
    let series: Vec<(u64, f64)> = report
        .steps
        .iter()
        .map(|step| (step.step, step.learning_rate))
        .filter(|(_, rate)| rate.is_finite())
        .collect();
    let high = series.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    let (first, last) = (series.first()?.0, series.last()?.0);
    if high == 0.0 || last <= first {
        return None;
    }
    let chart = Chart::wide(
        "plot-rate",
        Axis::whole("step", first, last, 8),
        Axis::covering("learning rate", 0.0, high, 4),
    );
    let top = series.iter().find(|(_, rate)| *rate == high)?.0;
    let exponent = high.log10().floor() as i32;
    let mantissa = figure(high / 10_f64.powi(exponent));
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    Some(chart.draw(
        "Learning rate by step",
        &format!(
            "At most {mantissa} × {}, first at step {}; in the end {}.",
            power(exponent),
            count(top),
            figure(series.last()?.1)
        ),
        html! { path.line d=(chart.path(series.iter().map(|(step, rate)| (*step as f64, *rate)))) {} },
    ))
}
