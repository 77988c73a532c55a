//! How well the classes are told apart at every threshold: ROC and precision-recall curves.

use maud::{Markup, html};

use super::words::{defined, said};
use super::{kind, titled};
use crate::format::{clean, count, percent};
use crate::page::chart::{Axis, Chart};
use crate::page::parts::{fold, key, said as text, wide};
use crate::training::{Curves, Task, TrainingReport};

/// Curves that are drawn: as many as there are colours.
const MOST: usize = 8;
/// Marks along a curve.
const MARKS: usize = 3;

/// A curve to draw, its sign and the share of the way to its first mark.
struct Drawn<'a> {
    of: &'a Curves,
    sign: u32,
    first: f64,
}

pub(super) fn section(report: &TrainingReport) -> Option<Markup> {
    let all = &report.curves;
    let drawn = drawn(all);
    let one = all.len() == 1;
    if all.is_empty() {
        return None;
    }
    Some(titled(
        "curves",
        match report.task {
            Task::Multilabel => "How well the labels are told apart",
            _ => "How well the classes are told apart",
        },
        html! {
            p {
                @if let [only] = all.as_slice() {
                    "Each point of a curve is a threshold from which on a text is taken to be of the class " strong { (text(&only.class)) } ". "
                } @else {
                    "Each curve is a " (kind(report.task, 1)) " against the rest, each of its points a threshold from which on a text is taken to be of it. "
                }
                "The ROC curve of a guess is the dashed diagonal; the precision of a guess is the base rate, dotted in the other chart."
                @if drawn.len() < all.len() {
                    " Of " (count(all.len() as u64)) " " (kind(report.task, 2)) ", the " (drawn.len()) " most frequent ones with curves are drawn."
                }
            }
            @if !drawn.is_empty() {
                div.panels { (roc(&drawn)) (precision_recall(&drawn)) }
                ul.legend.areas {
                    @for curve in &drawn {
                        li.entry {
                            (key(curve.sign, !one))
                            span {
                                (text(&curve.of.class)) ": ROC AUC " strong { (said(curve.of.roc_auc_score)) }
                                ", average precision " strong { (said(curve.of.average_precision_score)) }
                                ", base rate " (percent(curve.of.base_rate))
                            }
                        }
                    }
                }
            }
            @if undefined(all) {
                p.quiet { "An area is undefined where no held-out text is of the class, or every one is." }
            }
            @if !one { (fold("All areas as a table", wide("All areas as a table", table(report)))) }
        },
    ))
}

/// At most [`MOST`] that have a curve, those of the most frequent classes, in their order.
fn drawn(all: &[Curves]) -> Vec<Drawn<'_>> {
    let mut some: Vec<usize> = (0..all.len())
        .filter(|&i| all[i].roc_curve.is_some() || all[i].precision_recall_curve.is_some())
        .collect();
    some.sort_by(|&a, &b| {
        all[b]
            .base_rate
            .total_cmp(&all[a].base_rate)
            .then(a.cmp(&b))
    });
    some.truncate(MOST);
    some.sort_unstable();
    let number = some.len() as f64;
    some.iter()
        .enumerate()
        .map(|(place, &i)| Drawn {
            of: &all[i],
            sign: place as u32,
            first: (place as f64 + 0.5) / number,
        })
        .collect()
}

fn undefined(all: &[Curves]) -> bool {
    all.iter().any(|one| {
        defined(one.roc_auc_score).is_none() || defined(one.average_precision_score).is_none()
    })
}

fn axis(name: &str) -> Axis {
    Axis::covering(name, 0.0, 1.0, 5)
}

fn roc(drawn: &[Drawn]) -> Markup {
    let chart = Chart::square(
        "plot-roc",
        axis("false positive rate"),
        axis("true positive rate"),
    );
    let areas = drawn.iter().map(|curve| (curve, curve.of.roc_auc_score));
    chart.draw(
        "ROC curve",
        &each("Area under the ROC curve", areas),
        html! {
            (chart.dashed((0.0, 0.0), (1.0, 1.0)))
            @for curve in drawn {
                @if let Some(points) = &curve.of.roc_curve {
                    (line(&chart, curve, drawn.len(), &points.fpr, &points.tpr))
                }
            }
        },
    )
}

