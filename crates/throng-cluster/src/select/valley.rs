//! Is there a dip in density between two clusters?

/// A pair of clusters is judged by at least this many rows on either side.
const LEAST_ROWS: usize = 20;

/// The least bandwidth: a little more than the grid's step, so that no peak falls between.
const LEAST_BANDWIDTH: f64 = 0.1;

/// Rows beside the lines through the centroids of every two clusters.
///
/// A row's place on the line is -1 at the first centroid, 0 half-way, 1 at the second.
pub(super) struct Valleys {
    k: usize,
    refits: usize,
    /// Of clusters a < b at a * k + b.
    places: Vec<Vec<f64>>,
}

impl Valleys {
    pub fn new(k: usize) -> Self {
        Self {
            k,
            refits: 0,
            places: vec![Vec::new(); k * k],
        }
    }

    /// Adds the rows of one refit: `rows` [n, d] that it did not see, their `labels` \[n\] in `0..k` and its `centroids`
    /// [k, d]. Clusters have the same numbers in all refits.
    pub fn add(&mut self, rows: &[f32], labels: &[u32], centroids: &[f32], d: usize) {
        self.refits += 1;
        let mut members = vec![Vec::new(); self.k];
        for (row, &label) in rows.chunks_exact(d).zip(labels) {
            members[label as usize].push(row);
        }
        let centroid = |j: usize| &centroids[j * d..][..d];
        for a in 0..self.k {
            for b in a + 1..self.k {
                let Some(line) = Line::through(centroid(a), centroid(b)) else {
                    continue;
                };
                let both = members[a].iter().chain(&members[b]);
                self.places[a * self.k + b].extend(both.map(|row| line.place(row)));
            }
        }
    }

    /// The shallowest dip of all pairs: density between over the lower peak. 1 if no pair can be judged.
    pub fn shallowest(&self) -> f64 {
        // A bootstrap sample leaves a row out with a chance of 1/e.
        let times = (self.refits as f64 / std::f64::consts::E).max(1.0);
        self.places
            .iter()
            .filter_map(|places| dip(places, times))
            .reduce(f64::max)
            .unwrap_or(1.0)
    }
}

/// The line through two centroids.
struct Line {
    middle: Vec<f64>,
    /// From the middle to the second, over the square of that length.
    direction: Vec<f64>,
}

impl Line {
    /// `None` if the two are one point.
    fn through(first: &[f32], second: &[f32]) -> Option<Self> {
        let pairs = || {
            let wide = first.iter().zip(second);
            wide.map(|(&a, &b)| (f64::from(a), f64::from(b)))
        };
        let half: Vec<f64> = pairs().map(|(a, b)| (b - a) / 2.0).collect();
        let squared: f64 = half.iter().map(|v| v * v).sum();
        (squared > 0.0).then(|| Self {
            middle: pairs().map(|(a, b)| (a + b) / 2.0).collect(),
            direction: half.iter().map(|v| v / squared).collect(),
        })
    }

    fn place(&self, row: &[f32]) -> f64 {
        let along = self.middle.iter().zip(&self.direction);
        row.iter()
            .zip(along)
            .map(|(&v, (middle, direction))| (f64::from(v) - middle) * direction)
            .sum()
    }
}

/// The least density around 0, between -1/4 and 1/4, over the lower of the peaks beyond, out to 2; `None` with too few
/// rows. Every row is there about `times` times.
fn dip(places: &[f64], times: f64) -> Option<f64> {
    let (left, right): (Vec<f64>, Vec<f64>) = places.iter().partition(|&&place| place < 0.0);
    if left.len().min(right.len()) < LEAST_ROWS {
        return None;
    }
    let spread = ((squares(&left) + squares(&right)) / places.len() as f64).sqrt();
    // Silverman's rule for the Epanechnikov kernel, with the spread within the sides.
    let rows = places.len() as f64 / times;
    let bandwidth = (2.34 * spread * rows.powf(-0.2)).max(LEAST_BANDWIDTH);
    let density = |at: f64| -> f64 {
        places
            .iter()
            .map(|place| (1.0 - ((place - at) / bandwidth).powi(2)).max(0.0))
            .sum()
    };
    let between = grid(-0.25, 0.25, 11).map(density).fold(f64::MAX, f64::min);
    let peak = |from, to| grid(from, to, 24).map(density).fold(0.0, f64::max);
    let lower = peak(-2.0, -0.25).min(peak(0.25, 2.0));
    Some(if lower > 0.0 { between / lower } else { 1.0 })
}

/// The sum of squared differences from the mean.
fn squares(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|v| (v - mean).powi(2)).sum()
}

/// `count` evenly spaced values from `from` to `to`.
fn grid(from: f64, to: f64, count: usize) -> impl Iterator<Item = f64> {
    let step = (to - from) / (count - 1) as f64;
    (0..count).map(move |i| from + step * i as f64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Valleys, dip};

    /// Evenly spaced quantiles of a triangular bump of half-width 1 around `centre`.
    fn bump(centre: f64, rows: usize) -> impl Iterator<Item = f64> {
        (0..rows).map(move |i| {
            let u = (i as f64 + 0.5) / rows as f64;
            let offset = if u < 0.5 {
                (2.0 * u).sqrt() - 1.0
            } else {
                1.0 - (2.0 * (1.0 - u)).sqrt()
            };
            centre + offset
        })
    }

    #[test]
    fn one_cloud_has_no_dip() {
        let even: Vec<f64> = (0..400).map(|i| -2.0 + i as f64 / 100.0).collect();
        assert!(dip(&even, 1.0).unwrap() > 0.9);
        let peaked: Vec<f64> = bump(0.0, 400).map(|v| v * 2.0).collect();
        assert!(dip(&peaked, 1.0).unwrap() > 0.9);
    }

    #[test]
    fn two_clouds_have_one() {
        let apart: Vec<f64> = bump(-1.0, 300).chain(bump(1.0, 60)).collect();
        assert!(dip(&apart, 1.0).unwrap() < 0.5);
        let points: Vec<f64> = [-1.0; 30].into_iter().chain([1.0; 30]).collect();
        assert_eq!(dip(&points, 1.0), Some(0.0));
    }

    #[test]
    fn too_few_rows_are_not_judged() {
        let few: Vec<f64> = bump(-1.0, 300).chain(bump(1.0, 19)).collect();
        assert_eq!(dip(&few, 1.0), None);
    }

    /// On a line, clusters at 0 and 1 that touch, and one at 50 that is apart.
    #[test]
    fn the_worst_pair_counts() {
        let mut rows: Vec<f32> = (0..200).map(|i| i as f32 / 100.0 - 0.5).collect();
        let mut labels: Vec<u32> = rows.iter().map(|&v| u32::from(v >= 0.5)).collect();
        rows.extend((0..100).map(|i| 50.0 + i as f32 / 1000.0));
        labels.extend([2; 100]);
        let mut valleys = Valleys::new(3);
        assert_eq!(valleys.shallowest(), 1.0);
        valleys.add(&rows, &labels, &[0.0, 1.0, 50.0], 1);
        assert!(valleys.shallowest() > 0.9);

        let together = labels.iter().map(|&l| l / 2).collect::<Vec<_>>();
        let mut valleys = Valleys::new(2);
        valleys.add(&rows, &together, &[0.5, 50.0], 1);
        assert!(valleys.shallowest() < 0.1);
    }
}
