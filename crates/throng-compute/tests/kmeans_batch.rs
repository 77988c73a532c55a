//! Batches of k-means problems against plain f64 loops, on every device, and against themselves one by one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::ops::ControlFlow;

use common::*;
use throng_compute::{ComputeError, KMeansFit, KMeansProblem, Lloyd, Matrix, kmeans_batch};

fn fit_all(x: &Matrix, problems: &[KMeansProblem]) -> Vec<KMeansFit> {
    kmeans_batch(x, problems, &mut |_| ControlFlow::Continue(()))
        .unwrap()
        .unwrap()
}

/// Everything of a fit, floats as bits.
type Bits = (Vec<u32>, Vec<u32>, u64, usize, bool);

fn bits(fits: &[KMeansFit]) -> Vec<Bits> {
    fits.iter()
        .map(|fit| {
            let centroids = fit.centroids.iter().map(|v| v.to_bits()).collect();
            let inertia = fit.inertia.to_bits();
            (
                centroids,
                fit.labels.clone(),
                inertia,
                fit.n_iter,
                fit.converged,
            )
        })
        .collect()
}

/// Lloyd's iterations as scikit-learn's `_kmeans_single_lloyd` runs them, in f64.
struct Oracle {
    centroids: Vec<f64>,
    labels: Vec<usize>,
    inertia: f64,
    n_iter: usize,
    converged: bool,
}

fn distance(x: &[f32], c: &[f64]) -> f64 {
    x.iter()
        .zip(c)
        .map(|(&a, b)| (f64::from(a) - b).powi(2))
        .sum()
}

fn nearest(x: &[f32], d: usize, centroids: &[f64]) -> Vec<usize> {
    x.chunks(d)
        .map(|row| {
            let mut best = (f64::MAX, 0);
            for (c, centroid) in centroids.chunks(d).enumerate() {
                let own = distance(row, centroid);
                if own < best.0 {
                    best = (own, c);
                }
            }
            best.1
        })
        .collect()
}

fn oracle(x: &[f32], d: usize, problem: &KMeansProblem) -> Oracle {
    let x = &x[problem.rows.start * d..problem.rows.end * d];
    let (n, k) = (x.len() / d, problem.k);
    let weight = |i: usize| problem.weights.as_ref().map_or(1.0, |w| f64::from(w[i]));
    let mut centroids: Vec<f64> = problem.start.iter().map(|&v| f64::from(v)).collect();
    let mut labels = Vec::new();
    let (mut n_iter, mut converged, mut strict) = (0, false, false);
    while n_iter < problem.max_iter && !converged {
        n_iter += 1;
        let now = nearest(x, d, &centroids);
        let mut sums = vec![0.0; k * d];
        let mut weights = vec![0.0; k];
        for i in 0..n {
            weights[now[i]] += weight(i);
            for f in 0..d {
                sums[now[i] * d + f] += weight(i) * f64::from(x[i * d + f]);
            }
        }
        let empty: Vec<usize> = (0..k).filter(|&c| weights[c] == 0.0).collect();
        let mut far: Vec<(f64, usize)> = (0..n)
            .filter(|&i| weight(i) > 0.0)
            .map(|i| (distance(row(x, d, i), &centroids[now[i] * d..][..d]), i))
            .collect();
        far.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut moved = 0;
        if far[0].0 > 0.0 {
            for (&to, &(_, i)) in empty.iter().zip(&far) {
                for f in 0..d {
                    sums[now[i] * d + f] -= weight(i) * f64::from(x[i * d + f]);
                    sums[to * d + f] = weight(i) * f64::from(x[i * d + f]);
                }
                weights[now[i]] -= weight(i);
                weights[to] = weight(i);
                moved += 1;
            }
        }
        let most = weights.iter().copied().fold(0.0, f64::max);
        let largest = weights.iter().position(|&w| w == most).unwrap();
        let mut next = Vec::new();
        for c in 0..k {
            let from = if weights[c] > 0.0 { c } else { largest };
            let mut mean: Vec<f64> = sums[from * d..][..d]
                .iter()
                .map(|s| s / weights[from])
                .collect();
            if problem.unit {
                let length = mean.iter().map(|v| v * v).sum::<f64>().sqrt();
                mean.iter_mut().for_each(|v| *v /= length);
            }
            next.extend(mean);
        }
        let shift: f64 = centroids
            .iter()
            .zip(&next)
            .map(|(a, b)| (a - b).powi(2))
            .sum();
        centroids = next;
        let repeats = now == labels;
        labels = now;
        strict = repeats && moved == 0;
        converged = repeats || shift <= problem.tolerance;
    }
    if !strict {
        labels = nearest(x, d, &centroids);
    }
    let own = (0..n).map(|i| weight(i) * distance(row(x, d, i), &centroids[labels[i] * d..][..d]));
    Oracle {
        inertia: own.sum(),
        centroids,
        labels,
        n_iter,
        converged,
    }
}

