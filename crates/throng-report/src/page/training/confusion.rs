//! Which classes are taken for which.

use maud::{Markup, html};

use super::titled;
use crate::format::{clean, count, percent};
use crate::page::parts::{said as text, wide};
use crate::training::TrainingReport;

/// More classes make a matrix that nobody can read; then the most frequent confusions are listed.
const MOST: usize = 30;
/// Up to so many classes shares are written in the cells.
const ROOMY: usize = 8;
/// Up to so many classes names stand upright over their columns.
const UPRIGHT: usize = 4;
/// Confusions in the list.
const LISTED: usize = 20;

pub(super) fn section(report: &TrainingReport) -> Option<Markup> {
    let matrix = &report.confusion_matrix;
    if matrix.is_empty() {
        return None;
    }
    let confusions = confusions(matrix);
    Some(titled(
        "confusion",
        "What is taken for what",
        html! {
            @if let Some(&(truth, predicted, n, share)) = confusions.first() {
                p {
                    "The most frequent confusion: " strong { (count(n)) } " of the texts of " (quoted(report, truth))
                    " (" (percent(share)) ") were taken for " (quoted(report, predicted)) "."
                }
            } @else { p { "No text was taken for one of another class." } }
            @if matrix.len() <= MOST { (wide("Confusion matrix", table(report))) }
            @else if !confusions.is_empty() { (wide("The most frequent confusions", list(report, &confusions))) }
        },
    ))
}

/// Wrong cells with texts: true class, predicted class, texts and share of the true class; most texts first.
fn confusions(matrix: &[Vec<u64>]) -> Vec<(usize, usize, u64, f64)> {
    let mut all: Vec<(usize, usize, u64, f64)> = Vec::new();
    for (truth, row) in matrix.iter().enumerate() {
        let total = total(row);
        let wrong = row
            .iter()
            .enumerate()
            .filter(|&(predicted, &n)| predicted != truth && n > 0);
        all.extend(wrong.map(|(predicted, &n)| (truth, predicted, n, n as f64 / total)));
    }
    all.sort_by(|a, b| b.2.cmp(&a.2).then(b.3.total_cmp(&a.3)));
    all
}

fn total(row: &[u64]) -> f64 {
    row.iter().map(|&n| n as f64).sum()
}

fn plain(report: &TrainingReport, class: usize) -> String {
    match report.classes.get(class) {
        Some(class) => clean(&class.name),
        None => format!("class {class}"),
    }
}

fn name(report: &TrainingReport, class: usize) -> Markup {
    text(&plain(report, class))
}

fn quoted(report: &TrainingReport, class: usize) -> Markup {
    html! { "“" (name(report, class)) "”" }
}

fn table(report: &TrainingReport) -> Markup {
    let matrix = &report.confusion_matrix;
    let columns = matrix.iter().map(Vec::len).max().unwrap_or(0);
    let roomy = columns <= ROOMY;
    html! {
        table.confusion.matrix.turned[columns > UPRIGHT] {
            caption {
                "Held-out texts by true class (row) and predicted class (column); the stronger the shade, the larger the share of the row. "
                "Right predictions are framed."
            }
            thead {
                tr {
                    th scope="col" { "True, predicted →" }
                    @for column in 0..columns { th.right scope="col" { div { (name(report, column)) } } }
                    th.right scope="col" { div { "All" } }
                }
            }
            tbody {
                @for (truth, row) in matrix.iter().enumerate() {
                    @let total = total(row);
                    tr {
                        th scope="row" { (name(report, truth)) }
                        @for column in 0..columns {
                            @let n = row.get(column).copied().unwrap_or(0);
                            @let share = if total > 0.0 { n as f64 / total } else { 0.0 };
                            td.right.hit[column == truth].none[n == 0] style={ "--part:" (shade(share)) "%" } {
                                (count(n))
                                @if roomy && total > 0.0 { div.quiet { (percent(share)) } }
                            }
                        }
                        td.right.sum { (count(row.iter().sum())) @if roomy && total == 0.0 { div.quiet { "no texts" } } }
                    }
                }
            }
        }
    }
}

/// Strength of a cell's shade, low enough that its text stays readable.
fn shade(part: f64) -> u32 {
    (45.0 * part).round() as u32
}

fn list(report: &TrainingReport, confusions: &[(usize, usize, u64, f64)]) -> Markup {
    html! {
        table {
            caption {
                "The most frequent of " (count(confusions.len() as u64)) " confusions; the whole matrix of "
                (count(report.confusion_matrix.len() as u64)) " classes is in the JSON"
            }
            thead {
                tr {
                    th scope="col" { "True class" }
                    th scope="col" { "Taken for" }
                    th.right scope="col" { "Texts" }
                    th.right scope="col" { "Of the true class" }
                }
            }
            tbody {
                @for (truth, predicted, n, share) in confusions.iter().take(LISTED) {
                    tr {
                        th scope="row" { (name(report, *truth)) }
                        td { (name(report, *predicted)) }
                        td.right { (count(*n)) }
                        td.right { (percent(*share)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_confusion_comes_first() {
        let found = confusions(&[vec![5, 2, 1], vec![0, 9, 2], vec![0, 0, 0]]);
        let cells: Vec<(usize, usize, u64)> =
            found.iter().map(|cell| (cell.0, cell.1, cell.2)).collect();
        assert_eq!(cells, [(0, 1, 2), (1, 2, 2), (0, 2, 1)]);
        assert_eq!(found[0].3, 0.25);
    }
}
