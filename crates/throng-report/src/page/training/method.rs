//! Where the figures come from.

use maud::{Markup, html};

use super::titled;
use super::words::tuning;
use crate::format::{NONE, capital, clean, count, duration, paragraph, percent, plural, sentence};
use crate::page::parts::{fold, said, wide};
use crate::training::{Task, TrainingReport};

/// More classes than this are folded away.
const MOST: usize = 20;

pub(super) fn section(report: &TrainingReport) -> Markup {
    let summary = &report.summary;
    let classes = || wide("Texts by class", classes(report));
    let words = |text: &str| {
        let text = paragraph(text);
        (!text.is_empty()).then_some(text)
    };
    titled(
        "method",
        "Data and method",
        html! {
            dl.method {
                @if !summary.sources.is_empty() {
                    dt { (if summary.sources.len() == 1 { "Source" } else { "Sources" }) }
                    dd { @for (i, source) in summary.sources.iter().enumerate() { @if i > 0 { ", " } (said(source)) } }
                }
                @if let Some(model) = words(&summary.model) { dt { "Model" } dd { bdi { (model) } } }
                @if clean(&summary.tuning) != NONE { dt { "Trained" } dd { bdi { (capital(&tuning(&summary.tuning))) } } }
                dt { "Texts" }
                dd {
                    (count(summary.training_texts)) " trained on, " (count(summary.held_out_texts)) " held out"
                    @if let Some(split) = words(&summary.split) { ". " bdi { (sentence(&split)) } }
                }
                dt { "Took" }
                dd {
                    (plural(summary.epochs, "epoch", "epochs")) ", " (plural(summary.steps, "step", "steps"))
                    @if summary.seconds > 0.0 { ", " (duration(summary.seconds)) }
                }
                @if let Some(device) = words(&summary.device) { dt { "Device" } dd { bdi { (device) } } }
            }
            @if !summary.settings.is_empty() {
                h3 { "Settings" }
                (wide("Settings", settings(report)))
            }
            @if !report.classes.is_empty() {
                h3 { @if report.task == Task::Multilabel { "Texts by label" } @else { "Texts by class" } }
                @if report.classes.len() > MOST { (fold(&format!("All {} as a table", count(report.classes.len() as u64)), classes())) }
                @else { (classes()) }
            }
            @if !report.notes.is_empty() {
                h3 { "Notes" }
                ul { @for note in &report.notes { li { bdi { (sentence(&paragraph(note))) } } } }
            }
        },
    )
}

fn settings(report: &TrainingReport) -> Markup {
    html! {
        table.counts {
            caption.sr { "What it was trained with" }
            thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } } }
            tbody {
                @for setting in &report.summary.settings {
                    tr { th scope="row" { bdi { (capital(&clean(&setting.name))) } } td { (said(&setting.value)) } }
                }
            }
        }
    }
}

fn classes(report: &TrainingReport) -> Markup {
    let (training, held_out) = (report.summary.training_texts, report.summary.held_out_texts);
    html! {
        table.counts {
            caption.sr { "Texts of each class, and their share" }
            thead {
                tr {
                    th scope="col" { @if report.task == Task::Multilabel { "Label" } @else { "Class" } }
                    th.right scope="col" { "Trained on" }
                    th.right scope="col" { "Share" }
                    th.right scope="col" { "Held out" }
                    th.right scope="col" { "Share" }
                }
            }
            tbody {
                @for class in &report.classes {
                    tr {
                        th scope="row" { (said(&class.name)) }
                        td.right { (count(class.training)) }
                        td.right { (percent(class.training as f64 / training as f64)) }
                        td.right { (count(class.held_out)) }
                        td.right { (percent(class.held_out as f64 / held_out as f64)) }
                    }
                }
            }
        }
    }
}