impl Oracle {
    /// What a fit has otherwise, in words. `scale` is the largest magnitude of the rows.
    fn wrong(&self, fit: &KMeansFit, d: usize, scale: f64) -> Option<String> {
        let labels: Vec<usize> = fit.labels.iter().map(|&l| l as usize).collect();
        if labels != self.labels {
            let at = labels.iter().zip(&self.labels).position(|(a, b)| a != b);
            return Some(format!("labels differ, first in row {at:?}"));
        }
        if (fit.n_iter, fit.converged) != (self.n_iter, self.converged) {
            return Some(format!("n_iter {} {}", fit.n_iter, fit.converged));
        }
        // A sum of two floats and a division: a few roundings of the largest term, whatever the number of rows.
        let near = 4.0 * f64::from(f32::EPSILON) * scale;
        for (at, (&got, want)) in fit.centroids.iter().zip(&self.centroids).enumerate() {
            if (f64::from(got) - want).abs() > near {
                return Some(format!("centroid value {at} is {got}, not {want}"));
            }
        }
        // One rounding a term of a distance, and those of the centroids.
        let steps = (d as f64 + 16.0) * f64::from(f32::EPSILON);
        let off = (fit.inertia - self.inertia).abs();
        let most = steps * self.inertia + near * near * (d * labels.len()) as f64;
        (off > most).then(|| format!("inertia {}, not {}", fit.inertia, self.inertia))
    }
}

fn check(device: &Named, x: &[f32], d: usize, problems: &[KMeansProblem]) {
    let on = device.compute.matrix(x, x.len() / d, d).unwrap();
    let fits = fit_all(&on, problems);
    assert_eq!(fits.len(), problems.len());
    let scale = x.iter().map(|v| f64::from(v.abs())).fold(0.0, f64::max);
    for (at, (problem, fit)) in problems.iter().zip(&fits).enumerate() {
        let wrong = oracle(x, d, problem).wrong(fit, d, scale);
        let (n, k) = (problem.rows.len(), problem.k);
        assert_eq!(
            wrong, None,
            "{}, problem {at}: n {n}, d {d}, k {k}",
            device.name
        );
    }
}

/// A problem that starts at rows spread over its own.
fn spread(x: &[f32], d: usize, rows: std::ops::Range<usize>, k: usize) -> KMeansProblem {
    let start = (0..k)
        .flat_map(|c| row(x, d, rows.start + c * rows.len() / k).to_vec())
        .collect();
    KMeansProblem::new(rows, k, start)
}

/// The centroids after each iteration, each a problem of its own that knows nothing of those before.
fn one_by_one(x: &Matrix, problem: &KMeansProblem, iterations: usize) -> Vec<Vec<f32>> {
    let mut path = vec![problem.start.clone()];
    for at in 0..iterations {
        let one = KMeansProblem {
            start: path[at].clone(),
            max_iter: 1,
            ..problem.clone()
        };
        path.push(fit_all(x, &[one]).swap_remove(0).centroids);
    }
    path
}

