//! How the number of groups was found.

use maud::{Markup, html};

use super::chart::{Axis, Chart};
use super::parts::{fold, wide};
use super::words::{FOUND_AND_APART, SILHOUETTE, STABILITY};
use crate::format::{number, paragraph, plural, sentence, short};
use crate::{Candidate, Report, Selection};

pub(super) fn section(report: &Report) -> Markup {
    let selection = &report.selection;
    let plotted = selection.candidates.len() > 1;
    html! {
        section #choice aria-labelledby="choice-title" {
            h2 #choice-title { "Why " (plural(selection.chosen as u64, "group", "groups")) "?" }
            @if selection.searched {
                p { "We tried " (plural(selection.candidates.len() as u64, "number", "numbers")) " of groups and took " strong { (selection.chosen) } "." }
            } @else {
                p { "The number of groups was given, so no other number was tried." }
            }
            @if !selection.reasons.is_empty() {
                ul { @for reason in &selection.reasons { li { bdi { (sentence(&paragraph(reason))) } } } }
            }
            @if plotted {
                div.panels {
                    @for one in plots(selection) { (plot(&one)) }
                }
            }
            p.quiet { (SILHOUETTE) }
            @if report.summary.stability.is_some() { p.quiet { (STABILITY) } }
            @if selection.marks.is_some() { p.quiet { (FOUND_AND_APART) } }
            @if !selection.candidates.is_empty() {
                (fold("All measures as a table", wide("All measures as a table", table(selection))))
            }
        }
    }
}

/// What decides comes first.
fn plots(selection: &Selection) -> impl Iterator<Item = Plot> {
    let chosen = selection.chosen;
    let new = |id, name, measure, mark, full| Plot {
        id,
        name,
        points: finite(selection, measure),
        chosen,
        mark,
        full,
    };
    let least = selection.marks.map(|marks| (marks.recovery, "needed"));
    let most = selection.marks.map(|marks| (marks.valley, "allowed"));
    let all = [
        new("plot-recovery", "Found again", |c| c.recovery, least, true),
        new("plot-valley", "Density between", |c| c.valley, most, true),
        new("plot-stability", "Stability", |c| c.stability, None, true),
        new(
            "plot-silhouette",
            "Silhouette",
            |c| Some(c.silhouette_score),
            None,
            false,
        ),
    ];
    all.into_iter().filter(|plot| !plot.points.is_empty())
}

fn finite(selection: &Selection, measure: fn(&Candidate) -> Option<f64>) -> Vec<(usize, f64)> {
    let measured = selection
        .candidates
        .iter()
        .filter_map(|one| Some((one.k, measure(one)?)));
    measured.filter(|(_, value)| value.is_finite()).collect()
}

struct Plot {
    id: &'static str,
    name: &'static str,
    points: Vec<(usize, f64)>,
    chosen: usize,
    /// A level to meet, and what it is.
    mark: Option<(f64, &'static str)>,
    /// Whether the axis goes to 1 whatever the values.
    full: bool,
}

/// One measure over the number of groups. The axis starts at zero, so that small differences look small.
fn plot(plot: &Plot) -> Markup {
    let values = || plot.points.iter().map(|point| point.1);
    let (Some(first), Some(last)) = (
        plot.points.iter().map(|point| point.0 as u64).min(),
        plot.points.iter().map(|point| point.0 as u64).max(),
    ) else {
        return html! {};
    };
    let low = values().fold(0.0, f64::min);
    let high = if plot.full {
        1.0
    } else {
        values().fold(0.0, f64::max)
    };
    let chart = Chart::wide(
        plot.id,
        Axis::whole("number of groups", first, last, 9),
        Axis::covering("", low, high, 4),
    );
    let points = || plot.points.iter().map(|(k, value)| (*k as f64, *value));
    let chosen = plot.points.iter().find(|point| point.0 == plot.chosen);
    let words: Vec<String> = plot
        .points
        .iter()
        .map(|(k, value)| format!("{k} groups: {}", number(*value, 3)))
        .collect();
    let mark = plot.mark.map_or_else(String::new, |(level, what)| {
        format!(" {what}: {}.", number(level, 2))
    });
    let chosen_words = |value: f64| format!("{} chosen: {}", plot.chosen, number(value, 2));
    chart.draw(
        &format!("{} by number of groups", plot.name),
        &format!("{}.{mark} Chosen: {}.", words.join("; "), plot.chosen),
        html! {
            @if let Some((k, value)) = chosen { (chart.upright(*k as f64, &chosen_words(*value))) }
            @if let Some((level, what)) = plot.mark { (chart.level(level, &format!("{what} {}", number(level, 2)))) }
            (chart.points(points(), |k| k == plot.chosen as f64))
        },
    )
}

fn table(selection: &Selection) -> Markup {
    html! {
        table {
            caption {
                "Higher is better for found again, silhouette, Calinski-Harabasz, stability and balance (1 is all groups of equal size); lower for density between and Davies-Bouldin. "
                "Inertia always falls with more groups."
            }
            thead {
                tr {
                    th scope="col" { "Groups" }
                    th.right scope="col" { "Found again" }
                    th.right scope="col" { "Density between" }
                    th.right scope="col" { "Silhouette" }
                    th.right scope="col" { "Stability" }
                    th.right scope="col" { "Calinski-Harabasz" }
                    th.right scope="col" { "Davies-Bouldin" }
                    th.right scope="col" { "Balance" }
                    th.right scope="col" { "Inertia" }
                }
            }
            tbody {
                @for candidate in &selection.candidates {
                    tr.picked[candidate.k == selection.chosen] {
                        th scope="row" {
                            (candidate.k)
                            @if candidate.k == selection.chosen { " (chosen)" }
                        }
                        td.right { (number(candidate.recovery.unwrap_or(f64::NAN), 3)) }
                        td.right { (number(candidate.valley.unwrap_or(f64::NAN), 3)) }
                        td.right { (number(candidate.silhouette_score, 3)) }
                        td.right { (number(candidate.stability.unwrap_or(f64::NAN), 3)) }
                        td.right { (short(candidate.calinski_harabasz_score)) }
                        td.right { (number(candidate.davies_bouldin_score, 3)) }
                        td.right { (number(candidate.balance, 3)) }
                        td.right { (short(candidate.inertia)) }
                    }
                }
            }
        }
    }
}
