//! Batches of k-means problems; twin of `wgsl/kmeans/batch_*.wgsl`. Sums, centroids and shifts are in f64.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use rayon::prelude::*;

use super::Threads;
use super::kmeans_assign::{Assigned, Want, assign, assign_count, step, step_count};
use crate::error::ComputeError;
use crate::kmeans_batch::{KMeansFit, KMeansProblem, KMeansProgress, KMeansShape, WHAT};
use crate::memory::{Ledger, MemoryPlan, Sizes, words};
use crate::watch::Meter;

/// Rows of a block of weighted sums, at least.
const BLOCK_ROWS: usize = 4096;

/// Bytes of the problems that run together, about.
const MOST_BYTES: u64 = 256 << 20;

/// What a problem takes, in values of 32 bits.
#[derive(Debug, Clone, Copy)]
struct RunSizes {
    /// Labels and centroids.
    output: usize,
    /// Distances and bounds, centroids in f64, and what an iteration takes beside these and the results.
    scratch: usize,
}

impl RunSizes {
    fn of(shape: &KMeansShape, features: usize) -> Self {
        let KMeansShape { rows, k, .. } = *shape;
        let size = k.saturating_mul(features);
        let step = match shape.has_weights {
            true => {
                let sums = (rows.div_ceil(weighted_rows(rows)) + 1) * 2 * (size + k);
                sums + assign_count(rows, features, k)
            }
            false => step_count(rows, features, k),
        };
        Self {
            output: rows + size,
            // An iteration's own centroids of f32 are gone when the result's are made.
            scratch: Assigned::count(rows, features, k) + 2 * size + step,
        }
    }
}

/// Which problems run together.
#[derive(Debug)]
pub struct Batches {
    /// How many of those that are left, each time.
    counts: Vec<usize>,
    plan: MemoryPlan,
}

impl Sizes for Batches {
    fn plan(&self) -> MemoryPlan {
        self.plan
    }
}

/// As many problems together as the cap allows.
pub fn batches(
    ledger: &Ledger,
    features: usize,
    shapes: &[KMeansShape],
) -> Result<Batches, ComputeError> {
    ledger.fit(WHAT, MOST_BYTES, |most| cut(features, shapes, most))
}

/// As many problems together as take at most `most` bytes beside their results, or one.
fn cut(features: usize, shapes: &[KMeansShape], most: u64) -> Batches {
    let mut counts: Vec<usize> = Vec::new();
    let (mut output, mut scratch, mut largest) = (0, 0, 0);
    for shape in shapes {
        let sizes = RunSizes::of(shape, features);
        output += words(sizes.output);
        match counts.last_mut() {
            Some(count) if scratch + words(sizes.scratch) <= most => {
                *count += 1;
                scratch += words(sizes.scratch);
            }
            _ => {
                counts.push(1);
                scratch = words(sizes.scratch);
            }
        }
        largest = largest.max(scratch);
    }
    Batches {
        plan: MemoryPlan {
            output,
            scratch: largest,
            parts: counts.len(),
        },
        counts,
    }
}

/// Runs all problems, so many at a time. `None` if the observer said so.
pub fn run(
    threads: &Threads,
    x: (&[f32], usize),
    problems: &[KMeansProblem],
    batches: &Batches,
    meter: &Meter,
    observer: &mut dyn FnMut(KMeansProgress) -> ControlFlow<()>,
) -> Option<Vec<KMeansFit>> {
    let mut fits = Vec::with_capacity(problems.len());
    for &count in &batches.counts {
        let first = fits.len();
        let mut observe = |progress: KMeansProgress| {
            observer(KMeansProgress {
                problem: first + progress.problem,
                ..progress
            })
        };
        let together = &problems[first..first + count];
        fits.extend(run_together(threads, x, together, meter, &mut observe)?);
    }
    Some(fits)
}

/// Runs all problems, an iteration of each at a time.
fn run_together(
    threads: &Threads,
    (x, features): (&[f32], usize),
    problems: &[KMeansProblem],
    meter: &Meter,
    observer: &mut dyn FnMut(KMeansProgress) -> ControlFlow<()>,
) -> Option<Vec<KMeansFit>> {
    let mut runs: Vec<Run> = problems
        .iter()
        .map(|problem| Run::new(x, features, problem, meter))
        .collect();
    while runs.iter().any(|run| !run.is_done()) {
        threads.run(|| {
            runs.par_iter_mut()
                .filter(|run| !run.is_done())
                .for_each(Run::iterate);
        });
        if meter.is_stopped() {
            return None;
        }
        for (problem, run) in runs.iter().enumerate() {
            // Those that have just ended, too.
            if run.is_reported {
                continue;
            }
            let progress = KMeansProgress {
                problem,
                n_iter: run.n_iter,
                changed: run.changed,
                is_done: run.is_done(),
            };
            if observer(progress).is_break() {
                return None;
            }
        }
        for run in &mut runs {
            run.is_reported = run.is_done();
        }
    }
    threads.run(|| Some(runs.into_par_iter().map(Run::finish).collect()))
}

