//! Seeding against a plain f64 version that draws the same numbers, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{
    ComputeError, KMeansSeeding, Philox, kmeans_plus_plus, kmeans_plus_plus_batch,
};

fn oracle(x: &[f32], d: usize, k: usize, seed: u64) -> Vec<u32> {
    weighted_oracle(x, d, k, seed, None)
}

/// Greedy k-means++ as scikit-learn's `_kmeans_plusplus` describes it, in f64 and without blocks.
fn weighted_oracle(x: &[f32], d: usize, k: usize, seed: u64, weights: Option<&[f32]>) -> Vec<u32> {
    let n = x.len() / d;
    let trials = 2 + (k as f64).ln() as usize;
    let word = |step: usize, trial| Philox::new(seed).words([trial, step as u32, 0, 0])[0];
    let weight = |i: usize| weights.map_or(1.0, |w| f64::from(w[i]));
    let draw = |word: u32, chances: &dyn Fn(usize) -> f64| {
        let total: f64 = (0..n).map(chances).sum();
        let target = f64::from(word >> 8) / f64::from(1 << 24) * total;
        let mut sum = 0.0;
        (0..n)
            .find(|&i| {
                sum += chances(i);
                sum > target
            })
            .unwrap_or(0)
    };
    let first = match weights {
        None => ((u64::from(word(0, 0)) * n as u64) >> 32) as usize,
        Some(_) => draw(word(0, 0), &weight),
    };
    let mut chosen = vec![first as u32];
    let to = |c: usize| -> Vec<f64> {
        (0..n)
            .map(|i| squared(row(x, d, i), row(x, d, c)))
            .collect()
    };
    let mut nearest = to(first);
    while chosen.len() < k {
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        for trial in 0..trials as u32 {
            let candidate = draw(word(chosen.len(), trial), &|i| weight(i) * nearest[i]);
            let with: Vec<f64> = to(candidate)
                .iter()
                .zip(&nearest)
                .map(|(a, b)| a.min(*b))
                .collect();
            let potential = with.iter().enumerate().map(|(i, v)| weight(i) * v).sum();
            if best.as_ref().is_none_or(|(least, ..)| potential < *least) {
                best = Some((potential, candidate, with));
            }
        }
        let (_, candidate, with) = best.unwrap();
        chosen.push(candidate as u32);
        nearest = with;
    }
    chosen
}

#[test]
fn the_rows_chosen_are_those_of_the_loop() {
    let sizes = [
        (1, 1, 1),
        (2, 3, 2),
        (255, 5, 4),
        (257, 17, 9),
        (700, 4, 25),
    ];
    for (n, d, k) in sizes {
        let x = uniform(n * d, 41);
        for seed in [0, 7] {
            let want = oracle(&x, d, k, seed);
            for device in devices() {
                let on = device.compute.matrix(&x, n, d).unwrap();
                let got = kmeans_plus_plus(&on, k, seed).unwrap();
                assert_eq!(
                    got, want,
                    "{}, n {n}, d {d}, k {k}, seed {seed}",
                    device.name
                );
            }
        }
    }
}

#[test]
fn matrices_in_parts_give_the_same_rows() {
    // 512 KiB hold 3,072 rows.
    let (n, d, k) = (3_300, 40, 5);
    let x = uniform(n * d, 42);
    let want = oracle(&x, d, k, 3);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        assert_eq!(
            kmeans_plus_plus(&on, k, 3).unwrap(),
            want,
            "{}",
            device.name
        );
    }
}

#[test]
fn a_ragged_batch_is_its_seedings_one_by_one() {
    // 512 KiB hold 3,072 rows: some seedings cross into the second part.
    let (n, d) = (3_300, 40);
    let x = uniform(n * d, 46);
    let weights = |n: usize| -> Vec<f32> {
        let odd = uniform(n, 47).into_iter();
        odd.enumerate()
            .map(|(i, v)| if i % 4 == 0 { 0.0 } else { (v + 1.0) * 3.0 })
            .collect()
    };
    let seeding = |rows: std::ops::Range<usize>, k, seed, is_weighted: bool| KMeansSeeding {
        weights: is_weighted.then(|| weights(rows.len())),
        rows,
        k,
        seed,
    };
    let seedings = [
        seeding(0..n, 3, 1, false),
        seeding(17..18, 1, 2, false),
        seeding(0..n, 12, 1, true),
        seeding(2_900..3_250, 21, 3, true),
        seeding(0..n, 3, 4, false),
        seeding(3_000..3_100, 5, u64::MAX, false),
    ];
    let wants: Vec<Vec<u32>> = seedings
        .iter()
        .map(|seeding| {
            let rows = &x[seeding.rows.start * d..seeding.rows.end * d];
            weighted_oracle(rows, d, seeding.k, seeding.seed, seeding.weights.as_deref())
        })
        .collect();
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let together = kmeans_plus_plus_batch(&on, &seedings).unwrap();
        assert_eq!(together, wants, "{}", device.name);
        for (seeding, want) in seedings.iter().zip(&wants) {
            let alone = kmeans_plus_plus_batch(&on, std::slice::from_ref(seeding)).unwrap();
            assert_eq!(alone, std::slice::from_ref(want), "{}", device.name);
        }
        assert!(kmeans_plus_plus_batch(&on, &[]).unwrap().is_empty());
    }
}

