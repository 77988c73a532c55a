//! The first look: what was trained, what it is worth, and what to mind.

use maud::{Markup, html};

use super::words::{
    against, baseline, defined, inside, interval, known, label, majority, ordered, said, tuning,
    why,
};
use super::{kind, titled};
use crate::format::{NONE, clean, count, duration, figure, paragraph, percent, plural, sentence};
use crate::page::parts::{said as text, tile, wide};
use crate::training::{Measure, Task, TrainingReport};

/// Measures with a tile of their own.
const TILES: usize = 4;
/// Names in a sentence; the rest is counted.
const NAMED: usize = 6;

/// One sentence on what was trained, and how good it is.
pub(super) fn lede(report: &TrainingReport) -> Markup {
    let summary = &report.summary;
    let model = clean(&summary.model);
    let classes = report.classes.len() as u64;
    html! {
        "A model "
        @if model != NONE { "from " bdi { (model) } ", " }
        "trained"
        @if summary.training_texts > 0 { " on " (plural(summary.training_texts, "text", "texts")) }
        @if classes > 0 { " of " (count(classes)) " " (kind(report.task, classes)) }
        @if summary.seconds > 0.0 { " in " (duration(summary.seconds)) }
        @if let Some((name, measure)) = first(report) {
            ". On " @if summary.held_out_texts > 0 { (plural(summary.held_out_texts, "held-out text", "held-out texts")) } @else { "held-out texts" }
            " its " (inside(name)) " is " strong { (said(measure.value)) }
            @if let Some(base) = defined(measure.baseline) { ", where " (baseline(report.task)) " gets " (figure(base)) }
        }
        "."
    }
}

/// The measure that decided, or else the first one.
fn first(report: &TrainingReport) -> Option<(&str, &Measure)> {
    let decided = report.best.as_ref().map(|best| best.measure.as_str());
    decided
        .and_then(|name| report.measures.get_key_value(name))
        .map(|(name, measure)| (name.as_str(), measure))
        .or_else(|| ordered(&report.measures).into_iter().next())
}

pub(super) fn section(report: &TrainingReport) -> Markup {
    let measures = ordered(&report.measures);
    let findings = findings(report);
    let cautions = cautions(report);
    titled(
        "overview",
        "Overview",
        html! {
            @if !measures.is_empty() {
                dl.tiles.open {
                    @for (name, measure) in measures.iter().take(TILES) {
                        (tile(&label(name), &said(measure.value), hint(report.task, name, measure)))
                    }
                }
            }
            @if !findings.is_empty() {
                h3 { "In words" }
                ul.findings { @for finding in &findings { li { (finding) } } }
            }
            @if !cautions.is_empty() {
                h3 { "What to mind" }
                ul.cautions { @for caution in &cautions { li { (caution) } } }
            }
            @if !measures.is_empty() {
                h3 { "All measures" }
                (wide("All measures", table(report, &measures)))
            }
        },
    )
}

/// The interval, and what there is to beat; or why there is no figure.
fn hint(task: Task, name: &str, measure: &Measure) -> Markup {
    let baseline = match task {
        Task::Regression => "the mean",
        Task::Multilabel => "one answer for all",
        Task::Binary | Task::Multiclass => "majority class",
    };
    html! {
        @if defined(measure.value).is_none() { (text(&why(name, measure))) }
        @else {
            @if let Some(ends) = interval(measure) { div { "95%: " (ends) } }
            @if let Some(value) = defined(measure.baseline) { div { (baseline) ": " (figure(value)) } }
        }
    }
}

fn findings(report: &TrainingReport) -> Vec<Markup> {
    let summary = &report.summary;
    let mut findings = Vec::new();
    if clean(&summary.tuning) != NONE {
        findings.push(html! {
            "Training changed " bdi { (tuning(&summary.tuning)) }
            @if let (Some(trained), Some(all)) = (summary.trained_parameters, summary.parameters) {
                ": " (count(trained)) " of " (plural(all, "parameter", "parameters"))
                @if all > 0 { " (" (percent(trained as f64 / all as f64)) ")" }
            }
            "."
        });
    }
    if let Some(best) = &report.best {
        findings.push(html! {
            "The model after epoch " strong { (best.epoch) }
            @if summary.epochs > 0 { " of " (count(summary.epochs)) }
            " was kept, for its " (inside(&best.measure)) " on the held-out texts"
            @if let Some(value) = defined(best.value) { ", " (figure(value)) }
            "."
        });
    }
    if let Some((name, measure)) = first(report)
        && let (Some(value), Some(base)) = (defined(measure.value), defined(measure.baseline))
    {
        findings.push(html! {
            (label(name)) ", " strong { (figure(value)) }
            @if let Some(ends) = interval(measure) { " (95% interval " (ends) ")" }
            ", is " (against(name, measure).unwrap_or("to be set against")) " that of " (baseline(report.task)) ", " (figure(base))
            "."
            @if let Some(class) = majority(report).filter(|_| report.task != Task::Multilabel) {
                " The majority class is “" (text(&class.name)) "”"
                @if summary.training_texts > 0 { ", " (percent(class.training as f64 / summary.training_texts as f64)) " of the training texts" }
                "."
            }
        });
    }
    if let Some(stopped) = &summary.stopped {
        findings.push(html! {
            "Training ended after " (plural(summary.epochs, "epoch", "epochs"))
            @if summary.planned_epochs > 0 { " of " (count(summary.planned_epochs)) }
            ". " bdi { (sentence(&paragraph(stopped))) }
        });
    }
    if overfits(report) {
        findings.push(html! {
            "After the kept epoch the training loss fell further while the validation loss rose: more epochs of this kind learn the training texts by heart."
        });
    }
    findings
}

