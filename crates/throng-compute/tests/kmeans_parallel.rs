//! k-means|| against a plain f64 version that draws the same numbers, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{
    ComputeError, KMeansSeeding, Philox, kmeans_parallel_batch, kmeans_plus_plus_batch,
};

/// The candidates of Bahmani et al., algorithm 2, with l = 2k and five rounds, and their weights.
fn candidates(x: &[f32], d: usize, seeding: &KMeansSeeding) -> (Vec<usize>, Vec<f32>) {
    let n = x.len() / d;
    let weight = |i: usize| seeding.weights.as_ref().map_or(1.0, |w| f64::from(w[i]));
    let word = |row: usize, round| Philox::new(seeding.seed).words([row as u32, round, 0, 3])[0];
    let first = match seeding.weights {
        None => ((u64::from(word(0, 0)) * n as u64) >> 32) as usize,
        Some(_) => {
            let total: f64 = (0..n).map(weight).sum();
            let target = f64::from(word(0, 0)) / f64::from(u32::MAX) * total;
            let mut sum = 0.0;
            (0..n)
                .find(|&i| {
                    sum += weight(i);
                    sum > target
                })
                .unwrap()
        }
    };
    let mut chosen = vec![first];
    let least = |i: usize, chosen: &[usize]| {
        let all = chosen.iter().map(|&c| squared(row(x, d, i), row(x, d, c)));
        all.fold(f64::MAX, f64::min)
    };
    for round in 1..=5 {
        let costs: Vec<f64> = (0..n).map(|i| weight(i) * least(i, &chosen)).collect();
        let total: f64 = costs.iter().sum();
        let drawn = (0..n).filter(|&i| {
            let uniform = f64::from(word(i, round) >> 8) / f64::from(1 << 24);
            uniform < 2.0 * seeding.k as f64 * costs[i] / total
        });
        chosen.extend(drawn.collect::<Vec<_>>());
    }
    let mut weights = vec![0.0; chosen.len()];
    for i in 0..n {
        let own = least(i, &chosen);
        let owner = chosen
            .iter()
            .position(|&c| squared(row(x, d, i), row(x, d, c)) == own);
        weights[owner.unwrap()] += weight(i) as f32;
    }
    (chosen, weights)
}

fn seeding(rows: std::ops::Range<usize>, k: usize, seed: u64, weighted: bool) -> KMeansSeeding {
    let weights = || (0..rows.len()).map(|i| (i % 5) as f32).collect();
    KMeansSeeding {
        weights: weighted.then(weights),
        rows,
        k,
        seed,
    }
}

#[test]
fn the_rows_chosen_are_those_of_the_loop() {
    // 512 KiB hold 3,276 rows, in parts of 3,072.
    let (n, d) = (3_300, 40);
    let x = uniform(n * d, 81);
    let seedings = [
        seeding(0..n, 3, 1, false),
        seeding(2_900..3_300, 10, 2, true),
        seeding(100..357, 17, u64::MAX, false),
    ];
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        let together = kmeans_parallel_batch(&on, &seedings).unwrap();
        for (seeding, got) in seedings.iter().zip(together) {
            let own = &x[seeding.rows.start * d..seeding.rows.end * d];
            let (chosen, weights) = candidates(own, d, seeding);
            // A round draws about 2k.
            assert!(chosen.len() > 5 * seeding.k && chosen.len() < 20 * seeding.k);
            let pool: Vec<f32> = chosen
                .iter()
                .flat_map(|&c| row(own, d, c).to_vec())
                .collect();
            let pool = device.compute.matrix(&pool, chosen.len(), d).unwrap();
            let among = KMeansSeeding {
                rows: 0..chosen.len(),
                weights: Some(weights),
                ..*seeding
            };
            let want = kmeans_plus_plus_batch(&pool, &[among]).unwrap().remove(0);
            let want: Vec<u32> = want
                .into_iter()
                .map(|at| chosen[at as usize] as u32)
                .collect();
            assert_eq!(got, want, "{}, k {}", device.name, seeding.k);
            let alone = kmeans_parallel_batch(&on, std::slice::from_ref(seeding)).unwrap();
            assert_eq!(alone, [want], "{}, alone", device.name);
        }
    }
}

#[test]
fn separate_groups_get_a_centre_each() {
    let (n, d, k) = (600, 6, 5);
    let x = blobs(n, d, k, 82);
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        for seed in 0..5 {
            let rows = kmeans_parallel_batch(&on, &[seeding(0..n, k, seed, false)]).unwrap();
            let mut groups: Vec<_> = rows[0].iter().map(|row| *row as usize % k).collect();
            groups.sort_unstable();
            assert_eq!(groups, [0, 1, 2, 3, 4], "{}, seed {seed}", device.name);
        }
    }
}

#[test]
fn few_rows_and_equal_rows_give_k_centres() {
    let x = uniform(40, 83);
    let equal = [1.5; 40];
    for device in devices() {
        let on = device.compute.matrix(&x, 20, 2).unwrap();
        // As many centres as rows: each row once.
        let mut rows = kmeans_parallel_batch(&on, &[seeding(0..20, 20, 1, false)])
            .unwrap()
            .remove(0);
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows, (0..20).collect::<Vec<_>>(), "{}", device.name);
        let on = device.compute.matrix(&equal, 20, 2).unwrap();
        let rows = kmeans_parallel_batch(&on, &[seeding(3..20, 4, 1, false)]).unwrap();
        assert_eq!(rows[0].len(), 4);
        assert!(rows[0].iter().all(|&row| row < 17), "{}", device.name);
        assert!(kmeans_parallel_batch(&on, &[]).unwrap().is_empty());
        assert_eq!(
            kmeans_parallel_batch(&on, &[seeding(0..20, 0, 1, false)]),
            Err(ComputeError::NoClusters)
        );
    }
}
