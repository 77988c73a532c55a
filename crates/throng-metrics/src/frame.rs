//! The frame of reference in which distances are computed.
//!
//! A device works in `f32` and expands |x - y|^2, which loses digits far from the origin and, for the cosine, between
//! rows of nearly one direction. So rows are moved to their mean (as scikit-learn's k-means does) and scaled by a
//! power of two, which is exact and keeps the squares of very large and very small values in range. Distances keep
//! their ratios, so labels and silhouettes do not change.

use throng_compute::{Compute, Matrix};

use crate::error::MetricError;

/// Where the origin is, and the unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// True if rows are first scaled to length 1.
    directions: bool,
    /// The origin, \[d\].
    origin: Vec<f64>,
    /// A power of two.
    scale: f64,
}

/// Rows in a frame, on the host and on the device.
#[derive(Debug, Clone)]
pub struct Framed {
    /// On the device, [n, d].
    pub matrix: Matrix,
    /// The same on the host, [n, d].
    pub rows: Vec<f32>,
    /// The mean, over features, of their variance, in the frame's unit.
    pub variance: f64,
}

impl Frame {
    /// The frame of `rows` [n, d], n and d at least 1, as they are: their mean, and a unit near their spread.
    pub fn of(rows: &[f32], d: usize) -> Self {
        let origin = mean(rows, d);
        let spread = (mean_variance(rows, &origin) * d as f64).sqrt();
        Self {
            directions: false,
            origin,
            scale: if spread > 0.0 {
                (-spread.log2()).round().exp2()
            } else {
                1.0
            },
        }
    }

    /// The frame of directions in `d` features: rows are scaled to length 1, and the origin is 0.
    pub fn of_directions(d: usize) -> Self {
        Self {
            directions: true,
            origin: vec![0.0; d],
            scale: 1.0,
        }
    }

    /// The same origin in the rows' own unit.
    pub fn unscaled(mut self) -> Self {
        self.scale = 1.0;
        self
    }

    /// Brings rows [n, d] into the frame.
    ///
    /// # Errors
    /// [`MetricError::ZeroRow`] for a row without a direction where directions are compared.
    pub fn enter(&self, mut rows: Vec<f32>) -> Result<Vec<f32>, MetricError> {
        for (row, values) in rows.chunks_exact_mut(self.origin.len()).enumerate() {
            let scale = if self.directions {
                let squared: f64 = values.iter().map(|&v| f64::from(v).powi(2)).sum();
                if squared == 0.0 {
                    return Err(MetricError::ZeroRow { row });
                }
                squared.sqrt().recip()
            } else {
                self.scale
            };
            for (value, origin) in values.iter_mut().zip(&self.origin) {
                *value = ((f64::from(*value) - origin) * scale) as f32;
            }
        }
        Ok(rows)
    }

    /// Brings rows [n, d] into the frame and onto the device.
    ///
    /// # Errors
    /// As [`Frame::enter`], and [`MetricError::Compute`] if the device refuses the rows.
    pub fn upload(&self, compute: &Compute, rows: Vec<f32>) -> Result<Framed, MetricError> {
        let d = self.origin.len();
        let rows = self.enter(rows)?;
        let matrix = compute.matrix(&rows, rows.len() / d, d)?;
        let variance = mean_variance(&rows, &mean(&rows, d));
        Ok(Framed {
            matrix,
            rows,
            variance,
        })
    }

    /// Brings points [k, d] back out of the frame; directions stay of length 1.
    pub fn leave(&self, points: &[f64]) -> Vec<f32> {
        points
            .iter()
            .zip(self.origin.iter().cycle())
            .map(|(value, origin)| (value / self.scale + origin) as f32)
            .collect()
    }

    /// Brings a sum of squares back out of the frame.
    pub fn leave_squared(&self, sum: f64) -> f64 {
        sum / (self.scale * self.scale)
    }
}

/// The mean of rows [n, d], \[d\].
fn mean(rows: &[f32], d: usize) -> Vec<f64> {
    let mut mean = vec![0.0_f64; d];
    for row in rows.chunks_exact(d) {
        for (sum, &value) in mean.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    let n = (rows.len() / d) as f64;
    mean.iter_mut().for_each(|sum| *sum /= n);
    mean
}

/// The mean, over features, of the variance of rows [n, d].
fn mean_variance(rows: &[f32], mean: &[f64]) -> f64 {
    let squares: f64 = rows
        .chunks_exact(mean.len())
        .map(|row| -> f64 {
            let pairs = row.iter().zip(mean);
            pairs.map(|(&v, m)| (f64::from(v) - m).powi(2)).sum()
        })
        .sum();
    squares / rows.len() as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Frame;
    use crate::error::MetricError;

    #[test]
    fn there_and_back() {
        let rows = [1e6_f32, -3.0, 1e6 + 8.0, 5.0];
        let frame = Frame::of(&rows, 2);
        let inside = frame.enter(rows.to_vec()).unwrap();
        // Half-differences 4 and 4, spread sqrt(32): the unit is 2^2 or 2^3.
        assert!(inside.iter().all(|v| [0.5, 1.0].contains(&v.abs())));
        let wide: Vec<f64> = inside.iter().map(|&v| f64::from(v)).collect();
        assert_eq!(frame.leave(&wide), rows);
    }

    #[test]
    fn the_largest_and_smallest_values_have_finite_squares_that_do_not_vanish() {
        for unit in [f32::MAX, f32::MIN_POSITIVE] {
            let rows = [unit, -unit, unit / 4.0];
            let frame = Frame::of(&rows, 1);
            for value in frame.enter(rows.to_vec()).unwrap() {
                assert!((1e-6..1e6).contains(&(value * value)), "{value}");
            }
        }
    }

    #[test]
    fn equal_rows_are_at_the_origin() {
        assert_eq!(
            Frame::of(&[0.1; 6], 2).enter(vec![0.1; 6]).unwrap(),
            [0.0; 6]
        );
    }

    #[test]
    fn directions_have_length_1_and_zeros_none() {
        let frame = Frame::of_directions(2);
        assert_eq!(frame.enter(vec![3e30, 3e30]).unwrap(), [0.5_f32.sqrt(); 2]);
        let zero = frame.enter(vec![1.0, 0.0, 0.0, 0.0]);
        assert!(matches!(zero, Err(MetricError::ZeroRow { row: 1 })));
    }
}
