//! How the number of groups was found.

use maud::{Markup, html};

use super::marker::fix;
use super::parts::{fold, wide};
use super::scale::{Scale, ticks};
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
    const SIZE: (f64, f64) = (480.0, 250.0);
    let values = || plot.points.iter().map(|point| point.1);
    let (Some(first), Some(last)) = (
        plot.points.iter().map(|point| point.0).min(),
        plot.points.iter().map(|point| point.0).max(),
    ) else {
        return html! {};
    };
    let low = values().fold(0.0, f64::min);
    let high = if plot.full {
        1.0
    } else {
        values().fold(0.0, f64::max)
    };
    let marks = ticks(low, high, 4);
    let (bottom, top) = (marks[0], marks[marks.len() - 1]);
    let decimals = if top - bottom < 0.3 { 2 } else { 1 };
    let x = Scale::new((first as f64, last as f64), (62.0, SIZE.0 - 24.0));
    let y = Scale::new((bottom, top), (SIZE.1 - 48.0, 32.0));
    let every = (last - first).div_ceil(9).max(1);
    let chosen = plot.points.iter().find(|point| point.0 == plot.chosen);
    let mut line = String::new();
    for (i, (k, value)) in plot.points.iter().enumerate() {
        let step = if i == 0 { 'M' } else { 'L' };
        line.push_str(&format!(
            "{step}{} {}",
            fix(x.at(*k as f64)),
            fix(y.at(*value))
        ));
    }
    html! {
        figure.panel {
            figcaption { (plot.name) " by number of groups" }
            svg viewBox={ "0 0 " (fix(SIZE.0)) " " (fix(SIZE.1)) } role="img" aria-labelledby={ (plot.id) "-name " (plot.id) "-text" } {
                title id={ (plot.id) "-name" } { (plot.name) " by number of groups" }
                desc id={ (plot.id) "-text" } {
                    @for (i, (k, value)) in plot.points.iter().enumerate() {
                        @if i > 0 { "; " }
                        (k) " groups: " (number(*value, 3))
                    }
                    @if let Some((level, what)) = plot.mark { ". " (what) ": " (number(level, 2)) }
                    ". Chosen: " (plot.chosen) "."
                }
                @for mark in &marks {
                    @let at = fix(y.at(*mark));
                    line.grid x1="48" x2=(fix(SIZE.0 - 12.0)) y1=(at) y2=(at) {}
                    text.tick x="42" y=(at) dy="0.35em" text-anchor="end" { (number(*mark, decimals)) }
                }
                @for k in (first..=last).step_by(every) {
                    text.tick x=(fix(x.at(k as f64))) y=(fix(SIZE.1 - 26.0)) text-anchor="middle" { (k) }
                }
                text.tick x=(fix((62.0 + SIZE.0 - 24.0) / 2.0)) y=(fix(SIZE.1 - 6.0)) text-anchor="middle" { "number of groups" }
                @if let Some((k, value)) = chosen {
                    @let at = x.at(*k as f64);
                    line.chosen x1=(fix(at)) x2=(fix(at)) y1="24" y2=(fix(SIZE.1 - 44.0)) {}
                    @let (anchor, at) = beside(at, SIZE.0);
                    text.strong x=(fix(at)) y="16" text-anchor=(anchor) { (k) " chosen: " (number(*value, 2)) }
                }
                @if let Some((level, what)) = plot.mark {
                    @let at = fix(y.at(level));
                    line.chosen x1="48" x2=(fix(SIZE.0 - 12.0)) y1=(at) y2=(at) {}
                    text.tick x=(fix(SIZE.0 - 12.0)) y=(fix(y.at(level) - 5.0)) text-anchor="end" { (what) " " (number(level, 2)) }
                }
                path.line d=(line) {}
                @for (k, value) in &plot.points {
                    circle class=(if *k == plot.chosen { "dot picked" } else { "dot" })
                        cx=(fix(x.at(*k as f64))) cy=(fix(y.at(*value))) r=(if *k == plot.chosen { "6" } else { "4" }) {}
                }
            }
        }
    }
}

/// Where the words over a line start, so that they stay in the picture.
fn beside(at: f64, width: f64) -> (&'static str, f64) {
    match at / width {
        part if part < 0.3 => ("start", (at - 10.0).max(2.0)),
        part if part > 0.75 => ("end", (at + 10.0).min(width - 2.0)),
        _ => ("middle", at),
    }
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
