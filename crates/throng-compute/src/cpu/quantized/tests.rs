//! What narrow numbers promise, against sums of 64 bits.
#![allow(clippy::unwrap_used)]

use super::*;
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

/// What narrow numbers left.
struct Left {
    /// Candidates of a row that has some, on average.
    candidates: f64,
    /// The part of the rows that have none, and are to be compared with all centroids.
    wide: f64,
}

/// Rows in both kinds of numbers; none where this processor has not what they take.
fn kinds(x: &[f32], centroids: &[f32], d: usize) -> [Option<RowCodes>; 2] {
    let halves = RowHalves::new(x, d, centroids).map(RowCodes::Halves);
    let bytes = RowBytes::new(x, d, centroids).map(RowCodes::Bytes);
    assert!(halves.is_some() || !halves::is_available());
    assert_eq!(bytes.is_some(), bytes::is_available());
    [halves, bytes]
}

/// What is left, after everything that is promised was checked.
fn left(rows: &RowCodes, x: &[f32], centroids: &[f32], d: usize) -> Left {
    let mean = match rows {
        RowCodes::Halves(rows) => &rows.mean,
        RowCodes::Bytes(rows) => &rows.mean,
    };
    let less_mean = |v: &[f32]| -> Vec<f64> {
        let terms = v.iter().zip(mean);
        terms
            .map(|(&v, &mean)| f64::from(v) - f64::from(mean))
            .collect()
    };
    let packed = Quantized::pack(rows, centroids).unwrap();
    let (mut screen, mut found) = (packed.screen(), Candidates::new());
    let (n, mut all, mut wide) = (x.len() / d, 0, 0);
    for start in (0..n).step_by(MOST_ROWS) {
        // From the last to the first, and so that they begin within a part.
        let places: Vec<usize> = (start % 7..(n - start + start % 7).min(start % 7 + MOST_ROWS))
            .rev()
            .collect();
        let first = start - start % 7;
        for values in [
            &mut found.least,
            &mut found.floor,
            &mut found.norm,
            &mut found.margin,
        ] {
            values.fill(f32::NAN);
        }
        let asked = Rows {
            x: &x[first * d..],
            first,
            places: &places,
            next: places.len(),
        };
        screen.find(&mut found, &asked);
        all += found.rows.len();
        for (i, &place) in places.iter().enumerate() {
            let mut near: Vec<u32> = Vec::new();
            for (row, column) in found.all() {
                if row as usize == i {
                    near.push(column);
                }
            }
            if near.is_empty() {
                wide += 1;
                continue;
            }
            let row = less_mean(&x[(first + place) * d..][..d]);
            let scores: Vec<f64> = centroids
                .chunks(d)
                .map(|c| {
                    let terms = less_mean(c).into_iter().zip(&row);
                    terms.map(|(c, x)| c * (c / 2.0 - x)).sum()
                })
                .collect();
            let least = scores.iter().copied().fold(f64::MAX, f64::min);
            let norm: f64 = row.iter().map(|x| x * x).sum();
            let margin = f64::from(found.margin[i]);
            assert!((f64::from(found.norm[i]) - norm).abs() <= margin);
            assert!(f64::from(found.least[i]) >= least - margin / 2.0, "row {i}");
            for (column, &score) in scores.iter().enumerate() {
                if near.contains(&(column as u32)) {
                    continue;
                }
                assert!(score > least, "row {i}, centroid {column}");
                assert!(score >= f64::from(found.floor[i]) - margin / 2.0);
            }
        }
        assert!(found.rows.iter().all(|&row| (row as usize) < places.len()));
    }
    Left {
        candidates: all as f64 / (n - wide).max(1) as f64,
        wide: wide as f64 / n as f64,
    }
}

#[test]
fn no_nearest_centroid_is_ruled_out() {
    let _width = own_width();
    for (case, (n, d, k)) in [
        (97, 96, 16),
        (48, 97, 17),
        (50, 103, 40),
        (17, 384, 300),
        (60, 33, 16),
        (31, 1, 20),
    ]
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
            for rows in kinds(&x, &c, d).iter().flatten() {
                left(rows, &x, &c, d);
            }
        }
        // All the same.
        let (x, c) = (vec![2.5; n * d], vec![2.5; k * d]);
        for rows in kinds(&x, &c, d).iter().flatten() {
            left(rows, &x, &c, d);
        }
    }
}

