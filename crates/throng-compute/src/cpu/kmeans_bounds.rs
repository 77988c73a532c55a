//! Lower bounds on the distances of rows from all centroids but their own (Hamerly 2010, "Making k-means even
//! faster"): a row that is nearer to its own keeps it, and need not be compared.
//!
//! A bound b never overstates: with r the true distance of a row from another centroid, b <= r. With u = eps / 2 and
//! n = d + 3 a sum of d squared differences is off by at most gamma = nu / (1 - nu) of itself, in any order (Higham
//! 2002, 3.1), and by d 2^-150 where squares underflow. [`slack`] is (d + 4) eps, more than gamma, and what it is more
//! by pays for the few roundings of the bounds themselves; [`f32::MIN_POSITIVE`] pays for underflow.

/// Takes what one rounding to the nearest may have added to a positive value.
const DOWN: f32 = 1.0 - f32::EPSILON;

/// The same for values that are rounded down.
const UP: f32 = 1.0 + f32::EPSILON;

/// How far each row's bounds move, by its label: the lower one by the greatest movement of a centroid but its own.
pub struct Drift {
    /// Of each centroid.
    movements: Vec<f32>,
    greatest: f32,
    /// The one that moved most.
    fastest: usize,
    /// The greatest movement of the others.
    second: f32,
}

impl Drift {
    /// From the centroids `before` to those `after`, each [k, d].
    pub fn new(before: &[f32], after: &[f32], features: usize) -> Self {
        let mut drift = Self {
            movements: Vec::with_capacity(before.len() / features),
            greatest: 0.0,
            fastest: 0,
            second: 0.0,
        };
        let both = before
            .chunks_exact(features)
            .zip(after.chunks_exact(features));
        for (index, (before, after)) in both.enumerate() {
            let terms = before.iter().zip(after);
            let squares = terms.map(|(&b, &a)| (f64::from(a) - f64::from(b)).powi(2));
            // Rounded up.
            let movement = (squares.sum::<f64>().sqrt() as f32).next_up();
            drift.movements.push(movement);
            if movement > drift.greatest {
                drift.second = drift.greatest;
                (drift.greatest, drift.fastest) = (movement, index);
            } else {
                drift.second = drift.second.max(movement);
            }
        }
        drift
    }

    /// Sinks the bounds of rows of these labels by the movement, and sets `above` to bounds above their squared distances.
    #[inline(always)]
    pub fn carry(&self, labels: &[u32], distances: &[f32], bounds: &mut [f32], above: &mut [f32]) {
        for (above, &label) in above.iter_mut().zip(labels) {
            *above = self.movements[label as usize];
        }
        // By itself, so that it is done by vectors.
        let rows = labels.iter().zip(distances).zip(bounds).zip(above);
        for (((&label, &distance), bound), above) in rows {
            *bound = self.sink(*bound, label as usize);
            *above = raise(distance, *above);
        }
    }

    /// A bound of a row of this label, after the movement.
    #[inline(always)]
    fn sink(&self, bound: f32, label: usize) -> f32 {
        let movement = match label == self.fastest {
            true => self.second,
            false => self.greatest,
        };
        ((bound - movement) * DOWN).max(0.0)
    }
}

/// A bound above the squared distance of a row whose centroid moved so far.
#[inline(always)]
fn raise(distance: f32, movement: f32) -> f32 {
    let root = (distance.sqrt() * UP + movement) * UP;
    root * root * UP + f32::MIN_POSITIVE
}

/// What a sum of squared differences from a row's own centroid is at most, where the squared distance by product is
/// |x|^2 + 2 `score`: as [`by_product`].
#[inline(always)]
pub fn above_product(norm: f32, score: f32, margin: f32) -> f32 {
    (norm + 2.0 * score + margin).max(0.0) * UP + f32::MIN_POSITIVE
}

/// The bound where all squared distances by product, |x|^2 + 2 (|c|^2 / 2 - xc), are at least |x|^2 + 2 `second`.
/// Half of `margin` is what these are off by: see [`Columns::margin`](super::nearest::Columns::margin).
#[inline(always)]
pub fn by_product(norm: f32, second: f32, margin: f32) -> f32 {
    root(norm + 2.0 * second - margin)
}

