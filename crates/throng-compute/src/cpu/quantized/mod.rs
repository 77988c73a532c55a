//! The centroids that may be a row's nearest, told by products of narrow numbers, of which a processor does several in the
//! time of one product of 32 bits.
//!
//! With m the mean of the first centroids, X = x - m and C = c - m, a centroid scores |C|^2 / 2 - XC, which is
//! (|x - c|^2 - |X|^2) / 2. In narrow numbers X = q + e and C = p + f, and by Cauchy-Schwarz XC is off from qp by at most
//! |q| |f| + |e| |C| <= (|X| + |e|) |f| + |e| |C|. A centroid whose least possible score is above the greatest possible one of
//! another is not the nearest.

mod bytes;
mod halves;

use bytes::{Bytes, RowBytes};
use halves::{Halves, RowHalves};

use super::kmeans_candidates::{Candidates, Rows};

/// Centroids that are compared at once.
const GROUP: usize = 8;

/// Lanes of a vector.
const LANES: usize = 16;

/// At least the root of half of the least number there is.
const UNDERFLOW: f32 = 1e-22;

/// More features could overflow a sum of bytes.
const MOST_FEATURES: usize = (1 << 16) - 1;

/// More centroids could not be told by the low bits of their scores.
const MOST_CENTROIDS: usize = 1 << 16;

/// Rows in narrow numbers.
#[derive(Debug)]
pub enum RowCodes {
    Halves(RowHalves),
    Bytes(RowBytes),
}

impl RowCodes {
    /// Values of 32 bits that are held of rows, for so many centroids.
    pub fn count(rows: usize, features: usize, k: usize) -> usize {
        match Kind::of(features, k) {
            Some(Kind::Halves) => RowHalves::count(rows, features),
            Some(Kind::Bytes) => RowBytes::count(rows, features),
            None => 0,
        }
    }

    /// What is held of `x` [n, d] around the mean of `centroids` [k, d]; none where it would not help.
    pub fn new(x: &[f32], features: usize, centroids: &[f32]) -> Option<Self> {
        match Kind::of(features, centroids.len() / features)? {
            Kind::Halves => RowHalves::new(x, features, centroids).map(Self::Halves),
            Kind::Bytes => RowBytes::new(x, features, centroids).map(Self::Bytes),
        }
    }
}

/// Centroids in narrow numbers.
pub enum Quantized<'a> {
    Halves(Halves<'a>),
    Bytes(Bytes<'a>),
}

impl<'a> Quantized<'a> {
    /// Values of 32 bits that `k` centroids take.
    pub fn count(features: usize, k: usize) -> usize {
        match Kind::of(features, k) {
            Some(Kind::Halves) => Halves::count(features, k),
            Some(Kind::Bytes) => Bytes::count(features, k),
            None => 0,
        }
    }

    /// Of `centroids` [k, d]; none for numbers whose squares leave the range of 32 bits.
    pub fn pack(rows: &'a RowCodes, centroids: &[f32]) -> Option<Self> {
        match rows {
            RowCodes::Halves(rows) => Halves::pack(rows, centroids).map(Self::Halves),
            RowCodes::Bytes(rows) => Bytes::pack(rows, centroids).map(Self::Bytes),
        }
    }

    /// What finds candidates.
    pub fn screen(&self) -> Screen<'_> {
        match self {
            Self::Halves(halves) => Screen::Halves(halves.screen()),
            Self::Bytes(bytes) => Screen::Bytes(bytes.screen()),
        }
    }
}

/// Finds candidates.
pub enum Screen<'a> {
    Halves(halves::Screen<'a>),
    Bytes(bytes::Screen<'a>),
}

impl Screen<'_> {
    /// Finds the candidates of `rows`; none of those that are to be compared with all centroids.
    pub fn find(&mut self, found: &mut Candidates, rows: &Rows) {
        match self {
            Self::Halves(screen) => screen.find(found, rows),
            Self::Bytes(screen) => screen.find(found, rows),
        }
    }
}

/// What narrow numbers are best.
enum Kind {
    Halves,
    Bytes,
}

impl Kind {
    /// For rows and centroids of so many features; none where those of 32 bits are compared as soon.
    fn of(features: usize, k: usize) -> Option<Self> {
        let is_worth_it = (2 * GROUP..=MOST_CENTROIDS).contains(&k) && features <= MOST_FEATURES;
        if !is_worth_it {
            None
        } else if halves::FEATURES.contains(&features) && halves::is_available() {
            Some(Self::Halves)
        } else if bytes::FEATURES.contains(&features) && bytes::is_available() {
            Some(Self::Bytes)
        } else {
            None
        }
    }
}

/// The mean of `centroids` [k, d], filled up with zeros to `depth` values.
fn mean(centroids: &[f32], features: usize, depth: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64; depth];
    for row in centroids.chunks_exact(features) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    let count = (centroids.len() / features) as f64;
    sums.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// What the root of a sum of `depth` squares is at least: with the rounding of each term, and what is lost where squares
/// underflow.
fn root_at_least(square: f32, depth: f32) -> f32 {
    square.sqrt() * (1.0 + (depth + 8.0) * f32::EPSILON) + depth.sqrt() * UNDERFLOW
}

#[cfg(test)]
mod tests;
