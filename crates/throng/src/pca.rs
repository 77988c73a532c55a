//! The plane that users are drawn on.

use nalgebra::{DMatrix, SymmetricEigen};

/// Principal components of rows `[n, d]` (Pearson 1901): directions of falling variance through the mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Pca {
    /// `[d]`.
    pub mean: Vec<f64>,
    /// `[d, d]`, a direction a row, each of length 1 and with its largest entry positive.
    pub directions: Vec<Vec<f64>>,
    /// Variance along each, falling.
    pub variances: Vec<f64>,
}

impl Pca {
    /// The components of `rows` `[n, d]`.
    #[must_use]
    pub fn of(rows: &[f32], d: usize) -> Self {
        let n = (rows.len() / d.max(1)).max(1) as f64;
        let mut mean = vec![0.0; d];
        for row in rows.chunks_exact(d) {
            for (m, &x) in mean.iter_mut().zip(row) {
                *m += f64::from(x) / n;
            }
        }
        let mut covariance = DMatrix::<f64>::zeros(d, d);
        let mut centred = vec![0.0; d];
        for row in rows.chunks_exact(d) {
            for ((c, &x), m) in centred.iter_mut().zip(row).zip(&mean) {
                *c = f64::from(x) - m;
            }
            for (j, &b) in centred.iter().enumerate() {
                for (i, &a) in centred[j..].iter().enumerate() {
                    covariance[(j + i, j)] += a * b / n;
                }
            }
        }
        covariance.fill_upper_triangle_with_lower_triangle();
        let eigen = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..d).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let directions = order
            .iter()
            .map(|&i| {
                let column = eigen.eigenvectors.column(i);
                let largest =
                    column.iter().fold(
                        0.0f64,
                        |best, &x| if x.abs() > best.abs() { x } else { best },
                    );
                column
                    .iter()
                    .map(|&x| if largest < 0.0 { -x } else { x })
                    .collect()
            })
            .collect();
        let variances = order
            .iter()
            .map(|&i| eigen.eigenvalues[i].max(0.0))
            .collect();
        Self {
            mean,
            directions,
            variances,
        }
    }

    /// The first `count` coordinates of a row.
    pub fn project<'a>(&'a self, row: &'a [f32], count: usize) -> impl Iterator<Item = f64> + 'a {
        self.directions.iter().take(count).map(move |direction| {
            direction
                .iter()
                .zip(row)
                .zip(&self.mean)
                .map(|((a, &x), m)| a * (f64::from(x) - m))
                .sum()
        })
    }

    /// Part of the variance along each direction, in [0, 1].
    #[must_use]
    pub fn explained(&self) -> Vec<f64> {
        let all: f64 = self.variances.iter().sum();
        self.variances
            .iter()
            .map(|v| if all > 0.0 { v / all } else { 0.0 })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretched_cross_has_its_axes() {
        // Rows (m + 3t, m + 4t) for t in -1, 1 and a tenth of that across: axes (0.6, 0.8) and (0.8, -0.6).
        let at = |along: f32, across: f32| {
            [
                7.0 + 3.0 * along + 0.4 * across,
                7.0 + 4.0 * along - 0.3 * across,
            ]
        };
        let rows: Vec<f32> = [at(1.0, 0.0), at(-1.0, 0.0), at(0.0, 1.0), at(0.0, -1.0)].concat();
        let pca = Pca::of(&rows, 2);
        for (direction, expected) in pca.directions.iter().zip([[0.6, 0.8], [0.8, -0.6]]) {
            for (a, b) in direction.iter().zip(expected) {
                assert!((a - b).abs() < 1e-6, "{direction:?}");
            }
        }
        // Variances 25 / 2 and 0.25 / 2; f32 rows around 7 leave some 1e-6.
        assert!((pca.variances[0] - 12.5).abs() < 1e-4 && (pca.variances[1] - 0.125).abs() < 1e-4);
        assert!((pca.explained()[0] - 100.0 / 101.0).abs() < 1e-5);
        let place: Vec<f64> = pca.project(&at(1.0, 0.0), 2).collect();
        assert!((place[0] - 5.0).abs() < 1e-5 && place[1].abs() < 1e-5);
    }

    #[test]
    fn rows_without_spread_explain_nothing() {
        let pca = Pca::of(&[2.0; 6], 3);
        assert!(pca.explained().iter().all(|&part| part == 0.0));
        assert!(pca.project(&[2.0; 3], 2).all(|x| x == 0.0));
    }
}
