//! A chart: a named picture with two axes. What is drawn in it is its caller's.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::marker::{Marker, class, fix};
use super::scale::{Scale, ticks};
use crate::format::{number, power};

/// Where the axes are, from the edges of the picture.
const LEFT: f64 = 48.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 48.0;
const TOP: f64 = 32.0;
/// Room beside the first and last values, so that their marks are whole.
const INSET: f64 = 14.0;
/// Width of a bar.
const BAR: f64 = 12.0;
/// A line goes on when it has moved by this much.
const MOVED: f64 = 0.7;
/// Nothing is drawn further away than this.
const FAR: f64 = 1e5;
/// No axis goes further than this.
const MOST: f64 = 1e300;

/// Values along one side of a chart.
pub(super) struct Axis {
    name: String,
    range: (f64, f64),
    marks: Vec<f64>,
    decimals: usize,
    /// What marks are written in units of.
    unit: f64,
}

impl Axis {
    /// Marks in about `steps` round steps from below `low` to above `high`.
    pub(super) fn covering(name: &str, low: f64, high: f64, steps: usize) -> Self {
        // Round numbers beyond the ends have to be numbers too.
        let marks = ticks(low.clamp(-MOST, MOST), high.clamp(-MOST, MOST), steps);
        Self::new(name, (marks[0], marks[marks.len() - 1]), marks)
    }

    /// From `low` to `high`, with whole numbers in round steps between them.
    pub(super) fn whole(name: &str, low: u64, high: u64, steps: usize) -> Self {
        let range = (low as f64, high as f64);
        let marks = ticks(range.0, range.1, steps);
        let inside =
            |mark: &f64| (mark - mark.round()).abs() < 1e-6 && *mark >= range.0 && *mark <= range.1;
        let mut marks: Vec<f64> = marks.into_iter().filter(inside).collect();
        if marks.is_empty() {
            marks.push(range.0);
        }
        Self {
            decimals: 0,
            unit: 1.0,
            ..Self::new(name, range, marks)
        }
    }

    fn new(name: &str, range: (f64, f64), marks: Vec<f64>) -> Self {
        let largest = range.0.abs().max(range.1.abs());
        let exponent = largest.log10().floor();
        // Marks of five digits and more, or of nothing but decimals, are shorter in powers of ten.
        let (unit, name) = if largest >= 1e4 || (largest > 0.0 && largest < 0.01) {
            let exponent = exponent as i32;
            (
                10_f64.powi(exponent),
                format!("{name}, × {}", power(exponent)),
            )
        } else {
            (1.0, name.to_owned())
        };
        let step = marks.windows(2).map(|pair| (pair[1] - pair[0]) / unit);
        let step = step.fold(f64::INFINITY, f64::min);
        let decimals = (0..4).find(|&d| step * 10_f64.powi(d) > 0.999);
        Self {
            name,
            range,
            marks,
            decimals: decimals.unwrap_or(4) as usize,
            unit,
        }
    }

    /// The first and the last value.
    pub(super) fn range(&self) -> (f64, f64) {
        self.range
    }

    fn written(&self, mark: f64) -> String {
        number(mark / self.unit, self.decimals)
    }
}

/// The frame of a chart.
pub(super) struct Chart {
    id: String,
    size: (f64, f64),
    axes: (Axis, Axis),
    scales: (Scale, Scale),
}

impl Chart {
    /// A chart of the size of most.
    pub(super) fn wide(id: &str, x: Axis, y: Axis) -> Self {
        Self::new(id, (480.0, 250.0), x, y)
    }

    /// A chart whose axes are of the same length.
    pub(super) fn square(id: &str, x: Axis, y: Axis) -> Self {
        Self::new(id, (440.0, 446.0), x, y)
    }

    /// A low chart, to stand beside a square one.
    pub(super) fn low(id: &str, x: Axis, y: Axis) -> Self {
        Self::new(id, (440.0, 160.0), x, y)
    }

    fn new(id: &str, size: (f64, f64), x: Axis, y: Axis) -> Self {
        let across = Scale::new(x.range, (LEFT + INSET, size.0 - RIGHT - INSET));
        let up = Scale::new(y.range, (size.1 - BOTTOM, TOP));
        Self {
            id: id.to_owned(),
            size,
            axes: (x, y),
            scales: (across, up),
        }
    }

