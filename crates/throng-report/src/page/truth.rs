//! The groups found against groups known beforehand.

use maud::{Markup, html};

use super::parts::{badge, said, wide};
use super::words::agreement;
use crate::Truth;
use crate::format::{count, number};

pub(super) fn section(truth: &Truth) -> Markup {
    let score = truth.adjusted_rand_score;
    html! {
        section #truth aria-labelledby="truth-title" {
            h2 #truth-title { "Against the truth" }
            p {
                "This log has groups that are known beforehand. Agreement with them, as an adjusted Rand index (1 is a perfect match, 0 is chance), is "
                strong { (number(score, 3)) } @if score.is_finite() { ": " (agreement(score)) } "."
                @if let Some(baseline) = truth.baseline_adjusted_rand_score {
                    " K‑means on plain event counts reaches " (number(baseline, 3)) "."
                }
            }
            @if !truth.table.is_empty() {
                (wide("Known groups against groups found", table(truth)))
            }
        }
    }
}

fn table(truth: &Truth) -> Markup {
    let columns = truth.table.iter().map(Vec::len).max().unwrap_or(0);
    html! {
        table.confusion {
            caption { "Users by known group (row) and group found (column); the stronger the shade, the larger its share of the row" }
            thead {
                tr {
                    th scope="col" { "Known group" }
                    @for column in 0..columns { th.right scope="col" { (badge(column as u32)) } }
                }
            }
            tbody {
                @for (i, row) in truth.table.iter().enumerate() {
                    @let total = row.iter().sum::<u64>().max(1) as f64;
                    tr {
                        th scope="row" {
                            @if let Some(name) = truth.names.get(i) { (said(name)) } @else { "Known group " (i) }
                        }
                        @for n in row {
                            td.right style={ "--part:" (shade(*n as f64 / total)) "%" } { (count(*n)) }
                        }
                        @for _ in row.len()..columns { td.right { "0" } }
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
