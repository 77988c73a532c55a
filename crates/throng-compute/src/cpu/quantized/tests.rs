//! What codes promise, against sums of 64 bits.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::cpu::kmeans_candidates::Candidates;
use crate::cpu::nearest::MOST_ROWS;
use crate::cpu::simd::tests::own_width;
use crate::philox::{Philox, stream};

/// Numbers of mean 0 and variance 1, nearly normal.
fn normal(count: usize, seed: u64) -> Vec<f32> {
    let philox = Philox::new(seed);
    let uniform = |word: u32| f64::from(word) / f64::from(u32::MAX) - 0.5;
    (0..count as u32)
        .map(|i| {
            let words = [0, 1, 2].map(|j| philox.words([i, j, 0, stream::PARALLEL]));
            let sum: f64 = words.iter().flatten().copied().map(uniform).sum();
            sum as f32
        })
        .collect()
}

/// Candidates of a row, on average, after everything that is promised of them was checked.
fn candidates(x: &[f32], centroids: &[f32], d: usize) -> Option<f64> {
    let rows = match RowCodes::new(x, d, centroids) {
        Some(rows) => rows,
        None => {
            assert!(!Vnni::is_available());
            return None;
        }
    };
    let packed = Quantized::pack(&rows, centroids).unwrap();
    let (mut desk, mut screen) = (Desk::new(d), Candidates::new());
    let (n, mut all) = (x.len() / d, 0);
    for first in (0..n).step_by(MOST_ROWS) {
        let tile: Vec<usize> = (first..n.min(first + MOST_ROWS)).rev().collect();
        for values in [
            &mut screen.least,
            &mut screen.floor,
            &mut screen.norm,
            &mut screen.margin,
        ] {
            values.fill(f32::NAN);
        }
        packed.screen(&mut desk, &mut screen, &tile, first + MOST_ROWS);
        all += screen.rows.len();
        for (i, &row) in tile.iter().enumerate() {
            let less_mean = |v: &[f32]| -> Vec<f64> {
                let terms = v.iter().zip(&rows.mean);
                terms
                    .map(|(&v, &mean)| f64::from(v) - f64::from(mean))
                    .collect()
            };
            let row = less_mean(&x[row * d..][..d]);
            let scores: Vec<f64> = centroids
                .chunks(d)
                .map(|c| {
                    let terms = less_mean(c).into_iter().zip(&row);
                    terms.map(|(c, x)| c * (c / 2.0 - x)).sum()
                })
                .collect();
            let least = scores.iter().copied().fold(f64::MAX, f64::min);
            let norm: f64 = row.iter().map(|x| x * x).sum();
            let margin = f64::from(screen.margin[i]);
            assert!((f64::from(screen.norm[i]) - norm).abs() <= margin);
            assert!(
                f64::from(screen.least[i]) >= least - margin / 2.0,
                "row {i}"
            );
            let mut near: Vec<u32> = Vec::new();
            for (row, column) in screen.all() {
                if row as usize == i {
                    near.push(column);
                }
            }
            for (column, &score) in scores.iter().enumerate() {
                if near.contains(&(column as u32)) {
                    continue;
                }
                assert!(score > least, "row {i}, centroid {column}");
                assert!(score >= f64::from(screen.floor[i]) - margin / 2.0);
            }
        }
        assert!(screen.rows.iter().all(|&row| (row as usize) < tile.len()));
    }
    Some(all as f64 / n as f64)
}

#[test]
fn no_nearest_centroid_is_ruled_out() {
    let _width = own_width();
    for (case, (n, d, k)) in [(97, 96, 16), (48, 97, 17), (50, 103, 40), (17, 384, 300)]
        .into_iter()
        .enumerate()
    {
        let (x, c) = (
            normal(n * d, 1 + case as u64),
            normal(k * d, 9 + case as u64),
        );
        for (scale, shift) in [
            (1.0, 0.0),
            (1.0, 1e4),
            (1e12, 0.0),
            (1e-12, 0.0),
            (1e-25, 0.0),
        ] {
            let of =
                |values: &[f32]| -> Vec<f32> { values.iter().map(|v| v * scale + shift).collect() };
            let (mut x, mut c) = (of(&x), of(&c));
            // As long as 100 others, among them.
            c[3 * d..4 * d].iter_mut().for_each(|v| *v *= 100.0);
            // A row on a centroid, one between two equal ones, and one of zeros.
            x[..d].copy_from_slice(&c[5 * d..][..d]);
            c.copy_within(7 * d..8 * d, 11 * d);
            x[d..2 * d].copy_from_slice(&c[7 * d..][..d]);
            x[2 * d..3 * d].fill(0.0);
            candidates(&x, &c, d);
        }
        // All the same.
        candidates(&vec![2.5; n * d], &vec![2.5; k * d], d);
    }
}

#[test]
fn few_centroids_are_left() {
    let _width = own_width();
    let (n, d, k) = (480, 128, 64);
    if let Some(mean) = candidates(&normal(n * d, 5), &normal(k * d, 6), d) {
        assert!(mean < 4.0, "{mean}");
    }
}

#[test]
fn numbers_out_of_range_have_no_codes() {
    let _width = own_width();
    let (d, k) = (96, 16);
    let x = normal(10 * d, 7);
    let mut c = normal(k * d, 8);
    c[5] = 1e30;
    let rows = RowCodes::new(&x, d, &c);
    assert_eq!(rows.is_some(), Vnni::is_available());
    assert!(rows.is_none_or(|rows| Quantized::pack(&rows, &c).is_none()));
    // Too few features or centroids.
    for (d, k) in [(95, 16), (96, 15)] {
        assert!(RowCodes::new(&x[..d], d, &c[..k * d]).is_none());
        assert_eq!((RowCodes::count(1, d, k), Quantized::count(d, k)), (0, 0));
    }
}
