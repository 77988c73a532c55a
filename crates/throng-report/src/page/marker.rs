//! The sign of a cluster: a colour and a shape. Eight colours and seven shapes share no factor, so the first 56
//! clusters all differ, and neighbours differ in both. The number is always written beside it.

use std::fmt::Write as _;

use maud::{Markup, html};

/// Colours of Okabe and Ito (2008), in `style.css` as the classes `c0` to `c7`.
const COLOURS: u32 = 8;
const SHAPES: u32 = 7;

/// The CSS class that sets a cluster's colour.
pub(super) fn class(cluster: u32) -> String {
    format!("c{}", cluster % COLOURS)
}

/// A marker's outline as an SVG path: where it starts from the centre, and the rest in relative commands, so that
/// it can be stamped at many places.
pub(super) struct Marker {
    start: (f64, f64),
    rest: String,
}

impl Marker {
    /// The shape of `cluster`, all shapes covering about the area of a circle with radius `r`.
    pub(super) fn new(cluster: u32, r: f64) -> Self {
        let (square, arm, half) = (0.886 * r, 1.19 * r, 0.4 * r);
        let (peak, foot, side) = (1.41 * r, 0.82 * r, 1.41 * r);
        let plus = [
            (-half, -arm),
            (half, -arm),
            (half, -half),
            (arm, -half),
            (arm, half),
            (half, half),
            (half, arm),
            (-half, arm),
            (-half, half),
            (-arm, half),
            (-arm, -half),
            (-half, -half),
        ];
        match cluster % SHAPES {
            0 => Self {
                start: (-r, 0.0),
                rest: format!(
                    "a{0} {0} 0 1 0 {1} 0a{0} {0} 0 1 0 -{1} 0z",
                    fix(r),
                    fix(2.0 * r)
                ),
            },
            1 => polygon(&[
                (-square, -square),
                (square, -square),
                (square, square),
                (-square, square),
            ]),
            2 => polygon(&[(0.0, -peak), (side, foot), (-side, foot)]),
            3 => polygon(&[
                (0.0, -1.3 * r),
                (1.3 * r, 0.0),
                (0.0, 1.3 * r),
                (-1.3 * r, 0.0),
            ]),
            4 => polygon(&plus),
            5 => polygon(&[(0.0, peak), (side, -foot), (-side, -foot)]),
            _ => {
                let turn = std::f64::consts::FRAC_1_SQRT_2;
                polygon(&plus.map(|(x, y)| (turn * (x - y), turn * (x + y))))
            }
        }
    }

    /// Adds the outline, centred at (`x`, `y`), to a path.
    pub(super) fn stamp(&self, path: &mut String, x: f64, y: f64) {
        let (x, y) = (fix(x + self.start.0), fix(y + self.start.1));
        // Writing to a String cannot fail.
        let _ = write!(path, "M{x} {y}{}", self.rest);
    }
}

fn polygon(corners: &[(f64, f64)]) -> Marker {
    let mut rest = String::new();
    for pair in corners.windows(2) {
        let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let _ = write!(rest, "l{} {}", fix(dx), fix(dy));
    }
    rest.push('z');
    Marker {
        start: corners[0],
        rest,
    }
}

/// A coordinate in as few characters as a tenth of a pixel needs.
pub(super) fn fix(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

/// The marker alone, for text lines. Its number is written beside it, so it says nothing to a screen reader.
pub(super) fn icon(cluster: u32) -> Markup {
    let mut path = String::new();
    Marker::new(cluster, 5.8).stamp(&mut path, 10.0, 10.0);
    html! {
        svg class={ "icon " (class(cluster)) } viewBox="0 0 20 20" aria-hidden="true" focusable="false" {
            path.mark d=(path) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn signs_differ() {
        let signs: HashSet<(String, String)> = (0..56)
            .map(|cluster| {
                let mut path = String::new();
                Marker::new(cluster, 5.0).stamp(&mut path, 0.0, 0.0);
                (class(cluster), path)
            })
            .collect();
        assert_eq!(signs.len(), 56);
    }

    #[test]
    fn coordinates_are_short() {
        let cases = [
            (1.0, "1"),
            (-0.001, "0"),
            (12.345, "12.35"),
            (-3.5, "-3.5"),
            (100.0, "100"),
        ];
        for (value, text) in cases {
            assert_eq!(fix(value), text);
        }
    }
}