/// The bound where all sums of squared differences are at least `second`.
#[inline(always)]
pub fn by_difference(second: f32, features: usize) -> f32 {
    root(second * (1.0 - slack(features)) - f32::MIN_POSITIVE)
}

/// Whether all sums of squared differences from other centroids exceed that from the row's own, of which `distance`
/// is one or a bound above one, in whatever order: with s < r^2 (1 - gamma)^2 / (1 + gamma), and (1 - gamma)^2 / (1 + gamma) >= 1 - 3 gamma.
#[inline(always)]
pub fn keeps(distance: f32, bound: f32, features: usize) -> bool {
    distance + f32::MIN_POSITIVE < bound * bound * (1.0 - 3.0 * slack(features))
}

#[inline(always)]
fn slack(features: usize) -> f32 {
    (features + 4) as f32 * f32::EPSILON
}

#[inline(always)]
fn root(square: f32) -> f32 {
    square.max(0.0).sqrt() * DOWN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        let number = |i: usize| ((i * i * 31 + i * (17 + seed)) % 1009) as f32 / 100.0 + 0.1;
        (1..=count).map(number).collect()
    }

    fn squared(a: &[f32], b: &[f32]) -> f64 {
        let terms = a.iter().zip(b);
        terms
            .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
            .sum()
    }

    #[test]
    fn bounds_sink_by_the_greatest_movement_of_another() {
        let before = [0.0, 0.0, 10.0, 0.0, 0.0, 10.0];
        let after = [3.0, 4.0, 10.0, 1.0, 0.0, 10.0];
        let drift = Drift::new(&before, &after, 2);
        for (label, movement) in [(0, 1.0), (1, 5.0), (2, 5.0)] {
            let sunk = drift.sink(20.0, label);
            assert!(
                sunk <= 20.0 - movement && sunk > 20.0 - movement - 1e-5,
                "{sunk}"
            );
            assert_eq!(drift.sink(movement, label), 0.0);
        }
        assert_eq!(
            Drift::new(&before[..2], &after[..2], 2).sink(f32::INFINITY, 0),
            f32::INFINITY
        );
    }

    #[test]
    fn bounds_never_overstate() {
        for (d, scale) in [
            (1, 1.0),
            (7, 1e-15),
            (100, 1e12),
            (1_000, 1.0),
            (100, 1e-21),
        ] {
            for seed in 0..50 {
                let scaled = |seed| -> Vec<f32> {
                    numbers(d, seed).into_iter().map(|v| v * scale).collect()
                };
                let (x, c, moved) = (scaled(seed), scaled(seed + 50), scaled(seed + 100));
                let terms = x.iter().zip(&c);
                let s: f32 = terms.map(|(x, c)| (x - c) * (x - c)).sum();
                let bound = by_difference(s, d);
                let apart = squared(&x, &c).sqrt();
                assert!(f64::from(bound) <= apart, "{bound} {apart}");
                assert!(f64::from(bound) >= apart * (1.0 - 1e-3) || scale < 1e-20);
                // The other centroid may have come as near as it moved.
                let sunk = Drift::new(&c, &moved, d).sink(bound, 1);
                assert!(f64::from(sunk) <= squared(&x, &moved).sqrt(), "{sunk}");
                // And its own no farther than it moved.
                let raised = raise(s, Drift::new(&c, &moved, d).movements[0]);
                let off = 1.0 - f64::from(slack(d));
                let far = (apart + squared(&c, &moved).sqrt()).powi(2);
                assert!(f64::from(raised) >= far * off, "{raised} {far}");
                // What is at the bound itself is not told apart.
                assert!(!keeps(s, bound, d));
                assert_eq!(keeps(s * 0.9, bound, d), scale > 1e-20);
            }
        }
        assert!(above_product(4.0, -1.5, 0.25) >= 1.25);
        assert!(above_product(4.0, -1.5, 0.25) < 1.2501);
        // Too many features for any bound.
        assert!(!keeps(0.0, 1.0, 4_000_000));
        // There is no other.
        let alone = by_product(1.0, f32::MAX, 1.0);
        assert!(keeps(1e30, alone, 3));
    }
}