    /// Where a point is; none where it cannot be drawn.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let (x, y) = (self.scales.0.at(x), self.scales.1.at(y));
        (x.abs() < FAR && y.abs() < FAR).then_some((x, y))
    }

    /// The picture, its name above it and a description for those who do not see it.
    pub(super) fn draw(&self, name: &str, description: &str, inside: Markup) -> Markup {
        let (width, height) = self.size;
        let (x, y) = &self.axes;
        html! {
            figure.panel {
                figcaption { (name) }
                svg viewBox={ "0 0 " (fix(width)) " " (fix(height)) } role="img" aria-labelledby={ (self.id) "-name " (self.id) "-text" } {
                    title id={ (self.id) "-name" } { (name) }
                    desc id={ (self.id) "-text" } { (description) }
                    @if !y.name.is_empty() { text.tick x="2" y="16" { (y.name) } }
                    @for mark in &y.marks {
                        @let at = fix(self.scales.1.at(*mark));
                        line.grid x1=(fix(LEFT)) x2=(fix(width - RIGHT)) y1=(at) y2=(at) {}
                        text.tick x=(fix(LEFT - 6.0)) y=(at) dy="0.35em" text-anchor="end" { (y.written(*mark)) }
                    }
                    @for mark in &x.marks {
                        text.tick x=(fix(self.scales.0.at(*mark))) y=(fix(height - BOTTOM + 22.0)) text-anchor="middle" { (x.written(*mark)) }
                    }
                    text.tick x=(fix((LEFT + width - RIGHT) / 2.0)) y=(fix(height - 6.0)) text-anchor="middle" { (x.name) }
                    (inside)
                }
            }
        }
    }

    /// A line through points, with a gap where one cannot be drawn.
    pub(super) fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        let (mut drawn, mut waiting): (Option<(f64, f64)>, _) = (None, None);
        for point in points {
            let Some(at) = self.at(point) else {
                close(&mut path, waiting.take());
                drawn = None;
                continue;
            };
            match drawn {
                None => step(&mut path, 'M', at),
                Some((x, y)) if (at.0 - x).hypot(at.1 - y) < MOVED => {
                    waiting = Some(at);
                    continue;
                }
                Some(_) => step(&mut path, 'L', at),
            }
            (drawn, waiting) = (Some(at), None);
        }
        close(&mut path, waiting);
        path
    }

    /// A line in the colour of a sign, with an edge that makes it plain on any paper.
    pub(super) fn curve(&self, sign: u32, points: impl Iterator<Item = (f64, f64)>) -> Markup {
        let path = self.path(points);
        html! {
            g class=(class(sign)) { path.casing d=(path) {} path.curve d=(path) {} }
        }
    }

    /// The marks of a sign at points.
    pub(super) fn marks(&self, sign: u32, points: impl Iterator<Item = (f64, f64)>) -> Markup {
        self.stamps(Marker::new(sign, 4.6), sign, points)
    }

    /// Many small marks.
    pub(super) fn dots(&self, sign: u32, points: impl Iterator<Item = (f64, f64)>) -> Markup {
        self.stamps(Marker::new(sign, 2.6), sign, points)
    }

    fn stamps(
        &self,
        marker: Marker,
        sign: u32,
        points: impl Iterator<Item = (f64, f64)>,
    ) -> Markup {
        let mut path = String::new();
        for (x, y) in points.filter_map(|point| self.at(point)) {
            marker.stamp(&mut path, x, y);
        }
        html! { path class={ "mark " (class(sign)) } d=(path) {} }
    }

    /// A dashed line from one point to another.
    pub(super) fn dashed(&self, from: (f64, f64), to: (f64, f64)) -> Markup {
        html! {
            @if let (Some(from), Some(to)) = (self.at(from), self.at(to)) {
                line.chosen x1=(fix(from.0)) y1=(fix(from.1)) x2=(fix(to.0)) y2=(fix(to.1)) {}
            }
        }
    }

    /// A plain line with a dot at each of its points, some of which are picked.
    pub(super) fn points(
        &self,
        points: impl Iterator<Item = (f64, f64)> + Clone,
        picked: impl Fn(f64) -> bool,
    ) -> Markup {
        let dots = points
            .clone()
            .filter_map(|point| Some((point.0, self.at(point)?)));
        html! {
            path.line d=(self.path(points)) {}
            @for (value, (x, y)) in dots {
                @let picked = picked(value);
                circle class=(if picked { "dot picked" } else { "dot" }) cx=(fix(x)) cy=(fix(y)) r=(if picked { "6" } else { "4" }) {}
            }
        }
    }

    /// A dashed line from side to side, and what it marks.
    pub(super) fn level(&self, y: f64, words: &str) -> Markup {
        let (at, end) = (self.scales.1.at(y), self.size.0 - RIGHT);
        html! {
            @if at.abs() < FAR {
                line.chosen x1=(fix(LEFT)) x2=(fix(end)) y1=(fix(at)) y2=(fix(at)) {}
                text.tick x=(fix(end)) y=(fix(at - 5.0)) text-anchor="end" { (words) }
            }
        }
    }

    /// A dotted line from side to side in the colour of a sign.
    pub(super) fn base(&self, sign: u32, y: f64) -> Markup {
        let at = self.scales.1.at(y);
        html! {
            @if at.abs() < FAR {
                line class={ "base " (class(sign)) } x1=(fix(LEFT)) x2=(fix(self.size.0 - RIGHT)) y1=(fix(at)) y2=(fix(at)) {}
            }
        }
    }

    /// Bars from zero up to points.
    pub(super) fn bars(&self, sign: u32, points: impl Iterator<Item = (f64, f64)>) -> Markup {
        let mut path = String::new();
        let floor = self.scales.1.at(0.0);
        for (x, y) in points.filter_map(|point| self.at(point)) {
            step(&mut path, 'M', (x - BAR / 2.0, floor));
            let _ = write!(path, "V{}h{}V{}z", fix(y), fix(BAR), fix(floor));
        }
        html! { path class={ "mark " (class(sign)) } d=(path) {} }
    }

    /// A dashed line from top to bottom, and what it marks.
    pub(super) fn upright(&self, x: f64, words: &str) -> Markup {
        let at = self.scales.0.at(x);
        let (anchor, start) = beside(at, self.size.0);
        html! {
            @if at.is_finite() {
                line.chosen x1=(fix(at)) x2=(fix(at)) y1=(fix(TOP - 8.0)) y2=(fix(self.size.1 - BOTTOM + 4.0)) {}
                text.strong x=(fix(start)) y="16" text-anchor=(anchor) { (words) }
            }
        }
    }
}

