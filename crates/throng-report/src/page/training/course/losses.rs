//! The losses by step.

use maud::{Markup, html};

use super::{each, kept};
use crate::page::chart::{Axis, Chart};
use crate::page::parts::key;
use crate::page::training::words::{defined, said};
use crate::training::TrainingReport;

/// Pieces of a long series of steps.
const PIECES: usize = 120;
/// Signs of the two losses.
const TRAINING: u32 = 0;
const VALIDATION: u32 = 1;

/// Steps of which one line is drawn, and how far they differ there.
struct Piece {
    step: f64,
    mean: f64,
    low: f64,
    high: f64,
}

/// At most [`PIECES`] pieces of a series. A piece without finite values has none.
fn pieces(series: &[(u64, f64)]) -> Vec<Piece> {
    series
        .chunks(series.len().div_ceil(PIECES).max(1))
        .map(|chunk| {
            let finite = || chunk.iter().map(|(_, v)| *v).filter(|v| v.is_finite());
            let (first, last) = (chunk[0].0, chunk[chunk.len() - 1].0);
            Piece {
                step: (first as f64 + last as f64) / 2.0,
                mean: finite().sum::<f64>() / finite().count() as f64,
                low: finite().fold(f64::INFINITY, f64::min),
                high: finite().fold(f64::NEG_INFINITY, f64::max),
            }
        })
        .collect()
}

/// First and last step of which anything is known; none for a single one.
fn span(report: &TrainingReport) -> Option<(u64, u64)> {
    let steps = report.steps.iter().map(|step| step.step);
    let all = || {
        steps
            .clone()
            .chain(report.epochs.iter().map(|epoch| epoch.step))
    };
    let (first, last) = (all().min()?, all().max()?);
    (last > first).then_some((first, last))
}

pub(super) fn chart(report: &TrainingReport) -> Option<Markup> {
    let (first, last) = span(report)?;
    let by_step: Vec<(u64, f64)> = report.steps.iter().map(|s| (s.step, s.loss)).collect();
    let by_epoch: Vec<(u64, f64)> = report.epochs.iter().map(|e| (e.step, e.loss)).collect();
    let training = pieces(if by_step.is_empty() {
        &by_epoch
    } else {
        &by_step
    });
    let valid: Vec<(f64, f64)> = report
        .epochs
        .iter()
        .filter_map(|epoch| Some((epoch.step as f64, defined(epoch.validation_loss)?)))
        .collect();
    let high = training
        .iter()
        .map(|piece| piece.high)
        .chain(valid.iter().map(|point| point.1))
        .filter(|value| value.is_finite())
        .fold(f64::NEG_INFINITY, f64::max);
    let low = training
        .iter()
        .map(|piece| piece.low)
        .chain(valid.iter().map(|point| point.1))
        .filter(|value| value.is_finite())
        .fold(0.0, f64::min);
    if high == f64::NEG_INFINITY {
        return None;
    }
    let chart = Chart::wide(
        "plot-loss",
        Axis::whole("step", first, last, 8),
        Axis::covering("loss", low, high, 4),
    );
    let line = || training.iter().map(|piece| (piece.step, piece.mean));
    let banded = by_step.len() > PIECES;
    let there = |piece: &&Piece| piece.mean.is_finite();
    let (start, end) = (
        training.iter().find(there),
        training.iter().rev().find(there),
    );
    let description = format!(
        "Training loss from {} to {}{}.{}",
        said(start.map(|piece| piece.mean)),
        said(end.map(|piece| piece.mean)),
        if banded {
            ", means of neighbouring steps"
        } else {
            ""
        },
        each("Validation loss", "step", &valid),
    );
    let drawn = chart.draw(
        "Loss by step",
        &description,
        html! {
            @if banded { path.band d=(band(&chart, &training)) {} }
            @if let Some(epoch) = kept(report) { (chart.upright(epoch.step as f64, &format!("epoch {} kept", epoch.epoch))) }
            (chart.curve(TRAINING, line()))
            @if !valid.is_empty() {
                (chart.curve(VALIDATION, valid.iter().copied()))
                (chart.marks(VALIDATION, valid.iter().copied()))
            }
        },
    );
    Some(html! {
        div {
            (drawn)
            ul.keys {
                li { (key(TRAINING, false)) "training" @if banded { ": mean and range of neighbouring steps" } }
                @if !valid.is_empty() { li { (key(VALIDATION, true)) "validation, after each epoch" } }
            }
        }
    })
}

/// The room between the lowest and the highest values.
fn band(chart: &Chart, pieces: &[Piece]) -> String {
    let there = || pieces.iter().filter(|piece| piece.mean.is_finite());
    let above = there().map(|piece| (piece.step, piece.high));
    let below = there().rev().map(|piece| (piece.step, piece.low));
    chart.path(above.chain(below)) + "z"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_series_become_pieces_with_their_range() {
        let series: Vec<(u64, f64)> = (0..1200).map(|i| (i, f64::from(i as u32 % 5))).collect();
        let pieces = pieces(&series);
        assert_eq!(pieces.len(), 120);
        let one = &pieces[1];
        assert_eq!(
            (one.step, one.mean, one.low, one.high),
            (14.5, 2.0, 0.0, 4.0)
        );
    }

    #[test]
    fn a_loss_that_is_not_finite_is_a_gap() {
        let series = [(1, 0.5), (2, f64::NAN), (3, f64::INFINITY), (4, 0.25)];
        let means: Vec<f64> = pieces(&series).iter().map(|piece| piece.mean).collect();
        assert_eq!((means[0], means[3]), (0.5, 0.25));
        assert!(means[1].is_nan() && means[2].is_nan());
        assert!(pieces(&[]).is_empty());
    }
}
