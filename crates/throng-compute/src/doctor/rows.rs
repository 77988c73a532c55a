//! Made-up rows to examine a device with.

use crate::philox::Philox;

/// Rows of `d` values.
#[derive(Debug, Clone)]
pub struct Rows {
    pub values: Vec<f32>,
    pub d: usize,
}

impl Rows {
    /// Uniform in [-1, 1).
    pub fn uniform(n: usize, d: usize, seed: u64) -> Self {
        let philox = Philox::new(seed);
        let words = (0..(n * d).div_ceil(4)).flat_map(|i| philox.words([i as u32, 0, 0, 0]));
        // 24 bits are what a 32-bit float holds.
        let value = |word: u32| (word >> 8) as f32 / (1 << 23) as f32 - 1.0;
        let values = words.map(value).take(n * d).collect();
        Self { values, d }
    }

    /// Whole numbers from -4 to 4: their squared distances are exact, so ties are.
    pub fn whole(n: usize, d: usize, seed: u64) -> Self {
        Self::uniform(n, d, seed).map(|value| (4.0 * value).round())
    }

    /// Row i in group i % `groups`, at whole numbers from -4 to 4 around a place far from the other groups'.
    pub fn groups(n: usize, d: usize, groups: usize, seed: u64) -> Self {
        let mut rows = Self::whole(n, d, seed);
        for (i, row) in rows.values.chunks_exact_mut(d).enumerate() {
            row[0] += 1000.0 * (i % groups) as f32;
        }
        rows
    }

    /// With the mean moved to 10,000.
    pub fn far(self) -> Self {
        self.map(|value| 1e4 + value)
    }

    pub fn n(&self) -> usize {
        self.values.len() / self.d
    }

    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.d..][..self.d]
    }

    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.d)
    }

    fn map(mut self, change: impl Fn(f32) -> f32) -> Self {
        self.values
            .iter_mut()
            .for_each(|value| *value = change(*value));
        self
    }
}
