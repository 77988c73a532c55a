//! The texts that were got most wrong.

use maud::{Markup, html};

use super::titled;
use super::words::said;
use crate::format::{count, number, plural};
use crate::page::parts::{said as text, wide};
use crate::training::{Mistake, Task, TrainingReport};

/// Most mistakes shown.
const MOST: usize = 50;

pub(super) fn section(report: &TrainingReport) -> Option<Markup> {
    let all = &report.mistakes;
    if all.is_empty() {
        return None;
    }
    let shown = &all[..all.len().min(MOST)];
    let title = if report.task == Task::Regression {
        "The largest errors"
    } else {
        "The surest mistakes"
    };
    Some(titled(
        "mistakes",
        title,
        html! {
            p {
                @if report.task == Task::Regression { "Held-out texts whose number is furthest off, the worst first. " }
                @else { "Held-out texts of which the classifier was surest and wrong, the surest first. Some may be mislabelled. " }
                @if shown.len() < all.len() { (count(shown.len() as u64)) " of " (plural(all.len() as u64, "text", "texts")) " in the JSON are shown." }
            }
            (wide(title, table(report.task, shown)))
        },
    ))
}

fn table(task: Task, shown: &[Mistake]) -> Markup {
    let probable = shown.iter().any(|mistake| mistake.probability.is_some());
    let numbers = task == Task::Regression;
    html! {
        table.mistakes {
            caption { "Texts are cut to 160 characters" }
            thead {
                tr {
                    th scope="col" { "Text" }
                    th.right[numbers] scope="col" { "True" }
                    th.right[numbers] scope="col" { "Predicted" }
                    @if probable { th.right scope="col" { "Probability" } }
                }
            }
            tbody {
                @for mistake in shown {
                    tr {
                        td.words { (text(&mistake.text)) }
                        td.right[numbers] { (text(&mistake.truth)) }
                        td.right[numbers] { (text(&mistake.predicted)) }
                        @if probable { td.right { (probability(mistake.probability)) } }
                    }
                }
            }
        }
    }
}

/// A probability, of which those next to 1 differ in what is missing.
fn probability(value: Option<f64>) -> String {
    match value {
        Some(value) if value > 0.9995 && value < 1.0 => ">0.999".to_owned(),
        Some(value) if value.is_finite() => number(value, 3),
        _ => said(value),
    }
}

#[cfg(test)]
mod tests {
    use super::probability;

    #[test]
    fn no_probability_is_rounded_to_certainty() {
        assert_eq!(probability(Some(0.987_65)), "0.988");
        assert_eq!(probability(Some(0.999_96)), ">0.999");
        assert_eq!(probability(Some(1.0)), "1.000");
        assert_eq!(probability(Some(f64::NAN)), "undefined");
        assert_eq!(probability(None), "undefined");
    }
}