fn precision_recall(drawn: &[Drawn]) -> Markup {
    let chart = Chart::square("plot-precision-recall", axis("recall"), axis("precision"));
    let areas = drawn
        .iter()
        .map(|curve| (curve, curve.of.average_precision_score));
    chart.draw(
        "Precision-recall curve",
        &each("Average precision", areas),
        html! {
            @for curve in drawn {
                @let rate = curve.of.base_rate;
                (chart.base(curve.sign, rate))
                @if let Some(points) = &curve.of.precision_recall_curve {
                    (line(&chart, curve, drawn.len(), &points.recall, &points.precision))
                }
            }
        },
    )
}

/// A curve, and among several its sign in a few places that differ from the others'.
fn line(chart: &Chart, curve: &Drawn, of: usize, x: &[f64], y: &[f64]) -> Markup {
    let points = || x.iter().copied().zip(y.iter().copied());
    let all: Vec<(f64, f64)> = points().collect();
    html! {
        (chart.curve(curve.sign, points()))
        @if of > 1 {
            (chart.marks(curve.sign, (0..MARKS).filter_map(|i| along(&all, (i as f64 + curve.first) / MARKS as f64))))
        }
    }
}

/// The point at a share of a line's length.
fn along(points: &[(f64, f64)], share: f64) -> Option<(f64, f64)> {
    let lengths = points
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1));
    let mut left = share * lengths.clone().sum::<f64>();
    for (pair, length) in points.windows(2).zip(lengths) {
        if length > 0.0 && left <= length {
            let part = left / length;
            let between = |a: f64, b: f64| a + part * (b - a);
            return Some((between(pair[0].0, pair[1].0), between(pair[0].1, pair[1].1)));
        }
        left -= length;
    }
    points.last().copied()
}

fn each<'a>(what: &str, areas: impl Iterator<Item = (&'a Drawn<'a>, Option<f64>)>) -> String {
    let words: Vec<String> = areas
        .map(|(curve, area)| format!("{}: {}", clean(&curve.of.class), said(area)))
        .collect();
    format!("{what}. {}.", words.join("; "))
}

fn table(report: &TrainingReport) -> Markup {
    html! {
        table {
            caption { "Each " (kind(report.task, 1)) " against the rest, on the held-out texts" }
            thead {
                tr {
                    th scope="col" { @if kind(report.task, 1) == "label" { "Label" } @else { "Class" } }
                    th.right scope="col" { "ROC AUC" }
                    th.right scope="col" { "Average precision" }
                    th.right scope="col" { "Base rate" }
                }
            }
            tbody {
                @for one in &report.curves {
                    tr {
                        th scope="row" { (text(&one.class)) }
                        td.right { (said(one.roc_auc_score)) }
                        td.right { (said(one.average_precision_score)) }
                        td.right { (percent(one.base_rate)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::RocCurve;

    #[test]
    fn the_most_frequent_are_drawn_in_their_order() {
        let all: Vec<Curves> = (0..12)
            .map(|i| Curves {
                class: i.to_string(),
                base_rate: f64::from(i % 10),
                roc_curve: (i != 9).then(RocCurve::default),
                ..Curves::default()
            })
            .collect();
        let names: Vec<&str> = drawn(&all)
            .iter()
            .map(|one| one.of.class.as_str())
            .collect();
        assert_eq!(names, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    }

    #[test]
    fn marks_lie_on_the_line() {
        let bent = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
        assert_eq!(along(&bent, 0.25), Some((0.0, 0.5)));
        assert_eq!(along(&bent, 0.75), Some((0.5, 1.0)));
        assert_eq!(along(&bent, 1.0), Some((1.0, 1.0)));
        assert_eq!(along(&[], 0.5), None);
    }
}
