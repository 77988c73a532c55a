//! Precision, recall and F1 of every class.

use maud::{Markup, html};

use super::words::{defined, said};
use super::{kind, titled};
use crate::format::{NONE, count};
use crate::page::parts::{fold, said as text, wide};
use crate::training::{ClassificationReport, Curves, Figures, Task, TrainingReport};

/// More classes than this are folded away.
const MOST: usize = 40;

pub(super) fn section(report: &TrainingReport) -> Option<Markup> {
    let figures = report.classification_report.as_ref()?;
    if figures.classes.is_empty() && figures.averages.is_empty() {
        return None;
    }
    let title = if report.task == Task::Multilabel {
        "Label by label"
    } else {
        "Class by class"
    };
    let body = wide(title, table(report, figures));
    Some(titled(
        "classes",
        title,
        html! {
            p {
                "Precision is the share of the texts predicted to be of a " (kind(report.task, 1)) " that are; recall is the share of its texts that are found. "
                "F1 is their harmonic mean, support the number of held-out texts."
            }
            @if figures.classes.len() > MOST { (fold(&format!("All {} as a table", count(figures.classes.len() as u64)), body)) }
            @else { (body) }
            @let reasons = reasons(report.task, figures);
            @if !reasons.is_empty() {
                p.quiet { @for reason in &reasons { (reason) " " } "In averages what is undefined counts as 0, as in scikit-learn." }
            }
        },
    ))
}

/// Why some of the figures are undefined.
fn reasons(task: Task, figures: &ClassificationReport) -> Vec<String> {
    type Of = fn(&Figures) -> Option<f64>;
    let one = kind(task, 1);
    let reasons: [(Of, String); 3] = [
        (
            |figures| figures.precision,
            format!("Precision is undefined for a {one} that is predicted of no text."),
        ),
        (
            |figures| figures.recall,
            format!("Recall is undefined for a {one} without held-out texts."),
        ),
        (
            |figures| figures.f1_score,
            format!("F1 is undefined for a {one} that is neither true nor predicted of any text."),
        ),
    ];
    let rows = || figures.classes.iter().chain(&figures.averages);
    reasons
        .into_iter()
        .filter(|(of, _)| rows().any(|row| defined(of(row)).is_none()))
        .map(|(_, reason)| reason)
        .collect()
}

fn table(report: &TrainingReport, figures: &ClassificationReport) -> Markup {
    // Of two classes the curves are of one, whose areas are among the measures.
    let areas = report.task != Task::Binary && !report.curves.is_empty();
    let area = |name: &str| report.curves.iter().find(|curves| curves.class == name);
    let accuracy = report
        .measures
        .get("accuracy_score")
        .filter(|_| report.task != Task::Multilabel);
    let support: u64 = figures.classes.iter().map(|class| class.support).sum();
    html! {
        table.figures {
            caption { "On the held-out texts, by the definitions of scikit-learn" }
            thead {
                tr {
                    th scope="col" { @if report.task == Task::Multilabel { "Label" } @else { "Class" } }
                    th.right scope="col" { "Precision" }
                    th.right scope="col" { "Recall" }
                    th.right scope="col" { "F1" }
                    @if areas {
                        th.right scope="col" { "ROC AUC" }
                        th.right scope="col" { "Average precision" }
                    }
                    th.right scope="col" { "Support" }
                }
            }
            tbody {
                @for class in &figures.classes {
                    tr {
                        th scope="row" { (text(&class.name)) }
                        (row(class))
                        @if areas { (areas_of(area(&class.name))) }
                        td.right { (count(class.support)) }
                    }
                }
            }
            tfoot {
                @if let Some(accuracy) = accuracy {
                    tr {
                        th scope="row" { "Accuracy" }
                        td {} td {}
                        td.right { (said(accuracy.value)) }
                        @if areas { td {} td {} }
                        td.right { (count(support)) }
                    }
                }
                @for average in &figures.averages {
                    tr {
                        th scope="row" { (text(name(&average.name))) }
                        (row(average))
                        @if areas { td {} td {} }
                        td.right { (count(average.support)) }
                    }
                }
            }
        }
    }
}

fn row(figures: &Figures) -> Markup {
    html! {
        td.right { (said(figures.precision)) }
        td.right { (said(figures.recall)) }
        td.right { (said(figures.f1_score)) }
    }
}

fn areas_of(curves: Option<&Curves>) -> Markup {
    let area = |of: fn(&Curves) -> Option<f64>| match curves {
        Some(curves) => said(of(curves)),
        None => NONE.to_owned(),
    };
    html! {
        td.right { (area(|curves| curves.roc_auc_score)) }
        td.right { (area(|curves| curves.average_precision_score)) }
    }
}

/// An average's name for people.
fn name(name: &str) -> &str {
    match name {
        "micro avg" => "All together (micro)",
        "macro avg" => "Plain mean (macro)",
        "weighted avg" => "Mean by support (weighted)",
        "samples avg" => "Mean of the texts (samples)",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_undefined_has_a_reason() {
        let row = |precision, recall, f1_score| Figures {
            name: "a".to_owned(),
            precision,
            recall,
            f1_score,
            support: 0,
        };
        let report = |row| ClassificationReport {
            classes: vec![row],
            averages: vec![],
        };
        let some = Some(0.5);
        let of = |row| reasons(Task::Binary, &report(row));
        assert!(of(row(some, some, some)).is_empty());
        assert!(of(row(None, some, some))[0].starts_with("Precision is undefined"));
        assert!(of(row(some, Some(f64::NAN), some))[0].starts_with("Recall is undefined"));
        assert_eq!(of(row(None, None, None)).len(), 3);
    }
}