fn step(path: &mut String, kind: char, (x, y): (f64, f64)) {
    // Writing to a String cannot fail.
    let _ = write!(path, "{kind}{} {}", fix(x), fix(y));
}

/// Ends a line at its last point, however near.
fn close(path: &mut String, waiting: Option<(f64, f64)>) {
    if let Some(at) = waiting {
        step(path, 'L', at);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(axis: &Axis) -> Vec<String> {
        axis.marks.iter().map(|&mark| axis.written(mark)).collect()
    }

    #[test]
    fn marks_are_as_short_as_they_can_be() {
        let axis = Axis::covering("loss", 0.0, 0.7, 4);
        assert_eq!(marks(&axis), ["0.0", "0.2", "0.4", "0.6", "0.8"]);
        let axis = Axis::covering("auc", 0.86, 0.94, 4);
        assert_eq!(marks(&axis), ["0.86", "0.88", "0.90", "0.92", "0.94"]);
        let axis = Axis::covering("rate", 0.0, 2e-5, 2);
        assert_eq!(
            (axis.name.as_str(), marks(&axis)),
            ("rate, × 10⁻⁵", vec!["0".into(), "1".into(), "2".into()])
        );
        let axis = Axis::covering("price", 0.0, 60_000.0, 3);
        assert_eq!(axis.name, "price, × 10⁴");
        assert_eq!(marks(&axis), ["0", "2", "4", "6"]);
    }

    #[test]
    fn whole_numbers_stay_whole() {
        assert_eq!(marks(&Axis::whole("epoch", 1, 3, 6)), ["1", "2", "3"]);
        assert_eq!(
            marks(&Axis::whole("step", 1, 25_000, 5)),
            ["5,000", "10,000", "15,000", "20,000", "25,000"]
        );
        assert_eq!(marks(&Axis::whole("epoch", 4, 4, 6)), ["4"]);
    }

    #[test]
    fn lines_have_gaps_and_no_points_without_need() {
        let axis = || Axis::covering("", 0.0, 1.0, 5);
        let chart = Chart::square("a", axis(), axis());
        let bad = [(0.0, 0.0), (0.5, 0.5), (0.7, f64::NAN), (1.0, 1.0)];
        assert_eq!(chart.path(bad.into_iter()), "M62 398L238 215M414 32");
        let many = (0..=100_000).map(|i| (f64::from(i) / 1e5, 0.0));
        let path = chart.path(many);
        assert!(path.ends_with("L414 398"), "{path}");
        assert!(path.matches('L').count() < 600);
        assert!(
            !chart
                .path([(1e300, f64::MAX)].into_iter())
                .contains(char::is_numeric)
        );
    }
}
