//! Pairwise distances against scipy and scikit-learn, on every device. The device is part of a test's name.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use throng_compute::{BitMetric, PairwiseMetric, pairwise, pairwise_bits};
use throng_tests::blobs::blobs;
use throng_tests::devices::{devices, open};

/// What scipy and scikit-learn found, by `golden/pairwise.py`.
#[derive(Deserialize)]
struct Golden {
    n: usize,
    m: usize,
    d: usize,
    /// Of every 37th pair and the last, by metric.
    distances: BTreeMap<String, Vec<f64>>,
}

fn main() {
    let mut trials = vec![Trial::test("a_perturbed_value_is_caught", || {
        a_perturbed_value_is_caught().map_err(Failed::from)
    })];
    for device in devices() {
        trials.push(Trial::test(format!("distances::{device}"), move || {
            distances(device).map_err(Failed::from)
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("../golden/pairwise.json")).unwrap()
}

impl Golden {
    /// Rows of a and of b, the last of each zeros.
    fn rows(&self) -> (Vec<f32>, Vec<f32>) {
        let Self { n, m, d, .. } = *self;
        let mut a = blobs(n + m, d, 5, 64).x;
        let mut b = a.split_off(n * d);
        a[(n - 1) * d..].fill(0.0);
        b[(m - 1) * d..].fill(0.0);
        (a, b)
    }

    /// Compares the distances of all pairs.
    fn compare(&self, metric: &str, found: &[f32]) -> Result<(), String> {
        let Self { n, m, d, .. } = *self;
        let (a, b) = self.rows();
        assert_eq!(found.len(), n * m);
        let pairs = (0..n * m).step_by(37).chain([n * m - 1]);
        assert_eq!(pairs.clone().count(), self.distances[metric].len());
        for (pair, &wanted) in pairs.zip(&self.distances[metric]) {
            // d terms added in 32 bits, some for the terms themselves, and the file's nine digits.
            let steps = (d + 8) as f64 * f64::from(f32::EPSILON);
            let (x, y) = (&a[pair / m * d..][..d], &b[pair % m * d..][..d]);
            let magnitude = match metric {
                "dot" => x.iter().zip(y).map(|(x, y)| f64::from((x * y).abs())).sum(),
                "cosine" => 4.0,
                _ => wanted,
            };
            let off = (f64::from(found[pair]) - wanted).abs();
            if off.is_nan() || off > steps * magnitude {
                return Err(format!(
                    "{metric}, {n} x {m}, pair {pair} is {}, not {wanted}",
                    found[pair]
                ));
            }
        }
        Ok(())
    }
}

fn distances(device: &str) -> Result<(), String> {
    let compute = open(device)?;
    for golden in golden() {
        let Golden { n, m, d, .. } = golden;
        let (a, b) = golden.rows();
        let is_set = |rows: &[f32]| rows.iter().map(|&v| v > 0.0).collect::<Vec<_>>();
        let bits_a = compute.bits(&is_set(&a), n, d).unwrap();
        let bits_b = compute.bits(&is_set(&b), m, d).unwrap();
        let a = compute.matrix(&a, n, d).unwrap();
        let b = compute.matrix(&b, m, d).unwrap();
        for metric in golden.distances.keys() {
            let found = match metric.parse::<PairwiseMetric>() {
                Ok(metric) => pairwise(&a, &b, metric),
                Err(_) => pairwise_bits(&bits_a, &bits_b, metric.parse::<BitMetric>().unwrap()),
            };
            golden.compare(metric, &found.unwrap().to_vec().unwrap())?;
        }
    }
    Ok(())
}

/// The comparer accepts the golden values themselves, and nothing a little beside them.
fn a_perturbed_value_is_caught() -> Result<(), String> {
    for golden in golden() {
        assert_eq!(golden.distances.len(), 8);
        for (metric, wanted) in &golden.distances {
            let mut found = vec![0.0_f32; golden.n * golden.m];
            for (at, &wanted) in wanted.iter().enumerate() {
                let pair = (37 * at).min(found.len() - 1);
                found[pair] = wanted as f32;
            }
            golden.compare(metric, &found)?;
            let right = found[0];
            // A product's bound is of its terms' magnitudes.
            let off = match metric.as_str() {
                "dot" => 1e-3 * golden.d as f32,
                _ => 5e-3 * right.abs().max(1.0),
            };
            for wrong in [right + off, right - off, f32::NAN] {
                found[0] = wrong;
                if golden.compare(metric, &found).is_ok() {
                    return Err(format!("{wrong} was accepted as {metric}, not {right}"));
                }
            }
        }
    }
    Ok(())
}