#[test]
fn rows_that_are_skipped_change_no_bit() {
    // Weights, some 0; unit rows; empty clusters; rows far from the origin; groups that many rows never leave.
    let (n, d, k) = (1_501, 6, 11);
    let far = |v: &f32| v + 1e4;
    let unit = |x: Vec<f32>| -> Vec<f32> {
        let lengths: Vec<f32> = x.chunks(d).map(|row| dot(row, row).sqrt() as f32).collect();
        (0..n * d).map(|i| x[i] / lengths[i / d]).collect()
    };
    let weights = (0..n).map(|i| (i % 4) as f32 / 2.0).collect();
    for device in devices().iter().take(2) {
        assert!(device.name.starts_with("cpu"));
        for (case, x) in [
            blobs(n, d, 7, 81),
            uniform(n * d, 82),
            uniform(n * d, 83).iter().map(far).collect(),
            unit(uniform(n * d, 84)),
        ]
        .into_iter()
        .enumerate()
        {
            let on = device.compute.matrix(&x, n, d).unwrap();
            let plain = spread(&x, d, 0..n, k);
            let mut empty = plain.clone();
            empty.start[2 * d..4 * d].fill(1e6);
            let mut weighted = plain.clone();
            weighted.weights = Some(Vec::clone(&weights));
            let mut sphere = plain.clone();
            sphere.unit = case == 3;
            for problem in [plain, empty, weighted, sphere] {
                let path = one_by_one(&on, &problem, 9);
                for max_iter in [2, 5, 9] {
                    let fit = fit_all(
                        &on,
                        &[KMeansProblem {
                            max_iter,
                            ..problem.clone()
                        }],
                    );
                    let fit = &fit[0];
                    // A run that stands still has no more iterations.
                    assert!(fit.n_iter == max_iter || fit.converged);
                    let case = format!("{}, case {case}, {max_iter} iterations", device.name);
                    assert_eq!(fit.centroids, path[fit.n_iter], "{case}");
                    let mut last = Lloyd::new(&on, k).unwrap();
                    last.assign(&fit.centroids).unwrap();
                    assert_eq!(fit.labels, last.labels().unwrap(), "{case}");
                    let distances = last.distances().unwrap();
                    let weight = |i| problem.weights.as_ref().map_or(1.0, |w| f64::from(w[i]));
                    let terms = distances.iter().enumerate();
                    let inertia: f64 = terms.map(|(i, &v)| weight(i) * f64::from(v)).sum();
                    assert_eq!(fit.inertia, inertia, "{case}");
                }
            }
        }
    }
}

#[test]
fn the_comparison_notices_one_wrong_value() {
    let (n, d, k) = (60, 3, 4);
    let x = uniform(n * d, 61);
    let problem = spread(&x, d, 0..n, k);
    let compute = throng_compute::Compute::cpu();
    let fit = fit_all(
        &compute.matrix(&x, n, d).unwrap(),
        std::slice::from_ref(&problem),
    )
    .remove(0);
    let want = oracle(&x, d, &problem);
    assert_eq!(want.wrong(&fit, d, 1.0), None);
    let wrong = |change: fn(&mut KMeansFit)| {
        let mut fit = fit.clone();
        change(&mut fit);
        want.wrong(&fit, d, 1.0).is_some()
    };
    assert!(wrong(|fit| fit.labels[7] = (fit.labels[7] + 1) % 4));
    assert!(wrong(|fit| fit.centroids[5] += 1e-6));
    assert!(wrong(|fit| fit.inertia *= 1.000_01));
    assert!(wrong(|fit| fit.n_iter += 1));
    assert!(wrong(|fit| fit.converged = false));
}

#[test]
fn a_ragged_batch_agrees_with_loops() {
    let (n, d) = (1_000, 5);
    let x = uniform(n * d, 62);
    let mut problems = vec![
        spread(&x, d, 0..1, 1),
        spread(&x, d, 3..5, 2),
        spread(&x, d, 0..n, 1),
        spread(&x, d, 17..80, 63),
        spread(&x, d, 0..n, 16),
        spread(&x, d, 255..514, 17),
        spread(&x, d, 0..n, 33),
        spread(&x, d, 0..n, 16),
        spread(&x, d, 640..1_000, 3),
        spread(&x, d, 1..998, 129),
    ];
    problems[7].max_iter = 3;
    problems[8].tolerance = 1e-3;
    for device in devices() {
        check(&device, &x, d, &problems);
    }
}

