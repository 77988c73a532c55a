//! Fewer points for the same curve.

/// The points of a curve to keep so that it has at most `most` (at least 2), ascending.
///
/// Ramer (1972), Douglas and Peucker (1973), the farthest point first: both ends, and then, again and again, the point
/// that lies farthest from the line drawn so far. So corners stay, and points on straight lines go first.
pub(crate) fn thin(points: &[(f64, f64)], most: usize) -> Vec<usize> {
    if points.len() <= most.max(2) {
        return (0..points.len()).collect();
    }
    let last = points.len() - 1;
    let mut kept = vec![0, last];
    let mut chords = vec![Chord::new(points, 0, last)];
    while kept.len() < most {
        let worst = (1..chords.len()).fold(0, |worst, at| {
            if chords[at].distance > chords[worst].distance {
                at
            } else {
                worst
            }
        });
        let Chord {
            start,
            end,
            farthest,
            distance,
        } = chords[worst];
        if distance == 0.0 {
            break;
        }
        kept.push(farthest);
        chords[worst] = Chord::new(points, start, farthest);
        chords.push(Chord::new(points, farthest, end));
    }
    kept.sort_unstable();
    kept
}

/// A straight line between two points of the curve, and the point between them that is farthest from it.
struct Chord {
    start: usize,
    end: usize,
    farthest: usize,
    distance: f64,
}

impl Chord {
    fn new(points: &[(f64, f64)], start: usize, end: usize) -> Self {
        let mut chord = Self {
            start,
            end,
            farthest: start,
            distance: 0.0,
        };
        for (at, &point) in points.iter().enumerate().take(end).skip(start + 1) {
            let distance = distance(point, points[start], points[end]);
            if distance > chord.distance {
                (chord.farthest, chord.distance) = (at, distance);
            }
        }
        chord
    }
}

/// How far a point is from the segment between two others.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let squared = dx * dx + dy * dy;
    let along = if squared > 0.0 {
        ((px * dx + py * dy) / squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (px - along * dx).hypot(py - along * dy)
}

#[cfg(test)]
mod tests {
    use super::{distance, thin};

    #[test]
    fn corners_stay_and_straight_lines_go() {
        let mut points: Vec<(f64, f64)> = (0..=64).map(|y| (0.0, f64::from(y) / 64.0)).collect();
        points.extend((1..=64).map(|x| (f64::from(x) / 64.0, 1.0)));
        assert_eq!(thin(&points, 100), [0, 64, 128]);
        assert_eq!(thin(&points, 3), [0, 64, 128]);
        assert_eq!(thin(&points, 2), [0, 128]);
        assert_eq!(thin(&points[..2], 2), [0, 1]);
        assert!(thin(&[], 9).is_empty());
    }

    /// A quarter of a circle by m chords of equal length is off by 1 - cos(pi / 4m) at most.
    #[test]
    fn a_smooth_curve_is_kept_within_little() {
        let points: Vec<(f64, f64)> = (0..10_000)
            .map(|at| f64::from(at) / 9_999.0 * std::f64::consts::FRAC_PI_2)
            .map(|angle| (1.0 - angle.cos(), angle.sin()))
            .collect();
        let kept = thin(&points, 65);
        assert_eq!(kept.len(), 65);
        let off = |chord: &[usize]| {
            let (from, to) = (points[chord[0]], points[chord[1]]);
            let between = &points[chord[0]..chord[1]];
            between
                .iter()
                .fold(0.0, |most: f64, &point| most.max(distance(point, from, to)))
        };
        let worst = kept.windows(2).map(off).fold(0.0, f64::max);
        let best = 1.0 - (std::f64::consts::FRAC_PI_4 / 64.0).cos();
        // Halving gives chords of two lengths, so at most four times as far.
        assert!(worst < 4.1 * best, "{worst} {best}");
    }
}