#[test]
fn rows_without_weight_are_never_centres() {
    // As many rows with weight as centres; then equal rows, so that the distinct ones run out.
    let x: Vec<f32> = (0..40).map(|i| i as f32).collect();
    let mut weights = vec![0.0; 40];
    weights[13] = 0.5;
    weights[27] = 2.0;
    weights[28] = 1e-3;
    for device in devices() {
        let on = device.compute.matrix(&x, 40, 1).unwrap();
        for seed in 0..4 {
            let seeding = KMeansSeeding {
                rows: 0..40,
                k: 3,
                seed,
                weights: Some(weights.clone()),
            };
            let mut centres = kmeans_plus_plus_batch(&on, &[seeding]).unwrap().remove(0);
            centres.sort_unstable();
            assert_eq!(centres, [13, 27, 28], "{}", device.name);
        }
    }
    let equal = [5.0; 40];
    for device in devices() {
        let on = device.compute.matrix(&equal, 40, 1).unwrap();
        let seeding = KMeansSeeding {
            rows: 0..40,
            k: 3,
            seed: 1,
            weights: Some(weights.clone()),
        };
        for row in kmeans_plus_plus_batch(&on, &[seeding]).unwrap().remove(0) {
            assert!(weights[row as usize] > 0.0, "{}: {row}", device.name);
        }
    }
}

#[test]
fn separate_groups_get_a_centre_each() {
    let (n, d, k) = (600, 6, 5);
    let x = blobs(n, d, k, 43);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        for seed in 0..5 {
            let rows = kmeans_plus_plus(&on, k, seed).unwrap();
            let mut groups: Vec<_> = rows.iter().map(|row| *row as usize % k).collect();
            groups.sort_unstable();
            assert_eq!(groups, [0, 1, 2, 3, 4], "{}, seed {seed}", device.name);
        }
    }
}

#[test]
fn as_many_centres_as_rows_takes_every_row() {
    let (n, d) = (40, 3);
    let x = uniform(n * d, 44);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let mut rows = kmeans_plus_plus(&on, n, 1).unwrap();
        rows.sort_unstable();
        assert_eq!(rows, (0..n as u32).collect::<Vec<_>>(), "{}", device.name);
    }
}

#[test]
fn duplicates_are_taken_only_when_distinct_rows_run_out() {
    // Three distinct rows, many times.
    let (n, d, k) = (300, 2, 6);
    let x: Vec<f32> = (0..n).flat_map(|i| [(i % 3) as f32, 1.0]).collect();
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let rows = kmeans_plus_plus(&on, k, 5).unwrap();
        assert_eq!(rows.len(), k);
        assert!(
            rows.iter().all(|&row| (row as usize) < n),
            "{}: {rows:?}",
            device.name
        );
        let mut first: Vec<_> = rows[..3].iter().map(|row| row % 3).collect();
        first.sort_unstable();
        assert_eq!(first, [0, 1, 2], "{}: {rows:?}", device.name);
    }
}

#[test]
fn the_seed_decides() {
    let (n, d, k) = (500, 4, 6);
    let x = uniform(n * d, 45);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let one = kmeans_plus_plus(&on, k, 1).unwrap();
        assert_eq!(one, kmeans_plus_plus(&on, k, 1).unwrap(), "{}", device.name);
        assert_ne!(one, kmeans_plus_plus(&on, k, 2).unwrap(), "{}", device.name);
    }
}

#[test]
fn bad_k_is_refused() {
    for device in devices() {
        let x = device.compute.matrix(&[1.0, 2.0], 2, 1).unwrap();
        assert_eq!(
            kmeans_plus_plus(&x, 0, 0).unwrap_err(),
            ComputeError::NoClusters
        );
        let error = kmeans_plus_plus(&x, 3, 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "k is 3, but there are only 2 rows: ask for at most 2 clusters"
        );
        let empty = device.compute.matrix(&[], 0, 1).unwrap();
        assert!(kmeans_plus_plus(&empty, 1, 0).is_err());
    }
}