#[test]
fn sizes_of_one_extreme_agree_with_loops() {
    for device in devices() {
        let (n, d) = (33, 4_096);
        let x = uniform(n * d, 63);
        // 512 KiB hold 32 rows: the last one is in a part of its own.
        check(&device, &x, d, &[spread(&x, d, 0..n, 3)]);
        if device.name.contains("512 KiB") {
            continue;
        }
        let (n, d) = (300_000, 1);
        let x = blobs(n, d, 4, 64);
        check(&device, &x, d, &[spread(&x, d, 5..n, 3)]);
        let (n, d, k) = (10_007, 2, 10_000);
        let x = uniform(n * d, 65);
        let mut problem = spread(&x, d, 0..n, k);
        problem.max_iter = 2;
        check(&device, &x, d, &[problem]);
    }
}

#[test]
fn centroids_far_from_the_origin_keep_their_digits() {
    // Sums of 7,000 values of 1e4 are 7e7, where a float's step is 8: plain sums lose what is told apart here.
    let (n, d) = (7_000, 3);
    let x: Vec<f32> = uniform(n * d, 66).iter().map(|v| 1e4 + v).collect();
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        // Sums by block; and of sorted rows, of 17 centroids of which all but one are far from every row.
        let mut many = spread(&x, d, 0..n, 17);
        many.start[d..].fill(-1e6);
        many.max_iter = 1;
        let mut one = spread(&x, d, 0..n, 1);
        one.max_iter = 1;
        let mean_of = |kept: &[usize], f: usize| {
            kept.iter().map(|&i| f64::from(x[i * d + f])).sum::<f64>() / kept.len() as f64
        };
        for problem in [one, many] {
            let k = problem.k;
            // The empty ones take the farthest rows from the first centroid.
            let mut kept: Vec<usize> = (0..n).collect();
            kept.sort_by(|&a, &b| {
                let far = |i| squared(row(&x, d, i), &problem.start[..d]);
                far(a).total_cmp(&far(b)).then(b.cmp(&a))
            });
            kept.truncate(n + 1 - k);
            let fit = fit_all(&on, std::slice::from_ref(&problem)).remove(0);
            for f in 0..d {
                // Half a step of a float at 1e4 is 5e-4; one more for a device that divides inexactly.
                let off = (f64::from(fit.centroids[f]) - mean_of(&kept, f)).abs();
                assert!(off <= 1.1e-3, "{}, k {k}: {off}", device.name);
            }
        }
    }
}

#[test]
fn batches_are_the_problems_one_by_one_in_any_order() {
    let (n, d) = (3_300, 40);
    let x = blobs(n, d, 7, 67);
    let weights: Vec<f32> = (0..n).map(|i| (i % 3) as f32).collect();
    let mut problems = vec![
        spread(&x, d, 0..n, 7),
        spread(&x, d, 0..n, 9),
        spread(&x, d, 100..3_250, 20),
        spread(&x, d, 2_900..3_200, 2),
        spread(&x, d, 0..n, 40),
    ];
    problems[1].weights = Some(weights);
    problems[3].unit = true;
    let mut on_adapters = Vec::new();
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let together = bits(&fit_all(&on, &problems));
        assert_eq!(together, bits(&fit_all(&on, &problems)), "{}", device.name);
        for (at, problem) in problems.iter().enumerate() {
            let alone = fit_all(&on, std::slice::from_ref(problem));
            assert_eq!(bits(&alone)[0], together[at], "{}, {at}", device.name);
            // And over a matrix of its own.
            let own = &x[problem.rows.start * d..problem.rows.end * d];
            let own = device.compute.matrix(own, problem.rows.len(), d).unwrap();
            let mut problem = problem.clone();
            problem.rows = 0..problem.rows.len();
            let alone = fit_all(&own, &[problem]);
            assert_eq!(bits(&alone)[0], together[at], "{}, {at}", device.name);
        }
        let order = [3, 0, 4, 2, 1, 0];
        let permuted: Vec<_> = order.iter().map(|&at| problems[at].clone()).collect();
        for (fit, at) in bits(&fit_all(&on, &permuted)).into_iter().zip(order) {
            assert_eq!(fit, together[at], "{}, {at}", device.name);
        }
        on_adapters.push((device.name, together));
    }
    // Threads do not matter, and neither do the parts of a matrix.
    for pair in on_adapters.chunks(2) {
        assert_eq!(pair[0].1, pair[1].1, "{} and {}", pair[0].0, pair[1].0);
    }
}

