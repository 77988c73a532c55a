//! The users on the plane of the first two principal components.

mod labels;

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::marker::{Marker, class, fix};
use super::parts::{fold, label, name, wide};
use crate::format::{count, number, percent};
use crate::{Point, Report};

/// Most points drawn; a browser stays quick, and more would only cover each other.
const MOST: usize = 5000;
/// The picture's width and margin, in its own units.
const WIDTH: f64 = 720.0;
const MARGIN: f64 = 22.0;

pub(super) fn section(report: &Report) -> Markup {
    if report.map.points.is_empty() {
        return html! {};
    }
    let shown = sample(&report.map.points);
    let drawn = shown.len() as u64;
    let clusters = by_cluster(&shown);
    let explained = report.map.explained;
    html! {
        section #map aria-labelledby="map-title" {
            h2 #map-title { "The map" }
            p {
                "Each mark is a user, and users who behave alike lie close together. The map is a flat shadow of a space with many more directions: "
                "its two axes keep " strong { (percent(explained[0] + explained[1])) } " of the variation, so groups that overlap here can still be apart."
            }
            figure.map {
                @if drawn > 0 { (picture(report, &clusters)) }
                @else { p { "No user has a place on the map." } }
                figcaption {
                    span { "→ first component, " (percent(explained[0])) " of the variation" }
                    span { "↑ second component, " (percent(explained[1])) }
                    span { (count(drawn)) " of " (count(report.map.shown_of.max(drawn))) " users shown" }
                }
            }
            ul.legend {
                @for &cluster in clusters.keys() { li { (label(report, cluster)) } }
            }
            (fold("The map as a table", wide("The map as a table", table(report, &clusters))))
        }
    }
}

/// At most [`MOST`] of the points that have a place, evenly taken.
fn sample(points: &[Point]) -> Vec<&Point> {
    let placed: Vec<&Point> = points
        .iter()
        .filter(|p| p.x.is_finite() && p.y.is_finite())
        .collect();
    let step = placed.len().div_ceil(MOST).max(1);
    placed.into_iter().step_by(step).collect()
}

type Places = BTreeMap<u32, Vec<(f64, f64)>>;

fn by_cluster(points: &[&Point]) -> Places {
    let mut clusters = Places::new();
    for point in points {
        let place = (f64::from(point.x), f64::from(point.y));
        clusters.entry(point.cluster).or_default().push(place);
    }
    clusters
}

fn middle(places: &[(f64, f64)]) -> (f64, f64) {
    let n = places.len().max(1) as f64;
    let sum = places
        .iter()
        .fold((0.0, 0.0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
    (sum.0 / n, sum.1 / n)
}

/// One unit is the same length on both axes, since distances are what the map is for.
struct Frame {
    height: f64,
    unit: f64,
    centre: (f64, f64),
}

impl Frame {
    fn new(clusters: &Places) -> Self {
        let places = || clusters.values().flatten();
        let range = |axis: fn(&(f64, f64)) -> f64| {
            places()
                .map(axis)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                    (low.min(v), high.max(v))
                })
        };
        let (x, y) = (range(|p| p.0), range(|p| p.1));
        let (wide, tall) = (x.1 - x.0, y.1 - y.0);
        let room = WIDTH - 2.0 * MARGIN;
        let part = if wide > 0.0 {
            (tall / wide).clamp(0.45, 0.8)
        } else {
            0.6
        };
        let unit = (room / wide).min(room * part / tall);
        Self {
            height: room * part + 2.0 * MARGIN,
            unit: if unit.is_finite() { unit } else { 0.0 },
            centre: ((x.0 + x.1) / 2.0, (y.0 + y.1) / 2.0),
        }
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (
            WIDTH / 2.0 + (x - self.centre.0) * self.unit,
            self.height / 2.0 - (y - self.centre.1) * self.unit,
        )
    }
}

fn picture(report: &Report, clusters: &Places) -> Markup {
    let frame = Frame::new(clusters);
    let total: usize = clusters.values().map(Vec::len).sum();
    let r = match total {
        0..=400 => 4.5,
        401..=1500 => 3.6,
        _ => 2.8,
    };
    // Large groups first, so that small ones lie on top.
    let mut order: Vec<(&u32, &Vec<(f64, f64)>)> = clusters.iter().collect();
    order.sort_by_key(|(cluster, places)| (std::cmp::Reverse(places.len()), **cluster));
    let anchors: Vec<(f64, f64)> = clusters
        .values()
        .map(|places| frame.at(middle(places)))
        .collect();
    let spots = labels::spread(&anchors, (WIDTH, frame.height));
    let title = format!(
        "Map of {} users in {} groups",
        count(total as u64),
        clusters.len()
    );
    html! {
        svg viewBox={ "0 0 " (fix(WIDTH)) " " (fix(frame.height)) } role="img" aria-labelledby="map-name map-text" {
            title #map-name { (title) }
            desc #map-text {
                "Users by the first two principal components. Centres, first and second component: "
                @for (i, (cluster, places)) in clusters.iter().enumerate() {
                    @if i > 0 { "; " }
                    @let (x, y) = middle(places);
                    (name(report, *cluster)) " at " (number(x, 2)) ", " (number(y, 2))
                }
                "."
            }
            @let (x, y) = frame.at((0.0, 0.0));
            @if (0.0..=WIDTH).contains(&x) { line.axis x1=(fix(x)) x2=(fix(x)) y1="0" y2=(fix(frame.height)) {} }
            @if (0.0..=frame.height).contains(&y) { line.axis x1="0" x2=(fix(WIDTH)) y1=(fix(y)) y2=(fix(y)) {} }
            @for (cluster, places) in &order {
                path class={ "mark dots " (class(**cluster)) } d=(dots(**cluster, places, &frame, r)) {}
            }
            @for ((cluster, anchor), spot) in clusters.keys().zip(&anchors).zip(&spots) {
                g class={ "tag " (class(*cluster)) } {
                    @if labels::apart(*anchor, *spot) {
                        line x1=(fix(anchor.0)) y1=(fix(anchor.1)) x2=(fix(spot.0)) y2=(fix(spot.1)) {}
                    }
                    circle cx=(fix(spot.0)) cy=(fix(spot.1)) r="12" {}
                    text x=(fix(spot.0)) y=(fix(spot.1)) dy="0.35em" { (cluster) }
                }
            }
        }
    }
}

fn dots(cluster: u32, places: &[(f64, f64)], frame: &Frame, r: f64) -> String {
    let marker = Marker::new(cluster, r);
    let mut path = String::new();
    for place in places {
        let (x, y) = frame.at(*place);
        marker.stamp(&mut path, x, y);
    }
    path
}

fn table(report: &Report, clusters: &Places) -> Markup {
    html! {
        table {
            caption { "Where the groups lie: the mean of the users shown" }
            thead {
                tr {
                    th scope="col" { "Group" }
                    th.right scope="col" { "Users shown" }
                    th.right scope="col" { "First component" }
                    th.right scope="col" { "Second component" }
                }
            }
            tbody {
                @for (cluster, places) in clusters {
                    @let (x, y) = middle(places);
                    tr {
                        th scope="row" { (label(report, *cluster)) }
                        td.right { (count(places.len() as u64)) }
                        td.right { (number(x, 2)) }
                        td.right { (number(y, 2)) }
                    }
                }
            }
        }
    }
}