/// Sums and weights of the clusters.
struct Sums {
    values: Vec<f64>,
    weights: Vec<f64>,
}

struct Run<'a> {
    problem: &'a KMeansProblem,
    meter: &'a Meter,
    /// The problem's rows.
    x: &'a [f32],
    features: usize,
    centroids: Vec<f64>,
    assigned: Assigned,
    n_iter: usize,
    changed: usize,
    /// The labels are those of the centroids.
    is_final: bool,
    converged: bool,
    is_reported: bool,
}

impl<'a> Run<'a> {
    fn new(x: &'a [f32], features: usize, problem: &'a KMeansProblem, meter: &'a Meter) -> Self {
        let rows = problem.rows.len();
        Self {
            problem,
            meter,
            x: &x[problem.rows.start * features..][..rows * features],
            features,
            centroids: problem.start.iter().map(|&v| f64::from(v)).collect(),
            assigned: Assigned::new(rows),
            n_iter: 0,
            changed: 0,
            is_final: false,
            converged: false,
            is_reported: false,
        }
    }

    fn is_done(&self) -> bool {
        self.converged || self.n_iter >= self.problem.max_iter.max(1)
    }

    fn iterate(&mut self) {
        let mut sums = self.assign_and_sum();
        if self.meter.is_stopped() {
            return;
        }
        let moved = self.repair(&mut sums);
        let next = self.means(&sums);
        let shift: f64 = self
            .centroids
            .iter()
            .zip(&next)
            .map(|(old, new)| (old - new).powi(2))
            .sum();
        self.centroids = next;
        self.n_iter += 1;
        // The first assignment has none before it to repeat.
        let repeats = self.n_iter > 1 && self.changed == 0;
        self.is_final = repeats && moved == 0;
        self.converged = repeats || shift <= self.problem.tolerance;
        if self.converged {
            let left = self.problem.max_iter.max(1) - self.n_iter;
            let each = self.x.len().saturating_mul(self.problem.k);
            self.meter.add(left.saturating_mul(each));
        }
    }

    fn assign_and_sum(&mut self) -> Sums {
        let centroids = to_f32(&self.centroids);
        let (x, features) = (self.x, self.features);
        let Some(weights) = &self.problem.weights else {
            let (stats, sums) = step(
                x,
                features,
                &centroids,
                &mut self.assigned,
                Want::Labels,
                self.meter,
            );
            self.changed = stats.changed;
            return Sums {
                values: sums.values,
                weights: sums.counts.iter().map(|&count| f64::from(count)).collect(),
            };
        };
        let stats = assign(
            x,
            features,
            &centroids,
            &mut self.assigned,
            Want::Labels,
            self.meter,
        );
        self.changed = stats.changed;
        weighted_sums(x, features, &self.assigned.labels, weights, self.problem.k)
    }

    /// Gives every empty cluster the row farthest from its own centroid, ties to the lowest, and takes that row out
    /// of the cluster it was in (scikit-learn's rule); returns how many were given. None if every row lies on its
    /// centroid: then there are fewer distinct rows than clusters.
    fn repair(&mut self, sums: &mut Sums) -> usize {
        let empty: Vec<usize> = (0..self.problem.k)
            .filter(|&c| sums.weights[c] == 0.0)
            .collect();
        if empty.is_empty() {
            return 0;
        }
        self.measure();
        let far = self.farthest(empty.len());
        if far
            .first()
            .is_none_or(|&row| self.assigned.distances[row] == 0.0)
        {
            return 0;
        }
        let d = self.features;
        let mut moved = 0;
        for (to, row) in empty.into_iter().zip(far) {
            let from = self.assigned.labels[row] as usize;
            let weight = self.weight(row);
            for f in 0..d {
                let value = weight * f64::from(self.x[row * d + f]);
                sums.values[from * d + f] -= value;
                sums.values[to * d + f] = value;
            }
            sums.weights[to] = weight;
            sums.weights[from] -= weight;
            moved += 1;
        }
        moved
    }