/// Whether the last epoch has a lower training loss and a clearly higher validation loss than the kept one.
fn overfits(report: &TrainingReport) -> bool {
    const CLEARLY: f64 = 1.02;
    let kept = report
        .best
        .as_ref()
        .and_then(|best| report.epochs.iter().find(|epoch| epoch.epoch == best.epoch));
    let (Some(kept), Some(last)) = (kept, report.epochs.last()) else {
        return false;
    };
    match (defined(kept.validation_loss), defined(last.validation_loss)) {
        (Some(then), Some(now)) => now > CLEARLY * then && last.loss < kept.loss,
        _ => false,
    }
}

fn cautions(report: &TrainingReport) -> Vec<Markup> {
    let mut cautions = Vec::new();
    let skipped = report.cautions.skipped_steps;
    if skipped > 0 {
        cautions.push(html! {
            (plural(skipped, "step was", "steps were")) " left out"
            @if report.summary.steps > 0 { " of " (count(report.summary.steps)) }
            ", because the loss or a gradient was not finite; the model stayed as it was."
        });
    }
    let absent: Vec<&str> = report
        .classes
        .iter()
        .filter(|class| class.held_out == 0)
        .map(|class| class.name.as_str())
        .collect();
    if !absent.is_empty() {
        cautions.push(html! {
            "No held-out text is of " (kind(report.task, absent.len() as u64)) " "
            @for (i, name) in absent.iter().take(NAMED).enumerate() { @if i > 0 { ", " } "“" (text(name)) "”" }
            @if absent.len() > NAMED { " and " (count((absent.len() - NAMED) as u64)) " more" }
            ": how it does there is not known, and averages over the " (kind(report.task, 2)) " do not tell."
        });
    }
    if let Some(cut) = report.cautions.truncated.filter(|cut| cut.count > 0) {
        cautions.push(html! {
            (count(cut.count)) " of " (plural(cut.of, "text", "texts"))
            @if cut.of > 0 { " (" (percent(cut.count as f64 / cut.of as f64)) ")" }
            @if cut.count == 1 { " was longer than " } @else { " were longer than " }
            (plural(cut.max_length, "token", "tokens")) " and cut there: the classifier saw no more of them."
        });
    }
    cautions
}

fn table(report: &TrainingReport, measures: &[(&str, &Measure)]) -> Markup {
    let intervals = measures.iter().any(|(_, one)| interval(one).is_some());
    let baselines = measures
        .iter()
        .any(|(_, one)| defined(one.baseline).is_some());
    html! {
        table.measures {
            caption {
                "The kept model on the held-out texts, by the definitions of scikit-learn."
                @if baselines { " Beside it what one gets with " (baseline(report.task)) "." }
            }
            thead {
                tr {
                    th scope="col" { "Measure" }
                    th.right scope="col" { "Value" }
                    @if intervals { th.right scope="col" { "95% interval" } }
                    @if baselines { th.right scope="col" { "To beat" } }
                    th scope="col" { "Better" }
                    th scope="col" { "What it says" }
                }
            }
            tbody {
                @for (name, measure) in measures {
                    @let known = known(name);
                    tr {
                        th scope="row" { (text(&label(name))) }
                        td.right { strong { (said(measure.value)) } }
                        @if intervals { td.right { (interval(measure).unwrap_or_else(|| NONE.to_owned())) } }
                        @if baselines { td.right { (defined(measure.baseline).map_or_else(|| NONE.to_owned(), figure)) } }
                        td { (known.map_or(NONE, |known| if known.loss { "lower" } else { "higher" })) }
                        td {
                            @if defined(measure.value).is_none() { "Undefined: " (text(&why(name, measure))) }
                            @else { (known.map_or(NONE, |known| known.meaning)) }
                        }
                    }
                }
            }
        }
    }
}