#[test]
fn empty_clusters_take_the_farthest_rows() {
    let line = [0.0, 1.0, 2.0, 10.0, -20.0, 1.5, 0.5];
    // Nothing is nearest to 1000 and above.
    let far = |k: usize| -> Vec<f32> { (0..k).map(|c| 1.0 + 1000.0 * c as f32).collect() };
    let x = uniform(600 * 3, 68);
    for device in devices() {
        let problems: Vec<_> = (1..=7)
            .map(|k| KMeansProblem::new(0..7, k, far(k)))
            .collect();
        check(&device, &line, 1, &problems);
        let on = device.compute.matrix(&line, 7, 1).unwrap();
        let two = fit_all(&on, &problems)[1].labels.clone();
        assert_eq!(two, [0, 0, 0, 0, 1, 0, 0], "{}", device.name);
        // Many at once, beside clusters that keep their rows.
        let mut start = row(&x, 3, 5).to_vec();
        start.extend([50.0; 3 * 99]);
        start.extend(row(&x, 3, 9));
        check(&device, &x, 3, &[KMeansProblem::new(0..600, 101, start)]);
    }
}

#[test]
fn fewer_distinct_rows_than_clusters_leave_clusters_empty() {
    let x: Vec<f32> = (0..600).flat_map(|i| [(i % 3) as f32, 1.0]).collect();
    for device in devices() {
        let on = device.compute.matrix(&x, 600, 2).unwrap();
        let problems = [spread(&x, 2, 0..600, 6), spread(&x, 2, 0..600, 600)];
        for fit in fit_all(&on, &problems) {
            assert_eq!(fit.inertia, 0.0, "{}", device.name);
            assert!(fit.converged, "{}", device.name);
            assert!(fit.centroids.iter().all(|v| v.is_finite()));
            for i in 0..600 {
                assert_eq!(fit.labels[i], fit.labels[i % 3], "{}", device.name);
            }
        }
    }
}

#[test]
fn a_weight_is_so_many_rows() {
    let (n, d, k) = (500, 4, 6);
    let x = uniform(n * d, 69);
    let times: Vec<usize> = uniform(n, 70)
        .iter()
        .map(|v| ((v + 1.0) * 2.0) as usize)
        .collect();
    assert!(times.contains(&0) && times.contains(&3));
    let mut problem = spread(&x, d, 0..n, k);
    problem.weights = Some(times.iter().map(|&t| t as f32).collect());
    let repeated: Vec<f32> = (0..n)
        .flat_map(|i| row(&x, d, i).repeat(times[i]))
        .collect();
    let as_rows = KMeansProblem {
        rows: 0..repeated.len() / d,
        weights: None,
        ..problem.clone()
    };
    let rows = oracle(&repeated, d, &as_rows);
    let mut odd = problem.clone();
    odd.weights = Some(uniform(n, 71).iter().map(|v| (v + 1.0) * 3.7).collect());
    // Far starts: empty clusters, whose rows have weights.
    let mut far = odd.clone();
    far.start[d..2 * d].fill(100.0);
    far.start[3 * d..4 * d].fill(100.0);
    for device in devices() {
        check(&device, &x, d, &[problem.clone(), odd.clone(), far.clone()]);
        let on = device.compute.matrix(&x, n, d).unwrap();
        let fit = fit_all(&on, std::slice::from_ref(&problem)).remove(0);
        let labels = (0..n).flat_map(|i| vec![fit.labels[i] as usize; times[i]]);
        assert_eq!(labels.collect::<Vec<_>>(), rows.labels, "{}", device.name);
        assert!((fit.inertia - rows.inertia).abs() <= 1e-5 * rows.inertia);
    }
}

#[test]
fn fewer_rows_with_weight_than_clusters_leave_clusters_empty() {
    let (n, d) = (50, 2);
    let x = uniform(n * d, 75);
    let mut problem = spread(&x, d, 0..n, 5);
    let mut weights = vec![0.0; n];
    weights[20] = 2.0;
    weights[33] = 1.0;
    problem.weights = Some(weights);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let fit = fit_all(&on, std::slice::from_ref(&problem)).remove(0);
        assert_eq!(fit.inertia, 0.0, "{}", device.name);
        assert_ne!(fit.labels[20], fit.labels[33], "{}", device.name);
        for row in [20, 33] {
            let at = fit.labels[row] as usize * d;
            assert_eq!(&fit.centroids[at..][..d], &x[row * d..][..d]);
        }
        assert!(fit.centroids.iter().all(|v| v.is_finite()));
    }
}

