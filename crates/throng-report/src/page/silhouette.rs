//! The silhouette plot: a band of users a group, by how clearly each belongs (Rousseeuw 1987).

use maud::{Markup, html};

use super::marker::{class, fix};
use super::parts::{cohort, fold, label, name, wide};
use super::scale::{Scale, ticks};
use crate::format::{number, percent};
use crate::{Report, SilhouetteBand};

/// Width of a band in its own units; it is stretched to the room there is.
const WIDTH: f64 = 1000.0;
/// Heights of the smallest and the largest group's band, in pixels.
const HEIGHTS: (f64, f64) = (18.0, 96.0);

pub(super) fn section(report: &Report) -> Markup {
    if report.silhouette.is_empty() {
        return html! {};
    }
    let marks = axis(&report.silhouette);
    let x = Scale::new((marks[0], marks[marks.len() - 1]), (0.0, WIDTH));
    let average = report.summary.silhouette_score;
    let largest = report
        .silhouette
        .iter()
        .map(|band| size(report, band))
        .fold(1.0, f64::max);
    html! {
        section #silhouette aria-labelledby="silhouette-title" {
            h2 #silhouette-title { "How distinct the groups are" }
            p {
                "Each band is a group, its users ordered from the surest member to the least sure. A band far to the right is a group of its own; "
                "what reaches left of zero are users who would fit another group as well. "
                @if average.is_finite() { "The dashed line is the average, " strong { (number(average, 2)) } "." }
            }
            div.bands {
                @for band in &report.silhouette {
                    div.band {
                        div.who { (label(report, band.cluster)) }
                        (picture(report, band, &x, &marks, HEIGHTS.0 + (HEIGHTS.1 - HEIGHTS.0) * size(report, band) / largest))
                        div.right { (number(band.mean, 2)) }
                    }
                }
                div.band.scale aria-hidden="true" {
                    div.who {}
                    svg.ticks {
                        @for (i, mark) in marks.iter().enumerate() {
                            @let anchor = if i == 0 { "start" } else if i + 1 == marks.len() { "end" } else { "middle" };
                            text x={ (fix(x.at(*mark) / 10.0)) "%" } y="14" text-anchor=(anchor) { (number(*mark, 1)) }
                        }
                    }
                    div.right { "mean" }
                }
            }
            (fold("The silhouettes as a table", wide("The silhouettes as a table", table(report))))
        }
    }
}

/// Round ticks from the lowest value, or zero, to the highest.
fn axis(bands: &[SilhouetteBand]) -> Vec<f64> {
    let values = || bands.iter().flat_map(finite);
    let low = values().fold(0.0, f64::min).max(-1.0);
    let high = values().fold(0.0, f64::max).min(1.0);
    ticks(low, high, 6)
}

fn finite(band: &SilhouetteBand) -> impl Iterator<Item = f64> {
    band.values
        .iter()
        .map(|v| f64::from(*v))
        .filter(|v| v.is_finite())
}

fn size(report: &Report, band: &SilhouetteBand) -> f64 {
    cohort(report, band.cluster).map_or(band.values.len() as f64, |cohort| cohort.size as f64)
}

fn picture(
    report: &Report,
    band: &SilhouetteBand,
    x: &Scale,
    marks: &[f64],
    height: f64,
) -> Markup {
    let values: Vec<f64> = finite(band).collect();
    let (zero, average) = (fix(x.at(0.0)), report.summary.silhouette_score);
    let step = height / values.len().max(1) as f64;
    let mut area = format!("M{zero} 0");
    for (i, value) in values.iter().enumerate() {
        area.push_str(&format!(
            "H{}V{}",
            fix(x.at(value.clamp(-1.0, 1.0))),
            fix(step * (i + 1) as f64)
        ));
    }
    area.push_str(&format!("H{zero}z"));
    let (highest, lowest) = (values.first().copied(), values.last().copied());
    html! {
        svg class={ "area " (class(band.cluster)) } viewBox={ "0 0 " (fix(WIDTH)) " " (fix(height)) } preserveAspectRatio="none"
            style={ "height:" (fix(height)) "px" } role="img" aria-labelledby={ "band-" (band.cluster) } {
            title id={ "band-" (band.cluster) } {
                "Silhouettes of " (name(report, band.cluster)) ": mean " (number(band.mean, 2)) ", from "
                (number(lowest.unwrap_or(f64::NAN), 2)) " to " (number(highest.unwrap_or(f64::NAN), 2))
            }
            @for mark in marks { line.grid x1=(fix(x.at(*mark))) x2=(fix(x.at(*mark))) y1="0" y2=(fix(height)) {} }
            @if !values.is_empty() { path.mark d=(area) {} }
            line.zero x1=(zero) x2=(zero) y1="0" y2=(fix(height)) {}
            @if average.is_finite() {
                @let at = fix(x.at(average));
                line.average x1=(at) x2=(at) y1="0" y2=(fix(height)) {}
            }
        }
    }
}

fn table(report: &Report) -> Markup {
    html! {
        table {
            caption { "Silhouettes by group. Lowest, median, highest and the share below zero are of the users in the plot." }
            thead {
                tr {
                    th scope="col" { "Group" }
                    th.right scope="col" { "Mean" }
                    th.right scope="col" { "Lowest" }
                    th.right scope="col" { "Median" }
                    th.right scope="col" { "Highest" }
                    th.right scope="col" { "Below zero" }
                }
            }
            tbody {
                @for band in &report.silhouette {
                    @let values = sorted(band);
                    @let at = |i: usize| values.get(i).copied().unwrap_or(f64::NAN);
                    @let below = values.iter().filter(|v| **v < 0.0).count() as f64 / values.len() as f64;
                    tr {
                        th scope="row" { (label(report, band.cluster)) }
                        td.right { (number(band.mean, 3)) }
                        td.right { (number(at(0), 3)) }
                        td.right { (number(median(&values), 3)) }
                        td.right { (number(at(values.len().wrapping_sub(1)), 3)) }
                        td.right { (percent(below)) }
                    }
                }
            }
        }
    }
}

fn sorted(band: &SilhouetteBand) -> Vec<f64> {
    let mut values: Vec<f64> = finite(band).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    match n {
        0 => f64::NAN,
        _ => (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert!(median(&[]).is_nan());
        assert_eq!(median(&[2.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 8.0]), 3.0);
    }
}
