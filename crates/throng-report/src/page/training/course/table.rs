//! All epochs as a table.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::kept;
use crate::format::{NONE, count};
use crate::page::training::words::{inside, label, ordered, said};
use crate::training::TrainingReport;

pub(super) fn table(report: &TrainingReport) -> Markup {
    let names: BTreeMap<&String, ()> = report
        .epochs
        .iter()
        .flat_map(|epoch| epoch.measures.keys().map(|name| (name, ())))
        .collect();
    let names = ordered(names);
    let best = kept(report).map(|epoch| epoch.epoch);
    let valid = report
        .epochs
        .iter()
        .any(|epoch| epoch.validation_loss.is_some());
    // What was not measured is no undefined figure.
    let given = |value: Option<Option<f64>>| value.map_or_else(|| NONE.to_owned(), said);
    html! {
        table {
            caption {
                "Losses and measures after each epoch"
                @if let Some(best) = &report.best { "; the epoch with the best " (inside(&best.measure)) " was kept" }
            }
            thead {
                tr {
                    th scope="col" { "Epoch" }
                    th.right scope="col" { "Last step" }
                    th.right scope="col" { "Training loss" }
                    @if valid { th.right scope="col" { "Validation loss" } }
                    @for (name, ()) in &names { th.right scope="col" { bdi { (label(name)) } } }
                }
            }
            tbody {
                @for epoch in &report.epochs {
                    tr.picked[best == Some(epoch.epoch)] {
                        th scope="row" { (epoch.epoch) @if best == Some(epoch.epoch) { " (kept)" } }
                        td.right { (count(epoch.step)) }
                        td.right { (said(Some(epoch.loss))) }
                        @if valid { td.right { (given(epoch.validation_loss.map(Some))) } }
                        @for (name, ()) in &names { td.right { (given(epoch.measures.get(*name).copied())) } }
                    }
                }
            }
        }
    }
}
