//! The page on the training of a classifier.

mod calibration;
mod classes;
mod confusion;
mod course;
mod method;
mod mistakes;
mod overview;
mod ranking;
mod regression;
mod words;

use maud::{Markup, html as markup};

use super::document;
use crate::format::clean;
use crate::training::{Task, TrainingReport};

/// The report as one self-contained HTML page: no network, no script, every text of the data escaped.
///
/// The same report always gives the same bytes. Long series are thinned, and of very many classes, points and mistakes
/// only some are shown, which the page says; [`json`](crate::training::json) has them all.
pub fn html(report: &TrainingReport) -> String {
    let title = clean(&report.title);
    let sections = sections(report);
    let head = header(report, &title, &sections);
    let main = markup! { @for section in &sections { (section.body) } };
    document::page(&title, head, main)
}

/// A part of the page.
struct Section {
    id: &'static str,
    /// What leads to it.
    link: &'static str,
    body: Markup,
}

/// The parts that have something to show.
fn sections(report: &TrainingReport) -> Vec<Section> {
    let all = [
        ("overview", "Overview", Some(overview::section(report))),
        ("course", "How training went", course::section(report)),
        (
            "curves",
            "ROC and precision-recall",
            ranking::section(report),
        ),
        (
            "regression",
            "Predicted against true",
            regression::section(report),
        ),
        ("calibration", "Calibration", calibration::section(report)),
        ("classes", per_class(report.task), classes::section(report)),
        ("confusion", "Confusions", confusion::section(report)),
        ("mistakes", "Mistakes", mistakes::section(report)),
        ("method", "Data and method", Some(method::section(report))),
    ];
    all.into_iter()
        .filter_map(|(id, link, body)| {
            Some(Section {
                id,
                link,
                body: body?,
            })
        })
        .collect()
}

fn per_class(task: Task) -> &'static str {
    match task {
        Task::Multilabel => "Label by label",
        _ => "Class by class",
    }
}

fn header(report: &TrainingReport, title: &str, sections: &[Section]) -> Markup {
    markup! {
        header {
            p.eyebrow { "Training report" }
            h1 { bdi { (title) } }
            p.lede { (overview::lede(report)) }
            nav aria-label="Sections" {
                ul { @for section in sections { li { a href={ "#" (section.id) } { (section.link) } } } }
            }
        }
    }
}

/// A section with its heading.
fn titled(id: &str, title: &str, body: Markup) -> Markup {
    markup! {
        section id=(id) aria-labelledby={ (id) "-title" } {
            h2 id={ (id) "-title" } { (title) }
            (body)
        }
    }
}

/// Texts, or the classes' kind, as the task has it.
fn kind(task: Task, n: u64) -> &'static str {
    match (task, n) {
        (Task::Multilabel, 1) => "label",
        (Task::Multilabel, _) => "labels",
        (_, 1) => "class",
        (_, _) => "classes",
    }
}