#[test]
fn unit_centroids_have_length_1() {
    let (n, d, k) = (400, 70, 5);
    let mut x = uniform(n * d, 72);
    for row in x.chunks_mut(d) {
        let length = dot(row, row).sqrt();
        row.iter_mut()
            .for_each(|v| *v = (f64::from(*v) / length) as f32);
    }
    let mut problem = spread(&x, d, 0..n, k);
    problem.unit = true;
    // Opposite rows have no direction together: the centroid stays.
    let opposite = [1.0, 0.0, -1.0, 0.0];
    let mut stays = KMeansProblem::new(0..2, 1, vec![0.0, 1.0]);
    stays.unit = true;
    for device in devices() {
        check(&device, &x, d, std::slice::from_ref(&problem));
        let on = device.compute.matrix(&opposite, 2, 2).unwrap();
        let fit = fit_all(&on, std::slice::from_ref(&stays)).remove(0);
        assert_eq!(fit.centroids, [0.0, 1.0], "{}", device.name);
    }
}

#[test]
fn the_observer_sees_each_problem_until_it_ends_and_can_stop_the_batch() {
    let (n, d) = (300, 2);
    let x = uniform(n * d, 73);
    let problems = [spread(&x, d, 0..n, 2), spread(&x, d, 0..n, 9)];
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let mut last = [0; 2];
        let mut ended = [false; 2];
        let mut first = None;
        let fits = kmeans_batch(&on, &problems, &mut |progress| {
            first.get_or_insert(progress);
            assert!(progress.n_iter >= last[progress.problem]);
            last[progress.problem] = progress.n_iter;
            assert!(!ended[progress.problem]);
            ended[progress.problem] = progress.is_done;
            ControlFlow::Continue(())
        });
        let fits = fits.unwrap().unwrap();
        assert_eq!(last, [fits[0].n_iter, fits[1].n_iter], "{}", device.name);
        assert_eq!(ended, [true; 2]);
        let first = first.unwrap();
        assert_eq!((first.problem, first.n_iter, first.changed), (0, 1, n));
        let stopped = kmeans_batch(&on, &problems, &mut |_| ControlFlow::Break(()));
        assert_eq!(stopped, Ok(None));
    }
}

#[test]
fn problems_that_do_not_fit_are_refused() {
    for device in devices() {
        let x = device.compute.matrix(&uniform(12, 74), 4, 3).unwrap();
        let refused = |change: fn(&mut KMeansProblem)| {
            let mut problem = KMeansProblem::new(0..4, 2, vec![0.0; 6]);
            change(&mut problem);
            kmeans_batch(&x, &[problem], &mut |_| ControlFlow::Continue(())).unwrap_err()
        };
        assert_eq!(refused(|p| p.k = 0), ComputeError::NoClusters);
        assert_eq!(
            refused(|p| p.rows = 2..5).to_string(),
            "rows 2..5 were asked for, but the matrix has 4"
        );
        assert_eq!(
            refused(|p| p.rows = 3..4),
            ComputeError::TooManyClusters { k: 2, rows: 1 }
        );
        assert_eq!(
            refused(|p| p.weights = Some(vec![0.0; 4])),
            ComputeError::TooManyClusters { k: 2, rows: 0 }
        );
        assert_eq!(
            refused(|p| p.weights = Some(vec![1.0, 1.0, -1.0, 1.0])).to_string(),
            "the weight of row 2 (counted from 0) is -1: weights are 0 or more"
        );
        assert!(matches!(
            refused(|p| p.weights = Some(vec![1.0, f32::NAN, 1.0, 1.0])),
            ComputeError::NotFinite { row: 1, .. }
        ));
        assert!(matches!(
            refused(|p| p.start[0] = f32::INFINITY),
            ComputeError::NotFinite { .. }
        ));
        assert!(matches!(
            refused(|p| p.start = vec![0.0; 5]),
            ComputeError::Shape { .. }
        ));
        assert_eq!(fit_all(&x, &[]), []);
    }
}