    /// Assigns the rows to the centroids as they are, and measures their distances.
    fn measure(&mut self) {
        let (x, centroids) = (self.x, to_f32(&self.centroids));
        let (assigned, unmetered) = (&mut self.assigned, Meter::default());
        assign(
            x,
            self.features,
            &centroids,
            assigned,
            Want::Distances,
            &unmetered,
        );
    }

    /// The rows with weight that are farthest from their centroids, the farthest first, ties to the lowest.
    fn farthest(&self, count: usize) -> Vec<usize> {
        let mut heap = BinaryHeap::with_capacity(count + 1);
        for row in (0..self.assigned.labels.len()).filter(|&row| self.weight(row) > 0.0) {
            // Distances are not negative, so their bits are ordered as they are.
            heap.push(Reverse((
                self.assigned.distances[row].to_bits(),
                Reverse(row),
            )));
            if heap.len() > count {
                heap.pop();
            }
        }
        let sorted = heap.into_sorted_vec().into_iter();
        sorted.map(|Reverse((_, Reverse(row)))| row).collect()
    }

    fn weight(&self, row: usize) -> f64 {
        let weights = self.problem.weights.as_ref();
        weights.map_or(1.0, |weights| f64::from(weights[row]))
    }

    fn means(&self, sums: &Sums) -> Vec<f64> {
        let d = self.features;
        let largest = (0..self.problem.k)
            .rev()
            .max_by(|&a, &b| sums.weights[a].total_cmp(&sums.weights[b]))
            .unwrap_or(0);
        let mut next = vec![0.0; self.centroids.len()];
        for (c, centroid) in next.chunks_exact_mut(d).enumerate() {
            // A cluster that stayed empty goes where the largest is: as in scikit-learn, better than the origin.
            let from = if sums.weights[c] > 0.0 { c } else { largest };
            for (mean, sum) in centroid.iter_mut().zip(&sums.values[from * d..][..d]) {
                *mean = sum / sums.weights[from];
            }
            if self.problem.unit {
                let length = centroid.iter().map(|v| v * v).sum::<f64>().sqrt();
                if length > 0.0 {
                    centroid.iter_mut().for_each(|v| *v /= length);
                } else {
                    // Opposite rows cancel out: any direction is as good, so the old one stays.
                    centroid.copy_from_slice(&self.centroids[c * d..][..d]);
                }
            }
        }
        next
    }

    fn finish(mut self) -> KMeansFit {
        // The labels of an end that repeated are those of these centroids already, and stay.
        self.measure();
        let terms = self.assigned.distances.iter().enumerate();
        let inertia = terms.map(|(row, &distance)| self.weight(row) * f64::from(distance));
        KMeansFit {
            inertia: inertia.sum(),
            centroids: to_f32(&self.centroids),
            labels: self.assigned.labels,
            n_iter: self.n_iter,
            converged: self.converged,
        }
    }
}

/// Rows of a block of weighted sums: few blocks, so that their sums stay small beside the rows.
fn weighted_rows(rows: usize) -> usize {
    rows.div_ceil(64).max(BLOCK_ROWS)
}

/// Sums of the weighted rows by label, over blocks in order.
fn weighted_sums(x: &[f32], features: usize, labels: &[u32], weights: &[f32], k: usize) -> Sums {
    let rows = weighted_rows(labels.len());
    let parts: Vec<Sums> = x
        .par_chunks(rows * features)
        .zip(labels.par_chunks(rows))
        .zip(weights.par_chunks(rows))
        .map(|((x, labels), weights)| {
            let mut sums = Sums {
                values: vec![0.0; k * features],
                weights: vec![0.0; k],
            };
            for ((row, &label), &weight) in x.chunks_exact(features).zip(labels).zip(weights) {
                if weight == 0.0 {
                    continue;
                }
                let (c, weight) = (label as usize, f64::from(weight));
                sums.weights[c] += weight;
                for (sum, &value) in sums.values[c * features..][..features].iter_mut().zip(row) {
                    *sum += weight * f64::from(value);
                }
            }
            sums
        })
        .collect();
    let mut total = Sums {
        values: vec![0.0; k * features],
        weights: vec![0.0; k],
    };
    for part in parts {
        add(&mut total.values, &part.values);
        add(&mut total.weights, &part.weights);
    }
    total
}

fn add(sums: &mut [f64], others: &[f64]) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum += other;
    }
}

fn to_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}
