//! Where the figures come from.

use maud::{Markup, html};

use super::parts::{said, wide};
use super::words::{rate_meaning, reason};
use crate::format::{clean, count, paragraph, percent, plural, sentence};
use crate::{Count, Report};

pub(super) fn section(report: &Report) -> Markup {
    let summary = &report.summary;
    let dropped: u64 = summary.dropped.iter().map(|reason| reason.count).sum();
    html! {
        section #method aria-labelledby="method-title" {
            h2 #method-title { "Data and method" }
            dl.method {
                dt { (if summary.sources.len() == 1 { "Source" } else { "Sources" }) }
                dd { @for (i, source) in summary.sources.iter().enumerate() { @if i > 0 { ", " } (said(source)) } @if summary.sources.is_empty() { "–" } }
                dt { "Columns" }
                dd { bdi { (paragraph(&summary.columns)) } }
                @if let Some(meaning) = rate_meaning(&summary.conversion) {
                    dt { "Conversion" }
                    dd { bdi { (sentence(&clean(meaning))) } }
                }
                dt { "Encoder" }
                dd { bdi { (paragraph(&summary.encoder)) } }
                dt { "Device" }
                dd { bdi { (paragraph(&summary.device)) } }
            }
            h3 { "Rows left out" }
            p {
                (plural(summary.rows, "row was", "rows were")) " read"
                @if dropped == 0 { ", and none was left out." }
                @else { "; " (count(dropped)) " (" (percent(dropped as f64 / summary.rows as f64)) ") were left out:" }
            }
            @if dropped > 0 { (counts("Rows left out, by reason", "Reason", "Rows", &in_words(&summary.dropped), summary.rows)) }
            @if !summary.actions.is_empty() {
                h3 { "What users did" }
                (counts("Events by action", "Action", "Events", &summary.actions, summary.events))
            }
            @if !report.notes.is_empty() {
                h3 { "Notes" }
                ul { @for note in &report.notes { li { bdi { (sentence(&paragraph(note))) } } } }
            }
            h3 { "How to read the bars" }
            p {
                "“3.0×” means that the odds of something are three times those among the other users. The estimate is pulled towards 1× by a prior, "
                "so that rare things do not shout (log-odds with a Dirichlet prior: Monroe, Colaresi and Quinn, 2008). The two shares beside it say how common it is in the group and among all users."
            }
        }
    }
}

fn counts(caption: &str, what: &str, of: &str, counts: &[Count], total: u64) -> Markup {
    wide(
        caption,
        html! {
            table.counts {
                caption.sr { (caption) }
                thead { tr { th scope="col" { (what) } th.right scope="col" { (of) } th.right scope="col" { "Share" } } }
                tbody {
                    @for one in counts {
                        tr {
                            th scope="row" { (said(&one.name)) }
                            td.right { (count(one.count)) }
                            td.right { (percent(one.count as f64 / total as f64)) }
                        }
                    }
                }
            }
        },
    )
}

/// The counts with their reasons in words.
fn in_words(reasons: &[Count]) -> Vec<Count> {
    let words = |one: &Count| Count {
        name: reason(&one.name),
        count: one.count,
    };
    reasons.iter().map(words).collect()
}