/// Centroids that are the better ones by less than what 16 bits are off by, and look the worse.
#[test]
fn errors_of_one_sign_rule_nothing_out() {
    let _width = own_width();
    let (d, k) = (64, 16);
    // From one number of 8 bits to the next, and nearly half of it.
    let (step, off) = (1.0 / 128.0, 0.0038);
    let halves = |first: f32, second: f32| [[first; 32], [second; 32]].concat();
    let mixed =
        |a: f32, b: f32| -> Vec<f32> { (0..32).map(|i| if i % 2 == 0 { a } else { b }).collect() };
    for (x, better, worse) in [
        // Of the row: its first half is rounded down, its second up.
        (
            halves(1.5 + off, 1.5 - off),
            halves(1.25, 0.0),
            halves(0.0, 1.25 + 5.0 * step),
        ),
        // Of the centroids: one is rounded down, half of the other up.
        (
            halves(3.0, 3.0),
            halves(1.5 + off, 0.0),
            [vec![0.0; 32], mixed(1.504, 1.5035)].concat(),
        ),
    ] {
        let score = |c: &[f32]| -> f64 {
            let terms = c
                .iter()
                .zip(&x)
                .map(|(&c, &x)| (f64::from(c), f64::from(x)));
            terms.map(|(c, x)| c * (c / 2.0 - x)).sum()
        };
        assert!(score(&better) < score(&worse));
        for worse_ones in 1..=2 {
            let mut c = better.clone();
            (0..worse_ones).for_each(|_| c.extend(&worse));
            for i in c.len() / d..k / 2 {
                c.extend((0..d).map(|f| if f == i { 4.0 } else { 0.0 }));
            }
            // Each with its opposite, so that the mean is 0.
            c.extend(c.clone().iter().map(|v| -v));
            for rows in kinds(&x, &c, d).iter().flatten() {
                let left = left(rows, &x, &c, d);
                let is_open = left.candidates > f64::from(worse_ones) || left.wide == 1.0;
                assert!(is_open, "{}", left.candidates);
            }
        }
    }
}

#[test]
fn few_centroids_are_left() {
    let _width = own_width();
    let (n, d, k) = (480, 128, 64);
    let (x, c) = (normal(n * d, 5), normal(k * d, 6));
    let [halves, bytes] = kinds(&x, &c, d);
    if let Some(rows) = halves {
        let left = left(&rows, &x, &c, d);
        // Of these rows 1.16 and 0.03 were counted.
        assert!(left.candidates < 1.3, "{}", left.candidates);
        assert!(left.wide < 0.1, "{}", left.wide);
    }
    if let Some(rows) = bytes {
        let left = left(&rows, &x, &c, d);
        assert!(left.candidates < 4.0, "{}", left.candidates);
        assert_eq!(left.wide, 0.0);
    }
}

#[test]
fn numbers_out_of_range_are_not_packed() {
    let _width = own_width();
    let (d, k) = (96, 16);
    let x = normal(10 * d, 7);
    let mut c = normal(k * d, 8);
    c[5] = 1e30;
    for rows in kinds(&x, &c, d).iter().flatten() {
        assert!(Quantized::pack(rows, &c).is_none());
    }
}

#[test]
fn what_does_not_help_is_not_held() {
    let _width = own_width();
    // Too few features or centroids.
    for (d, k) in [(31, 16), (64, 15), (96, 15)] {
        let (x, c) = (normal(3 * d, 1), normal(k * d, 2));
        assert!(RowCodes::new(&x, d, &c).is_none());
        assert_eq!((RowCodes::count(3, d, k), Quantized::count(d, k)), (0, 0));
    }
    for (d, is_held) in [(64, halves::is_available()), (96, bytes::is_available())] {
        let (x, c) = (normal(3 * d, 1), normal(16 * d, 2));
        assert_eq!(RowCodes::new(&x, d, &c).is_some(), is_held);
        assert_eq!(RowCodes::count(3, d, 16) > 0, is_held);
        assert_eq!(Quantized::count(d, 16) > 0, is_held);
    }
}
